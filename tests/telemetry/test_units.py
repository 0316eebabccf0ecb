"""The parts of telemetry: registry, totals, exposition, logs, tracing."""

import ast
import io
import json
import logging
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.openmetrics.parser import text_string_to_metric_families

import recado
from recado.conversation import ReplyKind, Silence
from recado.events.facts import TYPES
from recado.http.metrics_port import serve_metrics
from recado.orders import OrderState, QuoteState
from recado.orders import Source as QuoteSource
from recado.orders.amend import Edit
from recado.outcome import Outcome, Scope
from recado.queue.errors import StoreUnavailable
from recado.queue.exposition import StoreCollector
from recado.queue.model import Reason, Restraint, State
from recado.queue.policy import Breaker
from recado.queue.protocol import EndpointReading, Snapshot
from recado.queue.statements import Server, Sizes, Volume
from recado.quotes.catalogue import ReloadOutcome
from recado.settings import Settings
from recado.simulator.installation import free_port
from recado.telemetry import conventions, metrics, tracing
from recado.telemetry import logging as logs
from recado.telemetry.exposition import WebMetrics
from recado.telemetry.metrics import REGISTRY, Kind, Source
from recado.telemetry.totals import SUM, Totals
from recado.whatsapp import errors
from recado.whatsapp.notices import Event
from recado.whatsapp.payloads import MessageType, StatusKind
from recado.whatsapp.signature import SignatureProblem

# -- the registry ------------------------------------------------------------------------------------------------------


def test_names_follow_prometheus_rules() -> None:
    """Prefix, unit as suffix, `_total` on counters only, `_info` on the info."""
    assert len({metric.name for metric in REGISTRY}) == len(REGISTRY)
    for metric in REGISTRY:
        assert re.fullmatch(r"recado_[a-z_]+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
        assert metric.name.endswith("_info") == (metric.kind is Kind.INFO)
        assert bool(metric.buckets) == (metric.kind is Kind.HISTOGRAM)
        assert list(metric.buckets) == sorted(metric.buckets)
        assert metric.help.endswith(".")


def test_objectives_are_edges() -> None:
    """The objectives' limits are bucket edges, so that they can be measured exactly."""
    assert 0.25 in metrics.WEBHOOK_DURATION.buckets
    assert {0.25, 1.0, 300.0, 86400.0} <= set(metrics.DELIVERY_AGE.buckets)


ERROR_CLASSES = {
    kind.error_class for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.GraphError)
}


@pytest.mark.parametrize(
    ("metric", "label", "values"),
    [
        (metrics.ATTEMPTS, "outcome", set(Outcome) - {Outcome.ENDED}),
        (metrics.EVENT_ATTEMPTS, "outcome", set(Outcome) - {Outcome.PERMANENT}),
        (metrics.EVENT_DELIVERIES, "outcome", {State.DELIVERED, State.FAILED, State.DISCARDED}),
        (metrics.EVENTS, "type", set(TYPES)),
        (metrics.NOTICE_ATTEMPTS, "outcome", set(Outcome) - {Outcome.ENDED}),
        (metrics.NOTICES, "outcome", {State.DELIVERED, State.FAILED, State.DISCARDED}),
        (metrics.ATTEMPTS, "error_class", ERROR_CLASSES | {"none"}),
        (metrics.FINISHED, "outcome", {State.DELIVERED, State.FAILED, State.DISCARDED}),
        (metrics.FAILED_REASONS, "reason", set(Reason) - {Reason.SUPERSEDED}),
        (metrics.QUEUE_ROWS, "state", set(State)),
        (metrics.THROTTLED, "scope", set(Scope) - {Scope.MESSAGE}),
        (metrics.QUOTES, "outcome", {"opened"} | set(QuoteState) - {QuoteState.OPEN}),
        (metrics.QUOTES, "source", set(QuoteSource)),
        (metrics.ORDERS, "state", set(OrderState)),
        (metrics.EDITS, "edit", set(Edit)),
        (metrics.ORDERS, "source", set(QuoteSource)),
        (metrics.SIGNATURE_FAILURES, "reason", set(SignatureProblem)),
        (metrics.MESSAGES, "type", set(MessageType)),
        (metrics.STATUSES, "kind", set(StatusKind)),
        (metrics.UNANSWERED, "reason", {*Silence, *Restraint}),
        (metrics.ACCOUNT_NOTICES, "event", set(Event)),
        (metrics.REPLIES, "kind", set(ReplyKind)),
        (metrics.CATALOGUE_RELOADS, "outcome", {r.value for r in ReloadOutcome} - {"unchanged"}),
    ],
    ids=lambda x: x.name if isinstance(x, metrics.Metric) else None,
)
def test_label_values_are_the_codes_own(metric: metrics.Metric, label: str, values: set[str]) -> None:
    """The registry allows exactly the values that the code uses."""
    assert set(metric.labels[label] or ()) == {str(getattr(value, "value", value)) for value in values}


