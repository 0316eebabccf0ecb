"""The report: the figures of a survey, in the shop's time zone."""

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from recado.orders import OrderState, QuoteState
from recado.queue.leisure import by_turns
from recado.queue.survey import QUARTER_SECONDS, Amount, Survey, Unsold
from recado.report.aliases import Proposal

#: By default, orders are kept only a little longer.
MAX_DAYS: Final = 400
#: The products that were ordered and quoted most often.
MOST_PRODUCTS: Final = 100
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class FunnelStage(msgspec.Struct, frozen=True):
    """A step of the funnel: the count, and the value by currency as a decimal string."""

    name: str
    count: int
    value: dict[str, Decimal] = {}


class ProductSales(msgspec.Struct, frozen=True, kw_only=True):
    """A product. Quantities are decimal strings, in pieces if `unit` is empty."""

    sku: str
    name: str
    unit: str
    quotes: int
    quoted: Decimal
    orders: int
    ordered: Decimal


class Decisions(msgspec.Struct, frozen=True):
    """The time from Meta's acceptance of a quote to the customer's yes or no, in seconds; None if nobody decided."""

    count: int
    median_seconds: int | None
    p90_seconds: int | None


class Times(msgspec.Struct, frozen=True):
    """Quotes and orders of an hour of the day, or of a day of the week, in the shop's time zone."""

    name: str
    quotes: int
    orders: int


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """For how many days the store keeps the rows; earlier days are missing from the report."""

    messages: float
    quotes: float
    orders: float
    replies_lost: float
    handoffs: float
    unsold: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The results of the conversations from `since` to `until` (RFC 3339, in the shop's time zone).

    funnel: messages, quotes (without those that an edit or a newer one replaced), those that were seen, confirmations,
    and the states of the orders. quotes: by their outcome. unsold: what several customers asked for and was not quoted.
    aliases: which of these may be other names of products. replies_lost: by reason. handoffs: conversations that a
    person took over, by reason.
    """

    since: str
    until: str
    timezone: str
    days: int
    kept_days: Retention
    funnel: list[FunnelStage]
    quotes: dict[str, int]
    decisions: Decisions
    products: list[ProductSales]
    unsold: list[Unsold]
    aliases: list[Proposal]
    hours: list[Times]
    weekdays: list[Times]
    replies_lost: dict[str, int]
    handoffs: dict[str, int]


def days_of(now: float, days: int, timezone: str) -> list[float]:
    """The beginnings of the last `days` days in a time zone, including today's; then the present time."""
    zone = ZoneInfo(timezone)
    today = datetime.datetime.fromtimestamp(now, zone).date()
    dates = [today - datetime.timedelta(days=back) for back in range(days - 1, -1, -1)]
    return [*(datetime.datetime.combine(date, datetime.time(), zone).timestamp() for date in dates), now]


def make_report(
    survey: Survey, days: Sequence[float], timezone: str, kept: Retention, aliases: list[Proposal]
) -> Report:
    """The report of a survey of these days."""
    zone = ZoneInfo(timezone)
    hours, weekdays = _by_clock(survey.quoted_at, zone), _by_clock(survey.ordered_at, zone)
    return Report(
        since=_shown(days[0], zone),
        until=_shown(days[-1], zone),
        timezone=timezone,
        days=len(days) - 1,
        kept_days=kept,
        funnel=_funnel(survey),
        quotes={state.value: survey.quotes.get(state, Amount()).count for state in QuoteState},
        decisions=_decisions(survey.decisions),
        products=_products(survey),
        unsold=survey.unsold,
        aliases=aliases,
        hours=[Times(f"{hour:02}", hours[0][hour], weekdays[0][hour]) for hour in range(24)],
        weekdays=[Times(name, hours[1][day], weekdays[1][day]) for day, name in enumerate(WEEKDAYS)],
        replies_lost=dict(sorted(survey.lost.items())),
        handoffs=dict(sorted(survey.handoffs.items())),
    )


def _funnel(survey: Survey) -> list[FunnelStage]:
    quoted = Amount()
    for state, amount in survey.quotes.items():
        if state != QuoteState.REPLACED:
            quoted.count += amount.count
            for currency, value in amount.value.items():
                quoted.value[currency] = quoted.value.get(currency, Decimal(0)) + value
    states = survey.order_states
    return [
        FunnelStage("messages", survey.messages),
        _stage("quoted", quoted),
        _stage("seen", survey.seen),
        _stage("confirmed", survey.orders),
        _stage("accepted", survey.accepted),
        _stage("completed", states.get(OrderState.COMPLETED, Amount())),
        _stage("cancelled", states.get(OrderState.CANCELLED, Amount())),
    ]


def _stage(name: str, amount: Amount) -> FunnelStage:
    return FunnelStage(name, amount.count, dict(sorted(amount.value.items())))


def _decisions(seconds: Mapping[int, int]) -> Decisions:
    return Decisions(sum(seconds.values()), _quantile(seconds, 50), _quantile(seconds, 90))


def _quantile(seconds: Mapping[int, int], percent: int) -> int | None:
    """The smallest value that at least `percent` percent of the values do not exceed."""
    rank = -(-sum(seconds.values()) * percent // 100)
    for value, count in sorted(seconds.items()):
        rank -= count
        if rank <= 0:
            return max(0, value)
    return None


def _products(survey: Survey) -> list[ProductSales]:
    most = sorted(survey.products.values(), key=lambda one: (-one.orders, -one.quotes, one.sku, one.unit))
    return [
        ProductSales(
            sku=one.sku,
            name=one.name,
            unit=one.unit,
            quotes=one.quotes,
            quoted=one.quoted,
            orders=one.orders,
            ordered=one.ordered,
        )
        for one in most[:MOST_PRODUCTS]
    ]


def _by_clock(quarters: Mapping[int, int], zone: ZoneInfo) -> tuple[Counter[int], Counter[int]]:
    """Counts by hour and by weekday (0 is Monday)."""
    hours: Counter[int] = Counter()
    weekdays: Counter[int] = Counter()
    for quarter, count in by_turns(quarters.items()):
        at = datetime.datetime.fromtimestamp(quarter * QUARTER_SECONDS, zone)
        hours[at.hour] += count
        weekdays[at.weekday()] += count
    return hours, weekdays


def _shown(at: float, zone: ZoneInfo) -> str:
    return datetime.datetime.fromtimestamp(at, zone).isoformat(timespec="seconds")
