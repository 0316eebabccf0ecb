"""The events over HTTP, for a system that has missed some."""

import json
from pathlib import Path
from typing import Any

import pytest

from recado.queue.errors import StoreUnavailable
from tests.clock import FakeClock
from tests.events.test_endpoints import CRM
from tests.http.conftest import StartPod
from tests.http.test_orders import BEARER, QUICK, order
from tests.meta import text_message

EVENTS = "/api/v1/events"


@pytest.fixture
def endpoints(tmp_path: Path) -> dict[str, str]:
    """Settings with an endpoint of all types."""
    path = tmp_path / "events.json"
    path.write_text(json.dumps([CRM]))
    return {**QUICK, "RECADO_EVENTS_FILE": str(path)}


async def test_events_come_in_pages_and_by_type(
    start_pod: StartPod, clock: FakeClock, endpoints: dict[str, str]
) -> None:
    """The events of a quote and its order, as endpoints get them; each page continues after the last id."""
    async with start_pod(**endpoints) as pod:
        await order(pod, clock, 1)

        async def get(**query: Any) -> Any:
            return (await pod.client.get(EVENTS, params=query, headers=BEARER)).json()

        first, orders = await get(limit=1), await get(type="order.created")
        rest = await get(after=first["next_after"])
        by_number = await get(after=first["next_after"].removeprefix("evt_"))

    assert [event["type"] for event in (*first["events"], *rest["events"])] == ["quote.created", "order.created"]
    assert rest["next_after"] is None
    assert rest["events"] == orders["events"] == by_number["events"]
    (event,) = orders["events"]
    assert event["data"]["order"]["total"] == "117.48"
    assert event["data"]["customer"]["phone"] == "+15550100001"
    assert event["timestamp"].endswith("Z")


async def test_a_customer_who_wants_to_cancel_a_confirmed_order(
    start_pod: StartPod, clock: FakeClock, endpoints: dict[str, str]
) -> None:
    """An event has the order's number and state; without an order there is none."""
    async with start_pod(**endpoints) as pod:
        await order(pod, clock, 1)
        clock.advance(1200)
        await pod.receive(text_message(50, "cancela mi pedido", sent_at=clock(), customer=1))
        await pod.receive(text_message(51, "cancela mi pedido", sent_at=clock(), customer=2))
        query = {"type": "order.cancel_requested"}
        page = (await pod.client.get(EVENTS, params=query, headers=BEARER)).json()
        orders = (await pod.client.get("/api/v1/orders", headers=BEARER)).json()["orders"]

    (event,) = page["events"]
    data = {name: event["data"][name] for name in ("number", "state", "reason")}
    assert data == {"number": orders[0]["number"], "state": "placed", "reason": "customer"}
    assert orders[0]["state"] == "placed"


async def test_without_endpoints_there_are_none(start_pod: StartPod, clock: FakeClock) -> None:
    async with start_pod(**QUICK) as pod:
        await order(pod, clock, 1)
        page = (await pod.client.get(EVENTS, headers=BEARER)).json()

    assert page == {"events": [], "next_after": None, "status": "ok"}


@pytest.mark.parametrize(
    ("query", "status"),
    [({"type": "order.made"}, 422), ({"limit": 0}, 422), ({"after": "evt_x"}, 422), ({"after": "9" * 19}, 422)],
)
async def test_what_makes_no_sense_is_refused(start_pod: StartPod, query: dict[str, Any], status: int) -> None:
    async with start_pod() as pod:
        response = await pod.client.get(EVENTS, params=query, headers=BEARER)

    assert (response.status_code, response.json()["status"]) == (status, "error")


async def test_only_with_the_token(start_pod: StartPod) -> None:
    async with start_pod() as pod:
        assert (await pod.client.get(EVENTS)).status_code == 401


async def test_a_store_that_cannot_be_read(start_pod: StartPod, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("gone")

    async with start_pod() as pod:
        monkeypatch.setattr(pod.queue.events, "after", fail)
        response = await pod.client.get(EVENTS, headers=BEARER)

    assert response.status_code == 503
