"""Limits of events a minute."""

from recado.ratelimit import Allowance, MinuteLimit
from tests.clock import FakeClock


def test_within_once_over_then_silence() -> None:
    """The first event over the limit is distinguished, because the customer gets one notice."""
    limit = MinuteLimit(2, clock=FakeClock())

    assert [limit.count("a") for _ in range(4)] == [
        Allowance.WITHIN,
        Allowance.WITHIN,
        Allowance.JUST_OVER,
        Allowance.OVER,
    ]
    assert limit.count("b") is Allowance.WITHIN


def test_a_new_minute_starts_afresh_and_forgets() -> None:
    """Only the keys of the current minute are in memory."""
    clock = FakeClock(0.0)
    limit = MinuteLimit(1, clock=clock)
    for n in range(100):
        limit.count(str(n))
    clock.advance(60)

    assert limit.count("1") is Allowance.WITHIN
    assert len(limit._counts) == 1


def test_zero_is_no_limit() -> None:
    """Without a limit nothing is counted, so no memory is used."""
    limit = MinuteLimit(0)

    assert {limit.count("a") for _ in range(100)} == {Allowance.WITHIN}
    assert limit._counts == {}


def test_whether_a_limit_is_reached_can_be_asked() -> None:
    """The question counts nothing; in the next minute the limit is not reached."""
    clock = FakeClock()
    limit = MinuteLimit(2, clock=clock)
    assert not limit.reached("a")
    limit.count("a")
    assert [limit.reached("a") for _ in range(3)] == [False] * 3
    limit.count("a")
    assert (limit.reached("a"), limit.reached("b")) == (True, False)
    clock.advance(60)
    assert not limit.reached("a")
    assert not MinuteLimit(0).reached("a")
