"""The doctor's findings about the transcriber of voice notes."""

from collections.abc import Callable

import pytest

from recado.cluster.doctor import Finding, Level
from recado.telemetry import metrics
from tests.doctor.fake_cluster import FakeCluster

Look = Callable[..., list[Finding]]


def scrape(**attempts: float) -> str:
    """What the web pod exports about attempts, by their result."""
    lines = []
    for kind, count in attempts.items():
        outcome, error = ("delivered", "none") if kind == "heard" else ("operator", kind)
        lines.append(f'{metrics.VOICE_ATTEMPTS.name}{{outcome="{outcome}",error_class="{error}"}} {count}\n')
    return "".join(lines)


@pytest.mark.parametrize(
    ("attempts", "level", "text"),
    [
        ({"heard": 5.0, "timeout": 2.0}, Level.OK, "voice notes are transcribed"),
        ({"configuration": 7.0, "timeout": 2.0}, Level.FAULT, "no voice note was transcribed in 9 attempts"),
        ({"server": 3.0}, Level.WARNING, "no voice note was transcribed in 3 attempts, mostly for server"),
    ],
)
def test_what_is_said_of_voice_notes(
    cluster: FakeCluster, look: Look, attempts: dict[str, float], level: Level, text: str
) -> None:
    cluster.metrics += scrape(**attempts)
    (found,) = [finding for finding in look() if finding.area == "voice"]

    assert (found.level, found.text.startswith(text)) == (level, True)
    assert bool(found.fix) == (level is not Level.OK)


def test_without_voice_notes_nothing_is_said(look: Look) -> None:
    assert [finding for finding in look() if finding.area == "voice"] == []
