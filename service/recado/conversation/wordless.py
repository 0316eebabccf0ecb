"""Messages without words: pictures, documents, contact cards, sounds, places."""

from msgspec.structs import replace

from recado.conversation import taps, texts
from recado.conversation.choices import TO_A_PERSON
from recado.conversation.moment import Moment
from recado.conversation.turn import ReplyKind, Turn
from recado.whatsapp.payloads import MessageType


def answer(moment: Moment) -> Turn:
    """The turn for a message that says nothing in words."""
    message = moment.inbound.message
    if message.location is not None:
        return taps.located(moment, message.location)
    if moment.inbound.spoken:
        return moment.say(ReplyKind.PLEASE_WRITE, texts.not_heard())
    if message.voice is not None and moment.policy.hears:
        return replace(moment.say(ReplyKind.PLEASE_WRITE, texts.not_heard()), listens=message.voice)
    if message.gives_phone:
        return moment.say(ReplyKind.THANKS, texts.thanks())
    if message.type is MessageType.DOCUMENT:  # often a list of purchases, or a proof of payment
        return moment.say(ReplyKind.ASK_STAFF, texts.document(), choices=[TO_A_PERSON])
    if message.type is MessageType.IMAGE and moment.policy.hears:
        return moment.say(ReplyKind.PLEASE_WRITE, texts.please_write_or_speak())
    return moment.say(ReplyKind.PLEASE_WRITE, texts.please_write())
