"""PromQL from the registry's metrics, so that no query can name a metric or a label that does not exist.

Metrics of a process are summed over pods. Every web pod that shares the store exports the same durable totals, so their
value is the maximum over pods. A pod's series ends with the pod, so take an increase of the maximum, not the maximum of
the pods' increases: `merged` makes one series that outlives every pod. Rules read it as a record (`record_of`), boards
as a subquery, because a board must not depend on rules. `Scope` hides the difference.
"""

from collections.abc import Iterable

import msgspec

from recado.telemetry.metric import Metric, MetricKind, Source

#: The window of rates on boards; Grafana fits it to the panel's resolution.
INTERVAL = "$__rate_interval"
#: The resolution of a board's subquery: at least four points in an `INTERVAL`.
STEP = "15s"
#: The maximum is taken over this window, which is longer than a scrape interval. The last value of a pod that has just
#: ended can be above the other pods' until their next scrape, and a lower total would look like a counter reset.
HOLD_SECONDS = 120.0

#: The labels that all pods of a release share.
RELEASE = ("namespace", "job")


def record_of(series: str) -> str:
    """The name of the recording rule of a durable total."""
    return f"job:{series}:max"


def merged(metric: Metric, part: str, series: str, hold: str) -> str:
    """A durable total as one series per release, independent of pods that start and end."""
    return f"max by ({', '.join((*RELEASE, *_own(metric, part)))}) (max_over_time({series}[{hold}]))"


def shown(expr: str, interval: str, *, step: str = STEP) -> str:
    """A board's expression with Grafana's variables filled in, for all releases."""
    filled = expr.replace(f":{STEP}]", f":{step}]").replace(INTERVAL, interval)
    return filled.replace("$namespace", ".*").replace("$release", ".*")


def _ago(offset: str) -> str:
    return f" offset {offset}" if offset else ""


def _own(metric: Metric, part: str) -> tuple[str, ...]:
    """The labels of a metric's series, without those of the scrape target."""
    return (*metric.labels, "le") if part == "bucket" else tuple(metric.labels)


class Scope(msgspec.Struct, frozen=True):
    """Which series a query reads (`selector`), by which target labels it groups them (`group`), and whether it reads
    durable totals from recording rules (`recorded`).
    """

    selector: str
    group: tuple[str, ...]
    recorded: bool

    def rate(
        self,
        metric: Metric,
        window: str,
        *,
        by: Iterable[str] = (),
        where: str = "",
        part: str = "",
        fn: str = "rate",
        offset: str = "",
    ) -> str:
        """Events per second, now or `offset` ago. `part` is `bucket`, `sum` or `count` of a histogram; `where` further
        label matchers.
        """
        if metric.kind is MetricKind.HISTOGRAM:
            part = part or "count"
        name = f"{metric.name}_{part}" if part else metric.name
        if metric.source is Source.PROCESS:
            return self._aggregate("sum", by, f"{fn}({self.select(name, where)}[{window}]{_ago(offset)})")
        if not self.recorded:
            over = f"{merged(metric, part, self.select(name, where), f'{HOLD_SECONDS:g}s')}[{window}:{STEP}]"
            one = f"{fn}({over}{_ago(offset)})"
        elif fn == "increase":
            # A store that was restored from a backup has lower totals, and `increase` would take that for a reset and
            # add the whole total. The increase since the lowest value in the window is right.
            over = f"{self.select(record_of(name), where)}[{window}]{_ago(offset)}"
            one = f"(last_over_time({over}) - min_over_time({over}))"
        else:
            one = f"{fn}({self.select(record_of(name), where)}[{window}]{_ago(offset)})"
        return self._apart(metric, "sum", by, one, part)

    def increase(
        self,
        metric: Metric,
        window: str,
        *,
        by: Iterable[str] = (),
        where: str = "",
        part: str = "",
        offset: str = "",
    ) -> str:
        """Events within a window that ends now or `offset` ago."""
        return self.rate(metric, window, by=by, where=where, part=part, fn="increase", offset=offset)

    def gauge(
        self, metric: Metric, *, by: Iterable[str] = (), where: str = "", merge: str = "sum", offset: str = ""
    ) -> str:
        """A gauge's value, now or `offset` ago; `merge` is the aggregation over pods."""
        series = self.select(metric.name, where, offset)
        if metric.source is Source.PROCESS:
            return self._aggregate(merge, by, series)
        one = f"max by ({', '.join((*RELEASE, *_own(metric, '')))}) ({series})"
        return self._apart(metric, merge, by, one)

    def quantile(self, q: float, metric: Metric, window: str, *, by: Iterable[str] = (), where: str = "") -> str:
        """A quantile of a histogram."""
        by = (*by, "le")
        return f"histogram_quantile({q}, {self.rate(metric, window, by=by, where=where, part='bucket')})"

    def mean(self, metric: Metric, window: str, *, by: Iterable[str] = ()) -> str:
        """The mean of a histogram's observations."""
        return f"{self.rate(metric, window, by=by, part='sum')} / {self.rate(metric, window, by=by, part='count')}"

    def within(self, metric: Metric, edge: float, window: str, *, where: str = "", fn: str = "rate") -> str:
        """Observations of at most `edge`, which must be a bucket edge of the histogram."""
        assert edge in metric.buckets, f"{edge} is not a bucket edge of {metric.name}"
        le = f'le="{float(edge)!r}"'
        return self.rate(metric, window, where=f"{where}, {le}" if where else le, part="bucket", fn=fn)

    def select(self, name: str, where: str = "", offset: str = "") -> str:
        """A selector for any series, such as those of the process collector, now or `offset` ago."""
        return f"{name}{self._matchers(where)}{_ago(offset)}"

    def _matchers(self, where: str) -> str:
        both = ", ".join(part for part in (self.selector, where) if part)
        return f"{{{both}}}" if both else ""

    def _apart(self, metric: Metric, how: str, by: Iterable[str], one: str, part: str = "") -> str:
        """Series that are already one per release and label set; aggregated if the query groups differently."""
        if self.group and set(_own(metric, part)) == set(by):
            return one
        return self._aggregate(how, by, one)

    def _aggregate(self, how: str, by: Iterable[str], series: str) -> str:
        labels = ", ".join((*self.group, *by))
        return f"{how} by ({labels}) ({series})" if labels else f"{how}({series})"


#: A board sums over the releases selected in its variables.
BOARD = Scope('namespace=~"$namespace", job=~"$release"', (), recorded=False)
#: A rule evaluates each release separately.
RULES = Scope("", RELEASE, recorded=True)


def any_of(label: str, values: Iterable[str]) -> str:
    """A matcher for any of the values."""
    return f'{label}=~"{"|".join(values)}"'
