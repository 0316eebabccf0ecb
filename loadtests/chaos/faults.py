"""Faults of clocks, processes, large batches, Meta and crowds of clients."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
from loadtests.chaos import crowds
from loadtests.chaos.installation import GRAPH_LATENCY_SECONDS, in_process, installation
from loadtests.chaos.result import FaultResult, judge, load

from recado.simulator import FaultPlan, Simulator
from recado.simulator.installation import SECRETS
from recado.simulator.server import Request

PER_SECOND = 40.0
HOUR = 3600.0
BATCH = 1000
UNKNOWN_TWICE_SECONDS = 15.0
IN_A_SHOP = {"RECADO_MESSAGES_PER_SECOND": "80", "RECADO_CUSTOMER_INTERVAL_SECONDS": "6"}


async def clock_jumps(folder: Path) -> FaultResult:
    """The clock of web and drain goes three hours ahead, back, six hours back, and back to the right time, under load.

    Limits are as in a shop: times that were stored while the clock was wrong must not delay replies for hours.
    """
    row = FaultResult(fault="clock jumps", injected="+3 h, -3 h, -6 h, +6 h")
    ahead = 0.0

    def clock() -> float:
        return time.time() + ahead

    async with in_process(folder, IN_A_SHOP, clock=clock) as shop, load(row, shop, 20):
        for seconds in (3 * HOUR, 0.0, -6 * HOUR, 0.0):
            await asyncio.sleep(2)
            ahead = seconds
        await asyncio.sleep(2)
    return row


async def two_of_each(folder: Path) -> FaultResult:
    """Two web processes and two drains on one database, while Meta refuses a third of all calls."""
    row = FaultResult(fault="two web, two drains", injected="10 s, 30 % server errors")
    plan = FaultPlan(latency_seconds=GRAPH_LATENCY_SECONDS, ratios={"server_error": 0.3})
    waits = ",".join(["0.3"] * 8)
    async with (
        installation(folder, {"RECADO_BACKOFF_SECONDS": waits}, web=2, drains=2, faults=plan) as shop,
        load(row, shop, 60),
    ):
        await asyncio.sleep(10)
        shop.simulator.faults.change({"ratios": {}}, shop.simulator.clock())
    row.require(not row.doubled, "nobody got two replies")
    return row


async def rolling_restarts(folder: Path) -> FaultResult:
    """SIGTERM under load, eight times: the next pod is ready, the old one ends within its grace period."""
    row = FaultResult(fault="SIGTERM", injected="8 rolling restarts")
    slowest = 0.0
    async with installation(folder, web=2) as shop, load(row, shop, 60):
        for _ in range(8):
            old = shop.servers.pop(0)
            await asyncio.sleep(0.5)
            started = time.monotonic()
            code = await asyncio.to_thread(old.stop)
            slowest = max(slowest, time.monotonic() - started)
            row.require(code == 0, f"exit code 0, not {code}")
            old.start()
            await asyncio.to_thread(old.ready)
            shop.servers.append(old)
            await asyncio.sleep(0.5)
    row.require(not row.refused and not row.cut, "every answer 200")
    row.require(not row.doubled, "nobody got two replies")
    row.note = f"{row.note} ends within {slowest:.1f} s".strip()
    return row


async def large_batch(folder: Path) -> FaultResult:
    """One POST of 1,000 messages and nearly 3 MB, while the event loop's lag is measured."""
    row = FaultResult(fault="batch of 1,000", injected="3 times, 2.9 MB")
    slowest, seconds = 0.0, 0.0
    async with installation(folder) as shop, httpx.AsyncClient() as client:

        async def pulse() -> None:
            nonlocal slowest
            while True:
                started = time.monotonic()
                await client.get(f"{shop.url}/livez")
                slowest = max(slowest, time.monotonic() - started)
                await asyncio.sleep(0.005)

        feeling = asyncio.create_task(pulse())
        for _ in range(3):
            started = time.monotonic()
            await shop.simulator.send_batch(
                [f"Quiero {n % 9 + 1} zapatos y 1 camisa{' ' * 2600}" for n in range(BATCH)]
            )
            seconds = max(seconds, time.monotonic() - started)
        feeling.cancel()
        await judge(row, shop)
    row.require(not row.doubled, "nobody got two replies")
    row.require(slowest < 0.5, "a responsive event loop")
    row.note = f"{row.note} answered in {seconds:.2f} s, pulse at most {slowest * 1000:.0f} ms".strip()
    return row


