"""Quantities in words and digits: "treinta y dos", "2 mil", "docena y media", "3 pares de", "media docenita de"."""

from collections.abc import Callable
from enum import StrEnum
from fractions import Fraction
from typing import Final

import msgspec

from recado.quotes.lexicon import Lexicon, Unit
from recado.quotes.text import NUMBER, WORD, Token

_PHRASE: Final = 6
"""Words of a phrase that are looked at."""
_CLOSES: Final = frozenset(["and", "courtesy", "thanks", "but"])


class Unusable(StrEnum):
    """Why an amount does not say how many of a product to quote."""

    RANGE = "range"
    WORTH = "worth"
    VAGUE = "vague"
    FRACTION = "fraction"
    UNIT = "unit"


class Quantity(msgspec.Struct, frozen=True, gc=False):
    """How many, as it was said. `pairs`: the value counts pairs. `article`: only "un", "una", "unos", "unas"."""

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


def quantity(
    tokens: list[Token], roles: list[frozenset[str]], at: int, lexicon: Lexicon, is_product: Callable[[str], bool]
) -> Quantity | None:
    """The longest quantity that starts at `at`, with its unit, if that is no product, and the "de" after it."""
    start = at
    n = len(tokens)
    value, i = cardinal(tokens, roles, at, lexicon)
    article = value is not None and "article" in roles[at] and i == at + 1
    if article and i < n and "limit" in roles[i] and _is_collective(roles, i + 1):
        i += 1  # "una sola docena"
    if article and i < n and tokens[at].norm in ("unos", "unas", "un", "una"):
        inner, j = cardinal(tokens, roles, i, lexicon)
        sized = j < n and not tokens[j].spaced and tokens[j].norm in lexicon.measures  # "una 9v"
        sized = sized or tokens[i].norm.startswith("0")  # "una .009"
        if inner is not None and not sized and not roles[i] & {"article", "collective"}:  # "unas 20", "un diez"
            value, i, article = inner, j, False
        elif i < n and "half" in roles[i] and _is_collective(roles, i + 1):
            value, i = None, i
    if value is not None and i < n and "half" in roles[i] and _is_collective(roles, i + 1):
        value, i, article = (
            value * lexicon.halves.get(tokens[i].norm, Fraction(1, 2)),
            i + 1,
            False,
        )  # "dos medias docenas"
    digits = value is not None and tokens[start].kind == NUMBER
    collective, pairs = 0, False
    if value is None and i < n and "half" in roles[i] and tokens[i].kind == WORD:
        j = i + 1
        if j < n and "of" in roles[j]:
            j += 1
        if _is_collective(roles, j) or (j == i + 1 and _is_scale(tokens, j)):
            value, i = lexicon.halves.get(tokens[i].norm, Fraction(1, 2)), j
        elif i == start and i + 1 < n and ("container" in roles[i + 1] or (j > i + 1 and tokens[i].norm == "medio")):
            return Quantity(Fraction(1, 2), i + 1)
        else:
            return None if i == start else Quantity(1, start + 1, article=True)
    if (
        value is not None
        and i + 1 < n
        and tokens[i].norm == "y"
        and "half" in roles[i + 1]
        and _is_collective(roles, i + 2)
    ):
        value, i = value + Fraction(1, 2), i + 2  # "dos y media docenas"
    while i < n:
        role = roles[i]
        if value is None and not ("collective" in role or "pair" in role):
            break
        if "collective" in role and tokens[i].kind == WORD:
            if tokens[i].norm == "cien" or (tokens[i].norm == "ciento" and value is None):
                break  # "el 14 cien rosas": no number stands before "cien"
            size = lexicon.collective(tokens[i].norm) or 1
            value, i, collective, article = (1 if value is None else value) * size, i + 1, size, False
            if i + 1 < n and tokens[i].norm in ("y", "i") and "half" in roles[i + 1]:
                value, i = value + size * lexicon.halves.get(tokens[i + 1].norm, Fraction(1, 2)), i + 2
        elif "pair" in role:
            value, i, pairs, article = (1 if value is None else value), i + 1, True, False
        elif "scale" in role and isinstance(value, Fraction):
            value, i = value * lexicon.scales.get(tokens[i].norm, 1), i + 1
        else:
            break
        j = i + 1 if i < n and "of" in roles[i] else i
        if not _is_collective(roles, j):
            break
        if pairs:  # "un par de docenas": two of what follows; in "una docena de pares" the pairs are counted
            value, pairs = value * 2, False
        i = j
    if value is None:
        return None
    bare = digits and not (collective or pairs) and i == start + 1
    pieces = False
    container = None
    if i < n and tokens[i].kind == WORD and not article and "piece" in roles[i]:
        i, pieces = i + 1, True
        if i < n and tokens[i].norm == ".":
            i += 1
    elif i < n and tokens[i].kind == WORD and "container" in roles[i] and not is_product(tokens[i].norm):
        if i + 1 < n and "of" in roles[i + 1]:
            container = i
        elif _closes(tokens, roles, i + 1, lexicon) or is_product(tokens[i + 1].norm):
            i, pieces = i + 1, True  # "pintura blanca, 2 galones", "5 kg arroz"
            if i < n and tokens[i].norm == "." and not tokens[i].spaced and len(tokens[i - 1].norm) < 4:
                i += 1  # "10 paq. papel"
    if (
        (collective or pairs)
        and i + 1 < n
        and tokens[i].norm == "."
        and not tokens[i].spaced
        and len(tokens[i - 1].norm) < 4
    ):
        i += 1  # "2 doc. medialunas"
    if pieces or collective or pairs:
        while i < n and "of" in roles[i]:
            i += 1
    return Quantity(value, i, article, pairs, container, pieces, collective, bare and not pieces)


