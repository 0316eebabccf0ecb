"""The number of people or things that an amount is for: "somos 6, un almuerzo para cada uno", "3 cojines, cada uno
lleva medio metro de tapiz"."""

from typing import Final

from recado.quotes.language import role
from recado.quotes.language.numbers import Unusable
from recado.quotes.reading.context import WE_ARE
from recado.quotes.reading.not_ordered import OWN_NEEDS
from recado.quotes.reading.reading import Reading, Serving
from recado.quotes.reading.wishes import Doubt, Stance, Wish
from recado.quotes.scan.elements import THINGS, Element, Flag

_AHEAD: Final = 40
"""Elements looked at around the current one: more than any sentence has."""
_NEAR: Final = 4
"""Elements from a quantity to its thing, including those between."""
_PARTS: Final = frozenset([role.COMMA, role.STOP, role.LINE])
_BEFORE_EACH: Final = frozenset([role.OUTSIDE, role.AND, role.REQUEST, role.LINK, role.QUESTION, *_PARTS])
_FOR_ALL: Final = frozenset([
    "familiar", "familiares", "fiestero", "fiesteros", "compartir", "jarra", "jarras", "bandeja", "bandejas",
])  # fmt: skip
"""Words of things that several people share: "un combo familiar y una galleta para cada uno"."""
_TO_THE_FIRST: Final = frozenset([
    role.NOISE, role.REQUEST, role.ADD, role.DEFINITE, role.COPULA, role.COURTESY, role.CON, role.LINK, role.LINE,
])  # fmt: skip
"""What may be between "each" and the first of the things that each one gets."""


def serves_each(reading: Reading, i: int) -> bool:
    """Whether "each" at `i` is about people, or about things that goods are for: then the share of each is
    multiplied. Without a number of people, recado asks for it."""
    before = reading.context.kind(i - 1)
    person = Flag.PERSON in reading.elements[i].flags
    opens = _opens(reading, i)
    of_us = before is role.QUANTITY and not WE_ARE.isdisjoint(reading.scanner.norms)  # "uno cada uno, somos 8"
    of_us = of_us and role.OF not in reading.scanner.roles[reading.elements[i].start]
    if not (person or opens or of_us or before in (role.FOR, *THINGS)):
        return False
    needs = reading.context.norm(i + 1) in OWN_NEEDS
    heads = _heads(reading, max(0, i - _AHEAD), i, needs)
    since = -1 if heads is None else heads
    heads = heads if heads is not None else _heads(reading, i + 1, i + _AHEAD, needs)
    if heads is None and not (person or before is role.FOR):
        return False
    if heads is not None:
        reading.elements[heads].flags.add(Flag.PLACED)
    if opens:
        reading.servings.append(Serving(i, _end(reading, i), heads))
    else:
        reading.servings.append(Serving(since if since >= 0 else _start(reading, i), i, heads, _is_apart(reading, i)))
    return True


def _is_apart(reading: Reading, i: int) -> bool:
    """Whether the number before "each" at `i` is bound to no thing: "elotes, uno para cada uno"."""
    share = reading.elements[i - 1 - (reading.context.kind(i - 1) is role.FOR)]
    return share.kind is role.QUANTITY and Flag.BOUND not in share.flags


def serve(reading: Reading) -> None:
    """Multiplies the share of each, once, by their number."""
    served: set[int] = set()
    for serving in reading.servings:
        heads = None if serving.heads is None else reading.elements[serving.heads]
        for wish in reading.wishes:
            at = wish.element.index
            if (serving.apart and wish.element.q is not None) or _is_for_all(reading, wish, serving):
                continue
            if heads is not None and wish.element.q is heads and wish.product is None:
                wish.state = Stance.MENTIONED  # "3 cojines" are not ordered
            elif wish.state is Stance.WANTED and serving.start < at < serving.end and at not in served:
                _multiply(wish, heads)
                served.add(at)


def _is_for_all(reading: Reading, wish: Wish, serving: Serving) -> bool:
    """ "un combo familiar y una galleta para cada uno": whether a thing that several people share stands before the
    one that each gets."""
    said = reading.scanner.norms[wish.element.start : wish.element.end]
    behind = reading.elements[wish.element.index + 1 : serving.end]
    return not _FOR_ALL.isdisjoint(said) and any(e.kind in THINGS for e in behind)


def _multiply(wish: Wish, heads: Element | None) -> None:
    if heads is None or heads.quantity is None:
        wish.unusable = Unusable.VAGUE
        return
    wish.amount = (wish.amount or 1) * heads.quantity.value
    wish.doubts.append(Doubt.COMPUTED)


def _opens(reading: Reading, i: int) -> bool:
    """Whether the share of each follows "each" at `i`: "y cada uno necesita un buscapolo"."""
    context = reading.context
    if context.kind(i - 1 - (context.kind(i - 1) in (role.FOR, role.TO))) not in _BEFORE_EACH:
        return False
    j = i + 1
    while context.kind(j) in _TO_THE_FIRST or (context.kind(j) is role.UNKNOWN and reading.elements[j].q is None):
        j += 1
    if context.kind(j) is role.QUANTITY:
        return any(e.q is reading.elements[j] for e in reading.elements[j + 1 : j + _NEAR])
    return context.kind(j) in (role.PRODUCT, role.SEVERAL)


def _end(reading: Reading, i: int) -> int:
    """Where the share of each, after "each" at `i`, ends: with the sentence, or before something else that is asked
    for."""
    context, things = reading.context, False
    for element in reading.elements[i + 1 :]:
        blank = element.kind is role.LINE and context.kind(element.index - 1) is role.LINE
        if element.kind in (role.STOP, role.QUESTION) or blank:
            return element.index
        if (
            things
            and element.kind in (role.REQUEST, role.ADD, role.MORE)
            and context.kind(element.index - 1) is not role.QUANTITY
        ):
            return element.index
        things = things or element.kind in THINGS
    return len(reading.elements)


def _start(reading: Reading, i: int) -> int:
    """The element before the part of the sentence that ends at `i` and has a thing: "elotes, uno para cada uno"."""
    things = False
    for element in reversed(reading.elements[:i]):
        if things and element.kind in _PARTS:
            return element.index
        things = things or element.kind in THINGS
    return -1


def _heads(reading: Reading, start: int, end: int, needs: bool) -> int | None:
    """The element with their number; of several, the last."""
    for element in reversed(reading.elements[start:end]):
        q = element.quantity
        if element.kind is role.QUANTITY and q is not None and not q.article and _counts(reading, element.index, needs):
            return element.index
    return None


def _counts(reading: Reading, i: int, needs: bool) -> bool:
    """ "somos 6", "para 6 personas", "25 niños", "para 5 cuartos", "tengo 3 camas", "o sea 2"; "3 cojines", where goods
    are what they need."""
    context = reading.context
    if context.norm(i - 1) in WE_ARE or (context.kind(i - 1) is role.RESTATEMENT and context.closes(i + 1)):
        return True
    thing = next((e for e in reading.elements[i + 1 : i + _NEAR] if e.q is reading.elements[i]), None)
    if thing is not None:
        return thing.kind is role.UNKNOWN and (needs or context.kind(i - 1) in (role.COPULA, role.STORY))
    return context.kind(i - 1) in (role.COPULA, role.FOR, role.STORY) or role.PEOPLE in context.roles(i + 1)
