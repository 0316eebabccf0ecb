"""Names taken apart when they are loaded: head, words, sizes; and the families of names with the same head."""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from recado.quotes.catalogue.codes import join_models
from recado.quotes.language import role
from recado.quotes.language.lexicon import Lexicon
from recado.quotes.language.role import Role, Roles
from recado.quotes.language.sizes import COUNT, Number, Size, SizeKey, Sizes
from recado.quotes.language.text import NUMBER, WORD, Token, tokenise

_DIGIT: Final = re.compile(r"\d")
_MODEL: Final = re.compile(r"[a-z]+(\d+)")
_ABBREVIATION: Final = 4
"""Letters of "unid" and shorter ones."""
_LETTERS: Final = frozenset("acd")
"""Letters that are words elsewhere, but distinguish products at the end of a name."""
DOTS: Final = frozenset([".", "°", "º"])
SIZE_MARKS: Final = frozenset(["no", "nro", "num", "numero", "calibre", "n"])
_PACK_MARKS: Final = frozenset(["x", "por"])
_ONE: Final = frozenset(["uno", "una", "otro", "otra"])
_MARKS: Final = SIZE_MARKS | _PACK_MARKS | {"#"}
_HALVES: Final = frozenset(["media", "medio", "mil"])
_OF_SIZES: Final = frozenset([role.SIZE, role.CONTAINER, role.PIECE])


class Parts(msgspec.Struct, frozen=True, gc=False):
    """A name as it is compared: its words in order (the head first), and its sizes."""

    words: tuple[str, ...]
    sizes: tuple[Size, ...]
    numbered: tuple[tuple[str, int], ...] = ()  # words before a size without a unit, and its digits: "etapa 3"
    counted: tuple[str, ...] = ()  # words behind one: "5 cajones"
    held_in: tuple[str, ...] = ()  # words behind a measure that need not be said: "500 mg cápsulas"


class Form(msgspec.Struct, frozen=True, gc=False):
    """One way to name a product: what must follow the head."""

    product: int
    head: str  # as the name has it, before synonyms
    words: tuple[str, ...]  # canonical, without the head
    sizes: tuple[Size, ...]


class Family:
    """The names with the same head. The cost of a look-up depends on what is found, not on the size of the family."""

    __slots__ = (
        "counted",
        "dimensions",
        "exact",
        "forms",
        "heads",
        "models",
        "numbered",
        "plain_numbers",
        "products",
        "sized",
        "tables",
        "units",
        "words",
    )

    def __init__(self) -> None:
        self.products: dict[int, None] = {}
        self.forms: dict[int, list[Form]] = {}
        self.words: dict[str, set[int]] = {}
        self.sized: dict[SizeKey, set[int]] = {}
        self.exact: dict[frozenset[str], list[Form]] = {}
        self.plain_numbers: dict[tuple[Number, ...], set[int]] = {}  # products by their sizes without a unit
        self.numbered: set[tuple[str, int]] = set()  # words before sizes without a unit, and the digits of those
        self.counted: set[str] = set()  # words behind sizes without a unit
        self.dimensions: set[str] = set()
        self.units: set[str] = set()
        self.tables: dict[Role, set[str]] = {}
        self.heads: set[str] = set()
        self.models: dict[str, list[str]] = {}  # words like "ct100" by their digits

    def add(self, form: Form) -> None:
        """Adds a form of a product that has been added."""
        number = form.product
        self.heads.add(form.head)
        self.forms[number].append(form)
        self.exact.setdefault(frozenset(form.words), []).append(form)
        for word in form.words:
            owners = self.words.get(word)
            if owners is None:
                self.words[word] = {number}
                if not word.isalpha() and (model := _MODEL.fullmatch(word)):
                    self.models.setdefault(model[1], []).append(word)
            else:
                owners.add(number)

    def add_product(self, number: int, sizes: Iterable[Size], unit: str | None) -> None:
        """Adds a product. `sizes`: all that it has in any name."""
        self.products[number] = None
        self.forms[number] = []
        for size in sizes:
            self.dimensions.add(size.key()[0])
            if size.unit is None:
                self.plain_numbers.setdefault(size.values, set()).add(number)
            for size_key in size.found_by():
                self.sized.setdefault(size_key, set()).add(number)
        if unit is not None:
            self.units.add(unit)

    def numbers(self, word: str, size: Size) -> bool:
        """Whether names have a number with as many digits after the word: "fps 70" if there is "fps 50"."""
        return (word, len(str(size.values[0]))) in self.numbered

    def means(self, said: Size, size: Size, product: int) -> bool:
        """Whether a given size can be `size`. A size without a unit is not "50 ml" if other products have a plain
        50."""
        if said.unit is None and size.unit is not None and self.plain_numbers.get(said.values, {product}) != {product}:
            return False
        return size.agrees(said)

    def has_spans(self) -> bool:
        """Whether ranges of sizes distinguish its products: "0-3 meses"."""
        return any(len(values) > 1 for _, values in self.sized)

    def has_as_many(self, size: Size) -> bool:
        """Whether a size of a product has as many numbers as this one."""
        return any(len(values) == len(size.values) for _, values in self.sized)

    def counts_in(self, size: Size) -> bool:
        """Whether a unit after a name may count pieces: of one such unit ("leche 3 lts"), or of a name without a
        size."""
        assert size.unit is not None
        if size.unit.dimension not in self.dimensions:
            return True
        return bool(self.with_size(Size((1,), size.unit))) and not self.with_size(size)

    def has_twice(self, number: int, size: Size) -> bool:
        """Whether a name has two sizes of these numbers: "10 mg x 10"."""
        return any(sum(s.values == size.values for s in form.sizes) > 1 for form in self.forms[number])

    def with_size(self, size: Size) -> set[int]:
        """The products with a size that agrees with `size`."""
        written = self.sized.get(("written", size.values), set())
        if size.unit is None or size.unit == COUNT:
            return written
        same = self.sized.get(size.key(), set())
        unitless = {
            n
            for n in written
            if any(s.unit in (None, COUNT) and s.values == size.values for form in self.forms[n] for s in form.sizes)
        }
        return same | unitless


