"""The doctor finds nothing wrong with a healthy installation, and names each fault of a faulty one."""

import json
import re
from collections.abc import Callable

import httpx
import pytest

from recado.cluster.doctor import EXIT_CODES, Finding, Level, worst
from recado.cluster.report import report
from recado.console import Console

from .conftest import VALUES, World
from .fake_cluster import FakeCluster
from .faults import (
    FAULTS,
    Fault,
    backup,
    bad_token,
    crash_loop,
    drain_that_never_started,
    elsewhere,
    late,
    stale_token,
    tell,
    unwritable_queue,
    waiting_customer,
)

Look = Callable[..., list[Finding]]


def test_a_healthy_installation_has_no_fault(look: Look) -> None:
    """Every check ran and found no problem."""
    findings = look()
    assert [finding for finding in findings if finding.level is not Level.OK] == []
    assert {finding.area for finding in findings} == {
        *(
            "secrets",
            "catalogue",
            "web",
            "drain",
            "node",
            "volume",
            "queue",
            "signatures",
            "ingress",
            "handshake",
            "Meta",
            "versions",
            "monitoring",
        )
    }
    assert EXIT_CODES[worst(findings)] == 0


def test_what_became_of_pods_that_are_gone_is_left_out(cluster: FakeCluster, look: Look) -> None:
    """Kubernetes keeps Events for an hour, but a problem that was fixed must not appear any more."""
    tell(cluster, "Pod", "shop-recado-0", "FailedMount", "the volume is elsewhere")
    tell(cluster, "Pod", "shop-recado-1", "FailedMount", "it took a while, and runs now")
    tell(cluster, "ReplicaSet", "shop-recado-5d4f", "FailedCreate", "a quota that was raised since")
    tell(cluster, "Job", "shop-recado-drain-1", "FailedCreate", "a quota that was raised since")
    assert not [finding for finding in look() if finding.area == "events"]


def test_what_a_job_and_its_event_say_alike_is_said_once(cluster: FakeCluster, world: World, look: Look) -> None:
    drain_that_never_started(cluster, world)
    (text,) = [finding.text for finding in look() if "failed in total" in finding.text]
    assert text.endswith("in total): Job was active longer than specified deadline; Error: configmap not found")


