"""What must make each alert fire, and when: data for promtool.

Series are in promtool's notation, a sample a minute: `0+10x60` counts ten up each minute for an hour. `fires_at` is the
first minute at which the alert must fire; a minute earlier it must not.
"""

import itertools
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from dashboards.rules import ALERTS, BURNS, TimeScale, window_name
from dashboards.slo import SLOS, WINDOWS

from recado.telemetry import metrics
from recado.telemetry.metrics import REGISTRY, Kind, Metric, Source

TARGET = {"namespace": "shop", "job": "recado"}
POD = {**TARGET, "instance": "10.0.0.7:9464"}
NEXT_POD = {**POD, "instance": "10.0.0.8:9464"}


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """`value` is the number in the description, as people read it; `labels` are those besides the target's."""

    alert: str
    series: dict[str, str]
    fires_at: int
    value: str = ""
    labels: dict[str, str] = {}
    rule: dict[str, str] = {}


def series(metric: Metric | str, part: str = "", /, *, pod: Mapping[str, str] = POD, **labels: Any) -> str:
    """A series of one pod, as promtool and OpenMetrics read it."""
    name = metric if isinstance(metric, str) else metric.name
    inside = ",".join(f'{label}="{value}"' for label, value in sorted({**pod, **labels}.items()))
    return f"{name}{part}{{{inside}}}"


def kube(name: str, **labels: str) -> str:
    """A series of kube-state-metrics about an object in the release's namespace."""
    return series(name, pod={"namespace": "shop", "job": "kube-state-metrics", "instance": "10.0.0.3:8080"}, **labels)


UP = {series(metrics.BUILD, version="1", python="3", sqlite="3"): "1x600"}


def _webhooks(ratio: float, minutes: int) -> dict[str, str]:
    """Webhooks of which a share is answered 503."""
    total = 100_000
    bad = round(total * ratio)
    return {
        series(metrics.WEBHOOK_DURATION, "_count", outcome="accepted"): f"0+{total - bad}x{minutes}",
        series(metrics.WEBHOOK_DURATION, "_count", outcome="store_unavailable"): f"0+{bad}x{minutes}",
    }


def _slow(ratio: float, minutes: int) -> dict[str, str]:
    total = 100_000
    return {
        series(metrics.WEBHOOK_DURATION, "_count", outcome="accepted"): f"0+{total}x{minutes}",
        series(metrics.WEBHOOK_DURATION, "_bucket", outcome="accepted", le="0.25"): (
            f"0+{total - round(total * ratio)}x{minutes}"
        ),
    }


def _late(ratio: float, minutes: int) -> dict[str, str]:
    total = 100_000
    bad = round(total * ratio)
    return {
        series(metrics.FINISHED, outcome="delivered"): f"0+{total - bad // 2}x{minutes}",
        series(metrics.FINISHED, outcome="failed"): f"0+{bad // 2}x{minutes}",
        series(metrics.DELIVERY_AGE, "_bucket", le="300.0"): f"0+{total - bad}x{minutes}",
    }


_SERIES_OF = {"accepted": _webhooks, "fast": _slow, "delivered": _late}


def burn_cases() -> list[Case]:
    """For each objective and window: an error ratio a fifth above its threshold, and below the next one's."""
    found = []
    for slo, window in itertools.product(SLOS, WINDOWS):
        ratio = round(1.2 * window.factor * slo.budget, 5)
        minutes = round(window.for_seconds / 60) + 1
        found.append(
            Case(
                alert=slo.alert,
                series=_SERIES_OF[slo.name](ratio, minutes + 2),
                fires_at=minutes,
                value=f"{ratio * 100:.4g}%",
                labels={"slo": slo.name},
                rule={"window": window_name(window.long_seconds)},
            )
        )
    return found


_ATTEMPT: dict[str, Any] = {"outcome": "operator", "error_class": "auth"}

