"""CSV on stdout that a spreadsheet may open."""

import csv
import io
import sys
from collections.abc import Iterable

from recado.terminal import visible

#: What a spreadsheet takes for the begin of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(text: str | None) -> str:
    """Text that is not ours, which must not run as a formula when a spreadsheet opens the file."""
    shown = visible(text or "")
    return f"'{shown}" if shown.startswith(FORMULA) else shown


def write_row(values: Iterable[str]) -> None:
    """Writes one row."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    sys.stdout.flush()
    sys.stdout.buffer.write(line.getvalue().encode())
    sys.stdout.buffer.flush()
