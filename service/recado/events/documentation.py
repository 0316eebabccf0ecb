"""`python -m recado.events.documentation`: writes the types of events into docs/events.md, and a JSON Schema of each.

A type changes only by addition: tests/events/test_documentation.py compares the new schemas with the committed ones.
"""

from pathlib import Path
from typing import Any

import msgspec

from recado.events.endpoints import Shown, ShownText
from recado.events.event import EventCustomer, shown
from recado.events.examples import EXAMPLES
from recado.events.facts import TYPES, USUAL_TYPES, Fact, Instant

PAGE = Path("docs/events.md")
SCHEMAS = Path("docs/events")
BEGIN = "<!-- types: begin -->\n"
END = "<!-- types: end -->\n"


def schema(kind: type[Fact]) -> dict[str, Any]:
    """The JSON Schema of the bodies of one type."""
    type_ = str(kind.__struct_config__.tag)
    fields = [
        (field.name, field.type, field.default) if not field.required else (field.name, field.type)
        for field in msgspec.structs.fields(kind)
    ]
    whom = [("conversation", str), ("customer", EventCustomer)] if kind.of_customer else []
    data = msgspec.defstruct("Data", [*whom, *fields], kw_only=True)
    envelope = msgspec.defstruct(
        "Event", [("timestamp", Instant), ("id", str), ("sequence", int), ("data", data)], tag_field="type", tag=type_
    )
    made = msgspec.json.schema(envelope)
    name = made.pop("$ref").rpartition("/")[2]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": type_,
        "description": doc(kind),
        **{key: value for key, value in made["$defs"].pop(name).items() if key != "title"},
        **made,
    }


def doc(kind: type[Fact]) -> str:
    """The description of a type, from its docstring."""
    return " ".join((kind.__doc__ or "").split())


def section() -> str:
    """The types with their examples, as Markdown."""
    lines = ["| type | when |", "| --- | --- |"]
    for type_ in EXAMPLES:
        note = "" if type_ in USUAL_TYPES else " Only for endpoints that name the type."
        lines.append(f"| [`{type_}`](#{type_.replace('.', '')}) | {doc(TYPES[type_])}{note} |")
    for type_, event in EXAMPLES.items():
        example = msgspec.json.format(msgspec.json.encode(shown(event, Shown.FULL, ShownText.FULL)), indent=2).decode()
        lines += ["", f"### {type_}", "", f"[Schema](events/{type_}.json)", "", "```json", example, "```"]
    return "\n".join(lines) + "\n"


def with_types(page: str) -> str:
    """A page with the present types between its two markers."""
    before, _, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError("the page has no markers for the types")
    return before + BEGIN + section() + END + after


def schemas() -> dict[str, str]:
    """The content of each schema's file, by type."""
    return {
        # msgspec keeps the indentation of docstrings.
        type_: msgspec.json.format(msgspec.json.encode(schema(kind)), indent=2).decode().replace("\\n    ", " ") + "\n"
        for type_, kind in TYPES.items()
    }


if __name__ == "__main__":
    PAGE.write_text(with_types(PAGE.read_text()))
    SCHEMAS.mkdir(exist_ok=True)
    for name, content in schemas().items():
        (SCHEMAS / f"{name}.json").write_text(content)