def test_names_are_written_in_one_place() -> None:
    """No other module of the service spells a metric's name."""
    root = Path(recado.__file__).parent
    names = {series for metric in REGISTRY for series in metric.series}
    for path in root.rglob("*.py"):
        if path.name == "metrics.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in names, f"{path}: {node.value}"


def test_the_registry_is_light() -> None:
    """A drain imports it before its first claim, so it imports nothing heavy."""
    script = (
        "import sys; from recado.telemetry import metrics, totals, tracing, logging;"
        "print([m for m in ('prometheus_client', 'opentelemetry', 'fastapi', 'httpx') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


# -- totals ------------------------------------------------------------------------------------------------------------


def test_totals_add_up() -> None:
    """Counters are by label values; histograms have a row for each bucket and one for the sum; merging adds."""
    totals = Totals()
    totals.inc(metrics.ATTEMPTS, "delivered", "none")
    totals.observe(metrics.DELIVERY_AGE, 0.25)
    totals.observe(metrics.DELIVERY_AGE, 1e9)
    other = Totals()
    other.inc(metrics.ATTEMPTS, "delivered", "none", by=2)
    totals.merge(other)
    rows = {(name, labels): value for name, labels, value in totals.items()}
    assert rows == {
        (metrics.ATTEMPTS.name, ("delivered", "none")): 3,
        (metrics.DELIVERY_AGE.name, ("0.25",)): 1,
        (metrics.DELIVERY_AGE.name, ("+Inf",)): 1,
        (metrics.DELIVERY_AGE.name, (SUM,)): 0.25 + 1e9,
    }


# -- exposition --------------------------------------------------------------------------------------------------------


VOLUME = Volume(5.0, 9.0)
SERVER = Server(7.0, 8.0, {"synchronous": 1.0, "asynchronous": 0.0}, 3.0, -2.0)


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
            breakers={"106": Breaker(open_reason="outage", opened_at=1.0, probe_at=2.0)},
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
            sizes=Sizes({"database": 100.0, "wal": 0.0}, self.volume, SERVER),
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


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    """The root logger, restored afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:], root.level = handlers, level
    logs._direct = None
    logging.captureWarnings(False)


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


# -- logs --------------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_is_one_json_object(root_logger: logging.Logger) -> None:
    """Time in UTC, level, action, message, logger, and the extras flattened."""
    stream = io.StringIO()
    logs.configure("info", stream)
    logging.getLogger("recado.test").warning("it is %s", "late", extra={"action": "test.late", "seconds": 1.5})
    line = json.loads(stream.getvalue())
    assert abs(time.time() - msgspec.convert(line.pop("ts"), type=__import__("datetime").datetime).timestamp()) < 60
    assert line == {
        "level": "warning",
        "action": "test.late",
        "message": "it is late",
        "logger": "recado.test",
        "seconds": 1.5,
    }


def test_wide_lines_look_like_all_others(root_logger: logging.Logger) -> None:
    """Lines without a LogRecord have the same fields as others."""
    stream = io.StringIO()
    logs.configure("info", stream)
    log = logging.getLogger("recado.test")
    logs.wide(log, "test.done", "done", {"outcome": "ok"})
    log.info("done", extra={"action": "test.done", "outcome": "ok"})
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first.keys() == second.keys()
    assert {**first, "ts": ""} == {**second, "ts": ""}


def test_the_level_is_kept(root_logger: logging.Logger) -> None:
    """Nothing below the level is written, by either way."""
    stream = io.StringIO()
    logs.configure("warning", stream)
    log = logging.getLogger("recado.test")
    log.info("quiet")
    logs.wide(log, "test.done", "quiet", {})
    assert stream.getvalue() == ""


def test_an_exception_is_part_of_its_line(root_logger: logging.Logger) -> None:
    """A traceback does not break the line."""
    stream = io.StringIO()
    logs.configure("info", stream)
    try:
        raise ValueError("oh")
    except ValueError:
        logging.getLogger("recado.test").exception("broken", extra={"action": "test.broken"})
    (line,) = stream.getvalue().splitlines()
    assert "ValueError: oh" in json.loads(line)["exception"]


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["json", "terminal"])
def test_secrets_are_blanked(root_logger: logging.Logger, stream: io.StringIO) -> None:
    """Configured secrets, and everything that looks like one."""
    logs.configure("info", stream, secrets=["hunter2-hunter2", ""])
    log = logging.getLogger("recado.test")
    log.warning(
        "GET /?hub.verify_token=abc123&x=1 Bearer abcdef EAAG0123456789abcdefgh http://u:s3cr3t@c:4318/v1",
        extra={"url": "hunter2-hunter2"},
    )
    logs.wide(log, "test.done", "hunter2-hunter2", {})
    text = stream.getvalue()
    assert "x=1" in text
    for secret in ("abc123", "abcdef", "EAAG", "s3cr3t", "hunter2"):
        assert secret not in text


def test_a_terminal_gets_lines_for_people(root_logger: logging.Logger) -> None:
    """Time, level, message, extras; no braces."""
    stream = Terminal()
    logs.configure("info", stream)
    logging.getLogger("recado.test").info("drain finished", extra={"action": "drain.finished", "failed": 0})
    assert re.fullmatch(r"\d\d:\d\d:\d\d info    drain finished  action=drain.finished failed=0\n", stream.getvalue())


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["json", "terminal"])
def test_no_line_commands_a_terminal(root_logger: logging.Logger, stream: io.StringIO) -> None:
    """Control characters of other people's text are escaped, in messages, extras and tracebacks; it starts no new
    line."""
    commands = "\x1b[2J\x07\x7f\x9b\u061c\u200e\u2028\u202e\u2066"
    logs.configure("info", stream)
    log = logging.getLogger("recado.test")
    logs.wide(log, "test.done", f"done{commands}", {"title": f"a\nb{commands}"})
    log.error("no %s", commands, extra={"title": f"a\nb{commands}"})
    lines = stream.getvalue().splitlines()
    try:
        raise ValueError(commands)
    except ValueError:
        log.exception("broken")
    assert len(lines) == 2
    assert not {*commands} & {*stream.getvalue()} - {*"[2J"}
    assert stream.getvalue().count(r"\u202e") == 5
    if not stream.isatty():
        assert json.loads(lines[1])["title"] == f"a\nb{commands}"


# -- tracing -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Tracing is on and samples everything; the spans are in memory after tracing is stopped."""
    exporter = InMemorySpanExporter()
    stop = tracing.configure("test", {}, exporter)
    yield exporter
    stop()


def finished(exporter: InMemorySpanExporter) -> dict[str, Any]:
    assert tracing._tracing
    tracing._tracing._provider.force_flush()
    return {span.name: span for span in exporter.get_finished_spans()}


def test_off_is_free() -> None:
    """Without a collector nothing is imported, no span is recorded, and rows have no traceparent."""
    assert tracing.configure("serve", {})() is None
    with tracing.webhook("/x", [(b"traceparent", b"00-" + b"1" * 32 + b"-" + b"2" * 16 + b"-01")]) as span:
        assert span is tracing.OFF
        assert tracing.enqueue() is tracing.OFF
        assert tracing.enqueue().traceparent is None
        assert tracing.current_ids() is None
        assert tracing.exemplar() is None
        assert tracing.current() is tracing.OFF
    traceparent = "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
    assert tracing.attempt(traceparent, 1, 1) is tracing.OFF
    assert tracing.moved(traceparent, 1001, "accepted", "done") is tracing.OFF


def test_what_is_not_sampled_stays_so(spans: InMemorySpanExporter) -> None:
    """A webhook that is not sampled gives its rows no traceparent, so their attempts are not recorded."""
    assert tracing._tracing
    tracing._tracing._ratio = 0.0
    with tracing.webhook("/x", []) as span:
        assert span is tracing.OFF
        row = tracing.enqueue().traceparent
    with tracing.drain_run(), tracing.attempt(row, 1, 2) as attempt:
        assert attempt is tracing.OFF
        assert tracing.graph_call(attempt, 1) is tracing.OFF
        assert tracing.settle(attempt) is tracing.OFF
    assert finished(spans) == {}


def test_an_attempt_outlives_a_run_that_is_not_sampled(spans: InMemorySpanExporter) -> None:
    """The webhook's decision counts: its attempt is recorded in any run, as a root with a link."""
    with tracing.webhook("/x", []):
        row = tracing.enqueue().traceparent
    assert tracing._tracing
    tracing._tracing._ratio = 0.0
    with tracing.drain_run() as run, tracing.attempt(row, 1, 2):
        assert run is tracing.OFF
    attempt = finished(spans)["process outbox"]
    assert attempt.parent is None
    assert f"{attempt.links[0].context.span_id:016x}" == str(row).split("-")[2]


def test_an_exception_marks_the_span_and_goes_on(spans: InMemorySpanExporter) -> None:
    """With the error's class, never with its message."""
    with pytest.raises(ValueError, match="private"), tracing.webhook("/x", []):
        raise ValueError("private")
    span = finished(spans)["POST /x"]
    assert span.attributes[conventions.ERROR_TYPE] == "ValueError"
    assert not span.events
    assert not span.status.is_ok
    assert "private" not in span.to_json()


@pytest.mark.parametrize("given", [b"", b"nonsense", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01", b"\xff"])
def test_a_bad_traceparent_is_no_link(spans: InMemorySpanExporter, given: bytes) -> None:
    """An invalid header has no effect."""
    with tracing.webhook("/x", [(b"traceparent", given)]):
        pass
    assert not finished(spans)["POST /x"].links


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, False),
    ],
)
def test_the_standard_variables_switch_it_on(environment: dict[str, str], expected: bool) -> None:
    """Off by default; on by an exporter or an endpoint."""
    assert tracing.wanted(environment) is expected


