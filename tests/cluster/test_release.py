"""The life of a release: orders get replies through Services and an ingress, and nothing is lost."""

import json
import random
import sys
import time

from .conftest import NAME, RELEASE, Release, eventually, run


def test_an_order_is_answered_through_the_service(release: Release) -> None:
    """A customer's order reaches the web pod through its Service, and one quote reaches the customer. A node may learn
    of the Service after the release is ready, so the webhook may come again."""
    release.simulator("/messages", {"texts": ["Quiero 2 zapatos y 1 camisa"]})
    ledger = release.settled(1, 10)
    assert (ledger["lost"], ledger["doubled"]) == (0, 0)
    (message,) = release.simulator("/ledger/full")
    assert "*Total: $117.48*" in message["replies"][0]["text"]


def test_helm_test_passes(release: Release) -> None:
    """The chart's own test says that the installation works."""
    output = release.helm("test", RELEASE, "--logs")
    assert "✓ a signed order is quoted, and no reply is sent" in output
    assert "✗" not in output


def test_pods_are_confined(release: Release) -> None:
    """Inside a pod: not root, no capabilities, a read-only root file system, a writable volume."""
    probe = (
        "import os, pathlib\n"
        "print(os.getuid(), os.getgid())\n"
        "print(pathlib.Path('/proc/self/status').read_text().split('CapEff:')[1].split()[0])\n"
        "for place in ('/opt', '/', '/var/lib/recado', '/tmp'):\n"
        "    try:\n"
        "        pathlib.Path(place, 'probe').write_text('x'); print(place, 'written')\n"
        "    except OSError as error:\n"
        "        print(place, error.strerror)\n"
    )
    output = release.kubectl("exec", f"deploy/{NAME}", "--", "python3", "-c", probe).splitlines()
    assert output == [
        *("10001 10001", "0000000000000000", "/opt Read-only file system", "/ Read-only file system"),
        *("/var/lib/recado written", "/tmp written"),
    ]


def test_network_policies_are_accepted(release: Release) -> None:
    """The policies are in the cluster, and orders still get through (the test above ran under them)."""
    names = {policy["metadata"]["name"] for policy in release.get("networkpolicies")["items"]}
    assert names == {f"{NAME}-web", f"{NAME}-drain", f"{NAME}-simulator"}


def test_what_an_outage_holds_up_the_cron_job_delivers(release: Release) -> None:
    """While the Graph API is down, the queue grows. When it is back, the CronJob delivers every reply once."""
    release.outage(True)
    release.order(40)
    eventually(lambda: release.queue()["pending_retry"] >= 40, 30, "a queue that grows")
    assert release.ledger()["answered"] == 0
    release.outage(False)
    ledger = release.settled(40, 180)
    assert (ledger["lost"], ledger["doubled"]) == (0, 0)
    eventually(lambda: release.queue()["queue_size"] == 0, 10, "an empty queue")


def test_a_drain_by_hand_is_followed_to_its_end(release: Release) -> None:
    """`recado drain --in-cluster` starts a Job from the CronJob and says how it ended."""
    release.upgrade(drain={"suspend": True})
    try:
        release.outage(True)
        release.order(10)
        eventually(lambda: release.queue()["pending_retry"] >= 10, 30, "a queue that grows")
        release.outage(False)
        time.sleep(4)  # the backoff
        command = [sys.executable, "-m", "recado", "drain", "--in-cluster", "-n", release.namespace]
        assert "drain finished" in run(*command, "--release", RELEASE)
        assert release.settled(10, 10)["doubled"] == 0
    finally:
        release.upgrade(drain={"suspend": False})


def test_an_upgrade_under_load_refuses_nothing_and_loses_nothing(release: Release) -> None:
    """While every web pod is replaced, every response is 200, and no reply is lost or doubled."""
    before = release.web_pods()
    release.order(3000, per_second=100)
    time.sleep(5)
    release.upgrade(settings={"RECADO_LOG_LEVEL": "warning"})
    eventually(lambda: release.web_pods() != before, 60, "a new web pod")
    release.undisturbed(3000)


def test_a_rollback_under_load_refuses_nothing_and_loses_nothing(release: Release) -> None:
    """The same holds for a rollback."""
    before = release.web_pods()
    release.order(3000, per_second=100)
    time.sleep(5)
    release.helm("rollback", RELEASE, "--wait", "--timeout", "180s")
    release.values["settings"].pop("RECADO_LOG_LEVEL")
    eventually(lambda: release.web_pods() != before, 60, "a new web pod")
    release.undisturbed(3000)


