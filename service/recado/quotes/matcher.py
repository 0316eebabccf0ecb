"""Finds the catalogue's products in a text: the most specific one, through plurals, synonyms and misspellings.

A product's names are bags of words behind a head word: "camisa de manga larga" is `camisa` with `manga`, `larga`.
Looking up costs by the words of the text, not by the size of the catalogue, except for misspelled words,
which are compared with the catalogue's words of about their length; each word is looked up once and remembered.
"""

import tomllib
from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from importlib import resources
from itertools import chain
from typing import Any, Final

import msgspec

from recado.quotes.catalogue import Product
from recado.quotes.lexicon import NONE, lexicon
from recado.quotes.steps import Steps
from recado.quotes.text import NEWLINE, NUMBER, PUNCT, WORD, Token, key, neuter, plain, tokenise
from recado.quotes.vocabulary import EXACT, SMALL_FORM, Near, Vocabulary

_SPAN: Final = 10  # tokens after the head in which a name may be completed
_MOST_CHOICES: Final = 8  # products that a word may leave open
_WEAK_HEADS: Final = frozenset(["container", "article", "number", "half", "pair"])
_BETWEEN: Final = frozenset(["of", "to", "for", "con", "by", "definite", "modifier", "sizemark", "size", "possessive"])
_TELL_NOTHING: Final = frozenset(["colours", "number", "article", "half", "without"])
_ENDS: Final = frozenset(["request", "add", "remove", "change", "negation", "instead", "available"])


class Match(msgspec.Struct, frozen=True, gc=False):
    """Products that a stretch of text may mean: one is a match, several are a question to the customer."""

    products: tuple[int, ...]
    end: int
    score: float
    how: str
    words: int  # of the name
    last: int  # index of the last token of the name


class _Name(msgspec.Struct, frozen=True, gc=False):
    product: int
    head: str
    words: tuple[str, ...]  # canonical, head included


