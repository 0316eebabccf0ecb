"""The edits between two states of a quote."""

from decimal import Decimal

import pytest

from recado.orders import Line
from recado.orders.quote import LineChange, edits


def lines(*amounts: tuple[str, int | Decimal]) -> list[Line]:
    return [Line(sku=sku, name=sku, quantity=amount, unit_price=Decimal(1)) for sku, amount in amounts]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((("A", 1), ("B", 2)), (("B", 2), ("A", 1)), []),
        ((("A", 1),), (("A", 2), ("B", 1)), [LineChange.MORE, LineChange.ADDED]),
        ((("A", 3), ("B", 1)), (("A", 1),), [LineChange.LESS, LineChange.REMOVED]),
        ((("A", 1),), (("B", 1),), [LineChange.REMOVED, LineChange.ADDED]),
        ((("A", Decimal("1.5")),), (("A", Decimal("1.25")),), [LineChange.LESS]),
    ],
)
def test_each_line_that_differs_is_an_edit(
    before: tuple[tuple[str, int], ...], after: tuple[tuple[str, int], ...], expected: list[LineChange]
) -> None:
    """Lines are compared by product, in any order."""
    assert list(edits(lines(*before), lines(*after))) == expected
