"""Meta's limits on what a business number sends."""

from collections import deque


class Throughput:
    """At most `per_second` messages in any second; 0 for no limit."""

    def __init__(self, per_second: int) -> None:
        self._times: deque[float] = deque(maxlen=per_second)

    def allows(self, now: float) -> bool:
        """Whether one more may be sent at `now`, and if so, counts it."""
        if not self._times.maxlen:
            return True
        if len(self._times) == self._times.maxlen and now - self._times[0] < 1:
            return False
        self._times.append(now)
        return True


class PairLimit:
    """One message per `interval` seconds to one customer; 0 for no limit.

    Within one interval, up to `burst` messages are allowed in advance. Then none is allowed until the average is kept
    again: after 20 at once, for two minutes.
    """

    def __init__(self, interval: float, burst: int = 45) -> None:
        self._interval, self._burst = interval, burst
        self._sent: dict[str, tuple[float, int]] = {}

    def allows(self, customer: str, now: float) -> bool:
        """Whether one more may be sent to the customer at `now`, and if so, counts it."""
        if not self._interval:
            return True
        since, count = self._sent.get(customer, (now, 0))
        if now - since >= max(1, count) * self._interval:
            since, count = now, 0
        elif count >= self._burst or now - since >= self._interval:
            return False
        self._sent[customer] = since, count + 1
        return True
