"""Limits by the minute."""

from recado.ratelimit import Allowance, MinuteLimit
from tests.clock import FakeClock


def test_within_once_over_then_silence() -> None:
    """The first event over the limit is told apart, for the one notice that a customer gets."""
    limit = MinuteLimit(2, clock=FakeClock())

    assert [limit.count("a") for _ in range(4)] == [
        Allowance.WITHIN,
        Allowance.WITHIN,
        Allowance.JUST_OVER,
        Allowance.OVER,
    ]
    assert limit.count("b") is Allowance.WITHIN


def test_an_event_counts_once_however_often_it_is_brought() -> None:
    """Told again it is where it was: neither nearer to the limit nor, beyond it, let through."""
    limit = MinuteLimit(1, clock=FakeClock())

    assert [limit.count("a", event="one") for _ in range(3)] == [Allowance.WITHIN] * 3
    assert [limit.count("a", event="two") for _ in range(2)] == [Allowance.JUST_OVER] * 2
    assert limit.count("a", event="three") is Allowance.OVER


def test_a_new_minute_starts_afresh_and_forgets() -> None:
    """Memory holds one minute's keys only."""
    clock = FakeClock(0.0)
    limit = MinuteLimit(1, clock=clock)
    for n in range(100):
        limit.count(str(n), event=f"event {n}")
    clock.advance(60)

    assert limit.count("1") is Allowance.WITHIN
    assert len(limit._counts) == 1
    assert limit._places == {}


def test_zero_is_no_limit() -> None:
    """And costs no memory."""
    limit = MinuteLimit(0)

    assert {limit.count("a") for _ in range(100)} == {Allowance.WITHIN}
    assert limit._counts == {}


def test_whether_a_limit_is_reached_can_be_asked() -> None:
    """Asking counts nothing; the next minute has its events again."""
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


def test_events_count_in_the_minute_in_which_they_happened() -> None:
    """Hours of them brought at once are within the limit, if they were when they happened."""
    limit = MinuteLimit(2, clock=FakeClock())

    assert {limit.count("a", happened_at=30.0 * n) for n in range(100)} == {Allowance.WITHIN}
    assert limit.count("a", happened_at=30.0) is Allowance.JUST_OVER


def test_keys_that_came_together_are_counted_together() -> None:
    """Who has two names has one limit."""
    limit = MinuteLimit(3, clock=FakeClock())

    assert [limit.count("phone"), limit.count("id", "phone"), limit.count("phone")] == [Allowance.WITHIN] * 3
    assert [limit.count("id"), limit.count("phone")] == [Allowance.JUST_OVER, Allowance.OVER]
