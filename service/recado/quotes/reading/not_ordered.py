"""Finds things that are only mentioned, asked about or advertised, and not ordered."""

import itertools
import re
from fractions import Fraction
from typing import Final

from recado.quotes.language import role
from recado.quotes.reading.reading import Reading
from recado.quotes.reading.wishes import ReadingState, Stance, Wish
from recado.quotes.scan.elements import THINGS, VERBS, Element, Flag

CLAUSE_ENDS: Final = frozenset([role.STOP, role.QUESTION])
SENTENCE_PARTS: Final = frozenset([*CLAUSE_ENDS, role.COMMA, role.LINE])
_AHEAD: Final = 40
"""Elements looked at after the current one: more than any sentence has."""
OWN_NEEDS: Final = frozenset([
    "necesita", "necesitan", "requiere", "requieren", "trae", "traen", "lleva", "llevan", "incluye", "incluyen",
])  # fmt: skip
"""Requests that may be a thing's own."""
_QUIET: Final = frozenset([role.OF, role.DEFINITE, role.COURTESY, role.NOISE])
_ASIDE: Final = frozenset([role.NOISE, role.TO])
_NAMED: Final = frozenset([role.PRODUCT, role.SEVERAL, role.QUALITY])
_THEY_DO: Final = ("an", "en")
_PAST: Final = ("aron", "ieron")
"""Endings of verbs for what others did: "que me vendieron"."""
_I_DID: Final = ("é", "í")
"""Endings of verbs for what the customer did, as written: "que llevé", and not "que lleve"."""
SEEN: Final = frozenset(["vi", "vimos", "miraba", "mirando", "viendo"])
"""What the customer saw is no thing that he has."""
_PARTS: Final = frozenset([*SENTENCE_PARTS, role.AND, role.BUT])
_BUYS: Final = frozenset(["compro", "compramos", "llevo", "llevamos", "pido", "pedimos", "encargo", "encargamos"])
_IN_LISTS: Final = frozenset([role.AND, role.COMMA, role.QUANTITY, role.DEFINITE, role.NOISE])
_LONGEST: Final = 8
"""Elements of "los compro para la próxima semana", with one to spare."""
_LATER: Final = re.compile(r"\b(otro dia|otra ocasion|(la|el|otra|otro) (proxim[ao]|semana|mes)\b|mas adelante)")
_VERY: Final = frozenset(["muy", "bien", "tan", "super"])
_PUT_OFF: Final = re.compile(
    rf"(?:(?:l[oa]s?) (?:{'|'.join(_BUYS)}) (?:en |para )?{_LATER.pattern}|(?:para |en )?(?:otro dia|otra ocasion)\b)"
)
_ADVERTISES: Final = frozenset([
    "lleva", "lleve", "lleven", "llevate", "llevese", "compra", "compre", "compren", "pide", "pida", "pidan", "ordena",
    "ordene", "encarga", "encargue",
])  # fmt: skip
_LEAST_PRICE: Final = 100
"""From this number on, one that is just what a thing costs is its price and no amount."""
_NO_AMOUNT: Final = 10_000
"""From this number on, one that is near to what a thing costs is a price."""
_LOWEST, _HIGHEST = Fraction(2, 3), Fraction(3, 2)
"""What a price of another time may be, as a share of today's."""
_YEARS: Final = range(2020, 2100)
_NEAR: Final = 4
"""Elements from a quantity to its thing, including those between."""


