"""The report: its figures, by the shop's own clock."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from recado.orders import QuoteState
from recado.queue.survey import Amount, Sold, Survey
from recado.report.report import MOST_PRODUCTS, Report, Retention, days_of, make_report
from tests.report.agreement import compare, conversed

KEPT = Retention(messages=8, quotes=90, orders=400, replies_lost=30, handoffs=400, unsold=90)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def made(survey: Survey, timezone: str = "UTC") -> Report:
    days = days_of(at("2026-11-26T18:00"), 3, timezone)
    return make_report(survey, days, timezone, KEPT, [])


@pytest.mark.parametrize(
    ("timezone", "now", "begins"),
    [
        ("UTC", "2026-11-26T18:00", ["2026-11-25T00:00", "2026-11-26T00:00"]),
        ("America/Mexico_City", "2026-11-26T05:59", ["2026-11-24T06:00", "2026-11-25T06:00"]),
        ("Asia/Kathmandu", "2026-11-26T18:20", ["2026-11-25T18:15", "2026-11-26T18:15"]),
        # Clocks go back at two in the morning of the 1st: that day has 25 hours.
        ("America/New_York", "2026-11-02T12:00", ["2026-11-01T04:00", "2026-11-02T05:00"]),
    ],
)
def test_days_begin_at_the_shops_midnight(timezone: str, now: str, begins: list[str]) -> None:
    assert days_of(at(now), 2, timezone) == [*map(at, begins), at(now)]


def test_hours_and_weekdays_are_the_shops() -> None:
    """Two in the morning of a Thursday in UTC is Wednesday evening in Mexico."""
    quarter = int(at("2026-11-26T02:15") // 900)
    report = made(Survey(quoted_at=Counter({quarter: 3}), ordered_at=Counter({quarter: 2})), "America/Mexico_City")

    assert [(one.name, one.quotes, one.orders) for one in report.hours if one.quotes] == [("20", 3, 2)]
    assert [(one.name, one.quotes, one.orders) for one in report.weekdays if one.quotes] == [("Wednesday", 3, 2)]
    assert (len(report.hours), len(report.weekdays)) == (24, 7)


def test_the_funnel_has_values() -> None:
    """Each step has its value by currency; replaced quotes do not count."""
    usd = Amount(2, {"USD": Decimal("10.10")})
    quotes = {"open": usd, "confirmed": Amount(1, {"USD": Decimal("0.20"), "MXN": Decimal(5)}), "replaced": usd}
    survey = Survey(messages=9, quotes=quotes, seen=usd, orders=usd, order_states={"cancelled": usd})
    report = made(survey)
    funnel = {one.name: (one.count, one.value) for one in report.funnel}

    assert list(funnel) == ["messages", "quoted", "seen", "confirmed", "accepted", "completed", "cancelled"]
    assert funnel["messages"] == (9, {})
    assert funnel["quoted"] == (3, {"MXN": Decimal(5), "USD": Decimal("10.30")})
    assert funnel["cancelled"] == (2, {"USD": Decimal("10.10")})
    assert funnel["completed"] == (0, {})
    assert (report.quotes["replaced"], report.quotes["rejected"]) == (2, 0)
    assert b'"USD":"10.30"' in msgspec.json.encode(report)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({}, (0, None, None)),
        ({7: 1}, (1, 7, 7)),
        ({1: 5, 10: 4, 99: 1}, (10, 1, 10)),
        ({1: 4, 10: 4, 99: 2}, (10, 10, 99)),
        ({-1: 3}, (3, 0, 0)),
    ],
)
def test_half_and_nine_in_ten_decided_within(
    seconds: dict[int, int], expected: tuple[int, int | None, int | None]
) -> None:
    """A clock that was set back causes no negative time."""
    decisions = made(Survey(decisions=Counter(seconds))).decisions

    assert msgspec.structs.astuple(decisions) == expected


def test_the_products_that_sell_most_come_first() -> None:
    """Products are sorted by orders, then by quotes, and the list is limited."""
    sold = [Sold(f"S{n:03}", "", quotes=n, orders=n == 7) for n in range(MOST_PRODUCTS + 50)]
    products = made(Survey(products={(one.sku, one.unit): one for one in sold})).products

    assert [one.sku for one in products[:3]] == ["S007", "S149", "S148"]
    assert len(products) == MOST_PRODUCTS


async def test_report_metrics_and_a_count_by_hand_agree(tmp_path: Path) -> None:
    """All three counts of the same conversations are equal; `make agreement` compares 10,000 conversations."""
    outcome = await conversed(tmp_path, 300)
    compare(outcome)

    ledger = outcome.ledger
    assert min(len(ledger.orders), ledger.lost, *ledger.handoffs.values(), ledger.edits, ledger.not_understood) > 9
    assert {one.state for one in ledger.quotes} == set(QuoteState)
    assert outcome.messages > 500
