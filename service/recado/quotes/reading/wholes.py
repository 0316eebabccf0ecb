"""Wholes and the parts that make them up: "20 tacos: 8 pastor, 12 bistec", "10 tacos, todos de pastor"."""

import itertools
from typing import Final

from recado.quotes.catalogue.matcher import How
from recado.quotes.language import role
from recado.quotes.reading.reading import Reading
from recado.quotes.reading.wishes import Doubt, Stance, Wish
from recado.quotes.scan.counters import THEY_ARE
from recado.quotes.scan.elements import ALL, Element, Flag

_PARTING: Final = frozenset([role.COMMA, role.LINK, role.LINE, role.EACH])
"""What is between a whole and its parts."""
_BETWEEN: Final = frozenset([role.COMMA, role.LINK, role.NOISE, role.OF, role.DEFINITE, role.TO, role.CON])
_OF_THEM: Final = frozenset(["de ellas", "de ellos", "de esas", "de esos", "de las cuales", "de los cuales"])
_OF_ALL: Final = "total"
_NEAR: Final = 4
"""Elements from a whole to what says that it is one."""


def settle_wholes(reading: Reading) -> None:
    """Find out which products the words that name several mean, and drop the wholes that other wishes make up."""
    for at, wish in enumerate(reading.wishes):
        if _is_open(wish):
            _narrow(reading, at, wish)
    for at, wish in enumerate(reading.wishes):
        if _is_open(wish):
            _give_to_parts(reading, at, wish)
        elif wish.state is Stance.WANTED and at + 1 < len(reading.wishes):
            _give_to_kind(reading, wish, reading.wishes[at + 1])
        if wish.state is not Stance.WANTED or at + 1 == len(reading.wishes):
            continue
        if _is_heading(reading, at, wish) or _is_over_sizes(reading, at, wish) or _adds_up(reading, at, wish):
            wish.state = Stance.REFUSED
    for wish in reading.wishes:
        if wish.parts or wish.kinds:
            wish.divide(is_total=_is_total(reading, wish))


def is_sum(reading: Reading, i: int, element: Element) -> bool:
    """ "1 chaufa de carne, 1 de pollo, son 2 chaufas en total": whether a thing with its number only says again what
    was asked for before it; a total that differs is doubtful."""
    q, match = element.q, element.match
    if not reading.wishes or match is None or q is None or q.quantity is None or q.quantity.article:
        return False
    behind = itertools.takewhile(lambda e: e.kind not in _PARTING, reading.elements[i + 1 : i + _NEAR])
    beside = [min(i, q.index) - 1, *(e.index for e in behind)]
    total = any(reading.context.norm(j) == _OF_ALL for j in beside)
    if not (total or reading.context.norm(q.index - 1) in THEY_ARE):
        return False
    kin = _kin(reading, match.products[:1]) if match.words == 1 else {*match.products}
    before = [w for w in reading.wishes if w.state is Stance.WANTED and kin & {w.product, *w.choices}]
    told = sum(wish.total(False) for wish in before)
    if total and before and told != q.quantity.value:
        before[-1].doubts.append(Doubt.QUALITY_OR_THING)
    return bool(before) and (total or told == q.quantity.value)


def _is_open(wish: Wish) -> bool:
    return wish.state is Stance.WANTED and bool(wish.choices) and wish.product is None


def _narrow(reading: Reading, at: int, wish: Wish) -> None:
    """ "3 de pastor y lo mismo de carnitas": what is counted and called by its kind is of the head that was ordered
    before, unless it is the head of something itself, or of a size that is not sold."""
    before = next((w for w in reversed(reading.wishes[:at]) if w.state is not Stance.MENTIONED), None)
    match = wish.element.match
    if before is None or wish.amount is None or wish.unit is not None or match is None or match.words > 1:
        return
    if match.how is How.OTHER:
        return  # "una regla de 20 y una de 30", of which there is only the one of 20
    kin = _kin(reading, before.choices[:1] if before.product is None else (before.product,))
    meant = [n for n in wish.choices if n in kin]
    if len(meant) == 1 and not reading.matcher.is_called(meant[0], reading.scanner.norms[match.last]):
        wish.product, wish.choices = meant[0], ()
        wish.doubts.append(Doubt.HEAD_LEFT_OUT)


def _kin(reading: Reading, products: tuple[int, ...]) -> set[int]:
    return {n for product in products for family in reading.matcher.families_of(product) for n in family.products}


def _give_to_parts(reading: Reading, at: int, whole: Wish) -> None:
    """Drop a word whose kinds follow it: "quiero filete, 2 kilos de tilapia", "Tacos\\n4 pastor"."""
    kin = _kin(reading, whole.choices[:1]) | {*whole.choices}
    parts = [*whole.kinds]  # which precede it in the list
    for wish in reading.wishes[at + 1 :]:
        if wish.state is Stance.WANTED:
            if wish.product not in kin:
                break
            parts += [] if any(wish is kind for kind in whole.kinds) else [wish]
    if not parts:
        return
    q = whole.element.q.quantity if whole.element.q is not None else None
    parted = reading.context.kind(whole.element.index + 1) in _PARTING
    parted = parted or _is_number_between(reading, whole, parts[0])
    made_up = whole.amount == sum(part.amount or 1 for part in parts) and (parted or len(parts) > 1)
    only = parts[0] if len(parts) == 1 and parts[0].amount is None else None
    if (
        only is not None
        and q is not None
        and (_is_all(reading, whole, only) or tells_sort(reading, whole, only.element))
    ):
        only.set_amount(q)
        made_up = True
    if made_up or (parted and (whole.amount is None or (q is not None and q.article))):
        whole.state = Stance.REFUSED


