"""The doctor's checks of pods, the CronJob, the volume and the queue."""

import re
from collections.abc import Iterator
from typing import Any

from recado.cluster.doctor import Finding, Installation, fault, ok, warning
from recado.queue.sqlite.backup import BACKUP_LATE_SECONDS
from recado.telemetry import metrics

LOG_LINES = 3
#: Drains run every minute; after this time at least four runs are missing or failed.
DRAIN_LATE_SECONDS = 300
#: The chart's annotation of a CronJob: after how many seconds without a success it is late.
LATE_ANNOTATION = "recado/late-after-seconds"
#: A reply that has been due for longer, and longer than the drain's interval, is late.
DUE_LATE_SECONDS = 300
LOW_SPACE = 0.15
NETWORK_STORAGE = re.compile(r"nfs|smb|cifs|efs|azure-?file|filestore|cephfs|gluster", re.IGNORECASE)
#: Reasons of Events that explain why a pod does not run.
REPORTED_EVENTS = {"FailedScheduling", "FailedMount", "FailedAttachVolume", "FailedCreate", "MessagesGivenUp"}


def web(installation: Installation) -> Iterator[Finding]:
    """Checks that the web pods are ready; if not, says why."""
    wanted = installation.web.spec.replicas or 0
    ready = installation.web.status.ready_replicas or 0
    for pod in installation.web_pods:
        yield from _pod(installation, "web", pod)
        yield from _unready(installation, pod)
    if wanted == 0:
        yield fault("web", "there are no web pods: replicas is 0", installation.upgrade("web.replicaCount=1"))
    elif ready < wanted:
        fix = installation.kubectl(f"describe pod -l {installation.selector('web')}")
        yield fault("web", f"{ready} of {wanted} web pods are ready", fix)
    else:
        yield ok("web", f"{ready} of {wanted} web pods are ready")


def _pod(installation: Installation, area: str, pod: Any) -> Iterator[Finding]:
    name = pod.metadata.name
    for condition in pod.status.conditions or []:
        if condition.type == "PodScheduled" and condition.status == "False":
            yield fault(
                area,
                f"{name} fits on no node: {condition.message}",
                "free capacity, or fix the affinity in the message",
            )
    for container in pod.status.container_statuses or []:
        waiting = container.state.waiting if container.state else None
        if waiting and waiting.reason not in (None, "ContainerCreating", "PodInitializing"):
            tail = _tail(installation, name, previous=True) or waiting.message or ""
            yield fault(area, f"{name} waits: {waiting.reason}. {tail}".strip(), "fix the cause in the message")
        elif container.restart_count:
            last = container.last_state.terminated if container.last_state else None
            why = f"{last.reason}, exit code {last.exit_code}" if last else "unknown"
            logs = installation.kubectl(f"logs --previous {name}")
            fix = "raise its memory limit" if last and last.reason == "OOMKilled" else logs
            yield warning(area, f"{name} was restarted {container.restart_count} times, last: {why}", fix)


def _unready(installation: Installation, pod: Any) -> Iterator[Finding]:
    """Why a running pod is not ready: the response of its readiness probe."""
    conditions = {condition.type: condition.status for condition in pod.status.conditions or []}
    if pod.status.phase != "Running" or conditions.get("Ready") != "False":
        return
    status, body = installation.get(pod, "http", "/readyz")
    if status == 503 and not body.startswith("{"):  # a JSON body is the API server's: it did not reach the pod
        look = (
            f"logs {pod.metadata.name}"
            if installation.claim_name is None
            else f"exec {pod.metadata.name} -- df -h /var/lib/recado"
        )
        fix = installation.kubectl(look)
        yield fault("web", f"{pod.metadata.name} is not ready: {body.strip()[:200]}", fix)


def _tail(installation: Installation, pod: str, *, previous: bool = False) -> str:
    text = installation.kube.log(pod, lines=LOG_LINES, previous=previous)
    if not text and previous:
        text = installation.kube.log(pod, lines=LOG_LINES)
    return " | ".join(line.strip() for line in text.splitlines())


