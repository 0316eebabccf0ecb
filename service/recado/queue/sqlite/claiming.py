"""Claiming: due messages are leased, oldest first, one per customer, within the limits, one alone while the breaker
is open. Leases that ran out are taken back on the way."""

import math
from collections.abc import Sequence

import msgspec

from recado.queue.model import Message, Reason, State
from recado.queue.policy import Attempted, Pace
from recado.queue.sqlite.transaction import HORIZON_SECONDS, Row, Sender, Transaction, as_json
from recado.telemetry import metrics

#: Pages of due messages that one claim looks through, when all on a page have to wait for their customers.
CLAIM_PAGES = 5
NO_LIMIT = 1_000_000
#: Leases that ran out and are taken back by one claim, however few messages it is for.
RESCUE_ROWS = 500


class ClaimRequest(msgspec.Struct, frozen=True):
    """Up to `limit` due messages, or those of `ids` that are due."""

    limit: int
    ids: tuple[int, ...] = ()


class Turn(msgspec.Struct, frozen=True):
    """When a claimed message is sent, and whether it is the probe of an open breaker."""

    send_at: float
    probe: bool


def claim(transaction: Transaction, requests: Sequence[ClaimRequest]) -> list[tuple[Message, ...]]:
    """Leases due messages to each caller."""
    return [_claim(transaction, request) for request in requests]


def _claim(transaction: Transaction, request: ClaimRequest) -> tuple[Message, ...]:
    _rescue(transaction)
    turns: dict[int, Turn] = {}
    numbers = _numbers_due(transaction)
    for i, number in enumerate(numbers):
        # Each gets its share of what is left, so that a number with a long queue starves no other.
        share = math.ceil((request.limit - len(turns)) / (len(numbers) - i))
        turns |= _turns_of(transaction, number, transaction.sender(number), request, share)
    if not turns:
        return ()
    lease = transaction.policy.settings.lease_seconds
    leases = as_json([(id_, turn.send_at + lease) for id_, turn in turns.items()])
    messages = [_leased(transaction, row, turns[row[0]]) for row in transaction.run("lease", leases, transaction.owner)]
    transaction.totals.inc(metrics.DRAIN_CLAIMED, by=len(messages))
    return tuple(sorted(messages, key=lambda message: message.send_at))


def _numbers_due(transaction: Transaction) -> list[str]:
    """The business numbers that have something due, that whose message waits longest first."""
    numbers = list(transaction.senders())
    if len(numbers) < 2:
        return numbers
    oldest = {number: transaction.run("next_due", number)[0][0] for number in numbers}
    due = {number: at for number, at in oldest.items() if at is not None and at <= transaction.now}
    return sorted(due, key=due.__getitem__)


def _turns_of(
    transaction: Transaction, number: str, sender: Sender, request: ClaimRequest, limit: int
) -> dict[int, Turn]:
    """The messages of one business number that are taken, with their turns."""
    now = transaction.now
    probe = sender.breaker.open
    if probe:
        limit = min(limit, 1) if now >= (sender.breaker.probe_at or 0) else 0
    turns: dict[int, Turn] = {}
    for _ in range(CLAIM_PAGES):
        room = min(limit - len(turns), _turns_within_horizon(sender.pace, now))
        if room <= 0:
            break
        if request.ids:
            page = transaction.run("due_by_id", number, now, as_json(request.ids))[:room]
        else:
            page = transaction.run("due", number, now, room)
        taken = _take(transaction, sender, page, probe=probe)
        turns |= taken
        # A page on which some had to wait is followed by another; any other end of the search is an end.
        if request.ids or len(page) < room or len(taken) == len(page):
            break
    if probe and turns:
        transaction.start_probe(sender)
    return turns


def _take(transaction: Transaction, sender: Sender, page: Sequence[Row], *, probe: bool) -> dict[int, Turn]:
    """Sorts a page of due messages into those to give up, those that wait for their customer, and those taken."""
    now = transaction.now
    turns: dict[int, Turn] = {}
    postponed: list[tuple[int, float]] = []
    next_at: dict[str, float] = {}
    for id_, customer, state, spent, throttles, unknowns, deadline_at, free_at, in_flight in page:
        attempted = Attempted(spent=spent, throttles=throttles, unknowns=unknowns, deadline_at=deadline_at)
        if deadline_at <= now:
            transaction.give_up(id_, Reason.WINDOW_CLOSED)
        elif state == State.UNKNOWN and (reason := transaction.policy.after_grace(attempted)):
            transaction.totals.inc(metrics.SETTLED, "grace")
            transaction.give_up(id_, reason)
        elif in_flight or customer in next_at:
            postponed.append((id_, now + transaction.patience))
        elif free_at > now:
            postponed.append((id_, free_at))
        else:
            turn = sender.pace.take(now)
            sender.changed = True
            turns[id_] = Turn(turn, probe)
            next_at[customer] = turn + transaction.interval
            if state == State.UNKNOWN:
                transaction.totals.inc(metrics.SETTLED, "retry")
    if postponed:
        transaction.run("postpone", as_json(postponed))
    if next_at:
        transaction.run("customers_next", as_json(list(next_at.items())))
    return turns


def _turns_within_horizon(pace: Pace, now: float) -> int:
    """How many turns of the number's rate begin within the horizon."""
    ahead = now + HORIZON_SECONDS - pace.next_turn(now)
    if ahead <= 0:
        return 0
    return int(ahead / pace.interval) + 1 if pace.interval else NO_LIMIT


def _leased(transaction: Transaction, row: Row, turn: Turn) -> Message:
    id_, attempt, wamid, number, phone, user_id, text, received_at, deadline_at, lease_until, traceparent = row
    return Message(
        id=id_,
        attempt=attempt,
        wamid=wamid,
        phone_number_id=number,
        phone=phone,
        user_id=user_id,
        text=text,
        received_at=received_at,
        deadline_at=deadline_at,
        send_at=turn.send_at,
        lease_until=lease_until,
        quoting=attempt > 1,
        probe=turn.probe,
        attempt_id=transaction.attempt_id(id_, attempt),
        traceparent=traceparent,
    )


def _rescue(transaction: Transaction) -> None:
    """Takes messages back whose lease ran out: their process died, whether they were sent is unknown."""
    lost = transaction.run("rescuable", transaction.now, RESCUE_ROWS)
    for id_, lease_until in lost:
        transaction.decide(id_, transaction.policy.rescue(lease_until=lease_until), None)
    if lost:
        transaction.totals.inc(metrics.RESCUES, by=len(lost))
