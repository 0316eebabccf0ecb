"""What every RetryQueue must keep of traces: links from an order to the messages that led to it."""

import asyncio

import pytest
from msgspec.structs import replace

from recado.events.event import Event
from recado.orders import Changes, Closing, OrderState, QuoteState
from recado.queue.model import Added, NewReply
from recado.queue.protocol import RetryQueue
from tests.clock import FakeClock
from tests.queue.conformance_orders import moving
from tests.queue.conformance_reminders import AUDIENCE, HOUR, MIDNIGHT, reminded
from tests.queue.events import CRM
from tests.queue.replies import DELIVERED, UNLIMITED, add_leased, new_reply
from tests.queue.sessions import deciding, opening, session_of
from tests.queue.stores import OpenQueue


def trace(n: int) -> str:
    """The traceparent of message number n."""
    return f"00-{n:032x}-{n:016x}-01"


async def add(queue: RetryQueue, message: NewReply, n: int | None) -> Added:
    """Adds a message whose trace is sampled unless `n` is None."""
    return await queue.add_message(replace(message, traceparent=trace(n) if n else None), lease=False)


async def ordered(queue: RetryQueue, clock: FakeClock, *, quote: int | None = 1, yes: int | None = 2) -> Added:
    """A customer's quote, and his yes to it; returns the result of the yes."""
    await add(queue, opening(101, clock, "AAAA"), quote)
    session = await session_of(queue, clock, may_order=True)
    return await add(queue, deciding(102, clock, session), yes)


class TraceConformance:
    """The behaviour; `open_queue(audience, **settings)` opens the same store each time within a test."""

    async def test_a_yes_follows_the_message_that_was_quoted(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """The order, its event, and the effects of the staff's changes link to the yes."""
        queue = open_queue(CRM, **UNLIMITED)
        yes = await ordered(queue, clock)
        (order,) = await queue.list_orders()
        moved = await queue.move_order(moving(order.order.number, OrderState.ACCEPTED))
        claimed = (await queue.get_messages_to_retry(100)).messages
        events = {m.content.kind: m.traceparent for m in claimed if isinstance(m.content, Event)}
        shown = await queue.show(moved.told) if moved.told else None

        assert yes.follows == trace(1)
        assert order.traceparent == trace(2)
        assert moved.order
        assert moved.order.traceparent == trace(2)
        assert events == {"quote.created": trace(1), "order.created": trace(2), "order.updated": trace(2)}
        assert shown
        assert shown["traceparent"] == trace(2)

    async def test_what_ends_a_quote_follows_its_last_message(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A changed quote links to the previous one, a no to the change, a question to nothing; in one batch with
        others."""
        queue = open_queue(CRM, **UNLIMITED)
        made = await add(queue, opening(101, clock, "AAAA"), 1)
        version = (await session_of(queue, clock)).version
        changed = await add(queue, opening(102, clock, "BBBB", version=version), 2)
        version = (await session_of(queue, clock)).version
        closes = Closing(token="BBBB", state=QuoteState.REJECTED)
        asking, refusing = (
            new_reply(n, clock, customer=1, changes=Changes(version=version, closes=closed))
            for n, closed in ((103, None), (104, closes))
        )
        asked, refused = await asyncio.gather(add(queue, asking, 3), add(queue, refusing, 4))

        assert [made.follows, changed.follows, asked.follows, refused.follows] == [None, trace(1), None, trace(2)]

    @pytest.mark.parametrize(("quote", "yes"), [(None, None), (1, None), (None, 2)])
    async def test_what_is_not_sampled_is_not_followed(
        self, open_queue: OpenQueue, clock: FakeClock, quote: int | None, yes: int | None
    ) -> None:
        """Each message's own sampling decision counts."""
        queue = open_queue(CRM, **UNLIMITED)
        added = await ordered(queue, clock, quote=quote, yes=yes)
        (order,) = await queue.list_orders()

        assert added.follows == (trace(quote) if quote else None)
        assert order.traceparent == (trace(yes) if yes else None)

    async def test_an_erased_customer_is_not_followed(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A trace leads to the customer's other messages, so the remaining order loses it."""
        queue = open_queue(CRM, **UNLIMITED)
        await ordered(queue, clock)
        await queue.erase_customer("+15550100001")
        (order,) = await queue.list_orders()

        assert order.phone is None
        assert order.traceparent is None

    async def test_a_reminder_follows_the_message_that_was_quoted(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        queue = open_queue(AUDIENCE, **UNLIMITED)
        clock.advance(MIDNIGHT + 12 * HOUR - clock())
        reply = await add_leased(queue, replace(opening(101, clock, "AAAA"), traceparent=trace(1)))
        await queue.update_message_attempt(reply, DELIVERED)
        clock.advance(HOUR)
        (reminder,) = await reminded(queue)

        assert reminder.traceparent == trace(1)