def drain(installation: Installation) -> Iterator[Finding]:
    """Checks that retries are sent: the CronJob runs, and its Jobs succeed."""
    if installation.drain is None:
        yield from _loop(installation)
        return
    cron = installation.drain
    for pod in installation.drain_pods:
        yield from _pod(installation, "drain", pod)
    if cron.spec.suspend:
        fix = installation.upgrade("drain.suspend=false")
        yield fault("drain", "the CronJob is suspended, so nothing is retried", fix)
    failed = [job for job in installation.drain_jobs if job.status.failed]
    newest = installation.drain_jobs[0] if installation.drain_jobs else None
    if newest is not None and newest.status.failed:
        words = _failure(installation, newest)
        yield fault(
            "drain", f"the last drain failed ({len(failed)} failed in total): {words}", "fix the cause in the message"
        )
    elif failed:
        minutes = (installation.now - failed[0].metadata.creation_timestamp.timestamp()) / 60
        text = f"{len(failed)} drain(s) failed, the last {minutes:.0f} minutes ago: {_failure(installation, failed[0])}"
        yield warning("drain", text, "check again in an hour")
    last = cron.status.last_successful_time if cron.status else None
    since = installation.now - (last or cron.metadata.creation_timestamp).timestamp()
    if since > _late_after(cron, DRAIN_LATE_SECONDS) and not cron.spec.suspend:
        ever = f"for {since / 60:.0f} minutes" if last else "since the installation"
        fix = installation.kubectl(f"get jobs,pods -l {installation.selector('drain')}")
        yield fault("drain", f"no drain has succeeded {ever}", fix)
    elif last:
        yield ok("drain", f"the last drain succeeded {max(since, 0):.0f} seconds ago")


def _late_after(cron: Any, usual: float) -> float:
    """The maximum time between two successes of a CronJob, in seconds."""
    return float((cron.metadata.annotations or {}).get(LATE_ANNOTATION, usual))


def _loop(installation: Installation) -> Iterator[Finding]:
    loop = installation.drain_loop
    if loop is None:
        return  # the check of versions reports it
    for pod in installation.drain_pods:
        yield from _pod(installation, "drain", pod)
    if loop.spec.replicas == 0:
        yield fault(
            "drain", "the drain loop is suspended, so nothing is retried", installation.upgrade("drain.suspend=false")
        )
    elif loop.status.ready_replicas:
        yield ok("drain", "the drain loop runs")
    else:
        fix = installation.kubectl(f"describe pod -l {installation.selector('drain')}")
        yield fault("drain", "the drain's pod is not ready, so nothing is retried", fix)


def _failure(installation: Installation, job: Any) -> str:
    pods = installation.kube.pods(f"job-name={job.metadata.name}")
    words = _tail(installation, pods[0].metadata.name) if pods else ""
    if words:
        return words
    conditions = [c.message for c in job.status.conditions or [] if c.type == "Failed" and c.message]
    # A pod that never started is deleted with its Job; its Events remain.
    events = [
        e.message for e in installation.kube.warnings() if (e.involved_object.name or "").startswith(job.metadata.name)
    ]
    messages = sorted({message for message in events if message})
    return "; ".join(dict.fromkeys([*conditions, *messages])) or "nothing"


def backups(installation: Installation) -> Iterator[Finding]:
    """Checks that backups and restore drills succeed, if they are enabled."""
    for pod in installation.kube.pods(installation.selector("backup")):
        yield from _pod(installation, "backup", pod)
    for cron in installation.kube.cron_jobs(installation.selector("backup")):
        name = cron.metadata.name
        last = cron.status.last_successful_time if cron.status else None
        hours = (installation.now - (last or cron.metadata.creation_timestamp).timestamp()) / 3600
        if cron.spec.suspend:
            yield warning("backup", f"{name} is suspended", installation.upgrade("backup.suspend=false"))
        elif hours * 3600 > _late_after(cron, BACKUP_LATE_SECONDS):
            ever = f"for {hours:.0f} hours" if last else "since the installation"
            fix = installation.kubectl(f"get jobs,pods -l {installation.selector('backup')}")
            yield fault("backup", f"{name} has not succeeded {ever}", fix)
        elif last:
            yield ok("backup", f"{name} succeeded {hours:.0f} hours ago")


def one_node(installation: Installation) -> Iterator[Finding]:
    """Checks that all pods with the SQLite volume run on one node."""
    if installation.claim_name is None:
        return
    pods = [*installation.web_pods, *installation.drain_pods]
    nodes = {pod.spec.node_name for pod in pods if pod.spec.node_name and pod.status.phase in ("Running", "Pending")}
    if len(nodes) > 1:
        text = f"web and drain are on different nodes ({', '.join(sorted(nodes))}): SQLite's WAL can lose data"
        yield fault("node", text, "keep the chart's affinity; delete the pod on the wrong node")
    elif nodes:
        yield ok("node", f"web and drain are on {nodes.pop()}")


