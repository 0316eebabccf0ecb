"""Adding: a customer's message is claimed and the reply to it written, leased where it may be sent at once."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from recado.queue.model import Added, Message, NewMessage, QuoteMark, Reason, State
from recado.queue.sqlite.customers import identified, restrained
from recado.queue.sqlite.transaction import HORIZON_SECONDS, Sender, Transaction, as_json
from recado.telemetry import metrics


class AddRequest(msgspec.Struct, frozen=True):
    """`lease`: the caller can send the reply at once."""

    message: NewMessage
    lease: bool


class NewRow(msgspec.Struct, frozen=True, array_like=True):
    """A row of `message`, in the order of the statement `add`."""

    id: int
    state: State
    phone_number_id: str
    customer: str
    phone: str | None
    user_id: str | None
    wamid: str
    text: str
    received_at: float
    deadline_at: float
    traceparent: str | None
    due_at: float | None = None
    attempts: int = 0
    lease_owner: str | None = None
    lease_until: float | None = None
    reason: Reason | None = None
    finished_at: float | None = None


class Availability(msgspec.Struct):
    """When a customer may be written to, and whether a reply to him is under way."""

    next_at: float
    in_flight: bool


def add(transaction: Transaction, requests: Sequence[AddRequest]) -> list[Added]:
    """Claims each message's wamid and writes the reply; a wamid that was claimed before is a duplicate."""
    fresh = _claim_wamids(transaction, [request.message.wamid for request in requests])
    new = {id_: request for id_, request in zip(fresh, requests, strict=True) if id_ is not None}
    if not new:
        return [Added(id=None, duplicate=True) for _ in requests]
    added, answered = _restrain(transaction, new)
    customers = _customers(transaction, {request.message.customer for request in answered.values()})
    rows: list[NewRow] = []
    added |= {id_: _place(transaction, id_, request, customers, rows) for id_, request in answered.items()}
    transaction.run("add", as_json(rows))
    transaction.totals.inc(metrics.QUEUED, by=len(rows))
    if leased := {row.customer for row in rows if row.state is State.SENDING}:
        transaction.run("customers_next", as_json([(customer, customers[customer].next_at) for customer in leased]))
    _mark_quotes(transaction, [request.message for request in answered.values()])
    return [added[id_] if id_ is not None else Added(id=None, duplicate=True) for id_ in fresh]


def _restrain(transaction: Transaction, new: dict[int, AddRequest]) -> tuple[dict[int, Added], dict[int, AddRequest]]:
    """Those of the new messages that get no reply, and the others with the names that their customers are kept by."""
    messages = identified(transaction, [request.message for request in new.values()])
    added, answered = {}, {}
    restraints = restrained(transaction, messages)
    for (id_, request), message, restraint in zip(new.items(), messages, restraints, strict=True):
        if restraint:
            added[id_] = Added(id=None, duplicate=False, restraint=restraint)
        else:
            answered[id_] = AddRequest(message, request.lease)
    return added, answered


def _claim_wamids(transaction: Transaction, wamids: Sequence[str]) -> list[int | None]:
    """The new row's id for each wamid that was never claimed, None for the others."""
    last = int(transaction.run("last_id")[0][0])
    first = max(last + 1, int(transaction.now * 1e6))
    wanted = [(first + i, transaction.wamid_key(wamid)) for i, wamid in enumerate(wamids)]
    claimed = {row[0] for row in transaction.run("claim_wamids", as_json(wanted))}
    return [id_ if id_ in claimed else None for id_, _ in wanted]


def _customers(transaction: Transaction, customers: Iterable[str]) -> dict[str, Availability]:
    rows = transaction.run("customers", as_json(list(customers)))
    return {customer: Availability(next_at, bool(in_flight)) for customer, next_at, in_flight in rows}


def _place(
    transaction: Transaction,
    id_: int,
    request: AddRequest,
    customers: dict[str, Availability],
    rows: list[NewRow],
) -> Added:
    """Appends the new row: failed when it is too late, leased when it may go at once, else queued for its turn."""
    new, now = request.message, transaction.now
    if new.deadline_at <= now:
        transaction.gave_up(Reason.WINDOW_CLOSED)
        rows.append(_row(id_, new, State.FAILED, reason=Reason.WINDOW_CLOSED, finished_at=now))
        return Added(id=id_, duplicate=False)
    customer = customers[new.customer]
    turn = max(now, customer.next_at, now + transaction.patience if customer.in_flight else 0)
    sender = transaction.sender(new.phone_number_id)
    send_at = max(turn, sender.pace.next_turn(now))
    probe = sender.breaker.open and now >= (sender.breaker.probe_at or 0)
    may_send = probe or not sender.breaker.open
    if not (request.lease and may_send and send_at <= now + HORIZON_SECONDS):
        rows.append(_row(id_, new, State.QUEUED, due_at=turn))
        return Added(id=id_, duplicate=False, due_at=send_at)
    _take_turn(transaction, sender, probe=probe)
    customer.next_at, customer.in_flight = send_at + transaction.interval, True
    lease_until = send_at + transaction.policy.settings.lease_seconds
    owner = transaction.owner
    rows.append(_row(id_, new, State.SENDING, attempts=1, lease_owner=owner, lease_until=lease_until))
    return Added(
        id=id_,
        duplicate=False,
        message=Message(
            id=id_,
            attempt=1,
            wamid=new.wamid,
            phone_number_id=new.phone_number_id,
            phone=new.phone,
            user_id=new.user_id,
            text=new.text,
            received_at=new.received_at,
            deadline_at=new.deadline_at,
            send_at=send_at,
            lease_until=lease_until,
            quoting=False,
            probe=probe,
            attempt_id=transaction.attempt_id(id_, 1),
            traceparent=new.traceparent,
        ),
    )


def _take_turn(transaction: Transaction, sender: Sender, *, probe: bool) -> None:
    sender.pace.take(transaction.now)
    sender.changed = True
    if probe:
        transaction.start_probe(sender)


def _row(id_: int, new: NewMessage, state: State, **rest: Any) -> NewRow:
    return NewRow(
        id=id_,
        state=state,
        phone_number_id=new.phone_number_id,
        customer=new.customer,
        phone=new.phone,
        user_id=new.user_id,
        wamid=new.wamid,
        text=new.text,
        received_at=new.received_at,
        deadline_at=new.deadline_at,
        traceparent=new.traceparent,
        **rest,
    )


def _mark_quotes(transaction: Transaction, messages: Sequence[NewMessage]) -> None:
    """Opens and closes the customers' quotes, and counts what they decided."""
    marked = [message for message in messages if message.quote is not QuoteMark.NONE]
    if not marked:
        return
    opened_at = {QuoteMark.OPENS: transaction.now}
    transaction.run("customers_quoted", as_json([(m.customer, opened_at.get(m.quote)) for m in marked]))
    for message in marked:
        if message.quote is not QuoteMark.OPENS:
            transaction.totals.inc(metrics.QUOTE_DECISIONS, message.quote.value)
