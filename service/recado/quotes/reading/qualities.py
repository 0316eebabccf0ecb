"""Qualities that stand for a thing said before: "una azul", "2 talla M", "3 jeans: 2 azules y 1 negro"."""

import itertools
from collections.abc import Collection
from typing import Final

from recado.quotes.catalogue.matcher import MOST_CHOICES, How
from recado.quotes.language import role
from recado.quotes.language.numbers import Quantity
from recado.quotes.language.role import Role
from recado.quotes.language.sizes import COUNT, Size
from recado.quotes.language.text import WORD
from recado.quotes.reading.contradictions import EXCLUSIVE, contradicts, says_how
from recado.quotes.reading.reading import Reading
from recado.quotes.reading.wholes import tells_sort
from recado.quotes.reading.wishes import Doubt, ReadingState, Stance, Wish
from recado.quotes.scan.elements import ALL, Element, Flag
from recado.quotes.scan.words import Kind

_BEFORE_LISTED: Final = frozenset([role.AND, role.COMMA, role.PRICE])
_INSTEAD: Final = frozenset([
    role.COMMA, role.STOP, role.BUT, role.REQUEST, role.NOISE, role.CORRECTION, role.COURTESY, role.ONLY, role.NEGATION,
    role.NOPE,
])  # fmt: skip
"""What may be between a refused thing and the kind that is wanted in its place."""
_SIZING: Final = frozenset([role.SIZE, role.SIZEMARK])
"""The roles of words that say a size, or that one follows."""


def follow_quality(reading: Reading, element: Element, state: ReadingState) -> None:
    """ "una azul", "2 talla M", "3 de manga corta": another kind of the last product, a part of it, or what all of the
    things before are."""
    if _is_said_of_all(reading, element):
        element.flags.add(Flag.MENDED)
    else:
        _follow(reading, element, state)


def _follow(reading: Reading, element: Element, state: ReadingState) -> None:
    q = element.q.quantity if element.q is not None else None
    last = _described(reading, element, state)
    if q is None and last is not None:
        q = _as_many(reading, last, element, state)
    if last is None or last.product is None:
        _follow_unknown(reading, last, element, q)
        return
    last = _of_its_kind(reading, last, element)
    assert last.product is not None
    others = _meant(reading, last, last.product, element, q)
    if len(others) == 1 and _is_alternative(reading, last, element, others[0]):
        last.leave_open(others[0], reading.scanner.written(last.element.start, element.end))
        return
    if (element.sizes and len(others) != 1) or _leaves_open(last, others):
        _ask_which(reading, last, element, q, others, state)
        return
    product = others[0] if len(others) == 1 else None
    again = state.corrected or state.restating
    if again and product is not None and q is not None and _says_again(reading, product, q, state):
        return
    if product is not None and (product != last.product or element.sizes):
        if not (state.corrected and _mend_kind(reading, last, product, element, q, state)):
            _add_kind(reading, last, product, element, q)
    elif q is None or _is_one_of(reading, last, element, q):
        _describe(reading, last, element, state)
    elif contradicts(reading, last, element) or (not others and _is_thing(reading, last, element, q)):
        _add_wish(reading, Wish(element, None, element.text), q)
    elif state.corrected or (state.restating and others):
        last.amount, last.pairs, last.parts = q.value, q.pairs, []
        state.corrected = False
    elif last.state is Stance.MENTIONED:
        last.state, last.amount = Stance.WANTED, q.value
        last.doubts.append(Doubt.HEAD_LEFT_OUT)
    else:
        _add_part(reading, last, element, q, bool(others))


def _is_said_of_all(reading: Reading, element: Element) -> bool:
    """ "2 pasteles, uno de chocolate y otro de zanahoria, los dos enteros": a quality that all that is wanted has."""
    q, i = element.q, element.q.index - 1 if element.q is not None else -1
    if q is None or q.quantity is None or reading.context.kind(i) is not role.DEFINITE or not element.words:
        return False
    wanted = [w for w in reading.wishes if w.state is Stance.WANTED]
    if not reading.context.opens(i) or sum(w.amount or 1 for w in wanted) != q.quantity.value:
        return False
    has = reading.matcher.with_head
    return all(w.product is not None and w.product in has(w.product, element.words, element.sizes) for w in wanted)


