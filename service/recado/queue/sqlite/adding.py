"""Adding: the wamid of a customer's message is noted as seen and the reply written, leased if it may be sent now."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from recado.queue.model import DECISIONS, Added, LeasedReply, NewReply, QuoteMark, Reason, State
from recado.queue.sqlite.customers import identified, restrained
from recado.queue.sqlite.transaction import HORIZON_SECONDS, Transaction, as_json
from recado.telemetry import metrics
from recado.whatsapp.content import Content


class AddRequest(msgspec.Struct, frozen=True):
    """`lease`: the caller can send the reply at once."""

    message: NewReply
    lease: bool


class NewRow(msgspec.Struct, frozen=True, array_like=True):
    """A row of `entry`, in the order of the statement `add`."""

    id: int
    state: State
    channel: str
    lane: str
    key: str
    phone: str | None
    user_id: str | None
    wamid: str
    content: Content
    written_at: float
    received_at: float
    deadline_at: float
    traceparent: str | None
    due_at: float | None = None
    attempts: int = 0
    lease_owner: str | None = None
    lease_until: float | None = None
    reason: Reason | None = None
    finished_at: float | None = None


class Line(msgspec.Struct):
    """What waits for a key: when the next may be sent, and which is first, due at `due_at` or under way (None)."""

    next_at: float
    first_id: int | None
    written_at: float | None
    due_at: float | None

    def holds_up(self, id_: int, written_at: float) -> bool:
        """Whether a new message has to wait for the first one: that is under way, or was written earlier."""
        if self.first_id is None or self.written_at is None:
            return False
        return self.due_at is None or (self.written_at, self.first_id) < (written_at, id_)

    def join(self, id_: int, written_at: float, due_at: float | None) -> None:
        """Adds a message, unless one before it is first."""
        if not self.holds_up(id_, written_at):
            self.first_id, self.written_at, self.due_at = id_, written_at, due_at


def add(transaction: Transaction, requests: Sequence[AddRequest]) -> list[Added]:
    """Notes each message's wamid as seen and writes the reply; a wamid that was seen before is a duplicate."""
    fresh = _see_wamids(transaction, [request.message.wamid for request in requests])
    new = {id_: request for id_, request in zip(fresh, requests, strict=True) if id_ is not None}
    if not new:
        return [Added(id=None, duplicate=True) for _ in requests]
    messages = dict(zip(new, identified(transaction, [request.message for request in new.values()]), strict=True))
    if stale := _stale(transaction, messages):
        transaction.run("unsee_wamids", as_json(stale))
    current = {id_: AddRequest(messages[id_], request.lease) for id_, request in new.items() if id_ not in stale}
    added, answered = _restrain(transaction, current)
    added |= {id_: Added(id=None, duplicate=False, stale=True) for id_ in stale}
    lines = _lines(transaction, {request.message.key for request in answered.values()})
    rows: list[NewRow] = []
    in_order = sorted(answered.items(), key=lambda item: (item[1].message.written_at, item[0]))
    added |= {id_: _place(transaction, id_, request, lines[request.message.key], rows) for id_, request in in_order}
    transaction.run("add", as_json(rows))
    transaction.totals.inc(metrics.QUEUED, by=len(rows))
    if leased := {row.key for row in rows if row.state is State.SENDING}:
        transaction.run("keys_next", as_json([(key, lines[key].next_at) for key in leased]))
    failed = {row.id for row in rows if row.state is State.FAILED}
    _mark_quotes(transaction, [(id_, request.message) for id_, request in in_order if id_ not in failed])
    return [added[id_] if id_ is not None else Added(id=None, duplicate=True) for id_ in fresh]


def _restrain(transaction: Transaction, new: dict[int, AddRequest]) -> tuple[dict[int, Added], dict[int, AddRequest]]:
    """Those of the new messages that get no reply, and the others."""
    added, answered = {}, {}
    restraints = restrained(transaction, [request.message for request in new.values()])
    for (id_, request), restraint in zip(new.items(), restraints, strict=True):
        if restraint:
            added[id_] = Added(id=None, duplicate=False, restraint=restraint)
        else:
            answered[id_] = request
    return added, answered


