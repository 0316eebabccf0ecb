"""GraphTransport against scripted servers: above all, what it says about whether a request was sent."""

import asyncio
import socket
import ssl

import httpx
import pytest
from tests.whatsapp.scripted_server import BOMB, OK, TLS, Server, on_uvloop, post, read_request, reset

from recado.whatsapp.content import Text
from recado.whatsapp.errors import EdgeFailureError, EdgeRefusalError, GraphError, UnreadableResponseError
from recado.whatsapp.inbound import Customer
from recado.whatsapp.service import WhatsAppService
from recado.whatsapp.transport import GraphTransport, RequestHead


async def test_the_request_goes_out_whole_and_the_connection_is_used_again(transport: GraphTransport) -> None:
    """Request line, headers and body are sent as given. Three calls use one connection."""
    server = Server()
    async with server.run(server.responding(OK, OK, OK)) as url:
        for body in (b'{"a":1}', "é".encode(), b""):
            response = await post(transport, url, body)
            assert (response.status_code, response.content) == (200, b"ok")
    assert server.requests[0].startswith(b"POST /v26.0/1/messages HTTP/1.1\r\nHost: 127.0.0.1:")
    assert server.requests[0].endswith(b'\r\n\r\n{"a":1}')
    assert server.requests[1].endswith("\r\nContent-Length: 2\r\n\r\né".encode())
    assert server.connections == 1


@pytest.mark.parametrize(
    ("response", "content"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\n\r\n", b"ok!"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", b"ok"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(BOMB), BOMB),
            b"",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    ],
    ids=["chunked", "no content", "informational", "close", "compressed", "identity"],
)
async def test_every_framing_is_understood(transport: GraphTransport, response: bytes, content: bytes) -> None:
    """Chunked, empty, after a 1xx, or before a close: each response is complete, and a second call works. A
    compressed body is never unpacked: recado does not ask for compression, and the body could get any size."""
    server = Server()
    async with server.run(server.responding(response, response)) as url:
        for _ in range(2):
            assert (await post(transport, url)).content == content


async def test_a_body_may_end_with_the_connection(transport: GraphTransport) -> None:
    """Without a length, the body ends when the server closes the connection."""
    server = Server()
    async with server.run(server.responding(b"HTTP/1.1 200 OK\r\n\r\nok", then_close=True)) as url:
        assert (await post(transport, url)).content == b"ok"


async def test_nobody_listens() -> None:
    """A refused connection is a ConnectError: nothing was sent."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        with pytest.raises(httpx.ConnectError):
            await post(GraphTransport(), url)


async def test_a_connection_that_is_not_made_in_time() -> None:
    """A server with a full backlog accepts no connection: ConnectTimeout."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        try:
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(address)
            with pytest.raises(httpx.ConnectTimeout):
                await post(GraphTransport(), f"http://127.0.0.1:{address[1]}/", connect=0.1)
        finally:
            for filler in fillers:
                filler.close()


async def test_tls_that_fails_is_a_failure_to_connect(transport: GraphTransport) -> None:
    """The server does not speak TLS. Nothing of the request was sent, so it is a ConnectError."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await reader.read()

    async with Server().run(plain) as url:
        with pytest.raises(httpx.ConnectError):
            await post(transport, url.replace("http:", "https:"))


async def test_tls_is_used_reused_and_verified() -> None:
    """With a trusted certificate, many calls use one connection. With an untrusted one, or one for another name,
    every call fails."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    trusting = ssl.create_default_context(cafile=TLS / "certificate.pem")
    server = Server()
    async with server.run(server.responding(OK, OK), tls) as url:
        by_address = url.replace("http:", "https:")
        by_name = by_address.replace("127.0.0.1", "localhost")
        transport = GraphTransport(ssl_context=trusting)
        for _ in range(2):
            assert (await post(transport, by_name)).content == b"ok"
        assert server.connections == 1
        with pytest.raises(httpx.ReadTimeout):
            await post(transport, by_name, read=0.05)
        with pytest.raises(httpx.ConnectError):
            await post(transport, by_address)
        await transport.aclose()
        untrusting = GraphTransport()
        with pytest.raises(httpx.ConnectError):
            await post(untrusting, by_name)
        await untrusting.aclose()
    assert len(server.requests) == 2


async def test_no_response_in_time_is_a_read_timeout(transport: GraphTransport) -> None:
    """The request was sent and no response comes. The connection is not used again."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    server = Server()
    async with server.run(silent) as url:
        for _ in range(2):
            with pytest.raises(httpx.ReadTimeout):
                await post(transport, url, read=0.05)
    assert server.connections == 2


async def test_a_slow_response_does_not_extend_the_time(transport: GraphTransport) -> None:
    """The read time-out limits the whole response, even if parts of it keep arriving."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b".")
            await asyncio.sleep(0.01)

    async with Server().run(drip) as url:
        with pytest.raises(httpx.ReadTimeout):
            await post(transport, url, read=0.1)


@pytest.mark.parametrize(
    "part", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"]
)
@pytest.mark.parametrize("rst", [True, False], ids=["reset", "closed"])
async def test_a_connection_lost_after_the_request_is_a_read_error(
    transport: GraphTransport, part: bytes, rst: bool
) -> None:
    """Before, within or after the head of the response: the outcome is unknown, and the request is not sent again."""
    seen = 0

    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        await read_request(reader)
        seen += 1
        writer.write(part)
        await writer.drain()
        if rst:
            reset(writer)

    async with Server().run(break_off) as url:
        with pytest.raises(httpx.ReadError):
            await post(transport, url)
    assert seen == 1


