"""Orders over HTTP: list, show, change; and the notices to customers."""

import asyncio
from typing import Any

import pytest

from recado.queue.errors import StoreUnavailable
from tests.clock import FakeClock
from tests.http.conftest import Pod, StartPod
from tests.meta import ADMIN_TOKEN, text_message

ORDERS = "/api/v1/orders"
BEARER = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
QUICK = {"RECADO_CUSTOMER_INTERVAL_SECONDS": "0"}


async def order(pod: Pod, clock: FakeClock, customer: int, text: str = "Quiero 2 zapatos y 1 camisa") -> None:
    """A customer places an order."""
    await pod.receive(text_message(10 * customer, text, sent_at=clock(), customer=customer))
    clock.advance(2)
    await pod.receive(text_message(10 * customer + 1, "sí", sent_at=clock(), customer=customer))


async def get(pod: Pod, path: str = "", **query: Any) -> Any:
    return (await pod.client.get(f"{ORDERS}{path}", params=query, headers=BEARER)).json()


async def test_an_order_is_shown_as_it_was_confirmed(start_pod: StartPod, clock: FakeClock) -> None:
    """With money as decimal strings, times in UTC, and the customer's address."""
    async with start_pod(**QUICK) as pod:
        await order(pod, clock, 1)
        page = await get(pod)
        number = page["orders"][0]["number"]
        shown = [await get(pod, f"/{name}") for name in (number, number.removeprefix("P-"), number.lower())]
        confirmation = pod.graph.sent[-1]["text"]["body"]

    assert number.startswith("P-")
    assert number in confirmation
    assert page["next_after"] is None
    assert [one["order"] for one in shown] == page["orders"] * 3
    found = shown[0]["order"]
    assert (found["state"], found["source"], found["currency"], found["total"]) == ("placed", "text", "USD", "117.48")
    assert [tuple(line.values()) for line in found["lines"]] == [
        ("CAL-001", "Zapatos", 2, None, "45.99", "91.98"),
        ("CAM-001", "Camisa", 1, None, "25.50", "25.50"),
    ]
    assert found["customer"] == {"phone": "+15550100001", "user_id": "US.000001"}
    assert found["placed_at"].endswith("Z")


async def test_orders_come_in_pages(start_pod: StartPod, clock: FakeClock) -> None:
    """Each page continues after the last number of the previous one; `state` filters."""
    async with start_pod(**QUICK) as pod:
        for customer in (1, 2, 3):
            await order(pod, clock, customer)
        first = await get(pod, limit=2)
        rest = await get(pod, after=first["next_after"])
        number = first["orders"][1]["number"]
        await pod.client.post(f"{ORDERS}/{number}/accept", headers=BEARER)
        accepted = await get(pod, state="accepted")
        placed = await get(pod, state="placed")

    assert [len(first["orders"]), len(rest["orders"]), rest["next_after"]] == [2, 1, None]
    assert [one["number"] for one in accepted["orders"]] == [number]
    assert [one["number"] for one in placed["orders"]] == [first["orders"][0]["number"], rest["orders"][0]["number"]]


async def test_staff_move_an_order_and_its_customer_reads_it(start_pod: StartPod, clock: FakeClock) -> None:
    """Once for each key, however often it is requested; the pod sends the notice without a drain."""
    async with start_pod(**QUICK) as pod:
        await order(pod, clock, 1)
        number = (await get(pod))["orders"][0]["number"]
        answers = []
        for move, key, sent in (("accept", "a", 3), ("accept", "a", 3), ("complete", "c", 4), ("accept", "a", 4)):
            headers = {**BEARER, "Idempotency-Key": key}
            answers.append(await pod.client.post(f"{ORDERS}/{number}/{move}", headers=headers))
            async with asyncio.timeout(10):
                while len(pod.graph.sent) < sent:
                    await asyncio.sleep(0.01)
                    clock.advance(0.1)
        told = [sent["text"]["body"] for sent in pod.graph.sent if number in sent["text"]["body"]]

    assert [answer.status_code for answer in answers] == [200] * 4
    states = [answer.json()["order"]["state"] for answer in answers]
    assert states == ["accepted", "accepted", "completed", "completed"]
    assert ["preparando" in text for text in told] == [False, True, False]
    assert "completo" in told[2]


@pytest.mark.parametrize(
    ("path", "code", "error"),
    [
        ("P-7/accept", 404, "not_found"),
        ("x/accept", 404, "not_found"),
        ("{number}/complete", 409, "conflict"),
        ("{number}/cancel", 422, "bad_request"),
        ("{number}/accept", 200, None),
    ],
)
async def test_what_cannot_be_is_refused(
    start_pod: StartPod, clock: FakeClock, path: str, code: int, error: str | None
) -> None:
    """Requests for impossible changes are refused."""
    async with start_pod(**QUICK) as pod:
        await order(pod, clock, 1)
        number = (await get(pod))["orders"][0]["number"]
        await pod.client.post(f"{ORDERS}/{number}/accept", headers={**BEARER, "Idempotency-Key": "one"})
        await pod.client.post(f"{ORDERS}/{number}/cancel", headers=BEARER)
        key = {} if "complete" in path else {"Idempotency-Key": "one"}
        answer = await pod.client.post(f"{ORDERS}/{path.format(number=number)}", headers={**BEARER, **key})

    assert answer.status_code == code
    assert answer.json().get("error", {}).get("code") == error


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("GET", "/P-1001"), *(("POST", f"/P-1001/{m}") for m in ("accept", "cancel"))]
)
async def test_without_the_token_nothing(start_pod: StartPod, method: str, path: str) -> None:
    """Orders contain customers' addresses."""
    async with start_pod() as pod:
        answer = await pod.client.request(method, ORDERS + path)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", "/1001"), ("POST", "/1001/accept")])
async def test_without_the_store_503(
    start_pod: StartPod, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    """Without the store, requests get 503 with Retry-After."""

    async def gone(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("disk I/O error")

    async with start_pod() as pod:
        for name in ("list_orders", "get_order", "move_order"):
            monkeypatch.setattr(pod.queue, name, gone)
        answer = await pod.client.request(method, ORDERS + path, headers=BEARER)

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")


@pytest.mark.parametrize("query", [{"state": "lost"}, {"limit": 0}, {"limit": 1001}, {"after": -1}, {"after": "P-1"}])
async def test_bad_parameters_are_named(start_pod: StartPod, query: dict[str, Any]) -> None:
    """They get 422 with the parameter's name."""
    async with start_pod() as pod:
        answer = await pod.client.get(ORDERS, params=query, headers=BEARER)

    assert answer.status_code == 422
    assert next(iter(query)) in answer.json()["error"]["message"]


async def test_the_orders_are_in_the_description(start_pod: StartPod) -> None:
    """With their schemas, the idempotency key, and all error responses."""
    async with start_pod() as pod:
        schema = (await pod.client.get("/openapi.json")).json()

    accept = schema["paths"][f"{ORDERS}/{{number}}/accept"]["post"]
    assert {parameter["name"] for parameter in accept["parameters"]} >= {"number", "Idempotency-Key"}
    assert accept["responses"].keys() >= {"200", "401", "404", "409", "422", "503"}
    assert schema["components"]["schemas"].keys() >= {"OrderView", "OrdersResponse", "LineView"}
