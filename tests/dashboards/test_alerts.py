"""promtool tests that every alert fires when it must, not a minute before, and not when nothing is wrong."""

import itertools
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from dashboards.alert import TimeScale
from dashboards.alerts import ALERTS
from dashboards.queries import BOARD, RULES, shown

from dashboards import build, rules
from recado.telemetry import metrics
from tests.dashboards.alert_cases import CASES, REPLACED, expected
from tests.dashboards.alert_data import Case, input_series, kube, series
from tests.dashboards.quiet_scenarios import LOOKS, SCENARIOS
from tests.telemetry.drills import undrilled

pytestmark = pytest.mark.prometheus
PROMTOOL = shutil.which("promtool") or "promtool"


def asked_by(tests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The groups with the rules of the alerts that the tests check, and the recording rules that these need. A test
    over days would take too long with all other rules."""
    alerts = {look["alertname"] for test in tests for look in test.get("alert_rule_test", ())}
    ours = [rule for group in rules.groups() for rule in group["rules"] if rule.get("alert") in alerts]
    asked = [rule["expr"] for rule in ours]
    asked += [look["expr"] for test in tests for look in test.get("promql_expr_test", ())]
    for expr in asked:  # the list grows meanwhile
        for rule in itertools.chain.from_iterable(group["rules"] for group in rules.groups()):
            if "record" in rule and rule not in ours and rule["record"] in expr:
                ours.append(rule)
                asked.append(rule["expr"])
    groups = [group | {"rules": [rule for rule in group["rules"] if rule in ours]} for group in rules.groups()]
    return [group for group in groups if group["rules"]]


def promtool(folder: Path, tests: list[dict[str, Any]], *, interval: str = "1m") -> subprocess.CompletedProcess[str]:
    """Runs unit tests with those rules of the chart that they need, evaluated every `interval`."""
    groups = asked_by(tests)
    (folder / "rules.yaml").write_text(build.rule_file(groups))
    unit_tests = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": interval,
        "group_eval_order": [group["name"] for group in groups],
        "tests": tests,
    }
    (folder / "tests.yaml").write_text(yaml.dump(unit_tests, sort_keys=False, width=10_000))
    return subprocess.run([PROMTOOL, "test", "rules", "tests.yaml"], cwd=folder, capture_output=True, text=True)


def test_rules_are_well_formed() -> None:
    """promtool accepts the files of the chart."""
    files = sorted((build.CHART / "rules").glob("*.yaml"))
    assert files
    checked = subprocess.run([PROMTOOL, "check", "rules", *files], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_every_rule_has_a_case() -> None:
    """Every alert, and every window of a burn rate, has a case that makes it fire."""
    covered = {(case.alert, case.rule.get("window", "")) for case in CASES}
    assert covered == {(alert.name, alert.labels.get("window", "")) for alert in ALERTS}


def test_every_alert_has_a_drill() -> None:
    """`make drill` makes each alert fire for its fault, and clear."""
    assert undrilled() == set()


@pytest.mark.parametrize("alert", sorted({case.alert for case in CASES}))
def test_alerts_fire_when_they_must_and_not_a_minute_early(alert: str, tmp_path: Path) -> None:
    """The alert has the exact labels and annotations at the first minute, and does not fire a minute before."""
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
        if case.alert == alert
    ]
    result = promtool(tmp_path, tests)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_nothing_fires_while_nothing_is_wrong(scenario: Any, tmp_path: Path) -> None:
    """No alert fires in an idle, busy, suspended, restarted or new release."""
    names = {alert.name for alert in ALERTS}
    looks = [
        {"eval_time": f"{minute}m", "alertname": name, "exp_alerts": []}
        for minute, name in itertools.product(LOOKS, sorted(names))
    ]
    tests = [{"interval": "1m", "input_series": input_series(scenario.series), "alert_rule_test": looks}]
    result = promtool(tmp_path, tests)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("case", REPLACED, ids=lambda case: case.alert)
def test_an_incident_outlives_the_pod_that_saw_it(case: Case, tmp_path: Path) -> None:
    """What a durable total counts before, between and after two pods counts once."""
    looks = [
        {"eval_time": f"{case.fires_at - 1}m", "alertname": case.alert, "exp_alerts": []},
        {"eval_time": f"{case.fires_at}m", "alertname": case.alert, "exp_alerts": [expected(case)]},
    ]
    tests = [{"interval": "1m", "input_series": input_series(case.series), "alert_rule_test": looks}]
    result = promtool(tmp_path, tests)
    assert result.returncode == 0, result.stdout + result.stderr


#: The replies delivered in an hour, as queried in rules and on boards.
INCREASES = {
    "counter in rules": RULES.increase(metrics.FINISHED, "1h", where='outcome="delivered"'),
    "counter on boards": shown(BOARD.increase(metrics.FINISHED, "1h", where='outcome="delivered"'), "1m"),
    "histogram in rules": RULES.within(metrics.DELIVERY_AGE, 300.0, "1h", fn="increase"),
    "histogram on boards": shown(BOARD.within(metrics.DELIVERY_AGE, 300.0, "1h", fn="increase"), "1m"),
}


def totals(**pods: str) -> list[dict[str, str]]:
    """Delivered replies as pods export them: a counter and a bucket."""
    target = 'instance="%s", job="recado", namespace="shop"'
    names = (
        f'recado_replies_finished_total{{{target}, outcome="delivered"}}',
        f'recado_delivery_age_seconds_bucket{{{target}, le="300.0"}}',
    )
    return [{"series": name % pod, "values": values} for name in names for pod, values in pods.items()]


@pytest.mark.parametrize("expr", INCREASES.values(), ids=INCREASES)
def test_a_total_neither_jumps_nor_falls_back_with_its_pods(expr: str, tmp_path: Path) -> None:
    """Ten replies a minute, 100,000 at the start. The new pod is scraped half a minute after the old one, which ends
    in between: its last value is then above the new pod's."""
    old = "_ _" + "".join(f" {100_005 + 10 * minute} _ _ _" for minute in range(60)) + " 100605 stale"
    new = "_x160" + "".join(f" {100_000 + 10 * minute} _ _ _" for minute in range(40, 121))
    looks = [
        {"expr": f"round(sum({expr}), 20)", "eval_time": f"{minute}m", "exp_samples": [{"labels": "{}", "value": 600}]}
        for minute in (62, 90, 118)
    ]
    tests = [{"interval": "15s", "input_series": totals(old=old, new=new), "promql_expr_test": looks}]
    result = promtool(tmp_path, tests, interval="15s")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(("name", "expr"), INCREASES.items(), ids=INCREASES)
def test_an_empty_store_counts_from_nothing(name: str, expr: str, tmp_path: Path) -> None:
    """300 replies of the old store and 290 of the new one are 590, without the 100,000 before. Rules count what the
    new store has exported, to within two minutes, because they cannot distinguish it from a restored one."""
    pods = {"old": "100000+10x60 stale", "new": "_x61 0+10x60"}
    counted = 280 if "in rules" in name else 590
    looks = [
        {"expr": f"round(sum({expr}), 10)", "eval_time": "90m", "exp_samples": [{"labels": "{}", "value": counted}]}
    ]
    tests = [{"interval": "1m", "input_series": totals(**pods), "promql_expr_test": looks}]
    result = promtool(tmp_path, tests, interval="15s")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("values", "fires"),
    [
        ("0+1x400 400x12000", True),
        ("0x90 0+1x15 15x12000", False),
        ("0x8700 0+1x300 300x3000", False),
        ("_x8000 0+1x1500 1500x2000", True),
        ("0+1x400 400x9800 400+1x200", False),
    ],
    ids=["many a week ago", "few a week ago", "none a week ago, many a day ago", "a new shop", "they come again"],
)
def test_webhooks_are_missed_where_they_were_usual(values: str, fires: bool, tmp_path: Path) -> None:
    """The same hours a week ago count. Only if nothing is known about them, the hours of yesterday count."""
    name = 'recado_webhook_duration_seconds_count{instance="a", job="recado", namespace="shop", outcome="accepted"}'
    alert = next(alert for alert in ALERTS if alert.name == "RecadoWebhooksStopped")
    tests = [
        {
            "interval": "1m",
            "input_series": [{"series": name, "values": values}],
            "promql_expr_test": [
                {
                    "expr": f"count({alert.expr(TimeScale())})",
                    "eval_time": f"{7 * 24 * 60 + 200}m",
                    "exp_samples": [{"labels": "{}", "value": 1}] if fires else [],
                }
            ],
        }
    ]
    result = promtool(tmp_path, tests)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_drain_that_never_succeeded_is_noticed(tmp_path: Path) -> None:
    """Without any success, the age of the store counts."""
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


