"""The load generator, a process of its own: `python -m loadtests.bench.generator PORT ... --mode open --rate 320`. With
several ports, its connections are distributed among them.

Everything is rendered and signed before the clock starts. In the open loop, request i is due at start + i / rate
regardless of the server, and its latency begins then: the wait for a free connection counts. In the closed loop, each
connection sends again after each response. Prints one JSON object; `--times FILE` gets the requests with a response, as
records of (uint64 customer, float64 due) on CLOCK_MONOTONIC.
"""

import argparse
import asyncio
import collections
import json
import struct
import threading
import time
from pathlib import Path
from typing import cast

import uvloop
from loadtests.bench import bodies
from loadtests.bench.machine import cores_busy_seconds, percentile

WARM_UP_SECONDS = 0.5
GRACE_SECONDS = 5.0


class Load:
    """The state that the connections of a run share."""

    def __init__(self, mode: str, requests: list[bytes]) -> None:
        self.closed = mode == "closed"
        self.requests = requests
        self.due = [0.0] * len(requests)
        self.done = [0.0] * len(requests)
        self.statuses: collections.Counter[str] = collections.Counter()
        self.next = 0
        self.running = False
        self.idle: list[Connection] = []
        self.waiting: collections.deque[int] = collections.deque()

    def take(self) -> int | None:
        """The next request for a free connection."""
        if not self.closed:
            return self.waiting.popleft() if self.waiting else None
        if not self.running or self.next >= len(self.requests):
            return None
        self.next += 1
        self.due[self.next - 1] = time.monotonic()
        return self.next - 1

    async def all_answered(self, until: float) -> None:
        """Waits a limited time for the requests under way."""
        for _ in range(int((until - time.monotonic()) / 0.01)):
            if self.statuses.total() >= self.next:
                return
            await asyncio.sleep(0.01)

    def fall_due(self) -> None:
        """Sends the due requests, or queues them for the next free connection."""
        now = time.monotonic()
        while self.next < len(self.requests) and self.due[self.next] <= now:
            self.waiting.append(self.next)
            self.next += 1
        while self.waiting and self.idle:
            self.idle.pop().go()


class Connection(asyncio.Protocol):
    def __init__(self, load: Load) -> None:
        self._load = load
        self._current: int | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._load.idle.append(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._load.statuses["connection lost"] += self._current is not None
        if self in self._load.idle:
            self._load.idle.remove(self)

    def go(self) -> None:
        self._current = self._load.take()
        if self._current is None:
            self._load.idle.append(self)
        else:
            self._transport.write(self._load.requests[self._current])

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or len(body) < _length(head):
            return
        assert self._current is not None
        self._load.done[self._current] = time.monotonic()
        self._load.statuses[head[9:12].decode()] += 1
        self._received = b""
        self.go()


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0] or 0)


def _render(count: int, statuses_per_message: int, known: int | None) -> tuple[list[bytes], list[int]]:
    """Requests, each with the customer's number (0 for a status). With `known`, every second one is a yes of the next
    customer from that number on."""
    requests, numbers = [], []
    for index in range(count):
        if known is not None and index % 2:
            number, request = known + index // 2, bodies.text(known + index // 2, "sí")[1]
        else:
            number, request = (0, bodies.status()) if index % (statuses_per_message + 1) else bodies.text()
        requests.append(request)
        numbers.append(number)
    return requests, numbers


async def run(args: argparse.Namespace) -> dict[str, object]:
    count = int(args.rate * args.seconds) if args.mode == "open" else args.most
    requests, numbers = _render(count, args.statuses, args.known)
    load = Load(args.mode, requests)
    loop = asyncio.get_running_loop()
    for number in range(args.connections):
        await loop.create_connection(lambda: Connection(load), "127.0.0.1", args.ports[number % len(args.ports)])
    await asyncio.sleep(0.2)
    load.running = True
    cpu, busy, started = time.process_time(), cores_busy_seconds(), time.monotonic() + 0.05
    if load.closed:
        idle, load.idle = load.idle, []
        for connection in idle:
            connection.go()
        await asyncio.sleep(args.seconds)
        load.running = False
    else:
        load.due = [started + index / args.rate for index in range(count)]
        threading.Thread(target=_tick, args=(load, loop, args.rate), daemon=True).start()
        await asyncio.sleep(args.seconds + 0.05)
    stopped = time.monotonic()
    await load.all_answered(stopped + GRACE_SECONDS)
    ended = time.monotonic()
    measured = range(_first_after(load, started + min(WARM_UP_SECONDS, args.seconds / 3)), load.next)
    latencies = sorted((load.done[i] or ended) - load.due[i] for i in measured)
    in_time = sum(0 < load.done[i] <= stopped + (0 if load.closed else 1) for i in measured)
    if args.times:
        answered = (n for n in zip(numbers, load.due, load.done, strict=True) if n[0] and n[2])
        args.times.write_bytes(b"".join(struct.pack("<Qd", number, due) for number, due, _ in answered))
    return {
        "requests": load.next,
        "ok": load.statuses["200"],
        "statuses": dict(load.statuses),
        "per_second": in_time / (stopped - load.due[measured.start]) if measured else 0.0,
        "latency_ms": {
            name: percentile(latencies, share) * 1e3
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))
        },
        "generator_busy": (time.process_time() - cpu) / (ended - started),
        "cores_busy": (cores_busy_seconds() - busy) / (ended - started),
    }


def _tick(load: Load, loop: asyncio.AbstractEventLoop, rate: float) -> None:
    """Wakes the loop when requests are due; the loop's own timers have a resolution of a millisecond."""
    least = max(1 / rate, 0.0002)
    while load.next < len(load.requests):
        time.sleep(max(least / 2, load.due[load.next] - time.monotonic()))
        loop.call_soon_threadsafe(load.fall_due)


def _first_after(load: Load, moment: float) -> int:
    return next((i for i in range(load.next) if load.due[i] >= moment), 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("ports", type=int, nargs="+")
    parser.add_argument("--mode", choices=("open", "closed"), default="closed")
    parser.add_argument("--rate", type=float, default=1000.0, help="requests a second of the open loop")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--connections", type=int, default=128)
    parser.add_argument("--statuses", type=int, default=0, help="statuses for each message")
    parser.add_argument("--known", type=int, help="a customer who has a quote: every second message is a yes")
    parser.add_argument("--most", type=int, default=60_000, help="requests that the closed loop prepares")
    parser.add_argument("--times", type=Path, help="file for the records of answered messages")
    args = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run(args))))


if __name__ == "__main__":
    main()
