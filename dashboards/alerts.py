"""All alerts: burn rates of the objectives, symptoms that customers notice (pages), and causes (tickets).

All rules of an alert share its summary and its runbook.
"""

from dashboards import conditions
from dashboards.alert import TARGET, Alert, TimeScale
from dashboards.causes import CAUSES
from dashboards.queries import RULES
from dashboards.recording import record_name, window_name
from dashboards.slo import MIN_BAD_EVENTS, SLOS, WINDOWS, Slo, Window
from recado.telemetry import metrics


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


SYMPTOMS = (
    Alert(
        name="RecadoDown",
        severity="page",
        for_seconds=300,
        expr=conditions.down,
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
        expr=conditions.above(0, conditions.increase(metrics.ATTEMPTS, 600, 'outcome="operator"', ("error_class",))),
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
        expr=conditions.wrong_secret,
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
        expr=conditions.above(1, conditions.increase(metrics.UNANSWERED, 3600, 'reason="other_number"')),
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
        expr=conditions.recent(metrics.ACCOUNT_STOPPED_AT),
        summary="Meta restricts, disables or removes the WhatsApp account.",
        description=f"{TARGET}: Meta sent the notice {{{{ $value | humanizeDuration }}}} ago and has not withdrawn it.",
    ),
    Alert(
        name="RecadoVolumeFull",
        severity="page",
        for_seconds=60,
        expr=lambda scale: f"{conditions.volume_share()} < 0.03",
        summary="The queue's volume is almost full; recado will soon refuse webhooks.",
        description=f"{TARGET}: {{{{ $value | humanizePercentage }}}} of the volume is free.",
    ),
)

BURNS = tuple(burn_alert(slo, window) for slo in SLOS for window in WINDOWS)
ALERTS: tuple[Alert, ...] = (*BURNS, *SYMPTOMS, *CAUSES)
