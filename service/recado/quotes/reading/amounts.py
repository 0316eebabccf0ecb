"""Quantities that are apart from their thing: "mejor 3", "camisas, 4", "2 de cada uno", "el doble"."""

from fractions import Fraction
from typing import Final

from recado.quotes.catalogue.matcher import MOST_CHOICES, How, Match
from recado.quotes.language import role
from recado.quotes.language.lexicon import NONE
from recado.quotes.language.numbers import Quantity, Unusable
from recado.quotes.language.role import Role
from recado.quotes.language.text import NUMBER
from recado.quotes.reading.binding import SIZE_OF_PAIRS
from recado.quotes.reading.context import QUIET, WE_ARE
from recado.quotes.reading.heads import serves_each
from recado.quotes.reading.qualities import part_of
from recado.quotes.reading.reading import Reading
from recado.quotes.reading.wishes import Doubt, ReadingState, Stance, Wish
from recado.quotes.scan.counters import THEY_ARE
from recado.quotes.scan.elements import THINGS, VERBS, Element, Flag
from recado.quotes.scan.words import Kind

_HALF: Final = Fraction(1, 2)
_TO: Final = frozenset([role.TO, role.DEFINITE])
_OF_SOMETHING_ELSE: Final = frozenset([role.TO, role.BY, role.FOR, role.OF, role.COPULA, role.STORY])
"""Precede a number that belongs to something other than the preceding thing."""
_MONEY: Final = (1, 1000)
"""What a number of money may stand for: "la lonchera por 45" costs 45 or 45,000."""
_AHEAD: Final = 40
"""Elements looked at after the current one: more than any sentence has."""


SAYS_HOW: Final = frozenset([role.NOISE, role.YES])
"""What follows one of several things and only says how it is wanted."""


def bare_quantity(reading: Reading, i: int, element: Element, state: ReadingState) -> None:
    """Gives a quantity without a thing to its thing. A quantity that finds none, and is not a size or a share, is
    left over."""
    if _add_half(reading, i, element) or _place(reading, i, element, state):
        element.flags.add(Flag.PLACED)


def _add_half(reading: Reading, i: int, element: Element) -> bool:
    """ "pizza y media": one and a half of the thing right before."""
    q = element.quantity
    if q is None or q.value != _HALF or q.unit is not None or reading.context.kind(i - 1) is not role.AND:
        return False
    last = reading.last((Stance.WANTED,))
    if last is None or reading.elements[i - 2] is not last.element:
        return False
    last.amount = (last.amount or 1) + q.value
    return True


def _place(reading: Reading, i: int, element: Element, state: ReadingState) -> bool:
    """Gives a quantity to the thing that it counts; false if there is none."""
    q = element.quantity
    assert q is not None
    steered = _steer(reading, i, q, state)
    if steered is not None:
        return steered
    last = reading.last((Stance.WANTED, Stance.MENTIONED))
    if last is None and state.corrected:
        last = reading.last((Stance.REFUSED,))  # "no 2 camisas sino 3"
    if last is None:
        state.pending = None if q.article else q.value
        return q.article or _ask_for_unknown(reading, i)
    measured = _measure(reading, i, last, element, q)
    return _count(reading, i, last, element, q, state) if measured is None else measured


def _steer(reading: Reading, i: int, q: Quantity, state: ReadingState) -> bool | None:
    """Whether the words around a quantity show its place: "2 de cada uno", "para 3 personas"; None if they do not."""
    context = reading.context
    j = context.next(i, QUIET)
    after, before = context.kind(j), context.kind(i - 1)
    if state.instead:
        state.instead, state.corrected = False, True
        return True
    if after is role.EACH or before is role.EACH or (before in VERBS and context.kind(i - 2) is role.EACH):
        if state.corrected and after is role.EACH:
            _give_each_anew(reading, q, state)
        elif (not q.article or after is role.EACH) and context.norm(i - 1) not in WE_ARE:
            state.each = q
        return True
    if before is role.DEFINITE and (_is_all_of_them(reading, i, q) or _takes_back(reading, i, q)):
        return True
    if before in _OF_SOMETHING_ELSE and not _is_of_thing(reading, i, q, state):
        return q.article or not (before is role.OF or _counts_or_costs(reading, i, q))
    roles = reading.elements[j].roles if after in (role.NOISE, role.MASK) else NONE
    if role.NOUN in roles and not roles & {role.EMOJI, role.FILLER}:
        return True
    if state.refuse:
        return not state.subtract or _subtract(reading, i, q, state)
    return None