def _closes(tokens: list[Token], roles: list[frozenset[str]], i: int, lexicon: Lexicon) -> bool:
    """Whether nothing that a container may hold stands at `i`: "4 cajas por favor"."""
    if i >= len(tokens) or tokens[i].kind != WORD or roles[i] & _CLOSES:
        return True
    phrase = lexicon.phrase([token.norm for token in tokens[i : i + _PHRASE]], 0)
    return phrase is not None and bool(phrase[1] & _CLOSES)


def _is_collective(roles: list[frozenset[str]], at: int) -> bool:
    return at < len(roles) and ("collective" in roles[at] or "pair" in roles[at])


def _is_scale(tokens: list[Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].norm in ("mil", "millon")


def cardinal(
    tokens: list[Token], roles: list[frozenset[str]], at: int, lexicon: Lexicon
) -> tuple[int | Fraction | None, int]:
    """A cardinal in digits, words or both, and the token after it."""
    n = len(tokens)
    total: int = 0
    group: int | None = None
    limit = 1_000  # the next part must be smaller than this
    i = at
    while i < n:
        token = tokens[i]
        if token.kind == NUMBER:
            value = token.value
            if group is not None or value is None or (total and value >= limit):
                break
            if isinstance(value, Fraction):
                return (value, i + 1) if i == at else (total, i)
            group, limit = value, 0
        elif token.kind == WORD and (
            "number" in roles[i] or ("article" in roles[i] and token.norm in ("un", "una", "unos", "unas"))
        ):
            word = lexicon.number(token.norm)
            if word is None or word >= limit:
                break
            group = (group or 0) + word
            limit = 100 if word >= 100 else 10 if word in _TENS else 1
            if word in (100,) and token.norm == "cien":
                limit = 1
        elif (
            token.kind == WORD
            and "scale" in roles[i]
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
            if scale > 1_000 and i + 1 < n and "of" in roles[i + 1]:  # "un millón de"
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


def _unit(tokens: list[Token], roles: list[frozenset[str]], at: int, lexicon: Lexicon) -> bool:
    if "number" not in roles[at] and tokens[at].norm not in ("un", "una"):
        return False
    return 0 < (lexicon.number(tokens[at].norm) or 0) < 10
