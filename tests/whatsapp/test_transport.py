"""GraphTransport against scripted servers: above all, what it says about whether a request was sent."""

import asyncio
import gzip
import socket
import ssl
import struct
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import uvloop
from tests.waiting import PATIENCE_SECONDS, until

from recado.whatsapp.content import Text
from recado.whatsapp.customer import Customer
from recado.whatsapp.errors import EdgeFailureError, EdgeRefusalError, GraphError, UnreadableResponseError
from recado.whatsapp.service import WhatsAppService
from recado.whatsapp.transport import Endpoint, GraphTransport

#: A kilobyte that would become a megabyte.
BOMB = gzip.compress(bytes(1_000_000), mtime=0)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#: A certificate for `localhost`, valid until 2126, and its key; made for these tests, known to everyone.
TLS = Path(__file__).parent / "tls"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One whole request; raises IncompleteReadError when the client has hung up."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return head + await reader.readexactly(length)


class Server:
    """Runs `handler` for each connection; keeps the requests that `answering` handlers saw."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.connections = 0

    def answering(self, *answers: bytes, then_close: bool = False) -> Handler:
        """A handler that gives each request of a connection the next answer."""

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for answer in answers:
                self.requests.append(await read_request(reader))
                writer.write(answer)
            if not then_close:
                await reader.read()

        return handle

    @asynccontextmanager
    async def run(self, handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections += 1
            try:
                await handler(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
        host, port = server.sockets[0].getsockname()
        try:
            yield f"http://{host}:{port}/v26.0/1/messages"
        finally:
            server.close()
            await server.wait_closed()


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@pytest.fixture
async def transport() -> AsyncIterator[GraphTransport]:
    transport = GraphTransport(max_connections=4, keepalive_seconds=5)
    yield transport
    await transport.aclose()


async def post(transport: GraphTransport, url: str, body: bytes = b"{}", **timeouts: float) -> httpx.Response:
    timeouts = {**dict.fromkeys(("connect", "read", "write", "pool"), PATIENCE_SECONDS), **timeouts}
    request = httpx.Request("POST", url, content=body, extensions={"timeout": timeouts})
    return await transport.handle_async_request(request)


async def test_the_request_goes_out_whole_and_the_connection_is_used_again(transport: GraphTransport) -> None:
    """Request line, headers and body as given; three calls, one connection."""
    server = Server()
    async with server.run(server.answering(OK, OK, OK)) as url:
        for body in (b'{"a":1}', "é".encode(), b""):
            response = await post(transport, url, body)
            assert (response.status_code, response.content) == (200, b"ok")
    assert server.requests[0].startswith(b"POST /v26.0/1/messages HTTP/1.1\r\nHost: 127.0.0.1:")
    assert server.requests[0].endswith(b'\r\n\r\n{"a":1}')
    assert server.requests[1].endswith("\r\nContent-Length: 2\r\n\r\né".encode())
    assert server.connections == 1


@pytest.mark.parametrize(
    ("answer", "content"),
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
async def test_every_framing_is_understood(transport: GraphTransport, answer: bytes, content: bytes) -> None:
    """Chunked, empty, announced by 1xx, closing: each answer is whole, and a second call works.

    What is compressed is never unpacked, since nobody asked for it and it could become any size.
    """
    server = Server()
    async with server.run(server.answering(answer, answer)) as url:
        for _ in range(2):
            assert (await post(transport, url)).content == content


async def test_a_body_may_end_with_the_connection(transport: GraphTransport) -> None:
    """Without a length the body is what came until the close."""
    server = Server()
    async with server.run(server.answering(b"HTTP/1.1 200 OK\r\n\r\nok", then_close=True)) as url:
        assert (await post(transport, url)).content == b"ok"


async def test_nobody_listens() -> None:
    """A refused connection is a ConnectError: nothing was sent."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        with pytest.raises(httpx.ConnectError):
            await post(GraphTransport(), url)


