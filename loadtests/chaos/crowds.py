"""Crowds of bad connections: opens each kind many times, and checks that Meta's webhooks still get their responses."""

import contextlib
import hashlib
import hmac
import itertools
import json
import random
import socket
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec

PATH = "/api/v1/webhook"
WEBHOOKS = 40
MEBIBYTE = 1024 * 1024
#: A signature of the right form, so that the body is read.
WELL_FORMED = b"X-Hub-Signature-256: sha256=" + b"0" * 64 + b"\r\n"

_numbers = itertools.count(1)


class WebProcess:
    """A web process, and a client for it."""

    def __init__(self, port: int, pid: int, app_secret: str) -> None:
        self.port, self.pid, self.app_secret = port, pid, app_secret
        # One client for all requests, because making one takes longer than a request.
        self.client = httpx.Client(timeout=30)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def resident_mib(self) -> float:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * 4096 / MEBIBYTE

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=5)

    def order(self) -> int:
        """Delivers a new customer's order as Meta does; returns the status."""
        number = next(_numbers) + random.randrange(10**9) * 1000
        message = {
            "from": f"1555{number % 10**7:07d}",
            "id": f"wamid.ABUSE{number}",
            "timestamp": str(int(time.time())),
            "type": "text",
            "text": {"body": "Quiero 2 zapatos y 1 camisa"},
        }
        value = {"metadata": {"phone_number_id": "700000000000001"}, "messages": [message]}
        body = json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]}).encode()
        signature = hmac.new(self.app_secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={signature}"}
        return self.client.post(self.url(PATH), content=body, headers=headers).status_code


class Pressed(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a crowd. `held`: its connections that are still open at the end."""

    connections: int
    held: int
    webhooks: int
    answered: int
    slowest_seconds: float
    grown_mib: float


#: What a bad client does with a new connection.
Crowd = Callable[[socket.socket], None]


def idle(connection: socket.socket) -> None:
    """Sends nothing."""


def slow_head(connection: socket.socket) -> None:
    """Sends half of the headers."""
    connection.sendall(b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: recado\r\nX-Slow: ")


def slow_body(connection: socket.socket) -> None:
    """Announces a large body and sends only a little of it."""
    connection.sendall(_head(b"Content-Length: 3000000\r\n") + b"x" * 1000)


def chunked_body(connection: socket.socket) -> None:
    """Sends a body without length and end."""
    connection.sendall(_head(b"Transfer-Encoding: chunked\r\n"))
    _flood(connection, b"1000\r\n" + b"x" * 4096 + b"\r\n", 256)


def half_bodies(connection: socket.socket) -> None:
    """Sends a body of nearly 3 MB without its end."""
    connection.sendall(_head(b"Content-Length: 3000000\r\n"))
    _flood(connection, b"x" * 29_000, 100)


def header_flood(connection: socket.socket) -> None:
    """Sends endless headers."""
    connection.sendall(b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: recado\r\n")
    _flood(connection, b"X-Flood: " + b"y" * 1000 + b"\r\n", 500)


def endless_url(connection: socket.socket) -> None:
    """Sends an endless request line."""
    connection.sendall(b"GET /")
    _flood(connection, b"z" * 10_000, 50)


def garbage(connection: socket.socket) -> None:
    """Sends no HTTP."""
    connection.sendall(random.randbytes(2000))


CROWDS: tuple[Crowd, ...] = (
    idle,
    slow_head,
    slow_body,
    chunked_body,
    half_bodies,
    header_flood,
    endless_url,
    garbage,
)


def press(target: WebProcess, crowd: Crowd, *, connections: int) -> Pressed:
    """Opens the crowd's connections and keeps them while Meta delivers webhooks."""
    before = target.resident_mib()
    largest = before
    opened: list[socket.socket] = []
    try:
        for _ in range(connections):
            connection = target.connect()
            opened.append(connection)
            with contextlib.suppress(OSError):  # recado closed it
                crowd(connection)
            if len(opened) % 50 == 0:
                largest = max(largest, target.resident_mib())
        statuses, slowest = [], 0.0
        for _ in range(WEBHOOKS):
            started = time.monotonic()
            statuses.append(target.order())
            slowest = max(slowest, time.monotonic() - started)
        largest = max(largest, target.resident_mib())
        held = sum(_open(connection) for connection in opened)
    finally:
        for connection in opened:
            connection.close()
    return Pressed(
        connections=connections,
        held=held,
        webhooks=WEBHOOKS,
        answered=statuses.count(200),
        slowest_seconds=round(slowest, 3),
        grown_mib=round(largest - before, 1),
    )


def _head(header: bytes) -> bytes:
    return b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: recado\r\n" + WELL_FORMED + header + b"\r\n"


def _flood(connection: socket.socket, piece: bytes, pieces: int) -> None:
    """Sends while the server reads."""
    connection.settimeout(0.2)
    with contextlib.suppress(TimeoutError):
        for _ in range(pieces):
            connection.sendall(piece)


def _open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(65536) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
