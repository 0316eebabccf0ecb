"""Markdown tables."""

from collections.abc import Iterable, Sequence

Cell = str | int | float | None


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(show(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def show(cell: Cell) -> str:
    """A number with three significant digits; `-` if it was not measured."""
    if cell is None:
        return "-"
    if not isinstance(cell, float):
        return str(cell)
    return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.1f}" if abs(cell) >= 10 else f"{cell:.2f}"


def ratio(value: float, floor: float | None) -> float | None:
    return value / floor if floor else None
