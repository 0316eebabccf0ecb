"""The outcome of an attempt, and when the next send may go out: decisions without I/O; clock and chance are passed in.

The rules behind it: a message does not lose an attempt because of an outage or a throttle, and recado never blindly
repeats an attempt whose outcome is unknown.

If a failure looks like an outage, recado judges it when the message is due again. If the number was in an outage at the
time of the failure or later, the attempt does not count. If Graph has given a clear result since, it counts. Otherwise
a probe, a call without a reply, finds out first. So an outage costs no attempts even if few customers write, and a
message that alone triggers errors of Meta is given up after its attempts, although these errors look like an outage.
"""

import random
from collections.abc import Callable, Hashable, Mapping
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from recado.outcome import Outcome, Scope
from recado.queue.model import AttemptResult, Reason, State
from recado.settings import UnknownPolicy
from recado.whatsapp.errors import WindowClosedError

#: The share of a number's rate that is used. Processes are late by milliseconds, so sends bunch together: at the full
#: rate Meta would count more than it allows in some seconds, and then it throttles the whole number.
USED_RATE = 0.975
#: How long to wait after a throttle that does not say how long.
THROTTLE_SECONDS = 60.0
#: How many throttles in a row lengthen the wait; further ones keep it as it is.
MAX_GROWTH = 8
#: If trials end with an unknown outcome, the wait for the next one doubles, at most this often: each trial may have
#: been sent.
MAX_DOUBLINGS = 4
#: If nothing changes in a breaker except the time of Graph's last clear result, recado writes that time only at this
#: interval. Otherwise every transaction would write the lane's row.
VERDICT_SECONDS = 5.0
#: A search begins this long before the oldest entry that was found, because clocks and transactions are late.
FLOOR_SLACK_SECONDS = 10.0
#: An entry that unexpectedly becomes due before the floor is found after this time.
FLOOR_SECONDS = 60.0
NEVER = 1e12


class RetryConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers that the queue's decisions use; the settings of the same names describe them."""

    backoff_jitter: float
    retry_after_max_seconds: float
    unknown_grace_seconds: float
    unknown_policy: UnknownPolicy
    customer_messages_per_minute: int
    breaker_failures: int
    breaker_probe_seconds: float
    delivered_retention_seconds: float
    failed_retention_seconds: float
    events_retention_seconds: float
    dedupe_seconds: float
    quote_retention_seconds: float
    order_retention_seconds: float
    asked_retention_seconds: float
    report_min_customers: int


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one channel allows, and how often it tries.

    per_second: entries a second in a lane, 0 for no limit. in_order: entries of one key wait for each other.
    key_interval_seconds: between two of them. lease_seconds: how long an attempt may take. backoff_seconds: the waits
    before each further attempt. at_once: entries of a lane that are under way, 0 for no limit. repeatable: a second
    copy does no harm, so an attempt without a clear result is simply repeated. alike: if one entry of a lane needs an
    operator, all of them do.
    """

    per_second: float
    in_order: bool
    key_interval_seconds: float
    lease_seconds: float
    backoff_seconds: tuple[float, ...]
    at_once: int = 0
    repeatable: bool = False
    alike: bool = False

    @property
    def max_attempts(self) -> int:
        """The maximum number of attempts at an entry."""
        return len(self.backoff_seconds) + 1


class Blame(StrEnum):
    """Whose fault the last failure of a message was."""

    MESSAGE = "message"
    OUTAGE = "outage"
    NOT_KNOWN = "not_known"


class Attempted(msgspec.Struct, frozen=True, kw_only=True):
    """What the queue knows of a message when its attempt ends. `interactive`: it has a plain text to fall back to."""

    channel: str
    spent: int
    throttles: int
    unknowns: int
    deadline_at: float
    interactive: bool


class Transition(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the queue does after an attempt: the row's next state, and who else has to wait.

    `suspect`: an outage may have caused the failure. `hopeless`: why the message is given up when it is due again,
    unless an outage was the cause. `as_text`: the message's content becomes its plain text.
    """

    state: State
    due_at: float | None = None
    reason: Reason | None = None
    suspect: bool = False
    hopeless: Reason | None = None
    as_text: bool = False
    spent: int = 0
    throttles: int = 0
    unknowns: int = 0
    key_until: float | None = None
    lane_until: float | None = None


class OpenReason(StrEnum):
    """Why a breaker is open."""

    OUTAGE = "outage"
    OPERATOR = "operator"
    """Until an operator acts."""
    ENDED = "ended"
    """The receiver wants nothing more. It is never probed."""


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


