"""Several stores write to one PostgreSQL at once: the guarantees of the queue that depend on locks.

Each store has its own thread and connections, like a separate process.
"""

import asyncio
import itertools
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable

import psycopg
import pytest

from recado.delivery.channels import http
from recado.queue.model import LeasedReply
from recado.queue.operations.lanes import USED_RATE
from recado.queue.postgres import PostgresRetryQueue
from recado.queue.reach import Reach
from recado.queue.statements import Statements
from tests.clock import FakeClock
from tests.queue.events import CRM, asking
from tests.queue.pods import Held, Open, rows
from tests.queue.pods import open_pod as open_pod
from tests.queue.postgres import database_url as database_url
from tests.queue.postgres import postgres as postgres
from tests.queue.replies import DELIVERED, LANE, NUMBER, OUTAGE, UNLIMITED, add_leased, new_reply, status_of
from tests.queue.sessions import deciding, quoted, session_of

pytestmark = pytest.mark.xdist_group("postgres")

PODS = 4
PER_SECOND = 80
INTERVAL = 6


class TestWhoWaits:
    """An open transaction blocks only its own customers."""

    async def test_other_customers_are_not_held_up(self, open_pod: Open, clock: FakeClock) -> None:
        """Their messages are written, claimed, recorded and settled while somebody else's transaction is open."""
        holder, pod = open_pod(**UNLIMITED), open_pod(**UNLIMITED)
        mine = new_reply(1, clock)
        with Held(holder, Reach(names=(mine.key,)), lambda found: None):
            async with asyncio.timeout(20):
                leased = await add_leased(pod, new_reply(2, clock))
                await pod.add_message(new_reply(3, clock), lease=False)
                claim = await pod.get_messages_to_retry(10)
                await pod.update_message_attempt(leased, DELIVERED)
                settled = await pod.apply_status(status_of(claim.messages[0], "delivered"))
                await pod.expire()
                await pod.prune()

        assert settled

    async def test_a_customers_own_message_waits(self, open_pod: Open, clock: FakeClock) -> None:
        """Under any of his names; so does a result of his reply."""
        holder, pod, other = open_pod(**UNLIMITED), open_pod(**UNLIMITED), open_pod(**UNLIMITED)
        first = new_reply(1, clock, aliases=(f"{NUMBER}:+15550100001",))
        leased = await add_leased(pod, first)
        with Held(holder, Reach(names=first.aliases), lambda found: None) as held:
            by_name = pod.add_message(new_reply(2, clock, customer=1), lease=True)
            by_result = other.update_message_attempt(leased, DELIVERED)
            by_alias = open_pod(**UNLIMITED).add_message(
                new_reply(3, clock, customer=1, aliases=first.aliases), lease=True
            )
            async with asyncio.timeout(20):
                await open_pod(**UNLIMITED).add_message(new_reply(4, clock), lease=True)
            done = [one.done() for one in (by_name, by_result, by_alias) if isinstance(one, asyncio.Future)]
            held.end()
            await asyncio.gather(by_name, by_result, by_alias)

        assert done == [False, False, False]

    async def test_who_waited_for_a_name_looks_up_whose_it_is_now(self, open_pod: Open, clock: FakeClock) -> None:
        """A name is mapped to another customer while a message under it waits: the message then uses that customer's
        lock."""
        leading, busy, pod = (open_pod(**UNLIMITED) for _ in range(3))
        name, key = f"{NUMBER}:+1", f"{NUMBER}:US.1"

        def lead(found: Statements) -> None:
            found.run("put_identities", f'[["{name}", "{key}"]]')

        leads = Held(leading, Reach(names=(name,)), lead)
        with leads, Held(busy, Reach(names=(key,)), lambda found: None) as at_it:
            adding = asyncio.ensure_future(pod.add_message(new_reply(1, clock, key=name), lease=True))
            await asyncio.wait({adding}, timeout=0.3)
            leads.end()
            await asyncio.wait({adding}, timeout=0.3)
            waited = not adding.done()
            at_it.end()
            added = await adding

        assert waited
        assert added.message is not None

    async def test_a_claim_leaves_alone_what_somebody_is_at(self, open_pod: Open, clock: FakeClock) -> None:
        """It waits for no lock, and takes the other customers' messages."""
        holder, pod = open_pod(**UNLIMITED), open_pod(**UNLIMITED)
        for n in (1, 2):
            await pod.add_message(new_reply(n, clock), lease=False)
        with Held(holder, Reach(names=(new_reply(1, clock).key,)), lambda found: None):
            async with asyncio.timeout(20):
                claim = await pod.get_messages_to_retry(10)
        later = await pod.get_messages_to_retry(10)

        assert [message.wamid for message in claim.messages] == ["wamid.IN2"]
        assert [message.wamid for message in later.messages] == ["wamid.IN1"]

    async def test_an_operator_waits_for_all(self, open_pod: Open, clock: FakeClock) -> None:
        """An operation without a limited reach locks the whole store."""
        holder, pod = open_pod(), open_pod()
        with Held(holder, Reach(names=("somebody",)), lambda found: None) as held:
            retried = asyncio.ensure_future(pod.retry([1]))
            await asyncio.wait({retried}, timeout=0.2)
            waited = not retried.done()
            held.end()
            await retried

        assert waited


