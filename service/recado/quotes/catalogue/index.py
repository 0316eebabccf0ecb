"""The catalogue's names by their words: what products with the same head share, and what distinguishes them.

The cost of a look-up depends on the words of the text, not on the size of the catalogue. Only misspelled words are
compared with all of the catalogue's words of about their length; each word is looked up once and remembered.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from heapq import nsmallest
from itertools import chain, islice
from pathlib import Path
from typing import Final, Self

import msgspec

from recado.quotes.catalogue.abbreviations import Abbreviations
from recado.quotes.catalogue.budget import Steps
from recado.quotes.catalogue.codes import code_of, code_shape, shape
from recado.quotes.catalogue.parts import Family, Form, Parts, name_tokens, take_apart
from recado.quotes.catalogue.product import Product
from recado.quotes.catalogue.series import SeriesIndex
from recado.quotes.catalogue.verbatim import Verbatim
from recado.quotes.catalogue.vocabulary import EXACT, SMALL_FORM, Near, Vocabulary
from recado.quotes.language import role
from recado.quotes.language.language import Tables, tables
from recado.quotes.language.lexicon import Lexicon, lexicon
from recado.quotes.language.role import Role
from recado.quotes.language.sizes import COUNT, Size, Sizes
from recado.quotes.language.text import Token, key, neuter, plain

MOST: Final = 24
"""How many products are compared form by form. If more fit a head, recado asks, unless a name matches exactly."""
TABLES: Final = frozenset([
    role.COLOURS, role.PATTERNS, role.SIZES, role.MATERIALS, role.WEARERS, role.GRADES, role.BEDS, role.SIZEMARK,
])  # fmt: skip
"""Qualities of which each product has one."""


def _synonyms(tables: Tables) -> tuple[dict[str, str], frozenset[str]]:
    same: dict[str, str] = {}
    for group in tables.synonyms["groups"]:
        first, *others = (key(plain(word)) for word in group.split())
        for other in others:
            same.setdefault(other, first)
    return same, frozenset(tables.synonyms["skipped"].split())


class Language(msgspec.Struct, frozen=True):
    """What a matcher knows about the language: `synonyms` by key, and words of names that carry no meaning."""

    lexicon: Lexicon
    synonyms: dict[str, str]
    skipped: frozenset[str]

    @classmethod
    def of(cls, folder: Path) -> "Language":
        """The package's language, with the additions of a folder. Raises LanguageError."""
        found = tables(folder)
        return cls(Lexicon(found), *_synonyms(found))


@cache
def own_language() -> Language:
    """The language of the package's own tables."""
    return Language(lexicon(), *_synonyms(tables()))


