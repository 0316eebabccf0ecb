"""Every scenario renders to the committed file, and Kubernetes accepts the objects."""

import base64
import shutil
import subprocess
from pathlib import Path

import generate
import kubernetes_validate
import pytest
import yaml

from .conftest import Manifest, find, manifests

#: Kinds whose schemas come with their own operators, not with Kubernetes.
FOREIGN = {"PrometheusRule", "ServiceMonitor", "PodMonitor", "HTTPRoute", "Middleware", "TLSOption"}
KUBERNETES_VERSIONS = ("1.30", "1.37")


@pytest.mark.parametrize("name", generate.SCENARIOS)
def test_a_scenario_renders_to_its_golden_file(name: str) -> None:
    """A change of the chart shows in the golden file. If it fails: python charts/generate.py"""
    assert generate.golden_text(name) == generate.golden(name).read_text()


@pytest.mark.parametrize("name", generate.SCENARIOS)
def test_lint_finds_nothing(name: str) -> None:
    """`helm lint --strict` passes each scenario."""
    values = str(generate.CHART / "ci" / f"{name}-values.yaml")
    done = generate.helm("lint", "--strict", str(generate.CHART), "-f", values)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", KUBERNETES_VERSIONS)
def test_objects_fit_the_schemas_of_kubernetes(scenario: list[Manifest], version: str) -> None:
    """The oldest and the newest supported Kubernetes know every field of every object."""
    for document in scenario:
        if document["kind"] not in FOREIGN:
            kubernetes_validate.validate(document, version, strict=True)


def test_names_are_unique_and_short(scenario: list[Manifest]) -> None:
    """No two objects of a kind share a name, and a CronJob's leaves room for what Kubernetes appends."""
    names = [(d["kind"], d["metadata"]["name"]) for d in scenario]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 52 for kind, name in names if kind == "CronJob")


