"""A short run with kill -9 of real processes under load; `make crash` kills hundreds of times."""

import asyncio
from pathlib import Path

import pytest
from loadtests.chaos import crash, endpoint


@pytest.mark.parametrize("statuses", [True, False], ids=["with statuses", "without statuses"])
def test_no_acknowledged_message_is_lost_by_kills(tmp_path: Path, statuses: bool) -> None:
    """Every message gets a reply; a second one only where a process died between Meta's acceptance and the record of
    it, and no status of Meta's had been acknowledged."""
    report = asyncio.run(crash.run(tmp_path, kills=4, per_second=40, statuses=statuses, seed=1))

    assert report.good, report
    assert report.messages > 0


def test_each_yes_is_one_order_through_kills(tmp_path: Path) -> None:
    """Customers tap twice on two pods, say yes while they tap, edit, say no, and tap old buttons."""
    talks, file = asyncio.run(crash.run_talks(tmp_path, kills=4, per_second=6, seed=1))

    assert file == "ok"
    assert talks.good, talks
    assert talks.said_yes > 0


def test_every_event_arrives_through_kills_beside_a_failing_endpoint(tmp_path: Path) -> None:
    """At least once, under one id, signed as an independent library signs; the sequences are complete."""
    arrivals = asyncio.run(endpoint.run(tmp_path, kills=3, per_second=4, seed=1))

    assert arrivals.good, arrivals
