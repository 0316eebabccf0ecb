"""PromQL from the registry's metrics, so that no query can name a metric or a label that does not exist.

What a process counts is added up over pods. The durable totals are exported by every web pod that shares the store: the
greatest is the truth, and no pod's series is longer than its pod's life. So an increase is taken of the greatest, never
the greatest of pods' increases: `merged` makes one series of a total that outlives every pod, as a record in rules
(`RECORD`) and as a subquery on boards, which need no rules. `Scope` knows the difference.
"""

from collections.abc import Iterable

import msgspec

from recado.telemetry.metrics import Kind, Metric, Source

#: Per second, over the step that the panel can show.
INTERVAL = "$__rate_interval"
#: Between the points of a board's subquery: at least four of them in an `INTERVAL`.
STEP = "15s"
#: How far back the greatest is looked for, longer than a scrape's interval: what the pod that just went had last shown
#: is above what the others show until their next scrape, and a total that sinks would count as one that began anew.
HOLD_SECONDS = 120.0

#: The labels of a release, by which its pods come together.
RELEASE = ("namespace", "job")


def record_of(series: str) -> str:
    """The name of the record of a durable total."""
    return f"job:{series}:max"


def merged(metric: Metric, part: str, series: str, hold: str) -> str:
    """A durable total as one series for each release, whichever pods come and go."""
    return f"max by ({', '.join((*RELEASE, *_own(metric, part)))}) (max_over_time({series}[{hold}]))"


def shown(expr: str, interval: str, *, step: str = STEP) -> str:
    """A board's expression as Grafana asks it, for all releases."""
    filled = expr.replace(f":{STEP}]", f":{step}]").replace(INTERVAL, interval)
    return filled.replace("$namespace", ".*").replace("$release", ".*")


def _ago(offset: str) -> str:
    return f" offset {offset}" if offset else ""


def _own(metric: Metric, part: str) -> tuple[str, ...]:
    """The labels of a metric's series, those of the target apart."""
    return (*metric.labels, "le") if part == "bucket" else tuple(metric.labels)


class Scope(msgspec.Struct, frozen=True):
    """Whose series a query reads (`selector`) and by which labels of the target it keeps them apart (`group`);
    `recorded`: whether the durable totals are to be had as records.
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
        """Events a second, now or `offset` ago. `part` is `bucket`, `sum` or `count` of a histogram; `where` further
        label matchers.
        """
        if metric.kind is Kind.HISTOGRAM:
            part = part or "count"
        name = f"{metric.name}_{part}" if part else metric.name
        if metric.source is Source.PROCESS:
            return self._aggregate("sum", by, f"{fn}({self.select(name, where)}[{window}]{_ago(offset)})")
        if not self.recorded:
            over = f"{merged(metric, part, self.select(name, where), f'{HOLD_SECONDS:g}s')}[{window}:{STEP}]"
            one = f"{fn}({over}{_ago(offset)})"
        elif fn == "increase":
            # A store that was restored from a copy shows again what the copy had counted: `increase` would add all of
            # it. What the present store has counted since its lowest value in the window is news.
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
        """A gauge's value, now or `offset` ago; `merge` says how pods' values come together."""
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
        """Observations of at most `edge`, which must be one of the histogram's."""
        assert edge in metric.buckets, f"{edge} is no edge of {metric.name}"
        le = f'le="{float(edge)!r}"'
        return self.rate(metric, window, where=f"{where}, {le}" if where else le, part="bucket", fn=fn)

    def select(self, name: str, where: str = "", offset: str = "") -> str:
        """Series as they are, such as those of the process collector, now or `offset` ago."""
        return f"{name}{self._matchers(where)}{_ago(offset)}"

    def _matchers(self, where: str) -> str:
        both = ", ".join(part for part in (self.selector, where) if part)
        return f"{{{both}}}" if both else ""

    def _apart(self, metric: Metric, how: str, by: Iterable[str], one: str, part: str = "") -> str:
        """Series that are one for each release and set of labels, or what is asked of them."""
        if self.group and set(_own(metric, part)) == set(by):
            return one
        return self._aggregate(how, by, one)

    def _aggregate(self, how: str, by: Iterable[str], series: str) -> str:
        labels = ", ".join((*self.group, *by))
        return f"{how} by ({labels}) ({series})" if labels else f"{how}({series})"


#: A board shows the releases that are chosen in its variables as one.
BOARD = Scope('namespace=~"$namespace", job=~"$release"', (), recorded=False)
#: A rule judges each release by itself.
RULES = Scope("", RELEASE, recorded=True)


def any_of(label: str, values: Iterable[str]) -> str:
    """A matcher for any of the values."""
    return f'{label}=~"{"|".join(values)}"'
