"""The drain sends everything due once, oldest first, within limits and budget."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from recado.delivery.drain import Drain, DrainReport
from recado.queue.model import NewReply
from recado.queue.sqlite import SqliteRetryQueue
from recado.runtime import make_drain, retry_policy
from recado.settings import load
from recado.whatsapp.from_settings import make_whatsapp
from tests.clock import FakeClock
from tests.meta import FakeGraph, graph_error
from tests.queue.replies import UNLIMITED, new_reply
from tests.waiting import PATIENCE_SECONDS, until

ENVIRONMENT = {"WHATSAPP_ACCESS_TOKEN": "an-access-token-of-ours", **UNLIMITED}


class SlowGraph(FakeGraph):
    """Takes a moment for each message, and records how many were under way at once, and to whom."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way: list[str] = []
        self.most = 0
        self.twice_at_once = False

    async def handle_async_request(self, request):  # type: ignore[no-untyped-def]  # as its base class
        to = request.content.partition(b'"to":"')[2].partition(b'"')[0].decode()
        self.twice_at_once |= to in self.under_way
        self.under_way.append(to)
        self.most = max(self.most, len(self.under_way))
        await asyncio.sleep(0.02)
        self.under_way.remove(to)
        return await super().handle_async_request(request)


class Workshop:
    """A queue on disk, a Graph API, and drains on both."""

    def __init__(self, path: Path, clock: FakeClock) -> None:
        self.path = path
        self.clock = clock
        self.graph = SlowGraph()
        self.queues: list[SqliteRetryQueue] = []

    def open(self, **settings: str) -> SqliteRetryQueue:
        policy = retry_policy(load({**ENVIRONMENT, **settings}), chance=lambda: 0.5)
        self.queues.append(SqliteRetryQueue(self.path, policy, clock=self.clock))
        return self.queues[-1]

    def drain(self, progress: Callable[[DrainReport], None] = lambda report: None, **settings: str) -> Drain:
        configured = load({**ENVIRONMENT, **settings})
        queue = self.open(**settings)
        whatsapp = make_whatsapp(configured, self.graph)
        return make_drain(configured, queue, whatsapp, progress=progress)

    async def fill(self, count: int, *, customers: int | None = None) -> None:
        """Due messages, each a moment older than the next one."""
        queue = self.open()
        for n in range(count):
            message: NewReply = new_reply(n, self.clock, customer=n % customers if customers else None)
            await queue.add_message(message, lease=False)
            self.clock.advance(0.001)

    @property
    def texts(self) -> list[str]:
        return [sent["text"]["body"] for sent in self.graph.sent]


@pytest.fixture
async def workshop(tmp_path: Path) -> AsyncIterator[Workshop]:
    made = Workshop(tmp_path / "recado.db", FakeClock())
    yield made
    for queue in made.queues:
        await queue.close()


async def test_everything_due_is_sent_once(workshop: Workshop) -> None:
    """Oldest first, at most as many at once as configured; the report counts them."""
    await workshop.fill(50)
    report = await workshop.drain(RECADO_DRAIN_CONCURRENCY="8").run()

    assert (report.retried, report.successful, report.failed) == (50, 50, 0)
    assert sorted(workshop.texts) == sorted(f"reply {n}" for n in range(50))
    assert workshop.texts[:8] == [f"reply {n}" for n in range(8)]
    assert 2 <= workshop.graph.most <= 8


async def test_never_two_at_once_to_one_customer(workshop: Workshop) -> None:
    """Even if several of his messages are due; they are sent in the order in which they became due."""
    await workshop.fill(9, customers=3)

    async def pass_time() -> None:
        while True:
            await asyncio.sleep(0.01)
            workshop.clock.advance(0.5)

    passing = asyncio.create_task(pass_time())
    await workshop.drain().run()
    passing.cancel()

    assert len(workshop.texts) == 9
    assert not workshop.graph.twice_at_once
    assert [t for t in workshop.texts if t in ("reply 0", "reply 3", "reply 6")] == ["reply 0", "reply 3", "reply 6"]


async def test_two_drains_share_the_work(workshop: Workshop) -> None:
    """Nothing is sent twice."""
    await workshop.fill(60)
    reports = await asyncio.gather(workshop.drain().run(), workshop.drain().run())

    assert sum(report.successful for report in reports) == 60
    assert len(set(workshop.texts)) == len(workshop.texts) == 60


async def test_an_outage_costs_one_probe(workshop: Workshop) -> None:
    """While Meta is down, a drain probes once, sends nothing, and ends."""
    await workshop.fill(40)
    workshop.graph.answer = lambda: graph_error(503, 131016)
    first = await workshop.drain(RECADO_DRAIN_CONCURRENCY="5").run()
    workshop.clock.advance(31)
    second = await workshop.drain(RECADO_DRAIN_CONCURRENCY="5").run()
    status = await workshop.open().status()

    assert first.failed < 20
    assert (second.retried, workshop.graph.probes) == (0, 1)
    assert (status.failed, status.queue_size) == (0, 40)


