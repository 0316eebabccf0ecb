"""Hundreds of voice notes on every store: Meta's files and the transcriber fail, and processes die.

Each note still gets a quote or a request to write within a minute.
"""

import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from recado.conversation import Inbound
from recado.delivery.attempt import Delivery
from recado.inbox import new_reply
from recado.orders import Session
from recado.queue.model import REPLIES, Added, LeasedReply, NewReply
from recado.queue.protocol import Outbox, RetryQueue
from recado.runtime import make_delivery
from recado.settings import Settings, load
from recado.simulator import Person, Simulator
from recado.simulator.media import voice
from recado.understanding import make_catalogue, make_conversation
from recado.whatsapp.from_settings import make_whatsapp
from recado.whatsapp.inbound import Customer, InboundMessage, Media, MessageType
from tests.clock import FakeClock
from tests.meta import ENVIRONMENT
from tests.queue.stores import OpenQueue

NOTES = 120
#: Seconds between two notes, and between two checks for due entries.
EVERY, TICK = 2.0, 0.5
A_FIFTH = 0.2
SAID = "quiero dos zapatos y una camisa"
SHORT = {"RECADO_CUSTOMER_INTERVAL_SECONDS": "0", "RECADO_MESSAGES_PER_SECOND": "0"}


class Killed(BaseException):
    """The process was killed: the results of its work are not recorded."""


class Mortal:
    """A queue whose process sometimes dies, before or after a write."""

    def __init__(self, queue: RetryQueue, chance: Callable[[], float], deaths: float) -> None:
        self._queue, self._chance, self._deaths = queue, chance, deaths
        self.kills = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)

    def reply_to_voice(self, job: LeasedReply, message: NewReply) -> Awaitable[Added]:
        return self._perhaps(self._queue.reply_to_voice, job, message)

    def update_message_attempt(self, message: LeasedReply, result: Any) -> Awaitable[Any]:
        if message.lane.channel == REPLIES:  # other tests check whether Meta gets a reply twice
            return self._queue.update_message_attempt(message, result)
        return self._perhaps(self._queue.update_message_attempt, message, result)

    async def _perhaps(self, work: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        self._die()
        done = await work(*arguments)
        self._die()
        return done

    def _die(self) -> None:
        if self._chance() < self._deaths:
            self.kills += 1
            raise Killed


class World:
    """A shop that gets voice notes, each from another customer, and its processes."""

    def __init__(self, settings: Settings, meta: Simulator, queue: RetryQueue, clock: FakeClock, deaths: float) -> None:
        self.settings, self.meta, self.clock = settings, meta, clock
        chance = random.Random(7).random
        self.queue = Mortal(queue, chance, deaths)
        self.whatsapp = make_whatsapp(settings)
        self.delivery: Delivery = make_delivery(settings, cast(Outbox, self.queue), self.whatsapp)
        self.conversation = make_conversation(settings, make_catalogue(settings))
        self.came: dict[str, float] = {}

    async def speak(self, person: Person, said: str = SAID) -> None:
        """Stores a note, as the webhook does before it returns 200."""
        file = self.meta.media.put(voice(said), "audio/ogg; codecs=opus")
        inbound = self._inbound(person, Media(file["id"], file["sha256"]))
        self.meta.ledger.wrote(inbound.message.wamid, person.addresses, "")
        turn = self.conversation.handle(inbound, Session(), self.clock())
        assert turn.listens is not None
        assert turn.changes is not None
        message = new_reply(self.settings, inbound, inbound.message.customer_names, turn, turn.changes, self.clock())
        added = await self.queue.add_message(message, lease=True)
        assert not added.duplicate
        self.came[person.phone] = self.clock()

    async def work(self) -> None:
        """Does the due work until nothing is due."""
        while claimed := (await self.queue.get_messages_to_retry(50)).messages:
            for message in claimed:
                try:
                    await self.delivery.attempt(message)
                except Killed:
                    continue

    async def close(self) -> None:
        await self.delivery.aclose()
        await self.whatsapp.aclose()

    def _inbound(self, person: Person, recording: Media) -> Inbound:
        message = InboundMessage(
            wamid=f"wamid.{person.phone}",
            type=MessageType.AUDIO,
            text=None,
            customer=Customer(phone=person.phone),
            phone_number_id=self.settings.whatsapp_phone_number_id[0],
            sent_at=self.clock(),
            voice=recording,
        )
        return self.conversation.read(message)


class HearingConformance:
    """The behaviour; `open_queue(**settings)` opens the same store each time within a test."""

    @pytest.mark.parametrize("deaths", [0.0, 0.15])
    async def test_each_note_ends_within_a_minute(
        self, open_queue: OpenQueue, clock: FakeClock, kept: Callable[[], bytes], caplog: pytest.LogCaptureFixture,
        deaths: float,
    ) -> None:  # fmt: skip
        """A fifth of the look-ups and a fifth of the transcriptions fail; processes die before and after their writes.
        Each customer gets one reply: a quote or the request to write. The audio is not stored."""
        caplog.set_level(logging.DEBUG)
        async with Simulator(clock=clock, statuses=()) as meta:
            environment = {**ENVIRONMENT, **SHORT}
            environment |= {"WHATSAPP_API_URL": meta.base_url, "RECADO_TRANSCRIBE_URL": meta.transcribe_url}
            queue = open_queue(**SHORT)
            world = World(load(environment), meta, queue, clock, deaths)
            each = A_FIFTH / 5
            meta.media.mishaps.change(
                {"ratios": dict.fromkeys(("wrong_hash", "expired", "server_error", "reset", "gone"), each)}
            )
            meta.transcriber.mishaps.change(
                {"ratios": dict.fromkeys(("empty", "server_error", "reset", "unreadable", "too_many"), each)}
            )
            people = [meta.new_person() for _ in range(NOTES)]
            for person in people:
                await world.speak(person)
                for _ in range(round(EVERY / TICK)):
                    await world.work()
                    clock.advance(TICK)
            for _ in range(round(60 / TICK)):
                await world.work()
                clock.advance(TICK)
            read = {person.phone: meta.ledger.sent_to(person.addresses) for person in people}
            kills = world.queue.kills
            await world.close()

        assert all(len(replies) == 1 for replies in read.values())
        quoted = sum("*Total: $117.48*" in replies[0].text for replies in read.values())
        asked = sum("No logré entender el audio" in replies[0].text for replies in read.values())
        assert quoted + asked == NOTES
        assert quoted > NOTES * 0.8
        took = [replies[0].at - world.came[phone] for phone, replies in read.items()]
        assert max(took) <= 60
        if deaths:
            assert kills > NOTES * 0.1
        else:
            assert sorted(took)[NOTES // 2] <= 1
        logged = "\n".join(str(vars(record)) for record in caplog.records if record.name.startswith("recado"))
        for trace in ("OggS", "simulated-voice", "_media/"):
            assert trace not in logged
            assert trace.encode() not in kept()
