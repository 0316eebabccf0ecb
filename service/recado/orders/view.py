"""An order as recado presents it: in the admin API, on the command line, in exports."""

import datetime
import re
from decimal import Decimal

import msgspec

from recado.orders.order import OrderState
from recado.orders.quote import QuoteSource
from recado.orders.shop import ShopOrder


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """One product of an order. Money is a decimal string; so is a quantity of `unit` (kg, g, l, ml, m, m2, m3)."""

    sku: str
    name: str
    quantity: int | Decimal
    unit: str | None
    unit_price: Decimal
    line_total: Decimal


class CustomerView(msgspec.Struct, frozen=True, kw_only=True):
    """Who placed an order: a phone number, Meta's user id, or both."""

    phone: str | None
    user_id: str | None


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order; times are RFC 3339 in UTC, money is a decimal string, `currency` is ISO 4217.

    `left_out`: what the customer asked for in the same conversation and the order does not contain. `quote`: the token
    of the confirmed quote.
    """

    number: str
    state: OrderState
    source: QuoteSource
    currency: str
    total: Decimal
    lines: list[LineView]
    left_out: list[str]
    location: str | None
    quote: str
    placed_at: str
    changed_at: str
    phone_number_id: str
    customer: CustomerView


def view(shop_order: ShopOrder, prefix: str) -> OrderView:
    """The view of an order; `prefix` is put before its number."""
    order = shop_order.order
    return OrderView(
        number=f"{prefix}{order.number}",
        state=order.state,
        source=order.source,
        currency=order.currency,
        total=order.total,
        lines=[
            LineView(
                sku=line.sku,
                name=line.name,
                quantity=line.quantity,
                unit=line.unit,
                unit_price=line.unit_price,
                line_total=line.total,
            )
            for line in order.lines
        ],
        left_out=list(order.left_out),
        location=order.location,
        quote=order.quote,
        placed_at=_rfc_3339(order.placed_at),
        changed_at=_rfc_3339(order.changed_at),
        phone_number_id=shop_order.phone_number_id,
        customer=CustomerView(phone=shop_order.phone, user_id=shop_order.user_id),
    )


def number_in(text: str, prefix: str) -> int | None:
    """The number of an order that a person wrote, with the prefix or without; None if it is not a number."""
    found = re.fullmatch(r"[0-9]{1,18}", text.strip().upper().removeprefix(prefix.upper()))
    return int(found[0]) if found else None


def _rfc_3339(at: float) -> str:
    return f"{datetime.datetime.fromtimestamp(at, datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
