"""What every RetryQueue must count for the report: the same as the metrics."""

import random
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from recado.orders import Asked, Changes, Closing, Handoff, OrderState, QuoteState, Talk, Unmet
from recado.queue.errors import StoreUnavailable
from recado.queue.protocol import RetryQueue
from recado.queue.statements import Statements
from recado.queue.survey import Amount, Survey, Unsold, read_survey
from recado.telemetry import metrics
from recado.telemetry.metric import Metric
from tests.clock import FakeClock
from tests.queue.conformance_handoffs import HOLD, echo, returned
from tests.queue.conformance_orders import ACCEPTED, CANCELLED, COMPLETED, moving
from tests.queue.events import CRM
from tests.queue.replies import REJECTED, UNLIMITED, add_leased, new_reply
from tests.queue.sessions import deciding, opening, quoted, session_of
from tests.queue.stores import OpenQueue

DAY = 86400.0
CONVERSATIONS = 60
#: How the staff changes an order's state.
MOVES: tuple[tuple[OrderState, ...], ...] = (
    (),
    (ACCEPTED,),
    (ACCEPTED, COMPLETED),
    (CANCELLED,),
    (ACCEPTED, CANCELLED),
)


async def converse(queue: RetryQueue, clock: FakeClock, chance: random.Random, customer: int) -> int:
    """A conversation with a random end; returns the number of the customer's messages."""
    if chance.random() < 0.1:
        await queue.add_message(opening(100 * customer, clock, f"T{customer}", customer=customer), lease=False)
        return 1
    await quoted(queue, clock, f"T{customer}", customer=customer)
    clock.advance(chance.randrange(3, 3000))
    version, n = 1, 100 * customer + 50
    ending = chance.choice(["edit", "no", "yes", "yes", "lost", "person", "silence"])
    if ending == "edit":
        await quoted(queue, clock, f"T{customer}B", customer=customer)
    elif ending == "no":
        closes = Closing(token=f"T{customer}", state=QuoteState.REJECTED)
        changes = Changes(version=version, closes=closes)
        await queue.add_message(new_reply(n, clock, customer=customer, changes=changes), lease=False)
    elif ending == "yes":
        session = await session_of(queue, clock, customer, may_order=True)
        await queue.add_message(deciding(n, clock, session, customer=customer), lease=False)
        for state in chance.choice(MOVES):
            assert session.order_number
            await queue.move_order(moving(session.order_number, state))
    elif ending == "lost":
        reply = new_reply(n, clock, customer=customer, changes=Changes(version=version))
        await queue.update_message_attempt(await add_leased(queue, reply), REJECTED)
    elif ending == "person":
        waits = Talk(handoff=Handoff(until=clock() + HOLD, changed_at=clock(), waiting_since=clock()))
        changes = Changes(version=version, talk=waits)
        await queue.add_message(new_reply(n, clock, customer=customer, changes=changes), lease=False)
    else:
        return 1
    return 2


async def simulated(queue: RetryQueue, clock: FakeClock) -> tuple[list[float], int]:
    """Many conversations; returns their days and the number of messages."""
    chance, begin, messages = random.Random(7), clock(), 0
    for customer in range(1, CONVERSATIONS + 1):
        clock.advance(chance.randrange(60, 7200))
        messages += await converse(queue, clock, chance, customer)
        if customer % 5 == 0:  # the shop's own messages do not count
            await queue.change_handoff(echo(customer, clock, customer=customer + 1000))
    clock.advance(3600)
    await queue.expire()
    days = [begin + DAY * n for n in range(int((clock() - begin) / DAY) + 1)]
    return [*days, clock()], messages


