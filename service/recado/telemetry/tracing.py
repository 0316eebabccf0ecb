"""Traces by OpenTelemetry. They are off unless the standard OTEL_* variables name an exporter.

    POST /api/v1/webhook          SERVER    a root: an incoming traceparent is linked, never a parent
      send outbox                 PRODUCER  its traceparent goes on the rows; linked to the message whose quote it ends
      process outbox              CONSUMER  the attempt of the web pod, linked to the row's traceparent
    drain                         INTERNAL  a root, one per run
      receive outbox              CLIENT    linked to the origins of what was claimed
      process outbox              CONSUMER  one attempt, linked to the row's traceparent, however old that is
        POST /{phone_id}/messages CLIENT
        settle outbox             CLIENT
    move order                    INTERNAL  a root, linked to the message that placed the order

The webhook makes the sampling decision (`OTEL_TRACES_SAMPLER` and `_ARG`). It holds for all attempts of its messages,
because only a sampled webhook puts a traceparent on its rows. In a run that is not sampled, an attempt is a root. An
unsampled trace costs one random number. Business code calls the functions below regardless of whether tracing is on.
"""

import logging
import os
import random
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Any

from recado import __version__
from recado.telemetry import conventions as names

if TYPE_CHECKING:
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.util.types import AttributeValue

log = logging.getLogger(__name__)

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
#: The exporters and protocols of OpenTelemetry that recado supports.
EXPORTER, PROTOCOL = "otlp", "http/protobuf"
#: How long the export of the last spans may take at shutdown.
FLUSH_SECONDS = 5.0


class NoSpan:
    """A span that is not sampled."""

    #: For the row; None when the trace is not sampled.
    traceparent: str | None = None

    def __enter__(self) -> "NoSpan":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return None

    def set(self, name: str, value: "AttributeValue | None") -> None:
        """Sets an attribute; None sets nothing."""

    def link(self, traceparents: Iterable[str | None]) -> None:
        """Adds links to the given spans if they are sampled."""

    def fail(self, error_type: str) -> None:
        """Marks the span as failed, with a bounded name of the error."""


class Span(NoSpan):
    """A span that is recorded. In a `with` it is the current one; an exception that leaves the block marks it."""

    def __init__(self, tracing: "Tracing", span: "trace.Span") -> None:
        self._tracing = tracing
        self._span = span
        self._token: Any = None
        context = span.get_span_context()
        self.traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-01"

    def __enter__(self) -> "Span":
        self._token = self._tracing.attach(self._span)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._tracing.detach(self._token)
        if kind is not None:
            self.fail(kind.__name__)
        self._span.end()

    def set(self, name: str, value: "AttributeValue | None") -> None:
        if value is not None:
            self._span.set_attribute(name, value)

    def link(self, traceparents: Iterable[str | None]) -> None:
        for link in self._tracing.links(traceparents):
            self._span.add_link(link.context)

    def fail(self, error_type: str) -> None:
        self._span.set_attribute(names.ERROR_TYPE, error_type)
        self._span.set_status(self._tracing.error_status)


