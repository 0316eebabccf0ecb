"""`recado doctor`: checks an installation, and reports what is wrong and how to fix it.

A check yields findings, including those of what is right. It reads the cluster through `Installation`, which reads each
object once. A missing permission becomes a finding, and the other checks continue.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from functools import cached_property
from typing import Any

import httpx
import msgspec

from recado.cluster.errors import NotAllowed, Unreachable
from recado.cluster.kube import Kube
from recado.settings import DEFAULT_API_VERSION

FETCH_SECONDS = 5.0


class Level(IntEnum):
    """The severity of a finding; the highest decides the exit code."""

    OK = 0
    UNSEEN = 1
    WARNING = 2
    FAULT = 3


#: Exit codes by the worst finding; 2 is bad input, as for every command.
EXIT_CODES = {Level.OK: 0, Level.UNSEEN: 0, Level.WARNING: 1, Level.FAULT: 3}
SYMBOLS = {Level.OK: "✓", Level.UNSEEN: "?", Level.WARNING: "!", Level.FAULT: "✗"}


class Finding(msgspec.Struct, frozen=True):
    """`area` is what was checked, `fix` what to do about it (empty if nothing)."""

    level: Level
    area: str
    text: str
    fix: str = ""


def ok(area: str, text: str) -> Finding:
    return Finding(Level.OK, area, text)


def warning(area: str, text: str, fix: str) -> Finding:
    return Finding(Level.WARNING, area, text, fix)


def fault(area: str, text: str, fix: str) -> Finding:
    return Finding(Level.FAULT, area, text, fix)


class SecretUse(msgspec.Struct, frozen=True):
    """A variable of the web container that comes from a Secret."""

    variable: str
    secret: str
    key: str
    optional: bool


#: GET of a URL with query parameters and headers: (status, body). Raises httpx.HTTPError.
Fetch = Callable[[str, dict[str, str], dict[str, str]], tuple[int, str]]


def fetch(url: str, parameters: dict[str, str], headers: dict[str, str]) -> tuple[int, str]:
    try:
        response = httpx.get(url, params=parameters, headers=headers, timeout=FETCH_SECONDS)
    except (httpx.InvalidURL, UnicodeEncodeError) as error:  # the URL comes from the cluster and may be invalid
        raise httpx.UnsupportedProtocol(str(error)) from error
    return response.status_code, response.text


class Installation:
    """A release in its namespace, as read from the cluster. Properties raise NotAllowed or Unreachable."""

    def __init__(
        self,
        kube: Kube,
        release: str,
        *,
        inside: bool,
        fetch: Fetch = fetch,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.kube = kube
        self.release = release
        self.inside = inside
        self.fetch = fetch
        self.now = clock()

    def kubectl(self, words: str) -> str:
        """A kubectl command for this namespace."""
        return f"kubectl -n {self.kube.namespace} {words}"

    def upgrade(self, value: str) -> str:
        """The command that changes one value of the release."""
        chart = "charts/recado --reset-then-reuse-values"
        return f"helm upgrade {self.release} {chart} -n {self.kube.namespace} --set {value}"

    def selector(self, component: str = "") -> str:
        own = f"app.kubernetes.io/instance={self.release},app.kubernetes.io/part-of=recado"
        pods = f"app.kubernetes.io/instance={self.release},app.kubernetes.io/component={component}"
        return pods if component else own

    @cached_property
    def web(self) -> Any:
        """The web Deployment; None if the release has none."""
        found = self.kube.deployments(self.selector("web"))
        return found[0] if found else None

    @cached_property
    def web_pods(self) -> list[Any]:
        return self.kube.pods(self.selector("web"))

    @cached_property
    def drain(self) -> Any:
        """The drain's CronJob; None with drain.loop."""
        found = self.kube.cron_jobs(self.selector("drain"))
        return found[0] if found else None

    @cached_property
    def drain_loop(self) -> Any:
        """The drain's Deployment; None if the drain is a CronJob."""
        found = self.kube.deployments(self.selector("drain"))
        return found[0] if found else None

    @cached_property
    def drain_pods(self) -> list[Any]:
        return self.kube.pods(self.selector("drain"))

    @cached_property
    def drain_jobs(self) -> list[Any]:
        """The drain's Jobs, newest first."""
        jobs = self.kube.jobs(self.selector("drain"))
        return sorted(jobs, key=lambda job: job.metadata.creation_timestamp, reverse=True)

    @cached_property
    def container(self) -> Any:
        return self.web.spec.template.spec.containers[0]

    @cached_property
    def secret_uses(self) -> list[SecretUse]:
        references = [
            (variable.name, variable.value_from.secret_key_ref)
            for variable in self.container.env or []
            if variable.value_from and variable.value_from.secret_key_ref
        ]
        return [SecretUse(name, ref.name, ref.key, bool(ref.optional)) for name, ref in references]

    def secret_value(self, variable: str) -> str:
        """A variable's value from its Secret; empty if missing."""
        for use in self.secret_uses:
            if use.variable == variable:
                values = self.kube.secret(use.secret) or {}
                return values.get(use.key, b"").decode(errors="replace")
        return ""

    @cached_property
    def settings(self) -> dict[str, str]:
        """The plain settings of the web container: its ConfigMaps, then its own variables."""
        merged: dict[str, str] = {}
        for source in self.container.env_from or []:
            if source.config_map_ref:
                merged |= self.kube.config_map(source.config_map_ref.name)
        return merged | {v.name: v.value for v in self.container.env or [] if v.value}

    @property
    def api_version(self) -> str:
        return self.settings.get("WHATSAPP_API_VERSION", DEFAULT_API_VERSION)

    @property
    def api_url(self) -> str:
        return self.settings.get("WHATSAPP_API_URL", "https://graph.facebook.com").rstrip("/")

    @cached_property
    def claim_name(self) -> str | None:
        """The claim of the queue's volume; None if the queue is in PostgreSQL."""
        for volume in self.web.spec.template.spec.volumes or []:
            if volume.name == "queue" and volume.persistent_volume_claim:
                return str(volume.persistent_volume_claim.claim_name)
        return None

    def get(self, pod: Any, port: str, path: str) -> tuple[int, str]:
        """GET of a web pod's named port, also if the pod is not ready."""
        number = next(p.container_port for p in self.container.ports if p.name == port)
        return self.kube.get_from_pod(pod.metadata.name, number, path)

    @cached_property
    def metrics(self) -> dict[str, float]:
        """The newest running web pod's metrics, by name with labels; empty if the scrape fails.

        Gauges of the store are the same in all pods.
        """
        return self._scrapes[0] if self._scrapes else {}

    def counted(self, name: str) -> float:
        """A counter's sum over all running web pods, by name with labels: each pod counts what it took itself."""
        return sum(scrape.get(name, 0.0) for scrape in self._scrapes)

    @cached_property
    def _scrapes(self) -> list[dict[str, float]]:
        """The metrics of the running web pods, newest first; an empty one for a scrape that failed."""
        running = [pod for pod in self.web_pods if pod.status.phase == "Running"]
        running.sort(key=lambda pod: str(pod.metadata.creation_timestamp or ""), reverse=True)
        return [self._scrape(pod) for pod in running]

    def _scrape(self, pod: Any) -> dict[str, float]:
        status, text = self.get(pod, "metrics", "/metrics")
        if status != 200:
            return {}
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.partition(" # ")[0].rpartition(" ") for line in lines)}


Check = Callable[[Installation], Iterator[Finding]]


def examine(installation: Installation, checks: Sequence[tuple[str, Check]]) -> Iterator[Finding]:
    """Yields the findings of all checks. Raises Unreachable only if the cluster does not respond at all."""
    if installation.web is None:
        text = f"no web Deployment of release {installation.release} in {installation.kube.namespace}"
        yield fault("release", text, "set --namespace and --release; `helm list --all-namespaces` lists them")
        return
    for area, check in checks:
        try:
            yield from check(installation)
        except (NotAllowed, Unreachable) as unseen:
            yield Finding(Level.UNSEEN, area, str(unseen))


def worst(findings: Sequence[Finding]) -> Level:
    return max((finding.level for finding in findings), default=Level.OK)
