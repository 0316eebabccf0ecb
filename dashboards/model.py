"""A board as data: rows, each a question; panels that answer it; queries; ways onward.

Grafana's JSON, the preview's pictures, the docs and the tests are all made from this.
"""

from enum import StrEnum

import msgspec


class Shape(StrEnum):
    LINES = "lines"
    STACKED = "stacked"
    STAT = "stat"
    HEATMAP = "heatmap"
    TABLE = "table"


class Query(msgspec.Struct, frozen=True):
    """A PromQL expression and the legend of its series; `exemplars` asks for the traces behind it."""

    expr: str
    legend: str
    exemplars: bool = False


class Step(msgspec.Struct, frozen=True):
    """From `value` on (None: from the start) a panel takes this colour."""

    value: float | None
    color: str


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. `unit` is Grafana's name of a unit, `width` is of 24 columns.

    `bad`: what is shown should not be there at all, and is drawn in reds.

    The ways onward: `runbook` is an alert's name, `logs` an action to look for, `board` another board's uid, and
    `traces` whether traces can be searched for.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    shape: Shape = Shape.LINES
    width: int = 8
    height: int = 8
    steps: tuple[Step, ...] = ()
    minimum: float | None = 0
    maximum: float | None = None
    decimals: int | None = None
    runbook: str = ""
    logs: str = ""
    board: str = ""
    traces: bool = False
    bad: bool = False


class Row(msgspec.Struct, frozen=True):
    """A question and the panels that answer it."""

    question: str
    panels: tuple[Panel, ...]


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """A dashboard. Its `uid` must never change: bookmarks and links hang on it."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]

    @property
    def file(self) -> str:
        return f"{self.uid}.json"

    @property
    def panels(self) -> list[Panel]:
        return [panel for row in self.rows for panel in row.panels]


GREEN, YELLOW, ORANGE, RED = "green", "yellow", "orange", "red"


def above(*steps: tuple[float, str]) -> tuple[Step, ...]:
    """Green, then the colours given from the values given on."""
    return (Step(None, GREEN), *(Step(value, color) for value, color in steps))


def below(*steps: tuple[float, str]) -> tuple[Step, ...]:
    """Red, then the colours given from the values given on: for what should be high."""
    return (Step(None, RED), *(Step(value, color) for value, color in steps))
