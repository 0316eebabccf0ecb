"""Which product is meant where its head is left out: "el azul", "los de 1/2", "de bistec", "la más barata".

What was said is completed with the head of what it may be of, and read as a name: "tubos pvc" + "de 1/2". So whatever
tells the products of a shop apart tells them apart here.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from recado.quotes.catalogue.budget import TooLongError
from recado.quotes.catalogue.catalogue import Catalogue
from recado.quotes.catalogue.matcher import How, Matcher
from recado.quotes.language import role
from recado.quotes.language.constructions import Does
from recado.quotes.language.text import NUMBER, WORD, key, plain, tokenise
from recado.quotes.script.clauses import Bare
from recado.quotes.service import as_sold, read

_ORDINALS: Final = {
    "primero": 1, "primera": 1, "primer": 1, "1ro": 1, "1ra": 1, "1era": 1, "1er": 1, "segundo": 2, "segunda": 2,
    "2do": 2, "2da": 2, "tercero": 3, "tercera": 3, "tercer": 3, "3ro": 3, "3ra": 3, "cuarta": 4, "quinto": 5,
    "quinta": 5, "ultimo": 0, "ultima": 0,
}  # fmt: skip
_PLAIN: Final = frozenset(
    ["normal", "normales", "sencillo", "sencilla", "simple", "comun", "comunes", "basico", "basica", "regular"]
)
_CHEAP: Final = frozenset(
    ["barato", "barata", "economico", "economica", "baratos", "baratas", "economicos", "economicas"]
)
_DEAR: Final = frozenset(["caro", "cara", "caros", "caras"])
_MOST_LINES: Final = 12
"""Lines whose heads are tried: no real order with a word left out has more."""
_MOST_HEADS: Final = 3
_LETTERS: Final = frozenset(["xs", "s", "m", "l", "xl"])
_OF_SIZE: Final = re.compile(r"\bde las? (?=\d)")
""" "la de la 10", of a shirt."""
_MOST_PRODUCTS: Final = 2000
_MOST_SOUGHT: Final = 3
"""Searches of the names for a word in one message; each takes some milliseconds."""
MOST_READINGS: Final = 60
"""Names that are read for one message; each takes 0.1 ms, and a hostile message would need thousands."""


class Meant(msgspec.Struct, frozen=True):
    """The products that are meant, none if that is not clear; and how many, without a number that belongs to a name."""

    skus: tuple[str, ...] = ()
    quantity: int | Decimal | None = None


class Ellipsis:
    """Completes a customer's words against a catalogue."""

    def __init__(self, catalogue: Catalogue, matcher: Matcher) -> None:
        self._catalogue = catalogue
        self._matcher = matcher
        self._read: dict[str, tuple[str, ...]] = {}
        self._having: dict[tuple[str, ...], tuple[str, ...]] = {}

    def chosen(self, candidates: Sequence[str], said: str, bare: Bare) -> Meant:
        """Which candidates of a question are meant; `said`: what the question is about, as the customer wrote it."""
        place = self._by_place(candidates, bare)
        if place:
            return Meant(place, _amount(bare))
        whole = self.by_names(candidates, plain(bare.text).split()) if bare.text != bare.fragment else ()
        if 0 < len(whole) < len(candidates):
            needed = self.by_names(candidates, plain(bare.fragment).split()) != whole
            return Meant(whole, None if needed else _amount(bare))  # "cuatro quesos": the number is part of the name
        meant: Meant | None = None
        for fragment, quantity in _fragments(bare):
            found = self._completed(said, fragment)
            inside = tuple(sku for sku in candidates if sku in found)
            if inside and len(inside) < len(candidates) and (meant is None or meant.skus == inside):
                meant = Meant(inside, quantity)  # "2 del de 2 pulgadas": the first number is not needed for the name
        if meant is not None:
            return meant
        described = self._by_words(candidates, bare.words)
        if not described or len(described) == len(candidates):
            described = self.by_names(candidates, bare.words) or described
        return Meant(described, _amount(bare)) if described else Meant()

    def lines(self, lines: Sequence[str], bare: Bare) -> Meant:
        """Which lines of the quote are meant."""
        if numbered := _numbered(bare):
            named = {one for sku in lines[:_MOST_LINES] for one in self._of_kin(sku, numbered)}
            if named:
                return Meant(tuple(sku for sku in lines if sku in named))
        described = () if bare.foreign else self._by_words(lines, bare.words)
        if len(described) == 1:
            return Meant(described, _amount(bare))
        for fragment, quantity in _fragments(bare):
            found = tuple(sku for sku in lines[:_MOST_LINES] if sku in self._of_kin(sku, fragment))
            if len(found) == 1:
                return Meant(found, quantity)
        written = () if described else self.by_names(lines, bare.words)
        return Meant(written if len(written) == 1 else described, _amount(bare))

    def kin(self, sku: str, bare: Bare) -> Meant:
        """Which other products with the head of `sku` are meant."""
        for fragment, quantity in _fragments(bare):
            found = tuple(one for one in self._of_kin(sku, fragment) if one != sku)
            if found:
                return Meant(found, quantity)
        numbers = self._matcher.with_head(self._catalogue.places[sku], list(bare.words)) if not bare.foreign else ()
        others = tuple(one for n in numbers if (one := self._catalogue.products[n].sku) != sku)
        if not others and (bare.steered or bare.does is not Does.ORDER):
            others = self._of_its_kind(sku, bare.words)
        if bare.does is Does.ADD:  # "y 3 pares de medias" are no kind of the "pantaloneta negra"
            others = tuple(one for one in others if self._heads(one) & self._heads(sku))
        return Meant(others, _amount(bare))

    def has_any(self, sku: str, bare: Bare) -> bool:
        """Whether some of the words are in a product's names."""
        return bool(self._by_words((sku,), bare.words))

    def having(self, words: Sequence[str]) -> tuple[str, ...]:
        """The products with all of the words in one of their names."""
        said = tuple(words)
        if said not in self._having:
            products = self._catalogue.products if len(self._having) < _MOST_SOUGHT else ()
            self._having[said] = self.by_names((one.sku for one in products[:_MOST_PRODUCTS]), said)
        return self._having[said]

    def beginning(self, word: str) -> tuple[str, ...]:
        """The products with a name that begins with the word."""
        return tuple(sku for sku in self.having((word,)) if key(word) in self._heads(sku))

    def counted(self, skus: Sequence[str], said: str) -> list[str]:
        """The products that "2 bolsas" may count: those whose name begins with the word, otherwise those with such
        another name."""
        words = {key(token.norm) for token in tokenise(said) if token.kind is WORD}
        heads = {sku: [key(name.split()[0]) for name in self._plain(sku)] for sku in skus[:_MOST_LINES]}
        called = [sku for sku, names in heads.items() if words.intersection(names[:1])]
        return called or [sku for sku, names in heads.items() if words.intersection(names)]

    def nearest(self, sku: str, others: Iterable[str]) -> list[str]:
        """Those of the others that share the most words with a name of a product."""
        own = frozenset().union(*self._names(sku))
        shared = {one: max(len(own & name) for name in self._names(one)) for one in others}
        return [one for one, count in shared.items() if 0 < count == max(shared.values())]

    def _by_place(self, skus: Sequence[str], bare: Bare) -> tuple[str, ...]:
        """ "el segundo", "la más barata", "la normal"."""
        for word in bare.words:
            ordinal = _ORDINALS.get(word.removesuffix("s"))
            if ordinal is not None and ordinal <= len(skus):
                return (skus[ordinal - 1],)
            if word in _CHEAP or word in _DEAR:
                prices = [self._catalogue.by_sku[sku].unit_price for sku in skus]
                wanted = min(prices) if word in _CHEAP else max(prices)
                return tuple(sku for sku, price in zip(skus, prices, strict=True) if price == wanted)
            if word in _PLAIN and not self._by_words(skus, (word,)):
                return (min(skus, key=lambda sku: len(self._catalogue.by_sku[sku].name)),)
        return ()

    def _by_words(self, skus: Sequence[str], words: Iterable[str]) -> tuple[str, ...]:
        """The products with all of the words that any product has; none if no product has any."""
        left, told = list(skus), False
        for word in words:
            fits = [
                sku for sku in skus if (place := self._catalogue.places[sku]) in self._matcher.with_head(place, [word])
            ]
            if fits:
                told, left = True, [sku for sku in left if sku in fits]
        return tuple(left) if told else ()

    def by_names(self, skus: Iterable[str], words: Sequence[str]) -> tuple[str, ...]:
        """The products with all of the words in one of their names: "la botella", for a "botella de ron"."""
        said = {key(word) for text in words for word in text.split() if len(word) > 2 or word.isdigit()}
        return tuple(sku for sku in skus if any(said <= name for name in self._names(sku))) if said else ()

    def _of_its_kind(self, sku: str, words: Sequence[str]) -> tuple[str, ...]:
        """The products with the words in one of their names; of these, those that share the most other words with
        it."""
        return tuple(self.nearest(sku, (one for one in self.having(words) if one != sku)))

    def _plain(self, sku: str) -> list[str]:
        """A product's names, in plain letters."""
        product = self._catalogue.by_sku[sku]
        return [name for name in map(plain, (product.name, *product.aliases)) if name]

    def _heads(self, sku: str) -> set[str]:
        """The first word of each name of a product."""
        return {key(name.split()[0]) for name in self._plain(sku)}

    def _names(self, sku: str) -> list[frozenset[str]]:
        """The words of each name of a product, without "de" and the like."""
        return [
            frozenset(
                key(word) for word in name.split() if len(word) > 2 or word[0].isdigit() or word in _LETTERS
            )  # "9w"
            for name in self._plain(sku)
        ]

    def _of_kin(self, sku: str, fragment: str) -> tuple[str, ...]:
        """The products that a fragment names after one of the heads of `sku`."""
        product = self._catalogue.by_sku[sku]
        heads = dict.fromkeys(name.split()[0] for name in (product.name, *product.aliases) if name.strip())
        for head in (*list(heads)[:_MOST_HEADS], product.name):  # "de dos piezas", of a "traje de baño"
            found = self._completed(head, fragment)
            if found:
                return found
        return ()

    def _completed(self, head: str, fragment: str) -> tuple[str, ...]:
        """The products that "head fragment" names if the fragment is part of the name."""
        name = f"{head} {fragment}"
        if name not in self._read:
            if not fragment or len(self._read) >= MOST_READINGS:
                return ()
            self._read[name] = self._named(head, name)
        return self._read[name]

    def _named(self, head: str, name: str) -> tuple[str, ...]:
        try:
            reading = read(name, self._catalogue)
        except TooLongError:
            return ()
        first = reading.elements[0] if reading.elements else None
        match = first.match if first is not None and first.kind in (role.PRODUCT, role.SEVERAL) else None
        if match is None or match.how is How.OTHER or match.last < len(tokenise(head)):
            return ()
        if any(token.kind in (WORD, NUMBER) for token in reading.scanner.tokens[match.last + 1 :]):
            return ()  # something was said that is not part of it
        return tuple(self._catalogue.products[number].sku for number in match.products)


def _fragments(bare: Bare) -> list[tuple[str, int | Decimal | None]]:
    """The possible rest of a name after a head, with the remaining quantity: a number may be part of the name, if
    there is such a name."""
    fragments = [(bare.fragment, _amount(bare))]
    if bare.text != bare.fragment:
        fragments = [(bare.text, None), *fragments]
    size = _OF_SIZE.sub("de ", bare.fragment)
    return fragments if size == bare.fragment else [*fragments, (size, _amount(bare))]


def _numbered(bare: Bare) -> str:
    """The possible part of a name with a number in it: "2 plazas", "etapa 4"."""
    if any(letter.isdigit() for word in bare.words for letter in word):
        return ""  # a word by itself: "a4"
    if bare.fragment and bare.text != bare.fragment:
        return bare.text
    return bare.fragment if any(letter.isdigit() for letter in bare.fragment) else ""


def _amount(bare: Bare) -> int | Decimal | None:
    return None if bare.amount is None else as_sold(bare.amount)
