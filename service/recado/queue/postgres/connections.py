"""A store's connections to PostgreSQL, on a database that all pods share.

One connection writes; its transactions lock the rows that they need (locks.py). A second one, the pacer, takes turns
and ids. Every message needs these; if a transaction kept their locks until its commit, only one could write at a time.
A third one reads.
"""

import contextlib
import random
import re
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec
import psycopg
from psycopg.errors import Diagnostic

from recado.queue.errors import StoreUnavailable
from recado.queue.postgres import locks
from recado.queue.postgres.clock import ServerClock
from recado.queue.postgres.connection import Link
from recado.queue.postgres.migrations import is_current
from recado.queue.reach import EVERYTHING, Reach
from recado.queue.statements import (
    SURVEY_SECONDS,
    Row,
    ServerState,
    Statements,
    StoreSizes,
    make_store_key,
    named_statements,
)
from recado.telemetry import metrics

Result = TypeVar("Result")
#: The last statement of a transaction that wrote something. It stores the transaction's number, so that recado can ask
#: later whether it was committed.
NUMBER: Final = """
INSERT INTO recado.batch (owner, id, committed_at) VALUES ($1, $2, $3)
ON CONFLICT (owner) DO UPDATE SET id = excluded.id, committed_at = excluded.committed_at"""
#: Deletes the numbers of processes that ended long ago.
FORGET: Final = "DELETE FROM recado.batch WHERE committed_at < extract(epoch FROM now()) - 86400"
#: The server's state for metrics. A role without pg_monitor does not see other roles' transactions or standbys.
SERVER: Final = """
SELECT pg_database_size(current_database()),
  (SELECT coalesce(sum(n_dead_tup), 0)::float8 FROM pg_stat_user_tables WHERE schemaname = 'recado'),
  (SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8 FROM pg_stat_activity
   WHERE datname = current_database() AND backend_xmin IS NOT NULL AND pid <> pg_backend_pid()),
  (SELECT count(*) FROM recado.delta)::float8,
  (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')),
  (SELECT count(*) FROM pg_stat_replication WHERE sync_state NOT IN ('sync', 'quorum'))"""
#: Problems of the server. Statements are slow on a table that is not vacuumed; a replication slot that nobody reads
#: keeps all log files since; an index that could not be built costs work and is never used.
PROBLEMS: Final = """
SELECT problem FROM (VALUES
  ('full_page_writes_off', current_setting('full_page_writes') = 'off'),
  ('connections_short', (SELECT count(datid) FROM pg_stat_activity) > 0.9 * current_setting('max_connections')::int),
  ('tables_not_vacuumed', current_setting('autovacuum') = 'off' OR EXISTS (SELECT FROM pg_stat_user_tables
    WHERE schemaname = 'recado' AND n_dead_tup > 100000
      AND coalesce(greatest(last_autovacuum, last_vacuum), '-infinity') < now() - interval '1 day')),
  ('slot_holds_back', NOT pg_is_in_recovery() AND EXISTS (SELECT FROM pg_replication_slots WHERE NOT active
    AND (wal_status IN ('unreserved', 'lost') OR pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) > 1e9))),
  ('index_invalid', EXISTS (SELECT FROM pg_index JOIN pg_class c ON c.oid = indexrelid
    WHERE NOT indisvalid AND relnamespace = 'recado'::regnamespace)),
  ('version_old', current_setting('server_version_num')::int < 150000)) AS checks (problem, found)
WHERE found"""
#: Statements that run at once on the pacer's connection, even if the transaction fails later.
AT_ONCE: Final = frozenset({"take_ids", "take_turns", "delay_turns", "repair_turns"})
FOLD: Final = "SELECT recado.fold()"
#: How often a process that writes adds the totals up.
FOLD_SECONDS: Final = 1.0
#: How often a transaction is repeated that the server has ended because of another one, and the longest wait before
#: that.
TRIES: Final = 5
RETRY_SECONDS: Final = 0.05
#: How long recado asks for the outcome of a COMMIT without a response; then it reports the outcome as unknown.
IN_DOUBT_SECONDS: Final = 3.0


