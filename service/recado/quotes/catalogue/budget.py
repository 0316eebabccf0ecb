"""Limits the cost of reading a message by counting, not timing: every machine refuses the same texts."""

from typing import Final

LONGEST_TEXT: Final = 4096
"""Letters: WhatsApp's own limit."""
MOST_TOKENS: Final = 1_000
"""Words, numbers and marks. The longest real order that we know has 49; 120 lines of an order have 600."""
MOST_STEPS: Final = 20_000
"""Looks of those scans that may go over the same tokens or names again and again; one takes up to four microseconds."""
MOST_SEARCHES: Final = 40
"""Searches among all words of the catalogue; the rest of a hostile message's words stay unknown."""


class TooLongError(ValueError):
    """Reading the text would cost more than reading any order."""


class Steps:
    """The steps that one message has used."""

    __slots__ = ("_left", "_searches")

    def __init__(self) -> None:
        self._left = MOST_STEPS
        self._searches = MOST_SEARCHES

    def charge(self, steps: int) -> None:
        """Charges `steps`. Raises TooLongError if the message has used up its share."""
        self._left -= steps
        if self._left < 0:
            raise TooLongError

    def search(self) -> bool:
        """Charges one more search among all words; returns whether the message may make it."""
        self._searches -= 1
        return self._searches >= 0