async def test_a_connection_that_is_not_made_in_time() -> None:
    """A full backlog swallows connections: ConnectTimeout."""
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
    """A server that does not speak TLS: nothing of the request went out, so it is a ConnectError."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await reader.read()

    async with Server().run(plain) as url:
        with pytest.raises(httpx.ConnectError):
            await post(transport, url.replace("http:", "https:"))


async def test_tls_is_used_reused_and_verified() -> None:
    """A trusted certificate serves many calls on one connection; an untrusted one, or one for another name, none."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    trusting = ssl.create_default_context(cafile=TLS / "certificate.pem")
    server = Server()
    async with server.run(server.answering(OK, OK), tls) as url:
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


async def test_no_answer_in_time_is_a_read_timeout(transport: GraphTransport) -> None:
    """The request is out and nothing comes; the connection is not used again."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    server = Server()
    async with server.run(silent) as url:
        for _ in range(2):
            with pytest.raises(httpx.ReadTimeout):
                await post(transport, url, read=0.05)
    assert server.connections == 2


async def test_a_drip_does_not_extend_the_time(transport: GraphTransport) -> None:
    """The read time-out bounds the whole answer, however lively it arrives."""

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
    """Before, within or after the head: the outcome is unknown, and the request is never sent again."""
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


async def test_a_kept_connection_that_the_server_closed_is_replaced_silently(transport: GraphTransport) -> None:
    """Closed while idle, before any byte was written: the call goes out on a new connection, once."""
    server = Server()
    async with server.run(server.answering(OK, then_close=True)) as url:
        for _ in range(3):
            assert (await post(transport, url)).status_code == 200
            await asyncio.sleep(0.02)
    assert len(server.requests) == server.connections == 3


async def test_a_connection_closed_while_the_loop_was_busy_is_replaced_too(transport: GraphTransport) -> None:
    """The FIN is in the kernel, the loop has not seen it: nothing is written to a connection that is gone."""
    answered = []

    def serve(listener: socket.socket) -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            with connection:
                answered.append(connection.recv(4096))
                connection.sendall(OK)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        assert (await post(transport, url)).content == b"ok"
        time.sleep(1.05)  # the loop is busy, as with a large batch
        assert (await post(transport, url)).content == b"ok"
        thread.join()
    assert len(answered) == 2


async def test_a_reset_in_answer_to_a_reused_connection_is_not_resent(transport: GraphTransport) -> None:
    """The first request is answered, the second is read and the connection reset: ReadError, no third."""
    server = Server()

    async def second_breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.answering(OK, then_close=True)(reader, writer)
        server.requests.append(await read_request(reader))
        reset(writer)

    async with server.run(second_breaks) as url:
        await post(transport, url)
        with pytest.raises(httpx.ReadError):
            await post(transport, url)
    assert len(server.requests) == 2


async def test_a_request_that_does_not_go_out_whole_is_a_write_failure(transport: GraphTransport) -> None:
    """The server reads little, and the body does not fit the socket: WriteTimeout, and WriteError if it resets."""
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
    """The read time-out begins when the request is out, not before."""
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
    "answer",
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
async def test_an_answer_that_is_not_acceptable_http(transport: GraphTransport, answer: bytes) -> None:
    """Garbage and anything over 1 MiB end as RemoteProtocolError, and the connection with it."""
    server = Server()
    async with server.run(server.answering(answer)) as url:
        with pytest.raises(httpx.RemoteProtocolError):
            await post(transport, url)
        with pytest.raises(httpx.RemoteProtocolError):
            await post(transport, url)
    assert server.connections == 2


async def test_an_answer_to_no_question_ends_the_connection(transport: GraphTransport) -> None:
    """Bytes after the answer could be taken for the next one's: the connection is dropped."""
    server = Server()
    async with server.run(server.answering(OK + OK)) as url:
        assert (await post(transport, url)).content == b"ok"
        assert (await post(transport, url)).content == b"ok"
    assert server.connections == 2


