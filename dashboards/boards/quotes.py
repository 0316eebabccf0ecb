"""Quotes and conversations: does recado understand its customers?"""

from dashboards.boards import uids
from dashboards.model import YELLOW, Board, Panel, Query, Row, Shape, above
from dashboards.queries import BOARD as Q
from dashboards.queries import INTERVAL
from recado.telemetry import metrics

_NONE = 'outcome="none"'

BOARD = Board(
    uid=uids.QUOTES,
    title="recado / Quotes and conversations",
    description="Does recado understand its customers?",
    rows=(
        Row(
            "What do customers write?",
            (
                Panel(
                    title="Messages by type",
                    description="Customers' messages per second, including duplicates.",
                    unit="cps",
                    shape=Shape.STACKED,
                    queries=(Query(Q.rate(metrics.MESSAGES, INTERVAL, by=("type",)), "{{type}}"),),
                    logs="webhook.handled",
                ),
                Panel(
                    title="Messages without a reply",
                    description=(
                        "Messages that recado acknowledges without a reply, by reason: types such as reactions "
                        "(type), groups, another business number, a customer without a usable address, a customer "
                        "over the limit (too_many), a defect (error), repeats of the same reply (repetitive), all "
                        "pictures of an album but the first (album), a person has the conversation (human), the "
                        "customer took the message back (revoked), opt-outs that were confirmed before (opted_out)."
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
                        "Messages that Meta delivered again after recado had acknowledged them. Each gets one reply."
                    ),
                    unit="none",
                    queries=(Query(Q.increase(metrics.DUPLICATES, "15m"), "duplicates"),),
                    logs="webhook.handled",
                    board=uids.OVERVIEW,
                ),
            ),
        ),
        Row(
            "What does recado reply?",
            (
                Panel(
                    title="Replies by kind",
                    description="Replies per second, by what they say.",
                    unit="cps",
                    width=12,
                    shape=Shape.STACKED,
                    queries=(Query(Q.rate(metrics.REPLIES, INTERVAL, by=("kind",)), "{{kind}}"),),
                    logs="webhook.handled",
                ),
                Panel(
                    title="Orders by outcome",
                    description=(
                        "Orders per second: all products matched, some parts unmatched, or no product recognised."
                    ),
                    unit="cps",
                    width=12,
                    shape=Shape.STACKED,
                    queries=(Query(Q.rate(metrics.READINGS, INTERVAL, by=("outcome",)), "{{outcome}}"),),
                    runbook="RecadoOrdersNotUnderstood",
                ),
            ),
        ),
        Row(
            "How reliable are the quotes?",
            (
                Panel(
                    title="Orders not understood",
                    description="Share of orders in the last hour in which no product was recognised.",
                    unit="percentunit",
                    shape=Shape.STAT,
                    width=4,
                    maximum=1,
                    decimals=1,
                    queries=(
                        Query(
                            f"{Q.increase(metrics.READINGS, '1h', where=_NONE)} / {Q.increase(metrics.READINGS, '1h')}",
                            "not understood",
                        ),
                    ),
                    steps=above((0.2, YELLOW), (0.5, "red")),
                    runbook="RecadoOrdersNotUnderstood",
                ),
                Panel(
                    title="Confidence of quoted lines",
                    description=(
                        "Quoted lines by the confidence of the product match. Below `RECADO_CONFIDENCE_THRESHOLD` "
                        "(0.9) recado asks the customer to check."
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
                    title="Matched and unmatched lines",
                    description="Quoted lines per second, and parts of orders that match no product.",
                    unit="cps",
                    width=8,
                    queries=(
                        Query(Q.rate(metrics.QUOTE_CONFIDENCE, INTERVAL), "lines"),
                        Query(Q.rate(metrics.UNMATCHED, INTERVAL), "unmatched"),
                    ),
                    runbook="RecadoOrdersNotUnderstood",
                ),
                Panel(
                    title="Defects",
                    description=(
                        "Messages and statuses in a day that hit a defect in recado, by stage. Where it can reply, "
                        "recado asks the customer to rephrase the message."
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
            "Are quotes and catalogue up to date?",
            (
                Panel(
                    title="Superseded replies",
                    description="Quotes that were not sent because a newer quote answers their message too.",
                    unit="none",
                    width=8,
                    queries=(Query(Q.increase(metrics.SUPERSEDED, "15m"), "superseded"),),
                    board=uids.QUEUE,
                ),
                Panel(
                    title="Catalogue changes",
                    description=(
                        "Changes of the catalogue file in a day: loaded, or refused (the previous prices stay in use)."
                    ),
                    unit="none",
                    shape=Shape.STAT,
                    width=8,
                    decimals=0,
                    queries=(Query(Q.increase(metrics.CATALOGUE_RELOADS, "1d", by=("outcome",)), "{{outcome}}"),),
                    steps=above(),
                    runbook="RecadoCatalogueRefused",
                    logs="catalogue.refused",
                ),
                Panel(
                    title="Names not understood",
                    description=(
                        "Names and aliases of the catalogue that recado does not read as their product; "
                        "`recado catalogue check` lists them."
                    ),
                    unit="none",
                    shape=Shape.STAT,
                    width=8,
                    decimals=0,
                    queries=(Query(Q.gauge(metrics.CATALOGUE_MISREAD), "names"),),
                    logs="catalogue.misread",
                ),
            ),
        ),
        Row(
            "Are voice notes understood?",
            (
                Panel(
                    title="Voice notes",
                    description="Voice notes in 15 minutes: transcribed (heard), or the customer was asked to write.",
                    unit="none",
                    shape=Shape.STACKED,
                    queries=(Query(Q.increase(metrics.VOICE_NOTES, "15m", by=("outcome",)), "{{outcome}}"),),
                    runbook="RecadoVoiceUnheard",
                ),
                Panel(
                    title="Attempts to hear voice notes",
                    description="Attempts in 15 minutes to fetch and transcribe a voice note, by what went wrong.",
                    unit="none",
                    shape=Shape.STACKED,
                    queries=(
                        Query(
                            Q.increase(metrics.VOICE_ATTEMPTS, "15m", by=("outcome", "error_class")),
                            "{{outcome}}: {{error_class}}",
                        ),
                    ),
                    runbook="RecadoVoiceUnheard",
                    logs="attempt.finished",
                ),
                Panel(
                    title="Time to the reply",
                    description="From a voice note's arrival to the reply to its transcript.",
                    unit="s",
                    queries=tuple(
                        Query(Q.quantile(share, metrics.VOICE_AGE, "15m"), f"p{share * 100:g}") for share in (0.5, 0.95)
                    ),
                    runbook="RecadoVoiceUnheard",
                ),
            ),
        ),
    ),
)
