"""A store's connections to PostgreSQL: one writes, the other reads beside it, on a database that all pods share.

One transaction at a time writes, under an advisory lock, as SQLite's file lock has it: what the operations read is what
they write upon. The group commit of every process makes up for it, since what waits for the lock waits together.
"""

import contextlib
import random
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec
import psycopg
from psycopg.errors import Diagnostic

from recado.queue.errors import StoreUnavailable
from recado.queue.postgres.clock import ServerClock
from recado.queue.postgres.connection import Link
from recado.queue.postgres.migrations import is_current
from recado.queue.statements import SURVEY_SECONDS, Row, Server, Sizes, Statements, make_store_key, named_statements

Result = TypeVar("Result")
#: The lock is had for one transaction, the time is read once it is had. A process that is stopped in the middle of its
#: transaction, or whose node is gone, must not hold up the others for longer than its own deadline. Rows are looked up
#: by an index whatever the server believes of the tables' sizes: it takes a batch of one for a hundred, and keeps plans
#: that were made while a table was small.
BEGIN: Final = """
SELECT set_config('idle_in_transaction_session_timeout', '5s', true), set_config('enable_seqscan', 'off', true),
  set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
  set_config('random_page_cost', '0.01', true), set_config('plan_cache_mode', 'force_generic_plan', true),
  (SELECT coalesce($1::float8, extract(epoch FROM clock_timestamp())::float8)
   FROM (SELECT pg_advisory_xact_lock(8319384418) OFFSET 0) locked)"""
LOCK: Final = "SELECT pg_advisory_xact_lock(8319384418)"
#: The last statement of a transaction that wrote something: its number, for whoever has to ask what became of it.
NUMBER: Final = """
INSERT INTO recado.batch (owner, id, committed_at) VALUES ($1, $2, $3)
ON CONFLICT (owner) DO UPDATE SET id = excluded.id, committed_at = excluded.committed_at"""
#: Numbers of processes that ended long ago.
FORGET: Final = "DELETE FROM recado.batch WHERE committed_at < extract(epoch FROM now()) - 86400"
#: What is told of the server. A role without pg_monitor sees no other role's transactions, and no standbys.
SERVER: Final = """
SELECT pg_database_size(current_database()),
  (SELECT coalesce(sum(n_dead_tup), 0)::float8 FROM pg_stat_user_tables WHERE schemaname = 'recado'),
  (SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8 FROM pg_stat_activity
   WHERE datname = current_database() AND backend_xmin IS NOT NULL AND pid <> pg_backend_pid()),
  (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')),
  (SELECT count(*) FROM pg_stat_replication WHERE sync_state NOT IN ('sync', 'quorum'))"""
#: So long a batch whose COMMIT was not answered is asked for; then the caller is told that it is not known.
IN_DOUBT_SECONDS: Final = 3.0


class Statement(msgspec.Struct, frozen=True):
    """A statement of queries.sql; `writes`: it may change something; `answers`: it gives rows."""

    text: bytes
    writes: bool
    answers: bool


