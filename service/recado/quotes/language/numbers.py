"""Quantities in words and digits: "treinta y dos", "2 mil", "docena y media", "3 pares de", "media docenita de"."""

from collections.abc import Callable
from enum import StrEnum
from fractions import Fraction
from typing import Final

import msgspec

from recado.quotes.language import role
from recado.quotes.language.lexicon import Lexicon, Unit
from recado.quotes.language.role import Role, Roles
from recado.quotes.language.text import NUMBER, WORD, Token

_PHRASE: Final = 6
"""Words of a phrase that are looked at."""
_CLOSES: Final = frozenset([role.AND, role.COURTESY, role.THANKS, role.BUT])


_ABBREVIATION: Final = 4
"""Letters of words that are too long to be abbreviations."""
_ARTICLES: Final = frozenset(["un", "una", "unos", "unas"])
_COUNTS_ONE: Final = frozenset([role.ARTICLE, role.COLLECTIVE])
_GOES_ON: Final = frozenset([
    role.LIMIT, role.NUMBER, role.ARTICLE, role.HALF, role.AND, role.COLLECTIVE, role.PAIR, role.SCALE, role.PIECE,
    role.CONTAINER,
])  # fmt: skip
"""Roles of words after a number that may belong to its quantity."""
_HALF: Final = Fraction(1, 2)


class Unusable(StrEnum):
    """Why an amount does not say how many of a product to quote."""

    RANGE = "range"
    WORTH = "worth"
    VAGUE = "vague"
    FRACTION = "fraction"
    UNIT = "unit"


class Quantity(msgspec.Struct, frozen=True, gc=False):
    """How many, as said. `pairs`: the value counts pairs. `article`: only "un", "una", "unos", "unas"."""

    value: int | Fraction
    end: int  # the first token that does not belong to it
    article: bool = False
    pairs: bool = False
    container: int | None = None  # the token that holds or measures: "2 *bolsas* de café"
    pieces: bool = False
    collective: int = 0  # how many the collective noun means
    bare: bool = True  # a number and nothing else, in digits
    unit: Unit | None = None  # what it is measured in
    unusable: Unusable | None = None  # why it does not say how many