async def test_after_an_outage_everything_is_sent_once(workshop: Workshop) -> None:
    """One run probes, sends one reply as a trial, and then all others; replies that failed in the outage are sent when
    they are due."""
    await workshop.fill(40)
    workshop.graph.answer = lambda: graph_error(503, 131016)
    await workshop.drain(RECADO_DRAIN_CONCURRENCY="5").run()
    refused = len(workshop.graph.sent)
    workshop.graph.answer = None
    workshop.clock.advance(31)
    report = await workshop.drain().run()
    workshop.clock.advance(150)
    await workshop.drain().run()
    status = await workshop.open().status()

    assert report.successful == 40 - refused
    assert (status.queue_size, status.failed) == (0, 0)
    assert len(workshop.graph.sent) == 40 + refused


async def test_a_defect_while_sending_is_an_unknown_outcome(workshop: Workshop) -> None:
    """The reply may have been sent. It is sent once more, as after any unknown outcome, and not again."""

    def broken() -> httpx.Response:
        raise RuntimeError("no answer is read")

    await workshop.fill(1)
    workshop.graph.answer = broken
    reports = []
    for _ in range(6):
        reports.append(await workshop.drain().run())
        workshop.clock.advance(300)
    status = await workshop.open().status()

    assert len(workshop.graph.sent) == 2
    assert sum(report.failed for report in reports) == 2
    assert (status.failed, status.queue_size) == (1, 1)


async def test_it_stops_by_its_budget(workshop: Workshop) -> None:
    """Sends under way are finished; the other messages stay due."""
    await workshop.fill(200)
    report = await workshop.drain(RECADO_DRAIN_SECONDS="1", RECADO_DRAIN_CONCURRENCY="1").run()
    status = await workshop.open().status()

    assert 0 < report.successful < 200
    assert (status.in_flight, status.pending_retry) == (0, 200 - report.successful)


async def test_it_stops_when_it_is_told(workshop: Workshop) -> None:
    """After SIGTERM it claims nothing more and loses no send."""
    await workshop.fill(200)
    drain = workshop.drain(lambda report: drain.stop.set(), RECADO_DRAIN_CONCURRENCY="4")
    report = await drain.run()
    status = await workshop.open().status()

    assert report.successful < 20
    assert (status.in_flight, status.pending_retry) == (0, 200 - report.successful)


async def test_an_empty_queue_ends_it_at_once(workshop: Workshop) -> None:
    """It records the run."""
    queue = workshop.open()
    await workshop.drain().run()
    snapshot = queue.snapshot()

    assert snapshot.instants["drain_succeeded_at"] == workshop.clock()
    assert snapshot.totals[("recado_drain_runs_total", ("ok",))] == 1


async def test_the_loop_goes_on_until_it_is_told(workshop: Workshop) -> None:
    """`--loop` also delivers replies that become due later."""
    drain = workshop.drain()
    running = asyncio.create_task(drain.loop())
    await asyncio.sleep(0.05)
    await workshop.fill(1)
    await until(lambda: workshop.graph.sent)
    drain.stop.set()
    await asyncio.wait_for(running, PATIENCE_SECONDS)

    assert workshop.texts == ["reply 0"]


def test_it_starts_without_the_web_stack() -> None:
    """It starts a thousand times a day, so it imports no web server, and no HTTP client before the first claim."""
    program = (
        "import sys, recado.cli, recado.runtime, recado.whatsapp.from_settings;"
        "heavy = {'fastapi', 'pydantic', 'httpx', 'uvicorn', 'prometheus_client', 'rich', 'opentelemetry.sdk',"
        " 'kubernetes', 'aiohttp'};"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""


async def test_a_clock_set_back_does_not_put_a_turn_off(workshop: Workshop) -> None:
    """A turn is at most half a second away when it is given. So if the clock is set back by hours, the drain does
    not wait that long."""
    drain = workshop.drain(RECADO_MESSAGES_PER_SECOND="10")
    queue = workshop.queues[-1]
    for n in range(2):
        await queue.add_message(new_reply(n, workshop.clock), lease=False)
    claim = await queue.get_messages_to_retry(2)
    workshop.clock.advance(-6 * 3600)
    async with asyncio.timeout(PATIENCE_SECONDS):
        results = await asyncio.gather(*(drain._delivery.attempt(message) for message in claim.messages))

    assert [result.outcome.value for result in results if result] == ["delivered", "delivered"]
