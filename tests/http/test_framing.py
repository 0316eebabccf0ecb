"""If both ends may disagree where a request ends, the connection serves no other: raw requests against the real
protocol."""

import asyncio
import re

import pytest

from .wire import Wire, ended, serving

POST = b"POST /webhook HTTP/1.1\r\nHost: recado\r\n"
BODY = b"GET /stolen HTTP/1.1\r\nX-Ignore: "
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
NEXT = b"POST /next HTTP/1.1\r\nHost: recado\r\nContent-Length: 4\r\n\r\nnext"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n" % (len(BODY), BODY)


async def _answers(wire: Wire, *parts: bytes) -> bytes:
    """All responses to these parts, each of which is a separate read at the server, until the connection ends."""
    reader, writer = await wire.connect()
    for part in parts:
        writer.write(part)
        await asyncio.sleep(0.01)
    return await ended(reader)


def _statuses(answered: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1.1 (\d+)", answered)]


OFFERS = {
    "h2c": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n",
    "websocket": b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n",
    "unknown": b"Upgrade: anything\r\nConnection: close, upgrade\r\n",
    "several": b"Connection: keep-alive\r\nConnection: upgrade\r\nUpgrade: h2c\r\nUpgrade: TLS/1.0\r\n",
    "of a proxy": b"Proxy-Connection: upgrade\r\nUpgrade: h2c\r\n",
}


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
@pytest.mark.parametrize(
    "framing", [LENGTH + b"\r\n" + BODY, CHUNKED + b"\r\n" + CHUNKS + b"\r\n"], ids=["length", "chunks"]
)
@pytest.mark.parametrize("cut", [None, -1, -20, 30, 90], ids=str)
async def test_an_upgrade_that_is_not_made_is_ignored(offer: bytes, framing: bytes, cut: int | None) -> None:
    """The body is read by its length, wherever the reads are split; nothing after it is read."""
    request = POST + offer + framing
    async with serving() as wire:
        parts = [request + NEXT] if cut is None else [request[:cut], request[cut:] + NEXT]
        answered = await _answers(wire, *parts)
        assert [(r.method, r.path, r.body) for r in wire.seen] == [("POST", "/webhook", BODY)]
        assert b"upgrade" not in wire.seen[0].headers
        assert _statuses(answered) == [200]
        assert b"connection: close" in answered


async def test_an_upgrade_offer_ends_its_connection() -> None:
    """Even if the next request comes after the response, as a proxy would send it."""
    async with serving() as wire:
        reader, writer = await wire.connect()
        writer.write(POST + OFFERS["h2c"] + LENGTH + b"\r\n" + BODY)
        assert b"connection: close" in await ended(reader)


async def test_a_get_may_offer_an_upgrade_too() -> None:
    async with serving() as wire:
        get = b"GET /webhook HTTP/1.1\r\nHost: recado\r\n" + OFFERS["websocket"] + b"\r\n"
        answered = await _answers(wire, get + get)
        assert len(wire.seen) == 1
        assert _statuses(answered) == [200]


#: Requests that two parsers may read differently; each is refused.
REFUSED = {
    "connect": b"CONNECT recado:443 HTTP/1.1\r\nHost: recado\r\n\r\n",
    "connect with a body": b"CONNECT recado:443 HTTP/1.1\r\n" + LENGTH + b"\r\n" + BODY,
    "http/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "length and chunks": POST + LENGTH + CHUNKED + b"\r\n" + CHUNKS,
    "chunks and length": POST + CHUNKED + LENGTH + b"\r\n" + CHUNKS,
    "two lengths": POST + LENGTH + LENGTH + b"\r\n" + BODY,
    "listed lengths": POST + b"Content-Length: 4, 4\r\n\r\nbody",
    "signed length": POST + b"Content-Length: +4\r\n\r\nbody",
    "hexadecimal length": POST + b"Content-Length: 0x4\r\n\r\nbody",
    "empty length": POST + b"Content-Length:\r\n\r\nbody",
    "endless length": POST + b"Content-Length: 99999999999999999999\r\n\r\nbody",
    "blank before the colon": POST + b"Content-Length : 4\r\n\r\nbody",
    "folded": POST + b"X: a\r\n b\r\nContent-Length: 4\r\n\r\nbody",
    "folded length": POST + b"Content-Length:\r\n 4\r\n\r\nbody",
    "bare LF": (POST + b"Content-Length: 4\r\n\r\nbody").replace(b"\r\n", b"\n"),
    "bare LF in a header": POST + b"X: a\nContent-Length: 4\r\n\r\nbody",
    "bare CR in a header": POST + b"X: a\rContent-Length: 4\r\n\r\nbody",
    "NUL in a header": POST + b"X: a\0\r\nContent-Length: 4\r\n\r\nbody",
    "no such encoding": POST + b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNKS,
    "identity": POST + b"Transfer-Encoding: identity\r\n\r\nbody",
    "chunked is not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n" + CHUNKS,
    "chunked twice": POST + CHUNKED + CHUNKED + b"\r\n" + CHUNKS,
    "chunk ends in LF": POST + CHUNKED + b"\r\n4\nbody\n0\n\n",
    "chunk size with a prefix": POST + CHUNKED + b"\r\n0x4\r\nbody\r\n0\r\n\r\n",
    "chunk longer than it says": POST + CHUNKED + b"\r\n4\r\nbodybody\r\n0\r\n\r\n",
    "length in a trailer": POST + CHUNKED + b"\r\n" + CHUNKS + b"Content-Length: 4\r\n\r\nbody",
    "encoding in a trailer": POST + CHUNKED + b"\r\n" + CHUNKS + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("request_", REFUSED.values(), ids=REFUSED)
async def test_what_can_be_read_in_two_ways_is_refused(request_: bytes) -> None:
    """There is one 400, nothing reaches the application, and the connection ends."""
    async with serving() as wire:
        answered = await _answers(wire, request_ + NEXT)
        assert wire.seen == []
        assert _statuses(answered) == [400]


@pytest.mark.parametrize(
    "request_",
    [
        POST.replace(b"1.1", b"1.0") + b"Connection: keep-alive\r\nContent-Length: 4\r\n\r\nbody",
        POST.replace(b"1.1", b"1.0") + b"Connection: keep-alive\r\n" + CHUNKED + b"\r\n4\r\nbody\r\n0\r\n\r\n",
        POST.replace(b"1.1", b"2.0") + b"Connection: keep-alive\r\nContent-Length: 4\r\n\r\nbody",
        POST + b"Connection: close\r\nContent-Length: 4\r\n\r\nbody",
        POST + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\nbody",
    ],
    ids=["HTTP/1.0", "HTTP/1.0 in chunks", "HTTP/2.0", "close", "expect"],
)
async def test_some_requests_are_the_last_of_their_connection(request_: bytes) -> None:
    async with serving() as wire:
        answered = await _answers(wire, request_)
        assert [request.body for request in wire.seen] == [b"body"]
        assert b"connection: close" in answered


async def test_a_body_that_was_not_waited_for_is_no_request() -> None:
    """After a response before "100 Continue", some clients send the body anyway, others their next request."""
    async with serving() as wire:
        expecting = b"POST /early HTTP/1.1\r\nExpect: 100-continue\r\n" + LENGTH + b"\r\n"
        answered = await _answers(wire, expecting, NEXT)
        assert [request.path for request in wire.seen] == ["/early"]
        assert _statuses(answered) == [200]


async def test_a_request_waits_for_the_response_before_it() -> None:
    """Proxies wait for it. If a second request comes earlier, only the first gets a response, whatever the second
    is."""
    for second in (NEXT, NEXT * 1000, b"\0\0\0", POST + OFFERS["h2c"] + b"\r\n", b"X" * 100_000):
        async with serving() as wire:
            reader, writer = await wire.connect()
            writer.write(POST.replace(b"/webhook", b"/slow") + b"Content-Length: 4\r\n\r\nbody" + second)
            await asyncio.sleep(0.05)
            writer.write(NEXT)
            await asyncio.sleep(0.05)
            wire.go.set()
            answered = await ended(reader)
            assert [request.path for request in wire.seen] == ["/slow"]
            assert _statuses(answered) == [200]


async def test_an_answered_request_is_not_answered_again() -> None:
    """If the body turns out to be invalid after the response, the connection ends without another response."""
    async with serving() as wire:
        reader, writer = await wire.connect()
        writer.write(b"POST /early HTTP/1.1\r\n" + CHUNKED + b"\r\n")
        await reader.readuntil(b"\r\n\r\n0")
        writer.write(b"no chunk\r\n")
        assert await ended(reader) == b""


async def test_good_requests_share_a_connection() -> None:
    """With a length, in chunks, split anywhere, with a blank line between them, with an upgrade offer without a
    protocol."""
    requests = [
        POST + b"Content-Length: 4\r\n\r\nbody",
        POST + CHUNKED + b"\r\n4;name=value\r\nbody\r\n0\r\nX-Trailer: y\r\n\r\n",
        b"\r\n" + POST + b"Content-Length: 4\r\n\r\nbody",
        POST + b"Upgrade: h2c\r\nContent-Length: 4\r\n\r\nbody",
        POST + b"Connection: upgrade\r\nContent-Length: 4\r\n\r\nbody",
    ]
    async with serving() as wire:
        reader, writer = await wire.connect()
        for request in requests:
            for cut in (len(request), 1, len(request) // 2, len(request) - 1):
                writer.write(request[:cut])
                await asyncio.sleep(0.002)
                writer.write(request[cut:])
                assert b"connection: close" not in await reader.readuntil(b"\r\n\r\n4")
        assert {request.body for request in wire.seen} == {b"body"}
        assert len(wire.seen) == 4 * len(requests)
