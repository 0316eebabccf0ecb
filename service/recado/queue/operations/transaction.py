"""What every operation finds inside a write transaction: statements, lanes, totals, the ends of entries.

The facts are counted in the transaction that records them, so a total is never wrong by a crash.
"""

import hashlib
from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from recado.events.facts import ENDS, Fact, ReplyFailed
from recado.notices.notice import NoticeKind
from recado.orders import QuoteState
from recado.outcome import Outcome, Scope
from recado.queue.model import (
    MEDIA,
    NOBODY,
    NOTICES,
    REPLIES,
    TO_CUSTOMERS,
    AttemptResult,
    Audience,
    Lane,
    Reason,
    State,
)
from recado.queue.operations.noticing import Noted, notices_of, write_notices
from recado.queue.operations.outside import send_outside
from recado.queue.operations.telling import Told, write_events
from recado.queue.policy import ENDED, OPERATOR, Breaker, Decision, Pace, RetryPolicy
from recado.queue.statements import Row, Statements
from recado.queue.tally import TALLIES
from recado.telemetry import metrics
from recado.telemetry.totals import Totals

#: Begins the keys of echoes' wamids. The hashes of all others are hexadecimal, and so come before it.
ECHO = "x"
#: How far ahead of its turn a message may be leased: its process waits for the turn itself.
HORIZON_SECONDS = 0.5
#: A message that has to wait for something of unknown length is looked at again after so long.
MIN_WAIT_SECONDS = 1.0


class LaneState(msgspec.Struct):
    """A lane within one transaction."""

    pace: Pace
    breaker: Breaker
    changed: bool = False

    def may_send_at(self, at: float) -> float:
        """When a message whose turn is `at` could be sent, or tried, as far as the breaker tells."""
        return max(at, self.breaker.probe_at) if self.breaker.open else at


