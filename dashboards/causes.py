"""Alerts about causes, and about what can wait: tickets."""

from dashboards import conditions
from dashboards.alert import TARGET, Alert
from dashboards.queries import RULES, any_of
from dashboards.slo import OUTAGE
from recado.telemetry import metrics

CAUSES = (
    Alert(
        name="RecadoCrashLooping",
        severity="ticket",
        for_seconds=60,
        expr=conditions.crash_loop,
        summary="Web pods restart repeatedly.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} restarts in 15 minutes.",
    ),
    Alert(
        name="RecadoDrainStalled",
        severity="ticket",
        for_seconds=120,
        expr=conditions.drain_stalled,
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
        expr=conditions.recent(metrics.ACCOUNT_THREATENED_AT),
        summary="Meta warns about the WhatsApp account or a business number.",
        description=f"{TARGET}: Meta warned {{{{ $value | humanizeDuration }}}} ago and has not withdrawn the warning.",
    ),
    Alert(
        name="RecadoQueueGrowing",
        severity="ticket",
        for_seconds=600,
        expr=conditions.queue_growing,
        summary="Replies enter the queue faster than they leave it.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} replies wait, over 20 % more than 10 minutes ago.",
    ),
    Alert(
        name="RecadoRepliesLost",
        severity="ticket",
        for_seconds=0,
        expr=conditions.replies_lost,
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
        expr=conditions.above(
            0, conditions.increase(metrics.EVENT_DELIVERIES, 3600, 'outcome="failed"', ("endpoint",))
        ),
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
        expr=conditions.notices_failing,
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
        expr=conditions.above(5, conditions.increase(metrics.SETTLED, 1800, any_of("by", ("retry", "grace")))),
        summary="Meta sends no statuses for attempts with an unknown outcome; some customers may get a reply twice.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} attempts in 30 minutes got no status in time.",
    ),
    Alert(
        name="RecadoThrottled",
        severity="ticket",
        for_seconds=600,
        expr=conditions.above(0, conditions.increase(metrics.THROTTLED, 600, 'scope="number"')),
        summary="Meta throttles a business number.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} throttles in 10 minutes, for at least 10 minutes.",
    ),
    Alert(
        name="RecadoLeasesRescued",
        severity="ticket",
        for_seconds=0,
        expr=conditions.above(5, conditions.increase(metrics.RESCUES, 900)),
        summary="Processes die while they send replies.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} replies were taken over from dead processes in 15 minutes.",
    ),
    Alert(
        name="RecadoWebhooksStopped",
        severity="ticket",
        for_seconds=600,
        expr=conditions.webhooks_stopped,
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
            f"{RULES.increase(metrics.STORE_ERRORS, scale.span(300), where=conditions.NOT_BUSY)} > 0"
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
            f"{RULES.increase(metrics.STORE_ERRORS, scale.span(300), where=conditions.BUSY)} > 0"
            f" or {RULES.quantile(0.95, metrics.STORE_DURATION, scale.span(300))} > 0.5"
        ),
        summary="Store writes are slow or its lock times out.",
        description=f"{TARGET}: the lock timed out, or one transaction in 20 took more than 0.5 s.",
    ),
    Alert(
        name="RecadoStoreInDoubt",
        severity="ticket",
        for_seconds=0,
        expr=conditions.above(0, conditions.increase(metrics.STORE_IN_DOUBT, 900, 'outcome="unresolved"')),
        summary="The database did not say whether it had recorded messages.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} commits in 15 minutes were not confirmed in time.",
    ),
    Alert(
        name="RecadoStandbyLost",
        severity="ticket",
        for_seconds=300,
        expr=conditions.standby_lost,
        summary="The database has lost its synchronous standby.",
        description=f"{TARGET}: there was a synchronous standby within a day, and there has been none for 5 minutes.",
    ),
    Alert(
        name="RecadoVacuumBlocked",
        severity="ticket",
        for_seconds=300,
        expr=conditions.vacuum_blocked,
        summary="A long transaction keeps the database from vacuuming; every statement gets slower.",
        description=f"{TARGET}: the oldest transaction began {{{{ $value | humanizeDuration }}}} ago.",
    ),
    Alert(
        name="RecadoClockOffset",
        severity="ticket",
        for_seconds=300,
        expr=conditions.clock_offset,
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
        expr=conditions.volume_filling,
        summary="The queue's volume is filling up.",
        description=f"{TARGET}: {{{{ $value | humanizePercentage }}}} is free; at this rate it is full within 4 days.",
    ),
    Alert(
        name="RecadoBackupStale",
        severity="ticket",
        for_seconds=300,
        expr=conditions.backup_stale,
        summary="The queue's last backup or restore drill is more than a day old.",
        description=f"{TARGET}: no backup or restore drill has succeeded for {{{{ $value | humanizeDuration }}}}.",
    ),
    Alert(
        name="RecadoCatalogueRefused",
        severity="ticket",
        for_seconds=0,
        expr=conditions.above(0, conditions.increase(metrics.CATALOGUE_RELOADS, 900, 'outcome="refused"')),
        summary="The new catalogue cannot be read; quotes use the old prices.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} changes of the catalogue were refused in 15 minutes.",
    ),
    Alert(
        name="RecadoMessageErrors",
        severity="ticket",
        for_seconds=0,
        expr=conditions.above(0, conditions.increase(metrics.MESSAGE_ERRORS, 900)),
        summary="Messages hit a defect in recado.",
        description=f"{TARGET}: {{{{ $value | humanize }}}} messages or statuses hit a defect in 15 minutes.",
    ),
    Alert(
        name="RecadoOrdersNotUnderstood",
        severity="ticket",
        for_seconds=900,
        expr=conditions.not_understood,
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
        expr=conditions.voice_unheard,
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
        expr=conditions.person_wanted,
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
        expr=conditions.orders_waiting,
        summary="An order waits for the shop's staff.",
        description=(
            f"{TARGET}: the oldest order was placed {{{{ $value | humanizeDuration }}}} ago and is neither accepted nor"
            " cancelled."
        ),
    ),
)
