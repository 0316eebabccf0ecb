"""Walks through the elements of a message and adds its wishes: what is asked for, refused, corrected, left out."""

from fractions import Fraction
from typing import Final

from recado.quotes.language import role
from recado.quotes.language.numbers import Quantity
from recado.quotes.language.role import Role
from recado.quotes.reading.amounts import bare_quantity, may_be_each, of_each_kind, share_each
from recado.quotes.reading.context import QUIET
from recado.quotes.reading.corrections import (
    amends,
    correct,
    counts_anew,
    is_corrected_behind,
    keep_kind,
    keep_only,
    recounts,
    refuse_kind,
    wished,
)  # fmt: skip
from recado.quotes.reading.heads import serve
from recado.quotes.reading.not_ordered import (
    CLAUSE_ENDS,
    drop_listed_offers,
    drop_offers,
    is_put_off,
    mode_of,
    offered_last,
)
from recado.quotes.reading.packs import take_containers
from recado.quotes.reading.qualities import follow_quality
from recado.quotes.reading.reading import Reading
from recado.quotes.reading.steering import EFFECTS
from recado.quotes.reading.wholes import is_sum, settle_wholes
from recado.quotes.reading.wishes import Doubt, ReadingState, Stance, Wish
from recado.quotes.scan.elements import ALL, THINGS, Element, Flag

_REFERS: Final = frozenset([role.AS_BEFORE, role.UNSEEN, role.DEMONSTRATIVE])
"""Roles of words for something outside the message."""

_SAYS_HOW: Final = frozenset([role.WITHOUT, role.COPULA, role.CON, role.NOISE, role.YES])
_BEFORE_HOW: Final = frozenset([role.BUT, role.COMMA, role.STOP, role.LINE, role.THAT])
"""What is behind and before a thing that an earlier clause told."""

_PLURAL: Final = ("los", "las")
"""Ends of words that take several things: "las quiero", "mándamelas"."""


def walk(reading: Reading) -> None:
    """Adds the wishes of a message that was scanned."""
    state = ReadingState()
    for i, element in enumerate(reading.elements):
        kind = element.kind
        effect = EFFECTS.get(kind)
        if (kind in THINGS or kind is role.QUANTITY) and is_corrected_behind(reading, i):
            state.corrected = True
        if kind in THINGS:
            _thing(reading, i, element, state)
        elif kind is role.QUANTITY:
            if Flag.BOUND not in element.flags:
                bare_quantity(reading, i, element, state)
        elif role.TAKING in element.roles and _takes_offered(reading, i, kind):
            reading.requested = True
        elif effect is not None:
            effect(reading, i, element, state)
        elif kind in (role.BY, role.TO) and state.changing:
            if kind is role.BY or reading.context.kind(i + 1) is role.QUANTITY:  # "cámbiale a 3 camisas"
                state.changing, state.corrected = False, True
        else:
            _part(reading, i, element, state)
    drop_listed_offers(reading)
    share_each(reading, state)
    serve(reading)
    take_containers(reading)
    _settle_excepted(reading)
    settle_wholes(reading)
    if reading.priced and not any(w.state is Stance.WANTED for w in reading.wishes):
        for wish in reading.wishes:  # "tienen camisas, y cuánto cuestan?"
            wish.state = Stance.WANTED if wish.state is Stance.MENTIONED else wish.state


def _takes_offered(reading: Reading, i: int, kind: Role) -> bool:
    """ "¿tienes el abrigo? lo quiero", "¿cuánto sería de 4 fundas? las quiero": a thing that was only mentioned or
    priced is wanted."""
    if kind in (role.NEGATION, role.WITHOUT):
        return False
    offered = offered_last(reading)
    plural = any(word.endswith(_PLURAL) for word in reading.context.norm(i).split())
    for wish in offered if plural else offered[:1]:
        wish.state = Stance.WANTED
    priced = reading.priced and reading.last((Stance.WANTED,)) is not None
    return bool(offered) or (priced and reading.context.kind(i - 1) in CLAUSE_ENDS)


