"""The store's data about a conversation, and the changes by one message.

The store compares the session's version in the transaction that writes the changes. If a message was handled with an
older session, it is handled again with the current one.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from recado.orders.order import Order
from recado.orders.permission import Permission
from recado.orders.quote import OpenQuote, Question, QuoteState


class HandoffReason(StrEnum):
    """Why a person handles the conversation."""

    ASKED = "asked"
    """The customer asked for a person, or took the offer of one."""
    ECHO = "echo"
    """The shop wrote to the customer from its own phone."""
    STAFF = "staff"
    """The staff said so, by a command or the API."""
    FOREIGN = "foreign"
    """Another system wrote to the customer from the business number."""


class Returned(StrEnum):
    """Why recado handles the conversation again."""

    TIME = "time"
    CUSTOMER = "customer"
    ECHO = "echo"
    STAFF = "staff"


class Handoff(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who handles the conversation. All times are Unix seconds.

    until: a person has it until then; None: recado has it. changed_at: when that last changed; an earlier change that
    arrives later has no effect. waiting_since: when the customer asked for a person, while nobody has come. since: when
    the person took over; recado no longer sends older replies.
    """

    until: float | None = None
    changed_at: float = 0.0
    waiting_since: float | None = None
    since: float = 0.0

    def holds(self, now: float) -> bool:
        """Whether a person has the conversation."""
        return self.until is not None and now < self.until


class HandoffChange(msgspec.Struct, frozen=True, kw_only=True):
    """A request of the shop to hand a conversation over, or to give it back.

    key, aliases: the names of the customer. why: Taken with `until`, Returned without. at: when it was made. echo:
    Meta's id of the shop's message that made it; each counts once.
    """

    key: str
    aliases: tuple[str, ...] = ()
    why: HandoffReason | Returned
    at: float
    until: float | None = None
    echo: str | None = None


class Talk(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The part of a session that only the conversation reads. The store keeps it as JSON.

    questions: the open questions to the customer. topic: skus of his last order, change or price question. asked: skus
    and quantities of a price question, which "me lo llevo" orders; asked_before: those of the questions right before
    it, which "los dos" orders, too. offered: products that a price question may have been about. instead: products
    that recado named in place of one that is not sold. unsure: recado did not understand the last change, so the next
    yes may be about a change that was not made. handoff: who has the conversation. missed: how many of his last
    messages in a row recado did not understand. permission: whether the shop may write to him on its own initiative.
    """

    questions: tuple[Question, ...] = ()
    topic: tuple[str, ...] = ()
    asked: tuple[tuple[str, int | Decimal], ...] = ()
    asked_before: tuple[tuple[str, int | Decimal], ...] = ()
    offered: Question | None = None
    instead: Question | None = None
    unsure: bool = False
    handoff: Handoff = Handoff()
    missed: int = 0
    permission: Permission = Permission()

    @property
    def decided(self) -> "Talk":
        """The talk after the customer's decision on a quote: everything about the quote is dropped."""
        return Talk(handoff=self.handoff, permission=self.permission)


class Closing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The end of an open quote, named by its token."""

    token: str
    state: QuoteState


class Located(msgspec.Struct, frozen=True, kw_only=True):
    """The destination of an order, which the customer sent after the order."""

    number: int
    location: str


class Changes(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message's changes of its session; written in one transaction with the reply.

    version: of that session. talk: None if it is unchanged. closes is applied before opens, the quote in the reply;
    opens replaces an open quote that is not closed.
    """

    version: int
    talk: Talk | None = None
    closes: Closing | None = None
    opens: OpenQuote | None = None
    places: Order | None = None
    locates: Located | None = None

    @property
    def any(self) -> bool:
        """Whether there are any, so that the session gets a new version."""
        return bool(self.talk or self.closes or self.opens or self.places or self.locates)


class Session(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The present state of the conversation between a business number and a customer.

    version: 0 for a new customer; it increases with each change. quote: the newest one, in any state. referred: the
    quote that a tapped button or a quoted message names, if it is this customer's. order: the last one. order_number:
    reserved for the order that this message may place.
    """

    version: int = 0
    quote: OpenQuote | None = None
    referred: OpenQuote | None = None
    order: Order | None = None
    order_number: int | None = None
    talk: Talk = Talk()

    def after(self, changes: Changes) -> "Session":
        """The session after the changes, without the fields that depend on the next message."""
        if not changes.any:
            return replace(self, referred=None, order_number=None)
        quote, order = self.quote, self.order
        if quote is not None and changes.closes is not None and changes.closes.token == quote.token:
            quote = replace(quote, state=changes.closes.state)
        if order is not None and changes.locates is not None and changes.locates.number == order.number:
            order = replace(order, location=changes.locates.location)
        return Session(
            version=self.version + 1,
            quote=changes.opens or quote,
            order=changes.places or order,
            talk=changes.talk or self.talk,
        )
