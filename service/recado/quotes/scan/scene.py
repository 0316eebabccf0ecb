"""Answers questions about a place in a message: what is there, and what was read before it."""

import itertools
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from recado.quotes.catalogue.budget import LONGEST_TEXT, MOST_TOKENS, TooLongError
from recado.quotes.catalogue.codes import join_codes, join_models, join_spaced
from recado.quotes.catalogue.matcher import How, Match, Matcher
from recado.quotes.catalogue.measures import Measure, is_followed_by_other, measure, opens_amount
from recado.quotes.language import role
from recado.quotes.language.lexicon import FUNCTION, NONE, Unit
from recado.quotes.language.numbers import Quantity
from recado.quotes.language.role import Role, Roles
from recado.quotes.language.sizes import Size
from recado.quotes.language.text import NEWLINE, NUMBER, WORD, Token, tokenise
from recado.quotes.scan.descriptions import Tails
from recado.quotes.scan.elements import ALL, THINGS, Element, Flag
from recado.quotes.scan.joined import part_joined, part_numbers, spell_out
from recado.quotes.scan.lists import drop_indices, part_amounts
from recado.quotes.scan.noise import TABLE
from recado.quotes.scan.words import Words

_WORN_BY: Final = frozenset([role.PEOPLE, role.MODIFIER])
"""The roles of "niño", "mujer": people, and those for whom a product is made."""
_OPENS_LONG: Final = frozenset([role.NUMBER, role.COLLECTIVE, role.HALF])
_NO_NOUN: Final = frozenset(
    [
        role.AND,
        role.OR,
        role.BUT,
        role.COURTESY,
        role.THANKS,
        role.FOR,
        role.TO,
        role.CON,
        role.CORRECTION,
        role.NEGATION,
        role.REQUEST,
        role.EACH,
        role.FILLER,
    ]
)
ALSO: Final = frozenset(["tambien", "tmb", "tb", "tbn", "tmbn", "tambn", "igual", "igualmente"])
_BEFORE_EXCHANGED: Final = frozenset([*THINGS, role.QUANTITY, role.DEFINITE, role.OF])
"""What is between "cambia" and what the thing is exchanged for."""
_DIVIDES: Final = frozenset([role.COMMA, role.LINK])
_OPENS_LINE: Final = frozenset([role.LINE, role.REQUEST, role.ADD, role.COURTESY, role.GREETING])
"""What may precede a heading."""
_I_AM: Final = frozenset(["soy", "somos"])
_EXCHANGE: Final = 5
"""Elements of "cambia las 2 gorras por"."""
BEHIND: Final = 40
"""How many earlier elements are looked at: more than any sentence has."""
WHOLE: Final = frozenset([How.NAME, How.SOUND, How.MISSPELLED])
"""How an element matches that is one product, named completely."""
PRIORITY: Final = (
    role.RESTATEMENT, role.INSTEAD, role.EACH, role.DOUBLE, role.TRIPLE, role.HALF_OF, role.SAME, role.WITHOUT,
    role.CORRECTION, role.NEGATION, role.REMOVE, role.CHANGE, role.ADD, role.REQUEST, role.TOTAL, role.PRICE,
    role.AVAILABLE, role.STORY, role.ASIDE, role.ONLY, role.ANOTHER, role.MORE, role.BUT, role.AND, role.OR, role.CON,
    role.POSSESSIVE, role.DEFINITE, role.OF, role.FOR, role.BY, role.TO, role.THAT, role.ASK, role.COPULA,
    role.GREETING, role.THANKS, role.COURTESY, role.NOPE, role.YES, role.HELP,
)  # fmt: skip


@lru_cache(maxsize=4096)
def _first_of(roles: Roles) -> Role:
    """The first of the roles that words can have."""
    return next((one for one in PRIORITY if one in roles), role.NOISE)


