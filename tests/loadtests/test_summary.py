"""The results of a run can be read, loaded again and compared."""

import json
from pathlib import Path

from loadtests.summary import Second, Summary, comparison, markdown, write
from loadtests.verdict import Deliveries, latency


def summary(name: str = "steady-80", p99: int = 90, complaints: list[str] | None = None) -> Summary:
    counts = {50: 99, p99: 1}
    times = latency(counts, limit_ms=1000)
    return Summary(
        name=name,
        started="2026-03-01 10:00:00 UTC",
        shape="steady",
        rate=80.0,
        seconds=10.0,
        messages_per_second=79.9,
        latency=times,
        latencies={"message": times},
        deliveries=Deliveries(sent=100, acknowledged=100, replies=100),
        queue={"queue_size": 0},
        attacks={"refused": 5, "let through": 0},
        complaints=complaints or [],
        counts=counts,
        course=[Second(1.0, 50, 50.0, 90.0), Second(2.0, 50, 50.0, 90.0)],
    )


def test_the_verdict_stands_in_the_first_line() -> None:
    """Passed or failed, and why."""
    assert markdown(summary()).startswith("# steady-80: passed\n")
    failed = markdown(summary(complaints=["3 acknowledged messages were never answered"]))
    assert failed.startswith("# steady-80: FAILED\n")
    assert "- 3 acknowledged messages were never answered" in failed


def test_without_a_simulator_nothing_is_claimed_about_deliveries() -> None:
    """The page says that deliveries were not verified."""
    unverified = summary()
    unverified.deliveries = None
    assert "not verified" in markdown(unverified)


def test_a_run_is_compared_with_the_file_of_an_earlier_one() -> None:
    """The page says what got better and what got worse."""
    earlier = json.loads(summary("before", p99=400).to_json())
    now = json.loads(summary("after", p99=90).to_json())
    now["messages_per_second"] = 70.0
    text = comparison(now, earlier)
    assert "Compared with before" in text
    assert "| messages/s | 79.9 | 70 | worse |" in text
    assert "| lost | 0 | 0 | same |" in text


def test_a_run_leaves_markdown_json_and_plots(tmp_path: Path) -> None:
    """The page contains the text and the picture in one file."""
    folder = write(summary(), tmp_path / "run")
    assert (folder / "latency.png").read_bytes().startswith(b"\x89PNG")
    assert "steady-80: passed" in (folder / "summary.html").read_text()
    assert json.loads((folder / "summary.json").read_text())["latency"]["count"] == 100
    assert "0 lost" in (folder / "summary.md").read_text()