@pytest.mark.parametrize(
    ("created", "accepted", "fires"),
    [("0x120", "0x120", True), ("-700000x120", "0x120", False), ("0x120", "0+1x120", False)],
    ids=["a first install", "a shop that nobody has written to for a day", "right ones come too"],
)
def test_a_wrong_secret_is_noticed_before_a_right_one_ever_came(
    created: str, accepted: str, fires: bool, tmp_path: Path
) -> None:
    """A new installation with a wrong app secret refuses every webhook from the first one on."""
    case = next(case for case in CASES if case.alert == "RecadoWrongAppSecret")
    first = {
        series(metrics.STORE_CREATED): created,
        series(metrics.SIGNATURE_FAILURES, reason="mismatch"): "0+3x120",
        series(metrics.WEBHOOK_DURATION, "_count", outcome="accepted"): accepted,
    }
    tests = [
        {
            "interval": "1m",
            "input_series": input_series(first),
            "alert_rule_test": [
                {"eval_time": "60m", "alertname": case.alert, "exp_alerts": [expected(case)] if fires else []}
            ],
        }
    ]
    result = promtool(tmp_path, tests)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_loop_that_was_paused_is_not_stalled(tmp_path: Path) -> None:
    """drain.suspend removes the loop's pod; the loop of another release does not matter."""
    looks = {"recado-drain": [], "other-drain": [expected(next(c for c in CASES if c.alert == "RecadoDrainStalled"))]}
    tests = [
        {
            "interval": "1m",
            "input_series": input_series(
                {
                    series(metrics.DRAIN_LAST_SUCCESS): "0 60 120 120x20",
                    kube("kube_deployment_spec_replicas", deployment=deployment): "0x20",
                }
            ),
            "alert_rule_test": [{"eval_time": "10m", "alertname": "RecadoDrainStalled", "exp_alerts": alerts}],
        }
        for deployment, alerts in looks.items()
    ]
    result = promtool(tmp_path, tests)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_release_that_was_never_seen_is_noticed(tmp_path: Path) -> None:
    """A Prometheus that has never scraped recado reports it after five minutes."""
    rule = next(alert for alert in ALERTS if alert.name == "RecadoDown").rule(TimeScale())
    description = "Prometheus has no series of recado: no release runs, or its pods are not scraped."
    annotations = {**rule["annotations"], "description": description}
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


