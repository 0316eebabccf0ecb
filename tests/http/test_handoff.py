"""A person takes over a conversation, and recado is silent."""

import json
from typing import Any

import pytest

from recado.queue.model import State
from tests.clock import FakeClock
from tests.http.conftest import Pod, StartPod
from tests.http.test_admin import RETRY
from tests.http.test_orders import BEARER
from tests.http.test_talk import IMMEDIATE, ORDER, message
from tests.meta import NUMBER, text_message

PHONE = "15550100001"


async def echo(pod: Pod, n: int, at: float, body: str = "Hola, te atiende Eva", **to: str) -> None:
    """The shop writes to a customer from its phone."""
    raw = {"id": f"wamid.E{n}", "to": PHONE, "timestamp": str(int(at)), "type": "text", "text": {"body": body}} | to
    value: dict[str, Any] = {"metadata": {"phone_number_id": NUMBER}, "message_echoes": [raw]}
    change = {"field": "smb_message_echoes", "value": value}
    response = await pod.post(json.dumps({"entry": [{"changes": [change]}]}).encode())
    assert response.status_code == 200


async def test_the_shop_writes_and_recado_is_silent_until_it_says_bot(start_pod: StartPod, clock: FakeClock) -> None:
    """recado is silent to this customer, under any of his names."""
    async with start_pod(**IMMEDIATE) as pod:
        await pod.receive(text_message(1, ORDER, sent_at=clock(), customer=1))
        clock.advance(5)
        await echo(pod, 1, clock())
        await pod.receive(text_message(2, ORDER, sent_at=clock(), customer=1))
        await pod.receive(text_message(3, ORDER, sent_at=clock(), customer=2))
        during = len(pod.graph.sent)
        clock.advance(5)
        await echo(pod, 2, clock(), "#bot")
        await pod.receive(text_message(4, ORDER, sent_at=clock(), customer=1))
        after = len(pod.graph.sent)

    assert (during, after) == (2, 3)


async def test_a_tap_that_became_an_order_is_answered_though_the_shop_writes(
    start_pod: StartPod, clock: FakeClock, place: dict[str, str]
) -> None:
    """The reply to the tap waits for the customer's turn when the shop writes, and is sent; the reply to a later
    message is discarded."""
    async with start_pod(RECADO_BUTTONS="true", RECADO_CUSTOMER_INTERVAL_SECONDS="20", **place) as pod:
        await pod.receive(text_message(1, ORDER, sent_at=clock(), customer=1))
        button = pod.graph.sent[0]["interactive"]["action"]["buttons"][0]["reply"]
        clock.advance(1)
        await pod.receive(message(2, clock, "interactive", {"button_reply": button}, customer=1))
        await pod.receive(text_message(3, "¿a qué hora abren?", sent_at=clock(), customer=1))
        clock.advance(1)
        await echo(pod, 1, clock())
        before = len(pod.graph.sent)
        for _ in range(3):
            clock.advance(25)
            await pod.client.post(RETRY, headers=BEARER)
        after = [sent["text"]["body"] for sent in pod.graph.sent[before:]]

    assert before == 1
    assert ["¡Pedido" in text for text in after] == [True]


async def test_an_echo_of_another_business_number_is_somebody_elses(start_pod: StartPod, clock: FakeClock) -> None:
    """Nothing of it is stored."""
    async with start_pod(**IMMEDIATE) as pod:
        other = {"metadata": {"phone_number_id": "9"}, "message_echoes": [{"id": "wamid.E9", "to": PHONE}]}
        change = {"field": "smb_message_echoes", "value": other}
        await pod.post(json.dumps({"entry": [{"changes": [change]}]}).encode())
        await pod.receive(text_message(1, ORDER, sent_at=clock(), customer=1))

        assert len(pod.graph.sent) == 1


@pytest.mark.parametrize("on", [False, True])
async def test_a_foreign_status_is_another_systems_message(start_pod: StartPod, clock: FakeClock, on: bool) -> None:
    """If that is switched on. Statuses of recado's replies, and a message's second status, start no hold."""
    async with start_pod(**IMMEDIATE, RECADO_HANDOFF_ON_FOREIGN_STATUS=str(on).lower()) as pod:
        await pod.receive(text_message(1, ORDER, sent_at=clock(), customer=1))
        callback = pod.graph.sent[0]["biz_opaque_callback_data"]
        own = {"id": "wamid.OUT1", "status": "sent", "timestamp": str(int(clock())), "recipient_id": PHONE}
        await pod.receive(statuses=({**own, "biz_opaque_callback_data": callback},))
        clock.advance(6)
        await pod.receive(text_message(2, "hola", sent_at=clock(), customer=1))
        before = len(pod.graph.sent)
        for kind in ("sent", "delivered"):
            await pod.receive(statuses=({**own, "id": "wamid.OTHER", "status": kind, "timestamp": str(int(clock()))},))
        clock.advance(6)
        await pod.receive(text_message(3, "hola otra vez", sent_at=clock(), customer=1))
        after = len(pod.graph.sent)
        started = pod.queue.snapshot().totals.get(("recado_handoffs_total", ("foreign",)), 0)

    assert before == 2
    assert (after, started) == ((2, 1) if on else (3, 0))


