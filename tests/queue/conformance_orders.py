"""What every RetryQueue must do for orders: place each once, list and change them, keep them for their time."""

import asyncio
from decimal import Decimal

import pytest
from msgspec.structs import replace

from recado.orders import Changes, Located, Order, OrderState, QuoteState
from recado.orders.shop import Move, MoveOutcome
from recado.queue.model import State
from recado.queue.protocol import RetryQueue
from recado.telemetry import metrics
from recado.whatsapp.content import Text
from tests.clock import FakeClock
from tests.queue.replies import DELIVERED, NUMBER, UNLIMITED, new_reply
from tests.queue.sessions import deciding, opening, outcomes, quoted, session_of
from tests.queue.stores import OpenQueue

DAY = 86400.0
ACCEPTED, COMPLETED, CANCELLED = OrderState.ACCEPTED, OrderState.COMPLETED, OrderState.CANCELLED


async def ordered(queue: RetryQueue, clock: FakeClock, customer: int = 1) -> Order:
    """A customer's order; all of his replies were sent."""
    await quoted(queue, clock, f"AAA{customer}", customer=customer)
    clock.advance(6)
    session = await session_of(queue, clock, customer, may_order=True)
    added = await queue.add_message(deciding(5000 + customer, clock, session, customer=customer), lease=True)
    assert added.message
    await queue.update_message_attempt(added.message, DELIVERED)
    order = (await session_of(queue, clock, customer)).order
    assert order
    return order


def moving(number: int, state: OrderState, key: str | None = None) -> Move:
    return Move(number=number, state=state, key=key, notice=Text(f"now {state}"), window_seconds=DAY)


async def notices(queue: RetryQueue) -> list[str]:
    """The texts that wait for the customers."""
    claim = await queue.get_messages_to_retry(100)
    texts = []
    for message in claim.messages:
        assert message.wamid is None
        assert isinstance(message.content, Text)
        await queue.update_message_attempt(message, DELIVERED)
        texts.append(message.content.body)
    return texts


