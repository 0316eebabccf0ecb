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
        title=f"{slo.title}: budget left",
        description=f"What is left of 30 days' error budget. The objective: {slo.meaning}.",
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


_DELIVERED = 'outcome="delivered"'

BOARD = Board(
    uid=uids.OVERVIEW,
    title="recado / Overview",
    description="Is anything wrong, and where should one look?",
    rows=(
        Row(
            "Does it run, and does Meta reach us?",
            (
                Panel(
                    title="Web pods up",
                    description="Web pods that answer Prometheus, by version; two versions at once are an upgrade.",
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
                    title="Webhooks accepted in an hour",
                    description=(
                        "Webhooks answered 200 in the hour before, and in the same hour a day and a week ago. None at "
                        "a time when there always were some: Meta does not reach us."
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
            "Are we keeping our promises?",
            (
                _budget(0),
                _budget(1),
                _budget(2),
                Panel(
                    title="Budget burn rate over one hour",
                    description=(
                        "1 is exactly the allowed rate; at 14.4 a month's budget is gone in two days and a page "
                        "goes out. One line per objective."
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
                    description=(
                        "How many of recado's alerts fire now. Each has a runbook; the alert's page links to it."
                    ),
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
            "What comes in, and how is it answered?",
            (
                Panel(
                    title="Webhooks by outcome",
                    description=(
                        "Webhook POSTs a second. `accepted` is a 200; everything else is a refusal that Meta, or "
                        "whoever it was, will see."
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
                    description=(
                        "Share of valid webhooks that were not answered 200: the first objective allows 0.1 %."
                    ),
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
                    title="Time to answer a webhook",
                    description=(
                        "Quantiles over accepted webhooks. The objective is 250 ms for 99 %; Meta wants half of "
                        "them under 250 ms. Points are traces."
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
            "Does anything wait?",
            (
                Panel(
                    title="Replies in the queue",
                    description=(
                        "What is not delivered yet, by state. `queued` waits for its turn or a retry, `sending` is "
                        "under way, `unknown` waits for Meta's word, `failed` was given up and waits for an "
                        "operator."
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
                        "How long the reply that is due the longest has been due. Replies should go out within five "
                        "minutes."
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
                        "1 while sending is held back: `outage`, the Graph API is down; `operator`, a person has to "
                        "put the token, the account or the payment right."
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
            "Do the answers arrive?",
            (
                Panel(
                    title="Success rate",
                    description="Replies delivered, of all that reached an end in the last hour.",
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
                    description="Attempts per delivered reply in the last hour; 1 is perfect.",
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
                    description="Age of replies when Meta accepted them. The objective is 5 minutes for 99.5 %.",
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
                    description="Attempts to send, a second, by how they ended.",
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
                    title="Since the last drain",
                    description=(
                        "Time since a drain did its work to the end. It runs every minute; after 5 minutes there is "
                        "an alert."
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
                    title="What the drain sends",
                    description="Waiting replies that were taken up for another try, a second.",
                    unit="cps",
                    width=10,
                    queries=(Query(Q.rate(metrics.DRAIN_CLAIMED, INTERVAL), "claimed"),),
                    logs="drain.finished",
                    board=uids.QUEUE,
                ),
                Panel(
                    title="How long a drain takes",
                    description=(
                        "Quantiles of a run's duration. Its time budget is 50 s: near that it has more to do than "
                        "one minute holds."
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
