"""Recording rules: durable totals that other rules read, and the objectives' error ratios and budgets."""

from typing import Any

from dashboards.alert import TimeScale
from dashboards.queries import HOLD_SECONDS, merged, record_of
from dashboards.slo import PERIOD_SECONDS, WINDOWS, Slo
from recado.telemetry import metrics
from recado.telemetry.metric import MetricKind, Source
from recado.telemetry.metrics import REGISTRY

TOTALS = "recado.totals"


def total_rules(scale: TimeScale, others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Recording rules for the durable totals that other groups read."""
    read = " ".join(rule["expr"] for group in others for rule in group["rules"])
    hold = scale.span(HOLD_SECONDS)
    return [
        {"record": record_of(series), "expr": merged(metric, series.removeprefix(f"{metric.name}_"), series, hold)}
        for metric in REGISTRY
        if metric.source is Source.STORE and metric.kind in (MetricKind.COUNTER, MetricKind.HISTOGRAM)
        for series in metric.series
        if record_of(series) in read
    ]


def window_name(seconds: float) -> str:
    """A window in a rule's name: its duration at scale 1."""
    return TimeScale().span(seconds)


def record_name(seconds: float) -> str:
    return f"slo:sli_error:ratio_rate{window_name(seconds)}"


def recorded_windows() -> list[float]:
    """The windows of the alerts, and the period; shortest first."""
    return sorted({s for w in WINDOWS for s in (w.short_seconds, w.long_seconds)} | {PERIOD_SECONDS})


def recording_rules(slo: Slo, scale: TimeScale) -> list[dict[str, Any]]:
    """The error ratios of one objective over each window, its budget, and the share of it that is left."""
    labels = {"slo": slo.name, "service": "recado"}
    rules = [
        {
            "record": record_name(seconds),
            "expr": f"({slo.bad(scale.span(seconds))}) / ({slo.total(scale.span(seconds))} > 0)",
            "labels": labels,
        }
        for seconds in recorded_windows()
    ]
    present = f"count by (namespace, job) ({metrics.BUILD.name})"
    period = f'sum by (namespace, job) ({record_name(PERIOD_SECONDS)}{{slo="{slo.name}"}})'
    hour = f'sum by (namespace, job) ({record_name(3600)}{{slo="{slo.name}"}})'
    budget = f"{slo.budget:g}"
    return [
        *rules,
        {"record": "slo:objective:ratio", "expr": f"{present} * 0 + {slo.objective:g}", "labels": labels},
        {"record": "slo:error_budget:ratio", "expr": f"{present} * 0 + {budget}", "labels": labels},
        {
            "record": "slo:current_burn_rate:ratio",
            "expr": f"({hour} or {present} * 0) / {budget}",
            "labels": labels,
        },
        {
            "record": "slo:period_error_budget_remaining:ratio",
            "expr": f"1 - ({period} or {present} * 0) / {budget}",
            "labels": labels,
        },
    ]
