"""Recording rules and alerts as data.

Every duration goes through a `TimeScale`, so that drills run the same rules with all times divided by one factor. A
page is a symptom that customers notice; a ticket is a cause, or can wait until the morning. All rules of an alert share
its summary and its runbook.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from dashboards.queries import HOLD_SECONDS, RULES, any_of, merged, record_of
from dashboards.slo import ACCEPTED, DAY, MIN_BAD_EVENTS, OUTAGE, PERIOD_SECONDS, SLOS, WINDOWS, Slo, Window
from recado.cluster.checks_database import CLOCK_OFFSET_SECONDS, MANY_DEAD_ROWS, OLD_SNAPSHOT_SECONDS
from recado.queue.sqlite.backup import BACKUP_LATE_SECONDS
from recado.telemetry import metrics
from recado.telemetry.metrics import REGISTRY, Kind, Source

RUNBOOKS = "https://github.com/recado/recado/blob/main/docs/runbooks"
TARGET = "{{ $labels.namespace }}/{{ $labels.job }}"


class TimeScale(msgspec.Struct, frozen=True):
    """Durations divided by `factor`: 1 in production."""

    factor: float = 1.0

    def span(self, seconds: float) -> str:
        """A duration as Prometheus writes it."""
        milliseconds = round(seconds / self.factor * 1000)
        for size, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")):
            if milliseconds and milliseconds % size == 0:
                return f"{milliseconds // size}{unit}"
        return f"{milliseconds}ms"

    def seconds(self, seconds: float) -> str:
        """A number of seconds to compare with."""
        return f"{seconds / self.factor:.6g}"


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert; `expr` gives its expression at a time scale. `summary` contains no numbers; `description` does."""

    name: str
    severity: str
    for_seconds: float
    expr: Callable[[TimeScale], str]
    summary: str
    description: str
    labels: dict[str, str] = {}

    def rule(self, scale: TimeScale) -> dict[str, Any]:
        """As Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": self.expr(scale),
            "for": scale.span(self.for_seconds),
            "labels": {"severity": self.severity, "service": "recado", **self.labels},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{RUNBOOKS}/{self.name}.md",
            },
        }


# -- durable totals ----------------------------------------------------------------------------------------------------

TOTALS = "recado.totals"


def total_rules(scale: TimeScale, others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Recording rules for the durable totals that other groups read."""
    read = " ".join(rule["expr"] for group in others for rule in group["rules"])
    hold = scale.span(HOLD_SECONDS)
    return [
        {"record": record_of(series), "expr": merged(metric, series.removeprefix(f"{metric.name}_"), series, hold)}
        for metric in REGISTRY
        if metric.source is Source.STORE and metric.kind in (Kind.COUNTER, Kind.HISTOGRAM)
        for series in metric.series
        if record_of(series) in read
    ]


# -- service level objectives ------------------------------------------------------------------------------------------


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


def burn_alert(slo: Slo, window: Window) -> Alert:
    threshold = f"{window.factor * slo.budget:.6g}"
    long, short = window_name(window.long_seconds), window_name(window.short_seconds)

    def expr(scale: TimeScale) -> str:
        suppressed = (
            f" unless on (namespace, job) {slo.suppress(scale.span(3600))}"
            if slo.suppress and window.severity == "page"
            else ""
        )
        return (
            f'{record_name(window.long_seconds)}{{slo="{slo.name}"}} > {threshold}'
            f' and {record_name(window.short_seconds)}{{slo="{slo.name}"}} > {threshold}'
            f" and on (namespace, job) ({slo.bad(scale.span(window.long_seconds))}) >= {MIN_BAD_EVENTS}"
            f"{suppressed}"
        )

    return Alert(
        name=slo.alert,
        severity=window.severity,
        for_seconds=window.for_seconds,
        expr=expr,
        summary=f"The error budget of the objective '{slo.title.lower()}' burns too fast.",
        description=(
            f"{TARGET}: {{{{ $value | humanizePercentage }}}} of events missed the objective in {long}, and too many in"
            f" {short}. At this rate the 30-day budget lasts {30 / window.factor:.3g} days. Objective:"
            f" {slo.meaning}."
        ),
        labels={"slo": slo.name, "window": long},
    )


