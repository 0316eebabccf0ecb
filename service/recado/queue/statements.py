"""What a database offers to the operations: statements by name, inside a transaction."""

import importlib.resources
import secrets
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

import msgspec

from recado.queue.reach import EVERYTHING, Reach

Row = tuple[Any, ...]
#: The longest that a survey may take.
SURVEY_SECONDS: Final = 60.0
Result = TypeVar("Result")


class Statements(Protocol):
    """The statements of a store within one transaction. Both stores have the same names, parameters and columns.

    now: the time of the transaction by the store's clock, in Unix seconds.
    """

    now: float

    def run(self, query: str, *bindings: Any) -> list[Row]:
        """Runs a statement to its end; returns its rows."""
        ...

    def ask(self, query: str, *bindings: Any) -> Callable[[], list[Row]]:
        """Begins a statement, in the order of all others; call the result to get its rows. Statements that are begun
        together cost one round trip to a distant server."""
        ...

    def records(self, query: str, *bindings: Any) -> list[dict[str, Any]]:
        """The same, with the names of the columns."""
        ...

    def changes(self) -> int:
        """Rows that the last statement changed."""
        ...


class Volume(msgspec.Struct, frozen=True):
    """The volume under a database, in bytes."""

    free: float
    size: float


class ServerState(msgspec.Struct, frozen=True):
    """The state of a database's server: rows that wait for a vacuum, the age of the oldest snapshot in seconds,
    connected standbys by state, additions to totals that are not added up yet, the seconds by which our own clock is
    ahead of the server's, and what is wrong with it by STORE_PROBLEMS's labels."""

    dead_rows: float
    oldest_snapshot_seconds: float
    standbys: dict[str, float]
    delta_rows: float
    clock_offset_seconds: float
    problems: frozenset[str] = frozenset()


class StoreSizes(msgspec.Struct, frozen=True):
    """What a database takes, in bytes by file (`database`, `wal`); the volume or the server that it is on."""

    files: dict[str, float]
    volume: Volume | None = None
    server: ServerState | None = None


class Database(Protocol):
    """A database, which need not be reachable yet.

    gap_seconds: how long a writer waits between two transactions, so that other writers get the lock. most_in_a_commit:
    operations of one transaction, which bounds how long others wait for what it locks. store_key: the key of the
    store's hashes and attempt ids; reading it raises StoreUnavailable until the database was reached once.
    """

    gap_seconds: float
    most_in_a_commit: int

    @property
    def store_key(self) -> str: ...

    def now(self) -> float:
        """The time by the store's clock, in Unix seconds."""
        ...

    def write(self, work: Callable[[Statements], Result], reach: Reach = EVERYTHING) -> Result:
        """Does the work in a transaction that is durable when this returns; by one thread at a time. Nobody else
        changes what is within its reach meanwhile. The work may be repeated from its beginning.

        Raises StoreUnavailable when nothing was recorded.
        """
        ...

    def read(self, work: Callable[[Statements], Result], *, settled: bool = False) -> Result:
        """Does the work on one snapshot of the database; by any thread. Raises StoreUnavailable.

        `settled`: the snapshot has the rows of all ids given so far, so a reader that continues after the greatest id
        that it has seen misses none. The work must then be one statement.
        """
        ...

    def survey(self, work: Callable[[Statements], Result]) -> Result:
        """Does long work on one snapshot of the database, on a separate connection, so that no other read waits for it.
        By any thread. Raises StoreUnavailable."""
        ...

    def sizes(self, found: Statements) -> StoreSizes:
        """The space that the database takes; within a read."""
        ...

    def scrub(self) -> None:
        """Removes the traces of deleted rows from the files. Blocks. Raises StoreUnavailable if that is not possible
        now."""
        ...

    def close(self) -> None:
        """Closes the database."""
        ...


def make_store_key(found: Statements) -> str:
    """The key of a store, made once."""
    found.run("init_meta", "store_key", secrets.token_hex(16))
    found.run("init_meta", "created_at", str(found.now))
    meta: dict[str, str] = dict(found.run("get_meta"))
    return meta["store_key"]


def named_statements(package: str) -> dict[str, str]:
    """The statements of a store's sql/queries.sql by their names."""
    text = importlib.resources.files(package).joinpath("sql/queries.sql").read_text()
    parts = text.split("-- name: ")[1:]
    return {name.strip(): sql.strip() for name, _, sql in (part.partition("\n") for part in parts)}