def mode_of(reading: Reading, i: int, state: ReadingState, counted: bool) -> Stance | None:
    """The stance on a thing at its place: wanted, priced or only mentioned; also by the words after it in its
    sentence."""
    if state.later or _is_reason(reading, i):
        return Stance.MENTIONED
    if state.mode is not None or counted:
        return state.mode if not (counted and state.mode is Stance.MENTIONED and reading.requested) else Stance.WANTED
    if _is_asked_about(reading, i):
        return Stance.MENTIONED
    told = recalled = False
    if _is_of_the_past(reading, i) or _is_done(reading, i) or _is_praised(reading, i):
        return Stance.MENTIONED
    for element in reading.elements[i + 1 : i + _AHEAD]:
        kind = element.kind
        if kind in _NAMED:
            continue
        if kind is role.QUESTION and told:
            return Stance.MENTIONED  # "los zapatos son de cuero?"
        beside = reading.context.kind(element.index - 1)
        if reading.context.norm(element.index) in OWN_NEEDS and beside in (role.PRODUCT, role.ASIDE):
            told = True  # "el jazmín necesita mucho sol?"
            continue
        reason = role.REASON in element.roles and reading.elements[i].q is not None
        if kind in SENTENCE_PARTS or kind in VERBS or reason:
            return None  # "una broca porque se me rompió la otra"
        relative = reading.context.kind(element.index - 1) is role.THAT
        if kind in (role.STORY, role.AVAILABLE) and not relative:
            return Stance.MENTIONED
        recalled = recalled or kind is role.STORY
        told = told or kind is role.COPULA or (recalled and kind is role.NEGATION)
        if told and recalled:
            return Stance.MENTIONED  # "las toallas que me mandaron están mal"
    return None


def _is_of_the_past(reading: Reading, i: int) -> bool:
    """ "las balatas que me vendieron rechinan", "la guitarra que compré": a thing that somebody already has."""
    context = reading.context
    before = i - 1 - (context.kind(i - 1) in (role.QUANTITY, role.DEFINITE))
    if context.kind(before) is role.UNKNOWN and context.norm(before).endswith(_PAST) and not is_to_us(reading, before):
        return True  # "mis primos llevaron un cajón"
    verb = context.next(i + 1, frozenset([role.NOISE]))
    if context.kind(i + 1) is not role.THAT or verb >= len(reading.elements):
        return False
    element = reading.elements[verb]
    written = reading.scanner.written(element.start, element.end)
    had = context.kind(verb) is role.STORY and context.norm(verb) not in SEEN
    return had or written.endswith(_I_DID) or any(word.endswith(_PAST) for word in context.norm(verb).split())


def is_to_us(reading: Reading, i: int) -> bool:
    """Whether a verb has a pronoun for the customer: "me faltaron", "nos pidieron"."""
    start = reading.elements[i].start
    return start > 0 and reading.scanner.norms[start - 1] in ("me", "nos")


def _is_done(reading: Reading, i: int) -> bool:
    """ "¿instalan balatas?", "ustedes afinan guitarras aquí mismo?": what the shop does with a thing."""
    context = reading.context
    at = i - 1 - (context.kind(i - 1) is role.DEFINITE)
    verb = reading.elements[at] if at >= 0 else None
    if verb is None or verb.kind is not role.UNKNOWN or verb.end - verb.start > 1:
        return False
    begins = context.kind(verb.index - 1) in (role.OUTSIDE, role.NOISE, role.GREETING, *SENTENCE_PARTS)
    asked = context.kind(context.next(i, _ASIDE)) is role.QUESTION
    return begins and asked and context.norm(verb.index).endswith(_THEY_DO)


def _is_asked_about(reading: Reading, i: int) -> bool:
    """ "¿de qué tela son las camisas?": a thing that the sentence asks a question about."""
    for element in reversed(reading.elements[max(0, i - _AHEAD) : i]):
        if element.kind in CLAUSE_ENDS or element.kind is role.LINE or element.kind in VERBS:
            return False
        if element.kind is role.COPULA:
            after = (e.kind for e in reading.elements[i : i + _NEAR] if e.kind not in THINGS)
            return reading.context.kind(element.index - 1) is not role.OUTSIDE and next(after, "") is role.QUESTION
    return False