class _Reader:
    """The part of a quantity that was read so far: each method moves past one part of it, if that is at `end`."""

    __slots__ = ("article", "collective", "end", "lexicon", "pairs", "roles", "tokens", "value")

    def __init__(
        self, tokens: list[Token], roles: list[Roles], lexicon: Lexicon, value: int | Fraction | None,
        end: int, article: bool,
    ) -> None:  # fmt: skip
        self.tokens, self.roles, self.lexicon = tokens, roles, lexicon
        self.value, self.end, self.article = value, end, article
        self.collective = 0
        self.pairs = False

    def number_behind_article(self) -> None:
        """ "unas 20", "un diez"; past the "sola" of "una sola docena", too."""
        i = self.end
        if self._has(i, role.LIMIT) and _is_collective(self.roles, i + 1):
            self.end = i = i + 1
        if i == len(self.tokens) or self.tokens[i - 1].norm not in _ARTICLES:
            return
        value, j = cardinal(self.tokens, self.roles, i, self.lexicon)
        sized = j < len(self.tokens) and not self.tokens[j].spaced and self.tokens[j].norm in self.lexicon.measures
        sized = sized or self.tokens[i].norm.startswith("0")  # "una 9v", "una .009"
        if value is not None and not sized and self.roles[i].isdisjoint(_COUNTS_ONE):
            self.value, self.end, self.article = value, j, False

    def half(self) -> Quantity | None:
        """ "media docena", "medio millón": takes the half; without something to halve: "media" of a container."""
        i = self.end
        j = i + 1 + self._has(i + 1, role.OF)
        if _is_collective(self.roles, j) or (j == i + 1 and _is_scale(self.tokens, j)):
            self.value, self.end = self._half(i), j
            return None
        if self._has(i + 1, role.PIECE) and self._has(i + 2, role.OF):  # "medio tramo de tubo"
            self.value, self.end = _HALF, i + 1
            return None
        held = self._has(i + 1, role.CONTAINER) or (j > i + 1 and self.tokens[i].norm == "medio")
        return Quantity(_HALF, i + 1) if held else None

    def halves(self) -> None:
        """ "dos medias docenas", "dos y media docenas"."""
        assert self.value is not None
        i = self.end
        if self._has(i, role.HALF) and _is_collective(self.roles, i + 1):
            self.value, self.end = self.value * self._half(i), i + 1
            i += 1
        if self._has(i + 1, role.HALF) and self.tokens[i].norm in ("y", "i") and _is_collective(self.roles, i + 2):
            self.value, self.end = self.value + _HALF, i + 2

    def collectives(self) -> None:
        """ "docenas y media", "pares", "un par de docenas", "una docena de pares"."""
        while self.end < len(self.tokens) and self._collective():
            i = self.end + self._has(self.end, role.OF)
            if not _is_collective(self.roles, i):
                return
            if self.pairs and self.value is not None:  # two of what follows; of "una docena de pares" pairs are counted
                self.value, self.pairs = self.value * 2, False
            self.end = i

    def _collective(self) -> bool:
        """Moves past one collective noun, a "par", or the "mil" after a half."""
        i, value = self.end, self.value
        norm, roles = self.tokens[i].norm, self.roles[i]
        if role.COLLECTIVE in roles and self.tokens[i].kind is WORD:
            if norm == "cien" or (norm == "ciento" and value is None):
                return False  # "el 14 cien rosas": no number precedes "cien"
            size = self.collective = self.lexicon.collective(norm) or 1
            value, i, self.article = (1 if value is None else value) * size, i + 1, False
            if self._has(i + 1, role.HALF) and self.tokens[i].norm in ("y", "i"):
                value, i = value + size * self._half(i + 1), i + 2
            self.value, self.end = value, i
        elif role.PAIR in roles:
            self.value, self.end, self.pairs, self.article = 1 if value is None else value, i + 1, True, False
        elif role.SCALE in roles and isinstance(value, Fraction):
            self.value, self.end = value * self.lexicon.scales.get(norm, 1), i + 1
        else:
            return False
        return True

    def counted(self, is_product: Callable[[str], bool]) -> tuple[bool, int | None]:
        """Moves past a word for pieces. Returns whether there is one, and the token of a container with contents."""
        i = self.end
        if i == len(self.tokens) or self.tokens[i].kind is not WORD:
            return False, None
        if role.PIECE in self.roles[i] and not self.article:
            self.end = i + 1 + (i + 1 < len(self.tokens) and self.tokens[i + 1].norm == ".")
            return True, None
        if role.CONTAINER not in self.roles[i] or is_product(self.tokens[i].norm):
            return False, None
        if self._has(i + 1, role.OF):
            return False, i
        alone = _closes(self.tokens, self.roles, i + 1, self.lexicon) or is_product(self.tokens[i + 1].norm)
        if alone:  # "pintura blanca, 2 galones", "5 kg arroz"
            self.end = i + 1 + self._is_abbreviated(i)  # "10 paq. papel"
        return alone, None

    def closes(self, pieces: bool) -> None:
        """Moves past the end of a counting word: the dot of "2 doc. medialunas", the "de" of "3 pares de", but not of
        "un par de cada color"."""
        grouped = self.collective or self.pairs
        if grouped and self.end + 1 < len(self.tokens) and self._is_abbreviated(self.end - 1):
            self.end += 1
        while (grouped or pieces) and self._has(self.end, role.OF) and not self._is_of_each(self.end):
            self.end += 1

    def _is_of_each(self, i: int) -> bool:
        phrase = self.lexicon.phrase([token.norm for token in self.tokens[i : i + _PHRASE]], 0)
        return phrase is not None and not phrase[1].isdisjoint((role.EACH, role.EACH_KIND))

    def _is_abbreviated(self, i: int) -> bool:
        """Whether a dot follows a short word without a space."""
        dot = self.tokens[i + 1] if i + 1 < len(self.tokens) else None
        return dot is not None and dot.norm == "." and not dot.spaced and len(self.tokens[i].norm) < _ABBREVIATION

    def _half(self, i: int) -> Fraction:
        return self.lexicon.halves.get(self.tokens[i].norm, _HALF)

    def _has(self, i: int, role: Role) -> bool:
        return i < len(self.roles) and role in self.roles[i]


