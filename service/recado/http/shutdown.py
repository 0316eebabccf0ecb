"""uvicorn that says goodbye before it hangs up.

When it is told to stop uvicorn closes idle connections at once, and a request that is on its way on one of them is cut:
measured, 4 of 12,000 in a rolling update. So for a moment before that every answer says `Connection: close`: clients
take their next request elsewhere, and what is left is truly idle.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

#: At most so long, and no longer than there are connections.
CLOSING_SECONDS = 2.0
LOOK_SECONDS = 0.05

Send = Callable[[dict[str, Any]], Awaitable[None]]


class GracefulShutdown:
    """ASGI: passes everything on, and once it is leaving lets each answer close its connection.

    `on_leave` is called when that begins, for requests that would go on for long.
    """

    def __init__(self, app: Callable[..., Awaitable[None]], on_leave: Callable[[], None]) -> None:
        self._app = app
        self._on_leave = on_leave
        self._leaving = False

    def leave(self) -> None:
        """Begins to take leave."""
        self._leaving = True
        self._on_leave()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Send) -> None:
        await self._app(scope, receive, _closing(send) if self._leaving else send)


def _closing(send: Send) -> Send:
    async def closing(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
        await send(message)

    return closing


class Server(uvicorn.Server):
    """Serves until SIGTERM, then takes its leave."""

    def __init__(self, config: uvicorn.Config, shutdown: GracefulShutdown) -> None:
        super().__init__(config)
        self._farewell = shutdown

    async def main_loop(self) -> None:
        await super().main_loop()
        self._farewell.leave()
        until = time.monotonic() + CLOSING_SECONDS
        # uvicorn offers no event for its last connection.
        while self.server_state.connections and not self.force_exit and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)
