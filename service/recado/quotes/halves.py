"""Reads halves: of a number, "6 púas, mitad duras y mitad blandas", and of what a thing is sold by, "deme medio"."""

from fractions import Fraction
from typing import Final

from recado.quotes.elements import PRODUCT, QUANTITY, VERBS
from recado.quotes.lexicon import Unit
from recado.quotes.numbers import Quantity
from recado.quotes.scene import Scene
from recado.quotes.text import NUMBER

_HALF: Final = "mitad"
_HALF_OF_ONE: Final = Fraction(1, 2)
_BEFORE: Final = frozenset(["la", "una", "otra"])
_FEWEST: Final = 4
"""Things that are divided in halves by kind; "2 pizzas mitad hawaiana mitad pepperoni" are of both kinds each."""


def add_half(scene: Scene, i: int) -> int:
    """Past "mitad", "la otra mitad" where both halves of a number are told; 0 elsewhere."""
    end = i
    while scene.norm(end) in _BEFORE:
        end += 1
    whole = _whole(scene) if scene.norm(end) == _HALF and scene.norms.count(_HALF) > 1 else None
    if whole is None or scene.matcher.knows(_HALF):
        return 0
    element = scene.add(QUANTITY, i, end + 1)
    element.flags.add("half")
    value = whole.value * _HALF_OF_ONE
    amount = value.numerator if value.denominator == 1 else value
    element.quantity = Quantity(amount, end + 1, pairs=whole.pairs, unit=whole.unit, bare=False)
    return end + 1


def half_of_last(scene: Scene, i: int) -> Quantity | None:
    """ "Pizza y media", where no product is called so; "lomo: deme medio", of what is sold by measure."""
    if scene.norm(i) not in ("media", "medio") or scene.is_product(i) or not scene.has_no_noun(i + 1):
        return None
    sized = i > 1 and scene.tokens[i - 2].kind == NUMBER  # "camisa talla 16 y medio"
    added = scene.kind(-1) == "and" and scene.kind(-2) == PRODUCT and not sized
    unit = _sold_by(scene) if scene.kind(-1) in VERBS else None
    return Quantity(_HALF_OF_ONE, i + 1, unit=unit, bare=False) if added or unit is not None else None


def _sold_by(scene: Scene) -> Unit | None:
    """The unit of the thing that was said last."""
    last = next((e.match for e in scene.behind() if e.match is not None), None)
    return scene.lexicon.measures.get(scene.matcher.products[last.products[0]].unit or "") if last is not None else None


def _whole(scene: Scene) -> Quantity | None:
    """The number that is divided."""
    counted = (e.quantity for e in scene.behind() if e.quantity is not None and "half" not in e.flags)
    whole = next(counted, None)
    return whole if whole is not None and whole.value >= _FEWEST else None
