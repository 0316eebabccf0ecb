"""The constructions by which a customer steers an order or speaks of it: data/constructions.toml, read once."""

import re
from collections.abc import Sequence
from enum import Enum, auto
from functools import cache, cached_property
from importlib import resources

import msgspec

from recado.quotes.text import NEWLINE, Token


class Does(Enum):
    """What a construction does to the things that follow it, or says of the order as a whole."""

    ORDER = auto()
    """Nothing: the things are asked for."""
    ADD = auto()
    SET = auto()
    """The things, or a bare number, mend what was said."""
    REMOVE = auto()
    KEEP = auto()
    """All other things go."""
    CHANGE = auto()
    """The first thing goes, the next one comes."""

    RAISE = auto()
    """A bare number is added; one behind "a" is set."""
    LOWER = auto()
    """A bare number is taken off; one behind "a" is set."""
    FEWER = auto()
    """There are to be fewer of the things; a number is how many."""
    DOUBLE = auto()
    REPEAT = auto()
    ANOTHER = auto()
    """One more of what was spoken of, or the last order again."""
    TOTAL = auto()
    START_OVER = auto()
    PERSON = auto()
    REST = auto()
    """Yes to all that is not changed."""
    DROP = auto()
    """None of what was offered."""
    TAKE = auto()
    """What was spoken of is ordered."""
    PUT = auto()
    """What was asked about is ordered; that is no yes."""
    SWAP = auto()
    """What was asked about takes the place of what was spoken of."""
    CANCEL = auto()
    """The whole order is called off."""
    CLOSE = auto()
    """The list is complete; that is no yes."""
    REASON = auto()
    """Why something goes; nothing by itself."""
    EVERYTHING = auto()
    BOTH = auto()
    THREE = auto()
    FOUR = auto()
    """All options of a question, one of each."""


class Construction(msgspec.Struct, frozen=True):
    """One row. `words` fits from a word's first letter. `examples` hold it, `counterexamples` only resemble it."""

    does: Does
    words: re.Pattern[str]
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...]


class Row(msgspec.Struct):
    """A construction as the file has it. `words` has one alternative a line; an indented line goes on with the one
    before."""

    does: str
    words: str
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...] = ()

    def alternatives(self) -> list[str]:
        return _alternatives(self.words)


class Rows(msgspec.Struct):
    """The file: parts of patterns that have a name, and the constructions."""

    parts: dict[str, str]
    rows: list[Row]


def rows() -> Rows:
    """The file of the package."""
    data = resources.files("recado.quotes").joinpath("data/constructions.toml").read_bytes()
    return msgspec.toml.decode(data, type=Rows)


@cache
def table() -> "Table":
    """All constructions."""
    return Table(compiled(rows()))


def compiled(file: Rows) -> tuple[Construction, ...]:
    """The constructions of a file."""
    parts = {name: f"(?:{'|'.join(_alternatives(words))})" for name, words in file.parts.items()}
    return tuple(
        Construction(Does[row.does.upper()], _pattern(row.alternatives(), parts), row.examples, row.counterexamples)
        for row in file.rows
    )


def _pattern(alternatives: Sequence[str], parts: dict[str, str]) -> re.Pattern[str]:
    pattern = "|".join(alternatives)
    for name, part in parts.items():
        pattern = pattern.replace(f"{{{name}}}", part)
    return re.compile(rf"(?:{pattern})(?!\S)")


def _alternatives(words: str) -> list[str]:
    return words.strip().replace("\n  ", "").split("\n")


class Found(msgspec.Struct, frozen=True):
    """A construction in a message, from token `start` to the one before `end`."""

    does: Does
    start: int
    end: int


class Table:
    """Constructions, and what they find in a message."""

    def __init__(self, rows: Sequence[Construction]) -> None:
        self.rows = tuple(rows)

    @cached_property
    def _opens(self) -> re.Pattern[str]:
        """Fits where any row does: most messages have no such place, and one pattern is faster than one a row."""
        return re.compile(rf"(?<!\S)(?={'|'.join(row.words.pattern for row in self.rows)})")

    def find(self, written: str, tokens: Sequence[Token]) -> dict[int, Found]:
        """The constructions in a message by the token that they start at; of two at a place the longer."""
        norms = [_plain(written, token) for token in tokens]
        text = " ".join(norms)
        found: dict[int, Found] = {}
        past = [0] * len(self.rows)  # a row does not overlap itself
        for place in self._opens.finditer(text):
            at = place.start()
            start = text.count(" ", 0, at)
            for number, row in enumerate(self.rows):
                match = row.words.match(text, at) if at >= past[number] else None
                if match is None:
                    continue
                past[number] = match.end()
                end = start + len(match[0].split())
                if start not in found or found[start].end < end:
                    found[start] = Found(row.does, start, end)
        return found


def _plain(written: str, token: Token) -> str:
    """A token as the patterns have it: without spaces, a new line as a full stop, a star as a star."""
    if token.kind == NEWLINE:
        return "."
    return "*" if written[token.start] == "*" else token.norm.replace(" ", "_") or "_"