def _is_praised(reading: Reading, i: int) -> bool:
    """ "gracias, hermosas las plantas"."""
    context = reading.context
    first = i - 2
    while context.norm(first - 1) in _VERY:
        first -= 1
    opens = context.opens(first) or context.kind(first - 1) is role.THANKS  # "gracias, muy rico el pollo"
    praise = role.QUALITIES in context.roles(i - 2) and opens
    return praise and context.kind(i - 1) is role.DEFINITE and context.closes(i + 1)


def _is_reason(reading: Reading, i: int) -> bool:
    """ "quiero poner unas plantas, así que anótame 2 malvones": a word for several things before what is ordered."""
    context, element = reading.context, reading.elements[i]
    j = i + 1 + (context.kind(i + 1) is role.COMMA)
    so = context.norm(j) == "asi" and context.norm(j + 1) == "que" and context.kind(j + 2) is role.REQUEST
    return so and element.kind is role.SEVERAL


def offered_last(reading: Reading) -> list[Wish]:
    """The things that were last asked about, and not ordered: "¿tienen 3 chalecos y una gorra?"."""
    offered: list[Wish] = []
    for wish in reversed(reading.wishes):
        if wish.state is Stance.MENTIONED and (not offered or _are_listed(reading, wish, offered[-1])):
            offered.append(wish)
        elif offered:
            break
    return offered


def _are_listed(reading: Reading, first: Wish, second: Wish) -> bool:
    """Whether two things are next to each other in a list."""
    between = {e.kind for e in reading.elements[first.element.index + 1 : second.element.index]}
    return not between.isdisjoint((role.AND, role.COMMA)) and between <= _IN_LISTS


def drop_offers(reading: Reading, line: int = -1) -> None:
    """Treats priced things as an offer that was passed on: "Zapatos $45.99 – Tenis $59.90".

    `line`: the element before the line; all lines if the first request comes after them.
    """
    if reading.requested:
        return
    wishes = [w for w in reading.wishes if w.element.index > line and w.state is Stance.WANTED]
    goods = [w for w in wishes if not _is_title(w)]
    if len(goods) > 1 and all(_is_offered(reading, w) for w in goods):
        for wish in wishes:
            wish.state = Stance.MENTIONED


def _is_title(wish: Wish) -> bool:
    """ "LISTA ESCOLAR 2024": whether an unknown word has a year behind it."""
    return wish.product is None and Flag.QUANTITY_AFTER in wish.element.flags and wish.amount in _YEARS


def drop_advertised(reading: Reading, request: int) -> None:
    """Treats things on a line that advertises them as an offer if the first request is on a later line; so too the
    priced or uncounted things on the lines between, if the request names something."""
    if reading.requested:
        return
    named = any(e.kind in THINGS or e.kind is role.QUANTITY for e in reading.elements[request:])
    start, advertised = 0, False
    for end in (e.index for e in reading.elements[:request] if _ends_offer(reading, e)):
        line = reading.elements[start:end]
        here = any(role.ADVERT in reading.context.roles(e.index) for e in line)
        advertised = advertised or here
        if here or (advertised and named and _is_offer(reading, line)):
            _offer(reading, line)
        start = end


def drop_listed_offers(reading: Reading) -> None:
    """Treats an advertisement, and the priced lines below it, as an offer if a line with neither follows and nothing is
    asked for in words: "LIQUIDACIÓN\nzapatos $20\n2 gorras"."""
    if reading.requested or role.LINE not in reading.kinds:
        return
    start, advertised = 0, False
    for end in [*(e.index for e in reading.elements if e.kind is role.LINE), len(reading.elements)]:
        line = reading.elements[start:end]
        here = any(role.ADVERT in reading.context.roles(e.index) for e in line)
        if not (
            _is_offer(reading, line) and (here or _is_priced(reading, line) or not any(e.kind in THINGS for e in line))
        ):
            if advertised:
                drop_advertised(reading, start)
            return
        start, advertised = end + 1, advertised or here


