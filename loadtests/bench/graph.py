"""A minimal simulated Graph API, in a separate process: `... graph PORT --latency-ms 50`.

It counts calls by recipient and remembers their arrival times. Faults are a share of calls that get a 500 response or
are reset, before or after the message counts. `GET /arrivals` returns records of (uint64 recipient, float64
CLOCK_MONOTONIC), `POST /reset` deletes them.
"""

import argparse
import asyncio
import random
import re
import socket
import struct
import time
from typing import cast

import uvloop

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
TO = re.compile(rb'"(?:to|recipient)": ?"\+?(?:[A-Z]{2}\.)?(\d+)"')
ERROR = b'{"error":{"message":"An unknown error occurred","type":"OAuthException","code":1,"fbtrace_id":"A"}}'


def answer(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


class Graph:
    def __init__(self, latency: float, faults: float) -> None:
        self.latency, self.faults = latency, faults
        self.reset()

    def reset(self) -> None:
        self.arrivals = bytearray()
        self.accepted = 0
        self.draw = random.Random(1).random

    def accept(self, body: bytes) -> bytes:
        found = TO.search(body)
        self.accepted += 1
        self.arrivals += struct.pack("<Qd", int(found[1]) if found else 0, time.monotonic())
        return answer(b"200 OK", b'{"messaging_product":"whatsapp","messages":[{"id":"wamid.OUT%d"}]}' % self.accepted)


class Connection(asyncio.Protocol):
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        length = LENGTH.search(self._received, 0, end)
        if len(self._received) < end + 4 + int(length[1] if length else 0):
            return
        request, self._received = self._received, b""
        self._handle(request.split(b" ", 2)[1], request[end + 4 :])

    def _handle(self, path: bytes, body: bytes) -> None:
        graph = self._graph
        if path == b"/arrivals":
            self._transport.write(answer(b"200 OK", bytes(graph.arrivals)))
        elif path == b"/reset":
            graph.reset()
            self._transport.write(answer(b"200 OK", b"{}"))
        else:
            drawn = graph.draw() / graph.faults if graph.faults else 1.0
            if drawn >= 1:
                self._later(self._transport.write, graph.accept(body))
            elif drawn < 0.75:
                self._later(self._transport.write, answer(b"500 Internal Server Error", ERROR))
            else:
                if drawn >= 0.9:
                    graph.accept(body)
                self._later(self._reset)

    def _later(self, call, *arguments) -> None:  # type: ignore[no-untyped-def]  # any method of the transport
        asyncio.get_running_loop().call_later(self._graph.latency, call, *arguments)

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._transport.abort()


async def serve(port: int, graph: Graph) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(graph), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("port", type=int)
    parser.add_argument("--latency-ms", type=float, default=50.0)
    parser.add_argument("--faults", type=float, default=0.0, help="share of calls that go wrong")
    args = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(args.port, Graph(args.latency_ms / 1e3, args.faults)))


if __name__ == "__main__":
    main()
