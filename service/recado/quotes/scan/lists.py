"""Lists: their numbering is not a quantity; a number at the end of every entry is."""

from collections.abc import Iterator
from typing import Final

from recado.quotes.catalogue.index import MOST
from recado.quotes.catalogue.matcher import Matcher
from recado.quotes.language import role
from recado.quotes.language.lexicon import QUANTITY_ROLES, Lexicon
from recado.quotes.language.sizes import COUNT
from recado.quotes.language.text import NEWLINE, NUMBER, PUNCT, WORD, Token

_MOST_OF_ONE: Final = 24
"""A list with a larger number at the end of an entry may be one of sizes: "paracetamol 500"."""
_BEFORE_AMOUNT: Final = frozenset(["-", ":", "="])
_MOST_ENTRIES: Final = 40


def drop_indices(tokens: list[Token], lexicon: Lexicon) -> None:
    """Removes the numbering of a list: "1. ", "2) ", "3- ", a keycap; 1, 2, 3 in order at the start of lines."""
    numbers = [i for i, token in enumerate(tokens) if token.kind is NUMBER and token.value is not None]
    starts = [i for i in numbers if i == 0 or tokens[i - 1].kind is NEWLINE]
    numbered = _opening_indices(tokens, starts, lexicon) if starts else []
    if not numbered and len(numbers) > 1:
        numbered = _inline_indices(tokens, numbers)
    if len(numbered) == 1 and len(starts) > 1 and tokens[numbered[0]].keycap:
        return
    for i in reversed(numbered):
        marked = i + 1 < len(tokens) and tokens[i + 1].norm in (".", ")", "-", ":", "°", "º")
        tokens[i : i + 1 + marked] = [Token(PUNCT, "•", tokens[i].start, tokens[i].end, True)]


def _opening_indices(tokens: list[Token], starts: list[int], lexicon: Lexicon) -> list[int]:
    """Those of the numbers that lines start with that number a list."""
    numbered: list[int] = []
    keyed = len(starts) > 2 and all(tokens[i].keycap and tokens[i].value == n for n, i in enumerate(starts, 1))
    in_order = [tokens[i].value for i in starts] == list(range(1, len(starts) + 1))
    for i in starts:
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        if after is None or tokens[i].value != len(numbered) + 1:
            continue
        marked = after.norm in (".", ")", "-", ":", "°", "º") and after.kind is PUNCT
        if marked and after.norm == "-" and not in_order:
            marked = False  # "1-billetera, 2-cinturones, 1-reloj": amounts
        if marked and after.norm in "-:" and not _number_before_line_end(tokens, i + 1, lexicon) and len(starts) < 2:
            marked = False
        padded = len(tokens[i].norm) > 1 and tokens[i].norm.startswith("0")
        if marked or padded or (tokens[i].keycap and (keyed or _number_before_line_end(tokens, i + 1, lexicon))):
            numbered.append(i)
    return numbered


def _inline_indices(tokens: list[Token], numbers: list[int]) -> list[int]:
    """Numbering within a line, by the places of all numbers: "1) 2 camisas 2) 3 gorras"."""
    found: list[int] = []
    for i in numbers:
        marked = i + 2 < len(tokens) and tokens[i + 1].norm in (")", ".") and not tokens[i + 1].spaced
        if marked and tokens[i].value == len(found) + 1 and not (i > 0 and tokens[i - 1].norm == "("):
            found.append(i)
    return found if len(found) > 1 else []


def _number_before_line_end(tokens: list[Token], i: int, lexicon: Lexicon) -> bool:
    while i < len(tokens) and tokens[i].kind is not NEWLINE:
        token = tokens[i]
        if token.kind is NUMBER or (token.kind is WORD and lexicon.roles(token.norm) & QUANTITY_ROLES):
            return True
        i += 1
    return False


def part_amounts(tokens: list[Token], matcher: Matcher) -> None:
    """Splits the name and the number of "CLORO 4" if all entries of a list end in a number and most of these numbers
    are not part of a name. Then the number is an amount even if that product has such a size."""
    kinds = [token.kind for token in tokens]
    fewest = 2 if NEWLINE in kinds else 3
    if kinds.count(NUMBER) < fewest:
        return
    entries = [(start, end) for start, end in _entries(tokens, matcher) if NUMBER in kinds[start:end]]
    counted = [(start, end - 1 - _is_piece(tokens[end - 1], matcher)) for start, end in entries]
    if not fewest <= len(counted) <= _MOST_ENTRIES or not all(_ends_in_amount(tokens, *entry) for entry in counted):
        return
    named = [last for start, last in counted if _is_in_name(tokens, start, last, matcher)]
    if len(named) * 2 > len(counted):
        return
    for last in reversed(named):
        number = tokens[last]
        tokens.insert(last, Token(PUNCT, ":", number.start, number.start, False))


def _entries(tokens: list[Token], matcher: Matcher) -> Iterator[tuple[int, int]]:
    """The first token of each entry, after its bullet, and the token after its last."""
    start = 0
    for end in (*(i for i in range(len(tokens)) if _parts_entries(tokens, i, matcher)), len(tokens)):
        while start < end and tokens[start].kind is PUNCT:
            start += 1
        if start < end:
            yield start, end
        start = end + 1


def _parts_entries(tokens: list[Token], i: int, matcher: Matcher) -> bool:
    """Whether an entry ends at `i`: with its line, at a comma, at the bullet of the next one, at a "y" behind its
    number."""
    token = tokens[i]
    if token.kind is NEWLINE or token.norm == ",":
        return True
    if not 0 < i < len(tokens) - 1 or tokens[i + 1].kind is not WORD:
        return False
    if token.norm == "-":
        return token.spaced and tokens[i + 1].spaced
    counted = tokens[i - 1].kind is NUMBER or _is_piece(tokens[i - 1], matcher)
    return counted and role.AND in matcher.lexicon.roles(token.norm)


def _is_piece(token: Token, matcher: Matcher) -> bool:
    """ "x4 unidades", "3 pzas"."""
    return token.kind is WORD and role.PIECE in matcher.lexicon.roles(token.norm)


def _ends_in_amount(tokens: list[Token], start: int, last: int) -> bool:
    value = tokens[last].value
    opens = tokens[start].kind is WORD or (last > start + 1 and tokens[last - 1].norm in _BEFORE_AMOUNT)  # "1/2 - 10"
    return opens and isinstance(value, int) and 0 < value <= _MOST_OF_ONE


def _is_in_name(tokens: list[Token], start: int, last: int, matcher: Matcher) -> bool:
    """Whether the number at the end of an entry would be read as part of the name at its beginning."""
    entry = tokens[start : last + 1]
    roles = [matcher.lexicon.roles(token.norm) for token in entry]
    match = matcher.match(entry, roles, 0)
    if match is None or match.last < len(entry) - 1:
        return False
    return not (entry[-2].norm == "x" and _tells_packs_apart(entry, match.products[0], matcher))


def _tells_packs_apart(entry: list[Token], product: int, matcher: Matcher) -> bool:
    """ "alitas x6", where there are "alitas x12", too: the pack, also in a list of amounts."""
    family = matcher.families.get(matcher.head(matcher.near(entry[0].norm)[0][0]))
    packs = {size for size in matcher.sizes_of(product) if size.unit == COUNT}
    if family is None or not any(size.values == (entry[-1].value,) for size in packs):
        return False
    kin = {size for number in matcher.first(family.products, MOST) for size in matcher.sizes_of(number)}
    return any(size.unit == COUNT for size in kin - packs)
