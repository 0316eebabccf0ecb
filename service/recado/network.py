"""HTTP to configured URLs: only to checked addresses, without redirects, with limits."""

import asyncio
import functools
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpcore
import httpx

from recado.addresses import refusal

#: The maximum duration of a request, from the look-up of the name to the end of the response.
TIMEOUT_SECONDS = 15.0
#: How much of a response is read.
MAX_RESPONSE_BYTES = 16 * 1024
KEEPALIVE_SECONDS = 10.0
MAX_CONNECTIONS = 64

Resolve = Callable[[str, int], Awaitable[list[str]]]


class NotReached(Exception):  # noqa: N818 - as httpcore names its own
    """There was no response; the message says why."""


class RefusedAddress(NotReached):
    """The host resolves to an address that recado does not send to."""


class TooSlow(NotReached):
    """There was no response in time."""


class Cut(StrEnum):
    """Why a response was not read to its end."""

    TOO_LONG = "too_long"
    TOO_SLOW = "too_slow"
    BROKEN = "broken"


class Response(NamedTuple):
    """A response: headers in lower case, and the content as far as it was read."""

    status: int
    headers: Mapping[str, str] = {}
    content: bytes = b""
    cut: Cut | None = None


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """A network backend for httpcore that looks a name up once, checks all its addresses, and connects only to these.

    So the name cannot change its meaning between the check and the connection.
    """

    def __init__(self, resolve: Resolve = resolve) -> None:
        self._resolve = resolve
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name cannot be looked up: {error}") from error
        for address in addresses:
            if why := refusal(address):
                raise RefusedAddress(f"the host leads to {address}: {why}")
        failed: Exception = httpcore.ConnectError("the name has no address")
        for address in addresses:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed


@functools.cache
def trusted() -> ssl.SSLContext:
    """What connections over TLS trust: the system's or certifi's authorities. They are read once a process, because
    each reading takes some 30 ms of CPU."""
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class BoundedClient:
    """HTTP over a pool of kept connections. `seconds` bounds a whole request."""

    def __init__(
        self,
        *,
        resolve: Resolve = resolve,
        seconds: float = TIMEOUT_SECONDS,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._seconds = seconds
        self._network = CheckedNetwork(resolve)
        self._ssl_context = ssl_context or trusted()
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=self._ssl_context,
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEPALIVE_SECONDS,
            network_backend=self._network,
        )

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Posts once. Raises NotReached."""
        return await self.request("POST", url, headers, body)

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        max_bytes: int = MAX_RESPONSE_BYTES,
        seconds: float | None = None,
    ) -> Response:
        """Sends one request, once, within `seconds` (by default the client's); keeps at most `max_bytes` of the
        content. Raises NotReached.

        A request with a status has a response, even if the rest does not arrive: the status says what was done.
        """
        response: Response | None = None
        content = bytearray()
        try:
            async with asyncio.timeout(self._seconds if seconds is None else seconds):
                async with self._pool.stream(method, url, headers=list(headers.items()), content=body) as stream:
                    found = {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in stream.headers}
                    response = Response(stream.status, found)
                    async for part in stream.aiter_stream():
                        if len(content) + len(part) > max_bytes:
                            return response._replace(content=bytes(content), cut=Cut.TOO_LONG)
                        content += part
        except (TimeoutError, httpcore.TimeoutException) as error:
            if response is None:
                raise TooSlow("no response in time") from error
            return response._replace(content=bytes(content), cut=Cut.TOO_SLOW)
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            if response is None:
                raise NotReached(f"{type(error).__name__}: {error}") from error
            return response._replace(content=bytes(content), cut=Cut.BROKEN)
        return response._replace(content=bytes(content))

    async def reachable(self, url: str) -> bool:
        """Whether the URL's host accepts connections, with a valid certificate for https; sends nothing."""
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = parts.hostname or ""
        try:
            async with asyncio.timeout(self._seconds):
                stream = await self._network.connect_tcp(host, port)
                async with aclosing(stream):
                    if parts.scheme == "https":
                        await stream.start_tls(self._ssl_context, server_hostname=host)
        except (TimeoutError, NotReached, httpcore.NetworkError, httpcore.TimeoutException):
            return False
        return True

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._pool.aclose()
