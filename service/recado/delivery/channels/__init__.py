"""Channels: each sends one entry of the queue, and interprets the result."""

from typing import Protocol

from recado.queue.model import AttemptResult, LeasedReply
from recado.telemetry import tracing


class Channel(Protocol):
    """How the entries of one kind leave.

    name: as the queue's rows and the metrics call it. send_seconds: the longest that one send can take; a lease with
    less time left is not used.
    """

    name: str
    send_seconds: float

    async def send(self, message: LeasedReply, attempt: tracing.NoSpan) -> AttemptResult:
        """Sends a leased entry, once. Never raises for what the other side does."""
        ...

    async def aclose(self) -> None:
        """Closes what the channel has opened itself."""
        ...

    async def probe(self, lane: str) -> bool:
        """Whether the other side answers for a lane; nothing is sent to anybody."""
        ...