class TestOnce:
    """Each of these happens exactly once, in any order of the pods."""

    async def test_a_message_is_written_once(self, open_pod: Open, database_url: str, clock: FakeClock) -> None:
        """By the fastest of four pods; for the others it is a duplicate."""
        pods = [open_pod(**UNLIMITED) for _ in range(PODS)]
        added = await asyncio.gather(
            *(pod.add_message(new_reply(n, clock), lease=True) for n in range(50) for pod in pods)
        )

        assert sum(not one.duplicate for one in added) == 50
        assert rows(database_url, "SELECT count(DISTINCT wamid), count(*) FROM entry") == [(50, 50)]

    async def test_a_message_is_leased_once(self, open_pod: Open, clock: FakeClock) -> None:
        """Four drains share the due messages; a customer gets no two at once."""
        pods = [open_pod(**UNLIMITED) for _ in range(PODS)]
        await asyncio.gather(
            *(pods[0].add_message(new_reply(n, clock, customer=n % 40), lease=False) for n in range(80))
        )
        claims = await asyncio.gather(*(pod.get_messages_to_retry(10) for _ in range(3) for pod in pods))
        leased = [message for claim in claims for message in claim.messages]

        assert len({message.id for message in leased}) == len(leased) == 40
        assert len({message.phone for message in leased}) == 40

    async def test_two_names_that_come_apart_and_together_are_one_customer(
        self, open_pod: Open, clock: FakeClock, database_url: str
    ) -> None:
        """Each of his messages goes to another pod: with his number, his user id, or both."""
        pods = [open_pod(**UNLIMITED) for _ in range(PODS)]
        for customer in range(10):
            names = f"{NUMBER}:+{customer}", f"{NUMBER}:US.{customer}"
            messages = [
                new_reply(3 * customer + n, clock, key=key, aliases=aliases)
                for n, (key, aliases) in enumerate([(names[0], ()), (names[1], names[:1]), (names[0], names[1:])])
            ]
            await asyncio.gather(
                *(pod.add_message(message, lease=False) for pod, message in zip(pods, messages, strict=False))
            )
        keys = rows(database_url, "SELECT count(DISTINCT key), count(*) FROM entry")

        assert keys == [(10, 30)]

    async def test_a_quote_becomes_one_order(self, open_pod: Open, clock: FakeClock, database_url: str) -> None:
        """Four taps arrive at four pods at once, each handled with the same session."""
        pods = [open_pod(**UNLIMITED) for _ in range(PODS)]
        for customer in range(5):
            await quoted(pods[0], clock, f"T{customer}", customer=customer)
            sessions = [await session_of(pod, clock, customer, may_order=True) for pod in pods]
            taps = [deciding(1000 + 10 * customer + n, clock, one, customer=customer) for n, one in enumerate(sessions)]
            added = await asyncio.gather(
                *(pod.add_message(tap, lease=True) for pod, tap in zip(pods, taps, strict=True))
            )
            assert sum(one.stale is None for one in added) == 1

        assert rows(database_url, "SELECT count(*), count(DISTINCT quote) FROM shop_order") == [(5, 5)]

    async def test_one_probe_at_a_time(self, open_pod: Open, clock: FakeClock) -> None:
        """Four drains find the breaker due for a probe: one probes, and then one of them gets the trial."""
        pods = [open_pod(RECADO_BREAKER_FAILURES="1", **UNLIMITED) for _ in range(PODS)]
        for n in range(20):
            await pods[0].add_message(new_reply(n, clock), lease=False)
        failed = await pods[0].get_messages_to_retry(1)
        await pods[0].update_message_attempt(failed.messages[0], OUTAGE)
        clock.advance(60)
        claims = await asyncio.gather(*(pod.get_messages_to_retry(10) for pod in pods))
        await pods[0].record_probe(LANE, True)
        trials = await asyncio.gather(*(pod.get_messages_to_retry(10) for pod in pods))

        assert sum(len(claim.probes) for claim in claims) == 1
        assert sum(len(claim.messages) for claim in claims) == 0
        assert [message.trial for claim in trials for message in claim.messages] == [True]

    async def test_an_endpoint_gets_few_requests_at_once(self, open_pod: Open, clock: FakeClock) -> None:
        """Regardless of the number of drains."""
        pods = [open_pod(CRM, **UNLIMITED) for _ in range(PODS)]
        await asyncio.gather(*(pods[n % PODS].add_message(asking(n, clock), lease=False) for n in range(40)))
        claims = await asyncio.gather(*(pod.get_messages_to_retry(100) for _ in range(3) for pod in pods))
        events = [m for claim in claims for m in claim.messages if m.lane.channel == http.NAME]

        assert len(events) == http.AT_ONCE

    async def test_failures_that_come_together_are_all_counted(self, open_pod: Open, clock: FakeClock) -> None:
        """Each pod reports one failure, and the breaker opens at the number of pods."""
        pods = [open_pod(RECADO_BREAKER_FAILURES=str(PODS), **UNLIMITED) for _ in range(PODS)]
        leased = [await add_leased(pod, new_reply(n, clock)) for n, pod in enumerate(pods)]
        await asyncio.gather(*(pod.update_message_attempt(one, OUTAGE) for pod, one in zip(pods, leased, strict=True)))

        assert pods[0].snapshot().breakers[NUMBER].open


