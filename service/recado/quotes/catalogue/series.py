"""Models and measures of several numbers, said with other marks than in their names: "205 55 16" for 205/55 R16,
"diez w treinta" for 10W30, "ct 100" for CT100."""

import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from recado.quotes.catalogue.codes import join_models
from recado.quotes.catalogue.parts import name_tokens
from recado.quotes.language import role
from recado.quotes.language.lexicon import Lexicon
from recado.quotes.language.numbers import cardinal
from recado.quotes.language.text import NUMBER, WORD, Token, tokenise

_PIECE: Final = re.compile(r"\d+|[a-z]+")
_SEVERAL: Final = re.compile(r"\d(?:[a-wyz]{1,2}|[-/ ])\d", re.IGNORECASE)
_DIGIT: Final = re.compile(r"\d")
_DIGITS: Final = re.compile(r"\d+")
_POINT: Final = re.compile(r"[.,]")
_RIM: Final = re.compile(r"[a-z]\d\d")
_MARKS: Final = frozenset("/-.")
_LONGEST: Final = 4
"""Numbers of a series, and words of a number."""
_FEWEST: Final = 4
"""Digits of a series: "3/8" and "2-3" are other things."""
_SURE: Final = 3
"""Numbers in a row that are no amounts."""
_NEAR: Final = 4
"""Tokens from a thing to its series."""


class Series(msgspec.Struct, frozen=True, gc=False):
    """The numbers of a series as digits, the letters before, between and behind them, and how a name writes both."""

    digits: tuple[str, ...]
    letters: tuple[str, ...]
    tokens: tuple[Token, ...]


