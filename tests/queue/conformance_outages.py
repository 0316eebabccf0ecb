"""What every RetryQueue must do in an outage, and with failures that only look like one."""

import msgspec
import pytest

from recado.outcome import Outcome, Scope
from recado.queue.model import AttemptResult, LeasedReply, State
from recado.queue.operations.lanes import OpenReason
from recado.queue.protocol import RetryQueue
from tests.clock import FakeClock
from tests.queue.replies import (
    DELIVERED,
    EXPIRED_TOKEN,
    LANE,
    NO_JITTER,
    NUMBER,
    OUTAGE,
    REJECTED,
    SERVER_ERROR,
    UNKNOWN,
    UNLIMITED,
    add_leased,
    claim_one,
    new_reply,
    status_of,
)
from tests.queue.stores import OpenQueue

#: Graph's own 500, "something went wrong": the cause may be the message or an outage.
POISONED = msgspec.structs.replace(SERVER_ERROR, outage=True, max_attempts=3)
#: The results of attempts in an outage.
LOOKS = {
    "no connection": OUTAGE,
    "no verdict": UNKNOWN,
    "Graph says so": msgspec.structs.replace(OUTAGE, error_class="server", error_code=131016, code_class="5xx"),
    "something went wrong": POISONED,
    "upgrade": AttemptResult(
        outcome=Outcome.THROTTLED, error_class="server", error_code=2, wait_seconds=300, outage=True, code_class="5xx"
    ),
}


class Meta:
    """A simulated Meta; `results` are the results for one customer or, under None, for all others."""

    def __init__(self, queue: RetryQueue, clock: FakeClock) -> None:
        self.queue, self.clock = queue, clock
        self.reachable = True
        self.results: dict[str | None, AttemptResult] = {None: DELIVERED}
        self.sent: list[LeasedReply] = []
        self.probes = 0

    async def send(self, message: LeasedReply) -> None:
        self.sent.append(message)
        result = self.results.get(message.phone, self.results[None])
        await self.queue.update_message_attempt(message, result)

    async def receive(self, n: int, **changes: object) -> None:
        """A customer writes, and the web pod sends the reply at once if possible."""
        added = await self.queue.add_message(new_reply(n, self.clock, **changes), lease=True)  # type: ignore[arg-type]  # fields by name
        if added.message:
            await self.send(added.message)

    async def drain(self) -> None:
        """Works like `recado drain`, until nothing can be claimed."""
        while True:
            claim = await self.queue.get_messages_to_retry(50)
            for lane in claim.probes:
                self.probes += 1
                self.clock.advance(0.01)  # a clear result counts for earlier failures
                await self.queue.record_probe(lane, self.reachable)
            for message in claim.messages:
                await self.send(message)
            if not claim.messages and not claim.probes:
                return

    async def minutes(self, count: int) -> None:
        """Runs a drain every minute."""
        for _ in range(count):
            await self.drain()
            self.clock.advance(2)
            await self.drain()
            self.clock.advance(58)

    async def recover(self) -> None:
        """Meta accepts everything again; drains until no reply waits, for at most 40 minutes."""
        self.reachable, self.results = True, {None: DELIVERED}
        for _ in range(40):
            if not (await self.queue.status()).queue_size:
                return
            await self.minutes(1)

    def sends_to(self, n: int) -> int:
        return sum(message.phone == f"+1555010{n:04d}" for message in self.sent)


