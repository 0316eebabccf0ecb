"""The real service and drain with a real Prometheus and an OTLP collector, in one run in which everything happens once.

All tests check the same run (see traffic.py).
"""

import datetime
import json
import math
import re
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from dashboards.boards import BOARDS
from dashboards.queries import shown

from recado.queue.store_metrics import CACHE_SECONDS
from recado.telemetry import metrics
from recado.telemetry.metric import Metric, MetricKind
from recado.telemetry.metrics import REGISTRY
from tests.telemetry import traffic
from tests.telemetry.otlp import OtlpReceiver, Received
from tests.telemetry.prometheus import fetch
from tests.telemetry.stack import Stack, message, wait_until, webhook

#: The maximum number of series of one web pod with one business number, regardless of its customers.
MAX_SERIES = 900
#: More than that; each of them would show if it had a series of its own.
CUSTOMERS = 1_000

#: One worker makes the run once for all tests.
pytestmark = [pytest.mark.prometheus, pytest.mark.xdist_group("observed")]

#: Metrics of a PostgreSQL server; this run's store is SQLite.
POSTGRES_ONLY = (
    metrics.DEAD_ROWS,
    metrics.OLDEST_SNAPSHOT,
    metrics.STANDBYS,
    metrics.DELTA_ROWS,
    metrics.CLOCK_OFFSET,
    metrics.STORE_PROBLEMS,
)
#: Metrics that do not change in the run: a notice's last attempt comes after an hour, and the store is not a server.
STILL = (metrics.NOTICES, metrics.STORE_RECONNECTS, metrics.STORE_IN_DOUBT, metrics.STORE_DEADLOCKS)

#: Labels with unknown values: their series begin with the first count.
UNFORESEEN = {"currency", "error_class"}

EXPRESSIONS = [
    pytest.param(query.expr, id=f"{board.uid}: {panel.title}: {query.legend}")
    for board in BOARDS
    for panel in board.panels
    for query in panel.queries
    if not any(metric.name in query.expr for metric in POSTGRES_ONLY)
]


