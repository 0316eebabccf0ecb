"""Decisions after attempts, whatever came of them."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from recado.outcome import Outcome, Scope
from recado.queue.model import AttemptResult, Reason, State
from recado.queue.policy import Attempted, Blame, Breaker, Pace, RetryPolicy, is_verdict
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
    spent=st.integers(0, 10),
    throttles=st.integers(0, 1000),
    unknowns=st.integers(0, 3),
    deadline_at=st.floats(NOW - 86400, NOW + 86400),
    interactive=st.booleans(),
)
breakers = st.builds(
    Breaker,
    failures=st.integers(0, 100),
    open_reason=st.none() | st.sampled_from(["outage", "operator"]),
    opened_at=st.just(NOW),
    probe_at=st.just(NOW),
    reachable=st.booleans(),
    unknown_trials=st.integers(0, 10_000),
    good_at=st.floats(NOW - 100, NOW),
    outage_at=st.floats(NOW - 100, NOW),
)


@given(messages, results, st.floats(0, 1))
def test_every_decision_is_sound(message: Attempted, result: AttemptResult, chance: float) -> None:
    """A due time for what waits, within the window and the longest wait; a reason for what is given up."""
    policy = retry_policy(load({}), chance=lambda: chance)
    decision = policy.decide(message, result, now=NOW)

    assert (decision.state in (State.QUEUED, State.UNKNOWN)) == (decision.due_at is not None)
    assert (decision.state is State.FAILED) == (decision.reason is not None)
    if decision.due_at is not None:
        assert NOW <= decision.due_at <= NOW + 3600
    if decision.state is State.QUEUED and decision.due_at is not None:
        assert decision.due_at < message.deadline_at
    assert 0 <= decision.spent <= 1
    if decision.as_text:
        assert message.interactive
        assert result.form_refused
        assert (decision.state, decision.spent) in ((State.QUEUED, 0), (State.FAILED, 0))


@given(messages, results)
def test_nothing_fails_of_what_may_be_an_outage(message: Attempted, result: AttemptResult) -> None:
    """It is judged when it falls due again. A throttle, and an error that an operator has to mend, cost nothing."""
    decision = retry_policy(load({})).decide(message, result, now=NOW)
    if result.outcome in (Outcome.THROTTLED, Outcome.OPERATOR):
        assert decision.spent == 0
    if result.outage and result.outcome in (Outcome.RETRYABLE, Outcome.UNKNOWN):
        assert decision.suspect or decision.reason is Reason.WINDOW_CLOSED
    if result.outcome in (Outcome.THROTTLED, Outcome.OPERATOR, Outcome.UNKNOWN) or decision.suspect:
        assert decision.reason in (None, Reason.WINDOW_CLOSED)


@given(breakers, st.floats(NOW - 100, NOW))
def test_blame(breaker: Breaker, suspect_at: float) -> None:
    """An outage that lasted until then or longer is to blame; else a later verdict clears it; else nobody knows yet."""
    expected = Blame.NOT_KNOWN
    if breaker.good_at > suspect_at:
        expected = Blame.MESSAGE
    if breaker.open_reason == "outage" or breaker.outage_at >= suspect_at:
        expected = Blame.OUTAGE

    assert RetryPolicy.blame(suspect_at, breaker) is expected
    assert RetryPolicy.blame(None, breaker) is Blame.MESSAGE


@given(st.floats(0, 1))
def test_jitter_stays_within_its_share(chance: float) -> None:
    """Each wait varies by at most a tenth either way."""
    policy = retry_policy(load({}), chance=lambda: chance)
    for spent, wait in enumerate((120, 240, 480, 960)):
        message = Attempted(spent=spent, throttles=0, unknowns=0, deadline_at=NOW + 86400, interactive=False)
        decision = policy.decide(message, AttemptResult(outcome=Outcome.RETRYABLE), now=NOW)
        assert decision.due_at is not None
        assert 0.9 * wait - 1e-3 <= decision.due_at - NOW <= 1.1 * wait + 1e-3


@given(breakers, results, st.booleans())
def test_only_a_verdict_closes_the_breaker(breaker: Breaker, result: AttemptResult, trial: bool) -> None:
    """An unknown outcome neither opens nor closes it by itself; an outage never closes it."""
    after = retry_policy(load({})).breaker_after(breaker, result, trial=trial, now=NOW)

    if breaker.open and not after.open:
        assert not result.outage
        assert is_verdict(result)
    if not breaker.open and after.open:
        assert result.outage or result.outcome is Outcome.OPERATOR
    if after.open:
        assert after.probe_at <= NOW + 480


@given(breakers, st.booleans())
def test_a_probe_opens_but_does_not_close(breaker: Breaker, reachable: bool) -> None:
    """That Graph answers does not say that it takes a reply: one has to try."""
    after = retry_policy(load({})).breaker_after_probe(breaker, reachable, NOW)

    assert after.open == (breaker.open or not reachable)
    assert after.reachable == (breaker.open and reachable) or not after.open


@given(st.floats(0.001, 10), st.lists(st.floats(0, 5), max_size=50))
def test_turns_are_an_interval_apart(interval: float, pauses: list[float]) -> None:
    """However unevenly they are asked for."""
    pace, now, turns = Pace(interval, 0.0), NOW, []
    for pause in pauses:
        now += pause
        turns.append(pace.take(now))
        assert turns[-1] >= now

    assert all(b - a >= interval - 1e-6 for a, b in itertools.pairwise(turns))
