"""The content of a reply: typed, stored as JSON in the queue, rendered as Meta's JSON when it is sent.

A new kind of content is a tagged struct, a member of the union `Content`, and a case of `rendered`. Each is checked
against Meta's limits when it is built, because Meta refuses the whole message if a title is too long. Meta counts code
points.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

import msgspec

MOST_TEXT: Final = 4096
MOST_BUTTONS: Final = 3
MOST_BUTTONS_BODY: Final = 1024
MOST_BUTTON_TITLE: Final = 20
MOST_BUTTON_ID: Final = 256
MOST_ROWS: Final = 10
MOST_ROW_TITLE: Final = 24
MOST_ROW_DESCRIPTION: Final = 72
MOST_ROW_ID: Final = 200
MOST_LABEL: Final = 20
MOST_PARAMETER: Final = 1024
#: What opens a list.
LABEL: Final = "Responder"
ELLIPSIS: Final = "…"
_JOINER: Final = "\u200d"
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)
_TAGS: Final = range(0xE0020, 0xE0080)
_FLAG_LETTERS: Final = range(0x1F1E6, 0x1F200)

_TEMPLATE_NAME: Final = re.compile(r"[a-z0-9_]{1,512}")
_TEMPLATE_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(_[A-Z]{2,4})?")
#: Characters that Meta refuses in the value of a parameter.
_NOT_IN_A_PARAMETER: Final = re.compile(r"[\n\r\t]| {5}")


class ContentError(ValueError):
    """A content that Meta would refuse; the message names all problems."""


class Template(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type", tag="template"):
    """A message that Meta has approved before, the only kind that may be sent outside the customer's window.

    name, language: of the template in Meta's account; `es` and `es_MX` are two templates. parameters: the values of its
    body's parameters by their names, each one line, in the order of `{{1}}`, `{{2}}`, ... payload: what a tap on its
    quick reply returns; "" if it has none. named: the account's template uses names instead of numbers.
    """

    name: str
    language: str
    parameters: dict[str, str] = {}
    payload: str = ""
    named: bool = False

    def __post_init__(self) -> None:
        problems = [] if _TEMPLATE_NAME.fullmatch(self.name) else [f"{self.name!r} is no name of a template"]
        if not _TEMPLATE_LANGUAGE.fullmatch(self.language):
            problems.append(f"{self.language!r} is no language of a template, such as es or es_MX")
        for name, value in self.parameters.items():
            problems += _text(f"parameter {name}", value, MOST_PARAMETER)
            if _NOT_IN_A_PARAMETER.search(value):
                problems.append(f"the parameter {name} has a line break, a tab or five spaces in a row")
        if self.payload:
            problems += _word("payload", self.payload, MOST_BUTTON_ID)
        _check(problems)


class Text(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type", tag="text"):
    """Plain text of at most 4,096 characters, with WhatsApp's marks."""

    body: str

    def __post_init__(self) -> None:
        _check(_text("body", self.body, MOST_TEXT))


class Button(msgspec.Struct, frozen=True, gc=False):
    """A button that replies with its `id` when it is tapped."""

    id: str
    title: str