class World(msgspec.Struct):
    """The results of the run: all processes except the simulator have ended; Prometheus still responds."""

    stack: Stack
    spans: list[Received]
    raw_spans: list[bytes]
    exposition: str
    series_before: int
    series_after: int
    began: float
    scraped: float
    ended: float
    third_time: int

    def lines(self, *names: str) -> list[dict[str, Any]]:
        """Log lines of the processes named."""
        texts = [self.stack.log(name) for name in names]
        return [json.loads(line) for text in texts for line in text.splitlines()]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    began = time.time()
    folder = tmp_path_factory.mktemp("world")
    with OtlpReceiver() as collector:
        settings = {**traffic.SETTINGS, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
        with Stack(folder, settings=settings, events=True, notices=True, voice=True) as stack:
            third_time = traffic.everything(stack)
            time.sleep(CACHE_SECONDS)  # what a scrape finds may be so old
            series_before = series(stack.exposition())
            many_customers(stack)
            time.sleep(CACHE_SECONDS)
            scraped = time.time()
            exposition = stack.exposition()
            assert wait_until(lambda: last_scrape(stack) > scraped + 1)
            ended = time.time()
            stack.end("serve")
            yield World(
                stack=stack,
                spans=list(collector.spans),
                raw_spans=list(collector.raw),
                exposition=exposition,
                series_before=series_before,
                series_after=series(exposition),
                began=began,
                scraped=scraped,
                ended=ended,
                third_time=third_time,
            )


def many_customers(stack: Stack) -> None:
    """A thousand customers write, in webhooks of two hundred messages, while Meta is down: all replies wait."""
    traffic.meta_is_down(stack)
    for batch in range(0, CUSTOMERS, 200):
        numbers = range(batch, batch + 200)
        messages = [message(f"wamid.many.{n}", phone=f"1555{n:07d}") for n in numbers]
        assert stack.post(webhook(*messages)) == 200
    assert wait_until(lambda: parse(stack.exposition())["recado_queue_replies"][0][1] >= CUSTOMERS)


def last_scrape(stack: Stack) -> float:
    """When Prometheus last had a sample of the pod, in Unix seconds."""
    ((_, at),) = (one["value"] for one in stack.prometheus.query("timestamp(up)"))
    return float(at)


def series(exposition: str) -> int:
    """Series of recado's own in a scrape."""
    return sum(1 for line in exposition.splitlines() if line.startswith("recado_"))


def parse(exposition: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Samples by name: labels and value."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for line in exposition.splitlines():
        if not line.startswith("#"):
            sample = re.fullmatch(r"(\w+)(?:\{(.*?)\})? (\S+)(?: # .*)?", line)
            assert sample, line
            name, labels, value = sample.groups()
            pairs = dict(re.findall(r'(\w+)="([^"]*)"', labels or ""))
            found.setdefault(name, []).append((pairs, float(value)))
    return found


# -- metrics -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_every_query_of_every_panel_returns_data(world: World, expr: str) -> None:
    """A panel must not stay empty while everything happens."""
    expr = re.sub(r" offset \d+[dw]", "", shown(expr, "3s", step="500ms"))
    found = world.stack.prometheus.query_range(expr, world.began, world.ended, 1.0)
    values = [float(value) for one in found for _, value in one["values"]]
    assert any(math.isfinite(value) for value in values)


@pytest.mark.parametrize("metric", [m for m in REGISTRY if m not in POSTGRES_ONLY], ids=lambda metric: metric.name)
def test_every_metric_was_seen_and_moved(world: World, metric: Metric) -> None:
    """Each metric is exported; each counter and histogram has counted something."""
    samples = parse(world.exposition)
    for name in metric.series:
        assert name in samples
    if metric in STILL:
        return
    if metric.kind is MetricKind.COUNTER:
        assert sum(value for _, value in samples[metric.name]) > 0
    elif metric.kind is MetricKind.HISTOGRAM:
        assert sum(value for _, value in samples[f"{metric.name}_count"]) > 0


def test_every_outcome_of_a_webhook_was_seen(world: World) -> None:
    """The run causes each outcome except a bug, and more concurrent webhooks than a test can send."""
    found = parse(world.exposition)["recado_webhook_duration_seconds_count"]
    assert {labels["outcome"] for labels, count in found if not count} == {"error", "shed"}


def test_labels_are_those_of_the_registry(world: World) -> None:
    """There are only labels and values that the registry allows; all known values exist from the start."""
    known = {name: metric for metric in REGISTRY for name in metric.series}
    for name, found in parse(world.exposition).items():
        if not name.startswith("recado_"):
            continue
        metric = known[name]
        for labels, _ in found:
            assert set(labels) - {"le"} == set(metric.labels)
            for label, value in labels.items():
                allowed = metric.labels.get(label)
                assert label == "le" or allowed is None or value in allowed, f"{name} {label}={value}"
        if any(values is None and label in UNFORESEEN for label, values in metric.labels.items()):
            continue
        for label, values in metric.labels.items():
            assert values is None or {labels[label] for labels, _ in found} == set(values)


def test_a_thousand_customers_make_no_new_series(world: World) -> None:
    """The number of series depends on the code and the configuration, never on the customers."""
    assert world.series_after == world.series_before
    assert world.series_after <= MAX_SERIES


def test_every_rule_evaluates(world: World) -> None:
    """Prometheus reports no problem with a rule; the recording rules return series."""
    assert world.stack.prometheus.rule_problems() == []
    for name in (
        "slo:sli_error:ratio_rate5m",
        "slo:current_burn_rate:ratio",
        "slo:period_error_budget_remaining:ratio",
    ):
        assert len(world.stack.prometheus.query_range(name, world.began, world.ended, 1.0)) == 3, name


def test_totals_are_true(world: World) -> None:
    """The totals agree with each other and with Meta's ledger."""
    samples = parse(world.exposition)
    ledger = world.stack.simulator("GET", "ledger")
    accepted = ledger["replies"] + ledger["unmatched"]
    delivered = next(v for labels, v in samples["recado_replies_finished_total"] if labels["outcome"] == "delivered")
    ages = samples["recado_delivery_age_seconds_count"][0][1]
    attempts = samples["recado_delivered_reply_attempts_count"][0][1]
    assert 0 < delivered == ages == attempts <= accepted


def test_exemplars_lead_to_traces(world: World) -> None:
    """The points on the latency panel are traces that the collector has."""
    found = world.stack.prometheus.exemplars("recado_webhook_duration_seconds_bucket", world.began, world.ended)
    traces = {exemplar["labels"]["trace_id"] for one in found for exemplar in one["exemplars"]}
    assert traces
    assert traces <= {span.trace_id for span in world.spans}


# -- nobody's data -----------------------------------------------------------------------------------------------------


def test_no_telemetry_names_a_person_or_a_secret(world: World) -> None:
    """Marked phone numbers, ids, texts and tokens go through every path: none is in a metric, a log line or a span."""
    logs = {name: world.stack.log(name) for name in ("serve", "drain", "victim")}
    names = fetch(f"http://127.0.0.1:{world.stack.prometheus.port}/api/v1/series?match[]={{__name__!=%22%22}}")
    spans = b"".join(world.raw_spans).decode(errors="replace")
    places = {**logs, "metrics": world.exposition, "prometheus": names.decode(), "spans": spans}
    for place, content in places.items():
        assert content or place == "victim", place
        for mark in traffic.MARKS:
            assert mark not in content, f"{mark} in {place}"


# -- logs --------------------------------------------------------------------------------------------------------------


def test_logs_are_json_with_an_action(world: World) -> None:
    """Each line of each process has a time, a level, an action and a logger."""
    for line in world.lines("serve", "drain"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["ts"])
        assert line["level"] in {"debug", "info", "warning", "error", "critical"}
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", line["action"]), line
        assert line["message"]
        assert line["logger"].startswith("recado")


def test_units_of_work_are_one_wide_line_each(world: World) -> None:
    """A webhook, an attempt and a drain have one line each, with outcome, duration and trace."""
    lines = world.lines("serve", "drain")
    for action, fields in (
        ("webhook.handled", {"outcome", "status", "duration_seconds", "messages", "statuses", "trace_id"}),
        ("attempt.finished", {"outcome", "error_class", "attempt", "duration_seconds", "message_id", "trace_id"}),
        ("drain.finished", {"messages_retried", "successful", "failed", "duration_seconds", "trace_id"}),
    ):
        found = [line for line in lines if line["action"] == action]
        assert found, action
        for line in found:
            assert fields <= set(line), line


def test_every_warning_is_counted(world: World) -> None:
    """The counter of warnings is equal to the number of lines of that level."""
    scraped = datetime.datetime.fromtimestamp(world.scraped, datetime.UTC).isoformat()
    for labels, value in parse(world.exposition)["recado_log_warnings_total"]:
        lines = [line for line in world.lines("serve") if line["level"] == labels["level"]]
        before = [line for line in lines if line["ts"] < scraped]
        assert len(before) <= value <= len(lines), labels


# -- traces ------------------------------------------------------------------------------------------------------------


def test_the_trace_of_a_third_attempt(world: World) -> None:
    """A link leads from the delivery to the webhook that caused it; names, kinds and attributes are right."""
    lines = [line for line in world.lines("drain") if line.get("message_id") == world.third_time]
    line = next(line for line in lines if line["attempt"] == 3)
    attempt = next(span for span in world.spans if span.span_id == line["span_id"])
    assert (attempt.name, attempt.kind) == ("process outbox", "SPAN_KIND_CONSUMER")
    assert attempt.attributes["messaging.system"] == "recado"
    assert attempt.attributes["messaging.destination.name"] == "outbox"
    assert attempt.attributes["messaging.operation.name"] == "process"
    assert attempt.attributes["messaging.operation.type"] == "process"
    assert attempt.attributes["messaging.message.id"] == str(line["message_id"])
    assert attempt.attributes["recado.attempt"] == 3
    assert attempt.attributes["recado.outcome"] == "delivered"
    assert attempt.resource["recado.command"] == "drain"

    by_id = {span.span_id: span for span in world.spans}
    run = by_id[attempt.parent_id]
    assert (run.name, run.kind, run.parent_id) == ("drain", "SPAN_KIND_INTERNAL", "")
    assert not run.failed

    ((trace_id, span_id),) = attempt.links
    producer = by_id[span_id]
    assert (producer.name, producer.kind, producer.trace_id) == ("send outbox", "SPAN_KIND_PRODUCER", trace_id)
    assert producer.resource["recado.command"] == "serve"
    root = by_id[producer.parent_id]
    assert (root.name, root.kind, root.parent_id) == ("POST /api/v1/webhook", "SPAN_KIND_SERVER", "")
    assert root.attributes["http.request.method"] == "POST"
    assert root.attributes["http.route"] == "/api/v1/webhook"
    assert root.attributes["http.response.status_code"] == 200
    assert root.attributes["recado.messages"] == 1

    # The attempts to deliver the message's events are linked to the webhook, too.
    siblings = [
        span
        for span in world.spans
        if (trace_id, span_id) in span.links and span.attributes.get("messaging.message.id") == str(line["message_id"])
    ]
    by_attempt = {span.attributes["recado.attempt"]: span for span in siblings}
    assert sorted(by_attempt) == [1, 2, 3]
    assert by_attempt[1].trace_id == trace_id, "the web pod's own attempt belongs to its webhook's trace"
    assert [by_attempt[n].attributes.get("error.type") for n in (1, 2, 3)] == ["server", "server", None]
    assert not any(span.failed for span in siblings), "a handled error fails the call, not the attempt"

    for number, status in ((1, 500), (2, 500), (3, 200)):
        children = [span for span in world.spans if span.parent_id == by_attempt[number].span_id]
        call = next(span for span in children if span.name == "POST /{phone_id}/messages")
        settle = next(span for span in children if span.name == "settle outbox")
        assert call.kind == settle.kind == "SPAN_KIND_CLIENT"
        assert call.attributes["http.response.status_code"] == status
        assert call.attributes.get("http.request.resend_count", 0) == number - 1
        assert call.failed == (status == 500)
        assert settle.attributes["messaging.operation.type"] == "settle"
        assert call.ended <= settle.began


def test_a_claim_is_linked_to_the_webhooks_of_its_batch(world: World) -> None:
    """`receive` has the number of claimed entries, and links to the webhook of each; a notice has none."""
    claims = [span for span in world.spans if span.name == "receive outbox" and span.links]
    assert claims
    for span in claims:
        assert span.kind == "SPAN_KIND_CLIENT"
        assert 0 < len(span.links) <= span.attributes["messaging.batch.message_count"]


def test_a_traceparent_from_outside_is_linked_and_never_believed(world: World) -> None:
    """Anyone can send a traceparent: it must not become a parent or decide what is sampled."""
    foreign = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
    linked = [span for span in world.spans if foreign in span.links]
    assert [span.name for span in linked] == ["POST /api/v1/webhook"]
    assert foreign[0] not in {span.trace_id for span in world.spans}
    assert foreign[1] not in {span.parent_id for span in world.spans}


def test_the_handshake_is_not_traced(world: World) -> None:
    """Its URL contains the verify token."""
    assert {span.name for span in world.spans if span.kind == "SPAN_KIND_SERVER"} == {"POST /api/v1/webhook"}


def test_logs_of_the_world_are_where_they_should_be(world: World) -> None:
    """The output has only log lines: no traceback and no warning of Python."""
    for name in ("serve", "drain"):
        assert "Traceback" not in world.stack.log(name)
