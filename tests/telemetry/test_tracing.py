"""Tracing: what is sampled, what a span contains, and the standard variables."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from recado.telemetry import conventions, tracing


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