class Index:
    """The names of all products. `products` are numbered as given."""

    def __init__(self, products: Iterable[Product], language: Language | None = None) -> None:
        language = language or own_language()
        self.products = tuple(products)
        self.lexicon = language.lexicon
        self.sizes = Sizes(self.lexicon)
        self._synonyms, self.skipped = language.synonyms, language.skipped
        self.steps = Steps()
        self.verbatim = Verbatim(self.lexicon)
        self._abbreviations = Abbreviations(self.lexicon)
        self.series = SeriesIndex(self.lexicon, lambda word: self._synonyms.get(word, word))
        self.codes = {code: n for n, product in enumerate(self.products) if (code := code_of(product.sku))}
        self.code_shapes = {s for code in self.codes if (s := code_shape(code))}
        named_by = [self._names(number, product) for number, product in enumerate(self.products)]
        self._abbreviations.settle(token for named in named_by for tokens in named for token in tokens)
        parts_of = [
            [self._parts(tokens, product) for tokens in named]
            for named, product in zip(named_by, self.products, strict=True)
        ]
        self.size_index = [dict.fromkeys(size for parts in named for size in parts.sizes) for named in parts_of]
        self.sized_names = [sum(bool(parts.sizes) for parts in named) for named in parts_of]
        names = [(number, parts) for number, named in enumerate(parts_of) for parts in (*named, *_longer(named))]
        self.single = _named_alone(names)
        self._class = {word: f"#{who[0]}" for word, who in self.single.items() if len(who) == 1}
        own = (named[0] for named in parts_of)
        self.name_heads = {self.head(key(parts.words[0])) for parts in own if len(parts.words) > 1 or parts.sizes}
        self._gendered = self._told_by_gender(parts for _, parts in names)
        self.families: dict[str, Family] = {}
        self._skeletons: dict[int, frozenset[tuple[str, ...]]] = {}  # see Kin.siblings
        self._of: list[list[Family]] = [[] for _ in self.products]
        self._add_families(names)
        spelled: dict[str, str] = {}
        for _, parts in names:
            for word in parts.words:
                spelled.setdefault(key(word), word)
        self.shapes = {s for word in spelled if not (word.isalpha() or word.isdigit()) and (s := shape(word))}
        self.joined = {word: who for word, who in _joined(names).items() if word not in spelled}
        self.vocabulary = Vocabulary({**{word: word for word in self.joined}, **spelled}, self._synonyms, self.lexicon)

    def _names(self, number: int, product: Product) -> list[list[Token]]:
        """The tokens of a product's name and aliases, which are remembered word for word, too."""
        found = []
        for text in (product.name, *product.aliases):
            tokens = self.series.name_tokens(text)
            if "." in text:
                self._abbreviations.learn(tokens)
            self.verbatim.add(tokens, number)
            found.append(tokens)
        return found

    def _add_families(self, names: Iterable[tuple[int, Parts]]) -> None:
        """Gather the names by their heads."""
        canon = cache(self.canon)  # names share most of their words
        spoken: dict[str, set[str]] = {}
        for number, parts in names:
            literal, *words = parts.words
            form = Form(number, key(literal), tuple(dict.fromkeys(map(canon, words))), parts.sizes)
            head = self.head(form.head)
            family = self.families.get(head)
            if family is None:
                family = self.families[head] = Family()
                spoken[head] = set()
            if number not in family.products:
                family.add_product(number, self.size_index[number], self.products[number].unit)
                self._of[number].append(family)
            elif form in family.forms[number]:
                continue
            family.add(form)
            spoken[head].update(words)
            if parts.numbered or parts.counted:
                family.numbered.update((canon(word), digits) for word, digits in parts.numbered)
                family.counted.update(map(canon, parts.counted))
        for head, norms in spoken.items():
            for table, word in chain.from_iterable(map(self._qualities, norms)):
                self.families[head].tables.setdefault(table, set()).add(word)

    def _qualities(self, word: str) -> list[tuple[Role, str]]:
        """The tables of qualities that a word of a name is in, each with the word."""
        return [(table, self.canon(word)) for table in self.lexicon.roles(word) & TABLES]

    def _told_by_gender(self, names: Iterable[Parts]) -> frozenset[str]:
        """Words for people of which names use both genders: "conjunto de niña", "conjunto de niño"."""
        words = {word for parts in names for word in parts.words}
        people = {key(word) for word in words if self.lexicon.roles(word) & {role.PEOPLE, role.WEARERS}}
        other = str.maketrans("ao", "oa")
        return frozenset(word for word in people if word[:-1] + word[-1].translate(other) in people - {word})

    def _parts(self, tokens: list[Token], product: Product) -> Parts:
        tokens = self._abbreviations.spell(tokens, self.skipped)
        parts = take_apart(tokens, self.lexicon, self.sizes, self.skipped, product.unit)
        if product.pair and len(parts.words) > 1 and parts.words[0] == "par":
            return msgspec.structs.replace(parts, words=parts.words[1:])
        return parts

    def own_parts(self, product: int) -> Parts:
        """A product's own name by its parts, whatever it is sold by."""
        tokens = name_tokens(self.products[product].name, self.lexicon)
        return take_apart(tokens, self.lexicon, self.sizes, self.skipped, None)

    def digits(self, norm: str) -> str:
        value = self.lexicon.values.get(norm)
        return norm if value is None else str(value)

    def head(self, word: str) -> str:
        """What represents a head word: the product that it names alone, or the word itself."""
        word = self._abbreviations.wholes.get(word, word)
        same = self._synonyms.get(word, word)
        return self._class.get(word) or self._class.get(same, same)

    def within(self, steps: Steps) -> Self:
        """The same names, for one message whose `steps` pay for its look-ups."""
        mine = object.__new__(type(self))  # `copy` does the same with ten times as many instructions
        mine.__dict__ = {**self.__dict__, "steps": steps}
        return mine

    def canon(self, norm: str) -> str:
        word = key(self.digits(norm))
        word = self._abbreviations.wholes.get(word, word)
        word = self._synonyms.get(word, word)
        return self._class.get(word) or (word if word in self._gendered else neuter(word))

    @staticmethod
    def without(family: Family) -> list[Form]:
        """The forms that need nothing of what was said: it distinguishes no products, or belongs to another one."""
        return [form for form in family.exact.get(frozenset(), ()) if not form.sizes]

    @staticmethod
    def lacks_sin(family: Family, product: int, words: frozenset[str]) -> bool:
        """Whether only names with "sin" fit although it was not said: "mangas" is not "sin mangas"."""
        return "sin" not in words and all(
            "sin" in form.words for form in family.forms[product] if words <= {*form.words}
        )

    def first(self, numbers: Collection[int], most: int) -> tuple[int, ...]:
        """The first products, in the catalogue's order."""
        if isinstance(numbers, dict):
            return tuple(islice(numbers, most))
        self.steps.charge(len(numbers))
        return tuple(nsmallest(most, numbers))

    def lacks(self, product: int, norm: str) -> bool:
        """Whether a product's name excludes what a word says: "con cabeza" for a "camarón sin cabeza"."""
        word = self.canon(norm)
        forms = [form for family in self.families_of(product) for form in family.forms[product] if word in form.words]
        return bool(forms) and all("sin" in form.words for form in forms)

    def is_worn(self, product: int) -> bool:
        """Whether a product is clothes, of which a number may be the size."""
        return any(not self.lexicon.worn.isdisjoint(family.heads) for family in self.families_of(product))

    def is_sized(self, product: int) -> bool:
        """Whether sizes distinguish a product from others with its head."""
        own = self.sizes_of(product)
        return any(
            set(self.sizes_of(n)) != set(own)
            and {size.key()[0] for size in self.sizes_of(n)} & {s.key()[0] for s in own}
            for family in self.families_of(product)
            for n in self.first(family.products, MOST)
        )

    def has_other(self, product: int, norms: list[str]) -> bool:
        """Whether a product's name has a quality of the same kind as one of `norms`, but none of `norms`."""
        lexicon = self.lexicon
        tables = {table for norm in norms for table in lexicon.roles(norm) & TABLES}
        said = {self.canon(norm) for norm in norms}
        own = {word for family in self.families_of(product) for form in family.forms[product] for word in form.words}
        named = {
            word
            for family in self.families_of(product)
            for t in tables
            for word in family.tables.get(t, ())
            if word in own
        }
        return bool(named) and not named & said

    def is_called(self, product: int, norm: str) -> bool:
        """Whether a word is the first one of a product's name."""
        return self.canon(norm) == self.canon(plain(self.products[product].name).split()[0])

    def families_of(self, product: int) -> list[Family]:
        """The families that a product's names belong to."""
        return self._of[product]

    def sizes_of(self, product: int) -> Collection[Size]:
        """The sizes that a product has by any of its names."""
        return self.size_index[product].keys()

    def has_size_like(self, product: int, sizes: Sequence[Size]) -> bool:
        """Whether a product has a size, by any of its names, that differs from the one that was said."""
        own = self.sizes_of(product)
        dimensions = {size.key()[0] for size in own}
        return any(size.key()[0] in dimensions or (size.unit is None and own) for size in sizes)

    def has_in_unit(self, products: Collection[int], size: Size) -> bool:
        """Whether one of the products of a size has it in this unit."""
        return any(own.unit == size.unit for number in products for own in self.sizes_of(number))

    def has_pack(self, products: Collection[int], size: Size) -> bool:
        """Whether one of the products is a pack of so many: "velas x10"."""
        return any(own.unit == COUNT and own.values == size.values for n in products for own in self.sizes_of(n))

    def near(self, norm: str, noun: bool = False) -> Near:
        """The catalogue's words that a word of a text may mean, best first."""
        if norm in self.codes:
            return ((norm, EXACT),)
        return self.vocabulary.near(norm, self.steps, noun)

    def near_word(self, norm: str) -> Near:
        """As `near`, for a word behind a head, which names may have cut short: "silicona" for "silic."."""
        near = self.near(norm)
        if near or not self._abbreviations.short or (short := self._abbreviations.of(norm)) is None:
            return near
        return ((short, EXACT),)

    def knows(self, norm: str) -> bool:
        """Whether a word, as written, is in the catalogue."""
        return key(norm) in self.vocabulary.words

    def names(self, norm: str) -> bool:
        """Whether a word alone is the name of a product."""
        near = self.near(norm)
        return bool(near) and near[0][1] >= SMALL_FORM and (near[0][0] in self.single or near[0][0] in self.codes)

    def opens(self, word: str) -> bool:
        """Whether a name begins with this word of the catalogue."""
        return word in self.single or self.head(word) in self.families or word in self.codes

    def spelled_out(self, start: str, behind: str) -> str | None:
        """The one head that begins with `start` and has the word `behind` in a name."""
        word = self.canon(behind)
        heads = {
            self.head(head): head
            for head in self.vocabulary.starting(start)
            if (family := self.families.get(self.head(head))) is not None and word in family.words
        }
        return next(iter(heads.values())) if len(heads) == 1 else None

    def nearest(self, text: str, limit: int = 3) -> tuple[str, ...]:
        """Names of the products most similar to a fragment that the catalogue lacks; few, or none."""
        words = [
            key(w)
            for w in take_apart(name_tokens(text, self.lexicon), self.lexicon, self.sizes, self.skipped, None).words
            if len(w) > 3
        ]
        found = self._owners(words, limit)
        if not found and len(words) <= 4:
            found = self._owners(
                (known for word in words for known in self.vocabulary.resembling(word, self.steps)), limit
            )
        return tuple(self.products[n].name for n in found)

    def _owners(self, words: Iterable[str], most: int) -> tuple[int, ...]:
        """Some products that are named by one of the words or begin with it."""
        families = ((w, self.families.get(self.head(w))) for w in words)
        owners = (
            chain(self.single.get(w, ()), family.products if family is not None else ()) for w, family in families
        )
        return _distinct(chain.from_iterable(owners), most)


