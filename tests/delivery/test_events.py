"""Events, from the transaction of their fact to an endpoint that is down for two days, with drains that are killed."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from standardwebhooks import Webhook

from recado.delivery.attempt import Delivery
from recado.delivery.channels.http import AT_ONCE, DEADLINE_SECONDS, HttpChannel
from recado.delivery.drain import Drain
from recado.events import signing
from recado.events.endpoints import Endpoint
from recado.events.facts import TYPES, MessageReceived
from recado.network import NotReached, Response
from recado.outcome import Outcome
from recado.queue.model import EVENTS, REPLIES, AttemptResult, Audience, LeasedReply, NewReply
from recado.queue.sqlite import SqliteRetryQueue
from recado.runtime import retry_policy
from recado.settings import load
from recado.telemetry import tracing
from tests.clock import FakeClock
from tests.events.test_signing import make_secret
from tests.queue.replies import UNLIMITED, new_reply
from tests.queue.sessions import deciding, opening, session_of

HOUR = 3600.0


class Crm:
    """A receiver in place of the network; it checks each signature with the independent library."""

    def __init__(self, clock: FakeClock, endpoint: Endpoint) -> None:
        self.clock, self.endpoint = clock, endpoint
        self.secrets = list(endpoint.secrets)
        self.down = False
        self.attempts = 0
        self.bodies: dict[str, bytes] = {}
        self.got: list[str] = []

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        self.attempts += 1
        assert url == self.endpoint.url
        if self.down:
            raise NotReached("ConnectError: refused")
        id_, timestamp = headers[signing.ID], headers[signing.TIMESTAMP]
        assert abs(int(timestamp) - self.clock()) <= 1
        at = datetime.fromtimestamp(int(timestamp), UTC)
        expected = [Webhook(secret).sign(id_, at, body.decode()) for secret in self.secrets]
        assert set(expected) <= set(headers[signing.SIGNATURE].split())
        assert self.bodies.setdefault(id_, body) == body
        self.got.append(id_)
        return Response(204)

    async def reachable(self, url: str) -> bool:
        return not self.down

    async def aclose(self) -> None:
        pass


class Shop:
    """Customers, the store, drains that start anew each time, and the CRM."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = FakeClock()
        self.secret = make_secret()
        self.crm = Crm(self.clock, self._endpoint(secret=self.secret))
        self.numbers = iter(range(1, 10_000))
        self.queues: list[SqliteRetryQueue] = []

    def _endpoint(self, **changes: Any) -> Endpoint:
        return Endpoint(name="crm", url="https://crm.example.com/", types=tuple(TYPES), **changes)

    def rotate(self) -> None:
        """Rotates the secret: events have two signatures, and the CRM accepts either."""
        before, self.secret = self.secret, make_secret()
        self.crm.endpoint = self._endpoint(secret=self.secret, secret_previous=before)
        self.crm.secrets = [self.secret, before]

    def open(self) -> SqliteRetryQueue:
        """The store as another process opens it."""
        audience = Audience(wants={"crm": frozenset(TYPES)}, deadline_seconds=DEADLINE_SECONDS)
        policy = retry_policy(load({}))
        self.queues.append(SqliteRetryQueue(self.path, policy, clock=self.clock, audience=audience))
        return self.queues[-1]

    async def write(self, queue: SqliteRetryQueue, customer: int) -> None:
        """A customer orders and says yes, which makes five events."""
        said = (MessageReceived(kind="text", text="Soy Ana, mi cel es +15550107777"),)
        await self._add(queue, opening(next(self.numbers), self.clock, f"T{next(self.numbers)}", customer=customer))
        await self._add(queue, new_reply(next(self.numbers), self.clock, customer=customer, facts=said))
        session = await session_of(queue, self.clock, customer, may_order=True)
        await self._add(queue, deciding(next(self.numbers), self.clock, session, customer=customer))

    async def _add(self, queue: SqliteRetryQueue, message: NewReply) -> None:
        added = await queue.add_message(message, lease=False)
        if added.stale:
            current = replace(message.changes, version=added.stale.version)
            await self._add(queue, replace(message, changes=current))

    async def drain(self, queue: SqliteRetryQueue, *, killed_after: int | None = None) -> None:
        """Sends what is due, without pauses. `killed_after`: after this many claimed entries the process dies."""
        channel = HttpChannel({"crm": self.crm.endpoint}, lambda: self.crm, clock=self.clock)  # type: ignore[arg-type, return-value]  # a fake
        delivery = Delivery(queue, [channel])
        while True:
            claim = await queue.get_messages_to_retry(100)
            for lane in claim.probes:
                await delivery.probe(lane)
            events = [message for message in claim.messages if message.lane.channel == "http"]
            if killed_after is not None:
                events = events[:killed_after]
            await asyncio.gather(*(delivery.attempt(message) for message in events))
            if killed_after is not None or not (claim.messages or claim.probes):
                return


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    made = Shop(tmp_path / "recado.db")
    yield made
    for queue in made.queues:
        await queue.close()


