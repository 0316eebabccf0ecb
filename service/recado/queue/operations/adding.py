"""Adding: the wamid of a customer's message is noted as seen and the reply written, leased if it may be sent now."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from recado.orders import Said, Talk
from recado.queue.model import Added, LeasedReply, Listening, NewReply, Reason, State
from recado.queue.operations import permissions
from recado.queue.operations.customers import (
    Customer,
    change_quotes,
    identified,
    put_customers,
    read_customers,
    read_sessions,
    talk_of,
)
from recado.queue.operations.handoffs import note_own
from recado.queue.operations.rows import NewRow
from recado.queue.operations.transaction import HORIZON_SECONDS, Transaction, as_json, see_wamids
from recado.queue.survey import DAY_SECONDS
from recado.telemetry import metrics

#: What a reply is held by that waits for its job: whoever ends before it makes it due no sooner.
JOB = "job"


class AddRequest(msgspec.Struct, frozen=True, gc=False):
    """`lease`: the caller can send the reply at once."""

    message: NewReply
    lease: bool


def add(transaction: Transaction, requests: Sequence[AddRequest]) -> list[Added]:
    """Notes each message's wamid as seen, and writes the changes of the session and the reply.

    A wamid that was seen before is a duplicate. A message that was handled with an older session is given the present
    one, and nothing of it is written.
    """
    fresh = see_wamids(transaction, [request.message.wamid for request in requests])
    new = {id_: request for id_, request in zip(fresh, requests, strict=True) if id_ is not None}
    if not new:
        return [Added(id=None, duplicate=True) for _ in requests]
    keys = identified(transaction, [(r.message.key, *r.message.aliases) for r in new.values()])
    messages = {
        id_: r.message if key == r.message.key else replace(r.message, key=key)
        for (id_, r), key in zip(new.items(), keys, strict=True)
    }
    customers = read_customers(transaction, [message.key for message in messages.values()])
    added: dict[int, Added] = {}
    current: dict[int, NewReply] = {}
    stale: dict[int, NewReply] = {}
    for id_, message in messages.items():
        customer = customers[message.key]
        if customer.is_ahead_of(message):
            stale[id_] = message
        elif restraint := customer.restrain(message):
            added[id_] = Added(id=None, duplicate=False, restraint=restraint)
        else:
            if (after := message.changes.talk) is not None:
                note_talk(transaction, message, talk_of(customer.talk), after)
            customer.follow(message)
            current[id_] = message
    added |= _reply(transaction, current, new, customers)
    change_quotes(transaction, current)
    note_asked(transaction, current.values())
    put_customers(transaction, [customer for customer in customers.values() if customer.wrote])
    if added:
        transaction.totals.inc(metrics.HANDLED, by=len(added))
    if stale:
        transaction.run("unsee_wamids", as_json(list(stale)))
        sessions = read_sessions(transaction, stale, customers)
        added |= {id_: Added(id=None, duplicate=False, stale=session) for id_, session in sessions.items()}
    return [added[id_] if id_ is not None else Added(id=None, duplicate=True) for id_ in fresh]


def note_talk(transaction: Transaction, message: NewReply, before: Talk, after: Talk) -> None:
    """Counts and tells who has the conversation now, and whether the customer may be written to."""
    if after.handoff != before.handoff:
        note_own(transaction, message.key, before.handoff, after.handoff, message.phone, message.user_id)
    if after.permission != before.permission:
        who = (message.phone, message.user_id)
        permissions.note(transaction, message.key, after.permission, Said.MESSAGE, *who)


def _reply(
    transaction: Transaction,
    current: Mapping[int, NewReply],
    new: Mapping[int, AddRequest],
    customers: Mapping[str, Customer],
) -> dict[int, Added]:
    """Writes the replies to the messages that get one, in the order in which these were written."""
    answers = supersede(transaction, current, customers)
    rows: list[NewRow] = []
    added = {}
    for id_, message in sorted(current.items(), key=lambda item: (item[1].written_at, item[0])):
        if message.content is None:
            added[id_] = Added(id=id_, duplicate=False)
            continue
        request = AddRequest(message, new[id_].lease)
        added[id_] = _place(transaction, id_, request, customers[message.key], answers.get(id_), rows)
    if rows:
        transaction.run("add", as_json(rows))
        transaction.totals.inc(metrics.QUEUED, by=len(rows))
    if notes := {id_: message.listening for id_, message in current.items() if message.listening}:
        jobs = _begin_to_listen(transaction, notes)
        added |= {id_: replace(added[id_], job=job) for id_, job in jobs.items()}
    return added


def _begin_to_listen(transaction: Transaction, notes: Mapping[int, Listening]) -> dict[int, int]:
    """Writes a job for each voice note that may be heard in time, by the entries of their replies; their ids."""
    first = max(transaction.run("last_id")[0][0] + 1, int(transaction.now * 1e6))
    heard = [(id_, one) for id_, one in notes.items() if transaction.now < _until(transaction, one)]
    jobs = {reply: id_ for id_, (reply, _) in enumerate(heard, first)}
    for reply, one in heard:
        transaction.lane(one.lane)
        note = replace(one.note, reply=reply)
        row = (jobs[reply], *one.lane, f"voice/{jobs[reply]}", note, None, transaction.now)
        transaction.run("address_events", as_json([row]), transaction.now, one.until)
    return jobs


def _until(transaction: Transaction, listening: Listening) -> float:
    """Until when a reply waits for its voice note to be heard: not at all while nobody can hear it."""
    breaker = transaction.lane(listening.lane).breaker
    return 0.0 if breaker.open and transaction.now < breaker.probe_at else listening.until


def note_asked(transaction: Transaction, messages: Iterable[NewReply]) -> None:
    """Notes what is not sold, under a keyed hash of the customer: once a day for each of them."""
    day = int(transaction.now // DAY_SECONDS)
    asked = [
        (day, one.phrase, one.kind, transaction.reference("asked", message.key))
        for message in messages
        for one in message.asked
    ]
    if asked:
        transaction.run("note_asked", as_json(asked))


def supersede(
    transaction: Transaction, current: Mapping[int, NewReply], customers: Mapping[str, Customer]
) -> dict[int, tuple[str, ...]]:
    """Takes back what still waits of the quotes that new ones replace; the wamids that each new reply answers too."""
    opening = {
        message.key: id_
        for id_, message in current.items()
        if message.changes.opens and message.content and message.deadline_at > transaction.now
        and customers[message.key].first_id is not None
    }  # fmt: skip
    rows = transaction.run("supersede", as_json(list(opening)), transaction.now) if opening else []
    answers: dict[int, tuple[str, ...]] = {}
    for _, key, wamid, others in sorted(rows):
        before = msgspec.json.decode(others, type=tuple[str, ...]) if others else ()
        answers[opening[key]] = (*answers.get(opening[key], ()), *before, wamid)
    if rows:
        transaction.totals.inc(metrics.FINISHED, State.DISCARDED.value, by=len(rows))
        transaction.totals.inc(metrics.SUPERSEDED, by=len(rows))
        for key, customer in read_customers(transaction, {row[1] for row in rows}).items():
            customers[key].stands_behind(customer)
    return answers


def _place(
    transaction: Transaction,
    id_: int,
    request: AddRequest,
    line: Customer,
    answers: tuple[str, ...] | None,
    rows: list[NewRow],
) -> Added:
    """Appends the new row: failed when it is too late, leased when it may go at once, else queued for its turn."""
    new, now = request.message, transaction.now
    assert new.content is not None
    if new.deadline_at <= now:
        transaction.count_failed(id_, new.lane, Reason.WINDOW_CLOSED)
        rows.append(_row(id_, new, answers, State.FAILED, reason=Reason.WINDOW_CLOSED, finished_at=now))
        return Added(id=id_, duplicate=False)
    waits = line.holds_up(id_, new.written_at)
    until = _until(transaction, new.listening) if new.listening is not None else 0.0
    turn = max(now, line.next_at, transaction.after_the_first(line.first_due_at) if waits else 0.0, until)
    lane = transaction.lane(new.lane)
    send_at = max(turn, lane.pace.next_turn(now))
    if waits or lane.breaker.open or not request.lease or send_at > now + HORIZON_SECONDS:
        rows.append(_row(id_, new, answers, State.QUEUED, due_at=turn, lease_owner=JOB if until else None))
        line.join(id_, new.written_at, None if until else turn)
        return Added(id=id_, duplicate=False, due_at=lane.may_send_at(send_at))
    lane.pace.take(now)
    lane.changed = True
    line.join(id_, new.written_at, None)
    line.next_at = send_at + transaction.interval(new.lane)
    lease_until = send_at + transaction.policy.limits[new.lane.channel].lease_seconds
    owner = transaction.owner
    rows.append(_row(id_, new, answers, State.SENDING, attempts=1, lease_owner=owner, lease_until=lease_until))
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


def _row(id_: int, new: NewReply, answers: tuple[str, ...] | None, state: State, **rest: Any) -> NewRow:
    assert new.content is not None
    return NewRow(
        id=id_,
        state=state,
        channel=new.lane.channel,
        lane=new.lane.name,
        key=new.key,
        phone=new.phone,
        user_id=new.user_id,
        wamid=new.wamid,
        answers=answers,
        content=new.content,
        written_at=new.written_at,
        received_at=new.received_at,
        deadline_at=new.deadline_at,
        traceparent=new.traceparent,
        **rest,
    )