# -- symptoms and causes -----------------------------------------------------------------------------------------------

_BUSY = 'cause="busy"'
_NOT_BUSY = 'cause!="busy"'
_SYNCHRONOUS = 'state="synchronous"'
_REJECTED = 'reason="rejected"'
_NOT_REJECTED = 'reason!="rejected"'
#: How long an alert shows a notice from Meta: longer than a night in which tickets are muted.
NOTICE_SECONDS = 14 * 3600
#: With more webhooks than this in the same two hours before, none today is not chance.
USUAL_WEBHOOKS = 20


def increase(
    metric: metrics.Metric, seconds: float, where: str = "", by: tuple[str, ...] = ()
) -> Callable[[TimeScale], str]:
    return lambda scale: RULES.increase(metric, scale.span(seconds), where=where, by=by)


def above(limit: float, expr: Callable[[TimeScale], str]) -> Callable[[TimeScale], str]:
    return lambda scale: f"{expr(scale)} > {limit:g}"


def _notices_failing(scale: TimeScale) -> str:
    failed, sent = (
        increase(metrics.NOTICE_ATTEMPTS, 3600, f'outcome{sign}"delivered"', ("target",))(scale) for sign in ("!=", "=")
    )
    return f"{failed} > 0 unless {sent} > 0"


def _down(scale: TimeScale) -> str:
    present = f"count by (namespace, job) ({metrics.BUILD.name})"
    recent = f"present_over_time({metrics.BUILD.name}[{scale.span(2 * DAY)}])"
    return f"count by (namespace, job) ({recent}) unless {present} or absent({recent})"


def _crash_loop(scale: TimeScale) -> str:
    window = scale.span(900)
    ours = f"present_over_time({metrics.BUILD.name}[{window}])"
    restarts = f"changes(process_start_time_seconds[{window}]) and on (namespace, job, instance) {ours}"
    return f"sum by (namespace, job) ({restarts}) > 2"


def owned(series: str, kind: str, suffix: str = "") -> str:
    """A series of kube-state-metrics for the objects of a kind that the chart names after their release. The release
    becomes the label `job`, so that the series joins the series of the same release only.
    """
    named = f'{series}{{{kind}=~".+{suffix}"}}'
    return f'max by (namespace, job) (label_replace({named}, "job", "$1", "{kind}", "(.+){suffix}"))'


def _drain_stalled(scale: TimeScale) -> str:
    last = RULES.gauge(metrics.DRAIN_LAST_SUCCESS)
    created = RULES.gauge(metrics.STORE_CREATED)
    paused = f"{owned('kube_cronjob_spec_suspend', 'cronjob', '-drain')} == 1"
    no_loop = f"{owned('kube_deployment_spec_replicas', 'deployment', '-drain')} == 0"
    return f"time() - ({last} or {created}) > {scale.seconds(300)} unless ({paused} or {no_loop})"


def _backup_stale(scale: TimeScale) -> str:
    web = owned("kube_deployment_created", "deployment")

    def late(success: metrics.Metric, suffix: str) -> str:
        """If no backup ever succeeded, the age counts from the creation of the release's CronJob; other releases can
        have backups, too. A release without backups has its web Deployment but no such CronJob.
        """
        created = f"{owned('kube_cronjob_created', 'cronjob', suffix)} and {RULES.gauge(metrics.STORE_CREATED)}"
        age = f"time() - ({RULES.gauge(success)} or {created}) > {scale.seconds(BACKUP_LATE_SECONDS)}"
        return f"({age} unless ({web} unless {owned('kube_cronjob_info', 'cronjob', suffix)}))"

    return (
        f"{late(metrics.BACKUP_LAST_SUCCESS, '-backup')} or {late(metrics.RESTORE_DRILL_LAST_SUCCESS, '-backup-drill')}"
    )


