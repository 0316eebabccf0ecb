"""The server's clock, which a process keeps between the server's responses.

A response contains the server's time when it was made, and arrives later. So of several responses, the one that puts
the server's clock furthest ahead was the quickest and is the best.
"""

import time
from collections.abc import Callable
from typing import Final

#: The best response of this period and the one before counts, so recado follows a clock that is set or drifts.
WINDOW_SECONDS: Final = 30.0


class ServerClock:
    """The server's time by this process's monotonic clock; before the server's first response, the wall clock's."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self._monotonic, self._wall = monotonic, wall
        self._ahead = wall() - monotonic()
        self._best = self._before = float("-inf")
        self._since = float("-inf")

    def now(self) -> float:
        """The server's time, in Unix seconds."""
        return self._monotonic() + self._ahead

    def offset(self) -> float:
        """How far this process's wall clock is ahead of the server's, in seconds."""
        return self._wall() - self.now()

    def learn(self, now: float) -> None:
        """Learns the time of a response that has just arrived."""
        at = self._monotonic()
        if at - self._since > WINDOW_SECONDS:
            self._before, self._best, self._since = self._best, float("-inf"), at
        self._best = max(self._best, now - at)
        self._ahead = max(self._best, self._before)
