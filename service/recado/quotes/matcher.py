"""Finds the catalogue's products in a text: the most specific one, through plurals, synonyms and misspellings.

A name is a head word with words and sizes behind it ("camisa" with `manga`, `larga`; "tubo" with 1/2" and 5 m).
Looking up costs by the words of the text, not by the size of the catalogue, except for misspelled words,
which are compared with the catalogue's words of about their length; each word is looked up once and remembered.
"""

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from functools import cache
from heapq import nsmallest
from itertools import chain, islice
from pathlib import Path
from typing import Final

import msgspec

from recado.quotes.catalogue import Product
from recado.quotes.codes import code_shape, shape
from recado.quotes.language import Tables, tables
from recado.quotes.lexicon import NONE, Lexicon, lexicon
from recado.quotes.parts import (
    DOTS,
    SIZE_MARKS,
    Family,
    Form,
    Parts,
    announces_size,
    name_tokens,
    size_mark_end,
    take_apart,
)
from recado.quotes.sizes import SOLD_BY, Size, Sizes
from recado.quotes.steps import Steps
from recado.quotes.text import NEWLINE, NUMBER, PUNCT, WORD, Token, key, neuter, plain
from recado.quotes.verbatim import Verbatim
from recado.quotes.vocabulary import EXACT, OTHER_GENDER, SMALL_FORM, Near, Vocabulary

_SPAN: Final = 10  # tokens after the head in which a name may be completed
_MOST_CHOICES: Final = 8  # products that a word may leave open
_HEAD_AND_WORD: Final = 2
"""Parts of a name that do not say enough of it where others are left out; three that only one product has do."""
_MOST: Final = 24
"""Products compared form by form; a head with more that fit is a question, unless a name says exactly what was said."""
_WEAK_HEADS: Final = frozenset(["container", "article", "number", "half", "pair"])
_BETWEEN: Final = frozenset(["of", "to", "for", "con", "by", "definite", "modifier", "sizemark", "size", "possessive"])
_ENDS: Final = frozenset(["request", "add", "remove", "change", "negation", "instead", "available"])
_SIZE_OPENS: Final = frozenset(["de", "del", "d", "#", *DOTS, *SIZE_MARKS])
_INSIDE: Final = frozenset("-'\"()´`#")
_TABLES: Final = frozenset(["colours", "patterns", "sizes", "materials", "wearers", "grades", "sizemark"])
"""Qualities of which a product has one each."""
_ALONE: Final = frozenset(["grades", "colours", "patterns", "sizemark"])
"""Those that tell even where a family names only one."""
_TELL_NOTHING: Final = frozenset(["colours", "patterns", "number", "article", "half", "without"])


class How(StrEnum):
    """How a stretch of text names a product."""

    NAME = "name"
    SOUND = "sounds like the name"
    MISSPELLED = "misspelled name"
    JOINED = "joined"
    PART = "part of the name"
    START = "start of the name"
    SEVERAL = "several products"
    OTHER = "another kind or size"


class Match(msgspec.Struct, frozen=True, gc=False):
    """Products that a stretch of text may mean: one is a match, several are a question to the customer.

    With `how` OTHER it means none of them: they are the nearest in what they are.
    """

    products: tuple[int, ...]
    end: int
    score: float
    how: How
    words: int  # of the name
    last: int  # index of the last token of the name


class _Said(msgspec.Struct):
    """What stands behind a head that its family knows."""

    words: list[tuple[str, float]] = msgspec.field(default_factory=list)
    sizes: list[Size] = msgspec.field(default_factory=list)
    qualities: list[tuple[str, str]] = msgspec.field(default_factory=list)  # table, word: that the family lacks
    candidates: set[int] | None = None  # None: all of the family
    last: int = 0
    telling: int = 0
    conflict: bool = False
    adjacent: bool = False  # whether the first word must stand next to the head: "3 leches", not "3 dulce de leche"
    trial: bool = False  # whether every bare number that fits is taken for a size

    def count(self) -> int:
        """How much of a name was said, the head included."""
        return 1 + len(self.words) + len(self.sizes)


