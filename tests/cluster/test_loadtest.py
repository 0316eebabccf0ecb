"""The load test as the chart runs it: locust's master and workers as Jobs."""

import os

import pytest

from .conftest import NAME, Release, eventually

IMAGE = os.environ.get("RECADO_TEST_LOADTEST_IMAGE", "")


@pytest.mark.skipif(not IMAGE, reason="needs RECADO_TEST_LOADTEST_IMAGE, the image of loadtests/Dockerfile")
def test_a_load_test_is_run_and_judged(release: Release) -> None:
    """One upgrade is one run: 40 messages a second for 15 seconds, each acknowledged and with exactly one reply."""
    repository, _, tag = IMAGE.rpartition(":")
    image = {"repository": repository, "tag": tag}
    release.upgrade(loadtest={"enabled": True, "image": image, "rate": 40, "seconds": 15})
    try:
        jobs = release.get("jobs", "-l", "app.kubernetes.io/component=loadtest")["items"]
        (name,) = (job["metadata"]["name"] for job in jobs)
        assert name.startswith(f"{NAME}-loadtest-")

        def ended() -> bool:
            status = release.get("job", name)["status"]
            return bool(status.get("succeeded") or status.get("failed"))

        eventually(ended, 120, "the end of the load test")
        log = release.kubectl("logs", f"job/{name}")
        assert release.get("job", name)["status"].get("succeeded"), log
        assert "0 lost, 0 doubled" in log
        print("\n".join(line for line in log.splitlines() if line.startswith("|")))
    finally:
        release.upgrade(loadtest={"enabled": False})
    eventually(lambda: release.queue()["queue_size"] == 0, 30, "an empty queue")