CASES: list[Case] = [
    *burn_cases(),
    Case(
        alert="RecadoDown",
        series={series(metrics.BUILD, version="1", python="3", sqlite="3"): "1x9 stale"},
        fires_at=15,
    ),
    Case(
        alert="RecadoRepliesLate",
        series={series(metrics.OLDEST_DUE_AGE): "0 60 120 180 240 300 360+60x20"},
        fires_at=11,
        value="11m 0s",
    ),
    Case(
        alert="RecadoOperatorNeeded",
        series={series(metrics.ATTEMPTS, **_ATTEMPT): "0 0 0 1 1 1 1 1"},
        fires_at=4,
        value="1",
        labels={"error_class": "auth"},
    ),
    Case(
        alert="RecadoWrongAppSecret",
        series={
            series(metrics.SIGNATURE_FAILURES, reason="mismatch"): "0+3x60",
            series(metrics.WEBHOOK_DURATION, "_count", outcome="accepted"): "0+1x10 10x60",
        },
        fires_at=45,
        value="90",
    ),
    Case(
        alert="RecadoAccountStopped",
        series={series(metrics.ACCOUNT_STOPPED_AT): "-60000x5 360x20"},
        fires_at=6,
        value="0s",
    ),
    Case(
        alert="RecadoAccountThreatened",
        series={series(metrics.ACCOUNT_THREATENED_AT): "-60000x5 360x20"},
        fires_at=6,
        value="0s",
    ),
    Case(
        alert="RecadoEventEndpointHeld",
        series={series(metrics.EVENT_ENDPOINT_HELD, endpoint="crm", reason="outage"): "0 0 1x60"},
        fires_at=17,
        labels={"endpoint": "crm", "reason": "outage"},
    ),
    Case(
        alert="RecadoEventsLate",
        series={series(metrics.EVENT_OLDEST_AGE, endpoint="crm"): "0+60x90"},
        fires_at=66,
        value="1h 6m 0s",
        labels={"endpoint": "crm"},
    ),
    Case(
        alert="RecadoEventsLost",
        series={series(metrics.EVENT_DELIVERIES, endpoint="crm", outcome="failed"): "0 0 0 2 2 2 2"},
        fires_at=3,
        value="2",
        labels={"endpoint": "crm"},
    ),
    Case(
        alert="RecadoNoticesFailing",
        series={
            series(metrics.NOTICE_ATTEMPTS, target="slack", outcome="retryable"): "0 0 0 2x40",
            series(metrics.NOTICE_ATTEMPTS, target="slack", outcome="delivered"): "3x43",
            series(metrics.NOTICE_ATTEMPTS, target="mail", outcome="retryable"): "0 0 0 2x40",
            series(metrics.NOTICE_ATTEMPTS, target="mail", outcome="delivered"): "0 0 0 0 1x40",
        },
        fires_at=8,
        value="2",
        labels={"target": "slack"},
    ),
    Case(
        alert="RecadoVolumeFull",
        series={series(metrics.VOLUME_FREE): "5 4 3 2.9 2.9 2.9", series(metrics.VOLUME_SIZE): "100x5"},
        fires_at=4,
        value="2.9%",
    ),
    Case(
        alert="RecadoCrashLooping",
        series={series("process_start_time_seconds"): "1 1 2 2 3 3 4 4 4 4", **UP},
        fires_at=7,
        value="3",
    ),
    Case(
        alert="RecadoDrainStalled",
        series={
            series(metrics.DRAIN_LAST_SUCCESS): "0 60 120 120x20",
            kube("kube_cronjob_spec_suspend", cronjob="recado-drain"): "0x20",
            kube("kube_cronjob_spec_suspend", cronjob="other-drain"): "1x20",
        },
        fires_at=10,
        value="8m 0s",
    ),
    Case(
        alert="RecadoMetaOutage",
        series={series(metrics.BREAKER_OPEN, phone_number_id="106540352242922", reason="outage"): "0 0 1x20"},
        fires_at=7,
        labels={"phone_number_id": "106540352242922"},
    ),
    Case(
        alert="RecadoQueueGrowing",
        series={
            series(metrics.QUEUE_ROWS, state="queued"): "0+20x60",
            series(metrics.QUEUE_ROWS, state="unknown"): "0x60",
        },
        fires_at=20,
        value="400",
    ),
    Case(
        alert="RecadoRepliesLost",
        series={series(metrics.FAILED_REASONS, reason="retries_exhausted"): "0 0 0 2 2 2"},
        fires_at=3,
        value="2",
        labels={"reason": "retries_exhausted"},
    ),
    Case(
        alert="RecadoRepliesLost",
        series={series(metrics.FAILED_REASONS, reason="rejected"): "0 0 1 2 3 4 5 6 7 7"},
        fires_at=7,
        value="6",
        labels={"reason": "rejected"},
    ),
    Case(
        alert="RecadoOutcomesUnknown",
        series={
            series(metrics.SETTLED, by="retry"): "0 0 3 3 3 3 3",
            series(metrics.SETTLED, by="grace"): "0 0 0 0 3 3 3",
            series(metrics.SETTLED, by="status"): "0+9x6",
        },
        fires_at=4,
        value="6",
    ),
    Case(
        alert="RecadoThrottled",
        series={series(metrics.THROTTLED, scope="number"): "0 0 1+1x30"},
        fires_at=12,
        value="10",
    ),
    Case(
        alert="RecadoUnknownNumber",
        series={series(metrics.UNANSWERED, reason="other_number"): "0 0 1 2 2 2"},
        fires_at=3,
        value="2",
    ),
    Case(
        alert="RecadoLeasesRescued",
        series={series(metrics.RESCUES): "0 0 5 6 6 6"},
        fires_at=3,
        value="6",
    ),
    Case(
        alert="RecadoSignatureFailures",
        series={
            series(metrics.SIGNATURE_FAILURES, reason="missing"): "0+50x30",
            series(metrics.SIGNATURE_FAILURES, reason="mismatch"): "0+40x30",
        },
        fires_at=9,
        value="1.5",
    ),
    Case(
        alert="RecadoStoreFailing",
        series={series(metrics.STORE_ERRORS, cause="full"): "0 0 1 4 7 10"},
        fires_at=3,
        value="",
    ),
    Case(
        alert="RecadoStoreBusy",
        series={
            series(metrics.STORE_DURATION, "_bucket", le="0.5"): "0+90x30",
            series(metrics.STORE_DURATION, "_bucket", le="1.0"): "0+100x30",
            series(metrics.STORE_DURATION, "_bucket", le="+Inf"): "0+100x30",
        },
        fires_at=6,
    ),
    Case(
        alert="RecadoStoreInDoubt",
        series={
            series(metrics.STORE_IN_DOUBT, outcome="committed"): "0+3x20",
            series(metrics.STORE_IN_DOUBT, outcome="unresolved"): "0 0 0 1x20",
        },
        fires_at=3,
        value="1",
    ),
    Case(
        alert="RecadoStandbyLost",
        series={
            series(metrics.STANDBYS, state="synchronous"): "1 1 0x20",
            series(metrics.STANDBYS, state="asynchronous"): "0 0 1x20",
        },
        fires_at=7,
    ),
    Case(
        alert="RecadoVacuumBlocked",
        series={
            series(metrics.OLDEST_SNAPSHOT): "0+60x40",
            series(metrics.DEAD_ROWS): "0 200000x40",
        },
        fires_at=21,
        value="21m 0s",
    ),
    Case(
        alert="RecadoClockOffset",
        series={
            series(metrics.CLOCK_OFFSET): "0 0 -600x20",
            series(metrics.CLOCK_OFFSET, pod=NEXT_POD): "4x22",
        },
        fires_at=7,
        value="10m 0s",
        labels={"instance": POD["instance"]},
    ),
    Case(
        alert="RecadoVolumeFilling",
        series={series(metrics.VOLUME_FREE): "16-0.01x600", series(metrics.VOLUME_SIZE): "100x600"},
        fires_at=161,
        value="14.39%",
    ),
    Case(
        alert="RecadoBackupStale",
        series={
            series(metrics.BACKUP_LAST_SUCCESS): "0+60x1600",
            series(metrics.RESTORE_DRILL_LAST_SUCCESS): "0x1600",
        },
        fires_at=26 * 60 + 6,
        value="1d 2h 6m 0s",
    ),
    Case(
        alert="RecadoBackupStale",
        series={
            series(metrics.STORE_CREATED): "0x1600",
            kube("kube_deployment_created", deployment="recado"): "0x1600",
            kube("kube_deployment_created", deployment="other"): "0x1600",
            kube("kube_cronjob_info", cronjob="recado-backup"): "1x1600",
            kube("kube_cronjob_created", cronjob="recado-backup"): "0x1600",
            kube("kube_cronjob_created", cronjob="postgres-backup"): "0x1600",
        },
        fires_at=26 * 60 + 6,
        value="1d 2h 6m 0s",
    ),
    Case(
        alert="RecadoBackupStale",
        series={
            series(metrics.STORE_CREATED): "0x1600",
            series(metrics.BACKUP_LAST_SUCCESS): "0+60x1600",
            kube("kube_cronjob_created", cronjob="recado-backup-drill"): "0x1600",
        },
        fires_at=26 * 60 + 6,
        value="1d 2h 6m 0s",
    ),
    Case(
        alert="RecadoWebhooksStopped",
        series={series(metrics.WEBHOOK_DURATION, "_count", outcome="accepted"): "0+1x600 600x2000"},
        fires_at=24 * 60 + 21 + 10,
        value="31",
    ),
    Case(
        alert="RecadoCatalogueRefused",
        series={series(metrics.CATALOGUE_RELOADS, outcome="refused"): "0 0 0 1 1"},
        fires_at=3,
        value="1",
    ),
    Case(
        alert="RecadoMessageErrors",
        series={
            series(metrics.MESSAGE_ERRORS, stage="read"): "0 0 0 1 1",
            series(metrics.MESSAGE_ERRORS, stage="status"): "0 0 0 1 1",
        },
        fires_at=3,
        value="2",
    ),
    Case(
        alert="RecadoOrdersNotUnderstood",
        series={
            series(metrics.READINGS, outcome="none"): "0+6x60",
            series(metrics.READINGS, outcome="complete"): "0+4x60",
        },
        fires_at=17,
        value="60%",
    ),
    Case(
        alert="RecadoTemplatePaused",
        series={
            series(metrics.TEMPLATE_PAUSED, template="recado_cotizacion_lista"): "0 0 1x20",
            series(metrics.TEMPLATE_PAUSED, template="recado_pedido_estado"): "0x20",
        },
        fires_at=7,
        value="recado_cotizacion_lista",
        labels={"template": "recado_cotizacion_lista"},
    ),
    Case(
        alert="RecadoVoiceUnheard",
        series={
            series(metrics.VOICE_NOTES, outcome="asked"): "0+3x60",
            series(metrics.VOICE_NOTES, outcome="heard"): "0+1x60",
        },
        fires_at=7,
        value="75%",
    ),
    Case(
        alert="RecadoPersonWanted",
        series={
            series(metrics.HANDOFFS_OLDEST_WAITING): "480+60x10",
            series(metrics.HANDOFF_ANSWER_WITHIN): "600x10",
        },
        fires_at=4,
        value="12m 0s",
    ),
    Case(
        alert="RecadoOrdersWaiting",
        series={
            series(metrics.OLDEST_PLACED): "780+60x10",
            series(metrics.ACCEPT_WITHIN): "900x10",
        },
        fires_at=4,
        value="17m 0s",
    ),
]

