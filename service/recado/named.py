"""Reads files that list named things with secrets: JSON lists of objects. It reports all problems at once."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from recado.settings import SettingsError

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
Item = Mapping[str, Any]
#: The check of a field's value, by the field's name; it raises ValueError.
Checks = Mapping[str, Callable[[Any], None]]


class HasName(Protocol):
    """Something with a name."""

    @property
    def name(self) -> str: ...


Thing = TypeVar("Thing", bound=HasName)


def load_named(
    path: Path, variable: str, noun: str, problems_of: Callable[[Item], Iterator[str]], make: Callable[[Item], Thing]
) -> dict[str, Thing]:
    """The things of a file by name. Raises SettingsError, which names every problem and no secret."""
    try:
        items = msgspec.json.decode(path.read_bytes(), type=list[dict[str, Any]])
    except OSError as error:
        raise SettingsError([f"{variable} {path}: cannot be read: {error.strerror}"]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError([f"{variable} {path}: must be a JSON list of objects: {error}"]) from error
    problems: list[str] = []
    things: dict[str, Thing] = {}
    for place, item in enumerate(items, 1):
        found = list(problems_of(item))
        if not found:
            thing = make(item)
            if thing.name in things:
                found.append(f"name: another {noun} has it too")
            things[thing.name] = thing
        problems += [f"{variable} {path}: {noun} {place}{_named(item)}: {problem}" for problem in found]
    if problems:
        raise SettingsError(problems)
    return things


def field_problems(item: Item, kind: type[msgspec.Struct], checks: Checks) -> Iterator[str]:
    """The problems with the fields of an object that should be a `kind`."""
    fields = msgspec.structs.fields(kind)
    names = [field.name for field in fields]
    if tag := kind.__struct_config__.tag_field:
        names.insert(0, tag)
    yield from (f"{name!r} is not a field; there are {', '.join(names)}" for name in sorted(item.keys() - set(names)))
    for field in fields:
        if field.name not in item:
            if field.required:
                yield f"{field.name} is missing"
            continue
        try:
            value = msgspec.convert(item[field.name], field.type)
            if check := checks.get(field.name):
                check(value)
        except ValueError as error:  # msgspec's own is one
            yield f"{field.name}: {error}"


def check_name(name: str) -> None:
    """Raises ValueError if a name is not usable in metrics and commands."""
    if not _NAME.fullmatch(name):
        raise ValueError("must be 1 to 32 lower case letters, digits and hyphens, such as crm")


def _named(item: Item) -> str:
    name = item.get("name")
    return f" ({name})" if isinstance(name, str) and _NAME.fullmatch(name) else ""