def _part(reading: Reading, i: int, element: Element, state: ReadingState) -> None:
    """What separates clauses: marks, "y", "pero", corrections, and words that only point at something."""
    kind = element.kind
    if not element.roles.isdisjoint(_REFERS) and _refers(reading, i, element, state):
        return
    if kind in (role.THAT, role.OF, role.HELP) and not (reading.wishes or state.refuse):
        if (first := reading.context.elsewhere(i)) is not None:
            end = reading.context.clause_end(i)
            reading.wishes.append(Wish(element, None, reading.scanner.written(reading.elements[first].start, end)))
    elif kind in CLAUSE_ENDS:
        state.end_sentence()
    elif kind is role.LINE:
        drop_offers(reading, state.line)
        state.line = i
        state.end_line()
    elif kind is role.COMMA or kind is role.BUT:
        state.end_clause(reading.context.list_goes_on(i))
    elif role.SECOND_THOUGHT in element.roles:
        state.corrected = state.corrected or amends(reading, i)
    elif kind is role.AND and state.refuse and not reading.context.list_goes_on(i):
        state.refuse = False


def _refers(reading: Reading, i: int, element: Element, state: ReadingState) -> bool:
    """Whether words refer to something outside the message, which is asked for."""
    if role.AS_BEFORE in element.roles:
        _as_before(reading, i, element, state)
    elif role.UNSEEN in element.roles and reading.context.kind(i - 1) is not role.TO:  # no "como la de la foto"
        reading.wishes.append(Wish(element, None, reading.scanner.written(element.start, element.end)))
    elif role.DEMONSTRATIVE in element.roles and not reading.wishes:
        _pointing(reading, i, element)
    else:
        return False
    return True


def _settle_excepted(reading: Reading) -> None:
    """ "Todo menos la faja: faja, 2 shorts": a thing that is excepted from all is excepted from the list, too."""
    if role.WITHOUT not in reading.kinds:
        return
    for i, element in enumerate(reading.elements):
        if element.kind is role.WITHOUT and reading.context.norm(i - 1) in ALL:
            thing = reading.context.next(i, QUIET)
            match = reading.elements[thing].match if thing < len(reading.elements) else None
            for wish in reading.wishes:
                if match is not None and wish.product in match.products:
                    wish.state = Stance.REFUSED


def _thing(reading: Reading, i: int, element: Element, state: ReadingState) -> None:
    if state.instead or (state.changing and element.kind is not role.QUALITY):
        _give_up(reading, element, state)
    elif _is_refused(reading, i, element, state) or is_sum(reading, i, element) or recounts(reading, element):
        return
    elif element.kind is role.UNKNOWN and _is_exchanged_for(reading, element, state):
        _named(reading, i, element, state)
    elif reading.context.incidental(i, element, reading.priced):
        if element.kind is role.PRODUCT and reading.context.kind(i - 1) is role.POSSESSIVE:
            reading.wishes.append(_wish(reading, element, Stance.MENTIONED))
    elif element.kind is role.QUALITY:
        if state.only and state.corrected and element.q is None and keep_kind(reading, element):
            state.only = state.corrected = False
            return
        anew = counts_anew(reading, i, element)
        if anew and element.q is None:
            reading.focus = wished(reading, element)  # "las de 10 que sean 3"
            return
        state.corrected = state.corrected or anew
        follow_quality(reading, element, state)
    elif element.kind is not role.UNKNOWN or _is_asked_for(reading, i, element, state):
        _named(reading, i, element, state)


def _is_asked_for(reading: Reading, i: int, element: Element, state: ReadingState) -> bool:
    """Whether a word that is not a product is a thing that the customer asks for; it may only be mentioned."""
    if reading.context.asked(i, element, state, reading.priced):
        return reading.context.kind(i - 1) is not role.CON or not reading.is_told()  # "¿viene con micrófono?"
    if reading.context.kind(i - 1) is role.CORRECTION and reading.context.closes(i + 1):
        state.corrected = False  # "que sean delgaditas" says how
    elif state.mode is Stance.MENTIONED and reading.context.is_good_asked_about(i):
        reading.wishes.append(_wish(reading, element, Stance.MENTIONED))  # "tienes aspiradoras? necesito una"
    else:
        _doubt_kind(reading, i, element)
    return False