class TestPace:
    """The limits hold for all pods together."""

    async def test_a_number_and_its_customers_keep_their_pace(self, open_pod: Open, clock: FakeClock) -> None:
        """Four senders take as many new and waiting messages as they can get, for 20 seconds of the clock."""
        settings = {
            "RECADO_MESSAGES_PER_SECOND": str(PER_SECOND),
            "RECADO_CUSTOMER_INTERVAL_SECONDS": str(INTERVAL),
            "RECADO_CUSTOMER_MESSAGES_PER_MINUTE": "0",
        }
        pods = [open_pod(**settings) for _ in range(PODS)]
        numbers, sent = itertools.count(), list[LeasedReply]()

        async def work(pod: PostgresRetryQueue) -> None:
            adding = [
                pod.add_message(new_reply(n, clock, customer=n % 300), lease=n % 3 > 0)
                for n in itertools.islice(numbers, 8)
            ]
            leased = [added.message for added in await asyncio.gather(*adding) if added.message]
            leased += (await pod.get_messages_to_retry(20)).messages
            sent.extend(leased)
            await asyncio.gather(*(pod.update_message_attempt(one, DELIVERED) for one in leased))

        for _ in range(80):
            await asyncio.gather(*(work(pod) for pod in pods))
            clock.advance(0.25)
        turns = sorted(message.send_at for message in sent)
        by_customer = defaultdict(list)
        for message in sent:
            by_customer[message.phone].append(message.send_at)
        gaps = [b - a for times in by_customer.values() for a, b in itertools.pairwise(sorted(times))]

        assert len(turns) > 500
        assert min(b - a for a, b in itertools.pairwise(turns)) >= 1 / PER_SECOND / USED_RATE - 1e-6
        assert most_in(1.0, turns) <= PER_SECOND
        assert min(gaps) >= INTERVAL - 1e-6


