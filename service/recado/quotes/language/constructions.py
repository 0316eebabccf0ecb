"""The constructions with which a customer steers an order or speaks about it: data/constructions.toml, read once."""

import re
import re._constants as _constants  # type: ignore[import-not-found]  # re shows a pattern's parts nowhere else
import re._parser as _parser  # type: ignore[import-not-found]
from collections.abc import Iterable, Sequence
from enum import IntEnum, auto
from functools import cache
from importlib import resources
from typing import Any, Final

import msgspec

from recado.quotes.language.text import NEWLINE, WORD, Token

_LETTERS: Final = 6
"""First letters of a word, which say which constructions it can open: most words open none."""
_ANY: Final = "…"
"""Any letters, as they go on after those."""
_REMEMBERED: Final = 4096
"""Words of customers whose constructions are remembered."""


class Does(IntEnum):
    """What a construction does to the things after it, or says about the order as a whole.

    An integer, because its hash is fast.
    """

    ORDER = auto()
    """Nothing: the things are asked for."""
    ADD = auto()
    SET = auto()
    """The things, or a bare number, correct what was said."""
    REMOVE = auto()
    KEEP = auto()
    """All other things are removed."""
    CHANGE = auto()
    """The next thing replaces the first."""

    RAISE = auto()
    """A bare number is added; a number after "a" is set."""
    LOWER = auto()
    """A bare number is subtracted; a number after "a" is set."""
    FEWER = auto()
    """The customer wants fewer of the things; a number says how many."""
    DOUBLE = auto()
    REPEAT = auto()
    ANOTHER = auto()
    """One more of the last mentioned thing, or the last order again."""
    TOTAL = auto()
    START_OVER = auto()
    PERSON = auto()
    REST = auto()
    """Yes to all that is not changed."""
    DROP = auto()
    """None of what was offered."""
    TAKE = auto()
    """The last mentioned thing is ordered."""
    PUT = auto()
    """The thing that was asked about is ordered; this is not a yes."""
    SWAP = auto()
    """The thing that was asked about replaces the last mentioned thing."""
    CANCEL = auto()
    """The whole order is called off."""
    CLOSE = auto()
    """The list is complete; this is not a yes."""
    REASON = auto()
    """Why something is removed; does nothing by itself."""
    EVERYTHING = auto()
    BOTH = auto()
    THREE = auto()
    FOUR = auto()
    """All options of a question, one of each."""


class Construction(msgspec.Struct, frozen=True):
    """One row. `words` matches from a word's first letter; `opens`: the first letters of words at which it may
    match. `examples` contain it, `counterexamples` only resemble it."""

    does: Does
    words: re.Pattern[str]
    opens: frozenset[str]
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...]


class Row(msgspec.Struct):
    """A construction as the file has it. `words` has one alternative per line; an indented line continues the one
    before."""

    does: str
    words: str
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...] = ()

    def alternatives(self) -> list[str]:
        return _alternatives(self.words)


class Rows(msgspec.Struct):
    """The file: named parts of patterns, and the constructions."""

    parts: dict[str, str]
    rows: list[Row]


def rows() -> Rows:
    """The package's own file."""
    data = resources.files("recado.quotes").joinpath("data/constructions.toml").read_bytes()
    return msgspec.toml.decode(data, type=Rows)


@cache
def table() -> "Table":
    """All constructions."""
    return Table(compiled(rows()))


def compiled(file: Rows) -> tuple[Construction, ...]:
    """The constructions of a file."""
    parts = {name: f"(?:{'|'.join(_alternatives(words))})" for name, words in file.parts.items()}
    return tuple(_construction(row, _pattern(row.alternatives(), parts)) for row in file.rows)


def _construction(row: Row, pattern: str) -> Construction:
    opens = frozenset(_begun({""}, _parser.parse(pattern)))
    return Construction(Does[row.does.upper()], re.compile(pattern), opens, row.examples, row.counterexamples)


