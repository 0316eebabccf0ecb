"""What Spanish words do in an order, read once from the TOML tables in `data/`.

A word may have several roles, which are named after the tables in words.toml, verbs.toml and numbers.toml. A word
that is not listed is looked up as a form of a listed verb, in another number or gender, or by its sound.
"""

import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cache, cached_property
from itertools import chain, product
from typing import Any, Final

import msgspec

from recado.quotes.language import role
from recado.quotes.language.language import Tables, tables
from recado.quotes.language.role import Role, Roles
from recado.quotes.language.text import bases, key, neuter, plain, sound

NONE: Final[Roles] = frozenset()
QUANTITY_ROLES: Final = frozenset([role.ARTICLE, role.NUMBER, role.SCALE, role.HALF, role.PAIR, role.COLLECTIVE])
FUNCTION: Final = frozenset([
    *QUANTITY_ROLES, role.NEGATION, role.WITHOUT, role.CORRECTION, role.INSTEAD, role.AND, role.OR, role.CON,
    role.DEFINITE, role.POSSESSIVE, role.OF, role.TO, role.FOR, role.BY, role.THAT, role.COPULA, role.ANOTHER,
    role.MORE, role.ONLY, role.EACH, role.GREETING, role.FILLER, role.COURTESY,
])  # fmt: skip
"""Roles that a product of one word only overrides after a quantity or an article ("2 té", "un sobre")."""

_REPEATED = re.compile(r"(.)\1+")
_KNOWN_VERB_LENGTH = 3
_SOUND_LENGTH = 4
_UNITS: Final = {
    "pieces": (role.PIECE,),
    "containers": (role.CONTAINER,),
    "measures": (role.CONTAINER, role.UNIT),
    "boxes": (role.BOX,),
}
"""The roles of the words in each table of units."""


