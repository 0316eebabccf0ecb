"""Copies a queue from a SQLite file to PostgreSQL: everything or nothing. Both have the same tables."""

import contextlib
from pathlib import Path
from typing import Any, Final

import apsw
import psycopg
from psycopg import sql

from recado.queue.errors import StoreError, StoreUnavailable
from recado.queue.postgres.connection import connect, is_unavailable, reason
from recado.queue.postgres.locks import ALONE
from recado.queue.postgres.migrations import migrate
from recado.queue.sqlite.database import UNAVAILABLE, open_database

#: Not copied: the triggers of the other database count the rows again.
COUNTED: Final = "state_count"
#: Continues the file's order numbers.
FIRST_ORDER: Final = """
SELECT setval('recado.order_number', value::bigint) FROM recado.meta WHERE name = 'order_number'"""


def copy(source: Path, url: str) -> dict[str, int]:
    """Copies every table of a file that no other process has open into a database without messages; returns rows by
    table. Brings both schemas up to date first.

    The store's key is copied, too, so that Meta's statuses find the attempts that were made from the file.
    Raises StoreError, or StoreUnavailable.
    """
    open_database(source).close()
    migrate(url)
    try:
        with contextlib.closing(apsw.Connection(str(source))) as file, connect(url) as server:
            _take(file, source)
            with server.transaction():
                return _copy(file, server)
    except psycopg.Error as error:
        if is_unavailable(error):
            raise StoreUnavailable(reason(error)) from error
        raise StoreError(f"PostgreSQL refused the copy: {reason(error)}") from error


def _take(file: apsw.Connection, source: Path) -> None:
    """Locks the file against other processes: rows that they add during the copy would be lost."""
    try:
        file.execute("PRAGMA locking_mode = EXCLUSIVE")
        file.execute("PRAGMA journal_mode = DELETE")
        file.execute("BEGIN EXCLUSIVE")
    except UNAVAILABLE as error:
        raise StoreError(f"{source} is in use: stop web and drain, then copy again") from error


def _copy(file: apsw.Connection, server: psycopg.Connection[Any]) -> dict[str, int]:
    server.execute(ALONE)
    if server.execute("SELECT id FROM recado.entry UNION ALL SELECT id FROM recado.seen_message LIMIT 1").fetchone():
        raise StoreError("the database already has messages: copy into an empty one")
    names = [name for (name,) in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
    copied = {name: _copy_table(file, server, str(name)) for name in names if name != COUNTED}
    server.execute("DELETE FROM recado.next_id")  # the next id follows from the copied rows
    server.execute(FIRST_ORDER)
    return copied


def _copy_table(file: apsw.Connection, server: psycopg.Connection[Any], name: str) -> int:
    columns = [column for _, column, *_ in file.execute(f'PRAGMA table_info("{name}")')]
    table, into = sql.Identifier("recado", name), sql.SQL(", ").join(map(sql.Identifier, columns))
    server.execute(sql.SQL("DELETE FROM {}").format(table))  # `meta` and `total` have rows from the start
    listed = ", ".join(f'"{column}"' for column in columns)
    count = 0
    with server.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(table, into)) as rows:
        for row in file.execute(f'SELECT {listed} FROM "{name}"'):  # noqa: S608 - the names are from the schema
            rows.write_row(row)
            count += 1
    return count