def volume(installation: Installation) -> Iterator[Finding]:
    """Checks that the queue's volume is bound and of a kind that SQLite supports."""
    if installation.claim_name is None:
        return
    claim = installation.kube.claim(installation.claim_name)
    if claim is None:
        yield fault(
            "volume",
            f"the claim {installation.claim_name} does not exist",
            "upgrade the release, or set the right claim",
        )
        return
    if claim.status.phase != "Bound":
        describe = installation.kubectl(f"describe pvc {installation.claim_name}")
        fix = f"is there a default storage class? kubectl get storageclass; {describe}"
        yield fault("volume", f"the claim {installation.claim_name} is {claim.status.phase}", fix)
        return
    modes = claim.spec.access_modes
    if "ReadWriteOncePod" in modes:
        yield fault(
            "volume", "access mode ReadWriteOncePod admits one pod only: the drain cannot start", "use ReadWriteOnce"
        )
    name = claim.spec.storage_class_name or ""
    storage = installation.kube.storage_class(name) if name else None
    if "ReadWriteMany" in modes or NETWORK_STORAGE.search(f"{name} {storage.provisioner if storage else ''}"):
        yield fault(
            "volume", f"storage class {name or 'none'} looks like a network file system", "use local or block storage"
        )
    else:
        yield ok("volume", f"{installation.claim_name} is bound")


def free_space(installation: Installation) -> Iterator[Finding]:
    """Checks that the volume has enough free space."""
    free = installation.metrics.get(metrics.VOLUME_FREE.name)
    size = installation.metrics.get(metrics.VOLUME_SIZE.name)
    if free is None or not size or installation.claim_name is None:
        return
    share = free / size
    text = f"{free / 2**20:,.0f} MiB of {size / 2**20:,.0f} are free ({share:.0%})"
    if share < LOW_SPACE:
        fix = f"grow the claim {installation.claim_name} (and store.sqlite.size); erasing replies frees no space"
        yield fault("volume", f"only {text}", fix)
    else:
        yield ok("volume", text)


def queue(installation: Installation) -> Iterator[Finding]:
    """Checks that no reply is late or given up, and that no breaker is open."""
    values = installation.metrics
    if not values:
        fix = installation.kubectl(f"logs deploy/{installation.web.metadata.name} --tail=20")
        yield fault("queue", "the web pod's metrics cannot be read", fix)
        return
    web_pod = installation.kubectl(f"exec deploy/{installation.web.metadata.name} -- recado queue")
    late = max(DUE_LATE_SECONDS, _late_after(installation.drain, 0) if installation.drain else 0)
    due = values.get(metrics.OLDEST_DUE_AGE.name, 0.0)
    failed = values.get(f'{metrics.QUEUE_ROWS.name}{{state="failed"}}', 0.0)
    breakers = [name for name, on in values.items() if name.startswith(metrics.BREAKER_OPEN.name + "{") and on]
    if breakers:
        operator = any('reason="operator"' in name for name in breakers)
        what = "an operator must fix the account or the token" if operator else "Meta is down"
        yield fault(
            "queue", f"the breaker is open: {what}", f"{web_pod} list; check the access token and the account first"
        )
    if due > late:
        yield fault("queue", f"the oldest due reply is {due / 60:.0f} minutes late", f"{web_pod} list")
    if failed:
        yield warning("queue", f"{failed:.0f} replies were given up", f"{web_pod} list --state failed")
    if not breakers and due <= late and not failed:
        yield ok("queue", "no reply is late")


def signatures(installation: Installation) -> Iterator[Finding]:
    """Checks that Meta's webhooks have the right signature: all web pods accepted more than they refused.

    `helm test` adds at least two webhooks with the Secret's app secret for each one with a wrong signature.
    """
    if not installation.metrics:
        return
    refused = installation.counted(f'{metrics.SIGNATURE_FAILURES.name}{{reason="mismatch"}}')
    accepted = installation.counted(f'{metrics.WEBHOOK_DURATION.name}_count{{outcome="accepted"}}')
    if refused and refused >= accepted:
        text = f"{refused:.0f} webhooks had a wrong signature, {accepted:.0f} the right one: check the app secret"
        yield fault("signatures", text, "compare WHATSAPP_APP_SECRET with App settings > Basic, restart the pods")
    else:
        yield ok("signatures", f"{accepted:.0f} webhooks were accepted, {refused:.0f} had a wrong signature")


def events(installation: Installation) -> Iterator[Finding]:
    """Warnings of Kubernetes that still matter; those about pods that are gone or run by now are left out."""
    name = installation.web.metadata.name
    pods = installation.kube.pods(f"app.kubernetes.io/instance={installation.release}")
    waiting = {pod.metadata.name for pod in pods if pod.status.phase == "Pending"}
    missing = (installation.web.status.ready_replicas or 0) < (installation.web.spec.replicas or 0)
    found = set()
    for event in installation.kube.warnings():
        kind, about = event.involved_object.kind, event.involved_object.name or ""
        matters = about in waiting if kind == "Pod" else kind == "Deployment" or missing
        if event.reason in REPORTED_EVENTS and about.startswith(name) and matters:
            found.add(f"{about}: {event.message}")
    for text in sorted(found)[:5]:
        yield warning("events", text, installation.kubectl("get events --sort-by=.lastTimestamp"))
