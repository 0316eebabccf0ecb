"""From tokens to elements: quantities, products, unknown things and the words that steer, in the order they stand."""

import itertools
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Final

import msgspec

from recado.quotes.codes import join_codes, join_models
from recado.quotes.elements import (
    COMMA,
    LINE,
    LINK,
    MASK,
    NOISE,
    PRODUCT,
    QUALITY,
    QUANTITY,
    QUESTION,
    SEVERAL,
    STOP,
    THINGS,
    UNKNOWN,
    Element,
)  # fmt: skip
from recado.quotes.joined import part_joined, spell_out
from recado.quotes.lexicon import FUNCTION, NONE, QUANTITY_ROLES, Unit
from recado.quotes.lists import drop_indices
from recado.quotes.matcher import How, Match, Matcher
from recado.quotes.measures import Measure, measure
from recado.quotes.noise import TABLE
from recado.quotes.numbers import Quantity, Unusable, cardinal, quantity
from recado.quotes.sizes import SOLD_BY, Size
from recado.quotes.steps import LONGEST_TEXT, MOST_TOKENS, TooLongError
from recado.quotes.tails import VERB_ENDINGS, Tails
from recado.quotes.text import EMOJI, NEWLINE, NUMBER, PUNCT, WORD, key, tokenise
from recado.quotes.vocabulary import EXACT
from recado.quotes.words import Kind, Words

_PRIORITY: Final = (
    "instead", "each", "double", "triple", "half_of", "same", "without", "correction", "negation", "remove", "change",
    "add", "request", "total", "price", "available", "story", "aside", "only", "another", "more", "but", "and", "or",
    "con", "possessive", "definite", "of", "for", "by", "to", "that", "ask", "copula", "greeting", "thanks",
    "courtesy", "nope", "yes", "help",
)  # fmt: skip
_SMALL_TALK: Final = frozenset(["greeting", "filler", "noun", "courtesy", "good"])
_STRONG: Final = frozenset(["request", "add", "remove", "change", "yes", "price"])
_MARKS: Final = {
    ",": COMMA, ";": COMMA, "/": COMMA, "+": COMMA, "&": COMMA, ".": STOP, "!": STOP, "¡": STOP, "?": QUESTION,
    "¿": STOP, ":": LINK, "=": LINK, "-": LINK, "(": LINK, "|": LINK, "•": LINE, ">": LINE,
}  # fmt: skip
_WORN_BY: Final = frozenset(["people", "modifier"])
"""The roles of "niño", "mujer": people, and whom a good is made for."""
_BEHIND: Final = 40
"""Elements looked at before the present one: more than any sentence has."""
_LISTED: Final = frozenset([LINE, COMMA, LINK])
"""Marks that a thing of a list may stand behind."""
_WHOLE: Final = frozenset([How.NAME, How.SOUND, How.MISSPELLED])
"""One product, and its name was said to the end."""
_TIMES: Final = frozenset(["double", "triple", "half_of"])
_BEFORE_KIND: Final = frozenset([QUANTITY, "and", COMMA, "definite", "correction"])
_BEFORE_LISTED: Final = frozenset([LINE, COMMA, "and", LINK, "by", "only", "same"])
_BEFORE_MEASURE: Final = frozenset(["correction", "request", "add", COMMA])
_BEFORE_SIZE: Final = frozenset([QUANTITY, "and", "correction", COMMA])
_PREPOSITIONS: Final = frozenset(["of", "for", "con", "to"])
_PARTICIPLES: Final = ("ado", "ada", "ados", "adas", "ido", "ida", "idos", "idas")
"""Endings of what only says how: "mozzarella rallada"."""
_NO_NOUN: Final = frozenset(
    [
        "and",
        "or",
        "but",
        "courtesy",
        "thanks",
        "for",
        "to",
        "con",
        "correction",
        "negation",
        "request",
        "each",
        "filler",
    ]
)
_VAGUE: Final = frozenset(
    ["cuantos", "cuantas", "varios", "varias", "algunos", "algunas", "pocos", "pocas", "poco", "poquito", "monton",
     "bastantes"]
)  # fmt: skip
_STEERING: Final = frozenset([*_PRIORITY, "container", "modifier"])


@lru_cache(maxsize=4096)
def _first_of(roles: frozenset[str]) -> str:
    """The part that words play, of all that they can."""
    return next((role for role in _PRIORITY if role in roles), NOISE)