class Scene(Words):
    """A message and the elements that were read so far. Raises TooLongError for too many letters or tokens."""

    def __init__(self, text: str, matcher: Matcher) -> None:
        tokens = _tokens(text, matcher)
        self.lexicon = matcher.lexicon
        find = self.lexicon.roles
        super().__init__(text, tokens, [find(t.norm) if t.kind is WORD else NONE for t in tokens], matcher)
        self.norms = [t.norm for t in tokens]
        self.opens_amount = [opens_amount(t, r, self.lexicon) for t, r in zip(tokens, self.roles, strict=True)]
        TABLE.spans(self)
        self.tails = Tails(tokens, self.norms, self.roles, self.spans, matcher, self.lexicon)
        self.elements: list[Element] = []
        self._measures: dict[int, Measure | None] = {}

    def add(self, kind: Role, start: int, end: int, roles: Roles = NONE) -> Element:
        element = Element(kind, start, end, roles)
        element.index = len(self.elements)
        self.elements.append(element)
        return element

    def measure(self, i: int) -> Measure | None:
        """The measure that starts at token `i`. The conversation asks again about places that the scanner has seen."""
        if i not in self._measures:
            self._measures[i] = measure(self.tokens, self.roles, i, self.lexicon)
        return self._measures[i]

    def is_followed_by_other(self, i: int) -> bool:
        """Whether a number at `i` stands before a word that no measure goes on with: "2 zapatos"."""
        if not is_followed_by_other(self.tokens, self.roles, i, self.lexicon):
            return False
        self._measures[i] = None
        return True

    def written_out(self, i: int) -> Match | None:
        """The product whose name is at `i` word for word, unless a longer name is there."""
        if self.matcher.verbatim.find(self.tokens, i) is None:
            return None
        written = self.matcher.written_out(self.tokens, i)
        return written if self.matcher.match(self.tokens, self.roles, i) == written else None

    def is_sized(self, element: Element, size: Size) -> bool:
        """Whether sizes like `size` distinguish the products of a thing's family."""
        assert element.match is not None
        dimension = size.key()[0]
        return any(
            dimension in family.dimensions or (family.dimensions and not dimension) or "" in family.dimensions
            for family in self.matcher.families_of(element.match.products[0])
        )

    def has_no_noun(self, i: int) -> bool:
        """Whether there is no noun at `i`."""
        if i >= len(self.tokens) or self.tokens[i].kind is not WORD:
            return True
        return bool(self.roles[i] & _NO_NOUN)

    def opens_entry(self, i: int) -> bool:
        """Whether a line is a name and a number, also if the name is a word that steers: "Salvo 1", a brand."""
        if self.kind(-1) is not role.LINE or i + 1 == len(self.tokens):
            return False
        return self.tokens[i + 1].kind is NUMBER and self.matcher.names(self.norms[i])

    def opens_name(self, i: int) -> bool:
        """Whether a product is named at `i`, by one word or more: "media gorra", "media campera inflable"."""
        if self.is_product(i):
            return True
        match = self.matcher.match(self.tokens, self.roles, i, head_only=False) if i < len(self.tokens) else None
        return match is not None and match.words > 1 and match.how in WHOLE

    def opens_product(self, i: int) -> bool:
        if i >= len(self.tokens) or self.tokens[i].kind is not WORD:
            return False
        return self.matcher.match(self.tokens, self.roles, i) is not None

    def counted_before(self) -> Quantity | None:
        return next((e.quantity for e in self.behind() if e.quantity is not None), None)

    def is_each(self, i: int) -> bool:
        phrase = self.lexicon.phrase(self.norms, i)
        return phrase is not None and role.EACH in phrase[1]

    def is_sold_by(self, product: int, unit: Unit) -> bool:
        sold_by = self.lexicon.measures.get(self.matcher.products[product].unit or "")
        return sold_by is not None and sold_by.dimension == unit.dimension

    def opens_long(self, i: int) -> bool:
        """Whether a container is the head of a name: "3 pack boxer"."""
        if role.CONTAINER not in self.roles[i]:
            return False
        match = self.matcher.match(self.tokens, self.roles, i, head_only=False)
        return match is not None and match.words > 1

    def is_long_name(self, i: int, *, any_word: bool = False) -> bool:
        """Whether a name of two or more words is at `i` that begins with a number or a measure, or any such name."""
        if i >= len(self.tokens) or (not any_word and self.roles[i].isdisjoint(_OPENS_LONG)):
            return False
        match = self.matcher.match(self.tokens, self.roles, i, head_only=False)
        return match is not None and match.words > 1 and match.how in WHOLE

    def is_counted(self, i: int) -> bool:
        return i < len(self.tokens) and self.tokens[i].kind is NUMBER

    def settles(self, i: int) -> bool:
        """Whether the word at `i` determines which of several products an earlier word meant."""
        things = [(e, e.match.products) for e in self.behind() if e.match is not None]
        return any(
            set(self.matcher.with_head(products[0], [self.norms[i]])) & set(products)
            if thing.kind is role.SEVERAL
            else self.is_heading(thing) and bool(self.matcher.with_head(products[0], [self.norms[i]]))
            for thing, products in things
        )

    def is_flavour(self, i: int, match: Match) -> bool:
        """ "12 cupcakes, mitad vainilla y mitad chocolate": a kind of the thing that is divided, although the name of a
        product begins with the word."""
        if match.how is not How.START or self.kind(-1) is not role.QUANTITY or not self.settles(i):
            return False
        last = next((e.kind for e in self.behind() if e.kind in THINGS), None)
        parts = self.kind(-2) in _DIVIDES or (self.kind(-2) is role.AND and last is role.QUALITY)
        return not self.norms[i].endswith("s") and (parts or self.has(self.elements[-1].start, role.HALF_OF))

    def is_exchanged(self) -> bool:
        """Whether a thing behind "cambia" was said last: what it is exchanged for follows."""
        if self.kind(-1) not in THINGS:
            return False
        before = itertools.dropwhile(lambda e: e.kind in _BEFORE_EXCHANGED, self.behind())
        return next((e.kind for e in before), role.OUTSIDE) is role.CHANGE

    def is_heading(self, thing: Element) -> bool:
        """Whether a thing stands alone on its line, without a number, and others below it: "Quesadillas\n2 pollo"."""
        before = self.elements[thing.index - 1].kind if thing.index else role.LINE
        behind = [e.kind for e in self.elements[thing.index + 1 : thing.index + 3]]
        return before in _OPENS_LINE and (behind[:1] == [role.LINE] or behind == [role.LINK, role.LINE])

    def kinds(self, i: int) -> set[int]:
        """The products that the word at `i` selects among those that share a head with an earlier thing."""
        before = (e.match.products[0] for e in self.behind() if e.match is not None and e.start < i)
        return {number for product in before for number in self.matcher.with_head(product, [self.norms[i]])}

    def parts_entries(self, i: int) -> bool:
        """ "camisas 3 - gorras 2": a dash behind the number of a thing and before the next thing."""
        spaced = self.tokens[i].spaced and self.opens_thing(i + 1) and self.tokens[i + 1].spaced
        return spaced and self.kind(-1) is role.QUANTITY and self.kind(-2) in THINGS

    def is_product(self, i: int) -> bool:
        return i < len(self.tokens) and self.tokens[i].kind is WORD and self.matcher.names(self.norms[i])

    def opens_thing(self, i: int) -> bool:
        return i < len(self.tokens) and self.tokens[i].kind is WORD and not self.roles[i] & FUNCTION

    def tells_apart(self, i: int) -> bool:
        return self.roles[i] >= _WORN_BY or self.is_part(self.norms[i])

    def is_part(self, norm: str) -> bool:
        """Whether a word belongs to products' names without being one."""
        return self.matcher.knows(norm) and not self.matcher.names(norm)

    def said_with(self, i: int) -> str:
        """The word after the last "con" or "sin" before `i`; empty if there is none."""
        before = (j for j in range(i - 2, max(-1, i - BEHIND), -1) if self.roles[j] & {role.CON, role.WITHOUT})
        at = next(before, None)
        return self.norms[at + 1] if at is not None and self.matcher.knows(self.norms[at + 1]) else ""

    def is_kind(self, i: int, besides: Sequence[str] = ()) -> bool:
        """Whether the word at `i`, with those in `besides`, distinguishes products that share a head with an earlier
        thing."""
        if i >= len(self.tokens) or self.tokens[i].kind is NEWLINE or role.ARTICLE in self.roles[i]:
            return False
        norms = [*besides, self.norms[i]]
        return any(
            self.matcher.with_head(e.match.products[0], norms) for e in self.elements[-BEHIND:] if e.match is not None
        )

    def letters(self, start: int, end: int) -> list[str]:
        """The letters of sizes from `start` to `end` that distinguish the products of an earlier thing: "talla M"."""
        return [self.norms[i] for i in range(start, end) if role.SIZEMARK in self.roles[i] and self.is_kind(i)]

    def after_correction(self) -> bool:
        return any(e.kind is role.CORRECTION for e in self.elements[-3:])

    def introduces(self, i: int) -> bool:
        """ "soy el técnico Ramiro", where there is a "térmico": whether the word at `i` says who the customer is."""
        before = i - 1 - self.has(i - 1, role.ARTICLE) - self.has(i - 1, role.DEFINITE)
        return before >= 0 and self.norms[before] in _I_AM

    def after_change(self) -> bool:
        return any(e.kind is role.CHANGE for e in self.elements[-_EXCHANGE:])

    def narrows(self, i: int) -> bool:
        """Whether the element at `i`, counted from the end, opens a kind of an earlier thing that leaves several
        open: "una broca de 1/4, pero para concreto"."""
        thing = next((e for e in self.behind() if e.match is not None), None)
        return self.kind(i) is role.BUT and thing is not None and thing.kind is role.SEVERAL

    def counts_too(self, i: int) -> bool:
        """Whether the word at `i` is an "also" between a thing and its number, after which nothing follows."""
        if self.norms[i] not in ALSO or self.kind(-1) is not role.PRODUCT or self.kind(-2) is role.QUANTITY:
            return False
        return self.is_counted(i + 1) and self.has_no_noun(i + 2)

    def after_all(self) -> bool:
        """Whether "todos" precedes, also when "de" or "en" follows it: "6 jeans, todos azules"."""
        i = len(self.elements) - 1 - (self.kind(-1) in (role.OF, role.TO, role.DEFINITE))
        return i > 0 and self.elements[i].kind is role.NOISE and self.norms[self.elements[i].start] in ALL

    def is_of_kin(self, product: int, norm: str) -> bool:
        """Whether a word names products that share a head with this one, but not this one."""
        kin = self.matcher.with_head(product, [norm])
        return bool(kin) and product not in kin

    def has_sizes(self, match: Match) -> bool:
        return any(family.dimensions for family in self.matcher.families_of(match.products[0]))

    def steer(self, start: int, end: int, roles: Roles) -> int:
        kind = _first_of(roles)
        if kind is role.ANOTHER:
            element = self.add(role.QUANTITY, start, end)
            element.quantity = Quantity(1, end, article=True)
            element.flags.update((Flag.ANOTHER, Flag.MORE))
            if start + 1 == end:
                element.kind, element.quantity = role.NOISE, None
            return end
        self.add(kind, start, end, roles)
        return end

    def written(self, start: int, end: int) -> str:
        if end <= start:
            return ""
        return self.text[self.tokens[start].start : self.tokens[end - 1].end].strip()

    def behind(self) -> Iterable[Element]:
        """The elements before the present one, the nearest first."""
        return itertools.islice(reversed(self.elements), BEHIND)

    def kind(self, i: int) -> Role:
        """The kind of the element at `i`, counted from the end."""
        return self.elements[i].kind if len(self.elements) >= -i else role.OUTSIDE


def _tokens(text: str, matcher: Matcher) -> list[Token]:
    """The tokens that the elements are read from: without the numbering of a list, with codes joined and joined
    words split."""
    if len(text) > LONGEST_TEXT:
        raise TooLongError
    tokens = tokenise(text)
    if len(tokens) > MOST_TOKENS:
        raise TooLongError
    if NUMBER in [token.kind for token in tokens]:
        part_numbers(tokens, matcher)
        drop_indices(tokens, matcher.lexicon)
        join_codes(tokens, matcher.codes, matcher.code_shapes)
    matcher.series.spell(tokens, matcher.knows)
    if matcher.shapes:
        join_models(tokens, matcher.lexicon, matcher.shapes)
        join_spaced(tokens, matcher.lexicon, matcher.knows)
    spell_out(tokens, matcher)
    part_joined(tokens, matcher)
    part_amounts(tokens, matcher)
    return tokens
