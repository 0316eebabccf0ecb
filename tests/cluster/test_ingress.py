"""The way of Meta's webhooks: through a real ingress controller, with TLS, to the one public path."""

import base64
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from recado.selftest import order
from recado.settings import Settings
from recado.whatsapp.signature import signature

from .conftest import NAME, SECRET, Release, eventually, run

HOST = "pedidos.example.com"
SETTINGS = Settings(whatsapp_phone_number_id=("106540352242922",))


@pytest.fixture(scope="module")
def ingress(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a traefik on this machine that serves the release's Ingress.

    Skipped if this machine cannot reach the pods' network, for example because the cluster is remote.
    """
    address = release.get("pod", release.web_pods()[0])["status"]["podIP"]
    try:
        socket.create_connection((address, 8000), timeout=2).close()
    except OSError:
        pytest.skip("the pods' network cannot be reached from here")
    folder = tmp_path_factory.mktemp("ingress")
    request = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-days", "30", "-nodes"]
    keys = ["-keyout", str(folder / "key"), "-out", str(folder / "crt")]
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", *request, *keys)
    release.kubectl("create", "secret", "tls", f"{NAME}-tls", f"--cert={folder / 'crt'}", f"--key={folder / 'key'}")
    release.kubectl("apply", "-f", "-", stdin=_controller(release.namespace))
    release.ingress(className=release.namespace, host=HOST)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = _traefik(release, folder, port)
    try:
        eventually(lambda: _answers(port), 30, "an answer of traefik's")
        yield f"https://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
        release.kubectl("delete", "ingress", NAME)
        release.kubectl("delete", "clusterrole,clusterrolebinding,ingressclass", release.namespace)


def _controller(namespace: str) -> str:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "traefik"}}
    rules = [
        {"apiGroups": [""], "resources": ["services", "endpoints", "secrets", "nodes", "pods"], "verbs": ["*"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["*"]},
        {"apiGroups": ["networking.k8s.io"], "resources": ["*"], "verbs": ["*"]},
    ]
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": namespace},
        "rules": rules,
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": namespace},
        "subjects": [{"kind": "ServiceAccount", "name": "traefik", "namespace": namespace}],
    }
    ingress_class = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": namespace},
        "spec": {"controller": "traefik.io/ingress-controller"},
    }
    items = [account, role, binding, ingress_class]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def _traefik(release: Release, folder: Path, port: int) -> "subprocess.Popen[bytes]":
    """traefik's Ingress provider, with its own account in the cluster."""
    config = json.loads(release.kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json"))
    cluster = config["clusters"][0]["cluster"]
    authority = folder / "ca"
    authority.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    token = release.kubectl("create", "token", "traefik").strip()
    provider = "--providers.kubernetesingress"
    program = shutil.which("traefik", path=str(Path(sys.executable).parent)) or shutil.which("traefik")
    assert program, "traefik is missing: it is in the dev requirements"
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [
                program,
                f"{provider}.endpoint={cluster['server']}",
                f"{provider}.certauthfilepath={authority}",
                f"{provider}.token={token}",
                f"{provider}.namespaces={release.namespace}",
                f"{provider}.ingressclass={release.namespace}",
                f"{provider}.ingressendpoint.ip=127.0.0.1",
                f"--entrypoints.websecure.address=127.0.0.1:{port}",
                "--entrypoints.websecure.http.tls=true",
                "--log.level=INFO",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _ask(method: str, port: int, path: str, **options: Any) -> httpx.Response:
    headers = {"host": HOST, **options.pop("headers", {})}
    # The certificate is the test's own; the test is about the path.
    with httpx.Client(verify=False, timeout=10) as client:
        return client.request(method, f"https://127.0.0.1:{port}{path}", headers=headers, **options)


def _answers(port: int) -> bool:
    try:
        return _ask("GET", port, "/api/v1/webhook").status_code == 403
    except httpx.HTTPError:
        return False


def test_an_order_goes_through_the_ingress(release: Release, ingress: str) -> None:
    """A signed order gets 200 through TLS and the ingress; an order with a wrong signature is refused."""
    port = int(ingress.rpartition(":")[2])
    body = order(SETTINGS, "Zapatos", 1)
    signed = {"x-hub-signature-256": signature(SECRET["appSecret"].encode(), body).decode()}
    answer = _ask("POST", port, "/api/v1/webhook", content=body, headers=signed)
    assert answer.status_code == 200
    assert answer.json()["result"]["quote"]["total"] == "91.98"
    wrong = {"x-hub-signature-256": signature(b"wrong", body).decode()}
    assert _ask("POST", port, "/api/v1/webhook", content=body, headers=wrong).status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/", "/metrics", "/readyz", "/docs", "/api/v1/webhook/", "/api/v1/webhook/retry", "/api/v1/webhook/queue-status"],
)
def test_nothing_else_is_public(ingress: str, path: str) -> None:
    """For every other path, traefik itself responds with 404."""
    answer = _ask("GET", int(ingress.rpartition(":")[2]), path)
    assert (answer.status_code, answer.text.strip()) == (404, "404 page not found")


def test_an_upgrade_through_the_ingress_refuses_nothing(release: Release, ingress: str) -> None:
    """During an upgrade, all orders over kept connections of an ingress controller get 200."""
    port = int(ingress.rpartition(":")[2])
    statuses: dict[int, int] = {}
    before = release.web_pods()
    release.upgrade(wait=False, web={"podAnnotations": {"restarted": str(time.time())}})
    replaced_at = None
    with httpx.Client(verify=False, timeout=10) as client:
        for number in range(100_000):
            body = order(SETTINGS, "Zapatos", number)
            signed = {"x-hub-signature-256": signature(SECRET["appSecret"].encode(), body).decode(), "host": HOST}
            status = client.post(f"https://127.0.0.1:{port}/api/v1/webhook", content=body, headers=signed).status_code
            statuses[status] = statuses.get(status, 0) + 1
            if number % 50 == 0 and replaced_at is None and not set(before) & set(release.web_pods()):
                replaced_at = time.monotonic()
            # The old pod continues to serve for its preStop seconds and a little longer; the load outlasts it.
            if replaced_at is not None and time.monotonic() - replaced_at > 15:
                break
            time.sleep(0.005)
    print(f"statuses {statuses}")
    assert set(statuses) == {200}
