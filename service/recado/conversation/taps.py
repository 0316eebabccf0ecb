"""Taps on our buttons and lists, and carts of Meta's catalogue: what comes by id or sku, not by words.

An id in a tap is input: what it names was looked up by the store, which gives it only where it is this customer's.
"""

import re
from enum import StrEnum
from typing import Final

import msgspec

from recado.conversation import texts
from recado.conversation.decisions import confirm, quote_again, reject, show
from recado.conversation.draft import Draft
from recado.conversation.moment import Moment
from recado.conversation.turn import ReplyKind, Turn
from recado.conversation.words import changed, not_open
from recado.orders import QuoteState
from recado.quotes import Quote
from recado.quotes.acts import Add, Answer

_QUOTE_ID: Final = re.compile(r"q:([0-9A-Za-z]{1,64}):(confirm|change|reject|show)")
_CHOICE_ID: Final = re.compile(r"c:([0-9A-Za-z]{1,64}):([0-9]{1,3}):(.+)", re.DOTALL)


class Choice(StrEnum):
    """What a tapped button or row says."""

    CONFIRM = "confirm"
    CHANGE = "change"
    REJECT = "reject"
    SHOW = "show"
    PRODUCT = "product"


class Tap(msgspec.Struct, frozen=True):
    """A tap. token: of the quote. sku: of the product that was chosen."""

    token: str
    choice: Choice
    sku: str = ""


def parsed(tapped: str | None) -> Tap | None:
    """A tap on something of ours; None for all else, which is read by its words."""
    if tapped is None:
        return None
    if of_quote := _QUOTE_ID.fullmatch(tapped):
        return Tap(of_quote[1], Choice(of_quote[2]))
    if of_question := _CHOICE_ID.fullmatch(tapped):
        return Tap(of_question[1], Choice.PRODUCT, of_question[3])
    return None


def answer(moment: Moment, tap: Tap) -> Turn:
    """The turn for a tap. A tap says which quote is meant, not that it is still open."""
    if tap.choice is Choice.PRODUCT:
        return _chosen(moment, tap.sku)
    quote = moment.session.referred
    if tap.choice is Choice.CHANGE:
        return moment.say(ReplyKind.HOW_TO_CHANGE, texts.how_to_change(moment.catalogue))
    if quote is None or quote.state is not QuoteState.OPEN:
        return not_open(moment, quote)
    if tap.choice is Choice.REJECT:
        return reject(moment, quote)
    if moment.is_over(quote):
        return quote_again(moment, quote)
    if tap.choice is Choice.SHOW:
        return show(moment, quote, texts.open_quote())
    return confirm(moment, quote, quote.lines, moment.session.talk)


def _chosen(moment: Moment, sku: str) -> Turn:
    """A product was chosen of those that a question offers."""
    talk, base = moment.session.talk, moment.open_quote
    waiting = [n for n, question in enumerate(talk.questions) if sku in question.candidates]
    if not waiting or sku not in moment.catalogue.by_sku:
        return not_open(moment, None)
    draft = Draft.of(moment, base)
    draft.apply(Answer(waiting[-1], ((sku, None),)))
    return changed(moment, base, draft)


def cart(moment: Moment, quote: Quote) -> Turn:
    """A cart of Meta's catalogue is an order of its own, at our prices."""
    draft = Draft.of(moment, None)
    draft.questions.clear()
    for item in quote.items:
        draft.apply(Add(item.sku, item.quantity, item.confidence))
    draft.missing += [entry.text for entry in quote.unmatched]
    return changed(moment, None, draft)
