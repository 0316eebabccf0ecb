"""Connections to PostgreSQL with deadlines, and the meaning of their errors.

It uses no session settings, because PgBouncer in transaction mode loses them. Statements that need settings have them
at their functions or at the role.
"""

import contextlib
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import psycopg
from psycopg import conninfo

from recado.queue.errors import StoreError, StoreUnavailable

#: The maximum duration of a batch. A frozen server, or a network that drops packets, sends nothing: then recado closes
#: the socket, because it cannot cancel a statement on it.
DEADLINE_SECONDS: Final = 5.0
#: The wait before a new connection after a failure: a random part of a time that doubles from the first value to the
#: second. So clients do not all return at once when a server is back; each costs it a fork and a handshake.
RETRY_SECONDS: Final = (0.1, 5.0)
#: The server makes a plan for the tables as they are then, and keeps it until it has new statistics, a minute or two
#: later. A plan for empty tables reads them from end to end: `quotes_accepted` compared 750,000 pairs of rows once the
#: two tables had 1,000 and 2,500. So a connection forgets its plans after this time.
PLAN_SECONDS: Final = 1.0
FORGET_PLANS: Final = "DISCARD PLANS"
#: Defaults for libpq, which the URL can override: notice a dead server soon, and never use a standby.
DEFAULTS: Final = {
    "connect_timeout": "3",
    "tcp_user_timeout": "5000",
    "keepalives_idle": "5",
    "target_session_attrs": "read-write",
    "application_name": "recado",
}
#: SQLSTATEs, or classes of them, that mean that the server cannot do it now: connection lost, too many of something,
#: shutting down, read-only after a failover, transaction idle for too long, lock time-out, deadlock, data damaged.
UNAVAILABLE_CLASSES: Final = ("08", "53", "57P", "58")
UNAVAILABLE_CODES: Final = frozenset({"25006", "25P03", "0A000", "40P01", "40001", "55006", "55P03", "XX001", "XX002"})


