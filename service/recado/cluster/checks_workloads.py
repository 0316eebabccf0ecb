"""What the doctor asks of pods, the CronJob, the volume and the queue."""

import re
from collections.abc import Iterator
from typing import Any

from recado.cluster.doctor import Finding, Installation, fault, ok, warning
from recado.queue.sqlite.backup import BACKUP_LATE_SECONDS
from recado.telemetry import metrics

LOG_LINES = 3
#: A drain a minute: more than this without a success is at least four that did not come or did not work.
DRAIN_LATE_SECONDS = 300
#: Where the chart says of a CronJob, by its schedule, after how many seconds without a success it is late.
LATE_ANNOTATION = "recado/late-after-seconds"
#: A reply that has been due for so long, and longer than the drain may take to come, is a customer who waits.
DUE_LATE_SECONDS = 300
LITTLE_ROOM = 0.15
NETWORK_STORAGE = re.compile(r"nfs|smb|cifs|efs|azure-?file|filestore|cephfs|gluster", re.IGNORECASE)
#: Reasons of Events that say why a pod cannot be where it should be.
TELLING_EVENTS = {"FailedScheduling", "FailedMount", "FailedAttachVolume", "FailedCreate", "MessagesGivenUp"}


def web(installation: Installation) -> Iterator[Finding]:
    """Web pods are ready, and why they are not or were not."""
    wanted = installation.web.spec.replicas or 0
    ready = installation.web.status.ready_replicas or 0
    for pod in installation.web_pods:
        yield from _pod(installation, "web", pod)
        yield from _unready(installation, pod)
    if wanted == 0:
        yield fault("web", "there is no web pod by order: replicas is 0", installation.upgrade("web.replicaCount=1"))
    elif ready < wanted:
        mend = installation.kubectl(f"describe pod -l {installation.selector('web')}")
        yield fault("web", f"{ready} of {wanted} web pods are ready", mend)
    else:
        yield ok("web", f"{ready} of {wanted} web pods are ready")


def _pod(installation: Installation, area: str, pod: Any) -> Iterator[Finding]:
    name = pod.metadata.name
    for condition in pod.status.conditions or []:
        if condition.type == "PodScheduled" and condition.status == "False":
            yield fault(area, f"{name} finds no node: {condition.message}", "make room, or mend the affinity it names")
    for container in pod.status.container_statuses or []:
        waiting = container.state.waiting if container.state else None
        if waiting and waiting.reason not in (None, "ContainerCreating", "PodInitializing"):
            tail = _tail(installation, name, previous=True) or waiting.message or ""
            yield fault(area, f"{name} waits: {waiting.reason}. {tail}".strip(), "mend what its last words say")
        elif container.restart_count:
            last = container.last_state.terminated if container.last_state else None
            why = f"{last.reason}, exit code {last.exit_code}" if last else "unknown"
            logs = installation.kubectl(f"logs --previous {name}")
            mend = "raise its memory limit" if last and last.reason == "OOMKilled" else logs
            yield warning(area, f"{name} was restarted {container.restart_count} times, last: {why}", mend)


def _unready(installation: Installation, pod: Any) -> Iterator[Finding]:
    """What a pod that runs and is not ready says itself: its disk is full, or cannot be written."""
    conditions = {condition.type: condition.status for condition in pod.status.conditions or []}
    if pod.status.phase != "Running" or conditions.get("Ready") != "False":
        return
    status, body = installation.ask(pod, "http", "/readyz")
    if status == 503 and not body.startswith("{"):  # JSON is the API server's: it did not reach the pod
        mend = installation.kubectl(f"exec {pod.metadata.name} -- df -h /var/lib/recado")
        yield fault("web", f"{pod.metadata.name} is not ready: {body.strip()[:200]}", mend)


def _tail(installation: Installation, pod: str, *, previous: bool = False) -> str:
    text = installation.kube.log(pod, lines=LOG_LINES, previous=previous)
    if not text and previous:
        text = installation.kube.log(pod, lines=LOG_LINES)
    return " | ".join(line.strip() for line in text.splitlines())