async def test_the_pool_is_bounded_and_everybody_has_a_turn(transport: GraphTransport) -> None:
    """50 calls at once over 4 connections: all are answered, and no fifth connection is made."""
    server = Server()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            server.requests.append(await read_request(reader))
            await asyncio.sleep(0.002)
            writer.write(OK)

    async with server.run(slow) as url:
        responses = await asyncio.gather(*(post(transport, url) for _ in range(50)))
        assert {response.status_code for response in responses} == {200}
        assert (len(server.requests), server.connections) == (50, 4)


async def test_a_pool_that_stays_busy_is_a_pool_timeout(transport: GraphTransport) -> None:
    """Who cannot get a connection in time has sent nothing; the pool works on when the others are done."""
    release = asyncio.Event()

    async def held(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await release.wait()
        writer.write(OK)

    async with Server().run(held) as url:
        busy = [asyncio.create_task(post(transport, url)) for _ in range(4)]
        await asyncio.sleep(0.05)
        with pytest.raises(httpx.PoolTimeout):
            await post(transport, url, pool=0.02)
        late = asyncio.create_task(post(transport, url))
        release.set()
        for call in (*busy, late):
            assert (await call).status_code == 200


async def test_cancelled_calls_give_their_place_back(transport: GraphTransport) -> None:
    """Cancelled while connecting, waiting or reading, again and again: the pool never runs dry."""

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await read_request(reader):
            if b"please" in request:
                writer.write(OK)

    async with Server().run(mute) as url:
        for pause in (0, 0, 0.001, 0.01):
            calls = [asyncio.create_task(post(transport, url)) for _ in range(12)]
            await asyncio.sleep(pause)
            for call in calls:
                call.cancel()
            assert all(
                isinstance(done, asyncio.CancelledError)
                for done in await asyncio.gather(*calls, return_exceptions=True)
            )
        answers = await asyncio.gather(*(post(transport, url, b"please") for _ in range(12)))
        assert {answer.status_code for answer in answers} == {200}


async def test_failures_give_their_place_back() -> None:
    """A pool of one survives failures of every kind, with others waiting meanwhile."""
    transport = GraphTransport(max_connections=1)
    server = Server()

    async def every_other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if server.connections % 2:
            reset(writer)
        else:
            await server.answering(OK, then_close=True)(reader, writer)

    async with server.run(every_other) as url:
        done = await asyncio.gather(*(post(transport, url) for _ in range(20)), return_exceptions=True)
        assert sum(isinstance(one, httpx.Response) for one in done) == 10
        assert all(isinstance(one, httpx.Response | httpx.NetworkError) for one in done)
        await transport.aclose()


async def test_closing_ends_the_calls_under_way(transport: GraphTransport) -> None:
    """aclose() leaves no call hanging: what was sent is a ReadError, what waited a PoolTimeout."""

    server = Server()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.requests.append(await read_request(reader))
        await reader.read()

    async with server.run(silent) as url:
        calls = [asyncio.create_task(post(transport, url, pool=PATIENCE_SECONDS)) for _ in range(5)]
        await until(lambda: len(server.requests) == 4)
        await transport.aclose()
        done = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(one) for one in done] == [httpx.ReadError] * 4 + [httpx.PoolTimeout]


@pytest.mark.parametrize("name", ["X-A", "Authorization"])
async def test_a_line_break_in_a_header_is_refused(transport: GraphTransport, name: str) -> None:
    """No header can smuggle in another one."""
    request = httpx.Request("POST", "http://127.0.0.1:1/", headers={name: "a\r\nB: c"}, content=b"{}")
    with pytest.raises(httpx.LocalProtocolError):
        await transport.handle_async_request(request)


async def test_a_scheme_without_a_transport_is_refused(transport: GraphTransport) -> None:
    """Only http and https."""
    with pytest.raises(httpx.UnsupportedProtocol):
        await post(transport, "ftp://127.0.0.1/")


