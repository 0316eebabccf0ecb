"""The effect of verbs, refusals and questions on the things after them."""

import itertools
from collections.abc import Callable
from typing import Final

from recado.quotes.language import role
from recado.quotes.language.role import Role
from recado.quotes.reading.amounts import each, multiple
from recado.quotes.reading.context import QUIET
from recado.quotes.reading.corrections import is_corrected_behind
from recado.quotes.reading.not_ordered import (
    CLAUSE_ENDS,
    OWN_NEEDS,
    SEEN,
    SENTENCE_PARTS,
    drop_advertised,
    drop_offers,
    drop_priced,
    is_advertising,
    is_for_later,
    is_to_us,
    offered_last,
)  # fmt: skip
from recado.quotes.reading.reading import Reading
from recado.quotes.reading.wishes import ReadingState, Stance
from recado.quotes.scan.elements import THINGS, Element, Flag

_PRONOUNS: Final = frozenset([role.DEFINITE, role.NOISE, role.ONLY, role.THAT, role.COURTESY])
_APART: Final = frozenset([role.PEOPLE, role.OCCASIONS, role.ADVERT, role.HELP])
"""Roles of things that a story mentions and that the shop does not sell: "me llegó su lista, 2 candados"."""
_COUNTS: Final = frozenset([role.QUANTITY, role.POSSESSIVE, role.DEFINITE])
_THEY_DID: Final = ("ó", "aron", "ieron")
"""Endings of verbs for what others did, as written."""
_BEFORE_LEFT: Final = frozenset([role.NOISE, role.YES, role.NEGATION])
_BEHIND_NUMBER: Final = frozenset([role.COMMA, role.NEGATION])
_BEFORE_NUMBER: Final = frozenset([role.COMMA, role.NOISE, role.COURTESY])
_DETERMINERS: Final = frozenset([role.DEFINITE, role.POSSESSIVE, role.OF])

_TO_CHANGE: Final = ("cambiar", "reemplazar", "sustituir")
_BEFORE_TOLD: Final = frozenset(
    [role.UNKNOWN, role.THAT, role.TO, role.STORY, role.NOISE, role.FOR, role.MASK, role.REQUEST]
)
"""What precedes a verb that tells what must be done: "toca cambiarle", "tengo que cambiar", "voy a cambiar"."""
_PRONOUNS_BEHIND: Final = ("lo", "la", "los", "las")
_ITS: Final = frozenset(_PRONOUNS_BEHIND)


def _negation(reading: Reading, i: int, _: Element, state: ReadingState) -> None:
    j = reading.context.next(i, _PRONOUNS)
    kind = reading.context.kind(j)
    if kind in (role.REQUEST, role.ADD):
        state.refuse = state.refuse_list = True
        state.subtract = False
        state.negated_verb = j
        reading.refused_all = True
    elif kind in THINGS or (kind is role.QUANTITY and Flag.BOUND in reading.elements[j].flags) or kind is role.WITHOUT:
        if (
            reading.context.kind(i - 1) in (role.COMMA, role.STOP)
            and kind is role.QUANTITY
            and reading.last((Stance.WANTED,)) is not None
        ):
            state.corrected = True
        else:
            state.refuse = True
            state.refuse_list = kind is role.WITHOUT or not reading.context.opens(i)  # "no camisas, camisetas"
            state.subtract = False
    elif kind is role.QUANTITY:
        _negate_number(reading, i, j, state)
    elif (kind in (role.COMMA, role.STOP, role.CORRECTION) or _is_over_line(reading, j)) and reading.wishes:
        state.corrected = True
        state.sticky = True


def _negate_number(reading: Reading, i: int, j: int, state: ReadingState) -> None:
    """ "3 gorras, no, 4" corrects the number; "eran 3 gorras no 2" denies the one at `j`."""
    before = reading.context.kind(i - 1)
    parted = before in (role.COMMA, role.STOP, role.LINE)
    anew = _is_told_anew(reading)
    if anew:
        reading.elements[i].flags.add(Flag.MENDED)
    if not parted and before is not role.OUTSIDE and reading.context.kind(j + 1) is not role.OUTSIDE:
        state.corrected = False
    if parted and not anew:
        state.corrected = True
    else:
        state.negated_number = j


