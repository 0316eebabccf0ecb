"""The registry's metrics as Prometheus reads them, and the metrics port.

`WebMetrics` is what the web pod's code calls: methods named after what happened, a microsecond at most each.
`StoreCollector` exports the durable totals and the state of the queue at each scrape.
"""

import asyncio
import itertools
import logging
import platform
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw
import prometheus_client
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

from recado import __version__
from recado.telemetry import metrics, tracing
from recado.telemetry.metrics import Kind, Metric, Source
from recado.telemetry.totals import SUM, Key, Totals

if TYPE_CHECKING:
    from recado.conversation import Reply
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

#: Parts of a webhook that have a value of their own; what Meta may grow is counted as `other`.
KNOWN_PARTS = frozenset(metrics.IGNORED.labels["part"] or ())


class WebMetrics:
    """What one web pod counts; it also observes the store's commits. Tests use one of their own each.

    Events are gathered as the store's are, in a dictionary: half the price of the client library's objects, whose locks
    are not needed, since each metric is counted by one thread only.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._totals = Totals()
        self._exemplars: dict[tuple[str, ...], Exemplar] = {}
        self._in_progress: Callable[[], int] = int
        ProcessCollector(registry=self.registry)
        self.registry.register(ProcessTotals(self._families))

    # -- the webhook -------------------------------------------------------------------------------------------

    def webhook_answered(self, outcome: str, seconds: float) -> None:
        """A webhook was answered; the trace it belongs to, if it is sampled, becomes the exemplar."""
        edge = self._totals.observe(metrics.WEBHOOK_DURATION, seconds, outcome)
        if exemplar := tracing.exemplar():
            self._exemplars[outcome, edge] = Exemplar(exemplar, seconds, time.time())

    def payload_received(self, size: int) -> None:
        """An authentic webhook of `size` bytes."""
        self._totals.observe(metrics.PAYLOAD_BYTES, size)

    def signature_failed(self, reason: str) -> None:
        self._totals.inc(metrics.SIGNATURE_FAILURES, reason)

    def rate_limited(self, kind: str) -> None:
        """A limit was hit, by an `address` or a `customer`."""
        self._totals.inc(metrics.RATE_LIMITED, kind)

    def message(self, type_: str) -> None:
        """A customer's message arrived."""
        self._totals.inc(metrics.MESSAGES, type_)

    def duplicate(self) -> None:
        """Meta brought a message that had been acknowledged before."""
        self._totals.inc(metrics.DUPLICATES)

    def status(self, kind: str) -> None:
        """A status of one of our replies arrived."""
        self._totals.inc(metrics.STATUSES, kind)

    def ignored(self, reason: str) -> None:
        """A part of a webhook was not read; `reason` is the part, a colon and more about it."""
        part = reason.partition(":")[0]
        self._totals.inc(metrics.IGNORED, part if part in KNOWN_PARTS else "other")

    def account_error(self) -> None:
        """Meta reported an error of the account."""
        self._totals.inc(metrics.ACCOUNT_ERRORS)

    def unanswered(self, reason: str) -> None:
        """A message was acknowledged and gets no reply."""
        self._totals.inc(metrics.UNANSWERED, reason)

    def in_progress(self, count: Callable[[], int]) -> None:
        """Where to look how many webhooks are being handled."""
        self._in_progress = count

    def handshake(self, outcome: str) -> None:
        self._totals.inc(metrics.HANDSHAKES, outcome)

    def admin_refused(self) -> None:
        self._totals.inc(metrics.ADMIN_REFUSALS)

    # -- quotes ------------------------------------------------------------------------------------------------

    def replied(self, reply: "Reply") -> None:
        """A message got a reply, perhaps with a quote."""
        self._totals.inc(metrics.ANSWERS, reply.kind.value)
        if (quote := reply.quote) is None:
            return
        outcome = "none" if not quote.items else "partial" if quote.unmatched else "complete"
        self._totals.inc(metrics.QUOTES, outcome)
        if quote.unmatched:
            self._totals.inc(metrics.UNMATCHED, by=len(quote.unmatched))
        for line in quote.items:
            self._totals.observe(metrics.QUOTE_CONFIDENCE, line.confidence)

    def catalogue_checked(self, outcome: "ReloadOutcome") -> None:
        """The catalogue's file was looked at; `unchanged` is not counted."""
        if outcome.value in (metrics.CATALOGUE_RELOADS.labels["outcome"] or ()):
            self._totals.inc(metrics.CATALOGUE_RELOADS, outcome.value)

    # -- store and runtime -------------------------------------------------------------------------------------

    def committed(self, seconds: float, operations: int) -> None:
        """A transaction is on disk; told by the writer's thread."""
        self._totals.observe(metrics.STORE_DURATION, seconds)
        self._totals.observe(metrics.STORE_BATCH, operations)

    def failed(self, error: str) -> None:
        """A transaction failed with an error of SQLite's, by the name of its class; told by the writer's thread."""
        self._totals.inc(metrics.STORE_ERRORS, STORE_CAUSES.get(error, "other"))

    def warned(self, level: str) -> None:
        """A line was logged that an operator should look at."""
        self._totals.inc(metrics.WARNINGS, level)

    def watch(self, queue: "RetryQueue", database: Path) -> None:
        """Exports the store from now on, and counts this process's warnings."""
        self.registry.register(StoreCollector(queue.snapshot, database))
        logging.getLogger().addHandler(WarningCounter(self))

    async def sample_loop(self) -> None:
        """Samples the event loop's lag until it is cancelled."""
        while True:
            began = time.perf_counter()
            await asyncio.sleep(LAG_SAMPLE_SECONDS)
            self._totals.observe(metrics.LOOP_LAG, max(0.0, time.perf_counter() - began - LAG_SAMPLE_SECONDS))

    def _families(self) -> Iterator[Any]:
        """Everything that was counted so far, for a scrape."""
        yield from _families(Source.PROCESS, self._totals.snapshot(), {}, dict(self._exemplars))
        yield _gauge(metrics.IN_FLIGHT, [((), float(self._in_progress()))])
        versions = (__version__, platform.python_version(), apsw.sqlite_lib_version())
        yield _gauge(metrics.BUILD, [(versions, 1.0)])


