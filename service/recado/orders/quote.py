"""A quote that a customer got: lines with the prices of that day, and the changes that the lines allow.

A sku is on one line only. A line whose quantity would be zero or less is removed.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

import msgspec
from msgspec.structs import replace

Quantity = int | Decimal
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
    quantity: Quantity
    unit_price: Decimal
    unit: str | None = None
    doubtful: bool = False

    @property
    def total(self) -> Decimal:
        """The price of the line; cents are rounded where the quantity is measured."""
        total = self.unit_price * self.quantity
        return total.quantize(_CENT) if self.unit else total


Lines = tuple[Line, ...]


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
    quantity: Quantity | None = None
    sets: bool = False


class OpenQuote(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A quote with its state; times in Unix seconds.

    token: random, names the quote in buttons. changed_at: when the customer wrote the message that last changed the
        lines. accepted_at: when Meta accepted the reply with the quote; None before that, because the customer has not
        seen it yet.
    """

    token: str
    lines: Lines
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


# -- changes of lines: lines in, lines out


class LineChange(StrEnum):
    """How one line changed."""

    ADDED = "added"
    REMOVED = "removed"
    MORE = "more"
    LESS = "less"


class PiecesError(ValueError):
    """The result would be a fraction of a piece."""


def add_line(lines: Lines, line: Line) -> Lines:
    """Adds `line`; if the sku is there already, the quantities are summed."""
    here = line_of(lines, line.sku)
    if here is None:
        return (*lines, line)
    return _with(lines, replace(here, quantity=here.quantity + line.quantity))


def set_quantity(lines: Lines, sku: str, quantity: Quantity) -> Lines:
    """Sets the quantity of a sku that is there; removes the line if it is not above zero."""
    here = line_of(lines, sku)
    if here is None or quantity <= 0:
        return remove_line(lines, sku)
    return _with(lines, replace(here, quantity=quantity))


def subtract(lines: Lines, sku: str, quantity: Quantity) -> Lines:
    """Reduces the quantity of a sku; removes the line if nothing is left."""
    here = line_of(lines, sku)
    return lines if here is None else set_quantity(lines, sku, here.quantity - quantity)


def remove_line(lines: Lines, sku: str) -> Lines:
    """Removes a sku."""
    return tuple(line for line in lines if line.sku != sku)


def keep_only(lines: Lines, skus: frozenset[str]) -> Lines:
    """Removes all other skus."""
    return tuple(line for line in lines if line.sku in skus)


def replace_line(lines: Lines, sku: str, line: Line) -> Lines:
    """Puts `line` in the place of a sku; if its own sku is already on another line, the quantities are summed there."""
    if line.sku != sku and line_of(lines, line.sku) is not None:
        return add_line(remove_line(lines, sku), line)
    return tuple(line if one.sku == sku else one for one in lines)


def scale(lines: Lines, factor: Fraction) -> Lines:
    """Multiplies all quantities by `factor`, which is above zero. Raises PiecesError for a fraction of a piece."""
    return tuple(replace(line, quantity=_scaled(line, factor)) for line in lines)


def line_of(lines: Lines, sku: str) -> Line | None:
    """The line of a sku."""
    return next((line for line in lines if line.sku == sku), None)


def is_more(lines: Lines, shown: Lines) -> bool:
    """Whether `lines` contain a sku that is not in `shown`, or more of one."""
    before = {line.sku: line.quantity for line in shown}
    return any(line.quantity > before.get(line.sku, 0) for line in lines)


def edits(before: Sequence[Line], after: Sequence[Line]) -> Iterator[LineChange]:
    """What the customer changed between two states of his quote: one edit for each line that differs, by its sku."""
    had = {line.sku: line.quantity for line in before}
    has = {line.sku: line.quantity for line in after}
    for sku in dict.fromkeys((*had, *has)):
        if sku not in had:
            yield LineChange.ADDED
        elif sku not in has:
            yield LineChange.REMOVED
        elif has[sku] != had[sku]:
            yield LineChange.MORE if has[sku] > had[sku] else LineChange.LESS


def _with(lines: Lines, changed: Line) -> Lines:
    return tuple(changed if line.sku == changed.sku else line for line in lines)


def _scaled(line: Line, factor: Fraction) -> Quantity:
    scaled = Fraction(line.quantity) * factor
    if line.unit is None:
        if scaled.denominator != 1:
            raise PiecesError(line.sku)
        return int(scaled)
    return Decimal(scaled.numerator) / Decimal(scaled.denominator)
