"""Graph API: does Meta accept our replies?"""

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
    description="Does Meta accept our replies?",
    rows=(
        Row(
            "Does the Graph API respond?",
            (
                Panel(
                    title="Requests by class of response",
                    description=(
                        "Requests per second that send a reply. `timeout` and `transport` are requests without a "
                        "response."
                    ),
                    unit="reqps",
                    shape=Shape.STACKED,
                    queries=(Query(Q.rate(metrics.GRAPH_DURATION, INTERVAL, by=("code_class",)), "{{code_class}}"),),
                    logs="attempt.finished",
                    traces=True,
                ),
                Panel(
                    title="Failed requests",
                    bad=True,
                    description="Share of requests without a 2xx response.",
                    unit="percentunit",
                    maximum=1,
                    queries=(
                        Query(
                            f"1 - {Q.rate(metrics.GRAPH_DURATION, INTERVAL, where=_OK)}"
                            f" / {Q.rate(metrics.GRAPH_DURATION, INTERVAL)}",
                            "failed",
                        ),
                    ),
                    steps=above((0.05, YELLOW), (0.5, "red")),
                    runbook="RecadoMetaOutage",
                    logs="attempt.finished",
                ),
                Panel(
                    title="Breaker by business number",
                    description=(
                        "1 while replies wait until Meta is back (`outage`) or until a person fixes the account "
                        "(`operator`). Probes carry no reply; after a successful probe recado sends one reply at a "
                        "time."
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
            "How fast does it respond?",
            (
                Panel(
                    title="Duration of successful requests",
                    description="Quantiles of the duration of requests that Meta accepted.",
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
                    title="Duration of all requests",
                    description="All requests by duration. The timeout is 20 s.",
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
                    description="Failed attempts per second by class of error. docs/metrics.md lists the classes.",
                    unit="cps",
                    width=6,
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
                        "Attempts in 10 minutes that failed until a person fixes the cause: the token (auth), "
                        "permissions, the account, its configuration or the payment."
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
                    title="Sent as text instead",
                    description=(
                        "Replies in 10 minutes whose buttons or list Meta refused; recado sends them as plain text. "
                        "If this continues, `RECADO_BUTTONS=false` avoids the refused requests."
                    ),
                    unit="none",
                    width=6,
                    queries=(Query(Q.increase(metrics.TEXT_FALLBACKS, "10m"), "sent as text"),),
                    steps=above((1, YELLOW)),
                    logs="attempt.finished",
                ),
                Panel(
                    title="Breaker transitions",
                    description=(
                        "How often a breaker opened or closed in an hour. A high number means that Meta's outage "
                        "comes and goes."
                    ),
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
                        "How often Meta throttled recado in 15 minutes: for one customer (the pair limit) or for a "
                        "business number."
                    ),
                    unit="none",
                    width=12,
                    shape=Shape.STACKED,
                    queries=(Query(Q.increase(metrics.THROTTLED, "15m", by=("scope",)), "{{scope}}"),),
                    runbook="RecadoThrottled",
                ),
                Panel(
                    title="Attempts per second",
                    description=(
                        "Attempts per second. Meta allows 80 for each business number; recado stays within that."
                    ),
                    unit="reqps",
                    width=12,
                    queries=(Query(Q.rate(metrics.ATTEMPTS, INTERVAL), "attempts"),),
                    steps=above((80, ORANGE)),
                    runbook="RecadoThrottled",
                ),
            ),
        ),
        Row(
            "What happens to replies that Meta accepted?",
            (
                Panel(
                    title="Statuses by kind",
                    description=(
                        "Statuses of replies per second. Every reply must get a `sent` status; without it, unknown "
                        "outcomes are not resolved."
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
                        "In 15 minutes: replies that Meta accepted and later reported as failed, and errors of the "
                        "whole account."
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
            "What does Meta report about the account?",
            (
                Panel(
                    title="Notices",
                    description="Meta's notices about the account, its numbers and templates in an hour, by event.",
                    unit="none",
                    width=16,
                    queries=(Query(f"{Q.increase(metrics.ACCOUNT_NOTICES, '1h', by=('event',))} > 0", "{{event}}"),),
                    runbook="RecadoAccountThreatened",
                    logs="account.notice",
                ),
                Panel(
                    title="Time since the last warnings",
                    description=(
                        "Time since Meta stopped the account, and since it last warned about it. Empty if Meta has "
                        "withdrawn the notice."
                    ),
                    unit="s",
                    shape=Shape.STAT,
                    width=8,
                    queries=tuple(
                        Query(f"time() - ({Q.gauge(at, merge='max')} > 0)", legend)
                        for at, legend in (
                            (metrics.ACCOUNT_STOPPED_AT, "stopped"),
                            (metrics.ACCOUNT_THREATENED_AT, "warned"),
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