def test_a_release_that_is_gone_is_noticed_for_two_days(tmp_path: Path) -> None:
    """Even while other releases run."""
    case = next(case for case in CASES if case.alert == "RecadoDown")
    other = {name.replace('"shop"', '"other"'): "1x3000" for name in case.series}
    looks = [
        {"eval_time": f"{minute}m", "alertname": "RecadoDown", "exp_alerts": alerts}
        for minute, alerts in ((case.fires_at, [expected(case)]), (47 * 60, [expected(case)]), (49 * 60, []))
    ]
    tests = [{"interval": "1m", "input_series": input_series({**case.series, **other}), "alert_rule_test": looks}]
    result = promtool(tmp_path, tests)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("reason", ["outage", "operator"])
def test_late_replies_after_an_outage_page_nobody(reason: str, tmp_path: Path) -> None:
    """For an hour after a breaker was open because of an outage. A breaker that waited for an operator is no excuse."""
    case = next(case for case in CASES if case.alert == "RecadoDeliveryBurn" and case.rule["window"] == "1h")
    breaker = (
        f'recado_breaker_open{{instance="a", job="recado", namespace="shop", phone_number_id="1", reason="{reason}"}}'
    )
    late = {name: values.partition("x")[0] + "x100" for name, values in case.series.items()}
    looks = [
        {
            "eval_time": f"{minute}m",
            "alertname": case.alert,
            "exp_alerts": [expected(case)] if reason != "outage" else [],
        }
        for minute in (case.fires_at, 10)
    ] + [{"eval_time": "59m", "alertname": case.alert, "exp_alerts": []}] * (reason == "outage")
    tests = [{"interval": "1m", "input_series": input_series({**late, breaker: "1x5 0x100"}), "alert_rule_test": looks}]
    result = promtool(tmp_path, tests)
    assert result.returncode == 0, result.stdout + result.stderr


def test_few_failures_in_a_quiet_shop_call_nobody(tmp_path: Path) -> None:
    """Four refused webhooks of forty are ten per cent, but too few for an alert."""
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
