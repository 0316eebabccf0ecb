"""Amounts of things that are sold by measure ("medio kilo", "3 m", "un cuarto de"), and their conversion."""

from fractions import Fraction
from typing import Final

import msgspec

from recado.quotes.catalogue.index import Index
from recado.quotes.language import role
from recado.quotes.language.lexicon import QUANTITY_ROLES, Lexicon, Unit
from recado.quotes.language.numbers import Unusable, cardinal
from recado.quotes.language.role import Roles
from recado.quotes.language.sizes import COUNT, SOLD_BY, Sizes
from recado.quotes.language.text import NUMBER, WORD, Token

_ANDS: Final = frozenset(["y", "i"])
"""Also as it sounds: "kilo i medio"."""
_THREE_OF: Final = "cuartos"
_PARTS: Final = {
    "medio": Fraction(1, 2),
    "media": Fraction(1, 2),
    "cuarto": Fraction(1, 4),
    "tercio": Fraction(1, 3),
    "octavo": Fraction(1, 8),
}
_PARTS_AND: Final = _ANDS.union(_PARTS)
_ONE_OR_MORE: Final = frozenset([role.ARTICLE, role.NUMBER])
_NO_PIECES: Final = QUANTITY_ROLES - _ONE_OR_MORE
_CENTIMETRES: Final = 100
_PARTS_OF: Final = {"m": _CENTIMETRES, "kg": 1000, "l": 1000}
"""How many of the smaller unit, which may be left out, make one of the larger unit."""
_CLOSES: Final = frozenset([role.AND, role.COURTESY, role.THANKS, role.BUT])
_OPENS: Final = frozenset([
    role.AND, role.COURTESY, role.GREETING, role.REQUEST, role.ADD, role.CORRECTION, role.OF, role.LIMIT,
])  # fmt: skip
"""Roles of words before an amount that is not of the thing before it."""
_ABOUT: Final = (("mas", "o", "menos"), ("mas",), ("aprox",), ("aproximadamente",), ("masomenos",))
"""Words between a unit and its "de", the longest first."""


class Measure(msgspec.Struct, frozen=True, gc=False):
    """A number of a unit; without a unit, a part of the unit in which a thing is sold ("un cuarto de queso")."""

    value: int | Fraction
    unit: Unit | None
    at: int  # the token of the unit
    end: int  # past the "de" after it

    @property
    def counts(self) -> bool:
        """Whether its unit may say how much is wanted, whatever is beside it."""
        return self.unit is not None and self.unit.name in SOLD_BY


def opens_amount(token: Token, roles: Roles, lexicon: Lexicon) -> bool:
    """Whether a number or a measure may start with this token; cheaper than a search for one."""
    if token.kind is not WORD:
        return token.kind is NUMBER
    return not roles.isdisjoint(QUANTITY_ROLES) or token.norm in lexicon.measures


def measure(tokens: list[Token], roles: list[Roles], i: int, lexicon: Lexicon) -> Measure | None:
    """The measure that starts at token `i`."""
    if not opens_amount(tokens[i], roles[i], lexicon):
        return None
    start = i
    if _norm(tokens, i) in ("unos", "unas") and i + 1 < len(tokens) and tokens[i + 1].kind is NUMBER:
        i += 1  # "unos 2 kilos"
    if is_followed_by_other(tokens, roles, i, lexicon):
        return None
    digits, k = _digits(tokens, i, lexicon)
    spaced = k < len(tokens) and tokens[k].spaced
    if digits is not None and _norm(tokens, k) == "k" and (not spaced or _is_of(tokens, k + 1)):
        end = k + 1 + _is_of(tokens, k + 1)
        return Measure(digits, lexicon.measures["kg"], k, end)  # "2k de papa"; sold by kg, or it is 2,000
    value, j = (digits, k) if digits is not None and k > i + 1 else cardinal(tokens, roles, i, lexicon)
    if value in (None, 1) and j < len(tokens) and role.PAIR in roles[j] and _is_of(tokens, j + 1):
        value, j = 2, j + 2  # "un par de kilos"
    part, j = _part(tokens, j, i, value)
    if part is not None:
        value = part
    elif value is None:
        value, j = 1, i
    of_unit = part is not None or (value < 1 and tokens[i].kind is NUMBER)  # "un cuarto de kilo", "1/4 de kg"
    j_unit = j + 1 if of_unit and _is_of(tokens, j) else j
    unit, end = _unit(tokens, j_unit, lexicon)
    if unit is None:
        added, j = _added(tokens, j)  # "uno y medio de franela"
        value, j_unit = value + added, j  # "2 y medio kilos de frijol"
        unit, end = _unit(tokens, j, lexicon) if added and _begins(tokens, roles, start) else (None, j)
    if unit is None:
        return Measure(value, None, j, j + 1) if value.denominator != 1 and _is_of(tokens, j) else None
    smaller, end = _smaller(tokens, roles, end, unit, lexicon)
    value += smaller
    if j_unit == start and value == 1 and not _is_of(tokens, end):
        return None  # "kilos": of nothing
    end = _past_about(tokens, end)
    while _is_of(tokens, end):
        end += 1  # "medio litro del de pescado"
    return Measure(value, unit, j_unit, end)


