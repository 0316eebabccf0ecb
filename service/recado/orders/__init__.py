"""What a customer was quoted and what the shop was ordered: values, and what may become of them."""

from recado.orders import amend as amend
from recado.orders.order import Order, OrderState
from recado.orders.quote import Line, OpenQuote, Question, QuoteState, Source
from recado.orders.session import Changes, Closing, Located, Session, Talk

__all__ = [
    "Changes", "Closing", "Line", "Located", "OpenQuote", "Order", "OrderState", "Question", "QuoteState", "Session",
    "Source", "Talk",
]  # fmt: skip