def test_an_upgrade_that_fails_leaves_the_old_pod_able_to_start_again(release: Release) -> None:
    """New settings with an image that does not exist: the old pod restarts with its own settings, and a rollback
    causes no errors."""
    (old,) = release.web_pods()
    revision = json.loads(release.helm("history", RELEASE, "-o", "json"))[-1]["revision"]
    tag = release.values["image"]["tag"]
    release.upgrade(wait=False, image={"tag": "not-there"}, settings={"RECADO_LOG_LEVEL": "debug"})
    try:
        release.kubectl("exec", old, "--", "python3", "-c", "import os, signal; os.kill(1, signal.SIGTERM)")

        def started_again() -> bool:
            (status,) = release.get("pod", old)["status"]["containerStatuses"]
            return bool(status["restartCount"] and status["ready"])

        eventually(started_again, 90, "the old pod, started again")
    finally:
        release.values["image"]["tag"] = tag
        release.values["settings"].pop("RECADO_LOG_LEVEL")
        release.helm("rollback", RELEASE, str(revision), "--wait", "--timeout", "180s")
    assert release.web_pods() == [old]


def test_killed_pods_lose_nothing(release: Release) -> None:
    """Web and drain pods are killed at random under load, without a grace period; in the end every order has a reply.

    If a process is killed between Meta's acceptance and its record, the status that follows settles the attempt. So
    doubled replies are rare; the test prints them.
    """
    chance = random.Random(7)  # the kills are the same in every run
    release.simulator("/faults", {"ratios": {"server_error": 0.2}})
    release.order(2000, per_second=40)
    kills = 0
    while kills < 6:
        time.sleep(chance.uniform(3, 7))
        kills += release.kill(*chance.choice([("web",), ("drain", "web")]))
    release.simulator("/faults", {"ratios": {}})
    ledger = release.settled(2000, 400)
    print(f"{kills} pods killed, {ledger}")
    assert (ledger["lost"], ledger["unanswered"]) == (0, 0)
    assert ledger["doubled"] <= kills


def test_a_drain_runs_without_a_web_pod_on_the_node_of_the_volume(release: Release) -> None:
    """The affinity that keeps web and drain together lets a drain start alone, on the node with the volume."""
    release.kubectl("scale", f"deployment/{NAME}", "--replicas=0")
    try:
        eventually(lambda: not release.web_pods(), 60, "no web pod")
        release.kubectl("create", "job", "alone", f"--from=cronjob/{NAME}-drain")
        release.kubectl("wait", "--for=condition=Complete", "job/alone", "--timeout=90s")
        (pod,) = release.get("pods", "-l", "job-name=alone")["items"]
    finally:
        release.kubectl("scale", f"deployment/{NAME}", "--replicas=1")
    claim = release.get("pvc", f"{NAME}-queue")
    volume = release.get("pv", claim["spec"]["volumeName"])
    terms = volume["spec"].get("nodeAffinity", {}).get("required", {}).get("nodeSelectorTerms", [])
    allowed = [value for term in terms for e in term.get("matchExpressions", []) for value in e["values"]]
    assert not allowed or pod["spec"]["nodeName"] in allowed
    eventually(release.healthy, 60, "a web pod again")
    web = release.get("pod", release.web_pods()[0])
    assert web["spec"]["nodeName"] == pod["spec"]["nodeName"]


def test_the_queue_outlives_the_release(release: Release) -> None:
    """The release is uninstalled during an outage and installed again: the claim was kept, and every reply is
    delivered."""
    release.outage(True)
    release.order(20)
    # Meta may still hold connections to a pod that has just ended; it tries such a webhook again after 20 s.
    eventually(lambda: release.queue()["queue_size"] >= 20, 90, "a queue that grows")
    release.helm("uninstall", RELEASE, "--wait")
    assert release.get("pvc", f"{NAME}-queue")["status"]["phase"] == "Bound"
    release.upgrade()
    # A drain may have begun before the queue could be counted. The new simulator knows nothing of the old one's
    # customers; it counts the answers that they get.
    eventually(lambda: release.ledger()["unmatched"] >= 20, 180, "20 answers to customers of before")
    assert release.ledger()["unmatched"] == 20
    eventually(lambda: release.queue()["queue_size"] == 0, 10, "an empty queue")
