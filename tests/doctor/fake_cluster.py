"""A fake cluster: an HTTP server that responds to the official client from a list of objects."""

import base64
import copy
import json
import re
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from kubernetes import client

Manifest = dict[str, Any]

PLURALS = {
    "Deployment": "apis/apps/v1/deployments",
    "CronJob": "apis/batch/v1/cronjobs",
    "Job": "apis/batch/v1/jobs",
    "Pod": "api/v1/pods",
    "Service": "api/v1/services",
    "ConfigMap": "api/v1/configmaps",
    "Secret": "api/v1/secrets",
    "Event": "api/v1/events",
    "PersistentVolumeClaim": "api/v1/persistentvolumeclaims",
    "StorageClass": "apis/storage.k8s.io/v1/storageclasses",
    "Ingress": "apis/networking.k8s.io/v1/ingresses",
    "HTTPRoute": "apis/gateway.networking.k8s.io/v1/httproutes",
    "Prometheus": "apis/monitoring.coreos.com/v1/prometheuses",
    "ServiceMonitor": "apis/monitoring.coreos.com/v1/servicemonitors",
    "PodMonitor": "apis/monitoring.coreos.com/v1/podmonitors",
    "PrometheusRule": "apis/monitoring.coreos.com/v1/prometheusrules",
}


class FakeCluster:
    """`objects` are the cluster's objects; tests change them before they run the doctor. `forbidden`: plurals that are
    refused.

    `unready`: why the web pod is not ready; empty if it is. `metrics`: what every web pod exports that is not in
    `metrics_of`.
    """

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.objects: list[Manifest] = []
        self.logs: dict[str, str] = {}
        self.metrics = ""
        self.metrics_of: dict[str, str] = {}
        self.unready = ""
        self.forbidden: set[str] = set()
        self.kinds_absent: set[str] = set()
        cluster = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self._answer(*cluster.get(self.path))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                self._answer(*cluster.post(body))

            def _answer(self, status: int, body: str) -> None:
                payload = body.encode()
                self.send_response(status)
                self.send_header("content-type", "application/json" if body.startswith("{") else "text/plain")
                self.send_header("content-length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *arguments: object) -> None:
                """Logs nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def api(self) -> client.ApiClient:
        configuration = client.Configuration()
        configuration.host = f"http://127.0.0.1:{self._server.server_port}"
        return client.ApiClient(configuration)

    def find(self, kind: str, name: str) -> Manifest:
        (found,) = (o for o in self.objects if o["kind"] == kind and o["metadata"]["name"] == name)
        return found

    def remove(self, kind: str, name: str) -> None:
        self.objects.remove(self.find(kind, name))

    def secret(self, name: str, **values: str) -> None:
        """Adds or replaces a Secret."""
        self.objects = [o for o in self.objects if (o["kind"], o["metadata"]["name"]) != ("Secret", name)]
        data = {key.replace("__", "."): base64.b64encode(value.encode()).decode() for key, value in values.items()}
        self.objects.append({"kind": "Secret", "metadata": {"name": name}, "data": data})

    # -- responses ---------------------------------------------------------------------------------------------

    def get(self, target: str) -> tuple[int, str]:
        path, _, query = target.partition("?")
        parameters = dict(urllib.parse.parse_qsl(query))
        if match := re.search(r"/pods/([^/:]+):(\d+)/proxy(/.*)$", path):
            return self._refusal("pods/proxy") or self._pod_response(match[1], match[3])
        if match := re.search(r"/pods/([^/]+)/log$", path):
            return self._refusal("pods") or (200, self.logs.get(match[1], ""))
        plain = path.strip("/").replace(f"namespaces/{self.namespace}/", "")
        for kind, plural in PLURALS.items():
            if kind in self.kinds_absent:
                continue
            short = plural.rsplit("/", 1)[1]
            if plain == plural:
                return self._refusal(short) or self._list(kind, parameters)
            if plain.startswith(plural + "/"):
                return self._refusal(short) or self._one(kind, plain.removeprefix(plural + "/"))
        return 404, _status(404, f"no such thing: {path}")

    def post(self, body: Manifest) -> tuple[int, str]:
        self.objects.append(body)
        return 201, json.dumps(body)

    def _pod_response(self, name: str, path: str) -> tuple[int, str]:
        """What a web pod returns, ready or not."""
        if path == "/metrics":
            return 200, self.metrics_of.get(name, self.metrics)
        return (503, self.unready) if self.unready else (200, "ok")

    def _refusal(self, plural: str) -> tuple[int, str] | None:
        return (403, _status(403, f"{plural} is forbidden")) if plural in self.forbidden else None

    def _list(self, kind: str, parameters: dict[str, str]) -> tuple[int, str]:
        wanted = dict(part.split("=") for part in parameters.get("labelSelector", "").split(",") if part)
        items = [
            o for o in self.objects if o["kind"] == kind and wanted.items() <= o["metadata"].get("labels", {}).items()
        ]
        return 200, json.dumps({"kind": f"{kind}List", "apiVersion": "v1", "metadata": {}, "items": items})

    def _one(self, kind: str, name: str) -> tuple[int, str]:
        for o in self.objects:
            if o["kind"] == kind and o["metadata"]["name"] == name:
                return 200, json.dumps(o)
        return 404, _status(404, f"{kind} {name} not found")


def _status(code: int, message: str) -> str:
    return json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message})


def pod(owner: Manifest, name: str, node: str, **status: Any) -> Manifest:
    """A pod as a controller makes it from the owner's template."""
    spec = owner["spec"]
    template = spec["jobTemplate"]["spec"]["template"] if owner["kind"] == "CronJob" else spec["template"]
    made: Manifest = copy.deepcopy(template)
    made["kind"] = "Pod"
    made["metadata"]["name"] = name
    made["spec"]["nodeName"] = node
    made["status"] = {"phase": "Running", **status}
    return made
