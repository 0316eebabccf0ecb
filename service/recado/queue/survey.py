"""What happened in a period, counted by the database day by day: the data of the report.

Money and quantities are text in the store, and SQL cannot add them exactly. So the statements count rows with the same
amount, and this module adds them up.
"""

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from recado.orders import Unmet
from recado.queue.errors import StoreUnavailable
from recado.queue.leisure import by_turns
from recado.queue.statements import SURVEY_SECONDS, Row, Statements

#: Time zones differ by quarters of an hour.
QUARTER_SECONDS: Final = 900
DAY_SECONDS: Final = 86400


class Amount(msgspec.Struct):
    """A count, and the value by currency."""

    count: int = 0
    value: dict[str, Decimal] = {}

    def add(self, count: int, currency: str, total: str) -> None:
        self.count += count
        self.value[currency] = self.value.get(currency, Decimal(0)) + count * Decimal(total)


class Sold(msgspec.Struct):
    """A product: the number of quotes and orders with it, and the quantity; `unit` is empty for pieces."""

    sku: str
    unit: str
    name: str = ""
    quotes: int = 0
    quoted: Decimal = Decimal(0)
    orders: int = 0
    ordered: Decimal = Decimal(0)


class Unsold(msgspec.Struct, frozen=True):
    """Something that was asked for and is not sold, why, and how many customers asked for it."""

    phrase: str
    kind: Unmet
    customers: int


class Survey(msgspec.Struct):
    """What happened.

    quotes: by what became of them. seen: those that Meta accepted, without replaced ones. accepted: orders that the
    staff accepted. order_states: orders by their present state. decisions: by seconds from Meta's acceptance to a yes
    or no. quoted_at, ordered_at: by the quarter of an hour since 1970. lost: replies by reason. handoffs: conversations
    that a person took over, by reason. unsold: by days of UTC, which its table counts.
    """

    messages: int = 0
    quotes: dict[str, Amount] = {}
    seen: Amount = msgspec.field(default_factory=Amount)
    orders: Amount = msgspec.field(default_factory=Amount)
    accepted: Amount = msgspec.field(default_factory=Amount)
    order_states: dict[str, Amount] = {}
    products: dict[tuple[str, str], Sold] = {}
    decisions: Counter[int] = msgspec.field(default_factory=Counter)
    quoted_at: Counter[int] = msgspec.field(default_factory=Counter)
    ordered_at: Counter[int] = msgspec.field(default_factory=Counter)
    lost: Counter[str] = msgspec.field(default_factory=Counter)
    handoffs: Counter[str] = msgspec.field(default_factory=Counter)
    unsold: list[Unsold] = []

    def product(self, sku: str, unit: str, name: str) -> Sold:
        """The product's figures so far, under the latest name that was read."""
        sold = self.products.setdefault((sku, unit), Sold(sku, unit))
        sold.name = name
        return sold


def read_survey(
    found: Statements,
    days: Sequence[float],
    *,
    min_customers: int,
    clock: Callable[[], float] = time.monotonic,
) -> Survey:
    """The survey of the days that begin at each instant except the last, which ends the last day. Phrases of fewer than
    `min_customers` are left out."""
    survey = Survey()
    end = clock() + SURVEY_SECONDS
    for since, until in itertools.pairwise(days):
        if clock() > end:
            raise StoreUnavailable(f"the report takes longer than {SURVEY_SECONDS:.0f} s: ask for fewer days")
        # The ids of messages and quotes are the microseconds of their begin.
        ids = round(since * 1e6), round(until * 1e6)
        _count_quotes(survey, found, ids)
        _count_orders(survey, found, (since, until))
        survey.messages += found.run("survey_messages", *ids)[0][0]
        _tally(survey.lost, found, "survey_lost", since, until)
        _tally(survey.handoffs, found, "survey_handoffs", since, until)
    first, last = (int(at // DAY_SECONDS) for at in (days[0], days[-1]))
    survey.unsold = [
        Unsold(phrase, Unmet(kind), customers)
        for phrase, kind, customers in found.run("survey_asked", first, last, min_customers)
    ]
    return survey


def _count_quotes(survey: Survey, found: Statements, ids: tuple[int, int]) -> None:
    for count, state, seen, currency, total in _rows(found, "survey_quotes", *ids):
        survey.quotes.setdefault(state, Amount()).add(count, currency, total)
        if seen and state != "replaced":
            survey.seen.add(count, currency, total)
    for count, sku, unit, quantity, name in _rows(found, "survey_quoted", *ids):
        sold = survey.product(sku, unit, name)
        sold.quotes += count
        sold.quoted += count * Decimal(str(quantity))
    _tally(survey.decisions, found, "survey_decisions", *ids)
    _tally(survey.quoted_at, found, "survey_quote_times", *ids)


def _count_orders(survey: Survey, found: Statements, between: tuple[float, float]) -> None:
    for count, state, accepted, currency, total in _rows(found, "survey_orders", *between):
        survey.orders.add(count, currency, total)
        survey.order_states.setdefault(state, Amount()).add(count, currency, total)
        if accepted:
            survey.accepted.add(count, currency, total)
    for count, sku, unit, quantity, name in _rows(found, "survey_ordered", *between):
        sold = survey.product(sku, unit, name)
        sold.orders += count
        sold.ordered += count * Decimal(str(quantity))
    _tally(survey.ordered_at, found, "survey_order_times", *between)


def _tally(counter: "Counter[Any]", found: Statements, query: str, *bindings: float) -> None:
    for count, key in _rows(found, query, *bindings):
        counter[key] += count


def _rows(found: Statements, query: str, *bindings: float) -> Iterator[Row]:
    return by_turns(found.run(query, *bindings))
