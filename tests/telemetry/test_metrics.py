"""The registry of metrics, and totals."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import recado
from recado.conversation import ReplyKind, Silence
from recado.events.facts import TYPES
from recado.orders import OrderState, QuoteSource, QuoteState
from recado.orders.quote import LineChange
from recado.outcome import Outcome, Scope
from recado.queue.model import Reason, Restraint, State
from recado.queue.operations.lanes import OpenReason
from recado.quotes.catalogue.catalogue import ReloadOutcome
from recado.telemetry import metrics
from recado.telemetry.metric import Metric, MetricKind, Source
from recado.telemetry.metrics import REGISTRY
from recado.telemetry.totals import SUM, Totals
from recado.whatsapp import errors
from recado.whatsapp.inbound import MessageType, StatusKind
from recado.whatsapp.notices import AccountEvent
from recado.whatsapp.signature import SignatureProblem


def test_names_follow_prometheus_rules() -> None:
    """Prefix, unit as suffix, `_total` on counters only, `_info` on the info."""
    assert len({metric.name for metric in REGISTRY}) == len(REGISTRY)
    for metric in REGISTRY:
        assert re.fullmatch(r"recado_[a-z_]+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind is MetricKind.COUNTER)
        assert metric.name.endswith("_info") == (metric.kind is MetricKind.INFO)
        assert bool(metric.buckets) == (metric.kind is MetricKind.HISTOGRAM)
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
        (metrics.BREAKER_OPEN, "reason", set(OpenReason) - {OpenReason.ENDED}),
        (metrics.EVENT_ENDPOINT_HELD, "reason", set(OpenReason)),
        (metrics.THROTTLED, "scope", set(Scope) - {Scope.MESSAGE}),
        (metrics.QUOTES, "outcome", {"opened"} | set(QuoteState) - {QuoteState.OPEN}),
        (metrics.QUOTES, "source", set(QuoteSource)),
        (metrics.ORDERS, "state", set(OrderState)),
        (metrics.EDITS, "edit", set(LineChange)),
        (metrics.ORDERS, "source", set(QuoteSource)),
        (metrics.SIGNATURE_FAILURES, "reason", set(SignatureProblem)),
        (metrics.MESSAGES, "type", set(MessageType)),
        (metrics.STATUSES, "kind", set(StatusKind)),
        (metrics.UNANSWERED, "reason", {*Silence, *Restraint}),
        (metrics.ACCOUNT_NOTICES, "event", set(AccountEvent)),
        (metrics.REPLIES, "kind", set(ReplyKind)),
        (metrics.CATALOGUE_RELOADS, "outcome", {r.value for r in ReloadOutcome} - {"unchanged"}),
    ],
    ids=lambda x: x.name if isinstance(x, Metric) else None,
)
def test_label_values_are_the_codes_own(metric: Metric, label: str, values: set[str]) -> None:
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


def test_every_metric_of_the_store_is_counted_by_it() -> None:
    """Each durable total is written in the queue or the drain."""
    root = Path(recado.__file__).parent
    text = "\n".join(path.read_text() for path in root.rglob("*.py") if path.parent.name != "telemetry")
    constants = {value.name: name for name, value in vars(metrics).items() if isinstance(value, Metric)}
    for metric in REGISTRY:
        if metric.source is Source.STORE and metric.kind is not MetricKind.GAUGE:
            assert f"metrics.{constants[metric.name]}" in text, metric.name


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
