"""`recado drain --in-cluster`: starts a Job from the drain's CronJob and follows its log."""

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from rich.console import Console

from recado.cluster.doctor import Installation
from recado.cluster.errors import NoDrain, NotAllowed, Unreachable
from recado.cluster.kube import Kube

LOOK_SECONDS = 0.5
#: A pod that takes longer to start never will (image, node, volume). The Job's deadline ends it if it hangs later.
START_SECONDS = 120


def start(kube: Kube, release: str, *, now: float) -> str:
    """Creates the Job and returns its name. Raises NoDrain, NotAllowed or Unreachable."""
    cron = Installation(kube, release, inside=False).drain
    if cron is None:
        raise NoDrain(
            f"release {release} has no drain CronJob in {kube.namespace}; with drain.loop the drain always runs"
        )
    name = f"{cron.metadata.name}-by-hand-{int(now)}"
    template = cron.spec.job_template
    owner = client.V1OwnerReference(
        api_version="batch/v1", kind="CronJob", name=cron.metadata.name, uid=cron.metadata.uid, controller=False
    )
    labels = dict(template.metadata.labels or {})
    metadata = client.V1ObjectMeta(name=name, labels=labels, owner_references=[owner])
    job = client.V1Job(api_version="batch/v1", kind="Job", metadata=metadata, spec=template.spec)
    try:
        client.BatchV1Api(kube.api).create_namespaced_job(kube.namespace, job)
    except ApiException as error:
        if error.status in (401, 403):
            raise NotAllowed("create jobs") from error
        raise Unreachable(f"the Job could not be created: {error.status} {error.reason}") from error
    return name


def follow(kube: Kube, job: str, *, clock: Callable[[], float] = time.monotonic) -> Iterator[str]:
    """Yields the Job's log lines. Raises Unreachable if its pod does not start."""
    deadline = clock() + START_SECONDS
    while not (pod := _started(kube, job)):
        if clock() > deadline:
            raise Unreachable(f"the pod of {job} did not start within {START_SECONDS} seconds; run recado doctor")
        time.sleep(LOOK_SECONDS)
    # With _preload_content=False the client streams lines, but its type is still str.
    stream: Any = client.CoreV1Api(kube.api).read_namespaced_pod_log(
        pod, kube.namespace, follow=True, _preload_content=False
    )
    for line in stream:
        yield line.decode(errors="replace").rstrip("\n")


def succeeded(kube: Kube, job: str) -> bool:
    """Waits for the end of the Job; returns whether it succeeded."""
    read = client.BatchV1Api(kube.api).read_namespaced_job
    while True:
        status: Any = read(job, kube.namespace).status
        if status.succeeded or status.failed:
            return bool(status.succeeded)
        time.sleep(LOOK_SECONDS)


def _started(kube: Kube, job: str) -> str | None:
    for pod in kube.pods(f"job-name={job}"):
        if pod.status.phase in ("Running", "Succeeded", "Failed"):
            return str(pod.metadata.name)
    return None


def summary(line: str) -> str | None:
    """A line of the drain's JSON log for an operator to read; None if it is of no interest."""
    try:
        fields: Any = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return line
    if fields.get("action") == "drain.finished":
        counts = ("messages_retried", "tried"), ("successful", "delivered"), ("failed", "not")
        return "drain finished: " + ", ".join(f"{fields[name]} {word}" for name, word in counts if name in fields)
    return str(fields.get("message", line)) if fields.get("level") in ("warning", "error") else None


def run(kube: Kube, release: str) -> bool:
    """Starts a Job and prints its log; returns whether it succeeded."""
    name = start(kube, release, now=time.time())
    print(f"started {name}", file=sys.stderr)
    progress = Console(stderr=True)
    for seen, line in enumerate(follow(kube, name), start=1):
        if (text := summary(line)) is not None:
            print(text)
        elif progress.is_terminal:
            progress.print(f"{seen} attempts", end="\r")
    return succeeded(kube, name)
