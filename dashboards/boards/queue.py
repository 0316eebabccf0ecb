"""Queue and drain: which replies wait, why, and will they be sent?"""

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
    description="Which replies wait, why, and will they be sent?",
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
                    description=(
                        "Rows of the outbox. Delivered rows stay for an hour, in case a `failed` status follows."
                    ),
                    unit="none",
                    width=10,
                    queries=(Query(Q.gauge(metrics.QUEUE_ROWS, by=("state",)), "{{state}}"),),
                    runbook="RecadoQueueGrowing",
                ),
                Panel(
                    title="Enqueued and finished",
                    description=(
                        "Replies per second that enter the queue, and that finish. The queue grows while the first "
                        "line is above the sum of the others."
                    ),
                    unit="cps",
                    width=10,
                    queries=(
                        Query(Q.rate(metrics.QUEUED, INTERVAL), "enqueued"),
                        Query(Q.rate(metrics.FINISHED, INTERVAL, by=("outcome",)), "{{outcome}}"),
                    ),
                    logs="attempt.finished",
                ),
            ),
        ),
        Row(
            "How late are the replies?",
            (
                Panel(
                    title="Oldest due reply",
                    description="How long the oldest due reply has been due; zero if none is due.",
                    unit="s",
                    queries=(Query(Q.gauge(metrics.OLDEST_DUE_AGE), "oldest due"),),
                    steps=above((60, YELLOW), (300, "red")),
                    runbook="RecadoRepliesLate",
                ),
                Panel(
                    title="Age at delivery",
                    description=(
                        "From the customer's message to Meta's acceptance of the reply. Retries follow after 2, 6, "
                        "14 and 30 minutes."
                    ),
                    unit="s",
                    shape=Shape.HEATMAP,
                    queries=(Query(Q.increase(metrics.DELIVERY_AGE, INTERVAL, by=("le",), part="bucket"), "{{le}}"),),
                    runbook="RecadoDeliveryBurn",
                ),
                Panel(
                    title="Delivered in time",
                    description=(
                        "Replies accepted by Meta within 5 minutes and within 1 second, as a share of those "
                        "delivered in the last hour."
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
                    title="Failed attempts",
                    description=(
                        "By outcome and class of error. recado tries `retryable` and `throttled` again, `unknown` "
                        "waits for a status, `operator` waits for a person, and `permanent` is given up."
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
                    description="Attempts that delivered replies took. Nearly all should take one.",
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
            "Which replies failed, and which outcomes are unknown?",
            (
                Panel(
                    title="Replies given up",
                    bad=True,
                    description=(
                        "Replies that customers did not get, by reason: attempts exhausted, Meta's 24-hour window "
                        "closed, rejected by Meta, or unknown outcome by policy."
                    ),
                    unit="none",
                    shape=Shape.STACKED,
                    queries=(Query(Q.increase(metrics.FAILED_REASONS, "15m", by=("reason",)), "{{reason}}"),),
                    runbook="RecadoRepliesLost",
                    logs="attempt.finished",
                ),
                Panel(
                    title="Unknown outcomes resolved",
                    description=(
                        "Attempts with an unknown outcome that were resolved: by a status from Meta, by one more "
                        "attempt that quotes the customer's message, or given up after the grace period."
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
                    title="Time since a drain started and succeeded",
                    description=(
                        "If a drain started but did not succeed, it fails or is killed. If neither, the CronJob "
                        "does not run."
                    ),
                    unit="s",
                    queries=(
                        Query(f"time() - {Q.gauge(metrics.DRAIN_LAST_START)}", "started"),
                        Query(f"time() - {Q.gauge(metrics.DRAIN_LAST_SUCCESS)}", "succeeded"),
                        Query(f"time() - {Q.gauge(metrics.STORE_CREATED)}", "store created"),
                    ),
                    steps=above((300, "red")),
                    runbook="RecadoDrainStalled",
                    logs="drain.finished",
                ),
                Panel(
                    title="Drain runs",
                    description="Drains that ended in the last 10 minutes. About ten, all `ok`, are normal.",
                    unit="none",
                    queries=(Query(Q.increase(metrics.DRAIN_RUNS, "10m", by=("outcome",)), "{{outcome}}"),),
                    runbook="RecadoDrainStalled",
                    logs="drain.finished",
                ),
                Panel(
                    title="Attempts per drain",
                    description="Median and 95th percentile of the attempts that a drain makes.",
                    unit="none",
                    queries=tuple(
                        Query(Q.quantile(q, metrics.DRAIN_MESSAGES, "10m"), f"p{q * 100:g}") for q in (0.5, 0.95)
                    ),
                    logs="drain.finished",
                ),
            ),
        ),
        Row(
            "Is the queue's table maintained?",
            (
                Panel(
                    title="Leases rescued",
                    bad=True,
                    description=(
                        "Replies taken over after the process that was sending them died. A few are normal when a "
                        "node fails."
                    ),
                    unit="none",
                    width=12,
                    queries=(Query(Q.increase(metrics.RESCUES, "15m"), "rescued"),),
                    steps=above((5, ORANGE)),
                    runbook="RecadoLeasesRescued",
                ),
                Panel(
                    title="Rows pruned",
                    description="Rows deleted at the end of their retention.",
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
