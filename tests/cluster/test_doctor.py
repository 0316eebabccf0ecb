"""The doctor on a real cluster: it finds no fault in a healthy release, and each planted fault in a faulty one."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import NAME, SECRET, Release, eventually

Act = Callable[[Release], None]


def levels(findings: list[dict[str, str]], level: str) -> list[str]:
    return [f"{f['area']}: {f['text']}" for f in findings if f["level"] == level]


def test_a_healthy_release_has_no_fault(release: Release) -> None:
    """There may be warnings, such as a missing ingress, but no fault."""
    eventually(lambda: release.get("cronjob", f"{NAME}-drain")["status"].get("lastSuccessfulTime"), 120, "a drain")
    eventually(lambda: not levels(release.doctor(), "fault"), 60, f"no fault: {levels(release.doctor(), 'fault')}")


def patch(release: Release, what: str, change: dict[str, Any]) -> None:
    release.kubectl("patch", what, "--type=merge", "-p", json.dumps(change))


def set_secret(release: Release, **values: str | None) -> None:
    patch(release, f"secret/{NAME}", {"stringData": {k: v for k, v in values.items() if v is not None}})
    for key in (k for k, v in values.items() if v is None):
        removal = [{"op": "remove", "path": f"/data/{key}"}]
        release.kubectl("patch", f"secret/{NAME}", "--type=json", "-p", json.dumps(removal))


def no_app_secret(release: Release) -> None:
    set_secret(release, WHATSAPP_APP_SECRET=None)


def example_token(release: Release) -> None:
    set_secret(release, WHATSAPP_ACCESS_TOKEN="your-access-token")


def suspended(release: Release) -> None:
    patch(release, f"cronjob/{NAME}-drain", {"spec": {"suspend": True}})


def broken_setting(release: Release) -> None:
    release.kubectl("set", "env", f"deployment/{NAME}", "RECADO_DRAIN_BATCH=many")


def failing_drain(release: Release) -> None:
    release.kubectl("set", "env", f"cronjob/{NAME}-drain", "RECADO_DRAIN_BATCH=many")


def drain_without_image(release: Release) -> None:
    release.kubectl("set", "image", f"cronjob/{NAME}-drain", "drain=localhost/recado:not-there")


def drain_without_settings(release: Release) -> None:
    template = {"spec": {"containers": [{"name": "drain", "envFrom": [{"configMapRef": {"name": "not-there"}}]}]}}
    change = {"spec": {"jobTemplate": {"spec": {"template": template}}}}
    release.kubectl("patch", f"cronjob/{NAME}-drain", "-p", json.dumps(change))


def another_app_secret(release: Release) -> None:
    """Webhooks that Meta signs are refused."""
    set_secret(release, WHATSAPP_APP_SECRET="a0c7be07" * 4)
    release.kubectl("rollout", "restart", f"deployment/{NAME}")
    release.kubectl("rollout", "status", f"deployment/{NAME}", "--timeout=120s")
    meta = ("env", f"WHATSAPP_APP_SECRET={SECRET['appSecret']}", "recado", "selftest", "http://127.0.0.1:8000")
    release.kubectl("exec", f"deploy/{NAME}", "--", *meta, check=False)


def no_image(release: Release) -> None:
    release.kubectl("set", "image", f"deployment/{NAME}", "web=localhost/recado:not-there")


def no_web(release: Release) -> None:
    release.kubectl("scale", f"deployment/{NAME}", "--replicas=0")


def expired_version(release: Release) -> None:
    release.upgrade(whatsapp={"apiVersion": "v18.0"})


def outage(release: Release) -> None:
    release.outage(True)
    release.order(10)


def given_up(release: Release) -> None:
    release.simulator("/faults", {"ratios": {"code:131026": 1.0}})
    release.order(2)


def no_certificate(release: Release) -> None:
    release.kubectl("delete", f"secret/{NAME}-tls", "--ignore-not-found")
    release.ingress(host="pedidos.example.com")


def too_large_for_any_node(release: Release) -> None:
    container = {"name": "web", "resources": {"requests": {"memory": "900Gi"}, "limits": {"memory": "900Gi"}}}
    release.kubectl(
        "patch", f"deployment/{NAME}", "-p", json.dumps({"spec": {"template": {"spec": {"containers": [container]}}}})
    )


FAULTS: dict[Act, tuple[str, str]] = {
    no_app_secret: ("fault", "is missing or empty"),
    example_token: ("warning", "is a placeholder"),
    suspended: ("fault", "the CronJob is suspended"),
    broken_setting: ("fault", "RECADO_DRAIN_BATCH"),
    failing_drain: ("fault", "RECADO_DRAIN_BATCH"),
    drain_without_image: ("fault", "ImagePull"),
    drain_without_settings: ("fault", "not-there"),
    another_app_secret: ("fault", "check the app secret"),
    no_image: ("fault", "Image"),
    no_web: ("fault", "there are no web pods: replicas is 0"),
    expired_version: ("fault", "has expired"),
    outage: ("fault", "the breaker is open"),
    given_up: ("warning", "replies were given up"),
    no_certificate: ("fault", "contains no certificate"),
    too_large_for_any_node: ("fault", "fits on no node"),
}
#: Expected words that come from Kubernetes, from a setting or from the test, and not from the doctor.
OTHERS = {"RECADO_DRAIN_BATCH", "ImagePull", "Image", "not-there"}


def fix(release: Release) -> None:
    """Undoes what a test planted as an operator would: by installing again what should be there."""
    release.kubectl("delete", f"deployment/{NAME}", f"cronjob/{NAME}-drain", f"secret/{NAME}")
    release.kubectl("delete", "ingress", NAME, "--ignore-not-found")
    release.kubectl("delete", "jobs", "--all")
    release.reset()
    release.upgrade(whatsapp={"apiVersion": ""})


@pytest.mark.parametrize(("plant", "expected"), FAULTS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_fault_is_found(release: Release, plant: Act, expected: tuple[str, str]) -> None:
    """Within 90 seconds, in which a drain begins, the doctor names it with the right severity."""
    level, text = expected
    try:
        plant(release)
        eventually(
            lambda: any(text in found for found in levels(release.doctor(), level)), 90, f"{text!r}: {release.doctor()}"
        )
    finally:
        fix(release)


def test_replies_that_are_given_up_show_as_an_event(release: Release) -> None:
    """`kubectl describe deployment` shows their number, without personal data."""
    release.simulator("/faults", {"ratios": {"code:131026": 1.0}})
    release.order(3)

    def told() -> list[str]:
        events = release.get("events", "--field-selector", "reason=MessagesGivenUp")["items"]
        return [event["message"] for event in events]

    messages = eventually(told, 150, "an Event")
    assert "replies were given up" in messages[-1]
    assert "+1" not in messages[-1]
    release.recado("queue", "erase", "--all")