class Matcher:
    """An index of product names. `products` are numbered as given."""

    def __init__(self, products: Iterable[Product], language: "Language | None" = None) -> None:
        language = language or own_language()
        self.products = tuple(products)
        self.lexicon = language.lexicon
        self.sizes = Sizes(self.lexicon)
        self._synonyms, self._skipped = language.synonyms, language.skipped
        self.single: dict[str, list[int]] = {}
        spelled: dict[str, str] = {}
        names: list[tuple[int, Parts]] = []
        self._name_parts: list[Parts] = []
        self._verbatim = Verbatim(self.lexicon)
        for number, product in enumerate(self.products):
            for text in (product.name, *product.aliases):
                tokens = name_tokens(text, self.lexicon)
                self._verbatim.add(tokens, number)
                parts = self._parts(tokens, product)
                if text == product.name:
                    self._name_parts.append(parts)
                names.append((number, parts))
                if len(parts.words) == 1 and not parts.sizes:
                    known = self.single.setdefault(key(parts.words[0]), [])
                    if number not in known[-1:]:
                        known.append(number)
        self.codes = {code: n for n, product in enumerate(self.products) if (code := _code(product.sku))}
        self.code_shapes = {s for code in self.codes if (s := code_shape(code))}
        self.steps = Steps()
        self._class = {word: f"#{who[0]}" for word, who in self.single.items() if len(who) == 1}
        self._joined: dict[str, list[int]] = {}
        self.families: dict[str, Family] = {}
        self._of: dict[int, dict[str, Family]] = {}
        self._name_heads = {
            self.head(key(parts.words[0])) for parts in self._name_parts if len(parts.words) > 1 or parts.sizes
        }
        self._sizes_of: dict[int, dict[Size, None]] = {}
        sizes = self._sizes_of
        self._sized_names = [0] * len(self.products)
        for number, parts in names:
            sizes.setdefault(number, {}).update(dict.fromkeys(parts.sizes))
            self._sized_names[number] += bool(parts.sizes)
        self._gendered = self._told_by_gender(parts for _, parts in names)
        seen: set[tuple[object, ...]] = set()
        for number, parts in names:
            for word in parts.words:
                spelled.setdefault(key(word), word)
            literal = key(parts.words[0])
            head = self.head(literal)
            if len(parts.words) > 1 and all(word.isalpha() for word in parts.words) and not parts.sizes:
                self._joined.setdefault(key("".join(parts.words)), []).append(number)
            canonical = [self._canon(word) for word in parts.words[1:]]
            identity = (number, literal, *canonical, parts.sizes)
            if identity in seen:
                continue
            seen.add(identity)
            tables = [
                (table, canon)
                for word, canon in zip(parts.words[1:], canonical, strict=True)
                for table in self.lexicon.roles(word) & _TABLES
            ]
            words = tuple(dict.fromkeys(canonical))
            family = self.families.setdefault(head, Family())
            self._of.setdefault(number, {})[head] = family
            family.numbered.update((self._canon(word), digits) for word, digits in parts.numbered)
            family.add(Form(number, literal, words, parts.sizes), sizes[number], self.products[number].unit, tables)
        self.shapes = {s for word in spelled if (s := shape(word)) and not word.isdigit()}
        self._joined = {word: who for word, who in self._joined.items() if word not in spelled}
        self.vocabulary = Vocabulary({**{word: word for word in self._joined}, **spelled}, self._synonyms, self.lexicon)

    def _told_by_gender(self, names: Iterable[Parts]) -> frozenset[str]:
        """Words for people that are named in both genders: "conjunto de niña", "conjunto de niño"."""
        words = {word for parts in names for word in parts.words}
        people = {key(word) for word in words if self.lexicon.roles(word) & {"people", "wearers"}}
        other = str.maketrans("ao", "oa")
        return frozenset(word for word in people if word[:-1] + word[-1].translate(other) in people - {word})

    def _parts(self, tokens: list[Token], product: Product) -> Parts:
        parts = take_apart(tokens, self.lexicon, self.sizes, self._skipped, product.unit)
        if product.pair and len(parts.words) > 1 and parts.words[0] == "par":
            return Parts(parts.words[1:], parts.sizes, parts.numbered)
        return parts

    def _digits(self, norm: str) -> str:
        value = self.lexicon.values.get(norm)
        return norm if value is None else str(value)

    def head(self, word: str) -> str:
        """What stands for a head word: the product it names alone, or itself."""
        same = self._synonyms.get(word, word)
        return self._class.get(word) or self._class.get(same, same)

    def begin(self) -> None:
        """Opens the account of another message."""
        self.steps = self.vocabulary.steps = Steps()

    def _canon(self, norm: str) -> str:
        word = key(self._digits(norm))
        word = self._synonyms.get(word, word)
        return self._class.get(word) or (word if word in self._gendered else neuter(word))

    def match(
        self,
        tokens: list[Token],
        roles: list[frozenset[str]],
        at: int,
        *,
        head_only: bool = True,
        noun: bool = False,
        measured: Size | None = None,
    ) -> Match | None:
        """The product whose name starts at token `at`, or those it could be; None if it names none.

        `head_only`: whether the head alone may do ("jeans", for Jean azul and Jean negro).
        `noun`: a quantity or an article stands before it. `measured`: a size that was said before it.
        """
        token = tokens[at]
        if token.kind not in (WORD, NUMBER):
            return None
        if token.kind == WORD and token.norm in self.codes:
            return Match((self.codes[token.norm],), at + 1, EXACT, How.NAME, 1, at)
        best: Match | None = None
        rank: tuple[bool, int, float, int] = (False, 0, 0.0, 0)
        for head, alike in self.near(self._digits(token.norm) if token.kind == WORD else token.norm, noun):
            joined = self._joined.get(head)
            if joined:
                return Match(tuple(joined[:6]), at + 1, alike, How.JOINED, 2, at)
            family = self.families.get(self.head(head))
            found = None if family is None else self._resolve(family, head, alike, tokens, roles, at, measured)
            if found is None or (found.words == 1 and not self._may_stand_alone(found, head, roles[at], head_only)):
                continue
            found_rank = (found.how is not How.OTHER, found.words, found.score, -found.last)
            if best is None or found_rank > rank:
                best, rank = found, found_rank
            elif found_rank == rank and best.products != found.products:
                products = tuple(dict.fromkeys((*best.products, *found.products)))
                exact = [n for n in products if plain(self.products[n].name) == token.norm]
                how = best.how if len(exact) == 1 else How.SEVERAL
                best = Match(
                    tuple(exact) if len(exact) == 1 else products[:_MOST_CHOICES],
                    best.end,
                    best.score,
                    how,
                    best.words,
                    best.last,
                )
        written = self.written_out(tokens, at)
        if written is None or best is None:
            return written or best
        covered = best.end + (best.how is How.OTHER)  # what tells of another kind stands behind the name
        return written if written.end >= covered else best

    def written_out(self, tokens: list[Token], at: int) -> Match | None:
        """The product whose name stands at `at` word for word."""
        found = self._verbatim.find(tokens, at)
        if found is None:
            return None
        number, end = found
        return Match((number,), end, EXACT, How.NAME, 2, end - 1)

    def _may_stand_alone(self, found: Match, head: str, roles: frozenset[str], head_only: bool) -> bool:
        """Whether a head with nothing behind it that its family knows may name what it names."""
        if head in self.single and found.how not in (How.START, How.SEVERAL):
            return True
        if not head_only or roles & _WEAK_HEADS:
            return head in self.single
        return len(found.products) > 1 or self.head(head) in self._name_heads

    # a head and what stands behind it ------------------------------------------------------------------------

    def _resolve(
        self,
        family: Family,
        head: str,
        alike: float,
        tokens: list[Token],
        roles: list[frozenset[str]],
        at: int,
        measured: Size | None,
    ) -> Match | None:
        said = self._said(family, tokens, roles, at, measured)
        if said.conflict:
            nearest = self._first(said.candidates or family.products, _MOST_CHOICES)
            return Match(nearest, said.last + 1, alike, How.OTHER, said.count(), said.last)
        words = frozenset(word for word, _ in said.words)
        complete = self._complete(family, words, said)
        if (
            not complete
            and (said.sizes or said.words)
            and (not said.telling or self._only_without(family, said, words))
        ):
            complete = self._without(family)
            if complete and self._says_the_same(family, said, complete):
                return Match(
                    tuple(said.candidates or ()), said.last + 1, alike * 0.85, How.PART, said.count(), said.last
                )
            if complete and any(self._has_size_like(form.product, said.sizes) for form in complete):
                nearest = tuple(dict.fromkeys(form.product for form in complete))[:_MOST_CHOICES]
                return Match(nearest, said.last + 1, alike, How.OTHER, said.count(), said.last)
            if complete:
                said = _Said(last=at, qualities=said.qualities)
        score = alike
        for _, likeness in said.words:
            score *= likeness
        if not complete:
            return self._incomplete(family, said, words, score)
        most = max(len(form.words) + len(form.sizes) for form in complete)
        top = [form for form in complete if len(form.words) + len(form.sizes) == most]
        literal = [form for form in top if form.head == head]
        products = tuple(dict.fromkeys(form.product for form in literal or top))
        if self._is_other_kind(family, products, said):
            return Match(products[:_MOST_CHOICES], said.last + 1, score, How.OTHER, said.count(), said.last)
        score *= 1.0 if literal else 0.97
        how = _how(score) if len(products) == 1 else How.SEVERAL
        return Match(products[:_MOST_CHOICES], said.last + 1, score, how, said.count(), said.last)

    @staticmethod
    def _without(family: Family) -> list[Form]:
        """The forms that need nothing of what was said: what was said tells no products apart, or is of another."""
        return [form for form in family.exact.get(frozenset(), ()) if not form.sizes]

    @staticmethod
    def _says_the_same(family: Family, said: _Said, bare: list[Form]) -> bool:
        """Whether the one product of this size differs from the bare one by nothing but size: "arena de 10 kg"."""
        if not said.sizes or said.candidates is None or len(said.candidates) != 1:
            return False
        words = {word for form in bare for other in family.forms[form.product] for word in other.words}
        (number,) = said.candidates
        return any(words.issuperset(form.words) for form in family.forms[number])

    @staticmethod
    def _is_other_kind(family: Family, products: tuple[int, ...], said: _Said) -> bool:
        """Whether a quality was said where the products have another by which their family is told apart."""
        return any(
            len(words := family.tables.get(table, set())) > (table not in _ALONE)
            and any(words.intersection(form.words) for number in products for form in family.forms[number])
            for table, _ in said.qualities
        )

    def _has_size_like(self, product: int, sizes: Sequence[Size]) -> bool:
        """Whether a product has a size of its own, by any name, where another was said."""
        own = self._sizes_of.get(product, {})
        dimensions = {size.key()[0] for size in own}
        return any(size.key()[0] in dimensions or (size.unit is None and own) for size in sizes)

    def _complete(self, family: Family, words: frozenset[str], said: _Said) -> list[Form]:
        """The forms of which everything was said, of the products that fit all that was said."""
        fits = said.candidates
        if len(family.products if fits is None else fits) > _MOST:
            forms: Sequence[Form] = family.exact.get(words, ())
        else:
            forms = [form for number in (family.products if fits is None else fits) for form in family.forms[number]]
        self.steps.charge(len(forms))
        return [
            form
            for form in forms
            if (fits is None or form.product in fits)
            and words.issuperset(form.words)
            and all(any(family.means(other, size, form.product) for other in said.sizes) for size in form.sizes)
        ]

    def _only_without(self, family: Family, said: _Said, words: frozenset[str]) -> bool:
        """Whether nothing fits but names with "sin", which was not said: "manga corta" is no "sin mangas"."""
        fits = family.products if said.candidates is None else said.candidates
        return len(fits) <= _MOST and all(self._lacks_sin(family, n, words) for n in fits)

    def _incomplete(self, family: Family, said: _Said, words: frozenset[str], score: float) -> Match | None:
        """What a name means that is not said to its end."""
        count = said.count()
        fits = family.products if said.candidates is None else said.candidates
        products = self._first(fits, _MOST)
        if count > 1:
            products = tuple(n for n in products if not self._lacks_sin(family, n, words)) or ()
        if not products:
            return None
        end = said.last + 1
        if len(products) > 1:
            return Match(products[:_MOST_CHOICES], end, score, How.SEVERAL, count, said.last)
        if any(table in family.tables for table, _ in said.qualities):
            return Match(products, end, score, How.OTHER, count, said.last)
        said_all = self._sized_names[products[0]] < 2 and any(
            words.issuperset(form.words) for form in family.forms[products[0]]
        )  # the size that one name of several tells, as "brocha de 4", is what it is asked for by
        if count == 1 and not (said_all and not self.products[products[0]].aliases):
            return Match(products, end, score * 0.8, How.START, count, said.last)
        alone = f"#{products[0]}" in words  # "té chai", where "chai" is an alias
        if alone and not said.qualities:
            return Match(products, end, score, How.NAME, count, said.last)
        told = said_all or (
            count > _HEAD_AND_WORD and said.telling > 0 and not said.qualities
        )  # a part that is of this product alone
        return Match(products, end, score * (0.85 if told else 0.65), How.PART, count, said.last)

    @staticmethod
    def _lacks_sin(family: Family, product: int, words: frozenset[str]) -> bool:
        """Whether only names with "sin" fit, and it was not said: "mangas" is no "sin mangas"."""
        return "sin" not in words and all(
            "sin" in form.words for form in family.forms[product] if words <= {*form.words}
        )

    def _first(self, numbers: Collection[int], most: int) -> tuple[int, ...]:
        """The first products, in the catalogue's order."""
        if isinstance(numbers, dict):
            return tuple(islice(numbers, most))
        self.steps.charge(len(numbers))
        return tuple(nsmallest(most, numbers))

    def _said(
        self, family: Family, tokens: list[Token], roles: list[frozenset[str]], at: int, measured: Size | None
    ) -> _Said:
        """The words and sizes behind the head at `at` that belong to it, and the size that was said before it."""
        numeral = isinstance(tokens[at].value, int) or tokens[at].norm in self.lexicon.values
        said = _Said(last=at, adjacent=numeral)
        self._walk(family, said, tokens, roles, at + 1)
        owners = family.with_size(measured) if measured is not None else set()
        fits = owners if said.candidates is None else said.candidates & owners
        if measured is not None and fits:
            said.candidates = set(fits)
            said.sizes.append(measured)
        return said

    def _walk(self, family: Family, said: _Said, tokens: list[Token], roles: list[frozenset[str]], i: int) -> None:
        stop = min(len(tokens), i + _SPAN)
        while i < stop and not said.conflict:
            token = tokens[i]
            if token.kind == NEWLINE:
                break
            end = self._take_size(family, said, tokens, roles, i)
            if end == 0:
                break
            if end == i and token.kind == WORD:
                end = self._take_word(family, said, tokens, roles, i)
            elif end == i:
                end = i + 1 if token.kind == PUNCT and token.norm in _INSIDE else 0
            if end == 0:
                break
            i = end

    def _take_word(self, family: Family, said: _Said, tokens: list[Token], roles: list[frozenset[str]], i: int) -> int:
        """Past the word at `i` if it belongs to a name or may stand inside one; 0 if the name ends before it."""
        norm, role = tokens[i].norm, roles[i]
        if said.adjacent and not said.words and i > said.last + 1:
            return 0
        if norm in SIZE_MARKS and (end := size_mark_end(tokens, i)) > i:
            return end
        if i + 1 < len(tokens) and announces_size(tokens[i], tokens[i + 1], self.lexicon):
            return i + 1
        if role & _ENDS and not self.knows(norm):
            return 0
        if "and" in role:
            return i + 1 if self._goes_on(family, said, tokens, i + 1) else 0
        if norm not in self._skipped or "article" in role or self._canon(norm) in family.words:
            for near, alike in self.near(self._digits(norm))[:3]:
                word = self._canon(near)
                owners = family.words.get(word)
                if owners is None:
                    continue
                self.steps.charge(1 + len(owners) // 8)
                fits = owners if said.candidates is None else said.candidates & owners
                if "con" in roles[i - 1] and "sin" in family.words:
                    fits = {n for n in fits if not self._lacks_sin(family, n, frozenset([word]))}
                said.last = i
                if not fits:
                    said.conflict = True
                    return i + 1
                said.candidates = set(fits) if said.candidates is None else fits
                if all(word != other for other, _ in said.words):
                    said.words.append((word, SMALL_FORM if alike == OTHER_GENDER else alike))
                said.telling += not role & _TELL_NOTHING
                return i + 1
        if (model := shape(norm)) and any(shape(word) == model for word in family.words):
            said.last, said.conflict = i, True  # "lápiz 6B", where there is 2B
            return i + 1
        if role & {"modifier", "sizemark"}:
            word = self._canon(norm)
            said.qualities += [(table, word) for table in role & _TABLES]
        if norm == "por" and i + 1 < len(tokens) and self._is_exchanged(family, said, tokens[i + 1].norm):
            return 0  # "cambia el jean azul por el negro", "leche entera por deslactosada"
        return i + 1 if role & _BETWEEN or norm in self._skipped else 0

    def _is_exchanged(self, family: Family, said: _Said, norm: str) -> bool:
        """Whether what stands behind "por" is none of a name: an article, or a word of other products of the family."""
        owners = family.words.get(self._canon(norm), set())
        return norm in ("el", "la", "los", "las") or bool(owners and said.candidates and not owners & said.candidates)

    def _goes_on(self, family: Family, said: _Said, tokens: list[Token], i: int) -> bool:
        """Whether a name has a word behind its "y": "croissant de jamón y queso"."""
        if not said.words or i >= len(tokens) or tokens[i].kind != WORD:
            return False
        for near, _ in self.near(tokens[i].norm)[:2]:
            word = self._canon(near)
            owners = family.words.get(word)
            if (
                owners
                and all(word != other for other, _ in said.words)
                and (said.candidates is None or said.candidates & owners)
            ):
                return True
        return False

    def _take_size(self, family: Family, said: _Said, tokens: list[Token], roles: list[frozenset[str]], i: int) -> int:
        """Past the size at `i` that belongs to the name; `i` if none starts there, 0 if the name ends before it."""
        read = self.sizes.at(tokens, i) if self.sizes.may_start(tokens[i]) else None
        if read is None:
            return i
        if len(read[0].values) > 1 and not family.with_size(read[0]):
            read = self.sizes.at(tokens, i, single=True) or read
        size, end = read
        if tokens[i].kind == WORD and tokens[i].norm in family.words and size.unit is None:
            return i
        own = size.unit is not None and size.unit.name in family.units and tokens[i].norm in self.lexicon.measures
        if own and size.values == (1,):
            said.last = end - 1
            return end  # "arena fina m3", which is sold by it
        marked = i > 0 and (tokens[i - 1].norm in _SIZE_OPENS or "size" in roles[i - 1])
        marked = marked or (
            end < len(tokens) and "people" in roles[end] and i > 0 and "for" in roles[i - 1]
        )  # "para 20 personas"
        counts = end < len(tokens) and bool(roles[end] & {"piece", "container"}) and "of" not in roles[i - 1]
        if size.unit is None and counts and tokens[i].kind == NUMBER:
            return 0  # "hielo - 3 bolsas", where "hielo 3 kilos" is a name
        behind_word = (
            size.unit is None and said.last == i - 1 and bool(said.words) and family.numbers(said.words[-1][0], size)
        )
        marked = marked or behind_word  # "etapa 2", "fps 70"
        owners = family.with_size(size)
        self.steps.charge(1 + len(owners) // 8)
        if size.unit is None and any(size.values == other.values for other in said.sizes):
            owners = {number for number in owners if family.has_twice(number, size)}
            if not owners:
                return 0  # "jeringa 10 ml x 10": ten of them
        fits = owners if said.candidates is None else said.candidates & owners
        if fits and (
            marked or size.unit is not None or self._is_named_so(family, said, size, fits, tokens, roles, end)
        ):
            said.candidates, said.last = set(fits), end - 1
            said.sizes.append(size)
            return end
        if tokens[i].kind == WORD and size.unit is None and not marked:
            return i
        if not self._is_size_of(family, said, size, marked, tokens, end):
            return 0 if tokens[i].kind == NUMBER or size.unit is not None else i
        said.last, said.conflict = end - 1, True
        return end

    def _is_named_so(
        self, family: Family, said: _Said, size: Size, fits: set[int], tokens: list[Token],
        roles: list[frozenset[str]], end: int,
    ) -> bool:  # fmt: skip
        """Whether a bare number belongs to a name ("lija 220", "3 en 1"); else it is how many are wanted."""
        if said.trial:
            return True
        trial = msgspec.structs.replace(
            said, words=[*said.words], sizes=[*said.sizes, size], candidates=set(fits), trial=True
        )
        self._walk(family, trial, tokens, roles, end)
        words = frozenset(word for word, _ in trial.words)
        return not trial.conflict and any(form.sizes for form in self._complete(family, words, trial))

    def _is_size_of(self, family: Family, said: _Said, size: Size, marked: bool, tokens: list[Token], end: int) -> bool:
        """Whether a size that no product has is meant as one, so that nobody is sold another."""
        if not family.dimensions:
            return False
        if size.unit is not None:
            fits = family.products if said.candidates is None else said.candidates
            measured = len(fits) > _MOST or any(self.products[number].unit is not None for number in fits)
            if size.unit.name in SOLD_BY and (
                (family.units and measured) or (not marked and self._counts(family, size))
            ):
                return False
            alike = size.unit.dimension in family.dimensions or "" in family.dimensions
        else:
            alike = marked and (end >= len(tokens) or tokens[end].kind != WORD or self._closes(tokens[end], family))
        words = frozenset(word for word, _ in said.words)
        named = self._complete(family, words, said) or ([] if said.telling else self._without(family))
        if any(form.sizes for form in named):
            return False  # "levis 501 talla 32": which one is said
        return alike and (not named or any(self._has_size_like(form.product, [size]) for form in named))

    @staticmethod
    def _counts(family: Family, size: Size) -> bool:
        """Whether a unit behind a name may count pieces: of one such unit ("leche 3 lts"), or without a size."""
        assert size.unit is not None
        one = Size((1,), size.unit)
        if size.unit.dimension not in family.dimensions:
            return True
        return bool(family.with_size(one)) and not family.with_size(size)

    def _closes(self, token: Token, family: Family) -> bool:
        if "people" in self.lexicon.roles(token.norm):
            return True
        return self._canon(token.norm) in family.words or bool(
            self.lexicon.roles(token.norm) & {"and", "courtesy", "thanks", "but", "for", "con"}
        )

    def with_head(
        self, product: int, norms: list[str], sizes: Sequence[Size] = (), *, head: str | None = None
    ) -> tuple[int, ...]:
        """Products that share a head with `product` and have all of `norms` and `sizes` ("2 de manga corta").

        `head`: the word that it was called by, where only that head's products are meant.
        """
        words = [near[0][0] for norm in norms if (near := self.near(norm))]
        if len(words) < len(norms) or not (words or sizes):
            return ()
        canonical = [self._canon(word) for word in words]
        found: dict[int, None] = {}
        families = self.families_of(product)
        if head is not None:
            families = [family for near, _ in self.near(head) if (family := self.families.get(self.head(near)))]
        for family in families:
            fits: set[int] | None = None
            for owners in (
                *(family.words.get(word, set()) for word in canonical),
                *(family.with_size(size) for size in sizes),
            ):
                fits = set(owners) if fits is None else fits & owners
            said = frozenset(canonical)
            plainly = [number for number in self._first(fits or (), _MOST) if not self._lacks_sin(family, number, said)]
            found.update(dict.fromkeys(plainly))
        return tuple(found)

    def said_whole(self, products: Sequence[int], norms: Sequence[str]) -> tuple[int, ...]:
        """Those whose names are said to their end by words behind the head: "entera", not of "leche entera cruda"."""
        said = frozenset(self._canon(near[0][0]) for norm in norms if (near := self.near(norm)))
        return tuple(
            number
            for number in products
            if any(
                said and said == {*form.words} for family in self.families_of(number) for form in family.forms[number]
            )
        )

    def plain_kin(self, product: int) -> tuple[int, ...]:
        """Products that share a head with `product` and are called by it alone: "Brownie" of "Brownie sin gluten"."""
        forms = (form for family in self.families_of(product) for form in self._without(family))
        return tuple(dict.fromkeys(form.product for form in forms))

    def nearest_kin(self, product: int, others: Sequence[int]) -> tuple[int, ...]:
        """Those of `others` that share every family with `product`: of "caja de losartán 100" not every "caja"."""
        kin = [id(family) for family in self.families_of(product)]
        return tuple(n for n in others if {id(family) for family in self.families_of(n)}.issuperset(kin))

    def is_told(self, product: int, norms: Sequence[str], like: int) -> bool:
        """Whether a name of two things is said whole by `norms` and what names the product `like`."""
        said = {self._canon(near[0][0]) for norm in norms if (near := self.near(norm))}
        said.update(word for family in self.families_of(like) for form in family.forms[like] for word in form.words)
        forms = (form for family in self.families_of(product) for form in family.forms[product])
        names = (plain(name) for name in (self.products[product].name, *self.products[product].aliases))
        return any(said.issuperset(form.words) for form in forms if form.words) or not any(" y " in n for n in names)

    def lacks(self, product: int, norm: str) -> bool:
        """Whether a product is named as one without what a word says: "con cabeza", of a "camarón sin cabeza"."""
        word = self._canon(norm)
        forms = [form for family in self.families_of(product) for form in family.forms[product] if word in form.words]
        return bool(forms) and all("sin" in form.words for form in forms)

    def is_sized(self, product: int) -> bool:
        """Whether sizes tell a product of a head from others."""
        own = self.sizes_of(product)
        return any(
            set(self.sizes_of(n)) != set(own)
            and {size.key()[0] for size in self.sizes_of(n)} & {s.key()[0] for s in own}
            for family in self.families_of(product)
            for n in self._first(family.products, _MOST)
        )

    def has_other(self, product: int, norms: list[str]) -> bool:
        """Whether a product is named by a quality of the kind that one of `norms` is, and by none of them."""
        lexicon = self.lexicon
        tables = frozenset().union(*(lexicon.roles(norm) & _TABLES for norm in norms))
        said = {self._canon(norm) for norm in norms}
        own = {word for family in self.families_of(product) for form in family.forms[product] for word in form.words}
        named = {
            word
            for family in self.families_of(product)
            for t in tables
            for word in family.tables.get(t, ())
            if word in own
        }
        return bool(named) and not named & said

    def families_of(self, product: int) -> list[Family]:
        """The families that a product's names belong to."""
        return list(self._of[product].values())

    def sizes_of(self, product: int) -> Collection[Size]:
        """The sizes that a product has by any of its names."""
        return self._sizes_of.get(product, {}).keys()

    def near(self, norm: str, noun: bool = False) -> Near:
        """The catalogue's words that a word of a text may be, best first."""
        if norm in self.codes:
            return ((norm, EXACT),)
        return self.vocabulary.near(norm, noun)

    def knows(self, norm: str) -> bool:
        """Whether a word is, as written, one of the catalogue's."""
        return key(norm) in self.vocabulary.words

    def names(self, norm: str) -> bool:
        """Whether a word alone is the name of a product."""
        near = self.near(norm)
        return bool(near) and near[0][1] >= SMALL_FORM and (near[0][0] in self.single or near[0][0] in self.codes)

    def opens(self, word: str) -> bool:
        """Whether a word of the catalogue opens a name."""
        return word in self.single or self.head(word) in self.families or word in self.codes

    def spelled_out(self, start: str, behind: str) -> str | None:
        """The one head that opens with `start` and has the word `behind` in a name."""
        word = self._canon(behind)
        heads = {
            self.head(head): head
            for head in self.vocabulary.starting(start)
            if (family := self.families.get(self.head(head))) is not None and word in family.words
        }
        return next(iter(heads.values())) if len(heads) == 1 else None

    def nearest(self, text: str, limit: int = 3) -> tuple[str, ...]:
        """Names of the products most like a fragment the catalogue lacks; few, or none."""
        words = [
            key(w)
            for w in take_apart(name_tokens(text, self.lexicon), self.lexicon, self.sizes, self._skipped, None).words
            if len(w) > 3
        ]
        found = self._owners(words, limit)
        if not found and len(words) <= 4:
            found = self._owners((known for word in words for known in self.vocabulary.resembling(word)), limit)
        return tuple(self.products[n].name for n in found)

    def _owners(self, words: Iterable[str], most: int) -> tuple[int, ...]:
        """Some products that are named by one of the words or begin with it."""
        families = ((w, self.families.get(self.head(w))) for w in words)
        owners = (
            chain(self.single.get(w, ()), family.products if family is not None else ()) for w, family in families
        )
        return _distinct(chain.from_iterable(owners), most)


def _distinct(numbers: Iterable[int], most: int) -> tuple[int, ...]:
    """The first distinct ones; the rest, ten thousand in some catalogues, are not looked at."""
    found: dict[int, None] = {}
    for number in numbers:
        found[number] = None
        if len(found) == most:
            break
    return tuple(found)


def _code(sku: str) -> str:
    """What a sku is found by: its letters and digits; nothing where it has no digits or is too short to be told."""
    code = "".join(c for c in plain(sku) if c.isalnum())
    return code if len(code) > 2 and any(c.isdigit() for c in code) else ""


def _how(similarity: float) -> How:
    if similarity >= EXACT - 0.035:
        return How.NAME
    return How.SOUND if similarity >= 0.9 else How.MISSPELLED


def _synonyms(tables: Tables) -> tuple[dict[str, str], frozenset[str]]:
    same: dict[str, str] = {}
    for group in tables.synonyms["groups"]:
        first, *others = (key(plain(word)) for word in group.split())
        for other in others:
            same.setdefault(other, first)
    return same, frozenset(tables.synonyms["skipped"].split()) | NONE


class Language(msgspec.Struct, frozen=True):
    """What a matcher knows of the language: `synonyms` by key, and words of names that tell nothing."""

    lexicon: Lexicon
    synonyms: dict[str, str]
    skipped: frozenset[str]

    @classmethod
    def of(cls, folder: Path) -> "Language":
        """The package's language with what a folder adds. Raises LanguageError."""
        found = tables(folder)
        return cls(Lexicon(found), *_synonyms(found))


@cache
def own_language() -> Language:
    """The language of the package's own tables."""
    return Language(lexicon(), *_synonyms(tables()))
