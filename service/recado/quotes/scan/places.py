"""Where an address ends: "Cra 7 # 45-10", "Av. Los Pinos 123, depto 4"."""

from typing import Final

from recado.quotes.language import role
from recado.quotes.language.text import NEWLINE, PUNCT, WORD, Token
from recado.quotes.scan.words import Kind, Words

_MOST_WORDS: Final = 14
_HOUSE: Final = 3
"""Digits of a number that is rather a house's than an amount."""
_FAR: Final = frozenset(
    [
        "calle", "cll", "carrera", "cra", "kra", "avenida", "av", "avda", "jiron", "jr", "pasaje", "psje", "diagonal",
        "dg", "transversal", "autopista", "ruta", "boulevard", "blvd", "calzada", "colonia", "col", "urbanizacion",
        "direccion", "mz", "urb", "cl", "kr", "pje", "ave", "privada", "priv", "prolongacion", "prol",
    ]
)  # fmt: skip
"""Words that the number of an address may follow at some distance; it follows the others directly."""
_QUARTERS: Final = frozenset(
    [
        "urb", "urbanizacion", "barrio", "colonia", "col", "residencial", "conjunto", "condominio", "fraccionamiento",
        "fracc", "edificio", "edif",
    ]
)  # fmt: skip
"""Words that a name may follow without a number."""
_WE_ARE: Final = frozenset(["somos", "seremos", "eramos"])
_BEFORE_STREET: Final = frozenset(["(", ",", ":", "\n", "a", "en", "hasta", "es", "la"])
_WHERE: Final = frozenset(["a", "en", "hasta"])
_STEERS: Final = frozenset([role.REQUEST, role.ADD, role.GREETING])
_BEHIND_NUMBER: Final = frozenset([role.ADDRESS, role.OF, role.CON])
_PARTS: Final = frozenset(["bis", "sur", "norte", "este", "oeste"])


def may_open(words: Words, start: int, end: int) -> bool:
    """Whether a word of addresses is one here, and not a word of a product's name: "etapa 4", "bloque de 15"."""
    norm = words.tokens[start].norm
    if not words.matcher.knows(norm):
        return True
    match = words.matcher.match(words.tokens, words.roles, start)
    if match is not None and match.words > 1:
        return False
    short = words.norm(end) == "." and words.is_capital(end + 1)  # "col. Del Valle 123"
    return short or _is_place(words, start)


def past_address(words: Words, start: int, end: int) -> int:
    """The token after an address that opens at `start`. Without a number it is an address only if it is a quarter with
    a name, or if the word also names a product."""
    found = _past_number(words, start) or _past_quarter(words, start)
    return found or (end if words.matcher.names(words.tokens[start].norm) else 0)


def opens_street(words: Words, start: int, end: int) -> bool:
    """Whether "a" is followed by a street's name and its number: "mándalo a Hidalgo 45", "a Los Olivos 45"."""
    past = past_street(words, start, end)
    return _is_street(words, past - 2, named=past > end + 2) and len(words.norm(past - 1)) > 1


def past_street(words: Words, start: int, end: int) -> int:
    """The token after a street's name, which may have an article, and its number."""
    return end + 2 + (words.has(end, role.DEFINITE) and words.is_capital(end))


def is_of_street(words: Words, start: int, _: int) -> bool:
    """Whether the number at `start` follows a street's name: "Rivadavia 1250 piso 2"."""
    return start > 0 and _is_street(words, start - 1)


def past_floor(words: Words, _: int, end: int) -> int:
    """The token after the number of a floor or a flat."""
    return end + words.is_number(end)


def opens_short_street(words: Words, start: int, end: int) -> bool:
    """Whether a street's name follows "c/": "en c/ Alcalá 214", and no "hamburguesa c/ Cheddar 2"."""
    apart = start == 0 or words.norm(start - 1) in _BEFORE_STREET
    return apart and words.is_capital(end) and not words.matcher.knows(words.norm(end))


def past_short_street(words: Words, start: int, end: int) -> int:
    """The token after the last number of an address that opens with "c/"; 0 if it has none."""
    return _past_number(words, start, far=True)


def past_class(words: Words, start: int, end: int) -> int:
    """The token after the number and the letter of a school class, "4B", "12", "B"; 0 if there are none, if a
    product follows, or if the catalogue has the word ("batería grupo 24")."""
    if words.matcher.knows(words.norm(start)):
        return 0
    numbered = end + words.is_number(end)
    past = past_letter(words, start, numbered)
    return past if past > end and not words.names_product(past) else 0


def past_letter(words: Words, start: int, end: int) -> int:
    """The token after a separate capital letter that follows a number: "5to B"."""
    alone = end < words.count and len(words.norm(end)) == 1 and words.tokens[end].kind is WORD
    ends = words.closes(end + 1) or words.has(end + 1, role.OF)
    return end + 1 if alone and words.is_capital(end) and ends else end


