"""Messages without words: taps, carts of Meta's catalogue, locations, voice notes, pictures, messages taken back.

An id in a tap is untrusted input: the store looks it up and returns only objects of this customer.
"""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from recado.conversation import texts
from recado.conversation.draft import Draft
from recado.conversation.moment import (
    DAY,
    Moment,
    confirm,
    give_back,
    hand_over,
    quote_again,
    reject,
    show,
    shown_first,
)
from recado.conversation.turn import TO_A_PERSON, Decision, ReplyKind, Silence, Tap, Turn
from recado.conversation.words import asked_back, changed, not_open
from recado.orders import Changes, Closing, Located, QuoteState
from recado.quotes import Quote
from recado.quotes.acts.acts import Add, Answer
from recado.whatsapp.inbound import MessageType


def tapped(moment: Moment, tap: Tap) -> Turn:
    """The turn for a tap. A tap identifies a quote, which may no longer be open."""
    if tap.decision is Decision.PRODUCT:
        return _chosen(moment, tap.sku)
    if tap.decision is Decision.PERSON:
        return hand_over(moment)
    if tap.decision is Decision.ASSISTANT:
        return give_back(moment)
    quote = moment.session.referred
    if tap.decision is Decision.CHANGE:
        return moment.say(ReplyKind.HOW_TO_CHANGE, texts.how_to_change(moment.catalogue))
    if quote is None or quote.state is not QuoteState.OPEN:
        return not_open(moment, quote, refused=tap.decision is Decision.REJECT)
    if tap.decision is Decision.REJECT:
        return reject(moment, quote)
    if moment.is_over(quote):
        return quote_again(moment, quote)
    if tap.decision is Decision.SHOW:
        return shown_first(moment, quote) if quote.accepted_at is None else show(moment, quote, texts.open_quote())
    return confirm(moment, quote, quote.lines, moment.session.talk)


def _chosen(moment: Moment, sku: str) -> Turn:
    """The turn for a tap on one of the products that a question offers."""
    talk, base = moment.session.talk, moment.undecided
    waiting = [n for n, question in enumerate(talk.questions) if sku in question.candidates]
    if not waiting or sku not in moment.catalogue.by_sku:
        return not_open(moment, None)
    draft = Draft(moment, base)
    draft.apply(Answer(waiting[-1], ((sku, None),)))
    return changed(moment, base, draft)


def cart(moment: Moment, quote: Quote) -> Turn:
    """A cart of Meta's catalogue is an order of its own at the shop's prices; the reply names prices that differ."""
    goods = moment.inbound.message.cart
    if any(line.currency not in (None, moment.catalogue.currency) for line in goods):
        return hand_over(moment)
    draft = Draft(moment, None)
    draft.questions.clear()
    for item in quote.items:
        draft.apply(Add(item.sku, item.quantity, item.confidence))
    for one in quote.too_many:
        draft.apply(Add(one.sku, one.quantity))
    draft.missing += quote.unmatched
    shown = {line.sku: line.item_price for line in goods if line.item_price is not None}
    draft.told += [
        texts.other_price(item.name, item.unit_price, price, quote.currency)
        for item in quote.items
        if (price := shown.get(item.sku)) is not None and price != item.unit_price
    ]
    if not draft.changed:  # nothing of it is sold here: the open quote stays
        return asked_back(moment, None, draft, moment.session.talk)
    return changed(moment, None, draft)


def _located(moment: Moment) -> Turn:
    """A place that is shared after an order is the order's destination."""
    order, location = moment.session.order, moment.inbound.message.location
    if location is None or order is None or moment.now - order.placed_at > DAY:
        return _please_write(moment)
    place = ", ".join(
        filter(None, (f"{location.latitude:.6f} {location.longitude:.6f}", location.name, location.address))
    )
    locates = Located(number=order.number, location=place)
    return moment.say(ReplyKind.LOCATED, texts.located(moment.number(order)), locates=locates)


def revoked(moment: Moment) -> Turn:
    """The customer took a message back: the quote that it made is withdrawn, without a reply."""
    quote = moment.session.referred
    is_open = quote is not None and quote.state is QuoteState.OPEN
    closes = Closing(token=quote.token, state=QuoteState.WITHDRAWN) if quote is not None and is_open else None
    return Turn(silence=Silence.REVOKED, changes=Changes(version=moment.session.version, closes=closes))


def _recorded(moment: Moment) -> Turn:
    """A recording: recado listens to a voice note. `spoken`: it has listened, and has heard no words."""
    voice = moment.inbound.message.voice
    if moment.inbound.spoken:
        return moment.say(ReplyKind.PLEASE_WRITE, texts.not_heard())
    if voice is not None and moment.policy.hears:
        return replace(moment.say(ReplyKind.PLEASE_WRITE, texts.not_heard()), listens=voice)
    return _please_write(moment)


def _contact(moment: Moment) -> Turn:
    if moment.inbound.message.gives_phone:
        return moment.thank()
    return _please_write(moment)


def _document(moment: Moment) -> Turn:
    """Often a shopping list or a proof of payment."""
    return moment.say(ReplyKind.ASK_STAFF, texts.document(), choices=[TO_A_PERSON])


def _image(moment: Moment) -> Turn:
    if moment.policy.hears:
        return moment.say(ReplyKind.PLEASE_WRITE, texts.please_write_or_speak())
    return _please_write(moment)


def _please_write(moment: Moment) -> Turn:
    return moment.say(ReplyKind.PLEASE_WRITE, texts.please_write())


_BY_TYPE: Final[dict[MessageType, Callable[[Moment], Turn]]] = {
    MessageType.AUDIO: _recorded,
    MessageType.CONTACTS: _contact,
    MessageType.DOCUMENT: _document,
    MessageType.IMAGE: _image,
    MessageType.LOCATION: _located,
}


def handle(moment: Moment) -> Turn:
    """The turn for a message without words."""
    return _BY_TYPE.get(moment.inbound.message.type, _please_write)(moment)