def _is_told_anew(reading: Reading) -> bool:
    """ "eran 3 gorras, no 2": whether the last number is what a correction says, and the one behind "no" is wrong."""
    last = reading.last((Stance.WANTED,))
    counted = last.element.q if last is not None else None
    return counted is not None and reading.context.kind(counted.index - 1) in (role.CORRECTION, role.COPULA)


def _is_over_line(reading: Reading, i: int) -> bool:
    """ "4 pulpos / no / 6": whether only a number follows a line break."""
    context = reading.context
    alone = context.kind(i) is role.LINE and context.kind(i + 1) is role.QUANTITY and context.closes(i + 2)
    return alone and Flag.BOUND not in reading.elements[i + 1].flags


def _request(reading: Reading, i: int, element: Element, state: ReadingState) -> None:
    if state.negated_verb == i or (state.instead and _is_instead_of_verb(reading, i)):
        return
    if reading.context.norm(i) in OWN_NEEDS and reading.is_told() and reading.context.kind(i - 1) is role.PRODUCT:
        state.mode = Stance.MENTIONED  # "¿el latte lleva azúcar?"
        return
    if reading.context.price_asked(i):
        return
    if _is_of_others(reading, i) or is_advertising(reading, i):
        state.mode = Stance.MENTIONED
        return
    state.later = is_for_later(reading, i)
    if state.later:
        return
    conditional = (
        reading.context.kind(i - 1) is role.YES
        and reading.scanner.norms[reading.elements[i - 1].start] == "si"
        and reading.context.kind(i - 2)
        in (role.OUTSIDE, role.COMMA, role.STOP, role.LINE, role.GREETING, role.PRICE, role.AND)
    )
    behind = reading.context.next(i, QUIET)
    placed = reading.context.kind(behind) is role.MASK and reading.context.kind(i - 1) is role.FOR
    if placed or reading.context.closes(behind):
        for offered in offered_last(reading):
            if offered.element.q is not None:
                offered.state = (
                    Stance.WANTED
                )  # "¿tienen 3 chalecos? me los aparta", "tienes 3 para traerme a Luro 230?"
    asked = reading.last((Stance.MENTIONED,))
    if asked is not None and asked.element.q is not None and asked.element.q.index > i:
        asked.state = Stance.WANTED  # "si tienen bufandas mándame 2"
    drop_offers(reading)
    drop_advertised(reading, i)
    drop_priced(reading, i, state)
    if not (conditional and reading.asks_price):
        state.request_at = i
        reading.requested = True
    state.mode = Stance.WANTED
    state.refuse = state.instead = False
    if element.kind is role.ADD:
        state.corrected = False


def _is_instead_of_verb(reading: Reading, i: int) -> bool:
    """ "en vez de mandarme camisas", "en lugar de que me traiga camisas": whether a verb is of what goes."""
    while reading.context.kind(i - 1) in (role.THAT, role.NOISE):
        i -= 1
    return reading.context.kind(i - 1) is role.INSTEAD


def _is_of_others(reading: Reading, i: int) -> bool:
    """ "mi hermano llevó ayer cable 12": what others took is not ordered; "mi jefe me pidió 2 focos" is."""
    element = reading.elements[i]
    written = reading.scanner.written(element.start, element.end)
    return written.endswith(_THEY_DID) and not is_to_us(reading, i) and reading.context.kind(i - 1) is not role.NEGATION


def _remove(reading: Reading, i: int, _: Element, state: ReadingState) -> None:
    last = reading.last((Stance.WANTED,))
    if last is not None and not _ITS.isdisjoint(reading.context.norm(i).split()):
        last.state = Stance.REFUSED  # "la corbata no la mande, solo 2 camisas"
        return
    j = reading.context.next(i, QUIET)
    if reading.context.kind(j) in THINGS or reading.context.kind(j) in (role.QUANTITY, role.POSSESSIVE):
        state.refuse = state.refuse_list = state.subtract = True
        state.restating = state.restating or state.corrected  # "mejor quita los de tripa y pon 6 de suadero"
        state.corrected = False
        reading.refused_all = True
        return
    if last is not None and reading.context.norm(i).endswith(_PRONOUNS_BEHIND):
        last.state = Stance.REFUSED


