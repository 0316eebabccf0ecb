"""The limited_config protocol on a real socket, with an application that remembers its requests."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from typing import Any, NamedTuple

import uvicorn

from recado.http.connection import limited_config
from tests.waiting import PATIENCE_SECONDS

KEEP_ALIVE_SECONDS = 60
#: More than fits into the buffers between both ends of a connection.
LARGE_BYTES = 16_000_000


class Request(NamedTuple):
    """A request that reached the application."""

    method: str
    path: str
    headers: dict[bytes, bytes]
    body: bytes


class Wire:
    """An application behind its server, its requests, and raw connections to it.

    The application responds with the body's length. It responds to `/early` before it reads the body, to `/large` with
    LARGE_BYTES, to `/slow` after `go` is set.
    """

    def __init__(self, keep_alive_seconds: int) -> None:
        self.seen: list[Request] = []
        self.go = asyncio.Event()
        self._clients: list[asyncio.StreamWriter] = []
        self.server = uvicorn.Server(
            limited_config(self, keep_alive_seconds=keep_alive_seconds, lifespan="off", port=0)
        )

    @property
    def port(self) -> int:
        port: int = self.server.servers[0].sockets[0].getsockname()[1]
        return port

    @property
    def connections(self) -> Collection[Any]:
        """The protocols of the open connections."""
        return self.server.server_state.connections

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection of the test, closed at its end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._clients.append(writer)
        return reader, writer

    @contextlib.asynccontextmanager
    async def started(self) -> AsyncIterator["Wire"]:
        config = self.server.config
        config.load()
        self.server.lifespan = config.lifespan_class(config)
        await self.server.startup()
        try:
            yield self
        finally:
            for client in self._clients:
                client.close()
                with contextlib.suppress(ConnectionError):
                    await client.wait_closed()
            for server in self.server.servers:
                server.close()
            for connection in list(self.connections):
                connection.transport.abort()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        body = b""
        while scope["path"] != "/early":
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            if not message["more_body"]:
                break
        self.seen.append(Request(scope["method"], scope["path"], dict(scope["headers"]), body))
        if scope["path"] == "/slow":
            await self.go.wait()
        answer = b"x" * LARGE_BYTES if scope["path"] == "/large" else b"%d" % len(body)
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(answer))]}
        )
        await send({"type": "http.response.body", "body": answer})


@contextlib.asynccontextmanager
async def serving(keep_alive_seconds: int = KEEP_ALIVE_SECONDS) -> AsyncIterator[Wire]:
    async with Wire(keep_alive_seconds).started() as wire:
        yield wire


async def ended(reader: asyncio.StreamReader) -> bytes:
    """Everything that is received until the connection ends."""
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await reader.read()
    return b""
