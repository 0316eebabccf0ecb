"""Draws the boards from a Prometheus's data, for reviews without a Grafana.

The pictures have Grafana's layout, units, legends and thresholds, but not its style; a label says so.
"""

import datetime
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from dashboards.model import Board, Panel, Query, Shape
from dashboards.queries import shown

#: (expression, start, end, step) -> a range query's result
QueryRange = Callable[[str, float, float, float], list[dict[str, Any]]]

COLUMNS, INCH_A_COLUMN, INCH_A_ROW = 24, 0.75, 0.42
BACKGROUND, CARD, INK, FAINT = "#111217", "#181b1f", "#d8d9da", "#8e8e96"
SERIES = ("#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#37872d", "#fa6400", "#8ab8ff", "#e02f44")
REDS = ("#f2495c", "#ff9ca7", "#a61d2d", "#ffc4ca", "#c4162a", "#ff7383", "#7a0f1c", "#e8a0a8")
COLORS = {"green": "#73bf69", "yellow": "#f2cc0c", "orange": "#ff9830", "red": "#f2495c"}

Points = tuple[list[float], list[float]]


def draw(
    board: Board, query_range: QueryRange, path: Path, *, start: float, end: float, interval: str, step: str
) -> None:
    """Draws a board from `start` to `end` into a PNG. `interval` replaces Grafana's `$__rate_interval`, `step` the
    resolution of subqueries.
    """
    heights = [1 + sum(max(panel.height for panel in line) for line in _lines(row.panels)) for row in board.rows]
    total = sum(heights) + 2
    figure = plt.figure(figsize=(COLUMNS * INCH_A_COLUMN, total * INCH_A_ROW), facecolor=BACKGROUND)
    figure.text(0.01, 1 - 0.75 / total, board.title, color=INK, size=17, weight="bold", va="center")
    when = datetime.datetime.fromtimestamp(end, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    note = f"preview drawn with matplotlib, not Grafana · simulated faults · {when}"
    figure.text(0.99, 1 - 0.75 / total, note, color=FAINT, size=10, ha="right", va="center")
    top = 2.0
    for row, height in zip(board.rows, heights, strict=True):
        figure.text(0.01, 1 - (top + 0.45) / total, f"▾ {row.question}", color=INK, size=12, weight="bold", va="center")
        y = top + 1
        for line in _lines(row.panels):
            x, tallest = 0, max(panel.height for panel in line)
            for panel in line:
                place = (x / COLUMNS, 1 - (y + panel.height) / total, panel.width / COLUMNS, panel.height / total)
                data = [
                    (query, query_range(shown(query.expr, interval, step=step), start, end, (end - start) / 120))
                    for query in panel.queries
                ]
                _panel(figure, panel, place, data, (start, end))
                x += panel.width
            y += tallest
        top += height
    figure.savefig(path, dpi=80, facecolor=BACKGROUND)
    plt.close(figure)


def _lines(panels: tuple[Panel, ...]) -> list[list[Panel]]:
    """A row's panels, grouped into lines of 24 columns."""
    lines: list[list[Panel]] = [[]]
    for panel in panels:
        if sum(one.width for one in lines[-1]) + panel.width > COLUMNS:
            lines.append([])
        lines[-1].append(panel)
    return lines


def _panel(
    figure: Any, panel: Panel, place: tuple[float, float, float, float], data: list[Any], span: tuple[float, float]
) -> None:
    x, y, width, height = place
    gap_x, gap_y = 0.0025, 0.0025
    card = FancyBboxPatch(
        (x + gap_x, y + gap_y), width - 2 * gap_x, height - 2 * gap_y,
        boxstyle="square,pad=0", transform=figure.transFigure, facecolor=CARD, edgecolor="#2c3235", linewidth=0.8,
    )  # fmt: skip
    card.set_zorder(-1)
    figure.add_artist(card)
    title_y = y + height - 0.075 * height - gap_y
    figure.text(x + 3 * gap_x, title_y, panel.title, color=INK, size=10, weight="bold", va="center")
    series = [(_legend(query, one["metric"]), _points(one)) for query, found in data for one in found]
    left, bottom = 0.055 if panel.shape is not Shape.STAT else 0.005, 0.30 * height
    axes: Axes = figure.add_axes((x + left, y + bottom, width - left - 0.012, height * 0.56), facecolor=CARD)
    if not series:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "No data", color=FAINT, size=14, ha="center", transform=axes.transAxes)
        return
    match panel.shape:
        case Shape.STAT:
            _stat(axes, panel, series)
        case Shape.TABLE:
            _table(axes, [labels for _, found in data for labels in (one["metric"] for one in found)])
        case Shape.HEATMAP:
            _heatmap(axes, panel, series)
            axes.set_xlim(*_dates(list(span)))
        case _:
            _lines_of(axes, panel, series)
            axes.set_xlim(*_dates(list(span)))


def _points(one: dict[str, Any]) -> Points:
    pairs = [(float(at), float(value)) for at, value in one["values"]]
    return [at for at, _ in pairs], [value if math.isfinite(value) else math.nan for _, value in pairs]


def _legend(query: Query, labels: dict[str, str]) -> str:
    text = query.legend
    for name, value in labels.items():
        text = text.replace(f"{{{{{name}}}}}", value)
    return text


def _dates(times: list[float]) -> Any:
    return mdates.date2num(  # type: ignore[no-untyped-call]  # untyped in matplotlib
        [datetime.datetime.fromtimestamp(at, datetime.UTC) for at in times]
    )


