"""Whether pods keep the limits that they share."""

from collections.abc import Sequence

from loadtests.chaos.limits import Kept, judge

from recado.simulator.graph import Accepted


def kept(sent: Sequence[tuple[str, float, float, str]]) -> Kept:
    """The judgement of replies, each as (customer, turn, time at which Meta got it, text)."""
    replies = [
        Accepted(f"wamid.{n}", customer, "1", text, at, f"store.{n}.1")
        for n, (customer, _, at, text) in enumerate(sent)
    ]
    return judge(replies, {f"{n}.1": turn for n, (_, turn, _, _) in enumerate(sent)})


def test_what_is_kept() -> None:
    """Two replies to a customer in order, the second one late."""
    found = kept([("ana", 0.0, 0.01, "1 × gorra"), ("ana", 6.0, 6.5, "2 × gorra"), ("eva", 5.9, 5.91, "hola")])
    assert (found.busiest, found.on_time, found.disordered) == (2, 1, 0)
    assert (round(found.soonest, 2), round(found.late, 2), round(found.early, 2)) == (6.49, 0.5, -0.01)


def test_a_reply_before_its_turn() -> None:
    """A process that does not wait for its turns uses up the limit of the others."""
    found = kept([("ana", 1.0, 0.4, "1 × gorra"), ("ana", 7.0, 7.0, "2 × gorra")])
    assert round(found.early, 2) == 0.6


def test_too_many_in_a_second() -> None:
    """Either the turns are too close together, or a process does not wait for them; late replies do not count."""
    given = kept([("ana", n / 128, n / 128, "") for n in range(200)])
    taken = kept([("ana", n / 64, n / 128, "") for n in range(200)])
    late = kept([("ana", n / 64, max(n / 64, 3.0), "") for n in range(200)])
    assert (given.busiest, given.on_time) == (128, 128)
    assert (taken.busiest, taken.on_time) == (64, 128)
    assert (late.busiest, late.on_time) == (64, 9)


def test_replies_in_another_order() -> None:
    """The customer's second message got its reply first."""
    found = kept([("ana", 0.0, 0.0, "2 × gorra"), ("ana", 6.0, 6.0, "1 × gorra"), ("eva", 1.0, 1.0, "")])
    assert found.disordered == 1
