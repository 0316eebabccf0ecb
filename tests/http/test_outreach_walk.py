"""In a year of random events, recado writes to nobody who has opted out, and only templates outside Meta's window."""

import asyncio
import json
import random
from collections.abc import Callable, Coroutine
from typing import Any

from recado.delivery.slots import SendSlots
from recado.orders import OrderState
from recado.simulator.templates import Templates
from tests.clock import FakeClock
from tests.http.conftest import LENGTH, Pod, StartPod
from tests.http.test_orders import BEARER
from tests.http.test_outside import drain
from tests.meta import NUMBER, graph_error, text_message

SENDS = SendSlots.__qualname__
DAY, HOUR = 86400, 3600
SPAN = 100 * DAY * LENGTH
CUSTOMERS = 5
REMINDER = "¿Sigues pensando"
SETTINGS = {
    "RECADO_AFTER_WINDOW": "template",
    "WHATSAPP_BUSINESS_ACCOUNT_ID": "102290129340398",
    "RECADO_REMINDER_SECONDS": str(2 * HOUR),
    "RECADO_QUOTE_VALID_SECONDS": str(2 * DAY),
    "RECADO_HOLD_SECONDS": str(5 * HOUR),
    "RECADO_MESSAGES_PER_SECOND": "0",
    "RECADO_CUSTOMER_INTERVAL_SECONDS": "0",
    "RECADO_CUSTOMER_MESSAGES_PER_MINUTE": "0",
}
WORDS = ("Quiero 2 zapatos y 1 camisa", "Quiero 2 zapatos y 1 camisa", "1 gorra", "sí", "sí", "no", "hola", "un asesor")
MOVES = {OrderState.PLACED: ("accept", "cancel"), OrderState.ACCEPTED: ("complete",)}


