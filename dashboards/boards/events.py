"""Events: do the shop's own systems get quotes and orders?"""

from dashboards.boards import uids
from dashboards.model import ORANGE, YELLOW, Board, Panel, Query, Row, Shape, above
from dashboards.queries import BOARD as Q
from dashboards.queries import INTERVAL
from recado.telemetry import metrics

_ENDPOINT = ("endpoint",)

BOARD = Board(
    uid=uids.EVENTS,
    title="recado / Events",
    description="Do the shop's own systems get quotes and orders?",
    rows=(
        Row(
            "Which events do they get?",
            (
                Panel(
                    title="Events by type",
                    description=("Events in 15 minutes. recado writes only the types that an endpoint wants."),
                    unit="none",
                    width=12,
                    shape=Shape.STACKED,
                    queries=(Query(Q.increase(metrics.EVENTS, "15m", by=("type",)), "{{type}}"),),
                    board=uids.QUOTES,
                ),
                Panel(
                    title="Age at delivery",
                    description="From an event to its acceptance by an endpoint. The drain sends events every minute.",
                    unit="s",
                    width=12,
                    shape=Shape.HEATMAP,
                    queries=(Query(Q.increase(metrics.EVENT_AGE, INTERVAL, by=("le",), part="bucket"), "{{le}}"),),
                    runbook="RecadoEventsLate",
                ),
            ),
        ),
        Row(
            "Which endpoint does not accept them?",
            (
                Panel(
                    title="Waiting",
                    description="Deliveries that wait or are under way, by endpoint.",
                    unit="none",
                    queries=(Query(Q.gauge(metrics.EVENT_BACKLOG, by=_ENDPOINT), "{{endpoint}}"),),
                    steps=above((100, YELLOW), (10_000, ORANGE)),
                    runbook="RecadoEventsLate",
                ),
                Panel(
                    title="Oldest event that waits",
                    description="How long the oldest event has waited, by endpoint; given up after 84 hours.",
                    unit="s",
                    queries=(Query(Q.gauge(metrics.EVENT_OLDEST_AGE, by=_ENDPOINT, merge="max"), "{{endpoint}}"),),
                    steps=above((300, YELLOW), (3600, "red")),
                    runbook="RecadoEventsLate",
                ),
                Panel(
                    title="Endpoints held",
                    description=(
                        "1 while recado holds an endpoint's events: it is down (outage), wrongly configured "
                        "(operator), or responded with 410 (ended)."
                    ),
                    unit="none",
                    queries=(
                        Query(
                            Q.gauge(metrics.EVENT_ENDPOINT_HELD, by=("endpoint", "reason"), merge="max"),
                            "{{endpoint}}: {{reason}}",
                        ),
                    ),
                    runbook="RecadoEventEndpointHeld",
                ),
            ),
        ),
        Row(
            "How do the endpoints respond?",
            (
                Panel(
                    title="Attempts by outcome",
                    description=(
                        "Attempts per second: delivered; to be repeated (retryable, unknown); slowed down by the "
                        "endpoint (throttled); ended by a 410 response; or not possible until an operator acts."
                    ),
                    unit="cps",
                    width=12,
                    shape=Shape.STACKED,
                    queries=(
                        Query(
                            Q.rate(metrics.EVENT_ATTEMPTS, INTERVAL, by=("endpoint", "outcome")),
                            "{{endpoint}}: {{outcome}}",
                        ),
                    ),
                    logs="attempt.finished",
                ),
                Panel(
                    title="Deliveries that ended",
                    description=(
                        "Delivered; given up after ten attempts or 84 hours (failed); or discarded by an operator."
                    ),
                    unit="none",
                    width=12,
                    shape=Shape.STACKED,
                    queries=(
                        Query(
                            Q.increase(metrics.EVENT_DELIVERIES, "15m", by=("endpoint", "outcome")),
                            "{{endpoint}}: {{outcome}}",
                        ),
                    ),
                    runbook="RecadoEventsLost",
                ),
            ),
        ),
        Row(
            "Does the operator get notices?",
            (
                Panel(
                    title="Attempts at notices",
                    description="Attempts in 15 minutes to send a notice, by target and outcome.",
                    unit="none",
                    width=12,
                    shape=Shape.STACKED,
                    queries=(
                        Query(
                            Q.increase(metrics.NOTICE_ATTEMPTS, "15m", by=("target", "outcome")),
                            "{{target}}: {{outcome}}",
                        ),
                    ),
                    runbook="RecadoNoticesFailing",
                    logs="attempt.finished",
                ),
                Panel(
                    title="Notices that ended",
                    description="Delivered; given up after five attempts or six hours (failed); or discarded.",
                    unit="none",
                    width=12,
                    shape=Shape.STACKED,
                    queries=(
                        Query(
                            Q.increase(metrics.NOTICES, "15m", by=("target", "outcome")),
                            "{{target}}: {{outcome}}",
                        ),
                    ),
                    runbook="RecadoNoticesFailing",
                ),
            ),
        ),
    ),
)