def _pattern(alternatives: Sequence[str], parts: dict[str, str]) -> str:
    pattern = "|".join(alternatives)
    for name, part in parts.items():
        pattern = pattern.replace(f"{{{name}}}", part)
    return rf"(?:{pattern})(?!\S)"


def _begun(opens: set[str], items: Iterable[tuple[Any, Any]]) -> set[str]:
    """The possible first letters of a pattern that begins with one of `opens` and continues with these items."""
    for kind, item in items:
        match kind:
            case _constants.LITERAL:
                opens = {_with(letters, chr(item)) for letters in opens}
            case _constants.IN if all(one is _constants.LITERAL for one, _ in item):
                opens = {_with(letters, chr(letter)) for letters in opens for _, letter in item}
            case _constants.BRANCH:
                opens = {letters for branch in item[1] for letters in _begun(opens, branch)}
            case _constants.SUBPATTERN:
                opens = _begun(opens, item[-1])
            case _constants.MAX_REPEAT | _constants.MIN_REPEAT:
                fewest, _, body = item
                opens = _begun(opens, body) | (set() if fewest else opens)
            case _constants.ASSERT | _constants.ASSERT_NOT | _constants.AT:
                pass  # no letter
            case _ if "" in opens:
                raise ValueError(f"a construction begins with letters as they are, not with {kind}")
            case _:
                opens = {_with(letters, _ANY) for letters in opens}
    return opens


def _with(letters: str, letter: str) -> str:
    return letters + letter if _goes_on(letters) else letters


def _goes_on(letters: str) -> bool:
    """Whether the next letter still distinguishes words."""
    return len(letters) < _LETTERS and not letters.endswith((" ", _ANY))


def _alternatives(words: str) -> list[str]:
    return words.strip().replace("\n  ", "").split("\n")


class Found(msgspec.Struct, frozen=True):
    """A construction in a message, from token `start` up to `end` (exclusive)."""

    does: Does
    start: int
    end: int


class Table:
    """Constructions, and a search for them in a message."""

    def __init__(self, rows: Sequence[Construction]) -> None:
        self.rows = tuple(rows)
        self._opened: dict[str, tuple[int, ...]] = {}

    def _opened_by(self, word: str) -> tuple[int, ...]:
        """The rows that may match from a word."""
        if len(self._opened) > _REMEMBERED:
            self._opened = {}  # not emptied, as another thread may read it
        letters = f"{word} "
        found = [n for n, row in enumerate(self.rows) if any(letters.startswith(o.rstrip(_ANY)) for o in row.opens)]
        return self._opened.setdefault(word, tuple(found))

    def find(self, written: str, tokens: Sequence[Token]) -> dict[int, Found]:
        """The constructions in a message by their first token; of two at one place, the longer one."""
        norms = [
            token.norm if token.kind is WORD and token.norm.isalpha() and token.norm != "x" else _plain(written, token)
            for token in tokens
        ]
        opened = self._opened
        opens = [opened[norm] if norm in opened else self._opened_by(norm) for norm in norms]
        found: dict[int, Found] = {}
        past: dict[int, int] = {}  # a row does not overlap itself
        text = " ".join(norms)
        at = 0
        for start, norm in enumerate(norms):
            for number in opens[start]:
                row = self.rows[number]
                match = row.words.match(text, at) if at >= past.get(number, 0) else None
                if match is None:
                    continue
                past[number] = match.end()
                end = start + len(match[0].split())
                if start not in found or found[start].end < end:
                    found[start] = Found(row.does, start, end)
            at += len(norm) + 1
        return found


def _plain(written: str, token: Token) -> str:
    """A token as patterns have it: without spaces, a new line as a full stop, a star as a star."""
    if token.kind is NEWLINE:
        return "."
    return "*" if written[token.start] == "*" else token.norm.replace(" ", "_") or "_"
