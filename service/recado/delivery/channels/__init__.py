"""Channels: each sends one entry of the queue, and interprets the result."""

from typing import Protocol

from recado.queue.model import AttemptResult, LeasedReply
from recado.telemetry import tracing


class Channel(Protocol):
    """Sends the entries of one kind.

    name: its name in the queue's rows and in metrics. send_seconds: the maximum duration of one send; a lease with less
    time left is not used.
    """

    name: str
    send_seconds: float

    async def send(self, message: LeasedReply, attempt: tracing.NoSpan) -> AttemptResult:
        """Sends a leased entry, once. Never raises because of the receiver."""
        ...

    async def aclose(self) -> None:
        """Closes what the channel has opened."""
        ...

    async def probe(self, lane: str) -> bool:
        """Whether the receiver of a lane responds; sends nothing."""
        ...