def _past_about(tokens: list[Token], i: int) -> int:
    """The token after "más", "más o menos", "aprox" before "de": "un kilo más de manzana"; `i` if there is none."""
    for phrase in _ABOUT:
        end = i + len(phrase)
        if tuple(token.norm for token in tokens[i:end]) == phrase:
            return end if _is_of(tokens, end) else i
    return i


def is_followed_by_other(tokens: list[Token], roles: list[Roles], i: int, lexicon: Lexicon) -> bool:
    """Whether a whole number at `i` precedes a word that is not part of a measure: "2 zapatos", "una camisa"."""
    if i + 1 >= len(tokens) or tokens[i + 1].kind is not WORD:
        return False
    if not isinstance(tokens[i].value, int):
        if not _is_in_words(tokens[i], roles[i], lexicon) or tokens[i + 1].norm in _PARTS_AND:
            return False
    elif tokens[i + 1].norm in _ANDS:
        return _norm(tokens, i + 2) not in _PARTS  # "1 y medio de lino"
    return tokens[i + 1].norm != _THREE_OF and not opens_amount(tokens[i + 1], roles[i + 1], lexicon)


def _is_in_words(token: Token, roles: Roles, lexicon: Lexicon) -> bool:
    """Whether a word is a number of pieces and no part of one: "tres", "una"."""
    if roles.isdisjoint(_ONE_OR_MORE) or not roles.isdisjoint(_NO_PIECES):
        return False
    return token.norm not in ("unos", "unas") and token.norm not in lexicon.measures


def _digits(tokens: list[Token], i: int, lexicon: Lexicon) -> tuple[int | Fraction | None, int]:
    """The number in digits at `i`, with a fraction in it, and the token after it."""
    digits, k = tokens[i].value, i + 1
    if not isinstance(digits, int):
        return digits, k
    if _norm(tokens, k + 1).isdigit():  # "1/8 de esmalte"
        written, end = Sizes(lexicon).fraction(tokens, i)
        if written is not None:
            return written, end
    half = tokens[k].value if k < len(tokens) else None
    if half is not None and not isinstance(half, int) and half < 1 and _goes_on(tokens, k + 1, lexicon):
        return digits + half, k + 1  # "1 1/2 kg", "1 1/2 de queso"
    return digits, k


def _part(tokens: list[Token], j: int, i: int, value: int | Fraction | None) -> tuple[Fraction | None, int]:
    """ "medio", "un cuarto", "tres cuartos" after the number that ends at `j`."""
    norm = _norm(tokens, j)
    if norm == "cuarto" and _norm(tokens, j + 1) == "y" and _norm(tokens, j + 2) == "mitad":
        return Fraction(3, 8), j + 3  # a quarter, and half of one
    if norm in _PARTS and (value is None or value == 1):
        return _PARTS[norm], j + 1
    if norm == _THREE_OF and value == 3:
        return Fraction(3, 4), j + 1
    return None, j


