"""What a metric is: its kind, its source, its labels."""

from enum import StrEnum

import msgspec


class MetricKind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


class Source(StrEnum):
    STORE = "store"
    PROCESS = "process"


#: The allowed values of a label; None where the configuration bounds them (`phone_number_id`, `version`).
Values = tuple[str, ...] | None


class Metric(msgspec.Struct, frozen=True):
    """One metric. `name` is the full one, with unit and suffix; `buckets` are a histogram's upper edges."""

    kind: MetricKind
    source: Source
    name: str
    help: str
    labels: dict[str, Values]
    buckets: tuple[float, ...] = ()

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def edges(self) -> tuple[str, ...]:
        """The upper edges as Prometheus writes them in the label `le`, infinity included."""
        return (*(repr(float(edge)) for edge in self.buckets), "+Inf")

    @property
    def series(self) -> tuple[str, ...]:
        """The names of its series in Prometheus."""
        if self.kind is MetricKind.HISTOGRAM:
            return (f"{self.name}_bucket", f"{self.name}_sum", f"{self.name}_count")
        return (self.name,)


def counter(source: Source, name: str, text: str, /, **labels: Values) -> Metric:
    return Metric(MetricKind.COUNTER, source, name, text, labels)


def gauge(source: Source, name: str, text: str, /, **labels: Values) -> Metric:
    return Metric(MetricKind.GAUGE, source, name, text, labels)


def histogram(source: Source, name: str, text: str, /, *, buckets: tuple[float, ...], **labels: Values) -> Metric:
    return Metric(MetricKind.HISTOGRAM, source, name, text, labels, buckets)


def info(source: Source, name: str, text: str, /, **labels: Values) -> Metric:
    return Metric(MetricKind.INFO, source, name, text, labels)
