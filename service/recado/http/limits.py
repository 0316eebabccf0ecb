"""Limits for each client: the key under which it is counted, and how many wrong tokens it may send in a minute."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from fastapi import HTTPException, Request

from recado.ratelimit import MinuteLimit
from recado.telemetry.web_metrics import WebMetrics

#: The key of clients whose address cannot be read.
NOBODY = ""


def limit_key(scope: Mapping[str, Any]) -> str:
    """The key under which an ASGI request's client is counted: an IPv4 address, or an IPv6 network of 64 bits.

    A client with one IPv6 address has 2^64 of them. A proxy may pass on a header that the client wrote and that is no
    address; all such clients share one key.
    """
    client = scope.get("client")
    try:
        address = ipaddress.ip_address(client[0] if client else NOBODY)
    except ValueError:
        return NOBODY
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
        address = address.ipv4_mapped
    return str(address)


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