@pytest.mark.parametrize("kind", ["sent", "delivered"])
async def test_a_status_of_recados_own_reply_starts_no_hold(start_pod: StartPod, clock: FakeClock, kind: str) -> None:
    """Even if Meta leaves the attempt id out, and if the row is deleted afterwards."""
    async with start_pod(**IMMEDIATE, RECADO_HANDOFF_ON_FOREIGN_STATUS="true") as pod:
        await pod.receive(text_message(1, "hola", sent_at=clock(), customer=1))
        own = {"id": "wamid.OUT1", "status": kind, "timestamp": str(int(clock())), "recipient_id": PHONE}
        for _ in range(2):
            await pod.receive(statuses=(own,))
        clock.advance(6)
        await pod.receive(text_message(2, "hola", sent_at=clock(), customer=1))

        assert len(pod.graph.sent) == 2


@pytest.mark.parametrize("field", ["standby", "messaging_handovers"])
async def test_what_another_agent_replies_to_gets_nothing_of_recado(
    start_pod: StartPod, clock: FakeClock, field: str
) -> None:
    """It is acknowledged and counted, and creates no session."""
    async with start_pod(**IMMEDIATE) as pod:
        value = {"metadata": {"phone_number_id": NUMBER}, "messages": [text_message(1, ORDER, sent_at=clock())]}
        response = await pod.post(json.dumps({"entry": [{"changes": [{"field": field, "value": value}]}]}).encode())
        stored = await pod.queue.list_messages(list(State))

        assert response.status_code == 200
        assert (pod.graph.sent, stored) == ([], [])
        assert pod.count("recado_updates_ignored_total", part="standby") == 1


async def test_a_customer_who_opts_out_is_not_told_of_his_order(start_pod: StartPod, clock: FakeClock) -> None:
    """He opts out in his settings or in words; he still gets replies to his messages."""
    async with start_pod(**IMMEDIATE) as pod:

        async def prefers(customer: int, value: str, number: str = NUMBER) -> None:
            preference = {"user_id": f"US.{customer:06d}", "value": value, "timestamp": int(clock())}
            content = {"metadata": {"phone_number_id": number}, "user_preferences": [preference]}
            change = {"field": "user_preferences", "value": content}
            assert (await pod.post(json.dumps({"entry": [{"changes": [change]}]}).encode())).status_code == 200

        for n in (1, 2, 3):
            await pod.receive(text_message(n, ORDER, sent_at=clock(), customer=n))
            clock.advance(6)
            await pod.receive(text_message(10 + n, "sí", sent_at=clock(), customer=n))
        clock.advance(6)
        await prefers(1, "stop")
        await prefers(3, "stop", "700000000000009")
        await pod.receive(text_message(22, "no me escriban más", sent_at=clock(), customer=2))
        sent = len(pod.graph.sent)
        for number in (1001, 1002, 1003):
            response = await pod.client.post(f"/api/v1/orders/{number}/accept", headers=BEARER)
            assert response.status_code == 200
        await pod.app.web.drain.run()

    told = [message["to"] for message in pod.graph.sent[sent:]]
    assert "no te escribiremos" in pod.graph.sent[sent - 1]["text"]["body"]
    assert told == ["+15550100003"]


async def test_staff_take_a_conversation_and_give_it_back(start_pod: StartPod, clock: FakeClock) -> None:
    """Under any of the customer's names; the hold also ends after its hours."""
    async with start_pod(**IMMEDIATE) as pod:

        async def ask(path: str, **body: object) -> Any:
            response = await pod.client.post(f"/api/v1/{path}", json={"customer": "US.000001"} | body, headers=BEARER)
            return response.json()["changed"]

        async def answered(n: int) -> bool:
            before = len(pod.graph.sent)
            await pod.receive(text_message(n, ORDER, sent_at=clock(), customer=1))
            return len(pod.graph.sent) > before

        said = [await answered(1), await ask("handoff", customer="+1 555 010-0001", hours=2), await answered(2)]
        said += [await ask("resume"), await ask("resume"), await answered(3)]
        said += [await ask("handoff", phone_number_id=NUMBER, hours=1)]
        clock.advance(3601)
        said += [await answered(4)]

    assert said == [True, True, False, True, False, True, True, True]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"customer": "+12"}, 422),
        ({"customer": "US.1", "hours": 0}, 422),
        ({"customer": "US.1", "hours": 721}, 422),
        ({"customer": "US.1", "phone_number_id": "9"}, 422),
    ],
)
async def test_a_hand_off_that_is_not_clear_is_refused(
    start_pod: StartPod, body: dict[str, object], status: int
) -> None:
    """So is a request without the token."""
    async with start_pod(**IMMEDIATE) as pod:
        answer = await pod.client.post("/api/v1/handoff", json=body, headers=BEARER)
        stranger = await pod.client.post("/api/v1/resume", json={"customer": "US.1"})

    assert (answer.status_code, stranger.status_code) == (status, 401)
