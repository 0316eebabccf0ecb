"""`recado migrate`."""

from recado.cli.shared import BadInput, read_settings


def migrate() -> None:
    """Bring the schema of the PostgreSQL database up to date. Run it before the pods of a new version start."""
    settings = read_settings()
    if not settings.database_url:
        raise BadInput("DATABASE_URL is not set; a SQLite file needs no migration")
    from recado.queue.postgres import migrations

    applied = migrations.migrate(settings.database_url)
    print(f"applied {', '.join(applied)}" if applied else "the schema is up to date")
