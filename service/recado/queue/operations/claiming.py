"""Claiming: leases due entries within the limits, oldest first, and only the first of each key. While a breaker is
open, it leases one entry, and only after a successful probe. It also takes back leases that ran out."""

import math
from collections.abc import Callable, Sequence

import msgspec

from recado.queue.model import Claim, Lane, LeasedReply, Reason, State, as_json, decode_payload
from recado.queue.operations.lanes import HORIZON_SECONDS, Blame, Breaker, LaneState, Pace
from recado.queue.operations.transaction import Transaction
from recado.queue.statements import Row
from recado.queue.tally import TALLIES
from recado.telemetry import metrics

#: How many pages of due messages one claim reads if all messages on a page have to wait for their customers.
CLAIM_PAGES = 5
NO_LIMIT = 1_000_000
#: How many expired leases one claim takes back, even if it claims fewer messages.
RESCUE_ROWS = 500


class ClaimRequest(msgspec.Struct, frozen=True):
    """A request for up to `limit` due messages, or for the due ones of `ids`."""

    limit: int
    ids: tuple[int, ...] = ()


class Lease(msgspec.Struct, frozen=True):
    """When a claimed message is sent and when its lease ends; whether it is the trial of an open breaker; whether an
    outage caused its last failure, so that it does not count."""

    send_at: float
    lease_until: float
    trial: bool
    absolved: bool


class Taken(msgspec.Struct):
    """What one claim takes: leases by entry, and the lanes that have to be probed."""

    leases: dict[int, Lease] = {}
    probes: list[Lane] = []


class DueRow(msgspec.Struct):
    """A due message as the statement `due` reads it; `first_id` and `first_due_at` are of the first of its key."""

    id: int
    key: str
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
    lanes = _lanes_due(transaction)
    for i, lane in enumerate(lanes):
        # Each lane gets its share of what is left, so that a lane with a long queue does not starve the others.
        share = math.ceil((request.limit - len(taken.leases)) / (len(lanes) - i))
        _take_of(transaction, lane, request, share, taken)
    if taken.leases and transaction.audience.reminding.seconds:
        from recado.queue.operations.reminding import drop_stale  # most shops send no reminders

        for id_ in drop_stale(transaction, taken.leases):
            del taken.leases[id_]
    return Claim(messages=_lease(transaction, taken.leases), probes=tuple(taken.probes), next_at=None)


def _lease(transaction: Transaction, turns: dict[int, Lease]) -> tuple[LeasedReply, ...]:
    if not turns:
        return ()
    leases = as_json([(id_, turn.lease_until, turn.absolved) for id_, turn in turns.items()])
    messages = [_leased(transaction, row, turns[row[0]]) for row in transaction.run("lease", leases, transaction.owner)]
    for message in messages:
        TALLIES[message.lane.channel].claimed(transaction.totals)
    return tuple(sorted(messages, key=lambda message: message.send_at))


def _lanes_due(transaction: Transaction) -> list[Lane]:
    """The lanes with due entries, the lane with the oldest entry first."""
    lanes = list(transaction.lanes.all())
    if len(lanes) < 2:
        return lanes
    reads = {
        lane: transaction.ask("next_due", *lane, transaction.floors.after(lane, transaction.now)) for lane in lanes
    }
    oldest = {lane: read()[0][0] for lane, read in reads.items()}
    due = {lane: at for lane, at in oldest.items() if at is not None and at <= transaction.now}
    return sorted(due, key=due.__getitem__)


def _take_of(transaction: Transaction, lane: Lane, request: ClaimRequest, limit: int, taken: Taken) -> None:
    """Takes entries of one lane, or decides that the lane must be probed."""
    now, state = transaction.now, transaction.lanes.of(lane)
    # Only one transaction at a time decides by the breaker or by a count. A transaction that does not get the lane
    # skips it.
    if (state.breaker.open or transaction.policy.limits[lane.channel].at_once) and not transaction.lanes.hold(lane):
        return
    trial = state.breaker.open
    if trial and now < state.breaker.probe_at:
        return
    if trial and not state.breaker.reachable:
        if _page(transaction, lane, request, 1):
            _ask_for_probe(transaction, lane, taken)
        return
    limit = min(1 if trial else limit, _free_places(transaction, lane))
    before = len(taken.leases)
    for _ in range(CLAIM_PAGES):
        wanted = min(limit - len(taken.leases) + before, _turns_within_horizon(state.pace, now))
        if wanted <= 0:
            break
        page = _page(transaction, lane, request, wanted)
        had = len(taken.leases)
        _take(transaction, lane, state, page, taken)
        # If some messages of a page had to wait, read another page; otherwise stop. Also stop at a message that waits
        # for a probe: it stays due, and it is not known whether the number works.
        in_doubt = state.breaker.probe_at > now
        if request.ids or in_doubt or len(page) < wanted or len(taken.leases) - had == len(page):
            break
    if trial and len(taken.leases) > before:
        transaction.lanes.start_probing(lane)


def _free_places(transaction: Transaction, lane: Lane) -> int:
    """How many more entries of a lane may be under way."""
    at_once = transaction.policy.limits[lane.channel].at_once
    return at_once - int(transaction.run("under_way", *lane)[0][0]) if at_once else NO_LIMIT


