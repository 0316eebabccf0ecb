"""What a connection may cost: slow, silent and endless senders against the real protocol on a real socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from recado.http import connection

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]

REQUEST = b"POST / HTTP/1.1\r\nHost: recado\r\nContent-Length: 4\r\n\r\nbody"
SECONDS = 0.3


async def _application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Reads the body and answers with its length."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message["body"]
        if not message["more_body"]:
            break
    answer = str(len(body)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(answer))]})
    await send({"type": "http.response.body", "body": answer})


@contextlib.asynccontextmanager
async def _serving() -> AsyncIterator[Connect]:
    config = uvicorn.Config(_application, port=0, http=connection.GuardedProtocol, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield lambda: asyncio.open_connection("127.0.0.1", port)
    finally:
        await server.shutdown()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "REQUEST_SECONDS", SECONDS)


async def _ends(reader: asyncio.StreamReader) -> bytes:
    """All that is answered until the connection ends."""
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(10 * SECONDS):
            return await reader.read()
    return b""


@pytest.mark.parametrize("said", [b"", b"POST / HTTP/1.1\r\nHost: re", REQUEST[:-1], REQUEST + b"GET"])
async def test_who_does_not_finish_is_hung_up_on(said: bytes) -> None:
    """Whether it was nothing, half a head, half a body, or half of a second request."""
    async with _serving() as connect:
        reader, writer = await connect()
        writer.write(said)
        await _ends(reader)
        writer.close()


async def test_a_header_a_while_does_not_help() -> None:
    """The time is the request's, not the pause's."""
    async with _serving() as connect:
        reader, writer = await connect()
        writer.write(REQUEST[:17])
        ended = asyncio.create_task(_ends(reader))
        while not ended.done():
            writer.write(b"X: y\r\n")
            await asyncio.sleep(SECONDS / 6)
        await ended
        writer.close()


async def test_a_kept_connection_may_be_idle() -> None:
    """Between two requests nobody hurries: that is uvicorn's keep-alive."""
    async with _serving() as connect:
        reader, writer = await connect()
        for _ in range(2):
            writer.write(REQUEST)
            assert (await reader.readuntil(b"\r\n\r\n4")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(2 * SECONDS)
        writer.close()


@pytest.mark.parametrize("line", [b"X-%d: " + b"y" * 100 + b"\r\n", b"z" * 1000], ids=["many", "one"])
async def test_headers_without_end_are_refused(line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many of them, or one that never ends: 431 to whoever still listens, and the connection is closed at once."""
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 60)
    async with _serving() as connect:
        reader, writer = await connect()
        writer.write(REQUEST[:17] + b"X: ")
        for n in range(2 * connection.MOST_HEAD_BYTES // 100):
            writer.write(line % n if b"%d" in line else line)
        assert (await _ends(reader))[:12] in (b"", b"HTTP/1.1 431")
        writer.close()


async def test_a_large_body_is_no_large_head() -> None:
    """A head and a megabyte of body in one go, then another request on the same connection."""
    body = b"x" * 1_000_000
    async with _serving() as connect:
        reader, writer = await connect()
        for _ in range(2):
            writer.write(b"POST / HTTP/1.1\r\nHost: recado\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            assert (await reader.readuntil(b"\r\n\r\n1000000")).startswith(b"HTTP/1.1 200")
        writer.close()
