"""A whole conversation in memory, which simulates the store and Meta without delays and faults."""

import itertools
from enum import StrEnum
from typing import Final

from msgspec.structs import replace

from recado.conversation.conversation import Conversation
from recado.conversation.moment import Policy
from recado.conversation.turn import Inbound, Turn
from recado.orders import Changes, OpenQuote, QuoteState, Session
from recado.orders.quote import Lines
from recado.quotes import Catalogue, QuoteService
from recado.whatsapp.inbound import Customer, InboundMessage, MessageType

_NUMBER: Final = "100000000000000"
_FIRST_ORDER: Final = 1001
_SECONDS: Final = 5.0
"""Between two messages."""


class Phase(StrEnum):
    """How far a conversation has come."""

    NONE = "none"
    OPEN = "open"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    HUMAN = "human"


class Dialogue:
    """One customer and the shop. Every reply is accepted and seen before the next message is written."""

    def __init__(self, catalogue: Catalogue, policy: Policy | None = None, *, now: float = 1_700_000_000.0) -> None:
        policy = policy or Policy(max_quantity=10**9)
        self._catalogue = catalogue
        self._service = QuoteService(
            lambda: self._catalogue, max_quantity=policy.max_quantity, confidence_threshold=policy.confidence_threshold
        )
        tokens = (f"T{number}" for number in itertools.count(1))
        self._conversation = Conversation(
            self._service, lambda: self._catalogue, frozenset([_NUMBER]), policy, new_token=lambda: next(tokens)
        )
        self._numbers = itertools.count(_FIRST_ORDER)
        self.now = now
        self.session = Session()
        self.turn = Turn()
        self.inbound: Inbound | None = None
        self._quotes: dict[str, OpenQuote] = {}

    def sell(self, catalogue: Catalogue) -> None:
        """Replaces the catalogue from now on."""
        self._catalogue = catalogue

    def expire(self) -> None:
        """The store closes the newest quote, whose time is over."""
        if (quote := self.session.quote) is not None:
            self._quotes[quote.token] = replace(quote, state=QuoteState.EXPIRED)
            self.session = replace(self.session, quote=self._quotes[quote.token])

    def say(self, text: str) -> Turn:
        """The turn for a text, written some seconds after the last reply."""
        return self.hear(self.message(text))

    def speak(self, heard: str) -> Turn:
        """The turn for a voice note with this transcript."""
        return self.hear(replace(self.message(heard), type=MessageType.AUDIO), spoken=True)

    def tap(self, id_: str) -> Turn:
        """The turn for a tap on a choice."""
        return self.hear(replace(self.message(), type=MessageType.INTERACTIVE, tapped=id_, text="x"))

    def message(self, text: str | None = None) -> InboundMessage:
        """The customer's next message."""
        at = self.now + _SECONDS
        sender = Customer("+15550100001", None)
        return InboundMessage(f"wamid.{at}", MessageType.TEXT, text, sender, _NUMBER, at)

    def hear(self, message: InboundMessage, *, spoken: bool = False) -> Turn:
        """The turn for a message. spoken: its words come from a voice note."""
        self.now += _SECONDS
        self.inbound = self._conversation.read(message, spoken=spoken)
        referred = self._quotes.get(self.inbound.refers or "")
        number = next(self._numbers) if self.inbound.may_order else None
        session = replace(self.session, order_number=number, referred=referred)
        self.turn = self._conversation.handle(self.inbound, session, self.now)
        if self.turn.changes is not None:
            self._write(self.turn.changes)
        return self.turn

    def _write(self, changes: Changes) -> None:
        """Applies the changes as a store does; a quote that they open is accepted and seen at once."""
        self.session = self.session.after(changes)
        closes, opens = changes.closes, changes.opens
        if closes is not None:
            self._quotes[closes.token] = replace(self._quotes[closes.token], state=closes.state)
        if opens is not None:
            for token, quote in self._quotes.items():
                if quote.state is QuoteState.OPEN:
                    self._quotes[token] = replace(quote, state=QuoteState.REPLACED)
            self._quotes[opens.token] = replace(opens, accepted_at=self.now)
            self.session = replace(self.session, quote=self._quotes[opens.token])

    @property
    def state(self) -> Phase:
        """The state after the last message."""
        quote = self.session.quote
        if self.session.talk.handoff.holds(self.now):
            return Phase.HUMAN
        return Phase.NONE if quote is None else _STATES.get(quote.state, Phase.NONE)

    @property
    def lines(self) -> Lines:
        """The lines of the quote or of the confirmed order."""
        quote, order = self.session.quote, self.session.order
        if quote is not None and quote.state is QuoteState.OPEN:
            return quote.lines
        if quote is not None and quote.state is QuoteState.CONFIRMED and order is not None:
            return order.lines
        return ()

    @property
    def asks(self) -> bool:
        """Whether the last reply asks something about the order."""
        return self.turn.reply is not None and self.turn.reply.asks

    def explain(self) -> list[str]:
        """How the last message was read, and the state after it: one line each."""
        script = self.inbound.script if self.inbound is not None else None
        steps = [str(step) for step in script.steps] if script is not None else []
        lines = ", ".join(f"{line.quantity} {line.name}" for line in self.lines) or "no lines"
        questions = [f"asked: {q.text} ({', '.join(q.candidates)})" for q in self.session.talk.questions]
        return [*steps, f"{self.state}: {lines}", *questions]


_STATES: Final = {
    QuoteState.OPEN: Phase.OPEN,
    QuoteState.CONFIRMED: Phase.CONFIRMED,
    QuoteState.REJECTED: Phase.REJECTED,
}
