"""Every type of event, as data: a new type is a new class here, with an example in `examples.py`.

Receivers ignore types and fields that they do not know, so types only gain optional fields. A customer's words are only
in fields named `text`: an endpoint gets these only if its configuration says so.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, ClassVar

import msgspec

from recado.orders import Line, OpenQuote, Order, QuoteState

#: A time with its zone, as the schemas require.
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Fact(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag_field="type"):
    """The content of an event, without the customer.

    on_request: only endpoints that name the type get it. of_customer: it concerns a customer, not the account.
    """

    on_request: ClassVar[bool] = False
    of_customer: ClassVar[bool] = True


class EventLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a quote or an order. Amounts of money are decimal strings. `unit` is present if the quantity is
    measured (kg, l, m, ...) instead of counted."""

    sku: str
    name: str
    quantity: int | float
    unit: str | None = None
    unit_price: str
    line_total: str


class Written(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that the customer wrote."""

    text: str | None = None


class QuoteData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A quote. `token` names it in all events; `source` is text, cart, button or voice."""

    token: str
    source: str
    currency: str
    total: str
    expires_at: Instant
    lines: tuple[EventLine, ...]


class OrderData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An order. `quote` is the token of the confirmed quote; `left_out` is what the customer asked for and the order
    does not contain."""

    number: str
    state: str
    currency: str
    total: str
    placed_at: Instant
    quote: str
    source: str
    lines: tuple[EventLine, ...]
    left_out: tuple[Written, ...] = ()
    during_handoff: bool = False


class MessageReceived(Fact, frozen=True, kw_only=True, tag="message.received"):
    """A customer wrote. `kind` is Meta's type of the message."""

    on_request: ClassVar[bool] = True

    kind: str
    text: str | None = None


class QuoteCreated(Fact, frozen=True, kw_only=True, tag="quote.created"):
    """A customer is given a quote, and has no other open one."""

    quote: QuoteData


class QuoteReplaced(Fact, frozen=True, kw_only=True, tag="quote.replaced"):
    """A customer is given a quote in place of the open one, which has the token `replaces`."""

    quote: QuoteData
    replaces: str


class QuoteReached(Fact, frozen=True, kw_only=True):
    """A quote was delivered or read."""

    on_request: ClassVar[bool] = True

    token: str


class QuoteDelivered(QuoteReached, frozen=True, kw_only=True, tag="quote.delivered"):
    """The message with the quote reached the customer's phone."""


class QuoteRead(QuoteReached, frozen=True, kw_only=True, tag="quote.read"):
    """The customer opened the message with the quote, unless he has turned read receipts off."""


class QuoteEnded(Fact, frozen=True, kw_only=True):
    """An open quote ended without an order."""

    token: str
    age_seconds: int


class QuoteRejected(QuoteEnded, frozen=True, kw_only=True, tag="quote.rejected"):
    """The customer said no."""


class QuoteExpired(QuoteEnded, frozen=True, kw_only=True, tag="quote.expired"):
    """The quote is no longer valid, and the customer did not decide."""


class QuoteWithdrawn(QuoteEnded, frozen=True, kw_only=True, tag="quote.withdrawn"):
    """The customer took the message back, or the reply with the quote could not be delivered."""


class OrderCreated(Fact, frozen=True, kw_only=True, tag="order.created"):
    """A customer said yes to a quote."""

    order: OrderData


class OrderChanged(Fact, frozen=True, kw_only=True):
    """Something about an order changed."""

    number: str
    state: str
    reason: str | None = None


class OrderUpdated(OrderChanged, frozen=True, kw_only=True, tag="order.updated"):
    """The shop's staff changed the order's state (reason `staff`), or the customer sent a location (`location`)."""


class OrderCancelled(OrderChanged, frozen=True, kw_only=True, tag="order.cancelled"):
    """The shop's staff cancelled the order."""


class OrderCancelRequested(OrderChanged, frozen=True, kw_only=True, tag="order.cancel_requested"):
    """The customer wants to cancel a confirmed order (reason `customer`). recado changes nothing: the staff decides."""


class HandoffRequested(Fact, frozen=True, kw_only=True, tag="handoff.requested"):
    """The customer asks for a person; recado is silent until `until` or until the conversation is given back."""

    reason: str
    until: Instant | None = None


class HandoffStarted(Fact, frozen=True, kw_only=True, tag="handoff.started"):
    """A person has the conversation, and recado is silent until `until`: the customer asked for one (reason `asked`),
    the shop wrote to him from its phone (`echo`) or through another system (`foreign`), or the staff took it
    (`staff`)."""

    reason: str
    until: Instant


class HandoffEnded(Fact, frozen=True, kw_only=True, tag="handoff.ended"):
    """recado has the conversation again: the time was over (reason `time`), the customer wrote *bot* (`customer`), the
    shop wrote #bot from its phone (`echo`), or the staff gave it back (`staff`)."""

    reason: str


class ReplyFailed(Fact, frozen=True, kw_only=True, tag="reply.failed"):
    """A reply was given up: the customer did not get it. `message` is the id that `recado queue show` takes."""

    message: int
    reason: str
    error_class: str | None = None
    error_code: int | None = None


class CustomerOptedOut(Fact, frozen=True, kw_only=True, tag="customer.opted_out"):
    """The customer opted out: in a message (reason `message`), in his WhatsApp settings (`preferences`), or before, as
    Meta says when it refuses a message of the shop's own initiative (`refused`). recado still replies to what he
    writes."""

    reason: str


class CustomerOptedIn(Fact, frozen=True, kw_only=True, tag="customer.opted_in"):
    """The customer opted in again, in a message (reason `message`) or in his WhatsApp settings (`preferences`)."""

    reason: str


class CustomerErased(Fact, frozen=True, kw_only=True, tag="customer.erased"):
    """Everything known about a customer was erased; orders stay for the books, without the customer."""


class TemplateChanged(Fact, frozen=True, kw_only=True):
    """Meta has changed a template of the account. `event` is Meta's word for what it did."""

    of_customer: ClassVar[bool] = False

    name: str
    language: str
    event: str


class TemplatePaused(TemplateChanged, frozen=True, kw_only=True, tag="template.paused"):
    """Meta has paused, disabled, rejected or removed a template of the account, so it cannot be sent. The event has
    neither `conversation` nor `customer`."""


class TemplateApproved(TemplateChanged, frozen=True, kw_only=True, tag="template.approved"):
    """Meta has approved a template of the account, for the first time or again. The event has neither
    `conversation` nor `customer`."""


#: The event for a quote that ends in one of these states. For the other states, the order or the next quote has an
#: event.
ENDS: dict[QuoteState, type[QuoteEnded]] = {
    QuoteState.REJECTED: QuoteRejected,
    QuoteState.EXPIRED: QuoteExpired,
    QuoteState.WITHDRAWN: QuoteWithdrawn,
}


#: The event for Meta's first report of one of these statuses for the message with a quote.
REACHES: dict[str, type[QuoteReached]] = {"delivered": QuoteDelivered, "read": QuoteRead}


def quote_data(quote: OpenQuote) -> QuoteData:
    """A quote in the form of events."""
    return QuoteData(
        token=quote.token,
        source=quote.source.value,
        currency=quote.currency,
        total=str(quote.total),
        expires_at=instant(quote.expires_at),
        lines=tuple(map(_line, quote.lines)),
    )


def order_data(order: Order, number: str) -> OrderData:
    """An order in the form of events; `number` has the prefix."""
    return OrderData(
        number=number,
        state=order.state.value,
        currency=order.currency,
        total=str(order.total),
        placed_at=instant(order.placed_at),
        quote=order.quote,
        source=order.source.value,
        lines=tuple(map(_line, order.lines)),
        left_out=tuple(Written(text=text) for text in order.left_out),
    )


def instant(at: float) -> datetime:
    """Unix seconds in the form of events: UTC, to the millisecond."""
    return datetime.fromtimestamp(round(at, 3), UTC)


def _line(line: Line) -> EventLine:
    return EventLine(
        sku=line.sku,
        name=line.name,
        quantity=float(line.quantity) if isinstance(line.quantity, Decimal) else line.quantity,
        unit=line.unit,
        unit_price=str(line.unit_price),
        line_total=str(line.total),
    )


def _types(base: type[Fact]) -> dict[str, type[Fact]]:
    found: dict[str, type[Fact]] = {}
    for kind in base.__subclasses__():
        tag = kind.__struct_config__.tag
        found |= {str(tag): kind} if "." in str(tag) else _types(kind)
    return found


#: The class of each type.
TYPES = _types(Fact)
#: The types for an endpoint that names none.
USUAL_TYPES = frozenset(name for name, kind in TYPES.items() if not kind.on_request)
