"""A message in its conversation: the input of handlers, and the functions that make their turns.

`Moment.say` makes every turn with a reply. The functions below it make those about a quote (show it, confirm it, renew
it, reject it) and about a person who handles the conversation.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from recado.conversation import texts
from recado.conversation.turn import (
    TO_A_PERSON,
    TO_THE_ASSISTANT,
    Inbound,
    Reply,
    ReplyKind,
    Turn,
    candidates,
    decisions,
    offered,
)
from recado.hours import Hours
from recado.orders import (
    Changes,
    Closing,
    Handoff,
    Line,
    Located,
    OpenQuote,
    Order,
    Question,
    QuoteSource,
    QuoteState,
    Session,
    Talk,
)
from recado.orders.quote import Lines
from recado.quotes import Catalogue, Quote
from recado.quotes.language.numbers import Unusable
from recado.whatsapp.content import Choice, Inside

DAY: Final = 86400.0
_AROUND_A_WORD: Final = " \t\n.,!¡?¿*\"'«»“”"
#: Transcribed words are wrong more often than written ones.
HEARD_CONFIDENCE: Final = 0.9
#: After this many messages in a row that recado did not understand, it offers a person.
MISSED_IN_A_ROW: Final = 3
_UNDECIDED: Final = frozenset([QuoteState.OPEN, QuoteState.EXPIRED])
_ABOUT_AN_ORDER: Final = frozenset([ReplyKind.QUOTE, ReplyKind.QUESTION, ReplyKind.PRICES])


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The settings for conversations; times in seconds. See the settings of the same names.

    hears: whether voice notes are transcribed. business_hours: when the staff is available, in `timezone`.
        handoff_total: a quote above it offers a person; 0: none does.
    """

    quote_valid_seconds: float = DAY
    quote_merge_seconds: float = 1800.0
    hold_seconds: float = 14400.0
    order_prefix: str = "P-"
    max_quantity: int = 100_000
    confidence_threshold: float = 0.9
    hears: bool = False
    business_hours: Hours = Hours()
    timezone: str = "UTC"
    handoff_total: float = 0.0


