"""Data for promtool that makes each alert fire, and the time at which it fires.

`fires_at` is the first minute at which the alert must fire; a minute before, it must not.
"""

import re
from typing import Any

from dashboards.alert import TimeScale
from dashboards.alerts import ALERTS, BURNS

from recado.telemetry import metrics
from tests.dashboards.alert_data import NEXT_POD, POD, TARGET, UP, Case, kube, series
from tests.dashboards.burn_cases import burn_cases

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

#: Pods that are replaced during an incident; each exports the durable totals as long as it runs.
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


def expected(case: Case) -> dict[str, Any]:
    """The alert as promtool must report it, with its annotations."""
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