def _give_each_anew(reading: Reading, q: Quantity, state: ReadingState) -> None:
    """ "3 tableros de 12 y 3 de 8, mejor 2 de cada uno"."""
    for wish in reading.wishes:
        if wish.state is Stance.WANTED:
            wish.set_amount(q)
            wish.parts = []
            wish.doubts.append(Doubt.CORRECTED)
    state.corrected = False


def _is_all_of_them(reading: Reading, i: int, q: Quantity) -> bool:
    """ "un mouse y unos audífonos, que sean redragon los dos": as many as the things that the message names."""
    wanted = [wish for wish in reading.wishes if wish.state is Stance.WANTED]
    alone = all(wish.element.q is None or _is_article(wish.element.q) for wish in wanted)
    return 1 < len(wanted) == q.value and alone and reading.context.closes(i + 1)


def _takes_back(reading: Reading, i: int, q: Quantity) -> bool:
    """ "50 m de cable 14 y 4 tomas. El 14 ya no": refuses the only thing that has the number in its name."""
    if not reading.context.post_negated(i):
        return False
    named = [
        wish
        for wish in reading.wishes
        if wish.state is Stance.WANTED
        and wish.product is not None
        and any(q.value in size.values for size in reading.matcher.sizes_of(wish.product))
    ]
    if len(named) == 1:
        named[0].state = Stance.REFUSED
    return len(named) == 1


def _is_of_thing(reading: Reading, i: int, q: Quantity, state: ReadingState) -> bool:
    """Whether a number counts the thing before it although it follows a preposition or a copula."""
    before = reading.context.kind(i - 1)
    if before is role.TO and reading.context.norm(i - 1) == "como":
        return True  # "unas camisas, como 3"
    if (before is role.COPULA and _tells_how_many(reading, i, q)) or (before is role.BY and _is_times(reading, i, q)):
        return True
    return (state.corrected and before in (role.TO, role.BY, role.COPULA)) or (before is role.OF and q.unit is not None)


def _counts_or_costs(reading: Reading, i: int, q: Quantity) -> bool:
    """ "2 camisas por 40", "2 camisas y 1 gorra, son 4": a number that is perhaps a price, or a wrong sum."""
    before = reading.context.kind(i - 1)
    told = before is role.BY or (before is role.COPULA and reading.context.norm(i - 1) in THEY_ARE)
    by_dozens = before is role.BY and bool(q.collective) and not reading.priced  # "latas por docena"
    return told and (by_dozens or _is_plain(q)) and reading.context.closes(i + 1)


def _is_plain(q: Quantity) -> bool:
    """Whether it is a number and nothing else."""
    return not (q.collective or q.pairs or q.pieces or q.unit is not None or q.unusable is not None)


def _is_times(reading: Reading, i: int, q: Quantity) -> bool:
    """ "Combo 2 por 4", as in "combo 2 x 4": a number of the thing right before, which has none, and not its price."""
    last = reading.last((Stance.WANTED,))
    if last is None or last.amount is not None or last.product is None or reading.elements[i - 2] is not last.element:
        return False
    counts = _is_plain(q) and not q.article and q.value.denominator == 1 and reading.context.closes(i + 1)
    price = Fraction(reading.matcher.products[last.product].unit_price)
    return counts and not reading.priced and not any(price / 2 <= q.value * unit <= price * 2 for unit in _MONEY)


