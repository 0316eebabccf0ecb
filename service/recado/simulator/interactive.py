"""Checks an interactive message as Meta does: its shape and every length, counted in code points."""

from typing import Any

import msgspec


class GraphRefusal(msgspec.Struct, frozen=True):
    """Why Graph refuses a message: Meta's code, its name, and the details."""

    code: int
    message: str
    details: str


class Body(msgspec.Struct, frozen=True):
    text: str = ""


class Tappable(msgspec.Struct, frozen=True):
    """What a tap returns."""

    id: str = ""
    title: str = ""
    description: str = ""


class Button(msgspec.Struct, frozen=True):
    type: str = ""
    reply: Tappable = Tappable()


class Section(msgspec.Struct, frozen=True):
    title: str = ""
    rows: tuple[Tappable, ...] = ()


class Action(msgspec.Struct, frozen=True):
    """`button` is the label that opens a list."""

    buttons: tuple[Button, ...] = ()
    button: str = ""
    sections: tuple[Section, ...] = ()


class Interactive(msgspec.Struct, frozen=True):
    """An interactive message as it is posted. Headers and footers are not simulated."""

    type: str = ""
    body: Body = Body()
    action: Action = Action()
    header: Any = None
    footer: Any = None

    @property
    def choices(self) -> tuple[Tappable, ...]:
        """All choices."""
        if self.type == "button":
            return tuple(button.reply for button in self.action.buttons)
        return tuple(row for section in self.action.sections for row in section.rows)


def refusal_of(interactive: Interactive | None) -> GraphRefusal | None:
    """The error that Meta would return; None if it accepts the message."""
    if interactive is None:
        return _missing("interactive")
    if interactive.header is not None or interactive.footer is not None:
        return _invalid("Headers and footers are not simulated.")
    if interactive.type not in ("button", "list"):
        return GraphRefusal(
            100, "Invalid parameter", f"interactive['type'] must be BUTTON or LIST, not {interactive.type!r}."
        )
    if not interactive.body.text.strip():
        return _missing("interactive.body.text")
    problems = _of_buttons(interactive) if interactive.type == "button" else _of_list(interactive)
    problems += _of_ids(interactive.choices)
    return problems[0] if problems else None


def _of_buttons(interactive: Interactive) -> list[GraphRefusal]:
    buttons = interactive.action.buttons
    problems = _length("Body text", interactive.body.text, 1024)
    if not 1 <= len(buttons) <= 3:
        problems.append(_invalid("Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3"))
    for button in buttons:
        if button.type != "reply":
            problems.append(GraphRefusal(100, "Invalid parameter", "The type of a button must be REPLY."))
        problems += _length("Button title", button.reply.title, 20) + _length("Button reply id", button.reply.id, 256)
    if len({button.reply.title for button in buttons}) < len(buttons):
        problems.append(_invalid("Button titles must be unique."))
    return problems


def _of_list(interactive: Interactive) -> list[GraphRefusal]:
    action = interactive.action
    problems = _length("Body text", interactive.body.text, 4096) + _length("Button label", action.button, 20)
    if not 1 <= len(action.sections) <= 10:
        problems.append(_invalid("Invalid sections count. Min allowed sections: 1, Max allowed sections: 10"))
    if len(interactive.choices) > 10:
        problems.append(_invalid("Total row count exceed max allowed count: 10"))
    for section in action.sections:
        if section.title or len(action.sections) > 1:
            problems += _length("Section title", section.title, 24)
        if not section.rows:
            problems.append(_missing("action.sections.rows"))
        for row in section.rows:
            problems += _length("Row title", row.title, 24) + _length("Row id", row.id, 200)
            problems += _length("Row description", row.description, 72) if row.description else []
    return problems


def _of_ids(choices: tuple[Tappable, ...]) -> list[GraphRefusal]:
    ids = [choice.id for choice in choices]
    if len(set(ids)) < len(ids):
        return [_invalid("Duplicated ids.")]
    return [_invalid("An id begins or ends with a space.") for id_ in ids if id_ != id_.strip()]


def _length(name: str, text: str, limit: int) -> list[GraphRefusal]:
    if text.strip() and len(text) <= limit:
        return []
    return [_invalid(f"{name} length invalid. Min length: 1, Max length: {limit}")]


def _invalid(details: str) -> GraphRefusal:
    return GraphRefusal(131009, "Parameter value is not valid", details)


def _missing(name: str) -> GraphRefusal:
    return GraphRefusal(131008, "Required parameter is missing", f"{name} is required.")
