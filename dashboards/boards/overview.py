"""Overview: is anything wrong, and where should one look?"""

from dashboards.boards import uids
from dashboards.model import GREEN, ORANGE, YELLOW, Board, Panel, Query, Row, Shape, above, below
from dashboards.queries import BOARD as Q
from dashboards.queries import INTERVAL
from dashboards.slo import ACCEPTED, FINAL, SLOS, VALID
from recado.telemetry import metrics

_SLO = 'namespace=~"$namespace", job=~"$release"'


def _budget(index: int) -> Panel:
    slo = SLOS[index]
    return Panel(
        title=f"{slo.title}: error budget left",
        description=f"Share of the error budget for 30 days that is left. Objective: {slo.meaning}.",
        unit="percentunit",
        shape=Shape.STAT,
        width=4,
        height=5,
        minimum=None,
        decimals=1,
        queries=(Query(f'min(slo:period_error_budget_remaining:ratio{{{_SLO}, slo="{slo.name}"}})', "budget left"),),
        steps=below((0.0, ORANGE), (0.25, YELLOW), (0.5, GREEN)),
        runbook=slo.alert,
    )


_CONFIRMED = 'outcome="confirmed"'
_DECIDED = 'outcome=~"confirmed|rejected|expired"'
_DELIVERED = 'outcome="delivered"'