def _tells_how_many(reading: Reading, i: int, q: Quantity) -> bool:
    """ "Pizza de 4 quesos, son 2": a number of the thing right before, which has none, and not its price."""
    last = reading.last((Stance.WANTED,))
    if last is None or last.amount is not None or last.product is None or reading.context.norm(i - 1) not in THEY_ARE:
        return False
    apart = reading.context.kind(i - 2) in (role.COMMA, role.STOP) and reading.context.closes(i + 1)
    if not apart or reading.context.kind(i + 1) is role.QUESTION or reading.elements[i - 3] is not last.element:
        return False
    return q.value != reading.matcher.products[last.product].unit_price


def _measure(reading: Reading, i: int, last: Wish, element: Element, q: Quantity) -> bool | None:
    """Whether a quantity measures the last thing, or is a size; None if it may count the thing."""
    if q.unusable is Unusable.VAGUE and last.amount is None:
        last.set_amount(q)  # "gasas varias"
        return True
    if q.unit is not None and reading.elements[i - 1].kind is role.OF and last.element.index == i - 2:
        last.set_amount(q)  # "una torta de 3 kilos"
        return True
    if Flag.SIZE in element.flags or (q.bare and _is_size(reading, last, q.value)):
        element.flags.add(Flag.SIZE)
        return True
    if q.value.denominator != 1 and q.unit is None:
        return False
    if reading.elements[i - 1] is last.element and last.element.q is not None and q.bare and not q.article:
        sized = last.product is None or reading.matcher.products[last.product].pair  # "unos mocasines 42"
        element.flags.update([Flag.SIZE] if sized else [])
        return sized
    return None


def _count(reading: Reading, i: int, last: Wish, element: Element, q: Quantity, state: ReadingState) -> bool:
    """Lets a quantity count the last thing: as its amount, as more of it, as a part of it, or as a correction."""
    if Flag.ANOTHER in element.flags and last.amount is None and _is_the_first(reading, i, last):
        return _take(last, q)
    if Flag.ANOTHER in element.flags and _is_the_rest(reading, i):
        return True
    more = (
        bool(element.flags & {Flag.MORE, Flag.ANOTHER})
        or reading.context.kind(reading.context.next(i, QUIET)) is role.MORE
    )
    adds = state.corrected or (more and not last.parts)
    if last.state is Stance.WANTED and not adds and reading.context.is_share(i):
        _share(reading, i, last)
        return True
    counts = q.article and q.pieces and last.amount is None and last.state is Stance.WANTED
    if counts and not (more or state.corrected):
        last.set_amount(q)  # "patatas un saco"
        return True
    says_nothing = q.article and not (more or state.corrected or last.state is Stance.MENTIONED)
    if says_nothing or state.negated_number == i:
        return True
    if state.corrected:
        _correct(reading, last, element, q, state)
        return True
    if last.state is Stance.MENTIONED:
        return _take(last, q) if more or state.mode is not Stance.MENTIONED else True
    if more:
        last.amount = (last.amount or 1) + q.value
        return True
    return _give(reading, i, last, element)


def _correct(reading: Reading, last: Wish, element: Element, q: Quantity, state: ReadingState) -> None:
    """ "mejor 3", but not of sizes: "talla 38, mejor 40"."""
    state.corrected = False
    if q.value in SIZE_OF_PAIRS and _is_sized(reading, last, element):
        return
    last.set_amount(q)
    last.state, last.parts = Stance.WANTED, []
    last.doubts.append(Doubt.CORRECTED)


def _is_the_first(reading: Reading, i: int, last: Wish) -> bool:
    """ "la de limón, una, y la de chocolate otra", "perdió la flauta, deme otra"."""
    return reading.elements[i - 1] is last.element or reading.context.is_of_reason(last.element)


