"""Codes and models in a message: "TAC-03 x5", "3 del 10007", "cod. 10054"; "papel A4", "lápiz 2B"."""

import re
from collections.abc import Callable, Collection
from typing import Final

from recado.quotes.language.lexicon import Lexicon
from recado.quotes.language.text import NUMBER, PUNCT, WORD, Token, plain

_MARKS: Final = frozenset(["cod", "codigo", "ref", "referencia", "sku", "art"])
_NO_CODE: Final = re.compile(r"[\W_]+")
_LONGEST: Final = 7
"""Tokens of a code: "AB-12-C-3" has seven."""
_NO_MODEL: Final = frozenset(["x", "n", "m2", "m3"])
_SCALE: Final = "k"
"""The letter that multiplies the digits before it, as in "2k"; in "k59" it names a model."""
_WORD_AND_NUMBER: Final = ((WORD, NUMBER), (NUMBER, WORD))
_MODEL_LETTERS: Final = 2
_MODEL_DIGITS: Final = 3
_CLEAR: Final = 5
"""Digits from which a number alone is a code; a shorter one may be an amount."""


def code_of(sku: str) -> str:
    """The letters and digits by which a sku is found; empty if it has no digits or is too short to be recognised."""
    code = _NO_CODE.sub("", plain(sku))
    return code if len(code) > 2 and any(map(str.isdigit, code)) else ""


def join_codes(tokens: list[Token], codes: Collection[str], shapes: Collection[str]) -> None:
    """Makes one word of each code, with the word that announces it: of the catalogue's `codes`, and of those with a
    hyphen that have one of their `shapes`."""
    past = len(tokens)
    for i in reversed([i for i, token in enumerate(tokens) if token.kind is NUMBER]):
        if i < past:
            past = _join(tokens, i, codes, shapes)


def _join(tokens: list[Token], i: int, codes: Collection[str], shapes: Collection[str]) -> int:
    """Joins the code whose last number is at token `i`; returns the token where it starts, or `i`."""
    end = i + 1
    while end < len(tokens) and not tokens[end].spaced and tokens[end].kind is WORD and end - i < 3:
        end += 1
    for stop in range(end, i, -1):
        start = i
        code, hyphen = "", False
        for at in range(stop - 1, max(-1, stop - 1 - _LONGEST), -1):
            token = tokens[at]
            if token.kind in (WORD, NUMBER):
                code = token.norm + code
                start = at
            elif token.norm != "-":
                break
            else:
                hyphen = True
            ours = code in codes or (hyphen and code_shape(code) in shapes)
            if token.kind is not PUNCT and ours and _is_meant(tokens, at, code):
                start = _mark(tokens, at)
                first, last = tokens[start], tokens[stop - 1]
                tokens[start:stop] = [Token(WORD, code, first.start, last.end, first.spaced)]
                return start
            if token.spaced:
                break
        if start == i and stop == i + 1:
            break
    return i


def _mark(tokens: list[Token], at: int) -> int:
    """The token of the word that announces a code at `at`; `at` if there is none."""
    j = at - 1
    while j >= 0 and tokens[j].norm in (".", ":", "#"):
        j -= 1
    return j if j >= 0 and tokens[j].norm in _MARKS else at


def _is_meant(tokens: list[Token], at: int, code: str) -> bool:
    """Whether a possible number is a code."""
    return not code.isdigit() or len(code) >= _CLEAR or _mark(tokens, at) < at


def join_models(tokens: list[Token], lexicon: Lexicon, shapes: Collection[str] | None = None) -> None:
    """Makes one word of each model: a letter or two and some digits ("A4", "2B"), but not of a size ("20A", "x12").

    `shapes`: only models of these shapes; by default of any shape, for a catalogue's names.
    """
    for i in range(len(tokens) - 3, -1, -1):
        if tokens[i].kind is not NUMBER or i + 2 >= len(tokens):
            continue  # it opens no grade, or what stood here has been joined
        first, letters, last = tokens[i : i + 3]
        if _is_grade(first, letters, last) and (
            shapes is None or shape(first.norm + letters.norm + last.norm) in shapes
        ):
            word = first.norm + letters.norm + last.norm
            tokens[i : i + 3] = [Token(WORD, word, first.start, last.end, first.spaced)]
    for i in range(len(tokens) - 2, -1, -1):
        if i + 1 >= len(tokens) or tokens[i + 1].spaced:
            continue
        first, second = tokens[i], tokens[i + 1]
        if (first.kind, second.kind) in _WORD_AND_NUMBER and _is_model(first, second, lexicon):
            word = first.norm + second.norm
            apart = i + 2 >= len(tokens) or tokens[i + 2].spaced or tokens[i + 2].kind is PUNCT
            if apart and (i == 0 or first.spaced) and (shapes is None or shape(word) in shapes):
                tokens[i : i + 2] = [Token(WORD, word, first.start, second.end, first.spaced)]


def join_spaced(tokens: list[Token], lexicon: Lexicon, knows: Callable[[str], bool]) -> None:
    """Makes one word of a model whose letters and digits are apart, if the catalogue `knows` it: "boxer ct 100"."""
    for i in reversed([i for i, token in enumerate(tokens[1:]) if token.kind is NUMBER and token.spaced]):
        first, second = tokens[i : i + 2]
        if first.kind is not WORD or not knows(first.norm + second.norm):
            continue
        if first.norm not in lexicon.measures and not lexicon.roles(first.norm):
            word = first.norm + second.norm
            tokens[i : i + 2] = [Token(WORD, word, first.start, second.end, first.spaced)]


def _is_grade(first: Token, letters: Token, last: Token) -> bool:
    """ "20W50", "6PK1870": a letter or two between digits."""
    if letters.spaced or last.spaced or (first.kind, letters.kind, last.kind) != (NUMBER, WORD, NUMBER):
        return False
    return len(letters.norm) <= _MODEL_LETTERS and letters.norm not in (_SCALE, *_NO_MODEL) and first.norm.isdigit()


def _is_model(first: Token, second: Token, lexicon: Lexicon) -> bool:
    letters, digits = (first.norm, second.norm) if first.kind is WORD else (second.norm, first.norm)
    if len(letters) > _MODEL_LETTERS or len(digits) > _MODEL_DIGITS or not digits.isdigit():
        return False
    if letters in _NO_MODEL or letters + digits in _NO_MODEL:
        return False
    return first.kind is WORD or not (letters == _SCALE or letters in lexicon.measures or lexicon.roles(letters))


def code_shape(code: str) -> str:
    """The common shape of codes: "me903" and "bo201" -> "aa999"; empty for only digits."""
    return "" if code.isdigit() else "".join("9" if c.isdigit() else "a" for c in code)


def shape(word: str) -> str:
    """The common shape of models of one kind: "2b" and "6b" -> "#b", "aa" and "aaa" -> "a*"; empty for another word."""
    if word.isalpha():
        return f"{word[0]}*" if len(word) > 1 and len({*word}) == 1 else ""
    if not word.isalnum():
        return ""
    letters = word.strip("0123456789")
    return f"{letters}#" if word.startswith(letters) else f"#{letters}"
