"""What a correction does to the things wished before it: "perdón, 3", "mejor una gorra", "solo la camisa"."""

from typing import Final

from recado.quotes.language import role
from recado.quotes.reading.context import QUIET
from recado.quotes.reading.reading import Reading
from recado.quotes.reading.wishes import Doubt, ReadingState, Stance, Wish
from recado.quotes.scan.elements import Element, Flag

_NEAR: Final = 4
"""Elements from a quantity to its thing, including those between."""
_BEHIND: Final = frozenset(["mejor", "mejor dicho"])
"""Corrections that may follow what they correct to: "6 mejor"."""
_ENDING: Final = frozenset(["perdon", "digo"])
"""Likewise at the end, or before "y"; otherwise what follows corrects: "6, perdón, 5"."""
_BEFORE_COUNT: Final = frozenset([role.COMMA, role.LINK, role.NOISE, role.COPULA])
_LEVELS: Final = frozenset(["baja a", "sube a", "bajale a", "subele a"])
"""Corrections of what follows, and not of what precedes."""


def correct(reading: Reading, wish: Wish, state: ReadingState) -> None:
    """A thing after "mejor", "perdón", "por": it changes its own amount, or replaces the last thing."""
    same = next(
        (w for w in reading.wishes if w.product == wish.product and w.product is not None and w.state is Stance.WANTED),
        None,
    )
    if same is not None:
        state.restating = True
        if wish.amount is not None:
            same.amount, same.pairs, same.parts = wish.amount, wish.pairs, []
            same.unit, same.unusable = wish.unit, wish.unusable
        same.doubts.append(Doubt.CORRECTED)
        return
    if state.heir is not None:
        if wish.amount is None:
            wish.amount, wish.pairs = state.heir.amount, state.heir.pairs
        state.heir = None
    elif not state.replacing and not _is_level(reading, wish.element):
        last = reading.last((Stance.WANTED,))
        if last is not None and (wish.state is Stance.WANTED):
            last.state = Stance.REFUSED
            if wish.amount is None and role.DEFINITE not in reading.around(wish.element):
                wish.amount, wish.pairs = last.amount, last.pairs
    wish.doubts.append(Doubt.CORRECTED)
    state.replacing = False
    reading.wishes.append(wish)


def _is_level(reading: Reading, element: Element) -> bool:
    """ "4 gorras, baja a 1 camisa": it sets the amount of the named thing, and takes nothing before it back."""
    i = min(element.index, element.q.index if element.q is not None else element.index) - 1
    return reading.context.norm(i if reading.context.kind(i) is not role.DEFINITE else i - 1) in _LEVELS


def keep_only(reading: Reading, wish: Wish) -> None:
    twin = next(
        (w for w in reading.wishes if w is not wish and w.product == wish.product and w.state is Stance.WANTED), None
    )
    if twin is None:
        return
    if wish in reading.wishes:
        reading.wishes.remove(wish)
    for other in reading.wishes:
        if other is not twin:
            other.state = Stance.REFUSED


def refuse_kind(reading: Reading, element: Element) -> bool:
    """ "Quita los de tripa": takes back the things of this kind; false if there are none."""
    taken_back = _of_kind(reading, element)
    for wish in taken_back:
        wish.state = Stance.REFUSED
    return bool(taken_back)


def keep_kind(reading: Reading, element: Element) -> bool:
    """ "1 langostino entero y 1 pelado, ah no, solo el pelado": takes back everything else; false if nothing is of
    this kind."""
    kept = _of_kind(reading, element)
    for wish in reading.wishes if kept else ():
        if wish.state is Stance.WANTED and wish not in kept:
            wish.state = Stance.REFUSED
    return bool(kept)


def _of_kind(reading: Reading, element: Element) -> list[Wish]:
    """The wanted things whose names have the words and sizes of a quality. Each product is looked up once."""
    wanted = [wish for wish in reading.wishes if wish.state is Stance.WANTED]
    products = {wish.product for wish in wanted if wish.product is not None}
    having = {n for n in products if n in reading.matcher.with_head(n, element.words, element.sizes)}
    return [wish for wish in wanted if wish.product in having]


