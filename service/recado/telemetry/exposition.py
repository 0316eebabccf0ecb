"""The registry's metrics as prometheus_client objects, and the metrics port.

`WebMetrics` is what the web pod's code calls: methods named after what happened, label children bound beforehand, a
microsecond or two each. `StoreCollector` exports the durable totals and the state of the queue at each scrape.
"""

import asyncio
import itertools
import logging
import platform
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import apsw
import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from recado import __version__
from recado.telemetry import metrics, tracing
from recado.telemetry.metrics import Kind, Metric, Source
from recado.telemetry.totals import SUM

if TYPE_CHECKING:
    from recado.conversation import Answer
    from recado.queue.protocol import RetryQueue, Snapshot
    from recado.quotes.catalogue import ReloadOutcome

#: How often the event loop is asked how late it is.
LAG_SAMPLE_SECONDS = 0.25

#: SQLite's errors by the names of apsw's classes, as label values.
STORE_CAUSES = {
    "BusyError": "busy",
    "LockedError": "busy",
    "FullError": "full",
    "IOError": "io",
    "ReadOnlyError": "readonly",
    "CorruptError": "corrupt",
    "NotADBError": "corrupt",
    "CantOpenError": "cannot_open",
    "NoMemError": "memory",
}

Child = TypeVar("Child")

# Otherwise each counter has a `_created` twin.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped in prometheus_client 0.26


class Children(dict[str, Child]):
    """The series of a metric with one label, by its value; what nobody foresaw is counted as `other`."""

    def __missing__(self, value: str) -> Child:
        return self["other"]


