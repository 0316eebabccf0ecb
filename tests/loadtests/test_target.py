"""A run waits for late replies as long as there is progress, and no longer."""

import contextlib
import http.server
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from loadtests.target import Target, UnreachableError, wait_until_reachable, waiting
from loadtests.verdict import Book

from loadtests import target


class Played(Target):
    """A target that responds from a script; the last line is repeated."""

    script: Iterator[tuple[dict[str, Any], dict[str, int]]]
    line: tuple[dict[str, Any], dict[str, int]]

    def queue_status(self) -> dict[str, Any]:
        object.__setattr__(self, "line", next(self.script, None) or self.line)
        return self.line[0]

    def replies(self) -> dict[str, int]:
        return self.line[1]


def status(pending: int) -> dict[str, Any]:
    return {"pending_retry": pending, "in_flight": 0, "unknown": 0}


def played(*script: tuple[dict[str, Any], dict[str, int]]) -> Played:
    one = Played("http://recado", "token", "http://meta")
    object.__setattr__(one, "script", iter(script))
    return one


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "POLL_SECONDS", 0.001)


def book() -> Book:
    written = Book()
    written.merge({"+1": [1, 1], "+2": [1, 1]})
    return written


def test_replies_that_come_late_are_waited_for() -> None:
    """Two looks show progress; the third shows that all replies arrived."""
    looks = played((status(2), {}), (status(1), {"+1": 1}), (status(0), {"+1": 1, "+2": 1}))
    deliveries, after = looks.settled(book(), patience=5)
    assert deliveries is not None
    assert deliveries.lost == 0
    assert waiting(after) == 0


def test_without_progress_the_wait_ends() -> None:
    """Missing replies are lost then."""
    deliveries, _ = played((status(0), {"+1": 1})).settled(book(), patience=0.01)
    assert deliveries is not None
    assert deliveries.lost == 1


def test_what_cannot_be_asked_is_not_waited_for() -> None:
    """Without a simulator and a token nothing is known, and the run does not wait."""
    assert Target("http://recado", "", "").settled(book(), patience=60) == (None, None)


def test_a_service_that_is_not_there_yet_is_waited_for() -> None:
    """Refused connections are tried again; any response counts, even a 404."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]

    def serve_once() -> None:
        with http.server.HTTPServer(("127.0.0.1", port), http.server.BaseHTTPRequestHandler) as server:
            server.handle_request()

    late = threading.Timer(0.2, serve_once)
    late.start()
    wait_until_reachable(f"http://127.0.0.1:{port}/", patience=10)
    late.join()


def test_a_service_that_never_comes_is_named() -> None:
    """One sentence with its URL."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(UnreachableError, match=f"nothing responds at http://127.0.0.1:{port}/"):
        wait_until_reachable(f"http://127.0.0.1:{port}/", patience=0.01)
