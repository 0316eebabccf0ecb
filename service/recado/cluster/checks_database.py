"""The doctor's checks of a queue in PostgreSQL, by what the web pod's metrics tell of the server."""

from collections.abc import Iterator

from recado.cluster.doctor import Finding, Installation, fault, ok, warning
from recado.telemetry import metrics

#: A snapshot that is older keeps vacuums from their work; it hurts once so many rows wait for one.
OLD_SNAPSHOT_SECONDS = 900.0
MANY_DEAD_ROWS = 100_000.0


def database(installation: Installation) -> Iterator[Finding]:
    """The database can be used, keeps what was acknowledged in a failover, and is vacuumed."""
    if installation.claim_name is not None or not installation.metrics:
        return
    found = installation.metrics
    if found.get(metrics.STORE_READABLE.name) == 0:
        fix = installation.kubectl(f"logs -l {installation.selector('web')} --tail=20")
        yield fault("database", "the web pod cannot read the database", fix)
        return
    if found.get(f'{metrics.STANDBYS.name}{{state="synchronous"}}'):
        yield ok("database", "a synchronous standby has what was acknowledged")
    else:
        yield warning(
            "database",
            "no synchronous standby can be seen: a failover can lose what was acknowledged",
            "set synchronous_standby_names, or grant pg_monitor to recado's role if it is set",
        )
    snapshot, dead = found.get(metrics.OLDEST_SNAPSHOT.name, 0.0), found.get(metrics.DEAD_ROWS.name, 0.0)
    if snapshot > OLD_SNAPSHOT_SECONDS and dead > MANY_DEAD_ROWS:
        yield warning(
            "database",
            f"a transaction of {snapshot / 60:.0f} minutes keeps {dead:,.0f} dead rows from being vacuumed",
            "end it: SELECT pid, usename, query FROM pg_stat_activity ORDER BY xact_start",
        )
