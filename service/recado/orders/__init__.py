"""Quotes and orders as values, and the changes that they allow."""

from recado.orders import amend as amend
from recado.orders.order import Order, OrderState
from recado.orders.permission import Permission, PermissionChange, Said
from recado.orders.quote import Asked, Line, OpenQuote, Question, QuoteState, Source, Unmet
from recado.orders.session import (
    Changes,
    Closing,
    Handoff,
    HandoffChange,
    Located,
    Returned,
    Session,
    Taken,
    Talk,
)

__all__ = [
    "Asked", "Changes", "Closing", "Handoff", "HandoffChange", "Line", "Located", "OpenQuote", "Order", "OrderState",
    "Permission", "PermissionChange", "Question", "QuoteState", "Returned", "Said", "Session", "Source", "Taken",
    "Talk", "Unmet",
]  # fmt: skip