async def test_an_endpoint_is_down_for_two_days_and_drains_are_killed(shop: Shop) -> None:
    """Every event arrives at least once, with one id and one body, correctly signed, also across rotations of the
    secret; the sequence of each conversation is complete."""
    web = shop.open()
    for hour in range(60):
        await shop.write(web, customer=hour % 7)
        shop.crm.down = 4 <= hour < 52
        if hour in (10, 30, 54):
            shop.rotate()
        for minute in range(0, 60, 20):
            drain = shop.open()
            await shop.drain(drain, killed_after=2 if (hour + minute) % 3 == 0 else None)
            shop.clock.advance(HOUR / 3)
            await drain.close()
            shop.queues.remove(drain)
    for _ in range(30):
        await shop.drain(web)
        shop.clock.advance(HOUR)
    events = await web.events.after(0, limit=10_000)
    sequences: dict[str, list[int]] = {}
    for event in events:
        sequences.setdefault(event.conversation, []).append(event.sequence)

    assert len(events) >= 60 * 3
    assert set(shop.crm.got) == {event.public_id for event in events}
    assert all(counted == list(range(1, len(counted) + 1)) for counted in sequences.values())
    assert len(sequences) == 7
    assert web.snapshot().endpoints["crm"].waiting == 0


async def test_an_outage_of_two_days_is_few_requests(shop: Shop) -> None:
    """Because of the breaker, only the first of hundreds of events are tried, and now and then a trial."""
    web = shop.open()
    shop.crm.down = True
    for customer in range(100):
        await shop.write(web, customer=customer)
    for _ in range(48 * 3):
        await shop.drain(web)
        shop.clock.advance(HOUR / 3)

    assert shop.crm.attempts < 100


async def test_no_body_names_the_customer(shop: Shop) -> None:
    """The bodies of all kinds of events contain no phone number, user id, wamid, name or text."""
    web = shop.open()
    await shop.write(web, customer=1)
    await shop.drain(web)
    shop.clock.advance(90_000)  # the windows of the replies close, which makes events, too
    await web.expire()
    await shop.drain(web)
    bodies = b"".join(shop.crm.bodies.values()).decode()

    assert {"order.created", "quote.created", "message.received", "reply.failed"} <= {
        event.kind for event in await web.events.after(0, limit=100)
    }
    assert not re.search(r"1555010|US\.1|wamid|Ana|cel|jeans", bodies)


class Told:
    """A channel that returns once `open` is set, and counts what was sent and what is under way."""

    def __init__(self, name: str, *, opened: bool) -> None:
        self.name, self.send_seconds = name, 1.0
        self.sent = self.under_way = 0
        self.open = asyncio.Event()
        if opened:
            self.open.set()

    async def send(self, message: LeasedReply, attempt: tracing.NoSpan) -> AttemptResult:
        self.under_way += 1
        await self.open.wait()
        self.under_way -= 1
        self.sent += 1
        return AttemptResult(outcome=Outcome.DELIVERED, sent_wamid=f"wamid.{message.id}")

    async def probe(self, lane: str) -> bool:
        return True

    async def aclose(self) -> None:
        pass


async def test_an_endpoint_that_hangs_keeps_no_reply_waiting(shop: Shop) -> None:
    """All replies are sent while the endpoint's requests hang: these take at most 16 of the drain's places."""
    settings = load({**UNLIMITED, "RECADO_DRAIN_CONCURRENCY": "32", "RECADO_DRAIN_SECONDS": "30"})
    audience = Audience(wants={"crm": frozenset(TYPES)}, deadline_seconds=DEADLINE_SECONDS)
    queue = SqliteRetryQueue(shop.path, retry_policy(settings), clock=shop.clock, audience=audience)
    shop.queues.append(queue)
    for n in range(100):
        facts = (MessageReceived(kind="text"),)
        await queue.add_message(new_reply(n, shop.clock, facts=facts), lease=False)
    replies, events = Told(REPLIES, opened=True), Told(EVENTS, opened=False)
    drain = Drain(queue, Delivery(queue, [replies, events]), settings)
    running = asyncio.create_task(drain.run())
    async with asyncio.timeout(60):
        while replies.sent < 100:
            await asyncio.sleep(0.01)
    hanging = events.under_way
    events.open.set()
    await drain.close()
    await running

    assert (replies.sent, hanging) == (100, AT_ONCE)