def _doubt_kind(reading: Reading, i: int, element: Element) -> None:
    """ "2 medias tobilleras", "una azúcar flor": an unknown word right behind a thing may make another thing of it."""
    before = reading.elements[i - 1] if i else None
    if before is None or before.kind not in THINGS or before.end != element.start or element.q is not None:
        return
    if before.match is not None and before.match.words > 1:
        return  # "orden de papas frtas"
    purpose = any(role.FOR in roles for roles in reading.scanner.roles[before.start : before.end])
    if Flag.VERB not in element.flags and not purpose:  # "un balón para jugar fútbol"
        before.flags.add(Flag.KIND)


def _is_exchanged_for(reading: Reading, element: Element, state: ReadingState) -> bool:
    """ "cambia las zapatillas por sandalias", which are not sold; not "por cuadriculados", which names have."""
    first = element.index if element.q is None else min(element.index, element.q.index)
    given_up = state.heir is not None and reading.context.kind(first - 1) is role.BY
    return given_up and not reading.matcher.near(reading.scanner.norms[element.start])


def _give_up(reading: Reading, element: Element, state: ReadingState) -> None:
    """A thing that is replaced by another one."""
    state.heir = _refuse(reading, element, state)
    if state.heir is None:
        state.heir = _wish(reading, element, Stance.REFUSED)
    if state.instead and state.pending is not None and element.q is not None:  # "ponle 4 en vez de 2 camisas"
        wish = _wish(reading, element, Stance.WANTED)
        wish.amount = state.pending
        reading.wishes.append(wish)
        state.instead, state.pending = False, None
        return
    if state.instead:
        state.instead, state.changing, state.corrected = False, False, True
    state.replacing = True


def _is_refused(reading: Reading, i: int, element: Element, state: ReadingState) -> bool:
    """Whether a thing is refused, before or after it; if so, it is taken back."""
    if state.refuse and element.kind is role.QUALITY:
        if refuse_kind(reading, element) or state.subtract:
            return True  # "quita el de 5": of something that an earlier message tells
    elif state.refuse:
        _refuse(reading, element, state)
        if not state.refuse_list:
            state.refuse = False
        return True
    if reading.context.post_negated(i) or is_put_off(reading, i):
        if element.kind is role.QUALITY and refuse_kind(reading, element):
            return True
        if _refuse(reading, element, state) is None:
            reading.wishes.append(_wish(reading, element, Stance.REFUSED))
        state.replacing = True
        return True
    return False


def _named(reading: Reading, i: int, element: Element, state: ReadingState) -> None:
    """A thing that is asked for or mentioned."""
    q = element.q
    amount = q.quantity if q is not None else None
    known = reading.known(element) or _told_how(reading, i, element)
    if known is not None and q is None and reading.context.kind(i - 1) is role.DEFINITE:
        reading.focus = known  # "las camisas": those already asked for
        if not state.only:
            state.corrected = False
            return
    if counts_anew(reading, i, element):
        reading.focus = known
        if q is None:
            return
        state.corrected = True
    of_each = state.each if reading.context.kind(i - 1) is role.EACH else of_each_kind(reading, i, amount)
    if element.kind is role.SEVERAL and of_each is not None:
        _one_of_each(reading, element, of_each)
        return
    wish = _wish(reading, element, Stance.WANTED)
    if element.kind is role.PRODUCT and q is None and _is_sort_of_last(reading, i):
        sort = reading.wishes.pop()
        wish.amount, wish.pairs, wish.unit, wish.unusable = sort.amount, sort.pairs, sort.unit, sort.unusable
        wish.doubts.append(Doubt.QUALITY_OR_THING)
        amount = sort.element.q.quantity if sort.element.q is not None else None
    counted = amount is not None and not amount.article
    reading.focus = None
    if mode_of(reading, i, state, counted) is Stance.MENTIONED:
        wish.state = Stance.MENTIONED
    if q is None:
        _multiply(reading, i, wish, state)
    last = reading.last((Stance.WANTED,))
    if wish.state is Stance.WANTED and last is not None and _alternative(reading, i, wish, last):
        return
    _take_out(reading, i, wish)
    if state.corrected or (counted and known is not None and (state.restating or _is_said_again(known, wish))):
        correct(reading, wish, state)
    else:
        _same_pack(reading, i, wish, last)
        reading.wishes.append(wish)
    if state.only and element.match is not None and q is None and len(reading.wishes) > 1:
        keep_only(reading, wish)
    state.corrected = state.only = False
    state.wish_before = True


