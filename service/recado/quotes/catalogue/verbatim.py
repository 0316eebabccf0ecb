"""Names that are in a message word for word, although a reader would take parts for something else: "Ord.
tortillas"."""

from collections.abc import Sequence
from typing import Final

from recado.quotes.language import role
from recado.quotes.language.lexicon import Lexicon
from recado.quotes.language.sizes import SOLD_BY, Sizes
from recado.quotes.language.text import NUMBER, WORD, Token, key

_PASSED_OVER: Final = frozenset("./()-'\"+#°º&´`")
"""Marks that a customer may leave out of a name or add to it."""
_SHORTEST: Final = 4
"""Letters of a word that may be written together with another one."""
_THINGS: Final = frozenset([role.GOOD, role.MODIFIER])
_PLAIN: Final = frozenset([role.GOOD, role.NOUN, role.MODIFIER, role.CONTAINER, role.UNIT, role.PIECE, role.NUMBER])
"""Roles of words that can be all that a name has; one of other words only ("no quiero") is no name to be read so."""


class Verbatim:
    """Names of two words or more, by their first two."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._sizes = Sizes(lexicon)
        self._names: dict[str, dict[str, list[tuple[tuple[str, ...], int]]]] = {}

    def add(self, tokens: Sequence[Token], number: int) -> None:
        """Adds a name of the product `number`."""
        words = tuple([key(token.norm) for token in tokens if token.kind in (WORD, NUMBER)])
        if len(words) > 1 and any(map(self._tells, tokens)):
            self._names.setdefault(words[0], {}).setdefault(words[1], []).append((words, number))

    def parted(self, word: str) -> int:
        """The letters of the first of two words that begin a name and are written together: "cocacola"; 0 if it is none
        of them."""
        cuts = range(_SHORTEST, len(word) - _SHORTEST + 1)
        return next((cut for cut in cuts if key(word[cut:]) in self._names.get(word[:cut], ())), 0)

    def find(self, tokens: list[Token], at: int) -> tuple[int, int] | None:
        """The product of the longest name that starts at token `at`, and the token after it; None if none does."""
        seconds = self._names.get(key(tokens[at].norm))
        if seconds is None:
            return None
        second = self._next(tokens, at + 1)
        if second == at:
            return None
        names = seconds.get(key(tokens[second].norm))
        if names is None:
            return None
        found = [(end, number) for words, number in names if (end := self._end(tokens, second, words))]
        return None if not found else max(found)[::-1]

    def _end(self, tokens: list[Token], second: int, words: tuple[str, ...]) -> int:
        """The token after the name whose first two words end at `second`; 0 if its other words do not follow."""
        at = second
        for word in words[2:]:
            following = self._next(tokens, at + 1)
            if following == at or key(tokens[following].norm) != word:
                return 0
            at = following
        if tokens[at].kind is NUMBER and (self._sizes.goes_on(tokens, at + 1) or self._measures(tokens, at + 1)):
            return 0  # "clavo de 2 1/2", "clavos 2 kg" are no "clavo de 2"
        return at + 1

    def _measures(self, tokens: list[Token], i: int) -> bool:
        """Whether the number before `i` is of a unit in which things are sold: "clavos 1 kg"."""
        unit, _ = self._sizes.unit(tokens, i) if i < len(tokens) else (None, i)
        return unit is not None and unit.name in SOLD_BY

    @staticmethod
    def _next(tokens: Sequence[Token], i: int) -> int:
        """The word or number at `i`, past marks; the token before `i` if there is none."""
        j = i
        while j < len(tokens) and tokens[j].norm in _PASSED_OVER:
            j += 1
        return j if j < len(tokens) and tokens[j].kind in (WORD, NUMBER) else i - 1

    def _tells(self, token: Token) -> bool:
        if token.kind is not WORD or len(token.norm) == 1:
            return False
        roles = self._lexicon.roles(token.norm)
        return not roles or not roles.isdisjoint(_THINGS) or roles <= _PLAIN
