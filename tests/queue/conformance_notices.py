"""What every RetryQueue must do for its operator: write few notices, without data of customers."""

import asyncio

from msgspec.structs import replace

from recado.delivery.channels import notice as channel
from recado.events.facts import USUAL_TYPES, HandoffRequested
from recado.notices.notice import Notice, NoticeKind, text
from recado.orders import OrderState
from recado.outcome import Outcome, Scope
from recado.queue.model import EVENTS, NOTICES, REPLIES, AttemptResult, Audience, Lane, LeasedReply
from recado.queue.protocol import RetryQueue
from recado.telemetry import metrics
from tests.clock import FakeClock
from tests.queue.conformance_orders import moving, ordered
from tests.queue.events import GONE
from tests.queue.replies import (
    DELIVERED,
    EXPIRED_TOKEN,
    NO_JITTER,
    NUMBER,
    OUTAGE,
    REJECTED,
    UNLIMITED,
    add_leased,
    new_reply,
)
from tests.queue.stores import OpenQueue

PERIOD = 900.0
SLACK = Audience(
    notices=("slack",),
    notice_seconds=PERIOD,
    notice_deadline_seconds=channel.DEADLINE_SECONDS,
    order_prefix="P-",
    accept_seconds=1800.0,
)
TOOK = AttemptResult(outcome=Outcome.DELIVERED, code_class="2xx")
DOWN = AttemptResult(outcome=Outcome.RETRYABLE, error_class="refused", code_class="4xx")


async def claimed(queue: RetryQueue) -> list[LeasedReply]:
    """The notices that may be sent now."""
    claim = await queue.get_messages_to_retry(200)
    return [message for message in claim.messages if message.lane.channel == NOTICES]


async def sent(queue: RetryQueue) -> list[Notice]:
    """The notices that may be sent now; they are delivered."""
    return (await taken(queue))[0]


async def taken(queue: RetryQueue) -> tuple[list[Notice], list[LeasedReply]]:
    """The notices that may be sent now, which are delivered, and the other claimed entries."""
    notices, others = [], []
    for message in (await queue.get_messages_to_retry(200)).messages:
        if isinstance(message.content, Notice):
            await queue.update_message_attempt(message, TOOK)
            notices.append(message.content)
        else:
            others.append(message)
    return notices, others


async def lose(queue: RetryQueue, clock: FakeClock, n: int) -> None:
    """Meta refuses the reply to message n."""
    await queue.update_message_attempt(await add_leased(queue, new_reply(n, clock)), REJECTED)


