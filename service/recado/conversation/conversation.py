"""The shop's side of a conversation: a customer's message in, a turn out. Pure code, no I/O."""

import re
import secrets
from collections.abc import Callable
from typing import Final

from recado.conversation import permission, texts, wordless, words
from recado.conversation.moment import Moment, Policy, give_back, says_bot
from recado.conversation.turn import Decision, Inbound, Reply, ReplyKind, Silence, Turn, parsed
from recado.events.facts import Fact, HandoffRequested, MessageReceived, instant
from recado.orders import Asked, Changes, Session, Unmet
from recado.quotes import Catalogue, Intent, Quote, QuoteService
from recado.quotes.catalogue.budget import TooLongError
from recado.quotes.language.constructions import Does
from recado.quotes.language.text import plain
from recado.quotes.script.clauses import Script, Spoken
from recado.whatsapp.content import Text
from recado.whatsapp.inbound import InboundMessage, MessageType

#: Messages without meaning for a shop: a reply would be noise or, between two bots, a loop.
SILENT_TYPES = frozenset(
    {
        MessageType.REACTION,
        MessageType.STICKER,
        MessageType.SYSTEM,
        MessageType.UNSUPPORTED,
        MessageType.REQUEST_WELCOME,
        MessageType.UNKNOWN,
    }
)
#: Taps, forms and carts. If one has no words, recado does not ask the customer to write: another system has sent what
#: was tapped, in the shop's name.
TAPPED_TYPES = frozenset({MessageType.INTERACTIVE, MessageType.BUTTON, MessageType.ORDER})

