"""The doctor's findings about a queue in PostgreSQL."""

from collections.abc import Callable

import pytest

from recado.cluster.checks_database import PROBLEMS
from recado.cluster.doctor import Finding, Level
from recado.telemetry.metrics import STORE_PROBLEMS

from .conftest import METRICS
from .fake_cluster import FakeCluster

Look = Callable[..., list[Finding]]

READABLE = """recado_store_readable 1.0
recado_store_dead_rows 7.0
recado_store_oldest_snapshot_seconds 3600.0
recado_store_standbys{state="synchronous"} 1.0
recado_store_standbys{state="asynchronous"} 1.0
"""


def on_postgres(cluster: FakeCluster, told: str) -> None:
    """Removes the volume, and lets the web pod export the metrics of a server."""
    pod = cluster.find("Deployment", "shop-recado")["spec"]["template"]["spec"]
    pod["volumes"] = [volume for volume in pod["volumes"] if volume["name"] != "queue"]
    cluster.metrics = METRICS + told


def findings(look: Look) -> list[tuple[Level, str]]:
    return [(finding.level, finding.text) for finding in look() if finding.area == "database"]


def test_every_problem_of_the_server_has_a_finding() -> None:
    """The doctor knows every problem that the store can report."""
    assert set(PROBLEMS) == set(STORE_PROBLEMS.labels["problem"] or ())


def test_nothing_is_said_of_a_file(cluster: FakeCluster, look: Look) -> None:
    """SQLite has its own checks."""
    assert findings(look) == []


def test_a_file_may_be_counted_wrongly_too(cluster: FakeCluster, look: Look) -> None:
    """The counters are checked on both stores."""
    cluster.metrics = METRICS + "recado_store_miscounted_rows 2.0\n"
    ((level, text),) = findings(look)
    assert level is Level.WARNING
    assert "wrong by 2 rows" in text


def test_a_database_with_a_synchronous_standby(cluster: FakeCluster, look: Look) -> None:
    """An old transaction alone is not a problem."""
    on_postgres(cluster, READABLE)
    assert findings(look) == [(Level.OK, "a synchronous standby has what was acknowledged")]


@pytest.mark.parametrize(
    ("told", "level", "text"),
    [
        ("recado_store_readable 0.0\n", Level.FAULT, "the web pod cannot read the database"),
        (READABLE.replace('synchronous"} 1.0', 'synchronous"} 0.0'), Level.WARNING, "no synchronous standby"),
        (READABLE.replace("rows 7.0", "rows 200000.0"), Level.WARNING, "60 minutes keeps 200,000 dead rows"),
        (READABLE + "recado_store_delta_rows 60000.0\n", Level.WARNING, "60,000 additions to totals"),
        (READABLE + "recado_store_miscounted_rows 3.0\n", Level.WARNING, "wrong by 3 rows"),
        (READABLE + "recado_store_clock_offset_seconds 600.0\n", Level.WARNING, "clock is 600 s ahead of"),
        (READABLE + "recado_store_clock_offset_seconds -9.0\n", Level.WARNING, "clock is 9 s behind"),
        *(
            (READABLE + f'recado_store_problems{{problem="{problem}"}} 1.0\n', Level.WARNING, text)
            for problem, (text, _) in PROBLEMS.items()
        ),
    ],
)
def test_what_is_wrong_with_a_database(cluster: FakeCluster, look: Look, told: str, level: Level, text: str) -> None:
    """A sentence, and what to do."""
    on_postgres(cluster, told)
    (found,) = [finding for finding in look() if finding.area == "database" and finding.level is not Level.OK]
    assert found.level is level
    assert text in found.text
    assert found.fix