class Matcher:
    """An index of product names. `products` are numbered as given."""

    def __init__(self, products: Iterable[Product]) -> None:
        self.products = tuple(products)
        self.lexicon = lexicon()
        self._synonyms, self._skipped = _synonyms()
        self.single: dict[str, list[int]] = {}
        spelled: dict[str, str] = {}
        names: list[tuple[int, list[str]]] = []
        for number, product in enumerate(self.products):
            for text in (product.name, *product.aliases):
                words = self._words(text)
                if product.pair and len(words) > 1 and words[0] == "par":
                    words = words[1:]
                if len(words) == 1:
                    spelled.setdefault(key(words[0]), words[0])
                    known = self.single.setdefault(key(words[0]), [])
                    if number not in known[-1:]:
                        known.append(number)
                elif words:
                    names.append((number, words))
        self.steps = Steps()
        self._class = {word: f"#{who[0]}" for word, who in self.single.items() if len(who) == 1}
        self._joined: dict[str, list[int]] = {}
        self._pairs: dict[tuple[str, str], list[_Name]] = {}
        self.heads: dict[str, list[int]] = {}
        self._name_heads = {self.head(key(words[0])) for p in self.products if len(words := self._words(p.name)) > 1}
        seen: set[tuple[int, tuple[str, ...]]] = set()
        for number, words in names:
            head = key(words[0])
            canonical = (self.head(head), *(self._canon(word) for word in words[1:]))
            for word in words:
                spelled.setdefault(key(word), word)
            if all(word.isalpha() for word in words):
                self._joined.setdefault(key("".join(words)), []).append(number)
            if (number, (head, *canonical)) in seen:
                continue
            seen.add((number, (head, *canonical)))
            name = _Name(number, head, canonical)
            for word in set(canonical[1:]):
                self._pairs.setdefault((canonical[0], word), []).append(name)
            owners = self.heads.setdefault(canonical[0], [])
            if number not in owners[-1:]:
                owners.append(number)
        self._joined = {word: who for word, who in self._joined.items() if word not in spelled}
        self.vocabulary = Vocabulary({**{word: word for word in self._joined}, **spelled}, self._synonyms, self.lexicon)

    def _words(self, text: str) -> list[str]:
        """The words of a name that tell it from others, as its text is compared: plain, numbers in digits."""
        tokens = [t for t in tokenise(text) if t.kind in (WORD, NUMBER)]
        words = [self._digits(t.norm) for t in tokens]
        kept = [w for w in words if w not in self._skipped]
        return kept or words

    def _digits(self, norm: str) -> str:
        value = self.lexicon.values.get(norm)
        return norm if value is None else str(value)

    def head(self, word: str) -> str:
        """What stands for a head word: the product it names alone, or itself."""
        return self._class.get(word) or self._class.get(self._synonyms.get(word, word), word)

    def begin(self) -> None:
        """Opens the account of another message."""
        self.steps = self.vocabulary.steps = Steps()

    def _canon(self, norm: str) -> str:
        word = key(self._digits(norm))
        word = self._synonyms.get(word, word)
        return self._class.get(word) or neuter(word)

    def match(
        self, tokens: list[Token], roles: list[frozenset[str]], at: int, *, head_only: bool = True, noun: bool = False
    ) -> Match | None:
        """The product whose name starts at token `at`, or those it could be; None if it names none.

        `head_only`: whether the head alone may do ("jeans", for Jean azul and Jean negro).
        `noun`: a quantity or an article stands before it.
        """
        token = tokens[at]
        if token.kind not in (WORD, NUMBER):
            return None
        heads = self.near(self._digits(token.norm) if token.kind == WORD else token.norm, noun)
        if not heads:
            return None
        window = self._window(tokens, roles, at)
        best: list[tuple[tuple[int, float, int], int, int, float]] = []  # rank, product, last token, likeness
        partial: dict[int, list[tuple[int, int, float]]] = {}
        for head, alike in heads:
            joined = self._joined.get(head)
            if joined:
                return Match(tuple(joined[:6]), at + 1, alike, "joined", 2, at)
            canonical = self.head(head)
            tried: set[int] = set()
            for _, word, _ in window:
                for name in self._pairs.get((canonical, word), ()):
                    if id(name) in tried:
                        continue
                    tried.add(id(name))
                    self.steps.charge(1)
                    count, last, similarity, distinct, matched = self._cover(name, window, at, tokens, roles)
                    similarity *= alike
                    literal = name.head == head
                    if count == len(name.words):
                        rank = (count, similarity + 0.01 * literal, -last)
                        best.append((rank, name.product, last, similarity * (1 if literal else 0.97)))
                    elif distinct and ("sin" not in name.words or "sin" in matched):
                        partial.setdefault(distinct + 1, []).append((name.product, last, similarity))
            best += [((1, alike, -at), number, at, alike) for number in self.single.get(head, ())]
        if best:
            best.sort(key=lambda entry: entry[0], reverse=True)
        top = best[0][0][0] if best else 0
        if partial and max(partial) > top:
            closest = partial[max(partial)]
            products = tuple(dict.fromkeys(product for product, _, _ in closest))
            last = max(last for _, last, _ in closest)
            score = max(similarity for _, _, similarity in closest)
            if len(products) == 1:
                return Match(products, last + 1, score * 0.85, "part of the name", max(partial), last)
            return Match(products[:_MOST_CHOICES], last + 1, score, "several products", max(partial), last)
        if best:
            rank, number, last, similarity = best[0]
            rivals = tuple(dict.fromkeys(entry[1] for entry in best if entry[0][:2] == rank[:2] and entry[1] != number))
            if rivals and rank[0] == 1:
                exact = [n for n in (number, *rivals) if plain(self.products[n].name) == token.norm]
                if len(exact) == 1:
                    number, rivals = exact[0], ()
            if rivals and rank[2] == max(e[0][2] for e in best if e[1] in rivals and e[0][:2] == rank[:2]):
                return Match((number, *rivals)[:_MOST_CHOICES], last + 1, similarity, "several products", rank[0], last)
            return Match((number,), last + 1, similarity, _how(similarity), rank[0], last)
        if not head_only or roles[at] & _WEAK_HEADS:
            return None
        alike = heads[0][1]
        named = (n for head, score in heads if score == alike for n in self.heads.get(self.head(head), ()))
        owners = _distinct(named, _MOST_CHOICES)
        if not owners:
            return None
        if len(owners) == 1 and not any(self.head(head) in self._name_heads for head, _ in heads):
            return None
        if len(owners) == 1:
            return Match(owners, at + 1, alike * 0.8, "start of the name", 1, at)
        return Match(owners, at + 1, alike, "several products", 1, at)

    def with_head(self, product: int, norms: list[str]) -> tuple[int, ...]:
        """Products that share a head with `product` and have all of `norms` in a name ("2 de manga corta")."""
        heads = {
            self.head(key(self._words(text)[0]))
            for text in (self.products[product].name, *self.products[product].aliases)
        }
        heads.add(f"#{product}")
        words = [near[0][0] for norm in norms if (near := self.near(norm))]
        if not words or len(words) < len(norms):
            return ()
        canonical = [self._canon(word) for word in words]
        found: dict[int, None] = {}
        for head in heads:
            names = self._pairs.get((head, canonical[0]), ())
            self.steps.charge(len(names))
            for name in names:
                if set(canonical) <= set(name.words):
                    found[name.product] = None
        return tuple(found)

    def near(self, norm: str, noun: bool = False) -> Near:
        """The catalogue's words that a word of a text may be, best first."""
        return self.vocabulary.near(norm, noun)

    def knows(self, norm: str) -> bool:
        """Whether a word is, as written, one of the catalogue's."""
        return key(norm) in self.vocabulary.words

    def names(self, norm: str) -> bool:
        """Whether a word alone is the name of a product."""
        near = self.near(norm)
        return bool(near) and near[0][1] >= SMALL_FORM and near[0][0] in self.single

    def nearest(self, text: str, limit: int = 3) -> tuple[str, ...]:
        """Names of the products most like a fragment the catalogue lacks; few, or none."""
        words = [key(w) for w in self._words(text) if len(w) > 3]
        found = self._owners(words, limit)
        if not found and len(words) <= 4:
            found = self._owners((known for word in words for known in self.vocabulary.resembling(word)), limit)
        return tuple(self.products[n].name for n in found)

    def _owners(self, words: Iterable[str], most: int) -> tuple[int, ...]:
        """Some products that are named by one of the words or begin with it."""
        return _distinct(
            (n for w in words for n in chain(self.single.get(w, ()), self.heads.get(self.head(w), ()))), most
        )

    def _window(self, tokens: list[Token], roles: list[frozenset[str]], at: int) -> list[tuple[int, str, float]]:
        """The words after a head that may complete its name: position, canonical form, likeness."""
        window: list[tuple[int, str, float]] = []
        for i in range(at + 1, min(len(tokens), at + 1 + _SPAN)):
            token = tokens[i]
            if token.kind == WORD:
                role = roles[i]
                if role & _ENDS and not self.knows(token.norm):
                    break
                if "and" in role and not (i + 1 < len(tokens) and "half" in roles[i + 1]):
                    break
                if token.norm in self._skipped and "article" not in role:
                    continue
                near = self.near(self._digits(token.norm))
                for word, alike in near[:3]:
                    window.append((i, self._canon(word), alike))
            elif token.kind == NUMBER:
                if token.norm in self.vocabulary.words:
                    window.append((i, token.norm, EXACT))
            elif token.kind == NEWLINE or (token.kind == PUNCT and token.norm not in "-'\"()´`"):
                break
        return window

    def _cover(
        self,
        name: _Name,
        window: list[tuple[int, str, float]],
        at: int,
        tokens: list[Token],
        roles: list[frozenset[str]],
    ) -> tuple[int, int, float, int, list[str]]:
        """How many words of a name the window has without a break: count, last position, likeness, telling words."""
        wanted = list(name.words[1:])
        last, similarity, telling = at, 1.0, 0
        for position, word, alike in window:
            if word not in wanted or position <= last:
                continue
            if any(not self._may_stand_between(tokens[i], roles[i]) for i in range(last + 1, position)):
                break
            wanted.remove(word)
            last = position
            similarity *= alike
            token = tokens[position]
            if (token.kind == WORD and not roles[position] & _TELL_NOTHING) or isinstance(token.value, Fraction):
                telling += 1
        matched = [word for word in name.words if word not in wanted]
        return len(name.words) - len(wanted), last, similarity, telling, matched

    def _may_stand_between(self, token: Token, roles: frozenset[str]) -> bool:
        if token.kind == WORD:
            return bool(roles & _BETWEEN) or token.norm in self._skipped
        return token.kind == PUNCT and token.norm in "-'\"()´`"


def _distinct(numbers: Iterable[int], most: int) -> tuple[int, ...]:
    """The first distinct ones; the rest, ten thousand in some catalogues, are not looked at."""
    found: dict[int, None] = {}
    for number in numbers:
        found[number] = None
        if len(found) == most:
            break
    return tuple(found)


def _how(similarity: float) -> str:
    if similarity >= EXACT - 0.035:
        return "name"
    return "sounds like the name" if similarity >= 0.9 else "misspelled name"


@cache
def _synonyms() -> tuple[dict[str, str], frozenset[str]]:
    table: dict[str, Any] = tomllib.loads(
        resources.files("recado.quotes").joinpath("data/synonyms.toml").read_text("utf-8")
    )
    same: dict[str, str] = {}
    for group in table["groups"]:
        first, *others = (key(plain(word)) for word in group.split())
        for other in others:
            same.setdefault(other, first)
    return same, frozenset(table["skipped"].split()) | NONE
