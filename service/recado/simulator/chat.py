"""A customer who converses: writes, taps, fills carts, edits, takes back, shares places; alone or by a script.

    chat = Chat(meta)
    await chat.say("Quiero 2 zapatos")
    await chat.read()
    await chat.tap("confirm", times=2)

A script is a list of `Step`s, in JSON over HTTP; see `control.py`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Protocol

import msgspec

from recado.simulator.graph import Accepted
from recado.simulator.interactive import Tappable
from recado.simulator.ledger import Ledger, LedgerMessage
from recado.simulator.media import MediaStore, voice
from recado.simulator.webhooks import DISPLAY_NUMBER, Person

POLL_SECONDS = 0.01
#: How long a customer waits for a reply before he goes on.
PATIENCE_SECONDS = 30.0
#: The choice that orders what was quoted.
CONFIRM = "confirm"
CATALOGUE = "500000000000001"


class ChatError(ValueError):
    """The customer cannot do that: no message that he got allows it."""


class Simulated(Protocol):
    """The parts of the simulator that a chat needs."""

    ledger: Ledger
    media: MediaStore

    def new_person(self, *, hidden: bool = False) -> Person: ...

    async def send(
        self,
        sender: Person,
        kind: str,
        content: Any,
        *,
        expects_reply: bool = True,
        context: dict[str, Any] | None = None,
    ) -> LedgerMessage: ...


class Place(msgspec.Struct, forbid_unknown_fields=True):
    """A location that a customer shares."""

    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


class Step(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One thing that a customer does; exactly one of the first seven is given.

    say: a text. speak: what is said in a voice note. tap: the end of a choice's id, or its title. cart: quantities by
    SKU. edit: what the last message shall say. revoke: the last message is taken back. share: a place. about: the SKU
    that a text asks about. times: so often at the same time. of: the message of ours that is tapped, or quoted by a
    text, counted from the newest one with choices (1). yes: this is a yes to the quote of that message, which must
    become an order; for a tap on confirm by default. silent: no reply is expected. wait: read the reply before the next
    step.
    """

    say: str | None = None
    speak: str | None = None
    tap: str | None = None
    cart: dict[str, int] | None = None
    edit: str | None = None
    revoke: bool = False
    share: Place | None = None
    about: str = ""
    times: Annotated[int, msgspec.Meta(ge=1, le=20)] = 1
    of: Annotated[int, msgspec.Meta(ge=0)] = 0
    yes: bool | None = None
    silent: bool = False
    wait: bool = True


class PlayedStep(msgspec.Struct, frozen=True):
    """What a customer did, and what he had received by the next step."""

    did: str
    read: list[Accepted]


