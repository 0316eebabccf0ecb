"""Which boards and rules use which metric."""

import re

import msgspec

from dashboards import rules
from dashboards.boards import BOARDS
from recado.telemetry.metric import Metric
from recado.telemetry.metrics import REGISTRY

_NAME = re.compile(r"\b(?:recado_[a-z0-9_]+)\b")


class Use(msgspec.Struct, frozen=True):
    """One expression and where it stands."""

    expr: str
    board: str = ""
    panel: str = ""
    rule: str = ""


def uses() -> list[Use]:
    """Every expression of boards and rules."""
    found = [
        Use(query.expr, board=board.title, panel=panel.title)
        for board in BOARDS
        for panel in board.panels
        for query in panel.queries
    ]
    for group in rules.groups():
        found += [Use(rule["expr"], rule=rule.get("alert") or rule["record"]) for rule in group["rules"]]
    return found


def names(expr: str) -> set[str]:
    """The names of recado's series in an expression."""
    return set(_NAME.findall(expr))


def used_by(metric: Metric) -> list[Use]:
    """Where a metric is used."""
    series = set(metric.series)
    return [use for use in uses() if series & names(use.expr)]


def unknown_names() -> set[str]:
    """Names in boards and rules that no metric of the registry has."""
    known = {name for metric in REGISTRY for name in metric.series}
    return {name for use in uses() for name in names(use.expr)} - known