class Tracing:
    """OpenTelemetry, imported and set up. `exporter` replaces OTLP in tests."""

    def __init__(self, command: str, environment: Mapping[str, str], exporter: Any = None) -> None:
        from opentelemetry import context, trace
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON

        if exporter is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            exporter = OTLPSpanExporter()
        resource = {"service.name": "recado", "service.version": __version__, names.COMMAND: command}
        if name := environment.get("OTEL_SERVICE_NAME"):
            resource["service.name"] = name
        self._trace = trace
        self._context = context
        self._ratio = sampling_ratio(environment)
        # The roots below decide what is sampled; the SDK records everything that reaches it.
        self._provider = TracerProvider(sampler=ALWAYS_ON, resource=Resource.create(resource))
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("recado", __version__)
        self.error_status = trace.Status(trace.StatusCode.ERROR)

    def sampled(self) -> bool:
        """The decision for a new trace."""
        return self._ratio >= 1 or random.random() < self._ratio  # noqa: S311 - no secret depends on it

    def start(
        self,
        name: str,
        kind: str,
        attributes: "dict[str, AttributeValue]",
        links: Iterable[str | None] = (),
        *,
        root: bool = False,
    ) -> Span:
        context: Context | None = self._context.Context() if root else None
        span = self._tracer.start_span(
            name,
            context=context,
            kind=self._trace.SpanKind[kind],
            attributes=attributes,
            links=self.links(links),
            record_exception=False,
            set_status_on_exception=False,
        )
        return Span(self, span)

    def links(self, traceparents: Iterable[str | None]) -> "list[trace.Link]":
        """Links to the traceparents that can be read."""
        found = (_TRACEPARENT.fullmatch(t) for t in traceparents if t)
        return [
            self._trace.Link(
                self._trace.SpanContext(
                    int(m[1], 16),
                    int(m[2], 16),
                    is_remote=True,
                    trace_flags=self._trace.TraceFlags(int(m[3], 16)),
                )
            )
            for m in found
            if m and int(m[1], 16) and int(m[2], 16)
        ]

    def attach(self, span: "trace.Span") -> Any:
        return _current.set(span), self._context.attach(self._trace.set_span_in_context(span))

    def detach(self, token: Any) -> None:
        ours, theirs = token
        self._context.detach(theirs)
        _current.reset(ours)

    def current(self) -> "trace.SpanContext | None":
        span = _current.get()
        return span.get_span_context() if span is not None and span.is_recording() else None

    def shut_down(self) -> None:
        """Sends the remaining spans; waits at most FLUSH_SECONDS for the collector."""
        thread = threading.Thread(target=self._provider.shutdown, name="recado-traces", daemon=True)
        thread.start()
        thread.join(FLUSH_SECONDS)


OFF = NoSpan()
_tracing: Tracing | None = None
#: The SDK's current span. Reading it here costs a tenth of a call to the SDK.
_current: "ContextVar[trace.Span | None]" = ContextVar("recado_span", default=None)


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether the standard variables switch traces on; warns of exporters and protocols that recado does not
    support."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporters = {name.strip() for name in environment.get("OTEL_TRACES_EXPORTER", "").split(",")} - {""}
    if unknown := exporters - {EXPORTER, "none"}:
        log.warning(
            "OTEL_TRACES_EXPORTER names exporters that recado does not support",
            extra={"action": "tracing.exporter_unknown", "unknown": sorted(unknown), "known": EXPORTER},
        )
    endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    if not (EXPORTER in exporters if exporters else any(environment.get(name) for name in endpoints)):
        return False
    for name in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if protocol := environment.get(name):
            if protocol != PROTOCOL:
                log.warning(
                    "%s names a protocol that recado does not support; it sends traces with %s",
                    name,
                    PROTOCOL,
                    extra={"action": "tracing.protocol_unknown"},
                )
            break
    return True


def sampling_ratio(environment: Mapping[str, str]) -> float:
    """The share of webhooks and drains that are traced, from `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`.

    All of them are roots, so the `parentbased_` samplers do the same as those without the prefix. As in the SDK, an
    unknown value causes a warning, and everything is sampled.
    """
    sampler = environment.get("OTEL_TRACES_SAMPLER", "").removeprefix("parentbased_") or "always_on"
    argument = environment.get("OTEL_TRACES_SAMPLER_ARG") or "1"
    try:
        return {"always_on": 1.0, "always_off": 0.0, "traceidratio": min(max(float(argument), 0.0), 1.0)}[sampler]
    except (KeyError, ValueError):
        log.warning(
            "OTEL_TRACES_SAMPLER has an unknown value; every trace is sampled",
            extra={"action": "tracing.sampler_unknown"},
        )
        return 1.0


def configure(command: str, environment: Mapping[str, str] | None = None, exporter: Any = None) -> Callable[[], None]:
    """Switches tracing on if the environment says so. Returns a function that sends the last spans and switches it off.

    Never raises: if OpenTelemetry cannot use its variables, a warning says so and the service works without traces.
    """
    global _tracing
    environment = os.environ if environment is None else environment
    if not wanted(environment) and exporter is None:
        return lambda: None
    try:
        tracing = _tracing = Tracing(command, environment, exporter)
    except Exception as error:  # customers get their replies even if the SDK fails
        log.warning(
            "traces are off: OpenTelemetry rejects one of its variables",
            extra={
                "action": "tracing.unusable",
                "error": f"{type(error).__name__}: {error}",
                "variables": sorted(name for name in environment if name.startswith("OTEL_")),
            },
        )
        return lambda: None

    def stop() -> None:
        global _tracing
        _tracing = None
        tracing.shut_down()

    return stop


# -- spans, by what happens --------------------------------------------------------------------------------------------


