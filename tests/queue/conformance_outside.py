"""What every RetryQueue must do after Meta's window has closed."""

from typing import Any

import pytest
from msgspec.structs import replace

from recado.delivery.channels import http
from recado.events.endpoints import Shown, ShownText
from recado.events.event import shown
from recado.events.facts import USUAL_TYPES
from recado.orders import Handoff, OrderState, QuoteState
from recado.orders.shop import Move
from recado.outcome import Outcome
from recado.queue.model import TEMPLATES, AttemptResult, Audience, LeasedReply, NewReply, State
from recado.queue.protocol import RetryQueue
from recado.settings import AfterWindow
from recado.telemetry import metrics
from recado.whatsapp.content import DirectSend, Template, Text
from recado.whatsapp.notices import TemplateChange
from recado.whatsapp.outside import OUTSIDE_SECONDS, Forms
from tests.clock import FakeClock
from tests.queue.conformance_orders import DAY, ordered
from tests.queue.conformance_permissions import preference
from tests.queue.events import claimed, event_in, kinds
from tests.queue.replies import DELIVERED, NUMBER, UNLIMITED, add_leased, new_reply, status_of
from tests.queue.sessions import opening, outcomes, session_of
from tests.queue.stores import OpenQueue

FORMS = Forms(mode=AfterWindow.TEMPLATE, quote="cotizacion", order="pedido", language="es")
AUDIENCE = Audience(outside=FORMS)
DIRECT = Audience(outside=replace(FORMS, mode=AfterWindow.DIRECT_SEND))
CRM = replace(AUDIENCE, wants={"crm": USUAL_TYPES}, deadline_seconds=http.DEADLINE_SECONDS)
WINDOW_CLOSED = AttemptResult(
    outcome=Outcome.PERMANENT, error_class="window_closed", error_code=131047, code_class="4xx"
)
REFUSED = AttemptResult(outcome=Outcome.PERMANENT, error_class="undeliverable", error_code=131050, code_class="4xx")
STOPPED = TemplateChange(name="cotizacion", language="es", event="paused", stops=True)
PAUSED = AttemptResult(outcome=Outcome.OPERATOR, error_class="template", error_code=132015, code_class="4xx")
QUOTE_LANE, ORDER_LANE = f"{NUMBER}/cotizacion/es", f"{NUMBER}/pedido/es"


def asked(n: int, clock: FakeClock, token: str, **changes: Any) -> NewReply:
    """Message number n, whose quote is still open when the window closes in a minute."""
    return replace(opening(n, clock, token, customer=n), deadline_at=clock() + 60, **changes)


async def outside(queue: RetryQueue) -> list[LeasedReply]:
    """The entries that may be sent outside the window now."""
    await queue.expire()
    claim = await queue.get_messages_to_retry(100)
    assert {message.lane.channel for message in claim.messages} <= {TEMPLATES, http.NAME}
    return [message for message in claim.messages if message.lane.channel == TEMPLATES]


def templates(queue: RetryQueue) -> dict[tuple[str, ...], float]:
    """The number of messages outside the window, by template and outcome."""
    totals = queue.snapshot().totals.items()
    return {labels: n for (name, labels), n in totals if name == metrics.TEMPLATES.name}


def moving(number: int, state: OrderState) -> Move:
    outside = Template("pedido", "es", {"number": f"P-{number}", "state": "en preparación"})
    return Move(number=number, state=state, notice=Text(f"now {state}"), outside=outside, window_seconds=DAY)


