"""Send slots: never more sends at once than the limit, for any batch."""

import asyncio
from typing import cast

import pytest

from recado.delivery.attempt import Delivery
from recado.delivery.slots import SendSlots
from recado.outcome import Outcome
from recado.queue.model import AttemptResult, Claim, Lane, LeasedReply
from recado.queue.protocol import RetryQueue
from recado.runtime import make_delivery
from recado.settings import load
from recado.whatsapp.content import Button, Buttons, Content, Text
from recado.whatsapp.from_settings import make_whatsapp
from recado.whatsapp.service import WhatsAppService
from tests.meta import ENVIRONMENT, FakeGraph
from tests.waiting import PATIENCE_SECONDS

LIMIT = 2


class SlowDelivery:
    """Attempts that end when the test says so."""

    def __init__(self) -> None:
        self.running = 0
        self.go_on = asyncio.Event()

    async def attempt(self, message: LeasedReply) -> AttemptResult | None:
        self.running += 1
        await self.go_on.wait()
        self.running -= 1
        return None


@pytest.fixture
def delivery() -> SlowDelivery:
    return SlowDelivery()


@pytest.fixture
def slots(delivery: SlowDelivery) -> SendSlots:
    unused = cast(WhatsAppService, object())
    return SendSlots(cast(RetryQueue, OneDue(leased(Text("x")))), cast(Delivery, delivery), unused, limit=LIMIT)


def test_a_slot_is_taken_when_it_is_reserved(slots: SendSlots) -> None:
    """Reserved slots count before they send; a slot that is given back is free again."""
    assert [slots.reserve() for _ in range(LIMIT + 1)] == [True, True, False]
    slots.give_back()
    assert [slots.reserve(), slots.reserve()] == [True, False]


async def test_a_slot_is_free_when_its_send_has_ended(slots: SendSlots, delivery: SlowDelivery) -> None:
    """Closing waits for the sends under way; their slots are free again."""
    message = cast(LeasedReply, object())
    for _ in range(LIMIT):
        assert slots.reserve()
        slots.send(message)
    await asyncio.sleep(0)
    assert (delivery.running, slots.reserve()) == (LIMIT, False)
    delivery.go_on.set()
    await slots.close()

    assert (delivery.running, slots.reserve()) == (0, True)


class RefusingDelivery:
    """Meta refuses the form of the first attempt and accepts the second."""

    def __init__(self) -> None:
        self.attempted: list[LeasedReply] = []
        self.done = asyncio.Event()

    async def attempt(self, message: LeasedReply) -> AttemptResult | None:
        self.attempted.append(message)
        if len(self.attempted) == 1:
            return AttemptResult(outcome=Outcome.PERMANENT, form_refused=True)
        self.done.set()
        return AttemptResult(outcome=Outcome.DELIVERED)


class OneDue:
    """A queue in which one entry is due."""

    def __init__(self, message: LeasedReply) -> None:
        self.message = message

    def now(self) -> float:
        return 1.0

    async def claim_message(self, id_: int) -> Claim:
        assert id_ == self.message.id
        return Claim(messages=(self.message,), next_at=None)


async def test_what_meta_refuses_as_buttons_is_followed_up_as_text() -> None:
    """The same pod sends it, so the customer does not wait for the drain."""
    buttons, text = leased(Buttons("¿Confirmas?", (Button("a", "Sí"),))), leased(Text("¿Confirmas?"))
    delivery, unused = RefusingDelivery(), cast(WhatsAppService, object())
    slots = SendSlots(cast(RetryQueue, OneDue(text)), cast(Delivery, delivery), unused, limit=LIMIT)
    assert slots.reserve()
    slots.send(buttons)
    await asyncio.wait_for(delivery.done.wait(), PATIENCE_SECONDS)
    await slots.close()

    assert delivery.attempted == [buttons, text]
    assert [slots.reserve() for _ in range(LIMIT + 1)] == [True, True, False]


def leased(content: Content) -> LeasedReply:
    return LeasedReply(
        id=7,
        attempt=1,
        wamid="wamid.IN1",
        lane=Lane("whatsapp", "700000000000001"),
        phone="+15550100001",
        user_id=None,
        content=content,
        received_at=0.0,
        deadline_at=1e10,
        send_at=0.0,
        lease_until=1e10,
        quoting=False,
        trial=False,
        attempt_id="a.7.1",
        traceparent=None,
    )


@pytest.mark.parametrize(("setting", "kind"), [("true", "interactive"), ("false", "text")])
async def test_a_setting_turns_buttons_off(setting: str, kind: str) -> None:
    """The plain text is sent instead, even for replies that are already in the queue."""
    graph = FakeGraph()
    settings = load({**ENVIRONMENT, "RECADO_BUTTONS": setting})
    queue = Recorded()
    delivery = make_delivery(settings, cast(RetryQueue, queue), make_whatsapp(settings, graph))
    await delivery.attempt(leased(Buttons("¿Confirmas?", (Button("a", "Sí"),))))

    assert [sent["type"] for sent in graph.sent] == [kind]
    assert [result.outcome for result in queue.results] == [Outcome.DELIVERED]


class Recorded:
    """A queue that keeps the results of attempts."""

    def __init__(self) -> None:
        self.results: list[AttemptResult] = []

    def now(self) -> float:
        return 1.0

    async def update_message_attempt(self, message: LeasedReply, result: AttemptResult) -> None:
        self.results.append(result)