class Transaction:
    """One write transaction. `owner` holds the leases that are taken; `store_key` makes attempt ids and wamid keys."""

    def __init__(
        self,
        statements: Statements,
        policy: RetryPolicy,
        *,
        owner: str,
        store_key: str,
        audience: Audience = NOBODY,
    ) -> None:
        self.run = statements.run
        self.changes = statements.changes
        self.now = statements.now
        self._store_key = store_key
        self._lanes: dict[Lane, LaneState] | None = None
        self.policy = policy
        self.owner = owner
        self.audience = audience
        self.totals = Totals()
        self._given_up: list[int] = []
        self._failed: list[int] = []
        self._closed: list[tuple[int, Lane]] = []
        self._unheard: list[int] = []
        self._told: list[Told] = []
        self._noted: list[Noted] = []

    def finish(self) -> None:
        """Sends templates where the window has closed, withdraws the quotes of replies that were given up, lets those
        go that a job will not fill any more; writes the events, the notices, the totals and the state of the lanes."""
        if self._closed:
            self._leave_outside()
        if self._unheard:
            self.run("ask_to_write", as_json(self._unheard), self.now)
        if self._given_up:
            self.quotes_ended(self.run("withdraw_quotes", as_json(self._given_up), self.now))
        self._tell()
        changed = [
            (*lane, state.pace.next_at, *msgspec.structs.astuple(state.breaker))
            for lane, state in (self._lanes or {}).items()
            if state.changed
        ]
        if changed:
            self.run("put_lanes", as_json(changed))
        if totals := self.totals.items():
            self.run("add_totals", as_json([(name, as_json(labels), value) for name, labels, value in totals]))

    # -- lanes

    def lanes(self) -> dict[Lane, LaneState]:
        """Every lane that ever had something to send."""
        if self._lanes is None:
            self._lanes = lanes_of(self.policy, self.run("lanes"))
        return self._lanes

    def lane(self, lane: Lane) -> LaneState:
        """One lane, new or known."""
        state = self.lanes().get(lane)
        if state is None:
            state = LaneState(pace=self.policy.pace(lane.channel, 0.0), breaker=Breaker(), changed=True)
            self.lanes()[lane] = state
        return state

    def ended(self, lane: Lane) -> bool:
        """Whether the other side wants nothing more."""
        return self.lane(lane).breaker.open_reason == ENDED

    def start_probing(self, lane: Lane) -> None:
        """Nobody else probes, or tries with a reply, until this has had its time."""
        state = self.lane(lane)
        probe_at = self.now + self.policy.config.breaker_probe_seconds
        state.breaker = msgspec.structs.replace(state.breaker, probe_at=probe_at, reachable=False)
        state.changed = True

    def update_breaker(self, lane: Lane, result: AttemptResult, *, trial: bool = False) -> None:
        """Lets a result open or close the breaker of a lane."""
        if result.outcome is Outcome.OPERATOR and self.policy.limits[lane.channel].alike:
            result = msgspec.structs.replace(result, scope=Scope.NUMBER)
        breaker = self.lane(lane).breaker
        self.put_breaker(lane, self.policy.breaker_after(breaker, result, trial=trial, now=self.now))

    def put_breaker(self, lane: Lane, after: Breaker) -> None:
        """Sets the breaker of a lane, and counts it when it opens or closes."""
        state = self.lane(lane)
        before = state.breaker
        if after == before:
            return
        state.breaker, state.changed = after, True
        if after.open != before.open:
            TALLIES[lane.channel].breaker(self.totals, lane.name, "open" if after.open else "closed")
        # A target of notices that is wrongly configured is an alert's: there is no notice about a notice.
        if lane.channel != NOTICES:
            if after.open_reason == OPERATOR != before.open_reason:
                self.note(NoticeKind.OPERATOR_NEEDED, f"{lane.channel} {lane.name}")
            elif before.open_reason == OPERATOR and not after.open:
                self.note(NoticeKind.RECOVERED, f"{lane.channel} {lane.name}")

    # -- keys

    def interval(self, lane: Lane) -> float:
        """Least time between two entries of one key."""
        return self.policy.limits[lane.channel].key_interval_seconds

    def after_the_first(self, due_at: float | None) -> float:
        """When to look again at an entry whose key has another one first, due then or under way (None)."""
        return max(due_at or 0.0, self.now + MIN_WAIT_SECONDS)

    # -- ends of entries

    def decide(
        self, id_: int, lane: Lane, decision: Decision, result: AttemptResult | None, *, failed_attempt: int = 0
    ) -> None:
        """Writes a decision on its row; without a result it is a rescue's. `failed_attempt`: Meta said that it has."""
        error = (result.error_class, result.error_code, result.detail) if result else ("unknown", None, "lease ran out")
        finished_at = self.now if decision.state is State.FAILED else None
        suspect_at = self.now if decision.suspect and finished_at is None else None
        row = (id_, decision.state, decision.due_at, decision.reason, decision.spent, decision.throttles)
        rest = (decision.unknowns, *error, finished_at, suspect_at, decision.hopeless, failed_attempt)
        self.run("decide", as_json([(*row, *rest)]))
        if decision.reason:
            self.count_failed(id_, lane, decision.reason)

    def fail(self, id_: int, lane: Lane, reason: Reason) -> None:
        """Fails a waiting entry."""
        self.run("fail", id_, reason.value, self.now)
        self.count_failed(id_, lane, reason)

    def give_up(self, ids: Sequence[int]) -> None:
        """Notes entries that will not be sent: what they quote was not seen."""
        self._given_up += ids

    def discard(self, ids: Sequence[int]) -> int:
        """Gives up entries that wait; how many."""
        rows = self.run("discard", as_json(ids), self.now) if ids else []
        for id_, channel, lane in rows:
            TALLIES[channel].discarded(self.totals, lane)
            self.give_up([id_])
        return len(rows)

    def count_failed(self, id_: int, lane: Lane, reason: Reason) -> None:
        """Counts an entry that failed, unless it is to leave outside the window."""
        if reason is Reason.WINDOW_CLOSED and lane.channel == REPLIES and self.audience.outside.used:
            self._closed.append((id_, lane))
        else:
            self._count_failed(id_, lane, reason)

    def _leave_outside(self) -> None:
        """Queues templates in place of replies and notices that could not leave in time; the others have failed."""
        gone = send_outside(self, [id_ for id_, _ in self._closed])
        for id_, lane in self._closed:
            if id_ not in gone:
                self._count_failed(id_, lane, Reason.WINDOW_CLOSED)

    def _count_failed(self, id_: int, lane: Lane, reason: Reason) -> None:
        TALLIES[lane.channel].failed(self.totals, lane.name, reason)
        if lane.channel in TO_CUSTOMERS:
            self.give_up([id_])
            self._failed.append(id_)
        elif lane.channel == MEDIA:
            self._unheard.append(id_)

    def delivered(self, messages: Sequence[tuple[int, str, str, float, int]]) -> None:
        """Counts entries that were accepted, each as (id, channel, lane, received_at, attempts); their quotes are
        out."""
        for _, channel, lane, received_at, attempts in messages:
            age = max(0.0, self.now - received_at)
            TALLIES[channel].delivered(self.totals, lane, age=age, attempts=attempts)
        if messages:
            self.run("quotes_accepted", as_json([id_ for id_, *_ in messages]), self.now)

    # -- quotes

    def quotes_ended(self, closed: Sequence[Row]) -> None:
        """Counts and tells of quotes that no message closed, and gives their sessions new versions. Each is (state,
        source, currency, total, accepted_at, key, token, opened_at, phone, user_id)."""
        self.count_quotes([row[:5] for row in closed])
        if closed:
            self.run("new_versions", as_json([row[5] for row in closed]))
        for state, *_, key, token, opened_at, phone, user_id in closed:
            fact = ENDS[QuoteState(state)](token=token, age_seconds=round(self.now - opened_at))
            self.tell(key, fact, phone, user_id)

    # -- events

    def tell(self, key: str, fact: Fact, phone: str | None = None, user_id: str | None = None) -> None:
        """Notes a fact about the customer of a key, for the shop's systems; without names he gets those on record."""
        if self.audience.listens:
            self._told.append(Told(key, fact, phone, user_id))

    def note(self, kind: NoticeKind, what: str) -> None:
        """Notes for the operator what no customer is part of."""
        self._noted.append(Noted(kind, what))

    def forget(self, keys: Collection[str]) -> None:
        """Drops what was noted about the customers of these keys and is not written yet."""
        self._told = [one for one in self._told if one.key not in keys]

    def _tell(self) -> None:
        if self._failed and self.audience.listens:
            for id_, key, phone, user_id, reason, error_class, error_code in self.run(
                "failed_replies", as_json(self._failed)
            ):
                fact = ReplyFailed(message=id_, reason=reason, error_class=error_class, error_code=error_code)
                self.tell(key, fact, phone, user_id)
        if self._told:
            write_events(self, self._told)
        if self.audience.notices and (noted := [*notices_of(one.fact for one in self._told), *self._noted]):
            write_notices(self, noted)

    def count_quotes(self, closed: Sequence[Row]) -> None:
        """Counts quotes that were closed, each as (state, source, currency, total, accepted_at)."""
        for state, source, currency, total, accepted_at in closed:
            self.totals.inc(metrics.QUOTES, state, source)
            self.totals.inc(metrics.QUOTE_VALUE, state, currency, by=float(total))
            if state in (QuoteState.CONFIRMED, QuoteState.REJECTED) and accepted_at is not None:
                self.totals.observe(metrics.QUOTE_DECISION, max(0.0, self.now - accepted_at))

    # -- names that only this store can make

    def attempt_id(self, id_: int, attempt: int) -> str:
        """What a send carries, so that a status can settle it: names the store, the message and the attempt."""
        return f"{self._store_key[:8]}.{id_}.{attempt}"

    def attempt_of(self, attempt_id: str) -> tuple[int, int] | None:
        """The message and attempt number in an attempt id of this store's; None for anything else."""
        match attempt_id.split("."):
            case [store, id_, attempt] if store == self._store_key[:8] and (id_ + attempt).isdecimal():
                return int(id_[:18] or 0), int(attempt[:9] or 0)
        return None

    def reference(self, prefix: str, name: str) -> str:
        """What events call a customer or a conversation: a keyed hash of its name."""
        key = f"{prefix}:{self._store_key}".encode()
        return f"{prefix}_{hashlib.blake2b(name.encode(), digest_size=9, key=key).hexdigest()}"

    def wamid_key(self, wamid: str) -> str:
        """A keyed hash of a wamid, which holds a phone number."""
        return hashlib.blake2b(wamid.encode(), digest_size=16, key=self._store_key.encode()).hexdigest()