def _price(reading: Reading, i: int, element: Element, state: ReadingState) -> None:
    reading.priced = True
    between = reading.elements[state.request_at + 1 : i] if state.request_at >= 0 else []
    if state.request_at >= 0 and not any(e.kind in THINGS or e.kind in CLAUSE_ENDS for e in between):
        reading.requested = any(w.state is Stance.WANTED for w in reading.wishes)
        state.mode = Stance.PRICED
    elif role.TOTAL in element.roles:
        reading.totalled = True
    elif state.mode is not Stance.WANTED:
        state.mode = Stance.PRICED
    state.refuse = False


def _without(reading: Reading, i: int, element: Element, state: ReadingState) -> None:
    if reading.context.kind(i - 1) in THINGS and reading.context.post_negated(i - 1):
        return  # "transmisión ninguna y una perilla"
    # "sin cabeza 3 kilos de camarón" refuses no shrimps
    state.refuse = reading.context.kind(reading.context.next(i, _DETERMINERS)) is not role.NOISE
    state.subtract = role.REMOVE in element.roles  # "5 camisas menos 2"
    state.refuse_list = False


def _nope(reading: Reading, i: int, element: Element, state: ReadingState) -> None:
    if reading.context.norm(i).endswith(" no") and reading.context.kind(i + 1) in (role.REQUEST, role.ADD):
        _negation(reading, i, element, state)  # "esta vez no quiero alitas"
        return
    if reading.context.kind(reading.context.next(i, QUIET)) in (*THINGS, role.QUANTITY):
        state.refuse = state.refuse_list = True
        state.subtract = False
        return
    last, context = reading.last((Stance.WANTED,)), reading.context
    rather = context.norm(i) == "mejor no" and context.kind(i - 1) is role.COMMA and context.closes(i + 1)
    if rather and last is not None and last.element is reading.elements[i - 2]:
        last.state = Stance.REFUSED  # "2 relay y una tarjeta, mejor no"


def _change(reading: Reading, i: int, _: Element, state: ReadingState) -> None:
    if _is_told_to_change(reading, i):
        state.mode, state.company = Stance.MENTIONED, _is_counted_next(reading, i)
        return
    state.changing, state.heir = True, None
    state.refuse = False
    latest = reading.wishes[-1] if reading.wishes else None
    its = reading.context.norm(i).endswith(_PRONOUNS_BEHIND) and reading.context.kind(i + 1) is role.BY
    if its and latest is not None and latest.state is Stance.REFUSED:
        state.heir = latest  # "las sábanas queen ya no, cámbialas por las king"


def _is_told_to_change(reading: Reading, i: int) -> bool:
    """ "me toca cambiarle la guaya, regáleme una": whether a verb of exchange tells why the customer orders: there is
    no "por", and the message did not order that thing before."""
    context = reading.context
    if not context.norm(i).startswith(_TO_CHANGE) or context.kind(i - 1) not in _BEFORE_TOLD:
        return False
    clause = list(itertools.takewhile(lambda e: not context.closes(e.index), reading.elements[i + 1 :]))
    named = any(e.match is not None and reading.known(e) is not None for e in clause)
    return not named and all(e.kind is not role.BY for e in clause)


def _is_counted_next(reading: Reading, i: int) -> bool:
    """ "toca cambiar el pulpo, un pito": whether an amount opens the clause behind the one of a verb."""
    comma = next((e.index for e in reading.elements[i + 1 :] if reading.context.closes(e.index)), i)
    return reading.context.kind(comma) is role.COMMA and reading.context.kind(comma + 1) is role.QUANTITY


def _instead(reading: Reading, i: int, _: Element, state: ReadingState) -> None:
    last = reading.last((Stance.WANTED,)) if role.DEMONSTRATIVE in reading.context.roles(i + 1) else None
    state.instead, state.heir = last is None, last
    if last is not None:  # "2 focos de 9 w, en vez de eso dame de 12"
        last.state, state.corrected, state.replacing = Stance.REFUSED, True, True


def _correction(reading: Reading, i: int, _: Element, state: ReadingState) -> None:
    mends_word = reading.context.kind(i - 1) is role.UNKNOWN and reading.context.kind(i - 2) is role.AND
    aside = reading.context.norm(i + 1) == ")"  # "(si hay de flores mejor)"
    behind = is_corrected_behind(reading, i - 1) or _mends_number(reading, i)
    state.corrected = not (mends_word or aside or behind)  # "y oja, perdón OJO-22"
    if state.corrected and state.mode is Stance.MENTIONED and reading.context.kind(i - 1) is role.COMMA:
        state.mode = None  # "pedí el overol M pero no le queda, mejor el L"
    state.refuse = False


