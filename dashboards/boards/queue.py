"""Queue and drain: what waits, why, and whether it will go out."""

from dashboards.boards import uids
from dashboards.model import GREEN, ORANGE, YELLOW, Board, Panel, Query, Row, Shape, above, below
from dashboards.queries import BOARD as Q
from dashboards.queries import INTERVAL
from recado.telemetry import metrics

_SIZE = 'state=~"queued|sending|unknown|failed"'

_NOT = 'outcome!="delivered"'

BOARD = Board(
    uid=uids.QUEUE,
    title="recado / Queue and drain",
    description="What waits, why, and whether it will go out.",
    rows=(
        Row(
            "What is in the queue?",
            (
                Panel(
                    title="Queue size",
                    description="Replies that are not delivered: queued, sending, unknown and failed.",
                    unit="none",
                    shape=Shape.STAT,
                    width=4,
                    queries=(Query(Q.gauge(metrics.QUEUE_ROWS, where=_SIZE), "replies"),),
                    steps=above((100, YELLOW), (1000, ORANGE)),
                    runbook="RecadoQueueGrowing",
                ),
                Panel(
                    title="Replies by state",
                    description="Rows of the outbox. Delivered ones stay for an hour, for a late `failed` status.",
                    unit="none",
                    width=10,
                    queries=(Query(Q.gauge(metrics.QUEUE_ROWS, by=("state",)), "{{state}}"),),
                    runbook="RecadoQueueGrowing",
                ),
                Panel(
                    title="In and out",
                    description=(
                        "Replies written to the queue, and replies that reached an end, a second. The queue grows "
                        "while the first is above the sum of the others."
                    ),
                    unit="cps",
                    width=10,
                    queries=(
                        Query(Q.rate(metrics.QUEUED, INTERVAL), "written"),
                        Query(Q.rate(metrics.FINISHED, INTERVAL, by=("outcome",)), "{{outcome}}"),
                    ),
                    logs="attempt.finished",
                ),
            ),
        ),
        Row(
            "How late are the answers?",
            (
                Panel(
                    title="Oldest due reply",
                    description="How long the reply that is due the longest has been due; zero when nothing is.",
                    unit="s",
                    queries=(Query(Q.gauge(metrics.OLDEST_DUE_AGE), "oldest due"),),
                    steps=above((60, YELLOW), (300, "red")),
                    runbook="RecadoRepliesLate",
                ),
                Panel(
                    title="Age at delivery",
                    description=(
                        "From the customer's message to Meta's acceptance of the reply. Retries are at 2, 6, 14 and "
                        "30 minutes."
                    ),
                    unit="s",
                    shape=Shape.HEATMAP,
                    queries=(Query(Q.increase(metrics.DELIVERY_AGE, INTERVAL, by=("le",), part="bucket"), "{{le}}"),),
                    runbook="RecadoDeliveryBurn",
                ),
                Panel(
                    title="Delivered within 5 minutes",
                    description=(
                        "Of the replies delivered in the last hour, the share that was no older than the objective "
                        "allows."
                    ),
                    unit="percentunit",
                    maximum=1,
                    queries=(
                        Query(
                            f"{Q.within(metrics.DELIVERY_AGE, 300.0, '1h')} / {Q.rate(metrics.DELIVERY_AGE, '1h')}",
                            "within 5 min",
                        ),
                        Query(
                            f"{Q.within(metrics.DELIVERY_AGE, 1.0, '1h')} / {Q.rate(metrics.DELIVERY_AGE, '1h')}",
                            "within 1 s",
                        ),
                    ),
                    steps=below((0.95, ORANGE), (0.995, GREEN)),
                    runbook="RecadoDeliveryBurn",
                ),
            ),
        ),
        Row(
            "How do attempts end?",
            (
                Panel(
                    title="Attempts that did not deliver",
                    description=(
                        "By outcome and class of error: `retryable` and `throttled` are tried again, `unknown` waits "
                        "for a status, `operator` for a person, `permanent` is given up."
                    ),
                    unit="cps",
                    shape=Shape.STACKED,
                    queries=(
                        Query(
                            f"{Q.rate(metrics.ATTEMPTS, INTERVAL, by=('outcome', 'error_class'), where=_NOT)} > 0",
                            "{{outcome}}: {{error_class}}",
                        ),
                    ),
                    logs="attempt.finished",
                    board=uids.GRAPH,
                ),
                Panel(
                    title="Attempts per delivered reply",
                    description="How many attempts delivered replies took: all but a few of them one.",
                    unit="none",
                    shape=Shape.HEATMAP,
                    queries=(
                        Query(Q.increase(metrics.DELIVERED_ATTEMPTS, INTERVAL, by=("le",), part="bucket"), "{{le}}"),
                    ),
                    logs="attempt.finished",
                ),
                Panel(
                    title="Average attempts",
                    description="Attempts per delivered reply.",
                    unit="none",
                    decimals=2,
                    queries=(Query(Q.mean(metrics.DELIVERED_ATTEMPTS, "10m"), "attempts"),),
                    steps=above((1.2, YELLOW), (2, ORANGE)),
                    logs="attempt.finished",
                ),
            ),
        ),
        Row(
            "What was lost, and what is in doubt?",
            (
                Panel(
                    title="Replies given up",
                    bad=True,
                    description=(
                        "Customers who got no answer, by reason: out of attempts, out of Meta's 24 hours, refused "
                        "by Meta for good, or of unknown outcome by policy."
                    ),
                    unit="none",
                    shape=Shape.STACKED,
                    queries=(Query(Q.increase(metrics.FAILED_REASONS, "15m", by=("reason",)), "{{reason}}"),),
                    runbook="RecadoRepliesLost",
                    logs="attempt.finished",
                ),
                Panel(
                    title="Unknown outcomes settled",
                    description=(
                        "Attempts that may or may not have been sent: settled by a status of Meta's, by one more "
                        "try that quotes the customer's message, or given up after the grace period."
                    ),
                    unit="none",
                    shape=Shape.STACKED,
                    queries=(Query(Q.increase(metrics.SETTLED, "15m", by=("by",)), "by {{by}}"),),
                    runbook="RecadoOutcomesUnknown",
                ),
                Panel(
                    title="Failed after acceptance",
                    bad=True,
                    description="Replies that Meta accepted and later reported as failed.",
                    unit="none",
                    queries=(Query(Q.increase(metrics.ASYNC_FAILURES, "15m"), "failed later"),),
                    board=uids.GRAPH,
                ),
            ),
        ),
        Row(
            "Does the drain keep up?",
            (
                Panel(
                    title="Since a drain began and succeeded",
                    description="Began but not succeeded: it fails or is killed. Neither: the CronJob does not run.",
                    unit="s",
                    queries=(
                        Query(f"time() - {Q.gauge(metrics.DRAIN_LAST_START)}", "since it began"),
                        Query(f"time() - {Q.gauge(metrics.DRAIN_LAST_SUCCESS)}", "since it succeeded"),
                        Query(f"time() - {Q.gauge(metrics.STORE_CREATED)}", "since the store was made"),
                    ),
                    steps=above((300, "red")),
                    runbook="RecadoDrainStalled",
                    logs="drain.finished",
                ),
                Panel(
                    title="Runs",
                    description="Drains that ended in the last 10 minutes: about ten, all ok.",
                    unit="none",
                    queries=(Query(Q.increase(metrics.DRAIN_RUNS, "10m", by=("outcome",)), "{{outcome}}"),),
                    runbook="RecadoDrainStalled",
                    logs="drain.finished",
                ),
                Panel(
                    title="Attempts per run",
                    description=(
                        "How many attempts a drain made: half of the runs at most the lower line, 95 % at most the "
                        "upper one."
                    ),
                    unit="none",
                    queries=tuple(
                        Query(Q.quantile(q, metrics.DRAIN_MESSAGES, "10m"), f"p{q * 100:g}") for q in (0.5, 0.95)
                    ),
                    logs="drain.finished",
                ),
            ),
        ),
        Row(
            "Is the table kept in order?",
            (
                Panel(
                    title="Leases rescued",
                    bad=True,
                    description=(
                        "Replies taken over because the process that sent them died. A few at a node's failure; "
                        "never all the time."
                    ),
                    unit="none",
                    width=12,
                    queries=(Query(Q.increase(metrics.RESCUES, "15m"), "rescued"),),
                    steps=above((5, ORANGE)),
                    runbook="RecadoLeasesRescued",
                ),
                Panel(
                    title="Rows pruned",
                    description="Rows deleted because their retention was over.",
                    unit="none",
                    width=12,
                    shape=Shape.STACKED,
                    queries=(Query(Q.increase(metrics.PRUNED, "15m", by=("kind",)), "{{kind}}"),),
                    board=uids.RUNTIME,
                ),
            ),
        ),
    ),
)