def _described(reading: Reading, element: Element, state: ReadingState) -> Wish | None:
    """The thing said before that a quality may stand for."""
    i = _before_kind(reading, element)
    latest = reading.wishes[-1] if reading.wishes else None
    if (
        latest is not None
        and latest.state is Stance.REFUSED
        and [reading.context.kind(k) for k in (i - 1, i)] == [role.COMMA, role.DEFINITE]
        and latest.element.end == reading.elements[i - 1].start
    ):
        return latest  # "no el overol M, el L"
    if latest is not None and latest.state is Stance.REFUSED and _is_in_place(reading, latest, element):
        return latest
    heir = state.heir if state.corrected else None
    changed = heir.product if heir is not None else None
    if changed is not None and reading.matcher.with_head(changed, element.words, element.sizes):
        return heir  # "2 camisas y 3 gorras azules, cambia las gorras por negras"
    last = reading.last((Stance.WANTED, Stance.MENTIONED)) or state.heir
    if last is None and (state.corrected or state.only or element.q is not None):
        return reading.last((Stance.REFUSED,))
    return last


def _is_in_place(reading: Reading, refused: Wish, element: Element) -> bool:
    """ "no quiero croquetas de cachorro, deme las de adulto": whether a kind is asked for in place of the refused thing
    right before."""
    i = _before_kind(reading, element)
    between = {e.kind for e in reading.elements[refused.element.index + 1 : i]}
    match = refused.element.match
    if reading.context.kind(i) is not role.DEFINITE or match is None or not (between and between <= _INSTEAD):
        return False
    return bool(reading.matcher.with_head(match.products[0], element.words, element.sizes))


def _add_wish(reading: Reading, wish: Wish, q: Quantity | None) -> None:
    if q is not None:
        wish.set_amount(q)
    reading.wishes.append(wish)


def _follow_unknown(reading: Reading, last: Wish | None, element: Element, q: Quantity | None) -> None:
    """A quality after nothing, or after a thing that is not a product or could be several."""
    if last is not None and (element.words or element.sizes) and last.element.match is not None:
        _resolve(reading, last, element)
        return
    pointed = (
        reading.context.kind(element.index - 1) is role.DEFINITE
        and role.COLOURS in reading.scanner.roles[element.start]
        and reading.context.closes(element.index + 1)
    )
    if (q is not None or pointed) and element.words and (last is None or last.element.kind is role.QUALITY):
        reading.wishes.append(Wish(element, None, element.text, q.value if q is not None else None))
    else:
        element.flags.add(Flag.LOST)


def _meant(reading: Reading, last: Wish, product: int, element: Element, q: Quantity | None) -> tuple[int, ...]:
    """The products of this quality that share the head of the last one; as few as the words leave."""
    matcher = reading.matcher
    others = matcher.with_head(product, element.words, element.sizes)
    left_open = last.whole.choices if last.whole is not None else ()
    if others and left_open and len(left_open) < MOST_CHOICES:  # "codos cpvc\n1/2: 8\n3/4: 5"
        others = tuple(n for n in others if n in left_open) or (others if len(others) > 1 else ())
    if len(others) > 1 and not element.words:
        first = last.whole.product if last.whole is not None else None  # "funda 13: 2, 13 pro: 1, 15: 4"
        siblings = matcher.siblings(product, others)
        if not siblings and first is not None:
            siblings = matcher.siblings(first, others)
        others = siblings or others
    elif others and not element.words and matcher.has_size_like(product, element.sizes):
        told = [word for word in _words_of(reading, last) if matcher.knows(word)]
        if told and not matcher.siblings(product, others) and not matcher.with_head(product, told, element.sizes):
            return ()  # "taquete plástico 5/16 y 2 de 3/8", where only another kind is sold in 3/8
    if len(others) > 1:
        head = reading.scanner.norms[last.element.start]
        others = matcher.with_head(product, element.words, element.sizes, head=head) or others
        others = matcher.nearest_kin(product, others) or others
        others = matcher.with_head(product, [*element.words, *_words_of(reading, last)], element.sizes) or others
        if q is not None and q.unit is not None:
            size = Size((min(q.value, 1),), q.unit)
            others = matcher.with_head(product, element.words, [size]) or others
        if not element.sizes:  # "2 fundas libro iPhone 13 y una de silicona": of the same size
            others = tuple(n for n in others if {*matcher.sizes_of(n)} & {*matcher.sizes_of(product)}) or others
        to_its_end = matcher.said_whole(others, element.words, element.sizes)
        others = to_its_end if len(to_its_end) == 1 else matcher.exchanged(product, element.words, others) or others
    if not others and role.PLAIN in reading.scanner.roles[element.start]:
        return matcher.plain_kin(product)  # "un brownie sin gluten y otro normal"
    return others