#: Pods that are replaced in an incident: each shows the durable totals while it lives.
REPLACED = [
    Case(
        alert="RecadoDeliveryBurn",
        series={
            series(metrics.FINISHED, outcome="delivered"): "0+100x60 stale",
            series(metrics.FINISHED, outcome="failed"): "0x60 stale",
            series(metrics.DELIVERY_AGE, "_bucket", le="300.0"): "0+100x60 stale",
            series(metrics.FINISHED, pod=NEXT_POD, outcome="delivered"): "_x61 6000x60",
            series(metrics.FINISHED, pod=NEXT_POD, outcome="failed"): "_x61 0+100x60",
            series(metrics.DELIVERY_AGE, "_bucket", pod=NEXT_POD, le="300.0"): "_x61 6000x60",
        },
        fires_at=68,
        value="11.86%",
        labels={"slo": "delivered"},
        rule={"window": "1h"},
    ),
    Case(
        alert="RecadoRepliesLost",
        series={
            series(metrics.FAILED_REASONS, reason="retries_exhausted"): "0x3 stale",
            series(metrics.FAILED_REASONS, pod=NEXT_POD, reason="retries_exhausted"): "_x5 2x9",
        },
        fires_at=5,
        value="2",
        labels={"reason": "retries_exhausted"},
    ),
    Case(
        alert="RecadoOutcomesUnknown",
        series={
            series(metrics.SETTLED, by="retry"): "0 0 4 4 stale",
            series(metrics.SETTLED, pod=NEXT_POD, by="retry"): "_x4 4 6x9",
        },
        fires_at=5,
        value="6",
    ),
]


