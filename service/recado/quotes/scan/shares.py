"""Reads shares of a number, "6 púas, mitad duras y mitad blandas", and half a unit of something said before, "deme
medio"."""

from fractions import Fraction
from typing import Final

from recado.quotes.language import role
from recado.quotes.language.lexicon import Unit
from recado.quotes.language.numbers import Quantity
from recado.quotes.language.text import NUMBER
from recado.quotes.scan.elements import THINGS, VERBS, Flag
from recado.quotes.scan.scene import Scene

_SHARES: Final = frozenset(["mitad", "resto", "demas"])
"""Words of a share, which may follow an article."""
_HALF: Final = "mitad"
_HALF_OF_ONE: Final = Fraction(1, 2)
_BEFORE: Final = frozenset(["el", "la", "los", "las", "una", "otra"])
OPENS_SHARE: Final = _SHARES | _BEFORE
_FEWEST: Final = 4
"""Things that are divided in halves by kind; "2 pizzas mitad hawaiana mitad pepperoni" are of both kinds each."""


def add_share(scene: Scene, i: int) -> int:
    """The token after "mitad" or "la otra mitad" if both halves of a number are given, and after "el resto", the
    part of a number that the kinds leave; otherwise 0."""
    end = i + (scene.norm(i) in _BEFORE)
    end += end > i and scene.norm(end) in _BEFORE
    share = scene.norm(end)
    if share not in _SHARES or scene.matcher.knows(share):
        return 0
    q = _half(scene, end + 1) if share == _HALF else _rest(scene, end + 1)
    if q is None:
        return 0
    element = scene.add(role.QUANTITY, i, end + 1)
    element.flags.add(Flag.SHARE)
    element.quantity = q
    return end + 1


def _half(scene: Scene, end: int) -> Quantity | None:
    counted = (e.quantity for e in scene.behind() if e.quantity is not None and Flag.SHARE not in e.flags)
    whole = next(counted, None) if scene.norms.count(_HALF) > 1 else None
    if whole is None or whole.article or (whole.unit is None and whole.value < _FEWEST):
        return None
    return _part(whole, whole.value * _HALF_OF_ONE, end)


def _rest(scene: Scene, end: int) -> Quantity | None:
    told: int | Fraction = 0
    thing = before = role.OUTSIDE
    several = any(e.kind is role.SEVERAL for e in scene.behind())
    for element in scene.behind():
        if element.kind in THINGS:
            thing = element.kind
        elif element.quantity is not None and (
            thing is role.QUALITY or before is role.OF or (several and thing is role.PRODUCT)  # "10 tacos: 5 pastor"
        ):
            told += element.quantity.value
        elif element.quantity is not None:
            whole = element.quantity
            return _part(whole, whole.value - told, end) if 0 < told < whole.value else None
        before = element.kind
    return None


def _part(whole: Quantity, value: int | Fraction, end: int) -> Quantity:
    value = value.numerator if value.denominator == 1 else value
    return Quantity(value, end, pairs=whole.pairs, unit=whole.unit, bare=False)


def half_of_last(scene: Scene, i: int) -> Quantity | None:
    """ "Pizza y media", if no product has that name; "lomo: deme medio", for a thing sold by measure; "y media de
    carne", for a dozen."""
    if scene.norm(i) not in ("media", "medio") or scene.is_product(i):
        return None
    if scene.kind(-1) is role.AND and scene.has(i + 1, role.OF) and scene.is_kind(i + 2):
        before = scene.counted_before()
        dozen = before.collective if before is not None else 0
        return Quantity(dozen // 2, i + 2, collective=dozen) if dozen else None
    if scene.has(i + 1, role.FOR) and scene.is_each(i + 2):
        return Quantity(_HALF_OF_ONE, i + 1, unit=_sold_by(scene), bare=False)  # "media para cada uno"
    if not scene.has_no_noun(i + 1):
        return None
    sized = i > 1 and scene.tokens[i - 2].kind is NUMBER  # "camisa talla 16 y medio"
    added = scene.kind(-1) is role.AND and scene.kind(-2) is role.PRODUCT and not sized
    unit = _sold_by(scene) if scene.kind(-1) in VERBS else None
    return Quantity(_HALF_OF_ONE, i + 1, unit=unit, bare=False) if added or unit is not None else None


def _sold_by(scene: Scene) -> Unit | None:
    """The unit of the last thing."""
    last = next((e.match for e in scene.behind() if e.match is not None), None)
    return scene.lexicon.measures.get(scene.matcher.products[last.products[0]].unit or "") if last is not None else None