def connect(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection in autocommit mode.

    Raises StoreUnavailable, and StoreError for an invalid URL.
    """
    try:
        parameters: dict[str, Any] = {**DEFAULTS, **conninfo.conninfo_to_dict(url), "client_encoding": "UTF8"}
        connection = psycopg.connect(conninfo.make_conninfo(**parameters), autocommit=True)
    except psycopg.ProgrammingError as error:
        # libpq's message would repeat the URL, which contains a password.
        raise StoreError("DATABASE_URL: libpq cannot read it") from error
    except psycopg.Error as error:
        raise StoreUnavailable(reason(error)) from error
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        # Other encodings cannot hold every text that customers write.
        connection.close()
        raise StoreUnavailable(f"the database's encoding is {encoding}: recado needs UTF8")
    return connection


def is_unavailable(error: psycopg.Error) -> bool:
    """Whether the server is temporarily unable to do it; other errors are bugs of recado."""
    code = error.sqlstate
    if code is None:
        return isinstance(error, psycopg.OperationalError)
    return code.startswith(UNAVAILABLE_CLASSES) or code in UNAVAILABLE_CODES


def reason(error: psycopg.Error) -> str:
    """The error in one line, without the values of the statement."""
    return f"{type(error).__name__}: {error.diag.message_primary or str(error).splitlines()[0]}"


def backoff(failures: int) -> float:
    """Seconds to wait after `failures` failures in a row."""
    first, longest = RETRY_SECONDS
    return random.uniform(0, min(longest, first * 2**failures))  # noqa: S311 - spreads pods in time


def _mind_a_pooler(connection: psycopg.Connection[Any]) -> None:
    """Switches prepared statements off behind a pooler (PgBouncer), which is recognised by its process id: it may run
    each transaction on another server process, where a prepared statement of that name may be another client's."""
    (process,) = connection.execute("SELECT pg_backend_pid()").fetchall()[0]
    if process != connection.info.backend_pid:
        connection.prepare_threshold = None


class Link:
    """One connection, opened when it is needed and reopened after it was lost. For one thread at a time.

    `prepare` is called with each new connection before its first use, and may refuse it; `reconnected` is called when a
    connection has replaced another one.
    """

    def __init__(
        self,
        url: str,
        prepare: Callable[[psycopg.Connection[Any]], None] = lambda connection: None,
        *,
        reconnected: Callable[[], None] = lambda: None,
        deadline_seconds: float = DEADLINE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._reconnected = reconnected
        self._deadline_seconds = deadline_seconds
        self._prepare = prepare
        self._watchdog = Watchdog()
        self._connection: psycopg.Connection[Any] | None = None
        self._failures = 0
        self._retry_at = 0.0
        self._problem = ""
        self._outdated = False
        self._monotonic = monotonic
        self._planned_at = float("-inf")

    @contextlib.contextmanager
    def use(self) -> Iterator[psycopg.Connection[Any]]:
        """The connection. It is closed at the deadline, or if the server cannot be used. Raises StoreUnavailable."""
        connection = self._connected()
        try:
            with self._watchdog.watching(connection, self._deadline_seconds):
                self._forget_plans(connection)
                yield connection
        except psycopg.Error as error:
            if not is_unavailable(error):
                raise
            connection.close()
            raise StoreUnavailable(reason(error)) from error

    def renew(self) -> None:
        """Makes a new connection at the next use, which does not count as one that was lost. By any thread."""
        self._outdated = True

    def close(self) -> None:
        """Closes the connection for good."""
        self._watchdog.close()
        if self._connection:
            self._connection.close()

    def _forget_plans(self, connection: psycopg.Connection[Any]) -> None:
        """Makes the server forget its plans from time to time."""
        if (now := self._monotonic()) - self._planned_at >= PLAN_SECONDS:
            connection.execute(FORGET_PLANS)
            self._planned_at = now

    def _connected(self) -> psycopg.Connection[Any]:
        if self._outdated and self._connection:
            self._connection.close()
            self._connection = None
        self._outdated = False
        if self._connection and not self._connection.closed:
            return self._connection
        if time.monotonic() < self._retry_at:
            raise StoreUnavailable(self._problem)
        try:
            connection = connect(self._url)
            try:
                with self._watchdog.watching(connection, DEADLINE_SECONDS):
                    _mind_a_pooler(connection)
                    self._prepare(connection)
            except psycopg.Error as error:
                connection.close()
                raise StoreUnavailable(reason(error)) from error
            except StoreUnavailable:
                connection.close()
                raise
        except StoreUnavailable as error:
            self._failures += 1
            self._retry_at = time.monotonic() + backoff(self._failures)
            self._problem = str(error)
            raise
        if self._connection:
            self._reconnected()
        self._connection, self._failures = connection, 0
        return connection


class Watchdog:
    """Closes the socket of a connection whose work exceeds the deadline."""

    def __init__(self) -> None:
        self._wake = threading.Condition()
        self._watched: tuple[psycopg.Connection[Any], float] | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._watch, name="recado-watchdog", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def watching(self, connection: psycopg.Connection[Any], seconds: float) -> Iterator[None]:
        """The work inside fails with an OperationalError at the deadline."""
        with self._wake:
            self._watched = (connection, time.monotonic() + seconds)
            self._wake.notify()
        try:
            yield
        finally:
            with self._wake:
                self._watched = None

    def close(self) -> None:
        """Ends the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _watch(self) -> None:
        with self._wake:
            while not self._closing:
                if self._watched is None:
                    self._wake.wait()
                    continue
                connection, end = self._watched
                left = end - time.monotonic()
                if left > 0:
                    self._wake.wait(left)
                else:
                    _cut(connection)
                    self._watched = None


def _cut(connection: psycopg.Connection[Any]) -> None:
    with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=socket.dup(connection.fileno())) as ours:
        ours.shutdown(socket.SHUT_RDWR)