class RetryPolicy:
    """Makes decisions from the numbers; `limits` are those of each channel, by its name."""

    def __init__(
        self, config: RetryConfig, limits: Mapping[str, Limits], chance: Callable[[], float] = random.random
    ) -> None:
        self.config = config
        self.limits = limits
        self._chance = chance

    def decide(self, message: Attempted, result: AttemptResult, *, now: float) -> Transition:
        """The decision after an attempt of `message` ended with `result` at `now`."""
        match result.outcome:
            case Outcome.DELIVERED:
                return Transition(state=State.DELIVERED)
            case Outcome.PERMANENT if result.form_refused and message.interactive:
                return replace(self._queued(message, now), as_text=True)
            case Outcome.PERMANENT:
                closed = result.error_class == WindowClosedError.error_class
                reason = Reason.WINDOW_CLOSED if closed else Reason.REJECTED
                return Transition(state=State.FAILED, reason=reason, spent=1)
            case Outcome.UNKNOWN if not self.limits[message.channel].repeatable:
                return self._unknown(message, result, now)
            case Outcome.OPERATOR | Outcome.ENDED:
                return self._queued(message, now + self.config.breaker_probe_seconds)
            case Outcome.THROTTLED:
                return self._throttled(message, result, now)
            case Outcome.RETRYABLE | Outcome.UNKNOWN:
                return self._retry(message, result, now)

    def longest_wait_seconds(self, channel: str) -> float:
        """The longest time that an entry of a channel waits for a retry, a lease, an unknown outcome or a turn."""
        config, limits = self.config, self.limits[channel]
        backoff = max(limits.backoff_seconds, default=0.0) * (1 + config.backoff_jitter)
        waits = (backoff, config.retry_after_max_seconds, limits.lease_seconds, config.unknown_grace_seconds)
        return max(*waits, config.breaker_probe_seconds * 2.0**MAX_DOUBLINGS, limits.key_interval_seconds)

    def rescue(self, channel: str, *, spent: int, now: float) -> Transition:
        """The decision on a message whose lease ran out: its process died, the outcome is unknown.

        The grace period begins now, not at the end of the lease: if nobody took the lease back for long, the store
        failed or nothing ran, and Meta's statuses of that time have not arrived yet.

        Most likely nothing was sent. So this costs an attempt, but it does not count as a response that never came: if
        pods die twice while they hold a message, its customer must still get a reply.
        """
        limits = self.limits[channel]
        last = spent + 1 >= limits.max_attempts
        if limits.repeatable:
            hopeless = Reason.RETRIES_EXHAUSTED if last else None
            return Transition(state=State.QUEUED, due_at=now, spent=1, hopeless=hopeless)
        due_at = now + self.config.unknown_grace_seconds
        last = last or self.config.unknown_policy is UnknownPolicy.FAIL
        return Transition(state=State.UNKNOWN, due_at=due_at, spent=1, hopeless=Reason.UNKNOWN if last else None)

    @staticmethod
    def blame(suspect_at: float | None, breaker: Breaker) -> Blame:
        """Whose fault a failure at `suspect_at` was that looked like an outage; None if it did not look like one."""
        if suspect_at is None:
            return Blame.MESSAGE
        # An outage that lasts is the cause, even if a clock that was set back dates it before the failure.
        if breaker.open_reason is OpenReason.OUTAGE or breaker.outage_at >= suspect_at:
            return Blame.OUTAGE
        return Blame.MESSAGE if breaker.good_at > suspect_at else Blame.NOT_KNOWN

    def pace(self, channel: str, next_at: float) -> "Pace":
        """The turns of a lane of a channel; the next turn is at `next_at` or later."""
        rate = self.limits[channel].per_second * USED_RATE
        return Pace(1 / rate if rate else 0.0, next_at)

    def breaker_after(self, breaker: Breaker, result: AttemptResult, *, trial: bool, now: float) -> Breaker:
        """The number's breaker after one more result, of a `trial` or of any other attempt."""
        if breaker.open_reason is OpenReason.ENDED:  # only an operator resumes it
            return breaker
        verdict = is_verdict(result)
        good_at = now if verdict and not result.outage else breaker.good_at
        if result.outcome is Outcome.ENDED:
            return replace(
                breaker,
                open_reason=OpenReason.ENDED,
                opened_at=now,
                probe_at=NEVER,
                reachable=False,
                good_at=good_at,
            )
        if result.outcome is Outcome.OPERATOR and result.scope is Scope.NUMBER:
            return replace(
                breaker,
                open_reason=OpenReason.OPERATOR,
                opened_at=breaker.opened_at or now,
                probe_at=now + self.config.breaker_probe_seconds,
                reachable=False,
                good_at=good_at,
            )
        if result.outage:
            failed = replace(breaker, failures=breaker.failures + 1)
            if not breaker.open and failed.failures < self.config.breaker_failures:
                return failed
            unknown = trial and result.outcome is Outcome.UNKNOWN
            return self._in_outage(replace(failed, unknown_trials=breaker.unknown_trials + unknown), now)
        if not verdict:
            return breaker
        return Breaker(good_at=good_at, outage_at=breaker.outage_at)

    def breaker_after_probe(self, breaker: Breaker, reachable: bool, now: float) -> Breaker:
        """The number's breaker after a probe: whether Graph responded."""
        if not reachable:
            return self._in_outage(breaker, now)
        if breaker.open:
            return replace(breaker, reachable=True, probe_at=now)
        return replace(breaker, failures=0, good_at=now, probe_at=0.0)

    def _in_outage(self, breaker: Breaker, now: float) -> Breaker:
        wait = self.config.breaker_probe_seconds * 2.0 ** min(breaker.unknown_trials, MAX_DOUBLINGS)
        return replace(
            breaker,
            open_reason=breaker.open_reason or OpenReason.OUTAGE,
            opened_at=breaker.opened_at or now,
            probe_at=now + wait,
            reachable=False,
            outage_at=now,
        )

    def _retry(self, message: Attempted, result: AttemptResult, now: float) -> Transition:
        waits, worth = self.limits[message.channel].backoff_seconds, self.limits[message.channel].max_attempts
        most = worth if result.max_attempts is None else min(result.max_attempts, worth)
        last = message.spent + 1 >= most
        if last and not result.outage:
            return Transition(state=State.FAILED, reason=Reason.RETRIES_EXHAUSTED, spent=1)
        if last:  # given up at once, unless an outage is the cause
            due_at, hopeless = now, Reason.RETRIES_EXHAUSTED
        else:
            jitter = 1 + self.config.backoff_jitter * (2 * self._chance() - 1)
            asked = self._clamped(result.wait_seconds) if result.wait_seconds else 0.0
            due_at, hopeless = now + max(waits[message.spent] * jitter, asked), None
        return replace(
            self._queued(message, due_at, spent=1),
            suspect=result.outage,
            hopeless=hopeless,
        )

    def _throttled(self, message: Attempted, result: AttemptResult, now: float) -> Transition:
        wait = THROTTLE_SECONDS if result.wait_seconds is None else result.wait_seconds
        until = now + self._clamped(wait * result.wait_growth ** min(message.throttles, MAX_GROWTH))
        return replace(
            self._queued(message, until, throttles=1),
            key_until=until if result.scope is Scope.CUSTOMER else None,
            lane_until=until if result.scope is Scope.NUMBER else None,
        )

    def _unknown(self, message: Attempted, result: AttemptResult, now: float) -> Transition:
        at_most_once = self.config.unknown_policy is UnknownPolicy.FAIL
        last = at_most_once or message.unknowns > 0 or message.spent + 1 >= self.limits[message.channel].max_attempts
        return Transition(
            state=State.UNKNOWN,
            due_at=now + self.config.unknown_grace_seconds,
            suspect=result.outage and not at_most_once,
            hopeless=Reason.UNKNOWN if last else None,
            spent=1,
            unknowns=1,
        )

    def _queued(self, message: Attempted, due_at: float, *, spent: int = 0, throttles: int = 0) -> Transition:
        if due_at >= message.deadline_at:
            return Transition(state=State.FAILED, reason=Reason.WINDOW_CLOSED, spent=spent)
        return Transition(state=State.QUEUED, due_at=due_at, spent=spent, throttles=throttles)

    def _clamped(self, seconds: float) -> float:
        return min(max(seconds, 0.0), self.config.retry_after_max_seconds)


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


