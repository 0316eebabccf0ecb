"""Finds the unexplained parts of a message: numbers, kinds and corrections outside every line, question and span."""

from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from typing import Final

from recado.quotes.language import role
from recado.quotes.reading.amounts import SAYS_HOW
from recado.quotes.reading.context import WE_ARE
from recado.quotes.reading.reading import Reading
from recado.quotes.reading.wishes import Stance, Wish
from recado.quotes.scan.elements import Element, Flag

_APART: Final = 6
"""How many elements may be from "uno" to "otro"."""
_CLOTHES_SIZES: Final = range(31, 61)
_OWNED: Final = frozenset([Flag.PLACED, Flag.SIZE])
"""Flags of a quantity that has its thing, or is not an amount."""
_OF_THE: Final = frozenset([role.OF, role.DEFINITE])
_ADDS: Final = frozenset([role.AND, role.COMMA, role.LINE, role.REQUEST, role.ADD])
_ALL: Final = "total"
_MODELS: Final = range(1950, 2100)
"""Years from which a car or a machine may be."""
_SO: Final = frozenset(["entonces", "pues", "digamos"])
_IN_A_STORY: Final = frozenset([role.QUANTITY, role.UNKNOWN, role.AND, role.NOISE])
"""What may be between the verb of a story and what is told of."""
_OWNED_KINDS: Final = frozenset([role.QUANTITY, role.PRODUCT, role.SEVERAL, role.QUALITY])
"""Kinds of elements that a part of the answer must own."""
_SHOULD_BE: Final = ("sea", "sean", "fueran")
"""Ends of corrections that may say how: "que sean azules"."""
_ADJECTIVES: Final = ("o", "a", "e", "s")
_THE: Final = frozenset(["los", "las"])
_SAYS_WHY: Final = "que"
"""The end of corrections that say why: "no que están caros"."""


