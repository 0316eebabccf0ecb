"""A Kubernetes Event on the web Deployment when replies are given up, so that `kubectl describe` shows it.

The web pod reads the durable total, which includes the drains'. It records at most one Event per minute, without
personal data. It is a convenience, not the alert: failures are logged and not retried. The official client takes half a
second and 20 MiB to import, so it is imported only for the first Event.
"""

import asyncio
import datetime
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from recado.queue.protocol import Snapshot
from recado.telemetry.metrics import FAILED_REASONS

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Event, V1Deployment

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")

#: Records an Event: (name of the Deployment, message).
Record = Callable[[str, str], None]


class GivenUp:
    """Compares the total of replies given up with the last one."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot
        self._seen: float | None = None

    def look(self) -> str | None:
        """The Event's message, or None if the total has not grown; the first call only stores the total."""
        totals = self._snapshot().totals
        now = {labels[0]: n for (name, labels), n in totals.items() if name == FAILED_REASONS.name}
        seen, self._seen = self._seen, sum(now.values())
        if seen is None or self._seen <= seen:
            return None
        return (
            f"{self._seen - seen:.0f} replies were given up in the last minute, {self._seen:.0f} in total"
            f" ({', '.join(f'{reason}: {n:.0f}' for reason, n in sorted(now.items()) if n)});"
            " see: recado queue list --state failed"
        )


async def watch(snapshot: Callable[[], Snapshot], deployment: str, record: Record | None = None) -> None:
    """Checks once a minute until it is cancelled."""
    given_up = GivenUp(snapshot)
    while True:
        try:
            if message := await asyncio.to_thread(given_up.look):
                await asyncio.to_thread(record or record_event, deployment, message)
        except Exception as error:  # a failed Event must not end the pod
            log.warning(
                "the Event could not be recorded", extra={"action": "event.failed", "error": type(error).__name__}
            )
        await asyncio.sleep(LOOK_SECONDS)


def record_event(deployment: str, message: str) -> None:
    """Records a Warning on the Deployment of this pod's namespace, with this pod's account."""
    from kubernetes import client, config

    config.load_incluster_config()  # type: ignore[no-untyped-call]  # kubernetes 37 ships no types here
    namespace = NAMESPACE_FILE.read_text()
    target = client.AppsV1Api().read_namespaced_deployment(deployment, namespace)
    now = datetime.datetime.now(datetime.UTC)
    client.CoreV1Api().create_namespaced_event(namespace, event(target, message, now))


def event(target: "V1Deployment", message: str, now: datetime.datetime) -> "CoreV1Event":
    """The Event itself."""
    from kubernetes import client

    metadata = target.metadata
    assert metadata
    return client.CoreV1Event(
        metadata=client.V1ObjectMeta(generate_name=f"{metadata.name}-given-up-", namespace=metadata.namespace),
        involved_object=client.V1ObjectReference(
            api_version="apps/v1",
            kind="Deployment",
            name=metadata.name,
            namespace=metadata.namespace,
            uid=metadata.uid,
        ),
        type="Warning",
        reason="MessagesGivenUp",
        message=message,
        action="GiveUp",
        count=1,
        first_timestamp=now,
        last_timestamp=now,
        event_time=now,
        reporting_component="recado",
        reporting_instance=os.environ.get("POD_NAME", "recado"),
        source=client.V1EventSource(component="recado"),
    )