def see_wamids(transaction: Transaction, wamids: Sequence[str], *, mark: str = "") -> list[int | None]:
    """The new row's id for each wamid that was not seen before, None for the others. `mark` tells those of echoes
    from the customers', which alone the report counts."""
    last = int(transaction.run("last_id")[0][0])
    first = max(last + 1, int(transaction.now * 1e6))
    wanted = [(first + i, mark + transaction.wamid_key(wamid)) for i, wamid in enumerate(wamids)]
    unseen = {row[0] for row in transaction.run("see_wamids", as_json(wanted))}
    return [id_ if id_ in unseen else None for id_, _ in wanted]


def lanes_of(policy: RetryPolicy, rows: Sequence[Row]) -> dict[Lane, LaneState]:
    """The lanes from the rows of the statement `lanes`."""
    return {
        Lane(channel, name): LaneState(pace=policy.pace(channel, next_at), breaker=_breaker(breaker))
        for channel, name, next_at, *breaker in rows
    }


def _breaker(columns: Sequence[Any]) -> Breaker:
    """A breaker from the columns of the statement `lanes`, which are in the order of its fields."""
    failures, open_reason, opened_at, probe_at, reachable, unknown_trials, good_at, outage_at = columns
    return Breaker(
        failures=failures,
        open_reason=open_reason,
        opened_at=opened_at,
        probe_at=probe_at,
        reachable=bool(reachable),
        unknown_trials=unknown_trials,
        good_at=good_at,
        outage_at=outage_at,
    )


def as_json(value: Any) -> str:
    """A batch as the statements take it."""
    return msgspec.json.encode(value).decode()
