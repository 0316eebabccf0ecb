"""A pod that stops sends `Connection: close` before its shutdown, so that no request is dropped."""

import asyncio
import contextlib
import http.client
import threading
from typing import Any

import pytest
import uvicorn

from recado.http import shutdown
from recado.http.shutdown import GracefulShutdown, Server
from tests.waiting import PATIENCE_SECONDS, wait_for


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


class Pod:
    """A server in a thread, on a free port."""

    def __init__(self) -> None:
        self.told: list[bool] = []
        leaving = GracefulShutdown(app, lambda: self.told.append(True))
        self.server = Server(uvicorn.Config(leaving, port=0, lifespan="off", log_config=None), leaving)
        self.thread = threading.Thread(target=lambda: asyncio.run(self.server.serve()))
        self.thread.start()
        wait_for(lambda: self.server.started)

    def connect(self) -> http.client.HTTPConnection:
        port = self.server.servers[0].sockets[0].getsockname()[1]
        return http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)


def ask(connection: http.client.HTTPConnection) -> tuple[int, str | None]:
    connection.request("GET", "/")
    response = connection.getresponse()
    response.read()
    return response.status, response.getheader("connection")


def test_responses_close_their_connections_after_sigterm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before, connections stay open. After, each gets its response with `Connection: close`; then the server ends."""
    monkeypatch.setattr(shutdown, "CLOSING_SECONDS", PATIENCE_SECONDS)
    pod = Pod()
    with contextlib.closing(pod.connect()) as first, contextlib.closing(pod.connect()) as second:
        assert ask(first) == ask(second) == (200, None)
        assert not pod.told
        pod.server.should_exit = True
        wait_for(lambda: pod.told)
        assert ask(first) == (200, "close")
        assert pod.told == [True]
        assert ask(second) == (200, "close")
        pod.thread.join(PATIENCE_SECONDS)
        assert not pod.thread.is_alive()


def test_an_idle_connection_does_not_delay_the_shutdown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server closes an idle connection when CLOSING_SECONDS are over."""
    monkeypatch.setattr(shutdown, "CLOSING_SECONDS", 0.2)
    pod = Pod()
    with contextlib.closing(pod.connect()) as idle:
        assert ask(idle) == (200, None)
        pod.server.should_exit = True
        pod.thread.join(PATIENCE_SECONDS)
        assert not pod.thread.is_alive()
