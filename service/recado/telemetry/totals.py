"""Durable totals, as the queue gathers them in a transaction and as the web pod exports them.

A counter is one row: (name, label values) -> value. A histogram is a row per bucket, not cumulative, and one
for the sum: (name, (label values..., edge)) and (name, (label values..., "sum")). All rows are additive, so that
any number of processes can add to them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping

import msgspec

from recado.telemetry.metrics import REGISTRY, Kind, Metric

#: (metric's name, label values)
Key = tuple[str, tuple[str, ...]]

SUM = "sum"

_EDGES = {metric.name: metric.edges for metric in REGISTRY}


class Totals:
    """Additions to the durable totals, gathered until they are written."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[Key, float] = {}

    def inc(self, metric: Metric, *labels: str, by: float = 1) -> None:
        """Adds to a counter."""
        key = (metric.name, labels)
        self._values[key] = self._values.get(key, 0) + by

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Adds one observation to a histogram."""
        self.inc(metric, *labels, _EDGES[metric.name][bisect_left(metric.buckets, value)])
        self.inc(metric, *labels, SUM, by=value)

    def merge(self, other: "Totals") -> None:
        """Adds everything of another one."""
        for key, value in other._values.items():
            self._values[key] = self._values.get(key, 0) + value

    def items(self) -> list[tuple[str, tuple[str, ...], float]]:
        """Rows to be added to what the store has: metric, label values, value."""
        return [(name, labels, value) for (name, labels), value in self._values.items()]


class Sample(msgspec.Struct, frozen=True):
    """One series of a metric as it is exported; a histogram's `buckets` are (edge, cumulative count)."""

    labels: tuple[str, ...]
    value: float = 0.0
    buckets: tuple[tuple[str, float], ...] = ()


def samples(metric: Metric, totals: Mapping[Key, float], known: Iterable[tuple[str, ...]]) -> list[Sample]:
    """The series of one metric: those of the label values `known`, and all others that have a row."""
    histogram = metric.kind is Kind.HISTOGRAM
    found: dict[tuple[str, ...], dict[str, float]] = {labels: {} for labels in known}
    for (name, labels), value in totals.items():
        if name == metric.name:
            series, part = (labels[:-1], labels[-1]) if histogram else (labels, SUM)
            found.setdefault(series, {})[part] = value
    return [_sample(metric, labels, parts) for labels, parts in found.items()]


def _sample(metric: Metric, labels: tuple[str, ...], parts: Mapping[str, float]) -> Sample:
    count, buckets = 0.0, []
    if metric.kind is Kind.HISTOGRAM:
        for edge in metric.edges:
            count += parts.get(edge, 0.0)
            buckets.append((edge, count))
    return Sample(labels, parts.get(SUM, 0.0), tuple(buckets))