class Buttons(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type", tag="buttons"):
    """A text of at most 1,024 characters over one to three buttons.

    plain: what is sent without buttons; "" if the body is complete without them.
    """

    body: str
    buttons: tuple[Button, ...]
    plain: str = ""

    def __post_init__(self) -> None:
        problems = _text("body", self.body, MOST_BUTTONS_BODY) + _plain(self.plain)
        problems += _count("buttons", len(self.buttons), MOST_BUTTONS)
        for button in self.buttons:
            problems += _word("button id", button.id, MOST_BUTTON_ID)
            problems += _word("button title", button.title, MOST_BUTTON_TITLE)
        _check(problems + _repeated(self.buttons))


class ListRow(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A row of a list, which replies with its `id` when it is chosen."""

    id: str
    title: str
    description: str = ""


class ListSection(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Rows under a title, which may be missing if there is only one section."""

    rows: tuple[ListRow, ...]
    title: str = ""


class List(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type", tag="list"):
    """A text of at most 4,096 characters with a button, named `label`, that opens a list of one to ten rows.

    plain: what is sent without the list; "" if the body is complete without it.
    """

    body: str
    sections: tuple[ListSection, ...]
    label: str = LABEL
    plain: str = ""

    def __post_init__(self) -> None:
        rows = self.rows
        problems = _text("body", self.body, MOST_TEXT) + _plain(self.plain)
        problems += _word("label", self.label, MOST_LABEL) + _count("rows", len(rows), MOST_ROWS)
        for section in self.sections:
            if section.title or len(self.sections) > 1:
                problems += _word("section title", section.title, MOST_ROW_TITLE)
            problems += _count("rows of a section", len(section.rows), MOST_ROWS)
        for row in rows:
            problems += _word("row id", row.id, MOST_ROW_ID) + _word("row title", row.title, MOST_ROW_TITLE)
            if row.description:
                problems += _word("row description", row.description, MOST_ROW_DESCRIPTION)
        _check(problems + _repeated(rows))

    @property
    def rows(self) -> tuple[ListRow, ...]:
        """The rows of all sections."""
        return tuple(row for section in self.sections for row in section.rows)


class DirectSend(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="direct_send"):
    """A text or buttons for outside the customer's window, which Meta turns into a template (Direct Send).

    Meta allows it only to some accounts.
    """

    content: Text | Buttons

    def __post_init__(self) -> None:
        _check(_text("body", self.content.body, MOST_BUTTONS_BODY))


#: What may be sent inside the customer's window, and outside it.
Inside: TypeAlias = Text | Buttons | List
Outside: TypeAlias = Template | DirectSend


class Windowed(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="windowed"):
    """A text for inside the customer's window, and what is sent instead after the window has closed."""

    inside: Text
    outside: Outside


Content: TypeAlias = Inside | Outside | Windowed

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Content).decode


class Choice(msgspec.Struct, frozen=True, gc=False):
    """Something to tap: a tap returns `id`, `name` may have any length, `description` explains a row of a list."""

    id: str
    name: str
    description: str = ""


def with_choices(text: str, choices: Sequence[Choice], *, label: str = LABEL, plain: str = "") -> Buttons | List:
    """A text with its choices as buttons if both fit, otherwise as a list; names and descriptions are cut to fit.

    Raises ContentError for a text of more than 4,096 characters, or more than ten choices.
    """
    names = tuple([choice.name for choice in choices])
    if len(text) <= MOST_BUTTONS_BODY and len(choices) <= MOST_BUTTONS:
        short = titles(names, MOST_BUTTON_TITLE)
        return Buttons(text, tuple(map(Button, [choice.id for choice in choices], short)), plain)
    rows = tuple(map(_choice_row, choices, titles(names, MOST_ROW_TITLE)))
    return List(text, (ListSection(rows),), label, plain)


def _choice_row(choice: Choice, title: str) -> ListRow:
    """A row. If the title is cut and there is no other description, the description is the whole name."""
    description = choice.description or ("" if title == choice.name else choice.name)
    return ListRow(choice.id, title, shortened(description, MOST_ROW_DESCRIPTION))


def parameter(text: str) -> str:
    """A text as the value of a template's parameter: one line, cut to fit."""
    return " ".join(text.split())[:MOST_PARAMETER]


def as_text(content: Content) -> Content:
    """The complete content as plain text, without buttons or a list. Content for outside the window stays as it is."""
    match content:
        case Buttons(body=body, plain=plain) | List(body=body, plain=plain):
            return Text(plain or body)
    return content


def rendered(content: Content) -> dict[str, Any]:
    """The fields of Meta's message that depend on what it says."""
    match content:
        case Text(body):
            return {"type": "text", "text": {"preview_url": False, "body": body}}
        case Buttons(body=body, buttons=buttons):
            replies = [{"type": "reply", "reply": {"id": one.id, "title": one.title}} for one in buttons]
            return _interactive("button", body, {"buttons": replies})
        case List(body=body, sections=sections, label=label):
            return _interactive("list", body, {"button": label, "sections": [_section(one) for one in sections]})
        case Template():
            return {"type": "template", "template": _template(content)}
        case DirectSend(inner):
            return {**rendered(inner), "category": "utility"}
        case Windowed(inside=inside):
            return rendered(inside)


def _interactive(kind: str, body: str, action: dict[str, Any]) -> dict[str, Any]:
    return {"type": "interactive", "interactive": {"type": kind, "body": {"text": body}, "action": action}}


def _template(template: Template) -> dict[str, Any]:
    values = [
        {"type": "text", **({"parameter_name": name} if template.named else {}), "text": value}
        for name, value in template.parameters.items()
    ]
    tap = {"sub_type": "quick_reply", "index": "0", "parameters": [{"type": "payload", "payload": template.payload}]}
    body = [{"type": "body", "parameters": values}] if values else []
    components = [*body, *([{"type": "button", **tap}] if template.payload else [])]
    shape = {"name": template.name, "language": {"code": template.language}}
    return {**shape, "components": components} if components else shape


def _section(section: ListSection) -> dict[str, Any]:
    title = {"title": section.title} if section.title else {}
    return {**title, "rows": [_row(row) for row in section.rows]}


def _row(row: ListRow) -> dict[str, Any]:
    description = {"description": row.description} if row.description else {}
    return {"id": row.id, "title": row.title, **description}


# -- limits: each check returns what is wrong, in words


def _check(problems: list[str]) -> None:
    if problems:
        raise ContentError("; ".join(problems))


def _text(name: str, text: str, limit: int) -> list[str]:
    if not text.strip():
        return [f"the {name} is empty"]
    return [f"the {name} has {len(text)} characters, {limit} are allowed"] if len(text) > limit else []


def _word(name: str, text: str, limit: int) -> list[str]:
    """As `_text`, for texts that must not begin or end with a space."""
    problems = [] if 0 < len(text) <= limit else _text(name, text, limit)
    return problems if text == text.strip() else [*problems, f"the {name} begins or ends with a space"]


def _plain(text: str) -> list[str]:
    return _text("plain text", text, MOST_TEXT) if text else []


def _count(name: str, count: int, limit: int) -> list[str]:
    return [] if 1 <= count <= limit else [f"there are {count} {name}, 1 to {limit} are allowed"]


def _repeated(choices: Sequence[Button | ListRow]) -> list[str]:
    ids, shown = {choice.id for choice in choices}, {choice.title for choice in choices}
    return ["two choices have the same id or title"] if min(len(ids), len(shown)) < len(choices) else []


# -- titles: cut between words, never inside what is seen as one character


def shortened(text: str, limit: int) -> str:
    """The text in one line of at most `limit` code points; what is left out is shown as "…"."""
    line = " ".join(text.split())
    return line if len(line) <= limit else _head(line, limit - len(ELLIPSIS)) + ELLIPSIS


@lru_cache(maxsize=1024)  # the titles of every quote, and of questions about the shop's products
def titles(names: tuple[str, ...], limit: int) -> tuple[str, ...]:
    """A title of at most `limit` code points for each name, no two alike.

    If cut names are equal, they are cut in the middle; names that are still equal get numbers.
    """
    cut = [shortened(name, limit) for name in names]
    if len(set(cut)) == len(cut):
        return tuple(cut)
    seen = Counter(cut)
    ends = [_both_ends(name, limit) if seen[title] > 1 else title for name, title in zip(names, cut, strict=True)]
    taken: set[str] = set()
    for place, title in enumerate(ends):
        number = 2
        while ends[place] in taken:
            suffix = f" {number}"
            ends[place] = shortened(title, limit - len(suffix)) + suffix
            number += 1
        taken.add(ends[place])
    return tuple(ends)


def _both_ends(name: str, limit: int) -> str:
    """A name that is cut in the middle: its beginning and its last word."""
    line = " ".join(name.split())
    end = line.rpartition(" ")[2]
    width = limit - len(ELLIPSIS) - 1 - len(end)
    if len(line) <= limit or width < limit // 3:
        return shortened(line, limit)
    return f"{_head(line, width)}{ELLIPSIS} {end}"


def _head(line: str, width: int) -> str:
    """The beginning of a longer line: whole words, unless that uses less than half of the space."""
    head = ""
    for character in _characters(line):
        if len(head) + len(character) > width:
            break
        head += character
    if not line[len(head)].isspace() and (space := head.rfind(" ")) >= width // 2:
        head = head[:space]
    return head.rstrip()


def _characters(text: str) -> list[str]:
    """The text split into visible characters: an accent, an emoji of several code points or a flag stays whole."""
    pieces: list[str] = []
    for char in text:
        last = pieces[-1] if pieces else ""
        flag = ord(char) in _FLAG_LETTERS and len(last) == 1 and ord(last) in _FLAG_LETTERS
        if last and (flag or _extends(char) or last.endswith(_JOINER)):
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


def _extends(char: str) -> bool:
    """Whether a code point is a part of the character before it."""
    code = ord(char)
    return char == _JOINER or unicodedata.category(char).startswith("M") or code in _SKIN_TONES or code in _TAGS
