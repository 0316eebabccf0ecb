"""A release on a real cluster, with a simulated Meta beside it.

    make cluster-test      KUBECONFIG and RECADO_TEST_IMAGE (repository:tag that the nodes can run) must be set;
                           with RECADO_TEST_LOADTEST_IMAGE locust is run in the cluster, too, and with
                           RECADO_TEST_POSTGRES_IMAGE a release on PostgreSQL

Everything happens in a namespace of its own that enforces the restricted Pod Security Standard. The simulator is asked
by way of the API server; its webhooks and the replies go through the cluster's Services.
"""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import tools
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "recado"

RELEASE = "shop"
NAME = "shop-recado"
SECRET = {
    "verifyToken": "b4c1f0e2" * 2,
    "appSecret": "0c7be07f" * 4,
    "accessToken": "EAAJB9fQ" * 2,
    "adminToken": "77aa21cd" * 2,
}
#: Retries take seconds instead of minutes, and there are no limits, because most tests here are not about load. A reply
#: has ten attempts: with five, when one call in five fails, one reply of 3,125 would be given up.
SETTINGS = {
    "RECADO_BACKOFF_SECONDS": ",".join(["3"] * 9),
    "RECADO_BREAKER_PROBE_SECONDS": 3,
    "RECADO_MESSAGES_PER_SECOND": 0,
    "RECADO_CUSTOMER_INTERVAL_SECONDS": 0,
    "RECADO_CUSTOMER_MESSAGES_PER_MINUTE": 0,
    "RECADO_BAD_SIGNATURES_PER_MINUTE": 1000,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here needs a cluster."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.cluster)
            if "KUBECONFIG" not in os.environ or "RECADO_TEST_IMAGE" not in os.environ:
                item.add_marker(pytest.mark.skip(reason="needs KUBECONFIG and RECADO_TEST_IMAGE: make cluster-test"))


def run(*command: str, stdin: str | None = None, check: bool = True, seconds: float = 300) -> str:
    """The stdout of a command; if the command fails, the error contains its stderr."""
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=seconds)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def eventually(question: Callable[[], Any], seconds: float, what: str) -> Any:
    """The first true result; asks twice a second."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, f"not within {seconds} seconds: {what}"
        time.sleep(0.5)
    return answer


class Release:
    """The release, and everything that a test does to it."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.folder = tools.install()
        self.values: dict[str, Any] = {}

    # -- tools -------------------------------------------------------------------------------------------------

    def kubectl(self, *arguments: str, **options: Any) -> str:
        return run(str(self.folder / "kubectl"), "--namespace", self.namespace, *arguments, **options)

    def helm(self, *arguments: str, **options: Any) -> str:
        return run(str(self.folder / "helm"), "--namespace", self.namespace, *arguments, **options)

    def get(self, what: str, *arguments: str) -> Any:
        return json.loads(self.kubectl("get", what, *arguments, "-o", "json"))

    def recado(self, *arguments: str) -> str:
        """Runs a recado command inside the web pod."""
        return self.kubectl("exec", f"deploy/{NAME}", "--", "recado", *arguments)

    def doctor(self) -> list[dict[str, str]]:
        command = [sys.executable, "-m", "recado", "doctor", "-n", self.namespace, "--release", RELEASE, "--json"]
        found: list[dict[str, str]] = json.loads(run(*command, check=False))
        return found

    # -- life --------------------------------------------------------------------------------------------------

    def upgrade(self, wait: bool = True, **changes: Any) -> None:
        """Installs or upgrades with values that are merged with the previous ones."""
        self.values = merge(self.values, changes)
        arguments = ["--wait", "--timeout", "180s"] if wait else []
        self.helm(
            *("upgrade", "--install", RELEASE, str(CHART), "-f", "-", *arguments),
            stdin=yaml.safe_dump(self.values),
        )

    def ingress(self, **wanted: Any) -> None:
        """The chart's Ingress, which the chart refuses together with the simulator; only the tests use it here."""
        values = merge(self.values, {"simulator": {"enabled": False}, "ingress": {"enabled": True, **wanted}})
        only = ("--show-only", "templates/ingress.yaml")
        rendered = self.helm("template", RELEASE, str(CHART), "-f", "-", *only, stdin=yaml.safe_dump(values))
        self.kubectl("apply", "-f", "-", stdin=rendered)

    def web_pods(self) -> list[str]:
        pods = self.get("pods", "-l", f"app.kubernetes.io/instance={RELEASE},app.kubernetes.io/component=web")
        return [pod["metadata"]["name"] for pod in pods["items"] if not pod["metadata"].get("deletionTimestamp")]

    def kill(self, *components: str) -> bool:
        """Kills a running pod of the first component that has one, without a grace period; returns whether there was
        one."""
        for component in components:
            selector = f"app.kubernetes.io/instance={RELEASE},app.kubernetes.io/component={component}"
            running = self.get("pods", "-l", selector, "--field-selector", "status.phase=Running")["items"]
            if running:
                self.kubectl("delete", "pod", running[0]["metadata"]["name"], "--grace-period=0", "--force")
                return True
        return False

    def healthy(self) -> bool:
        deployment = self.get("deployment", NAME)
        return bool(deployment["status"].get("readyReplicas") == deployment["spec"]["replicas"] > 0)

    # -- simulated Meta ----------------------------------------------------------------------------------------

    def simulator(self, path: str, body: Any = None) -> Any:
        """The response of the simulator's control."""
        service = f"{NAME}-simulator:graph"
        target = f"/api/v1/namespaces/{self.namespace}/services/{service}/proxy/_simulator{path}"
        if body is None:
            return json.loads(self.kubectl("get", "--raw", target))
        return json.loads(self.kubectl("create", "--raw", target, "-f", "-", stdin=json.dumps(body)))

    def reset(self) -> None:
        """Removes all faults and messages."""
        self.simulator("/reset", {})

    def outage(self, on: bool) -> None:
        self.simulator("/faults", {"outages": [{"fault": "server_error"}] if on else []})

    def order(self, count: int, per_second: float = 50) -> None:
        """Lets customers order, in the background."""
        self.simulator("/messages", {"count": count, "per_second": per_second})

    def ledger(self) -> dict[str, Any]:
        found: dict[str, Any] = self.simulator("/ledger")
        return found

    def queue(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.recado("queue", "status", "--json"))
        return found

    def settled(self, count: int, seconds: float) -> dict[str, Any]:
        """The ledger, once that many messages have replies."""
        eventually(lambda: self.ledger()["answered"] >= count, seconds, f"{count} answers, but {self.ledger()}")
        return self.ledger()

    def undisturbed(self, count: int) -> None:
        """Checks that every webhook got 200, and every message one reply."""
        ledger = self.settled(count, 120)
        webhooks = self.simulator("")["webhooks"]
        print(f"webhooks {webhooks}, {ledger}")
        assert set(webhooks) == {"200"}
        assert (ledger["lost"], ledger["doubled"], ledger["redeliveries"]) == (0, 0, 0)