class Moment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message, its session, and the shop's catalogue and settings."""

    inbound: Inbound
    session: Session
    now: float
    catalogue: Catalogue
    policy: Policy

    @property
    def written_at(self) -> float:
        """When the customer wrote it."""
        return self.inbound.message.written_at(self.now)

    @property
    def undecided(self) -> OpenQuote | None:
        """The newest quote, if the customer has not decided on it. If its time is over, recado quotes it again at
        today's prices when he reacts to it."""
        quote = self.session.quote
        return quote if quote is not None and quote.state in _UNDECIDED else None

    @property
    def open_quote(self) -> OpenQuote | None:
        """The newest quote, if it waits for a yes and its prices are valid."""
        quote = self.undecided
        return quote if quote is not None and not self.is_over(quote) else None

    @property
    def confirmed(self) -> Order | None:
        """The order that the newest quote became."""
        quote, order = self.session.quote, self.session.order
        if quote is None or order is None or quote.state is not QuoteState.CONFIRMED:
            return None
        return order if order.quote == quote.token else None

    def is_over(self, quote: OpenQuote) -> bool:
        """Whether its prices are no longer valid."""
        return quote.state is QuoteState.EXPIRED or self.now >= quote.expires_at

    def has_seen(self, quote: OpenQuote) -> bool:
        """Whether Meta had accepted the quote when the customer wrote. Meta's seconds are whole, rounded down."""
        return quote.accepted_at is not None and int(quote.accepted_at) <= self.written_at

    def is_meant(self, quote: OpenQuote) -> bool:
        """Whether a yes can mean this quote: its prices are valid, the customer has seen it, and he quotes no other
        quote's message."""
        referred = self.session.referred
        return not self.is_over(quote) and self.has_seen(quote) and (referred is None or referred.token == quote.token)

    @property
    def confidence(self) -> float:
        """The factor for the confidence of lines; lower for voice notes."""
        return HEARD_CONFIDENCE if self.inbound.spoken else 1.0

    @property
    def closed(self) -> str:
        """When a person is available again, in words; "" if one is available now."""
        hours = self.policy.business_hours
        if not hours.spans:
            return ""
        from zoneinfo import ZoneInfo

        now = datetime.fromtimestamp(self.now, ZoneInfo(self.policy.timezone))
        return "" if hours.hold(now) else str(hours)

    def number(self, order: Order) -> str:
        """The order's number with its prefix: "P-1042"."""
        return f"{self.policy.order_prefix}{order.number}"

    def at_todays_prices(self, lines: Lines) -> tuple[Lines, tuple[str, ...]]:
        """The lines at today's prices, and the names of those that are no longer sold like this: the weight of 3 pieces
        is unknown."""
        now: list[Line] = []
        gone: list[str] = []
        measured: list[str] = []
        for line in lines:
            product = self.catalogue.by_sku.get(line.sku)
            if product is None:
                gone.append(line.name)
            elif product.unit != line.unit:
                measured.append(f"{line.name} por {line.unit or 'unidad'}")
            else:
                now.append(replace(line, name=product.name, unit_price=product.unit_price))
        return tuple(now), (*gone, *measured)

    def new_quote(self, lines: Lines) -> OpenQuote:
        """A quote of these lines, which replaces the open one."""
        return OpenQuote(
            token=self.inbound.token,
            lines=lines,
            currency=self.catalogue.currency,
            source=self._source,
            opened_at=self.now,
            changed_at=self.written_at,
            expires_at=self.now + self.policy.quote_valid_seconds,
        )

    @property
    def _source(self) -> QuoteSource:
        if self.inbound.spoken:
            return QuoteSource.VOICE
        return QuoteSource.CART if self.inbound.message.cart else QuoteSource.TEXT

    def say(
        self,
        kind: ReplyKind,
        text: str,
        *,
        asks: bool = False,
        talk: Talk | None = None,
        closes: Closing | None = None,
        opens: OpenQuote | None = None,
        places: Order | None = None,
        locates: Located | None = None,
        choices: Sequence[Choice] = (),
    ) -> Turn:
        """A turn with a reply; an equal talk is not a change. If a question waits, `asks` is true."""
        talk = self.session.talk if talk is None else talk
        missed = talk.missed + 1 if kind is ReplyKind.NOT_UNDERSTOOD else 0
        if missed == MISSED_IN_A_ROW:
            text, choices, missed = texts.with_offer_of_a_person(text), [*choices, TO_A_PERSON], 0
        elif opens is not None and 0 < self.policy.handoff_total < opens.total:
            text, choices = texts.with_offer_of_a_person(text), [*choices, TO_A_PERSON]
        if self.inbound.spoken and self.inbound.quote is not None:
            text = texts.heard(self.inbound.message.text or "", text)
        talk = replace(talk, missed=missed)
        waits = kind is not ReplyKind.HANDED_OVER and talk.questions
        changes = Changes(
            version=self.session.version,
            talk=None if talk == self.session.talk else talk,
            closes=closes,
            opens=opens,
            places=places,
            locates=locates,
        )
        reply = Reply(kind=kind, content=offered(text, choices), quote=self._read_as(kind), asks=asks or bool(waits))
        return Turn(reply=reply, changes=changes)

    def thank(self) -> Turn:
        """The turn for small talk and questions that recado cannot answer; it says what waits for the customer."""
        return self.say(ReplyKind.THANKS, texts.thanks(self.open_quote))

    def _read_as(self, kind: ReplyKind) -> Quote | None:
        """The message's own order, if the reply is about one."""
        quote = self.inbound.quote
        if quote is None or kind is ReplyKind.NOT_UNDERSTOOD:
            return quote
        return quote if kind in _ABOUT_AN_ORDER and (quote.items or quote.unmatched) else None


def names(lines: Sequence[Line]) -> list[str]:
    """The names of the lines."""
    return [line.name for line in lines]


# -- turns about a quote


def confirm(moment: Moment, quote: OpenQuote, lines: Lines, talk: Talk) -> Turn:
    """Places the order of an open quote that the customer has seen, with all or some of its lines."""
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


def quote_again(moment: Moment, quote: OpenQuote, notes: list[str] | None = None, *, talk: Talk | None = None) -> Turn:
    """Renews a quote whose prices are no longer valid, at today's prices."""
    lines, gone = moment.at_todays_prices(quote.lines)
    return requoted(moment, lines, texts.expired(quote.expires_at), talk or moment.session.talk, gone, notes)


def requoted(
    moment: Moment,
    lines: Lines,
    lead: str,
    talk: Talk,
    gone: tuple[str, ...] = (),
    notes: list[str] | None = None,
) -> Turn:
    """Opens a new quote, which needs its own confirmation. notes: the questions in the reply; None: those that wait."""
    notes = question_notes(talk.questions, moment.catalogue) if notes is None else notes
    told = [*([texts.no_longer_sold(gone)] if gone else []), *notes]
    if not lines:
        return emptied(moment, talk, told)
    quote = moment.new_quote(lines)
    text = texts.quote_text(lines, quote.currency, lead=lead, notes=texts.short(told))
    choices = choices_for(moment, quote, talk)
    return moment.say(ReplyKind.QUOTE, text, asks=bool(notes), talk=talk, opens=quote, choices=choices)