class ProcessTotals(Collector):
    """What a web pod counted, as the client library asks for it."""

    def __init__(self, families: Callable[[], Iterator[Any]]) -> None:
        self._families = families

    def collect(self) -> Iterator[Any]:
        return self._families()


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
        bounds = {"phone_number_id": tuple(snapshot.breakers)}
        yield from _families(Source.STORE, snapshot.totals, bounds, {})

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
            (metrics.BACKUP_LAST_SUCCESS, "backup_succeeded_at"),
            (metrics.RESTORE_DRILL_LAST_SUCCESS, "restore_drill_succeeded_at"),
            (metrics.STORE_CREATED, "created_at"),
        ):
            at = snapshot.instants.get(name)
            yield _gauge(metric, [((), at)] if at is not None else [])


def _families(
    source: Source,
    totals: Mapping[Key, float],
    bounds: dict[str, tuple[str, ...]],
    exemplars: dict[tuple[str, ...], Exemplar],
) -> Iterator[Any]:
    """All counters and histograms of a source, those that counted nothing included. `bounds` are the values of labels
    that the configuration bounds; `exemplars` are the webhook's, by outcome and edge.
    """
    rows: dict[str, dict[tuple[str, ...], float]] = {}
    for (name, labels), value in totals.items():
        rows.setdefault(name, {})[labels] = value
    for metric in metrics.REGISTRY:
        if metric.source is not source:
            continue
        known = itertools.product(*(values or bounds.get(label, ()) for label, values in metric.labels.items()))
        if metric.kind is Kind.HISTOGRAM:
            yield _histogram(metric, known, rows.get(metric.name, {}), exemplars)
        elif metric.kind is Kind.COUNTER:
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
