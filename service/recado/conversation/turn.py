"""The input and the output of a conversation, as values: a message or a tap in, a reply with choices to tap out."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

from recado.events.facts import Fact
from recado.orders import Changes, OpenQuote, Question
from recado.quotes import Catalogue, Quote
from recado.quotes.language.money import money
from recado.quotes.script.clauses import Script
from recado.whatsapp.content import MOST_ROWS, Choice, ContentError, Inside, Text, with_choices
from recado.whatsapp.inbound import InboundMessage, Media


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


# -- buttons and rows to tap: decisions on a quote, candidates of a question; typed answers work as well

_QUOTE_ID: Final = re.compile(r"q:([0-9A-Za-z]{1,64}):(confirm|change|reject|show)")
_HANDOFF_ID: Final = re.compile(r"h:(person|assistant)")
_PRODUCT_ID: Final = re.compile(r"c:([0-9A-Za-z]{1,64}):([0-9]{1,3}):(.+)", re.DOTALL)


class Decision(StrEnum):
    """The meaning of a tapped button or row."""

    CONFIRM = "confirm"
    CHANGE = "change"
    REJECT = "reject"
    SHOW = "show"
    PRODUCT = "product"
    PERSON = "person"
    ASSISTANT = "assistant"


_TITLES: Final = {
    Decision.CONFIRM: "✅ Sí, confirmar",
    Decision.CHANGE: "✏️ Cambiar",
    Decision.REJECT: "❌ No, gracias",
}


#: Buttons that choose who handles the conversation: a person or recado.
TO_A_PERSON: Final = Choice(f"h:{Decision.PERSON}", "Hablar con alguien")
TO_THE_ASSISTANT: Final = Choice(f"h:{Decision.ASSISTANT}", "Seguir con asistente")


class Tap(msgspec.Struct, frozen=True):
    """A tap. token: of the quote, if it is about one. sku: of the product that was chosen."""

    token: str
    decision: Decision
    sku: str = ""


def parsed(tapped: str | None) -> Tap | None:
    """Parses a tap on one of recado's choices; None for any other message."""
    if tapped is None:
        return None
    if of_quote := _QUOTE_ID.fullmatch(tapped):
        return Tap(of_quote[1], Decision(of_quote[2]))
    if of_handoff := _HANDOFF_ID.fullmatch(tapped):
        return Tap("", Decision(of_handoff[1]))
    if of_question := _PRODUCT_ID.fullmatch(tapped):
        return Tap(of_question[1], Decision.PRODUCT, of_question[3])
    return None


def decisions(quote: OpenQuote) -> list[Choice]:
    """The decisions that a customer can make about a quote."""
    return [Choice(f"q:{quote.token}:{decision}", title) for decision, title in _TITLES.items()]


def candidates(questions: Sequence[Question], token: str, catalogue: Catalogue) -> list[Choice]:
    """The products that the last question offers, with their prices; empty if there are more than fit."""
    for number, question in reversed(list(enumerate(questions))):
        products = [catalogue.by_sku[sku] for sku in question.candidates if sku in catalogue.by_sku]
        if 1 < len(products) <= MOST_ROWS:
            return [
                Choice(
                    f"c:{token}:{number}:{one.sku}",
                    one.name,
                    f"{money(one.unit_price, catalogue.currency, exact=True)} {one.name}",
                )
                for one in products
            ]
    return []


def offered(text: str, choices: Sequence[Choice]) -> Inside:
    """The text with its choices; only the text if there are none, or if Meta would refuse them (an id of 300
    letters)."""
    if not choices:
        return Text(text)
    try:
        return with_choices(text, choices)
    except ContentError:
        return Text(text)