def _give_to_kind(reading: Reading, whole: Wish, kind: Wish) -> None:
    """ "Papa 2 kilos, de la cambray", where potatoes without a kind are sold, too: all of them are of that kind."""
    match = whole.element.match
    if match is None or match.words > 1 or kind.product is None or kind.state is not Stance.WANTED:
        return
    if whole.product is None or kind.product not in _kin(reading, (whole.product,)):
        return
    if kind.amount is None and whole.amount is not None and tells_sort(reading, whole, kind.element):
        kind.amount, kind.pairs, kind.unit, kind.unusable = whole.amount, whole.pairs, whole.unit, whole.unusable
        whole.state, whole.kinds = Stance.REFUSED, []
    elif whole.amount is None and _is_number_between(reading, whole, kind):
        whole.state, whole.kinds = Stance.REFUSED, []


def tells_sort(reading: Reading, whole: Wish, part: Element) -> bool:
    """ "chile medio kilo, del jalapeño": whether a kind tells which of the counted things before it are meant."""
    between = [e for e in reading.elements[whole.element.index + 1 : part.index] if e is not whole.element.q]
    marked = bool(between) and between[0].kind in (role.COMMA, role.LINK)
    opener = between[marked] if len(between) > marked else None
    partitive = opener is not None and role.OF in opener.roles  # no "el de avena", which is one more
    partitive = partitive or (whole.product is None and len(between) == 1 and Flag.OPEN in between[0].flags)
    return partitive and part.q is None and all(e.kind in _BETWEEN for e in between)


def _is_number_between(reading: Reading, whole: Wish, kind: Wish) -> bool:
    """ "chile medio kilo del jalapeño", "chile 1 kg (serrano)": the number of a thing before its kind."""
    q, match = kind.element.q, kind.element.match
    if q is None or q.index != whole.element.index + 1 or whole.element.q is not None:
        return False
    if match is not None and match.words > 1:
        return False
    between = reading.elements[q.index + 1 : kind.element.index]
    of = role.OF in reading.scanner.roles[q.end - 1] or any(e.kind is role.OF or Flag.OPEN in e.flags for e in between)
    return of and all(e.kind in _BETWEEN for e in between)


def _is_heading(reading: Reading, at: int, wish: Wish) -> bool:
    """ "FACTURAS\nvigilantes 6\nsacramentos 6": a product's name in the plural alone on its line, above lines that
    count others and do not name it again."""
    match = wish.element.match
    if wish.product is None or wish.amount is not None or wish.parts or wish.kinds or match is None or match.words > 1:
        return False
    head = reading.scanner.norms[wish.element.start]
    if not head.endswith("s") or not reading.scanner.is_heading(wish.element):
        return False
    below = [w for w in reading.wishes[at + 1 :] if w.state is not Stance.MENTIONED]
    named = {reading.scanner.norms[i] for w in below for i in range(w.element.start, w.element.end)}
    return len(below) > 1 and head not in named and all(w.amount is not None for w in below)


def _is_over_sizes(reading: Reading, at: int, wish: Wish) -> bool:
    """ "Brocha:\\n2 - 3\\n4 - 1", "teflón: 3/4 - 3": a name without a number above its sizes, which have theirs."""
    if wish.product is None or wish.amount is not None:
        return False
    first = reading.wishes[at + 1]
    between = [e.kind for e in reading.elements[wish.element.index + 1 : first.element.index]]
    parted = bool(between) and all(kind in (role.LINK, role.LINE) for kind in between)
    return parted and bool(first.element.sizes) and first.amount is not None


def _adds_up(reading: Reading, at: int, whole: Wish) -> bool:
    """ "18 latas: 6 de póker, 12 de águila": whether the numbers after a colon add up to the whole."""
    if whole.amount is None or whole.parts or whole.kinds or Flag.QUANTITY_AFTER in whole.element.flags:
        return False
    if reading.context.norm(whole.element.index + 1) != ":":
        return False
    below = [w for w in reading.wishes[at + 1 :] if w.state is Stance.WANTED]
    return len(below) > 1 and whole.amount == sum(w.amount or 1 for w in below)


def _is_all(reading: Reading, whole: Wish, part: Wish) -> bool:
    """ "6 tacos, todos de pastor"."""
    between = range(whole.element.index + 1, part.element.index)
    joined = all(reading.context.kind(i) in _BETWEEN for i in between)
    return joined and any(reading.context.norm(i) in ALL for i in between)


def _is_total(reading: Reading, whole: Wish) -> bool:
    """ "4 gorras en total, 2 rojas", "4 gorras, 2 de ellas rojas"."""
    first = whole.element.q.index if whole.element.q is not None else whole.element.index
    start, end = min(first, whole.element.index), max(first, whole.element.index)
    around = [reading.context.norm(i) for i in range(start - 1, end + _NEAR)]
    return _OF_ALL in around or not _OF_THEM.isdisjoint(around)