@pytest.mark.parametrize(
    ("sampler", "argument", "expected"),
    [
        ("", "", 1.0),
        ("always_off", "", 0.0),
        ("traceidratio", "0.01", 0.01),
        ("parentbased_traceidratio", "0.25", 0.25),
        ("traceidratio", "7", 1.0),
        ("traceidratio", "much", 1.0),
        ("jaeger_remote", "", 1.0),
    ],
)
def test_the_standard_variables_choose_the_share(sampler: str, argument: str, expected: float) -> None:
    """As in the SDK: with an unknown value everything is sampled."""
    environment = {"OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": argument}
    assert tracing.sampling_ratio(environment) == expected


@pytest.mark.parametrize(
    "variable",
    [
        "OTEL_BSP_MAX_QUEUE_SIZE=256",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=4096",
        "OTEL_BSP_SCHEDULE_DELAY=0",
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=unlimited",
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT=1k",
    ],
)
def test_a_variable_that_the_sdk_does_not_like_stops_nothing(
    variable: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It causes one warning that names the variable, and no traces."""
    name, _, value = variable.partition("=")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv(name, value)
    stop = tracing.configure("test")
    assert tracing.webhook("/x", []) is tracing.OFF
    stop()
    (warning,) = caplog.records
    assert warning.levelname == "WARNING"
    assert warning.__dict__["action"] == "tracing.unusable"
    assert name in warning.__dict__["variables"]


@pytest.mark.parametrize(
    ("environment", "wanted", "warned"),
    [
        ({"OTEL_TRACES_EXPORTER": "otlp,console"}, True, "OTEL_TRACES_EXPORTER"),
        ({"OTEL_TRACES_EXPORTER": "console", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, False, "OTEL_TRACES_EXPORTER"),
        ({"OTEL_TRACES_EXPORTER": " otlp , none"}, True, ""),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, True, "OTEL_EXPORTER_OTLP_PROTOCOL"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True, ""),
        (
            {
                "OTEL_TRACES_EXPORTER": "otlp",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
            },
            True,
            "",
        ),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, False, ""),
    ],
)
def test_what_is_asked_for_and_not_there_is_said(
    environment: dict[str, str], wanted: bool, warned: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It causes one warning; recado uses what it supports."""
    assert tracing.wanted(environment) is wanted
    assert [warned in record.message for record in caplog.records] == [True] * bool(warned)


class SilentCollector(InMemorySpanExporter):
    """Accepts spans and does not respond until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.may_respond, self.responded = threading.Event(), threading.Event(), threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.asked.set()
        self.may_respond.wait(60)
        self.responded.set()
        return super().export(spans)


def test_stopping_does_not_wait_for_a_collector_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A drain ends even if no collector accepts its spans."""
    monkeypatch.setattr(tracing, "FLUSH_SECONDS", 0.01)
    collector = SilentCollector()
    stop = tracing.configure("test", {}, collector)
    with tracing.webhook("/x", []):
        pass
    stop()
    assert not collector.responded.is_set()
    assert collector.asked.wait(60)
    collector.may_respond.set()
    assert collector.responded.wait(60)


def test_every_metric_of_the_store_is_counted_by_it() -> None:
    """Each durable total is written in the queue or the drain."""
    root = Path(recado.__file__).parent
    text = "\n".join(path.read_text() for path in root.rglob("*.py") if path.parent.name != "telemetry")
    constants = {value.name: name for name, value in vars(metrics).items() if isinstance(value, metrics.Metric)}
    for metric in REGISTRY:
        if metric.source is Source.STORE and metric.kind is not Kind.GAUGE:
            assert f"metrics.{constants[metric.name]}" in text, metric.name


def test_every_action_is_documented() -> None:
    """docs/traces-and-logs.md lists each action that the code logs, and none that it does not."""
    root = Path(recado.__file__).parent
    pattern = re.compile(r'"action": "([a-z_]+\.[a-z_]+)"|wide\(log, "([a-z_.]+)"')
    text = "\n".join(path.read_text() for path in root.rglob("*.py"))
    logged = {one or other for one, other in pattern.findall(text)}
    page = (root.parent.parent / "docs" / "traces-and-logs.md").read_text()
    assert set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", page, re.MULTILINE)) == logged
