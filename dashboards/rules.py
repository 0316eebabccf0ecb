"""Recording rules and alerts as data.

Every duration goes through a `TimeScale`, so that the drills can run the same rules with their times divided by one
factor. Pages are symptoms that a customer notices; tickets are causes, or can wait until the morning. The summary, the
severity and the runbook's address are the same for all of an alert's rules.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from dashboards.queries import HOLD_SECONDS, RULES, any_of, merged, record_of
from dashboards.slo import ACCEPTED, DAY, MIN_BAD_EVENTS, OUTAGE, PERIOD_SECONDS, SLOS, WINDOWS, Slo, Window
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
    """An alert; `expr` gives its expression at a pace. `summary` has no numbers, `description` has them."""

    name: str
    severity: str
    for_seconds: float
    expr: Callable[[TimeScale], str]
    summary: str
    description: str
    labels: dict[str, str] = {}

    def rule(self, pace: TimeScale) -> dict[str, Any]:
        """As Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": self.expr(pace),
            "for": pace.span(self.for_seconds),
            "labels": {"severity": self.severity, "service": "recado", **self.labels},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{RUNBOOKS}/{self.name}.md",
            },
        }


# -- durable totals ----------------------------------------------------------------------------------------------------

TOTALS = "recado.totals"


def total_rules(pace: TimeScale, others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records of the durable totals that other groups read."""
    read = " ".join(rule["expr"] for group in others for rule in group["rules"])
    hold = pace.span(HOLD_SECONDS)
    return [
        {"record": record_of(series), "expr": merged(metric, series.removeprefix(f"{metric.name}_"), series, hold)}
        for metric in REGISTRY
        if metric.source is Source.STORE and metric.kind in (Kind.COUNTER, Kind.HISTOGRAM)
        for series in metric.series
        if record_of(series) in read
    ]


# -- service level objectives ------------------------------------------------------------------------------------------


def window_name(seconds: float) -> str:
    """A window in a rule's name: what it stands for, at any pace."""
    return TimeScale().span(seconds)


def record_name(seconds: float) -> str:
    return f"slo:sli_error:ratio_rate{window_name(seconds)}"


def recorded_windows() -> list[float]:
    """The windows that the alerts need, and the period; shortest first."""
    return sorted({s for w in WINDOWS for s in (w.short_seconds, w.long_seconds)} | {PERIOD_SECONDS})


def recording_rules(slo: Slo, pace: TimeScale) -> list[dict[str, Any]]:
    """Error ratios of one objective over each window, its budget, and what is left of it."""
    labels = {"slo": slo.name, "service": "recado"}
    rules = [
        {
            "record": record_name(seconds),
            "expr": f"({slo.bad(pace.span(seconds))}) / ({slo.total(pace.span(seconds))} > 0)",
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

    def expr(pace: TimeScale) -> str:
        excused = (
            f" unless on (namespace, job) {slo.excuse(pace.span(3600))}"
            if slo.excuse and window.severity == "page"
            else ""
        )
        return (
            f'{record_name(window.long_seconds)}{{slo="{slo.name}"}} > {threshold}'
            f' and {record_name(window.short_seconds)}{{slo="{slo.name}"}} > {threshold}'
            f" and on (namespace, job) ({slo.bad(pace.span(window.long_seconds))}) >= {MIN_BAD_EVENTS}"
            f"{excused}"
        )

    return Alert(
        name=slo.alert,
        severity=window.severity,
        for_seconds=window.for_seconds,
        expr=expr,
        summary=f"The error budget of the objective '{slo.title.lower()}' burns too fast.",
        description=(
            f"{TARGET}: {{{{ $value | humanizePercentage }}}} missed the objective over {long} and too many over"
            f" {short}; at this rate 30 days of budget last {30 / window.factor:.3g} days. Objective: {slo.meaning}."
        ),
        labels={"slo": slo.name, "window": long},
    )


# -- symptoms and causes -----------------------------------------------------------------------------------------------

_BUSY = 'cause="busy"'
_NOT_BUSY = 'cause!="busy"'
_REJECTED = 'reason="rejected"'
_NOT_REJECTED = 'reason!="rejected"'
#: A notice of Meta's is shown for so long: longer than the night in which tickets are muted.
NOTICE_SECONDS = 14 * 3600
#: So many webhooks in two hours, and none today, are no chance.
USUAL_WEBHOOKS = 20


def increase(
    metric: metrics.Metric, seconds: float, where: str = "", by: tuple[str, ...] = ()
) -> Callable[[TimeScale], str]:
    return lambda pace: RULES.increase(metric, pace.span(seconds), where=where, by=by)


def more_than(limit: float, expr: Callable[[TimeScale], str]) -> Callable[[TimeScale], str]:
    return lambda pace: f"{expr(pace)} > {limit:g}"


def _down(pace: TimeScale) -> str:
    present = f"count by (namespace, job) ({metrics.BUILD.name})"
    lately = f"present_over_time({metrics.BUILD.name}[{pace.span(2 * DAY)}])"
    return f"count by (namespace, job) ({lately}) unless {present} or absent({lately})"


def _crash_loop(pace: TimeScale) -> str:
    window = pace.span(900)
    ours = f"present_over_time({metrics.BUILD.name}[{window}])"
    restarts = f"changes(process_start_time_seconds[{window}]) and on (namespace, job, instance) {ours}"
    return f"sum by (namespace, job) ({restarts}) > 2"


def owned(series: str, kind: str, suffix: str = "") -> str:
    """What kube-state-metrics says of the objects of a kind that the chart names after their release: with the release
    as `job`, so that it joins that release's own series and no other's.
    """
    named = f'{series}{{{kind}=~".+{suffix}"}}'
    return f'max by (namespace, job) (label_replace({named}, "job", "$1", "{kind}", "(.+){suffix}"))'


def _drain_stalled(pace: TimeScale) -> str:
    last = RULES.gauge(metrics.DRAIN_LAST_SUCCESS)
    created = RULES.gauge(metrics.STORE_CREATED)
    paused = f"{owned('kube_cronjob_spec_suspend', 'cronjob', '-drain')} == 1"
    no_loop = f"{owned('kube_deployment_spec_replicas', 'deployment', '-drain')} == 0"
    return f"time() - ({last} or {created}) > {pace.seconds(300)} unless ({paused} or {no_loop})"


def _backup_stale(pace: TimeScale) -> str:
    web = owned("kube_deployment_created", "deployment")

    def late(success: metrics.Metric, suffix: str) -> str:
        """Where none ever succeeded, the age of the release's CronJob counts; others have backups, too.

        A release that no longer wants them has its web Deployment and no such CronJob.
        """
        created = f"{owned('kube_cronjob_created', 'cronjob', suffix)} and {RULES.gauge(metrics.STORE_CREATED)}"
        age = f"time() - ({RULES.gauge(success)} or {created}) > {pace.seconds(BACKUP_LATE_SECONDS)}"
        return f"({age} unless ({web} unless {owned('kube_cronjob_info', 'cronjob', suffix)}))"

    return (
        f"{late(metrics.BACKUP_LAST_SUCCESS, '-backup')} or {late(metrics.RESTORE_DRILL_LAST_SUCCESS, '-backup-drill')}"
    )


def _queue_growing(pace: TimeScale) -> str:
    states = any_of("state", ("queued", "unknown"))
    waiting = RULES.gauge(metrics.QUEUE_ROWS, where=states)
    before = RULES.gauge(metrics.QUEUE_ROWS, where=states, offset=pace.span(600))
    return f"{waiting} > 100 and {waiting} > 1.2 * {before}"


def _wrong_secret(pace: TimeScale) -> str:
    def refused(seconds: float, ago: float = 0) -> str:
        offset = pace.span(ago) if ago else ""
        return RULES.increase(metrics.SIGNATURE_FAILURES, pace.span(seconds), where='reason="mismatch"', offset=offset)

    def accepted(seconds: float) -> str:
        return RULES.increase(metrics.WEBHOOK_DURATION, pace.span(seconds), where=ACCEPTED)

    # Anybody can forge a few in a quiet night: they must go on, and Meta must have come before and come no more. In the
    # first week it may never have come with a right one.
    forged = f"{refused(1800)} >= 5 and {refused(600)} > 0 and {refused(600, 1200)} > 0"
    new = f"time() - {RULES.gauge(metrics.STORE_CREATED)} < {pace.seconds(7 * DAY)}"
    return f"{forged} and {accepted(1800)} == 0 and ({accepted(DAY)} > 0 or {new})"


def _webhooks_stopped(pace: TimeScale) -> str:
    def accepted(days: int = 0) -> str:
        ago = pace.span(days * DAY) if days else ""
        return RULES.increase(metrics.WEBHOOK_DURATION, pace.span(2 * 3600), where=ACCEPTED, offset=ago)

    # Shops have days off: yesterday counts only while nothing is known of this day a week ago.
    usual = f"{accepted(7)} > {USUAL_WEBHOOKS} or ({accepted(1)} > {USUAL_WEBHOOKS} unless {accepted(7)})"
    return f"({usual}) and {accepted()} == 0"


def _replies_lost(pace: TimeScale) -> str:
    # A few customers have always blocked the shop.
    lost = increase(metrics.FAILED_REASONS, 900, _NOT_REJECTED, ("reason",))(pace)
    rejected = increase(metrics.FAILED_REASONS, 900, _REJECTED, ("reason",))(pace)
    return f"{lost} > 0 or {rejected} >= 6"


def _volume_share() -> str:
    free = RULES.gauge(metrics.VOLUME_FREE, merge="min")
    return f"{free} / {RULES.gauge(metrics.VOLUME_SIZE, merge='min')}"


def _volume_filling(pace: TimeScale) -> str:
    trend = f"predict_linear({metrics.VOLUME_FREE.name}[{pace.span(6 * 3600)}], {pace.seconds(4 * DAY)})"
    return f"{_volume_share()} < 0.15 and min by (namespace, job) ({trend}) < 0"


def _not_understood(pace: TimeScale) -> str:
    none = RULES.increase(metrics.QUOTES, pace.span(3600), where='outcome="none"')
    every = RULES.increase(metrics.QUOTES, pace.span(3600))
    return f"{none} / ({every} >= 20) > 0.5"


def _lately(at: metrics.Metric) -> Callable[[TimeScale], str]:
    """Whether a moment is not long ago; the value is how long."""
    return lambda pace: f"time() - {RULES.gauge(at, merge='max')} < {pace.seconds(NOTICE_SECONDS)}"


SYMPTOMS = (
    Alert(
        name="RecadoDown",
        severity="page",
        for_seconds=300,
        expr=_down,
        summary="No web pod of recado is being scraped.",
        description=(
            f"{{{{ if $labels.job }}}}{TARGET}: no web pod has answered a scrape for 5 minutes; customers are not being"
            " answered.{{ else }}Prometheus knows of no release of recado: none runs, or its pods are not scraped."
            "{{ end }}"
        ),
    ),
    Alert(
        name="RecadoRepliesLate",
        severity="page",
        for_seconds=300,
        expr=lambda pace: f"{RULES.gauge(metrics.OLDEST_DUE_AGE)} > {pace.seconds(300)}",
        summary="Replies wait in the queue long after they were due.",
        description=f"{TARGET}: the oldest due reply has been due for {{{{ $value | humanizeDuration }}}}.",
    ),
    Alert(
        name="RecadoOperatorNeeded",
        severity="page",
        for_seconds=60,
        expr=more_than(0, increase(metrics.ATTEMPTS, 600, 'outcome="operator"', ("error_class",))),
        summary="Meta refuses to send until a person puts the account, the token or the payment right.",
        description=(
            f"{TARGET}: {{{{ $value | humanize }}}} attempts in 10 minutes were refused with errors of class"
            " {{ $labels.error_class }}; nothing is sent meanwhile, and nothing is lost."
        ),
    ),
    Alert(
        name="RecadoWrongAppSecret",
        severity="page",
        for_seconds=300,
        expr=_wrong_secret,
        summary="Every webhook is refused for its signature: the app secret is probably wrong.",
        description=(
            f"{TARGET}: {{{{ $value | humanize }}}} webhooks in 30 minutes had a wrong signature, and none a right one."
        ),
    ),
    Alert(
        name="RecadoUnknownNumber",
        severity="page",
        for_seconds=0,
        # Meta's dashboard sends one with its button "Test".
        expr=more_than(1, increase(metrics.UNANSWERED, 3600, 'reason="other_number"')),
        summary="Customers write to a business number that recado does not answer.",
        description=(
            f"{TARGET}: {{{{ $value | humanize }}}} messages in an hour were for numbers that are not in"
            " whatsapp.phoneNumberIds; they were acknowledged and get no reply."
        ),
    ),
    Alert(
        name="RecadoAccountStopped",
        severity="page",
        for_seconds=0,
        expr=_lately(metrics.ACCOUNT_STOPPED_AT),
        summary="Meta says that it restricts, disables or removes the WhatsApp account.",
        description=f"{TARGET}: Meta said so {{{{ $value | humanizeDuration }}}} ago, and has not taken it back.",
    ),
    Alert(
        name="RecadoVolumeFull",
        severity="page",
        for_seconds=60,
        expr=lambda pace: f"{_volume_share()} < 0.03",
        summary="The volume of the queue is almost full; soon no webhook can be accepted.",
        description=f"{TARGET}: {{{{ $value | humanizePercentage }}}} of the volume is free.",
    ),
)

CAUSES = (
    Alert(
        name="RecadoCrashLooping",
        severity="ticket",
        for_seconds=60,
        expr=_crash_loop,
        summary="A web pod restarts again and again.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} restarts in 15 minutes.",
    ),
    Alert(
        name="RecadoDrainStalled",
        severity="ticket",
        for_seconds=120,
        expr=_drain_stalled,
        summary="The drain has not finished its work for several runs; retries are not sent.",
        description=f"{TARGET}: the last drain that succeeded ended {{{{ $value | humanizeDuration }}}} ago.",
    ),
    Alert(
        name="RecadoMetaOutage",
        severity="ticket",
        for_seconds=300,
        expr=lambda pace: f"{RULES.gauge(metrics.BREAKER_OPEN, by=('phone_number_id',), where=OUTAGE)} > 0",
        summary="The Graph API is down; replies wait and only probes are sent.",
        description=(
            f"{TARGET}: the breaker of business number {{{{ $labels.phone_number_id }}}} has been open for 5 minutes."
        ),
    ),
    Alert(
        name="RecadoAccountThreatened",
        severity="ticket",
        for_seconds=0,
        expr=_lately(metrics.ACCOUNT_THREATENED_AT),
        summary="Meta warns about the WhatsApp account or a business number.",
        description=f"{TARGET}: Meta warned {{{{ $value | humanizeDuration }}}} ago, and has not taken it back.",
    ),
    Alert(
        name="RecadoQueueGrowing",
        severity="ticket",
        for_seconds=600,
        expr=_queue_growing,
        summary="Replies come into the queue faster than they leave it.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} replies wait, a fifth more than 10 minutes ago.",
    ),
    Alert(
        name="RecadoRepliesLost",
        severity="ticket",
        for_seconds=0,
        expr=_replies_lost,
        summary="Replies were given up: customers got no answer.",
        description=(f"{TARGET}: {{{{ $value | humanize }}}} replies in 15 minutes ended as {{{{ $labels.reason }}}}."),
    ),
    Alert(
        name="RecadoOutcomesUnknown",
        severity="ticket",
        for_seconds=0,
        expr=more_than(5, increase(metrics.SETTLED, 1800, any_of("by", ("retry", "grace")))),
        summary="Attempts of unknown outcome are not settled by Meta's statuses; some customers may be answered twice.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} in 30 minutes had no status within the grace period.",
    ),
    Alert(
        name="RecadoThrottled",
        severity="ticket",
        for_seconds=600,
        expr=more_than(0, increase(metrics.THROTTLED, 600, 'scope="number"')),
        summary="Meta throttles a business number.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} throttles in 10 minutes, for 10 minutes on end.",
    ),
    Alert(
        name="RecadoLeasesRescued",
        severity="ticket",
        for_seconds=0,
        expr=more_than(5, increase(metrics.RESCUES, 900)),
        summary="Processes die while they are sending.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} replies in 15 minutes were taken over from dead processes.",
    ),
    Alert(
        name="RecadoWebhooksStopped",
        severity="ticket",
        for_seconds=600,
        expr=_webhooks_stopped,
        summary="Meta's webhooks do not come any more.",
        description=(
            f"{TARGET}: not one webhook was accepted in 2 hours; the same hours a week or a day ago had"
            " {{ $value | humanize }}."
        ),
    ),
    Alert(
        name="RecadoSignatureFailures",
        severity="ticket",
        for_seconds=300,
        expr=lambda pace: f"{RULES.rate(metrics.SIGNATURE_FAILURES, pace.span(300))} > 1",
        summary="Somebody sends webhooks that Meta did not sign.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} wrongly signed webhooks a second for 5 minutes.",
    ),
    Alert(
        name="RecadoStoreFailing",
        severity="ticket",
        for_seconds=60,
        expr=lambda pace: (
            f"{RULES.increase(metrics.STORE_ERRORS, pace.span(300), where=_NOT_BUSY)} > 0"
            f" or {RULES.gauge(metrics.STORE_READABLE, merge='min')} == 0"
        ),
        summary="The store refuses to be written or read; webhooks are refused, and Meta brings them again.",
        description=f"{TARGET}: transactions have failed in the last 5 minutes, or a scrape could not read the store.",
    ),
    Alert(
        name="RecadoStoreBusy",
        severity="ticket",
        for_seconds=300,
        expr=lambda pace: (
            f"{RULES.increase(metrics.STORE_ERRORS, pace.span(300), where=_BUSY)} > 0"
            f" or {RULES.quantile(0.95, metrics.STORE_DURATION, pace.span(300))} > 0.5"
        ),
        summary="Writing to the store takes long, or its lock is not to be had.",
        description=f"{TARGET}: the lock was not free in time, or one transaction in 20 took over half a second.",
    ),
    Alert(
        name="RecadoVolumeFilling",
        severity="ticket",
        for_seconds=3600,
        expr=_volume_filling,
        summary="The volume of the queue fills up.",
        description=f"{TARGET}: {{{{ $value | humanizePercentage }}}} is free, and at this rate nothing within 4 days.",
    ),
    Alert(
        name="RecadoBackupStale",
        severity="ticket",
        for_seconds=300,
        expr=_backup_stale,
        summary="No backup of the queue was made, or none was shown to be good, for more than a day.",
        description=f"{TARGET}: none has succeeded for {{{{ $value | humanizeDuration }}}}.",
    ),
    Alert(
        name="RecadoCatalogueRefused",
        severity="ticket",
        for_seconds=0,
        expr=more_than(0, increase(metrics.CATALOGUE_RELOADS, 900, 'outcome="refused"')),
        summary="A new catalogue cannot be read; quotes go on with the old prices.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} changes of the catalogue were refused in 15 minutes.",
    ),
    Alert(
        name="RecadoMessageErrors",
        severity="ticket",
        for_seconds=0,
        expr=more_than(0, increase(metrics.MESSAGE_ERRORS, 900)),
        summary="Single messages meet a defect of recado's own.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} messages or statuses met a defect in 15 minutes.",
    ),
    Alert(
        name="RecadoOrdersNotUnderstood",
        severity="ticket",
        for_seconds=900,
        expr=_not_understood,
        summary="Most orders match no product.",
        description=f"{TARGET}: {{{{ $value | humanizePercentage }}}} of an hour's orders matched no product.",
    ),
)

BURNS = tuple(burn_alert(slo, window) for slo in SLOS for window in WINDOWS)
ALERTS: tuple[Alert, ...] = (*BURNS, *SYMPTOMS, *CAUSES)


# -- files -------------------------------------------------------------------------------------------------------------


def groups(pace: TimeScale | None = None) -> list[dict[str, Any]]:
    """All rules as Prometheus's groups."""
    pace = pace or TimeScale()
    others = [
        *({"name": f"recado.slo.{slo.name}", "rules": recording_rules(slo, pace)} for slo in SLOS),
        {"name": "recado.burn", "rules": [alert.rule(pace) for alert in BURNS]},
        {"name": "recado.symptoms", "rules": [alert.rule(pace) for alert in SYMPTOMS]},
        {"name": "recado.causes", "rules": [alert.rule(pace) for alert in CAUSES]},
    ]
    return [{"name": TOTALS, "rules": total_rules(pace, others)}, *others]
