"""The shop's side of a conversation: a customer's message in, a turn out. Pure code, no I/O."""

import secrets
from collections.abc import Callable, Sequence

from recado.conversation import texts
from recado.conversation.turn import Inbound, Reply, ReplyKind, Silence, Turn
from recado.orders import Changes, Closing, Line, OpenQuote, Order, QuoteState, Session, Source
from recado.quotes import Catalogue, Intent, Quote, QuoteService
from recado.whatsapp.content import Text
from recado.whatsapp.payloads import CartLine, InboundMessage, MessageType

#: What the token of a quote is made of: nothing that is taken for something else.
NAME_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
NAME_LENGTH = 12
#: An open quote can be confirmed or rejected for this long.
QUOTE_VALID_SECONDS = 86400.0
#: Messages that say nothing to a shop: a reply would be noise or, between two bots, a loop.
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
#: Taps, forms and carts. Without words there is nothing in them that could be written instead, and what was tapped was
#: sent by somebody else in the shop's name.
TAPPED_TYPES = frozenset({MessageType.INTERACTIVE, MessageType.BUTTON, MessageType.ORDER})

#: What an album is made of.
PICTURE_TYPES = frozenset({MessageType.IMAGE, MessageType.VIDEO})
#: Replies that bring the conversation no further.
COURTESIES = frozenset(
    {
        ReplyKind.NOT_UNDERSTOOD,
        ReplyKind.INSTRUCTIONS,
        ReplyKind.PLEASE_WRITE,
        ReplyKind.NO_OPEN_QUOTE,
        ReplyKind.SLOW_DOWN,
        ReplyKind.THANKS,
        ReplyKind.TOO_LONG,
    }
)


class Conversation:
    """Replies for the business numbers given; messages to any other number are somebody else's."""

    def __init__(
        self, quotes: QuoteService, catalogue: Callable[[], Catalogue], phone_number_ids: frozenset[str]
    ) -> None:
        self._quotes = quotes
        self._catalogue = catalogue
        self._phone_number_ids = phone_number_ids
        self._by_intent: dict[Intent, Callable[[Quote], Turn]] = {
            Intent.GREETING: self._greet,
            Intent.HELP: self._help,
            Intent.OTHER: self._other,
            Intent.TOO_LONG: self._too_long,
        }

    def silence(self, message: InboundMessage) -> Silence | None:
        """Why the message gets no reply; None when it gets one."""
        if message.phone_number_id not in self._phone_number_ids:
            return Silence.OTHER_NUMBER
        if message.is_group:
            return Silence.GROUP
        if message.type in SILENT_TYPES or (message.type in TAPPED_TYPES and not message.says_something):
            return Silence.TYPE
        if message.sender is None:
            return Silence.UNUSABLE_SENDER
        return None

    def read(self, message: InboundMessage) -> Inbound:
        """The message, understood as an order or whatever else it says.

        Where only the customer's address is unusable it is read all the same: `recado selftest` lives on it.
        """
        silence = self.silence(message)
        quote = None
        if silence in (None, Silence.UNUSABLE_SENDER) and message.says_something:
            quote = self._quote(message.text or "", message.cart)
        return Inbound(
            message=message,
            quote=quote,
            silence=silence,
            refers=message.quoted,
            may_order=quote is not None and quote.intent is Intent.CONFIRM,
        )

    def _quote(self, text: str, cart: Sequence[CartLine]) -> Quote:
        if cart:
            return self._quotes.cart([(line.sku, line.quantity) for line in cart], text)
        return self._quotes.quote(text)

    def handle(self, inbound: Inbound, session: Session, now: float) -> Turn:
        """What to do about a message, given what was said before."""
        if inbound.silence:
            return Turn(silence=inbound.silence)
        quote = inbound.quote
        if quote is None:
            return _say(ReplyKind.PLEASE_WRITE, texts.please_write())
        if quote.items:
            reply = Reply(kind=ReplyKind.QUOTE, content=Text(texts.quote_reply(quote, self._catalogue())), quote=quote)
            return Turn(reply=reply, changes=Changes(version=session.version, opens=_open_quote(inbound, quote, now)))
        if quote.intent in (Intent.CONFIRM, Intent.REJECT):
            return _decide(inbound, session, now, confirm=quote.intent is Intent.CONFIRM)
        return self._by_intent.get(quote.intent, self._not_understood)(quote)

    @staticmethod
    def slow_down() -> Turn:
        """What a customer over the limit is told, once."""
        return _say(ReplyKind.SLOW_DOWN, texts.slow_down())

    def not_read(self) -> Turn:
        """What a customer is told whose message recado cannot read, by a defect of its own."""
        return _say(ReplyKind.NOT_UNDERSTOOD, texts.instructions(self._catalogue()))

    # -- one handler for each thing that a customer may mean ---------------------------------------------------

    def _greet(self, quote: Quote) -> Turn:
        return _say(ReplyKind.INSTRUCTIONS, texts.greeting(self._catalogue()))

    def _help(self, quote: Quote) -> Turn:
        return _say(ReplyKind.INSTRUCTIONS, texts.help_text(self._catalogue()))

    def _other(self, quote: Quote) -> Turn:
        if quote.asks:
            return self._not_understood(quote)
        return _say(ReplyKind.THANKS, texts.thanks())

    def _too_long(self, quote: Quote) -> Turn:
        return _say(ReplyKind.TOO_LONG, texts.too_long())

    def _not_understood(self, quote: Quote) -> Turn:
        text = texts.not_understood(quote, self._catalogue())
        return _say(ReplyKind.NOT_UNDERSTOOD, text, quote=quote)


