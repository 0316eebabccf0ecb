"""Lanes: their turns and their breakers, as values with rules, and within one transaction.

If a failure looks like an outage, recado judges it when the message is due again. If the number was in an outage at the
time of the failure or later, the attempt does not count. If Graph has given a clear result since, it counts. Otherwise
a probe, a call without a reply, finds out first. So an outage costs no attempts even if few customers write, and a
message that alone triggers errors of Meta is given up after its attempts, although these errors look like an outage.

Every send uses a lane. So a lane's row is locked only to change its breaker, at the end of the transaction, and only if
a result changes it. Turns are taken outside of the transaction.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import astuple, replace

from recado.notices.notice import NoticeKind
from recado.outcome import Outcome, Scope
from recado.queue.model import NOTICES, AttemptResult, Lane, as_json
from recado.queue.policy import MAX_DOUBLINGS, RetryConfig, RetryPolicy
from recado.queue.statements import Row, Statements
from recado.queue.tally import TALLIES
from recado.telemetry.totals import Totals

#: How far ahead of its turn a message may be leased; its process then waits for the turn.
HORIZON_SECONDS = 0.5

#: The share of a number's rate that is used. Processes are late by milliseconds, so sends bunch together: at the full
#: rate Meta would count more than it allows in some seconds, and then it throttles the whole number.
USED_RATE = 0.975
#: If nothing changes in a breaker except the time of Graph's last clear result, recado writes that time only at this
#: interval. Otherwise every transaction would write the lane's row.
VERDICT_SECONDS = 5.0
NEVER = 1e12

#: The result of most attempts, as their lane's breaker needs it.
DELIVERED = AttemptResult(outcome=Outcome.DELIVERED)


class OpenReason(StrEnum):
    """Why a breaker is open."""

    OUTAGE = "outage"
    OPERATOR = "operator"
    """Until an operator acts."""
    ENDED = "ended"
    """The receiver wants nothing more. It is never probed."""


class Blame(StrEnum):
    """Whose fault the last failure of a message was."""

    MESSAGE = "message"
    OUTAGE = "outage"
    NOT_KNOWN = "not_known"


class Breaker(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one business number: `open_reason` is None while it is closed.

    An open breaker is probed first, without a reply; once Graph has responded (`reachable`), one reply is sent as a
    trial, which closes the breaker if it succeeds. `good_at`: when Graph last gave a clear result. `outage_at`: when
    the number was last known to be in an outage.
    """

    failures: int = 0
    open_reason: OpenReason | None = None
    opened_at: float | None = None
    probe_at: float = 0.0
    reachable: bool = False
    unknown_trials: int = 0
    good_at: float = 0.0
    outage_at: float = 0.0

    @property
    def open(self) -> bool:
        return self.open_reason is not None

    @property
    def needs_operator(self) -> bool:
        """Whether it stays open until an operator acts."""
        return self.open_reason in (OpenReason.OPERATOR, OpenReason.ENDED)

    def blame(self, suspect_at: float | None) -> Blame:
        """Whose fault a failure at `suspect_at` was that looked like an outage; None if it did not look like one."""
        if suspect_at is None:
            return Blame.MESSAGE
        # An outage that lasts is the cause, even if a clock that was set back dates it before the failure.
        if self.open_reason is OpenReason.OUTAGE or self.outage_at >= suspect_at:
            return Blame.OUTAGE
        return Blame.MESSAGE if self.good_at > suspect_at else Blame.NOT_KNOWN

    def after(self, result: AttemptResult, config: RetryConfig, *, trial: bool, now: float) -> "Breaker":
        """The breaker after one more result, of a `trial` or of any other attempt."""
        if self.open_reason is OpenReason.ENDED:  # only an operator resumes it
            return self
        verdict = is_verdict(result)
        good_at = now if verdict and not result.outage else self.good_at
        if result.outcome is Outcome.ENDED:
            return replace(
                self, open_reason=OpenReason.ENDED, opened_at=now, probe_at=NEVER, reachable=False, good_at=good_at
            )
        if result.outcome is Outcome.OPERATOR and result.scope is Scope.NUMBER:
            return replace(
                self,
                open_reason=OpenReason.OPERATOR,
                opened_at=self.opened_at or now,
                probe_at=now + config.breaker_probe_seconds,
                reachable=False,
                good_at=good_at,
            )
        if result.outage:
            failed = replace(self, failures=self.failures + 1)
            if not self.open and failed.failures < config.breaker_failures:
                return failed
            unknown = trial and result.outcome is Outcome.UNKNOWN
            return replace(failed, unknown_trials=self.unknown_trials + unknown)._in_outage(config, now)
        if not verdict:
            return self
        return Breaker(good_at=good_at, outage_at=self.outage_at)

    def after_probe(self, reachable: bool, config: RetryConfig, now: float) -> "Breaker":
        """The breaker after a probe: whether Graph responded."""
        if not reachable:
            return self._in_outage(config, now)
        if self.open:
            return replace(self, reachable=True, probe_at=now)
        return replace(self, failures=0, good_at=now, probe_at=0.0)

    def _in_outage(self, config: RetryConfig, now: float) -> "Breaker":
        wait = config.breaker_probe_seconds * 2.0 ** min(self.unknown_trials, MAX_DOUBLINGS)
        return replace(
            self,
            open_reason=self.open_reason or OpenReason.OUTAGE,
            opened_at=self.opened_at or now,
            probe_at=now + wait,
            reachable=False,
            outage_at=now,
        )


