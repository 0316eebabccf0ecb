"""A board as data: rows with a question, the panels that answer it, their queries and links.

Grafana's JSON, the preview's pictures, the docs and the tests are generated from it.
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
    """A PromQL expression and the legend of its series; `exemplars` adds links to traces."""

    expr: str
    legend: str
    exemplars: bool = False


class Step(msgspec.Struct, frozen=True):
    """The colour of a panel from `value` upwards (None: from the start)."""

    value: float | None
    color: str


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One panel. `unit` is Grafana's name of a unit; `width` is in columns, 24 in a row.

    `bad`: the panel shows errors only, so its series are drawn in reds.

    Links: `runbook` is an alert's name, `logs` a log action, `board` another board's uid; `traces` links to the trace
    search.
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
    """A dashboard. Its `uid` must never change: bookmarks and links use it."""

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
    """Green, then each colour from its value upwards."""
    return (Step(None, GREEN), *(Step(value, color) for value, color in steps))


def below(*steps: tuple[float, str]) -> tuple[Step, ...]:
    """Red, then each colour from its value upwards: for values that should be high."""
    return (Step(None, RED), *(Step(value, color) for value, color in steps))
