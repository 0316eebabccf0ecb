"""Tables and colours on a terminal, by rich. Control characters are escaped; without a terminal no line is cut."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from recado.terminal import visible

#: The width of output to a file or a pipe: wider than any text.
UNLIMITED = 100_000


class Console(RichConsole):
    """Rich's console for untrusted text. Without a terminal it neither cuts nor wraps."""

    def __init__(self) -> None:
        super().__init__()
        if not self.is_terminal:
            self.width = UNLIMITED

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))

    def show(self, renderable: RenderableType) -> None:
        """Prints it; without a terminal, trailing spaces are removed."""
        if self.is_terminal:
            self.print(renderable)
            return
        with self.capture() as captured:
            self.print(renderable)
        print(*(line.rstrip() for line in captured.get().splitlines()), sep="\n")


def table(*headers: str, **options: Any) -> Table:
    """A table that folds long cells instead of cutting them. `options` are those of rich's Table."""
    made = Table(**options)
    for header in headers:
        made.add_column(header, overflow="fold")
    return made


def cells(*values: object) -> list[Text]:
    """Cells as plain text: text of customers and Meta is neither markup nor a terminal command."""
    return [value if isinstance(value, Text) else Text(visible(str(value))) for value in values]