class Unit(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """A unit of measure: its short name, what it measures, and its size in the dimension's base unit."""

    name: str
    dimension: str
    factor: Fraction


def _values(numbers: dict[str, Any]) -> dict[str, int]:
    """The number words, with tens and ones written together."""
    values: dict[str, int] = {**numbers["articles"], **numbers["words"]}
    tens = {word: value for word, value in values.items() if value in range(30, 100, 10)}
    ones = {word: value for word, value in values.items() if 0 < value < 10}
    for (ten, high), (one, low), joint in product(tens.items(), ones.items(), ("i", "y")):
        values.setdefault(ten + joint + one, high + low)  # "treintaidós", "treintaydós"
    return values


def _measures(sizes: dict[str, list[str]]) -> dict[str, Unit]:
    """The units of measure by all of their spellings."""
    measures: dict[str, Unit] = {}
    for name, (dimension, factor, written) in sizes.items():
        measures.update(dict.fromkeys((name, *written.split()), Unit(name, dimension, Fraction(factor))))
    return measures


class _Seen(dict[str, Roles]):
    """The roles of the words that were looked up."""

    def __init__(self, find: Callable[[str], set[Role]]) -> None:
        self._find = find

    def __missing__(self, norm: str) -> Roles:
        if len(self) > 20_000:  # words of customers, not of the tables: start again
            self.clear()
        return self.setdefault(norm, frozenset(self._find(norm)))


class Lexicon:
    """The tables, and look-ups that remember every word (see `forget`)."""

    def __init__(self, tables: Tables) -> None:
        words, verbs, numbers = tables.words, tables.verbs, tables.numbers
        self.values = _values(numbers)
        self.scales: dict[str, int] = numbers["scales"]
        self.collectives: dict[str, int] = numbers["collectives"]
        self.halves = {word: Fraction(part) for word, part in numbers["halves"].items()}
        self.parts: dict[str, int] = numbers["parts"]
        self.measures = _measures(numbers["sizes"])
        self.counters = frozenset(key(plain(word)) for word in numbers["units"]["counters"].split())
        self.worn = frozenset(key(plain(word)) for word in words["clothes"]["worn"].split())
        self._exact: dict[str, set[Role]] = {}
        self._phrases: dict[tuple[str, str], list[tuple[list[str], Roles]]] = {}  # by the first two words
        self._forms: dict[str, set[Role]] = {}  # by key
        self._neuters: dict[str, set[Role]] = {}  # by key without gender
        self._add_phrases(chain(words["roles"].items(), verbs["phrases"].items()))
        self._add_numbers(numbers)
        self._add_units(numbers["units"])
        self._add_kinds(words["modifiers"], role.MODIFIER)
        self._add_kinds(words["nouns"], role.NOUN)
        for good in tables.goods:
            self._forms.setdefault(key(good), set()).add(role.GOOD)
        for name in tables.names:
            self._play(name, role.NAME)
        for word in words["nouns"]["filler"].split():
            self._play(plain(word), role.NOUN, role.FILLER)
        self._endings = frozenset(sound(plain(e)) for e in verbs["endings"]["endings"].split())
        self._pronouns = tuple(sorted(verbs["endings"]["pronouns"].split(), key=len, reverse=True))
        self._stems = {
            sound(stem.strip("'")): role.named(name)
            for name, listed in verbs["stems"].items()
            for stem in listed.split()
        }
        self._by_sound: dict[str, str] = {}
        for word in self._exact:
            if len(word) >= _SOUND_LENGTH:
                self._by_sound.setdefault(sound(word), word)
        self.roles: Callable[[str], Roles] = _Seen(self._find).__getitem__
        """The roles that a plain word can have; none for an unknown word."""

    def _play(self, word: str, *roles: Role) -> None:
        """Gives these roles to a word as written."""
        self._exact.setdefault(word, set()).update(roles)

    def _add_phrases(self, listed: Iterable[tuple[str, str]]) -> None:
        """Adds the words and phrases of each role, which are separated by "|"."""
        phrases: dict[tuple[str, ...], set[Role]] = {}
        for name, entries in listed:
            played = role.named(name)
            for entry in entries.split("|"):
                parts = tuple(plain(entry).replace(".", " ").split())
                if len(parts) == 1:
                    self._play(parts[0], played)
                elif parts:
                    phrases.setdefault(parts, set()).add(played)
        for parts, roles in phrases.items():
            self._phrases.setdefault((parts[0], parts[1]), []).append((list(parts[2:]), frozenset(roles)))
        for same_start in self._phrases.values():
            same_start.sort(key=lambda phrase: -len(phrase[0]))

    def _add_numbers(self, numbers: dict[str, Any]) -> None:
        for word in self.values:
            self._play(word, role.ARTICLE if word in numbers["articles"] else role.NUMBER)
        for table, played in (
            ("scales", role.SCALE),
            ("collectives", role.COLLECTIVE),
            ("halves", role.HALF),
            ("pairs", role.PAIR),
        ):
            for word in numbers[table]:
                self._play(word, played)

    def _add_units(self, units: dict[str, str]) -> None:
        for table, roles in _UNITS.items():
            for word in map(plain, units[table].split()):
                self._play(word, *roles)
                self._forms.setdefault(key(word), set()).update(roles)

    def _add_kinds(self, kinds: dict[str, str], played: Role) -> None:
        """Adds adjectives or nouns, by the name of their kind, in every number and gender."""
        for name, listed in kinds.items():
            for word in listed.split():
                self._neuters.setdefault(neuter(key(plain(word))), set()).update((played, role.named(name)))

    @cached_property
    def speech(self) -> list[str]:
        """How function words of five letters and more sound (no goods, no containers, no names), for code that looks
        for misspellings; sorted."""
        things = {role.CONTAINER, role.UNIT, role.PIECE, role.NAME}
        spoken = (word for word, roles in self._exact.items() if len(word) >= 5 and not roles <= things)
        return sorted({sound(key(word)) for word in spoken})

    def counts(self, norm: str) -> bool:
        """Whether a noun only counts the thing that it follows: "triplay, 4 hojas", "mortero, 3 bultos"."""
        return role.CONTAINER in self.roles(norm) or key(norm) in self.counters

    def only_sounds(self, norm: str) -> bool:
        """Whether a word has its roles only because it sounds like a listed one, as "cera" sounds like "será"."""
        form = key(norm)
        listed = norm in self._exact or form in self._forms or neuter(form) in self._neuters
        return not listed and len(norm) >= _SOUND_LENGTH and sound(norm) in self._by_sound

    def phrase(self, norms: list[str], at: int) -> tuple[int, Roles] | None:
        """The longest listed phrase of two or more words that starts at `at`: its length and its roles."""
        if at + 1 < len(norms) and (same_start := self._phrases.get((norms[at], norms[at + 1]))):
            for rest, roles in same_start:
                if norms[at + 2 : at + 2 + len(rest)] == rest:
                    return len(rest) + 2, roles
        return None

    def number(self, norm: str) -> int | None:
        """The value of a number word in any spelling; None for other words."""
        value = self.values.get(norm)
        if value is None:
            value = self.values.get(self._by_sound.get(sound(norm), "")) if len(norm) >= _SOUND_LENGTH else None
        return value

    def collective(self, norm: str) -> int | None:
        """The number that a collective noun means ("docenas", "docenita"); None for other words."""
        for form in (norm, key(norm), *bases(norm), *(b + "s" for b in bases(norm))):
            if form in self.collectives:
                return self.collectives[form]
        by_sound = self._by_sound.get(sound(key(norm))) or self._by_sound.get(sound(norm))
        return self.collectives.get(by_sound or "")

    def _find(self, norm: str) -> set[Role]:
        roles = set(self._exact.get(norm, ()))
        form = key(norm)
        roles |= self._forms.get(form, NONE) | self._neuters.get(neuter(form), NONE)
        if not norm.isalpha():
            return roles  # a code or a model has no other form
        if not roles or roles <= {role.GOOD}:
            for base in bases(norm):
                if len(base) < 4:
                    continue
                roles |= self._forms.get(base, NONE) | self._neuters.get(neuter(base), NONE)
        if not roles:
            if form in ("par", "millon"):
                return set(self._exact.get(form, NONE))
            if self.collective(norm) is not None:
                return {role.COLLECTIVE}
            verb = self._verb(norm)
            if verb:
                return {verb}
            single = _REPEATED.sub(r"\1", norm)  # "nooo", "siii"
            if len(single) > 1 and single in self._exact:  # "aaa" is a battery
                return set(self._exact[single])
            squeezed = self._by_sound.get(sound(norm)) if len(norm) >= 3 else None
            if squeezed:
                return set(self._exact[squeezed])
        return roles

    def _verb(self, norm: str) -> Role | None:
        word = sound(norm)
        for pronoun in (*self._pronouns, ""):
            if pronoun and not word.endswith(pronoun):
                continue
            body = word[: -len(pronoun)] if pronoun else word
            for cut in range(len(body) - 1, _KNOWN_VERB_LENGTH - 2, -1):
                if body[:cut] in self._stems and body[cut:] in self._endings:
                    return self._stems[body[:cut]]
        return None


@cache
def lexicon() -> Lexicon:
    """The lexicon of the package's own tables, read at first use."""
    return Lexicon(tables())