@pytest.mark.parametrize(("plant", "expected"), FAULTS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_fault_is_found(
    plant: Fault, expected: tuple[Level, str, str], cluster: FakeCluster, world: World, look: Look
) -> None:
    """The finding has the right severity and area, and says how to fix the fault."""
    plant(cluster, world)
    level, area, text = expected
    matching = [f for f in look() if (f.level, f.area) == (level, area) and text in f.text]
    assert matching, [f for f in look() if f.level is not Level.OK]
    assert matching[0].fix
    assert EXIT_CODES[worst(look())] == {Level.WARNING: 1, Level.FAULT: 3}[level]


def test_what_may_not_be_seen_is_said_and_the_rest_is_looked_at(cluster: FakeCluster, look: Look) -> None:
    """With few rights, the doctor reports what it could not see. That is not a fault, and the other checks run."""
    cluster.forbidden = {"secrets", "ingresses", "pods/proxy"}
    findings = look()
    unseen = {f.area for f in findings if f.level is Level.UNSEEN}
    assert {"secrets", "ingress", "queue"} <= unseen
    assert {"web", "drain", "volume"} <= {f.area for f in findings if f.level is Level.OK}
    assert EXIT_CODES[worst(findings)] == 0


def test_a_cluster_without_operators_is_no_fault(cluster: FakeCluster, look: Look) -> None:
    """The prometheus-operator and the Gateway API are optional."""
    cluster.kinds_absent = {"Prometheus", "ServiceMonitor", "PodMonitor", "PrometheusRule", "HTTPRoute"}
    assert worst(look()) is Level.OK


def test_a_release_that_is_not_there_is_the_one_finding(look: Look) -> None:
    """A typo in --release makes one finding, not thirty."""
    (finding,) = look("other")
    assert finding.level is Level.FAULT
    assert "no web Deployment of release other in pedidos" in finding.text


def test_meta_out_of_reach_is_no_verdict(world: World, look: Look) -> None:
    """If the doctor cannot reach Meta, it says so and does not blame the token."""

    def fetch(url: str, parameters: dict[str, str], headers: dict[str, str]) -> tuple[int, str]:
        raise httpx.ConnectError("no route")

    world.fetch = fetch  # type: ignore[method-assign]  # a stand-in for a network
    levels = {f.area: f.level for f in look() if f.area in ("handshake",)}
    assert [f.level for f in look() if "cannot be asked from here" in f.text] == [Level.UNSEEN]
    assert levels["handshake"] is Level.WARNING


def test_no_secret_is_printed(cluster: FakeCluster, world: World, look: Look) -> None:
    """No finding contains the value of a secret."""
    for plant in (stale_token, bad_token, elsewhere, crash_loop):
        plant(cluster, world)
        text = json.dumps([[f.text, f.fix] for f in look()])
        assert not [value for value in VALUES.values() if value in text]


def test_a_full_disk_does_not_hide_the_numbers(cluster: FakeCluster, look: Look) -> None:
    """The Service has no endpoint then, so the doctor asks the pod itself."""
    unwritable_queue(cluster, World())
    findings = look()
    assert not [f for f in findings if "metrics cannot be read" in f.text]
    assert [f for f in findings if (f.level, f.area) == (Level.OK, "queue")]


def test_a_pod_that_cannot_be_reached_says_nothing(cluster: FakeCluster, look: Look) -> None:
    """The API server responds instead of the pod; its response is not the pod's reason."""
    unwritable_queue(cluster, World())
    cluster.unready = '{"kind": "Status", "message": "error trying to reach service: connection refused"}'
    assert not [f for f in look() if "is not ready:" in f.text]


def test_lateness_follows_the_schedule(cluster: FakeCluster, look: Look) -> None:
    """The chart says when a drain every ten minutes and a weekly backup are late."""
    late(cluster, World())
    cluster.find("CronJob", "shop-recado-drain")["metadata"]["annotations"] = {"recado/late-after-seconds": "1260"}
    backup(cluster, {"recado/late-after-seconds": "612000"})
    waiting_customer(cluster, World())
    found = [f for f in look() if f.level is not Level.OK]
    assert [f.text for f in found] == ["the oldest due reply is 30 minutes late"]


#: Commands about objects of the cluster, which have no namespace.
CLUSTER_WIDE = ("kubectl get storageclass", "kubectl get ingressclass")


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_what_to_do_can_be_pasted(
    plant: Fault, cluster: FakeCluster, world: World, look: Look, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command names the namespace and stays on one line, even on a narrow terminal."""
    plant(cluster, world)
    findings = look()
    for finding in findings:
        told = finding.fix
        for known in CLUSTER_WIDE:
            told = told.replace(known, "")
        for start in re.finditer(r"kubectl|helm upgrade", told):
            assert " -n pedidos" in told[start.start() :], finding.fix
    narrow = Console()
    narrow.width = 40
    report(findings, narrow)
    printed = capsys.readouterr().out
    assert all(finding.text in printed and finding.fix in printed for finding in findings)


def test_a_finding_is_shown_whole_and_as_it_was_found(capsys: pytest.CaptureFixture[str]) -> None:
    """On one line. Text from the cluster is not interpreted as markup or as terminal commands."""
    text = "Failed to pull [red]image " + "very/" * 40 + "long\x1b[2J\u202e"
    fix = "kubectl -n pedidos " + "describe " * 20 + "pod"
    report([Finding(Level.FAULT, "web", text, fix)], Console())
    finding, command = capsys.readouterr().out.splitlines()
    assert finding == "✗ web  " + text.replace("\x1b", r"\u001b").replace("\u202e", r"\u202e")
    assert command.strip() == fix