#: The types of messages in an album.
PICTURE_TYPES = frozenset({MessageType.IMAGE, MessageType.VIDEO})
#: Replies that do not advance the conversation.
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
#: The letters of a token, without those that look alike.
NAME_LETTERS: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
NAME_LENGTH: Final = 12
#: Each letter stands for the same number of bytes.
_LETTERS_BY_BYTE: Final = (NAME_LETTERS * (256 // len(NAME_LETTERS))).encode()
_YES: Final = frozenset([Does.REST, Does.TAKE])
#: Limits for reports of unsold things: phrases of one message, letters of one phrase.
MOST_ASKED: Final = 10
LONGEST_PHRASE: Final = 60
#: What may identify a person: longer numbers, addresses of mail and of sites.
_PERSONAL = re.compile(r"\S*[@/]\S*|\+?\d[\d .()-]{3,}\d")

#: The reply to a customer over the limit, sent once.
PATIENCE: Final = Reply(kind=ReplyKind.SLOW_DOWN, content=Text(texts.slow_down()))


def random_token() -> str:
    """A name for a quote that cannot be guessed. It takes one draw for all letters; one draw per letter would take
    fifty times as long."""
    return secrets.token_bytes(NAME_LENGTH).translate(_LETTERS_BY_BYTE).decode()


class Conversation:
    """Replies for the given business numbers; messages to other numbers get no reply."""

    def __init__(
        self,
        quotes: QuoteService,
        catalogue: Callable[[], Catalogue],
        phone_number_ids: frozenset[str],
        policy: Policy | None = None,
        *,
        new_token: Callable[[], str] = random_token,
    ) -> None:
        self._quotes = quotes
        self._catalogue = catalogue
        self._phone_number_ids = phone_number_ids
        self._policy = policy or Policy()
        self._new_token = new_token

    def silence(self, message: InboundMessage) -> Silence | None:
        """Why the message gets no reply; None if it gets one."""
        if message.phone_number_id not in self._phone_number_ids:
            return Silence.OTHER_NUMBER
        if message.is_group:
            return Silence.GROUP
        if message.type in SILENT_TYPES or (message.type in TAPPED_TYPES and not message.says_something):
            return Silence.TYPE
        if message.customer is None:
            return Silence.UNUSABLE_ADDRESS
        return None

    def read(self, message: InboundMessage, *, spoken: bool = False) -> Inbound:
        """Reads the message as an order or as something else. spoken: its words come from a voice note.

        It reads a message even if only the customer's address is unusable: `recado selftest` depends on that.
        """
        silence = self.silence(message)
        tap = parsed(message.tapped)
        quote, script = None, None
        if silence in (None, Silence.UNUSABLE_ADDRESS) and message.says_something:
            quote, script = self._understood(message)
        return Inbound(
            message=message,
            quote=quote,
            script=script,
            token=self._new_token(),
            silence=silence,
            refers=tap.token if tap is not None else message.quoted or message.original,
            spoken=spoken,
            may_order=_may_order(quote, script) or (tap is not None and tap.decision is Decision.CONFIRM),
        )

    def _understood(self, message: InboundMessage) -> tuple[Quote, Script]:
        if message.cart:
            goods = [(line.sku, line.quantity) for line in message.cart]
            return self._quotes.cart(goods, message.text or ""), Script(steps=())
        return self._quotes.understand(message.text or "")

    def handle(self, inbound: Inbound, session: Session, now: float) -> Turn:
        """The turn for a message in a session."""
        if inbound.silence:
            return Turn(silence=inbound.silence)
        moment = Moment(inbound=inbound, session=session, now=now, catalogue=self._catalogue(), policy=self._policy)
        tap = parsed(inbound.message.tapped)
        held = session.talk.handoff.holds(now)
        if tap is not None and not (held and tap.decision is Decision.PERSON):
            return wordless.tapped(moment, tap)
        if inbound.message.type is MessageType.REVOKE:
            return wordless.revoked(moment)
        # Only a message that orders nothing is checked for an opt-out.
        if inbound.quote is not None and not inbound.quote.items and (said := permission.handle(moment)):
            return said
        if held and says_bot(inbound.message.text or ""):
            return give_back(moment)
        if held:
            return Turn(silence=Silence.HUMAN, changes=Changes(version=session.version))
        if inbound.quote is None or inbound.script is None:
            return wordless.handle(moment)
        if inbound.message.cart:
            return wordless.cart(moment, inbound.quote)
        try:
            return words.handle(moment, inbound.quote, inbound.script)
        except TooLongError:
            return moment.say(ReplyKind.TOO_LONG, texts.too_long())

    def not_read(self) -> Turn:
        """The reply to a message that recado cannot read because of a defect."""
        text = texts.instructions(self._catalogue())
        return Turn(reply=Reply(kind=ReplyKind.NOT_UNDERSTOOD, content=Text(text)))


def is_picture(inbound: Inbound) -> bool:
    """Whether a message is a picture without words, which may be one of an album."""
    return inbound.quote is None and inbound.message.type in PICTURE_TYPES


def _may_order(quote: Quote | None, script: Script | None) -> bool:
    """Whether a text may place an order: it contains a yes."""
    if quote is None or script is None:
        return False
    said = any(isinstance(step, Spoken) and step.does in _YES for step in script.steps)
    return quote.intent is Intent.CONFIRM or script.agrees or said


# -- the facts of a turn: events for the shop's systems, and things not sold for the owner


def facts_of(inbound: Inbound, turn: Turn) -> tuple[Fact, ...]:
    """The facts of a turn: the message's arrival, the turn's own facts, and a request for a person. The arrival of a
    voice note is reported before its transcription."""
    message = inbound.message
    received = () if inbound.spoken else (MessageReceived(kind=message.type, text=message.text or None),)
    if turn.reply is None or turn.reply.kind is not ReplyKind.HANDED_OVER:
        return (*received, *turn.facts)
    talk = turn.changes.talk if turn.changes else None
    until = talk.handoff.until if talk else None
    return (*received, HandoffRequested(reason="asked", until=None if until is None else instant(until)))


def asked_in(quote: Quote) -> tuple[Asked, ...]:
    """What the message asks for and the quote does not contain, without what may identify a person."""
    asked = (
        Asked(phrase, Unmet.AMBIGUOUS if one.ambiguous else Unmet.UNMATCHED)
        for one in quote.unmatched[:MOST_ASKED]
        if (phrase := " ".join(_PERSONAL.sub("•", plain(one.text)).split())[:LONGEST_PHRASE])
    )
    return tuple(dict.fromkeys(asked))
