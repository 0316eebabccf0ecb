"""Limits wrong tokens: after so many in a minute, every token from that address is refused."""

from fastapi import HTTPException, Request

from recado.http.limit_key import limit_key
from recado.ratelimit import MinuteLimit
from recado.telemetry.web_metrics import WebMetrics


class Guesses:
    """Counts the wrong tokens of each address, for one kind of token."""

    def __init__(self, per_minute: int, metrics: WebMetrics) -> None:
        self._limit = MinuteLimit(per_minute)
        self._metrics = metrics

    def refuse_too_many(self, request: Request) -> None:
        """Raises HTTPException (429) for an address over the limit of this minute, even if its token is right."""
        if self._limit.reached(limit_key(request.scope)):
            self._metrics.rate_limited("address")
            raise HTTPException(429, "too many wrong tokens from this address", {"Retry-After": "60"})

    def wrong(self, request: Request) -> None:
        """Counts a wrong token."""
        self._limit.count(limit_key(request.scope))