def _words_of(reading: Reading, last: Wish) -> list[str]:
    """The words of a name that are no size: those of "globos rojos del 9" in "y del 12"."""
    match, tokens = last.element.match, reading.scanner.tokens
    if match is None:
        return []
    named = range(last.element.start + 1, match.last + 1)
    said = (tokens[i] for i in named if reading.scanner.roles[i].isdisjoint(_SIZING))
    return [t.norm for t in said if t.kind is WORD and t.norm not in reading.matcher.skipped]


def _ask_which(
    reading: Reading, last: Wish, element: Element, q: Quantity | None, others: tuple[int, ...], state: ReadingState
) -> None:  # fmt: skip
    """A quality that no product with the head has, or several have."""
    assert last.product is not None
    if q is not None or state.corrected:
        _add_wish(reading, Wish(element, None, element.text, last.amount, choices=others), q)
        state.corrected = False
    elif not others and _is_listed_kind(reading, element):
        article = reading.elements[_before_kind(reading, element)]
        text = reading.scanner.written(article.start, element.end)
        reading.wishes.append(Wish(element, None, text))  # "precio del pollo entero y del medio?"
    elif not others and any(size.unit not in (None, COUNT) for size in reading.matcher.sizes_of(last.product)):
        last.doubts.append(Doubt.QUALITY_OR_THING)  # "crema x2 de 500", where it has another size


def _mend_kind(
    reading: Reading, last: Wish, product: int, element: Element, q: Quantity | None, state: ReadingState
) -> bool:  # fmt: skip
    """Corrects the last wish to another kind; false if that kind is wished besides, or in place of a refused one."""
    if q is None and last is state.heir:  # "cambie la leche entera por deslactosada"
        reading.wishes.append(Wish(element, product, element.text, last.amount, last.pairs))
        state.heir, state.corrected = None, False
        return True
    if q is None:
        last.product, last.state = product, Stance.WANTED
        element.flags.add(Flag.MENDED)
        state.corrected, state.restating = False, True  # "que sea azul, dos metros de satén azul"
        return True
    if element.sizes and product == last.product:
        last.set_amount(q)
        last.parts = []
        state.corrected = False
        return True
    if reading.context.kind(element.index - 1) is not role.AND and last.state is Stance.WANTED:
        last.state, state.corrected = Stance.REFUSED, False  # "labial rojo 2, mejor 2 vino"
    return False


def _add_kind(reading: Reading, last: Wish, product: int, element: Element, q: Quantity | None) -> None:
    """ "3 jeans: 2 azules": wishes for another kind of the last thing, unless the quality only describes it."""
    if last.state is Stance.REFUSED and _is_in_place(reading, last, element):
        wish = Wish(element, product, element.text, last.amount, last.pairs, doubts=[Doubt.HEAD_LEFT_OUT])
        _add_wish(reading, wish, q)
        return
    told = element.sizes or _is_listed_kind(reading, element) or _is_requested(reading, last, element)
    if q is None and not (told or tells_sort(reading, last, element)):
        return
    assert last.product is not None
    whole = last.whole or last
    _share_amount(reading, last, q)
    wish = Wish(element, product, element.text, whole=whole)
    wish.doubts.append(Doubt.HEAD_LEFT_OUT)
    if element.words and not reading.matcher.is_told(product, element.words, last.product):
        wish.doubts.append(Doubt.QUALITY_OR_THING)  # "una de queso", of jamón y queso
    if not element.sizes:
        part_of(reading, whole, element)
        whole.specific = _is_specific(reading, whole, product)
        whole.kinds.append(wish)
    _add_wish(reading, wish, q)


def _share_amount(reading: Reading, first: Wish, q: Quantity | None) -> None:
    """ "las 2 piñatas, la grande y la mediana": a kind that took the whole amount is one of it, since another kind
    follows."""
    whole = first.whole
    if whole is None or whole.product is not None or whole.amount is None or first.element.q is not None:
        return
    if q is None or reading.context.kind(_before_kind(reading, first.element)) is role.DEFINITE:
        first.amount, whole.state = None, Stance.WANTED


def _is_one_of(reading: Reading, last: Wish, element: Element, q: Quantity) -> bool:
    """ "2 hamburguesas, una sin cebolla y una sin crema": some of the things before, and not more of them."""
    if last.amount is None or last.amount < q.value or not says_how(reading, last, element):
        return False
    told = any(Flag.MENDED in e.flags for e in reading.elements[last.element.index + 1 : element.index])
    return told or (element.q is not None and reading.context.kind(element.q.index - 1) is not role.AND)


