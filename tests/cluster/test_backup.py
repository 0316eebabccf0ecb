"""Backups of the queue on a second volume, and the restore that docs/operations.md describes."""

import json
from collections.abc import Iterator

import pytest

from .conftest import NAME, Release, eventually


@pytest.fixture
def backups(release: Release) -> Iterator[Release]:
    """The release with backups. `helm --wait` ends although only the first backup uses the new claim."""
    release.upgrade(backup={"enabled": True, "size": "1Gi"})
    yield release
    release.upgrade(backup={"enabled": False})


def test_backups_are_made_and_drilled(backups: Release) -> None:
    """The CronJob copies the queue, and the drill restores the copy."""
    for name in ("backup", "backup-drill"):
        _run(backups, name, name)
    assert "can be restored" in backups.kubectl("logs", "job/backup-drill")


def test_a_restore_brings_back_what_waited(backups: Release) -> None:
    """Twenty replies wait, a backup is made, and the queue is emptied; after the restore twenty replies wait again."""
    backups.outage(True)
    backups.order(20)
    eventually(lambda: backups.queue()["pending_retry"] >= 20, 30, "a queue that grows")
    backups.upgrade(drain={"suspend": True})
    try:
        _run(backups, "backup", "copy")
        backups.outage(False)
        backups.recado("drain")
        eventually(lambda: backups.queue()["queue_size"] == 0, 60, "an empty queue")
        backups.outage(True)
        backups.kubectl("scale", f"deployment/{NAME}", "--replicas=0")
        _run(backups, "backup", "restore", "restore", "/backup", "--wait", "120")
        assert "is restored" in backups.kubectl("logs", "job/restore")
        backups.kubectl("scale", f"deployment/{NAME}", "--replicas=1")
        eventually(backups.healthy, 60, "a web pod again")
        assert backups.queue()["queue_size"] == 20
    finally:
        backups.outage(False)
        backups.upgrade(drain={"suspend": False})
    eventually(lambda: backups.queue()["queue_size"] == 0, 120, "twenty answers")


def _run(release: Release, cron_job: str, name: str, *arguments: str) -> None:
    """Runs a Job made from a CronJob, with other arguments if given, until it is complete."""
    command = ("create", "job", name, f"--from=cronjob/{NAME}-{cron_job}", "--dry-run=client", "-o", "json")
    job = json.loads(release.kubectl(*command))
    if arguments:
        job["spec"]["template"]["spec"]["containers"][0]["args"] = list(arguments)
    release.kubectl("apply", "-f", "-", stdin=json.dumps(job))
    release.kubectl("wait", "--for=condition=Complete", f"job/{name}", "--timeout=180s")
