"""What may reach a terminal: text, and nothing that commands it.

Commands and logs show what customers, Meta and the cluster wrote. Control characters in it (ESC, C1) could move the
cursor, retitle a window or hide what follows; bidirectional controls and line separators show another text than the one
that is there. Each is shown as `\\uXXXX`, which in JSON is still the same character. `guard` puts that into stdout and
stderr themselves, so that no command can forget it.
"""

import io
import re
import sys
from typing import Any, TextIO

import msgspec

#: C0 except line feed and tab, DEL and C1; what Unicode calls Bidi_Control; line and paragraph separators.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """The text with `\\uXXXX` for each character that a terminal would obey. Line feeds and tabs stay."""
    # Most lines are printable but for the line feed at their end, and that is told in a third of the time.
    return text if text.rstrip("\n").isprintable() else _COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class VisibleStream:
    """A text stream that shows such characters instead of passing them on; all else is the stream's own.

    Rich looks for `rich_proxied_file` and writes its own colours there; `recado.console` sees to its texts.
    """

    def __init__(self, stream: TextIO) -> None:
        self.rich_proxied_file = stream

    def write(self, text: str) -> int:
        return self.rich_proxied_file.write(visible(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


def guard() -> None:
    """Makes this process's stdout and stderr safe to look at, tracebacks included."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a character gets its number; a traceback would help nobody.
            stream.reconfigure(errors="backslashreplace")
            setattr(sys, name, VisibleStream(stream))


def print_json(value: object, *, indent: bool = False) -> None:
    """Writes JSON and a line feed to stdout: UTF-8 whatever the locale, on one line unless it is to be indented."""
    encoded = msgspec.json.encode(value)
    text = (msgspec.json.format(encoded) if indent else encoded).decode()
    sys.stdout.flush()
    sys.stdout.buffer.write(visible(text).encode() + b"\n")
    sys.stdout.buffer.flush()
