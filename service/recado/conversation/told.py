"""What is told of a turn, beside what it changes: to the shop's systems, and to its owner of what is not sold."""

import re
from typing import Final

from recado.conversation.turn import ReplyKind, Turn
from recado.events.facts import Fact, HandoffRequested, MessageReceived, instant
from recado.orders import Asked, Unmet
from recado.quotes import Quote
from recado.quotes.text import plain
from recado.whatsapp.payloads import InboundMessage

#: Of one message, and of one phrase.
MOST_ASKED: Final = 10
LONGEST_PHRASE: Final = 60
#: What may name a person: longer numbers, addresses of mail and of sites.
_PERSONAL = re.compile(r"\S*[@/]\S*|\+?\d[\d .()-]{3,}\d")


def facts_of(message: InboundMessage, turn: Turn) -> tuple[Fact, ...]:
    """That the message came, and that its customer asked for a person."""
    received = MessageReceived(kind=message.type, text=message.text or None)
    if turn.reply is None or turn.reply.kind is not ReplyKind.HANDED_OVER:
        return (received,)
    talk = turn.changes.talk if turn.changes else None
    until = talk.handoff.until if talk else None
    return (received, HandoffRequested(reason="asked", until=None if until is None else instant(until)))


def asked_in(quote: Quote) -> tuple[Asked, ...]:
    """What the message asks for and the quote does not have, without what may name a person."""
    asked = (
        Asked(phrase, Unmet.AMBIGUOUS if one.ambiguous else Unmet.UNMATCHED)
        for one in quote.unmatched[:MOST_ASKED]
        if (phrase := " ".join(_PERSONAL.sub("•", plain(one.text)).split())[:LONGEST_PHRASE])
    )
    return tuple(dict.fromkeys(asked))
