"""What the customer changed in his open quote, by the lines before and after."""

from collections.abc import Iterator, Sequence
from enum import StrEnum

from recado.orders.quote import Line


class Edit(StrEnum):
    """What became of one line."""

    ADDED = "added"
    REMOVED = "removed"
    MORE = "more"
    LESS = "less"


def edits(before: Sequence[Line], after: Sequence[Line]) -> Iterator[Edit]:
    """One for each line that differs, by its sku."""
    had = {line.sku: line.quantity for line in before}
    has = {line.sku: line.quantity for line in after}
    for sku in dict.fromkeys((*had, *has)):
        if sku not in had:
            yield Edit.ADDED
        elif sku not in has:
            yield Edit.REMOVED
        elif has[sku] != had[sku]:
            yield Edit.MORE if has[sku] > had[sku] else Edit.LESS
