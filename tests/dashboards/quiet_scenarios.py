"""Scenarios in which no alert may fire: data for promtool."""

import itertools

import msgspec

from recado.telemetry import metrics
from recado.telemetry.metric import MetricKind, Source
from recado.telemetry.metrics import REGISTRY
from tests.dashboards.alert_data import POD, kube, series

#: The length of a scenario in minutes, and the minutes at which alerts are checked.
LENGTH = 100
LOOKS = (10, 30, 61, 62, 66, 75, 100)


class Scenario(msgspec.Struct, frozen=True):
    name: str
    series: dict[str, str]


def healthy(*, traffic: bool, pod: dict[str, str] = POD, start: int = 0, end: int = LENGTH) -> dict[str, str]:
    """Every series of the registry as in a healthy release, from minute `start` to `end`."""
    steady = f"_x{start} " if start else ""
    count = end - start

    def constant(value: float) -> str:
        return f"{steady}{value:g}x{count}"

    found = {}
    for metric in REGISTRY:
        bounds = {label: values or ("1",) for label, values in metric.labels.items()}
        for values in itertools.product(*bounds.values()):
            labels = dict(zip(bounds, values, strict=True))
            if metric.kind is MetricKind.HISTOGRAM:
                rate = 10 if traffic and _good(labels) else 0
                for edge in metric.edges:
                    low = metric.name == metrics.QUOTE_CONFIDENCE.name
                    inside = rate if edge == "+Inf" or low or float(edge) >= 0.1 else 0
                    found[series(metric, "_bucket", pod=pod, **labels, le=edge)] = f"{steady}0+{inside}x{count}"
                found[series(metric, "_count", pod=pod, **labels)] = f"{steady}0+{rate}x{count}"
                found[series(metric, "_sum", pod=pod, **labels)] = f"{steady}0+{rate}x{count}"
            elif metric.kind is MetricKind.COUNTER:
                rate = 10 if traffic and metric in _BUSY and _good(labels) else 0
                found[series(metric, pod=pod, **labels)] = f"{steady}0+{rate}x{count}"
            else:
                found[series(metric, pod=pod, **labels)] = constant(_GAUGES.get(metric.name, 0.0))
    for metric in _SUCCESSES:
        found[series(metric, pod=pod)] = f"{steady}{start * 60}+60x{count}"
    found[series("process_start_time_seconds", pod=pod)] = constant(start * 60)
    return found


_SUCCESSES = (
    metrics.DRAIN_LAST_START,
    metrics.DRAIN_LAST_SUCCESS,
    metrics.BACKUP_LAST_SUCCESS,
    metrics.RESTORE_DRILL_LAST_SUCCESS,
)
_BUSY = {metrics.QUEUED, metrics.ATTEMPTS, metrics.FINISHED, metrics.MESSAGES, metrics.STATUSES, metrics.READINGS}
_GAUGES = {
    metrics.BUILD.name: 1.0,
    metrics.STORE_READABLE.name: 1.0,
    metrics.VOLUME_FREE.name: 80.0,
    metrics.VOLUME_SIZE.name: 100.0,
    metrics.ACCOUNT_STOPPED_AT.name: -60_000.0,
    metrics.ACCOUNT_THREATENED_AT.name: -60_000.0,
}


def _good(labels: dict[str, str]) -> bool:
    return labels.get("outcome") in (None, "accepted", "delivered", "complete") and labels.get("error_class") in (
        None,
        "none",
    )


def suspended() -> dict[str, str]:
    """An operator has paused the CronJob: no drain succeeds."""
    found = healthy(traffic=True)
    found[series(metrics.DRAIN_LAST_SUCCESS)] = f"0x{LENGTH}"
    found[kube("kube_cronjob_spec_suspend", cronjob="recado-drain")] = f"1x{LENGTH}"
    return found


