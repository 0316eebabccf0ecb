"""What a command tells in words. Everything else that is raised is a bug, and shows as one."""

from collections.abc import Sequence
from typing import ClassVar

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2


class Expected(Exception):  # noqa: N818 - it says how to take it
    """A failure that has its reason outside of recado; `exit_code` is the command's."""

    exit_code: ClassVar[int] = EXIT_BAD_INPUT

    def lines(self) -> Sequence[str]:
        """What there is to say, a line for each problem."""
        return (str(self),)