class Accounts:
    """Tracks which parts of one reading are explained by what. A wish explains its thing even if the thing is
    refused or only mentioned."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._wishes = list(_with_kinds(reading.wishes))
        self._elements = {wish.element.index for wish in self._wishes}
        self._things = {e.q.index: e for e in reading.elements if e.q is not None}

    @cached_property
    def _products(self) -> set[int]:
        return {wish.product for wish in self._wishes if wish.product is not None}

    @cached_property
    def _amounts(self) -> set[int | Fraction]:
        return {1 if wish.amount is None else wish.amount for wish in self._wishes if wish.state is Stance.WANTED}

    @cached_property
    def _total(self) -> Fraction:
        """What the wished things cost together."""
        products = self._reading.matcher.products
        wished = [w for w in self._wishes if w.state is Stance.WANTED and w.product is not None]
        return sum(
            (Fraction(products[w.product].unit_price) * (w.amount or 1) for w in wished if w.product is not None),
            Fraction(0),
        )

    @cached_property
    def _count(self) -> int | Fraction:
        """How many pieces are wished in all."""
        return sum(wish.total(False) for wish in self._reading.wishes if wish.state is Stance.WANTED)

    @cached_property
    def _spanned(self) -> set[int]:
        return {i for span in self._reading.scanner.spans.values() for i in range(span.start, span.end)}

    def unowned(self) -> tuple[str, ...]:
        """The unexplained parts, as the customer wrote them. Without a wish there is nothing to ask about."""
        reading = self._reading
        if not self._wishes:
            return ()
        found: list[Element] = []
        if role.CORRECTION in reading.kinds:
            corrections = (self._unmended(e) for e in reading.elements if e.kind is role.CORRECTION)
            found += [element for element in corrections if element is not None]
        if role.CHANGE in reading.kinds:
            exchanges = (self._unexchanged(e) for e in reading.elements if e.kind is role.BY)
            found += [element for element in exchanges if element is not None]
        found += [
            element for element in reading.elements if element.kind in _OWNED_KINDS and not self._is_owned(element)
        ]
        found += [element for element in reading.elements if element.kind is role.NOISE and self._opens_a_name(element)]
        return tuple(dict.fromkeys(reading.scanner.written(element.start, element.end) for element in found))

    def _opens_a_name(self, element: Element) -> bool:
        """ "un kilo de helado y conos", where "conos" begins a name: a container in the place of a thing."""
        context, norm = self._reading.context, self._reading.scanner.norms[element.start]
        listed = role.CONTAINER in element.roles and context.kind(element.index - 1) in _ADDS
        return listed and context.closes(element.index + 1) and bool(self._reading.matcher.near(norm))

    def _is_owned(self, element: Element) -> bool:
        if element.kind is role.QUANTITY:
            return self._is_owned_number(element)
        if self._is_claimed(element):
            return True
        if self._is_other_pack(element):
            return False
        return element.kind is role.QUALITY and (Flag.MENDED in element.flags or not self._tells_another(element))

    def _is_other_pack(self, element: Element) -> bool:
        """ "alitas x 12 x 3", which are sold by six: a pack that no wished product is."""
        reading, i = self._reading, element.index - 1
        if i < 0 or Flag.X not in reading.elements[i].flags:
            return False
        value = reading.scanner.tokens[element.start].value
        sold = {v for n in self._products for size in reading.matcher.sizes_of(n) for v in size.values}
        return bool(sold) and value is not None and value not in sold

    def _is_owned_number(self, element: Element) -> bool:
        q, thing = element.quantity, self._things.get(element.index)
        if q is None or not q.value or q.unusable is not None:
            return True
        if q.article and not self._is_of_something(element.index):
            return True
        if (
            thing is not None
            and Flag.LOST not in thing.flags
            and (thing.kind is role.QUALITY or self._is_claimed(thing))
        ):
            return True
        measures = q.unit is not None and thing is not None  # "2 kg", which are a size elsewhere
        told = self._reading.elements[element.index - 1] if thing is None and q.value in _MODELS else thing
        if element.negative or self._is_of_story(told) or element.flags & _OWNED:
            return True
        if element.start in self._spanned and not measures:
            return True
        if self._is_of_people(element.index) or self._is_elsewhere(element.index) or self._is_told(element.index):
            return True
        if q.value == 1 and self._is_first_of_two(element.index):
            return True
        if self._says_again(element.index) and q.value in self._amounts:
            return True
        worth = self._reading.context.kind(element.index - 1) is role.BY  # "camisas por 40", which is no size
        worth = worth and self._reading.scanner.norms[element.start - 1] not in _THE  # "cuánto sería por los dos"
        summed = thing is None and not worth and 1 < q.value == self._count  # "2 camisas y 1 gorra, son 3 en total"
        if (summed or q.value == self._total) and not self._adds(element.index):
            return True  # "2 camisas y 1 gorra, total 85 verdad?"
        # "es rin 17, deme una cámara rin 17"
        apart = thing is None or self._reading.context.kind(thing.index - 1) is role.COPULA
        return apart and any(self._explains(product, q.value, worth) for product in self._products)

    def _adds(self, i: int) -> bool:
        """Whether a number may be one more of the things, unlike "2 camisas y 1 gorra, 3 en total"."""
        context = self._reading.context
        return context.kind(i - 1) in _ADDS and _ALL not in (context.norm(i + 1), context.norm(i + 2))

    def _is_of_something(self, i: int) -> bool:
        """ "y uno de una a media": one of what could not be read."""
        context = self._reading.context
        return i not in self._things and context.kind(i + 1) is role.OF and context.kind(i + 2) is role.QUANTITY

    def _is_of_story(self, thing: Element | None) -> bool:
        """ "se me murieron 3 pollos", "tengo 40 becerros y 3 vacas", "tengo un jetta 2015": what the customer has or
        lost, and does not order."""
        if thing is None or thing.kind is not role.UNKNOWN:
            return False
        told = (e.kind for e in reversed(self._reading.elements[: thing.index]) if e.kind not in _IN_A_STORY)
        return next(told, role.OUTSIDE) is role.STORY

    def _says_again(self, i: int) -> bool:
        """ "me sirve un plumón, mándame uno", "una gorra, nomás una", "2 tortas, las 2 frías", "somos 22, entonces
        22", "5 bolsas chicas, no, mejor la grande, 5"."""
        context = self._reading.context
        if context.kind(i - 1) is role.COMMA and context.kind(i - 2) is role.QUALITY and context.closes(i + 1):
            return Flag.MENDED in self._reading.elements[i - 2].flags
        return context.kind(i - 1) in (role.REQUEST, role.ONLY, role.DEFINITE) or context.norm(i - 1) in _SO

    def _is_first_of_two(self, i: int) -> bool:
        """ "2 churrascos, uno término medio y el otro bien cocido": how one of several is wanted."""
        context, several = self._reading.context, any(n > 1 for n in self._amounts)
        others = (e for e in self._reading.elements[i + 1 : i + _APART] if Flag.ANOTHER in e.flags)
        how = [i, *(e.index for e in others if Flag.BOUND not in e.flags)]
        return several and len(how) > 1 and all(context.kind(j + 1) in SAYS_HOW for j in how)

    def _is_of_people(self, i: int) -> bool:
        """ "somos 4 en casa", "4 adultos y 2 niños", "una familia de 6", "un cumple de 40"."""
        context = self._reading.context
        if context.kind(i - 1) is role.OF and context.roles(i - 2) & {role.PEOPLE, role.OCCASIONS}:
            return True
        return role.PEOPLE in context.roles(i + 1) or context.norm(i - 1) in WE_ARE

    def _is_told(self, i: int) -> bool:
        """ "mi talla es 38", "mi graduación es -2.50"."""
        context = self._reading.context
        j = i - 1 - (context.kind(i - 1) is role.LINK)
        return context.kind(j) is role.COPULA and context.kind(j - 2) is role.POSSESSIVE

    def _is_elsewhere(self, i: int) -> bool:
        """Whether the words beside a number have taken it: "4 en vez de 2 camisas", "5 camisas: M 2, L 3"."""
        context = self._reading.context
        behind = context.next(i, _OF_THE)
        house = behind > i + 1 and context.kind(i - 1) is role.DEFINITE and context.kind(behind) is role.MASK
        if house and role.ADDRESS in context.roles(behind):
            return True  # "la casa es la 15 del pasaje 4"
        return context.kind(i + 1) is role.INSTEAD or (i > 0 and Flag.SIZE in self._reading.elements[i - 1].flags)

    def _is_claimed(self, thing: Element) -> bool:
        """Whether a wish is for this thing, or for the same product."""
        if thing.index in self._elements:
            return True
        return thing.match is not None and not self._products.isdisjoint(thing.match.products)

    def _tells_another(self, element: Element) -> bool:
        """Whether a quality belongs to other products than those wished: "precio de bocina chica y grande"."""
        context = self._reading.context
        listed = context.kind(element.index - 1) is role.AND or context.is_listed(element.index)
        if not listed or element.q is not None or not (element.words or element.sizes):
            return False
        matcher = self._reading.matcher
        kin = {n for product in self._products for n in matcher.with_head(product, element.words, element.sizes)}
        return bool(kin) and kin.isdisjoint(self._products)

    def _unmended(self, correction: Element) -> Element | None:
        """The thing in a correction that could not be understood: "mejor marmolado", which is not sold."""
        context, elements = self._reading.context, self._reading.elements
        says = context.norm(correction.index)
        if says.endswith(_SAYS_WHY):
            return None
        i = correction.index + 1
        while context.kind(i) in (role.OF, role.DEFINITE, role.COPULA, role.COMMA):
            i += 1
        element = elements[i] if i < len(elements) else None
        if element is None or element.index in self._elements:
            return None
        lost = element.kind is role.QUALITY and element.q is None and Flag.MENDED not in element.flags
        unknown = element.kind is role.UNKNOWN and Flag.VERB not in element.flags
        if says.endswith(_SHOULD_BE):
            lost = lost and self._is_half_of_a_kind(element)
            unknown = unknown and not self._is_adjective(element)
        behind = i + 1 + (context.kind(i + 1) is role.COPULA)  # "perdón, h7 son"
        return element if lost or (unknown and context.closes(behind)) else None

    def _is_adjective(self, element: Element) -> bool:
        """Whether an unknown word has the ending of an adjective and is no goods: "que sean blanditos"."""
        return Flag.GOOD not in element.flags and self._reading.scanner.norms[element.start].endswith(_ADJECTIVES)

    def _unexchanged(self, by: Element) -> Element | None:
        """What a thing is changed for, if it is not sold: "cambia la leche entera por deslactosada", "cambia el
        vestido por uno de fiesta", "la sábana queen cámbiala por super king"."""
        context, elements = self._reading.context, self._reading.elements
        i = by.index + 1
        counted = context.kind(i) is role.QUANTITY and context.kind(i + 1) is role.OF
        i += 2 if counted else 0
        changed = any(e.kind is role.CHANGE for e in elements[: by.index])
        described = context.kind(i) is role.NOISE and (counted or role.MODIFIER in context.roles(i))
        unknown = context.kind(i) is role.UNKNOWN and i not in self._elements
        return elements[i] if changed and (described or unknown) else None

    def _is_half_of_a_kind(self, quality: Element) -> bool:
        """ "mejor que sean manga corta", where names have another "manga"."""
        matcher = self._reading.matcher
        return any(
            matcher.with_head(product, [word]) and not matcher.with_head(product, quality.words)
            for product in self._products
            for word in quality.words
        )

    def _explains(self, number: int, value: int | Fraction, worth: bool) -> bool:
        """Whether a number can be the price of a product, or a size of it; the price only, if it tells a `worth`."""
        matcher = self._reading.matcher
        if Fraction(matcher.products[number].unit_price) == value:
            return True
        if worth:
            return False
        if any(value in size.values for size in matcher.sizes_of(number)):
            return True
        sized = any(family.dimensions for family in matcher.families_of(number))
        return value in _CLOTHES_SIZES and matcher.is_worn(number) and not sized


def _with_kinds(wishes: list[Wish]) -> Iterator[Wish]:
    for wish in wishes:
        yield wish
        yield from _with_kinds(wish.kinds)
