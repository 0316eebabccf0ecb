"""`recado drain --in-cluster` makes a Job from the CronJob, follows its log and says how it ended."""

import json

import generate
import pytest

from recado.cluster import drain_job
from recado.cluster.errors import NoDrain
from recado.cluster.kube import Kube

from .conftest import NOW
from .fake_cluster import FakeCluster, Manifest


@pytest.fixture
def kube(cluster: FakeCluster) -> Kube:
    return Kube(cluster.api(), generate.NAMESPACE)


def finished(cluster: FakeCluster, name: str, **status: int) -> None:
    """Makes the Job's pod one that has run."""
    job = cluster.find("Job", name)
    job["status"] = status
    pod: Manifest = {
        "kind": "Pod",
        "metadata": {"name": f"{name}-x", "labels": {"job-name": name}},
        "status": {"phase": "Succeeded"},
        "spec": {"containers": []},
    }
    cluster.objects.append(pod)
    cluster.logs[f"{name}-x"] = "\n".join(
        json.dumps(line)
        for line in (
            {"action": "attempt.finished", "level": "info", "message": "attempt finished"},
            {"action": "number.throttled", "level": "warning", "message": "Meta throttles"},
            {"action": "drain.finished", "level": "info", "messages_retried": 9, "successful": 8, "failed": 1},
        )
    )


def test_the_job_is_the_cron_jobs(cluster: FakeCluster, kube: Kube) -> None:
    """It has the CronJob's pod, labels and deadline. The CronJob owns it, so that both are deleted together."""
    name = drain_job.start(kube, "shop", now=NOW.timestamp())
    job, cron = cluster.find("Job", name), cluster.find("CronJob", "shop-recado-drain")
    assert job["metadata"]["ownerReferences"][0]["name"] == "shop-recado-drain"
    assert job["metadata"]["labels"] == cron["spec"]["jobTemplate"]["metadata"]["labels"]
    template = cron["spec"]["jobTemplate"]["spec"]
    assert job["spec"]["activeDeadlineSeconds"] == template["activeDeadlineSeconds"]
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["drain"]


def test_its_log_is_told_in_a_line_or_two(cluster: FakeCluster, kube: Kube) -> None:
    """The operator sees warnings and the result, but not the attempts."""
    name = drain_job.start(kube, "shop", now=NOW.timestamp())
    finished(cluster, name, succeeded=1)
    told = [drain_job.summary(line) for line in drain_job.follow(kube, name)]
    assert told == [None, "Meta throttles", "drain finished: 9 tried, 8 delivered, 1 not"]
    assert drain_job.succeeded(kube, name)


def test_a_failed_job_is_a_failure(cluster: FakeCluster, kube: Kube) -> None:
    """A Job that Kubernetes marks as failed is not reported as done."""
    name = drain_job.start(kube, "shop", now=NOW.timestamp())
    finished(cluster, name, failed=1)
    assert not drain_job.succeeded(kube, name)


def test_without_a_cron_job_there_is_one_sentence(kube: Kube) -> None:
    """If the release is wrong, or the drain is a loop."""
    with pytest.raises(NoDrain, match="release other has no drain CronJob in pedidos"):
        drain_job.start(kube, "other", now=NOW.timestamp())
