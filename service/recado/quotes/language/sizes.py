"""Sizes and measures as people write them: 3/8", 2x5 m, 500 mg, "litro y medio", "media pulgada"."""

from fractions import Fraction
from typing import Final

import msgspec

from recado.quotes.language import role
from recado.quotes.language.lexicon import Lexicon, Unit
from recado.quotes.language.text import NUMBER, WORD, Token

COUNT: Final = Unit("", "count", Fraction(1))
"""The unit of a pack: "x100", "caja de 50"."""
SOLD_BY: Final = frozenset(["kg", "g", "l", "ml", "m", "m2", "m3", "galon", "lb"])
"""Units that may say how much is wanted; the others ("pulgada", "w") only say which."""
_DENOMINATORS: Final = frozenset([2, 3, 4, 8, 16, 32, 64])
_ONE_OF: Final = range(2, 21)
"""Denominators of a single part: the 1/5 and 1/6 of motors in horse power."""
_NO_NOUN: Final = frozenset([role.AND, role.OR, role.BUT, role.FOR, role.CON, role.OF, role.COURTESY, role.THANKS])
_COUNTED: Final = frozenset([role.CONTAINER, role.COLLECTIVE, role.UNIT])
_COURTEOUS: Final = frozenset([role.COURTESY, role.THANKS])
_INCH: Final = frozenset(['"', "''"])
_UNSPACED: Final = frozenset(["a", "v"])
"""Units that are also other words: they only count next to the digits ("20A")."""

COUNTS: Final = 19
"""The highest number that is an amount rather than a size, beside a product that has both."""
_TIMES: Final = frozenset(["x", "por"])
_DECIMALS: Final = frozenset(".,")
_QUARTERS: Final = 4
_TEN: Final = 10
_TENS: Final = range(20, 100, 10)
_ONES: Final = range(1, 10)
_HUNDRED: Final = 100
_HUNDREDS: Final = range(100, 1000, 100)
_CENTS: Final = frozenset([25, 50, 75])
"""Words after a size that stand for its decimals."""

Number = int | Fraction
"""Whole numbers as int: they hash and compare much faster."""
SizeKey = tuple[str, tuple[Number, ...]]


def whole(value: Number) -> Number:
    """The same number, as int if it is whole."""
    return value.numerator if value.denominator == 1 else value


