"""Send slots: never more sends at once than the limit, whatever comes in one batch."""

import asyncio
from typing import cast

import pytest

from recado.delivery.attempt import Delivery
from recado.delivery.slots import SendSlots
from recado.queue.model import AttemptResult, LeasedReply
from recado.queue.protocol import RetryQueue
from recado.whatsapp.service import WhatsAppService

LIMIT = 2


class SlowDelivery:
    """Attempts that end when they are told to."""

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
    unused: object = object()
    return SendSlots(cast(RetryQueue, unused), cast(Delivery, delivery), cast(WhatsAppService, unused), limit=LIMIT)


def test_a_slot_is_taken_when_it_is_reserved(slots: SendSlots) -> None:
    """Reservations that have not sent yet count; one that is given back is free again."""
    assert [slots.reserve() for _ in range(LIMIT + 1)] == [True, True, False]
    slots.give_back()
    assert [slots.reserve(), slots.reserve()] == [True, False]


async def test_a_slot_is_free_when_its_send_has_ended(slots: SendSlots, delivery: SlowDelivery) -> None:
    """Closing waits for the sends under way; their slots can be reserved again."""
    message = cast(LeasedReply, object())
    for _ in range(LIMIT):
        assert slots.reserve()
        slots.send(message)
    await asyncio.sleep(0)
    assert (delivery.running, slots.reserve()) == (LIMIT, False)
    delivery.go_on.set()
    await slots.close()

    assert (delivery.running, slots.reserve()) == (0, True)