def is_verdict(result: AttemptResult) -> bool:
    """Whether Graph itself gave a clear result for the reply."""
    return result.outcome is not Outcome.UNKNOWN and result.code_class.endswith("xx")


class Pace(msgspec.Struct):
    """The rate of a lane: a turn every `interval` seconds, none before `next_at`. An interval of 0 is no limit."""

    interval: float
    next_at: float

    def next_turn(self, now: float) -> float:
        """When the next turn would be."""
        return max(now, self.next_at)


BreakerChange = Callable[[Breaker], Breaker]


class LaneState(msgspec.Struct):
    """A lane within one transaction. `held`: nobody else changes its breaker until the transaction ends."""

    pace: Pace
    breaker: Breaker
    held: bool = False
    changed: bool = False

    def may_send_at(self, at: float) -> float:
        """When the breaker allows a message whose turn is `at` to be sent, or sent as a trial."""
        return max(at, self.breaker.probe_at) if self.breaker.open else at


class Lanes:
    """All lanes that ever had an entry. `note` notifies the operator of a lane that needs him. `closed`: the breakers
    that this transaction closed, in their previous state."""

    def __init__(
        self,
        statements: Statements,
        policy: RetryPolicy,
        totals: Totals,
        note: Callable[[NoticeKind, str], None],
    ) -> None:
        self._statements, self._policy, self._totals, self._note = statements, policy, totals, note
        self._now = statements.now
        self._asked: Callable[[], list[Row]] | None = None
        self._states: dict[Lane, LaneState] | None = None
        self._changes: list[tuple[Lane, BreakerChange]] = []
        self.closed: list[tuple[Lane, Breaker]] = []

    def ask(self) -> None:
        """Reads the lanes together with the next query."""
        if self._asked is None:
            self._asked = self._statements.ask("lanes")

    def all(self) -> dict[Lane, LaneState]:
        """Every lane."""
        if self._states is None:
            self.ask()
            assert self._asked
            self._states = lanes_of(self._policy, self._asked())
        return self._states

    def of(self, lane: Lane) -> LaneState:
        """One lane, new or known."""
        state = self.all().get(lane)
        if state is None:
            self._statements.run("add_lane", *lane)
            state = self.all()[lane] = LaneState(pace=_pace(self._policy, lane.channel, 0.0), breaker=Breaker())
        return state

    def ended(self, lane: Lane) -> bool:
        """Whether the receiver has ended the subscription."""
        return self.of(lane).breaker.open_reason is OpenReason.ENDED

    # -- turns

    def take_turns(self, lane: Lane, limit: int) -> list[float]:
        """Takes the next turns of a lane that are within the horizon.

        The turns are taken at once, even if the transaction fails later: a lost turn delays the lane by one interval,
        but a lock on the lane would delay everybody until the commit.
        """
        pace, last = self.of(lane).pace, self._now + HORIZON_SECONDS
        if not pace.interval:
            turn = pace.next_turn(self._now)
            return [turn] * limit if turn <= last else []
        ((first, taken),) = self._statements.run("take_turns", *lane, limit, pace.interval, self._now, last)
        pace.next_at = first + taken * pace.interval
        return [first + place * pace.interval for place in range(taken)]

    def delay(self, lane: Lane, until: float) -> None:
        """Delays the next turn of a lane until an instant."""
        self._statements.run("delay_turns", *lane, until)
        pace = self.of(lane).pace
        pace.next_at = max(pace.next_at, until)

    # -- breakers

    def hold(self, lane: Lane) -> bool:
        """Locks the breaker of a lane against other transactions; False if another one holds it."""
        state = self.of(lane)
        if not state.held:
            for row in self._statements.run("hold_lane", *lane):
                state.breaker, state.held = _breaker(row), True
        return state.held

    def start_probing(self, lane: Lane) -> None:
        """Lets no other process probe or send a trial reply until this one's time is over. The lane's lock must be
        held."""
        state = self.of(lane)
        probe_at = self._now + self._policy.config.breaker_probe_seconds
        state.breaker, state.changed = replace(state.breaker, probe_at=probe_at, reachable=False), True

    def update_breaker(self, lane: Lane, result: AttemptResult, *, trial: bool = False) -> None:
        """Lets a result open or close the breaker of a lane. Of deliveries in a row, one is enough."""
        if result.outcome is Outcome.DELIVERED:
            if self._changes[-1:] != [(lane, self._delivered)]:
                self.change_breaker(lane, self._delivered)
            return
        if result.outcome is Outcome.OPERATOR and self._policy.limits[lane.channel].alike:
            result = replace(result, scope=Scope.NUMBER)

        def after(breaker: Breaker) -> Breaker:
            return breaker.after(result, self._policy.config, trial=trial, now=self._now)

        self.change_breaker(lane, after)

    def _delivered(self, breaker: Breaker) -> Breaker:
        return breaker.after(DELIVERED, self._policy.config, trial=False, now=self._now)

    def change_breaker(self, lane: Lane, change: BreakerChange) -> None:
        """Changes the breaker of a lane at the end of the transaction, based on its state at that time."""
        self._changes.append((lane, change))

    def change_breakers(self) -> None:
        """Makes the changes. Call it once, when nothing else has to be locked.

        Most results change no breaker, and must not wait for others that use the same lane. So this function first
        determines which breakers change, then locks them in a fixed order, and decides again.
        """
        before = {lane: self.of(lane).breaker for lane, _ in self._changes}
        after = dict(before)
        for lane, change in self._changes:
            after[lane] = change(after[lane])
        moved = {lane for lane in after if self._has_to_move(lane, before[lane], after[lane])}
        if not_held := sorted(lane for lane in moved if not self.of(lane).held):
            for channel, name, *breaker in self._statements.run("lock_lanes", as_json(not_held)):
                state = self.of(Lane(channel, name))
                state.breaker, state.held = _breaker(breaker), True
        for lane, change in self._changes:
            if lane in moved:
                self._put(lane, change(self.of(lane).breaker))

    def _has_to_move(self, lane: Lane, before: Breaker, after: Breaker) -> bool:
        """Whether a breaker has to be written. If only the time of the last clear result changed, it is written at
        intervals, and only if the lane's lock is free."""
        if replace(after, good_at=before.good_at) != before:
            return True
        return after.good_at - before.good_at > VERDICT_SECONDS and self.hold(lane)

    def changed_rows(self) -> list[Row]:
        """The lanes whose breakers changed, as the statement `put_lanes` takes them."""
        return [(*lane, *astuple(state.breaker)) for lane, state in (self._states or {}).items() if state.changed]

    def _put(self, lane: Lane, after: Breaker) -> None:
        """Sets the breaker of a lane, and counts it when it opens or closes."""
        state = self.of(lane)
        before = state.breaker
        if after == before:
            return
        state.breaker, state.changed = after, True
        if after.open != before.open:
            TALLIES[lane.channel].breaker(self._totals, lane.name, "open" if after.open else "closed")
        # An alert reports a target of notices that is wrongly configured: there is no notice about a notice.
        if lane.channel != NOTICES:
            if after.needs_operator and not before.needs_operator:
                self._note(NoticeKind.OPERATOR_NEEDED, f"{lane.channel} {lane.name}")
            elif before.open and not after.open:
                self.closed.append((lane, before))


def lanes_of(policy: RetryPolicy, rows: Sequence[Row]) -> dict[Lane, LaneState]:
    """The lanes from the rows of the statement `lanes`."""
    return {
        Lane(channel, name): LaneState(pace=_pace(policy, channel, next_at), breaker=_breaker(breaker))
        for channel, name, next_at, *breaker in rows
    }


def _pace(policy: RetryPolicy, channel: str, next_at: float) -> Pace:
    """The turns of a lane of a channel; the next turn is at `next_at` or later."""
    rate = policy.limits[channel].per_second * USED_RATE
    return Pace(1 / rate if rate else 0.0, next_at)


def _breaker(columns: Sequence[Any]) -> Breaker:
    """A breaker from the columns of the statement `lanes`, which are in the order of its fields."""
    failures, open_reason, opened_at, probe_at, reachable, unknown_trials, good_at, outage_at = columns
    return Breaker(
        failures=failures,
        open_reason=OpenReason(open_reason) if open_reason else None,
        opened_at=opened_at,
        probe_at=probe_at,
        reachable=bool(reachable),
        unknown_trials=unknown_trials,
        good_at=good_at,
        outage_at=outage_at,
    )