def without_backups() -> dict[str, str]:
    """Backups are switched off: the last one gets old, and its CronJob is gone while the web Deployment exists."""
    found = healthy(traffic=True)
    found[series(metrics.BACKUP_LAST_SUCCESS)] = f"-{27 * 3600}x{LENGTH}"
    found[kube("kube_deployment_created", deployment="recado")] = f"0x{LENGTH}"
    return found


def without_drills() -> dict[str, str]:
    """backup.drillSchedule was emptied a day after the last drill; backups are still made."""
    found = healthy(traffic=True)
    found[series(metrics.RESTORE_DRILL_LAST_SUCCESS)] = f"-100000x{LENGTH}"
    found[kube("kube_deployment_created", deployment="recado")] = f"-900000x{LENGTH}"
    found[kube("kube_cronjob_info", cronjob="recado-backup")] = f"1x{LENGTH}"
    return found


def backups_just_asked_for() -> dict[str, str]:
    """No backup was made yet, and the CronJobs are new."""
    found = {name: values for name, values in healthy(traffic=True).items() if "_last_success_" not in name}
    found[series(metrics.DRAIN_LAST_SUCCESS)] = f"0+60x{LENGTH}"
    found[kube("kube_deployment_created", deployment="recado")] = f"-{99 * 3600}x{LENGTH}"
    for name in ("recado-backup", "recado-backup-drill"):
        found[kube("kube_cronjob_info", cronjob=name)] = f"1x{LENGTH}"
        found[kube("kube_cronjob_created", cronjob=name)] = f"0x{LENGTH}"
    return found


def forged_at_night(values: str, accepted: str) -> dict[str, str]:
    """Somebody sends forged webhooks while no customer writes."""
    found = healthy(traffic=False)
    found[series(metrics.SIGNATURE_FAILURES, reason="mismatch")] = values
    found[series(metrics.WEBHOOK_DURATION, "_count", outcome="accepted")] = accepted
    found[series(metrics.WEBHOOK_DURATION, "_bucket", outcome="accepted", le="0.25")] = accepted
    return found


def old_store() -> dict[str, str]:
    """Installed more than a week ago: a wrong app secret would have been noticed long ago."""
    return {series(metrics.STORE_CREATED): f"-700000x{LENGTH}"}


def restarted() -> dict[str, str]:
    """A new pod after an hour, two minutes late: counts of the process begin at zero, durable totals continue."""
    after = healthy(traffic=True, pod={**POD, "instance": "10.0.0.8:9464"}, start=62)
    return {name: f"{values} stale" for name, values in healthy(traffic=True, end=60).items()} | after


def restored() -> dict[str, str]:
    """The queue is restored from an older backup: every durable total decreases by fifty, and then continues."""
    found = healthy(traffic=True)
    for metric in REGISTRY:
        if metric.source is Source.STORE and metric.kind in (MetricKind.COUNTER, MetricKind.HISTOGRAM):
            for name in (name for name in found if name.startswith(metric.name)):
                rate = int(found[name].removeprefix("0+").partition("x")[0])
                found[name] = f"200+{rate}x59 _x4 {150 + 59 * rate}+{rate}x36"
    return found


def young() -> dict[str, str]:
    """A new installation: no drain has run yet."""
    found = {name: values for name, values in healthy(traffic=False).items() if "_drain_last_" not in name}
    created = series(metrics.STORE_CREATED)
    return found | {created: f"0+60x{LENGTH}"}


SCENARIOS = (
    Scenario("idle", healthy(traffic=False)),
    Scenario("busy and well", healthy(traffic=True)),
    Scenario("drain suspended", suspended()),
    Scenario("backups switched off", without_backups()),
    Scenario("drills switched off", without_drills()),
    Scenario("backups just asked for", backups_just_asked_for()),
    Scenario("forged for some minutes at night", forged_at_night("0x50 0+3x10 30x50", "0+1x10 10x100")),
    Scenario("forged where Meta never comes", forged_at_night("0+3x100", "0x100") | old_store()),
    Scenario("restarted", restarted()),
    Scenario("restored from an older copy", restored()),
    Scenario("just installed", young()),
)
