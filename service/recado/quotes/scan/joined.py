"""Words written together or cut short: "unacamisa" is "una camisa", "med. deportivas" are "medias deportivas"."""

from typing import Final

from recado.quotes.catalogue.matcher import Matcher
from recado.quotes.language import role
from recado.quotes.language.text import NUMBER, PUNCT, WORD, Token, tokenise

_COUNTS: Final = ("unos", "unas", "una", "un", "dos", "tres", "cuatro", "cinco", "seis")
"""Longer ones precede those that they start with."""
_CUTS: Final = frozenset([".", "/", "-"])
_SHORTEST: Final = 4
_NO: Final = "no"
"""As "nº" is read, too."""
_CUT_SHORT: Final = 3
"""Letters of a word before the dot of its abbreviation."""
_SHORTEST_JOINED: Final = _SHORTEST + min(map(len, _COUNTS))


def spell_out(tokens: list[Token], matcher: Matcher) -> None:
    """Writes a name's head in full if a dot cuts it short and a word follows: "med. deportivas". Removes the mark
    after a short word for a size: "camisa t.14", "buzo t/12"."""
    marks = [i for i, token in enumerate(tokens) if token.norm in _CUTS and not token.spaced]
    for at in reversed(marks):
        if not 0 < at < len(tokens) - 1:
            continue
        i, dot = at - 1, tokens[at]
        token, behind = tokens[i], tokens[i + 2]
        if (
            len(token.norm) <= _CUT_SHORT
            and role.SIZE in matcher.lexicon.roles(token.norm)
            and _is_size(behind, matcher)
            and not (token.norm == _NO and _counts_goods(tokens, i + 2, matcher))
        ):
            del tokens[i + 1]
            continue
        if dot.norm != "." or token.kind is not WORD or behind.kind is not WORD or len(token.norm) < _CUT_SHORT:
            continue
        if _is_strange(token, matcher) and (head := matcher.spelled_out(token.norm, behind.norm)) is not None:
            tokens[i : i + 2] = [Token(WORD, head, token.start, dot.end, token.spaced)]


def _counts_goods(tokens: list[Token], i: int, matcher: Matcher) -> bool:
    """Whether goods follow the number at `i`: "la tarjeta mejor no. 2 relay", but not "hilo no. 5"."""
    if i + 1 >= len(tokens) or not tokens[i].spaced or tokens[i + 1].kind is not WORD:
        return False
    near = matcher.near(tokens[i + 1].norm)
    return bool(near) and matcher.opens(near[0][0])


def part_numbers(tokens: list[Token], matcher: Matcher) -> None:
    """Splits two numbers at a comma if the second counts the word that is joined to it: "10w30,2atf"; removes a plus
    sign."""
    marks = [i for i, token in enumerate(tokens) if token.kind is not WORD and ("," in token.norm or token.norm == "+")]
    for i in reversed(marks):
        token = tokens[i]
        behind = tokens[i + 1] if i + 1 < len(tokens) else None
        if token.norm == "+" and i and tokens[i - 1].norm == "de" and behind is not None and behind.kind is NUMBER:
            del tokens[i]  # "2 de +1.50"
            continue
        whole, comma, part = token.norm.partition(",")
        if token.kind is not NUMBER or not comma or behind is None or behind.spaced or behind.kind is not WORD:
            continue
        if behind.norm in matcher.lexicon.measures or matcher.lexicon.roles(behind.norm) & {role.SCALE, role.MEASURE}:
            continue  # "1,5kg"
        at = token.start + len(whole)
        first, second = tokenise(whole)[0], tokenise(part)[0]
        tokens[i : i + 1] = [
            Token(NUMBER, whole, token.start, at, token.spaced, first.value),
            Token(PUNCT, comma, at, at + 1, False),
            Token(NUMBER, part, at + 1, token.end, False, second.value),
        ]


def part_joined(tokens: list[Token], matcher: Matcher) -> None:
    """Splits an article or a number from the goods that are written together with it, a "de" behind them,
    and two words of a name: "unacamisa", "pantalonesde vestir", "cocacola grande"."""
    roles = matcher.lexicon.roles
    for i in reversed([i for i, token in enumerate(tokens) if len(token.norm) > _SHORTEST and not roles(token.norm)]):
        token = tokens[i]
        if (parted := _parted(token, matcher)) and _is_strange(token, matcher):
            middle = token.start + parted
            tokens[i : i + 1] = [
                Token(WORD, token.norm[:parted], token.start, middle, token.spaced),
                Token(WORD, token.norm[parted:], middle, token.end, True),
            ]


def _parted(token: Token, matcher: Matcher) -> int:
    """The letters of the first of two joined words; 0 if it is one word."""
    norm = token.norm
    if norm.endswith("de") and len(norm) >= _SHORTEST + 2 and token.kind is WORD and matcher.knows(norm[:-2]):
        return len(norm) - 2
    if len(norm) < _SHORTEST_JOINED:
        return 0
    if not norm.startswith(_COUNTS):
        return matcher.verbatim.parted(norm) if token.kind is WORD else 0
    return next((len(count) for count in _COUNTS if _is_good(norm.removeprefix(count), token, matcher)), 0)


def _is_size(token: Token, matcher: Matcher) -> bool:
    return token.kind is NUMBER or role.SIZEMARK in matcher.lexicon.roles(token.norm)


def _is_strange(token: Token, matcher: Matcher) -> bool:
    """Whether a word is unknown. A drawn-out word has lost letters, so its parts have no position."""
    whole = token.end - token.start == len(token.norm)
    return whole and not matcher.lexicon.roles(token.norm) and not matcher.knows(token.norm)


def _is_good(rest: str, token: Token, matcher: Matcher) -> bool:
    if len(rest) < _SHORTEST or rest == token.norm:
        return False
    return matcher.knows(rest) or rest in matcher.lexicon.measures or role.GOOD in matcher.lexicon.roles(rest)