class NoticeConformance:
    """Notices; `open_queue(audience, **settings)` opens the same store each time within a test."""

    async def test_many_lost_replies_are_few_notices(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """In 50 minutes there is one notice at once and one at the end of each quarter of an hour; every reply is
        counted once.

        200 replies are some 60 in each quarter of an hour, all but the first in one notice.
        """
        queue = open_queue(SLACK, **UNLIMITED)
        got: list[tuple[float, Notice]] = []
        began = clock()
        for n in range(200):
            await lose(queue, clock, n)
            clock.advance(15)
            if n % 2 == 0:
                got += [(clock() - began, notice) for notice in await sent(queue)]
        clock.advance(PERIOD)
        got += [(clock() - began, notice) for notice in await sent(queue)]

        assert [at // PERIOD for at, _ in got] == [0, 1, 2, 3, 4]
        assert next(notice.count for _, notice in got) == 1
        assert sum(notice.count for _, notice in got) == 200
        assert {notice.kind for _, notice in got} == {NoticeKind.REPLY_LOST}
        assert got[1][1].whats == {"rejected (invalid)": got[1][1].count}

    async def test_a_quiet_period_begins_anew(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A failure a quarter of an hour after the last notice is reported at once; an earlier one, with the next
        digest."""
        queue = open_queue(SLACK, **UNLIMITED)
        await lose(queue, clock, 1)
        first = await sent(queue)
        clock.advance(PERIOD)
        await lose(queue, clock, 2)
        second = await sent(queue)
        await lose(queue, clock, 3)
        clock.advance(PERIOD)
        digest = await sent(queue)
        clock.advance(PERIOD / 2)
        await lose(queue, clock, 4)
        early = await sent(queue)
        clock.advance(PERIOD / 2)
        next_digest = await sent(queue)

        assert [len(one) for one in (first, second, digest, early, next_digest)] == [1, 1, 1, 0, 1]

    async def test_a_thousand_closed_windows_are_two_notices(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """The replies are given up some hundreds at a time: the first are reported at once, the others at the end of
        the quarter of an hour."""
        queue = open_queue(SLACK, **UNLIMITED)
        await asyncio.gather(*(queue.add_message(new_reply(n, clock), lease=False) for n in range(1000)))
        clock.advance(90_000)
        while await queue.expire():
            pass
        (at_once,) = await sent(queue)
        clock.advance(PERIOD - 1)
        early = await sent(queue)
        clock.advance(1)
        (digest,) = await sent(queue)
        clock.advance(PERIOD)

        assert early == await sent(queue) == []
        assert at_once.count + digest.count == 1000
        assert digest.whats == {"window_closed": digest.count}
        assert f"{digest.count} respuestas" in text(digest)
        assert "RecadoRepliesLost" in text(digest)
        assert "recado queue list --state failed" in text(digest)

    async def test_orders_are_told_one_by_one_until_they_are_many(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """Ten notices in a quarter of an hour, then one for the others."""
        queue = open_queue(SLACK, **UNLIMITED)
        for customer in range(1, 14):
            await ordered(queue, clock, customer)
        at_once = await sent(queue)
        clock.advance(PERIOD)
        digest = await sent(queue)

        assert [notice.count for notice in at_once] == [1] * 10
        assert [notice.count for notice in digest] == [3]
        assert {notice.kind for notice in at_once + digest} == {NoticeKind.ORDER_PLACED}
        assert "P-" in text(at_once[0])

    async def test_an_order_that_nobody_accepts_is_told_once(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Half an hour after it was placed, and only once; an accepted order is not reported."""
        queue = open_queue(SLACK, **UNLIMITED)
        first, second = [await ordered(queue, clock, customer) for customer in (1, 2)]
        await queue.move_order(moving(first.number, OrderState.ACCEPTED))
        await sent(queue)
        clock.advance(1801)
        await queue.expire()
        (notice,) = await sent(queue)
        clock.advance(3600)
        await queue.expire()

        assert (notice.kind, notice.whats) == (NoticeKind.ORDER_WAITING, {f"P-{second.number}": 1})
        assert await sent(queue) == []

    async def test_hand_offs_and_an_operator_are_asked_for(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Each kind has its own notice, independent of others; a breaker that stays open is reported once."""
        queue = open_queue(SLACK, **UNLIMITED)
        leased = await add_leased(queue, new_reply(1, clock, facts=(HandoffRequested(reason="asked"),)))
        again = await add_leased(queue, new_reply(2, clock))
        await queue.update_message_attempt(leased, EXPIRED_TOKEN)
        await queue.update_message_attempt(again, EXPIRED_TOKEN)
        notices = await sent(queue)

        assert {notice.kind: notice.count for notice in notices} == {
            NoticeKind.HANDOFF: 1,
            NoticeKind.OPERATOR_NEEDED: 1,
        }
        clock.advance(PERIOD)
        assert await sent(queue) == []

    async def test_when_all_that_waited_has_arrived_it_is_told_once(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """Only after all replies that waited for the operator were sent; later replies do not matter."""
        queue = open_queue(SLACK, **UNLIMITED, **NO_JITTER)
        first, second, third = [await add_leased(queue, new_reply(n, clock)) for n in (1, 2, 3)]
        await queue.update_message_attempt(first, EXPIRED_TOKEN)
        during = await sent(queue)
        await queue.update_message_attempt(second, DELIVERED)
        await queue.expire()
        early = await sent(queue)
        await queue.update_message_attempt(third, DELIVERED)
        clock.advance(60)
        later = await add_leased(queue, new_reply(4, clock))
        await queue.expire()
        still_early, (waited,) = await taken(queue)
        await queue.update_message_attempt(waited, DELIVERED)
        await queue.expire()
        after = await sent(queue)
        await queue.update_message_attempt(later, DELIVERED)
        await queue.expire()

        assert [notice.kind for notice in during] == [NoticeKind.OPERATOR_NEEDED]
        assert waited.id == first.id
        assert (early, still_early) == ([], [])
        assert [(notice.kind, notice.whats) for notice in after] == [
            (NoticeKind.RECOVERED, {f"whatsapp {first.lane.name}: todo llegó": 1})
        ]
        assert await sent(queue) == []

    async def test_an_outage_that_lost_replies_is_told_when_it_is_over(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """The notice has the number of lost replies. An outage without lost replies is not reported, because its
        beginning was not either."""
        queue = open_queue(SLACK, **UNLIMITED, **NO_JITTER)
        for day in range(2):
            for n in range(5):
                await queue.update_message_attempt(await add_leased(queue, new_reply(10 * day + n, clock)), OUTAGE)
            clock.advance(90_000 if day else 60)
            await queue.expire()
            lost = await sent(queue)
            await queue.record_probe(Lane(REPLIES, NUMBER), True)
            await queue.add_message(new_reply(10 * day + 9, clock), lease=False)
            for _ in range(3):  # the trial, and then the replies that waited for it
                for message in (await taken(queue))[1]:
                    await queue.update_message_attempt(message, DELIVERED)
                clock.advance(60)
            await queue.expire()
            over = await sent(queue)

            assert [(notice.kind, notice.count) for notice in lost] == [(NoticeKind.REPLY_LOST, 5)] * day
            assert [(notice.kind, notice.whats) for notice in over] == [
                (NoticeKind.RECOVERED, {f"whatsapp {NUMBER}: 5 no llegaron": 1})
            ] * day

    async def test_an_endpoint_that_ended_needs_the_operator(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """After its response 410, recado sends it nothing; after the operator has resumed it, the waiting events are
        sent."""
        queue = open_queue(replace(SLACK, wants={"crm": USUAL_TYPES}, deadline_seconds=300_000.0), **UNLIMITED)
        for n in (1, 2):
            await queue.add_message(new_reply(n, clock, facts=(HandoffRequested(reason="asked"),)), lease=False)
        one, other = [message for message in (await taken(queue))[1] if message.lane.channel == EVENTS]
        await queue.update_message_attempt(one, GONE)
        await queue.update_message_attempt(other, GONE)
        needed = await sent(queue)
        clock.advance(3600)
        assert await queue.events.resume("crm")
        await queue.expire()
        early, waiting = await taken(queue)
        for message in waiting:
            await queue.update_message_attempt(message, TOOK)
        await queue.expire()

        assert NoticeKind.RECOVERED not in {notice.kind for notice in early}
        assert (NoticeKind.OPERATOR_NEEDED, {"http crm": 1}) in [(notice.kind, notice.whats) for notice in needed]
        assert [(notice.kind, notice.whats) for notice in await sent(queue)] == [
            (NoticeKind.RECOVERED, {"http crm: todo llegó": 1})
        ]

    async def test_nothing_is_told_of_a_notice(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A notice that fails, or whose target needs an operator, is counted and causes no notice; it gets five
        attempts in an hour."""
        queue = open_queue(SLACK, **UNLIMITED, **NO_JITTER)
        await lose(queue, clock, 1)
        began = clock()
        for wait in (*channel.BACKOFF_SECONDS, 0.0):
            (message,) = await claimed(queue)
            await queue.update_message_attempt(message, DOWN)
            clock.advance(wait)
        clock.advance(PERIOD)
        totals = queue.snapshot().totals

        assert clock() - began - PERIOD <= 3600
        assert await claimed(queue) == []
        assert totals[metrics.NOTICES.name, ("slack", "failed")] == 1
        assert totals[metrics.NOTICE_ATTEMPTS.name, ("slack", "retryable")] == 5
        await lose(queue, clock, 2)
        (message,) = await claimed(queue)
        await queue.update_message_attempt(
            message, replace(DOWN, outcome=Outcome.OPERATOR, error_class="configuration", scope=Scope.NUMBER)
        )
        clock.advance(PERIOD * 30)  # the deadline, six hours, has passed
        await queue.expire()
        assert await claimed(queue) == []
        assert queue.snapshot().totals[metrics.NOTICES.name, ("slack", "failed")] == 2

    async def test_a_notice_names_no_customer(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """No phone, user id, message id, name or text in any of them."""
        queue = open_queue(SLACK, **UNLIMITED)
        await ordered(queue, clock)
        await lose(queue, clock, 7)
        asked = new_reply(8, clock, facts=(HandoffRequested(reason="asked"),))
        await queue.add_message(asked, lease=False)
        written = " ".join(text(notice) for notice in await sent(queue))

        assert "Pedido nuevo" in written
        for private in ("1555010", "US.", "wamid", "jeans"):
            assert private not in written

    async def test_every_target_gets_each_notice(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """So does each digest, with the same count; without targets there are none."""
        queue = open_queue(replace(SLACK, notices=("mail", "slack")), **UNLIMITED)
        for n in range(5):
            await lose(queue, clock, n)
        at_once = await sent(queue)
        clock.advance(PERIOD)
        digests = await sent(queue)

        assert [notice.count for notice in at_once] == [1, 1]
        assert [notice.count for notice in digests] == [4, 4]
        silent = open_queue(Audience(), **UNLIMITED)
        await lose(silent, clock, 6)
        assert await sent(silent) == []
