"""Tables and colours on an operator's terminal, by rich: visible text, and whole lines where there is no terminal."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from recado.terminal import visible

#: Columns of a line that goes to a file or a program: longer than any text that is shown.
UNLIMITED = 100_000


class Console(RichConsole):
    """Rich's console for texts that others wrote. Without a terminal it cuts and wraps nothing."""

    def __init__(self) -> None:
        super().__init__()
        if not self.is_terminal:
            self.width = UNLIMITED

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))

    def show(self, renderable: RenderableType) -> None:
        """Prints it; without a terminal, no line ends in spaces."""
        if self.is_terminal:
            self.print(renderable)
            return
        with self.capture() as captured:
            self.print(renderable)
        print(*(line.rstrip() for line in captured.get().splitlines()), sep="\n")


def table(*headers: str, **options: Any) -> Table:
    """A table whose cells are folded where they do not fit, never cut. `options` are those of rich's Table."""
    made = Table(**options)
    for header in headers:
        made.add_column(header, overflow="fold")
    return made


def cells(*values: object) -> list[Text]:
    """Cells as they are written: what customers and Meta say is no markup and no command to the terminal."""
    return [value if isinstance(value, Text) else Text(visible(str(value))) for value in values]
