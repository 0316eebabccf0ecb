"""What a database offers to the operations: statements by name, inside a transaction."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

Row = tuple[Any, ...]
Result = TypeVar("Result")


class Statements(Protocol):
    """The statements of a store within one transaction. Both stores have the same names, parameters and columns.

    now: the time of the transaction by the store's clock, in Unix seconds.
    """

    now: float

    def run(self, query: str, *bindings: Any) -> list[Row]:
        """Runs a statement to its end; its rows."""
        ...

    def records(self, query: str, *bindings: Any) -> list[dict[str, Any]]:
        """The same, with the names of the columns."""
        ...

    def changes(self) -> int:
        """Rows that the last statement changed."""
        ...


class Database(Protocol):
    """One database, open. gap_seconds: what a writer waits between two transactions, so that others have their turn."""

    gap_seconds: float

    def now(self) -> float:
        """The time by the store's clock, in Unix seconds."""
        ...

    def write(self, work: Callable[[Statements], Result]) -> Result:
        """Does the work in a transaction that is durable when this returns; by one thread at a time.

        Raises StoreUnavailable when nothing was recorded.
        """
        ...

    def read(self, work: Callable[[Statements], Result]) -> Result:
        """Does the work on one view of the database; by any thread. Raises StoreUnavailable."""
        ...

    def scrub(self) -> None:
        """Removes what deleted rows leave behind. Blocks. Raises StoreUnavailable when it cannot be done now."""
        ...

    def close(self) -> None:
        """Closes the database."""
        ...
