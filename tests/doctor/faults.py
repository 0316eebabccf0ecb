"""Faults of an installation, and the findings about them."""

import json
from collections.abc import Callable

from recado.cluster.doctor import Level

from .conftest import VALUES, World, at, job, prometheus
from .fake_cluster import FakeCluster, pod

Fault = Callable[[FakeCluster, World], None]


def web_status(cluster: FakeCluster, ready: int, **container: object) -> None:
    cluster.find("Deployment", "shop-recado")["status"] = {"readyReplicas": ready} if ready else {}
    status = {"name": "web", "ready": bool(ready), "image": "", "imageID": "", "restartCount": 0, **container}
    cluster.find("Pod", "shop-recado-1")["status"]["containerStatuses"] = [status]


def missing_key(cluster: FakeCluster, world: World) -> None:
    cluster.secret("recado-whatsapp", **{k: v for k, v in VALUES.items() if k != "WHATSAPP_APP_SECRET"})


def missing_secret(cluster: FakeCluster, world: World) -> None:
    cluster.remove("Secret", "recado-whatsapp")


def example_secret(cluster: FakeCluster, world: World) -> None:
    cluster.secret("recado-whatsapp", **VALUES | {"WHATSAPP_VERIFY_TOKEN": "your-verify-token"})


def crash_loop(cluster: FakeCluster, world: World) -> None:
    web_status(cluster, 0, restartCount=7, state={"waiting": {"reason": "CrashLoopBackOff"}})
    cluster.logs["shop-recado-1"] = "recado: WHATSAPP_API_VERSION 'x': expected a version"


def out_of_memory(cluster: FakeCluster, world: World) -> None:
    terminated = {"reason": "OOMKilled", "exitCode": 137}
    web_status(cluster, 1, restartCount=3, lastState={"terminated": terminated}, state={"running": {}})


def unschedulable(cluster: FakeCluster, world: World) -> None:
    web_status(cluster, 0)
    condition = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}
    cluster.find("Pod", "shop-recado-1")["status"] |= {"conditions": [condition], "containerStatuses": []}


def suspended(cluster: FakeCluster, world: World) -> None:
    cluster.find("CronJob", "shop-recado-drain")["spec"]["suspend"] = True


def late(cluster: FakeCluster, world: World) -> None:
    cluster.find("CronJob", "shop-recado-drain")["status"] = {"lastSuccessfulTime": at(1200)}


def never(cluster: FakeCluster, world: World) -> None:
    cluster.find("CronJob", "shop-recado-drain")["status"] = {}


def failing(cluster: FakeCluster, world: World) -> None:
    cron = cluster.find("CronJob", "shop-recado-drain")
    failed = pod(cron, "shop-recado-drain-2-x", "node1", phase="Failed")
    failed["metadata"]["labels"] = {"job-name": "shop-recado-drain-2"}
    cluster.objects += [job(cron, "2", 10, failed=1), failed]
    cluster.logs["shop-recado-drain-2-x"] = "recado: WHATSAPP_ACCESS_TOKEN is required but not set"


def two_nodes(cluster: FakeCluster, world: World) -> None:
    cluster.find("Pod", "shop-recado-drain-1")["spec"]["nodeName"] = "node2"


def unbound(cluster: FakeCluster, world: World) -> None:
    cluster.find("PersistentVolumeClaim", "shop-recado-queue")["status"]["phase"] = "Pending"


def one_pod_volume(cluster: FakeCluster, world: World) -> None:
    cluster.find("PersistentVolumeClaim", "shop-recado-queue")["spec"]["accessModes"] = ["ReadWriteOncePod"]


def network_volume(cluster: FakeCluster, world: World) -> None:
    cluster.find("PersistentVolumeClaim", "shop-recado-queue")["spec"]["storageClassName"] = "standard"
    driver = {"kind": "StorageClass", "metadata": {"name": "standard"}, "provisioner": "efs.csi.aws.com"}
    cluster.objects.append(driver)


def full_volume(cluster: FakeCluster, world: World) -> None:
    cluster.metrics = cluster.metrics.replace("1.6e+09", "1e+08")


