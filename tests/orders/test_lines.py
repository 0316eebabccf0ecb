"""Changes to the lines of a quote."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.orders import Line
from recado.orders.quote import (
    Lines,
    PiecesError,
    add_line,
    is_more,
    keep_only,
    remove_line,
    replace_line,
    scale,
    set_quantity,
    subtract,
)

SKUS = ("A", "B", "C", "D")
PIECES = st.integers(1, 10**6)
WEIGHTS = st.decimals("0.001", "1000", places=3)
PRICES = st.decimals("0.01", "99999.99", places=2)


def line(sku: str, quantity: int | Decimal = 1, price: str = "2.50", unit: str | None = None) -> Line:
    return Line(sku=sku, name=f"Product {sku}", quantity=quantity, unit_price=Decimal(price), unit=unit)


@st.composite
def a_line(draw: st.DrawFn) -> Line:
    """The last SKU is sold by weight, the others by the piece."""
    sku = draw(st.sampled_from(SKUS))
    weighed = sku == SKUS[-1]
    quantity: int | Decimal = draw(WEIGHTS) if weighed else draw(PIECES)
    return Line(
        sku=sku, name=sku, quantity=quantity, unit_price=draw(PRICES), unit="kg" if weighed else None
    )  # fmt: skip


def some_lines() -> st.SearchStrategy[Lines]:
    return st.lists(a_line(), max_size=4, unique_by=lambda one: one.sku).map(tuple)


@st.composite
def an_edit(draw: st.DrawFn) -> tuple[str, Lines, Lines, frozenset[str]]:
    """The name of an edit, the lines before and after it, and the SKUs that it names."""
    lines, new = draw(some_lines()), draw(a_line())
    sku, other = new.sku, draw(st.sampled_from(SKUS))
    kept = draw(st.frozensets(st.sampled_from(SKUS)))
    edits: dict[str, tuple[Lines, set[str]]] = {
        "add": (add_line(lines, new), {sku}),
        "set": (set_quantity(lines, sku, new.quantity), {sku}),
        "set to nothing": (set_quantity(lines, sku, 0), {sku}),
        "subtract": (subtract(lines, sku, new.quantity), {sku}),
        "remove": (remove_line(lines, sku), {sku}),
        "replace": (replace_line(lines, other, new), {sku, other}),
        "keep only": (keep_only(lines, kept), {each for each in SKUS if each not in kept}),
        "double": (scale(lines, Fraction(2)), set(SKUS)),
    }
    name = draw(st.sampled_from(list(edits)))
    after, named = edits[name]
    return name, lines, after, frozenset(named)


@given(an_edit())
def test_no_line_is_lost_and_none_is_empty(edit: tuple[str, Lines, Lines, frozenset[str]]) -> None:
    """An edit changes only the lines that it names; a SKU is on one line; no quantity is zero or less."""
    name, before, after, named = edit
    skus = [one.sku for one in after]

    assert len(skus) == len(set(skus)), name
    assert all(one in after for one in before if one.sku not in named), name
    assert all(one.quantity > 0 for one in after), name
    assert all(isinstance(one.quantity, int) and one.quantity >= 1 for one in after if one.unit is None), name


@given(an_edit())
def test_totals_are_exact(edit: tuple[str, Lines, Lines, frozenset[str]]) -> None:
    """They are decimals, exact to the cent, and never floats."""
    _, _, after, _ = edit
    for one in after:
        exact = Fraction(one.unit_price) * Fraction(one.quantity)
        assert isinstance(one.total, Decimal)
        assert abs(Fraction(one.total) - exact) <= (Fraction(1, 200) if one.unit else 0)


@given(some_lines(), a_line())
def test_what_was_added_can_be_taken_off(lines: Lines, new: Line) -> None:
    """Adding and subtracting the same amount changes nothing."""
    added = add_line(lines, new)
    back = subtract(added, new.sku, new.quantity)

    assert {one.sku: one.quantity for one in back} == {one.sku: one.quantity for one in lines}


@given(some_lines(), a_line())
def test_more_is_told_from_less(lines: Lines, new: Line) -> None:
    """A customer may confirm less than was shown; more is shown to him first."""
    assert not is_more(lines, lines)
    assert is_more(add_line(lines, new), lines)
    assert not is_more(subtract(lines, new.sku, new.quantity), lines)


def test_what_is_replaced_keeps_its_place() -> None:
    """Unless the new SKU is already on another line: then the quantities are summed."""
    lines = (line("A", 2), line("B", 3))

    assert [one.sku for one in replace_line(lines, "A", line("C", 2))] == ["C", "B"]
    assert replace_line(lines, "A", line("B", 2)) == (line("B", 5),)
    assert replace_line(lines, "C", line("D")) == lines


def test_half_of_a_piece_is_refused() -> None:
    """Half of a weight is not."""
    assert scale((line("A", 4),), Fraction(1, 2)) == (line("A", 2),)
    assert scale((line("D", Decimal("1.5"), unit="kg"),), Fraction(1, 2))[0].quantity == Decimal("0.75")
    with pytest.raises(PiecesError):
        scale((line("A", 4), line("B", 3)), Fraction(1, 2))
