"""The report over HTTP."""

from typing import Any

import pytest

from recado.queue.errors import StoreUnavailable
from tests.clock import FakeClock
from tests.http.conftest import StartPod
from tests.http.test_orders import BEARER, QUICK, order
from tests.meta import text_message

REPORT = "/api/v1/report"


async def test_the_report(start_pod: StartPod, clock: FakeClock) -> None:
    """An order that a customer placed through the webhook, from his message to its value."""
    async with start_pod(**QUICK, RECADO_TIMEZONE="America/Lima") as pod:
        await order(pod, clock, 1)
        clock.advance(1)
        body = (await pod.client.get(REPORT, params={"days": 7}, headers=BEARER)).json()
    report = body["report"]
    funnel = {one["name"]: (one["count"], one["value"]) for one in report["funnel"]}

    assert body["status"] == "ok"
    assert funnel["messages"] == (2, {})
    assert funnel["quoted"] == funnel["seen"] == funnel["confirmed"] == (1, {"USD": "117.48"})
    assert report["decisions"]["count"] == 1
    assert (report["days"], report["timezone"]) == (7, "America/Lima")
    assert [one["orders"] for one in report["products"]] == [1, 1]
    assert sum(one["orders"] for one in report["hours"]) == sum(one["orders"] for one in report["weekdays"]) == 1


async def test_what_three_customers_asked_for_and_nobody_sells(start_pod: StartPod, clock: FakeClock) -> None:
    """In their words, in plain letters; words of only two customers are not shown."""
    async with start_pod(**QUICK) as pod:
        for n, text in enumerate(["2 Teléfonos", "1 teléfonos y 1 camisa", "quiero 3 telefonos", "3 sombrillas"], 1):
            await pod.receive(text_message(n, text, sent_at=clock(), customer=n))
        report = (await pod.client.get(REPORT, headers=BEARER)).json()["report"]

    assert report["unsold"] == [{"phrase": "telefonos", "kind": "unmatched", "customers": 3}]
    assert report["aliases"] == []


async def test_words_that_may_be_another_name_of_a_product(start_pod: StartPod, clock: FakeClock) -> None:
    """With the product's line of the catalogue."""
    async with start_pod(**QUICK) as pod:
        for n in (1, 2, 3):
            await pod.receive(text_message(n, "2 bolsas de tela", sent_at=clock(), customer=n))
        report = (await pod.client.get(REPORT, headers=BEARER)).json()["report"]

    (alias,) = report["aliases"]
    assert (alias["name"], alias["phrases"]) == ("Cartera", {"bolsas de tela": 3})
    assert alias["line"].startswith(f"{alias['sku']},Cartera,")
    assert "|bolsas de tela," in alias["line"]


@pytest.mark.parametrize("days", ["0", "401", "x"])
async def test_what_makes_no_sense_is_refused(start_pod: StartPod, days: str) -> None:
    async with start_pod() as pod:
        response = await pod.client.get(REPORT, params={"days": days}, headers=BEARER)

    assert (response.status_code, response.json()["status"]) == (422, "error")


async def test_only_with_the_token(start_pod: StartPod) -> None:
    async with start_pod() as pod:
        assert (await pod.client.get(REPORT)).status_code == 401


async def test_a_store_that_cannot_be_read(start_pod: StartPod, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any) -> Any:
        raise StoreUnavailable("gone")

    async with start_pod() as pod:
        monkeypatch.setattr(pod.queue, "survey", fail)
        response = await pod.client.get(REPORT, headers=BEARER)

    assert response.status_code == 503