def is_corrected_behind(reading: Reading, i: int) -> bool:
    """ "4 motul, ah no, 6 mejor", "4 tortas, 6 tortas mejor y un pan": whether "mejor" corrects to the number or thing
    before it, which opens a clause, and says nothing of what follows."""
    context = reading.context
    if context.kind(i + 1) is not role.CORRECTION:
        return False
    says, behind = context.norm(i + 1), i + 2 + (context.kind(i + 2) is role.LINE)
    ends = says in _ENDING and context.kind(behind) in (role.AND, role.OUTSIDE)
    if not (ends or (says in _BEHIND and context.closes(i + 2))):
        return False
    q = reading.elements[i].q
    first = i if q is None else min(i, q.index)
    first -= context.kind(first - 1) is role.DEFINITE
    return context.opens(first) and context.kind(first - 1) not in (role.AND, role.OUTSIDE)


def amends(reading: Reading, i: int) -> bool:
    """ "3 gorras, bueno 4", "3 gorras y 2 camisas, bueno gorras 4": whether a correction recounts a wish."""
    j = reading.context.next(i, QUIET | {role.COMMA})
    has_wishes = reading.last((Stance.WANTED,)) is not None
    if reading.context.kind(j) in (role.PRODUCT, role.QUALITY):
        return Flag.QUANTITY_AFTER in reading.elements[j].flags and wished(reading, reading.elements[j]) is not None
    if reading.context.kind(j) is not role.QUANTITY or not has_wishes or reading.context.kind(j + 1) is role.MORE:
        return False
    if Flag.BOUND not in reading.elements[j].flags:
        return True
    return any(
        e.q is reading.elements[j]
        and wished(reading, e) is not None
        and reading.context.kind(e.index + 1) is not role.MORE
        for e in reading.elements[j : j + _NEAR]
    )


def wished(reading: Reading, element: Element) -> Wish | None:
    """The wish for a product, or for one of the kind that a quality names."""
    if element.kind is not role.QUALITY:
        return reading.known(element)
    return next(iter(_of_kind(reading, element)), None) if element.words or element.sizes else None


def counts_anew(reading: Reading, i: int, element: Element) -> bool:
    """ "de los trapeadores nomás 1", "trapeadores mejor 1", "y a los trapeadores ponles 2": whether a wished thing gets
    a new number."""
    context = reading.context
    if Flag.QUANTITY_AFTER in element.flags:
        partly = context.kind(i - 1) is role.DEFINITE and role.OF in context.roles(i - 1) | context.roles(i - 2)
        to_it = context.norm(i - 1) == "al" or (context.kind(i - 1) is role.DEFINITE and context.norm(i - 2) == "a")
        again = partly or context.kind(i + 1) is role.ONLY or (to_it and context.kind(i + 1) is role.REQUEST)
    else:
        again = element.q is None and context.kind(i + 1) is role.CORRECTION and context.kind(i + 2) is role.QUANTITY
    return again and wished(reading, element) is not None


def recounts(reading: Reading, element: Element) -> bool:
    """ "el pan, 4 barras", "pan: 4 barras", of a "Barra de pan": gives the number to the thing right before it, which
    has none and is named by another word."""
    q, known = element.q, reading.known(element)
    if known is None or known.state is not Stance.WANTED or q is None or q.index > element.index:
        return False
    before = known.element
    if (
        q.quantity is None
        or q.quantity.article
        or before.q is not None
        or known.amount is not None
        or before.text == element.text
    ):
        return False
    between = reading.elements[before.index + 1 : q.index]
    closes = reading.context.closes(element.index + 1) or reading.context.norm(element.index + 1) == ")"
    if any(e.kind not in _BEFORE_COUNT for e in between) or not closes:
        return False
    known.set_amount(q.quantity)
    return True
