"""A load test fails if a reply is missing, doubled or slow, and only then."""

import pytest
from loadtests.verdict import Book, Deliveries, Latency, Thresholds, compare, complaints, latency, percentile

GOOD = latency({40: 980, 300: 15, 900: 5}, limit_ms=1000)


def book(*lines: tuple[str, int, int]) -> Book:
    written = Book()
    written.merge({address: [sent, acknowledged] for address, sent, acknowledged in lines})
    return written


def judge(times: Latency = GOOD, deliveries: Deliveries | None = None, reached: float = 80.0) -> list[str]:
    return complaints(Thresholds(), times, deliveries, waiting=0, wanted=80.0, reached=reached)


def test_one_reply_for_each_acknowledged_message_is_right() -> None:
    """Two messages from a phone number and one from a user id, each with one reply. Replies to strangers do not
    count."""
    found = compare(book(("+4911", 2, 2), ("US.4912", 1, 1)), {"+4911": 2, "US.4912": 1, "+4999": 7})
    assert (found.sent, found.acknowledged, found.replies, found.lost, found.doubled) == (3, 3, 3, 0, 0)


def test_an_acknowledged_message_without_reply_is_lost() -> None:
    """The customer is named, so that he can be found in the test's logs."""
    found = compare(book(("+4911", 1, 1)), {})
    assert found.lost == 1
    assert found.examples == ["+4911: 1 sent, 1 acknowledged, 0 replies"]


def test_a_second_reply_is_doubled() -> None:
    """Even if another customer's reply is missing: they do not compensate each other."""
    found = compare(book(("+4911", 1, 1), ("+4912", 1, 1)), {"+4911": 2})
    assert (found.lost, found.doubled) == (1, 1)


def test_a_message_that_was_not_acknowledged_may_be_answered_or_not() -> None:
    """The response may have been under way when the connection broke."""
    for replies in ({}, {"+4911": 1}):
        found = compare(book(("+4911", 1, 0)), replies)
        assert (found.lost, found.doubled) == (0, 0)


def test_workers_books_add_up() -> None:
    """Messages that were taken are removed, so that none is counted twice."""
    worker, master = Book(), Book()
    for _ in range(2):
        worker.sent("+4911")
        worker.acknowledged("+4911")
        master.merge(worker.take())
    assert master.items() == [("+4911", 2, 2)]
    assert worker.items() == []


def test_a_good_run_has_no_complaints() -> None:
    """Meta's limits are kept, nothing is lost, and the rate is reached."""
    assert judge(deliveries=Deliveries(sent=1, acknowledged=1, replies=1)) == []
    assert judge(deliveries=None) == []


@pytest.mark.parametrize(
    ("times", "deliveries", "reached", "word"),
    [
        (latency({251: 100}, limit_ms=1000), None, 80.0, "median"),
        (latency({10: 980, 1100: 20}, limit_ms=1000), None, 80.0, "1000 ms"),
        (latency({10: 100}, limit_ms=1000, refused=2), None, 80.0, "not answered 200"),
        (GOOD, Deliveries(lost=1), 80.0, "never answered"),
        (GOOD, Deliveries(doubled=1), 80.0, "too many"),
        (GOOD, None, 70.0, "shows nothing"),
        (latency({}, limit_ms=1000), None, 0.0, "no webhook"),
    ],
)
def test_each_limit_is_complained_about(
    times: Latency, deliveries: Deliveries | None, reached: float, word: str
) -> None:
    """One sentence for each thing that is wrong."""
    [complaint] = judge(times, deliveries, reached)
    assert word in complaint


def test_percentiles_are_of_the_counts() -> None:
    """Half of the responses took 10 ms or less, 99 % took at most 20 ms."""
    counts = {10: 50, 20: 49, 500: 1}
    assert [percentile(counts, share) for share in (0.5, 0.51, 0.99, 1.0)] == [10, 20, 20, 500]
    assert percentile({}, 0.5) == 0
