"""Totals that a transaction of the store collects and writes.

A counter is one row: (name, label values) -> value. A histogram is a row per bucket, not cumulative, and one for the
sum: (name, (label values..., edge)) and (name, (label values..., "sum")). All rows are additive, so that any number
of processes can add to them.
"""

from bisect import bisect_left

from recado.telemetry.metric import Metric
from recado.telemetry.metrics import REGISTRY

SUM = "sum"

_EDGES = {metric.name: metric.edges for metric in REGISTRY}


#: (a metric's name, label values)
Key = tuple[str, tuple[str, ...]]


class Totals:
    """Counts by metric and label values, collected until they are written or scraped."""

    __slots__ = ("_observed", "_values")

    def __init__(self) -> None:
        self._values: dict[Key, float] = {}
        #: For each histogram with label values: the counts by the edges of their buckets, and the sum.
        self._observed: dict[Key, dict[str, float]] = {}

    def inc(self, metric: Metric, *labels: str, by: float = 1) -> None:
        """Adds to a counter."""
        key = (metric.name, labels)
        self._values[key] = self._values.get(key, 0) + by

    def observe(self, metric: Metric, value: float, *labels: str) -> str:
        """Adds one observation to a histogram; returns the edge of its bucket."""
        edge = _EDGES[metric.name][bisect_left(metric.buckets, value)]
        counts = self._observed.setdefault((metric.name, labels), {})
        counts[edge] = counts.get(edge, 0) + 1
        counts[SUM] = counts.get(SUM, 0) + value
        return edge

    def merge(self, other: "Totals") -> None:
        """Adds all counts of another one."""
        for key, value in other._values.items():
            self._values[key] = self._values.get(key, 0) + value
        for key, counts in other._observed.items():
            mine = self._observed.setdefault(key, {})
            for edge, value in counts.items():
                mine[edge] = mine.get(edge, 0) + value

    def snapshot(self) -> dict[Key, float]:
        """All rows; another thread may ask for them."""
        rows = self._values.copy()
        for (name, labels), counts in list(self._observed.items()):
            for edge, value in counts.copy().items():
                rows[name, (*labels, edge)] = value
        return rows

    def items(self) -> list[tuple[str, tuple[str, ...], float]]:
        """The rows to add to the store: metric, label values, value."""
        return [(name, labels, value) for (name, labels), value in self.snapshot().items()]
