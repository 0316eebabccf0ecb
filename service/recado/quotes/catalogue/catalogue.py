"""The catalogue: a CSV file (`sku,name,aliases,unit_price,currency`), checked as a whole, reloaded when it changes."""

import csv
import io
import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from recado.errors import Expected
from recado.quotes.catalogue.budget import Steps
from recado.quotes.catalogue.index import Language
from recado.quotes.catalogue.matcher import Matcher
from recado.quotes.catalogue.product import Product
from recado.quotes.language.language import LanguageError, stamp
from recado.quotes.language.text import NUMBER, WORD, plain, tokenise

log = logging.getLogger(__name__)

COLUMNS: Final = ("sku", "name", "aliases", "unit_price", "currency")
UNIT_COLUMN: Final = "unit"
UNITS: Final = ("kg", "g", "l", "ml", "m", "m2", "m3")
"""Units of sale; a product without a unit is sold by the piece."""
DEFAULT_PATH: Final = Path(__file__).parents[1] / "data" / "catalogo.csv"
_HIGHEST_PRICE: Final = Decimal(10**12)
_LONGEST_NAME: Final = 200
_PLAINLY: Final = re.compile("[A-Za-z0-9]")


class CatalogueError(Expected, ValueError):
    """A file that is not a catalogue. `problems` lists each problem with its line: "line 3: unit_price 'x' is not a
    price"."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        self.path = path
        self.problems = tuple(problems)
        super().__init__(f"{path}: " + "; ".join(problems))

    def lines(self) -> Sequence[str]:
        return self.problems


class Catalogue:
    """Products, all in one currency. Immutable; the index for reading orders is made at first use."""

    def __init__(self, products: tuple[Product, ...], currency: str, language: Language | None = None) -> None:
        self.products = products
        self.currency = currency
        self.by_sku = {product.sku: product for product in products}
        self.places = {product.sku: number for number, product in enumerate(products)}
        self._language = language
        self._matcher: Matcher | None = None

    def heads(self, most: int) -> list[str]:
        """The first words of names, the most common first: what the shop sells, in a few words."""
        heads = Counter(product.name.split()[0].capitalize() for product in self.products)
        return [head for head, _ in heads.most_common(most)]

    @classmethod
    def from_csv(cls, path: str | Path, words: Path | None = None) -> "Catalogue":
        """Reads and checks a file, and a folder of words. Raises CatalogueError or LanguageError with all problems."""
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise CatalogueError(path, [f"cannot be read: {error.strerror or error}"]) from None
        except UnicodeDecodeError as error:
            raise CatalogueError(path, [f"is not UTF-8 (byte {error.start})"]) from None
        products, currency, problems = _read(text)
        if problems:
            raise CatalogueError(path, problems)
        catalogue = cls(products, currency, _language(words))
        catalogue.matcher(Steps())
        return catalogue

    def without(self, sku: str) -> "Catalogue":
        """The same catalogue without one product."""
        left = tuple(product for product in self.products if product.sku != sku)
        return Catalogue(left, self.currency, self._language)

    def matcher(self, steps: Steps) -> Matcher:
        """Finds this catalogue's products in one message, within the message's `steps`."""
        if self._matcher is None:
            self._matcher = Matcher(self.products, self._language)
        return self._matcher.within(steps)


def _language(words: Path | None) -> Language | None:
    if words is None:
        return None
    return Language.of(words)


class _Row(msgspec.Struct):
    line: int
    sku: str
    name: str
    aliases: tuple[str, ...]
    unit_price: Decimal
    currency: str
    unit: str | None
    plain_name: str
    plain_aliases: tuple[str, ...]


def _read(text: str) -> tuple[tuple[Product, ...], str, list[str]]:
    problems: list[str] = []
    rows = list(_rows(text, problems))
    if not rows and not problems:
        problems.append("line 2: there is no product")
    _check_unique("sku", ((row.line, plain(row.sku), row.sku) for row in rows), problems)
    _check_unique("name", ((row.line, row.plain_name, row.name) for row in rows), problems)
    owners: dict[str, _Row] = {}
    for row in rows:
        owners.setdefault(row.plain_name, row)
    for row in rows:
        for alias, said in zip(row.aliases, row.plain_aliases, strict=True):
            owner = owners.setdefault(said, row)
            if owner is not row and owner.sku != row.sku:
                problems.append(f"line {row.line}: alias {alias!r} already means {owner.name!r} (line {owner.line})")
    currency = rows[0].currency if rows else ""
    problems += [
        f"line {row.line}: currency {row.currency!r}, but line {rows[0].line} has {currency!r}"
        for row in rows
        if row.currency != currency
    ]
    products = tuple(
        Product(r.sku, r.name, r.aliases, r.unit_price, any(a.startswith("par de ") for a in r.plain_aliases), r.unit)
        for r in rows
    )
    return products, currency, sorted(problems, key=_line_of)


def _line_of(problem: str) -> int:
    number = problem.partition(":")[0].removeprefix("line ")
    return int(number) if number.isdigit() else 0


def _rows(text: str, problems: list[str]) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [column.strip().lower() for column in next(reader, [])]
        missing = [column for column in COLUMNS if column not in header]
        if missing:
            problems.append(f"line 1: column {', '.join(missing)} is missing (need {','.join(COLUMNS)})")
            return
        for written in reader:
            values = [value.strip() for value in written]
            if not any(values):
                continue
            line = reader.line_num
            if len(values) != len(header):
                problems.append(f"line {line}: {len(values)} values for {len(header)} columns")
                continue
            row = _row(line, dict(zip(header, values, strict=True)), problems)
            if row is not None:
                yield row
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: {error}")


def _row(line: int, row: dict[str, str], problems: list[str]) -> _Row | None:
    """The row of a line; None if it has problems, which are added to `problems`."""
    found = len(problems)
    problems += [f"line {line}: {column} is empty" for column in ("sku", "name") if not row[column]]
    if len(row["name"]) > _LONGEST_NAME:
        problems.append(f"line {line}: name is longer than {_LONGEST_NAME} characters")
    aliases = tuple(dict.fromkeys([alias for written in row["aliases"].split("|") if (alias := written.strip())]))
    if row["name"] and not _can_be_said(row["name"]):
        problems.append(f"line {line}: name {row['name']!r} has no letter")
    problems += [f"line {line}: alias {alias!r} has no letter" for alias in aliases if not _can_be_said(alias)]
    price = _price(row["unit_price"])
    if price is None:
        problems.append(f"line {line}: unit_price {row['unit_price']!r} is not a price above 0, such as 45.99")
    currency = row["currency"].upper()
    if not _is_currency(currency):
        problems.append(f"line {line}: currency {row['currency']!r} is unknown")
    unit = row.get(UNIT_COLUMN, "").lower() or None
    if unit is not None and unit not in UNITS:
        problems.append(f"line {line}: unit {row[UNIT_COLUMN]!r} is none of {', '.join(UNITS)}")
    if len(problems) > found or price is None:
        return None
    plain_aliases = tuple(map(plain, aliases))
    return _Row(line, row["sku"], row["name"], aliases, price, currency, unit, plain(row["name"]), plain_aliases)


def _can_be_said(text: str) -> bool:
    """Whether a name has a word or a number. Most names have a plain letter, so that no tokens have to be made."""
    return bool(_PLAINLY.search(text)) or any(token.kind in (WORD, NUMBER) for token in tokenise(text))


def _check_unique(column: str, values: Iterator[tuple[int, str, str]], problems: list[str]) -> None:
    first: dict[str, int] = {}
    for line, value, shown in values:
        before = first.setdefault(value, line)
        if before != line:
            problems.append(f"line {line}: {column} {shown!r} is already in line {before}")


def _price(text: str) -> Decimal | None:
    try:
        price = Decimal(text)
    except InvalidOperation:
        return None
    return price if price.is_finite() and 0 < price < _HIGHEST_PRICE else None


@cache
def _is_currency(code: str) -> bool:
    from babel.numbers import is_currency

    return is_currency(code)


class ReloadOutcome(Enum):
    """The result of a check of the file."""

    UNCHANGED = "unchanged"
    LOADED = "loaded"
    REFUSED = "refused"


class CatalogueFile:
    """A catalogue that follows its file, and a folder of words that are added to the reader's.

    The first load raises CatalogueError; if a later file is invalid, the last valid catalogue stays in use.
    """

    def __init__(self, path: str | Path, words: Path | None = None) -> None:
        self.path = Path(path)
        self._words = words
        self._seen = self._stamp()
        self._current = Catalogue.from_csv(self.path, words)

    def current(self) -> Catalogue:
        """The last valid catalogue."""
        return self._current

    def reload_if_changed(self) -> ReloadOutcome:
        """Checks the file with one stat, and reads it only if it changed (also when a ConfigMap is swapped). Never
        raises."""
        stamp = self._stamp()
        if stamp == self._seen:
            return ReloadOutcome.UNCHANGED
        self._seen = stamp
        try:
            self._current = Catalogue.from_csv(self.path, self._words)
        except (CatalogueError, LanguageError) as error:
            log.warning(
                "the new catalogue is invalid; the previous one stays in use: %s", "; ".join(error.problems[:20]),
                extra={"action": "catalogue.refused", "problems": len(error.problems)},
            )  # fmt: skip
            return ReloadOutcome.REFUSED
        log.info(
            "catalogue reloaded: %d products", len(self._current.products),
            extra={"action": "catalogue.reloaded", "products": len(self._current.products)},
        )  # fmt: skip
        return ReloadOutcome.LOADED

    def _stamp(self) -> tuple[object, ...]:
        """A value that changes with the file, with the target of a symlink in its path, and with the folder of
        words."""
        try:
            status = self.path.stat()
        except OSError:
            return ()
        return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size, stamp(self._words)
