"""What to answer to what: a customer's message in, the reply out. Pure code, no I/O."""

from collections.abc import Callable
from enum import StrEnum

import msgspec

from recado.queue.model import QuoteMark
from recado.quotes import Catalogue, Intent, Quote, QuoteService, answers
from recado.whatsapp.payloads import InboundMessage, MessageType

#: Messages that say nothing to a shop: an answer would be noise or, between two bots, a loop.
SILENT_TYPES = frozenset(
    {
        MessageType.REACTION,
        MessageType.SYSTEM,
        MessageType.UNSUPPORTED,
        MessageType.EDIT,
        MessageType.REVOKE,
        MessageType.REQUEST_WELCOME,
        MessageType.UNKNOWN,
    }
)


class Silence(StrEnum):
    """Why a message gets no reply."""

    TYPE = "type"
    GROUP = "group"
    OTHER_NUMBER = "other_number"
    UNUSABLE_SENDER = "unusable_sender"
    TOO_MANY = "too_many"


class AnswerKind(StrEnum):
    """What a reply is."""

    QUOTE = "quote"
    NOT_UNDERSTOOD = "not_understood"
    INSTRUCTIONS = "instructions"
    PLEASE_WRITE = "please_write"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    NO_OPEN_QUOTE = "no_open_quote"
    SLOW_DOWN = "slow_down"
    THANKS = "thanks"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A reply: its text, the quote it gives (if it gives one), and what it does to the customer's open quote."""

    kind: AnswerKind
    text: str
    quote: Quote | None = None
    mark: QuoteMark = QuoteMark.NONE


class Conversation:
    """The shop's side of the conversation."""

    def __init__(self, quotes: QuoteService, catalogue: Callable[[], Catalogue]) -> None:
        self._quotes = quotes
        self._catalogue = catalogue

    def silence(self, message: InboundMessage, phone_number_ids: frozenset[str]) -> Silence | None:
        """Why the message gets no reply; None when it gets one."""
        if message.phone_number_id not in phone_number_ids:
            return Silence.OTHER_NUMBER
        if message.is_group:
            return Silence.GROUP
        if message.type in SILENT_TYPES:
            return Silence.TYPE
        if message.sender is None:
            return Silence.UNUSABLE_SENDER
        return None

    def read(self, message: InboundMessage) -> Quote | None:
        """The message as an order; None when it has no words."""
        return self._quotes.quote(message.text) if message.text and message.text.strip() else None

    @staticmethod
    def asks_for_open_quote(quote: Quote | None) -> bool:
        """Whether the answer depends on the customer having an open quote."""
        return quote is not None and quote.intent in (Intent.CONFIRM, Intent.REJECT)

    def answer(self, quote: Quote | None, *, open_quote: bool) -> Answer:
        """The reply to a message that was read as `quote`, from a customer with or without an open quote."""
        if quote is None:
            return Answer(kind=AnswerKind.PLEASE_WRITE, text=answers.please_write())
        if quote.items:
            text = answers.quote_answer(quote, self._catalogue())
            return Answer(kind=AnswerKind.QUOTE, text=text, quote=quote, mark=QuoteMark.OPENS)
        match quote.intent:
            case Intent.CONFIRM | Intent.REJECT if not open_quote:
                return Answer(kind=AnswerKind.NO_OPEN_QUOTE, text=answers.no_open_quote())
            case Intent.CONFIRM:
                return Answer(kind=AnswerKind.CONFIRMED, text=answers.confirmed(), mark=QuoteMark.CONFIRMS)
            case Intent.REJECT:
                return Answer(kind=AnswerKind.REJECTED, text=answers.rejected(), mark=QuoteMark.REJECTS)
            case Intent.GREETING:
                return Answer(kind=AnswerKind.INSTRUCTIONS, text=answers.greeting(self._catalogue()))
            case Intent.HELP:
                return Answer(kind=AnswerKind.INSTRUCTIONS, text=answers.help_text(self._catalogue()))
            case Intent.OTHER if not quote.unmatched:
                return Answer(kind=AnswerKind.THANKS, text=answers.thanks())
        text = answers.not_understood(quote, self._catalogue())
        return Answer(kind=AnswerKind.NOT_UNDERSTOOD, text=text, quote=quote)

    def slow_down(self) -> Answer:
        """What a customer over his limit is told, once."""
        return Answer(kind=AnswerKind.SLOW_DOWN, text=answers.slow_down())
