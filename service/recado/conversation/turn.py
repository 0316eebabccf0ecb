"""The input and the output of a conversation, as values."""

from enum import StrEnum

import msgspec

from recado.events.facts import Fact
from recado.orders import Changes
from recado.quotes import Quote
from recado.quotes.script.clauses import Script
from recado.whatsapp.content import Inside
from recado.whatsapp.payloads import InboundMessage, Media


class Silence(StrEnum):
    """Why a message gets no reply."""

    TYPE = "type"
    GROUP = "group"
    OTHER_NUMBER = "other_number"
    UNUSABLE_ADDRESS = "unusable_address"
    ERROR = "error"
    HUMAN = "human"
    """A person has the conversation."""
    REVOKED = "revoked"
    """The customer took a message back."""
    OPTED_OUT = "opted_out"
    """The customer opted out again."""


class ReplyKind(StrEnum):
    """The kind of a reply."""

    QUOTE = "quote"
    PRICES = "prices"
    QUESTION = "question"
    EMPTIED = "emptied"
    NOT_UNDERSTOOD = "not_understood"
    INSTRUCTIONS = "instructions"
    PLEASE_WRITE = "please_write"
    CONFIRMED = "confirmed"
    ALREADY_CONFIRMED = "already_confirmed"
    REJECTED = "rejected"
    NO_OPEN_QUOTE = "no_open_quote"
    HOW_TO_CHANGE = "how_to_change"
    ASK_STAFF = "ask_staff"
    """The reply offers a person for something that recado cannot do."""
    HANDED_OVER = "handed_over"
    OPTED_OUT = "opted_out"
    """The reply confirms an opt-out."""
    OPTED_IN = "opted_in"
    GIVEN_BACK = "given_back"
    """recado has the conversation again instead of a person."""
    LOCATED = "located"
    SLOW_DOWN = "slow_down"
    THANKS = "thanks"
    TOO_LONG = "too_long"


class Inbound(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A customer's message as recado has read it.

    quote, script: its words as an order of their own, and as steps in a conversation; None if it has no words, or gets
    no reply at all. token: random; names the quote that it may open. silence: why it gets no reply in any session;
    nothing of it is stored then. refers: the token of the quote that was tapped, or the wamid of the message that was
    quoted. may_order: whether it may place an order. spoken: its words come from a voice note.
    """

    message: InboundMessage
    quote: Quote | None = None
    script: Script | None = None
    token: str = ""
    silence: Silence | None = None
    refers: str | None = None
    may_order: bool = False
    spoken: bool = False


class Reply(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The reply to the customer. quote: how his message was read, if it was read as an order. asks: it asks him
    something about the order."""

    kind: ReplyKind
    content: Inside
    quote: Quote | None = None
    asks: bool = False


class Turn(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The result of one message: a reply, or the reason for none, and the changes of the session (None: none). facts:
    further facts for the shop's systems. listens: the message is a voice note, and the reply is sent if it cannot be
    transcribed.
    """

    reply: Reply | None = None
    silence: Silence | None = None
    changes: Changes | None = None
    facts: tuple[Fact, ...] = ()
    listens: Media | None = None