def _told_how(reading: Reading, i: int, element: Element) -> Wish | None:
    """The wish of which a new clause says how it should be: "un jugo de naranja, pero el jugo sin azúcar"."""
    told = reading.context.kind(i - 2) in _BEFORE_HOW and reading.context.kind(i + 1) in _SAYS_HOW
    return reading.known_kind(element) if told and Flag.QUALIFIED not in element.flags else None


def _is_said_again(known: Wish, wish: Wish) -> bool:
    """ "6 sillas, no, son 8, 8 sillas": whether a corrected number is repeated with its thing."""
    return Doubt.CORRECTED in known.doubts and known.amount == wish.amount


def _multiply(reading: Reading, i: int, wish: Wish, state: ReadingState) -> None:
    """ "el doble de gorras", "lo mismo de correas y afinadores": a multiple of another thing's number."""
    multiple, state.multiple = state.multiple, None
    if state.factor is None and multiple is None:
        return
    before, factor, state.factor = reading.last((Stance.WANTED,)), state.factor, None
    if before is not None and factor is not None:
        wish.set_multiple(before, factor)
    elif multiple is not None and multiple is before and reading.context.follows(i, multiple.element):
        wish.set_multiple(multiple, 1)
    else:
        return
    state.multiple = wish


def _one_of_each(reading: Reading, element: Element, q: Quantity) -> None:
    """ "uno de cada jugo": everything that the word could be."""
    for product in element.match.products if element.match is not None else ():
        wish = Wish(element, product, element.text)
        wish.set_amount(q)
        wish.doubts.append(Doubt.COMPUTED)
        reading.wishes.append(wish)


def _is_sort_of_last(reading: Reading, i: int) -> bool:
    """ "3 cafés americanos": a product right after a counted word that is not a product says which one is
    counted."""
    before, element = reading.elements[i - 1], reading.elements[i]
    counted = (
        before.kind in (role.SEVERAL, role.UNKNOWN) and before.q is not None and Flag.QUANTITY_AFTER not in before.flags
    )
    last = reading.wishes[-1] if reading.wishes else None
    return counted and before.end == element.start and last is not None and last.element is before


def _alternative(reading: Reading, i: int, wish: Wish, last: Wish) -> bool:
    """ "una gorra o un gorro": the customer has not decided, so it is a question."""
    if role.OR not in reading.kinds or wish.product is None or last.product in (None, wish.product):
        return False
    j = i - 1
    while reading.context.kind(j) in (role.DEFINITE, role.NOISE) or reading.elements[j] is wish.element.q:
        j -= 1
    if reading.context.kind(j) is not role.OR or last.element.end != reading.elements[j].start:
        return False
    last.leave_open(wish.product, reading.scanner.written(last.element.start, wish.element.end))
    return True


def _take_out(reading: Reading, i: int, wish: Wish) -> None:
    """ "10 aguas, 5 de las aguas con gas": some of the wished ones are of another kind."""
    if wish.amount is None or wish.product is None or wish.state is not Stance.WANTED:
        return
    if reading.context.kind(i - 1) is not role.DEFINITE:
        return
    if [reading.context.kind(k) for k in range(i - 4, i - 1)] != [role.COMMA, role.QUANTITY, role.OF]:
        return
    kin = {number for family in reading.matcher.families_of(wish.product) for number in family.products}
    for whole in reading.wishes:
        if whole.state is Stance.WANTED and whole.product in kin - {wish.product} and (whole.amount or 1) > wish.amount:
            whole.amount = (whole.amount or 1) - wish.amount
            whole.doubts.append(Doubt.IN_PARTS)
            return