WRITING: Final = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM) recado\.")


class Statement(msgspec.Struct, frozen=True):
    """A statement of queries.sql; `writes`: it may change something; `returns`: it returns rows."""

    text: bytes
    writes: bool
    returns: bool


class PostgresStatements:
    """The statements of queries.sql within a pipeline. `wrote`: one of them may have changed something.

    It waits only for statements that return rows. The others are sent with the next of these, or with the COMMIT, and
    so are their errors.
    """

    def __init__(
        self,
        connection: psycopg.Connection[Row],
        pipeline: psycopg.Pipeline,
        queries: dict[str, Statement],
        now: float,
        pacer: Link | None = None,
    ) -> None:
        self._connection, self._pipeline, self._pacer = connection, pipeline, pacer
        self._queries, self.now = queries, now
        self._cursor = psycopg.RawCursor(connection)
        self.wrote = False

    def run(self, query: str, *bindings: Any) -> list[Row]:
        return self.ask(query, *bindings)()

    def ask(self, query: str, *bindings: Any) -> Callable[[], list[Row]]:
        statement = self._queries[query]
        if query in AT_ONCE and self._pacer:
            with self._pacer.use() as connection:
                cursor = psycopg.RawCursor(connection).execute(statement.text, bindings)
                return cursor.fetchall if statement.returns else list
        self.wrote |= statement.writes
        cursor = self._cursor = psycopg.RawCursor(self._connection)
        cursor.execute(statement.text, bindings)
        return (lambda: self._rows_of(cursor)) if statement.returns else list

    def _rows_of(self, cursor: psycopg.RawCursor[Row]) -> list[Row]:
        """Sends a sync, because fetching alone only requests output: the server would consider the statement active,
        and keep the locks of a process that stops here forever."""
        if cursor.pgresult is None:
            self._pipeline.sync()
        return cursor.fetchall()

    def records(self, query: str, *bindings: Any) -> list[dict[str, Any]]:
        rows = self.run(query, *bindings)
        names = [column.name for column in self._cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def changes(self) -> int:
        self._pipeline.sync()
        return self._cursor.rowcount


#: The server ended the transaction because of another one; nothing was written.
REPEATABLE: Final = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)


class InDoubtError(Exception):
    """The COMMIT of a batch got no response: it may have succeeded or not."""