class WebMetrics:
    """What one web pod counts; it also observes the store's commits. Tests use one of their own each."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self.registry)
        self._webhooks: Children[Histogram] = self._children(metrics.WEBHOOK_DURATION)
        self._signatures: Children[Counter] = self._children(metrics.SIGNATURE_FAILURES)
        self._limited: Children[Counter] = self._children(metrics.RATE_LIMITED)
        self._payload = self._histogram(metrics.PAYLOAD_BYTES)
        self._messages: Children[Counter] = self._children(metrics.MESSAGES)
        self._duplicates = self._counter(metrics.DUPLICATES)
        self._statuses: Children[Counter] = self._children(metrics.STATUSES)
        self._ignored: Children[Counter] = self._children(metrics.IGNORED)
        self._account_errors = self._counter(metrics.ACCOUNT_ERRORS)
        self._unanswered: Children[Counter] = self._children(metrics.UNANSWERED)
        self._handshakes: Children[Counter] = self._children(metrics.HANDSHAKES)
        self._admin_refusals = self._counter(metrics.ADMIN_REFUSALS)
        self._answers: Children[Counter] = self._children(metrics.ANSWERS)
        self._quotes: Children[Counter] = self._children(metrics.QUOTES)
        self._confidence = self._histogram(metrics.QUOTE_CONFIDENCE)
        self._unmatched = self._counter(metrics.UNMATCHED)
        self._reloads: Children[Counter] = self._children(metrics.CATALOGUE_RELOADS)
        self._commits = self._histogram(metrics.STORE_DURATION)
        self._batches = self._histogram(metrics.STORE_BATCH)
        self._store_errors: Children[Counter] = self._children(metrics.STORE_ERRORS)
        self._lag = self._histogram(metrics.LOOP_LAG)
        self._in_progress = Gauge(metrics.IN_FLIGHT.name, metrics.IN_FLIGHT.help, registry=self.registry)
        self._warnings: Children[Counter] = self._children(metrics.WARNINGS)
        build = Gauge(metrics.BUILD.name, metrics.BUILD.help, [*metrics.BUILD.labels], registry=self.registry)
        build.labels(__version__, platform.python_version(), apsw.sqlite_lib_version()).set(1)

    # -- the webhook -------------------------------------------------------------------------------------------

    def webhook_answered(self, outcome: str, seconds: float) -> None:
        """A webhook was answered; the trace it belongs to, if it is sampled, becomes the exemplar."""
        self._webhooks[outcome].observe(seconds, tracing.exemplar())

    def payload_received(self, size: int) -> None:
        """An authentic webhook of `size` bytes."""
        self._payload.observe(size)

    def signature_failed(self, reason: str) -> None:
        self._signatures[reason].inc()

    def rate_limited(self, kind: str) -> None:
        """A limit was hit, by an `address` or a `customer`."""
        self._limited[kind].inc()

    def message(self, type_: str) -> None:
        """A customer's message arrived."""
        self._messages[type_].inc()

    def duplicate(self) -> None:
        """Meta brought a message that had been acknowledged before."""
        self._duplicates.inc()

    def status(self, kind: str) -> None:
        """A status of one of our replies arrived."""
        self._statuses[kind].inc()

    def ignored(self, reason: str) -> None:
        """A part of a webhook was not read; `reason` is the part, a colon and more about it."""
        self._ignored[reason.partition(":")[0]].inc()

    def account_error(self, code: int) -> None:
        """Meta reported an error of the account."""
        self._account_errors.inc()

    def unanswered(self, reason: str) -> None:
        """A message was acknowledged and gets no reply."""
        self._unanswered[reason].inc()

    def in_progress(self, count: Callable[[], int]) -> None:
        """Where to look how many webhooks are being handled."""
        self._in_progress.set_function(count)

    def handshake(self, outcome: str) -> None:
        self._handshakes[outcome].inc()

    def admin_refused(self) -> None:
        self._admin_refusals.inc()

    # -- quotes ------------------------------------------------------------------------------------------------

    def answered(self, answer: "Answer") -> None:
        """A message was answered, perhaps with a quote."""
        self._answers[answer.kind.value].inc()
        if (quote := answer.quote) is None:
            return
        outcome = "none" if not quote.items else "partial" if quote.unmatched else "complete"
        self._quotes[outcome].inc()
        self._unmatched.inc(len(quote.unmatched))
        for line in quote.items:
            self._confidence.observe(line.confidence)

    def catalogue_checked(self, outcome: "ReloadOutcome") -> None:
        """The catalogue's file was looked at; `unchanged` is not counted."""
        if outcome.value in self._reloads:
            self._reloads[outcome.value].inc()

    # -- store and runtime -------------------------------------------------------------------------------------

    def committed(self, seconds: float, operations: int) -> None:
        """A transaction is on disk."""
        self._commits.observe(seconds)
        self._batches.observe(operations)

    def failed(self, error: str) -> None:
        """A transaction failed with an error of SQLite's, by the name of its class."""
        self._store_errors[STORE_CAUSES.get(error, "other")].inc()

    def warned(self, level: str) -> None:
        """A line was logged that an operator should look at."""
        self._warnings[level].inc()

    def watch(self, queue: "RetryQueue", database: Path) -> None:
        """Exports the store from now on, and counts this process's warnings."""
        self.registry.register(StoreCollector(queue.snapshot, database))
        logging.getLogger().addHandler(WarningCounter(self))

    async def sample_loop(self) -> None:
        """Samples the event loop's lag until it is cancelled."""
        while True:
            began = time.perf_counter()
            await asyncio.sleep(LAG_SAMPLE_SECONDS)
            self._lag.observe(max(0.0, time.perf_counter() - began - LAG_SAMPLE_SECONDS))

    # -- objects from the registry -----------------------------------------------------------------------------

    def _counter(self, metric: Metric) -> Counter:
        return Counter(metric.name, metric.help, [*metric.labels], registry=self.registry)

    def _histogram(self, metric: Metric) -> Histogram:
        return Histogram(metric.name, metric.help, [*metric.labels], registry=self.registry, buckets=metric.buckets)

    def _children(self, metric: Metric) -> Children[Any]:
        (values,) = metric.labels.values()
        assert values
        parent = (self._histogram if metric.kind is Kind.HISTOGRAM else self._counter)(metric)
        return Children({value: parent.labels(value) for value in values})


class WarningCounter(logging.Handler):
    """Counts the log lines that an operator should look at."""

    def __init__(self, metrics: WebMetrics) -> None:
        super().__init__(logging.WARNING)
        self._metrics = metrics

    def emit(self, record: logging.LogRecord) -> None:
        self._metrics.warned(record.levelname.lower())