async def test_it_serves_an_httpx_client_too(transport: GraphTransport) -> None:
    """The interface is httpx's: AsyncClient runs on it, time-outs and all."""
    server = Server()
    async with server.run(server.answering(OK)) as url, httpx.AsyncClient(transport=transport) as client:
        assert (await client.post(url, json={"a": 1})).text == "ok"


async def test_the_direct_way_in_sends_the_same(transport: GraphTransport) -> None:
    """exchange() with an endpoint rendered once: the same request, a header of its own, nothing unpacked."""
    server = Server()
    zipped = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(BOMB), BOMB)
    async with server.run(server.answering(OK, zipped, OK)) as url:
        endpoint = Endpoint("POST", httpx.URL(url), httpx.Headers({"Authorization": "Bearer t"}))
        answer = await transport.exchange(endpoint, b"{}", {"read": 2.0})
        assert (answer.status, answer.headers, answer.body) == (200, [(b"Content-Length", b"2")], b"ok")
        assert (await transport.exchange(endpoint, b"", {}, header=(b"X-A", b"b"))).body == b""
        assert (await transport.exchange(endpoint, b"", {})).body == b"ok"
        with pytest.raises(httpx.LocalProtocolError):
            await transport.exchange(endpoint, b"{}", {}, header=(b"X-A", b"b\r\nX-C: d"))
    path = httpx.URL(url)
    head = f"POST {path.path} HTTP/1.1\r\nHost: {path.host}:{path.port}\r\nAuthorization: Bearer t\r\n"
    assert server.requests[0].decode() == f"{head}Content-Length: 2\r\n\r\n{{}}"
    assert server.requests[1].decode() == f"{head}X-A: b\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("status", "error"), [(200, UnreadableResponseError), (502, EdgeFailureError), (403, EdgeRefusalError)]
)
async def test_a_compressed_answer_says_what_its_status_says(
    transport: GraphTransport, status: int, error: type[GraphError]
) -> None:
    """After a 200 the message may have been sent: unknown, until a status settles it. No encoding is asked for."""
    server = Server()
    zipped = b"HTTP/1.1 %d X\r\nContent-Encoding: br, gzip\r\nContent-Length: %d\r\n\r\n%s" % (status, len(BOMB), BOMB)
    async with server.run(server.answering(zipped)) as url:
        whatsapp = WhatsAppService(transport, access_token="t", api_url=url.rstrip("/"), api_version="v26.0")
        with pytest.raises(GraphError) as caught:
            await whatsapp.send_message(Customer(phone="+1555"), Text("hola"), phone_number_id="1", attempt_id="a")
    assert type(caught.value) is error
    assert b"\r\nAccept-Encoding: identity\r\n" in server.requests[0]


def test_it_works_the_same_on_uvloop() -> None:
    """Reuse, resets, write failures, time-outs and bounds, on the loop that production runs."""

    async def all_of_it() -> None:
        for test in (
            test_the_request_goes_out_whole_and_the_connection_is_used_again,
            test_a_body_may_end_with_the_connection,
            test_no_answer_in_time_is_a_read_timeout,
            test_a_kept_connection_that_the_server_closed_is_replaced_silently,
            test_a_connection_closed_while_the_loop_was_busy_is_replaced_too,
            test_a_reset_in_answer_to_a_reused_connection_is_not_resent,
            test_a_request_that_does_not_go_out_whole_is_a_write_failure,
            test_a_slow_reader_gets_a_large_request,
            test_the_pool_is_bounded_and_everybody_has_a_turn,
            test_cancelled_calls_give_their_place_back,
            test_closing_ends_the_calls_under_way,
        ):
            transport = GraphTransport(max_connections=4, keepalive_seconds=5)
            await test(transport)
            await transport.aclose()
        await test_nobody_listens()
        await test_tls_is_used_reused_and_verified()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(all_of_it())
