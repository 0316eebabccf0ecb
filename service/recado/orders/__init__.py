"""Quotes and orders as values, and the changes that they allow."""

from recado.orders.order import Order, OrderState
from recado.orders.permission import OptedBy, Permission, PermissionChange
from recado.orders.quote import Asked, Line, OpenQuote, Question, QuoteSource, QuoteState, Unmet
from recado.orders.session import (
    Changes,
    Closing,
    Handoff,
    HandoffChange,
    HandoffReason,
    Located,
    Returned,
    Session,
    Talk,
)

__all__ = [
    "Asked",
    "Changes",
    "Closing",
    "Handoff",
    "HandoffChange",
    "HandoffReason",
    "Line",
    "Located",
    "OpenQuote",
    "OptedBy",
    "Order",
    "OrderState",
    "Permission",
    "PermissionChange",
    "Question",
    "QuoteSource",
    "QuoteState",
    "Returned",
    "Session",
    "Talk",
    "Unmet",
]  # fmt: skip