def quantity(
    tokens: list[Token], roles: list[Roles], at: int, lexicon: Lexicon, is_product: Callable[[str], bool]
) -> Quantity | None:
    """The longest quantity that starts at `at`, with its unit, if that is not a product, and the "de" after it."""
    value, end = cardinal(tokens, roles, at, lexicon)
    digits, article = tokens[at].kind is NUMBER, end == at + 1 and role.ARTICLE in roles[at]
    alone = end == len(tokens) or (tokens[end].kind is not NUMBER and roles[end].isdisjoint(_GOES_ON))
    if value is not None and alone:  # most numbers
        return Quantity(value, end, article, bare=digits and end == at + 1)
    reader = _Reader(tokens, roles, lexicon, value, end, article)
    if article:
        reader.number_behind_article()
    if value is not None:
        reader.halves()
    elif role.HALF in roles[at] and tokens[at].kind is WORD:
        of_container = reader.half()
        if reader.value is None:
            return of_container
    reader.collectives()
    if reader.value is None:
        return None
    bare = digits and reader.end == at + 1 and not (reader.collective or reader.pairs)
    pieces, container = reader.counted(is_product)
    reader.closes(pieces)
    return Quantity(
        reader.value, reader.end, reader.article, reader.pairs, container, pieces, reader.collective,
        bare and not pieces,
    )  # fmt: skip


def _closes(tokens: list[Token], roles: list[Roles], i: int, lexicon: Lexicon) -> bool:
    """Whether there is nothing at `i` that a container could hold: "4 cajas por favor"."""
    if i >= len(tokens) or tokens[i].kind is not WORD or roles[i] & _CLOSES:
        return True
    phrase = lexicon.phrase([token.norm for token in tokens[i : i + _PHRASE]], 0)
    return phrase is not None and bool(phrase[1] & _CLOSES)


def _is_collective(roles: list[Roles], at: int) -> bool:
    return at < len(roles) and (role.COLLECTIVE in roles[at] or role.PAIR in roles[at])


def _is_scale(tokens: list[Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].norm in ("mil", "millon")


def cardinal(tokens: list[Token], roles: list[Roles], at: int, lexicon: Lexicon) -> tuple[int | Fraction | None, int]:
    """A cardinal in digits, words or both, and the token after it."""
    n = len(tokens)
    total: int = 0
    group: int | None = None
    limit = 1_000  # the next part must be smaller than this
    i = at
    while i < n:
        token = tokens[i]
        if token.kind is NUMBER:
            value = token.value
            if group is not None or value is None or (total and value >= limit):
                break
            if not isinstance(value, int):
                return (value, i + 1) if i == at else (total, i)
            group, limit = value, 0
        elif token.kind is WORD and (
            role.NUMBER in roles[i] or (role.ARTICLE in roles[i] and token.norm in ("un", "una", "unos", "unas"))
        ):
            word = lexicon.number(token.norm)
            if word is None or word >= limit:
                break
            group = (group or 0) + word
            limit = 100 if word >= 100 else 10 if word in _TENS else 1
            if word in (100,) and token.norm == "cien":
                limit = 1
        elif (
            token.kind is WORD
            and role.SCALE in roles[i]
            and (i > at or token.norm != "k")
            and not (token.norm == "k" and token.spaced)
        ):
            scale = lexicon.scales.get(token.norm) or 1_000
            total = (
                total * scale
                if group is None and total and scale > 1_000
                else total + (1 if group is None else group) * scale
            )
            group, limit = None, 1_000
            if scale > 1_000 and i + 1 < n and role.OF in roles[i + 1]:  # "un millón de"
                return total, i + 2
        elif token.norm in ("y", "i") and group and limit == 10 and i + 1 < n and _unit(tokens, roles, i + 1, lexicon):
            pass
        else:
            break
        i += 1
    if i == at:
        return None, at
    return total + (group or 0), i


_TENS = frozenset([10, 20, 30, 40, 50, 60, 70, 80, 90])


def _unit(tokens: list[Token], roles: list[Roles], at: int, lexicon: Lexicon) -> bool:
    if role.NUMBER not in roles[at] and tokens[at].norm not in ("un", "una"):
        return False
    return 0 < (lexicon.number(tokens[at].norm) or 0) < 10