def _is_the_rest(reading: Reading, i: int) -> bool:
    """ "3 camisas, 2 para Luis y la otra para mí", "una para hoy y otra para mañana", "2 pollos, uno bien dorado, otro
    normal": one of those already wished."""
    if reading.context.kind(i - 1) is role.DEFINITE:
        return True
    before = next((e for e in reversed(reading.elements[max(0, i - _AHEAD) : i]) if e.kind is role.QUANTITY), None)
    if before is None or Flag.BOUND in before.flags or before.quantity is None or before.quantity.value != 1:
        return False
    behind = {reading.context.kind(i + 1), reading.context.kind(before.index + 1)}
    return behind <= SAYS_HOW or (behind == {role.FOR} and _is_article(before))


def _subtract(reading: Reading, i: int, q: Quantity, state: ReadingState) -> bool:
    """ "4 gorras y quítale una", "quítale una a las gorras": takes some of a thing away; false if the message does
    not have so many. A thing that it has none of belongs to the open quote."""
    wish, at = reading.last((Stance.WANTED,)), reading.context.next(i, _TO)
    if reading.context.kind(i + 1) is role.TO and reading.context.kind(at) is role.PRODUCT:
        wish, state.refuse = reading.known(reading.elements[at]), False
    if wish is None:
        return True
    left = (wish.amount or 1) - q.value
    if left < 0:
        return False
    wish.amount, wish.state = left, Stance.WANTED if left else Stance.REFUSED
    return True


def _take(wish: Wish, q: Quantity) -> bool:
    wish.set_amount(q)
    wish.state = Stance.WANTED
    return True


def _ask_for_unknown(reading: Reading, i: int) -> bool:
    """ "Jogin talle 12, 2 unidades": a number after only an unknown thing counts that thing."""
    element = reading.elements[i]
    unknown = reading.elements[i - 2] if i > 1 and reading.context.norm(i - 1) == "," else None
    if (
        unknown is not None
        and unknown.kind is role.UNKNOWN
        and Flag.VERB not in unknown.flags
        and element.quantity is not None
    ):
        reading.wishes.append(Wish(unknown, None, unknown.text, element.quantity.value))
        return True
    return False


def _is_size(reading: Reading, last: Wish, value: int | Fraction) -> bool:
    if last.product is None or not reading.matcher.products[last.product].pair:
        return False
    return value in SIZE_OF_PAIRS and Flag.QUALIFIED in last.element.flags


def _is_sized(reading: Reading, last: Wish, until: Element) -> bool:
    """Whether the customer gave a size of the last thing in digits; then the next number may be a size, too."""
    spans, tokens = reading.scanner.spans, reading.scanner.tokens
    start = max(last.element.start, until.start - _AHEAD)
    told = (spans[at] for at in range(start, until.start) if at in spans)
    return any(span.kind is Kind.SIZE and tokens[span.end - 1].kind is NUMBER for span in told)


def _share(reading: Reading, i: int, last: Wish) -> None:
    """ "Mi hermana quiere 2 y yo 3", "2 para mí y 3 para mi hermana": another person's share of the last thing."""
    element, context = reading.elements[i], reading.context
    q = element.quantity
    if q is None or (q.bare and q.value in SIZE_OF_PAIRS) or _is_sized(reading, last, element):
        return  # "un par 38 para mí y 40 para mi esposo": sizes
    first = -1 if last.element.q is None else last.element.q.index
    if not (context.is_share(first) or (context.person_before(first) and context.person_before(i))):
        part_of(reading, last, element)  # the first number is no share, so it may be the total
    last.parts.append(q.value)
    last.shared = True
    last.doubts.append(Doubt.IN_PARTS)


