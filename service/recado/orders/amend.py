"""Changes to the lines of a quote, one function each: lines in, lines out. `edits` tells what a change was.

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


class Edit(StrEnum):
    """What became of one line."""

    ADDED = "added"
    REMOVED = "removed"
    MORE = "more"
    LESS = "less"


class PiecesError(ValueError):
    """What is sold by the piece would come to a fraction."""


def add(lines: Lines, line: Line) -> Lines:
    """With `line`; its quantity is summed where the sku is there already."""
    here = find(lines, line.sku)
    if here is None:
        return (*lines, line)
    return _with(lines, msgspec.structs.replace(here, quantity=here.quantity + line.quantity))


def set_quantity(lines: Lines, sku: str, quantity: Amount) -> Lines:
    """With another quantity of a sku that is there; without the line where it is not above zero."""
    here = find(lines, sku)
    if here is None or quantity <= 0:
        return remove(lines, sku)
    return _with(lines, msgspec.structs.replace(here, quantity=quantity))


def subtract(lines: Lines, sku: str, quantity: Amount) -> Lines:
    """With so much less of a sku; without the line where nothing is left."""
    here = find(lines, sku)
    return lines if here is None else set_quantity(lines, sku, here.quantity - quantity)


def remove(lines: Lines, sku: str) -> Lines:
    """Without a sku."""
    return tuple(line for line in lines if line.sku != sku)


def keep_only(lines: Lines, skus: frozenset[str]) -> Lines:
    """Without all other skus."""
    return tuple(line for line in lines if line.sku in skus)


def replace(lines: Lines, sku: str, line: Line) -> Lines:
    """With `line` in the place of a sku; where its own sku stands elsewhere, the quantities are summed there."""
    if line.sku != sku and find(lines, line.sku) is not None:
        return add(remove(lines, sku), line)
    return tuple(line if one.sku == sku else one for one in lines)


def scale(lines: Lines, factor: Fraction) -> Lines:
    """With all quantities times `factor`, which is above zero. Raises PiecesError for a fraction of a piece."""
    return tuple(msgspec.structs.replace(line, quantity=_scaled(line, factor)) for line in lines)


def find(lines: Lines, sku: str) -> Line | None:
    """The line of a sku."""
    return next((line for line in lines if line.sku == sku), None)


def is_more(lines: Lines, shown: Lines) -> bool:
    """Whether `lines` hold anything that is new or more than in `shown`."""
    before = {line.sku: line.quantity for line in shown}
    return any(line.quantity > before.get(line.sku, 0) for line in lines)


def edits(before: Sequence[Line], after: Sequence[Line]) -> Iterator[Edit]:
    """What the customer changed between two states of his quote: one edit for each line that differs, by its sku."""
    had = {line.sku: line.quantity for line in before}
    has = {line.sku: line.quantity for line in after}
    for sku in dict.fromkeys((*had, *has)):
        if sku not in had:
            yield Edit.ADDED
        elif sku not in has:
            yield Edit.REMOVED
        elif has[sku] != had[sku]:
            yield Edit.MORE if has[sku] > had[sku] else Edit.LESS


def _with(lines: Lines, changed: Line) -> Lines:
    return tuple(changed if line.sku == changed.sku else line for line in lines)


def _scaled(line: Line, factor: Fraction) -> Amount:
    scaled = Fraction(line.quantity) * factor
    if line.unit is None:
        if scaled.denominator != 1:
            raise PiecesError(line.sku)
        return int(scaled)
    return Decimal(scaled.numerator) / Decimal(scaled.denominator)