def test_every_object_carries_the_standard_labels(scenario: list[Manifest]) -> None:
    """Every object has the recommended labels, by which operators find all objects of a release."""
    for document in scenario:
        labels = document["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == "recado"
        assert labels["app.kubernetes.io/instance"] == generate.RELEASE
        assert {"app.kubernetes.io/version", "app.kubernetes.io/managed-by", "helm.sh/chart"} <= set(labels)


def test_selectors_hold_no_version(scenario: list[Manifest]) -> None:
    """A selector with a version in it would lose its pods at the first upgrade."""
    for document in scenario:
        if document["kind"] == "Deployment":
            assert set(document["spec"]["selector"]["matchLabels"]) == {
                "app.kubernetes.io/name",
                "app.kubernetes.io/instance",
                "app.kubernetes.io/component",
            }


@pytest.mark.prometheus
def test_rendered_rules_pass_promtool(tmp_path: Path) -> None:
    """Prometheus loads the rules that the chart renders."""
    promtool = shutil.which("promtool") or "promtool"
    documents = manifests(generate.scenario("production"))
    (rules,) = (d for d in documents if d["kind"] == "PrometheusRule")
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(rules["spec"]))
    done = subprocess.run([promtool, "check", "rules", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_pods_are_scraped_as_the_same_job_by_either_monitor(scenario: list[Manifest]) -> None:
    """A ServiceMonitor's job is the Service's name, as runbooks expect; a PodMonitor's would be namespace/name."""
    for document in scenario:
        if document["kind"] == "PodMonitor":
            (endpoint,) = document["spec"]["podMetricsEndpoints"]
            assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": "shop-recado"}]
        if document["kind"] == "ServiceMonitor":
            assert "jobLabel" not in document["spec"]
            assert any(d["kind"] == "Service" and d["metadata"]["name"] == "shop-recado" for d in scenario)


def test_boards_fit_into_config_maps(scenario: list[Manifest]) -> None:
    """Each board has the sidecar's label and is smaller than a ConfigMap's limit."""
    for document in scenario:
        if "grafana_dashboard" in document["metadata"]["labels"]:
            assert document["metadata"]["labels"]["grafana_dashboard"] == "1"
            assert len(next(iter(document["data"].values())).encode()) < 1024 * 1024


def test_every_board_and_rule_file_is_installed() -> None:
    """Every file of dashboards/ and rules/ is installed where the values enable it."""
    documents = manifests(generate.scenario("monitoring"))
    shipped = {name for d in documents if d["kind"] == "ConfigMap" for name in d["data"]}
    assert {path.name for path in generate.CHART.glob("dashboards/*.json")} <= shipped
    (rules,) = (d for d in documents if d["kind"] == "PrometheusRule")
    wanted = [
        group["name"]
        for path in sorted(generate.CHART.glob("rules/*.yaml"))
        for group in yaml.safe_load(path.read_text())["groups"]
    ]
    assert sorted(wanted) == sorted(group["name"] for group in rules["spec"]["groups"] or [])


def test_only_the_webhook_is_public(scenario: list[Manifest]) -> None:
    """Neither an Ingress nor a route shows anything but /api/v1/webhook, exactly."""
    for document in scenario:
        if document["kind"] == "Ingress":
            paths = [(p["path"], p["pathType"]) for r in document["spec"]["rules"] for p in r["http"]["paths"]]
            assert paths == [("/api/v1/webhook", "Exact")]
        if document["kind"] == "HTTPRoute":
            matches = [m["path"] for rule in document["spec"]["rules"] for m in rule["matches"]]
            assert matches == [{"type": "Exact", "value": "/api/v1/webhook"}]


def test_the_simulator_knows_no_secret_of_the_release() -> None:
    """The simulator signs whatever it is sent, so it has its own secret and only the release's pods reach it."""
    documents = manifests(generate.scenario("simulator"))
    own = {d["kind"]: d for d in documents if d["metadata"]["name"] == "shop-recado-simulator"}
    web = next(d for d in documents if d["kind"] == "Deployment" and d["metadata"]["name"] == "shop-recado")

    def secrets(deployment: Manifest) -> dict[str, tuple[str, str]]:
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        found = {
            e["name"]: e["valueFrom"]["secretKeyRef"]
            for e in container["env"]
            if "secretKeyRef" in e.get("valueFrom", {})
        }
        return {variable: (reference["name"], reference["key"]) for variable, reference in found.items()}

    assert {name for name, _ in secrets(own["Deployment"]).values()} == {"shop-recado-simulator"}
    assert secrets(own["Deployment"])["WHATSAPP_APP_SECRET"] == secrets(web)["WHATSAPP_APP_SECRET_PREVIOUS"]
    assert secrets(web)["WHATSAPP_APP_SECRET"][0] == "shop-recado"
    (drawn,) = own["Secret"]["data"].items()
    another = find(manifests(generate.scenario("loadtest")), "Secret", "shop-recado-simulator")["data"]
    assert drawn[0] == secrets(web)["WHATSAPP_APP_SECRET_PREVIOUS"][1]
    assert len(base64.b64decode(drawn[1])) == 40
    assert another != own["Secret"]["data"], "it can be worked out"
    assert own["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "simulator"
    (rule,) = own["NetworkPolicy"]["spec"]["ingress"]
    assert rule["from"] == [
        {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "recado", "app.kubernetes.io/instance": "shop"}}}
    ]


def test_no_proxy_is_believed_unasked(scenario: list[Manifest]) -> None:
    """The chart trusts no proxy by default, since every pod of a cluster has a private address."""
    assert "RECADO_FORWARDED_ALLOW_IPS" not in yaml.safe_dump_all(scenario)


def test_no_simulator_in_production() -> None:
    """The production scenario has no simulator."""
    names = [d["metadata"]["name"] for d in manifests(generate.scenario("production"))]
    assert not [name for name in names if "simulator" in name]
