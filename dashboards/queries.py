"""PromQL from the registry's metrics, so that no query can name a metric or a label that does not exist.

The durable totals are exported by every web pod that shares the store: of these the greatest is the truth, while what
a process counts is added up. `Scope` knows the difference.
"""

from collections.abc import Iterable

import msgspec

from recado.telemetry.metrics import Kind, Metric, Source

#: Per second, over the step that the panel can show.
INTERVAL = "$__rate_interval"


class Scope(msgspec.Struct, frozen=True):
    """Whose series a query reads (`selector`) and by which labels of the target it keeps them apart (`group`)."""

    selector: str
    group: tuple[str, ...]

    def rate(
        self, metric: Metric, window: str, *, by: Iterable[str] = (), where: str = "", part: str = "", fn: str = "rate"
    ) -> str:
        """Events a second. `part` is `bucket`, `sum` or `count` of a histogram; `where` further label matchers."""
        if metric.kind is Kind.HISTOGRAM:
            part = part or "count"
        name = f"{metric.name}_{part}" if part else metric.name
        return self._merged(metric, f"{fn}({name}{self._matchers(where)}[{window}])", by, part)

    def increase(self, metric: Metric, window: str, *, by: Iterable[str] = (), where: str = "", part: str = "") -> str:
        """Events within a window."""
        return self.rate(metric, window, by=by, where=where, part=part, fn="increase")

    def gauge(
        self, metric: Metric, *, by: Iterable[str] = (), where: str = "", merge: str = "sum", offset: str = ""
    ) -> str:
        """A gauge's value, now or `offset` ago; `merge` says how pods' values come together."""
        series = self.select(metric.name, where, offset)
        return self._merged(metric, series, by) if metric.source is Source.STORE else self._aggregate(merge, by, series)

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
        return f"{name}{self._matchers(where)}" + (f" offset {offset}" if offset else "")

    def _matchers(self, where: str) -> str:
        both = ", ".join(part for part in (self.selector, where) if part)
        return f"{{{both}}}" if both else ""

    def _merged(self, metric: Metric, series: str, by: Iterable[str], part: str = "") -> str:
        if metric.source is Source.PROCESS:
            return self._aggregate("sum", by, series)
        own = (*metric.labels, "le") if part == "bucket" else tuple(metric.labels)
        one = f"max by ({', '.join(('namespace', 'job', *own))}) ({series})"
        if self.group and set(own) == set(by):
            return one
        return self._aggregate("sum", by, one)

    def _aggregate(self, how: str, by: Iterable[str], series: str) -> str:
        labels = ", ".join((*self.group, *by))
        return f"{how} by ({labels}) ({series})" if labels else f"{how}({series})"


#: A board shows the releases that are chosen in its variables as one.
BOARD = Scope('namespace=~"$namespace", job=~"$release"', ())
#: A rule judges each release by itself.
RULES = Scope("", ("namespace", "job"))


def any_of(label: str, values: Iterable[str]) -> str:
    """A matcher for any of the values."""
    return f'{label}=~"{"|".join(values)}"'