class Chat:
    """One customer of one business number; by default a new one."""

    def __init__(self, meta: Simulated, person: Person | None = None) -> None:
        self._meta = meta
        self.person = person or meta.new_person()
        self.written: list[LedgerMessage] = []

    @property
    def replies(self) -> list[Accepted]:
        """What reached the customer, in order."""
        return self._meta.ledger.sent_to(self.person.addresses)

    @property
    def waits(self) -> bool:
        """Whether a message of the customer has no reply yet."""
        return self._meta.ledger.waiting(self.person.addresses[0])

    async def read(self, seconds: float = PATIENCE_SECONDS) -> list[Accepted]:
        """All replies, as soon as each message has one, or after a number of seconds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while self.waits:
            if loop.time() > end:
                break
            await asyncio.sleep(POLL_SECONDS)
        return self.replies

    async def say(self, text: str, *, quoting: str = "", about: str = "", silent: bool = False) -> LedgerMessage:
        """Writes a text, which may quote a message of the business, or ask about a product."""
        context: dict[str, Any] = {"from": DISPLAY_NUMBER, "id": quoting} if quoting else {}
        if about:
            context["referred_product"] = {"catalog_id": CATALOGUE, "product_retailer_id": about}
        return await self._send("text", {"body": text}, context, silent=silent)

    async def speak(self, said: str, *, quoting: str = "") -> LedgerMessage:
        """Sends a voice note, which may quote a message of the business."""
        about = self._meta.media.put(voice(said), "audio/ogg; codecs=opus")
        context = {"from": DISPLAY_NUMBER, "id": quoting} if quoting else None
        return await self._send("audio", {**about, "voice": True}, context)

    async def tap(self, choose: str, *, of: int = 1, times: int = 1, yes: bool | None = None) -> list[LedgerMessage]:
        """Taps a button, or chooses a row, `times` at the same time. Raises ChatError if there is no such choice."""
        message = self.message_with_choices(of)
        return await self.tap_choice(message, choice_of(message, choose), times=times, yes=yes)

    def choice(self, step: Step) -> Tappable:
        """What a step taps. Raises ChatError where there is no such thing."""
        return choice_of(self.message_with_choices(step.of or 1), step.tap or "")

    async def tap_choice(
        self, message: Accepted, choice: Tappable, *, times: int = 1, yes: bool | None = None
    ) -> list[LedgerMessage]:
        """Taps a choice of a message, which may be one that was never there.

        yes: this is a yes to the quote that the choice is about; by default if it says so.
        """
        if choice.id.rpartition(":")[2] == CONFIRM if yes is None else yes:
            self._meta.ledger.said_yes(token_of(choice))
        return list(await asyncio.gather(*(self._tap(message, choice) for _ in range(times))))

    async def _tap(self, message: Accepted, choice: Tappable) -> LedgerMessage:
        context = {"from": DISPLAY_NUMBER, "id": message.wamid}
        if message.kind == "template":
            return await self._send("button", {"payload": choice.id, "text": choice.title}, context)
        kind = "button_reply" if message.kind == "button" else "list_reply"
        described = {"description": choice.description} if kind == "list_reply" and choice.description else {}
        tapped = {"type": kind, kind: {"id": choice.id, "title": choice.title, **described}}
        return await self._send("interactive", tapped, context)

    async def fill_cart(
        self, items: Mapping[str, int], *, text: str = "", prices: Mapping[str, float] = {}, currency: str = "USD"
    ) -> LedgerMessage:
        """Sends a cart of the catalogue: quantities by SKU; prices that are not given are 1."""
        lines = [
            {"product_retailer_id": sku, "quantity": quantity, "item_price": prices.get(sku, 1), "currency": currency}
            for sku, quantity in items.items()
        ]
        return await self._send("order", {"catalog_id": CATALOGUE, "text": text, "product_items": lines})

    async def edit(self, text: str, *, message: LedgerMessage | None = None) -> LedgerMessage:
        """Edits a message, by default the last one."""
        original = self._original(message)
        new = {"type": "text", "text": {"body": text}}
        return await self._send("edit", {"original_message_id": original.wamid, "message": new})

    async def revoke(self, *, message: LedgerMessage | None = None) -> LedgerMessage:
        """Takes a message back, by default the last one; nobody answers that."""
        return await self._send("revoke", {"original_message_id": self._original(message).wamid}, silent=True)

    async def share(self, place: Place, *, silent: bool = False) -> LedgerMessage:
        """Shares a location."""
        return await self._send("location", msgspec.to_builtins(place), silent=silent)

    def message_with_choices(self, of: int = 1) -> Accepted:
        """The newest message that has choices, or the `of`th newest. Raises ChatError."""
        offered = [reply for reply in self.replies if reply.choices]
        if not 1 <= of <= len(offered):
            raise ChatError(f"the customer has {len(offered)} messages with something to tap, not {of}")
        return offered[-of]

    async def play(self, steps: Sequence[Step], *, patience: float = PATIENCE_SECONDS) -> list[PlayedStep]:
        """Plays a script; the customer goes away if a reply takes longer than `patience` seconds.

        Raises ChatError at the first step that is not possible.
        """
        lines: list[PlayedStep] = []
        for step in steps:
            had = len(self.replies)
            await asyncio.gather(*(self._do(step) for _ in range(step.times)))
            replies = await self.read(patience) if step.wait else self.replies
            lines.append(PlayedStep(_described(step), replies[had:]))
            if step.wait and self.waits:
                break
        return lines

    async def _do(self, step: Step) -> None:
        match step:
            case Step(say=str(text)):
                if step.yes:
                    self._meta.ledger.said_yes(token_of(self.message_with_choices(step.of or 1).choices[0]))
                quoting = self.message_with_choices(step.of).wamid if step.of else ""
                await self.say(text, quoting=quoting, about=step.about, silent=step.silent)
            case Step(speak=str(said)):
                await self.speak(said)
            case Step(tap=str(choose)):
                await self.tap(choose, of=step.of or 1, yes=step.yes)
            case Step(cart=dict(items)):
                await self.fill_cart(items)
            case Step(edit=str(text)):
                await self.edit(text)
            case Step(share=Place() as place):
                await self.share(place, silent=step.silent)
            case Step(revoke=True):
                await self.revoke()
            case _:
                raise ChatError("a step does nothing")

    def _original(self, message: LedgerMessage | None) -> LedgerMessage:
        if message is None and not self.written:
            raise ChatError("the customer has written nothing")
        return message or self.written[-1]

    async def _send(
        self, kind: str, content: Any, context: dict[str, Any] | None = None, *, silent: bool = False
    ) -> LedgerMessage:
        inbound = await self._meta.send(self.person, kind, content, expects_reply=not silent, context=context)
        self.written.append(inbound)
        return inbound


def choice_of(message: Accepted, choose: str) -> Tappable:
    """The choice of a message whose id is, or ends in, what is given, or whose title it is. Raises ChatError."""
    for choice in message.choices:
        if choose in (choice.id, choice.id.rpartition(":")[2], choice.title):
            return choice
    raise ChatError(f"{choose!r} is none of {[choice.title for choice in message.choices]}")


def token_of(choice: Tappable) -> str:
    """The quote that a choice is about: recado's ids are KIND:TOKEN:..."""
    return choice.id.split(":")[1] if choice.id.count(":") > 1 else ""


def _described(step: Step) -> str:
    """A step as the transcript shows it."""
    given = {name: value for name, value in msgspec.to_builtins(step).items() if value not in (None, "", False, 0)}
    return ", ".join(f"{name} {value}" for name, value in given.items() if name not in ("wait", "times") or value != 1)