def _describe(reading: Reading, last: Wish, element: Element, state: ReadingState) -> None:
    """A quality without a quantity that identifies no other product."""
    sized = role.SIZES in reading.scanner.roles[element.start] and not contradicts(reading, last, element)
    if sized or Flag.SIZE in element.flags or says_how(reading, last, element):
        element.flags.add(Flag.MENDED)  # "mejor en talla M": which of the same
    if last.amount is not None:  # "un kilo de chuleta, pero que sean delgaditas"
        state.restating = state.corrected or state.restating
        state.corrected = False


def _add_part(reading: Reading, last: Wish, element: Element, q: Quantity, known: bool) -> None:
    """ "2 azules y 1 roja": parts of the last thing. `known`: whether products with its head have the quality."""
    part_of(reading, last, element)
    last.parts.append(q.value)
    last.doubts.append(Doubt.IN_PARTS)
    roles, thing = reading.scanner.roles, last.element
    if not {*element.words}.isdisjoint(reading.scanner.norms[thing.start : thing.end]):
        last.doubts.append(Doubt.QUALITY_OR_THING)  # "tierra para cactus y 4 cactus"
    kinds = roles[element.start]
    if element.words and not (kinds & EXCLUSIVE or element.sizes or known):
        last.doubts.append(Doubt.QUALITY_OR_THING)  # "2 absolut y 4 tónicas"


def _is_thing(reading: Reading, last: Wish, element: Element, q: Quantity) -> bool:
    """ "tres jabones y dos cafés": whether a colour is also a thing, and the last thing has no colour."""
    roles, thing = reading.scanner.roles, last.element
    coloured = any(role.COLOURS in roles[i] for i in range(thing.start, thing.end))
    return role.GOOD in roles[element.start] and not (q.pairs or coloured)


def _is_alternative(reading: Reading, last: Wish, element: Element, other: int) -> bool:
    """ "pechera S o M?": the customer has not decided between the last thing and another of its kind."""
    if last.state is not Stance.WANTED or other == last.product or element.q is not None:
        return False
    i = _before_kind(reading, element)
    i -= reading.context.kind(i) is role.DEFINITE
    return reading.context.kind(i) is role.OR and reading.elements[i].start == last.element.end


def _leaves_open(last: Wish, others: Collection[int]) -> bool:
    """Whether a quality belongs to several products, and not to the last: "un cierre de 20 y dos desmontables"."""
    return len(others) > 1 and last.product not in others


def _says_again(reading: Reading, product: int, q: Quantity, state: ReadingState) -> bool:
    """ "3 pequeños y 1 grande, perdón, 2 pequeños y 1 grande": a wished kind gets a new amount."""
    same = next((w for w in reading.wishes if w.product == product and w.state is Stance.WANTED), None)
    if same is None:
        return False
    same.set_amount(q)
    same.parts = []
    same.doubts.append(Doubt.CORRECTED)
    state.corrected, state.restating = False, True
    return True


def _is_listed_kind(reading: Reading, element: Element) -> bool:
    """ "Los tacos al pastor y los de suadero", "bocina chica y grande", "cuánto el grande y cuánto el chico": a kind
    that continues a list."""
    i = element.index - 1
    if reading.context.kind(i) in (role.AND, role.COMMA) and reading.context.is_listed(element.index):
        return True
    if reading.context.kind(i) is role.AND:
        return False
    i = _before_kind(reading, element)
    return reading.context.kind(i) is role.DEFINITE and reading.context.kind(i - 1) in _BEFORE_LISTED


def _is_requested(reading: Reading, last: Wish, element: Element) -> bool:
    """ "¿tienen pechera S? mándeme la M": a kind of what was only asked about."""
    i = _before_kind(reading, element)
    pointed = reading.context.kind(i) is role.DEFINITE and reading.context.kind(i - 1) is role.REQUEST
    return pointed and last.state is Stance.MENTIONED


def _before_kind(reading: Reading, element: Element) -> int:
    """The element before a kind and its "de"."""
    i = element.index - 1
    return i - (reading.context.kind(i) is role.OF)


def _as_many(reading: Reading, last: Wish, element: Element, state: ReadingState) -> Quantity | None:
    """ "y la misma cantidad de roja", "6 camisas, todas de manga larga": the number of the last thing."""
    factor, state.factor = state.factor, None
    if factor is None and (last.amount is None or not _is_of_all(reading, element)):
        return None
    amount = (last.amount or 1) * (1 if factor is None else factor)
    return Quantity(amount, element.end, pairs=last.pairs, unit=last.unit, bare=False)


def _is_of_all(reading: Reading, element: Element) -> bool:
    i = element.index - 1 - (reading.context.kind(element.index - 1) in (role.OF, role.TO, role.DEFINITE))
    return reading.context.kind(i) is role.NOISE and reading.context.norm(i) in ALL


