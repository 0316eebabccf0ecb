"""`kubectl describe deployment` shows that replies were given up: a number, without personal data."""

import asyncio
import contextlib
import datetime

from kubernetes import client

from recado.cluster import events
from recado.queue.protocol import Snapshot
from recado.queue.statements import StoreSizes
from recado.telemetry.metrics import FAILED_REASONS
from tests.waiting import PATIENCE_SECONDS


def snapshot(**reasons: float) -> Snapshot:
    totals: dict[tuple[str, tuple[str, ...]], float] = {
        (FAILED_REASONS.name, (reason,)): n for reason, n in reasons.items()
    }
    return Snapshot(
        totals=totals,
        rows={},
        oldest_due_seconds=0.0,
        oldest_placed_seconds=0.0,
        breakers={},
        instants={},
        sizes=StoreSizes({}),
    )


def test_only_what_is_new_is_told() -> None:
    """The first look only remembers the totals; each further look reports what was added, once."""
    now = snapshot(window_closed=2)
    given_up = events.GivenUp(lambda: now)
    assert given_up.look() is None
    assert given_up.look() is None
    now = snapshot(window_closed=2, retries_exhausted=3)
    message = given_up.look() or ""
    assert message.startswith(
        "3 replies were given up in the last minute, 5 in total (retries_exhausted: 3, window_closed: 2)"
    )
    assert given_up.look() is None


async def test_an_event_that_fails_is_forgotten() -> None:
    """Without the right to create Events, the pod continues to work."""
    counts = iter(range(100))
    tried = asyncio.Event()
    loop = asyncio.get_running_loop()

    def refuse(deployment: str, message: str) -> None:
        loop.call_soon_threadsafe(tried.set)
        raise PermissionError

    seconds, events.LOOK_SECONDS = events.LOOK_SECONDS, 0.001
    watching = asyncio.create_task(events.watch(lambda: snapshot(rejected=next(counts)), "shop", refuse))
    await asyncio.wait_for(tried.wait(), PATIENCE_SECONDS)
    assert not watching.done()
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    events.LOOK_SECONDS = seconds


def test_the_event_is_a_warning_on_the_deployment() -> None:
    """It names its Deployment, so that `kubectl describe` shows it there."""
    metadata = client.V1ObjectMeta(name="shop-recado", namespace="pedidos", uid="1-2")
    now = datetime.datetime(2026, 11, 23, 17, 0, 0, 5, tzinfo=datetime.UTC)
    made = client.ApiClient().sanitize_for_serialization(  # type: ignore[no-untyped-call]  # the client has no types
        events.event(client.V1Deployment.model_construct(metadata=metadata), "3 replies", now)
    )
    assert (made["type"], made["reason"], made["message"]) == ("Warning", "MessagesGivenUp", "3 replies")
    assert made["involvedObject"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "shop-recado",
        "namespace": "pedidos",
        "uid": "1-2",
    }