def is_picture(inbound: Inbound) -> bool:
    """Whether a message is a picture without words, which may be one of an album."""
    return inbound.quote is None and inbound.message.type in PICTURE_TYPES


def _open_quote(inbound: Inbound, quote: Quote, now: float) -> OpenQuote:
    lines = [
        Line(
            sku=item.sku,
            name=item.name,
            quantity=item.quantity,
            unit_price=item.unit_price,
            unit=item.unit,
            doubtful=item.doubtful,
        )
        for item in quote.items
    ]
    return OpenQuote(
        token="".join(secrets.choice(NAME_LETTERS) for _ in range(NAME_LENGTH)),
        lines=tuple(lines),
        currency=quote.currency,
        source=Source.CART if inbound.message.cart else Source.TEXT,
        opened_at=now,
        changed_at=inbound.message.written_at(now),
        expires_at=now + QUOTE_VALID_SECONDS,
    )


def _decide(inbound: Inbound, session: Session, now: float, *, confirm: bool) -> Turn:
    """A yes or a no to the quote that the customer has seen."""
    quote = session.quote
    if quote is None or not _has_seen(quote, inbound.message, now):
        return _say(ReplyKind.NO_OPEN_QUOTE, texts.no_open_quote())
    if not confirm:
        closes = Closing(token=quote.token, state=QuoteState.REJECTED)
        return _say(ReplyKind.REJECTED, texts.rejected(), changes=Changes(version=session.version, closes=closes))
    assert session.order_number is not None, "a yes with an open quote is given a number"
    order = Order(
        number=session.order_number,
        quote=quote.token,
        lines=quote.lines,
        currency=quote.currency,
        source=quote.source,
        placed_at=now,
        changed_at=now,
    )
    closes = Closing(token=quote.token, state=QuoteState.CONFIRMED)
    changes = Changes(version=session.version, closes=closes, places=order)
    return _say(ReplyKind.CONFIRMED, texts.confirmed(), changes=changes)


def _has_seen(quote: OpenQuote, message: InboundMessage, now: float) -> bool:
    """Whether a quote is open, and Meta had accepted it before the message was written.

    Meta's timestamps are whole seconds, rounded down.
    """
    if quote.state is not QuoteState.OPEN or quote.accepted_at is None or now >= quote.expires_at:
        return False
    return int(quote.accepted_at) <= message.written_at(now)


def _say(kind: ReplyKind, text: str, quote: Quote | None = None, *, changes: Changes | None = None) -> Turn:
    return Turn(reply=Reply(kind=kind, content=Text(text), quote=quote), changes=changes)