class PostgresStatements:
    """The statements of queries.sql within a pipeline. `wrote`: one of them may have changed something.

    Only a statement that gives rows is waited for. The others go with the next of these, or with the COMMIT, and so
    do their errors.
    """

    def __init__(
        self,
        connection: psycopg.Connection[Row],
        pipeline: psycopg.Pipeline,
        queries: dict[str, Statement],
        now: float,
    ) -> None:
        self._connection, self._pipeline = connection, pipeline
        self._queries, self.now = queries, now
        self._cursor = psycopg.RawCursor(connection)
        self.wrote = False

    def run(self, query: str, *bindings: Any) -> list[Row]:
        statement = self._queries[query]
        self.wrote |= statement.writes
        self._cursor = psycopg.RawCursor(self._connection)
        self._cursor.execute(statement.text, bindings)
        return self._cursor.fetchall() if statement.answers else []

    def records(self, query: str, *bindings: Any) -> list[dict[str, Any]]:
        rows = self.run(query, *bindings)
        names = [column.name for column in self._cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def changes(self) -> int:
        self._pipeline.sync()
        return self._cursor.rowcount


class InDoubtError(Exception):
    """The COMMIT of a batch was not answered: it may have been done or not."""


class PostgresDatabase:
    """The database of a URL, which `recado migrate` has prepared. Nothing is connected until it is needed.

    `clock` stands in for the database's in tests.
    """

    gap_seconds = 0.0

    def __init__(self, url: str, clock: Callable[[], float] | None = None) -> None:
        self._given_clock = clock
        self._clock = ServerClock()
        self._queries = load_queries() | {"server": _statement(SERVER)}
        self._owner = secrets.token_hex(8)
        self._store_key = ""
        self._unconfirmed = False
        self._url = url
        self._writing = Link(url, self._prepare)
        self._reading = Link(url, self._prepare)
        self._one_reader = threading.Lock()

    @property
    def store_key(self) -> str:
        if not self._store_key:
            raise StoreUnavailable("the database was not reached yet")
        return self._store_key

    def now(self) -> float:
        return self._given_clock() if self._given_clock else self._clock.now()

    def write(self, work: Callable[[Statements], Result]) -> Result:
        batch = secrets.randbits(62)
        done: list[Result] = []
        try:
            with self._writing.use() as connection:
                self._transact(connection, batch, lambda statements: done.append(work(statements)))
        except InDoubtError as error:
            if not self._was_committed(batch):
                raise StoreUnavailable("the connection was lost before the commit") from error
        return done[0]

    def read(self, work: Callable[[Statements], Result]) -> Result:
        with self._one_reader, self._reading.use() as connection:
            return self._on_one_view(connection, work)

    def survey(self, work: Callable[[Statements], Result]) -> Result:
        link = Link(self._url, self._prepare, deadline_seconds=SURVEY_SECONDS)
        with contextlib.closing(link), link.use() as connection:
            return self._on_one_view(connection, work)

    def _on_one_view(self, connection: psycopg.Connection[Any], work: Callable[[Statements], Result]) -> Result:
        try:
            with connection.pipeline() as pipeline:
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                result = work(self._statements(connection, pipeline))
                connection.execute("COMMIT")
        except BaseException:
            _roll_back(connection)
            raise
        return result

    def sizes(self, found: Statements) -> Sizes:
        ((size, dead_rows, oldest, synchronous, asynchronous),) = found.run("server")
        standbys = {"synchronous": float(synchronous), "asynchronous": float(asynchronous)}
        return Sizes({"database": float(size)}, server=Server(dead_rows, oldest, standbys))

    def scrub(self) -> None:
        """Nothing: the server's vacuum reuses what deleted rows leave, and its backups are its operator's."""

    def close(self) -> None:
        self._writing.close()
        with self._one_reader:
            self._reading.close()

    def _prepare(self, connection: psycopg.Connection[Any]) -> None:
        """Refuses a database that cannot keep what it is given, or has no tables for it."""
        connection.add_notice_handler(self._noticed)
        if not is_current(connection):
            raise StoreUnavailable("the database's schema is older than this version of recado: run `recado migrate`")
        for setting in ("fsync", "synchronous_commit"):
            (value,) = connection.execute("SELECT current_setting(%s)", (setting,)).fetchall()[0]
            if value == "off":
                raise StoreUnavailable(f"the database has {setting} = off: it would lose what was acknowledged")
        connection.execute(FORGET)
        with connection.transaction(), connection.pipeline() as pipeline:
            self._store_key = make_store_key(self._statements(connection, pipeline))

    def _statements(self, connection: psycopg.Connection[Any], pipeline: psycopg.Pipeline) -> PostgresStatements:
        return PostgresStatements(connection, pipeline, self._queries, self._read_clock(connection))

    def _transact(self, connection: psycopg.Connection[Any], batch: int, work: Callable[[Statements], object]) -> None:
        committing = self._unconfirmed = False
        try:
            with connection.pipeline() as pipeline:
                connection.execute("BEGIN")
                given = self._given_clock() if self._given_clock else None
                ((*_, now),) = psycopg.RawCursor(connection).execute(BEGIN, (given,)).fetchall()
                self._clock.learn(now)
                statements = PostgresStatements(connection, pipeline, self._queries, now)
                work(statements)
                if statements.wrote:
                    psycopg.RawCursor(connection).execute(NUMBER, (self._owner, batch, now))
                    committing = True
                connection.execute("COMMIT")
        except psycopg.OperationalError as error:
            if not committing:
                raise
            connection.close()
            raise InDoubtError from error
        except BaseException:
            _roll_back(connection)
            raise
        if self._unconfirmed:
            raise StoreUnavailable("the standby did not confirm the commit: it is not known to be safe")

    def _noticed(self, diagnostic: Diagnostic) -> None:
        """A COMMIT whose wait for the standby was cancelled succeeds, with a warning alone."""
        self._unconfirmed |= (diagnostic.sqlstate or "").startswith("01")

    def _was_committed(self, batch: int) -> bool:
        """Whether a batch is on disk whose COMMIT was not answered. Raises StoreUnavailable when nobody can tell."""
        end = time.monotonic() + IN_DOUBT_SECONDS
        while True:
            try:
                with self._writing.use() as connection, connection.transaction():
                    # The server may still be at it: whoever has the lock after it sees what it did.
                    connection.execute(LOCK)
                    found = connection.execute("SELECT id FROM recado.batch WHERE owner = %s", (self._owner,))
                    return found.fetchone() == (batch,)
            except StoreUnavailable as error:
                if time.monotonic() > end:
                    raise StoreUnavailable("it is not known whether the last batch was recorded") from error
                time.sleep(random.uniform(0.02, 0.1))  # noqa: S311 - spreads pods in time

    def _read_clock(self, connection: psycopg.Connection[Any]) -> float:
        if self._given_clock:
            return self._given_clock()
        ((now,),) = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchall()
        self._clock.learn(now)
        return float(now)


def load_queries() -> dict[str, Statement]:
    """The statements of queries.sql by their names."""
    return {name: _statement(sql) for name, sql in named_statements(__package__).items()}


def _statement(sql: str) -> Statement:
    text = "\n".join(line for line in sql.strip().splitlines() if not line.startswith("--"))
    reads = text.startswith("SELECT")
    return Statement(text.encode(), writes=not reads, answers=reads or "RETURNING" in text)


def _roll_back(connection: psycopg.Connection[Any]) -> None:
    with contextlib.suppress(psycopg.Error):
        connection.execute("ROLLBACK")
