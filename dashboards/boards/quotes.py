"""Quotes and conversations: are customers understood?"""

from dashboards.boards import uids
from dashboards.model import GREEN, YELLOW, Board, Panel, Query, Row, Shape, above, below
from dashboards.queries import BOARD as Q
from dashboards.queries import INTERVAL
from recado.telemetry import metrics

_NONE = 'outcome="none"'

_YES = 'decision="confirms"'

BOARD = Board(
    uid=uids.QUOTES,
    title="recado / Quotes and conversations",
    description="Are customers understood?",
    rows=(
        Row(
            "What do customers write?",
            (
                Panel(
                    title="Messages by type",
                    description="Customers' messages a second, duplicates included.",
                    unit="cps",
                    shape=Shape.STACKED,
                    queries=(Query(Q.rate(metrics.MESSAGES, INTERVAL, by=("type",)), "{{type}}"),),
                    logs="webhook.handled",
                ),
                Panel(
                    title="Messages without a reply",
                    description=(
                        "Acknowledged in silence, by reason: reactions and the like (type), groups, another "
                        "business number, a sender that cannot be written to, a customer over his limit or one who "
                        "has been told the same too often (repetitive), all pictures of an album but the first."
                    ),
                    unit="none",
                    shape=Shape.STACKED,
                    queries=(Query(Q.increase(metrics.UNANSWERED, "15m", by=("reason",)), "{{reason}}"),),
                    logs="webhook.handled",
                    runbook="RecadoUnknownNumber",
                ),
                Panel(
                    title="Duplicates",
                    description=(
                        "Messages that Meta brought again although they had been acknowledged; each is answered once."
                    ),
                    unit="none",
                    queries=(Query(Q.increase(metrics.DUPLICATES, "15m"), "duplicates"),),
                    logs="webhook.handled",
                    board=uids.OVERVIEW,
                ),
            ),
        ),
        Row(
            "What are they answered?",
            (
                Panel(
                    title="Answers by kind",
                    description="What the replies say, a second.",
                    unit="cps",
                    width=12,
                    shape=Shape.STACKED,
                    queries=(Query(Q.rate(metrics.ANSWERS, INTERVAL, by=("kind",)), "{{kind}}"),),
                    logs="webhook.handled",
                ),
                Panel(
                    title="Orders by outcome",
                    description="Orders read a second: every product matched, some left over, or none recognised.",
                    unit="cps",
                    width=12,
                    shape=Shape.STACKED,
                    queries=(Query(Q.rate(metrics.QUOTES, INTERVAL, by=("outcome",)), "{{outcome}}"),),
                    runbook="RecadoOrdersNotUnderstood",
                ),
            ),
        ),
        Row(
            "How sure are the quotes?",
            (
                Panel(
                    title="Orders not understood",
                    description="Share of the last hour's orders in which no product was recognised.",
                    unit="percentunit",
                    shape=Shape.STAT,
                    width=4,
                    maximum=1,
                    decimals=1,
                    queries=(
                        Query(
                            f"{Q.increase(metrics.QUOTES, '1h', where=_NONE)} / {Q.increase(metrics.QUOTES, '1h')}",
                            "not understood",
                        ),
                    ),
                    steps=above((0.2, YELLOW), (0.5, "red")),
                    runbook="RecadoOrdersNotUnderstood",
                ),
                Panel(
                    title="Confidence of quoted lines",
                    description=(
                        "Lines by the confidence with which the product was matched. Below 0.7 the customer is "
                        "asked to check."
                    ),
                    unit="none",
                    shape=Shape.HEATMAP,
                    width=8,
                    queries=(
                        Query(Q.increase(metrics.QUOTE_CONFIDENCE, INTERVAL, by=("le",), part="bucket"), "{{le}}"),
                    ),
                    runbook="RecadoOrdersNotUnderstood",
                ),
                Panel(
                    title="Lines and leftovers",
                    description="Lines quoted, and parts of orders for which no product was found, a second.",
                    unit="cps",
                    width=8,
                    queries=(
                        Query(Q.rate(metrics.QUOTE_CONFIDENCE, INTERVAL), "lines"),
                        Query(Q.rate(metrics.UNMATCHED, INTERVAL), "not matched"),
                    ),
                    runbook="RecadoOrdersNotUnderstood",
                ),
                Panel(
                    title="Defects met",
                    description=(
                        "Messages and statuses in a day that met a defect of recado's own, by where. The customer is "
                        "asked to write otherwise, if a reply can be made at all."
                    ),
                    unit="none",
                    shape=Shape.STAT,
                    width=4,
                    decimals=0,
                    queries=(Query(Q.increase(metrics.MESSAGE_ERRORS, "1d", by=("stage",)), "{{stage}}"),),
                    steps=above((0.5, YELLOW)),
                    runbook="RecadoMessageErrors",
                    logs="message.error",
                ),
            ),
        ),
        Row(
            "Do customers buy?",
            (
                Panel(
                    title="Answers to quotes",
                    description="Open quotes that customers confirmed or rejected, in an hour.",
                    unit="none",
                    width=12,
                    queries=(Query(Q.increase(metrics.QUOTE_DECISIONS, "1h", by=("decision",)), "{{decision}}"),),
                    board=uids.OVERVIEW,
                ),
                Panel(
                    title="Confirmed",
                    description="Of the quotes that were answered in the last day, the share that was confirmed.",
                    unit="percentunit",
                    shape=Shape.STAT,
                    width=6,
                    maximum=1,
                    queries=(
                        Query(
                            f"{Q.increase(metrics.QUOTE_DECISIONS, '1d', where=_YES)}"
                            f" / {Q.increase(metrics.QUOTE_DECISIONS, '1d')}",
                            "confirmed",
                        ),
                    ),
                    steps=below((0.25, YELLOW), (0.5, GREEN)),
                    board=uids.OVERVIEW,
                ),
                Panel(
                    title="Catalogue changes",
                    description=(
                        "Changes of the catalogue's file in a day: taken, or refused while the old prices went on."
                    ),
                    unit="none",
                    shape=Shape.STAT,
                    width=6,
                    decimals=0,
                    queries=(Query(Q.increase(metrics.CATALOGUE_RELOADS, "1d", by=("outcome",)), "{{outcome}}"),),
                    steps=above(),
                    runbook="RecadoCatalogueRefused",
                    logs="catalogue.refused",
                ),
            ),
        ),
    ),
)
