"""The doctor's findings about the endpoints of the shop's events."""

from collections.abc import Callable

import pytest

from recado.cluster.doctor import Finding, Level
from recado.telemetry import metrics
from tests.doctor.fake_cluster import FakeCluster

Look = Callable[..., list[Finding]]


def scrape(
    *, held: str = "", delivered: float = 5.0, refused: float = 1.0, oldest: float = 30.0, endpoint: str = "crm"
) -> str:
    """What the web pod exports about one endpoint."""
    name = f'endpoint="{endpoint}"'
    lines = [
        f"{metrics.EVENT_BACKLOG.name}{{{name}}} 3.0",
        f"{metrics.EVENT_OLDEST_AGE.name}{{{name}}} {oldest}",
        f'{metrics.EVENT_ATTEMPTS.name}{{{name},outcome="delivered"}} {delivered}',
        f'{metrics.EVENT_ATTEMPTS.name}{{{name},outcome="retryable"}} {refused}',
        *(
            f'{metrics.EVENT_ENDPOINT_HELD.name}{{{name},reason="{reason}"}} {float(held == reason)}'
            for reason in ("outage", "operator", "ended")
        ),
    ]
    return "".join(f"{line}\n" for line in lines)


def test_an_endpoint_that_gets_its_events(cluster: FakeCluster, look: Look) -> None:
    cluster.metrics += scrape()
    found = [(finding.level, finding.text) for finding in look() if finding.area == "endpoints"]

    assert found == [(Level.OK, "crm gets its events")]


def test_without_endpoints_nothing_is_said(look: Look) -> None:
    assert [finding for finding in look() if finding.area == "endpoints"] == []


def attempts(target: str, **counts: float) -> str:
    """What the web pod exports about the notices to a target."""
    series = (f'{metrics.NOTICE_ATTEMPTS.name}{{target="{target}",outcome="{what}"}}' for what in counts)
    return "".join(f"{one} {count}\n" for one, count in zip(series, counts.values(), strict=True))


def test_the_targets_of_notices(cluster: FakeCluster, look: Look) -> None:
    """One finding for each: a target that accepted a notice, one that got none, and one that accepted none."""
    cluster.metrics += attempts("mail", delivered=2.0, operator=9.0) + attempts("phone", delivered=0.0, retryable=0.0)
    cluster.metrics += attempts("slack", delivered=0.0, retryable=4.0, operator=1.0)
    found = [finding for finding in look() if finding.area == "notices"]

    assert [(one.level, one.text.partition(";")[0]) for one in found] == [
        (Level.OK, "mail gets notices"),
        (Level.OK, "phone has been sent no notice yet"),
        (Level.FAULT, "slack has accepted no notice in 5 attempts"),
    ]
    assert "recado notify test" in (found[2].fix or "")


@pytest.mark.parametrize(
    ("told", "level", "text"),
    [
        (scrape(held="outage"), Level.FAULT, "crm is down"),
        (scrape(held="operator"), Level.FAULT, "crm is wrongly configured"),
        (scrape(held="ended"), Level.FAULT, "crm responded with 410"),
        (scrape(delivered=0.0, refused=12.0), Level.FAULT, "crm has not accepted one event in 12 attempts"),
        (scrape(oldest=1800.0), Level.WARNING, "an event has waited 30 minutes for crm"),
    ],
)
def test_what_is_wrong_with_an_endpoint(cluster: FakeCluster, look: Look, told: str, level: Level, text: str) -> None:
    """One finding for each endpoint, with what to do."""
    cluster.metrics += told + scrape(endpoint="lake")
    found = [finding for finding in look() if finding.area == "endpoints"]

    assert [(finding.level, finding.text.startswith(text)) for finding in found] == [(level, True), (Level.OK, False)]
    assert found[0].fix
