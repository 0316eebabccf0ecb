"""Expected failures, which a command reports in one line. Any other exception is a bug and shows a traceback."""

from collections.abc import Sequence
from typing import ClassVar

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2


class Expected(Exception):  # noqa: N818 - the base of errors that are no bugs
    """A failure whose cause is outside recado; the command ends with `exit_code`."""

    exit_code: ClassVar[int] = EXIT_BAD_INPUT

    def lines(self) -> Sequence[str]:
        """The messages, one line per problem."""
        return (str(self),)