def drain(installation: Installation) -> Iterator[Finding]:
    """Retries are being sent: the CronJob runs, and its Jobs succeed."""
    if installation.drain is None:
        yield from _loop(installation)
        return
    cron = installation.drain
    for pod in installation.drain_pods:
        yield from _pod(installation, "drain", pod)
    if cron.spec.suspend:
        mend = installation.upgrade("drain.suspend=false")
        yield fault("drain", "the CronJob is suspended: nothing is retried", mend)
    failed = [job for job in installation.drain_jobs if job.status.failed]
    newest = installation.drain_jobs[0] if installation.drain_jobs else None
    if newest is not None and newest.status.failed:
        words = _last_words(installation, newest)
        yield fault("drain", f"the newest of {len(failed)} failed drains said: {words}", "mend what it says")
    elif failed:
        yield warning(
            "drain", f"{len(failed)} drains failed lately: {_last_words(installation, failed[0])}", "watch it"
        )
    last = cron.status.last_successful_time if cron.status else None
    since = installation.now - (last or cron.metadata.creation_timestamp).timestamp()
    if since > _late_after(cron, DRAIN_LATE_SECONDS) and not cron.spec.suspend:
        ever = f"for {since / 60:.0f} minutes" if last else "since it was installed"
        mend = installation.kubectl(f"get jobs,pods -l {installation.selector('drain')}")
        yield fault("drain", f"no drain has succeeded {ever}", mend)
    elif last:
        yield ok("drain", f"the last drain succeeded {max(since, 0):.0f} seconds ago")


def _late_after(cron: Any, usual: float) -> float:
    """How long a CronJob may be without a success, in seconds."""
    return float((cron.metadata.annotations or {}).get(LATE_ANNOTATION, usual))


def _loop(installation: Installation) -> Iterator[Finding]:
    loop = installation.drain_loop
    if loop is None:
        return  # the check of versions says so
    for pod in installation.drain_pods:
        yield from _pod(installation, "drain", pod)
    if loop.spec.replicas == 0:
        yield fault("drain", "the loop is suspended: nothing is retried", installation.upgrade("drain.suspend=false"))
    elif loop.status.ready_replicas:
        yield ok("drain", "the drain loops")
    else:
        mend = installation.kubectl(f"describe pod -l {installation.selector('drain')}")
        yield fault("drain", "the drain's pod is not ready: nothing is retried", mend)


def _last_words(installation: Installation, job: Any) -> str:
    pods = installation.kube.pods(f"job-name={job.metadata.name}")
    words = _tail(installation, pods[0].metadata.name) if pods else ""
    if words:
        return words
    conditions = [c.message for c in job.status.conditions or [] if c.type == "Failed" and c.message]
    # A pod that never started is gone with its Job; its Events are not.
    told = [
        e.message for e in installation.kube.warnings() if (e.involved_object.name or "").startswith(job.metadata.name)
    ]
    return "; ".join([*conditions, *sorted({message for message in told if message})]) or "nothing"


def backups(installation: Installation) -> Iterator[Finding]:
    """Where backups are asked for they are made, and the newest can be restored."""
    for pod in installation.kube.pods(installation.selector("backup")):
        yield from _pod(installation, "backup", pod)
    for cron in installation.kube.cron_jobs(installation.selector("backup")):
        name = cron.metadata.name
        last = cron.status.last_successful_time if cron.status else None
        hours = (installation.now - (last or cron.metadata.creation_timestamp).timestamp()) / 3600
        if cron.spec.suspend:
            yield warning("backup", f"{name} is suspended", installation.upgrade("backup.suspend=false"))
        elif hours * 3600 > _late_after(cron, BACKUP_LATE_SECONDS):
            ever = f"for {hours:.0f} hours" if last else "since it was installed"
            mend = installation.kubectl(f"get jobs,pods -l {installation.selector('backup')}")
            yield fault("backup", f"{name} has not succeeded {ever}", mend)
        elif last:
            yield ok("backup", f"{name} succeeded {hours:.0f} hours ago")


def one_node(installation: Installation) -> Iterator[Finding]:
    """Every pod that has the SQLite volume runs on one node."""
    if installation.claim_name is None:
        return
    pods = [*installation.web_pods, *installation.drain_pods]
    nodes = {pod.spec.node_name for pod in pods if pod.spec.node_name and pod.status.phase in ("Running", "Pending")}
    if len(nodes) > 1:
        text = f"web and drain are on different nodes ({', '.join(sorted(nodes))}): SQLite's WAL is not safe"
        yield fault("node", text, "do not override the chart's affinity; delete the pod on the wrong node")
    elif nodes:
        yield ok("node", f"web and drain are on {nodes.pop()}")


