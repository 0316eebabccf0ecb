"""Exports the registry's metrics to Prometheus.

The web pod's code calls the methods of `WebMetrics`, which are named after events and take a microsecond at most.
`recado.queue.store_metrics` exports what the store counts.
"""

import asyncio
import itertools
import logging
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import apsw
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

from recado import __version__
from recado.telemetry import metrics, tracing
from recado.telemetry.metric import Metric, MetricKind, Source
from recado.telemetry.totals import SUM, Key, Totals

if TYPE_CHECKING:
    from recado.quotes import Quote, ReloadOutcome

#: How often the event loop's lag is sampled.
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
    "LockNotAvailable": "busy",
    "DeadlockDetected": "busy",
    "IdleInTransactionSessionTimeout": "busy",
    "DiskFull": "full",
    "IoError": "io",
    "ReadOnlySqlTransaction": "readonly",
    "DataCorrupted": "corrupt",
    "IndexCorrupted": "corrupt",
    "OutOfMemory": "memory",
    # No connection, a lost one, or a server that refuses connections.
    "StoreUnavailable": "cannot_open",
    "OperationalError": "cannot_open",
    "InDoubtError": "cannot_open",
    "AdminShutdown": "cannot_open",
    "CrashShutdown": "cannot_open",
    "CannotConnectNow": "cannot_open",
    "TooManyConnections": "cannot_open",
}

#: Parts of a webhook with their own label value; parts that Meta adds later count as `other`.
KNOWN_PARTS = frozenset(metrics.IGNORED.labels["part"] or ())


class WebMetrics:
    """The counts of one web pod; it also observes the store's commits. Each test uses its own.

    Counts are collected in a dictionary, as in the store. That costs half as much as the client library's objects,
    whose locks are not needed because only one thread counts each metric.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._totals = Totals()
        self._exemplars: dict[tuple[str, ...], Exemplar] = {}
        self._in_progress: Callable[[], int] = int
        self._misread = 0
        self._accept_within = 0.0
        self._answer_within = 0.0
        ProcessCollector(registry=self.registry)
        self.registry.register(ProcessTotals(self._families))

    # -- the webhook -------------------------------------------------------------------------------------------

    def webhook_finished(self, outcome: str, seconds: float) -> None:
        """A webhook got its response; if its trace is sampled, it becomes the exemplar."""
        edge = self._totals.observe(metrics.WEBHOOK_DURATION, seconds, outcome)
        if exemplar := tracing.exemplar():
            self._exemplars[outcome, edge] = Exemplar(exemplar, seconds, time.time())

    def payload_received(self, size: int) -> None:
        """An authentic webhook of `size` bytes."""
        self._totals.observe(metrics.PAYLOAD_BYTES, size)

    def signature_failed(self, reason: str) -> None:
        self._totals.inc(metrics.SIGNATURE_FAILURES, reason)

    def rate_limited(self, kind: str) -> None:
        """An `address` or a `customer` exceeded a limit."""
        self._totals.inc(metrics.RATE_LIMITED, kind)

    def message(self, type_: str) -> None:
        """A customer's message arrived."""
        self._totals.inc(metrics.MESSAGES, type_)

    def duplicate(self) -> None:
        """Meta delivered a message again that had been acknowledged."""
        self._totals.inc(metrics.DUPLICATES)

    def status(self, kind: str) -> None:
        """A status of one of our replies arrived."""
        self._totals.inc(metrics.STATUSES, kind)

    def ignored(self, reason: str) -> None:
        """A part of a webhook was not read; `reason` is the part, a colon and more about it."""
        part = reason.partition(":")[0]
        self._totals.inc(metrics.IGNORED, part if part in KNOWN_PARTS else "other")

    def account_errors(self, count: int) -> None:
        """Meta reported errors of the account."""
        self._totals.inc(metrics.ACCOUNT_ERRORS, by=count)

    def message_error(self, stage: str) -> None:
        """A bug stopped the handling of one message or status."""
        self._totals.inc(metrics.MESSAGE_ERRORS, stage)

    def unanswered(self, reason: str) -> None:
        """A message was acknowledged and gets no reply."""
        self._totals.inc(metrics.UNANSWERED, reason)

    def in_progress(self, count: Callable[[], int]) -> None:
        """Sets the function that says how many webhooks are being handled."""
        self._in_progress = count

    def accept_orders_within(self, seconds: float) -> None:
        """Sets how soon the staff should accept an order."""
        self._accept_within = seconds

    def answer_handoffs_within(self, seconds: float) -> None:
        """Sets how soon a person should write to a customer who asked for one."""
        self._answer_within = seconds

    def handshake(self, outcome: str) -> None:
        self._totals.inc(metrics.HANDSHAKES, outcome)

    def admin_refused(self) -> None:
        self._totals.inc(metrics.ADMIN_REFUSALS)

    # -- quotes ------------------------------------------------------------------------------------------------

    def replied(self, kind: str, quote: "Quote | None") -> None:
        """A message got a reply of this kind, perhaps with a quote."""
        self._totals.inc(metrics.REPLIES, kind)
        if quote is None:
            return
        outcome = "none" if not quote.items else "partial" if quote.unmatched else "complete"
        self._totals.inc(metrics.READINGS, outcome)
        if quote.unmatched:
            self._totals.inc(metrics.UNMATCHED, by=len(quote.unmatched))
        for line in quote.items:
            self._totals.observe(metrics.QUOTE_CONFIDENCE, line.confidence)

    def edited(self, edit: str) -> None:
        """A customer changed a line of his open quote."""
        self._totals.inc(metrics.EDITS, edit)

    def catalogue_checked(self, outcome: "ReloadOutcome") -> None:
        """The catalogue's file was checked for a change; `unchanged` is not counted."""
        if outcome.value in (metrics.CATALOGUE_RELOADS.labels["outcome"] or ()):
            self._totals.inc(metrics.CATALOGUE_RELOADS, outcome.value)

    def catalogue_tried(self, misread: int) -> None:
        """The catalogue's names were read as orders; sets the number of names that are not read as their product."""
        self._misread = misread

    # -- store and runtime -------------------------------------------------------------------------------------

    def committed(self, seconds: float, operations: int) -> None:
        """A transaction is on disk; called by the writer's thread."""
        self._totals.observe(metrics.STORE_DURATION, seconds)
        self._totals.observe(metrics.STORE_BATCH, operations)

    def failed(self, error: str) -> None:
        """A transaction failed with an error of the database's, by its class's name; called by the writer's thread."""
        self._totals.inc(metrics.STORE_ERRORS, STORE_CAUSES.get(error, "other"))

    def counted(self, metric: Metric, *labels: str) -> None:
        """The store reports an event to count; called by any thread."""
        self._totals.inc(metric, *labels)

    def warned(self, level: str) -> None:
        """A line at warning or above was logged."""
        self._totals.inc(metrics.WARNINGS, level)

    def count_warnings(self) -> None:
        """Counts this process's warnings from now on."""
        logging.getLogger().addHandler(WarningCounter(self))

    async def sample_loop(self) -> None:
        """Samples the event loop's lag until it is cancelled."""
        while True:
            began = time.perf_counter()
            await asyncio.sleep(LAG_SAMPLE_SECONDS)
            self._totals.observe(metrics.LOOP_LAG, max(0.0, time.perf_counter() - began - LAG_SAMPLE_SECONDS))

    def _families(self) -> Iterator[Any]:
        """All counts so far, for a scrape."""
        yield from families(Source.PROCESS, self._totals.snapshot(), {}, dict(self._exemplars))
        yield gauge(metrics.HANDOFF_ANSWER_WITHIN, [((), self._answer_within)])
        yield gauge(metrics.ACCEPT_WITHIN, [((), self._accept_within)])
        yield gauge(metrics.CATALOGUE_MISREAD, [((), float(self._misread))])
        yield gauge(metrics.IN_FLIGHT, [((), float(self._in_progress()))])
        versions = (__version__, platform.python_version(), apsw.sqlite_lib_version())
        yield gauge(metrics.BUILD, [(versions, 1.0)])