class OutageConformance:
    """The behaviour; `open_queue(**settings)` opens the same store each time within a test."""

    async def test_an_outage_opens_the_breaker(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """After five failures of Meta, neither the web pod nor a drain sends replies."""
        queue = open_queue(**UNLIMITED, **NO_JITTER)
        for n in range(5):
            await queue.update_message_attempt(await add_leased(queue, new_reply(n, clock)), OUTAGE)
        while_open = await queue.add_message(new_reply(10, clock), lease=True)
        before_probe = await queue.get_messages_to_retry(10)

        assert queue.snapshot().breakers[NUMBER].open_reason is OpenReason.OUTAGE
        assert while_open.message is None
        assert while_open.due_at == before_probe.next_at == clock() + 30
        assert not before_probe.messages
        assert not before_probe.probes

    async def test_a_probe_carries_no_reply(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Every half minute one process is told to probe the number; the outage costs no attempts."""
        queue = open_queue(**UNLIMITED, **NO_JITTER)
        for n in range(5):
            await queue.update_message_attempt(await add_leased(queue, new_reply(n, clock)), OUTAGE)
        await queue.add_message(new_reply(10, clock), lease=True)
        clock.advance(31)
        first, second = await queue.get_messages_to_retry(10), await queue.get_messages_to_retry(10)
        await queue.record_probe(LANE, reachable=False)
        too_early = await queue.get_messages_to_retry(10)
        clock.advance(31)
        again = await queue.get_messages_to_retry(10)

        assert (first.probes, second.probes, too_early.probes, again.probes) == ((LANE,), (), (), (LANE,))
        assert first.messages == second.messages == too_early.messages == again.messages == ()

    async def test_an_answered_probe_lets_one_reply_try(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """If Meta accepts it, the breaker closes and all waiting replies can be sent."""
        queue = open_queue(**UNLIMITED)
        for n in range(5):
            await queue.update_message_attempt(await add_leased(queue, new_reply(n, clock)), OUTAGE)
        for n in range(10, 14):
            await queue.add_message(new_reply(n, clock), lease=True)
        clock.advance(31)
        await queue.get_messages_to_retry(10)
        await queue.record_probe(LANE, reachable=True)
        trial = await claim_one(queue)
        beside = await queue.get_messages_to_retry(10)
        await queue.update_message_attempt(trial, DELIVERED)

        assert trial.trial
        assert beside.messages == ()
        assert len((await queue.get_messages_to_retry(10)).messages) == 3
        assert queue.snapshot().breakers[NUMBER].open_reason is None

    async def test_a_claim_by_id_can_be_told_to_probe(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """If a probe is due, the web pod does not wait for the drain: it probes, and sends its own reply as the
        trial."""
        queue = open_queue(**UNLIMITED)
        for n in range(5):
            await queue.update_message_attempt(await add_leased(queue, new_reply(n, clock)), OUTAGE)
        clock.advance(31)
        added = await queue.add_message(new_reply(10, clock), lease=True)
        assert added.id is not None
        asked = await queue.claim_message(added.id)
        await queue.record_probe(LANE, reachable=True)
        claimed = await queue.claim_message(added.id)

        assert added.due_at == clock()
        assert asked.probes == (LANE,)
        assert [message.trial for message in claimed.messages] == [True]

    async def test_no_probe_when_nothing_waits(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A probe would help no reply."""
        queue = open_queue(RECADO_BREAKER_FAILURES="1", **UNLIMITED, **NO_JITTER)
        await queue.update_message_attempt(await add_leased(queue, new_reply(1, clock)), OUTAGE)
        clock.advance(60)

        assert (await queue.get_messages_to_retry(10)).probes == ()

    @pytest.mark.parametrize("customers", [1, 3, 40])
    @pytest.mark.parametrize("look", LOOKS)
    async def test_an_outage_costs_no_reply(
        self, open_queue: OpenQueue, clock: FakeClock, look: str, customers: int
    ) -> None:
        """After two hours of any kind of outage, even with few customers, every message gets exactly one reply."""
        queue = open_queue()
        meta = Meta(queue, clock)
        meta.reachable, meta.results = False, {None: LOOKS[look]}
        for n in range(customers):
            await meta.receive(n)
            await meta.minutes(1)
        await meta.minutes(120)
        during, sends = await queue.status(), len(meta.sent)
        await meta.recover()
        after = await queue.status()

        assert (during.failed, during.queue_size) == (0, customers)
        assert sends <= 5
        assert (after.queue_size, after.success_rate) == (0, 1.0)

    @pytest.mark.parametrize("look", LOOKS)
    async def test_outages_that_come_and_go_cost_no_reply(
        self, open_queue: OpenQueue, clock: FakeClock, look: str
    ) -> None:
        """Ten outages, each of which begins when the replies of the previous one are tried again."""
        queue = open_queue(**UNLIMITED, **NO_JITTER)
        meta = Meta(queue, clock)
        for _ in range(10):
            meta.results = {None: LOOKS[look]}
            meta.reachable = True
            for n in range(6):
                await meta.receive(n)
            await meta.drain()
            meta.reachable = False
            await meta.minutes(10)
        await meta.recover()
        status = await queue.status()

        assert (status.queue_size, status.success_rate) == (0, 1.0)

    @pytest.mark.parametrize("look", ["no verdict", "something went wrong", "Graph says so"])
    async def test_an_outage_of_replies_alone_costs_no_reply(
        self, open_queue: OpenQueue, clock: FakeClock, look: str
    ) -> None:
        """Graph responds to probes and fails every reply of a busy number: recado sends one trial at a time, at growing
        intervals."""
        queue = open_queue(**UNLIMITED)
        meta = Meta(queue, clock)
        meta.results = {None: LOOKS[look]}
        for n in range(20):
            await meta.receive(n)
        await meta.minutes(120)
        during, sends = await queue.status(), len(meta.sent)
        await meta.recover()
        after = await queue.status()

        assert (during.failed, during.queue_size) == (0, 20)
        assert (after.queue_size, after.success_rate) == (0, 1.0)
        if look == "no verdict":
            assert sends <= 5 + 4 + 120 // 8

    async def test_two_poison_customers_do_not_hold_the_number_up(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """On a quiet number, only the replies to two customers get 131000. Each is sent three times and given up;
        others are sent."""
        queue = open_queue()
        meta = Meta(queue, clock)
        meta.results = {None: DELIVERED, "+15550101001": POISONED, "+15550101002": POISONED}
        opened = 0
        for n in (1001, 1002):
            await meta.receive(n)
        for n in range(6):
            await meta.minutes(5)
            opened += queue.snapshot().breakers[NUMBER].open
            if n == 3:
                await meta.receive(1)
        status = await queue.status()

        assert [meta.sends_to(n) for n in (1001, 1002, 1)] == [3, 3, 1]
        assert opened == 0
        assert (status.failed, status.queue_size) == (2, 2)
        assert {message.reason for message in await queue.get_failed_messages()} == {"retries_exhausted"}

    async def test_a_poison_customer_without_verdict_is_sent_twice(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """A reply whose outcome is unknown twice while others succeed fails, and an operator decides."""
        queue = open_queue()
        meta = Meta(queue, clock)
        meta.results = {None: DELIVERED, "+15550101001": UNKNOWN}
        await meta.receive(1001)
        await meta.minutes(10)
        (failed,) = await queue.get_failed_messages()

        assert meta.sends_to(1001) == 2
        assert failed.reason == "unknown"

    @pytest.mark.parametrize("status", ["failed", "delivered"])
    async def test_a_status_closes_no_breaker(self, open_queue: OpenQueue, clock: FakeClock, status: str) -> None:
        """A status reports an attempt before the outage."""
        queue = open_queue(**UNLIMITED)
        before = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(before, DELIVERED)
        for n in range(10, 15):
            await queue.update_message_attempt(await add_leased(queue, new_reply(n, clock)), OUTAGE)
        await queue.apply_status(status_of(before, status, REJECTED if status == "failed" else None))

        assert queue.snapshot().breakers[NUMBER].open

    # -- faults of the configuration

    async def test_an_operators_error_pauses_the_number(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """An expired token stops all sends at once and costs no attempts."""
        queue = open_queue(**UNLIMITED)
        message = await add_leased(queue, new_reply(1, clock))
        decision = await queue.update_message_attempt(message, EXPIRED_TOKEN)
        added = await queue.add_message(new_reply(2, clock), lease=True)

        assert decision is not None
        assert (decision.state, decision.spent) == (State.QUEUED, 0)
        assert added.message is None
        assert queue.snapshot().breakers[NUMBER].open_reason is OpenReason.OPERATOR

    async def test_what_an_operator_mends_is_delivered(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """After two hours with a wrong token, or without a payment method, which probes do not notice, nothing is
        lost."""
        queue = open_queue()
        meta = Meta(queue, clock)
        payment = AttemptResult(
            outcome=Outcome.OPERATOR, error_class="payment", error_code=131042, scope=Scope.NUMBER, code_class="4xx"
        )
        meta.results = {None: payment}
        for n in range(8):
            await meta.receive(n)
        await meta.minutes(120)
        during = await queue.status()
        meta.results = {None: DELIVERED}
        await meta.minutes(10)
        after = await queue.status()

        assert (during.failed, during.queue_size) == (0, 8)
        assert (after.queue_size, after.success_rate) == (0, 1.0)