def name_tokens(text: str, lexicon: Lexicon) -> list[Token]:
    """The tokens of a name."""
    tokens = tokenise(text)
    if _DIGIT.search(text):
        join_models(tokens, lexicon)
    return tokens


def take_apart(
    tokens: list[Token], lexicon: Lexicon, sizes: Sizes, skipped: frozenset[str], sold_by: str | None
) -> Parts:
    """The parts of a name. A word that only names the unit in which it is sold ("Arena fina m3") is left out."""
    words: list[str] = []
    found: list[Size] = []
    numbered: list[tuple[str, int]] = []
    counted: list[str]
    held_in: list[str]
    counted, held_in, i = [], [], 0
    while i < len(tokens):
        token = tokens[i]
        if token.kind is WORD and _is_mere(token.norm, lexicon):  # most words of names
            words.append(token.norm)
            i += 1
            continue
        opens = i == 0 and _counts_the_thing(tokens, lexicon)
        if (words or opens) and (token.norm in _MARKS or sizes.may_start(token)):
            known = len(found)
            end = _size_end(tokens, i, sizes, found, sold_by)
            if len(found) > known and words and found[-1].unit is None and words[-1] == _norm_before(tokens, i):
                numbered.append((words[-1], len(str(found[-1].values[0]))))
            if end > i:
                if len(found) > known and found[-1].unit is None and _is_counted(tokens, end, lexicon):
                    counted.append(tokens[end].norm)
                i = end
                continue
        if words and i + 1 < len(tokens) and announces_size(token, tokens[i + 1], lexicon):
            i += 1
            continue
        if found and token.kind is WORD and lexicon.roles(token.norm) & {role.CONTAINER, role.PIECE}:
            held_in += [token.norm] if found[-1].unit not in (None, COUNT) else []  # not "x 20 tabletas"
            i += 1
            continue
        if words and i + 1 == len(tokens) and _says_how_sold(token, lexicon, sold_by) and words[-1] != "en":
            break  # but "Candado en U", of that form
        if token.kind in (WORD, NUMBER):
            value = lexicon.values.get(token.norm)
            words.append(token.norm if value is None else str(value))
        i += 1
    if not skipped.isdisjoint(words):
        closes = words[-1] == tokens[-1].norm or words[-1] in _LETTERS  # "USB-C 1 m", "Vitamina D 1000"
        last = len(words) if closes else 0
        words = [word for n, word in enumerate(words, 1) if word not in skipped or 1 < n == last] or words
    return Parts(tuple(words), tuple(dict.fromkeys(found)), tuple(numbered), tuple(counted), tuple(held_in))


