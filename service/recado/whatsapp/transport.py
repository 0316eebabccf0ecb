"""GraphTransport: an HTTP client for hundreds of calls in flight, with httpx's types.

It keeps a limited pool of keep-alive HTTP/1.1 connections for each origin. It sends a request only once: a connection
that is found closed before any byte was written is replaced; every later failure is raised. It supports neither proxies
nor HTTP/2, and a request's body must be bytes. docs/performance.md compares its CPU time with aiohttp's and httpx's.

`handle_async_request` is httpx's interface. `exchange` avoids httpx's Request and Response, which cost three times as
much as the rest of a call.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Iterable, Mapping
from typing import NoReturn

import httpx

from recado.network import trusted
from recado.whatsapp.connection import Connection, RawResponse

Origin = tuple[str, str, int | None]
#: Seconds by httpx's names: connect, pool, write, read. What is missing or None has no limit.
Timeouts = Mapping[str, float | None]


class RequestHead:
    """A method, a URL and headers, rendered once for many calls."""

    def __init__(self, method: str, url: httpx.URL, headers: httpx.Headers) -> None:
        self.method, self.url, self.headers = method, url, headers
        self.origin: Origin = (url.scheme, url.host, url.port)
        self.rendered = _head(method, url, [(b"Host", url.netloc), *headers.raw])


class GraphTransport(httpx.AsyncBaseTransport):
    """An httpx transport; it reads the timeouts (seconds) from `request.extensions["timeout"]`.

    `max_connections` limits the pool of each origin. An idle connection is reused for `keepalive_seconds`. A response
    of more than `max_response_bytes`, headers included, is refused. The timeout `read` limits the response as a whole.
    recado requests no compression. The body of a compressed response is dropped, because it could have any size; its
    status still tells whether the request may have been executed.
    """

    def __init__(
        self,
        *,
        max_connections: int = 512,
        keepalive_seconds: float = 30.0,
        max_response_bytes: int = 1024 * 1024,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._max_connections = max_connections
        self._keepalive_seconds = keepalive_seconds
        self._max_response_bytes = max_response_bytes
        self._ssl_context = ssl_context
        self._pools: dict[Origin, _Pool] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange, for httpx. Raises httpx.TransportError."""
        if not isinstance(request.stream, httpx.ByteStream):
            raise httpx.LocalProtocolError("the request's body must be bytes", request=request)
        url = request.url
        data = b"%s\r\n%s" % (_head(request.method, url, request.headers.raw), request.content)
        timeouts = request.extensions.get("timeout") or {}
        try:
            response = await self._exchange((url.scheme, url.host, url.port), data, timeouts)
        except httpx.TransportError as error:
            error.request = request
            raise
        return httpx.Response(response.status, headers=response.headers, content=response.body, request=request)

    async def exchange(
        self, head: RequestHead, body: bytes, timeouts: Timeouts, *, header: tuple[bytes, bytes] | None = None
    ) -> RawResponse:
        """One exchange, with `header` beside the head's own. Raises httpx.RequestError."""
        extra = b"" if header is None else _line(header)
        data = b"%s%sContent-Length: %d\r\n\r\n%s" % (head.rendered, extra, len(body), body)
        return await self._exchange(head.origin, data, timeouts)

    async def _exchange(self, origin: Origin, data: bytes, timeouts: Timeouts) -> RawResponse:
        pool = self._pools.get(origin) or self._new_pool(origin)
        while True:
            connection = await pool.acquire(timeouts.get("connect"), timeouts.get("pool"))
            if not connection.gone:
                break
        try:
            return await connection.exchange(
                data, write_timeout=timeouts.get("write"), read_timeout=timeouts.get("read")
            )
        finally:
            pool.release(connection)

    async def aclose(self) -> None:
        """Closes every connection; calls under way fail with a ReadError."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()
        await asyncio.sleep(0)  # connection_lost is called in the loop's next round

    def _new_pool(self, origin: Origin) -> "_Pool":
        scheme, host, port = origin
        if scheme not in ("http", "https"):
            raise httpx.UnsupportedProtocol(f"no transport for {scheme}://")
        pool = _Pool(
            host,
            port or (443 if scheme == "https" else 80),
            (self._ssl_context or trusted()) if scheme == "https" else None,
            self._max_connections,
            self._keepalive_seconds,
            self._max_response_bytes,
        )
        self._pools[origin] = pool
        return pool


def _head(method: str, url: httpx.URL, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The request line and headers, without the blank line at the end."""
    return b"%s %s HTTP/1.1\r\n%s" % (method.encode(), url.raw_path, b"".join(map(_line, headers)))