def _give(reading: Reading, i: int, last: Wish, element: Element) -> bool:
    """ "Camisas, 4": the quantity after the mark belongs to the thing before it; "camisas y gorras, 2 y 3": in turn."""
    q = element.quantity
    assert q is not None
    if q.unit is not None and last.element.q is not None and _is_article(last.element.q):
        last.set_amount(q)  # "una cinta de 3 cm, 2 metros"
        return True
    open_wishes = [w for w in reading.wishes if w.state is Stance.WANTED and w.amount is None]
    if last.amount is not None or not open_wishes:
        if reading.context.kind(i - 1) in (role.REQUEST, role.ADD) and last.amount is None:
            last.set_amount(q)
            return True
        return False
    run = [e for e in reading.elements[i : i + _AHEAD] if e.kind is role.QUANTITY and Flag.BOUND not in e.flags]
    later_things = any(e.kind in THINGS for e in reading.elements[i : i + _AHEAD])
    if not later_things and len(run) == len(open_wishes) > 1:
        open_wishes[0].set_amount(q)
        open_wishes[0].doubts.append(Doubt.IN_TURN)
        return True
    if reading.context.kind(i - 1) is role.AND and reading.context.kind(i - 2) in THINGS:
        return False  # "vela 1 y 7", of which there is no 7
    last.set_amount(q)
    last.doubts.append(Doubt.QUANTITY_APART)
    return True


def _is_article(element: Element) -> bool:
    return element.quantity is not None and element.quantity.article


def multiple(reading: Reading, i: int, kind: Role, state: ReadingState) -> None:
    factor = {role.SAME: Fraction(1), role.DOUBLE: Fraction(2), role.TRIPLE: Fraction(3), role.HALF_OF: Fraction(1, 2)}[
        kind
    ]
    j = reading.context.next(i, QUIET)
    thing = reading.context.kind(j)
    if thing in THINGS and reading.elements[j].q is None:
        state.factor = factor
        last = reading.last((Stance.WANTED,))
        if last is not None and reading.context.norm(i) == "la mitad":
            last.doubts.append(Doubt.QUALITY_OR_THING)  # "10 coronas, la mitad coronitas"
        return
    last = reading.last((Stance.WANTED,))
    before = reading.wishes[-2] if len(reading.wishes) > 1 else None
    if last is not None and last.amount is None and before is not None and reading.elements[i - 1] is last.element:
        last.set_multiple(before, factor)  # "5 gorras, bufandas lo mismo"
        return
    if last is not None and kind is not role.SAME:
        last.amount = (last.amount or 1) * factor
        last.doubts.append(Doubt.COMPUTED)


def each(reading: Reading, i: int, state: ReadingState) -> None:
    if serves_each(reading, i):
        return
    if (
        state.each is None
        and reading.context.kind(i + 1) is role.QUANTITY
        and Flag.BOUND in reading.elements[i + 1].flags
    ):
        return
    if state.each is None and reading.context.kind(i - 1) is role.QUANTITY:
        q = reading.elements[i - 1].quantity
        if q is not None and Flag.BOUND not in reading.elements[i - 1].flags and not q.article:
            state.each = q


def of_each_kind(reading: Reading, i: int, amount: Quantity | None) -> Quantity | None:
    """How many of each: "una barra de cada sabor"; none if the word may be other things, too."""
    match = reading.elements[i].match
    if match is None or match.how is not How.SEVERAL or not reading.context.tells_each_kind(i):
        return None
    told = len(match.products) < MOST_CHOICES and reading.matcher.differ_in_one(match.products)
    return amount if told else None


def may_be_each(reading: Reading, i: int, match: Match) -> bool:
    """ "una brocha de cada medida", if "brocha" is the name of one product: whether there are more of its kind."""
    if match.words > 1 or not reading.context.tells_each_kind(i):
        return False
    return any(len(family.products) > 1 for family in reading.matcher.families_of(match.products[0]))


def share_each(reading: Reading, state: ReadingState) -> None:
    if state.each is None:
        return
    wanted = [wish for wish in reading.wishes if wish.state is Stance.WANTED]
    if len(wanted) == 1 and not reading.servings:
        wanted[0].doubts.append(Doubt.QUALITY_OR_THING)  # "pintauñas rojo y negro, uno de cada uno"
    for wish in reading.wishes:
        counted = wish.element.q is not None and not _is_article(wish.element.q)
        if wish.state is Stance.WANTED and not counted:
            wish.set_amount(state.each)
        elif wish.state is Stance.MENTIONED and reading.requested:
            wish.state = Stance.WANTED
            wish.set_amount(state.each)