def _is_mere(norm: str, lexicon: Lexicon) -> bool:
    """Whether a word of a name is no part of a size, of a pack or of how it is sold."""
    if norm in _MARKS or norm in _HALVES or norm in lexicon.values or norm in lexicon.measures:
        return False
    return lexicon.roles(norm).isdisjoint(_OF_SIZES)


def _norm_before(tokens: list[Token], i: int) -> str:
    """The word before a number and its mark: "vela número 5"."""
    return tokens[i - 1 - (tokens[i - 1].norm in SIZE_MARKS)].norm


def _counts_the_thing(tokens: list[Token], lexicon: Lexicon) -> bool:
    """Whether a name begins with an amount of the thing: "100 gramos de jamón"."""
    counts = tokens[0].kind is NUMBER or tokens[0].norm in ("medio", "media")
    return counts and len(tokens) > 3 and role.OF in lexicon.roles(tokens[2].norm)


def _is_counted(tokens: list[Token], i: int, lexicon: Lexicon) -> bool:
    """Whether the number before the word at `i` counts it: "5 cajones", not "035 azul"."""
    return i < len(tokens) and tokens[i].norm.isalpha() and role.MODIFIER not in lexicon.roles(tokens[i].norm)


def _says_how_sold(token: Token, lexicon: Lexicon, sold_by: str | None) -> bool:
    """Whether the last word of a name only names the unit: "Chile serrano kg", "Coliflor ud"."""
    unit = lexicon.measures.get(token.norm)
    piece = len(token.norm) <= _ABBREVIATION and role.PIECE in lexicon.roles(token.norm)
    return piece or (unit is not None and unit.name == sold_by)


def announces_size(token: Token, behind: Token, lexicon: Lexicon) -> bool:
    """Whether a word only says that a size follows: "talle 40", "talla M"."""
    if token.kind is not WORD or len(token.norm) == 1 or role.SIZE not in lexicon.roles(token.norm):
        return False
    return behind.kind is NUMBER or role.SIZEMARK in lexicon.roles(behind.norm)


def opens_part(tokens: list[Token], roles: list[Roles], i: int) -> bool:
    """Whether a part of what was counted is told at `i`: "dos helados uno de chocolate"."""
    return tokens[i].norm in _ONE and i + 1 < len(tokens) and role.OF in roles[i + 1]


def size_mark_end(tokens: list[Token], i: int) -> int:
    """The number that a mark at `i` announces ("No. 220", "calibre 12"); `i` if it announces none."""
    j = i + 1
    while j < len(tokens) and tokens[j].norm in DOTS:
        j += 1
    dotted = j > i + 1 or tokens[i].norm not in ("no", "n")  # "no 3" is a refusal
    return j if dotted and j < len(tokens) and tokens[j].kind is NUMBER else i


def _is_by(tokens: list[Token], i: int) -> bool:
    """ "café por kilo", which is not what "2 cafés" are."""
    return i > 1 and tokens[i - 1].norm == "por"


def _size_end(tokens: list[Token], i: int, sizes: Sizes, found: list[Size], sold_by: str | None) -> int:
    """The token after a size or a pack at `i`, which is added to `found`; `i` if there is none."""
    token = tokens[i]
    if token.norm in SIZE_MARKS:
        return size_mark_end(tokens, i)
    if token.norm == "#":
        return i + 1
    if token.norm in _PACK_MARKS and i + 1 < len(tokens) and tokens[i + 1].kind is NUMBER:
        size = sizes.at(tokens, i + 1)
        if size is None:
            return i
        found.append(size[0] if size[0].unit is not None else Size(size[0].values, COUNT))
        return size[1]
    size = sizes.at(tokens, i)
    if size is None:
        return i
    unit = size[0].unit
    only_unit = token.kind is WORD and unit is not None and unit.name == sold_by and size[0].values == (1,)
    if only_unit and token.norm not in ("media", "medio") and not _is_by(tokens, i):
        return size[1]
    found.append(size[0])
    return size[1]
