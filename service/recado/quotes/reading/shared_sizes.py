"""A size or kind that is said once for several things: "De 3/4: codos 10, tees 5", "2 polos y 3 buzos, todo en M"."""

from collections.abc import Iterator
from typing import Final

import msgspec

from recado.quotes.catalogue.matcher import How, Match
from recado.quotes.catalogue.vocabulary import EXACT
from recado.quotes.language import role
from recado.quotes.language.sizes import Size
from recado.quotes.scan.elements import ALL, Element, Flag
from recado.quotes.scan.scan import Scanner

_NAMED: Final = frozenset([role.PRODUCT, role.SEVERAL])
_GOOD: Final = frozenset([role.GOOD])
_SECTION_ENDS: Final = frozenset([role.STOP, role.QUESTION, role.LINE])
_HEADING: Final = 5
"""Elements of a heading that names a model, with its colon."""
_IN_MODEL: Final = frozenset([role.UNKNOWN, role.QUANTITY, role.QUALITY, role.MASK, role.NOISE])
_SAYS_SIZE: Final = frozenset([role.QUALITY, role.MASK, role.NOISE, role.UNKNOWN])
_BEFORE_SIZE: Final = frozenset([role.OF, role.TO, role.DEFINITE, role.POSSESSIVE])
_BEFORE_HEADING: Final = frozenset([
    *_BEFORE_SIZE, role.FOR, role.CON, role.NOISE, role.COURTESY, role.GREETING, role.REQUEST, role.ADD, role.COMMA,
    role.LINK, role.MASK, role.MORE, role.AND,
])  # fmt: skip
"""What may precede a heading in its sentence: "hola, para niña, talla 10: ..."."""


class _Shared(msgspec.Struct, frozen=True):
    """What elements say of the things from `start` up to `end`."""

    elements: tuple[Element, ...]
    start: int
    end: int
    is_model: bool = False  # they are a heading, whether it tells something of the things or not


def share_sizes(scanner: Scanner, elements: list[Element]) -> None:
    """Completes the names of things with the size or kind that a heading, or "todo" after them, says of all."""
    for shared in _all_shared(scanner, elements):
        told = [one for e in shared.elements if e.kind is not role.QUANTITY for one in _told(scanner, e)]
        completed = [_complete(scanner, e, told) for e in elements[shared.start : shared.end] if e.kind in _NAMED]
        for element in shared.elements:
            if (any(completed) or (shared.is_model and completed)) and element.kind not in _NAMED:
                element.kind = role.MASK
        for element in elements[shared.start : shared.end] if shared.is_model else ():
            if element.q in shared.elements:
                element.q = None  # "boxer ct 100: bandas"


def _all_shared(scanner: Scanner, elements: list[Element]) -> Iterator[_Shared]:
    opening, start = True, 0
    for i, element in enumerate(elements):
        kind = element.kind
        if kind in _SECTION_ENDS:
            opening, start = True, i + 1
        elif opening and kind is role.UNKNOWN and (end := _model_end(scanner, elements, i)):
            yield _Shared(tuple(elements[i:end]), end + 1, _end(elements, end + 1), True)
            opening = False
        elif kind in _SAYS_SIZE and element.q is None and (of_all := _is_of_all(scanner, elements, i)) | opening:
            if of_all and any(e.kind in _NAMED for e in elements[:i]):
                yield _Shared((element,), 0, i)
            elif opening and _is_size(scanner, element, of_all):
                yield _Shared((element,), i + 1, _end(elements, i + 1))
            opening = opening and kind in _BEFORE_HEADING | {role.QUALITY}
        elif kind in _NAMED and _is_over_list(scanner, elements, i):
            yield _Shared((element,), i + 1, _end(elements, i + 1))
            opening = False
        elif kind in _NAMED and _is_each(elements, i):
            yield _Shared((element,), start, i)
            opening = False
        else:
            opening = opening and kind in _BEFORE_HEADING


def _is_of_all(scanner: Scanner, elements: list[Element], i: int) -> bool:
    """ "todo en M", "todas talla 10", "todo pvc"."""
    while i > 0 and elements[i - 1].kind in _BEFORE_SIZE:
        i -= 1
    return i > 0 and elements[i - 1].kind is role.NOISE and scanner.norms[elements[i - 1].start] in ALL


