"""Words that names cut short with a dot: "Funda silic. iPhone 13", "Tornillo hex.", "Carg. de coche"."""

from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import Final

import msgspec

from recado.quotes.catalogue.parts import SIZE_MARKS
from recado.quotes.language import role
from recado.quotes.language.lexicon import Lexicon
from recado.quotes.language.text import WORD, Token, key, neuter

_FEWEST: Final = 3
"""Letters of an abbreviation of a word that is in the catalogue."""
_SURE: Final = 4
"""Letters of one that may stand for any word."""
_VOWELS: Final = frozenset("aeiou")
_THINGS: Final = frozenset([role.GOOD, role.MODIFIER])


class Abbreviations:
    """The abbreviations of all names, by key."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self.short: set[str] = set()
        self.wholes: dict[str, str] = {}  # by keys: what each stands for, if just one word of the catalogue begins so

    def learn(self, tokens: list[Token]) -> None:
        """Adds those of a name: words before a dot that end in a consonant."""
        for token, behind in pairwise(tokens):
            if token.kind is WORD and behind.norm == "." and not behind.spaced and self._is_cut(token.norm):
                self.short.add(key(token.norm))

    def _is_cut(self, norm: str) -> bool:
        cut = len(norm) >= _FEWEST and norm.isalpha() and norm[-1] not in _VOWELS
        return cut and norm not in SIZE_MARKS and norm not in self._lexicon.measures

    def settle(self, tokens: Iterable[Token]) -> None:
        """Finds the words that the abbreviations stand for among all words of names."""
        if not self.short:
            return
        found: dict[str, dict[str, str]] = {}
        for word in {key(token.norm) for token in tokens if token.kind is WORD and token.norm.isalpha()}:
            for end in range(_FEWEST, len(word) - 1):
                if word[:end] in self.short:
                    found.setdefault(word[:end], {}).setdefault(neuter(word), word)
        self.wholes = {short: next(iter(meant.values())) for short, meant in found.items() if len(meant) == 1}

    def spell(self, tokens: list[Token], skipped: Collection[str]) -> list[Token]:
        """The tokens of a name with those of `skipped` words spelled out that are abbreviations in it: "past. del."."""
        if not self.wholes:
            return tokens
        spelled = list(tokens)
        for i, (token, behind) in enumerate(pairwise(tokens)):
            if token.norm in skipped and behind.norm == "." and token.norm in self.wholes:
                spelled[i] = msgspec.structs.replace(token, norm=self.wholes[token.norm])
        return spelled

    def of(self, norm: str) -> str | None:
        """The abbreviation of a word that the catalogue does not have."""
        roles = self._lexicon.roles(norm)
        if roles and roles.isdisjoint(_THINGS):
            return None
        return next((norm[:end] for end in range(len(norm) - 2, _SURE - 1, -1) if norm[:end] in self.short), None)
