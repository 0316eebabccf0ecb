"""A store's two connections to its SQLite file: one writes, the other reads."""

import contextlib
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import apsw

from recado.queue.errors import StoreUnavailable
from recado.queue.reach import EVERYTHING, Reach
from recado.queue.sqlite.database import BUSY_POLL_SECONDS, UNAVAILABLE, empty_log, load_queries, open_database
from recado.queue.statements import Row, Statements, StoreSizes, Volume, make_store_key

Result = TypeVar("Result")


class SqliteStatements:
    """The statements of queries.sql on one connection."""

    def __init__(self, connection: apsw.Connection, queries: dict[str, str], now: float) -> None:
        self._connection, self._queries, self.now = connection, queries, now
        # One for all statements, because each one's rows are fetched at once.
        self._cursor = connection.cursor()

    def run(self, query: str, *bindings: Any) -> list[Row]:
        return self._cursor.execute(self._queries[query], bindings).fetchall()

    def ask(self, query: str, *bindings: Any) -> Callable[[], list[Row]]:
        rows = self.run(query, *bindings)
        return lambda: rows

    def records(self, query: str, *bindings: Any) -> list[dict[str, Any]]:
        cursor = self._cursor.execute(self._queries[query], bindings)
        # A cursor at its end does not know its columns.
        return [dict(zip([c[0] for c in cursor.get_description()], row, strict=True)) for row in cursor]

    def changes(self) -> int:
        return self._connection.changes()


class SqliteDatabase:
    """A SQLite file, created and migrated if necessary.

    Raises StoreError if it can never work, StoreUnavailable if it cannot work now.
    """

    #: Long enough for another process to get the lock, which is not fair.
    gap_seconds = 2 * BUSY_POLL_SECONDS
    most_in_a_commit = 1000

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self.now = clock
        self.path = path
        self._queries = load_queries()
        self.writer = open_database(path)
        self._reader = open_database(path, read_only=True)
        self._identity = _identity(path)
        self._reading = threading.Lock()
        self.store_key = self.write(make_store_key)

    def write(self, work: Callable[[Statements], Result], reach: Reach = EVERYTHING) -> Result:
        """A writer locks the whole file, whatever its reach."""
        connection = self.writer
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._refuse_another_file()
                result = work(SqliteStatements(connection, self._queries, self.now()))
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except UNAVAILABLE as error:
            raise StoreUnavailable(str(error)) from error
        return result

    def read(self, work: Callable[[Statements], Result], *, settled: bool = False) -> Result:
        """There is one writer at a time, so ids are committed in their order."""
        try:
            self._refuse_another_file()
            with self._reading:
                self._reader.execute("BEGIN")  # one snapshot for all reads
                try:
                    return work(SqliteStatements(self._reader, self._queries, self.now()))
                finally:
                    self._reader.execute("COMMIT")
        except (*UNAVAILABLE, apsw.ConnectionClosedError) as error:
            raise StoreUnavailable(str(error)) from error

    def survey(self, work: Callable[[Statements], Result]) -> Result:
        try:
            self._refuse_another_file()
            with contextlib.closing(open_database(self.path, read_only=True)) as connection:
                connection.execute("BEGIN")
                return work(SqliteStatements(connection, self._queries, self.now()))
        except UNAVAILABLE as error:
            raise StoreUnavailable(str(error)) from error

    def sizes(self, found: Statements) -> StoreSizes:
        usage = shutil.disk_usage(self.path.parent)
        log = self.path.with_name(self.path.name + "-wal")
        files = {"database": float(self.path.stat().st_size), "wal": float(log.stat().st_size) if log.exists() else 0.0}
        return StoreSizes(files, Volume(float(usage.free), float(usage.total)))

    def scrub(self) -> None:
        """Until a checkpoint, the write-ahead log still contains what was deleted from the file."""
        empty_log(self.path)

    def close(self) -> None:
        self.writer.close()
        with self._reading:
            self._reader.close()

    def _refuse_another_file(self) -> None:
        """SQLite keeps writing to a file that was deleted or replaced, and nobody would find that data."""
        if _identity(self.path) != self._identity:
            raise apsw.CantOpenError(f"{self.path} was deleted or replaced while it was in use")


def _identity(path: Path) -> tuple[int, int] | None:
    """What identifies a file among others of the same name; None if there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
