"""The errors of a store that cannot be used: permanently, or for now."""

from collections.abc import Sequence

from recado.errors import EXIT_FAILED, Expected


class StoreError(Expected):
    """The store can never work as it is: wrong place, wrong SQLite, not a database of recado."""


class StoreUnavailable(Expected):
    """The store cannot be written or read now (full, locked, gone); nothing was recorded."""

    exit_code = EXIT_FAILED

    def lines(self) -> Sequence[str]:
        return (f"the queue is not available: {self}",)