def emptied(moment: Moment, talk: Talk, notes: list[str]) -> Turn:
    """The turn after the last line was removed."""
    quote = moment.session.quote
    text = "\n\n".join([*texts.short(notes), texts.emptied()])
    closes = None
    if quote is not None and quote.state is QuoteState.OPEN:
        closes = Closing(token=quote.token, state=QuoteState.WITHDRAWN)
    return moment.say(ReplyKind.EMPTIED, text, asks=bool(notes), talk=talk, closes=closes)


def show(
    moment: Moment, quote: OpenQuote, lead: str, notes: list[str] | None = None, *, talk: Talk | None = None
) -> Turn:
    """Shows an undecided quote again: as it is, or at today's prices if its own are no longer valid."""
    if moment.is_over(quote):
        return quote_again(moment, quote, notes, talk=talk)
    talk = talk or moment.session.talk
    notes = question_notes(talk.questions, moment.catalogue) if notes is None else notes
    text = texts.quote_text(quote.lines, quote.currency, lead=lead, notes=texts.short(notes))
    kind = ReplyKind.QUESTION if notes else ReplyKind.QUOTE
    return moment.say(kind, text, asks=bool(notes), talk=talk, choices=choices_for(moment, quote, talk))


def shown_first(moment: Moment, quote: OpenQuote) -> Turn:
    """Shows an open quote that the customer knows only from a template, with its prices and its original end."""
    talk = moment.session.talk
    opens = replace(
        moment.new_quote(quote.lines), currency=quote.currency, source=quote.source, expires_at=quote.expires_at
    )
    notes = question_notes(talk.questions, moment.catalogue)
    text = texts.quote_text(opens.lines, opens.currency, lead=texts.open_quote(), notes=texts.short(notes))
    choices = choices_for(moment, opens, talk)
    return moment.say(ReplyKind.QUOTE, text, asks=bool(notes), talk=talk, opens=opens, choices=choices)


def reminder(quote: OpenQuote) -> Inside:
    """The quote again, with its choices, for a customer who has not answered it."""
    return offered(texts.quote_text(quote.lines, quote.currency, lead=texts.reminder()), decisions(quote))


def choices_for(moment: Moment, quote: OpenQuote | None, talk: Talk) -> list[Choice]:
    """The choices to tap: answers to the question, or decisions on the quote."""
    token = quote.token if quote is not None else moment.inbound.token
    return candidates(talk.questions, token, moment.catalogue) or (decisions(quote) if quote is not None else [])


def reject(moment: Moment, quote: OpenQuote | None) -> Turn:
    """Rejects the whole quote, with its open questions."""
    talk = moment.session.talk.decided
    closes = Closing(token=quote.token, state=QuoteState.REJECTED) if quote is not None else None
    return moment.say(ReplyKind.REJECTED, texts.rejected(), talk=talk, closes=closes)


def question_notes(
    questions: tuple[Question, ...], catalogue: Catalogue, reasons: Mapping[str, Unusable] | None = None
) -> list[str]:
    """The waiting questions as texts. reasons: by name, why an amount cannot be quoted."""
    notes = []
    for question in questions:
        products = [catalogue.by_sku[sku] for sku in question.candidates if sku in catalogue.by_sku]
        if len(products) == 1:
            reason = (reasons or {}).get(products[0].name)
            notes.append(texts.how_many(products[0].name, products[0].unit, reason, in_all=question.sets))
        elif products:
            notes.append(texts.which(question.text, [product.name for product in products]))
    return notes


# -- who has the conversation


def hand_over(moment: Moment) -> Turn:
    """Hands the conversation to a person; the quote stays as it is."""
    handoff = Handoff(
        until=moment.now + moment.policy.hold_seconds, changed_at=moment.written_at, waiting_since=moment.now
    )
    talk = replace(moment.session.talk, handoff=handoff)
    return moment.say(ReplyKind.HANDED_OVER, texts.handed_over(moment.closed), talk=talk, choices=[TO_THE_ASSISTANT])


def says_bot(text: str) -> bool:
    """Whether a message consists only of the word that gives the conversation back to recado."""
    return text.strip(_AROUND_A_WORD).casefold() == "bot"


def give_back(moment: Moment) -> Turn:
    """Gives the conversation back to recado."""
    handoff, talk = moment.session.talk.handoff, moment.session.talk
    if handoff.until is not None:
        talk = replace(talk, handoff=Handoff(changed_at=moment.written_at))
    return moment.say(ReplyKind.GIVEN_BACK, texts.given_back(moment.catalogue), talk=talk)