class ProcessTotals(Collector):
    """A web pod's counts, as a collector of the client library."""

    def __init__(self, families: Callable[[], Iterator[Any]]) -> None:
        self._families = families

    def collect(self) -> Iterator[Any]:
        return self._families()


class WarningCounter(logging.Handler):
    """Counts log lines at warning or above."""

    def __init__(self, metrics: WebMetrics) -> None:
        super().__init__(logging.WARNING)
        self._metrics = metrics

    def emit(self, record: logging.LogRecord) -> None:
        self._metrics.warned(record.levelname.lower())


def families(
    source: Source,
    totals: Mapping[Key, float],
    bounds: dict[str, tuple[str, ...]],
    exemplars: dict[tuple[str, ...], Exemplar],
) -> Iterator[Any]:
    """All counters and histograms of a source, including those without counts. `bounds` are the values of labels that
    the configuration bounds; `exemplars` are the webhook's, by outcome and edge.
    """
    rows: dict[str, dict[tuple[str, ...], float]] = {}
    for (name, labels), value in totals.items():
        rows.setdefault(name, {})[labels] = value
    for metric in metrics.REGISTRY:
        if metric.source is not source:
            continue
        known = itertools.product(*(values or bounds.get(label, ()) for label, values in metric.labels.items()))
        if metric.kind is MetricKind.HISTOGRAM:
            yield _histogram(metric, known, rows.get(metric.name, {}), exemplars)
        elif metric.kind is MetricKind.COUNTER:
            yield _counter(metric, known, rows.get(metric.name, {}))


def gauge(metric: Metric, values: Iterable[tuple[tuple[str, ...], float]]) -> GaugeMetricFamily:
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
    metric: Metric,
    known: Iterable[tuple[str, ...]],
    rows: dict[tuple[str, ...], float],
    exemplars: dict[tuple[str, ...], Exemplar],
) -> HistogramMetricFamily:
    family = HistogramMetricFamily(metric.name, metric.help, labels=[*metric.labels])
    mine = exemplars if metric is metrics.WEBHOOK_DURATION else {}
    for labels in dict.fromkeys([*known, *(row[:-1] for row in rows)]):
        counts = itertools.accumulate(rows.get((*labels, edge), 0.0) for edge in metric.edges)
        buckets: list[Any] = [
            (edge, count, mine.get((*labels, edge))) for edge, count in zip(metric.edges, counts, strict=True)
        ]
        family.add_metric(labels, buckets, rows.get((*labels, SUM), 0.0))
    return family