def _queue_growing(scale: TimeScale) -> str:
    states = any_of("state", ("queued", "unknown"))
    waiting = RULES.gauge(metrics.QUEUE_ROWS, where=states)
    before = RULES.gauge(metrics.QUEUE_ROWS, where=states, offset=scale.span(600))
    return f"{waiting} > 100 and {waiting} > 1.2 * {before}"


def _wrong_secret(scale: TimeScale) -> str:
    def refused(seconds: float, ago: float = 0) -> str:
        offset = scale.span(ago) if ago else ""
        return RULES.increase(metrics.SIGNATURE_FAILURES, scale.span(seconds), where='reason="mismatch"', offset=offset)

    def accepted(seconds: float) -> str:
        return RULES.increase(metrics.WEBHOOK_DURATION, scale.span(seconds), where=ACCEPTED)

    # Anyone can forge a few webhooks on a quiet night. So wrong signatures must continue, and correct ones must have
    # stopped. In the first week there may have been no correct one yet.
    wrong = f"{refused(1800)} >= 5 and {refused(600)} > 0 and {refused(600, 1200)} > 0"
    new = f"time() - {RULES.gauge(metrics.STORE_CREATED)} < {scale.seconds(7 * DAY)}"
    return f"{wrong} and {accepted(1800)} == 0 and ({accepted(DAY)} > 0 or {new})"


def _webhooks_stopped(scale: TimeScale) -> str:
    def accepted(days: int = 0) -> str:
        ago = scale.span(days * DAY) if days else ""
        return RULES.increase(metrics.WEBHOOK_DURATION, scale.span(2 * 3600), where=ACCEPTED, offset=ago)

    # Shops have days off: yesterday counts only if there is no data for the same day a week ago.
    usual = f"{accepted(7)} > {USUAL_WEBHOOKS} or ({accepted(1)} > {USUAL_WEBHOOKS} unless {accepted(7)})"
    return f"({usual}) and {accepted()} == 0"


def _replies_lost(scale: TimeScale) -> str:
    # Some customers block the shop; a few rejected replies are normal.
    lost = increase(metrics.FAILED_REASONS, 900, _NOT_REJECTED, ("reason",))(scale)
    rejected = increase(metrics.FAILED_REASONS, 900, _REJECTED, ("reason",))(scale)
    return f"{lost} > 0 or {rejected} >= 6"


def _volume_share() -> str:
    free = RULES.gauge(metrics.VOLUME_FREE, merge="min")
    return f"{free} / {RULES.gauge(metrics.VOLUME_SIZE, merge='min')}"


def _volume_filling(scale: TimeScale) -> str:
    trend = f"predict_linear({metrics.VOLUME_FREE.name}[{scale.span(6 * 3600)}], {scale.seconds(4 * DAY)})"
    return f"{_volume_share()} < 0.15 and min by (namespace, job) ({trend}) < 0"


def _not_understood(scale: TimeScale) -> str:
    none = RULES.increase(metrics.READINGS, scale.span(3600), where='outcome="none"')
    every = RULES.increase(metrics.READINGS, scale.span(3600))
    return f"{none} / ({every} >= 20) > 0.5"


def _voice_unheard(scale: TimeScale) -> str:
    asked = RULES.increase(metrics.VOICE_NOTES, scale.span(1800), where='outcome="asked"')
    every = RULES.increase(metrics.VOICE_NOTES, scale.span(1800), where=any_of("outcome", ("asked", "heard")))
    return f"{asked} / ({every} >= 5) > 0.5"


def _person_wanted(scale: TimeScale) -> str:
    # As with orders, the limit is the shop's own.
    return f"{RULES.gauge(metrics.HANDOFFS_OLDEST_WAITING)} > ({RULES.gauge(metrics.HANDOFF_ANSWER_WITHIN)} > 0)"


def _orders_waiting(scale: TimeScale) -> str:
    # The limit is the shop's own, by a setting, and 0 where nobody accepts orders.
    return f"{RULES.gauge(metrics.OLDEST_PLACED)} > ({RULES.gauge(metrics.ACCEPT_WITHIN)} > 0)"


def _recent(at: metrics.Metric) -> Callable[[TimeScale], str]:
    """True while a moment is recent; the value is its age in seconds."""
    return lambda scale: f"time() - {RULES.gauge(at, merge='max')} < {scale.seconds(NOTICE_SECONDS)}"