# -- scenarios in which nothing may fire -------------------------------------------------------------------------------

#: Minutes of a scenario, and the minutes at which it is looked at.
LENGTH = 100
LOOKS = (10, 30, 61, 62, 66, 75, 100)


class Scenario(msgspec.Struct, frozen=True):
    name: str
    series: dict[str, str]


def healthy(*, traffic: bool, pod: dict[str, str] = POD, start: int = 0, end: int = LENGTH) -> dict[str, str]:
    """Every series of the registry as a healthy release has it, present from minute `start` to `end`."""
    steady = f"_x{start} " if start else ""
    count = end - start

    def constant(value: float) -> str:
        return f"{steady}{value:g}x{count}"

    found = {}
    for metric in REGISTRY:
        bounds = {label: values or ("1",) for label, values in metric.labels.items()}
        for values in itertools.product(*bounds.values()):
            labels = dict(zip(bounds, values, strict=True))
            if metric.kind is Kind.HISTOGRAM:
                rate = 10 if traffic and _good(labels) else 0
                for edge in metric.edges:
                    low = metric.name == metrics.QUOTE_CONFIDENCE.name
                    inside = rate if edge == "+Inf" or low or float(edge) >= 0.1 else 0
                    found[series(metric, "_bucket", pod=pod, **labels, le=edge)] = f"{steady}0+{inside}x{count}"
                found[series(metric, "_count", pod=pod, **labels)] = f"{steady}0+{rate}x{count}"
                found[series(metric, "_sum", pod=pod, **labels)] = f"{steady}0+{rate}x{count}"
            elif metric.kind is Kind.COUNTER:
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
    """An operator paused the CronJob: no drain succeeds."""
    found = healthy(traffic=True)
    found[series(metrics.DRAIN_LAST_SUCCESS)] = f"0x{LENGTH}"
    found[kube("kube_cronjob_spec_suspend", cronjob="recado-drain")] = f"1x{LENGTH}"
    return found