class SeriesIndex:
    """The series of all names. `canon`: the word that stands for a word and its synonyms."""

    def __init__(self, lexicon: Lexicon, canon: Callable[[str], str]) -> None:
        self._lexicon = lexicon
        self._canon = canon
        self._found: dict[tuple[str, ...], list[Series]] = {}
        self._letters: set[str] = set()
        self._shapes: dict[tuple[int, ...], Series] = {}

    def name_tokens(self, text: str) -> list[Token]:
        """The tokens of a name, with its series as in the first name that has them."""
        if _SEVERAL.search(text) is None:
            return name_tokens(text, self._lexicon)
        tokens = tokenise(text)
        self.spell(tokens, bool)
        join_models(tokens, self._lexicon)
        self._learn(tokens)
        return tokens

    def _learn(self, tokens: list[Token]) -> None:
        i = 0
        while i < len(tokens):
            end = self._end(tokens, i) if _has_digits(tokens, i) else i + 1
            digits, letters = self._take_apart(tokens[i:end])
            known = self._found.get(digits, [])
            several = len(digits) > 1 and sum(map(len, digits)) >= _FEWEST
            if several and all(letters != other.letters for other in known):
                series = Series(digits, letters, tuple(tokens[i:end]))
                self._found[digits] = [*known, series]
                self._letters.update(letters)
                if len(digits) >= _SURE:
                    self._shapes.setdefault(tuple(map(len, digits)), series)
            i = end

    def _end(self, tokens: list[Token], i: int) -> int:
        """The token after a run of digits and letters that are written together, or joined by marks."""
        j, numbers = i + 1, 1
        while j < len(tokens):
            token = tokens[j]
            glued = not token.spaced and token.kind in (WORD, NUMBER) and not self._is_unit(tokens, j)
            if glued or (token.spaced and numbers > 1 and _RIM.fullmatch(token.norm)):
                j += 1
            elif token.norm in _MARKS and not token.spaced and _has_digits(tokens, j + 1) and not tokens[j + 1].spaced:
                j += 2
                numbers += 1
            else:
                break
        return j

    def _is_unit(self, tokens: list[Token], i: int) -> bool:
        """Whether a run ends before the letters at `i`: "2x5", "12v", but not "20W-50"."""
        behind = i + 1 + (i + 1 < len(tokens) and tokens[i + 1].norm in _MARKS and not tokens[i + 1].spaced)
        goes_on = _has_digits(tokens, behind) and not tokens[behind].spaced
        return tokens[i].norm == "x" or (tokens[i].norm in self._lexicon.measures and not goes_on)

    def _take_apart(self, tokens: Sequence[Token]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        digits: list[str] = []
        letters = [""]
        for token in tokens:
            for piece in _PIECE.findall(_POINT.sub("", token.norm)):
                if piece.isdigit():
                    digits.append(piece)
                    letters.append("")
                else:
                    letters[-1] = self._canon(letters[-1] + piece)
        return tuple(digits), tuple(letters)

    def spell(self, tokens: list[Token], knows: Callable[[str], bool]) -> None:
        """Writes each series as in the first name that has it. `knows`: whether a word is in the catalogue."""
        i = 0
        while self._found and i < len(tokens):
            found = self._at(tokens, i, _is_told_of(tokens, i, knows))
            if found is not None:
                series, end = found
                tokens[i:end] = _in_place(series, tokens[i], tokens[end - 1])
            i += 1 if found is None else len(found[0].tokens)

    def _at(self, tokens: list[Token], i: int, told: bool) -> tuple[Series, int] | None:
        """The series at token `i`, and the token after it. `told`: whether the thing that it may belong to precedes.

        A number in words may end earlier: "veinte cincuenta y dos filtros"."""
        said = self._said(tokens, i)
        found = self._meant(said, tokens, told)
        if found is None and said.in_words:
            found = self._meant(self._said(tokens, i, parted=True), tokens, told)
        return found

    def _meant(self, said: "_Said", tokens: list[Token], told: bool) -> tuple[Series, int] | None:
        for count in range(len(said.ends), 1, -1):
            digits, letters, end = tuple(said.digits[:count]), said.letters[:count], said.ends[count - 1]
            for series in self._found.get(digits, ()):
                behind = bool(series.letters[count]) and self._is_letters(tokens, end, series.letters[count])
                marked = any(letters) or behind or said.marked or (told and len(digits[1]) > 1)
                if _agree(letters, series.letters) and (count >= _SURE or marked):
                    return series, end + behind
            other = self._turned(digits, letters) or (self._other(digits, letters) if told else None)
            if count >= _SURE and other is not None:
                return other, end
        return None

    def _turned(self, digits: tuple[str, ...], letters: list[str]) -> Series | None:
        """The series whose last number is said first, with its letter: "r13 175/70"."""
        turned = self._found.get((*digits[1:], digits[0]), ()) if letters[0] else ()
        return next((series for series in turned if series.letters[len(digits) - 1] == letters[0]), None)

    def _other(self, digits: tuple[str, ...], letters: list[str]) -> Series | None:
        """A series that no product has, of the same shape as those that products have."""
        shape = self._shapes.get(tuple(map(len, digits)))
        return None if shape is None or not _agree(letters, shape.letters) else _with_numbers(shape, digits)

    def _is_letters(self, tokens: list[Token], i: int, letters: str) -> bool:
        return i < len(tokens) and tokens[i].kind is WORD and self._canon(tokens[i].norm) == letters

    def _said(self, tokens: list[Token], i: int, *, parted: bool = False) -> "_Said":
        """The numbers in a row at token `i`, with letters and marks between them. `parted`: one word for each number,
        "cincuenta y dos" is 50."""
        said = _Said()
        j = i
        while j < len(tokens) and len(said.digits) < _LONGEST:
            token = tokens[j]
            if token.kind is NUMBER and "/" not in token.norm:
                said.add(_POINT.sub("", token.norm), j + 1)
            elif token.kind is WORD and role.NUMBER in self._lexicon.roles(token.norm):
                near = tokens[j : j + (1 if parted else _LONGEST)]
                value, words = cardinal(near, [self._lexicon.roles(t.norm) for t in near], 0, self._lexicon)
                said.add(str(value), j + words)
                said.in_words = True
                j += words - 1
            elif token.kind is WORD and not said.letters[-1] and self._canon(token.norm) in self._letters:
                said.letters[-1] = self._canon(token.norm)
            elif said.digits and token.norm in _MARKS:
                said.marked = said.marked or not token.spaced
            else:
                break
            j += 1
        return said


class _Said(msgspec.Struct):
    digits: list[str] = msgspec.field(default_factory=list)
    letters: list[str] = msgspec.field(default_factory=lambda: [""])
    ends: list[int] = msgspec.field(default_factory=list)
    in_words: bool = False
    marked: bool = False

    def add(self, digits: str, end: int) -> None:
        self.digits.append(digits)
        self.letters.append("")
        self.ends.append(end)


def _agree(said: Sequence[str], letters: Sequence[str]) -> bool:
    """Whether the letters that were said are those of a series; some may be left out."""
    return all(one in ("", other) for one, other in zip(said, letters, strict=False))


def _has_digits(tokens: list[Token], i: int) -> bool:
    return i < len(tokens) and "/" not in tokens[i].norm and _DIGIT.search(tokens[i].norm) is not None


def _is_told_of(tokens: list[Token], i: int, knows: Callable[[str], bool]) -> bool:
    """Whether a word of the catalogue is shortly before token `i`, in the same part of the message."""
    for token in reversed(tokens[max(0, i - _NEAR) : i]):
        if token.kind is not WORD:
            return False
        if len(token.norm) > 2 and knows(token.norm):
            return True
    return False


def _in_place(series: Series, first: Token, last: Token) -> list[Token]:
    """The tokens of a series, where a message has it from `first` to `last`."""
    replace = msgspec.structs.replace
    opener, *others = (replace(token, start=first.start, end=last.end, is_of_series=True) for token in series.tokens)
    return [replace(opener, spaced=first.spaced), *others]


def _with_numbers(series: Series, digits: tuple[str, ...]) -> Series:
    """The same series with other numbers."""
    left = iter(digits)
    tokens = []
    for token in series.tokens:
        norm = _DIGITS.sub(lambda _: next(left), token.norm)
        value = int(norm) if token.kind is NUMBER else None
        tokens.append(msgspec.structs.replace(token, norm=norm, value=value))
    return Series(digits, series.letters, tuple(tokens))
