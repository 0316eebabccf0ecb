"""Totals that a transaction of the store collects and writes.

A counter is one row: (name, label values) -> value. A histogram is a row per bucket, not cumulative, and one for the
sum: (name, (label values..., edge)) and (name, (label values..., "sum")). All rows are additive, so that any number
of processes can add to them.
"""

from bisect import bisect_left

from recado.telemetry.metrics import REGISTRY, Metric

SUM = "sum"

_EDGES = {metric.name: metric.edges for metric in REGISTRY}


#: (a metric's name, label values)
Key = tuple[str, tuple[str, ...]]


class Totals:
    """Counts by metric and label values, collected until they are written or scraped."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[Key, float] = {}

    def inc(self, metric: Metric, *labels: str, by: float = 1) -> None:
        """Adds to a counter."""
        key = (metric.name, labels)
        self._values[key] = self._values.get(key, 0) + by

    def observe(self, metric: Metric, value: float, *labels: str) -> str:
        """Adds one observation to a histogram; returns the edge of its bucket."""
        name, values = metric.name, self._values
        edge = _EDGES[name][bisect_left(metric.buckets, value)]
        bucket, total = (name, (*labels, edge)), (name, (*labels, SUM))
        values[bucket] = values.get(bucket, 0) + 1
        values[total] = values.get(total, 0) + value
        return edge

    def merge(self, other: "Totals") -> None:
        """Adds all counts of another one."""
        for key, value in other._values.items():
            self._values[key] = self._values.get(key, 0) + value

    def snapshot(self) -> dict[Key, float]:
        """A copy; another thread may make it."""
        return self._values.copy()

    def items(self) -> list[tuple[str, tuple[str, ...], float]]:
        """The rows to add to the store: metric, label values, value."""
        return [(name, labels, value) for (name, labels), value in self._values.items()]
