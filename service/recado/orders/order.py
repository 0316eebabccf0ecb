"""An order: a quote that the customer said yes to, with the number by which the shop knows it."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from recado.orders.quote import Line, QuoteSource


class OrderState(StrEnum):
    """The states of an order: the customer places it; the staff changes the others."""

    PLACED = "placed"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Order(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order with the lines and prices of its quote; times in Unix seconds.

    number: increases, with gaps. quote: the token of the confirmed quote, which is unique. left_out: what the customer
        asked for in the same conversation and the order does not contain, in his words.
    """

    number: int
    quote: str
    lines: tuple[Line, ...]
    currency: str
    source: QuoteSource
    placed_at: float
    changed_at: float
    state: OrderState = OrderState.PLACED
    left_out: tuple[str, ...] = ()
    location: str | None = None

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))