class _Floor(msgspec.Struct):
    after: float = 0.0
    since: float = 0.0


class Floors:
    """Where searches for due entries begin: for each kind of search, the time of the oldest entry that this process
    knows of.

    Every entry that was due and has been sent leaves a dead entry in PostgreSQL's index. No vacuum can remove it while
    an old snapshot exists (a dump, a report, a replication slot). With 200,000 of them a search from the beginning
    takes 35 ms instead of 2. So a process remembers the oldest entry that it found.
    """

    def __init__(self) -> None:
        self._floors: dict[Hashable, _Floor] = {}

    def after(self, question: Hashable, now: float) -> float:
        """The floor; 0, which is below everything, at least once a minute."""
        floor = self._floors.setdefault(question, _Floor())
        if not 0 <= now - floor.since < FLOOR_SECONDS:
            floor.after, floor.since = 0.0, now
        return floor.after

    def found(self, question: Hashable, now: float, oldest: float | None) -> None:
        """Learns the oldest time that a search found. A search from the beginning that found nothing shows that nothing
        is due before now."""
        floor = self._floors.setdefault(question, _Floor(since=now))
        if oldest is not None:
            floor.after = oldest - FLOOR_SLACK_SECONDS
        elif not floor.after:
            floor.after = now - FLOOR_SLACK_SECONDS