def _is_size(scanner: Scanner, element: Element, of_all: bool) -> bool:
    """Whether an element is a size that may be a heading, and no price, date or number of its own."""
    if of_all or element.kind is role.QUALITY:
        return True
    span = scanner.spans.get(element.start)
    return element.kind is role.MASK and span is not None and role.OF in scanner.roles[element.start]


def _is_over_list(scanner: Scanner, elements: list[Element], i: int) -> bool:
    """ "20 gaseosas de 400: 10 coca, 6 manzana": whether a colon follows a thing."""
    return i + 1 < len(elements) and scanner.norms[elements[i + 1].start] == ":"


def _model_end(scanner: Scanner, elements: list[Element], i: int) -> int:
    """The colon after a heading that begins at `i` with a word of names: "boxer ct 100: bandas, kit de arrastre"; 0 if
    there is none."""
    if not scanner.matcher.knows(scanner.norms[elements[i].start]):
        return 0
    for j in range(i + 1, min(i + _HEADING, len(elements))):
        if scanner.norms[elements[j].start] == ":":
            return j
        if elements[j].kind not in _IN_MODEL:
            break
    return 0


def _is_each(elements: list[Element], i: int) -> bool:
    """ "curvas y conectores de media, 12 de cada uno"."""
    behind = [e.kind for e in elements[i + 1 : i + 4]]
    before = elements[i - 2] if i > 1 and elements[i - 1].kind is role.AND else None
    return role.EACH in behind and before is not None and before.kind is role.SEVERAL and before.q is None


def _end(elements: list[Element], start: int) -> int:
    """Where what a heading is over ends: with its line, or with the list on the lines below."""
    things = below = False
    for i in range(start, len(elements)):
        element = elements[i]
        if element.kind is role.QUANTITY and Flag.BOUND not in element.flags and not things:
            return start  # "1/2: 10", which counts what was named before
        if element.kind in (role.STOP, role.QUESTION):
            return i
        if element.kind is role.LINE:
            if (things and not below) or elements[i - 1].kind is role.LINE:
                return i
            below = True
        if element.kind is role.QUALITY and element.q is None and things and below:
            return i  # the next heading
        things = things or element.kind in _NAMED or element.q is not None
    return len(elements)


def _told(scanner: Scanner, element: Element) -> Iterator[Size | str]:
    """The sizes, the letters of sizes and the words of names in an element."""
    i = element.start
    while i < element.end:
        read = scanner.matcher.sizes.at(scanner.tokens, i)
        if read is not None:
            yield read[0]
            i = read[1]
            continue
        norm, roles = scanner.norms[i], scanner.roles[i]
        if element.kind not in _NAMED and (role.SIZEMARK in roles or roles <= _GOOD) and scanner.matcher.knows(norm):
            yield norm
        i += 1


def _complete(scanner: Scanner, element: Element, told: list[Size | str]) -> bool:
    """Completes the name of one thing; false if what is told leaves open, or says already, which one it is."""
    match = element.match
    if match is None:
        return False
    for one in told:
        match = _completed(scanner, element, match, one)
    if match is element.match:
        return False
    element.match = match
    element.kind = role.PRODUCT if len(match.products) == 1 else role.SEVERAL
    return True


def _completed(scanner: Scanner, element: Element, match: Match, told: Size | str) -> Match:
    matcher = scanner.matcher
    if isinstance(told, Size):
        found = matcher.match(scanner.tokens, scanner.roles, element.start, measured=told)
        if found is None or found.how is How.OTHER or found.products == match.products:
            return match
        return found
    kin = matcher.with_head(match.products[0], [told])
    fits = tuple(n for n in match.products if n in kin)
    if not fits or (fits == match.products and not (len(fits) == 1 and match.how is How.PART)):
        return match
    how = How.NAME if len(fits) == 1 else match.how
    score = EXACT if match.how is How.PART and how is How.NAME else match.score
    return msgspec.structs.replace(match, products=fits, how=how, score=score)
