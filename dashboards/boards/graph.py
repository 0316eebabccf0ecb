"""Graph API: does Meta take our messages?"""

from dashboards.boards import uids
from dashboards.model import ORANGE, YELLOW, Board, Panel, Query, Row, Shape, above, below
from dashboards.queries import BOARD as Q
from dashboards.queries import INTERVAL, any_of
from recado.telemetry import metrics

_OK = 'code_class="2xx"'
_OPERATOR = any_of("error_class", metrics.OPERATOR_CLASSES)

_FAILED = 'error_class!="none"'

BOARD = Board(
    uid=uids.GRAPH,
    title="recado / Graph API",
    description="Does Meta take our messages?",
    rows=(
        Row(
            "Does Meta answer?",
            (
                Panel(
                    title="Requests by class of answer",
                    description=(
                        "Calls that send a reply, a second. `timeout` and `transport` are calls without an answer."
                    ),
                    unit="reqps",
                    shape=Shape.STACKED,
                    queries=(Query(Q.rate(metrics.GRAPH_DURATION, INTERVAL, by=("code_class",)), "{{code_class}}"),),
                    logs="attempt.finished",
                    traces=True,
                ),
                Panel(
                    title="Requests without success",
                    bad=True,
                    description="Share of calls that did not end in 2xx.",
                    unit="percentunit",
                    maximum=1,
                    queries=(
                        Query(
                            f"1 - {Q.rate(metrics.GRAPH_DURATION, INTERVAL, where=_OK)}"
                            f" / {Q.rate(metrics.GRAPH_DURATION, INTERVAL)}",
                            "no success",
                        ),
                    ),
                    steps=above((0.05, YELLOW), (0.5, "red")),
                    runbook="RecadoMetaOutage",
                    logs="attempt.finished",
                ),
                Panel(
                    title="Breaker by business number",
                    description=(
                        "1 while replies wait for Meta to be back (outage) or for a person to put the account right "
                        "(operator). A probe carries no reply; once it is answered one reply at a time tries."
                    ),
                    unit="none",
                    maximum=1,
                    decimals=0,
                    queries=(
                        Query(
                            Q.gauge(metrics.BREAKER_OPEN, by=("phone_number_id", "reason"), merge="max"),
                            "{{phone_number_id}} {{reason}}",
                        ),
                    ),
                    steps=above((1, "red")),
                    runbook="RecadoMetaOutage",
                ),
            ),
        ),
        Row(
            "How fast?",
            (
                Panel(
                    title="Time of a successful call",
                    description="Quantiles over calls that Meta accepted.",
                    unit="s",
                    width=12,
                    queries=tuple(
                        Query(Q.quantile(q, metrics.GRAPH_DURATION, INTERVAL, where=_OK), f"p{q * 100:g}")
                        for q in (0.5, 0.95, 0.99)
                    ),
                    steps=above((2.5, YELLOW), (10, ORANGE)),
                    traces=True,
                ),
                Panel(
                    title="Times of all calls",
                    description="Calls by how long they took; the time-out is at 20 s.",
                    unit="s",
                    width=12,
                    shape=Shape.HEATMAP,
                    queries=(Query(Q.increase(metrics.GRAPH_DURATION, INTERVAL, by=("le",), part="bucket"), "{{le}}"),),
                    traces=True,
                ),
            ),
        ),
        Row(
            "What does Meta refuse?",
            (
                Panel(
                    title="Errors by class",
                    description=(
                        "Failed attempts a second by class of error; the classes are described in docs/metrics.md."
                    ),
                    unit="cps",
                    width=12,
                    shape=Shape.STACKED,
                    queries=(
                        Query(
                            f"{Q.rate(metrics.ATTEMPTS, INTERVAL, by=('error_class',), where=_FAILED)} > 0",
                            "{{error_class}}",
                        ),
                    ),
                    logs="attempt.finished",
                ),
                Panel(
                    title="Errors for an operator",
                    bad=True,
                    description=(
                        "Attempts in 10 minutes that a person must put right: token (auth), permission, account, "
                        "payment."
                    ),
                    unit="none",
                    width=6,
                    shape=Shape.STACKED,
                    queries=(
                        Query(
                            Q.increase(metrics.ATTEMPTS, "10m", by=("error_class",), where=_OPERATOR), "{{error_class}}"
                        ),
                    ),
                    steps=above((1, "red")),
                    runbook="RecadoOperatorNeeded",
                    logs="attempt.finished",
                ),
                Panel(
                    title="Breaker openings",
                    description="Times in an hour that a breaker opened or closed. Many: Meta is flapping.",
                    unit="none",
                    width=6,
                    queries=(Query(Q.increase(metrics.BREAKER_TRIPS, "1h", by=("to",)), "{{to}}"),),
                    runbook="RecadoMetaOutage",
                ),
            ),
        ),
        Row(
            "Are we throttled?",
            (
                Panel(
                    title="Throttles by scope",
                    bad=True,
                    description=(
                        "Times in 15 minutes that Meta told us to slow down: for one customer (pair limit) or for a "
                        "whole business number."
                    ),
                    unit="none",
                    width=12,
                    shape=Shape.STACKED,
                    queries=(Query(Q.increase(metrics.THROTTLED, "15m", by=("scope",)), "{{scope}}"),),
                    runbook="RecadoThrottled",
                ),
                Panel(
                    title="Sends a second",
                    description="Attempts a second. Meta allows 80 a business number, and recado keeps to it.",
                    unit="reqps",
                    width=12,
                    queries=(Query(Q.rate(metrics.ATTEMPTS, INTERVAL), "attempts"),),
                    steps=above((80, ORANGE)),
                    runbook="RecadoThrottled",
                ),
            ),
        ),
        Row(
            "What does Meta report back?",
            (
                Panel(
                    title="Statuses by kind",
                    description=(
                        "Statuses of our replies, a second. `sent` must come with every reply: without it unknown "
                        "outcomes are not settled."
                    ),
                    unit="cps",
                    width=12,
                    shape=Shape.STACKED,
                    queries=(Query(Q.rate(metrics.STATUSES, INTERVAL, by=("kind",)), "{{kind}}"),),
                    logs="webhook.handled",
                    runbook="RecadoOutcomesUnknown",
                ),
                Panel(
                    title="Failed after acceptance, and account errors",
                    bad=True,
                    description=(
                        "In 15 minutes: replies that Meta accepted and then failed, and errors of the account as a "
                        "whole."
                    ),
                    unit="none",
                    width=12,
                    queries=(
                        Query(Q.increase(metrics.ASYNC_FAILURES, "15m"), "failed later"),
                        Query(Q.increase(metrics.ACCOUNT_ERRORS, "15m"), "account errors"),
                    ),
                    logs="account.error",
                ),
            ),
        ),
        Row(
            "What does Meta say about the account?",
            (
                Panel(
                    title="Notices",
                    description=(
                        "What Meta said by webhook about the account, its numbers and templates, in an hour, by event."
                    ),
                    unit="none",
                    width=16,
                    queries=(Query(f"{Q.increase(metrics.ACCOUNT_NOTICES, '1h', by=('event',))} > 0", "{{event}}"),),
                    runbook="RecadoAccountThreatened",
                    logs="account.notice",
                ),
                Panel(
                    title="Last warnings",
                    description=(
                        "How long ago Meta stopped the account, and warned about it, if it has not taken that back."
                    ),
                    unit="s",
                    shape=Shape.STAT,
                    width=8,
                    queries=tuple(
                        Query(f"time() - ({Q.gauge(at, merge='max')} > 0)", legend)
                        for at, legend in (
                            (metrics.ACCOUNT_STOPPED_AT, "stopped"),
                            (metrics.ACCOUNT_THREATENED_AT, "threatened"),
                        )
                    ),
                    steps=below((86400, ORANGE)),
                    runbook="RecadoAccountStopped",
                    logs="account.notice",
                ),
            ),
        ),
    ),
)