def _vacuum_blocked(scale: TimeScale) -> str:
    # An old snapshot hurts once rows wait for a vacuum because of it.
    dead = RULES.gauge(metrics.DEAD_ROWS)
    old = f"{RULES.gauge(metrics.OLDEST_SNAPSHOT)} > {scale.seconds(OLD_SNAPSHOT_SECONDS)}"
    return f"{old} and {dead} > {MANY_DEAD_ROWS:.0f}"


def _clock_offset(scale: TimeScale) -> str:
    return f"max by (namespace, job, instance) (abs({metrics.CLOCK_OFFSET.name})) > {CLOCK_OFFSET_SECONDS:g}"


def _standby_lost(scale: TimeScale) -> str:
    # Where none was ever seen, there is none, or recado's role may not see it.
    now = RULES.gauge(metrics.STANDBYS, where=_SYNCHRONOUS)
    seen = f"max_over_time({RULES.select(metrics.STANDBYS.name, _SYNCHRONOUS)}[{scale.span(DAY)}])"
    return f"{now} == 0 and max by (namespace, job) ({seen}) > 0"


SYMPTOMS = (
    Alert(
        name="RecadoDown",
        severity="page",
        for_seconds=300,
        expr=_down,
        summary="Prometheus cannot scrape any web pod of recado.",
        description=(
            f"{{{{ if $labels.job }}}}{TARGET}: no scrape of a web pod has succeeded for 5 minutes; customers get no"
            " replies.{{ else }}Prometheus has no series of recado: no release runs, or its pods are not scraped."
            "{{ end }}"
        ),
    ),
    Alert(
        name="RecadoRepliesLate",
        severity="page",
        for_seconds=300,
        expr=lambda scale: f"{RULES.gauge(metrics.OLDEST_DUE_AGE)} > {scale.seconds(300)}",
        summary="Replies are overdue in the queue.",
        description=f"{TARGET}: the oldest due reply has been due for {{{{ $value | humanizeDuration }}}}.",
    ),
    Alert(
        name="RecadoOperatorNeeded",
        severity="page",
        for_seconds=60,
        expr=above(0, increase(metrics.ATTEMPTS, 600, 'outcome="operator"', ("error_class",))),
        summary="Meta rejects all sends until a person fixes the account, the token or the payment.",
        description=(
            f"{TARGET}: {{{{ $value | humanize }}}} attempts in 10 minutes failed with errors of class"
            " {{ $labels.error_class }}. Sending is paused; replies stay in the queue."
        ),
    ),
    Alert(
        name="RecadoWrongAppSecret",
        severity="page",
        for_seconds=300,
        expr=_wrong_secret,
        summary="All webhooks have a wrong signature: the app secret is probably wrong.",
        description=(
            f"{TARGET}: {{{{ $value | humanize }}}} webhooks in 30 minutes had a wrong signature, none a correct one."
        ),
    ),
    Alert(
        name="RecadoUnknownNumber",
        severity="page",
        for_seconds=0,
        # The button "Test" in Meta's dashboard sends one.
        expr=above(1, increase(metrics.UNANSWERED, 3600, 'reason="other_number"')),
        summary="Customers write to a business number that recado does not serve.",
        description=(
            f"{TARGET}: {{{{ $value | humanize }}}} messages in an hour were for numbers that are not in"
            " whatsapp.phoneNumberIds. recado acknowledged them without a reply."
        ),
    ),
    Alert(
        name="RecadoAccountStopped",
        severity="page",
        for_seconds=0,
        expr=_recent(metrics.ACCOUNT_STOPPED_AT),
        summary="Meta restricts, disables or removes the WhatsApp account.",
        description=f"{TARGET}: Meta sent the notice {{{{ $value | humanizeDuration }}}} ago and has not withdrawn it.",
    ),
    Alert(
        name="RecadoVolumeFull",
        severity="page",
        for_seconds=60,
        expr=lambda scale: f"{_volume_share()} < 0.03",
        summary="The queue's volume is almost full; recado will soon refuse webhooks.",
        description=f"{TARGET}: {{{{ $value | humanizePercentage }}}} of the volume is free.",
    ),
)