async def test_a_request_that_does_not_go_out_whole_is_a_write_failure(transport: GraphTransport) -> None:
    """The server reads nothing, and the body does not fit into the socket's buffer: WriteTimeout, or WriteError if
    the server resets the connection."""
    large = b"x" * 20_000_000
    may_reset = asyncio.Event()

    async def reads_little(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await may_reset.wait()
        await reader.read(1)
        reset(writer)

    async with Server().run(reads_little) as url:
        with pytest.raises(httpx.WriteTimeout):
            await post(transport, url, large, write=0.05)
        may_reset.set()
        with pytest.raises(httpx.WriteError):
            await post(transport, url, large)


async def test_a_slow_reader_gets_a_large_request(transport: GraphTransport) -> None:
    """The read time-out begins when the whole request is sent."""
    server = Server()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1.1)
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(30_000_000)
        writer.write(OK)
        await reader.read()

    async with server.run(slow) as url:
        assert (await post(transport, url, b"x" * 30_000_000, write=30.0, read=1.0)).content == b"ok"


@pytest.mark.parametrize(
    "response",
    [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 2_000_000,
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * 2_000_000,
    ],
    ids=["bytes", "no status", "two lengths", "upgrade", "large body", "large head"],
)
async def test_a_response_that_is_not_acceptable_http(transport: GraphTransport, response: bytes) -> None:
    """Invalid HTTP and anything over 1 MiB are a RemoteProtocolError, and the connection is closed."""
    server = Server()
    async with server.run(server.responding(response)) as url:
        with pytest.raises(httpx.RemoteProtocolError):
            await post(transport, url)
        with pytest.raises(httpx.RemoteProtocolError):
            await post(transport, url)
    assert server.connections == 2


@pytest.mark.parametrize("name", ["X-A", "Authorization"])
async def test_a_line_break_in_a_header_is_refused(transport: GraphTransport, name: str) -> None:
    """A header cannot contain another one."""
    request = httpx.Request("POST", "http://127.0.0.1:1/", headers={name: "a\r\nB: c"}, content=b"{}")
    with pytest.raises(httpx.LocalProtocolError):
        await transport.handle_async_request(request)


async def test_a_scheme_without_a_transport_is_refused(transport: GraphTransport) -> None:
    """Only http and https."""
    with pytest.raises(httpx.UnsupportedProtocol):
        await post(transport, "ftp://127.0.0.1/")


async def test_it_serves_an_httpx_client_too(transport: GraphTransport) -> None:
    """It has httpx's interface, so AsyncClient can use it, with its time-outs."""
    server = Server()
    async with server.run(server.responding(OK)) as url, httpx.AsyncClient(transport=transport) as client:
        assert (await client.post(url, json={"a": 1})).text == "ok"


async def test_exchange_sends_the_same(transport: GraphTransport) -> None:
    """exchange() sends the same request to a prepared head, with one further header. It unpacks nothing."""
    server = Server()
    zipped = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(BOMB), BOMB)
    async with server.run(server.responding(OK, zipped, OK)) as url:
        prepared = RequestHead("POST", httpx.URL(url), httpx.Headers({"Authorization": "Bearer t"}))
        response = await transport.exchange(prepared, b"{}", {"read": 2.0})
        assert (response.status, response.headers, response.body) == (200, [(b"Content-Length", b"2")], b"ok")
        assert (await transport.exchange(prepared, b"", {}, header=(b"X-A", b"b"))).body == b""
        assert (await transport.exchange(prepared, b"", {})).body == b"ok"
        with pytest.raises(httpx.LocalProtocolError):
            await transport.exchange(prepared, b"{}", {}, header=(b"X-A", b"b\r\nX-C: d"))
    path = httpx.URL(url)
    head = f"POST {path.path} HTTP/1.1\r\nHost: {path.host}:{path.port}\r\nAuthorization: Bearer t\r\n"
    assert server.requests[0].decode() == f"{head}Content-Length: 2\r\n\r\n{{}}"
    assert server.requests[1].decode() == f"{head}X-A: b\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("status", "error"), [(200, UnreadableResponseError), (502, EdgeFailureError), (403, EdgeRefusalError)]
)
async def test_a_compressed_response_is_judged_by_its_status(
    transport: GraphTransport, status: int, error: type[GraphError]
) -> None:
    """After a 200 the message may have been sent, so the outcome is unknown until a status settles it. The request
    asks for no encoding."""
    server = Server()
    zipped = b"HTTP/1.1 %d X\r\nContent-Encoding: br, gzip\r\nContent-Length: %d\r\n\r\n%s" % (status, len(BOMB), BOMB)
    async with server.run(server.responding(zipped)) as url:
        whatsapp = WhatsAppService(transport, access_token="t", api_url=url.rstrip("/"), api_version="v26.0")
        with pytest.raises(GraphError) as caught:
            await whatsapp.send_message(Customer(phone="+1555"), Text("hola"), phone_number_id="1", attempt_id="a")
    assert type(caught.value) is error
    assert b"\r\nAccept-Encoding: identity\r\n" in server.requests[0]


def test_it_works_the_same_on_uvloop() -> None:
    """Reuse, resets and limits, on the loop that production runs."""
    on_uvloop(
        test_the_request_goes_out_whole_and_the_connection_is_used_again,
        test_a_body_may_end_with_the_connection,
        test_no_response_in_time_is_a_read_timeout,
        test_a_request_that_does_not_go_out_whole_is_a_write_failure,
        test_a_slow_reader_gets_a_large_request,
        lambda transport: test_nobody_listens(),
        lambda transport: test_tls_is_used_reused_and_verified(),
    )
