"""What follows from the outcome of an attempt: decisions without I/O; clock and chance are passed in.

The rules behind them: a message does not lose an attempt because of an outage or a throttle, and recado never blindly
repeats an attempt whose outcome is unknown.
"""

import random
from collections.abc import Callable, Mapping

import msgspec
from msgspec.structs import replace

from recado.outcome import Outcome, Scope
from recado.queue.model import AttemptResult, Reason, State
from recado.settings import UnknownPolicy
from recado.whatsapp.errors import WindowClosedError

#: How long to wait after a throttle that does not say how long.
THROTTLE_SECONDS = 60.0
#: How many throttles in a row lengthen the wait; further ones keep it as it is.
MAX_GROWTH = 8
#: If trials end with an unknown outcome, the wait for the next one doubles, at most this often: each trial may have
#: been sent.
MAX_DOUBLINGS = 4


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