CAUSES = (
    Alert(
        name="RecadoCrashLooping",
        severity="ticket",
        for_seconds=60,
        expr=_crash_loop,
        summary="Web pods restart repeatedly.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} restarts in 15 minutes.",
    ),
    Alert(
        name="RecadoDrainStalled",
        severity="ticket",
        for_seconds=120,
        expr=_drain_stalled,
        summary="The drain has not succeeded for several runs; retries are not sent.",
        description=f"{TARGET}: the last successful drain ended {{{{ $value | humanizeDuration }}}} ago.",
    ),
    Alert(
        name="RecadoMetaOutage",
        severity="ticket",
        for_seconds=300,
        expr=lambda scale: f"{RULES.gauge(metrics.BREAKER_OPEN, by=('phone_number_id',), where=OUTAGE)} > 0",
        summary="The Graph API is down; replies wait, and recado sends probes only.",
        description=(
            f"{TARGET}: the breaker of business number {{{{ $labels.phone_number_id }}}} has been open for 5 minutes."
        ),
    ),
    Alert(
        name="RecadoAccountThreatened",
        severity="ticket",
        for_seconds=0,
        expr=_recent(metrics.ACCOUNT_THREATENED_AT),
        summary="Meta warns about the WhatsApp account or a business number.",
        description=f"{TARGET}: Meta warned {{{{ $value | humanizeDuration }}}} ago and has not withdrawn the warning.",
    ),
    Alert(
        name="RecadoQueueGrowing",
        severity="ticket",
        for_seconds=600,
        expr=_queue_growing,
        summary="Replies enter the queue faster than they leave it.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} replies wait, over 20 % more than 10 minutes ago.",
    ),
    Alert(
        name="RecadoRepliesLost",
        severity="ticket",
        for_seconds=0,
        expr=_replies_lost,
        summary="recado gave replies up; their customers got no reply.",
        description=(
            f"{TARGET}: recado gave {{{{ $value | humanize }}}} replies up in 15 minutes: {{{{ $labels.reason }}}}."
        ),
    ),
    Alert(
        name="RecadoEventEndpointHeld",
        severity="ticket",
        for_seconds=900,
        expr=lambda scale: f"{RULES.gauge(metrics.EVENT_ENDPOINT_HELD, by=('endpoint', 'reason'), merge='max')} > 0",
        summary="An endpoint of events is down, wrongly configured, or has ended its subscription.",
        description=(
            f"{TARGET}: for 15 minutes recado has sent the endpoint {{{{ $labels.endpoint }}}} only trials:"
            " {{ $labels.reason }}."
        ),
    ),
    Alert(
        name="RecadoEventsLate",
        severity="ticket",
        for_seconds=300,
        expr=lambda scale: (
            f"{RULES.gauge(metrics.EVENT_OLDEST_AGE, by=('endpoint',), merge='max')} > {scale.seconds(3600)}"
        ),
        summary="Events wait for an endpoint; the shop's system gets no orders.",
        description=(
            f"{TARGET}: the oldest event for the endpoint {{{{ $labels.endpoint }}}} has waited for"
            " {{ $value | humanizeDuration }}."
        ),
    ),
    Alert(
        name="RecadoEventsLost",
        severity="ticket",
        for_seconds=0,
        expr=above(0, increase(metrics.EVENT_DELIVERIES, 3600, 'outcome="failed"', ("endpoint",))),
        summary="recado gave events up; the shop's system did not get them.",
        description=(
            f"{TARGET}: {{{{ $value | humanize }}}} events for the endpoint {{{{ $labels.endpoint }}}} were given up"
            " in an hour."
        ),
    ),
    Alert(
        name="RecadoNoticesFailing",
        severity="ticket",
        for_seconds=300,
        expr=_notices_failing,
        summary="Notices do not reach the operator.",
        description=(
            f"{TARGET}: {{{{ $value | humanize }}}} attempts in an hour to send a notice to {{{{ $labels.target }}}}"
            " failed, and none succeeded."
        ),
    ),
    Alert(
        name="RecadoOutcomesUnknown",
        severity="ticket",
        for_seconds=0,
        expr=above(5, increase(metrics.SETTLED, 1800, any_of("by", ("retry", "grace")))),
        summary="Meta sends no statuses for attempts with an unknown outcome; some customers may get a reply twice.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} attempts in 30 minutes got no status in time.",
    ),
    Alert(
        name="RecadoThrottled",
        severity="ticket",
        for_seconds=600,
        expr=above(0, increase(metrics.THROTTLED, 600, 'scope="number"')),
        summary="Meta throttles a business number.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} throttles in 10 minutes, for at least 10 minutes.",
    ),
    Alert(
        name="RecadoLeasesRescued",
        severity="ticket",
        for_seconds=0,
        expr=above(5, increase(metrics.RESCUES, 900)),
        summary="Processes die while they send replies.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} replies were taken over from dead processes in 15 minutes.",
    ),
    Alert(
        name="RecadoWebhooksStopped",
        severity="ticket",
        for_seconds=600,
        expr=_webhooks_stopped,
        summary="Webhooks from Meta have stopped.",
        description=(
            f"{TARGET}: recado accepted no webhook in 2 hours; in the same hours a week or a day ago it accepted"
            " {{ $value | humanize }}."
        ),
    ),
    Alert(
        name="RecadoSignatureFailures",
        severity="ticket",
        for_seconds=300,
        expr=lambda scale: f"{RULES.rate(metrics.SIGNATURE_FAILURES, scale.span(300))} > 1",
        summary="A client sends many webhooks with a wrong signature.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} webhooks per second with a wrong signature for 5 minutes.",
    ),
    Alert(
        name="RecadoStoreFailing",
        severity="ticket",
        for_seconds=60,
        expr=lambda scale: (
            f"{RULES.increase(metrics.STORE_ERRORS, scale.span(300), where=_NOT_BUSY)} > 0"
            f" or {RULES.gauge(metrics.STORE_READABLE, merge='min')} == 0"
        ),
        summary="The store cannot be written or read; recado refuses webhooks, and Meta sends them again.",
        description=f"{TARGET}: transactions failed in the last 5 minutes, or a scrape could not read the store.",
    ),
    Alert(
        name="RecadoStoreBusy",
        severity="ticket",
        for_seconds=300,
        expr=lambda scale: (
            f"{RULES.increase(metrics.STORE_ERRORS, scale.span(300), where=_BUSY)} > 0"
            f" or {RULES.quantile(0.95, metrics.STORE_DURATION, scale.span(300))} > 0.5"
        ),
        summary="Store writes are slow or its lock times out.",
        description=f"{TARGET}: the lock timed out, or one transaction in 20 took more than 0.5 s.",
    ),
    Alert(
        name="RecadoStoreInDoubt",
        severity="ticket",
        for_seconds=0,
        expr=above(0, increase(metrics.STORE_IN_DOUBT, 900, 'outcome="unresolved"')),
        summary="The database did not say whether it had recorded messages.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} commits in 15 minutes were not confirmed in time.",
    ),
    Alert(
        name="RecadoStandbyLost",
        severity="ticket",
        for_seconds=300,
        expr=_standby_lost,
        summary="The database has lost its synchronous standby.",
        description=f"{TARGET}: there was a synchronous standby within a day, and there has been none for 5 minutes.",
    ),
    Alert(
        name="RecadoVacuumBlocked",
        severity="ticket",
        for_seconds=300,
        expr=_vacuum_blocked,
        summary="A long transaction keeps the database from vacuuming; every statement gets slower.",
        description=f"{TARGET}: the oldest transaction began {{{{ $value | humanizeDuration }}}} ago.",
    ),
    Alert(
        name="RecadoClockOffset",
        severity="ticket",
        for_seconds=300,
        expr=_clock_offset,
        summary="The clocks of a pod and of the database differ.",
        description=(
            f"{TARGET}: the clocks of {{{{ $labels.instance }}}} and of the database differ by"
            " {{ $value | humanizeDuration }}."
        ),
    ),
    Alert(
        name="RecadoVolumeFilling",
        severity="ticket",
        for_seconds=3600,
        expr=_volume_filling,
        summary="The queue's volume is filling up.",
        description=f"{TARGET}: {{{{ $value | humanizePercentage }}}} is free; at this rate it is full within 4 days.",
    ),
    Alert(
        name="RecadoBackupStale",
        severity="ticket",
        for_seconds=300,
        expr=_backup_stale,
        summary="The queue's last backup or restore drill is more than a day old.",
        description=f"{TARGET}: no backup or restore drill has succeeded for {{{{ $value | humanizeDuration }}}}.",
    ),
    Alert(
        name="RecadoCatalogueRefused",
        severity="ticket",
        for_seconds=0,
        expr=above(0, increase(metrics.CATALOGUE_RELOADS, 900, 'outcome="refused"')),
        summary="The new catalogue cannot be read; quotes use the old prices.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} changes of the catalogue were refused in 15 minutes.",
    ),
    Alert(
        name="RecadoMessageErrors",
        severity="ticket",
        for_seconds=0,
        expr=above(0, increase(metrics.MESSAGE_ERRORS, 900)),
        summary="Messages hit a defect in recado.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} messages or statuses hit a defect in 15 minutes.",
    ),
    Alert(
        name="RecadoOrdersNotUnderstood",
        severity="ticket",
        for_seconds=900,
        expr=_not_understood,
        summary="Most orders match no product.",
        description=f"{TARGET}: {{{{ $value | humanizePercentage }}}} of orders in an hour matched no product.",
    ),
    Alert(
        name="RecadoTemplatePaused",
        severity="ticket",
        for_seconds=300,
        expr=lambda scale: f"{RULES.gauge(metrics.TEMPLATE_PAUSED, by=('template',))} > 0",
        summary="Meta does not accept a template as recado sends it.",
        description=(
            f"{TARGET}: the template {{{{ $labels.template }}}} is held. Quotes and order notices outside Meta's"
            " window wait for it, for at most 12 hours."
        ),
    ),
    Alert(
        name="RecadoVoiceUnheard",
        severity="ticket",
        for_seconds=300,
        expr=_voice_unheard,
        summary="Voice notes are not transcribed.",
        description=(
            f"{TARGET}: recado could not transcribe {{{{ $value | humanizePercentage }}}} of the voice notes in"
            " 30 minutes and asked their customers to write."
        ),
    ),
    Alert(
        name="RecadoPersonWanted",
        severity="ticket",
        for_seconds=60,
        expr=_person_wanted,
        summary="A customer waits for a person.",
        description=(
            f"{TARGET}: a customer asked for a person {{{{ $value | humanizeDuration }}}} ago, and nobody has"
            " written to him."
        ),
    ),
    Alert(
        name="RecadoOrdersWaiting",
        severity="ticket",
        for_seconds=60,
        expr=_orders_waiting,
        summary="An order waits for the shop's staff.",
        description=(
            f"{TARGET}: the oldest order was placed {{{{ $value | humanizeDuration }}}} ago and is neither accepted nor"
            " cancelled."
        ),
    ),
)

BURNS = tuple(burn_alert(slo, window) for slo in SLOS for window in WINDOWS)
ALERTS: tuple[Alert, ...] = (*BURNS, *SYMPTOMS, *CAUSES)


# -- files -------------------------------------------------------------------------------------------------------------


def groups(scale: TimeScale | None = None) -> list[dict[str, Any]]:
    """All rules as Prometheus groups."""
    scale = scale or TimeScale()
    others = [
        *({"name": f"recado.slo.{slo.name}", "rules": recording_rules(slo, scale)} for slo in SLOS),
        {"name": "recado.burn", "rules": [alert.rule(scale) for alert in BURNS]},
        {"name": "recado.symptoms", "rules": [alert.rule(scale) for alert in SYMPTOMS]},
        {"name": "recado.causes", "rules": [alert.rule(scale) for alert in CAUSES]},
    ]
    return [{"name": TOTALS, "rules": total_rules(scale, others)}, *others]