def _unit(tokens: list[Token], i: int, lexicon: Lexicon) -> tuple[Unit | None, int]:
    if i >= len(tokens) or tokens[i].kind is not WORD:
        return None, i
    unit, end = Sizes(lexicon).unit(tokens, i)
    return (unit, end) if unit is not None and unit.name in (*SOLD_BY, "cm") else (None, i)


def _added(tokens: list[Token], i: int) -> tuple[Fraction | int, int]:
    """The part that "y medio" at `i` adds, and the token after it."""
    part = _PARTS.get(_norm(tokens, i + 1)) if _norm(tokens, i) in _ANDS else None
    return (0, i) if part is None else (part, i + 2)


def _begins(tokens: list[Token], roles: list[Roles], i: int) -> bool:
    """Whether no thing precedes token `i` that a number there could count: "jabón 2 y medio kilo de sal"."""
    return i == 0 or tokens[i - 1].kind is not WORD or not roles[i - 1].isdisjoint(_OPENS)


def _smaller(
    tokens: list[Token], roles: list[Roles], i: int, unit: Unit, lexicon: Lexicon
) -> tuple[int | Fraction, int]:
    """The part that is added in a smaller unit, which may be left out: "3 metros 20", "1 kilo 250 gramos",
    "kilo y 300 de"."""
    added, past = _added(tokens, i)
    if added:
        return (0, i) if Sizes(lexicon).counts_next(tokens, past) else (added, past)
    k = i + (_norm(tokens, i) in ("y", "con"))
    if k >= len(tokens) or not (tokens[k].kind is NUMBER or role.NUMBER in roles[k]):
        return 0, i
    value, end = cardinal(tokens, roles, k, lexicon)
    if not isinstance(value, int):
        return 0, i
    other, past = _unit(tokens, end, lexicon)
    if other is not None and other.dimension == unit.dimension and other.factor < unit.factor:
        return Fraction(value) * other.factor / unit.factor, past
    parts = _PARTS_OF.get(unit.name, 0)
    other_thing = _norm(tokens, i) == "y" and parts == _CENTIMETRES  # "lino, 3 metros y 20 de tul"
    closes = end >= len(tokens) or tokens[end].kind not in (WORD, NUMBER) or not roles[end].isdisjoint(_CLOSES)
    meant = (_is_of(tokens, end) and not other_thing) or (closes and k == i)
    return (Fraction(value, parts), end) if meant and parts // 10 <= value < parts else (0, i)


def _goes_on(tokens: list[Token], i: int, lexicon: Lexicon) -> bool:
    return _norm(tokens, i) == "k" or _is_of(tokens, i) or _unit(tokens, i, lexicon)[0] is not None


def _is_of(tokens: list[Token], i: int) -> bool:
    return _norm(tokens, i) in ("de", "d", "del")


def _norm(tokens: list[Token], i: int) -> str:
    return tokens[i].norm if 0 <= i < len(tokens) and tokens[i].kind in (WORD, NUMBER) else ""


def amount_of(index: Index, number: int, value: int | Fraction, unit: Unit | None) -> int | Fraction | Unusable:
    """`value` of `unit`, converted to what the product `number` is sold by: pieces, or its own unit."""
    measures, sizes = index.lexicon.measures, index.sizes_of(number)
    sold_by = measures.get(index.products[number].unit or "")
    if unit is None and sold_by is None and value < 1 and any(size.values == (value,) for size in sizes):
        return 1  # "1/4 de esmalte": the tin that is called so
    if unit is not None:
        if (
            sold_by is None
            and value < 1
            and any(size.key() == (unit.dimension, (value * unit.factor,)) for size in sizes)
        ):
            return 1  # "medio litro de ceviche", which is sold so
        forms = (form for family in index.families_of(number) for form in family.forms[number])
        named = any(measures.get(form.head) == unit for form in forms)
        if sold_by is not None and sold_by.dimension == unit.dimension:
            value = value * unit.factor / sold_by.factor
        elif not named and not any(
            size.unit not in (None, COUNT) and size.key() == (unit.dimension, (unit.factor,)) for size in sizes
        ):
            return Unusable.UNIT
    if sold_by is None and value.denominator != 1:
        return Unusable.FRACTION
    return value
