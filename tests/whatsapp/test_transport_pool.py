"""The connections of GraphTransport: which are used again, how many there are, and what becomes of calls that wait."""

import asyncio
import socket
import threading
import time

import httpx
import pytest
from tests.waiting import PATIENCE_SECONDS, until
from tests.whatsapp.scripted_server import OK, Server, on_uvloop, post, read_request, reset

from recado.whatsapp.transport import GraphTransport


async def test_a_connection_that_the_server_closed_is_replaced(transport: GraphTransport) -> None:
    """The server closes an idle connection before a byte is written. The call uses a new connection, once."""
    server = Server()
    async with server.run(server.responding(OK, then_close=True)) as url:
        for _ in range(3):
            assert (await post(transport, url)).status_code == 200
            await asyncio.sleep(0.02)
    assert len(server.requests) == server.connections == 3


async def test_a_connection_closed_while_the_loop_was_busy_is_replaced_too(transport: GraphTransport) -> None:
    """The kernel has the FIN, but the loop has not read it yet. Nothing is written to a closed connection."""
    requests = []

    def serve(listener: socket.socket) -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            with connection:
                requests.append(connection.recv(4096))
                connection.sendall(OK)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        assert (await post(transport, url)).content == b"ok"
        time.sleep(1.05)  # the loop is busy, as with a large batch
        assert (await post(transport, url)).content == b"ok"
        thread.join()
    assert len(requests) == 2


async def test_a_request_on_a_reused_connection_that_is_reset_is_not_resent(transport: GraphTransport) -> None:
    """The server responds to the first request, reads the second one and resets the connection: ReadError, and no
    third request."""
    server = Server()

    async def second_breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.responding(OK, then_close=True)(reader, writer)
        server.requests.append(await read_request(reader))
        reset(writer)

    async with server.run(second_breaks) as url:
        await post(transport, url)
        with pytest.raises(httpx.ReadError):
            await post(transport, url)
    assert len(server.requests) == 2


async def test_bytes_after_a_response_end_the_connection(transport: GraphTransport) -> None:
    """They could be taken for the next response, so the connection is closed."""
    server = Server()
    async with server.run(server.responding(OK + OK)) as url:
        assert (await post(transport, url)).content == b"ok"
        assert (await post(transport, url)).content == b"ok"
    assert server.connections == 2


async def test_the_pool_is_bounded_and_everybody_has_a_turn(transport: GraphTransport) -> None:
    """50 calls at once use 4 connections. All get a response, and no fifth connection is opened."""
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
    """A call that gets no connection in time has sent nothing. The pool works again when the other calls are done."""
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
    """Calls are cancelled while they connect, wait or read, several times. The pool still has all its connections."""

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
        responses = await asyncio.gather(*(post(transport, url, b"please") for _ in range(12)))
        assert {response.status_code for response in responses} == {200}


async def test_failures_give_their_place_back() -> None:
    """A pool with one connection survives failures while other calls wait."""
    transport = GraphTransport(max_connections=1)
    server = Server()

    async def every_other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if server.connections % 2:
            reset(writer)
        else:
            await server.responding(OK, then_close=True)(reader, writer)

    async with server.run(every_other) as url:
        done = await asyncio.gather(*(post(transport, url) for _ in range(20)), return_exceptions=True)
        assert sum(isinstance(one, httpx.Response) for one in done) == 10
        assert all(isinstance(one, httpx.Response | httpx.NetworkError) for one in done)
        await transport.aclose()


async def test_closing_ends_the_calls_under_way(transport: GraphTransport) -> None:
    """aclose() ends every call: calls that were sent with ReadError, calls that wait with PoolTimeout."""

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


def test_it_works_the_same_on_uvloop() -> None:
    """Reuse, resets and limits, on the loop that production runs."""
    on_uvloop(
        test_a_connection_that_the_server_closed_is_replaced,
        test_a_connection_closed_while_the_loop_was_busy_is_replaced_too,
        test_a_request_on_a_reused_connection_that_is_reset_is_not_resent,
        test_the_pool_is_bounded_and_everybody_has_a_turn,
        test_cancelled_calls_give_their_place_back,
        test_closing_ends_the_calls_under_way,
    )
