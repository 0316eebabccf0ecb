"""Adding: records the wamid of a customer's message as seen and writes the reply, leased if it may be sent now."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import msgspec
from msgspec.structs import replace

from recado.orders import OptedBy, Talk
from recado.queue.model import Added, Lane, LeasedReply, Listening, NewReply, NewRow, Reason, Restraint, State, as_json
from recado.queue.operations import permissions
from recado.queue.operations.customers import (
    CustomerRow,
    change_quotes,
    identified,
    kept_names,
    put_customers,
    read_customers,
    read_sessions,
    see_wamids,
    talk_of,
)
from recado.queue.operations.handoffs import note_own
from recado.queue.operations.lanes import HORIZON_SECONDS
from recado.queue.operations.transaction import Transaction
from recado.queue.survey import DAY_SECONDS
from recado.ratelimit import Allowance
from recado.telemetry import metrics

#: Holds a reply that waits for its job. It does not become due when an earlier reply of the customer ends.
JOB = "job"


class AddRequest(msgspec.Struct, frozen=True, gc=False):
    """`lease`: the caller can send the reply at once."""

    message: NewReply
    lease: bool


def add(transaction: Transaction, requests: Sequence[AddRequest]) -> list[Added]:
    """Records each message's wamid as seen, and writes the changes of the session and the reply.

    A wamid that was seen before is a duplicate. A message that was handled with an older session gets the present
    one, and nothing of the message is written. One that was not handled yet only asks for the session.
    """
    added = iter(_add(transaction, [request for request in requests if not request.message.unread]))
    asked = iter(_ask(transaction, [request.message for request in requests if request.message.unread]))
    return [next(asked if request.message.unread else added) for request in requests]


def _ask(transaction: Transaction, messages: Sequence[NewReply]) -> list[Added]:
    """The present sessions for messages; writes nothing but new names, and numbers of orders that they may place."""
    if not messages:
        return []
    kept = kept_names(transaction, [name for message in messages for name in message.names])()
    keys = identified(transaction, [message.names for message in messages], kept)
    asking = {place: replace(message, key=key) for place, (message, key) in enumerate(zip(messages, keys, strict=True))}
    sessions = read_sessions(transaction, asking, read_customers(transaction, keys))
    return [Added(id=None, duplicate=False, stale=sessions[place]) for place in asking]


def _add(transaction: Transaction, requests: Sequence[AddRequest]) -> list[Added]:
    if not requests:
        return []
    unseen = see_wamids(transaction, [request.message.wamid for request in requests])
    kept = kept_names(transaction, [name for r in requests for name in r.message.names])
    fresh = unseen()
    new = {id_: request for id_, request in zip(fresh, requests, strict=True) if id_ is not None}
    if not new:
        return [Added(id=None, duplicate=True) for _ in requests]
    keys = identified(transaction, [r.message.names for r in new.values()], kept())
    messages = {
        id_: r.message if key == r.message.key else replace(r.message, key=key)
        for (id_, r), key in zip(new.items(), keys, strict=True)
    }
    transaction.lanes.ask()
    customers = read_customers(transaction, [message.key for message in messages.values()])
    added: dict[int, Added] = {}
    current: dict[int, NewReply] = {}
    impatient: dict[int, NewReply] = {}
    stale: dict[int, NewReply] = {}
    for id_, message in messages.items():
        customer = customers[message.key]
        if customer.is_ahead_of(message):
            stale[id_] = message
            continue
        allowance = customer.count(message, transaction.policy.config.customer_messages_per_minute)
        if allowance is Allowance.JUST_OVER:
            impatient[id_] = message.asking_for_patience
        elif restraint := Restraint.TOO_MANY if allowance is Allowance.OVER else customer.restrain(message):
            added[id_] = Added(id=None, duplicate=False, restraint=restraint)
        else:
            if (after := message.changes.talk) is not None:
                note_talk(transaction, message, talk_of(customer.talk), after)
            customer.follow(message)
            current[id_] = message
    added |= _reply(transaction, current, new, customers)
    if impatient:
        replies = _reply(transaction, impatient, new, customers)
        added |= {id_: replace(reply, patience=True) for id_, reply in replies.items()}
    for id_, traceparent in change_quotes(transaction, current).items():
        added[id_] = replace(added[id_], follows=traceparent)
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
    """Counts and records who has the conversation now, and whether the shop may write to the customer."""
    if after.handoff != before.handoff:
        note_own(transaction, message.key, before.handoff, after.handoff, message.phone, message.user_id)
    if after.permission != before.permission:
        who = (message.phone, message.user_id)
        permissions.note(transaction, message.key, after.permission, OptedBy.MESSAGE, *who)


def _reply(
    transaction: Transaction,
    current: Mapping[int, NewReply],
    new: Mapping[int, AddRequest],
    customers: Mapping[str, CustomerRow],
) -> dict[int, Added]:
    """Writes the replies, in the order in which the messages were written."""
    leases = frozenset(id_ for id_ in current if new[id_].lease)
    answers = supersede(transaction, current, customers)
    added = _Placing(transaction, current, leases, customers, answers).place_all()
    if notes := [(id_, m.listening, m.traceparent) for id_, m in current.items() if m.listening]:
        jobs = _begin_to_listen(transaction, notes)
        added |= {id_: replace(added[id_], job=job) for id_, job in jobs.items()}
    return added


def _begin_to_listen(transaction: Transaction, notes: Sequence[tuple[int, Listening, str | None]]) -> dict[int, int]:
    """Writes a job for each voice note that can be transcribed in time; returns the ids of the jobs by the entries of
    the replies.

    notes: the entry of the reply, the job, and the traceparent of the message.
    """
    heard = [one for one in notes if transaction.now < _until(transaction, one[1])]
    first = transaction.take_ids(len(heard)) if heard else 0
    jobs = {reply: id_ for id_, (reply, *_) in enumerate(heard, first)}
    for reply, one, traceparent in heard:
        transaction.lanes.of(one.lane)
        note = replace(one.note, reply=reply)
        row = (jobs[reply], *one.lane, f"voice/{jobs[reply]}", note, None, transaction.now, traceparent)
        transaction.run("address_events", as_json([row]), transaction.now, one.until)
    return jobs


def _until(transaction: Transaction, listening: Listening) -> float:
    """Until when a reply waits for the transcription of its voice note; it does not wait if the transcriber's breaker
    is open."""
    breaker = transaction.lanes.of(listening.lane).breaker
    return 0.0 if breaker.open and transaction.now < breaker.probe_at else listening.until


def note_asked(transaction: Transaction, messages: Iterable[NewReply]) -> None:
    """Records products that the shop does not sell, once a day per customer, under a keyed hash of the customer."""
    day = int(transaction.now // DAY_SECONDS)
    asked = [
        (day, one.phrase, one.kind, transaction.reference("asked", message.key))
        for message in messages
        for one in message.asked
    ]
    if asked:
        transaction.run("note_asked", as_json(asked))


def supersede(
    transaction: Transaction, current: Mapping[int, NewReply], customers: Mapping[str, CustomerRow]
) -> dict[int, tuple[str, ...]]:
    """Discards waiting replies whose quotes are replaced; returns the wamids that each new reply also answers."""
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


class _Placing:
    """Decides the state of new replies: failed if it is too late, leased if they can be sent now, otherwise queued."""

    def __init__(
        self,
        transaction: Transaction,
        messages: Mapping[int, NewReply],
        leases: Collection[int],
        customers: Mapping[str, CustomerRow],
        answers: Mapping[int, tuple[str, ...]],
    ) -> None:
        self._transaction, self._messages, self._leases = transaction, messages, leases
        self._customers, self._answers = customers, answers
        self._rows: list[NewRow] = []

    def place_all(self) -> dict[int, Added]:
        """Writes the replies; takes turns only for those that wait for nothing but the rate limit."""
        placed: dict[int, Added] = {}
        ready: dict[Lane, list[int]] = {}
        for id_, message in sorted(self._messages.items(), key=lambda item: (item[1].written_at, item[0])):
            if (added := self._place(id_, message)) is not None:
                placed[id_] = added
            else:
                ready.setdefault(message.lane, []).append(id_)
        for lane, ids in ready.items():
            for id_, turn in zip_longest(ids, self._transaction.lanes.take_turns(lane, len(ids))):
                message = self._messages[id_]
                if turn is None:
                    placed[id_] = self._queue(id_, message, self._free_at(message))
                else:
                    placed[id_] = self._lease(id_, message, turn)
        if self._rows:
            self._transaction.run("add", as_json(self._rows))
            self._transaction.totals.inc(metrics.QUEUED, by=len(self._rows))
        return placed

    def _place(self, id_: int, message: NewReply) -> Added | None:
        """The state of a reply that cannot be sent at once; None if it can be sent as soon as it gets a turn."""
        if message.content is None:
            return Added(id=id_, duplicate=False)
        transaction, now = self._transaction, self._transaction.now
        if message.deadline_at <= now:
            transaction.count_failed(id_, message.lane, Reason.WINDOW_CLOSED)
            self._add(id_, message, State.FAILED, reason=Reason.WINDOW_CLOSED, finished_at=now)
            return Added(id=id_, duplicate=False)
        line = self._customers[message.key]
        until = _until(transaction, message.listening) if message.listening is not None else 0.0
        free_at = max(self._free_at(message), until)
        if line.holds_up(id_, message.written_at):
            free_at = max(free_at, transaction.after_the_first(line.first_due_at))
            return self._queue(id_, message, free_at, job=bool(until))
        if (
            id_ not in self._leases
            or free_at > now + HORIZON_SECONDS
            or transaction.lanes.of(message.lane).breaker.open
        ):
            return self._queue(id_, message, free_at, job=bool(until))
        line.join(id_, message.written_at, None)
        return None

    def _free_at(self, message: NewReply) -> float:
        """When the next reply to the customer may be sent."""
        return max(self._transaction.now, self._customers[message.key].next_at)

    def _queue(self, id_: int, message: NewReply, due_at: float, *, job: bool = False) -> Added:
        self._add(id_, message, State.QUEUED, due_at=due_at, lease_owner=JOB if job else None)
        self._customers[message.key].join(id_, message.written_at, None if job else due_at)
        lane = self._transaction.lanes.of(message.lane)
        send_at = max(due_at, lane.pace.next_turn(self._transaction.now))
        return Added(id=id_, duplicate=False, due_at=lane.may_send_at(send_at))

    def _lease(self, id_: int, new: NewReply, turn: float) -> Added:
        transaction = self._transaction
        send_at = max(turn, self._free_at(new))
        self._customers[new.key].next_at = send_at + transaction.interval(new.lane)
        lease_until = send_at + transaction.policy.limits[new.lane.channel].lease_seconds
        self._add(id_, new, State.SENDING, attempts=1, lease_owner=transaction.owner, lease_until=lease_until)
        assert new.content is not None
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

    def _add(self, id_: int, new: NewReply, state: State, **rest: Any) -> None:
        assert new.content is not None
        row = NewRow(
            id=id_,
            state=state,
            channel=new.lane.channel,
            lane=new.lane.name,
            key=new.key,
            phone=new.phone,
            user_id=new.user_id,
            wamid=new.wamid,
            answers=self._answers.get(id_),
            content=new.content,
            written_at=new.written_at,
            received_at=new.received_at,
            deadline_at=new.deadline_at,
            traceparent=new.traceparent,
            **rest,
        )
        self._rows.append(row)