def refused_webhooks(cluster: FakeCluster, world: World) -> None:
    cluster.metrics = cluster.metrics.replace('"accepted"} 70.0', '"accepted"} 2.0')


def another_apps_secret(cluster: FakeCluster, world: World) -> None:
    message = "Invalid appsecret_proof provided in the API argument"
    world.meta = (400, json.dumps({"error": {"code": 100, "message": message}}))


def unwritable_queue(cluster: FakeCluster, world: World) -> None:
    web_status(cluster, 0, state={"running": {}})
    cluster.find("Pod", "shop-recado-1")["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    cluster.unready = "the queue cannot be written: FullError: database or disk is full"


def no_image(cluster: FakeCluster, world: World) -> None:
    drain_waits(cluster, "ErrImagePull", "failed to pull image: not found")


def no_secret_key(cluster: FakeCluster, world: World) -> None:
    drain_waits(cluster, "CreateContainerConfigError", "couldn't find key WHATSAPP_ACCESS_TOKEN in Secret")


def drain_waits(cluster: FakeCluster, reason: str, message: str) -> None:
    waiting = {"waiting": {"reason": reason, "message": message}}
    status = {"name": "drain", "ready": False, "image": "", "imageID": "", "restartCount": 0, "state": waiting}
    cluster.find("Pod", "shop-recado-drain-1")["status"] = {"phase": "Pending", "containerStatuses": [status]}


def drain_that_never_started(cluster: FakeCluster, world: World) -> None:
    """Its pod was deleted at the Job's deadline; the Events of Kubernetes are still there."""
    cron = cluster.find("CronJob", "shop-recado-drain")
    condition = {"type": "Failed", "status": "True", "message": "Job was active longer than specified deadline"}
    cluster.objects.append(job(cron, "3", 10, failed=1, conditions=[condition]))
    tell(cluster, "Job", "shop-recado-drain-3", "DeadlineExceeded", condition["message"])
    tell(cluster, "Pod", "shop-recado-drain-3-abcde", "Failed", "Error: configmap not found")


def drain_that_failed_before(cluster: FakeCluster, world: World) -> None:
    cron = cluster.find("CronJob", "shop-recado-drain")
    condition = {"type": "Failed", "status": "True", "message": "Job was active longer than specified deadline"}
    cluster.objects.append(job(cron, "0", 1200, failed=1, conditions=[condition]))


def loop_suspended(cluster: FakeCluster, world: World) -> None:
    cron = cluster.find("CronJob", "shop-recado-drain")
    template = cron["spec"]["jobTemplate"]["spec"]["template"]
    spec = {"replicas": 0, "selector": {}, "template": template}
    cluster.objects.append({"kind": "Deployment", "metadata": cron["metadata"], "spec": spec, "status": {}})
    cluster.remove("CronJob", "shop-recado-drain")


def waiting_customer(cluster: FakeCluster, world: World) -> None:
    cluster.metrics = cluster.metrics.replace("due_seconds 0.0", "due_seconds 1800.0")


def given_up(cluster: FakeCluster, world: World) -> None:
    cluster.metrics = cluster.metrics.replace('{state="failed"} 0.0', '{state="failed"} 4.0')


def breaker(cluster: FakeCluster, world: World) -> None:
    cluster.metrics = cluster.metrics.replace('reason="outage"} 0.0', 'reason="outage"} 1.0')


def not_admitted(cluster: FakeCluster, world: World) -> None:
    cluster.find("Ingress", "shop-recado")["status"] = {"loadBalancer": {}}


def no_certificate(cluster: FakeCluster, world: World) -> None:
    cluster.remove("Secret", "shop-recado-tls")


def wrong_host(cluster: FakeCluster, world: World) -> None:
    cluster.find("Ingress", "shop-recado")["spec"]["rules"][0]["host"] = "otro.example.com"
    world.fetch = lambda url, parameters, headers: world.meta if "graph" in url else world.handshake  # type: ignore[method-assign]  # a stand-in for another host


def stale_token(cluster: FakeCluster, world: World) -> None:
    world.handshake = (403, "{}")


def elsewhere(cluster: FakeCluster, world: World) -> None:
    world.handshake = (200, "<html>Welcome to nginx</html>")


def settings(cluster: FakeCluster) -> dict[str, str]:
    found: dict[str, str]
    (found,) = (o["data"] for o in cluster.objects if o["metadata"]["name"].startswith("shop-recado-settings-"))
    return found


def expired_version(cluster: FakeCluster, world: World) -> None:
    settings(cluster)["WHATSAPP_API_VERSION"] = "v19.0"


def ending_version(cluster: FakeCluster, world: World) -> None:
    settings(cluster)["WHATSAPP_API_VERSION"] = "v21.0"


def bad_token(cluster: FakeCluster, world: World) -> None:
    world.meta = (401, '{"error": {"code": 190, "message": "Invalid OAuth access token"}}')


def blocked_number(cluster: FakeCluster, world: World) -> None:
    world.meta = (200, '{"health_status": {"can_send_message": "BLOCKED"}}')


def unselected_monitor(cluster: FakeCluster, world: World) -> None:
    cluster.remove("Prometheus", "k8s")
    cluster.objects.append(prometheus({"matchLabels": {"release": "kube-prometheus-stack"}}))


def old_drain(cluster: FakeCluster, world: World) -> None:
    spec = cluster.find("CronJob", "shop-recado-drain")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    spec["containers"][0]["image"] = "ghcr.io/recado/recado:0.0.9"


def stuck_rollout(cluster: FakeCluster, world: World) -> None:
    cluster.find("Pod", "shop-recado-1")["spec"]["containers"][0]["image"] = "ghcr.io/recado/recado:0.0.9"


def stale_backup(cluster: FakeCluster, world: World) -> None:
    backup(cluster, {})


def backup(cluster: FakeCluster, annotations: dict[str, str]) -> None:
    labels = {"app.kubernetes.io/instance": "shop", "app.kubernetes.io/component": "backup"}
    metadata = {"name": "shop-recado-backup", "labels": labels, "creationTimestamp": at(864000)}
    metadata["annotations"] = annotations
    spec = cluster.find("CronJob", "shop-recado-drain")["spec"]
    status = {"lastSuccessfulTime": at(30 * 3600)}
    cluster.objects.append({"kind": "CronJob", "metadata": metadata, "spec": spec, "status": status})


def no_catalogue(cluster: FakeCluster, world: World) -> None:
    cluster.remove("ConfigMap", "shop-recado-catalogue")


def bad_catalogue(cluster: FakeCluster, world: World) -> None:
    cluster.find("ConfigMap", "shop-recado-catalogue")["data"]["catalogo.csv"] = "sku,name\nA,B\n"


def bad_words(cluster: FakeCluster, world: World) -> None:
    spec = cluster.find("Deployment", "shop-recado")["spec"]["template"]["spec"]
    spec["volumes"].append({"name": "words", "configMap": {"name": "shop-words"}})
    words = {"kind": "ConfigMap", "metadata": {"name": "shop-words"}, "data": {"wrods.toml": ""}}
    cluster.objects.append(words)


def event(cluster: FakeCluster, world: World) -> None:
    tell(cluster, "Deployment", "shop-recado", "MessagesGivenUp", "3 messages were given up")


def no_mount(cluster: FakeCluster, world: World) -> None:
    cluster.find("Pod", "shop-recado-drain-1")["status"] = {"phase": "Pending"}
    tell(cluster, "Pod", "shop-recado-drain-1", "FailedMount", "the volume is elsewhere")


def tell(cluster: FakeCluster, kind: str, name: str, reason: str, message: str) -> None:
    involved = {"kind": kind, "name": name}
    told = {"reason": reason, "type": "Warning", "message": message}
    cluster.objects.append({"kind": "Event", "metadata": {"name": "e1"}, "involvedObject": involved, **told})


FAULTS: dict[Fault, tuple[Level, str, str]] = {
    missing_key: (Level.FAULT, "secrets", "key WHATSAPP_APP_SECRET is missing or empty"),
    missing_secret: (Level.FAULT, "secrets", "Secret recado-whatsapp does not exist"),
    example_secret: (Level.WARNING, "secrets", "key WHATSAPP_VERIFY_TOKEN is a placeholder"),
    no_catalogue: (Level.FAULT, "catalogue", "shop-recado-catalogue does not exist or has no key catalogo.csv"),
    bad_catalogue: (Level.FAULT, "catalogue", "ConfigMap shop-recado-catalogue is invalid: "),
    bad_words: (Level.FAULT, "catalogue", "the ConfigMap of words is invalid: wrods.toml: is no table"),
    crash_loop: (Level.FAULT, "web", "CrashLoopBackOff. recado: WHATSAPP_API_VERSION 'x'"),
    out_of_memory: (Level.WARNING, "web", "restarted 3 times, last: OOMKilled"),
    unschedulable: (Level.FAULT, "web", "fits on no node: 0/1 nodes are available"),
    refused_webhooks: (Level.FAULT, "signatures", "3 webhooks had a wrong signature, 2 the right one"),
    another_apps_secret: (Level.FAULT, "Meta", "the app secret is not the one of the access token's app"),
    unwritable_queue: (
        Level.FAULT,
        "web",
        "is not ready: the queue cannot be written: FullError",
    ),
    no_image: (Level.FAULT, "drain", "shop-recado-drain-1 waits: ErrImagePull. failed to pull image: not found"),
    no_secret_key: (Level.FAULT, "drain", "waits: CreateContainerConfigError. couldn't find key WHATSAPP_ACCESS_TOKEN"),
    drain_that_never_started: (Level.FAULT, "drain", "Error: configmap not found"),
    drain_that_failed_before: (Level.WARNING, "drain", "1 drain(s) failed, the last 20 minutes ago: Job was active"),
    loop_suspended: (Level.FAULT, "drain", "the drain loop is suspended"),
    suspended: (Level.FAULT, "drain", "the CronJob is suspended"),
    late: (Level.FAULT, "drain", "no drain has succeeded for 20 minutes"),
    never: (Level.FAULT, "drain", "no drain has succeeded since the installation"),
    failing: (Level.FAULT, "drain", "WHATSAPP_ACCESS_TOKEN is required but not set"),
    two_nodes: (Level.FAULT, "node", "different nodes (node1, node2)"),
    unbound: (Level.FAULT, "volume", "the claim shop-recado-queue is Pending"),
    one_pod_volume: (Level.FAULT, "volume", "the drain cannot start"),
    network_volume: (Level.FAULT, "volume", "storage class standard looks like a network file system"),
    full_volume: (Level.FAULT, "volume", "only 95 MiB of 1,907 are free (5%)"),
    waiting_customer: (Level.FAULT, "queue", "the oldest due reply is 30 minutes late"),
    given_up: (Level.WARNING, "queue", "4 replies were given up"),
    breaker: (Level.FAULT, "queue", "the breaker is open: Meta is down"),
    not_admitted: (Level.WARNING, "ingress", "no controller has admitted shop-recado"),
    no_certificate: (Level.FAULT, "ingress", "Secret shop-recado-tls contains no certificate"),
    wrong_host: (Level.FAULT, "ingress", "is for pedidos.example.com, not for otro.example.com"),
    stale_token: (Level.FAULT, "handshake", "refuses the Secret's verify token"),
    elsewhere: (Level.FAULT, "handshake", "responds 200 instead of the challenge"),
    expired_version: (Level.FAULT, "Meta", "v19.0 has expired"),
    ending_version: (Level.WARNING, "Meta", "v21.0 expires in 58 days"),
    bad_token: (Level.FAULT, "Meta", "the access token is refused for number 106540352242922"),
    blocked_number: (Level.FAULT, "Meta", "is blocked from sending"),
    unselected_monitor: (Level.FAULT, "monitoring", "no Prometheus selects the monitor shop-recado"),
    old_drain: (Level.FAULT, "versions", "the drain ghcr.io/recado/recado:0.0.9"),
    stuck_rollout: (Level.WARNING, "versions", "a web pod still runs ghcr.io/recado/recado:0.0.9"),
    stale_backup: (Level.FAULT, "backup", "shop-recado-backup has not succeeded for 30 hours"),
    event: (Level.WARNING, "events", "shop-recado: 3 messages were given up"),
    no_mount: (Level.WARNING, "events", "shop-recado-drain-1: the volume is elsewhere"),
}