class PostgresDatabase:
    """The database of a URL, which `recado migrate` has prepared. It connects when it is first needed.

    `clock` replaces the database's clock in tests; `count` is called for each event to count, by any thread.
    """

    gap_seconds = 0.0
    #: A transaction has up to three advisory locks for each operation. The server's lock table has room for 64 locks
    #: for each connection (`max_locks_per_transaction`); a pod has three connections, and pods rarely have full batches
    #: at the same time.
    most_in_a_commit = 100

    def __init__(
        self,
        url: str,
        clock: Callable[[], float] | None = None,
        count: Callable[..., None] = lambda metric, *labels: None,
    ) -> None:
        self._given_clock = clock
        self._count = count
        self._clock = ServerClock()
        self._queries = load_queries() | {"server": _statement(SERVER), "problems": _statement(PROBLEMS)}
        self._owner = secrets.token_hex(8)
        self._store_key = ""
        self._behind_a_pooler = False
        self._unconfirmed = False
        self._url = url
        self._pacing, self._reading = (
            Link(url, self._prepare, reconnected=lambda: count(metrics.STORE_RECONNECTS)) for _ in range(2)
        )
        self._writing = Link(url, self._prepare, reconnected=self._follow)
        self._folded_at = float("-inf")
        self._one_reader = threading.Lock()

    @property
    def store_key(self) -> str:
        if not self._store_key:
            raise StoreUnavailable("there is no connection to the database yet")
        return self._store_key

    def now(self) -> float:
        return self._given_clock() if self._given_clock else self._clock.now()

    def write(self, work: Callable[[Statements], Result], reach: Reach = EVERYTHING) -> Result:
        batch = secrets.randbits(62)
        done: list[Result] = []
        try:
            with self._writing.use() as connection:
                self._transact_again(connection, batch, reach, lambda statements: done.append(work(statements)))
        except InDoubtError as error:
            committed = self._was_committed(batch)
            self._count(metrics.STORE_IN_DOUBT, "committed" if committed else "not_committed")
            if not committed:
                raise StoreUnavailable("the connection was lost before the commit") from error
        return done[-1]

    def read(self, work: Callable[[Statements], Result], *, settled: bool = False) -> Result:
        """While it holds the exclusive lock, every id that was given is committed or never will be."""
        with self._one_reader, self._reading.use() as connection:
            return self._on_one_view(connection, work, settled=settled)

    def survey(self, work: Callable[[Statements], Result]) -> Result:
        link = Link(self._url, self._prepare, deadline_seconds=SURVEY_SECONDS)
        with contextlib.closing(link), link.use() as connection:
            return self._on_one_view(connection, work)

    def _on_one_view(
        self, connection: psycopg.Connection[Any], work: Callable[[Statements], Result], *, settled: bool = False
    ) -> Result:
        try:
            with connection.pipeline() as pipeline:
                if settled:  # its one statement has a snapshot that begins when the lock is held
                    connection.execute("BEGIN READ ONLY")
                    connection.execute(locks.ALONE)
                else:
                    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                connection.execute(locks.NOT_IDLE)
                result = work(self._statements(connection, pipeline))
                connection.execute("COMMIT")
        except BaseException:
            _roll_back(connection)
            raise
        return result

    def sizes(self, found: Statements) -> StoreSizes:
        ((size, dead_rows, oldest, deltas, synchronous, asynchronous),) = found.run("server")
        standbys = {"synchronous": float(synchronous), "asynchronous": float(asynchronous)}
        problems = {name for (name,) in found.run("problems")}
        if self._behind_a_pooler:
            problems.add("pooler_between")
        server = ServerState(dead_rows, oldest, standbys, deltas, self._clock.offset(), frozenset(problems))
        return StoreSizes({"database": float(size)}, server=server)

    def scrub(self) -> None:
        """Does nothing: the server's vacuum reuses the space of deleted rows, and its operator makes backups."""

    def close(self) -> None:
        self._writing.close()
        self._pacing.close()
        with self._one_reader:
            self._reading.close()

    def _prepare(self, connection: psycopg.Connection[Any]) -> None:
        """Refuses a database that may lose commits or lacks tables."""
        connection.add_notice_handler(self._noticed)
        self._behind_a_pooler = connection.prepare_threshold is None
        if not is_current(connection):
            raise StoreUnavailable("the database's schema is older than this version of recado: run `recado migrate`")
        for setting in ("fsync", "synchronous_commit"):
            (value,) = connection.execute("SELECT current_setting(%s)", (setting,)).fetchall()[0]
            if value == "off":
                raise StoreUnavailable(f"the database has {setting} = off: it would lose what was acknowledged")
        connection.execute(FORGET)
        with connection.transaction(), connection.pipeline() as pipeline:
            self._store_key = make_store_key(self._statements(connection, pipeline))

    def _follow(self) -> None:
        """The other connections follow the one that writes. After a failover the old primary may still respond: its
        data is out of date, and the turns that it gives are not shared with the other pods."""
        self._count(metrics.STORE_RECONNECTS)
        self._pacing.renew()
        self._reading.renew()

    def _statements(self, connection: psycopg.Connection[Any], pipeline: psycopg.Pipeline) -> PostgresStatements:
        return PostgresStatements(connection, pipeline, self._queries, self._read_clock(connection, pipeline))

    def _transact_again(
        self, connection: psycopg.Connection[Any], batch: int, reach: Reach, work: Callable[[Statements], object]
    ) -> None:
        """Runs a transaction, and repeats it if the server ended it because of another one."""
        for attempt in range(1, TRIES + 1):
            try:
                return self._transact(connection, batch, reach, work)
            except REPEATABLE:
                if attempt == TRIES:
                    raise
                self._count(metrics.STORE_DEADLOCKS)
                time.sleep(random.uniform(0, RETRY_SECONDS))  # noqa: S311 - so that both do not repeat at the same time
        return None

    def _transact(
        self, connection: psycopg.Connection[Any], batch: int, reach: Reach, work: Callable[[Statements], object]
    ) -> None:
        committing = self._unconfirmed = False
        try:
            with connection.pipeline() as pipeline:
                begun = locks.begin(connection, reach, self._given_clock() if self._given_clock else None)
                pipeline.sync()
                now = begun()
                self._clock.learn(now)
                statements = PostgresStatements(connection, pipeline, self._queries, now, self._pacing)
                work(statements)
                if statements.wrote:
                    self._fold(connection)
                    psycopg.RawCursor(connection).execute(NUMBER, (self._owner, batch, now))
                    committing = True
                connection.execute("COMMIT")
        except REPEATABLE:
            _roll_back(connection)
            raise
        except psycopg.OperationalError as error:
            if not committing:
                raise
            connection.close()
            raise InDoubtError from error
        except BaseException:
            _roll_back(connection)
            raise
        if self._unconfirmed:
            self._count(metrics.STORE_IN_DOUBT, "unresolved")
            raise StoreUnavailable("the standby did not confirm the commit: it is not known to be safe")

    def _fold(self, connection: psycopg.Connection[Any]) -> None:
        """Adds up the totals from time to time."""
        if time.monotonic() - self._folded_at >= FOLD_SECONDS:
            connection.execute(FOLD)
            self._folded_at = time.monotonic()

    def _noticed(self, diagnostic: Diagnostic) -> None:
        """If the wait for the standby is cancelled, a COMMIT succeeds with only a warning."""
        self._unconfirmed |= (diagnostic.sqlstate or "").startswith("01")

    def _was_committed(self, batch: int) -> bool:
        """Whether a batch whose COMMIT got no response is on disk. Raises StoreUnavailable if that stays unknown."""
        end = time.monotonic() + IN_DOUBT_SECONDS
        while True:
            try:
                with self._writing.use() as connection, connection.transaction():
                    # The server may still be running the batch: the next holder of the lock sees its result.
                    connection.execute(locks.ALONE)
                    found = connection.execute("SELECT id FROM recado.batch WHERE owner = %s", (self._owner,))
                    return found.fetchone() == (batch,)
            except StoreUnavailable as error:
                if time.monotonic() > end:
                    self._count(metrics.STORE_IN_DOUBT, "unresolved")
                    raise StoreUnavailable("it is not known whether the last batch was recorded") from error
                time.sleep(random.uniform(0.02, 0.1))  # noqa: S311 - spreads pods in time

    def _read_clock(self, connection: psycopg.Connection[Any], pipeline: psycopg.Pipeline) -> float:
        if self._given_clock:
            return self._given_clock()
        cursor = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        pipeline.sync()
        ((now,),) = cursor.fetchall()
        self._clock.learn(now)
        return float(now)


def load_queries() -> dict[str, Statement]:
    """The statements of queries.sql by their names."""
    return {name: _statement(sql) for name, sql in named_statements(__package__).items()}


def _statement(sql: str) -> Statement:
    text = "\n".join(line for line in sql.strip().splitlines() if not line.startswith("--"))
    writes = WRITING.search(text) is not None
    return Statement(text.encode(), writes=writes, returns=not writes or "RETURNING" in text)


def _roll_back(connection: psycopg.Connection[Any]) -> None:
    with contextlib.suppress(psycopg.Error):
        connection.execute("ROLLBACK")
