"""What a scrape of a pod returns."""

import logging
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from recado.http.metrics_port import serve_metrics
from recado.queue.errors import StoreUnavailable
from recado.queue.operations.lanes import Breaker, OpenReason
from recado.queue.protocol import EndpointReading, Snapshot
from recado.queue.statements import ServerState, StoreSizes, Volume
from recado.queue.store_metrics import StoreCollector
from recado.settings import Settings
from recado.simulator.installation import free_port
from recado.telemetry import metrics
from recado.telemetry.metrics import REGISTRY
from recado.telemetry.totals import Totals
from recado.telemetry.web_metrics import WebMetrics

VOLUME = Volume(5.0, 9.0)
SERVER = ServerState(7.0, 8.0, {"synchronous": 1.0, "asynchronous": 0.0}, 3.0, -2.0)


class Store:
    """A store with the given data, or one that cannot be read."""

    def __init__(self, totals: Totals | None = None, volume: Volume | None = VOLUME) -> None:
        self.totals, self.volume = totals, volume

    def snapshot(self) -> Snapshot:
        if self.totals is None:
            raise StoreUnavailable("gone")
        return Snapshot(
            totals={(name, labels): value for name, labels, value in self.totals.items()},
            rows={"queued": 3},
            oldest_due_seconds=7.0,
            oldest_placed_seconds=0.0,
            breakers={"106": Breaker(open_reason=OpenReason.OUTAGE, opened_at=1.0, probe_at=2.0)},
            endpoints={"crm": EndpointReading(breaker=Breaker(), waiting=3, oldest_seconds=9.0)},
            targets=("slack",),
            instants={
                "created_at": 1.0,
                "drain_started_at": 2.0,
                "drain_succeeded_at": 3.0,
                "backup_succeeded_at": 4.0,
                "restore_drill_succeeded_at": 5.0,
                "account_stopped_at": 6.0,
                "account_threatened_at": 0.0,
            },
            sizes=StoreSizes({"database": 100.0, "wal": 0.0}, self.volume, SERVER),
        )


def scrape(web: WebMetrics) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """A scrape over HTTP as OpenMetrics, parsed by the client library's own strict parser."""
    port = free_port()
    stop = serve_metrics(Settings(metrics_port=port), web.registry)
    try:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/metrics", headers={"Accept": "application/openmetrics-text"}
        )
        with urllib.request.urlopen(request) as answer:
            assert answer.headers["content-type"].startswith("application/openmetrics-text")
            text = answer.read().decode()
    finally:
        stop()
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text):  # type: ignore[no-untyped-call]  # the library has no types
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def test_everything_is_exported_from_the_start(root_logger: logging.Logger) -> None:
    """At the start, each metric has its series at zero, and no `_created` series."""
    web = WebMetrics()
    web.registry.register(StoreCollector(Store(Totals()).snapshot))
    found = scrape(web)
    # Their currencies, templates and errors are known once there is one.
    known_later = {metrics.ORDER_VALUE, metrics.QUOTE_VALUE, metrics.TEMPLATES, metrics.TEMPLATE_ATTEMPTS}
    known_later |= {metrics.TEMPLATE_PAUSED, metrics.VOICE_ATTEMPTS}
    missing = [
        name for metric in REGISTRY if metric not in known_later for name in metric.series if not found.get(name)
    ]
    assert missing == []
    assert not [name for name in found if name.endswith("_created")]
    assert found[metrics.WEBHOOK_DURATION.name + "_count"][(("outcome", "accepted"),)] == 0
    assert found[metrics.STORE_SIZE.name] == {(("file", "database"),): 100, (("file", "wal"),): 0}
    assert found[metrics.DRAIN_LAST_SUCCESS.name] == {(): 3.0}
    assert found[metrics.BACKUP_LAST_SUCCESS.name] == {(): 4.0}
    assert found[metrics.BREAKER_OPEN.name][(("phone_number_id", "106"), ("reason", "outage"))] == 1
    assert found[metrics.EVENT_BACKLOG.name] == {(("endpoint", "crm"),): 3.0}
    assert found[metrics.EVENT_OLDEST_AGE.name] == {(("endpoint", "crm"),): 9.0}
    assert found[metrics.EVENT_ENDPOINT_HELD.name][(("endpoint", "crm"), ("reason", "ended"))] == 0.0


def test_totals_of_the_store_are_exported(root_logger: logging.Logger) -> None:
    """Counters as they are, histograms cumulative."""
    totals = Totals()
    totals.inc(metrics.FINISHED, "delivered", by=5)
    for age in (0.2, 0.3, 400.0):
        totals.observe(metrics.DELIVERY_AGE, age)
    web = WebMetrics()
    web.registry.register(StoreCollector(Store(totals).snapshot))
    found = scrape(web)
    assert found[metrics.FINISHED.name][(("outcome", "delivered"),)] == 5
    buckets = found[metrics.DELIVERY_AGE.name + "_bucket"]
    assert [buckets[(("le", edge),)] for edge in ("0.1", "0.25", "0.5", "300.0", "600.0", "+Inf")] == [0, 1, 2, 2, 3, 3]
    assert found[metrics.DELIVERY_AGE.name + "_sum"] == {(): 400.5}


def test_a_store_that_cannot_be_read_does_not_spoil_the_scrape(root_logger: logging.Logger) -> None:
    """Its series are missing, `recado_store_readable` is 0, and everything else is exported."""
    web = WebMetrics()
    web.registry.register(StoreCollector(Store(None).snapshot))
    found = scrape(web)
    assert found[metrics.STORE_READABLE.name] == {(): 0.0}
    assert metrics.FINISHED.name not in found
    assert metrics.BUILD.name in found


def test_scrapes_that_come_together_read_the_store_once() -> None:
    """Two seconds later it is read again; so is a store that could not be read, at once."""
    now, reads, store = 100.0, 0, Store(Totals())

    def snapshot() -> Snapshot:
        nonlocal reads
        reads += 1
        return store.snapshot()

    collector = StoreCollector(snapshot, lambda: now)
    seen = []
    for at, there in ((100.0, True), (101.9, True), (102.0, True), (104.0, False), (104.1, False), (104.2, True)):
        now, store = at, Store(Totals() if there else None)
        names = {family.name for family in collector.collect()}
        seen.append((reads, metrics.QUEUE_ROWS.name in names))

    assert seen == [(1, True), (1, True), (2, True), (3, False), (4, False), (5, True)]


def test_an_unforeseen_value_is_counted_as_other() -> None:
    """An unknown value from Meta creates no new series and does not break a webhook."""
    web = WebMetrics()
    web.ignored("galaxies:no_id")
    web.failed("SomethingNewError")
    assert sum(scrape(web)[metrics.IGNORED.name].values()) == 1
    assert scrape(web)[metrics.STORE_ERRORS.name][(("cause", "other"),)] == 1


def test_warnings_are_counted_by_level(root_logger: logging.Logger) -> None:
    """Every line at warning or above is counted."""
    web = WebMetrics()
    web.count_warnings()
    logging.getLogger("recado.test").warning("careful")
    logging.getLogger("recado.test").error("broken")
    found = scrape(web)[metrics.WARNINGS.name]
    assert found == {(("level", "critical"),): 0, (("level", "error"),): 1, (("level", "warning"),): 1}


def test_a_database_on_a_server_has_no_volume_of_ours() -> None:
    """Only its size is exported."""
    names = {family.name for family in StoreCollector(Store(Totals(), volume=None).snapshot).collect()}
    assert metrics.STORE_SIZE.name in names
    assert metrics.VOLUME_FREE.name not in names
