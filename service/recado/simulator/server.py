"""A small, fast HTTP server that can also misbehave: hang, reset, drip. Keep-alive, no TLS, no pipelining."""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from enum import Enum
from http import HTTPStatus
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl

import httptools

_REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}
DRIP_SECONDS = 0.1


class Manner(Enum):
    """How a response is sent."""

    WHOLE = "whole"
    DRIP = "drip"  # byte by byte, until the client gives up
    HANG = "hang"  # no response; the connection is closed after the delay
    RESET = "reset"  # the connection is reset instead


class Response(NamedTuple):
    """What a handler decides; `delay` is in seconds, `headers` are further whole lines."""

    status: int = 200
    body: bytes = b"{}"
    content_type: bytes = b"application/json"
    manner: Manner = Manner.WHOLE
    delay: float = 0.0
    headers: bytes = b""


class Request(NamedTuple):
    """One whole request; `path` has no query; `authorization` and `signature` (X-Hub-Signature-256) are unchanged;
    `webhook` has the headers of Standard Webhooks, in lower case.
    """

    method: str
    path: str
    query: str
    authorization: bytes
    signature: bytes
    content_type: bytes
    body: bytes
    webhook: dict[str, str]

    def parameters(self) -> dict[str, str]:
        """The query's parameters."""
        return dict(parse_qsl(self.query))


Handler = Callable[[Request], Response | Coroutine[Any, Any, Response]]


class Server:
    """Listens on `host`:`port` (0: any free one) between start() and stop(); `port` is then the real one."""

    def __init__(self, handler: Handler, host: str, port: int) -> None:
        self.handler = handler
        self.host, self.port = host, port
        self.connections: set[_Connection] = set()
        self.emptied = asyncio.Event()
        self._server: asyncio.Server | None = None

    @property
    def listening(self) -> bool:
        """Whether it is between start() and stop()."""
        return self._server is not None

    async def start(self) -> None:
        """Raises OSError if the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self, loop), self.host, self.port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self.connections):
            connection.drop()
        if self.connections:
            await self.emptied.wait()


class _Connection(asyncio.Protocol):
    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self._server, self._loop = server, loop
        self._parser = httptools.HttpRequestParser(self)
        self._tasks: set[asyncio.Task[None]] = set()
        self._reset()

    def drop(self) -> None:
        self._transport.abort()

    def _reset(self) -> None:
        self._url = b""
        self._authorization = self._signature = self._content_type = b""
        self._body: list[bytes] = []
        self._webhook: dict[str, str] = {}

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server.connections.add(self)
        self._server.emptied.clear()
        if not self._server.listening:  # the connection was accepted just before the server stopped
            self.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        if not self._server.connections:
            self._server.emptied.set()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._transport.abort()

    # httptools' callbacks

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        if lower == b"authorization":
            self._authorization = value
        elif lower == b"x-hub-signature-256":
            self._signature = value
        elif lower == b"content-type":
            self._content_type = value
        elif lower.startswith(b"webhook-"):
            self._webhook[lower.decode()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        path, _, query = self._url.decode("latin-1").partition("?")
        request = Request(
            self._parser.get_method().decode(),
            path,
            query,
            self._authorization,
            self._signature,
            self._content_type,
            b"".join(self._body),
            self._webhook,
        )
        self._reset()
        response = self._server.handler(request)
        if isinstance(response, Response):
            self._give(response)
        else:
            task = self._loop.create_task(self._give_later(response))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _give_later(self, coming: Coroutine[Any, Any, Response]) -> None:
        try:
            self._give(await coming)
        except BaseException:
            self._transport.abort()  # nobody waits for the rest of the response
            raise

    def _give(self, response: Response) -> None:
        if response.delay > 0:
            self._loop.call_later(response.delay, self._write, response)
        else:
            self._write(response)

    def _write(self, response: Response) -> None:
        if self._transport.is_closing():
            return
        if response.manner is Manner.WHOLE:
            self._transport.write(_render(response))
        elif response.manner is Manner.DRIP:
            self._drip(_render(response), 0)
        elif response.manner is Manner.HANG:
            self._transport.close()
        else:
            linger = struct.pack("ii", 1, 0)
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._transport.abort()

    def _drip(self, data: bytes, at: int) -> None:
        if at < len(data) and not self._transport.is_closing():
            self._transport.write(data[at : at + 1])
            self._loop.call_later(DRIP_SECONDS, self._drip, data, at + 1)


def _render(response: Response) -> bytes:
    return b"HTTP/1.1 %d %s\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n%s" % (
        response.status,
        _REASONS.get(response.status, b"Unknown"),
        response.content_type,
        response.headers,
        len(response.body),
        response.body,
    )
