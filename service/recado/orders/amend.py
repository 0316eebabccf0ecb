"""Changes to the lines of a quote, one function each: lines in, lines out. `edits` describes a change.

A sku is on one line only. A line whose quantity would be zero or less is removed.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

import msgspec

from recado.orders.quote import Line

Lines = tuple[Line, ...]
Amount = int | Decimal


class LineChange(StrEnum):
    """How one line changed."""

    ADDED = "added"
    REMOVED = "removed"
    MORE = "more"
    LESS = "less"


class PiecesError(ValueError):
    """The result would be a fraction of a piece."""


def add(lines: Lines, line: Line) -> Lines:
    """Adds `line`; if the sku is there already, the quantities are summed."""
    here = find(lines, line.sku)
    if here is None:
        return (*lines, line)
    return _with(lines, msgspec.structs.replace(here, quantity=here.quantity + line.quantity))


def set_quantity(lines: Lines, sku: str, quantity: Amount) -> Lines:
    """Sets the quantity of a sku that is there; removes the line if it is not above zero."""
    here = find(lines, sku)
    if here is None or quantity <= 0:
        return remove(lines, sku)
    return _with(lines, msgspec.structs.replace(here, quantity=quantity))


def subtract(lines: Lines, sku: str, quantity: Amount) -> Lines:
    """Reduces the quantity of a sku; removes the line if nothing is left."""
    here = find(lines, sku)
    return lines if here is None else set_quantity(lines, sku, here.quantity - quantity)


def remove(lines: Lines, sku: str) -> Lines:
    """Removes a sku."""
    return tuple(line for line in lines if line.sku != sku)


def keep_only(lines: Lines, skus: frozenset[str]) -> Lines:
    """Removes all other skus."""
    return tuple(line for line in lines if line.sku in skus)


def replace(lines: Lines, sku: str, line: Line) -> Lines:
    """Puts `line` in the place of a sku; if its own sku is already on another line, the quantities are summed there."""
    if line.sku != sku and find(lines, line.sku) is not None:
        return add(remove(lines, sku), line)
    return tuple(line if one.sku == sku else one for one in lines)


def scale(lines: Lines, factor: Fraction) -> Lines:
    """Multiplies all quantities by `factor`, which is above zero. Raises PiecesError for a fraction of a piece."""
    return tuple(msgspec.structs.replace(line, quantity=_scaled(line, factor)) for line in lines)


def find(lines: Lines, sku: str) -> Line | None:
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


def _scaled(line: Line, factor: Fraction) -> Amount:
    scaled = Fraction(line.quantity) * factor
    if line.unit is None:
        if scaled.denominator != 1:
            raise PiecesError(line.sku)
        return int(scaled)
    return Decimal(scaled.numerator) / Decimal(scaled.denominator)
