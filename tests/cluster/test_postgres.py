"""A release on PostgreSQL: three web pods, two drains, and a server that is killed and frozen under load.

RECADO_TEST_POSTGRES_IMAGE names an image with PostgreSQL's programs, such as docker.io/library/postgres:18.
"""

import os
import random
import secrets
import string
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import RELEASE, Release, eventually, install, new_namespace

MANIFESTS = Path(__file__).with_name("postgres.yaml")
#: The command in the server's container that sends a signal to the server and all its processes.
KILL = "kill -KILL $(head -1 $PGDATA/postmaster.pid)"
EVERY = 'for p in /proc/[0-9]*; do [ "$(cat $p/comm)" = postgres ] && kill -{} ${{p#/proc/}}; done; true'


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    if "RECADO_TEST_POSTGRES_IMAGE" not in os.environ:
        pytest.skip("needs RECADO_TEST_POSTGRES_IMAGE")
    with new_namespace() as name:
        yield name


def start_server(namespace: str) -> None:
    """A database server, and the Secret with its URLs."""
    given = {"IMAGE": os.environ["RECADO_TEST_POSTGRES_IMAGE"], "PASSWORD": secrets.token_hex(12)}
    Release(namespace).kubectl("apply", "-f", "-", stdin=string.Template(MANIFESTS.read_text()).safe_substitute(given))


@pytest.fixture(scope="module")
def release(namespace: str) -> Release:
    """Three web pods and two drains that may use the tables, with a schema that another role owns."""
    start_server(namespace)
    migrate = {"key": "owner"}
    store = {"type": "postgres", "postgres": {"existingSecret": "postgres", "key": "pods", "migrate": migrate}}
    return install(namespace, store=store, web={"replicaCount": 3}, drain={"replicas": 2})


def on_the_server(release: Release, script: str) -> None:
    """Runs a shell script in the database server's container."""
    release.kubectl("exec", "deploy/postgres", "--", "sh", "-c", script)


def test_an_order_is_answered_by_one_of_three_pods(release: Release) -> None:
    """The hook's Job has made the schema before the pods start; an order gets one quote."""
    assert len(release.web_pods()) == 3
    release.simulator("/messages", {"texts": ["Quiero 2 zapatos y 1 camisa"]})
    ledger = release.settled(1, 10)
    assert (ledger["lost"], ledger["doubled"], ledger["redeliveries"]) == (0, 0, 0)


def test_helm_test_passes(release: Release) -> None:
    """The chart's own test says that the installation works."""
    output = release.helm("test", RELEASE, "--logs")
    assert "✓ a signed order is quoted, and no reply is sent" in output
    assert "✗" not in output


def test_the_doctor_finds_no_fault(release: Release) -> None:
    """The checks for a volume and a CronJob do not misjudge a database and a Deployment."""

    def faults() -> list[str]:
        return [f"{f['area']}: {f['text']}" for f in release.doctor() if f["level"] == "fault"]

    eventually(lambda: not faults(), 60, f"no fault: {faults()}")


def test_what_an_outage_holds_up_the_drains_deliver(release: Release) -> None:
    """While the Graph API is down, the queue grows. When it is back, two drains share the work and deliver each
    reply once."""
    release.outage(True)
    release.order(200)
    eventually(lambda: release.queue()["pending_retry"] >= 200, 60, "a queue that grows")
    release.outage(False)
    ledger = release.settled(200, 120)
    assert (ledger["lost"], ledger["doubled"]) == (0, 0)
    eventually(lambda: release.queue()["queue_size"] == 0, 10, "an empty queue")


def change_under_load(release: Release, change: Callable[[], None]) -> None:
    """While all web pods and drains are replaced, every response is 200, and no reply is lost or doubled."""
    before = set(release.web_pods())
    release.order(3000, per_second=100)
    time.sleep(5)
    change()
    eventually(lambda: not before & set(release.web_pods()), 90, "new web pods")
    release.undisturbed(3000)


def test_an_upgrade_under_load_refuses_nothing_and_loses_nothing(release: Release) -> None:
    """The hook's Job runs beside the old pods, which continue to serve until the new ones are ready."""
    change_under_load(release, lambda: release.upgrade(settings={"RECADO_LOG_LEVEL": "warning"}))


def test_a_rollback_under_load_refuses_nothing_and_loses_nothing(release: Release) -> None:
    """The same holds for a rollback."""

    def rollback() -> None:
        release.helm("rollback", RELEASE, "--wait", "--timeout", "180s")
        release.values["settings"].pop("RECADO_LOG_LEVEL")

    change_under_load(release, rollback)


def test_killed_pods_and_a_killed_server_lose_nothing(release: Release) -> None:
    """Web pods, drains and the server are killed at random under load; in the end every order has a reply.

    If a process is killed between Meta's acceptance and its record, the status that follows settles the attempt. So
    doubled replies are rare; the test prints them. One call in five fails at first, so that drains send replies,
    too.
    """
    chance = random.Random(11)  # the kills are the same in every run
    release.simulator("/faults", {"ratios": {"server_error": 0.2}})
    release.order(3000, per_second=40)
    victims = ["web", "server", "drain"] * 3
    for victim in victims:
        time.sleep(chance.uniform(4, 8))
        if victim == "server":
            on_the_server(release, KILL)
            release.kubectl("wait", "deployment/postgres", "--for=condition=Available", "--timeout=90s")
        else:
            release.kill(victim, "web")
    release.simulator("/faults", {"ratios": {}})
    ledger = release.settled(3000, 400)
    print(f"{len(victims)} kills, {ledger}")
    assert (ledger["lost"], ledger["unanswered"]) == (0, 0)
    assert ledger["doubled"] <= len(victims)


def test_a_frozen_server_holds_up_and_loses_nothing(release: Release) -> None:
    """The server does not respond for 20 s: pods become unready, Meta delivers its webhooks again, and nothing is
    lost."""
    release.order(1000, per_second=40)
    time.sleep(5)
    on_the_server(release, EVERY.format("STOP"))
    try:
        time.sleep(20)
    finally:
        on_the_server(release, EVERY.format("CONT"))
    ledger = release.settled(1000, 300)
    print(ledger)
    assert ledger["seconds"]["max"] > 10, "the server was not frozen"
    assert (ledger["lost"], ledger["unanswered"], ledger["doubled"]) == (0, 0, 0)
