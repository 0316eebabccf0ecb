"""Opt-outs and opt-ins in a customer's words, each confirmed once."""

import re
from typing import Final

from msgspec.structs import replace

from recado.conversation import texts
from recado.conversation.moment import Moment
from recado.conversation.turn import ReplyKind, Silence, Turn
from recado.orders import Changes
from recado.quotes.language.text import plain

_AROUND: Final = re.compile(r"[^a-z0-9ñ ]+")
#: Opt-outs are not longer than this.
_LONGEST: Final = 200
_PLEASE: Final = r"(?: (?:por favor|porfa|porfis|pls|please|gracias|ya))*"
_MESSAGES: Final = (
    r"(?:mensajes?|mensajitos?|publicidad|promociones|promos?|ofertas|propaganda|spam|whats?app\w*|wsp|avisos"
    r"|notificaciones|recordatorios|informacion)"
)
_TO_WRITE: Final = r"(?:escrib|contact|molest|busqu|buscar)\w*"
_TO_SEND: Final = rf"(?:mand|envi|recib)\w*(?: mas)? {_MESSAGES}"
#: A message with only one of these words answers an open question, if there is one ("bota alta o baja").
_OUT_ALONE: Final = re.compile(rf"baja{_PLEASE}")
_IN_ALONE: Final = re.compile(rf"alta{_PLEASE}")
_OUT: Final = re.compile(
    rf"(?:stop|unsubscribe|opt ?out|desuscri\w+)(?: {_MESSAGES})?{_PLEASE}"
    r"|.*\b(?:dar|darme|dame|deme|denme|darnos|doy|de|quiero|solicito|pido) (?:mi )?(?:de )?baja\b"
    r"(?! (?:la|el|las|los|en)\b).*"
    r"|.*\bcancel\w+ (?:la |mi |esta )?su[bs]*cripcion\b.*"
    r"|.*\b(?:no|nunca) (?:me|nos) (?:vuelv\w+ a (?:escribir|contactar|molestar|buscar|mandar|enviar)\w*"
    rf"|escriba[ns]?|contacte[ns]?|moleste[ns]?|busque[ns]?|(?:mande|envie)[ns]?(?: mas)? {_MESSAGES})\b.*"
    rf"|.*\b(?:dej|par|bast)\w* (?:ya )?de (?:{_TO_WRITE}|{_TO_SEND}|(?:mand|envi)arme.*{_MESSAGES}).*"
    rf"|.*\bno (?:quiero|quisiera|deseo|queremos) (?:mas )?(?:que (?:me|nos) )?(?:{_TO_WRITE}|{_TO_SEND}|{_MESSAGES}).*"
    r"|.*\b(?:borr|quit|sac|elimin|remuev)\w* (?:de|mi numero de) (?:sus?|tus?|las?|est?a) (?:lista|base)\w*\b.*"
    r"|.*\b(?:borr|quit|sac|elimin)\w* mi numero\b.*"
)
_IN: Final = re.compile(
    rf"(?:start|unstop|reactiv\w+|suscri\w+){_PLEASE}"
    r"|.*\b(?:dar|darme|dame|deme|denme|solicito) (?:de )?alta\b.*"
    rf"|.*\b(?:ya )?(?:pueden|puede|puedes|podes) (?:volver a )?(?:escribirme|contactarme|avisarme|{_TO_SEND}).*"
    rf"|.*\bquiero (?:volver a )?(?:que me (?:avisen|escriban)|{_TO_SEND}).*"
)


def said_in(text: str, *, asked: bool) -> bool | None:
    """Whether a message without products is an opt-in (True) or an opt-out (False); None if it is neither.

    asked: a question waits for an answer.
    """
    words = " ".join(_AROUND.sub(" ", plain(text[:_LONGEST])).split())
    if _OUT.fullmatch(words) or (not asked and _OUT_ALONE.fullmatch(words)):
        return False
    return True if _IN.fullmatch(words) or (not asked and _IN_ALONE.fullmatch(words)) else None


def handle(moment: Moment) -> Turn | None:
    """The turn for an opt-in or opt-out; None if the message is neither, or changes nothing. While a person has the
    conversation, recado records it without a reply."""
    talk = moment.session.talk
    wants = said_in(moment.inbound.message.text or "", asked=bool(talk.questions))
    if wants is None or (wants and not talk.permission.opted_out):
        return None
    talk = replace(talk, permission=talk.permission.after(not wants, moment.written_at))
    held = talk.handoff.holds(moment.now)
    if held or talk == moment.session.talk:
        changes = Changes(version=moment.session.version, talk=None if talk == moment.session.talk else talk)
        return Turn(silence=Silence.HUMAN if held else Silence.OPTED_OUT, changes=changes)
    if wants:
        return moment.say(ReplyKind.OPTED_IN, texts.opted_in(), talk=talk)
    return moment.say(ReplyKind.OPTED_OUT, texts.opted_out(), talk=talk)