def _same_pack(reading: Reading, i: int, wish: Wish, last: Wish | None) -> None:
    """ "un pack de medias y otro de bóxer": the second one is a pack, too."""
    if (
        last is None
        or last.product is None
        or wish.product is None
        or reading.context.kind(i - 1) is not role.OF
        or wish.element.q is None
    ):
        return
    if role.CONTAINER not in reading.scanner.roles[last.element.start]:
        return
    said = filter(reading.matcher.knows, reading.scanner.norms[wish.element.start : wish.element.end])
    packs = reading.matcher.with_head(last.product, list(said))
    if len(packs) == 1:
        wish.product = packs[0]
        wish.doubts.append(Doubt.HEAD_LEFT_OUT)


def _wish(reading: Reading, element: Element, state: Stance) -> Wish:
    product = element.match.products[0] if element.kind is role.PRODUCT and element.match is not None else None
    wish = Wish(element, product, element.text, state=state)
    if element.kind is role.SEVERAL and element.match is not None:
        wish.choices = element.match.products
    if product is not None and element.match is not None and may_be_each(reading, element.index, element.match):
        wish.doubts.append(Doubt.QUALITY_OR_THING)
    q = element.q
    if q is not None and q.quantity is not None:
        wish.set_amount(q.quantity)
        if q.negative:
            wish.amount = -q.quantity.value
        if q.quantity.article and Flag.ANOTHER not in q.flags:
            open_ended = q.quantity.unit is not None or _is_plural(reading, element, q)
            wish.amount = None if open_ended else wish.amount
    return wish


def _is_plural(reading: Reading, element: Element, q: Element) -> bool:
    return reading.scanner.tokens[q.start].norm in ("unos", "unas")


def _refuse(reading: Reading, element: Element, state: ReadingState) -> Wish | None:
    """Takes back what a thing names; returns the last wish that it named, if there was one."""
    if element.match is None:
        found = [w for w in reading.wishes if w.product is None and w.text == element.text]
        found = found or _called(reading, element)
    else:
        found = [w for w in reading.wishes if w.product in element.match.products and w.state is Stance.WANTED]
    less = _fewer(reading, element) if state.subtract else None
    for wish in found:
        if less is not None and wish.amount is not None and wish.amount > less:
            wish.amount -= less
        else:
            wish.state = Stance.REFUSED
    if element.kind in (role.PRODUCT, role.SEVERAL) and not found:
        reading.wishes.append(_wish(reading, element, Stance.REFUSED))
    return found[-1] if found else None


def _called(reading: Reading, element: Element) -> list[Wish]:
    """The wishes that begin with the same word: "las pastillas" after "pastillas de la ns200"."""
    norms = reading.scanner.norms
    wanted = [w for w in reading.wishes if w.state is Stance.WANTED and w.product is not None]
    return [w for w in wanted if norms[element.start] == norms[w.element.start]]


def _fewer(reading: Reading, element: Element) -> int | Fraction | None:
    """How many fewer a removal asks for ("quita una camisa"); None if it means all of them."""
    if element.q is None or element.q.quantity is None or reading.scanner.norms[element.q.start] in ("unos", "unas"):
        return None
    return element.q.quantity.value


def _as_before(reading: Reading, i: int, element: Element, state: ReadingState) -> None:
    """ "Lo mismo de siempre": asked for, unless it is only mentioned ("es lo mismo de siempre") or sums up the
    goods."""
    before = reading.context.kind(i - 1)
    if state.refuse or state.mode is Stance.MENTIONED or reading.wishes or before in (role.COPULA, role.NOPE):
        return
    reading.wishes.append(Wish(element, None, reading.scanner.written(element.start, element.end)))


def _pointing(reading: Reading, i: int, element: Element) -> None:
    """ "2 de esas", "quiero esos": asked for, but only an earlier message would show what."""
    before = reading.context.kind(i - 1)
    behind_count = role.QUANTITY in (before, reading.context.kind(i - 2) if before is role.OF else role.OUTSIDE)
    if reading.context.closes(i + 1) and (before is role.REQUEST or behind_count):
        text = reading.scanner.written(element.end - 1, element.end)
        reading.wishes.append(Wish(element, None, text))
