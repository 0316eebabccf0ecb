"""A quote that a customer got: lines with the prices of that day."""

from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec

_CENT: Final = Decimal("0.01")


class QuoteState(StrEnum):
    """The state of a quote. Only an open one changes."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    REPLACED = "replaced"
    """By an edit, or by a newer quote."""
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    """The customer took the message back, or the reply with the quote was given up."""


class QuoteSource(StrEnum):
    """The source of a quote."""

    TEXT = "text"
    CART = "cart"
    BUTTON = "button"
    VOICE = "voice"


class Line(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One product at its price. `quantity` counts pieces, or `unit` (kg, g, l, ml, m, m2, m3), then with decimals."""

    sku: str
    name: str
    quantity: int | Decimal
    unit_price: Decimal
    unit: str | None = None
    doubtful: bool = False

    @property
    def total(self) -> Decimal:
        """The price of the line; cents are rounded where the quantity is measured."""
        total = self.unit_price * self.quantity
        return total.quantize(_CENT) if self.unit else total


class Unmet(StrEnum):
    """Why something that a customer asked for was not quoted."""

    UNMATCHED = "unmatched"
    """No product has that name."""
    AMBIGUOUS = "ambiguous"
    """It could be several products."""


class Asked(msgspec.Struct, frozen=True):
    """Something that a customer asked for and was not quoted. phrase: his words in plain letters, without numbers and
    addresses."""

    phrase: str
    kind: Unmet


class Question(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A question to the customer that he has not answered.

    text: his words. candidates: the possible skus, in the catalogue's order; a single one means that the question is
    about the amount. quantity: the quantity that he wrote; None if he wrote none. sets: the answer sets the quantity of
    a line instead of adding to it.
    """

    text: str
    candidates: tuple[str, ...]
    quantity: int | Decimal | None = None
    sets: bool = False


class OpenQuote(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A quote with its state; times in Unix seconds.

    token: random, names the quote in buttons. changed_at: when the customer wrote the message that last changed the
        lines. accepted_at: when Meta accepted the reply with the quote; None before that, because the customer has not
        seen it yet.
    """

    token: str
    lines: tuple[Line, ...]
    currency: str
    source: QuoteSource
    opened_at: float
    changed_at: float
    expires_at: float
    state: QuoteState = QuoteState.OPEN
    accepted_at: float | None = None

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))
