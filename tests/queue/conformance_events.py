"""What every RetryQueue must do for the shop's systems: events with their facts, and their deliveries."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from recado.events.facts import HandoffRequested, MessageReceived
from recado.orders import Changes, Closing, Located, OrderState, QuoteState
from recado.outcome import Outcome
from recado.queue.model import State
from recado.telemetry import metrics
from tests.clock import FakeClock
from tests.queue.conformance_orders import moving, ordered
from tests.queue.events import ASKED, CRM, TOOK, TWO, asking, claimed, event_in, kinds
from tests.queue.replies import NUMBER, REJECTED, UNLIMITED, add_leased, new_reply, status_of
from tests.queue.sessions import deciding, opening, quoted, session_of
from tests.queue.stores import OpenQueue


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


def without_age(status: Any) -> Any:
    return replace(status, oldest_due_seconds=0.0)