def _past_number(words: Words, start: int, *, far: bool = False) -> int:
    """The token after the last number of an address; 0 if it has none."""
    last = 0
    far = far or words.tokens[start].norm in _FAR
    for i in range(start + 1, min(words.count, start + _MOST_WORDS)):
        token = words.tokens[i]
        if _is_numeral(words, i):
            if words.names_product(i + 1):
                break
            last = i + 1
        elif token.kind is PUNCT:
            if _stops(words, token.norm, i, behind=last > 0, first=i == start + 1):
                break
        elif not last and _is_street_of(words, start, i):
            continue
        elif _is_foreign(words, token, i, behind=last > 0) or (not far and not last and i > start + 2):
            break
        elif words.has(i, role.ADDRESS):
            far = far or token.norm in _FAR
    return last


def _is_street_of(words: Words, start: int, i: int) -> bool:
    """Whether the word at `i` is the name right behind a street's word at `start`, and its number follows, although a
    product has that name, too: "Av. Los Incas 345"."""
    first = start + 1 + (words.norm(start + 1) == ".")
    first += words.has(first, role.DEFINITE)
    if i != first or not words.is_number(i + 1) or words.names_product(i + 2):
        return False
    return len(words.norm(i + 1)) >= _HOUSE or (words.is_capital(i) and words.is_capital(start))


def _past_quarter(words: Words, start: int) -> int:
    """The token after the name of a quarter: "Urb. Las Flores"; 0 if there is none."""
    if words.tokens[start].norm not in _QUARTERS:
        return 0
    i = first = start + 1 + (words.norm(start + 1) == ".")
    while i < words.count and words.tokens[i].kind is WORD and words.is_capital(i) and not words.names_product(i):
        i += 1
    return i if i > first else 0


def _stops(words: Words, mark: str, i: int, *, behind: bool, first: bool) -> bool:
    """Whether a mark ends an address. behind: it follows a number. first: it follows the first word."""
    if mark == ",":
        return not _goes_on(words, i + 1)
    if mark == ".":
        return behind and not first and not words.is_number(i + 1)
    return mark in ";!?" or (mark == ":" and not first)


def _is_foreign(words: Words, token: Token, i: int, *, behind: bool) -> bool:
    """Whether a word is not part of an address. behind: it follows a number."""
    if _is_lot(words, i):
        return False
    if token.kind is NEWLINE or not words.roles[i].isdisjoint(_STEERS) or words.names_product(i):
        return True
    if token.norm in _WE_ARE:
        return True
    if not behind or not words.roles[i].isdisjoint(_BEHIND_NUMBER):
        return False
    return not (len(token.norm) == 1 or token.norm in _PARTS or _is_number_sign(words, i))


def _is_number_sign(words: Words, i: int) -> bool:
    """ "cra 7 no 80-12", "calle 45 nro. 30-20"."""
    return words.norm(i) in ("no", "nro", "num", "numero") and _is_numeral(words, i + 1 + (words.norm(i + 1) == "."))


def _is_numeral(words: Words, i: int) -> bool:
    """A number in digits, or in words: "carrera quince número veintidós"."""
    return words.is_number(i) or (words.has(i, role.NUMBER) and not words.has(i, role.ARTICLE))


def _is_lot(words: Words, i: int) -> bool:
    """ "Mz B Lt 14", where "lt" elsewhere is a litre, which has its number before it."""
    return words.norm(i) == "lt" and words.is_number(i + 1 + (words.norm(i + 1) == "."))


def _is_place(words: Words, i: int) -> bool:
    """Whether a word for goods is a place here: "en la colonia Roma", "soy de la colonia", after an address."""
    j = i - 1
    while words.has(j, role.DEFINITE) or words.has(j, role.POSSESSIVE):
        j -= 1
    if words.norm(j) in _WHERE or (words.has(j, role.OF) and words.has(j - 1, role.COPULA)):
        return True
    if words.norm(j) in (":", ",") or words.has(j, role.COPULA):
        j -= 1
    last = max((span.end for span in words.spans.values() if span.kind is Kind.ADDRESS), default=-_MOST_WORDS)
    return last > j or words.has(j, role.ADDRESS)


def _goes_on(words: Words, i: int) -> bool:
    """Whether an address continues after a comma."""
    if words.has(i, role.ADDRESS) or words.norm(i) == "#":
        return True
    if _is_street(words, i):
        return len(words.norm(i + 1)) >= 3
    long = words.is_number(i) and len(words.norm(i)) >= 3
    return long and (words.closes(i + 1) or words.has(i + 1, role.ADDRESS))


def _is_street(words: Words, i: int, *, named: bool = False) -> bool:
    """Whether there is a name with a number, as "Durango 210". named: an article of the name precedes it, so it may
    be a word that elsewhere describes things."""
    if (
        i >= words.count
        or words.tokens[i].kind is not WORD
        or not words.is_capital(i)
        or (words.roles[i] and not named)
    ):
        return False
    return words.is_number(i + 1) and not (words.names_product(i) or words.names_product(i + 2))
