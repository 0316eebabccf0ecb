"""What every RetryQueue must do to deliver events to the shop's systems."""

import asyncio

import pytest

from recado.delivery.channels import http
from recado.events.facts import HandoffRequested
from recado.queue.model import State
from recado.queue.operations.lanes import OpenReason
from recado.telemetry import metrics
from tests.clock import FakeClock
from tests.queue.events import ASKED, CRM, DOWN, GONE, REFUSED, TOOK, TWO, asking, claimed, event_in, kinds
from tests.queue.replies import NO_JITTER, UNLIMITED, new_reply
from tests.queue.stores import OpenQueue


class DeliveryConformance:
    """Deliveries of events: order, outages, limits, replays."""

    async def test_one_event_does_not_hold_up_the_next(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """An endpoint that refuses one event gets the later ones of the conversation, and that one by the schedule."""
        queue = open_queue(ASKED, **NO_JITTER)
        for n in (1, 2):
            await queue.add_message(asking(n, clock, customer=1), lease=False)
        first, second = await claimed(queue)
        await queue.update_message_attempt(first, REFUSED)
        await queue.update_message_attempt(second, TOOK)
        waits = []
        for _ in range(9):
            due_at = (await queue.events.deliveries(event_in(first).id))[0].due_at
            assert due_at
            waits.append(round(due_at - clock()))
            clock.now = due_at
            (again,) = await claimed(queue)
            assert event_in(again) == event_in(first)
            await queue.update_message_attempt(again, REFUSED)
        (last,) = await queue.events.deliveries(event_in(first).id)

        assert waits == list(http.BACKOFF_SECONDS)
        assert (last.state, last.reason, last.attempts) == (State.FAILED, "retries_exhausted", 10)

    async def test_a_process_that_dies_costs_no_event(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """The event is due again as soon as the lease has run out; its outcome is never unknown."""
        queue = open_queue(CRM)
        await queue.add_message(asking(1, clock), lease=False)
        (lost,) = await claimed(queue)
        clock.advance(61)
        (again,) = await claimed(queue)

        assert event_in(again) == event_in(lost)
        assert again.attempt == 2
        assert queue.snapshot().endpoints["crm"].waiting == 1

    async def test_an_endpoint_that_is_down_costs_no_attempts(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Its breaker opens, and recado sends a probe and one trial at a time; after a success everything is sent."""
        queue = open_queue(ASKED, **NO_JITTER)
        for n in range(20):
            await queue.add_message(asking(n, clock), lease=False)
        tried = await claimed(queue)
        for message in tried:
            await queue.update_message_attempt(message, DOWN)
        crm = queue.snapshot().endpoints["crm"]
        assert crm.breaker.open_reason is OpenReason.OUTAGE
        assert crm.waiting == 20
        assert await claimed(queue) == []
        for _ in range(100):  # two days of trials
            clock.advance(1800)
            for lane in (await queue.get_messages_to_retry(10)).probes:
                await queue.record_probe(lane, True)
            for message in await claimed(queue):
                await queue.update_message_attempt(message, DOWN)
        clock.advance(1800)
        for lane in (await queue.get_messages_to_retry(10)).probes:
            await queue.record_probe(lane, True)
        delivered = set()
        while messages := await claimed(queue):
            for message in messages:
                delivered.add(event_in(message).id)
                await queue.update_message_attempt(message, TOOK)
            clock.advance(1800)

        assert len(delivered) == 20
        assert queue.snapshot().endpoints["crm"].waiting == 0

    async def test_few_requests_are_under_way_at_once(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """An endpoint that hangs uses at most 16 places of all drains together; replies and other endpoints have the
        rest."""
        queue, other = open_queue(TWO, **UNLIMITED), open_queue(TWO, **UNLIMITED)
        for n in range(30):
            await queue.add_message(asking(n, clock), lease=False)
        hanging = await claimed(queue, 20), await claimed(other, 100)
        claim = await other.get_messages_to_retry(100)

        assert sum(len(messages) for messages in hanging) == http.AT_ONCE
        assert claim.messages == ()
        assert claim.next_at is not None
        assert claim.next_at >= clock() + 1

    async def test_an_endpoint_that_is_gone_gets_nothing_more(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Until an operator resumes it: then the waiting events are sent, and later ones can be replayed."""
        queue = open_queue(TWO)
        await queue.add_message(asking(1, clock), lease=False)
        (message,) = await claimed(queue)
        await queue.update_message_attempt(message, GONE)
        clock.advance(3600)
        await queue.add_message(asking(2, clock), lease=False)
        assert await claimed(queue) == []
        assert queue.snapshot().endpoints["crm"].breaker.open_reason is OpenReason.ENDED
        assert queue.snapshot().endpoints["crm"].waiting == 1
        assert await queue.events.resume("crm")
        assert not await queue.events.resume("crm")
        assert not await queue.events.resume("nobody")
        waited = await claimed(queue)
        replayed = await queue.events.replay(["crm"], since=clock() - 1)

        assert [event_in(message).sequence for message in waited] == [1]
        assert replayed == 1
        assert len(await claimed(queue)) == 1

    async def test_a_replay_sends_the_same_events(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """By their ids or since an instant, with the same ids; events that still wait are not doubled."""
        queue = open_queue(CRM)
        for n in range(3):
            await queue.add_message(asking(n, clock), lease=False)
            clock.advance(10)
        first = await claimed(queue)
        for message in first[:2]:
            await queue.update_message_attempt(message, TOOK)
        await queue.release(first[2])
        ids = [event_in(message).id for message in first]
        counts = [await queue.events.replay(["crm"], ids=ids), await queue.events.replay(["crm"], since=0.0)]
        again = await claimed(queue)
        late = await queue.events.replay(["lake"], since=clock() - 15)

        assert counts == [3, 3]
        assert sorted(event_in(message).id for message in again) == sorted(ids)
        assert late == 1
        assert [message.lane.name for message in await claimed(queue)] == ["lake"]

    async def test_replays_at_once_double_nothing(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Two operators replay at the same time, for both endpoints and for one."""
        one, other = open_queue(CRM), open_queue(CRM)
        await one.add_message(asking(1, clock), lease=False)
        (message,) = await claimed(one)
        await one.update_message_attempt(message, TOOK)
        both = ["crm", "lake"]
        await asyncio.gather(*(queue.events.replay(names) for queue in (one, other) for names in (both, both[:1])))

        assert sorted(message.lane.name for message in await claimed(one)) == both

    async def test_a_long_replay_goes_on_by_pages(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        queue = open_queue(CRM)
        facts = tuple(HandoffRequested(reason="asked") for _ in range(501))
        await queue.add_message(new_reply(1, clock, facts=facts), lease=False)

        assert await queue.events.replay(["lake"], since=0.0) == 501
        assert queue.snapshot().endpoints["lake"].waiting == 501

    async def test_the_oldest_that_waits(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        queue = open_queue(CRM)
        for n in (1, 2):
            await queue.add_message(asking(n, clock), lease=False)
            clock.advance(100)
        assert queue.snapshot().endpoints["crm"].oldest_seconds == pytest.approx(200)
        for message in await claimed(queue):
            await queue.update_message_attempt(message, TOOK)

        assert queue.snapshot().endpoints["crm"].oldest_seconds == 0

    async def test_an_event_is_too_old_some_day(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        queue = open_queue(ASKED)
        await queue.add_message(asking(1, clock), lease=False)
        clock.advance(http.DEADLINE_SECONDS + 1)
        await queue.expire()

        assert queue.snapshot().totals[metrics.EVENT_DELIVERIES.name, ("crm", "failed")] == 1
        assert await kinds(queue) == ["handoff.requested"]
