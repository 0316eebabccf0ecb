"""Every alert fires when it must, not a minute before, and not when nothing is wrong; promtool judges."""

import itertools
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards import build, rules
from tests.dashboards.alert_cases import CASES, LOOKS, SCENARIOS, expected, input_series
from tests.telemetry.drill import undrilled

pytestmark = pytest.mark.prometheus
PROMTOOL = shutil.which("promtool") or "promtool"

GROUPS = [group["name"] for group in rules.groups()]


def promtool(folder: Path, tests: list[dict[str, Any]], names: list[str] = GROUPS) -> subprocess.CompletedProcess[str]:
    """Runs unit tests of the rules that the chart ships, or of the groups named."""
    groups = [group for group in rules.groups() if group["name"] in names]
    (folder / "rules.yaml").write_text(build.rule_file(groups))
    unit_tests = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "group_eval_order": names,
        "tests": tests,
    }
    (folder / "tests.yaml").write_text(yaml.dump(unit_tests, sort_keys=False, width=10_000))
    return subprocess.run([PROMTOOL, "test", "rules", "tests.yaml"], cwd=folder, capture_output=True, text=True)


def test_rules_are_well_formed() -> None:
    """promtool accepts the files that the chart ships."""
    files = sorted((build.CHART / "rules").glob("*.yaml"))
    assert files
    checked = subprocess.run([PROMTOOL, "check", "rules", *files], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_every_rule_has_a_case() -> None:
    """No alert, and no window of a burn rate, goes without a case that fires it."""
    covered = {(case.alert, case.rule.get("window", "")) for case in CASES}
    assert covered == {(alert.name, alert.labels.get("window", "")) for alert in rules.ALERTS}


def test_every_alert_has_a_drill() -> None:
    """`make drill` sees each alert fire for its fault, and clear."""
    assert undrilled() == set()


BURN_GROUPS = [name for name in GROUPS if name.startswith("recado.slo.") or name == "recado.burn"]
OTHER_GROUPS = [name for name in GROUPS if name not in BURN_GROUPS]


@pytest.mark.parametrize(("names", "burn"), [(BURN_GROUPS, True), (OTHER_GROUPS, False)], ids=["burn rates", "others"])
def test_alerts_fire_when_they_must_and_not_a_minute_early(names: list[str], burn: bool, tmp_path: Path) -> None:
    """Labels and annotations exact at the first minute; nothing of that name a minute before."""
    tests = [
        {
            "name": f"{case.alert} {case.rule}",
            "interval": "1m",
            "input_series": input_series(case.series),
            "alert_rule_test": [
                {"eval_time": f"{case.fires_at - 1}m", "alertname": case.alert, "exp_alerts": []},
                {"eval_time": f"{case.fires_at}m", "alertname": case.alert, "exp_alerts": [expected(case)]},
            ],
        }
        for case in CASES
        if ("slo" in case.labels) is burn
    ]
    result = promtool(tmp_path, tests, names)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_nothing_fires_while_nothing_is_wrong(scenario: Any, tmp_path: Path) -> None:
    """Idle, busy, suspended, restarted, just installed: not one alert."""
    names = {alert.name for alert in rules.ALERTS}
    looks = [
        {"eval_time": f"{minute}m", "alertname": name, "exp_alerts": []}
        for minute, name in itertools.product(LOOKS, sorted(names))
    ]
    tests = [{"interval": "1m", "input_series": input_series(scenario.series), "alert_rule_test": looks}]
    result = promtool(tmp_path, tests)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_drain_that_never_succeeded_is_noticed(tmp_path: Path) -> None:
    """Without a single success the age of the store counts."""
    case = next(case for case in CASES if case.alert == "RecadoDrainStalled")
    created = 'recado_store_created_timestamp_seconds{instance="a", job="recado", namespace="shop"}'
    tests = [
        {
            "interval": "1m",
            "input_series": [{"series": created, "values": "0x20"}],
            "alert_rule_test": [
                {"eval_time": "7m", "alertname": case.alert, "exp_alerts": []},
                {
                    "eval_time": "8m",
                    "alertname": case.alert,
                    "exp_alerts": [expected(case)],
                },
            ],
        }
    ]
    result = promtool(tmp_path, tests)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_release_that_was_never_seen_is_noticed(tmp_path: Path) -> None:
    """A Prometheus that has never scraped recado says so after five minutes."""
    rule = next(alert for alert in rules.ALERTS if alert.name == "RecadoDown").rule(rules.Pace())
    annotations = {
        name: text.replace("{{ $labels.namespace }}/{{ $labels.job }}", "/")
        for name, text in rule["annotations"].items()
    }
    tests = [
        {
            "interval": "1m",
            "input_series": [{"series": 'up{job="other"}', "values": "1x20"}],
            "alert_rule_test": [
                {"eval_time": "4m", "alertname": "RecadoDown", "exp_alerts": []},
                {
                    "eval_time": "5m",
                    "alertname": "RecadoDown",
                    "exp_alerts": [{"exp_labels": rule["labels"], "exp_annotations": annotations}],
                },
            ],
        }
    ]
    result = promtool(tmp_path, tests)
    assert result.returncode == 0, result.stdout + result.stderr


def test_few_failures_in_a_quiet_shop_call_nobody(tmp_path: Path) -> None:
    """Four refused webhooks of forty are ten per cent, and no alert."""
    name = 'recado_webhook_duration_seconds_count{instance="a", job="recado", namespace="shop", outcome="%s"}'
    tests = [
        {
            "interval": "1m",
            "input_series": [
                {"series": name % "accepted", "values": "0+1x36"},
                {"series": name % "error", "values": "0 0 4x34"},
            ],
            "alert_rule_test": [
                {"eval_time": f"{minute}m", "alertname": "RecadoWebhookRefusalBurn", "exp_alerts": []}
                for minute in (6, 10, 36)
            ],
        }
    ]
    result = promtool(tmp_path, tests)
    assert result.returncode == 0, result.stdout + result.stderr
