"""Boards, rules and docs are up to date and match the registry of metrics, and their links work."""

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import promql_parser
import pytest
from dashboards.alert import Alert, TimeScale
from dashboards.alerts import ALERTS
from dashboards.boards import BOARDS
from dashboards.model import Board, Panel, Shape
from dashboards.queries import shown
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import build, panels, rules, usage
from recado.telemetry.metrics import REGISTRY

PANELS = [pytest.param(board, panel, id=f"{board.uid}: {panel.title}") for board in BOARDS for panel in board.panels]
RUNBOOKS = build.ROOT / "docs" / "runbooks"
NAMES = sorted({alert.name for alert in ALERTS})

#: Grafana's units that the boards use; with a wrong name Grafana shows numbers without a unit.
UNITS = {"none", "s", "percentunit", "reqps", "cps", "ops", "bytes", "x"}


def test_generated_files_are_up_to_date() -> None:
    """The committed files are what `make dashboards` writes."""
    assert [str(path.relative_to(build.ROOT)) for path in build.outdated()] == []


def test_nothing_else_lies_in_the_generated_folders() -> None:
    """A board or rule file that is no longer generated does not stay in the chart."""
    made = set(build.files())
    found = {path for folder in ("dashboards", "rules") for path in (build.CHART / folder).iterdir()}
    assert found <= made


def test_output_is_deterministic() -> None:
    """The same boards give the same bytes in every process, whatever hash seed Python uses."""
    program = (
        "import hashlib; from dashboards import build\n"
        "print(hashlib.sha256(repr(sorted(build.files().items())).encode()).hexdigest())"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=build.ROOT,
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(made) == 1


def test_every_metric_used_exists() -> None:
    """Boards and rules use only metrics that the code has."""
    assert usage.unknown_names() == set()


def test_every_metric_that_exists_is_used() -> None:
    """Every metric is used on a board or in a rule."""
    assert [metric.name for metric in REGISTRY if not usage.used_by(metric)] == []


def test_every_query_parses() -> None:
    """Every query is valid PromQL by Prometheus's own grammar."""
    for use in usage.uses():
        promql_parser.parse(shown(use.expr, "1m"))


def test_every_label_in_a_query_exists() -> None:
    """Every matcher names a label of its metric and one of its values, so it can match."""
    labels = {name: metric for metric in REGISTRY for name in metric.series}
    target = {"namespace", "job", "instance", "le"}
    for use in usage.uses():
        for name, inside in re.findall(r"\b(recado_[a-z0-9_]+)(?::max)?\{([^}]*)\}", use.expr):
            for label, _, value in re.findall(r'(\w+)(=~|!=|=)"([^"]*)"', inside):
                if label in target:
                    continue
                assert label in labels[name].labels, use
                allowed = labels[name].labels[label]
                assert allowed is None or set(value.split("|")) <= set(allowed), use


def test_a_bucket_in_a_query_is_an_edge() -> None:
    """A `le` that is not an edge of its histogram would match nothing."""
    edges = {f"{metric.name}_bucket": metric.edges for metric in REGISTRY}
    for use in usage.uses():
        for name, le in re.findall(r'\b(recado_[a-z0-9_]+)(?::max)?\{[^}]*le="([^"]*)"', use.expr):
            assert le in edges[name]


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_panel_is_complete(board: Board, panel: Panel) -> None:
    """Each panel says what it shows, in which unit, and what to look at next."""
    assert panel.unit in UNITS
    assert len(panel.description) > 20
    assert panel.description.endswith(".")
    assert panel.queries
    assert panel.runbook or panel.logs or panel.board or panel.traces
    assert panel.board != board.uid
    assert panel.shape is not Shape.STAT or panel.steps or panel.unit == "none"


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_board_is_complete(board: Board) -> None:
    """Rows are questions, titles are unique, rows fill the grid's width, links have a destination."""
    titles = [panel.title for panel in board.panels]
    assert len(set(titles)) == len(titles)
    known = {other.uid for other in BOARDS}
    for row in board.rows:
        assert row.question.endswith("?")
        assert sum(panel.width for panel in row.panels) % 24 == 0, row.question
        for panel in row.panels:
            assert not panel.board or panel.board in known
            assert not panel.runbook or (RUNBOOKS / f"{panel.runbook}.md").is_file()


def test_what_is_one_at_most_is_never_added_up() -> None:
    """A sum of breakers over numbers or releases would not fit on a panel that ends at one."""
    for use in usage.uses():
        if use.board and "recado_breaker_open" in use.expr:
            assert use.expr.startswith("max by"), use


def test_uids_never_change() -> None:
    """Bookmarks and links depend on them."""
    assert [board.uid for board in BOARDS] == [
        *("recado-overview", "recado-shop", "recado-queue", "recado-graph", "recado-quotes", "recado-events"),
        "recado-runtime",
    ]


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_json_is_what_grafana_reads(board: Board) -> None:
    """Grafana's own model reads and writes it unchanged; every panel has an id, a position and its data source."""
    text = panels.to_json(board)
    # `panels` imports the SDK's model and suppresses its warning.
    model = panels.dm.Dashboard.from_json(json.loads(text))  # type: ignore[attr-defined]  # not a re-export
    again = json.loads(json.dumps(model, cls=JSONEncoder))
    document = json.loads(text)
    assert {key: again[key] for key in document if key != "panels"} == {
        k: v for k, v in document.items() if k != "panels"
    }
    assert len(text) < 900_000, "a ConfigMap holds 1 MiB"
    found = document["panels"]
    assert sorted(panel["id"] for panel in found) == list(range(1, len(found) + 1))
    shown = [panel for panel in found if panel["type"] != "row"]
    assert len(shown) == len(board.panels)
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in shown)
    assert {variable["name"] for variable in document["templating"]["list"]} == {
        *("datasource", "namespace", "release", "logs", "traces"),
    }
    assert not _overlapping(shown)