def without_backups() -> dict[str, str]:
    """Backups were switched off: the last one grows old, and its CronJob is gone while the web Deployment is there."""
    found = healthy(traffic=True)
    found[series(metrics.BACKUP_LAST_SUCCESS)] = f"-{27 * 3600}x{LENGTH}"
    found[kube("kube_deployment_created", deployment="recado")] = f"0x{LENGTH}"
    return found


def without_drills() -> dict[str, str]:
    """backup.drillSchedule was emptied a day after the last drill; copies are made as before."""
    found = healthy(traffic=True)
    found[series(metrics.RESTORE_DRILL_LAST_SUCCESS)] = f"-100000x{LENGTH}"
    found[kube("kube_deployment_created", deployment="recado")] = f"-900000x{LENGTH}"
    found[kube("kube_cronjob_info", cronjob="recado-backup")] = f"1x{LENGTH}"
    return found


def backups_just_asked_for() -> dict[str, str]:
    """No backup has been made, and the CronJobs are young."""
    found = {name: values for name, values in healthy(traffic=True).items() if "_last_success_" not in name}
    found[series(metrics.DRAIN_LAST_SUCCESS)] = f"0+60x{LENGTH}"
    found[kube("kube_deployment_created", deployment="recado")] = f"-{99 * 3600}x{LENGTH}"
    for name in ("recado-backup", "recado-backup-drill"):
        found[kube("kube_cronjob_info", cronjob=name)] = f"1x{LENGTH}"
        found[kube("kube_cronjob_created", cronjob=name)] = f"0x{LENGTH}"
    return found


