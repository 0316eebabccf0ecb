"""A healthy installation, made from the rendered chart, in a fake cluster."""

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path

import generate
import pytest

from recado.cluster.doctor import Finding, Installation, examine
from recado.cluster.kube import Kube
from recado.cluster.report import CHECKS
from tests.chart.conftest import manifests

from .fake_cluster import FakeCluster, Manifest, pod

NOW = datetime.datetime(2026, 11, 23, 17, 0, tzinfo=datetime.UTC)
NODE = "node1"
VALUES = {
    "WHATSAPP_VERIFY_TOKEN": "b4c1f0e2",
    "WHATSAPP_APP_SECRET": "0c7be07f",
    "WHATSAPP_ACCESS_TOKEN": "EAAJB9fQ",
    "RECADO_ADMIN_TOKEN": "77aa21cd",
}
METRICS = """# HELP recado_volume_free_bytes Free space.
recado_volume_free_bytes 1.6e+09
recado_volume_size_bytes 2e+09
recado_queue_oldest_due_seconds 0.0
recado_queue_replies{state="failed"} 0.0
recado_breaker_open{phone_number_id="106540352242922",reason="outage"} 0.0
recado_signature_failures_total{reason="mismatch"} 3.0
recado_webhook_duration_seconds_count{outcome="accepted"} 70.0
"""


def at(seconds_ago: float) -> str:
    return (NOW - datetime.timedelta(seconds=seconds_ago)).isoformat()


class World:
    """What the doctor reaches outside the cluster: Meta, and the shop's public name."""

    def __init__(self) -> None:
        self.meta = (200, '{"health_status": {"can_send_message": "AVAILABLE"}}')
        self.templates = (200, '{"data": []}')
        self.handshake = (200, "1158201444")

    def fetch(self, url: str, parameters: dict[str, str], headers: dict[str, str]) -> tuple[int, str]:
        if url.startswith("https://graph.facebook.com/"):
            assert headers["authorization"].startswith("Bearer ")
            return self.templates if url.endswith("/102290129340398/message_templates") else self.meta
        assert url == "https://pedidos.example.com/api/v1/webhook"
        return self.handshake


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    """The minimal scenario with an ingress and a monitor, without any problem."""
    fake = FakeCluster(generate.NAMESPACE)
    values = str(generate.CHART / "ci" / "minimal-values.yaml")
    more = ("ingress.enabled=true", 'ingress.host="pedidos.example.com"', "monitoring.serviceMonitor.enabled=true")
    text = generate.template("-f", values, *(f"--set-json={setting}" for setting in more))
    for document in manifests(text):
        if document["kind"] in ("Deployment", "CronJob", "Service", "ConfigMap", "Ingress"):
            fake.objects.append(_lived(document))
        elif document["kind"] in ("PersistentVolumeClaim", "ServiceMonitor"):
            fake.objects.append(document)
    fake.find("PersistentVolumeClaim", "shop-recado-queue")["status"] = {"phase": "Bound"}
    fake.find("CronJob", "shop-recado-drain")["status"] = {"lastSuccessfulTime": at(20)}
    fake.find("Deployment", "shop-recado")["status"] = {"readyReplicas": 1}
    fake.find("Ingress", "shop-recado")["status"] = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}
    web, cron = fake.find("Deployment", "shop-recado"), fake.find("CronJob", "shop-recado-drain")
    fake.objects += [pod(web, "shop-recado-1", NODE), pod(cron, "shop-recado-drain-1", NODE), job(cron, "1", 40)]
    fake.objects.append(prometheus({"matchLabels": {"app.kubernetes.io/part-of": "recado"}}))
    fake.secret("recado-whatsapp", **VALUES)
    certificate = Path(__file__).with_name("pedidos.pem").read_text()
    fake.secret("shop-recado-tls", tls__crt=certificate, tls__key="-")
    fake.metrics = METRICS
    yield fake
    fake.close()


def _lived(document: Manifest) -> Manifest:
    document["metadata"] |= {"creationTimestamp": at(86400), "uid": "1-2-3"}
    return document


def job(cron: Manifest, name: str, seconds_ago: float, **status: object) -> Manifest:
    labels = cron["spec"]["jobTemplate"]["metadata"]["labels"]
    metadata = {"name": f"shop-recado-drain-{name}", "creationTimestamp": at(seconds_ago), "labels": labels}
    return {"kind": "Job", "metadata": metadata, "spec": {"template": {}}, "status": status or {"succeeded": 1}}


def prometheus(selector: object) -> Manifest:
    return {"kind": "Prometheus", "metadata": {"name": "k8s"}, "spec": {"serviceMonitorSelector": selector}}


@pytest.fixture
def look(cluster: FakeCluster, world: World) -> Callable[..., list[Finding]]:
    """Runs the doctor, outside the cluster."""

    def run(release: str = "shop") -> list[Finding]:
        kube = Kube(cluster.api(), generate.NAMESPACE)
        installation = Installation(kube, release, inside=False, fetch=world.fetch, clock=NOW.timestamp)
        return list(examine(installation, CHECKS))

    return run
