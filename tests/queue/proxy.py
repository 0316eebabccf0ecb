"""A TCP proxy between a client and a server that can lose a COMMIT or the response to it."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from enum import Enum

#: The beginning of the message with the server's process id.
KEY_DATA = b"K\x00\x00\x00\x0c"


class Mode(Enum):
    """How data is forwarded."""

    FORWARD = "everything passes"
    LOSE_RESPONSE = "a COMMIT reaches the server, its answer does not reach the client"
    LOSE_COMMIT = "a COMMIT does not reach the server"


class Proxy:
    """Listens on `port` of 127.0.0.1 and forwards to another port. A mode other than FORWARD applies to one COMMIT.
    With `pooler` it changes process ids, as PgBouncer does; with `tls` its clients must use TLS."""

    def __init__(self, target: int, *, pooler: bool = False, tls: ssl.SSLContext | None = None) -> None:
        self._target = target
        self._tls = tls
        self._pooler = pooler
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.mode = Mode.FORWARD
        self.lost = 0
        self._sockets = [self._listener]
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def stop(self) -> None:
        """Accepts no more connections; existing ones continue."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Closes all connections."""
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for one in self._sockets:
            one.close()

    def _start(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._tls:
                    client.recv(8)  # the request for TLS
                    client.sendall(b"S")
                    client = self._tls.wrap_socket(client, server_side=True)
                server = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [client, server]
                self._start(self._to_server, client, server)
                self._start(self._to_client, client, server)

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if self.mode is not Mode.FORWARD and b"COMMIT" in data:
                    mode, self.mode = self.mode, Mode.FORWARD
                    self.lost += 1
                    client.shutdown(socket.SHUT_RDWR)
                    if mode is Mode.LOSE_RESPONSE:
                        server.sendall(data)
                    server.shutdown(socket.SHUT_WR)
                    return
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _to_client(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                client.sendall(_renumbered(data) if self._pooler else data)
            client.shutdown(socket.SHUT_RDWR)


def _renumbered(data: bytes) -> bytes:
    """The same data with another process id of equal length."""
    before, key, after = data.partition(KEY_DATA)
    return before + key + b"\x7f" + after[1:] if key else data
