"""Shop: what the conversations come to, as `recado report` has it for the shop's own days."""

from dashboards.boards import uids
from dashboards.model import GREEN, YELLOW, Board, Panel, Query, Row, Shape, below
from dashboards.queries import BOARD as Q
from dashboards.queries import any_of
from recado.telemetry import metrics

_DAY = "1d"
_OPENED, _REPLACED, _CONFIRMED = 'outcome="opened"', 'outcome="replaced"', 'outcome="confirmed"'
_DECIDED = any_of("outcome", ("confirmed", "rejected", "expired"))
_UNDERSTOOD_NOTHING = 'outcome="none"'
_CURRENCY = ("currency",)


def _quotes() -> str:
    """Quotes of a day without those that an edit or a newer one replaced."""
    opened, replaced = (Q.increase(metrics.QUOTES, _DAY, where=where) for where in (_OPENED, _REPLACED))
    return f"{opened} - {replaced}"


def _quote_value() -> str:
    """Their value by currency."""
    opened, replaced = (
        Q.increase(metrics.QUOTE_VALUE, _DAY, by=_CURRENCY, where=where) for where in (_OPENED, _REPLACED)
    )
    return f"{opened} - ({replaced} or {opened} * 0)"


def _orders(state: str) -> str:
    return Q.increase(metrics.ORDERS, _DAY, where=f'state="{state}"')


BOARD = Board(
    uid=uids.SHOP,
    title="recado / Shop",
    description="How many conversations become quotes and orders?",
    rows=(
        Row(
            "How far do customers get?",
            (
                Panel(
                    title="From message to order",
                    description=(
                        "In a day: messages that were handled, quotes (without replaced ones), "
                        "orders that customers placed, and those that the staff completed."
                    ),
                    unit="none",
                    shape=Shape.STAT,
                    width=12,
                    height=6,
                    decimals=0,
                    queries=(
                        Query(Q.increase(metrics.HANDLED, _DAY), "messages"),
                        Query(_quotes(), "quotes"),
                        Query(_orders("placed"), "orders"),
                        Query(_orders("completed"), "completed"),
                    ),
                    board=uids.QUOTES,
                ),
                Panel(
                    title="Value quoted and ordered",
                    description="Value of the quotes and of the placed orders of a day, by currency.",
                    unit="none",
                    shape=Shape.STAT,
                    width=12,
                    height=6,
                    decimals=2,
                    queries=(
                        Query(_quote_value(), "quoted {{currency}}"),
                        Query(Q.increase(metrics.ORDER_VALUE, _DAY, by=_CURRENCY), "ordered {{currency}}"),
                    ),
                    board=uids.OVERVIEW,
                ),
            ),
        ),
        Row(
            "Do they say yes?",
            (
                Panel(
                    title="Share confirmed in a day",
                    description="Confirmed quotes, as a share of those that were confirmed, rejected or expired.",
                    unit="percentunit",
                    shape=Shape.STAT,
                    width=4,
                    maximum=1,
                    queries=(
                        Query(
                            f"{Q.increase(metrics.QUOTES, _DAY, where=_CONFIRMED)}"
                            f" / {Q.increase(metrics.QUOTES, _DAY, where=_DECIDED)}",
                            "confirmed",
                        ),
                    ),
                    steps=below((0.25, YELLOW), (0.5, GREEN)),
                    board=uids.QUOTES,
                ),
                Panel(
                    title="Quotes by outcome",
                    description="Quotes opened in an hour, and what became of quotes. An edit replaces a quote.",
                    unit="none",
                    queries=(Query(Q.increase(metrics.QUOTES, "1h", by=("outcome",)), "{{outcome}}"),),
                    board=uids.OVERVIEW,
                ),
                Panel(
                    title="Quotes by source",
                    description="What the quotes of an hour were made from.",
                    unit="none",
                    width=4,
                    shape=Shape.STACKED,
                    queries=(Query(Q.increase(metrics.QUOTES, "1h", by=("source",), where=_OPENED), "{{source}}"),),
                    board=uids.QUOTES,
                ),
                Panel(
                    title="Time to decide",
                    description="From Meta's acceptance of a quote to the customer's yes or no, in a day.",
                    unit="s",
                    queries=(
                        Query(Q.quantile(0.5, metrics.QUOTE_DECISION, _DAY), "median"),
                        Query(Q.quantile(0.9, metrics.QUOTE_DECISION, _DAY), "p90"),
                    ),
                    board=uids.OVERVIEW,
                ),
            ),
        ),
        Row(
            "What do they change, and where must recado ask?",
            (
                Panel(
                    title="Edits of quotes",
                    description="Lines of open quotes that customers changed in an hour.",
                    unit="none",
                    shape=Shape.STACKED,
                    queries=(Query(Q.increase(metrics.EDITS, "1h", by=("edit",)), "{{edit}}"),),
                    board=uids.QUOTES,
                ),
                Panel(
                    title="Questions asked back",
                    description="Replies of an hour that ask which product, how many, or what a message means.",
                    unit="none",
                    queries=(Query(Q.increase(metrics.REPLIES, "1h", where='kind="question"'), "questions"),),
                    board=uids.QUOTES,
                ),
                Panel(
                    title="Not understood",
                    description=(
                        "Orders of an hour in which no product was recognised. `recado report` lists what several "
                        "customers asked for."
                    ),
                    unit="none",
                    bad=True,
                    queries=(Query(Q.increase(metrics.READINGS, "1h", where=_UNDERSTOOD_NOTHING), "not understood"),),
                    runbook="RecadoOrdersNotUnderstood",
                    logs="quote.nothing_recognised",
                ),
            ),
        ),
        Row(
            "What waits for the shop, and what went wrong?",
            (
                Panel(
                    title="Orders of a day by state",
                    description="Orders that customers placed, and that the staff accepted, completed or cancelled.",
                    unit="none",
                    width=6,
                    queries=(Query(Q.increase(metrics.ORDERS, _DAY, by=("state",)), "{{state}}"),),
                    runbook="RecadoOrdersWaiting",
                    logs="order.moved",
                ),
                Panel(
                    title="Hand-offs of a day",
                    description="Conversations that a person took over, by reason.",
                    unit="none",
                    width=6,
                    queries=(Query(Q.increase(metrics.HANDOFFS, _DAY, by=("reason",)), "{{reason}}"),),
                    logs="handoff.changed",
                ),
                Panel(
                    title="Hand-offs waiting",
                    description="Customers who asked for a person and still wait.",
                    unit="none",
                    width=6,
                    queries=(Query(Q.gauge(metrics.HANDOFFS_WAITING), "customers"),),
                    runbook="RecadoPersonWanted",
                ),
                Panel(
                    title="Replies lost",
                    description="Replies that recado gave up in a day, by reason: customers did not get them.",
                    unit="none",
                    width=6,
                    bad=True,
                    queries=(Query(Q.increase(metrics.FAILED_REASONS, _DAY, by=("reason",)), "{{reason}}"),),
                    runbook="RecadoRepliesLost",
                ),
            ),
        ),
    ),
)
