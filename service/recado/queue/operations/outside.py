"""Outside the window: a reply or notice that could not be sent in time is sent as a template, if the shop has one."""

from collections.abc import Sequence

import msgspec

from recado.events.facts import TemplateApproved, TemplatePaused
from recado.orders import Line
from recado.outcome import Outcome, Scope
from recado.queue.model import TEMPLATES, AttemptResult, Lane, NewRow, State, as_json
from recado.queue.operations.telling import ACCOUNT
from recado.queue.operations.writing import Writing
from recado.telemetry import metrics
from recado.whatsapp.content import Outside, Windowed, decode
from recado.whatsapp.notices import TemplateChange
from recado.whatsapp.outside import OUTSIDE_SECONDS, lane_of, template_in, template_lane

#: The reason of a lane that is held because Meta has paused its template.
PAUSED = AttemptResult(outcome=Outcome.OPERATOR, error_class="template", scope=Scope.NUMBER, code_class="4xx")

_lines = msgspec.json.Decoder(tuple[Line, ...]).decode
_wamids = msgspec.json.Decoder(tuple[str, ...]).decode


class Closed(msgspec.Struct):
    """An entry whose window at Meta has closed: a row of the statement `closed`. The quote is the open quote that the
    entry contains, if any."""

    id: int
    number: str
    key: str
    phone: str | None
    user_id: str | None
    wamid: str | None
    answers: str | None
    content: str
    traceparent: str | None
    token: str | None
    lines: str | None
    total: str | None
    currency: str | None


def send_outside(transaction: Writing, ids: Sequence[int]) -> set[int]:
    """Queues templates in place of entries that failed because the window is closed; returns which entries got one.

    A customer who has opted out, or who is talking to a person, gets none.
    """
    closed = [Closed(*row) for row in transaction.run("closed", as_json(ids), transaction.now)]
    replaced = [(one, content) for one in closed if (content := _outside(transaction, one))]
    if not replaced:
        return set()
    old = [one.id for one, _ in replaced]
    transaction.run("leave_outside", as_json(old))
    rows = [
        row_outside(transaction, one.number, one.key, one.phone, one.user_id, content, _answered(one), one.traceparent)
        for one, content in replaced
    ]
    new = add_outside(transaction, rows)
    # Direct Send shows the quote itself, so it becomes the reply with the quote.
    if transaction.audience.outside.shows_quotes:
        transaction.run("move_quotes", as_json(list(zip(old, new, strict=True))))
    transaction.totals.inc(metrics.FINISHED, State.DISCARDED.value, by=len(old))
    return set(old)


def row_outside(
    transaction: Writing,
    number: str,
    key: str,
    phone: str | None,
    user_id: str | None,
    content: Outside,
    answers: tuple[str, ...] | None,
    traceparent: str | None,
) -> NewRow:
    """A row for a customer outside the window, due now; `add_outside` sets its id."""
    now = transaction.now
    return NewRow(
        id=0,
        state=State.QUEUED,
        channel=TEMPLATES,
        lane=lane_of(number, content),
        key=key,
        phone=phone,
        user_id=user_id,
        wamid=None,
        answers=answers,
        content=content,
        written_at=now,
        received_at=now,
        deadline_at=now + OUTSIDE_SECONDS,
        traceparent=traceparent,
        due_at=now,
    )


def add_outside(transaction: Writing, rows: Sequence[NewRow]) -> list[int]:
    """Queues rows; returns their ids."""
    first = transaction.take_ids(len(rows))
    numbered = [msgspec.structs.replace(row, id=id_) for id_, row in enumerate(rows, first)]
    transaction.run("add", as_json(numbered))
    for row in numbered:
        transaction.lanes.of(Lane(TEMPLATES, row.lane))
        transaction.totals.inc(metrics.TEMPLATES, template_in(row.lane), "queued")
    return [row.id for row in numbered]


def change_templates(transaction: Writing, changes: Sequence[TemplateChange]) -> list[None]:
    """Writes events about templates that Meta has changed, and holds the lanes of those that can no longer be sent.

    A probe finds out when one can be sent again.
    """
    for change in changes:
        fact = TemplatePaused if change.stops else TemplateApproved
        transaction.tell(ACCOUNT, fact(name=change.name, language=change.language, event=change.event))
        if change.stops:
            _hold(transaction, template_lane(change.name, change.language))
    return [None] * len(changes)


def _hold(transaction: Writing, end: str) -> None:
    for lane in list(transaction.lanes.all()):
        if lane.channel == TEMPLATES and lane.name.endswith(f"/{end}"):
            transaction.lanes.update_breaker(lane, PAUSED)


def _outside(transaction: Writing, closed: Closed) -> Outside | None:
    content = decode(closed.content)
    if isinstance(content, Windowed):
        return content.outside
    if closed.token is None:
        return None
    assert closed.lines
    assert closed.total
    assert closed.currency
    from decimal import Decimal

    from recado.quotes.language.money import money  # it imports the reader of orders, which a drain does not need

    total = money(Decimal(closed.total), closed.currency)
    return transaction.audience.outside.of_quote(content, closed.token, products=len(_lines(closed.lines)), total=total)


def _answered(closed: Closed) -> tuple[str, ...] | None:
    """The wamids of the messages that the entry replies to."""
    before = _wamids(closed.answers) if closed.answers else ()
    return (*before, closed.wamid) if closed.wamid else None