class Size(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """One size: its numbers as written (two or more for "2x5") and their unit, if the customer gave one."""

    values: tuple[Number, ...]
    unit: Unit | None = None

    def agrees(self, other: "Size") -> bool:
        """Whether both can be the same size: equal in one dimension, or equal numbers if a unit is left out."""
        if self.unit is None or other.unit is None or COUNT in (self.unit, other.unit):
            return self.values == other.values
        return self.key() == other.key()

    def key(self) -> SizeKey:
        """The dimension, and the numbers in its base unit: equal for "1000 ml" and "1 L"."""
        if self.unit is None:
            return "", self.values
        factor = self.unit.factor
        return self.unit.dimension, self.values if factor == 1 else tuple(whole(v * factor) for v in self.values)

    def found_by(self) -> tuple[SizeKey, ...]:
        """The keys by which this size of a product is found."""
        raw: SizeKey = ("written", self.values)
        return (raw,) if self.unit is None else (raw, self.key())


class Sizes:
    """Reads sizes from the tokens of names and of messages."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon

    def at(self, tokens: list[Token], i: int, *, single: bool = False) -> tuple[Size, int] | None:
        """The size that starts at token `i`, and the token after it. `single`: with one number only ("220 x 5" is
        220)."""
        values, end = self._values(tokens, i, single)
        if not values:
            return self._named(tokens, i)
        unit, end = self._unit(tokens, end)
        half, half_end = self.half_behind(tokens, end)
        if half and (self._ends_number(tokens, half_end) if unit is None else not self.counts_next(tokens, half_end)):
            values, end = (*values[:-1], whole(values[-1] + half)), half_end
        elif tokens[i].kind is WORD and values == (Fraction(1, 2),) and not self._closes(tokens, end):
            return None  # "media" before a noun is no size: "media caja"
        return Size(values, unit), end

    def may_start(self, token: Token) -> bool:
        """Whether a size can start with this token; cheaper than a search for one."""
        if token.kind is not WORD:
            return token.kind is NUMBER
        norm = token.norm
        return norm in self._lexicon.values or norm in self._lexicon.measures or norm in ("media", "medio", "mil")

    def unit(self, tokens: list[Token], i: int) -> tuple[Unit | None, int]:
        """The unit at token `i` and the token after it."""
        return self._unit(tokens, i)

    def _values(self, tokens: list[Token], i: int, single: bool) -> tuple[tuple[Number, ...], int]:
        value, end = self._value(tokens, i)
        if value is None:
            return (), i
        values = [value]
        spaced = end < len(tokens) and tokens[end].spaced  # all of "2x5" are joined alike; "2x5 x 3" is three of them
        while not single and self._joins(tokens, end, tokens[i].kind is NUMBER):
            more, after = self._value(tokens, end + 1)
            if more is None or {tokens[end].spaced, tokens[end + 1].spaced} != {spaced}:
                break
            if tokens[end + 1].kind is not NUMBER and tokens[end].norm not in _TIMES:
                break
            values.append(more)
            end = after
        return tuple(values), end

    @staticmethod
    def _joins(tokens: list[Token], at: int, digits: bool) -> bool:
        """Whether the token at `at` joins the numbers of one size: "2x5", "0-3", "0 a 3", "media por cuatro"."""
        norm = tokens[at].norm if at < len(tokens) else ""
        return norm in _TIMES or (digits and (norm == "a" or (norm == "-" and not tokens[at].spaced)))

    def _value(self, tokens: list[Token], i: int) -> tuple[Number | None, int]:
        if i >= len(tokens):
            return None, i
        token = tokens[i]
        if token.kind is NUMBER:
            return self._digits(tokens, i)
        return self._in_words(tokens, i) if token.kind is WORD else (None, i)

    def _in_words(self, tokens: list[Token], i: int) -> tuple[Number | None, int]:
        token = tokens[i]
        if token.norm in ("media", "medio"):
            return Fraction(1, 2), i + 1
        if token.norm == "mil":
            return 1000, i + 1
        number = self._lexicon.values.get(token.norm)
        if number is None:
            return None, i
        below = self._lexicon.parts.get(self._word(tokens, i + 1) or "", 0)
        if 0 < number < below and (below > _QUARTERS or self._closes(tokens, i + 2)):
            return Fraction(number, below), i + 2  # "tres octavos"
        if number == 1 and token.norm != "uno" and self._unit(tokens, i + 1)[0] is None:
            return None, i
        cents = self._lexicon.values.get(self._word(tokens, i + 1) or "")
        if number < _TEN and cents in _CENTS:
            return number + Fraction(cents, 100), i + 2  # "de dos cincuenta"
        return self._joined(tokens, i, number)

    def _joined(self, tokens: list[Token], i: int, number: int) -> tuple[Number, int]:
        """The number that starts with a word at `i`, and the token after it: "treinta y cinco", "ciento veintiocho
        gigas", "veinte mil"; words that count another thing are not joined."""
        whole, end = number, i + 1
        below = self._lexicon.values.get(self._word(tokens, end) or "", 0)
        if number in _HUNDREDS and 0 < below < _HUNDRED:
            whole, end, number = number + below, end + 1, below
        ones = self._lexicon.values.get(self._word(tokens, end + 1) or "", 0)
        if number in _TENS and self._word(tokens, end) == "y" and ones in _ONES:
            whole, end = whole + ones, end + 2
        if self._word(tokens, end) == "mil":
            whole, end = whole * 1000, end + 1
        unit, past = self._unit(tokens, end)
        ends = self._closes(tokens, end) or (unit is not None and self._word(tokens, past) != "de")
        return (whole, end) if ends else (self._lexicon.values[tokens[i].norm], i + 1)  # "de 20 y dos kilos de arena"

    def _digits(self, tokens: list[Token], i: int) -> tuple[Number | None, int]:
        value = tokens[i].value
        if value is None:
            return None, i
        part, end = self.fraction(tokens, i)
        if part is not None:
            return part, end
        if isinstance(value, int) and value < 100:
            part, end = self.part_behind(tokens, i + 1)
            if part is not None:
                return value + part, end
        if isinstance(value, int) and self._word(tokens, i + 1) == "mil":
            return value * 1000, i + 2
        return value, i + 1

    def part_behind(self, tokens: list[Token], i: int) -> tuple[Fraction | None, int]:
        """The fraction at `i` that belongs to the whole number before it, and the token after it: 4 1/2, 4-1/2."""
        hyphen = i + 1 < len(tokens) and tokens[i].norm == "-" and not (tokens[i].spaced or tokens[i + 1].spaced)
        part, end = self.fraction(tokens, i + hyphen)
        return (part, end) if part is not None and part < 1 else (None, i)

    def fraction(self, tokens: list[Token], i: int) -> tuple[Fraction | None, int]:
        """ "3/8" as one number; the tokeniser has joined halves, thirds and quarters."""
        if i >= len(tokens) or tokens[i].kind is not NUMBER or tokens[i].value is None:
            return None, i
        above = tokens[i].value
        if isinstance(above, Fraction) and above < 1 and _DECIMALS.isdisjoint(tokens[i].norm):
            return above, i + 1
        if i + 2 < len(tokens) and tokens[i + 1].norm == "/" and not tokens[i + 1].spaced and not tokens[i + 2].spaced:
            below = tokens[i + 2].value
            if isinstance(above, int) and isinstance(below, int) and 0 < above < below:
                told = below in _DENOMINATORS or (above == 1 and below in _ONE_OF)
                return (Fraction(above, below), i + 3) if told else (None, i)
        return None, i

    def _unit(self, tokens: list[Token], i: int) -> tuple[Unit | None, int]:
        if i >= len(tokens):
            return None, i
        token = tokens[i]
        if token.norm == "'" and i + 1 < len(tokens) and tokens[i + 1].norm == "'":
            return self._lexicon.measures["pulgada"], i + 2
        if token.norm in _INCH:
            return self._lexicon.measures["pulgada"], i + 1
        if token.norm == "%":
            return self._lexicon.measures["porciento"], i + 1
        unit = self._lexicon.measures.get(token.norm) if token.kind is WORD else None
        if unit is None or (token.norm in _UNSPACED and token.spaced):
            return None, i
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        if token.norm in ("m", "mt", "mts", "metro", "metros") and after is not None:
            power = {"2": "m2", "3": "m3", "²": "m2", "³": "m3", "cubico": "m3", "cubicos": "m3", "cuadrado": "m2",
                     "cuadrados": "m2"}.get(after.norm)  # fmt: skip
            if power is not None and (after.kind is WORD or not after.spaced):
                return self._lexicon.measures[power], i + 2
        end = i + 1
        if after is not None and after.norm == "." and not after.spaced and len(token.norm) < 4:
            end += 1  # "kg."
        return unit, end

    def _named(self, tokens: list[Token], i: int) -> tuple[Size, int] | None:
        """A unit that stands for one of itself: "de litro", "litro y medio"."""
        if tokens[i].kind is not WORD:
            return None
        unit, end = self._unit(tokens, i)
        if unit is None or (len(tokens[i].norm) < 4 and unit.name not in ("m2", "m3")):
            return None
        half, end = self.half_behind(tokens, end)
        return Size((1 + half,), unit), end

    def _closes(self, tokens: list[Token], i: int) -> bool:
        word = self._word(tokens, i)
        return word is None or word in _TIMES or bool(self._lexicon.roles(word) & _NO_NOUN)

    def half_behind(self, tokens: list[Token], i: int) -> tuple[Number, int]:
        """ "y media" at token `i`, and the token after it; 0 if it is not there."""
        if self._word(tokens, i) == "y" and (part := self._word(tokens, i + 1)) in ("media", "medio", "cuarto"):
            return Fraction(1, 4 if part == "cuarto" else 2), i + 2
        return 0, i

    def goes_on(self, tokens: list[Token], i: int) -> bool:
        """Whether a part at `i` belongs to the whole number before it: "2 1/2", "2 y media"."""
        half, end = self.half_behind(tokens, i)
        return self.part_behind(tokens, i)[0] is not None or bool(half and self._ends_number(tokens, end))

    def counts_next(self, tokens: list[Token], i: int) -> bool:
        """Whether what is at `i` is what the half before it counts: "clavos de 2 pulgadas y medio kilo de alambre"."""
        word = self._word(tokens, i)
        return word is not None and (
            word in self._lexicon.measures or not _COUNTED.isdisjoint(self._lexicon.roles(word))
        )

    def _ends_number(self, tokens: list[Token], i: int) -> bool:
        """Whether what is at `i` leaves the half before it without a thing of its own."""
        word = self._word(tokens, i)
        return word is None or word in _TIMES or bool(self._lexicon.roles(word) & _COURTEOUS)

    @staticmethod
    def _word(tokens: list[Token], i: int) -> str | None:
        return tokens[i].norm if 0 <= i < len(tokens) and tokens[i].kind is WORD else None
