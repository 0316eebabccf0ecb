"""Reads one namespace of a cluster through the official client.

A missing object is None or an empty list. A missing permission raises NotAllowed, so the doctor reports what it could
not check instead of calling it healthy.
"""

import base64
import os
from collections.abc import Callable
from typing import Any, TypeVar

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import HTTPError

from recado.cluster.errors import NotAllowed, Unreachable

Found = TypeVar("Found")

#: Timeout of one request; the doctor stops if the first one fails.
TIMEOUT_SECONDS = 10


def connect(context: str | None = None) -> client.ApiClient:
    """A client from the kubeconfig, or from the pod's own account. Raises Unreachable."""
    if context is None and inside():
        _configured(config.load_incluster_config)
    else:
        _configured(lambda: config.load_kube_config(context=context))  # type: ignore[no-untyped-call]  # kubernetes 37 ships no types here
    return client.ApiClient()


def inside() -> bool:
    """Whether this process runs in a pod."""
    return "KUBERNETES_SERVICE_HOST" in os.environ


def default_namespace() -> str:
    """The namespace of the kubeconfig's context, or of the pod. Raises Unreachable."""
    if inside():
        with open("/var/run/secrets/kubernetes.io/serviceaccount/namespace") as file:  # noqa: PTH123 - a mount, read whole
            return file.read()
    _, active = _configured(config.list_kube_config_contexts)
    return str(active["context"].get("namespace", "default"))


def _configured(read: Callable[[], Found]) -> Found:
    """Calls the official client on a kubeconfig, which may be any file. Raises Unreachable."""
    try:
        return read()
    except ConfigException as error:
        raise Unreachable(f"no cluster: {error}") from error
    except Exception as error:  # for an invalid kubeconfig it raises TypeError, YAMLError and others
        raise Unreachable(f"no cluster: the kubeconfig cannot be read: {type(error).__name__}: {error}") from error


class Kube:
    """One namespace of a cluster."""

    def __init__(self, api: client.ApiClient, namespace: str) -> None:
        self.api = api
        self.namespace = namespace
        self._core = client.CoreV1Api(api)
        self._apps = client.AppsV1Api(api)
        self._batch = client.BatchV1Api(api)
        self._networking = client.NetworkingV1Api(api)
        self._storage = client.StorageV1Api(api)
        self._custom = client.CustomObjectsApi(api)

    def deployments(self, selector: str) -> list[Any]:
        return self._list("deployments", self._apps.list_namespaced_deployment, selector)

    def cron_jobs(self, selector: str) -> list[Any]:
        return self._list("cronjobs", self._batch.list_namespaced_cron_job, selector)

    def jobs(self, selector: str) -> list[Any]:
        return self._list("jobs", self._batch.list_namespaced_job, selector)

    def pods(self, selector: str) -> list[Any]:
        return self._list("pods", self._core.list_namespaced_pod, selector)

    def services(self, selector: str) -> list[Any]:
        return self._list("services", self._core.list_namespaced_service, selector)

    def ingresses(self, selector: str) -> list[Any]:
        return self._list("ingresses", self._networking.list_namespaced_ingress, selector)

    def warnings(self) -> list[Any]:
        """Events of type Warning, as Kubernetes keeps them (an hour by default)."""
        call = self._core.list_namespaced_event
        return _items(self._read("events", lambda: call(self.namespace, field_selector="type=Warning")))

    def claim(self, name: str) -> Any:
        read = self._core.read_namespaced_persistent_volume_claim
        return self._read("persistentvolumeclaims", lambda: read(name, self.namespace))

    def storage_class(self, name: str) -> Any:
        return self._read("storageclasses", lambda: self._storage.read_storage_class(name))

    def config_map(self, name: str) -> dict[str, str]:
        found = self._read("configmaps", lambda: self._core.read_namespaced_config_map(name, self.namespace))
        return dict(found.data or {}) if found else {}

    def secret(self, name: str) -> dict[str, bytes] | None:
        """A Secret's values, decoded."""
        found = self._read("secrets", lambda: self._core.read_namespaced_secret(name, self.namespace))
        return {key: base64.b64decode(value) for key, value in (found.data or {}).items()} if found else None

    def log(self, pod: str, *, lines: int, previous: bool = False) -> str:
        """The last lines of a pod's log; empty if it has none."""
        read = self._core.read_namespaced_pod_log
        text = self._read(
            "pods/log", lambda: read(pod, self.namespace, tail_lines=lines, previous=previous), gone=(400, 404)
        )
        return str(text or "")

    def custom(self, group: str, version: str, plural: str, selector: str = "", *, everywhere: bool = False) -> Any:
        """Custom resources as dicts; None if the cluster does not have their kind."""
        if everywhere:
            call = self._custom.list_custom_object_for_all_namespaces
            found: Any = self._read(plural, lambda: call(group, version, plural))
        else:
            listing = self._custom.list_namespaced_custom_object
            found = self._read(plural, lambda: listing(group, version, self.namespace, plural, label_selector=selector))
        return found["items"] if found else None

    def get_from_pod(self, pod: str, port: int, path: str) -> tuple[int, str]:
        """GET of a pod's path through the API server, also if the pod is not ready: (status, body)."""
        url = f"{self.api.configuration.host}/api/v1/namespaces/{self.namespace}/pods/{pod}:{port}/proxy{path}"
        headers: dict[str, str] = {}
        self.api.update_params_for_auth(headers, [], ["BearerToken"], "", "GET", None)
        try:
            response = self.api.rest_client.pool_manager.request(
                "GET", url, headers=headers, timeout=TIMEOUT_SECONDS, retries=False
            )
        except HTTPError as error:
            raise Unreachable(f"the API server does not respond: {error}") from error
        body = response.data.decode(errors="replace")
        if response.status == 403 and '"kind":"Status"' in body.replace(" ", ""):
            raise NotAllowed("pods/proxy")
        return response.status, body

    def _list(self, what: str, call: Callable[..., Any], selector: str) -> list[Any]:
        return _items(self._read(what, lambda: call(self.namespace, label_selector=selector)))

    def _read(self, what: str, call: Callable[[], Found], gone: tuple[int, ...] = (404,)) -> Found | None:
        try:
            return call()
        except ApiException as error:
            if error.status in gone:
                return None
            if error.status in (401, 403):
                raise NotAllowed(what) from error
            raise Unreachable(f"{what}: the API server responded {error.status} {error.reason}") from error
        except HTTPError as error:
            raise Unreachable(f"the API server does not respond: {error}") from error


def _items(found: Any) -> list[Any]:
    return list(found.items) if found else []
