"""CSV on stdout that a spreadsheet may open."""

import csv
import io
import re
import sys
from collections.abc import Iterable

from recado.terminal import visible

#: Characters before which a spreadsheet may see the start of a formula. In countries with decimal commas, including
#: Latin America's, a semicolon ends a cell.
FORMULA = re.compile(r"(^|[;,\t\r\n])(\s*)(?=[=+@\-])")


def cell(text: str | None) -> str:
    """Other people's text, in a form that a spreadsheet does not run as a formula."""
    return FORMULA.sub(r"\1\2'", visible(text or ""))


def write_row(values: Iterable[str]) -> None:
    """Writes one row."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    sys.stdout.flush()
    sys.stdout.buffer.write(line.getvalue().encode())
    sys.stdout.buffer.flush()