def _is_specific(reading: Reading, whole: Wish, kind: int) -> bool:
    """Whether a thing was named by more than its head, or by what distinguishes it from the product `kind`: then it
    has no kinds ("5 tacos al pastor, 3 de asada", "uno de chorizo, uno de pollo")."""
    match = whole.element.match
    if whole.element.kind is role.QUALITY or match is None:
        return whole.element.kind is role.QUALITY
    so_called = reading.matcher.with_head(kind, [reading.scanner.norms[match.last]])  # not all, as of "chaufa"
    return match.words > 1 or (whole.product in so_called and kind not in so_called)


def _of_its_kind(reading: Reading, last: Wish, element: Element) -> Wish:
    """The last wish whose head has products of this kind or size; the last of all if none has."""
    wishes = (w for w in reversed(reading.wishes) if w.state is Stance.WANTED)
    tried: set[int] = set()
    for wish in itertools.chain((last,), wishes):
        if wish.product is None or wish.product in tried:
            continue
        if reading.matcher.with_head(wish.product, element.words, element.sizes):
            return wish
        tried.add(wish.product)
    return last


def part_of(reading: Reading, whole: Wish, part: Element) -> None:
    """Distinguishes a division ("3 camisas: 2 azules y 1 roja") from an addition ("2 camisas azules y 1 roja"). The
    first part decides: "y" and "otra" add, and so does a quality that contradicts the whole."""
    if whole.parts or whole.kinds:
        return
    opener = part if part.q is None or part.q.index > part.index else part.q
    i, more = opener.index - 1, Flag.ANOTHER in opener.flags or reading.context.kind(part.index + 1) is role.MORE
    while reading.context.kind(i) in (role.NOISE, role.OF, role.THAT, role.DEFINITE, role.FOR, role.POSSESSIVE):
        more = more or role.ANOTHER in reading.context.roles(i)
        i -= 1
    marked = not more and (
        reading.context.kind(i) in (role.COMMA, role.LINK, role.LINE, role.STOP) or _is_of_all(reading, part)
    )
    added = more or reading.context.kind(i) is role.AND
    marked = marked and not more
    whole.divisible = (marked or not added) and not _qualities(reading, whole.element) & _qualities(reading, part)
    whole.divided = whole.divisible and marked and Flag.QUALIFIED not in whole.element.flags


def _qualities(reading: Reading, element: Element) -> set[Role]:
    """The tables that the qualities of an element are in: a colour, a size, a material, a wearer."""
    found: set[Role] = set()
    i = element.start
    while i < element.end:
        span = reading.scanner.spans.get(i)
        if span is not None and span.kind is Kind.SIZE:
            found.add(role.SIZES)
            i = span.end
            continue
        found |= reading.scanner.roles[i] & EXCLUSIVE
        i += 1
    return found


def _resolve(reading: Reading, last: Wish, element: Element) -> None:
    """ "3 jeans: 2 azules y 1 negro": the kinds decide what the word left open."""
    assert last.element.match is not None
    options = last.choices or last.element.match.products
    found = {n for product in options for n in reading.matcher.with_head(product, element.words, element.sizes)}
    if not (last.element.match.how is How.OTHER and found.isdisjoint(options)):
        found &= {*options}  # "cable de iphone de 3 metros y el auxiliar": that is none of the first kind
    q = element.q.quantity if element.q is not None else None
    if len(found) > 1:  # "6 blancos" of "hilo": "hilo blanco", and no "hilo overlock blanco"
        said = [*_words_of(reading, last), *element.words]
        found = set(reading.matcher.said_whole(sorted(found), said, element.sizes)) or found
    if len(found) > 1 and q is not None:
        _add_wish(reading, Wish(element, None, element.text, choices=tuple(sorted(found))), q)
    if len(found) == 1:
        if (
            last.element.flags & {Flag.KIND, Flag.OTHER} or last.element.match.how is How.OTHER
        ):  # "2 tacos de lengua y 2 de pastor": that is none of these
            if element.q is None or element.q.index > last.element.index + 1:  # no "bloqueador factor 30 de 50 ml"
                _add_wish(reading, Wish(element, found.pop(), element.text), q)
            return
        amount = None if last.kinds else last.amount  # "3 piñatas, 2 grandes y la mediana": one of them
        wish = Wish(element, found.pop(), element.text, amount, last.pairs, last.unit, whole=last)
        if q is not None:
            wish.set_amount(q)
        wish.doubts.append(Doubt.HEAD_LEFT_OUT)
        reading.wishes.insert(reading.wishes.index(last), wish)
        last.kinds.append(wish)
        last.settle()
        if last.amount is None:
            reading.focus = wish