class Walk:
    """A shop and its customers; `out`: those who have opted out; `wrote`: when each wrote last, by Meta's timestamp."""

    def __init__(self, pod: Pod, clock: FakeClock, chance: random.Random) -> None:
        self.pod, self.clock, self.chance = pod, clock, chance
        self.templates: list[dict[str, Any]] = Templates().page(0, 100)["data"]
        pod.graph.templates = self.templates
        self.out: set[int] = set()
        self.wrote: dict[int, float] = {}
        self.n = self.checked = 0
        self.seen: dict[str, int] = {"reminder": 0, "template": 0, "notice": 0, "out": 0, "in": 0}

    async def wait(self, seconds: float) -> None:
        """Moves the clock when no send is under way: a send that began today must not end tomorrow."""
        await self.sends_end()
        self.clock.advance(seconds)

    async def sends_end(self) -> None:
        """Waits for the sends under way, including follow-ups of earlier steps."""
        while sending := [task for task in asyncio.all_tasks() if SENDS in task.get_coro().__qualname__]:  # type: ignore[union-attr]  # a coroutine has a name
            await asyncio.wait(sending)

    async def write(self, customer: int, text: str, *, late: float = 0.0) -> None:
        self.n += 1
        at = self.clock() - late
        self.wrote[customer] = max(self.wrote.get(customer, 0.0), float(int(at)))
        await self.pod.receive(text_message(self.n, text, sent_at=at, customer=customer))

    async def says(self, customer: int) -> None:
        await self.write(customer, self.chance.choice(WORDS))

    async def buys(self, customer: int) -> None:
        """He says yes at once, and the staff handles his order soon."""
        await self.write(customer, WORDS[0])
        await self.wait(6)
        await self.write(customer, "sí")
        await self.wait(self.chance.choice([60, HOUR]))
        await self.staff_moves(customer)

    async def says_late(self, customer: int) -> None:
        await self.write(customer, WORDS[0], late=self.chance.choice([HOUR, 23 * HOUR, 25 * HOUR]))

    async def opts_out(self, customer: int) -> None:
        await self.write(customer, "no me escriban más")
        self.out.add(customer)
        self.seen["out"] += 1

    async def opts_in(self, customer: int) -> None:
        if customer in self.out:
            await self.write(customer, "alta")
            self.out.discard(customer)
            self.seen["in"] += 1

    async def sets_his_whatsapp(self, customer: int) -> None:
        value = self.chance.choice(["stop", "resume"])
        preference = {"user_id": f"US.{customer:06d}", "value": value, "timestamp": int(self.clock())}
        content = {"metadata": {"phone_number_id": NUMBER}, "user_preferences": [preference]}
        change = {"field": "user_preferences", "value": content}
        assert (await self.pod.post(json.dumps({"entry": [{"changes": [change]}]}).encode())).status_code == 200
        (self.out.add if value == "stop" else self.out.discard)(customer)

    async def staff_moves(self, customer: int) -> None:
        orders = [one.order for one in await self.pod.queue.list_orders(limit=10_000)]
        if waiting := [order for order in orders if order.state in MOVES]:
            order = self.chance.choice([waiting[-1], waiting[-1], self.chance.choice(waiting)])
            move = self.chance.choice(MOVES[order.state])
            await self.pod.client.post(f"/api/v1/orders/{order.number}/{move}", headers=BEARER)

    async def meta_fails_or_mends(self, customer: int) -> None:
        self.pod.graph.answer = None if self.pod.graph.answer else lambda: graph_error(500, 131016)

    async def meta_pauses_or_approves(self, customer: int) -> None:
        status = self.chance.choice(["APPROVED", "APPROVED", "PAUSED"])
        self.pod.graph.templates = [one | {"status": status} for one in self.templates]

    async def drains(self, customer: int) -> None:
        await drain(self.pod)

    async def check(self, out_before: set[int]) -> None:
        """Checks everything that was sent since the last step, accepted or not."""
        graph, first = self.pod.graph, self.checked
        self.checked = len(graph.sent)
        for one, at in zip(graph.sent[first : self.checked], graph.sent_at[first : self.checked], strict=True):
            customer = int(one["to"][-4:])
            entry = await self.pod.queue.show(int(one["biz_opaque_callback_data"].split(".")[1]))
            assert entry is not None
            if one["type"] != "template":
                assert at <= self.wrote[customer] + DAY, "freely, outside the window"
            if entry["wamid"] is None:
                assert customer not in self.out & out_before, "against his will"
                self._count(one, at)

    def _count(self, sent: dict[str, Any], at: float) -> None:
        if sent["type"] == "template":
            self.seen["template"] += 1
            return
        reminds = REMINDER in json.dumps(sent, ensure_ascii=False)
        self.seen["reminder" if reminds else "notice"] += 1
        if reminds:
            assert 9 <= at % DAY / HOUR < 20, "at night"


Step = Callable[[Walk, int], Coroutine[Any, Any, None]]
STEPS: tuple[Step, ...] = (
    *(
        Walk.says,
        Walk.says,
        Walk.buys,
        Walk.buys,
        Walk.says_late,
        Walk.opts_out,
        Walk.opts_in,
        Walk.opts_in,
        Walk.sets_his_whatsapp,
    ),
    *(Walk.staff_moves, Walk.staff_moves, Walk.drains, Walk.drains, Walk.drains, Walk.drains),
    *(Walk.meta_fails_or_mends, Walk.meta_pauses_or_approves),
)


async def test_nobody_is_written_to_against_his_will(
    start_pod: StartPod, clock: FakeClock, place: dict[str, str]
) -> None:
    """Customers order, say yes, opt out and in; the staff changes orders; Meta fails, pauses templates, and
    recovers."""
    chance = random.Random(17)
    end = clock() + SPAN
    async with start_pod(**SETTINGS, **place) as pod:
        walk = Walk(pod, clock, chance)
        while clock() < end:
            await walk.wait(chance.choice([5, 600, HOUR, 2 * HOUR, 4 * HOUR, 4 * HOUR, 20 * HOUR]))
            before = set(walk.out)
            await chance.choice(STEPS)(walk, chance.randrange(CUSTOMERS))
            await walk.check(before)

    assert all(walk.seen.values()), walk.seen  # how many reminders fall due depends on the order of concurrent sends
