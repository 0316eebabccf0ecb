"""Limits for connections, which uvicorn's own protocol does not have.

A request must be complete within a time, and its request line, headers and trailers are limited in size; the webhook
limits the body. A proxy and recado must also agree where a request ends. A proxy sends requests of many clients over
one connection: if recado read part of an attacker's body as a request, that request would get the response to Meta's
next webhook. So if the end of a request was in doubt, its connection serves no second request.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: From the start of a connection, or of a further request, until the request is complete: 3 MB at 1 Mbit/s. A client
#: may also leave a response unread for so long.
REQUEST_SECONDS = 25.0
#: Request line and headers of one request; and as much for its trailers.
MAX_FIELD_BYTES = 64 * 1024

_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


def limited_config(app: Callable[..., Awaitable[None]], *, keep_alive_seconds: int, **more: Any) -> uvicorn.Config:
    """uvicorn's configuration for `app` behind LimitedProtocol; `more` are uvicorn's own options."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=LimitedProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=keep_alive_seconds,
        **more,
    )


class RefusedError(Exception):
    """Raised in the parser's callbacks to stop it; the parser turns it into an HttpParserError."""


def _size(fields: list[tuple[bytes, bytes]]) -> int:
    """Bytes on the wire."""
    return sum(len(name) + len(value) + 4 for name, value in fields)


class LimitedProtocol(HttpToolsProtocol):
    """One connection.

    `_unread_bytes`: an upper bound for the size of the fields that the parser has not finished. `_head_complete`: the
    parser has all headers of this request. `_deaf`: further bytes are ignored.
    """

    _deadline: asyncio.TimerHandle | None = None
    _unread_bytes = 0
    _head_complete = False
    _deaf = False
    _refusal = _BAD_REQUEST

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux: closes a connection whose client reads nothing
            transport.get_extra_info("socket").setsockopt(
                socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(REQUEST_SECONDS * 1000)
            )
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._unread_bytes += len(data)
        try:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                self._decline(data[offer.args[0] :])
            if self._unread_bytes > MAX_FIELD_BYTES:
                self._too_large()
        except (httptools.HttpParserError, RefusedError):
            self._stop_reading()

    # -- callbacks of the parser -------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            raise RefusedError  # no proxy sends a request before it has the response to the previous one
        self._unset_keepalive_if_required()
        super().on_message_begin()
        self._head_complete = False
        if self._deadline is None:
            self._arm()

    def on_headers_complete(self) -> None:
        if self._unread_bytes > MAX_FIELD_BYTES and len(self.url) + _size(self.headers) > MAX_FIELD_BYTES:
            self._too_large()
        self._unread_bytes = 0
        if self.parser.should_upgrade():
            return  # the request is read again without the upgrade
        super().on_headers_complete()
        self._head_complete = True
        self.headers = []  # for the trailers, which come after all decisions that depend on headers
        if self.expect_100_continue or self.scope["http_version"] != "1.1":
            # Clients differ in whether they send the body after a response that came before "100 Continue".
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        self._unread_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        if self.headers and _size(self.headers) > MAX_FIELD_BYTES:
            self._too_large()
        self._unread_bytes = 0
        self._disarm()
        super().on_message_complete()

    def _too_large(self) -> NoReturn:
        self._refusal = _TOO_LARGE
        raise RefusedError

    # -- what is refused ----------------------------------------------------------------------------------------

    def _decline(self, rest: bytes) -> None:
        """Reads the request again without the upgrade offer (RFC 9110, 7.8); it is the last request of its connection.

        The parser considers the upgrade accepted, and ends the request after the headers, despite `Content-Length`.
        """
        method = self.parser.get_method()
        if method == b"CONNECT":
            raise RefusedError
        lines = [b"%s %s HTTP/%s" % (method, self.url, self.parser.get_http_version().encode())]
        lines += [b"%s: %s" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(b"\r\n".join([*lines, b"connection: close", b"", rest]))

    def _stop_reading(self) -> None:
        """Ends the connection: the input is not a request, is too large, or came before the previous response."""
        self._deaf = True
        if self.cycle is not None and not self.cycle.more_body and not self.cycle.response_complete:
            self.cycle.keep_alive = False
            return
        if not (self._head_complete and self.cycle.response_started):
            self.transport.write(self._refusal)
        self.transport.close()

    # -- time --------------------------------------------------------------------------------------------------------

    def _arm(self) -> None:
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self._too_slow)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        transport: Any = self.transport
        transport.abort()
