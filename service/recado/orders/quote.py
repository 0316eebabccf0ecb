"""A quote as the customer got it: lines with the prices of that day, until he decides."""

from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec

_CENT: Final = Decimal("0.01")


class QuoteState(StrEnum):
    """What became of a quote. Only an open one changes."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    REPLACED = "replaced"
    """By an edit, or by a newer quote."""
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    """The customer took the message back, or the reply with the quote was given up."""


class Source(StrEnum):
    """What a quote was made from."""

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
    """Why something that a customer asked for was not sold."""

    UNMATCHED = "unmatched"
    """No product has that name."""
    AMBIGUOUS = "ambiguous"
    """It could be several products."""


class Asked(msgspec.Struct, frozen=True):
    """Something that a customer asked for and was not quoted. phrase: his words in plain letters, without numbers and
    addresses of persons."""

    phrase: str
    kind: Unmet


class Question(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something that the customer was asked back and has not answered.

    text: what he wrote. candidates: skus that it could be, in the catalogue's order; a single one means that the amount
    is asked for. quantity: what waits for the answer; None where none was written. sets: the answer is how many there
    are to be of a line, not how many more.
    """

    text: str
    candidates: tuple[str, ...]
    quantity: int | Decimal | None = None
    sets: bool = False


class OpenQuote(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A quote with its state; times in Unix seconds.

    token: random, names the quote in buttons. changed_at: when the customer wrote what the lines are from.
    accepted_at: when Meta accepted the reply that gives it, None before: until then the customer has not seen it.
    """

    token: str
    lines: tuple[Line, ...]
    currency: str
    source: Source
    opened_at: float
    changed_at: float
    expires_at: float
    state: QuoteState = QuoteState.OPEN
    accepted_at: float | None = None

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))