def webhook(path: str, headers: Iterable[tuple[bytes, bytes]]) -> NoSpan:
    """A webhook's POST. It only links to a `traceparent` in its headers, because anybody could have sent it."""
    if _tracing is None or not _tracing.sampled():
        return OFF
    given = [value.decode("latin-1") for name, value in headers if name == b"traceparent"]
    return _tracing.start(
        f"POST {path}",
        "SERVER",
        {names.HTTP_METHOD: "POST", names.HTTP_ROUTE: path, names.URL_PATH: path},
        given,
        root=True,
    )


def webhook_finished(span: NoSpan, status: int, outcome: str, *, messages: int, statuses: int) -> None:
    """What a webhook contained and the response to it. A 4xx is the client's fault, so the span does not fail."""
    if span is OFF:
        return
    span.set(names.HTTP_STATUS, status)
    span.set(names.OUTCOME, outcome)
    span.set(names.MESSAGES, messages)
    span.set(names.STATUSES, statuses)
    if status >= 500:
        span.fail(outcome)


def enqueue() -> NoSpan:
    """A reply that is stored, within a webhook; the queue's row stores its `traceparent`."""
    if _tracing is None or _tracing.current() is None:
        return OFF
    return _tracing.start("send outbox", "PRODUCER", _messaging("send", "send"))


def drain_run() -> NoSpan:
    """One run of the drain."""
    if _tracing is None or not _tracing.sampled():
        return OFF
    return _tracing.start("drain", "INTERNAL", {}, root=True)


def receive() -> NoSpan:
    """A claim of due messages, within a run."""
    if _tracing is None or _tracing.current() is None:
        return OFF
    return _tracing.start("receive outbox", "CLIENT", _messaging("receive", "receive"))


def attempt(traceparent: str | None, message_id: int, number: int) -> NoSpan:
    """Attempt `number` at a message whose row carries `traceparent`; recorded when its webhook was."""
    if _tracing is None or traceparent is None:
        return OFF
    attributes = {**_messaging("process", "process"), names.MESSAGING_MESSAGE_ID: str(message_id)}
    return _tracing.start("process outbox", "CONSUMER", {**attributes, names.ATTEMPT: number}, [traceparent])


def graph_call(within: NoSpan, resend_count: int) -> NoSpan:
    """The Graph API call of an attempt."""
    if _tracing is None or within is OFF:
        return OFF
    template = "/{phone_id}/messages"
    attributes: dict[str, AttributeValue] = {names.HTTP_METHOD: "POST", names.URL_TEMPLATE: template}
    if resend_count:
        attributes[names.HTTP_RESEND_COUNT] = resend_count
    return _tracing.start(f"POST {template}", "CLIENT", attributes)


def current() -> NoSpan:
    """The caller's present sampled span."""
    if _tracing is None or (span := _current.get()) is None:
        return OFF
    return Span(_tracing, span)


def settle(within: NoSpan) -> NoSpan:
    """The recording of an attempt's result, within the attempt."""
    if _tracing is None or within is OFF:
        return OFF
    return _tracing.start("settle outbox", "CLIENT", _messaging("settle", "settle"))


def moved(traceparent: str | None, number: int, state: str, outcome: str) -> NoSpan:
    """The staff's change of an order's state; recorded if the message that placed the order was."""
    if _tracing is None or traceparent is None:
        return OFF
    attributes: dict[str, AttributeValue] = {names.ORDER: number, names.STATE: state, names.OUTCOME: outcome}
    return _tracing.start("move order", "INTERNAL", attributes, [traceparent], root=True)


def _messaging(name: str, kind: str) -> "dict[str, AttributeValue]":
    return {
        names.MESSAGING_SYSTEM: names.SYSTEM,
        names.MESSAGING_DESTINATION: names.DESTINATION,
        names.MESSAGING_OPERATION_NAME: name,
        names.MESSAGING_OPERATION_TYPE: kind,
    }


# -- for logs and exemplars --------------------------------------------------------------------------------------------


def current_ids() -> tuple[str, str] | None:
    """The ids of the current trace and span, if they are sampled."""
    if _tracing is None or (context := _tracing.current()) is None:
        return None
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


def exemplar() -> dict[str, str] | None:
    """The current sampled trace as a histogram's exemplar."""
    if (ids := current_ids()) is None:
        return None
    return {"trace_id": ids[0]}