def most_in(seconds: float, times: list[float]) -> int:
    """The maximum number of times within any span of `seconds`."""
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


async def test_everything_at_once(open_pod: Open, clock: FakeClock, database_url: str) -> None:
    """Four pods add the same messages of few customers, claim, record, settle and do the upkeep, in any order.

    Each message is written once, a customer's replies are sent one at a time in the order of his messages, and the sums
    agree with the rows.
    """
    chance = random.Random(7)
    pods = [open_pod(CRM, **UNLIMITED) for _ in range(PODS)]
    new, left = Counter[str](), defaultdict[str | None, list[int]](list)

    async def add(pod: PostgresRetryQueue, n: int) -> None:
        added = await pod.add_message(asking(n, clock, customer=n % 7), lease=chance.random() < 0.5)
        new[f"wamid.IN{n}"] += not added.duplicate
        if added.message:
            await send(pod, added.message)

    async def drain(pod: PostgresRetryQueue) -> None:
        claim = await pod.get_messages_to_retry(5)
        await asyncio.gather(*(send(pod, message) for message in claim.messages))

    async def send(pod: PostgresRetryQueue, message: LeasedReply) -> None:
        if message.lane == LANE:
            left[message.phone].append(message.id)
        await asyncio.gather(
            pod.update_message_attempt(message, DELIVERED),
            chance.choice(pods).apply_status(status_of(message, "delivered")),
        )

    for first in range(0, 200, 20):
        brought = [(pod, n) for n in range(first, first + 20) for pod in chance.sample(pods, 2)]
        # One customer's messages arrive one after the other, so that their order is known; each arrives twice.
        by_customer = defaultdict(list)
        for pod, n in brought:
            by_customer[n % 7].append((pod, n))

        async def bring(messages: list[tuple[PostgresRetryQueue, int]]) -> None:
            for (one, n), (other, _) in zip(messages[::2], messages[1::2], strict=True):
                await asyncio.gather(add(one, n), add(other, n))

        await asyncio.gather(
            *(bring(messages) for messages in by_customer.values()),
            *(drain(pod) for pod in pods for _ in range(5)),
            chance.choice(pods).expire(),
            chance.choice(pods).prune(),
        )
        clock.advance(2)
    while (await pods[0].status()).pending_retry:
        await drain(pods[1])
        clock.advance(2)

    assert set(new.values()) == {1}
    assert len(new) == 200
    assert sum(map(len, left.values())) == 200
    assert all(ids == sorted(ids) for ids in left.values())
    assert_sums_are_the_rows(pods[0], database_url)
    sequences = rows(database_url, "SELECT key, array_agg(sequence ORDER BY id) FROM event GROUP BY key")
    assert all(found == list(range(1, len(found) + 1)) for _, found in sequences)


def assert_sums_are_the_rows(pod: PostgresRetryQueue, url: str) -> None:
    counted = dict(rows(url, "SELECT state, count(*) FROM entry WHERE channel = 'whatsapp' GROUP BY state"))
    assert {state: n for state, n in pod.snapshot().rows.items() if n} == counted


class TestServerEndsOne:
    """Deadlocks, which the order of locks makes rare."""

    async def test_it_is_done_again(self, open_pod: Open, clock: FakeClock, database_url: str) -> None:
        """Both transactions succeed in the end."""
        pods = [open_pod(), open_pod()]
        with psycopg.connect(database_url) as server:
            server.execute("INSERT INTO recado.lane (channel, name) VALUES ('whatsapp', 'a'), ('whatsapp', 'b')")
        met = threading.Barrier(2)
        tries: Counter[str] = Counter()

        def lock(first: str, second: str) -> Callable[[Statements], None]:
            def work(found: Statements) -> None:
                tries[first] += 1
                found.run("lock_lanes", f'[["whatsapp", "{first}"]]')
                if tries[first] == 1:
                    met.wait(10)
                found.run("lock_lanes", f'[["whatsapp", "{second}"]]')

            return work

        await asyncio.gather(
            asyncio.to_thread(pods[0].database.write, lock("a", "b"), Reach()),
            asyncio.to_thread(pods[1].database.write, lock("b", "a"), Reach()),
        )

        assert sorted(tries.values()) == [1, 2]