def _mends_number(reading: Reading, i: int) -> bool:
    """ "un barril y dos, no perdón, tres paquetes": whether a number of nothing yet is replaced by the next one."""
    context = reading.context
    before, behind = i - 1, context.next(i, _BEFORE_NUMBER)
    while context.kind(before) in _BEHIND_NUMBER:
        before -= 1
    if context.kind(before) is not role.QUANTITY or context.kind(behind) is not role.QUANTITY:
        return False
    number, other = reading.elements[before], reading.elements[behind]
    counts = Flag.BOUND in other.flags and context.kind(context.next(behind, QUIET)) in THINGS
    if number.flags & {Flag.BOUND, Flag.PLACED, Flag.SIZE} or not counts:
        return False
    number.flags.add(Flag.PLACED)
    reading.elements[i].flags.add(Flag.MENDED)
    return True


def _restatement(_reading: Reading, _i: int, _element: Element, state: ReadingState) -> None:
    state.restating = True  # "2 limones, o sea 2 kilos de limón"


def _available(reading: Reading, i: int, _: Element, state: ReadingState) -> None:
    relative = reading.context.kind(i - 1) is role.THAT and state.wish_before
    # "¿Tienen queso de cabra? Si tienen, 2": a condition
    condition = reading.context.norm(i - 1) == "si" and reading.context.kind(i + 1) in (role.COMMA, role.QUANTITY)
    before = i - 1
    while reading.context.kind(before) in _BEFORE_LEFT:
        before -= 1
    reason = reading.context.norm(before) == "no que"  # "el apio no que ya me queda"
    if state.mode is not Stance.PRICED and not (relative or condition or reason):
        state.mode = Stance.MENTIONED


def _aside(reading: Reading, i: int, _: Element, state: ReadingState) -> None:
    state.mode = Stance.MENTIONED


def _story(reading: Reading, i: int, element: Element, state: ReadingState) -> None:
    _aside(reading, i, element, state)
    context = reading.context
    told = context.roles(context.next(i, _COUNTS))
    clause = itertools.takewhile(lambda e: not context.closes(e.index), reading.elements[i + 1 :])
    offer = context.norm(i) in SEEN and all(e.match is None for e in clause)  # "vi su anuncio, 2 plumones"
    state.company = offer or bool(told & _APART)  # "tengo 20 invitados, una bolsita para cada uno"


def _multiple(reading: Reading, i: int, element: Element, state: ReadingState) -> None:
    multiple(reading, i, element.kind, state)


def _each(reading: Reading, i: int, _: Element, state: ReadingState) -> None:
    each(reading, i, state)


def _only(reading: Reading, i: int, _: Element, state: ReadingState) -> None:
    drop_offers(reading)  # "lonchera 45.000, morral 89.000, solo la lonchera"
    state.only = True
    if reading.context.kind(i - 1) in SENTENCE_PARTS | THINGS or reading.context.post_negated(i - 2):
        state.refuse = False  # "no quiero el suéter, nada más la bufanda", "la falda no solo las blusas"


EFFECTS: Final[dict[Role, Callable[[Reading, int, Element, ReadingState], None]]] = {
    **dict.fromkeys((role.REQUEST, role.ADD), _request),
    **dict.fromkeys((role.PRICE, role.TOTAL), _price),
    role.STORY: _story,
    role.ASIDE: _aside,
    **dict.fromkeys((role.SAME, role.DOUBLE, role.TRIPLE, role.HALF_OF), _multiple),
    role.NEGATION: _negation,
    role.WITHOUT: _without,
    role.NOPE: _nope,
    role.REMOVE: _remove,
    role.CHANGE: _change,
    role.INSTEAD: _instead,
    role.CORRECTION: _correction,
    role.RESTATEMENT: _restatement,
    role.AVAILABLE: _available,
    role.EACH: _each,
    role.ONLY: _only,
}
"""What an element of a kind does to what follows it: of a reading, the element's index, the element, the state."""