def _page(transaction: Transaction, lane: Lane, request: ClaimRequest, limit: int) -> list[DueRow]:
    """The oldest due entries of a lane, or the due ones of the request's ids, up to a limit."""
    now, ids = transaction.now, request.ids
    if not ids:
        found = transaction.run("due", *lane, transaction.floors.after(lane, now), now, limit)
        transaction.floors.found(lane, now, found[0][1] if found else None)
        ids = tuple(row[0] for row in found)
    # Read them again: only now can no other transaction change them or their customers.
    rows = transaction.run("due_by_id", *lane, now, as_json(ids)) if ids else []
    return [DueRow(*row) for row in rows[:limit]]


def _take(transaction: Transaction, lane: Lane, state: LaneState, page: Sequence[DueRow], taken: Taken) -> None:
    """Sorts a page of due messages: to be given up, to wait, to be taken."""
    now = transaction.now
    postponed: list[tuple[int, float]] = []
    ready: dict[str, tuple[DueRow, Blame]] = {}
    for row in page:
        blame = state.breaker.blame(row.suspect_at)
        if row.deadline_at <= now:
            transaction.fail(row.id, lane, Reason.WINDOW_CLOSED)
        elif blame is Blame.NOT_KNOWN:
            _clear_up(transaction, lane, state, taken)
        elif row.hopeless and blame is Blame.MESSAGE:
            if row.state == State.UNKNOWN:
                transaction.totals.inc(metrics.SETTLED, "grace")
            transaction.fail(row.id, lane, Reason(row.hopeless))
        elif row.first_id != row.id or row.key in ready:
            postponed.append((row.id, max(row.free_at, transaction.after_the_first(row.first_due_at))))
        elif row.free_at > now:
            postponed.append((row.id, row.free_at))
        else:
            ready[row.key] = row, blame
    if postponed:
        transaction.run("postpone", as_json(postponed))
    if ready:
        _give_turns(transaction, lane, state, list(ready.values()), taken)


def _give_turns(
    transaction: Transaction, lane: Lane, state: LaneState, ready: Sequence[tuple[DueRow, Blame]], taken: Taken
) -> None:
    """Takes as many of the messages as there are turns; the others stay due."""
    limits = transaction.policy.limits[lane.channel]
    next_at: list[tuple[str, float]] = []
    for (row, blame), turn in zip(ready, transaction.lanes.take_turns(lane, len(ready)), strict=False):
        taken.leases[row.id] = Lease(turn, turn + limits.lease_seconds, state.breaker.open, blame is Blame.OUTAGE)
        next_at.append((row.key, turn + transaction.interval(lane)))
        if row.state == State.UNKNOWN:
            transaction.totals.inc(metrics.SETTLED, "retry")
    if next_at and limits.in_order:
        transaction.run("keys_next", as_json(next_at))


def _clear_up(transaction: Transaction, lane: Lane, state: LaneState, taken: Taken) -> None:
    """Starts a probe of a lane if it is not known whether the lane is in an outage."""
    if transaction.now < state.breaker.probe_at or not transaction.lanes.hold(lane):
        return
    # Another process may have started a probe before this transaction locked the lane.
    if transaction.now >= state.breaker.probe_at:
        _ask_for_probe(transaction, lane, taken)


def _ask_for_probe(transaction: Transaction, lane: Lane, taken: Taken) -> None:
    transaction.lanes.start_probing(lane)
    taken.probes.append(lane)


def record_probe(transaction: Transaction, probes: Sequence[tuple[Lane, bool]]) -> list[None]:
    """Records for lanes whether the receiver responded to a probe."""
    for lane, reachable in probes:
        transaction.lanes.change_breaker(lane, _after_probe(transaction, reachable))
    return [None] * len(probes)


def _after_probe(transaction: Transaction, reachable: bool) -> Callable[[Breaker], Breaker]:
    return lambda breaker: breaker.after_probe(reachable, transaction.policy.config, transaction.now)


def _turns_within_horizon(pace: Pace, now: float) -> int:
    """How many turns of the lane's rate begin within the horizon."""
    ahead = now + HORIZON_SECONDS - pace.next_turn(now)
    if ahead <= 0:
        return 0
    return int(ahead / pace.interval) + 1 if pace.interval else NO_LIMIT


def _leased(transaction: Transaction, row: Row, turn: Lease) -> LeasedReply:
    id_, attempt, wamid, channel, lane, phone, user_id, content, *times, traceparent = row
    received_at, deadline_at, lease_until = times
    return LeasedReply(
        id=id_,
        attempt=attempt,
        wamid=wamid,
        lane=Lane(channel, lane),
        phone=phone,
        user_id=user_id,
        content=decode_payload(content),
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
    """Takes back messages whose lease ran out: their process died, and it is unknown whether they were sent."""
    now = transaction.now
    lost = transaction.run("rescuable", transaction.floors.after("leases", now), now, RESCUE_ROWS)
    transaction.floors.found("leases", now, lost[0][3] if lost else None)
    for id_, channel, lane, _, spent in lost:
        decision = transaction.policy.rescue(channel, spent=spent, now=now)
        transaction.decide(id_, Lane(channel, lane), decision, None)
        TALLIES[channel].rescued(transaction.totals)
    transaction.drop_unwanted()