def _line(header: tuple[bytes, bytes]) -> bytes:
    name, value = header
    # A line break in a value would begin another header or another request.
    if b"\n" in value or b"\r" in value or b"\n" in name or b"\r" in name:
        raise httpx.LocalProtocolError("a line break in a header")
    return b"%s: %s\r\n" % header


class _Pool:
    """The connections to one origin. `_open` counts those that exist and those that are being made."""

    def __init__(
        self,
        host: str,
        port: int,
        ssl_context: ssl.SSLContext | None,
        limit: int,
        keepalive_seconds: float,
        max_response_bytes: int,
    ) -> None:
        self._host, self._port, self._ssl_context = host, port, ssl_context
        self._limit, self._keepalive_seconds = limit, keepalive_seconds
        self._max_response_bytes = max_response_bytes
        self._loop = asyncio.get_running_loop()
        self._open = 0
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()
        #: Calls that wait for a connection; each gets one, or None if it may open one (counted in `_open`).
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()

    async def acquire(self, connect_timeout: float | None, pool_timeout: float | None) -> Connection:
        """A connection that is not in use: the one used last, a new one, or the next one that is released."""
        now = self._loop.time()
        while self._idle:
            connection = self._idle.pop()
            if not connection.stale(now, self._keepalive_seconds):
                return connection
            connection.close()
        if self._open < self._limit:
            self._open += 1
            return await self._connect(connect_timeout)
        handed_over = await self._wait(pool_timeout)
        return await self._connect(connect_timeout) if handed_over is None else handed_over

    def release(self, connection: Connection) -> None:
        """Returns a connection to the pool, or closes it."""
        if connection.closed:
            return
        if not connection.reusable:
            connection.close()
        elif waiter := self._next_waiter():
            waiter.set_result(connection)
        else:
            connection.idle_since = self._loop.time()
            self._idle.append(connection)
            oldest = self._idle[0]
            if connection.idle_since - oldest.idle_since > self._keepalive_seconds:
                self._idle.remove(oldest)
                oldest.close()

    def close(self) -> None:
        """Closes every connection; calls that wait for one get a PoolTimeout."""
        while waiter := self._next_waiter():
            waiter.set_exception(httpx.PoolTimeout("the transport was closed"))
        for connection in self._all:
            connection.close()

    async def _connect(self, timeout: float | None) -> Connection:  # noqa: ASYNC109 - httpx's own number
        """Opens a connection, which is already counted in `_open`."""
        try:
            async with asyncio.timeout(timeout):
                _, connection = await self._loop.create_connection(
                    lambda: Connection(self._loop, self._max_response_bytes),
                    self._host,
                    self._port,
                    ssl=self._ssl_context,
                )
        except BaseException as error:
            self._freed()
            _raise_as_httpx(error)
        if connection.gone:
            self._freed()
            raise httpx.ConnectError("the connection was closed as soon as it was made")
        connection.on_lost = self._lost
        self._all.add(connection)
        return connection

    async def _wait(self, timeout: float | None) -> Connection | None:  # noqa: ASYNC109 - httpx's own number
        waiter: asyncio.Future[Connection | None] = self._loop.create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(timeout):
                return await waiter
        except BaseException as error:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                # The call was cancelled just when its connection was ready; the next call in line gets it.
                connection = waiter.result()
                if connection is None:
                    self._freed()
                else:
                    self.release(connection)
            if isinstance(error, TimeoutError):
                raise httpx.PoolTimeout("all connections stayed busy") from error
            raise

    def _lost(self, connection: Connection) -> None:
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._freed()

    def _freed(self) -> None:
        """A connection has ended: the call that has waited longest may open another."""
        if waiter := self._next_waiter():
            waiter.set_result(None)
        else:
            self._open -= 1

    def _next_waiter(self) -> "asyncio.Future[Connection | None] | None":
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None


def _raise_as_httpx(error: BaseException) -> NoReturn:
    if isinstance(error, TimeoutError):
        raise httpx.ConnectTimeout("no connection in time") from error
    if isinstance(error, OSError):
        raise httpx.ConnectError(f"{type(error).__name__}: {error.strerror or error}") from error
    if isinstance(error, UnicodeError):  # the host's name cannot be looked up
        raise httpx.ConnectError(f"{type(error).__name__}: {error}") from error
    raise error
