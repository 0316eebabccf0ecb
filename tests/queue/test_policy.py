"""Decisions after attempts with any result."""

from hypothesis import given
from hypothesis import strategies as st

from recado.delivery.channels import http
from recado.outcome import Outcome, Scope
from recado.queue.model import AttemptResult, Reason, State
from recado.queue.operations.lanes import Blame, Breaker, OpenReason, is_verdict
from recado.queue.policy import Attempted
from recado.runtime import retry_policy
from recado.settings import load

NOW = 1_800_000_000.0

results = st.builds(
    AttemptResult,
    outcome=st.sampled_from(Outcome),
    wait_seconds=st.none() | st.floats(0, 1e9),
    wait_growth=st.sampled_from([1.0, 2.0, 4.0]),
    max_attempts=st.none() | st.integers(1, 9),
    scope=st.sampled_from(Scope),
    outage=st.booleans(),
    code_class=st.sampled_from(["2xx", "4xx", "5xx", "timeout", "transport"]),
    form_refused=st.booleans(),
)
messages = st.builds(
    Attempted,
    channel=st.sampled_from(["whatsapp", "http"]),
    spent=st.integers(0, 10),
    throttles=st.integers(0, 1000),
    unknowns=st.integers(0, 3),
    deadline_at=st.floats(NOW - 86400, NOW + 86400),
    interactive=st.booleans(),
)
breakers = st.builds(
    Breaker,
    failures=st.integers(0, 100),
    open_reason=st.none() | st.sampled_from([OpenReason.OUTAGE, OpenReason.OPERATOR]),
    opened_at=st.just(NOW),
    probe_at=st.just(NOW),
    reachable=st.booleans(),
    unknown_trials=st.integers(0, 10_000),
    good_at=st.floats(NOW - 100, NOW),
    outage_at=st.floats(NOW - 100, NOW),
)


@given(messages, results, st.floats(0, 1))
def test_every_decision_is_sound(message: Attempted, result: AttemptResult, chance: float) -> None:
    """A waiting message has a due time within the window and the longest wait; a message that is given up has a
    reason."""
    policy = retry_policy(load({}), chance=lambda: chance)
    decision = policy.decide(message, result, now=NOW)

    assert (decision.state in (State.QUEUED, State.UNKNOWN)) == (decision.due_at is not None)
    assert (decision.state is State.FAILED) == (decision.reason is not None)
    if decision.due_at is not None:
        assert NOW <= decision.due_at <= NOW + policy.longest_wait_seconds(message.channel)
    if decision.state is State.QUEUED and decision.due_at is not None:
        assert decision.due_at < message.deadline_at
    assert 0 <= decision.spent <= 1
    if decision.as_text:
        assert message.interactive
        assert result.form_refused
        assert (decision.state, decision.spent) in ((State.QUEUED, 0), (State.FAILED, 0))


@given(messages, results)
def test_nothing_fails_of_what_may_be_an_outage(message: Attempted, result: AttemptResult) -> None:
    """It is judged when it is due again. A throttle, and an error that an operator has to fix, cost no attempt."""
    decision = retry_policy(load({})).decide(message, result, now=NOW)
    if result.outcome in (Outcome.THROTTLED, Outcome.OPERATOR, Outcome.ENDED):
        assert decision.spent == 0
    if result.outage and result.outcome in (Outcome.RETRYABLE, Outcome.UNKNOWN):
        assert decision.suspect or decision.reason is Reason.WINDOW_CLOSED
    if result.outcome in (Outcome.THROTTLED, Outcome.OPERATOR, Outcome.ENDED) or decision.suspect:
        assert decision.reason in (None, Reason.WINDOW_CLOSED)
    if result.outcome is Outcome.UNKNOWN and message.channel == "whatsapp":
        assert decision.reason in (None, Reason.WINDOW_CLOSED)


@given(breakers, st.floats(NOW - 100, NOW))
def test_blame(breaker: Breaker, suspect_at: float) -> None:
    """The cause is an outage that lasted until then or longer; otherwise a later clear result rules an outage out;
    otherwise it is unknown."""
    expected = Blame.NOT_KNOWN
    if breaker.good_at > suspect_at:
        expected = Blame.MESSAGE
    if breaker.open_reason is OpenReason.OUTAGE or breaker.outage_at >= suspect_at:
        expected = Blame.OUTAGE

    assert breaker.blame(suspect_at) is expected
    assert breaker.blame(None) is Blame.MESSAGE