def _ends_offer(reading: Reading, element: Element) -> bool:
    greets = reading.context.kind(element.index + 1) in (role.GREETING, role.REQUEST)
    return element.kind is role.LINE or (element.kind is role.STOP and greets)


def _is_offer(reading: Reading, line: list[Element]) -> bool:
    """Whether a line below an advertisement has a price, or counts nothing."""
    return _is_priced(reading, line) or all(e.q is None for e in line if e.kind in THINGS)


def _is_priced(reading: Reading, line: list[Element]) -> bool:
    return any(role.PRICE in e.roles or _is_price(reading, e) for e in line)


def _is_price(reading: Reading, thing: Element) -> bool:
    """Whether the number behind a thing is what it costs: "Bufanda 29.000"."""
    if thing.match is None or Flag.QUANTITY_AFTER not in thing.flags or thing.q is None or thing.q.quantity is None:
        return False
    value = thing.q.quantity.value
    prices = [Fraction(reading.matcher.products[n].unit_price) for n in thing.match.products]
    if value >= _NO_AMOUNT:
        return any(_LOWEST * price <= value <= _HIGHEST * price for price in prices)  # also at another time's price
    return value >= _LEAST_PRICE and value in prices


def _offer(reading: Reading, line: list[Element]) -> None:
    """Orders nothing of what a line names and counts."""
    places = {e.index for e in line}
    for wish in reading.wishes:
        if wish.element.index in places and wish.state is Stance.WANTED:
            wish.state = Stance.MENTIONED
    for element in line:
        if element.kind is role.QUANTITY:
            element.flags.add(Flag.PLACED)


def is_advertising(reading: Reading, i: int) -> bool:
    """ "PROMO: lleva 3 camisetas y paga 2": whether a verb is the advertisement's, and the customer's own follows."""
    if reading.context.norm(i) not in _ADVERTISES:
        return False
    before = itertools.takewhile(lambda e: e.kind is not role.LINE, reversed(reading.elements[:i]))
    own = any(e.kind in VERBS for e in reading.elements[i + 1 :])
    return own and any(role.ADVERT in reading.context.roles(e.index) for e in before)


def is_for_later(reading: Reading, i: int) -> bool:
    """ "otro día compro el tren", "la próxima semana llevo los zapatos": what a verb asks for is for another time."""
    if reading.context.norm(i) not in _BUYS:
        return False
    before = itertools.takewhile(lambda e: e.kind not in _PARTS, reversed(reading.elements[:i]))
    return _LATER.search(" ".join(reversed([reading.context.norm(e.index) for e in before]))) is not None


def is_put_off(reading: Reading, i: int) -> bool:
    """ "los zapatos los compro otro día", "el tren para otro día": a thing without a number is for another time."""
    if reading.elements[i].q is not None:
        return False
    behind = itertools.takewhile(lambda e: e.kind not in _PARTS, reading.elements[i + 1 : i + _LONGEST])
    return _PUT_OFF.match(" ".join(reading.context.norm(e.index) for e in behind)) is not None


def drop_priced(reading: Reading, request: int, state: ReadingState) -> None:
    """Treats things that were only priced as not ordered if a request for another thing follows: "precio de A y
    mándame 2 B"."""
    context = reading.context
    i = context.next(request, _QUIET)
    counted = context.kind(i) is role.QUANTITY and context.kind(context.next(i, _QUIET)) in THINGS
    if state.mode is Stance.PRICED and counted:
        for wish in reading.wishes:
            if wish.state is Stance.WANTED and wish.amount is None:
                wish.state = Stance.MENTIONED


def _is_offered(reading: Reading, wish: Wish) -> bool:
    """Whether a price follows a thing, and no amount that says how many."""
    i, q = wish.element.index, wish.element.q
    counted = q is not None and (q.quantity is None or q.quantity.unit is None)
    if _is_price(reading, wish.element):
        return True
    return not counted and any(role.PRICE in e.roles for e in reading.elements[i : i + _NEAR])
