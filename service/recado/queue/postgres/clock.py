"""The server's clock, kept by a process between the server's answers.

An answer holds the time at which it was made, and arrives after that. So of several answers the one that puts
the server's clock furthest ahead was the quickest, and is the best.
"""

import time
from collections.abc import Callable
from typing import Final

#: The best answer of this time and of the one before counts: then a clock that was set, or drifts, is followed.
WINDOW_SECONDS: Final = 30.0


class ServerClock:
    """The server's time by our monotonic clock; until the server's first answer by our own wall clock."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self._monotonic, self._wall = monotonic, wall
        self._ahead = wall() - monotonic()
        self._best = self._before = float("-inf")
        self._since = float("-inf")

    def now(self) -> float:
        """The server's time, in Unix seconds."""
        return self._monotonic() + self._ahead

    def offset(self) -> float:
        """How far our own wall clock is ahead of the server's, in seconds."""
        return self._wall() - self.now()

    def learn(self, now: float) -> None:
        """Takes in the time of an answer that has just come."""
        at = self._monotonic()
        if at - self._since > WINDOW_SECONDS:
            self._before, self._best, self._since = self._best, float("-inf"), at
        self._best = max(self._best, now - at)
        self._ahead = max(self._best, self._before)
