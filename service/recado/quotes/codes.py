"""Product codes in a message: "TAC-03 x5", "3 del 10007", "cod. 10054"."""

from typing import Final

from recado.quotes.matcher import Matcher
from recado.quotes.text import NUMBER, PUNCT, WORD, Token

_MARKS: Final = frozenset(["cod", "codigo", "ref", "referencia", "sku", "art"])
_LONGEST: Final = 7
"""Tokens of a code: "AB-12-C-3" has seven."""
_CLEAR: Final = 5
"""Digits from which a number alone is a code; a shorter one may be an amount."""


def join_codes(tokens: list[Token], matcher: Matcher) -> None:
    """Make one word of each code, with the word that announces it."""
    i = len(tokens) - 1
    while i >= 0:
        i = _join(tokens, i, matcher) - 1 if tokens[i].kind == NUMBER else i - 1


def _join(tokens: list[Token], i: int, matcher: Matcher) -> int:
    """Join the code that has its last number at token `i`; the token where it starts, or `i`."""
    end = i + 1
    while end < len(tokens) and not tokens[end].spaced and tokens[end].kind == WORD and end - i < 3:
        end += 1
    for stop in range(end, i, -1):
        start = i
        code = ""
        for at in range(stop - 1, max(-1, stop - 1 - _LONGEST), -1):
            token = tokens[at]
            if token.kind in (WORD, NUMBER):
                code = token.norm + code
                start = at
            elif token.norm != "-":
                break
            if token.kind != PUNCT and code in matcher.codes and _is_meant(tokens, at, code):
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
    """Whether what could be a number is a code."""
    return not code.isdigit() or len(code) >= _CLEAR or _mark(tokens, at) < at
