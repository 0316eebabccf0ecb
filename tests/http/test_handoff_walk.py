"""In any order of events: while a person has the conversation, recado only replies to taps."""

import asyncio
import random
from typing import Any

from tests.clock import FakeClock
from tests.http.conftest import LENGTH, Pod, StartPod
from tests.http.test_admin import RETRY
from tests.http.test_handoff import echo
from tests.http.test_orders import BEARER
from tests.http.test_talk import ORDER, message
from tests.meta import text_message

WALKS, STEPS = 100 * LENGTH, 6
HOLD = 600
#: The number of customers who write at the same time as the shop.
RACES = 40
#: The pod follows up no reply that is due this late; only a drain sends it.
SLOW = {"RECADO_MESSAGES_PER_SECOND": "0", "RECADO_CUSTOMER_INTERVAL_SECONDS": "20"}


class Walk:
    """One customer, the shop's phone and the drain; `until` is the expected end of the hold."""

    def __init__(self, pod: Pod, clock: FakeClock, customer: int) -> None:
        self.pod, self.clock, self.customer = pod, clock, customer
        self.until = 0.0
        self.n = customer * 100
        self.taps: set[str] = set()
        self.phone = f"1555010{customer:04d}"
        self.checked = len(pod.graph.sent)

    @property
    def held(self) -> bool:
        return self.clock() < self.until

    async def order(self) -> None:
        answer = await self.pod.receive(text_message(self.n, ORDER, sent_at=self.clock(), customer=self.customer))
        assert (answer["result"].get("ignored") == "human") == self.held

    async def tap(self) -> None:
        tapped = {"button_reply": {"id": self._choice(), "title": "Sí"}}
        raw = message(self.n, self.clock, "interactive", tapped, customer=self.customer)
        self.taps.add(raw["id"])
        await self.pod.receive(raw)

    async def shop_writes(self) -> None:
        await echo(self.pod, self.n, self.clock(), to=self.phone)
        self.until = self.clock() + HOLD

    async def shop_returns(self) -> None:
        await echo(self.pod, self.n, self.clock(), "#bot", to=self.phone)
        self.until = 0.0

    async def own_reply_is_echoed(self) -> None:
        if self.pod.graph.sent:
            await echo(self.pod, self.n, self.clock(), to=self.phone, id=f"wamid.OUT{len(self.pod.graph.sent)}")

    async def drain(self) -> None:
        await self.pod.client.post(RETRY, headers=BEARER)

    async def time_passes(self) -> None:
        self.clock.advance(random.Random(self.n).choice([1, 25, 25, HOLD]))

    async def check(self) -> None:
        """Checks that everything that was sent since the last step, during a hold, replies to a tap."""
        sent, self.checked = self.pod.graph.sent[self.checked :], len(self.pod.graph.sent)
        for one in sent if self.held else ():
            if one["to"] == f"+{self.phone}":
                entry = await self.pod.queue.show(int(one["biz_opaque_callback_data"].split(".")[1]))
                assert entry is not None
                assert entry["wamid"] in self.taps

    def _choice(self) -> str:
        """A button that the customer has seen, or an unknown one."""
        for one in reversed(self.pod.graph.sent):
            if one["to"] == f"+{self.phone}" and (action := _buttons(one)):
                return str(action[0]["reply"]["id"])
        return "q:XXXXXXXXXXXX:confirm"


def _buttons(sent: dict[str, Any]) -> list[dict[str, Any]]:
    return list(sent.get("interactive", {}).get("action", {}).get("buttons", ()))


async def test_no_text_of_recados_own_during_a_hold(
    start_pod: StartPod, clock: FakeClock, place: dict[str, str]
) -> None:
    """Replies wait for their customer's turn and a drain sends them; an echo of recado's own message starts no hold."""
    steps = (
        *(Walk.order, Walk.order, Walk.tap, Walk.shop_writes, Walk.shop_writes, Walk.shop_returns),
        *(Walk.own_reply_is_echoed, Walk.drain, Walk.drain, Walk.time_passes, Walk.time_passes),
    )
    chosen = random.Random(17)
    async with start_pod(**SLOW, **place, RECADO_HOLD_SECONDS=str(HOLD), RECADO_BUTTONS="true") as pod:
        for customer in range(1, WALKS + 1):
            walk = Walk(pod, clock, customer)
            for step in chosen.choices(steps, k=STEPS):
                walk.n += 1
                await step(walk)
                await walk.check()
        held = pod.queue.snapshot().totals["recado_handoffs_total", ("echo",)]

    assert held > WALKS / 2


async def test_a_message_and_the_shops_own_at_the_same_time(
    start_pod: StartPod, clock: FakeClock, place: dict[str, str]
) -> None:
    """Whichever is stored first: after the person has the conversation, no drain sends earlier replies."""
    async with start_pod(**SLOW, **place, RECADO_HOLD_SECONDS=str(HOLD)) as pod:
        walks = [Walk(pod, clock, customer) for customer in range(1, RACES + 1)]
        for walk in walks:
            await walk.order()
        clock.advance(1)

        async def writes(walk: Walk) -> None:
            await pod.receive(text_message(walk.n + 1, ORDER, sent_at=clock(), customer=walk.customer))

        async def shop_writes(walk: Walk, later: float) -> None:
            await asyncio.sleep(later)
            await echo(pod, walk.n, clock(), to=walk.phone)

        delays = random.Random(3)
        shops = [shop_writes(walk, delays.uniform(0, 0.3)) for walk in walks]
        await asyncio.gather(*map(writes, walks), *shops)
        before = len(pod.graph.sent)
        clock.advance(25)
        for _ in range(3):
            await pod.client.post(RETRY, headers=BEARER)

    assert before == RACES
    assert len(pod.graph.sent) == before
