"""The tables of the language: the package's own, and those of a shop's folder, which add to them."""

import tomllib
from collections.abc import Sequence
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec

from recado.errors import Expected
from recado.quotes.language.text import plain

TABLES: Final = ("words", "verbs", "numbers", "synonyms")
"""Files `NAME.toml`."""
LISTS: Final = ("goods", "names")
"""Files `NAME.txt`: words, and lines that open with "#"."""
_PHRASES: Final = frozenset(["roles", "phrases"])
"""Tables whose entries are separated by "|"; the entries of the others are single words."""
_OPEN: Final = frozenset(["articles", "words", "scales", "collectives", "halves", "pairs", "sizes", "locales"])
"""Tables to which keys may be added; elsewhere only words to the keys that there are."""


class LanguageError(Expected, ValueError):
    """A folder whose tables cannot be used. `problems` lists each problem with its file."""

    def __init__(self, folder: Path, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{folder}: " + "; ".join(problems))

    def lines(self) -> Sequence[str]:
        return self.problems


class Tables(msgspec.Struct, frozen=True):
    """The tables of the language, as the files have them."""

    words: dict[str, Any]
    verbs: dict[str, Any]
    numbers: dict[str, Any]
    synonyms: dict[str, Any]
    goods: tuple[str, ...]
    names: tuple[str, ...]


def tables(folder: Path | None = None) -> Tables:
    """The package's tables, with the additions of a folder. Raises LanguageError with all problems of its files."""
    found: dict[str, Any] = {name: tomllib.loads(_ours(f"{name}.toml")) for name in TABLES}
    found |= {name: _listed(_ours(f"{name}.txt")) for name in LISTS}
    if folder is not None:
        _add(found, folder)
    return Tables(**found)


def stamp(folder: Path | None) -> tuple[tuple[str, int, int], ...]:
    """A value that changes when a file of the folder changes."""
    if folder is None:
        return ()
    try:
        states = [(path.name, path.stat()) for path in sorted(folder.iterdir()) if path.suffix in (".toml", ".txt")]
    except OSError:
        return (("", 0, 0),)
    return tuple((name, state.st_mtime_ns, state.st_size) for name, state in states)


def _ours(name: str) -> str:
    return resources.files("recado.quotes").joinpath(f"data/{name}").read_text("utf-8")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(plain(word) for line in text.splitlines() if not line.startswith("#") for word in line.split())


def _add(found: dict[str, Any], folder: Path) -> None:
    problems: list[str] = []
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in (".toml", ".txt"))
    except OSError as error:
        raise LanguageError(folder, [f"cannot be read: {error.strerror or error}"]) from None
    for path in paths:
        try:
            text = path.read_text("utf-8")
            if path.suffix == ".txt" and path.stem in LISTS:
                found[path.stem] += _listed(text)
            elif path.suffix == ".toml" and path.stem in TABLES:
                found[path.stem] = _merged("", found[path.stem], tomllib.loads(text), path.name, problems)
            else:
                problems.append(f"{path.name}: is no table; there are {', '.join((*TABLES, *LISTS))}")
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            problems.append(f"{path.name}: cannot be read: {error}")
    if problems:
        raise LanguageError(folder, problems)


def _merged(table: str, ours: dict[str, Any], theirs: dict[str, Any], file: str, problems: list[str]) -> dict[str, Any]:
    """A table with the additions of another."""
    merged = dict(ours)
    example = next(iter(ours.values()))
    for name, value in theirs.items():
        known = ours.get(name, example if table in _OPEN else None)
        if known is None:
            where = f"[{table}]" if table else "the table"
            problems.append(f"{file}: {where} has no {name!r}; there are {', '.join(ours)}")
        elif type(value) is not type(known):
            problems.append(f"{file}: {name!r} is no {_TYPES[type(known)]}")
        elif isinstance(value, dict):
            merged[name] = _merged(name, known, value, file, problems)
        elif table in _OPEN:
            if (problem := _unreadable(table, value)) is not None:
                problems.append(f"{file}: {name!r} {problem}")
            merged[plain(name)] = value
        elif isinstance(value, list):
            merged[name] = [*known, *value]
        else:
            merged[name] = f"{known}{' | ' if table in _PHRASES else ' '}{value}"
    return merged


_TYPES: Final = {dict: "table", list: "list", str: "text", int: "whole number"}


def _unreadable(table: str, value: Any) -> str | None:
    """The problem with a value of an open table; None if there is none."""
    try:
        if table == "halves":
            Fraction(value)
        elif table == "sizes":
            dimension, factor, written = value
            Fraction(factor)
            return None if all(isinstance(text, str) for text in (dimension, written)) else "needs three texts"
    except (ValueError, TypeError, ZeroDivisionError):
        return "is no fraction" if table != "sizes" else "needs a dimension, a factor and how it is written"
    return None
