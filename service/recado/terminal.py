"""Escapes terminal control characters in output.

Commands and logs show text of customers, Meta and the cluster. Its control characters (ESC, C1) could move the cursor,
retitle a window or hide text; bidirectional controls and line separators change what a reader sees. Each is shown as
`\\uXXXX`, which in JSON is the same character. `make_output_safe` wraps stdout and stderr, so no command can forget it.
"""

import io
import re
import sys
from typing import Any, TextIO

import msgspec

#: C0 except line feed and tab, DEL and C1; what Unicode calls Bidi_Control; line and paragraph separators.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """The text with each terminal control character as `\\uXXXX`. Line feeds and tabs stay."""
    # Most lines are printable except for their line feed; this check takes a third of the substitution's time.
    return text if text.rstrip("\n").isprintable() else _COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class VisibleStream:
    """A text stream that escapes control characters; everything else is delegated to the wrapped stream.

    Rich writes its colours to `rich_proxied_file`; `recado.console` escapes rich's texts.
    """

    def __init__(self, stream: TextIO) -> None:
        self.rich_proxied_file = stream

    def write(self, text: str) -> int:
        return self.rich_proxied_file.write(visible(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


def make_output_safe() -> None:
    """Escapes control characters in this process's stdout and stderr, tracebacks included."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            # A terminal without the character shows its code point instead of failing.
            stream.reconfigure(errors="backslashreplace")
            setattr(sys, name, VisibleStream(stream))


def print_json(value: object, *, indent: bool = False) -> None:
    """Writes JSON and a line feed to stdout: UTF-8 in any locale, on one line unless `indent`."""
    encoded = msgspec.json.encode(value)
    text = (msgspec.json.format(encoded) if indent else encoded).decode()
    sys.stdout.flush()
    sys.stdout.buffer.write(visible(text).encode() + b"\n")
    sys.stdout.buffer.flush()
