"""What the shop's systems are told of a turn, beside what it changes: quotes and orders tell of themselves."""

from recado.conversation.turn import ReplyKind, Turn
from recado.events.facts import Fact, HandoffRequested, MessageReceived, instant
from recado.whatsapp.payloads import InboundMessage


def facts_of(message: InboundMessage, turn: Turn) -> tuple[Fact, ...]:
    """That the message came, and that its customer asked for a person."""
    received = MessageReceived(kind=message.type.value, text=message.text or None)
    if turn.reply is None or turn.reply.kind is not ReplyKind.HANDED_OVER:
        return (received,)
    talk = turn.changes.talk if turn.changes else None
    until = talk.hold_until if talk else None
    return (received, HandoffRequested(reason="asked", until=None if until is None else instant(until)))