class Scanner:
    """Reads one message against a matcher. Raises TooLongError for a text of too many letters or tokens."""

    def __init__(self, text: str, matcher: Matcher) -> None:
        if len(text) > LONGEST_TEXT:
            raise TooLongError
        self.text = text
        self.matcher = matcher
        self.lexicon = matcher.lexicon
        self.tokens = tokenise(text)
        if len(self.tokens) > MOST_TOKENS:
            raise TooLongError
        drop_indices(self.tokens, self.lexicon)
        join_codes(self.tokens, matcher)
        if matcher.shapes:
            join_models(self.tokens, self.lexicon, matcher.shapes)
        spell_out(self.tokens, matcher)
        part_joined(self.tokens, matcher)
        find = self.lexicon.roles
        self.roles: list[frozenset[str]] = [find(t.norm) if t.kind == WORD else NONE for t in self.tokens]
        self.norms = [t.norm for t in self.tokens]
        self.spans = TABLE.spans(Words(self.text, self.tokens, self.roles, matcher))
        self.tails = Tails(self.tokens, self.roles, self.spans, matcher, self.lexicon)
        self.elements: list[Element] = []

    def scan(self) -> list[Element]:
        """The elements of the message."""
        i = 0
        n = len(self.tokens)
        while i < n:
            i = self._element(i)
        return self.elements

    # elements ------------------------------------------------------------------------------------------------

    def _add(self, kind: str, start: int, end: int, roles: frozenset[str] = NONE) -> Element:
        element = Element(kind, start, end, roles)
        element.index = len(self.elements)
        self.elements.append(element)
        return element

    def _element(self, i: int) -> int:
        span = self.spans.get(i)
        token = self.tokens[i]
        before = self.elements[-1] if self.elements else None
        if token.kind in (NUMBER, WORD) and (written := self._written_out(i)) is not None:
            return self._thing(i, written)
        priced = span is not None and span.kind is Kind.PRICE
        if (token.kind in (NUMBER, WORD) or priced) and (
            end := self._other_size(i) or self._unusable(i) or self._measure(i)
        ):
            return end
        if span is not None and "of" in self.roles[i]:
            self._add("of", i, i + 1, self.roles[i])
            if end := self._other_size(i + 1):
                return end  # "y 1 de 3/4", that a price would be written like
            self.elements.pop()
        if span is not None:
            end = span.end
            if span.kind in (Kind.SIZE, Kind.PRICE) and token.kind == NUMBER and self.matcher.near(token.norm):
                match = self.matcher.match(self.tokens, self.roles, i, head_only=False)
                if match is not None and match.words > 1:
                    return self._thing(i, match)
            if span.kind is Kind.SIZE:
                element = self._add(QUALITY, i, end)
                element.flags.add("size")
                element.sizes = self._sizes_told(i, end)
                element.text = self.written(i, end)
            else:
                self._add(MASK, i, end, frozenset([span.kind]))
            return end
        if token.kind == NUMBER:
            return self._number(i)
        if token.kind == EMOJI:
            self._add(NOISE, i, i + 1, frozenset(["emoji", token.norm]))
            return i + 1
        if token.kind == NEWLINE:
            self._add(LINE, i, i + 1)
            return i + 1
        if token.kind == PUNCT:
            kind = _MARKS.get(token.norm, NOISE)
            if kind == LINK and token.norm == "-" and (i == 0 or self.tokens[i - 1].kind == NEWLINE):
                kind = LINE
            element = self._add(kind, i, i + 1)
            if token.norm == "(":
                element.flags.add("open")
            elif token.norm == "/" and i > 0 and self.tokens[i - 1].norm == "c":
                element.kind = NOISE
            return i + 1
        return self._word(i, before)

    def _sizes_told(self, i: int, end: int) -> list[Size]:
        """The one size in a stretch, if it tells the products of a thing before apart: "talle 40" of "jean mom 38"."""
        told = [Size((t.value,)) for t in self.tokens[i:end] if t.kind == NUMBER and t.value is not None]
        before = (e.match.products[0] for e in self._behind() if e.match is not None)
        known = any(family.with_size(size) for n in before for family in self.matcher.families_of(n) for size in told)
        return told if known and len(told) == 1 else []

    def _written_out(self, i: int) -> Match | None:
        """The product whose name stands at `i` word for word, where no longer name does."""
        written = self.matcher.written_out(self.tokens, i)
        return written if written is not None and self.matcher.match(self.tokens, self.roles, i) == written else None

    def _other_size(self, i: int) -> int:
        """Past a size that stands for a thing said before: "y 2 de 3/4", "mejor de 4"; 0 if none starts here."""
        opener = -3 if self._kind(-2) == "copula" and self._kind(-3) in ("correction", COMMA) else -2  # "no, es de 50"
        if self._kind(-1) == "definite" and self._kind(-2) == "of" and self._kind(-3) == QUANTITY:
            opener = -3  # "3 de la cincuenta"
        elif self._kind(-1) in (QUANTITY, "and", COMMA):
            return self._counted_size(i)
        elif self._kind(-1) != "of" or self._kind(opener) not in _BEFORE_SIZE:
            return 0
        if self._kind(-2) == "and" and self._kind(-3) not in (*THINGS, QUANTITY):
            return 0
        read = self.matcher.sizes.at(self.tokens, i)
        if read is None or self._is_product(read[1]):
            return 0
        size, end = read
        named = self._closes(end) or not self._is_kind(end)
        if named and size.unit is None and not self._closes(end):
            return 0
        if not any(self._is_sized(e, size) for e in self.elements[-_BEHIND:] if e.match is not None):
            return 0
        element = self._add(QUALITY, i, end)
        element.sizes = [size]
        if not named:
            element.words = [self.norms[end]]  # "dos de 2 plazas"
            end += 1
            element.end = end
        element.text = self.written(i, end)
        return end

    def _counted_size(self, i: int) -> int:
        """Past a size in a unit that tells a product, with its number beside it: "una 9v", "10 metros 2"; else 0."""
        read = self.matcher.sizes.at(self.tokens, i) if self.tokens[i].kind == NUMBER else None
        unit = read[0].unit if read is not None else None
        if read is None or unit is None:
            return 0
        size, end = read
        numbered = self._kind(-1) == QUANTITY and unit.name not in SOLD_BY
        behind = self._kind(-1) != QUANTITY and self._is_counted(end) and self._closes(end + 1)
        if not (numbered or behind) or self._size_of_kind(i, []) is None:
            return 0
        element = self._add(QUALITY, i, end)
        element.sizes, element.text = [size], self.written(i, end)
        return end

    def _is_sized(self, element: Element, size: Size) -> bool:
        """Whether sizes such as `size` tell the products of a thing's family apart."""
        assert element.match is not None
        dimension = size.key()[0]
        return any(
            dimension in family.dimensions or (family.dimensions and not dimension) or "" in family.dimensions
            for family in self.matcher.families_of(element.match.products[0])
        )

    def _closes(self, i: int) -> bool:
        """Whether no noun stands at `i`."""
        if i >= len(self.tokens) or self.tokens[i].kind != WORD:
            return True
        return bool(self.roles[i] & _NO_NOUN)

    def _unusable(self, i: int) -> int:
        """Past an amount that does not say how many: "4 o 5", "unas cuantas", "10 soles de"; 0 if none starts here."""
        found = self._range(i) or self._worth(i) or self._vague(i)
        if found is None:
            return 0
        end, why = found
        while self._has(end, "of"):
            end += 1
        element = self._add(QUANTITY, i, end)
        element.quantity = Quantity(1, end, article=why is Unusable.VAGUE, bare=False, unusable=why)
        return end

    def _range(self, i: int) -> tuple[int, Unusable] | None:
        if self._norm(i) in ("unos", "unas", "como") and i + 1 < len(self.tokens) and self.tokens[i + 1].kind == NUMBER:
            i += 1
        between = self._norm(i) == "entre" and i + 1 < len(self.tokens)
        if between:
            i += 1
        if i in self.spans or not (self.tokens[i].kind == NUMBER or self.roles[i] & {"number", "article"}):
            return None
        first, j = cardinal(self.tokens, self.roles, i, self.lexicon)
        if first is None or j >= len(self.tokens):
            return None
        dash = self.tokens[j].norm == "-" and not self.tokens[j].spaced
        joint = "and" in self.roles[j] if between else "or" in self.roles[j] or self.tokens[j].norm == "a"
        if not (dash or joint):
            return None
        second = (
            quantity(self.tokens, self.roles, j + 1, self.lexicon, self.matcher.names)
            if j + 1 < len(self.tokens)
            else None
        )
        if second is None or second.article or second.value <= first or j + 1 in self.spans:
            return None
        if "or" not in self.roles[j] and not self._opens_thing(second.end + self._has(second.end, "of")):
            return None
        whole = measure(self.tokens, self.roles, j + 1, self.lexicon)
        return second.end if whole is None else whole.end, Unusable.RANGE

    def _worth(self, i: int) -> tuple[int, Unusable] | None:
        span = self.spans.get(i)
        end = span.end if span is not None and span.kind is Kind.PRICE else 0
        if not end and self._norm(i + 1) == "mil" and self.tokens[i].kind == NUMBER:
            end = i + 2
        joined = self._has(end, "of") or self._norm(end) == "en"  # "10.000 pesos en toallitas"
        if not (end and joined and self._opens_product(end + 1)):
            return None
        return end, Unusable.WORTH

    def _vague(self, i: int) -> tuple[int, Unusable] | None:
        j = i + 1 if "article" in self.roles[i] or self._norm(i) == "un" else i
        if self._norm(i) in ("unos", "unas") and self._norm(j) in self.lexicon.measures and self._has(j + 1, "of"):
            return (j + 1, Unusable.VAGUE) if self._opens_product(j + 2) else None  # "unos metros de tul"
        if self._norm(j) not in _VAGUE or (j == i and self._norm(j) in ("pocos", "pocas", "poco", "monton")):
            return None
        if j == i and self._kind(-1) == PRODUCT and self._kind(-2) != QUANTITY and self._closes(j + 1):
            return j + 1, Unusable.VAGUE  # "gasas varias"
        opens = j + 1 + self._has(j + 1, "of")
        if not (self._opens_product(opens) or self._opens_thing(opens)) or "timeunit" in self.roles[opens]:
            return None
        return j + 1, Unusable.VAGUE

    def _opens_name(self, i: int) -> bool:
        """Whether a product is named at `i`, by one word or more: "media gorra", "media campera inflable"."""
        if self._is_product(i):
            return True
        match = self.matcher.match(self.tokens, self.roles, i, head_only=False) if i < len(self.tokens) else None
        return match is not None and match.words > 1 and match.how in _WHOLE

    def _opens_product(self, i: int) -> bool:
        if i >= len(self.tokens) or self.tokens[i].kind != WORD:
            return False
        return self.matcher.match(self.tokens, self.roles, i) is not None

    def _measure(self, i: int) -> int:
        """Past an amount in a unit, with the product beside it: "medio kilo de", "arena 3 m3"; 0 if none is here."""
        token = self.tokens[i]
        if token.kind == WORD and not self.roles[i] & QUANTITY_ROLES and token.norm not in self.lexicon.measures:
            return 0
        found = measure(self.tokens, self.roles, i, self.lexicon)
        if found is None or self._is_letter_size(found):
            return 0
        after = self._behind_measure(found)
        end, value, collective = found.end, found.value, 0
        if found.unit is None:
            if not self._is_part_of(i, found, after):
                return 0
            assert after is not None
            if self.matcher.products[after.products[0]].unit is None and (before := self._counted_before()) is not None:
                value, collective = value * (before.collective or 1), before.collective  # "media de" after a dozen
        elif self._has(end - 1, "of") and self._is_each(end - 1):
            end -= 1  # "dos metros de cada una"
        elif not self._is_measured(found, after):
            return 0
        element = self._add(QUANTITY, i, end)
        element.quantity = Quantity(value, end, unit=found.unit, bare=False, collective=collective)
        return end

    def _behind_measure(self, found: Measure) -> Match | None:
        """The product behind an amount; "litro" may be what is left of its name: "2 litros de thinner"."""
        if self._opens_product(found.end) or found.unit is None or found.end >= len(self.tokens):
            return self.matcher.match(self.tokens, self.roles, found.end) if self._opens_product(found.end) else None
        return self.matcher.match(self.tokens, self.roles, found.end, measured=Size((1,), found.unit))

    def _counted_before(self) -> Quantity | None:
        return next((e.quantity for e in self._behind() if e.quantity is not None), None)

    def _is_each(self, i: int) -> bool:
        phrase = self.lexicon.phrase(self.norms, i)
        return phrase is not None and "each" in phrase[1]

    def _is_part_of(self, i: int, found: Measure, after: Match | None) -> bool:
        """Whether a number without a unit is a part of what `after` is sold by: "un cuarto de queso"."""
        if after is None or self._is_fraction_of(found.value, after):
            return after is not None and found.at > i + 1  # "1/8 de esmalte", of which the number alone is 1
        measured = self.matcher.products[after.products[0]].unit is not None
        if found.value > 1 and not measured:
            return False  # "2 1/4 de pollo"
        part = self.matcher.match(self.tokens, self.roles, found.at - 1, head_only=False)
        if part is not None and part.words > 1 and part.how in _WHOLE:
            return False  # "un cuarto de esmalte" is a name
        named = self.matcher.match(self.tokens, self.roles, i, head_only=False)
        # "medio de camarón" is a part of a kilo, and no "medio litro de ceviche de camarón"
        return named is None or named.words == 1 or (measured and named.how is How.PART)

    def _is_measured(self, found: Measure, after: Match | None) -> bool:
        """Whether a number of a unit says how much is wanted of what stands behind it, or stood before it."""
        assert found.unit is not None
        alias = self.matcher.match(self.tokens, self.roles, found.at, head_only=False)
        if alias is not None and alias.words > 1 and (alias.how in _WHOLE or after is None):
            return False  # "litro de thinner" is a name
        follows = after is None and self._follows_product(found.unit)
        if not found.counts or self._norm(found.at) == "k":
            beside = self.elements[-1].match if follows else after
            # "80 cm" of what is sold by the metre; "2k" of what is sold by the piece are 2,000
            return beside is not None and self._is_sold_by(beside.products[0], found.unit)
        return after is not None or follows or self._is_kind(found.end) or self._stands_alone(found)  # "1 kg de roja"

    def _is_fraction_of(self, value: int | Fraction, match: Match) -> bool:
        """Whether a fraction is a size that a thing is sold in: "1/4 de pollo"."""
        families = self.matcher.families_of(match.products[0])
        return any(family.with_size(Size((value,))) for family in families)

    def _follows_product(self, unit: Unit) -> bool:
        """Whether a measure says how much of the product before it: "arena 3 m3", "una torta de 3 kilos"."""
        before = -2 if self._kind(-1) in (LINK, COMMA) or (self._kind(-1) == "of" and self._kind(-2) == PRODUCT) else -1
        if self._kind(before) not in (PRODUCT, SEVERAL, QUALITY):
            return False
        counted = self.elements[before - 1].quantity if self._kind(before - 1) == QUANTITY else None
        if self._kind(-1) != "of":
            return counted is None
        match = self.elements[before].match
        return (counted is None or counted.article) and match is not None and self._is_sold_by(match.products[0], unit)

    def _stands_alone(self, found: Measure) -> bool:
        """Whether a measure mends or completes what was said of a product sold so: "perdón 2 kg"."""
        assert found.unit is not None
        if not (self._closes(found.end) and (self._kind(-1) in _BEFORE_MEASURE)):
            return False
        last = next((e.match for e in self._behind() if e.match is not None), None)
        return last is not None and self._is_sold_by(last.products[0], found.unit)

    def _is_sold_by(self, product: int, unit: Unit) -> bool:
        sold_by = self.lexicon.measures.get(self.matcher.products[product].unit or "")
        return sold_by is not None and sold_by.dimension == unit.dimension

    def _is_letter_size(self, found: Measure) -> bool:
        """ "3 M camisas": a capital that stands apart is a size of clothes."""
        unit = self.tokens[found.at]
        if self._has(found.end - 1, "of"):
            return False  # "10 L de abono"
        return len(unit.norm) == 1 and unit.spaced and self.text[unit.start].isupper()

    def _number(self, i: int) -> int:
        if self.tokens[i].norm in self.matcher.vocabulary.words:
            match = self.matcher.match(self.tokens, self.roles, i, head_only=False)
            if (
                match is not None
                and match.words > 1
                and not self._is_product(i + 1)
                and not self._goes_on(i + 1, match)
            ):
                return self._thing(i, match)
        if self._is_long_name(i + 1):
            value = self.tokens[i].value
            return self._quantity(i, Quantity(value, i + 1)) if value is not None else i + 1
        if self._kind(-1) == "of" and self._kind(-2) == QUANTITY and i + 1 < len(self.tokens):
            after = self.tokens[i + 1]
            if after.kind == WORD and self.matcher.knows(after.norm) and key(after.norm) not in self.matcher.single:
                element = self._add(QUALITY, i, i + 2)  # "dos de 2 plazas"
                element.words = [self.tokens[i].norm, after.norm]
                element.text = self.written(i, i + 2)
                return i + 2
        q = quantity(self.tokens, self.roles, i, self.lexicon, self.matcher.names)
        if q is None:
            self._add(MASK, i, i + 1, frozenset(["number"]))
            return i + 1
        return self._quantity(i, q)

    def _goes_on(self, i: int, other: Match) -> bool:
        """Whether a name at `i` goes on where another ends: "3 leche de almendras", where "tres leches" is a cake."""
        match = self.matcher.match(self.tokens, self.roles, i) if i < len(self.tokens) else None
        return match is not None and match.words > 1 and match.how in _WHOLE and match.end > other.end

    def _quantity(self, i: int, q: Quantity) -> int:
        dotted = self.tokens[q.end - 1].norm == "."
        held = q.end - 1 - dotted
        if q.pieces and (self._names_long(held) if dotted else self._is_vessel(held) or self._opens_long(held)):
            q = msgspec.structs.replace(q, end=held, pieces=False)
        element = self._add(QUANTITY, i, q.end)
        element.quantity = q
        if i > 0 and self.tokens[i - 1].norm == "-" and not self.tokens[i].spaced and self.tokens[i].kind == NUMBER:
            dash = self.tokens[i - 1]
            opener = self.elements[-3] if len(self.elements) >= 3 else None
            steered = opener is not None and opener.kind in (
                "request",
                "add",
                "and",
                "correction",
                "greeting",
                "courtesy",
                NOISE,
                COMMA,
            )
            if dash.spaced and steered and self.elements[-2].kind == LINK:
                element.negative = True
        end = q.end
        if self._norm(end) == "x" and end < len(self.tokens):
            element.flags.add("x after")
            end += 1
        return end

    def _names_long(self, i: int) -> bool:
        return self.matcher.written_out(self.tokens, i) is not None

    def _opens_long(self, i: int) -> bool:
        """Whether a container is the head of a name: "3 pack boxer"."""
        if "container" not in self.roles[i]:
            return False
        match = self.matcher.match(self.tokens, self.roles, i, head_only=False)
        return match is not None and match.words > 1

    def _is_vessel(self, i: int) -> bool:
        """Whether a container that holds nothing is itself the thing: "6 vasos", but not "pintura, 2 galones"."""
        if "container" not in self.roles[i] or self.roles[i] & {"unit", "piece"} or self._is_product(i + 1):
            return False
        if self._kind(-1) == "and":
            return True
        last = next((e for e in self._behind() if e.kind in THINGS), None)
        return last is None or (last.index > 0 and self.elements[last.index - 1].kind == QUANTITY)

    def _word(self, i: int, before: Element | None) -> int:
        token = self.tokens[i]
        roles = self.roles[i]
        if token.norm == "c" and self._norm(i + 1) == "/" and self._norm(i + 2) in ("u", "uno", "una"):
            self._add("each", i, i + 3)
            return i + 3
        if token.norm == "x" and i + 1 < len(self.tokens) and self.tokens[i + 1].kind == NUMBER:
            self._add(LINK, i, i + 1).flags.add("x")
            return i + 1
        if self._is_behind_of(i) and self._is_kind(i) and not self._is_name_apart(i):
            return self._quality(i)  # "2 hamburguesas y una de pollo"
        determined = before is not None and (
            before.kind in (QUANTITY, "definite", "another")
            or (before.kind == "of" and len(self.elements) > 1 and self.elements[-2].kind == QUANTITY)
        )
        phrase = self.lexicon.phrase(self.norms, i)
        if phrase is not None and phrase[1] & _TIMES and self._is_long_name(i + phrase[0] - 1, any_word=True):
            phrase = None  # "el doble crema", a cheese
        match = None
        open_to_names = not roles & FUNCTION or determined or "half" in roles
        if open_to_names or (phrase is None and roles <= _SMALL_TALK):
            match = self.matcher.match(self.tokens, self.roles, i, noun=determined)
            if (
                match is None
                and before is not None
                and before.quantity is not None
                and before.quantity.unit is not None
            ):
                size = Size((1,), before.quantity.unit)
                match = self.matcher.match(self.tokens, self.roles, i, measured=size)
            if match is not None and match.words == 1 and token.norm in ("media", "medio") and self._is_product(i + 1):
                return self._quantity(i, Quantity(Fraction(1, 2), i + 1))  # "media gorra"
            if match is not None and not self._is_name(i, match, phrase, determined, before):
                match = None
            elif match is not None and self._is_shade(match, roles, before):
                return self._quality(i)
        if match is not None and match.how in (How.SEVERAL, How.START, How.PART):
            at, held = self._held(i)
            if held is not None and held.how in _WHOLE:
                return self._contents(
                    i, at, held
                )  # "paquetes de pañales etapa 4", where "paquete de pañales" is a name
        if match is None and token.norm in ("media", "medio") and self._opens_name(i + 1):
            return self._quantity(i, Quantity(Fraction(1, 2), i + 1))
        if match is None and self._is_long_name(i) and not self._is_long_name(i + 1):
            match = self.matcher.match(self.tokens, self.roles, i, head_only=False)  # "tres leches", the cake
        if match is None and roles & {"article", "number"} and self._is_long_name(i + 1):
            value = self.lexicon.number(token.norm) or 1  # "un tres leches", "dos docenas de alitas"
            return self._quantity(i, Quantity(value, i + 1, article="article" in roles))
        if (
            match is None
            and roles & QUANTITY_ROLES
            and not (phrase is not None and (phrase[0] > 2 or "thanks" in phrase[1]))
        ):
            q = quantity(self.tokens, self.roles, i, self.lexicon, self.matcher.names)
            if q is not None:
                return self._quantity(i, q)
        if match is not None:
            return self._thing(i, match)
        if phrase is not None and not self._is_behind_a_number(roles, phrase[1]):
            length, phrase_roles = phrase
            return self._steer(i, i + length, phrase_roles)
        if "another" in roles:
            return self._another(i)
        if "limit" in roles and before is not None and before.kind == QUANTITY and self._opens_thing(i + 1):
            self._add(NOISE, i, i + 1)  # "1 solo pantalón"
            return i + 1
        if (
            roles & {"con", "to", "for"}
            and self._kind(-1) in (QUANTITY, "definite")
            and i + 1 < len(self.tokens)
            and self._is_kind(i + 1)
        ):
            return self._quality(i + 1)  # "y una con gas", "2 en aceite"
        if (
            "without" in roles
            and before is not None
            and before.kind in (QUANTITY, "and", COMMA, LINE, "only", "by", "correction")
            and self._names_quality(i)
        ):
            element = self._add(QUALITY, i, i + 2)  # "una sin gas"
            element.words = [token.norm, self.tokens[i + 1].norm]
            element.text = self.written(i, i + 2)
            return i + 2
        if "con" in roles and i + 1 < len(self.tokens):
            last = next((e for e in self._behind() if e.kind in THINGS), None)
            if (
                last is not None
                and last.match is not None
                and self.matcher.lacks(last.match.products[0], self.norms[i + 1])
            ):
                last.flags.add("kind")
        if (
            roles & {"con", "without"}
            and self._kind(-1) == QUANTITY
            and self._closes(i + 1)
            and (said := self._said_with(i))
        ):
            element = self._add(QUALITY, i, i + 1)  # "3 con gas y 2 sin"
            element.words = ["sin", said] if "without" in roles else [said]
            element.text = self.written(i, i + 1)
            return i + 1
        if "without" in roles and self._kind(-1) == PRODUCT and self._has(i + 1, "variants"):
            self.elements[-1].flags.add("kind")  # "leche sin lactosa", where no product is called so
            self._add(NOISE, i, i + 2)
            return i + 2
        if determined and before is not None and before.kind == "of" and self._tells_apart(i):
            return self._quality(i)  # "uno de fiesta", "3 de niño"
        if (determined or self._kind(-1) in _LISTED) and roles <= {"good"} and self._settles(i):
            return self._quality(i)  # "Empanadas:\n3 carne\n2 pollo"
        if "good" in roles and ((determined and not roles & _STEERING) or self._is_good(i)):
            return self._unknown(i)
        if determined and "good" in roles and "qualities" in roles and not self._is_kind(i):
            return self._unknown(i)  # "unos tacones"
        if roles - {"good"}:
            return self._listed(i, determined)
        tells = determined or self._kind(-1) in _LISTED or self._kind(-1) == "correction"
        tells = tells or (self._kind(-1) == "and" and self._is_counted(i + 1))  # "pilas AA 3 y AAA 2"
        if tells and not roles and self._is_kind(i):
            return self._quality(i)
        return self._unknown(i)

    def _is_behind_a_number(self, roles: frozenset[str], phrase: frozenset[str]) -> bool:
        """ "2 de una plaza", "la de una plaza", where "de una" is no yes."""
        return "of" in roles and "yes" in phrase and self._kind(-1) in (QUANTITY, "definite")

    def _is_name(
        self, i: int, match: Match, phrase: tuple[int, frozenset[str]] | None, determined: bool, before: Element | None
    ) -> bool:
        """Whether a match stands against the other parts that the word can play here."""
        roles = self.roles[i]
        if phrase is not None and not determined and phrase[0] > max(match.words, match.last - i + 1):
            return False
        if match.score < 1 and roles & _STRONG and not (determined and self._is_spelled_so(i)):
            return False
        if roles & QUANTITY_ROLES and self._opens_collective(i) and match.how not in _WHOLE:
            return False  # "media docena de grasa" is no "media docena de facturas"
        if match.words > 1:
            return True
        if roles & QUANTITY_ROLES and ("half" not in roles or self._opens_collective(i)):
            return False
        if "modifier" in roles and before is not None and (before.kind in THINGS or self._is_other_colour(i, before)):
            return False
        return not ("container" in roles and len(match.products) == 1 and match.how is How.START)

    def _is_spelled_so(self, i: int) -> bool:
        """Whether the word at `i` opens a name as it is written: "1 shaker", which sounds like a verb."""
        near = self.matcher.near(self.norms[i])
        return bool(near) and near[0][1] == EXACT

    def _is_other_colour(self, i: int, before: Element) -> bool:
        """ "botines negros o café": behind a thing's colour and "o", a colour."""
        if before.kind != "or" or "colours" not in self.roles[i] or self._kind(-2) not in THINGS:
            return False
        return self.elements[-2].end == before.start and self._has(before.start - 1, "colours")

    def _is_shade(self, match: Match, roles: frozenset[str], before: Element | None) -> bool:
        """ "1 par café": the colour of goods by the pair, though a product bears its name."""
        if match.words > 1 or "colours" not in roles or before is None or before.quantity is None:
            return False
        return before.quantity.pairs and not self.matcher.products[match.products[0]].pair

    def _is_long_name(self, i: int, *, any_word: bool = False) -> bool:
        """Whether a name of two words or more that opens with a number or a measure stands at `i`; or any such name."""
        if i >= len(self.tokens) or not (any_word or self.roles[i] & {"number", "collective", "half"}):
            return False
        match = self.matcher.match(self.tokens, self.roles, i, head_only=False)
        return match is not None and match.words > 1 and match.how in _WHOLE

    def _is_counted(self, i: int) -> bool:
        return i < len(self.tokens) and self.tokens[i].kind == NUMBER

    def _settles(self, i: int) -> bool:
        """Whether the word at `i` tells which of several products a word before meant."""
        left_open = (e.match.products for e in self._behind() if e.kind == SEVERAL and e.match is not None)
        return any(set(self.matcher.with_head(ps[0], [self.norms[i]])) & set(ps) for ps in left_open)

    def _is_behind_of(self, i: int) -> bool:
        """Whether "de" stands before the word at `i`, and something that it can tell more of before that."""
        if self._kind(-1) == "of":
            return self._kind(-2) in _BEFORE_KIND
        return (
            self._kind(-1) == QUANTITY and "of" in self.roles[i - 1] and not self._is_product(i)
        )  # "una docena de maicena"

    def _is_name_apart(self, i: int) -> bool:
        """Whether a product's name stands at `i` that is no kind of a thing before: "50 de losartán 50"."""
        match = self.matcher.match(self.tokens, self.roles, i, head_only=False)
        if match is None or len(match.products) != 1 or match.how is not How.NAME:
            return False
        return match.words > 1 or self._kinds(i) <= set(match.products)

    def _kinds(self, i: int) -> set[int]:
        """The products that the word at `i` tells apart of those that share a head with a thing said before."""
        before = (e.match.products[0] for e in self._behind() if e.match is not None)
        return {number for product in before for number in self.matcher.with_head(product, [self.norms[i]])}

    def _is_product(self, i: int) -> bool:
        return i < len(self.tokens) and self.tokens[i].kind == WORD and self.matcher.names(self.norms[i])

    def _opens_thing(self, i: int) -> bool:
        return i < len(self.tokens) and self.tokens[i].kind == WORD and not self.roles[i] & FUNCTION

    def _tells_apart(self, i: int) -> bool:
        return self.roles[i] >= _WORN_BY or self._is_part(self.norms[i])

    def _is_part(self, norm: str) -> bool:
        """Whether a word belongs to products' names without being one."""
        return self.matcher.knows(norm) and not self.matcher.names(norm)

    def _said_with(self, i: int) -> str:
        """What stands behind the last "con" or "sin" before `i`; nothing if there is none."""
        before = (j for j in range(i - 2, max(-1, i - _BEHIND), -1) if self.roles[j] & {"con", "without"})
        at = next(before, None)
        return self.norms[at + 1] if at is not None and self.matcher.knows(self.norms[at + 1]) else ""

    def _names_quality(self, i: int) -> bool:
        """Whether "sin" and the word after it are part of a product's name."""
        if i + 1 >= len(self.tokens) or self.tokens[i + 1].kind != WORD:
            return False
        words = self.norms[i : i + 2]
        return all(map(self.matcher.knows, words)) and not self.matcher.names(words[1])

    def _is_good(self, i: int) -> bool:
        """Whether a colour that is a good too is the good: "crema de manos", not "3 camisas: una crema de cuadros"."""
        if not ("colours" in self.roles[i] and self._has(i + 1, "of") and i + 2 < len(self.tokens)):
            return False
        if self.tokens[i + 2].kind != WORD or "modifier" in self.roles[i + 2]:
            return False
        before = next((e.match for e in self._behind() if e.match is not None), None)
        return before is None or not self.matcher.with_head(before.products[0], [self.norms[i + 2]])

    def _is_kind(self, i: int, besides: Sequence[str] = ()) -> bool:
        """Whether the word at `i`, and those `besides`, tell products apart that share a head with a thing before."""
        if i >= len(self.tokens) or self.tokens[i].kind == NEWLINE or "article" in self.roles[i]:
            return False
        norms = [*besides, self.norms[i]]
        return any(
            self.matcher.with_head(e.match.products[0], norms) for e in self.elements[-_BEHIND:] if e.match is not None
        )

    def _opens_collective(self, i: int) -> bool:
        for j in (i + 1, i + 2):
            if j < len(self.roles) and self.roles[j] & {"collective", "pair"}:
                return True
            if not (j < len(self.roles) and "of" in self.roles[j]):
                return False
        return False

    def _another(self, i: int) -> int:
        """ "otra": one more; "otra de lapiceros" after "una docena de lápices": one more dozen."""
        if i + 1 < len(self.tokens) and (self.tokens[i + 1].kind == NUMBER or self.roles[i + 1] & QUANTITY_ROLES):
            return self._steer(i, i + 1, self.roles[i])
        q = Quantity(1, i + 1, article=True)
        more = measure(self.tokens, self.roles, i + 1, self.lexicon) if i + 1 < len(self.tokens) else None
        if more is not None and more.unit is not None and more.at == i + 1:
            element = self._add(QUANTITY, i, more.end)
            element.quantity = Quantity(more.value, more.end, unit=more.unit, bare=False)
            return more.end  # "otro kilo de naranjas"
        if self._has(i + 1, "of"):
            before = self._counted_before()
            if before is not None and before.collective:
                q = Quantity(before.value, i + 1, collective=before.collective)
            elif before is not None and before.pairs:
                q = Quantity(1, i + 1, pairs=True)
        element = self._add(QUANTITY, i, i + 1)
        element.quantity = q
        element.flags.add("another")
        return i + 1

    def _steer(self, start: int, end: int, roles: frozenset[str]) -> int:
        kind = _first_of(roles)
        if kind == "another":
            element = self._add(QUANTITY, start, end)
            element.quantity = Quantity(1, end, article=True)
            element.flags.update(("another", "more"))
            if start + 1 == end:
                element.kind, element.quantity = NOISE, None
            return end
        self._add(kind, start, end, roles)
        return end

    def _listed(self, i: int, determined: bool) -> int:
        roles = self.roles[i]
        if "container" in roles and not roles & {"and"}:
            return self._container(i, determined)
        if "modifier" in roles or "sizemark" in roles:
            numbered = "sizes" in roles and self._is_counted(i + 1)  # "y pequeñas 3"
            opens = self._kind(-1) in _BEFORE_LISTED and ("colours" in roles or numbered or self._is_kind(i))
            if (determined and not roles & {"noun"}) or opens or self._after_correction():
                return self._quality(i)
            if not roles & set(_PRIORITY):
                self._add(NOISE, i, i + 1, roles)
                return i + 1
        return self._steer(i, i + 1, roles)

    def _after_correction(self) -> bool:
        return any(e.kind == "correction" for e in self.elements[-3:])

    def _container(self, i: int, determined: bool) -> int:
        """ "bolsas de café": the coffee, if the catalogue has it; else an unknown thing."""
        at, match = self._held(i)
        if match is not None:
            if self.matcher.products[match.products[0]].pair:  # "caja de zapatos" is no pair of shoes
                return self._unknown(i)
            return self._contents(i, at, match)
        if determined or self._has(i + 1, "of") or (self._kind(-1) == "and" and "good" in self.roles[i]):
            return self._unknown(i)
        self._add(NOISE, i, i + 1, self.roles[i])
        return i + 1

    def _held(self, i: int) -> tuple[int, Match | None]:
        """Where stands, and what is, that which a container at `i` holds: "bolsas de café"."""
        j = i + 2
        if not ("container" in self.roles[i] and self._has(i + 1, "of")):
            return j, None
        while self._has(j, "definite"):
            j += 1
        return j, self.matcher.match(self.tokens, self.roles, j) if j < len(self.tokens) else None

    def _contents(self, i: int, at: int, match: Match) -> int:
        """The thing at `at`, in the container at `i`."""
        end = self._thing(at, match)
        thing = self.elements[-1]
        thing.flags.add("container")
        if match.how is How.NAME and "good" in self.roles[i] and self._is_sold_whole(i, at):
            thing.flags.add("kind")  # "un ramo de rosas", where bunches of roses are sold by number
        thing.start = i
        return end

    def _is_sold_whole(self, i: int, at: int) -> bool:
        """Whether products are named by the container at `i` and what is in it, at `at`."""
        whole = self.matcher.match(self.tokens, self.roles, i, head_only=False)
        kinds = self.matcher.with_head(whole.products[0], [self.norms[at]]) if whole is not None else ()
        thing = self.elements[-1].match
        return bool(kinds) and thing is not None and thing.products[0] not in kinds

    def _thing(self, i: int, match: Match) -> int:
        match = self._by_measure(i, match)
        several = len(match.products) > 1 or match.how is How.OTHER
        element = self._add(SEVERAL if several else PRODUCT, i, match.end)
        element.match = match
        unit = self.lexicon.measures.get(self.matcher.products[match.products[0]].unit or "")
        end = self.tails.end(match.end, sold_by=unit.dimension if unit is not None else None)
        element.end = end
        element.text = self.written(i, max(match.end, self.tails.trimmed(match.end, end)) if several else match.end)
        if end > match.end:
            element.flags.add("qualified")
            if (kind := self._kind_told(match, end)) is not None:
                element.flags.add(kind)
                partly = kind == "kind" and match.how in (How.START, How.PART)  # "crema nivea", of a "Crema No. 4"
                if (kind == "other" or partly) and not several:
                    element.kind, element.text = SEVERAL, self.written(i, end)
        elif end == match.end and self._is_foreign_word(end, match):
            element.flags.add("kind")  # "hamburguesa hawaiana", where only a pizza is called so
        apart = self._kind(-2) in _PREPOSITIONS and self._kind(-3) == QUANTITY and self._follows_kinds()
        if apart and self.norms[i] not in self.matcher.codes and self._kinds(i) != set(match.products):
            element.flags.add("kind")  # "3 empanadas de carne y 4 de queso", where queso is sold too
        return end

    def _by_measure(self, i: int, match: Match) -> Match:
        """The product that the amount before a thing tells by its size: "1 kg de café", "un cuarto de esmalte"."""
        whole = match.how not in (How.SEVERAL, How.PART, How.START)
        if whole and (match.words > 1 or match.how is not How.NAME):
            return match
        before = -2 if self._kind(-1) == "of" else -1
        q = self.elements[before].quantity if len(self.elements) >= -before else None
        if q is None or (q.unit is None and q.value >= 1):
            return match
        if q.unit is not None and any(self._is_sold_by(n, q.unit) for n in match.products):
            return match
        size = Size((1 if q.value >= 1 else q.value,), q.unit)
        if whole and (q.unit is None or any(own.agrees(size) for own in self.matcher.sizes_of(match.products[0]))):
            return match
        found = self.matcher.match(self.tokens, self.roles, i, measured=size)
        return match if found is None or found.how is How.OTHER else found

    def _is_foreign_word(self, i: int, match: Match) -> bool:
        """Whether the word at `i` belongs to names of other heads, and opens none."""
        if i >= len(self.tokens) or self.tokens[i].kind != WORD or self.roles[i]:
            return False
        near = self.matcher.near(self.norms[i])
        return bool(near) and near[0][1] == EXACT and not self.matcher.opens(near[0][0])

    def _follows_kinds(self) -> bool:
        """Whether the number before "de" is one that kinds of a thing said before may have."""
        q, before = self.elements[-3].quantity, self.elements[-_BEHIND:-3]
        if q is None or not q.bare or not any(e.match is not None for e in before):
            return False
        counts = [e.quantity for e in before if e.quantity is not None]
        return not any(
            c.pairs or c.collective or c.unit or c.container for c in counts
        )  # "2 pares de botas y 3 de tenis"

    def _kind_told(self, match: Match, end: int) -> str | None:
        """What hangs on a product: a kind of it that the catalogue may lack ("kind"), or does lack ("other")."""
        prep: frozenset[str] = NONE
        i = match.end
        while i < end:
            span = self.spans.get(i)
            if span is not None:
                if span.kind is Kind.MEASURE and not self._is_length(i):
                    return "kind"
                if span.kind is Kind.SIZE and self.tokens[i].kind == NUMBER and self._has_sizes(match):
                    return "kind"
                i = span.end
                continue
            norm, roles = self.norms[i], self.roles[i]
            if self.tokens[i].kind == WORD:
                if "for" in roles:
                    return None  # for whom, for what
                if roles & _PREPOSITIONS:
                    prep = roles
                elif "sizes" in roles and self._is_of_kin(match.products[0], norm):
                    return "kind"  # "cuatro quesos mediana", of which there is only a big one
                elif self._is_another_kind(norm, roles, "of" in prep):
                    return "other" if "of" in prep and roles <= {"good"} else "kind"
            i += 1
        return None

    def _is_of_kin(self, product: int, norm: str) -> bool:
        """Whether products that share a head with one are named by a word, and it is none of them."""
        kin = self.matcher.with_head(product, [norm])
        return bool(kin) and product not in kin

    def _has_sizes(self, match: Match) -> bool:
        return any(family.dimensions for family in self.matcher.families_of(match.products[0]))

    def _is_length(self, i: int) -> bool:
        read = self.matcher.sizes.at(self.tokens, i)
        return read is not None and read[0].unit is not None and read[0].unit.dimension == "length"

    def _is_another_kind(self, norm: str, roles: frozenset[str], of: bool) -> bool:
        if of and "courtesy" in roles and "modifier" not in roles:
            return True  # "toallas de mano"
        if not norm.isalpha():
            return True  # a model
        if roles & FUNCTION or len(norm) < 3:
            return False
        if not roles or roles <= {"good"}:
            return of or not norm.endswith(_PARTICIPLES)
        if "kinds" in roles or (of and "good" in roles):
            return True
        return of and ("occasions" in roles or ("materials" in roles and self.matcher.knows(norm)))

    def _unknown(self, i: int) -> int:
        element = self._add(UNKNOWN, i, i + 1, self.roles[i])
        end = self.tails.end(i + 1, unknown=True)
        element.end = end
        element.text = self.written(i, max(i + 1, self.tails.trimmed(i + 1, end)))
        norm = self.tokens[i].norm
        good = "good" in self.roles[i] or "container" in self.roles[i]
        if good:
            element.flags.add("good")
        elif norm.endswith(VERB_ENDINGS) or len(norm) < 2:
            element.flags.add("verb")
        return end

    def _quality(self, i: int) -> int:
        """A colour, a size or a part of a name that stands for a thing said before."""
        element = self._add(QUALITY, i, i + 1)
        end = i
        while end < len(self.tokens):
            span = self.spans.get(end)
            if span is not None and span.kind is Kind.SIZE:
                end = span.end
                continue
            roles = self.roles[end]
            if self.tokens[end].kind != WORD:
                break
            if (
                (end == i and self._is_kind(i))
                or roles & {"modifier", "sizemark"}
                or (self.matcher.knows(self.tokens[end].norm) and "article" not in roles)
            ):
                element.words.append(self.tokens[end].norm)
                end += 1
            elif end > i and "of" in roles and end + 1 < len(self.tokens) and self.roles[end + 1] & {"modifier"}:
                end += 1
            elif end > i and "and" in roles and self._is_kind(end + 1, element.words):
                element.words.append(self.norms[end + 1])  # "6 de jamón y queso"
                end += 2
            else:
                break
        if self._has(end, "of") and (sized := self._size_of_kind(end + 1, element.words)) is not None:
            element.sizes, end = [sized[0]], sized[1]  # "dos desmontables de 70"
        element.end = max(end, i + 1)
        if self.elements[-2:-1] and self.elements[-2].kind == "definite":
            element.text = self.written(self.elements[-2].start, element.end)
        else:
            element.text = self.written(i, element.end)
        return element.end

    def _size_of_kind(self, i: int, words: list[str]) -> tuple[Size, int] | None:
        """The size at `i`, and the token after it, of a kind of a thing said before."""
        read = self.matcher.sizes.at(self.tokens, i) if i < len(self.tokens) else None
        things = (e.match.products[0] for e in self._behind() if e.match is not None)
        return read if read and any(self.matcher.with_head(n, words, [read[0]]) for n in things) else None

    def written(self, start: int, end: int) -> str:
        if end <= start:
            return ""
        return self.text[self.tokens[start].start : self.tokens[end - 1].end].strip()

    def _behind(self) -> Iterable[Element]:
        """The elements before the present one, the nearest first."""
        return itertools.islice(reversed(self.elements), _BEHIND)

    def _kind(self, i: int) -> str:
        """The kind of the element at `i`, counted from the end."""
        return self.elements[i].kind if len(self.elements) >= -i else ""

    def _norm(self, i: int) -> str:
        return self.tokens[i].norm if i < len(self.tokens) else ""

    def _has(self, i: int, role: str) -> bool:
        return i < len(self.roles) and role in self.roles[i]
