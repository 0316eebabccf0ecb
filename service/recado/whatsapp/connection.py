"""One keep-alive HTTP/1.1 connection: writes a request and parses its response.

It raises httpx's exceptions, which tell whether the server may have received the request. It raises WriteError and
WriteTimeout only while part of the request has not left this process; after that it raises ReadError, ReadTimeout or
RemoteProtocolError.
"""

import asyncio
import select
from collections.abc import Callable
from typing import NamedTuple, cast

import httptools
import httpx


class RawResponse(NamedTuple):
    """A whole response, without its body if that was compressed."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Connection(asyncio.Protocol):
    """Sends one request at a time; `reusable` says whether another one can follow."""

    def __init__(self, loop: asyncio.AbstractEventLoop, max_response_bytes: int) -> None:
        self._loop = loop
        self._max_bytes = max_response_bytes
        self._parser = httptools.HttpResponseParser(self)
        self._response: asyncio.Future[RawResponse] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._read_timeout: float | None = None
        self._unwritten = False
        self.on_lost: Callable[[Connection], None] | None = None
        self.closed = False
        self.reusable = False
        self.idle_since = 0.0

    async def exchange(self, data: bytes, *, write_timeout: float | None, read_timeout: float | None) -> RawResponse:
        """Writes a request and returns its response; `read_timeout` (seconds) limits the whole response."""
        self._begin_response()
        self._read_timeout = read_timeout
        self._received = 0
        self.reusable = False
        self._response = self._loop.create_future()
        self._transport.write(data)
        if self._unwritten:
            self._set_deadline(write_timeout, httpx.WriteTimeout("the request could not be written in time"))
        else:
            self.resume_writing()
        try:
            return await self._response
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            self._response = None
            if self._deadline is not None:
                self._deadline.cancel()

    @property
    def gone(self) -> bool:
        """Whether the connection is closed for writing."""
        return self.closed or self._transport.is_closing()

    def stale(self, now: float, keepalive_seconds: float) -> bool:
        """Whether an idle connection is closed, too old, or has received bytes without a request."""
        idle = now - self.idle_since
        if self.gone or idle > keepalive_seconds:
            return True
        # The loop may not have seen the peer's FIN yet; a request written now would be lost, outcome unknown.
        return idle > 1 and self._readable()

    def close(self) -> None:
        """Closes the connection at once; a request under way fails with a ReadError."""
        self._transport.abort()

    def _readable(self) -> bool:
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def _set_deadline(self, seconds: float | None, error: httpx.TimeoutException) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self._loop.call_later(seconds, self._fail, error)

    def _fail(self, error: httpx.TransportError) -> None:
        if self._response is not None and not self._response.done():
            self._response.set_exception(error)
        self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        # The transport pauses while anything is in its buffer and resumes when it is empty, so it tells whether the
        # whole request has left this process. (For a TLS transport high=0 means "always paused".)
        self._transport.set_write_buffer_limits(high=1, low=0)

    def pause_writing(self) -> None:
        self._unwritten = True

    def resume_writing(self) -> None:
        self._unwritten = False
        if self._response is not None:
            self._set_deadline(self._read_timeout, httpx.ReadTimeout("no complete response in time"))

    def data_received(self, data: bytes) -> None:
        if self._response is None:
            self._transport.abort()  # bytes without a request: nothing on this connection can be trusted
            return
        self._received += len(data)
        if self._received > self._max_bytes:
            self._fail(httpx.RemoteProtocolError(f"the response exceeds {self._max_bytes} bytes"))
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(httpx.RemoteProtocolError(f"the response is not HTTP: {type(error).__name__}"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.reusable = False
        if self._response is not None and not self._response.done():
            if self._unwritten:
                self._response.set_exception(httpx.WriteError("the connection broke while the request was written"))
            elif exc is None and self._until_close:
                self._response.set_result(self._whole())
            else:
                self._response.set_exception(httpx.ReadError("the connection broke before the response was complete"))
        if self.on_lost is not None:
            self.on_lost(self)

    # httptools' callbacks

    def _begin_response(self) -> None:
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._framed = self._until_close = self._encoded = False

    def on_message_begin(self) -> None:
        self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        if lower == b"content-encoding":
            self._encoded = self._encoded or value.strip().lower() not in (b"", b"identity")
            return
        self._headers.append((name, value))
        if lower in (b"content-length", b"transfer-encoding"):
            self._framed = True

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()
        self._until_close = not self._framed

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._status < 200:  # informational: the response is still to come
            self._begin_response()
        elif self._response is not None and not self._response.done():
            self.reusable = self._parser.should_keep_alive() and not self._unwritten
            self._response.set_result(self._whole())

    def _whole(self) -> RawResponse:
        return RawResponse(self._status, self._headers, b"" if self._encoded else b"".join(self._body))
