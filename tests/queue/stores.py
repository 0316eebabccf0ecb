"""Stores for tests of the queue."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from recado.queue.errors import StoreUnavailable
from recado.queue.model import NOBODY, Audience
from recado.queue.policy import RetryPolicy
from recado.queue.postgres import PostgresRetryQueue
from recado.queue.protocol import RetryQueue
from recado.queue.sqlite import SqliteRetryQueue
from recado.runtime import retry_policy
from recado.settings import load
from tests.clock import FakeClock

#: Opens a test's store with settings. Each call is another process as far as the store can tell.
OpenQueue = Callable[..., RetryQueue]
#: Everything that a store keeps, as bytes.
Kept = Callable[[], bytes]


@contextlib.contextmanager
def opening(make: Callable[[RetryPolicy, Audience], RetryQueue]) -> Iterator[OpenQueue]:
    """Lets a test open a store with `make` as often as it likes; closes what it opened."""
    opened: list[RetryQueue] = []

    def open_(audience: Audience = NOBODY, **settings: str) -> RetryQueue:
        opened.append(make(retry_policy(load(settings), chance=lambda: 0.5), audience))
        return opened[-1]

    yield open_
    for queue in opened:
        with contextlib.suppress(StoreUnavailable):
            asyncio.run(queue.close())


def sqlite_store(folder: Path, clock: FakeClock) -> contextlib.AbstractContextManager[OpenQueue]:
    """A SQLite file in a folder."""
    return opening(lambda policy, to: SqliteRetryQueue(folder / "recado.db", policy, clock=clock, audience=to))


def postgres_store(url: str, clock: FakeClock) -> contextlib.AbstractContextManager[OpenQueue]:
    """A PostgreSQL database."""
    return opening(lambda policy, to: PostgresRetryQueue(url, policy, clock=clock, audience=to))


def files_of(folder: Path) -> bytes:
    """The bytes of every file: the database, its free pages, its write-ahead log."""
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


def rows_of(url: str) -> bytes:
    """Every row of every table of a PostgreSQL database as text."""
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'recado'").fetchall()
        found = [
            connection.execute(sql.SQL("SELECT t::text FROM recado.{} t").format(sql.Identifier(table)))
            for (table,) in tables
        ]
        return "".join(row for cursor in found for (row,) in cursor).encode()
