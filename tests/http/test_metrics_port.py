"""The metrics port on a real socket: only `/metrics`, and no thread for silent clients."""

import http.client
import socket
import threading
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry, Counter

from recado.http import connection
from recado.http.metrics_port import serve_metrics
from recado.settings import Settings
from recado.simulator.installation import free_port
from tests.waiting import PATIENCE_SECONDS


@pytest.fixture
def port() -> Iterator[int]:
    registry = CollectorRegistry()
    Counter("seen", "What was seen.", registry=registry).inc()
    settings = Settings(metrics_port=free_port())
    stop = serve_metrics(settings, registry)
    yield settings.metrics_port
    stop()


def _ask(port: int, method: str, path: str, headers: dict[str, bytes] | None = None) -> tuple[int, bytes]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    client.putrequest(method, path, skip_accept_encoding=True)
    for name, value in (headers or {}).items():
        client.putheader(name, value)
    client.endheaders()
    with client.getresponse() as response:
        body = response.read()
    client.close()
    return response.status, body


@pytest.mark.parametrize(
    "accept",
    [
        b"",
        b"application/openmetrics-text; version=1.0.0",
        b"application/openmetrics-text; version=x; escaping=y",
        b"text/plain; version",
        b"\xff\xfe;;=,",
    ],
)
def test_every_accept_header_gets_metrics(port: int, accept: bytes) -> None:
    status, body = _ask(port, "GET", "/metrics?name[]=%ff", {"Accept": accept})
    assert status == 200
    assert b"seen_total 1.0" in body


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/metrics/", 404),
        ("GET", "/metrics/more", 404),
        ("GET", "/docs", 404),
        ("POST", "/livez", 404),
        ("POST", "/metrics", 405),
        ("DELETE", "/metrics", 405),
    ],
)
def test_nothing_else_is_served(port: int, method: str, path: str, status: int) -> None:
    assert _ask(port, method, path)[0] == status


def test_silent_connections_hold_no_thread_and_are_hung_up_on(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 2.0)
    threads = threading.active_count()
    silent = [socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) for _ in range(50)]
    assert _ask(port, "GET", "/metrics")[0] == 200
    assert threading.active_count() == threads
    for client in silent:
        with client:
            assert client.recv(1) == b""


def test_a_taken_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        serve_metrics(Settings(metrics_port=taken.getsockname()[1]), CollectorRegistry())