class OutsideConformance:
    """The behaviour; `open_queue(audience, **settings)` opens the same store each time within a test."""

    async def test_a_quote_that_could_not_leave_in_time_is_announced_once(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """A template announces it with its total. The quote stays open, so a tap shows it, and does not count as
        seen."""
        queue = open_queue(CRM, **UNLIMITED)
        await queue.add_message(asked(1, clock, "AAAA"), lease=False)
        clock.advance(61)
        (message,) = await outside(queue)
        await queue.update_message_attempt(message, DELIVERED)
        clock.advance(61)
        again = await outside(queue)
        session = await session_of(queue, clock)
        replies = await queue.list_messages(list(State))

        assert message.lane.name == QUOTE_LANE
        assert message.content == Template("cotizacion", "es", {"products": "2", "total": "$103.76"}, "q:AAAA:show")
        assert (message.wamid, message.phone, message.deadline_at) == (
            None,
            "+15550100001",
            clock() - 61 + OUTSIDE_SECONDS,
        )
        assert again == []
        assert session.quote
        assert (session.quote.state, session.quote.accepted_at) == (QuoteState.OPEN, None)
        assert [(one.state, one.reason) for one in replies] == [(State.DISCARDED, "superseded"), (State.DELIVERED, "")]
        assert templates(queue) == {("cotizacion", "queued"): 1, ("cotizacion", "delivered"): 1}
        assert "reply.failed" not in await kinds(queue)

    async def test_without_a_template_the_reply_has_failed(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """The reply fails if no template is configured, if it contains no quote, or if the quote's time is over."""
        plain = open_queue(**UNLIMITED)
        await plain.add_message(asked(1, clock, "AAAA"), lease=False)
        clock.advance(61)
        nothing = await outside(plain)
        queue = open_queue(AUDIENCE, **UNLIMITED)
        await queue.add_message(new_reply(2, clock, deadline_at=clock() + 60), lease=False)
        over = asked(3, clock, "CCCC")
        assert over.changes.opens
        soon = replace(over.changes.opens, expires_at=clock() + 30)
        await queue.add_message(replace(over, changes=replace(over.changes, opens=soon)), lease=False)
        clock.advance(61)

        assert nothing == await outside(queue) == []
        assert [one.reason for one in await queue.get_failed_messages()] == ["window_closed"] * 3
        assert outcomes(queue).get("withdrawn", 0) + outcomes(queue).get("expired", 0) == 2

    @pytest.mark.parametrize("how", ["opted out", "held"])
    async def test_no_template_for_a_customer_who_wants_none(
        self, open_queue: OpenQueue, clock: FakeClock, how: str
    ) -> None:
        """A customer who has opted out since, or who is talking to a person, gets no template."""
        queue = open_queue(AUDIENCE, **UNLIMITED)
        session = await session_of(queue, clock)
        message = asked(1, clock, "AAAA")
        if how == "held":
            talk = replace(session.talk, handoff=Handoff(until=clock() + DAY, changed_at=clock()))
            message = replace(message, changes=replace(message.changes, talk=talk))
        await queue.add_message(message, lease=False)
        if how == "opted out":
            await queue.change_permission(preference(clock))
        clock.advance(61)

        assert await outside(queue) == []
        assert [one.reason for one in await queue.get_failed_messages()] == ["window_closed"]

    async def test_an_opt_out_takes_a_waiting_template_back(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """An opt-out discards a waiting template, because it is not a reply."""
        queue = open_queue(AUDIENCE, **UNLIMITED)
        await queue.add_message(asked(1, clock, "AAAA"), lease=False)
        clock.advance(61)
        await queue.expire()
        await queue.change_permission(preference(clock))

        assert await outside(queue) == []
        assert templates(queue) == {("cotizacion", "queued"): 1, ("cotizacion", "discarded"): 1}

    @pytest.mark.parametrize("late", [False, True])
    async def test_meta_may_say_that_the_window_is_closed(
        self, open_queue: OpenQueue, clock: FakeClock, late: bool
    ) -> None:
        """Meta reports it at once or by a status; Meta's report counts, not the clock."""
        queue = open_queue(AUDIENCE, **UNLIMITED)
        message = await add_leased(queue, replace(asked(1, clock, "AAAA"), deadline_at=clock() + 3600))
        if late:
            await queue.update_message_attempt(message, DELIVERED)
            await queue.apply_status(status_of(message, "failed", WINDOW_CLOSED))
        else:
            await queue.update_message_attempt(message, WINDOW_CLOSED)
        (sent,) = await outside(queue)

        assert sent.content == Template("cotizacion", "es", {"products": "2", "total": "$103.76"}, "q:AAAA:show")
        assert outcomes(queue) == {"opened": 1}

    async def test_a_message_that_comes_too_late_is_answered_by_a_template(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """Meta delivered the message after days."""
        queue = open_queue(AUDIENCE, **UNLIMITED)
        added = await queue.add_message(replace(asked(1, clock, "AAAA"), deadline_at=clock() - 1), lease=True)

        assert added.message is None
        assert [message.lane.name for message in await outside(queue)] == [QUOTE_LANE]

    async def test_what_meta_holds_against_a_template_holds_that_template(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """Neither the number nor another template is held. After a probe finds the template approved again, one message
        is the trial."""
        queue = open_queue(AUDIENCE, **UNLIMITED)
        order = await ordered(queue, clock, 7)
        for n, token in ((1, "AAAA"), (2, "BBBB")):
            await queue.add_message(asked(n, clock, token), lease=False)
        clock.advance(61)
        await queue.move_order(replace(moving(order.number, OrderState.ACCEPTED), window_seconds=1.0))
        sent = await outside(queue)
        while len(sent) < 2:
            clock.advance(2)
            sent += await outside(queue)
        by_lane = {message.lane.name: message for message in sent}
        await queue.update_message_attempt(by_lane[QUOTE_LANE], PAUSED)
        snapshot = queue.snapshot()
        clock.advance(3)
        held = await outside(queue)

        assert by_lane.keys() == {QUOTE_LANE, ORDER_LANE}
        assert snapshot.paused_templates == {"cotizacion": True, "pedido": False}
        assert not snapshot.breakers[NUMBER].open
        assert [message.lane.name for message in held] == []
        clock.advance(60)
        claim = await queue.get_messages_to_retry(10)
        (lane,) = claim.probes
        await queue.record_probe(lane, reachable=True)
        (trial,) = await outside(queue)
        await queue.update_message_attempt(trial, DELIVERED)

        assert (lane.name, trial.trial) == (QUOTE_LANE, True)
        assert queue.snapshot().paused_templates == {"cotizacion": False, "pedido": False}

    async def test_metas_webhook_pauses_a_template(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """For all business numbers, in its language."""
        queue = open_queue(AUDIENCE, **UNLIMITED)
        await queue.add_message(asked(1, clock, "AAAA"), lease=False)
        clock.advance(61)
        await queue.expire()
        await queue.change_template(replace(STOPPED, language="es_MX"))
        before = queue.snapshot().paused_templates
        await queue.change_template(STOPPED)

        assert (before, queue.snapshot().paused_templates) == ({"cotizacion": False}, {"cotizacion": True})
        assert await outside(queue) == []

    async def test_the_shops_systems_are_told_of_a_template(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Also of a template that was never used. The event concerns no customer, so erasing a customer does not delete
        it."""
        queue = open_queue(CRM, **UNLIMITED)
        await queue.change_template(STOPPED)
        await queue.change_template(replace(STOPPED, event="reinstated", stops=False))
        await queue.add_message(new_reply(1, clock), lease=False)
        await queue.erase_customer("+15550100001")
        told = [event for event in await queue.events.after(0, limit=10) if not event.conversation]
        delivered = [event_in(one) for one in await claimed(queue)]
        about = {"name": "cotizacion", "language": "es"}

        assert [(event.kind, event.sequence, event.data) for event in told] == [
            ("template.paused", 1, {**about, "event": "paused"}),
            ("template.approved", 2, {**about, "event": "reinstated"}),
        ]
        assert [shown(event, Shown.FULL, ShownText.FULL)["data"] for event in told] == [event.data for event in told]
        assert sorted(event.id for event in delivered if not event.conversation) == [event.id for event in told]

    @pytest.mark.parametrize("late", [False, True])
    async def test_meta_may_say_that_a_customer_has_opted_out(
        self, open_queue: OpenQueue, clock: FakeClock, late: bool
    ) -> None:
        """By error 131050, at once or by a status. His other waiting messages are discarded; other customers' are
        sent."""
        queue = open_queue(CRM, **UNLIMITED)
        order = await ordered(queue, clock, 1)
        await queue.add_message(asked(8, clock, "BBBB"), lease=False)
        clock.advance(61)
        await queue.move_order(replace(moving(order.number, OrderState.ACCEPTED), window_seconds=1.0))
        await queue.move_order(replace(moving(order.number, OrderState.COMPLETED), window_seconds=1.0))
        sent = await outside(queue)
        while len(sent) < 2:
            clock.advance(2)
            sent += await outside(queue)
        by_phone = {one.phone: one for one in sent}
        await queue.update_message_attempt(by_phone["+15550100008"], DELIVERED)
        message = by_phone["+15550100001"]
        if late:
            await queue.update_message_attempt(message, DELIVERED)
            await queue.apply_status(status_of(message, "failed", REFUSED))
        else:
            await queue.update_message_attempt(message, REFUSED)
        clock.advance(3600)
        again = await outside(queue)
        moved = await queue.move_order(replace(moving(order.number, OrderState.CANCELLED), window_seconds=1.0))
        session = await session_of(queue, clock)
        events = await queue.events.after(0, limit=100)

        assert by_phone.keys() == {"+15550100001", "+15550100008"}
        assert again == []
        assert moved.told is None
        assert session.talk.permission.opted_out
        assert not (await session_of(queue, clock, 8)).talk.permission.opted_out
        assert [event.data for event in events if event.kind == "customer.opted_out"] == [{"reason": "refused"}]
        assert queue.snapshot().totals[metrics.PERMISSIONS.name, ("out", "refused")] == 1

    async def test_the_state_of_an_order_is_told_outside_the_window(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """By a template, also if the text could not be sent in time."""
        queue = open_queue(AUDIENCE, **UNLIMITED)
        first, second = await ordered(queue, clock, 1), await ordered(queue, clock, 2)
        clock.advance(DAY - 60)
        inside = await queue.move_order(moving(first.number, OrderState.ACCEPTED))
        clock.advance(120)
        moved = await queue.move_order(moving(second.number, OrderState.ACCEPTED))
        sent = await outside(queue)
        clock.advance(2)
        sent += await outside(queue)

        assert inside.told
        assert moved.told in [message.id for message in sent]
        assert sorted(
            message.content.parameters["number"] for message in sent if isinstance(message.content, Template)
        ) == [f"P-{order.number}" for order in (first, second)]

    async def test_nobody_is_told_of_an_erased_customers_order(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """An erased customer gets no notice."""
        queue = open_queue(AUDIENCE, **UNLIMITED)
        order = await ordered(queue, clock)
        await queue.erase_customer("+15550100001")
        clock.advance(2 * DAY)

        assert (await queue.move_order(moving(order.number, OrderState.ACCEPTED))).told is None

    async def test_direct_send_shows_the_quote_itself(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """The quote counts as seen when Meta accepts the message."""
        queue = open_queue(DIRECT, **UNLIMITED)
        await queue.add_message(replace(asked(1, clock, "AAAA"), content=Text("your quote")), lease=False)
        clock.advance(61)
        (message,) = await outside(queue)
        await queue.update_message_attempt(message, DELIVERED)
        session = await session_of(queue, clock)

        assert message.content == DirectSend(Text("your quote"))
        assert message.lane.name == f"{NUMBER}/direct_send"
        assert session.quote
        assert session.quote.accepted_at == clock()

    async def test_erasing_takes_templates_along(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        queue = open_queue(AUDIENCE, **UNLIMITED)
        await queue.add_message(asked(1, clock, "AAAA"), lease=False)
        clock.advance(61)
        await queue.expire()
        await queue.erase_customer("+15550100001")

        assert await outside(queue) == []
        assert await queue.list_messages(list(State)) == []
