"""Decisions on a quote: show it again, confirm it, reject it."""

from collections.abc import Mapping

from msgspec.structs import replace

from recado.conversation import texts
from recado.conversation.choices import candidates, decisions
from recado.conversation.moment import Moment
from recado.conversation.turn import ReplyKind, Turn
from recado.orders import Closing, OpenQuote, Order, Question, QuoteState, Talk
from recado.orders.amend import Lines
from recado.quotes.catalogue import Catalogue
from recado.quotes.numbers import Unusable
from recado.whatsapp.content import Choice


def confirm(moment: Moment, quote: OpenQuote, lines: Lines, talk: Talk) -> Turn:
    """Place the order of an open quote that was seen: its lines, or fewer of them."""
    if moment.is_over(quote):
        return quote_again(moment, quote)
    sold, gone = moment.at_todays_prices(lines)
    if gone:
        return requoted(moment, sold, texts.changed_since(), talk, gone)
    if moment.session.order_number is None:
        return moment.say(ReplyKind.NO_OPEN_QUOTE, texts.no_open_quote(), asks=True)
    order = Order(
        number=moment.session.order_number,
        quote=quote.token,
        lines=lines,
        currency=quote.currency,
        source=quote.source,
        placed_at=moment.now,
        changed_at=moment.now,
        left_out=tuple(question.text for question in talk.questions),
    )
    return moment.say(
        ReplyKind.CONFIRMED,
        texts.placed(order, moment.number(order)),
        talk=talk.decided,
        closes=Closing(token=quote.token, state=QuoteState.CONFIRMED),
        places=order,
    )


def quote_again(moment: Moment, quote: OpenQuote) -> Turn:
    """Renews a quote whose prices have expired, at today's prices."""
    lines, gone = moment.at_todays_prices(quote.lines)
    return requoted(moment, lines, texts.expired(quote.expires_at), moment.session.talk, gone)


def requoted(moment: Moment, lines: Lines, lead: str, talk: Talk, gone: tuple[str, ...] = ()) -> Turn:
    """Opens a new quote, which needs its own confirmation."""
    notes = [*([texts.no_longer_sold(gone)] if gone else []), *question_notes(talk.questions, moment.catalogue)]
    if not lines:
        return emptied(moment, talk, notes)
    quote = moment.new_quote(lines)
    text = texts.quote_text(lines, quote.currency, lead=lead, notes=texts.short(notes))
    choices = choices_for(moment, quote, talk)
    return moment.say(ReplyKind.QUOTE, text, asks=bool(talk.questions), talk=talk, opens=quote, choices=choices)


def emptied(moment: Moment, talk: Talk, notes: list[str]) -> Turn:
    """The last line is gone."""
    quote = moment.session.quote
    text = "\n\n".join([*texts.short(notes), texts.emptied()])
    closes = None
    if quote is not None and quote.state is QuoteState.OPEN:
        closes = Closing(token=quote.token, state=QuoteState.WITHDRAWN)
    return moment.say(ReplyKind.EMPTIED, text, asks=bool(notes), talk=talk, closes=closes)


def show(
    moment: Moment, quote: OpenQuote, lead: str, notes: list[str] | None = None, *, talk: Talk | None = None
) -> Turn:
    """An open quote once more, as it is."""
    talk = talk or moment.session.talk
    notes = question_notes(talk.questions, moment.catalogue) if notes is None else notes
    text = texts.quote_text(quote.lines, quote.currency, lead=lead, notes=texts.short(notes))
    kind = ReplyKind.QUESTION if notes else ReplyKind.QUOTE
    return moment.say(kind, text, asks=bool(notes), talk=talk, choices=choices_for(moment, quote, talk))


def shown_first(moment: Moment, quote: OpenQuote) -> Turn:
    """An open quote that the customer knows only from a template: this reply shows it, at its prices and until its
    own time."""
    talk = moment.session.talk
    opens = replace(
        moment.new_quote(quote.lines), currency=quote.currency, source=quote.source, expires_at=quote.expires_at
    )
    notes = question_notes(talk.questions, moment.catalogue)
    text = texts.quote_text(opens.lines, opens.currency, lead=texts.open_quote(), notes=texts.short(notes))
    choices = choices_for(moment, opens, talk)
    return moment.say(ReplyKind.QUOTE, text, asks=bool(notes), talk=talk, opens=opens, choices=choices)


def choices_for(moment: Moment, quote: OpenQuote | None, talk: Talk) -> list[Choice]:
    """What the customer may tap: an answer to what he is asked, else what he says to the quote."""
    token = quote.token if quote is not None else moment.inbound.token
    return candidates(talk.questions, token, moment.catalogue) or (decisions(quote) if quote is not None else [])


def reject(moment: Moment, quote: OpenQuote | None) -> Turn:
    """A no to the whole, with all that was asked back."""
    talk = moment.session.talk.decided
    closes = Closing(token=quote.token, state=QuoteState.REJECTED) if quote is not None else None
    return moment.say(ReplyKind.REJECTED, texts.rejected(), talk=talk, closes=closes)


def question_notes(
    questions: tuple[Question, ...], catalogue: Catalogue, reasons: Mapping[str, Unusable] | None = None
) -> list[str]:
    """The questions that wait, in words. reasons: by name, why an amount cannot be quoted."""
    notes = []
    for question in questions:
        products = [catalogue.by_sku[sku] for sku in question.candidates if sku in catalogue.by_sku]
        if len(products) == 1:
            reason = (reasons or {}).get(products[0].name)
            notes.append(texts.how_many(products[0].name, products[0].unit, reason))
        elif products:
            notes.append(texts.which(question.text, [product.name for product in products]))
    return notes
