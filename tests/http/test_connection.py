"""Limits of connections: slow, silent and endless clients against the real protocol on a real socket."""

import asyncio
import contextlib
import socket

import pytest

from recado.http import connection
from tests.waiting import until

from .wire import ended, serving

REQUEST = b"POST / HTTP/1.1\r\nHost: recado\r\nContent-Length: 4\r\n\r\nbody"
SECONDS = 0.3


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "REQUEST_SECONDS", SECONDS)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("said", [b"", b"POST / HTTP/1.1\r\nHost: re", REQUEST[:-1], REQUEST + b"GET"])
async def test_who_does_not_finish_is_hung_up_on(said: bytes) -> None:
    """A connection is closed if its request stays incomplete: nothing, half of the headers, half a body, half of a
    second request."""
    async with serving() as wire:
        reader, writer = await wire.connect()
        writer.write(said)
        await ended(reader)


@pytest.mark.usefixtures("impatient")
async def test_a_header_a_while_does_not_help() -> None:
    """The limit is for the whole request, not for the pauses."""
    async with serving() as wire:
        reader, writer = await wire.connect()
        writer.write(REQUEST[:17])
        closed = asyncio.create_task(ended(reader))
        while not closed.done():
            writer.write(b"X: y\r\n")
            await asyncio.sleep(SECONDS / 6)
        await closed


@pytest.mark.usefixtures("impatient")
async def test_a_kept_connection_may_be_idle() -> None:
    """Between two requests only uvicorn's keep-alive limit applies."""
    async with serving() as wire:
        reader, writer = await wire.connect()
        for _ in range(2):
            writer.write(REQUEST)
            assert (await reader.readuntil(b"\r\n\r\n4")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(2 * SECONDS)


@pytest.mark.parametrize("line", [b"X-%d: " + b"y" * 100 + b"\r\n", b"z" * 1000], ids=["many", "one"])
async def test_headers_without_end_are_refused(line: bytes) -> None:
    """With too many headers, or an endless one, a client that still reads gets 431, and the connection is closed at
    once."""
    async with serving() as wire:
        reader, writer = await wire.connect()
        writer.write(REQUEST[:17] + b"X: ")
        for n in range(2 * connection.MAX_FIELD_BYTES // 100):
            writer.write(line % n if b"%d" in line else line)
        assert (await ended(reader))[:12] in (b"", b"HTTP/1.1 431")


async def test_a_large_body_is_no_large_head() -> None:
    """Headers and a megabyte of body in one write, then another request on the same connection."""
    body = b"x" * 1_000_000
    async with serving() as wire:
        reader, writer = await wire.connect()
        for _ in range(2):
            writer.write(b"POST / HTTP/1.1\r\nHost: recado\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            assert (await reader.readuntil(b"\r\n\r\n1000000")).startswith(b"HTTP/1.1 200")


CHUNKED = b"POST / HTTP/1.1\r\nHost: recado\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n"
HALF = b"x" * (connection.MAX_FIELD_BYTES // 2)


@pytest.mark.parametrize("apart", [False, True], ids=["same read", "later"])
async def test_trailers_are_no_headers(apart: bool) -> None:
    """Trailers are ignored, whether they arrive with the rest or later; the connection continues."""
    async with serving() as wire:
        reader, writer = await wire.connect()
        writer.write(CHUNKED)
        if apart:
            await asyncio.sleep(0.02)
        writer.write(b"X-Hub-Signature-256: sha256=0\r\nX-Forwarded-For: 10.0.0.1\r\nHost: other\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n4")
        writer.write(REQUEST)
        await reader.readuntil(b"\r\n\r\n4")
        assert wire.seen[0].headers == {b"host": b"recado", b"transfer-encoding": b"chunked"}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (REQUEST[:17] + b"X: " + HALF + b"\r\n" + REQUEST[17:], b"200"),
        (REQUEST[:17] + b"X: " + 2 * HALF + b"\r\n" + REQUEST[17:], b"431"),
        (REQUEST[:17] + (b"X: " + HALF + b"\r\n") * 2 + REQUEST[17:], b"431"),
        (b"GET /" + 2 * HALF + REQUEST[6:], b"431"),
        (CHUNKED + b"X: " + HALF + b"\r\n\r\n", b"200"),
        (CHUNKED + b"X: " + 2 * HALF + b"\r\n\r\n", b"431"),
        (CHUNKED + (b"X: " + HALF + b"\r\n") * 2 + b"\r\n", b"431"),
        (CHUNKED[:-2] + b";x=" + 20 * HALF, b"431"),
    ],
)
async def test_fields_are_of_a_size(fields: bytes, status: bytes) -> None:
    """The limit covers request line, headers and trailers together, even in one read."""
    async with serving() as wire:
        reader, writer = await wire.connect()
        writer.write(fields)
        assert (await reader.readexactly(12)).endswith(status)
        assert len(wire.seen) == (status == b"200")


async def test_trailers_without_end_take_no_memory() -> None:
    """Of an endless field, the connection keeps at most the limit and one read."""
    async with serving() as wire:
        reader, writer = await wire.connect()
        writer.write(CHUNKED + b"X: ")
        with contextlib.suppress(ConnectionError):
            for _ in range(1000):
                writer.write(HALF)
                await writer.drain()
        assert (await ended(reader))[:12] in (b"", b"HTTP/1.1 431")
        assert wire.seen == []


async def test_blank_lines_keep_no_connection_open() -> None:
    """Blank lines are allowed before a request, but do not count as one."""
    async with serving(keep_alive_seconds=1) as wire:
        reader, writer = await wire.connect()
        writer.write(REQUEST)
        await reader.readuntil(b"\r\n\r\n4")
        closed = asyncio.create_task(ended(reader))
        while not closed.done():
            writer.write(b"\r\n")
            await asyncio.sleep(0.05)
        assert closed.result() == b""


async def test_a_body_behind_its_response_keeps_no_connection_open() -> None:
    """The response is sent before the body arrives; after the body, the connection is idle like any other."""
    async with serving(keep_alive_seconds=1) as wire:
        reader, writer = await wire.connect()
        writer.write(REQUEST[:-4].replace(b"/", b"/early", 1))
        await reader.readuntil(b"\r\n\r\n0")
        writer.write(b"body")
        assert await ended(reader) == b""


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("head", [b"GET /large HTTP/1.1\r\n\r\n", b"GET /large HTTP/1.1\r\nConnection: close\r\n\r\n"])
async def test_who_does_not_read_is_hung_up_on(head: bytes) -> None:
    """The response does not fit into the buffers and is not read: the connection ends, and memory and task are
    freed."""
    async with serving() as wire:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", wire.port))
            await asyncio.get_running_loop().sock_sendall(client, head)
            await until(lambda: wire.seen and not wire.connections)
            assert not wire.server.server_state.tasks
