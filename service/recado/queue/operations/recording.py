"""Recording: the outcomes of attempts, by their results and by Meta's statuses."""

from collections.abc import Sequence

import msgspec

from recado.events.facts import REACHES
from recado.outcome import Outcome
from recado.queue.model import TO_CUSTOMERS, AttemptResult, Lane, LeasedReply, State, StatusUpdate, as_json
from recado.queue.operations import permissions
from recado.queue.operations.lanes import is_verdict
from recado.queue.operations.transaction import Transaction
from recado.queue.policy import Attempted, Transition
from recado.queue.reach import Reach
from recado.queue.statements import Row
from recado.queue.tally import TALLIES
from recado.telemetry import metrics
from recado.whatsapp.content import as_text, decode
from recado.whatsapp.errors import STOPPED

#: A reply whose result comes so long after its turn may have left late: its process had no CPU, or Meta was slow.
LATE_SECONDS = 1.0
#: Outcomes of attempts that the customer may have got.
LEFT = frozenset({Outcome.DELIVERED, Outcome.UNKNOWN})
#: Statuses after which nothing can happen to a message any more: `delivered` wins over a later `failed`.
REACHED = frozenset({"delivered", "read", "played"})


class ResultRequest(msgspec.Struct, frozen=True, gc=False):
    """A finished attempt."""

    message: LeasedReply
    result: AttemptResult


class AttemptedRow(msgspec.Struct):
    """A message as the statement `attempted` reads it."""

    id: int
    state: str
    attempts: int
    spent: int
    throttles: int
    unknowns: int
    deadline_at: float
    received_at: float
    channel: str
    lane: str
    key: str
    failed_attempt: int
    sent_attempt: int | None
    content: str


def reach_of(update: StatusUpdate) -> Reach:
    """What a status can change: the entry in its attempt's id, of whichever store, otherwise the entry of its reply."""
    match update.attempt_id.split("."):
        case [_, id_, _] if id_.isdecimal():
            return Reach(entries=(int(id_[:18]),), sent=(update.sent_wamid,))
    return Reach(sent=(update.sent_wamid,))


def record(transaction: Transaction, requests: Sequence[ResultRequest]) -> list[Transition | None]:
    """Records finished attempts; returns the decision on each, None if a status had settled it before."""
    for request in requests:
        lane = request.message.lane
        TALLIES[lane.channel].attempted(transaction.totals, lane.name, request.result)
    transaction.lanes.ask()
    delivered = _deliver(transaction, [r for r in requests if r.result.outcome is Outcome.DELIVERED])
    rows = _attempted(transaction, {r.message.id for r in requests if r.result.outcome is not Outcome.DELIVERED})
    _keep_distance(transaction, requests)
    return [_record(transaction, request, delivered, rows) for request in requests]


def _keep_distance(transaction: Transaction, requests: Sequence[ResultRequest]) -> None:
    """Lets the next reply to a customer wait from now on, where this one may have left late."""
    late = [
        (r.message.id, transaction.now + interval)
        for r in requests
        if (interval := transaction.interval(r.message.lane))
        and r.result.outcome in LEFT
        and transaction.now > r.message.send_at + LATE_SECONDS
    ]
    if late:
        transaction.run("keys_next_of", as_json(late))


def _record(
    transaction: Transaction, request: ResultRequest, delivered: set[int], rows: dict[int, AttemptedRow]
) -> Transition | None:
    message, result = request.message, request.result
    transaction.lanes.update_breaker(message.lane, result, trial=message.trial)
    if result.outcome is Outcome.DELIVERED:
        return Transition(state=State.DELIVERED) if message.id in delivered else None
    row = rows.get(message.id)
    if row is None or row.attempts != message.attempt or row.state not in (State.SENDING, State.UNKNOWN):
        return None
    return _decide(transaction, row, result, failed_attempt=message.attempt if is_verdict(result) else 0)


def _deliver(transaction: Transaction, requests: Sequence[ResultRequest]) -> set[int]:
    """Marks messages delivered; returns the ids of those that were not before."""
    if not requests:
        return set()
    wanted = as_json([(r.message.id, r.message.attempt, r.result.sent_wamid) for r in requests])
    rows = transaction.run("deliver", wanted, transaction.now)
    transaction.delivered(rows)
    return {row[0] for row in rows}


def _decide(transaction: Transaction, row: AttemptedRow, result: AttemptResult, *, failed_attempt: int) -> Transition:
    """Decides on a message after a failed attempt, and writes the decision."""
    lane, tally = Lane(row.channel, row.lane), TALLIES[row.channel]
    content = decode(row.content) if result.form_refused else None
    attempted = Attempted(
        channel=row.channel,
        spent=row.spent,
        throttles=row.throttles,
        unknowns=row.unknowns,
        deadline_at=row.deadline_at,
        interactive=content is not None and as_text(content) != content,
    )
    decision = transaction.policy.decide(attempted, result, now=transaction.now)
    if decision.as_text and content is not None:
        transaction.totals.inc(metrics.TEXT_FALLBACKS)
        transaction.run("put_content", as_json([(row.id, as_text(content))]))
    if decision.key_until is not None:
        tally.throttled(transaction.totals, "customer")
        transaction.run("keys_next", as_json([(row.key, decision.key_until)]))
    if decision.lane_until is not None:
        tally.throttled(transaction.totals, "number")
        transaction.lanes.delay(lane, decision.lane_until)
    transaction.decide(row.id, lane, decision, result, failed_attempt=failed_attempt)
    if result.error_code == STOPPED and row.channel in TO_CUSTOMERS:
        permissions.stop(transaction, row.key)
    return decision