def merge(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(values)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged


@contextmanager
def new_namespace() -> Iterator[str]:
    """A new namespace, deleted at the end unless RECADO_TEST_KEEP is set."""
    name = f"recado-test-{secrets.token_hex(3)}"
    kubectl = str(tools.install() / "kubectl")
    run(kubectl, "create", "namespace", name)
    run(kubectl, "label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    yield name
    if "RECADO_TEST_KEEP" not in os.environ:
        run(kubectl, "delete", "namespace", name, "--wait=true")


@pytest.fixture(scope="session")
def namespace() -> Iterator[str]:
    with new_namespace() as name:
        yield name


def install(namespace: str, **values: Any) -> Release:
    """A release with the image under test, connected to the simulator."""
    repository, _, tag = os.environ["RECADO_TEST_IMAGE"].rpartition(":")
    installed = Release(namespace)
    installed.upgrade(
        image={"repository": repository, "tag": tag},
        whatsapp={"phoneNumberIds": ["106540352242922"], "secret": SECRET},
        simulator={"enabled": True, "limits": False, "latencyMs": 20},
        networkPolicy={"enabled": True},
        settings=SETTINGS,
        **values,
    )
    return installed


@pytest.fixture(scope="session")
def release(namespace: str) -> Release:
    """A new installation with the simulator. The modules of this folder share it unless they make their own."""
    return install(namespace)


@pytest.fixture(autouse=True)
def fresh(release: Release) -> Iterator[None]:
    """Each test begins and ends with a healthy Meta and healthy web pods."""
    eventually(release.healthy, 120, "ready web pods")
    release.reset()
    yield
    eventually(release.healthy, 120, "ready web pods")
    release.reset()
