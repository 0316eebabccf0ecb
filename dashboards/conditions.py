"""The conditions of alerts: PromQL at a time scale."""

from collections.abc import Callable

from dashboards.alert import TimeScale
from dashboards.queries import RULES, any_of
from dashboards.slo import ACCEPTED, DAY
from recado.cluster.checks_database import CLOCK_OFFSET_SECONDS, MANY_DEAD_ROWS, OLD_SNAPSHOT_SECONDS
from recado.queue.sqlite.backup import BACKUP_LATE_SECONDS
from recado.telemetry import metrics
from recado.telemetry.metric import Metric

BUSY = 'cause="busy"'
NOT_BUSY = 'cause!="busy"'
SYNCHRONOUS = 'state="synchronous"'
REJECTED = 'reason="rejected"'
NOT_REJECTED = 'reason!="rejected"'
#: How long an alert shows a notice from Meta: longer than a night in which tickets are muted.
NOTICE_SECONDS = 14 * 3600
#: With more webhooks than this in the same two hours before, none today is not chance.
USUAL_WEBHOOKS = 20


def increase(metric: Metric, seconds: float, where: str = "", by: tuple[str, ...] = ()) -> Callable[[TimeScale], str]:
    return lambda scale: RULES.increase(metric, scale.span(seconds), where=where, by=by)


def above(limit: float, expr: Callable[[TimeScale], str]) -> Callable[[TimeScale], str]:
    return lambda scale: f"{expr(scale)} > {limit:g}"


def notices_failing(scale: TimeScale) -> str:
    failed, sent = (
        increase(metrics.NOTICE_ATTEMPTS, 3600, f'outcome{sign}"delivered"', ("target",))(scale) for sign in ("!=", "=")
    )
    return f"{failed} > 0 unless {sent} > 0"


def down(scale: TimeScale) -> str:
    present = f"count by (namespace, job) ({metrics.BUILD.name})"
    recent = f"present_over_time({metrics.BUILD.name}[{scale.span(2 * DAY)}])"
    return f"count by (namespace, job) ({recent}) unless {present} or absent({recent})"


def crash_loop(scale: TimeScale) -> str:
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


def drain_stalled(scale: TimeScale) -> str:
    last = RULES.gauge(metrics.DRAIN_LAST_SUCCESS)
    created = RULES.gauge(metrics.STORE_CREATED)
    paused = f"{owned('kube_cronjob_spec_suspend', 'cronjob', '-drain')} == 1"
    no_loop = f"{owned('kube_deployment_spec_replicas', 'deployment', '-drain')} == 0"
    return f"time() - ({last} or {created}) > {scale.seconds(300)} unless ({paused} or {no_loop})"


def backup_stale(scale: TimeScale) -> str:
    web = owned("kube_deployment_created", "deployment")

    def late(success: Metric, suffix: str) -> str:
        """If no backup ever succeeded, the age counts from the creation of the release's CronJob; other releases can
        have backups, too. A release without backups has its web Deployment but no such CronJob.
        """
        created = f"{owned('kube_cronjob_created', 'cronjob', suffix)} and {RULES.gauge(metrics.STORE_CREATED)}"
        age = f"time() - ({RULES.gauge(success)} or {created}) > {scale.seconds(BACKUP_LATE_SECONDS)}"
        return f"({age} unless ({web} unless {owned('kube_cronjob_info', 'cronjob', suffix)}))"

    return (
        f"{late(metrics.BACKUP_LAST_SUCCESS, '-backup')} or {late(metrics.RESTORE_DRILL_LAST_SUCCESS, '-backup-drill')}"
    )


def queue_growing(scale: TimeScale) -> str:
    states = any_of("state", ("queued", "unknown"))
    waiting = RULES.gauge(metrics.QUEUE_ROWS, where=states)
    before = RULES.gauge(metrics.QUEUE_ROWS, where=states, offset=scale.span(600))
    return f"{waiting} > 100 and {waiting} > 1.2 * {before}"


def wrong_secret(scale: TimeScale) -> str:
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