BOARD = Board(
    uid=uids.OVERVIEW,
    title="recado / Overview",
    description="Is anything wrong, and where do I look next?",
    rows=(
        Row(
            "Do orders come in, and does the staff take them?",
            (
                Panel(
                    title="Orders by state",
                    description=(
                        "Orders that customers placed in an hour, and that the staff accepted, completed or cancelled."
                    ),
                    unit="none",
                    width=8,
                    height=6,
                    queries=(Query(Q.increase(metrics.ORDERS, "1h", by=("state",)), "{{state}}"),),
                    runbook="RecadoOrdersWaiting",
                    logs="order.placed",
                ),
                Panel(
                    title="Value of orders",
                    description="Value of the orders that customers placed in a day, by currency.",
                    unit="none",
                    shape=Shape.STAT,
                    width=4,
                    height=6,
                    decimals=2,
                    queries=(Query(Q.increase(metrics.ORDER_VALUE, "1d", by=("currency",)), "{{currency}}"),),
                    board=uids.SHOP,
                ),
                Panel(
                    title="Share confirmed",
                    description=(
                        "Confirmed quotes, as a share of the quotes of the last day that were confirmed, rejected or"
                        " expired."
                    ),
                    unit="percentunit",
                    shape=Shape.STAT,
                    width=4,
                    height=6,
                    maximum=1,
                    queries=(
                        Query(
                            f"{Q.increase(metrics.QUOTES, '1d', where=_CONFIRMED)}"
                            f" / {Q.increase(metrics.QUOTES, '1d', where=_DECIDED)}",
                            "confirmed",
                        ),
                    ),
                    steps=below((0.25, YELLOW), (0.5, GREEN)),
                    board=uids.SHOP,
                ),
                Panel(
                    title="Oldest order waiting",
                    description=(
                        "How long the oldest order has waited to be accepted or cancelled, and the configured limit"
                        " (0: none)."
                    ),
                    unit="s",
                    width=8,
                    height=6,
                    queries=(
                        Query(Q.gauge(metrics.OLDEST_PLACED), "waiting"),
                        Query(Q.gauge(metrics.ACCEPT_WITHIN), "limit"),
                    ),
                    runbook="RecadoOrdersWaiting",
                    logs="order.moved",
                ),
            ),
        ),
        Row(
            "Who has opted out, and what does recado send outside the window?",
            (
                Panel(
                    title="Opt-outs and opt-ins",
                    description=(
                        "Customers who opted out (out) or in again (in) in an hour. recado still replies to what they"
                        " write."
                    ),
                    unit="none",
                    width=6,
                    height=6,
                    queries=(
                        Query(Q.increase(metrics.PERMISSIONS, "1h", by=("change", "said")), "{{change}} {{said}}"),
                    ),
                    logs="webhook.handled",
                ),
                Panel(
                    title="Messages outside the window",
                    description=(
                        "Templates queued in an hour, for quotes and order notices outside Meta's window, and how they"
                        " ended."
                    ),
                    unit="none",
                    width=6,
                    height=6,
                    queries=(
                        Query(
                            Q.increase(metrics.TEMPLATES, "1h", by=("template", "outcome")), "{{template}} {{outcome}}"
                        ),
                    ),
                    logs="attempt.finished",
                    runbook="RecadoTemplatePaused",
                ),
                Panel(
                    title="Templates held",
                    description="1 while Meta does not accept a template as recado sends it. Its messages wait.",
                    unit="none",
                    width=4,
                    height=6,
                    queries=(Query(Q.gauge(metrics.TEMPLATE_PAUSED, by=("template",)), "{{template}}"),),
                    logs="attempt.finished",
                    runbook="RecadoTemplatePaused",
                ),
                Panel(
                    title="Reminders",
                    description="Customers who were reminded of a quote in an hour (`RECADO_REMINDER_SECONDS`).",
                    unit="none",
                    width=4,
                    height=6,
                    queries=(Query(Q.increase(metrics.REMINDERS, "1h"), "reminders"),),
                    logs="attempt.finished",
                ),
                Panel(
                    title="Template attempts",
                    description="Attempts in an hour by outcome; `operator`: somebody has to fix the template.",
                    unit="none",
                    width=4,
                    height=6,
                    queries=(Query(Q.increase(metrics.TEMPLATE_ATTEMPTS, "1h", by=("outcome",)), "{{outcome}}"),),
                    logs="attempt.finished",
                ),
            ),
        ),
        Row(
            "Do customers who want a person get one?",
            (
                Panel(
                    title="Hand-offs by reason",
                    description=(
                        "Conversations that a person took over in an hour: the customer asked, the shop wrote from its"
                        " phone, or the staff took it."
                    ),
                    unit="none",
                    width=8,
                    height=6,
                    queries=(Query(Q.increase(metrics.HANDOFFS, "1h", by=("reason",)), "{{reason}}"),),
                    logs="handoff.changed",
                ),
                Panel(
                    title="Waiting for a person",
                    description="Customers who asked for a person and still wait.",
                    unit="none",
                    width=8,
                    height=6,
                    queries=(Query(Q.gauge(metrics.HANDOFFS_WAITING), "customers"),),
                    runbook="RecadoPersonWanted",
                ),
                Panel(
                    title="Longest wait for a person",
                    description="How long the first of them has waited, and the configured limit (0: none).",
                    unit="s",
                    width=8,
                    height=6,
                    queries=(
                        Query(Q.gauge(metrics.HANDOFFS_OLDEST_WAITING), "waiting"),
                        Query(Q.gauge(metrics.HANDOFF_ANSWER_WITHIN), "limit"),
                    ),
                    runbook="RecadoPersonWanted",
                ),
            ),
        ),
        Row(
            "Is recado running, and does Meta reach it?",
            (
                Panel(
                    title="Web pods up",
                    description=(
                        "Web pods that Prometheus scrapes, by version. Two versions at once mean a rolling update."
                    ),
                    unit="none",
                    shape=Shape.STAT,
                    width=6,
                    height=6,
                    decimals=0,
                    queries=(Query(Q.gauge(metrics.BUILD, by=("version",)), "{{version}}"),),
                    steps=below((1, GREEN)),
                    runbook="RecadoDown",
                ),
                Panel(
                    title="Webhooks accepted per hour",
                    description=(
                        "Webhooks accepted in the last hour, and in the same hour a day and a week ago. Zero at a "
                        "time of usual traffic means that Meta does not reach recado."
                    ),
                    unit="none",
                    width=18,
                    height=6,
                    queries=tuple(
                        Query(Q.increase(metrics.WEBHOOK_DURATION, "1h", where=ACCEPTED, offset=offset), legend)
                        for offset, legend in (("", "now"), ("1d", "a day ago"), ("1w", "a week ago"))
                    ),
                    runbook="RecadoWebhooksStopped",
                    logs="webhook.handled",
                ),
            ),
        ),
        Row(
            "Are the objectives met?",
            (
                _budget(0),
                _budget(1),
                _budget(2),
                Panel(
                    title="Budget burn rate over one hour",
                    description=(
                        "1 is the allowed rate. At 14.4 the budget for 30 days lasts two days, and recado sends a "
                        "page. One line per objective."
                    ),
                    unit="x",
                    width=8,
                    height=5,
                    queries=(Query(f"max by (slo) (slo:current_burn_rate:ratio{{{_SLO}}})", "{{slo}}"),),
                    steps=above((1, YELLOW), (14.4, "red")),
                    runbook="RecadoDeliveryBurn",
                ),
                Panel(
                    title="Alerts firing",
                    description="Number of recado's alerts that fire now. Each alert links to its runbook.",
                    unit="none",
                    shape=Shape.STAT,
                    width=4,
                    height=5,
                    queries=(
                        Query(
                            'count(ALERTS{alertname=~"Recado.+", alertstate="firing", namespace=~"$namespace",'
                            ' job=~"$release"}) or vector(0)',
                            "firing",
                        ),
                    ),
                    steps=above((1, "red")),
                    runbook="README",
                ),
            ),
        ),
        Row(
            "How many webhooks arrive, and how are they handled?",
            (
                Panel(
                    title="Webhooks by outcome",
                    description=(
                        "Webhook POSTs per second. `accepted` is a 200 response; every other outcome is a refusal."
                    ),
                    unit="reqps",
                    shape=Shape.STACKED,
                    queries=(Query(Q.rate(metrics.WEBHOOK_DURATION, INTERVAL, by=("outcome",)), "{{outcome}}"),),
                    logs="webhook.handled",
                    board=uids.RUNTIME,
                ),
                Panel(
                    title="Webhooks not accepted",
                    bad=True,
                    description="Share of valid webhooks without a 200 response. The objective allows 0.1 %.",
                    unit="percentunit",
                    queries=(
                        Query(
                            f"1 - {Q.rate(metrics.WEBHOOK_DURATION, INTERVAL, where=ACCEPTED)}"
                            f" / {Q.rate(metrics.WEBHOOK_DURATION, INTERVAL, where=VALID)}",
                            "not accepted",
                        ),
                    ),
                    steps=above((0.001, ORANGE), (0.0144, "red")),
                    runbook=SLOS[0].alert,
                    logs="webhook.handled",
                ),
                Panel(
                    title="Webhook response time",
                    description=(
                        "Quantiles of the response time of accepted webhooks. The objective is 99 % within 250 ms; "
                        "Meta asks for a median below 250 ms. Points link to traces."
                    ),
                    unit="s",
                    queries=tuple(
                        Query(
                            Q.quantile(q, metrics.WEBHOOK_DURATION, INTERVAL, where=ACCEPTED),
                            f"p{q * 100:g}",
                            exemplars=True,
                        )
                        for q in (0.5, 0.95, 0.99)
                    ),
                    steps=above((0.25, ORANGE)),
                    runbook=SLOS[1].alert,
                    traces=True,
                ),
            ),
        ),
        Row(
            "Are replies waiting?",
            (
                Panel(
                    title="Replies in the queue",
                    description=(
                        "Replies that are not delivered, by state. `queued` waits for a send slot or a retry, "
                        "`sending` is in progress, `unknown` waits for a status from Meta, `failed` was given up "
                        "and is kept for an operator."
                    ),
                    unit="none",
                    shape=Shape.STACKED,
                    queries=(
                        Query(
                            Q.gauge(metrics.QUEUE_ROWS, by=("state",), where='state=~"queued|sending|unknown|failed"'),
                            "{{state}}",
                        ),
                    ),
                    board=uids.QUEUE,
                    runbook="RecadoQueueGrowing",
                ),
                Panel(
                    title="Oldest due reply",
                    description=(
                        "How long the oldest due reply has been due. Replies should be sent within five minutes."
                    ),
                    unit="s",
                    queries=(Query(Q.gauge(metrics.OLDEST_DUE_AGE, merge="max"), "oldest due"),),
                    steps=above((60, YELLOW), (300, "red")),
                    board=uids.QUEUE,
                    runbook="RecadoRepliesLate",
                ),
                Panel(
                    title="Breaker",
                    description=(
                        "1 while sending is paused. `outage`: the Graph API is down. `operator`: a person must fix "
                        "the token, the account or the payment."
                    ),
                    unit="none",
                    maximum=1,
                    decimals=0,
                    queries=(Query(Q.gauge(metrics.BREAKER_OPEN, by=("reason",), merge="max"), "{{reason}}"),),
                    steps=above((1, "red")),
                    board=uids.GRAPH,
                    runbook="RecadoMetaOutage",
                ),
            ),
        ),
        Row(
            "Are replies delivered?",
            (
                Panel(
                    title="Success rate",
                    description="Delivered replies, as a share of all replies that finished in the last hour.",
                    unit="percentunit",
                    shape=Shape.STAT,
                    width=4,
                    maximum=1,
                    decimals=2,
                    queries=(
                        Query(
                            f"{Q.increase(metrics.FINISHED, '1h', where=_DELIVERED)}"
                            f" / {Q.increase(metrics.FINISHED, '1h', where=FINAL)}",
                            "delivered",
                        ),
                    ),
                    steps=below((0.95, ORANGE), (0.995, GREEN)),
                    runbook="RecadoRepliesLost",
                    logs="attempt.finished",
                ),
                Panel(
                    title="Average attempts",
                    description="Attempts per delivered reply in the last hour. The ideal is 1.",
                    unit="none",
                    shape=Shape.STAT,
                    width=4,
                    decimals=2,
                    queries=(Query(Q.mean(metrics.DELIVERED_ATTEMPTS, "1h"), "attempts"),),
                    steps=above((1.2, YELLOW), (2, ORANGE)),
                    board=uids.QUEUE,
                ),
                Panel(
                    title="From message to accepted reply",
                    description=(
                        "Age of replies when Meta accepts them, counted from the customer's message. The objective "
                        "is 99.5 % within 5 minutes."
                    ),
                    unit="s",
                    queries=tuple(
                        Query(Q.quantile(q, metrics.DELIVERY_AGE, INTERVAL), f"p{q * 100:g}") for q in (0.5, 0.95, 0.99)
                    ),
                    steps=above((300, "red")),
                    board=uids.QUEUE,
                    runbook=SLOS[2].alert,
                ),
                Panel(
                    title="Attempts by outcome",
                    description="Send attempts per second, by outcome.",
                    unit="cps",
                    shape=Shape.STACKED,
                    queries=(Query(Q.rate(metrics.ATTEMPTS, INTERVAL, by=("outcome",)), "{{outcome}}"),),
                    logs="attempt.finished",
                    board=uids.GRAPH,
                ),
            ),
        ),
        Row(
            "Does the drain run?",
            (
                Panel(
                    title="Time since the last successful drain",
                    description=(
                        "Time since a drain last succeeded. It runs every minute; an alert fires after 5 minutes."
                    ),
                    unit="s",
                    shape=Shape.STAT,
                    width=4,
                    decimals=0,
                    queries=(Query(f"time() - {Q.gauge(metrics.DRAIN_LAST_SUCCESS)}", "ago"),),
                    steps=above((120, YELLOW), (300, "red")),
                    runbook="RecadoDrainStalled",
                    logs="drain.finished",
                ),
                Panel(
                    title="Replies claimed for another attempt",
                    description="Waiting replies per second that a drain or a follow-up claimed for another attempt.",
                    unit="cps",
                    width=10,
                    queries=(Query(Q.rate(metrics.DRAIN_CLAIMED, INTERVAL), "claimed"),),
                    logs="drain.finished",
                    board=uids.QUEUE,
                ),
                Panel(
                    title="Drain duration",
                    description=(
                        "Quantiles of a run's duration. The time budget is 50 s; runs near it have more work than "
                        "fits into a minute."
                    ),
                    unit="s",
                    width=10,
                    queries=tuple(
                        Query(Q.quantile(q, metrics.DRAIN_DURATION, "10m"), f"p{q * 100:g}") for q in (0.5, 0.95)
                    ),
                    steps=above((50, ORANGE)),
                    board=uids.QUEUE,
                ),
            ),
        ),
    ),
)