def _lines_of(axes: Axes, panel: Panel, series: list[tuple[str, Points]]) -> None:
    if panel.shape is Shape.STACKED:
        times = sorted({at for _, (found, _) in series for at in found})
        values = [[dict(zip(*points, strict=True)).get(at, 0.0) for at in times] for _, points in series]
        values = [[0.0 if math.isnan(value) else value for value in one] for one in values]
        shown = [i for i, one in enumerate(values) if any(one)] or [0]
        palette = REDS if panel.bad else SERIES
        colors = [palette[i % len(palette)] for i in range(len(shown))]
        axes.stackplot(_dates(times), [values[i] for i in shown], labels=[series[i][0] for i in shown], colors=colors,
                       alpha=0.7)  # fmt: skip
    else:
        palette = REDS if panel.bad else SERIES
        for number, (name, (times, values_)) in enumerate(series):
            axes.plot(_dates(times), values_, color=palette[number % len(palette)], label=name, linewidth=1.3)
    _, highest = axes.get_ylim()
    if panel.minimum is not None:
        axes.set_ylim(panel.minimum, panel.maximum or max(highest, panel.minimum + 1e-9))
    for step in panel.steps:
        if step.value is not None and axes.get_ylim()[0] < step.value <= axes.get_ylim()[1]:
            axes.axhline(step.value, color=COLORS[step.color], linewidth=0.8, linestyle="--")
    _style(axes, panel)
    columns = max(1, min(4, panel.width // 3))
    axes.legend(
        loc="upper left", bbox_to_anchor=(-0.02, -0.16), ncols=columns, frameon=False, labelcolor=INK, fontsize=7.5,
        handlelength=1.2, columnspacing=1.0, borderaxespad=0, labelspacing=0.25,
    )  # fmt: skip


def _heatmap(axes: Axes, panel: Panel, series: list[tuple[str, Points]]) -> None:
    edges = sorted((float(name.replace("+Inf", "inf")), points) for name, points in series)
    times = edges[0][1][0]
    counts = [dict(zip(*points, strict=True)) for _, points in edges]
    cells = [
        [max(0.0, row.get(at, 0.0) - (counts[i - 1].get(at, 0.0) if i else 0.0)) for at in times]
        for i, row in enumerate(counts)
    ]
    when = _dates(times)
    hidden = np.ma.masked_less_equal(np.array(cells), 0)
    axes.pcolormesh(when, range(len(cells)), hidden, cmap="Oranges_r", norm=PowerNorm(0.5), shading="nearest")
    _style(axes, panel)
    axes.grid(False)
    axes.set_yticks(range(len(edges)), ["more" if math.isinf(e) else _unit(e, panel.unit) for e, _ in edges], size=6)


def _stat(axes: Axes, panel: Panel, series: list[tuple[str, Points]]) -> None:
    axes.set_axis_off()
    many = len(series) > 1
    for number, (name, (_, values)) in enumerate(series):
        last = next((value for value in reversed(values) if not math.isnan(value)), math.nan)
        color = "green"
        for step in panel.steps:
            if step.value is None or last >= step.value:
                color = step.color
        at = (number + 0.5) / len(series)
        text = _unit(last, panel.unit, panel.decimals)
        axes.text(at, 0.5, text, color=COLORS[color], size=22, weight="bold", ha="center", va="center",
                  transform=axes.transAxes)  # fmt: skip
        if many:
            axes.text(at, 0.1, name, color=FAINT, size=8, ha="center", transform=axes.transAxes)


def _table(axes: Axes, rows: list[dict[str, str]]) -> None:
    axes.set_axis_off()
    names = sorted({name for row in rows for name in row})
    cells = [[row.get(name, "") for name in names] for row in rows]
    table = axes.table(cellText=cells, colLabels=names, loc="center", cellLoc="left", edges="horizontal")
    table.scale(1, 1.6)
    for cell in table.get_celld().values():
        cell.get_text().set_color(INK)
        cell.set_edgecolor("#2c3235")


def _style(axes: Axes, panel: Panel) -> None:
    axes.tick_params(colors=FAINT, labelsize=7.5, length=0)
    axes.grid(color="#2c3235", linewidth=0.5)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _unit(value, panel.unit)))
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(mdates.DateFormatter("%H:%M:%S"))  # type: ignore[no-untyped-call]  # likewise
    axes.margins(x=0)


def _unit(value: float, unit: str, decimals: int | None = None) -> str:
    """A value in Grafana's notation."""
    if math.isnan(value):
        return "No data"
    match unit:
        case "percentunit":
            return f"{value * 100:.{decimals if decimals is not None else 1}f}%"
        case "s":
            return _seconds(value, decimals)
        case "bytes":
            for name in ("B", "KiB", "MiB", "GiB"):
                if abs(value) < 1000 or name == "GiB":
                    return f"{value:.3g} {name}"
                value /= 1024
    suffix = {"reqps": " req/s", "cps": " c/s", "ops": " ops/s", "x": "x"}.get(unit, "")
    if decimals is None and abs(value) >= 1000:
        decimals = 0
    return f"{value:,.{decimals}f}{suffix}" if decimals is not None else f"{value:.3g}{suffix}"


def _seconds(value: float, decimals: int | None) -> str:
    if value == 0:
        return "0 s"
    for limit, size, name in ((0.001, 1e-6, "µs"), (1, 1e-3, "ms"), (90, 1, "s"), (5400, 60, "min"), (1e99, 3600, "h")):
        if abs(value) < limit or limit == 1e99:
            scaled = value / size
            return f"{scaled:.{decimals}f} {name}" if decimals is not None and size >= 1 else f"{scaled:.3g} {name}"
    return ""