def _longer(named: list[Parts]) -> Iterator[Parts]:
    """The name with what it is held in, "amoxicilina cápsulas 500 mg"; the aliases that begin inside the name, with
    its head: "pizza mexicana grande", for the alias "mexicana grande"."""
    head, *inside = named[0].words
    if named[0].held_in:
        yield msgspec.structs.replace(named[0], words=named[0].words + named[0].held_in)
    for parts in named[1:]:
        if parts.words[0] in inside and head not in parts.words and (len(parts.words) > 1 or parts.sizes):
            yield msgspec.structs.replace(parts, words=(head, *parts.words))


def _named_alone(names: Iterable[tuple[int, Parts]]) -> dict[str, list[int]]:
    """The products that each word names alone."""
    found: dict[str, list[int]] = {}
    for number, parts in names:
        if len(parts.words) == 1 and not parts.sizes:
            known = found.setdefault(key(parts.words[0]), [])
            if number not in known[-1:]:
                known.append(number)
    return found


def _joined(names: Iterable[tuple[int, Parts]]) -> dict[str, list[int]]:
    """The products of names of several words, by those words without spaces: "camisamangalarga"."""
    found: dict[str, list[int]] = {}
    for number, parts in names:
        if len(parts.words) > 1 and not parts.sizes and all(word.isalpha() for word in parts.words):
            found.setdefault(key("".join(parts.words)), []).append(number)
    return found


def _distinct(numbers: Iterable[int], most: int) -> tuple[int, ...]:
    """The first distinct ones. The rest are not looked at: some catalogues have ten thousand."""
    found: dict[int, None] = {}
    for number in numbers:
        found[number] = None
        if len(found) == most:
            break
    return tuple(found)