def forged_at_night(values: str, accepted: str) -> dict[str, str]:
    """Somebody forges webhooks while no customer writes."""
    found = healthy(traffic=False)
    found[series(metrics.SIGNATURE_FAILURES, reason="mismatch")] = values
    found[series(metrics.WEBHOOK_DURATION, "_count", outcome="accepted")] = accepted
    found[series(metrics.WEBHOOK_DURATION, "_bucket", outcome="accepted", le="0.25")] = accepted
    return found


def old_store() -> dict[str, str]:
    """Installed more than a week ago, when a wrong app secret would have shown long since."""
    return {series(metrics.STORE_CREATED): f"-700000x{LENGTH}"}


def restarted() -> dict[str, str]:
    """A new pod after an hour, two minutes late: what a process counted begins at zero, and durable totals go on."""
    after = healthy(traffic=True, pod={**POD, "instance": "10.0.0.8:9464"}, start=62)
    return {name: f"{values} stale" for name, values in healthy(traffic=True, end=60).items()} | after


def restored() -> dict[str, str]:
    """The queue is restored from an older copy: every durable total goes back by fifty, and then goes on."""
    found = healthy(traffic=True)
    for metric in REGISTRY:
        if metric.source is Source.STORE and metric.kind in (Kind.COUNTER, Kind.HISTOGRAM):
            for name in (name for name in found if name.startswith(metric.name)):
                rate = int(found[name].removeprefix("0+").partition("x")[0])
                found[name] = f"200+{rate}x59 _x4 {150 + 59 * rate}+{rate}x36"
    return found


def young() -> dict[str, str]:
    """A first install: no drain has run yet."""
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


# -- as promtool reads it ----------------------------------------------------------------------------------------------


def input_series(found: dict[str, str]) -> list[dict[str, str]]:
    return [{"series": name, "values": values} for name, values in found.items()]


def expected(case: Case) -> dict[str, Any]:
    """The alert as promtool must see it, annotations included."""
    wanted = {**case.labels, **case.rule}
    alert = next(a for a in (*BURNS, *ALERTS) if a.name == case.alert and wanted.items() >= a.labels.items())
    rule = alert.rule(TimeScale())
    description = re.sub(r"{{ if .+? }}(.+){{ else }}.+{{ end }}", r"\1", rule["annotations"]["description"])
    for label, value in {**TARGET, **case.labels}.items():
        description = description.replace(f"{{{{ $labels.{label} }}}}", value)
    head, _, tail = description.partition("{{ $value")
    if tail:
        description = head + case.value + tail.partition("}}")[2]
    return {
        "exp_labels": {**rule["labels"], **TARGET, **case.labels},
        "exp_annotations": {**rule["annotations"], "description": description},
    }