class SurveyConformance:
    """Counting for the report; `open_queue(audience, **settings)` opens the same store each time within a test."""

    async def test_it_agrees_with_the_metrics(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """The counts and amounts are exactly those of the metrics, with and without endpoints; orders also agree with
        the list of orders."""
        queue = open_queue(**UNLIMITED)
        days, messages = await simulated(queue, clock)
        survey = await queue.survey(days)
        totals = queue.snapshot().totals

        def total(metric: Metric, *labels: str) -> float:
            return totals.get((metric.name, labels), 0)

        assert len(days) > 3
        assert survey.messages == messages == total(metrics.HANDLED)
        assert sum(one.count for one in survey.quotes.values()) == total(metrics.QUOTES, "opened", "text")
        for state in set(QuoteState) - {QuoteState.OPEN}:
            assert _count(survey.quotes, state) == total(metrics.QUOTES, state, "text")
            assert _worth(survey.quotes, state) == _cents(total(metrics.QUOTE_VALUE, state, "USD"))
        assert survey.orders.count == total(metrics.ORDERS, "placed", "text") > 9
        assert survey.accepted.count == total(metrics.ORDERS, "accepted", "text") > 4
        for order_state in (COMPLETED, CANCELLED):
            assert _count(survey.order_states, order_state) == total(metrics.ORDERS, order_state, "text") > 0
        quoted = sum(_worth(survey.quotes, state) for state in QuoteState)
        assert quoted == _cents(total(metrics.QUOTE_VALUE, "opened", "USD")) > 1000
        assert survey.orders.value["USD"] == _cents(total(metrics.ORDER_VALUE, "USD"))
        decided = sum(total(metrics.QUOTE_DECISION, edge) for edge in metrics.QUOTE_DECISION.edges)
        assert survey.decisions.total() == decided > 9
        seconds = sum(at * count for at, count in survey.decisions.items())
        assert seconds == pytest.approx(total(metrics.QUOTE_DECISION, "sum"), abs=survey.decisions.total())
        assert survey.lost["rejected"] == total(metrics.FAILED_REASONS, "rejected") > 0
        assert survey.handoffs == {why: total(metrics.HANDOFFS, why) for why in ("asked", "echo")}
        assert min(survey.handoffs.values()) > 1
        orders = await queue.list_orders(limit=1000)
        assert survey.orders.value["USD"] == sum(one.order.total for one in orders)
        assert survey.ordered_at == Counter(int(one.order.placed_at // 900) for one in orders)
        assert survey.quoted_at.total() == total(metrics.QUOTES, "opened", "text")
        seen = sum(_count(survey.quotes, state) for state in QuoteState if state is not QuoteState.REPLACED)
        assert 0 < survey.seen.count < seen

    async def test_products_and_their_quantities(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Pieces and measures, in orders and in quotes that were not replaced."""
        queue = open_queue(**UNLIMITED)
        begin = clock()
        await quoted(queue, clock, "AAAA", customer=1)
        await quoted(queue, clock, "BBBB", customer=1)
        await quoted(queue, clock, "CCCC", customer=2)
        session = await session_of(queue, clock, 2, may_order=True)
        await queue.add_message(deciding(77, clock, session, customer=2), lease=False)
        clock.advance(1)
        survey = await queue.survey([begin - 1, clock()])
        shoes, cheese = survey.products["CAL-001", ""], survey.products["QUE-001", "kg"]

        assert (shoes.name, shoes.quotes, shoes.quoted, shoes.orders, shoes.ordered) == (
            "Zapatos",
            2,
            Decimal(4),
            1,
            Decimal(2),
        )
        assert (cheese.quotes, cheese.quoted, cheese.ordered) == (2, Decimal("3.0"), Decimal("1.5"))
        assert survey.orders.value == {"USD": Decimal("103.76")}

    async def test_only_these_days(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """From the first instant, excluding the last; each day once."""
        queue = open_queue(CRM, **UNLIMITED)
        await simulated(queue, clock)
        clock.advance(DAY)
        begin = clock()
        await quoted(queue, clock, "AAAA", customer=900)
        clock.advance(DAY)
        await quoted(queue, clock, "BBBB", customer=901)

        async def counted(*days: float) -> tuple[int, int]:
            survey = await queue.survey(days)
            return survey.messages, sum(one.count for one in survey.quotes.values())

        assert await counted(begin, clock()) == (1, 1)
        assert await counted(begin, begin + 5, begin + 5000, clock(), clock() + 1) == (2, 2)

    async def test_it_holds_up_nobody_and_sees_one_moment(self, open_queue: Any, clock: FakeClock) -> None:
        """Others read and write while it reads; their writes are not in it."""
        queue, other = open_queue(**UNLIMITED), open_queue(**UNLIMITED)
        begin = clock()
        await quoted(queue, clock, "AAAA", customer=1)
        clock.advance(1)
        seen: list[Survey] = []

        def work(found: Statements) -> None:
            for _ in range(2):
                seen.append(read_survey(found, [begin - 1, begin + 1], min_customers=3))
                other.database.write(lambda writing: writing.run("prune_seen", 2**60, 100))
                assert queue.snapshot().rows is not None

        queue.database.survey(work)
        after = await queue.survey([begin - 1, begin + 1])

        assert [survey.messages for survey in (*seen, after)] == [1, 1, 0]

    async def test_it_has_an_end(self, open_queue: Any, clock: FakeClock) -> None:
        """A survey ends after a limit, whatever its request."""
        queue = open_queue(**UNLIMITED)
        instants = iter(range(0, 10**6, 25))

        def work(found: Statements) -> Survey:
            return read_survey(found, [DAY * n for n in range(10)], min_customers=3, clock=lambda: next(instants))

        with pytest.raises(StoreUnavailable, match="ask for fewer days"):
            queue.database.survey(work)

    async def test_hand_offs_outlive_their_customers_until_their_time_is_over(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """Several hand-offs at one instant count; a new hand-off counts again, a longer hold does not."""
        queue = open_queue(**UNLIMITED, RECADO_ORDER_RETENTION_SECONDS=str(30 * DAY))
        days = [clock() - 1, clock() + 90 * DAY]
        for customer in (1, 2, 3):
            await queue.change_handoff(echo(customer, clock, customer=customer))
        clock.advance(60)
        await queue.change_handoff(echo(4, clock))
        await queue.change_handoff(returned(5, clock))
        clock.advance(60)
        await queue.change_handoff(echo(6, clock))
        await queue.erase_customer("US.2")
        taken = (await queue.survey(days)).handoffs
        clock.advance(30 * DAY - 60)
        pruned = await queue.prune()

        assert taken == {"echo": 4}
        assert (pruned.rows["handoff"], (await queue.survey(days)).handoffs) == (1, {"echo": 1})

    async def test_what_is_not_sold_is_named_once_enough_asked(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Each customer counts once, and erased customers do not count."""
        queue = open_queue(**UNLIMITED, RECADO_ASKED_RETENTION_SECONDS=str(30 * DAY))
        days = [clock() - 1, clock() + 2 * DAY]
        for n, customer in enumerate([1, 2, 2, 3, 3, 4]):
            asked = (Asked("gorras", Unmet.UNMATCHED), Asked("jeans", Unmet.AMBIGUOUS))[: customer % 2 + 1]
            await queue.add_message(new_reply(n, clock, customer=customer, asked=asked), lease=False)
            clock.advance(DAY / 4)
        four = (await queue.survey(days)).unsold
        await queue.erase_customer("+15550100002")
        three = (await queue.survey(days)).unsold
        await queue.erase_customer("US.3")
        two = (await queue.survey(days)).unsold

        assert four == [Unsold("gorras", Unmet.UNMATCHED, 4)]
        assert three == [Unsold("gorras", Unmet.UNMATCHED, 3)]
        assert two == []

    async def test_what_is_not_sold_is_forgotten_in_time(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        queue = open_queue(**UNLIMITED, RECADO_REPORT_MIN_CUSTOMERS="2", RECADO_ASKED_RETENTION_SECONDS=str(30 * DAY))
        days = [clock() - 1, clock() + 90 * DAY]
        for customer in (1, 2):
            asked = (Asked("gorras", Unmet.UNMATCHED),)
            await queue.add_message(new_reply(customer, clock, customer=customer, asked=asked), lease=False)
        clock.advance(29 * DAY)
        await queue.prune()
        kept = (await queue.survey(days)).unsold
        clock.advance(2 * DAY)
        pruned = await queue.prune()

        assert kept == [Unsold("gorras", Unmet.UNMATCHED, 2)]
        assert (pruned.rows["asked"], (await queue.survey(days)).unsold) == (2, [])


def _worth(amounts: dict[str, Amount], state: str) -> Decimal:
    return amounts[state].value["USD"] if state in amounts else Decimal(0)


def _cents(value: float) -> Decimal:
    return Decimal(value).quantize(Decimal("0.01"))


def _count(amounts: dict[str, Any], state: str) -> int:
    return amounts[state].count if state in amounts else 0