def volume(installation: Installation) -> Iterator[Finding]:
    """The queue's volume is bound, of a kind that SQLite can live on, and has room."""
    if installation.claim_name is None:
        return
    claim = installation.kube.claim(installation.claim_name)
    if claim is None:
        yield fault(
            "volume", f"there is no claim {installation.claim_name}", "upgrade the release, or name the right claim"
        )
        return
    if claim.status.phase != "Bound":
        describe = installation.kubectl(f"describe pvc {installation.claim_name}")
        mend = f"is there a default storage class? kubectl get storageclass; {describe}"
        yield fault("volume", f"the claim {installation.claim_name} is {claim.status.phase}", mend)
        return
    modes = claim.spec.access_modes
    if "ReadWriteOncePod" in modes:
        yield fault("volume", "its access mode lets one pod in: the drain waits for ever", "use ReadWriteOnce")
    name = claim.spec.storage_class_name or ""
    storage = installation.kube.storage_class(name) if name else None
    if "ReadWriteMany" in modes or NETWORK_STORAGE.search(f"{name} {storage.provisioner if storage else ''}"):
        yield fault(
            "volume", f"storage class {name or 'none'} looks like a network file system", "use local or block storage"
        )
    else:
        yield ok("volume", f"{installation.claim_name} is bound")


def room(installation: Installation) -> Iterator[Finding]:
    """The volume is not about to be full."""
    free = installation.metrics.get(metrics.VOLUME_FREE.name)
    size = installation.metrics.get(metrics.VOLUME_SIZE.name)
    if free is None or not size or installation.claim_name is None:
        return
    share = free / size
    text = f"{free / 2**20:,.0f} MiB of {size / 2**20:,.0f} are free ({share:.0%})"
    if share < LITTLE_ROOM:
        mend = f"grow the claim {installation.claim_name} (and store.sqlite.size); erased messages free nothing"
        yield fault("volume", f"only {text}", mend)
    else:
        yield ok("volume", text)


def queue(installation: Installation) -> Iterator[Finding]:
    """Nobody waits for an answer, and none was given up."""
    values = installation.metrics
    if not values:
        mend = installation.kubectl(f"logs deploy/{installation.web.metadata.name} --tail=20")
        yield fault("queue", "the web pod's metrics do not answer", mend)
        return
    web_pod = installation.kubectl(f"exec deploy/{installation.web.metadata.name} -- recado queue")
    late = max(DUE_LATE_SECONDS, _late_after(installation.drain, 0) if installation.drain else 0)
    due = values.get(metrics.OLDEST_DUE_AGE.name, 0.0)
    failed = values.get(f'{metrics.QUEUE_ROWS.name}{{state="failed"}}', 0.0)
    breakers = [name for name, on in values.items() if name.startswith(metrics.BREAKER_OPEN.name + "{") and on]
    if breakers:
        operator = any('reason="operator"' in name for name in breakers)
        what = "Meta wants something of an operator" if operator else "Meta is down"
        yield fault("queue", f"the breaker is open: {what}", f"{web_pod} list; the access token and the account first")
    if due > late:
        yield fault(
            "queue", f"a customer has waited {due / 60:.0f} minutes for an answer that is due", f"{web_pod} list"
        )
    if failed:
        yield warning("queue", f"{failed:.0f} answers were given up", f"{web_pod} list --state failed")
    if not breakers and due <= late and not failed:
        yield ok("queue", "nobody waits for an answer")


def signatures(installation: Installation) -> Iterator[Finding]:
    """What Meta sends has the right signature; since the web pod started more of it was accepted than refused.

    `helm test` signs with the Secret's app secret, twice or more for each wrong signature that it tries.
    """
    values = installation.metrics
    if not values:
        return
    refused = values.get(f'{metrics.SIGNATURE_FAILURES.name}{{reason="mismatch"}}', 0.0)
    accepted = values.get(f'{metrics.WEBHOOK_DURATION.name}_count{{outcome="accepted"}}', 0.0)
    if refused and refused >= accepted:
        text = f"{refused:.0f} webhooks had a wrong signature, {accepted:.0f} a right one: probably a wrong app secret"
        yield fault("signatures", text, "compare WHATSAPP_APP_SECRET with App settings > Basic, restart the pods")
    else:
        yield ok("signatures", f"{accepted:.0f} webhooks were accepted, {refused:.0f} had a wrong signature")


def events(installation: Installation) -> Iterator[Finding]:
    """What Kubernetes itself complains about and has not got over; pods that are gone, or run by now, are of no use."""
    name = installation.web.metadata.name
    pods = installation.kube.pods(f"app.kubernetes.io/instance={installation.release}")
    waiting = {pod.metadata.name for pod in pods if pod.status.phase == "Pending"}
    missing = (installation.web.status.ready_replicas or 0) < (installation.web.spec.replicas or 0)
    told = set()
    for event in installation.kube.warnings():
        kind, about = event.involved_object.kind, event.involved_object.name or ""
        matters = about in waiting if kind == "Pod" else kind == "Deployment" or missing
        if event.reason in TELLING_EVENTS and about.startswith(name) and matters:
            told.add(f"{about}: {event.message}")
    for text in sorted(told)[:5]:
        yield warning("events", text, installation.kubectl("get events --sort-by=.lastTimestamp"))
