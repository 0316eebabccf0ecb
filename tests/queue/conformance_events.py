"""What every RetryQueue must do for the shop's systems: events with their facts, and their deliveries."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from recado.delivery.channels import http
from recado.events.event import Event
from recado.events.facts import USUAL_TYPES, HandoffRequested, MessageReceived
from recado.orders import Changes, Closing, Located, OrderState, QuoteState
from recado.outcome import Outcome, Scope
from recado.queue.model import EVENTS, AttemptResult, Audience, LeasedReply, NewReply, State
from recado.queue.policy import OpenReason
from recado.queue.protocol import RetryQueue
from recado.telemetry import metrics
from tests.clock import FakeClock
from tests.queue.conformance_orders import moving, ordered
from tests.queue.replies import NO_JITTER, NUMBER, REJECTED, UNLIMITED, add_leased, new_reply, status_of
from tests.queue.sessions import deciding, opening, quoted, session_of
from tests.queue.stores import OpenQueue

CRM = Audience(wants={"crm": USUAL_TYPES}, deadline_seconds=http.DEADLINE_SECONDS, order_prefix="P-")
#: Without events about replies, whose windows close meanwhile.
ASKED = replace(CRM, wants={"crm": frozenset({"handoff.requested"})})
TWO = replace(CRM, wants={"crm": USUAL_TYPES, "lake": frozenset({"message.received", "order.created"})})
DOWN = AttemptResult(outcome=Outcome.RETRYABLE, error_class="server", error_code=500, outage=True, code_class="5xx")
REFUSED = AttemptResult(outcome=Outcome.RETRYABLE, error_class="refused", error_code=400, code_class="4xx")
GONE = AttemptResult(outcome=Outcome.ENDED, error_class="gone", error_code=410, scope=Scope.NUMBER, code_class="4xx")
TOOK = AttemptResult(outcome=Outcome.DELIVERED, code_class="2xx")


def asking(n: int, clock: FakeClock, *, customer: int | None = None) -> NewReply:
    """Message number n, in which the customer asks for a person: one event."""
    return new_reply(n, clock, customer=customer, facts=(HandoffRequested(reason="asked"),))


async def kinds(queue: RetryQueue) -> list[str]:
    return [event.kind for event in await queue.events.after(0, limit=1000)]


async def claimed(queue: RetryQueue, limit: int = 100) -> list[LeasedReply]:
    """The events that may be sent now."""
    claim = await queue.get_messages_to_retry(limit)
    return [message for message in claim.messages if message.lane.channel == EVENTS]


def event_in(message: LeasedReply) -> Event:
    assert isinstance(message.content, Event)
    return message.content


class EventConformance:
    """Events; `open_queue(audience, **settings)` opens the same store each time within a test."""

    async def test_a_conversation_tells_of_itself_in_order(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A quote, its replacement, the order and its location: each has one event, with ascending numbers and its
        content."""
        queue = open_queue(CRM)
        await quoted(queue, clock)
        session = await session_of(queue, clock)
        clock.advance(5)
        second = replace(
            opening(2, clock, "BBBB"), changes=replace(opening(2, clock, "BBBB").changes, version=session.version)
        )
        await queue.add_message(second, lease=False)
        session = await session_of(queue, clock, may_order=True)
        await queue.add_message(deciding(3, clock, session), lease=False)
        session = await session_of(queue, clock)
        assert session.order
        located = Changes(version=session.version, locates=Located(number=session.order.number, location="Calle 1"))
        await queue.add_message(new_reply(4, clock, customer=1, changes=located), lease=False)
        events = await queue.events.after(0, limit=10)

        assert [event.kind for event in events] == ["quote.created", "quote.replaced", "order.created", "order.updated"]
        assert [event.sequence for event in events] == [1, 2, 3, 4]
        assert len({event.conversation for event in events}) == len({event.customer.ref for event in events}) == 1
        assert events[1].data["replaces"] == "AAAA"
        assert events[1].data["quote"]["token"] == "BBBB"
        order = events[2].data["order"]
        assert (order["number"], order["quote"]) == (f"P-{session.order.number}", "BBBB")
        assert (order["total"], order["left_out"]) == ("103.76", [{"text": "jeans"}])
        assert [line["line_total"] for line in order["lines"]] == ["91.98", "11.78"]
        assert events[3].data == {"number": order["number"], "state": "placed", "reason": "location"}
        assert events[0].customer.phone == "+15550100001"

    async def test_a_quote_is_delivered_and_read_once(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Although Meta repeats statuses and sends both at once, each fact has one event."""
        queue = open_queue(replace(CRM, wants={"crm": frozenset({"quote.delivered", "quote.read"})}))
        message = await quoted(queue, clock)
        clock.advance(60)
        other = await add_leased(queue, new_reply(900, clock, customer=9))
        await queue.update_message_attempt(other, replace(TOOK, sent_wamid="wamid.other"))
        for kind in ("sent", "delivered", "delivered", "read", "read", "delivered"):
            update = status_of(message, kind)
            await asyncio.gather(queue.apply_status(update), queue.apply_status(status_of(other, kind)))
        events = await queue.events.after(0, limit=10)

        assert [(event.kind, event.data) for event in events] == [
            ("quote.delivered", {"token": "AAAA"}),
            ("quote.read", {"token": "AAAA"}),
        ]
        assert events[0].customer.user_id == "US.1"
        assert queue.snapshot().totals[metrics.EVENTS.name, ("quote.read",)] == 1

    async def test_a_conversation_is_named_by_a_hash(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Another customer has another hash and another sequence; the hash does not reveal the customer."""
        queue = open_queue(CRM)
        await queue.add_message(opening(1, clock, "AAAA", customer=1), lease=False)
        await queue.add_message(opening(2, clock, "BBBB", customer=2), lease=False)
        one, two = await queue.events.after(0, limit=10)

        assert (one.sequence, two.sequence) == (1, 1)
        assert one.conversation != two.conversation
        assert one.customer.ref != two.customer.ref
        assert one.id < two.id
        assert NUMBER not in one.conversation + one.customer.ref

    async def test_without_an_endpoint_nothing_is_written(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Nor is a type without a subscriber written."""
        queue = open_queue()
        await quoted(queue, clock)
        only_orders = open_queue(replace(CRM, wants={"crm": frozenset({"order.created"})}))
        await quoted(only_orders, clock, "BBBB", customer=2)

        assert await kinds(only_orders) == []
        assert await claimed(only_orders) == []
        assert only_orders.snapshot().endpoints == {}

    async def test_each_endpoint_gets_what_it_wants(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        queue = open_queue(TWO)
        received = MessageReceived(kind="text", text="hola")
        handoff = HandoffRequested(reason="asked")
        await queue.add_message(new_reply(1, clock, facts=(received, handoff)), lease=False)
        sent = {(message.lane.name, event_in(message).kind) for message in await claimed(queue)}

        assert sent == {("lake", "message.received"), ("crm", "handoff.requested")}

    async def test_a_message_that_comes_again_tells_nothing(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A redelivered message writes no event, nor does one that was handled with an older session."""
        queue = open_queue(CRM)
        message = opening(1, clock, "AAAA")
        await queue.add_message(message, lease=False)
        await queue.add_message(message, lease=False)
        await queue.add_message(opening(2, clock, "BBBB"), lease=False)

        assert await kinds(queue) == ["quote.created"]

    async def test_a_rejected_quote(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        queue = open_queue(CRM)
        await quoted(queue, clock)
        clock.advance(40)
        session = await session_of(queue, clock)
        closes = Closing(token="AAAA", state=QuoteState.REJECTED)
        changes = Changes(version=session.version, closes=closes)
        await queue.add_message(new_reply(2, clock, customer=1, changes=changes), lease=False)
        last = (await queue.events.after(0, limit=10))[-1]

        assert (last.kind, last.data["token"]) == ("quote.rejected", "AAAA")
        assert last.data["age_seconds"] == pytest.approx(40, abs=2)

    async def test_a_quote_that_expires(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Even if no entry of the customer is left, the event names him."""
        queue = open_queue(CRM)
        await quoted(queue, clock)
        clock.advance(86_400)
        await queue.prune()
        await queue.expire()
        last = (await queue.events.after(0, limit=10))[-1]

        assert (last.kind, last.data["token"]) == ("quote.expired", "AAAA")
        assert last.data["age_seconds"] == pytest.approx(86_400, abs=10)
        assert (last.customer.phone, last.customer.user_id) == (None, "US.1")

    async def test_a_reply_that_is_given_up(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """The same transaction writes the events about the reply and about its withdrawn quote."""
        queue = open_queue(CRM)
        leased = await add_leased(queue, opening(1, clock, "AAAA"))
        await queue.update_message_attempt(leased, REJECTED)
        events = await queue.events.after(0, limit=10)

        assert [event.kind for event in events] == ["quote.created", "quote.withdrawn", "reply.failed"]
        assert events[2].data == {
            "message": leased.id,
            "reason": "rejected",
            "error_class": "invalid",
            "error_code": 131009,
        }
        assert events[2].customer.phone == "+15550100001"

    async def test_a_reply_whose_window_closed(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        queue = open_queue(CRM)
        await queue.add_message(new_reply(1, clock, deadline_at=clock() - 1), lease=False)
        await queue.add_message(new_reply(2, clock, deadline_at=clock() + 60), lease=False)
        clock.advance(61)
        await queue.expire()
        events = await queue.events.after(0, limit=10)

        assert [(event.kind, event.data["reason"]) for event in events] == [("reply.failed", "window_closed")] * 2

    async def test_staff_move_an_order(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Each change of state has one event, however often it is requested."""
        queue = open_queue(CRM, **UNLIMITED)
        order = await ordered(queue, clock)
        for state in (OrderState.ACCEPTED, OrderState.ACCEPTED, OrderState.CANCELLED):
            await queue.move_order(moving(order.number, state))
        events = [event for event in await queue.events.after(0, limit=10) if event.kind.startswith("order.")]
        number = f"P-{order.number}"

        assert [(event.kind, event.data.get("state")) for event in events] == [
            ("order.created", None),
            ("order.updated", "accepted"),
            ("order.cancelled", "cancelled"),
        ]
        assert events[1].data == {"number": number, "state": "accepted", "reason": "staff"}
        assert {event.customer.phone for event in events} == {"+15550100001"}

    async def test_events_are_no_replies(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """The queue's size, totals and lists count only replies, not events."""
        queue = open_queue(CRM)
        await add_leased(queue, asking(1, clock))
        await add_leased(queue, asking(2, clock))
        before = await queue.status()
        first, second = await claimed(queue)
        await queue.update_message_attempt(first, TOOK)
        await queue.update_message_attempt(second, replace(REJECTED, outcome=Outcome.PERMANENT))
        snapshot = queue.snapshot()

        assert without_age(await queue.status()) == without_age(before)
        assert (snapshot.rows[State.FAILED], snapshot.rows[State.DELIVERED]) == (0, 0)
        assert await queue.get_failed_messages() == []
        assert await queue.show(second.id) is None
        assert await queue.clear() == 0
        assert not any(name == metrics.ATTEMPTS.name for name, _ in snapshot.totals)
        assert snapshot.totals[metrics.EVENT_DELIVERIES.name, ("crm", "delivered")] == 1
        assert snapshot.totals[metrics.EVENT_DELIVERIES.name, ("crm", "failed")] == 1
        assert snapshot.totals[metrics.EVENTS.name, ("handoff.requested",)] == 2
        assert snapshot.breakers.keys() == {NUMBER}

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

    async def test_events_are_listed_by_type_and_page(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        queue = open_queue(TWO)
        facts: tuple[Any, ...] = (HandoffRequested(reason="asked"), MessageReceived(kind="text")) * 3
        await queue.add_message(new_reply(1, clock, facts=facts), lease=False)
        page = await queue.events.after(0, limit=2)
        rest = await queue.events.after(page[-1].id, limit=100)
        received = await queue.events.after(0, limit=100, types=["message.received"])

        assert [event.sequence for event in (*page, *rest)] == [1, 2, 3, 4, 5, 6]
        assert [event.sequence for event in received] == [2, 4, 6]

    async def test_events_are_forgotten(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Events are deleted after their retention; the sequence of a conversation that continues goes on."""
        queue = open_queue(ASKED)
        await queue.add_message(asking(1, clock), lease=False)
        clock.advance(29 * 86400)
        await queue.prune()
        await queue.add_message(asking(2, clock, customer=1), lease=False)
        clock.advance(2 * 86400)
        pruned = await queue.prune()

        assert pruned.rows["event"] == 1
        assert [event.sequence for event in await queue.events.after(0, limit=10)] == [2]

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


def without_age(status: Any) -> Any:
    return replace(status, oldest_due_seconds=0.0)
