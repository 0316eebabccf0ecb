"""recado with another HTTP client, named by BENCH_CLIENT, for the comparison in `loadtests.bench.transport`.

Each has the same time-outs and number of connections as recado's own.
"""

import asyncio
import importlib
import os
from collections.abc import Callable

import httpx

from recado.cli import main
from recado.whatsapp import transport
from recado.whatsapp.connection import RawResponse
from recado.whatsapp.transport import GraphTransport, RequestHead, Timeouts

CONNECTIONS = 512


def over_httpx() -> httpx.AsyncBaseTransport:
    """httpx's own pool."""
    return httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=CONNECTIONS))


def aiohttp_under_httpx() -> httpx.AsyncBaseTransport:
    """aiohttp below httpx's Request and Response."""
    import aiohttp
    import httpx_aiohttp  # type: ignore[import-not-found]  # not one of recado's dependencies

    def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS))

    made: httpx.AsyncBaseTransport = httpx_aiohttp.AiohttpTransport(client=session)
    return made


def aiohttp_alone() -> httpx.AsyncBaseTransport:
    """aiohttp's session, called directly."""
    import aiohttp

    class Aiohttp(GraphTransport):
        session: aiohttp.ClientSession | None = None

        async def exchange(
            self, head: RequestHead, body: bytes, timeouts: Timeouts, *, header: tuple[bytes, bytes] | None = None
        ) -> RawResponse:
            if self.session is None:
                waits = aiohttp.ClientTimeout(total=timeouts["read"], sock_connect=timeouts["connect"])
                self.session = aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(limit=CONNECTIONS), timeout=waits, headers=dict(head.headers)
                )
                self.urls: dict[RequestHead, str] = {}
            url = self.urls.setdefault(head, str(head.url))
            async with self.session.request(head.method, url, data=body) as response:
                return RawResponse(response.status, list(response.raw_headers), await response.read())

        async def aclose(self) -> None:
            if self.session is not None:
                await self.session.close()
            await asyncio.sleep(0)

    return Aiohttp()


CLIENTS: dict[str, Callable[[], httpx.AsyncBaseTransport]] = {
    "recado": lambda: GraphTransport(max_connections=CONNECTIONS),
    "aiohttp": aiohttp_alone,
    "aiohttp below httpx": aiohttp_under_httpx,
    "httpx": over_httpx,
}

if __name__ == "__main__":
    importlib.import_module("recado.whatsapp.service")  # it must know GraphTransport as it is
    make = CLIENTS[os.environ["BENCH_CLIENT"]]
    transport.GraphTransport = lambda **_: make()  # type: ignore[assignment, misc]  # that is the point
    main()
