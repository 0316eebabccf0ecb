"""A store's connections to PostgreSQL: one writes, the other reads beside it, on a database that all pods share.

One transaction at a time writes, under an advisory lock, as SQLite's file lock has it: what the operations read is what
they write upon. The group commit of every process makes up for it, since what waits for the lock waits together.
"""

import importlib.resources
import random
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import psycopg

from recado.queue.errors import StoreUnavailable
from recado.queue.postgres.connection import Watchdog, connect, is_unavailable, reason
from recado.queue.statements import Row, Statements

Result = TypeVar("Result")
#: Begins a transaction: the lock, the time once it is had, and the batch's number for whoever has to ask what became of
#: it.
BEGIN: Final = """
WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock(8319384418)),
  at AS MATERIALIZED (SELECT coalesce($2::float8, extract(epoch FROM clock_timestamp())::float8) AS now FROM locked)
INSERT INTO recado.batch (id, committed_at) SELECT $1::bigint, now FROM at RETURNING committed_at"""
#: So long a batch whose COMMIT was not answered is asked for; then the caller is told that it is not known.
IN_DOUBT_SECONDS: Final = 3.0


class PostgresStatements:
    """The statements of queries.sql on one connection."""

    def __init__(self, connection: psycopg.Connection[Row], queries: dict[str, bytes], now: float) -> None:
        self._cursor = psycopg.RawCursor(connection)
        self._queries, self.now = queries, now

    def run(self, query: str, *bindings: Any) -> list[Row]:
        self._cursor.execute(self._queries[query], bindings)
        return self._cursor.fetchall() if self._cursor.description else []

    def records(self, query: str, *bindings: Any) -> list[dict[str, Any]]:
        rows = self.run(query, *bindings)
        names = [column.name for column in self._cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def changes(self) -> int:
        return self._cursor.rowcount


class PostgresDatabase:
    """The database of a URL, whose schema is up to date. Raises StoreUnavailable.

    `clock` stands in for the database's in tests.
    """

    gap_seconds = 0.0

    def __init__(self, url: str, clock: Callable[[], float] | None = None) -> None:
        self._url = url
        self._clock = clock
        self._queries = load_queries()
        self._reading = threading.Lock()
        self._watchdog = Watchdog()
        self._writer = connect(url)
        self._reader = connect(url)
        self._ahead = 0.0
        self.read(lambda found: None)

    def now(self) -> float:
        return self._clock() if self._clock else time.monotonic() + self._ahead

    def write(self, work: Callable[[Statements], Result]) -> Result:
        batch = secrets.randbits(62)
        try:
            if self._writer.closed:
                self._writer = connect(self._url)
            with self._watchdog.watching(self._writer):
                return self._transact(batch, work)
        except psycopg.Error as error:
            if not is_unavailable(error):
                raise
            raise StoreUnavailable(reason(error)) from error

    def read(self, work: Callable[[Statements], Result]) -> Result:
        with self._reading:
            try:
                if self._reader.closed:
                    self._reader = connect(self._url)
                with self._reader.transaction():
                    self._reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                    return work(PostgresStatements(self._reader, self._queries, self._read_clock(self._reader)))
            except psycopg.Error as error:
                if not is_unavailable(error):
                    raise
                self._reader.close()
                raise StoreUnavailable(reason(error)) from error

    def scrub(self) -> None:
        """Nothing: the server's vacuum reuses what deleted rows leave, and its backups are its operator's."""

    def close(self) -> None:
        self._watchdog.close()
        self._writer.close()
        with self._reading:
            self._reader.close()

    def _transact(self, batch: int, work: Callable[[Statements], Result]) -> Result:
        connection, committing = self._writer, False
        try:
            connection.execute("BEGIN")
            given = self._clock() if self._clock else None
            (now,) = psycopg.RawCursor(connection).execute(BEGIN, (batch, given)).fetchall()[0]
            self._learn(now)
            result = work(PostgresStatements(connection, self._queries, now))
            committing = True
            connection.execute("COMMIT")
        except psycopg.OperationalError:
            connection.close()
            if committing and self._was_committed(batch):
                return result
            raise
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        return result

    def _was_committed(self, batch: int) -> bool:
        """Whether a batch is on disk whose COMMIT was not answered. Raises StoreUnavailable when nobody can tell."""
        end = time.monotonic() + IN_DOUBT_SECONDS
        while True:
            try:
                self._writer = connect(self._url)
                # The server may still be at it: whoever has the lock after it sees what it did.
                with self._writer.transaction():
                    self._writer.execute("SELECT pg_advisory_xact_lock(8319384418)")
                    found = self._writer.execute("SELECT FROM recado.batch WHERE id = %s", (batch,)).fetchone()
                return found is not None
            except (psycopg.OperationalError, StoreUnavailable) as error:
                if time.monotonic() > end:
                    raise StoreUnavailable("it is not known whether the last batch was recorded") from error
                time.sleep(random.uniform(0.05, 0.3))  # noqa: S311 - spreads pods in time

    def _read_clock(self, connection: psycopg.Connection[Row]) -> float:
        if self._clock:
            return self._clock()
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
        assert row
        self._learn(row[0])
        return float(row[0])

    def _learn(self, now: float) -> None:
        """Keeps how far the database's clock is from ours, which cannot be set."""
        self._ahead = now - time.monotonic()


def load_queries() -> dict[str, bytes]:
    """The statements of queries.sql by their names."""
    text = importlib.resources.files(__package__).joinpath("sql/queries.sql").read_text()
    parts = text.split("-- name: ")[1:]
    return {name.strip(): sql.strip().encode() for name, _, sql in (part.partition("\n") for part in parts)}