class StoreCollector(Collector):
    """The durable totals and the present state of the store, read at each scrape by the metrics thread.

    While the store cannot be read its series are left out and `recado_store_readable` is 0.
    """

    def __init__(self, snapshot: "Callable[[], Snapshot]", database: Path) -> None:
        self._snapshot = snapshot
        self._database = database

    def collect(self) -> Iterator[Any]:
        yield from self._files()
        try:
            snapshot = self._snapshot()
        except Exception as error:  # a scrape must bring the rest, whatever is wrong with the store
            logging.getLogger(__name__).warning(
                "the store could not be read for a scrape",
                extra={"action": "store.unreadable", "error": type(error).__name__},
            )
            yield _gauge(metrics.STORE_READABLE, [((), 0.0)])
            return
        yield _gauge(metrics.STORE_READABLE, [((), 1.0)])
        yield from self._state(snapshot)
        yield from self._totals(snapshot)

    def _files(self) -> Iterator[Any]:
        try:
            usage = shutil.disk_usage(self._database.parent)
            sizes = [
                ((name,), float(path.stat().st_size) if path.exists() else 0.0)
                for name, path in (
                    ("database", self._database),
                    ("wal", self._database.with_name(self._database.name + "-wal")),
                )
            ]
        except OSError:
            return
        yield _gauge(metrics.VOLUME_FREE, [((), float(usage.free))])
        yield _gauge(metrics.VOLUME_SIZE, [((), float(usage.total))])
        yield _gauge(metrics.STORE_SIZE, sizes)

    @staticmethod
    def _state(snapshot: "Snapshot") -> Iterator[Any]:
        yield _gauge(metrics.QUEUE_ROWS, [((s,), float(snapshot.rows.get(s, 0))) for s in metrics.STATES])
        yield _gauge(metrics.OLDEST_DUE_AGE, [((), snapshot.oldest_due_seconds)])
        reasons = metrics.BREAKER_OPEN.labels["reason"] or ()
        yield _gauge(
            metrics.BREAKER_OPEN,
            [
                ((number, reason), float(breaker.open_reason == reason))
                for number, breaker in snapshot.breakers.items()
                for reason in reasons
            ],
        )
        for metric, name in (
            (metrics.DRAIN_LAST_START, "drain_started_at"),
            (metrics.DRAIN_LAST_SUCCESS, "drain_succeeded_at"),
            (metrics.STORE_CREATED, "created_at"),
        ):
            at = snapshot.instants.get(name)
            yield _gauge(metric, [((), at)] if at is not None else [])

    @staticmethod
    def _totals(snapshot: "Snapshot") -> Iterator[Any]:
        rows: dict[str, dict[tuple[str, ...], float]] = {}
        for (name, labels), value in snapshot.totals.items():
            rows.setdefault(name, {})[labels] = value
        for metric in metrics.REGISTRY:
            if metric.source is not Source.STORE or metric.kind is Kind.GAUGE:
                continue
            bounds = {"phone_number_id": tuple(snapshot.breakers)}
            known = itertools.product(*(values or bounds[label] for label, values in metric.labels.items()))
            if metric.kind is Kind.HISTOGRAM:
                yield _histogram(metric, known, rows.get(metric.name, {}))
            else:
                yield _counter(metric, known, rows.get(metric.name, {}))


def _gauge(metric: Metric, values: Iterable[tuple[tuple[str, ...], float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(metric.name, metric.help, labels=[*metric.labels])
    for labels, value in values:
        family.add_metric(labels, value)
    return family


def _counter(
    metric: Metric, known: Iterable[tuple[str, ...]], rows: dict[tuple[str, ...], float]
) -> CounterMetricFamily:
    family = CounterMetricFamily(metric.name, metric.help, labels=[*metric.labels])
    for labels, value in (dict.fromkeys(known, 0.0) | rows).items():
        family.add_metric(labels, value)
    return family


def _histogram(
    metric: Metric, known: Iterable[tuple[str, ...]], rows: dict[tuple[str, ...], float]
) -> HistogramMetricFamily:
    family = HistogramMetricFamily(metric.name, metric.help, labels=[*metric.labels])
    for labels in dict.fromkeys([*known, *(labels[:-1] for labels in rows)]):
        counts = itertools.accumulate(rows.get((*labels, edge), 0.0) for edge in metric.edges)
        buckets = list(zip(metric.edges, counts, strict=True))
        family.add_metric(labels, buckets, rows.get((*labels, SUM), 0.0))
    return family


def serve_metrics(host: str, port: int, registry: CollectorRegistry) -> Callable[[], None]:
    """Serves `/metrics` from threads of its own; what is returned ends that. OpenMetrics for those who ask for it.

    Raises OSError when the port cannot be had.
    """
    server, thread = prometheus_client.start_http_server(port, host, registry)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop
