"""A server that gives each connection scripted responses, and a call to it."""

import asyncio
import gzip
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import uvloop
from tests.waiting import PATIENCE_SECONDS

from recado.whatsapp.transport import GraphTransport

#: A kilobyte that would become a megabyte.
BOMB = gzip.compress(bytes(1_000_000), mtime=0)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#: A certificate for `localhost`, valid until 2126, and its key; made for these tests, known to everyone.
TLS = Path(__file__).parent / "tls"
Test = Callable[[GraphTransport], Awaitable[None]]
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One whole request. Raises IncompleteReadError if the client closes the connection before."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return head + await reader.readexactly(length)


class Server:
    """Runs a handler for each connection. `requests`: what handlers of `responding` have read."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.connections = 0

    def responding(self, *responses: bytes, then_close: bool = False) -> Handler:
        """A handler that gives each request of a connection the next response."""

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for response in responses:
                self.requests.append(await read_request(reader))
                writer.write(response)
            if not then_close:
                await reader.read()

        return handle

    @asynccontextmanager
    async def run(self, handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections += 1
            try:
                await handler(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
        host, port = server.sockets[0].getsockname()
        try:
            yield f"http://{host}:{port}/v26.0/1/messages"
        finally:
            server.close()
            await server.wait_closed()


def reset(writer: asyncio.StreamWriter) -> None:
    """Closes the connection with RST."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def post(transport: GraphTransport, url: str, body: bytes = b"{}", **timeouts: float) -> httpx.Response:
    timeouts = {**dict.fromkeys(("connect", "read", "write", "pool"), PATIENCE_SECONDS), **timeouts}
    request = httpx.Request("POST", url, content=body, extensions={"timeout": timeouts})
    return await transport.handle_async_request(request)


def on_uvloop(*tests: Test) -> None:
    """Runs tests of a transport on uvloop, each with a transport of its own."""

    async def all_of_them() -> None:
        for test in tests:
            transport = GraphTransport(max_connections=4, keepalive_seconds=5)
            await test(transport)
            await transport.aclose()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(all_of_them())