def _overlapping(shown: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Panels that overlap."""

    def apart(a: dict[str, int], b: dict[str, int]) -> bool:
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        return beside or a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]

    return [
        (one["title"], other["title"])
        for one, other in itertools.combinations(shown, 2)
        if not apart(one["gridPos"], other["gridPos"])
    ]


@pytest.mark.parametrize("name", NAMES)
def test_alert_has_a_runbook(name: str) -> None:
    """A page of its own with what somebody who was just woken needs, and with commands to paste."""
    text = (RUNBOOKS / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["Meaning", "Impact", "Diagnosis", "Mitigation", "What not to do"]
    assert "```sh\nexport NAMESPACE=" in text


def test_no_runbook_without_an_alert() -> None:
    """Every runbook belongs to an alert."""
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == {*NAMES, "README"}


def test_links_in_the_docs_lead_somewhere() -> None:
    """The relative links of metrics, alerting and runbooks."""
    docs = build.ROOT / "docs"
    for page in [docs / "metrics.md", docs / "alerting.md", *RUNBOOKS.glob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


@pytest.mark.parametrize("alert", ALERTS, ids=lambda a: f"{a.name} {a.labels.get('window', '')}")
def test_alert_is_complete(alert: Alert) -> None:
    """It has a severity, a summary without numbers, a description that names the target, and the runbook's URL."""
    rule = alert.rule(TimeScale())
    assert re.fullmatch(r"Recado[A-Z][A-Za-z]+", alert.name)
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert not re.search(r"\d|\{\{", alert.summary)
    assert alert.summary.endswith(".")
    assert "$labels.namespace" in alert.description
    assert rule["annotations"]["runbook_url"].endswith(f"/{alert.name}.md")


def test_one_alert_one_meaning() -> None:
    """The rules of one alert share their summary."""
    for name in NAMES:
        assert len({alert.summary for alert in ALERTS if alert.name == name}) == 1


def test_a_pace_divides_every_duration() -> None:
    """At sixty times the speed, every window and every `for` is a sixtieth, and no expression keeps a long one."""
    slow, fast = rules.groups(), rules.groups(TimeScale(60))
    minutes = {"ms": 1 / 60000, "s": 1 / 60, "m": 1, "h": 60, "d": 1440}

    def spans(groups: list[dict[str, Any]]) -> list[float]:
        found = re.findall(r"(?:\[|offset )(\d+)(ms|[smhd])", " ".join(r["expr"] for g in groups for r in g["rules"]))
        return [float(number) * minutes[unit] for number, unit in found]

    assert spans(fast) == pytest.approx([span / 60 for span in spans(slow)])


def test_the_metrics_page_names_every_metric(tmp_path: Path) -> None:
    """docs/metrics.md documents each metric with the values of its labels."""
    page = (build.ROOT / "docs" / "metrics.md").read_text()
    for metric in REGISTRY:
        assert f"### `{metric.name}`" in page
        assert all(f"`{value}`" in page for values in metric.labels.values() for value in values or ())