class OrderConformance:
    """The behaviour; `open_queue(**settings)` opens the same store each time within a test."""

    # -- from the customer

    async def test_a_yes_makes_one_order(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """With the lines and the price of the quote, in the transaction of its reply."""
        queue = open_queue(**UNLIMITED)
        await quoted(queue, clock)
        session = await session_of(queue, clock, may_order=True)
        message = deciding(1, clock, session)
        await queue.add_message(message, lease=False)
        after = await session_of(queue, clock)

        assert after.order == message.changes.places
        assert after.order
        assert (after.order.total, after.order.state) == (Decimal("103.76"), OrderState.PLACED)
        assert after.quote
        assert after.quote.state is QuoteState.CONFIRMED
        assert after == session.after(message.changes)
        assert outcomes(queue) == {"opened": 1, "confirmed": 1}
        totals = queue.snapshot().totals
        assert totals[metrics.ORDERS.name, ("placed", "text")] == 1
        assert totals[metrics.ORDER_VALUE.name, ("USD",)] == 103.76
        assert totals[metrics.QUOTE_DECISION.name, ("sum",)] == 0

    async def test_however_often_a_quote_is_confirmed_there_is_one_order(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """Of twenty messages at once, on two pods, one places the order; the others get the session with it."""
        queue, other = open_queue(**UNLIMITED), open_queue(**UNLIMITED)
        await quoted(queue, clock)
        sessions = [await session_of(queue, clock, may_order=True) for _ in range(20)]
        added = await asyncio.gather(
            *(
                (queue, other)[n % 2].add_message(deciding(n, clock, session), lease=False)
                for n, session in enumerate(sessions)
            )
        )
        (placed,) = [session.order_number for session, one in zip(sessions, added, strict=True) if not one.stale]

        assert {one.stale.order.number for one in added if one.stale and one.stale.order} == {placed}
        assert sum(one.stale is not None for one in added) == 19
        assert outcomes(queue) == {"opened": 1, "confirmed": 1}

    async def test_numbers_are_never_given_twice(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """With many customers at once, on two pods, and after a restart. Numbers are only reserved if there is
        something to order."""
        queue, other = open_queue(**UNLIMITED), open_queue(**UNLIMITED)
        for customer in range(1, 6):
            await quoted(queue, clock, f"AAA{customer}", customer=customer)
        await queue.add_message(opening(990, clock, "BBBB", customer=6), lease=False)
        at_once = await asyncio.gather(
            *((queue, other)[n % 2].add_message(
                new_reply(1000 + n, clock, customer=n % 5 + 1, may_order=True), lease=False
            ) for n in range(20))
        )  # fmt: skip
        numbers = [one.stale.order_number for one in at_once if one.stale]
        await queue.close()
        later = await session_of(open_queue(**UNLIMITED), clock, may_order=True)
        nothing = await session_of(other, clock, 7, may_order=True)
        no_yes = await session_of(other, clock, 1)

        assert None not in numbers
        assert len(set(numbers)) == 20
        assert later.order_number is not None
        assert later.order_number > max(n for n in numbers if n)
        assert nothing.order_number is no_yes.order_number is None

    async def test_an_order_learns_where_it_goes(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Only the customer's own order."""
        queue = open_queue(**UNLIMITED)
        for customer in (1, 2):
            await quoted(queue, clock, f"AAA{customer}", customer=customer)
            session = await session_of(queue, clock, customer, may_order=True)
            await queue.add_message(deciding(customer, clock, session, customer=customer), lease=False)
        own, others = [(await session_of(queue, clock, customer)).order for customer in (1, 2)]
        assert own
        assert others
        for n, order in enumerate((own, others)):
            located = Changes(version=2 + n, locates=Located(number=order.number, location="4.6,-74.1"))
            await queue.add_message(new_reply(10 + n, clock, customer=1, changes=located), lease=False)

        assert (await session_of(queue, clock, 1)).order == replace(own, location="4.6,-74.1")
        assert (await session_of(queue, clock, 2)).order == others

    # -- for the staff

    async def test_orders_come_in_pages_and_by_state(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """In the order in which they were placed, with their customers."""
        queue = open_queue(**UNLIMITED)
        placed = [await ordered(queue, clock, customer) for customer in (1, 2, 3, 4)]
        numbers = [order.number for order in placed]
        await queue.move_order(moving(numbers[1], ACCEPTED))
        first = await queue.list_orders(limit=3)
        rest = await queue.list_orders(after=first[-1].order.number)
        waiting = await queue.list_orders(state=OrderState.PLACED, after=numbers[0], limit=1)
        one = await queue.get_order(numbers[0])

        assert [order.order.number for order in (*first, *rest)] == numbers
        assert [order.order.number for order in waiting] == [numbers[2]]
        assert one == first[0]
        assert (one.order, one.phone_number_id, one.phone, one.user_id) == (placed[0], NUMBER, "+15550100001", None)
        assert await queue.get_order(7) is None

    async def test_no_page_misses_an_order(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Numbers are reserved before orders are placed, so an order with a smaller number may be placed later."""
        queue = open_queue(**UNLIMITED)
        for customer in (1, 2):
            await quoted(queue, clock, f"AAA{customer}", customer=customer)
        clock.advance(6)
        smaller, larger = [await session_of(queue, clock, customer, may_order=True) for customer in (1, 2)]
        await queue.add_message(deciding(50, clock, larger, customer=2), lease=False)
        (first,) = await queue.list_orders()
        await queue.add_message(deciding(51, clock, smaller, customer=1), lease=False)
        for state in (None, OrderState.PLACED):
            (second,) = await queue.list_orders(after=first.order.number, state=state)
            assert (first.order.number, second.order.number) == (larger.order_number, smaller.order_number)
            assert await queue.list_orders(after=second.order.number, state=state) == []

    async def test_staff_move_an_order_and_its_customer_is_told(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Each change is made once; the session gets a new version with the order's new state."""
        queue = open_queue(**UNLIMITED)
        order = await ordered(queue, clock)
        before = await session_of(queue, clock)
        clock.advance(60)
        accepted = await queue.move_order(moving(order.number, ACCEPTED))
        told = await notices(queue)
        clock.advance(60)
        completed = await queue.move_order(moving(order.number, COMPLETED))
        after = await session_of(queue, clock)

        assert (accepted.outcome, completed.outcome) == (MoveOutcome.DONE, MoveOutcome.DONE)
        assert accepted.told
        assert told == ["now accepted"]
        assert await notices(queue) == ["now completed"]
        assert completed.order
        assert [(step.state, step.at) for step in completed.order.steps] == [
            (ACCEPTED, clock() - 60),
            (COMPLETED, clock()),
        ]
        assert after.order == replace(order, state=COMPLETED, changed_at=clock())
        assert after.version == before.version + 2
        assert completed.order == await queue.get_order(order.number)
        totals = queue.snapshot().totals
        assert [totals[metrics.ORDERS.name, (state, "text")] for state in ("placed", "accepted", "completed")] == [
            1
        ] * 3

    @pytest.mark.parametrize(
        ("path", "state", "outcome"),
        [
            ((), COMPLETED, MoveOutcome.REFUSED),
            ((ACCEPTED, COMPLETED), CANCELLED, MoveOutcome.REFUSED),
            ((CANCELLED,), ACCEPTED, MoveOutcome.REFUSED),
            ((ACCEPTED,), ACCEPTED, MoveOutcome.REPEATED),
            ((ACCEPTED,), CANCELLED, MoveOutcome.DONE),
        ],
    )
    async def test_an_order_moves_by_its_states(
        self,
        open_queue: OpenQueue,
        clock: FakeClock,
        path: tuple[OrderState, ...],
        state: OrderState,
        outcome: MoveOutcome,
    ) -> None:
        """Refused and repeated changes have no effect and send no notice."""
        queue = open_queue(**UNLIMITED)
        order = await ordered(queue, clock)
        for step in path:
            await queue.move_order(moving(order.number, step))
        before = await queue.get_order(order.number)
        moved = await queue.move_order(moving(order.number, state))

        assert moved.outcome is outcome
        assert (moved.told is not None) == (outcome is MoveOutcome.DONE)
        assert (await queue.get_order(order.number) == before) == (outcome is not MoveOutcome.DONE)
        assert (await queue.move_order(moving(7, state))).outcome is MoveOutcome.UNKNOWN

    async def test_a_request_that_comes_again_is_made_once(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """By its key, even after further changes; ten requests at once in two processes tell the customer once."""
        queue, other = open_queue(**UNLIMITED), open_queue(**UNLIMITED)
        order = await ordered(queue, clock)
        at_once = await asyncio.gather(
            *((queue, other)[n % 2].move_order(moving(order.number, ACCEPTED, "key-1")) for n in range(10))
        )
        await queue.move_order(moving(order.number, COMPLETED, "key-2"))
        again = await other.move_order(moving(order.number, ACCEPTED, "key-1"))
        reused = await queue.move_order(moving(order.number, CANCELLED, "key-1"))

        assert sorted(moved.outcome for moved in at_once) == [MoveOutcome.DONE] + [MoveOutcome.REPEATED] * 9
        assert (again.outcome, reused.outcome) == (MoveOutcome.REPEATED, MoveOutcome.KEY_REUSED)
        assert again.order
        assert again.order.order.state is COMPLETED
        assert len(await queue.list_messages([State.QUEUED])) == 2

    async def test_nobody_is_told_when_the_window_is_closed(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """The window begins with the customer's last message, even one without a reply."""
        queue = open_queue(**UNLIMITED)
        first, second = [await ordered(queue, clock, customer) for customer in (1, 2)]
        clock.advance(DAY / 2)
        changes = Changes(version=(await session_of(queue, clock, 2)).version)
        await queue.add_message(new_reply(90, clock, customer=2, content=None, changes=changes), lease=False)
        clock.advance(DAY / 2)
        moved = [await queue.move_order(moving(order.number, ACCEPTED)) for order in (first, second)]

        assert [one.outcome for one in moved] == [MoveOutcome.DONE] * 2
        assert [one.told is not None for one in moved] == [False, True]
        assert await notices(queue) == ["now accepted"]

    async def test_a_notice_waits_for_its_turn(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """It waits in line with the customer's replies."""
        queue = open_queue()
        order = await ordered(queue, clock)
        clock.advance(3)
        await queue.move_order(moving(order.number, ACCEPTED))
        early = await notices(queue)
        clock.advance(10)

        assert early == []
        assert await notices(queue) == ["now accepted"]

    async def test_the_oldest_placed_order_is_known(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Its age is known until all orders are accepted or cancelled."""
        queue = open_queue(**UNLIMITED)
        ages = [queue.snapshot().oldest_placed_seconds]
        first = await ordered(queue, clock, 1)
        clock.advance(100)
        second = await ordered(queue, clock, 2)
        clock.advance(100)
        ages.append(queue.snapshot().oldest_placed_seconds)
        await queue.move_order(moving(first.number, ACCEPTED))
        ages.append(queue.snapshot().oldest_placed_seconds)
        await queue.move_order(moving(second.number, CANCELLED))
        ages.append(queue.snapshot().oldest_placed_seconds)

        assert ages == [0, 206, 100, 0]

    # -- how long it is kept

    async def test_an_open_quote_expires(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """`expire` closes it, and the session gets a new version."""
        queue = open_queue(**UNLIMITED)
        await quoted(queue, clock)
        clock.advance(DAY - 1)
        await queue.expire()
        before = await session_of(queue, clock)
        clock.advance(2)
        await queue.expire()
        after = await session_of(queue, clock)

        assert before.quote
        assert after.quote
        assert (before.quote.state, after.quote.state) == (QuoteState.OPEN, QuoteState.EXPIRED)
        assert (before.version, after.version) == (1, 2)

    async def test_quotes_and_orders_are_kept_for_their_time(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A customer with a quote or an order is kept; afterwards he counts as new."""
        queue = open_queue(RECADO_QUOTE_RETENTION_SECONDS=f"{10 * DAY}", RECADO_ORDER_RETENTION_SECONDS=f"{20 * DAY}")
        await queue.add_message(opening(1, clock, "BBBB", customer=9), lease=False)
        await ordered(queue, clock, 1)
        seen = []
        for days in (9, 2, 8, 2):
            clock.advance(days * DAY)
            await queue.expire()
            await queue.prune()
            clock.advance(3601)  # customers are looked for once an hour
            await queue.prune()
            quoter, buyer = [await session_of(queue, clock, customer) for customer in (9, 1)]
            seen.append((quoter.version > 0, buyer.quote is not None, buyer.order is not None, buyer.version > 0))

        assert seen == [
            (True, True, True, True),
            (False, False, True, True),
            (False, False, True, True),
            (False, False, False, False),
        ]
        pruned = {labels: n for (name, labels), n in queue.snapshot().totals.items() if name == metrics.PRUNED.name}
        assert (pruned["quote",], pruned["order",]) == (2, 1)