def release(transaction: Transaction, messages: Sequence[LeasedReply]) -> list[None]:
    """Gives leases back unused: the messages are due at once, and no attempt is counted."""
    transaction.run("release", as_json([(m.id, m.attempt) for m in messages]), transaction.now)
    transaction.due_again([m.id for m in messages])
    return [None] * len(messages)


def apply_statuses(transaction: Transaction, updates: Sequence[StatusUpdate]) -> list[bool]:
    """Settles attempts by Meta's statuses; returns for each whether it changed anything."""
    targets = _targets(transaction, updates)
    rows = _attempted(transaction, {target[0] for target in targets if target})
    reached: list[int] = []
    results = []
    for update, target in zip(updates, targets, strict=True):
        row = rows.get(target[0]) if target else None
        changed = False
        if row and target and update.failure:
            changed = _fail(transaction, row, target[1], update.failure)
        elif row and target:
            changed = _confirm(transaction, row, target[1], update)
            if update.status in REACHED and (changed or row.state in (State.DELIVERED, State.DISCARDED)):
                reached.append(row.id)
                del rows[row.id]
        results.append(changed)
        if changed and row and row.id in rows:
            rows |= _attempted(transaction, {row.id})
    _tell_reached(transaction, updates, targets)
    if reached:
        transaction.run("delete", as_json(reached))
    return results


def _tell_reached(
    transaction: Transaction, updates: Sequence[StatusUpdate], targets: Sequence[tuple[int, int] | None]
) -> None:
    """Writes events for quotes delivered or read for the first time, if any endpoint subscribes to them."""
    for status, fact in REACHES.items():
        type_ = str(fact.__struct_config__.tag)
        ids = {target[0] for update, target in zip(updates, targets, strict=True) if target and update.status == status}
        if ids and transaction.audience.endpoints_for(type_):
            for key, token in transaction.run("quotes_reached", as_json(sorted(ids)), type_):
                transaction.tell(key, fact(token=token))


def _targets(transaction: Transaction, updates: Sequence[StatusUpdate]) -> list[tuple[int, int] | None]:
    """Entry and attempt of each status: by the id that the send carried, otherwise by Meta's id of the reply."""
    targets = [transaction.attempt_of(update.attempt_id) for update in updates]
    wamids = {update.sent_wamid for update, target in zip(updates, targets, strict=True) if target is None}
    if not wamids:
        return targets
    sent = {wamid: (id_, attempt) for wamid, id_, attempt in transaction.run("sent_as", as_json(sorted(wamids)))}
    return [target or sent.get(update.sent_wamid) for update, target in zip(updates, targets, strict=True)]


def _fail(transaction: Transaction, row: AttemptedRow, attempt: int, failure: AttemptResult) -> bool:
    """A `failed` status: a reply that Meta had accepted, or whose outcome was unknown, has failed."""
    if row.state == State.DELIVERED:
        if attempt != row.sent_attempt:
            return False
        transaction.totals.inc(metrics.ASYNC_FAILURES)
        transaction.run("quotes_accepted", as_json([row.id]), None)
    elif attempt != row.attempts or row.state not in (State.SENDING, State.UNKNOWN):
        return False
    _count_settled(transaction, row)
    if failure.outcome is Outcome.OPERATOR:  # other failures are about the time of acceptance
        transaction.lanes.update_breaker(Lane(row.channel, row.lane), failure)
    _decide(transaction, row, failure, failed_attempt=attempt)
    return True


def _confirm(transaction: Transaction, row: AttemptedRow, attempt: int, update: StatusUpdate) -> bool:
    """A status that shows that Meta has the message, whatever the queue recorded before.

    `delivered` and `read` outrank a failure of the same attempt; `sent` does not. Only a status of the last attempt
    changes a failed message to delivered.
    """
    outranked = attempt <= row.failed_attempt and update.status not in REACHED
    superseded = row.state == State.FAILED and attempt != row.attempts
    if outranked or superseded or row.state in (State.DELIVERED, State.DISCARDED):
        return False
    transaction.run("settle", as_json([(row.id, update.sent_wamid, attempt)]), transaction.now)
    transaction.delivered([(row.id, row.channel, row.lane, row.received_at, row.attempts)])
    _count_settled(transaction, row)
    return True


def _count_settled(transaction: Transaction, row: AttemptedRow) -> None:
    if row.state == State.UNKNOWN:
        transaction.totals.inc(metrics.SETTLED, "status")


def _attempted(transaction: Transaction, ids: set[int]) -> dict[int, AttemptedRow]:
    if not ids:
        return {}
    rows: list[Row] = transaction.run("attempted", as_json(sorted(ids)))
    return {row[0]: AttemptedRow(*row) for row in rows}
