"""Claiming: due messages are leased, oldest first, of each customer the first in his line, within the limits; one
alone while the breaker is open and Graph has answered a probe. Leases that ran out are taken back on the way."""

import math
from collections.abc import Sequence

import msgspec

from recado.queue.model import Claim, LeasedReply, Reason, State
from recado.queue.policy import Blame, Pace
from recado.queue.sqlite.transaction import HORIZON_SECONDS, Row, Sender, Transaction, as_json
from recado.telemetry import metrics
from recado.whatsapp.content import decode

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
    """When a claimed message is sent, whether as the trial of an open breaker, and whether its last failure was an
    outage's and so costs nothing."""

    send_at: float
    trial: bool
    absolved: bool


class Taken(msgspec.Struct):
    """What one claim takes: turns by message, and the business numbers that have to be probed."""

    turns: dict[int, Turn] = {}
    probes: list[str] = []


class DueRow(msgspec.Struct):
    """A due message as the statement `due` reads it; `first_id` and `first_due_at` are of its customer's line."""

    id: int
    customer: str
    state: str
    deadline_at: float
    suspect_at: float | None
    hopeless: str | None
    free_at: float
    first_id: int
    first_due_at: float | None


def claim(transaction: Transaction, requests: Sequence[ClaimRequest]) -> list[Claim]:
    """Leases due messages to each caller."""
    return [_claim(transaction, request) for request in requests]


def _claim(transaction: Transaction, request: ClaimRequest) -> Claim:
    _rescue(transaction)
    taken = Taken()
    numbers = _numbers_due(transaction)
    for i, number in enumerate(numbers):
        # Each gets its share of what is left, so that a number with a long queue starves no other.
        share = math.ceil((request.limit - len(taken.turns)) / (len(numbers) - i))
        _take_of(transaction, number, request, share, taken)
    return Claim(messages=_lease(transaction, taken.turns), probes=tuple(taken.probes), next_at=None)


def _lease(transaction: Transaction, turns: dict[int, Turn]) -> tuple[LeasedReply, ...]:
    if not turns:
        return ()
    lease = transaction.policy.settings.lease_seconds
    leases = as_json([(id_, turn.send_at + lease, turn.absolved) for id_, turn in turns.items()])
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


def _take_of(transaction: Transaction, number: str, request: ClaimRequest, limit: int, taken: Taken) -> None:
    """Takes messages of one business number, or says that it has to be probed."""
    now, sender = transaction.now, transaction.sender(number)
    trial = sender.breaker.open
    if trial and now < sender.breaker.probe_at:
        return
    if trial and not sender.breaker.reachable:
        if _page(transaction, number, request, 1):
            _ask_for_probe(transaction, number, sender, taken)
        return
    limit = min(limit, 1) if trial else limit
    before = len(taken.turns)
    for _ in range(CLAIM_PAGES):
        room = min(limit - len(taken.turns) + before, _turns_within_horizon(sender.pace, now))
        if room <= 0:
            break
        page = _page(transaction, number, request, room)
        had = len(taken.turns)
        _take(transaction, number, sender, page, taken)
        # A page on which some had to wait is followed by another; any other end of the search is an end. So is a
        # message that waits for a probe: it stays due, and the number is in doubt.
        in_doubt = sender.breaker.probe_at > now
        if request.ids or in_doubt or len(page) < room or len(taken.turns) - had == len(page):
            break
    if trial and len(taken.turns) > before:
        transaction.start_probing(sender)


def _page(transaction: Transaction, number: str, request: ClaimRequest, room: int) -> list[DueRow]:
    """The due messages of a business number that wait longest, as many as there is room for."""
    if request.ids:
        rows = transaction.run("due_by_id", number, transaction.now, as_json(request.ids))[:room]
    else:
        rows = transaction.run("due", number, transaction.now, room)
    return [DueRow(*row) for row in rows]


def _take(transaction: Transaction, number: str, sender: Sender, page: Sequence[DueRow], taken: Taken) -> None:
    """Sorts a page of due messages into those to give up, those that have to wait, and those taken."""
    now = transaction.now
    postponed: list[tuple[int, float]] = []
    next_at: dict[str, float] = {}
    for row in page:
        blame = transaction.policy.blame(row.suspect_at, sender.breaker)
        if row.deadline_at <= now:
            transaction.give_up(row.id, Reason.WINDOW_CLOSED)
        elif blame is Blame.NOT_KNOWN:
            if now >= sender.breaker.probe_at:
                _ask_for_probe(transaction, number, sender, taken)
        elif row.hopeless and blame is Blame.MESSAGE:
            if row.state == State.UNKNOWN:
                transaction.totals.inc(metrics.SETTLED, "grace")
            transaction.give_up(row.id, Reason(row.hopeless))
        elif row.first_id != row.id or row.customer in next_at:
            postponed.append((row.id, max(row.free_at, transaction.after_the_first(row.first_due_at))))
        elif row.free_at > now:
            postponed.append((row.id, row.free_at))
        else:
            turn = sender.pace.take(now)
            sender.changed = True
            taken.turns[row.id] = Turn(turn, sender.breaker.open, blame is Blame.OUTAGE)
            next_at[row.customer] = turn + transaction.interval
            if row.state == State.UNKNOWN:
                transaction.totals.inc(metrics.SETTLED, "retry")
    if postponed:
        transaction.run("postpone", as_json(postponed))
    if next_at:
        transaction.run("customers_next", as_json(list(next_at.items())))


def _ask_for_probe(transaction: Transaction, number: str, sender: Sender, taken: Taken) -> None:
    transaction.start_probing(sender)
    taken.probes.append(number)


def record_probe(transaction: Transaction, probes: Sequence[tuple[str, bool]]) -> list[None]:
    """Records for business numbers whether Graph answered a probe."""
    for number, reachable in probes:
        breaker = transaction.sender(number).breaker
        transaction.put_breaker(number, transaction.policy.breaker_after_probe(breaker, reachable, transaction.now))
    return [None] * len(probes)


def _turns_within_horizon(pace: Pace, now: float) -> int:
    """How many turns of the number's rate begin within the horizon."""
    ahead = now + HORIZON_SECONDS - pace.next_turn(now)
    if ahead <= 0:
        return 0
    return int(ahead / pace.interval) + 1 if pace.interval else NO_LIMIT


def _leased(transaction: Transaction, row: Row, turn: Turn) -> LeasedReply:
    id_, attempt, wamid, number, phone, user_id, content, received_at, deadline_at, lease_until, traceparent = row
    return LeasedReply(
        id=id_,
        attempt=attempt,
        wamid=wamid,
        phone_number_id=number,
        phone=phone,
        user_id=user_id,
        content=decode(content),
        received_at=received_at,
        deadline_at=deadline_at,
        send_at=turn.send_at,
        lease_until=lease_until,
        quoting=attempt > 1,
        trial=turn.trial,
        attempt_id=transaction.attempt_id(id_, attempt),
        traceparent=traceparent,
    )


def _rescue(transaction: Transaction) -> None:
    """Takes messages back whose lease ran out: their process died, whether they were sent is unknown."""
    lost = transaction.run("rescuable", transaction.now, RESCUE_ROWS)
    for id_, lease_until, spent in lost:
        transaction.decide(id_, transaction.policy.rescue(spent=spent, lease_until=lease_until), None)
    if lost:
        transaction.totals.inc(metrics.RESCUES, by=len(lost))