@given(st.floats(0, 1))
def test_jitter_stays_within_its_share(chance: float) -> None:
    """Each wait varies by at most a tenth either way."""
    policy = retry_policy(load({}), chance=lambda: chance)
    for spent, wait in enumerate((120, 240, 480, 960)):
        message = Attempted(
            channel="whatsapp", spent=spent, throttles=0, unknowns=0, deadline_at=NOW + 86400, interactive=False
        )
        decision = policy.decide(message, AttemptResult(outcome=Outcome.RETRYABLE), now=NOW)
        assert decision.due_at is not None
        assert 0.9 * wait - 1e-3 <= decision.due_at - NOW <= 1.1 * wait + 1e-3


@given(breakers, results, st.booleans())
def test_only_a_verdict_closes_the_breaker(breaker: Breaker, result: AttemptResult, trial: bool) -> None:
    """An unknown outcome neither opens nor closes it; an outage never closes it."""
    after = breaker.after(result, retry_policy(load({})).config, trial=trial, now=NOW)

    if breaker.open and not after.open:
        assert not result.outage
        assert is_verdict(result)
    if not breaker.open and after.open:
        assert result.outage or result.outcome in (Outcome.OPERATOR, Outcome.ENDED)
    if after.open:
        assert after.probe_at <= NOW + 480 or result.outcome is Outcome.ENDED


@given(breakers, st.booleans())
def test_a_probe_opens_but_does_not_close(breaker: Breaker, reachable: bool) -> None:
    """A response to a probe does not mean that Graph accepts replies: a trial has to show that."""
    after = breaker.after_probe(reachable, retry_policy(load({})).config, NOW)

    assert after.open == (breaker.open or not reachable)
    assert after.reachable == (breaker.open and reachable) or not after.open


@given(st.integers(0, 9), st.sampled_from([Outcome.RETRYABLE, Outcome.UNKNOWN]), st.booleans())
def test_what_may_be_repeated_is_never_unknown(spent: int, outcome: Outcome, outage: bool) -> None:
    """An event with an unknown outcome is sent again by the schedule: its receiver recognises it by its id."""
    policy = retry_policy(load({}), chance=lambda: 0.5)
    message = Attempted(channel="http", spent=spent, throttles=0, unknowns=0, deadline_at=NOW + 1e6, interactive=False)
    decision = policy.decide(message, AttemptResult(outcome=outcome, outage=outage), now=NOW)
    rescued = policy.rescue("http", spent=spent, now=NOW)

    if spent < 9:
        assert (decision.state, decision.due_at) == (State.QUEUED, NOW + http.BACKOFF_SECONDS[spent])
        assert (rescued.state, rescued.due_at, rescued.hopeless) == (State.QUEUED, NOW, None)
    else:
        assert Reason.RETRIES_EXHAUSTED in (decision.reason, decision.hopeless)
        assert rescued.hopeless is Reason.RETRIES_EXHAUSTED


def test_the_schedule_of_an_event() -> None:
    """5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h: ten attempts in 75 hours, always within the deadline."""
    minutes = [wait / 60 for wait in http.BACKOFF_SECONDS]

    assert minutes == [5 / 60, 5, 30, *(60 * hours for hours in (2, 5, 10, 14, 20, 24))]
    assert 75 < sum(minutes) / 60 < 76
    assert 1.1 * sum(http.BACKOFF_SECONDS) < http.DEADLINE_SECONDS


def test_an_endpoint_that_is_gone_is_left_alone() -> None:
    """There is no probe and no trial; the event waits until an operator resumes the endpoint."""
    policy = retry_policy(load({}))
    gone = AttemptResult(outcome=Outcome.ENDED, scope=Scope.NUMBER, code_class="4xx")
    message = Attempted(channel="http", spent=0, throttles=0, unknowns=0, deadline_at=NOW + 1e6, interactive=False)
    breaker = Breaker().after(gone, policy.config, trial=False, now=NOW)

    assert (breaker.open_reason, breaker.reachable) == (OpenReason.ENDED, False)
    assert breaker.probe_at > NOW + 100 * 365 * 86400
    assert policy.decide(message, gone, now=NOW).state is State.QUEUED
    # An attempt that was under way does not resume it.
    assert breaker.after(AttemptResult(outcome=Outcome.DELIVERED), policy.config, trial=False, now=NOW) == breaker