def _stale(transaction: Transaction, messages: Mapping[int, NewReply]) -> list[int]:
    """The messages that decide a quote which another one has decided or replaced since the session was read."""
    deciding = {id_: message for id_, message in messages.items() if message.quote in DECISIONS}
    if not deciding:
        return []
    keys = [message.key for message in deciding.values()]
    open_at: dict[str, float | None] = dict(transaction.run("quotes_open_at", as_json(keys)))
    stale = []
    for id_, message in deciding.items():
        if message.open_quote_at is None or open_at.get(message.key) != message.open_quote_at:
            stale.append(id_)
        open_at[message.key] = None
    return stale


def _see_wamids(transaction: Transaction, wamids: Sequence[str]) -> list[int | None]:
    """The new row's id for each wamid that was not seen before, None for the others."""
    last = int(transaction.run("last_id")[0][0])
    first = max(last + 1, int(transaction.now * 1e6))
    wanted = [(first + i, transaction.wamid_key(wamid)) for i, wamid in enumerate(wamids)]
    unseen = {row[0] for row in transaction.run("see_wamids", as_json(wanted))}
    return [id_ if id_ in unseen else None for id_, _ in wanted]


def _lines(transaction: Transaction, keys: Iterable[str]) -> dict[str, Line]:
    rows = transaction.run("keys", as_json(list(keys)))
    return {key: Line(*line) for key, *line in rows}


def _place(
    transaction: Transaction,
    id_: int,
    request: AddRequest,
    line: Line,
    rows: list[NewRow],
) -> Added:
    """Appends the new row: failed when it is too late, leased when it may go at once, else queued for its turn."""
    new, now = request.message, transaction.now
    if new.deadline_at <= now:
        transaction.count_failed(Reason.WINDOW_CLOSED)
        rows.append(_row(id_, new, State.FAILED, reason=Reason.WINDOW_CLOSED, finished_at=now))
        return Added(id=id_, duplicate=False)
    waits = line.holds_up(id_, new.written_at)
    turn = max(now, line.next_at, transaction.after_the_first(line.due_at) if waits else 0.0)
    lane = transaction.lane(new.lane)
    send_at = max(turn, lane.pace.next_turn(now))
    if waits or lane.breaker.open or not request.lease or send_at > now + HORIZON_SECONDS:
        rows.append(_row(id_, new, State.QUEUED, due_at=turn))
        line.join(id_, new.written_at, turn)
        return Added(id=id_, duplicate=False, due_at=lane.may_send_at(send_at))
    lane.pace.take(now)
    lane.changed = True
    line.join(id_, new.written_at, None)
    line.next_at = send_at + transaction.interval(new.lane)
    lease_until = send_at + transaction.policy.config.lease_seconds
    owner = transaction.owner
    rows.append(_row(id_, new, State.SENDING, attempts=1, lease_owner=owner, lease_until=lease_until))
    return Added(
        id=id_,
        duplicate=False,
        message=LeasedReply(
            id=id_,
            attempt=1,
            wamid=new.wamid,
            lane=new.lane,
            phone=new.phone,
            user_id=new.user_id,
            content=new.content,
            received_at=new.received_at,
            deadline_at=new.deadline_at,
            send_at=send_at,
            lease_until=lease_until,
            quoting=False,
            trial=False,
            attempt_id=transaction.attempt_id(id_, 1),
            traceparent=new.traceparent,
        ),
    )


def _row(id_: int, new: NewReply, state: State, **rest: Any) -> NewRow:
    return NewRow(
        id=id_,
        state=state,
        channel=new.lane.channel,
        lane=new.lane.name,
        key=new.key,
        phone=new.phone,
        user_id=new.user_id,
        wamid=new.wamid,
        content=new.content,
        written_at=new.written_at,
        received_at=new.received_at,
        deadline_at=new.deadline_at,
        traceparent=new.traceparent,
        **rest,
    )


def _mark_quotes(transaction: Transaction, messages: Sequence[tuple[int, NewReply]]) -> None:
    """Opens and closes the customers' quotes, and counts what they decided."""
    marked = [(id_, message) for id_, message in messages if message.quote is not QuoteMark.NONE]
    if not marked:
        return
    quoted = [(m.key, transaction.now, id_) if m.quote is QuoteMark.OPENS else (m.key, None, None) for id_, m in marked]
    transaction.run("keys_quoted", as_json(quoted))
    for _, message in marked:
        if message.quote is not QuoteMark.OPENS:
            transaction.totals.inc(metrics.QUOTE_DECISIONS, message.quote.value)