async def graph_errors(folder: Path) -> FaultResult:
    """A Graph API that fails in every way in half of all calls; statuses arrive."""
    ratios = dict.fromkeys(
        ("drip", "reset", "reset_after", "edge_error", "edge_error_after", "garbage", "timeout_after", "server_error"),
        0.06,
    )
    row = FaultResult(fault="Graph: slow, drips, resets, HTML", injected="10 s, 48 % of calls")
    plan = FaultPlan(latency_seconds=GRAPH_LATENCY_SECONDS, ratios=ratios, hang_seconds=5)
    async with (
        installation(folder, {"RECADO_UNKNOWN_GRACE_SECONDS": "4"}, faults=plan) as shop,
        load(row, shop, 30),
    ):
        await asyncio.sleep(10)
        shop.simulator.faults.change({"ratios": {}}, shop.simulator.clock())
        # A reply that got no response twice is not sent a third time automatically.
        await asyncio.sleep(UNKNOWN_TWICE_SECONDS)
        row.note = f"{await shop.retry_given_up()} unknown twice, retried by an operator"
    row.require(not row.doubled, "nobody got two replies")
    return row


async def lying_graph(folder: Path) -> FaultResult:
    """Responses with wrong or invalid lengths, two responses at once, or responses that are not HTTP."""
    row = FaultResult(fault="Graph: lies about lengths", injected="8 s, 5 lies in turn")
    async with _liar() as liar, installation(folder, {"RECADO_UNKNOWN_GRACE_SECONDS": "4"}, api_url=liar.url) as shop:
        liar.simulator = shop.simulator
        async with load(row, shop, 20):
            await asyncio.sleep(8)
            liar.honest = True
    row.require(not row.doubled, "nobody got two replies")
    row.note = f"{row.note} {liar.lies} lies".strip()
    return row


async def idle_crowd(folder: Path) -> FaultResult:
    """Thousands of silent connections."""
    return await _crowd(folder, crowds.idle, 10_000)


async def half_bodies_crowd(folder: Path) -> FaultResult:
    """Hundreds of bodies that stop just before their end."""
    return await _crowd(folder, crowds.half_bodies, 300)


async def _crowd(folder: Path, crowd: crowds.Crowd, connections: int) -> FaultResult:
    row = FaultResult(fault=f"crowd: {crowd.__name__.replace('_', ' ')}", injected=f"{connections} connections")
    async with installation(folder) as shop:
        target = crowds.WebProcess(shop.servers[0].port, shop.servers[0].pid, SECRETS["WHATSAPP_APP_SECRET"])
        with contextlib.closing(target.client):
            pressed = await asyncio.to_thread(crowds.press, target, crowd, connections=connections)
    row.messages, row.refused = pressed.webhooks, pressed.webhooks - pressed.answered
    row.note = f"slowest webhook {pressed.slowest_seconds * 1000:.0f} ms, memory +{pressed.grown_mib:.0f} MiB"
    row.require(not row.refused, "every webhook answered 200")
    row.require(pressed.grown_mib < 200, "bounded memory")
    return row


# -- a Graph API that lies


class Liar:
    """Lets the simulator accept each message, then corrupts the response."""

    def __init__(self) -> None:
        self.simulator: Simulator | None = None
        self.honest = False
        self.lies = 0
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
                method, path, _ = head[0].split(" ")
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                authorization = next(line[15:] for line in head if line.lower().startswith("authorization"))
                assert self.simulator is not None
                request = Request(method, path, "", authorization.encode(), b"", b"application/json", body, {})
                answer = self.simulator.graph.handle(request)
                if self.honest:
                    writer.write(_http(b"200 OK", b"Content-Length: %d" % len(answer.body), answer.body))
                    continue
                self.lies += 1
                writer.write(self._lie(answer.body))
                await writer.drain()
                break
        writer.close()

    def _lie(self, body: bytes) -> bytes:
        return (
            _http(b"200 OK", b"Content-Length: %d" % (len(body) + 500), body),
            _http(b"200 OK", b"Content-Length: %d" % (len(body) // 2), body),
            _http(b"200 OK", b"Content-Length: many", body),
            _http(b"200 OK", b"Transfer-Encoding: chunked", b"FFFFFF\r\n" + body),
            b"220 mail.example ESMTP\r\n" + body,
        )[self.lies % 5]


@contextlib.asynccontextmanager
async def _liar() -> AsyncIterator[Liar]:
    liar = Liar()
    server = await asyncio.start_server(liar.answer, "127.0.0.1", 0)
    liar.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield liar
    finally:
        server.close()


def _http(status: bytes, header: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\n" + header + b"\r\n\r\n" + body
