"""Outside Meta's window: quotes and states of orders are sent by template, and a tap shows the quote."""

from typing import Any

import msgspec
import pytest

from recado.runtime import make_delivery
from recado.simulator.templates import Template, Templates
from tests.clock import FakeClock
from tests.http.conftest import Pod, StartPod
from tests.http.test_orders import BEARER
from tests.http.test_talk import ORDER
from tests.meta import graph_error, text_message

DAY = 86400
SETTINGS = {
    "RECADO_AFTER_WINDOW": "template",
    "WHATSAPP_BUSINESS_ACCOUNT_ID": "102290129340398",
    "RECADO_MESSAGES_PER_SECOND": "0",
    "RECADO_CUSTOMER_INTERVAL_SECONDS": "0",
    "RECADO_QUOTE_VALID_SECONDS": str(2 * DAY),
}


@pytest.fixture
def templates() -> list[dict[str, Any]]:
    """The templates of the simulated account."""
    found: list[dict[str, Any]] = Templates().page(0, 100)["data"]
    return found


async def drain(pod: Pod) -> None:
    """A drain that does not wait: it handles what is due by a stopped clock."""
    delivery = make_delivery(pod.app.web.settings, pod.queue, pod.app.web.whatsapp)
    await pod.queue.expire()
    while (claim := await pod.queue.get_messages_to_retry(100)).messages or claim.probes:
        for lane in claim.probes:
            await delivery.probe(lane)
        for message in claim.messages:
            await delivery.attempt(message)


async def drained(pod: Pod, clock: FakeClock) -> list[dict[str, Any]]:
    """What two drains send, a minute apart."""
    sent = len(pod.graph.sent)
    for _ in range(2):
        await drain(pod)
        clock.advance(60)
    return pod.graph.sent[sent:]


async def announcement(pod: Pod, clock: FakeClock, templates: list[dict[str, Any]]) -> dict[str, Any]:
    """The template for a quote that could not be sent, because Meta was down for a day."""
    pod.graph.templates = templates
    pod.graph.answer = lambda: graph_error(500, 131016)
    await pod.receive(text_message(1, ORDER, sent_at=clock(), customer=1))
    clock.advance(DAY)
    pod.graph.answer = None
    (announced,) = [one for one in await drained(pod, clock) if one["type"] == "template"]
    return announced


def tap(n: int, clock: FakeClock, template: dict[str, Any]) -> dict[str, Any]:
    """A tap on the quick reply of a template."""
    (payload,) = [
        one["payload"] for part in template["components"] if part["type"] == "button" for one in part["parameters"]
    ]
    button = {"payload": payload, "text": "Ver cotización"}
    return {**text_message(n, "", sent_at=clock(), customer=1), "type": "button", "text": None, "button": button}


async def test_a_quote_that_could_not_leave_is_announced_tapped_shown_and_confirmed(
    start_pod: StartPod, clock: FakeClock, templates: list[dict[str, Any]]
) -> None:
    """A typed yes to the announcement shows the quote; only a yes to the quote confirms it."""
    async with start_pod(**SETTINGS) as pod:
        announced = await announcement(pod, clock, templates)
        await pod.receive(tap(2, clock, announced["template"]))
        shown = pod.graph.sent[-1]["text"]["body"]
        clock.advance(6)
        await pod.receive(text_message(3, "sí", sent_at=clock(), customer=1))
        placed = pod.graph.sent[-1]["text"]["body"]
        orders = await pod.queue.list_orders()

    assert announced["to"] == "+15550100001"
    assert announced["template"]["name"] == "recado_cotizacion_lista"
    assert announced["template"]["components"][0]["parameters"][0]["text"] == "2"
    assert "Total" in shown
    assert "Responde *SÍ* o *NO*" in shown
    assert "confirmado" in placed
    assert len(orders) == 1


async def test_a_typed_yes_to_an_announcement_confirms_nothing(
    start_pod: StartPod, clock: FakeClock, templates: list[dict[str, Any]]
) -> None:
    """Only a quote that the customer has seen can be confirmed."""
    async with start_pod(**SETTINGS) as pod:
        await announcement(pod, clock, templates)
        await pod.receive(text_message(2, "sí", sent_at=clock(), customer=1))
        shown = pod.graph.sent[-1]["text"]["body"]
        clock.advance(6)
        none_yet = await pod.queue.list_orders()

    assert "Responde *SÍ* o *NO*" in shown
    assert none_yet == []


async def test_a_template_whose_parameters_have_names(
    start_pod: StartPod, clock: FakeClock, templates: list[dict[str, Any]]
) -> None:
    """Parameters are sent by their names, in any order."""
    body = {"type": "BODY", "text": "Está {{state}} tu pedido {{number}}."}
    own = {"parameter_format": "NAMED", "components": [body]}
    async with start_pod(**SETTINGS) as pod:
        pod.graph.templates = [one | (own if one["name"] == "recado_pedido_estado" else {}) for one in templates]
        await pod.receive(text_message(1, ORDER, sent_at=clock(), customer=1))
        clock.advance(6)
        await pod.receive(text_message(2, "sí", sent_at=clock(), customer=1))
        clock.advance(3 * DAY)
        await pod.client.post("/api/v1/orders/1001/accept", headers=BEARER)
        (told,) = await drained(pod, clock)
    given = msgspec.convert(told["template"], Template)

    assert [one["parameter_name"] for one in told["template"]["components"][0]["parameters"]] == ["number", "state"]
    assert given.values == {"number": "P-1001", "state": "en preparación"}


async def test_the_staff_moves_an_order_days_later(
    start_pod: StartPod, clock: FakeClock, templates: list[dict[str, Any]]
) -> None:
    """The customer reads the number and the state after the template is approved."""
    async with start_pod(**SETTINGS) as pod:
        pod.graph.templates = [one | {"status": "PAUSED"} for one in templates]
        await pod.receive(text_message(1, ORDER, sent_at=clock(), customer=1))
        clock.advance(6)
        await pod.receive(text_message(2, "sí", sent_at=clock(), customer=1))
        clock.advance(3 * DAY)
        response = await pod.client.post("/api/v1/orders/1001/accept", headers=BEARER)
        paused = await drained(pod, clock)
        held = pod.queue.snapshot().paused_templates
        pod.graph.templates = templates
        (told,) = await drained(pod, clock)
        after = pod.queue.snapshot().paused_templates

    assert response.status_code == 200
    assert (paused, held) == ([], {"recado_pedido_estado": True})
    assert after == {"recado_pedido_estado": False}
    assert [one["text"] for one in told["template"]["components"][0]["parameters"]] == ["P-1001", "en preparación"]