def webhooks_stopped(scale: TimeScale) -> str:
    def accepted(days: int = 0) -> str:
        ago = scale.span(days * DAY) if days else ""
        return RULES.increase(metrics.WEBHOOK_DURATION, scale.span(2 * 3600), where=ACCEPTED, offset=ago)

    # Shops have days off: yesterday counts only if there is no data for the same day a week ago.
    usual = f"{accepted(7)} > {USUAL_WEBHOOKS} or ({accepted(1)} > {USUAL_WEBHOOKS} unless {accepted(7)})"
    return f"({usual}) and {accepted()} == 0"


def replies_lost(scale: TimeScale) -> str:
    # Some customers block the shop; a few rejected replies are normal.
    lost = increase(metrics.FAILED_REASONS, 900, NOT_REJECTED, ("reason",))(scale)
    rejected = increase(metrics.FAILED_REASONS, 900, REJECTED, ("reason",))(scale)
    return f"{lost} > 0 or {rejected} >= 6"


def volume_share() -> str:
    free = RULES.gauge(metrics.VOLUME_FREE, merge="min")
    return f"{free} / {RULES.gauge(metrics.VOLUME_SIZE, merge='min')}"


def volume_filling(scale: TimeScale) -> str:
    trend = f"predict_linear({metrics.VOLUME_FREE.name}[{scale.span(6 * 3600)}], {scale.seconds(4 * DAY)})"
    return f"{volume_share()} < 0.15 and min by (namespace, job) ({trend}) < 0"


def not_understood(scale: TimeScale) -> str:
    none = RULES.increase(metrics.READINGS, scale.span(3600), where='outcome="none"')
    every = RULES.increase(metrics.READINGS, scale.span(3600))
    return f"{none} / ({every} >= 20) > 0.5"


def voice_unheard(scale: TimeScale) -> str:
    asked = RULES.increase(metrics.VOICE_NOTES, scale.span(1800), where='outcome="asked"')
    every = RULES.increase(metrics.VOICE_NOTES, scale.span(1800), where=any_of("outcome", ("asked", "heard")))
    return f"{asked} / ({every} >= 5) > 0.5"


def person_wanted(scale: TimeScale) -> str:
    # As with orders, the limit is the shop's own.
    return f"{RULES.gauge(metrics.HANDOFFS_OLDEST_WAITING)} > ({RULES.gauge(metrics.HANDOFF_ANSWER_WITHIN)} > 0)"


def orders_waiting(scale: TimeScale) -> str:
    # The limit is the shop's own, by a setting, and 0 where nobody accepts orders.
    return f"{RULES.gauge(metrics.OLDEST_PLACED)} > ({RULES.gauge(metrics.ACCEPT_WITHIN)} > 0)"


def recent(at: Metric) -> Callable[[TimeScale], str]:
    """True while a moment is recent; the value is its age in seconds."""
    return lambda scale: f"time() - {RULES.gauge(at, merge='max')} < {scale.seconds(NOTICE_SECONDS)}"


def vacuum_blocked(scale: TimeScale) -> str:
    # An old snapshot hurts once rows wait for a vacuum because of it.
    dead = RULES.gauge(metrics.DEAD_ROWS)
    old = f"{RULES.gauge(metrics.OLDEST_SNAPSHOT)} > {scale.seconds(OLD_SNAPSHOT_SECONDS)}"
    return f"{old} and {dead} > {MANY_DEAD_ROWS:.0f}"


def clock_offset(scale: TimeScale) -> str:
    return f"max by (namespace, job, instance) (abs({metrics.CLOCK_OFFSET.name})) > {CLOCK_OFFSET_SECONDS:g}"


def standby_lost(scale: TimeScale) -> str:
    # Where none was ever seen, there is none, or recado's role may not see it.
    now = RULES.gauge(metrics.STANDBYS, where=SYNCHRONOUS)
    seen = f"max_over_time({RULES.select(metrics.STANDBYS.name, SYNCHRONOUS)}[{scale.span(DAY)}])"
    return f"{now} == 0 and max by (namespace, job) ({seen}) > 0"
