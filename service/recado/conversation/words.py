"""Handles a message's words: its steps change a draft of the quote, and the draft determines the reply."""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from recado.conversation import texts
from recado.conversation.draft import Draft
from recado.conversation.moment import (
    Moment,
    choices_for,
    confirm,
    emptied,
    hand_over,
    names,
    question_notes,
    quote_again,
    reject,
    show,
)
from recado.conversation.turn import ReplyKind, Turn
from recado.events.facts import OrderCancelRequested
from recado.orders import OpenQuote, QuoteState, Talk
from recado.orders.quote import is_more
from recado.quotes import Intent, Quote
from recado.quotes.acts.acts import (
    Act,
    Add,
    AskPerson,
    AskPrice,
    AskTotal,
    CancelAll,
    Close,
    Confirm,
    Missing,
    StartOver,
    Take,
    Unresolved,
    View,
)
from recado.quotes.acts.as_read import as_read
from recado.quotes.acts.interpreter import Interpreter
from recado.quotes.language.constructions import Does
from recado.quotes.script.clauses import Bare, Named, Replaced, Scaled, Script, Spoken, Step
from recado.whatsapp.inbound import MessageType

_CALLS_OFF: Final = frozenset([CancelAll, StartOver])
_AGREES: Final = frozenset([Confirm, Take])
_SUMS_UP: Final = frozenset([AskTotal, Close])
_UNCLEAR: Final = Missing | Unresolved
_MANY_HEADS: Final = 12


def handle(moment: Moment, quote: Quote, script: Script) -> Turn:
    """The turn for a message with words."""
    edits = moment.inbound.message.type is MessageType.EDIT
    base = base_of(moment, script, anew=edits)
    draft = drafted(moment, base, said_anew(script) if edits else script)
    if AskPerson in draft.said:
        return hand_over(moment)
    if _CALLS_OFF & draft.said and not draft.changed:
        return _called_off(moment)
    reserves = [*script.reserves, *draft.lost]
    held_back = bool(reserves) or (moment.inbound.spoken and not script.says_no_more)
    agrees = (script.agrees or bool(_AGREES & draft.said)) and not held_back
    if draft.changed:
        return changed(moment, base, draft, agrees=agrees)
    talk = draft.talk(moment.session.talk)
    if draft.missing or draft.unresolved or draft.asked_back or draft.too_much:
        return asked_back(moment, base, draft, talk)
    if AskPrice in draft.said:
        return _priced(moment, draft, talk)
    if _SUMS_UP & draft.said and base is not None and not (agrees and Close in draft.said):
        return show(moment, base, texts.open_quote())
    if talk.questions != moment.session.talk.questions:
        return _dropped(moment, base, talk, agrees=agrees)
    yes = script.agrees or quote.intent is Intent.CONFIRM or bool(_AGREES & draft.said)
    if yes and held_back and moment.undecided is not None:
        return show(moment, moment.undecided, texts.open_quote(), [texts.unclear(text) for text in reserves])
    settles = Close in draft.said or quote.intent is Intent.REJECT  # "déjalo así y confirma"
    if _AGREES & draft.said or (settles and agrees) or script.accepts:
        return _yes(moment)
    if Close in draft.said:
        return moment.thank()
    return _BY_INTENT[quote.intent](moment, quote)


# -- the draft from the steps ------------------------------------------------------------------------------------------


def said_anew(script: Script) -> Script:
    """For an edited message, which repeats its earlier text: sets quantities instead of adding them."""
    steps = (Named(Does.ORDER, s.mention) if isinstance(s, Named) and s.does is Does.ADD else s for s in script.steps)
    return replace(script, steps=tuple(steps))


def base_of(moment: Moment, script: Script, *, anew: bool) -> OpenQuote | None:
    """The quote that the message may change. A plain order opens a new quote if the last change is long ago or the
    order starts over. If the prices are no longer valid, a price question concerns no quote either."""
    quote = moment.undecided
    if quote is None:
        return None
    plain = bool(script.steps) and all(isinstance(step, Named) and step.does is Does.ORDER for step in script.steps)
    if moment.is_over(quote):
        return None if plain else quote
    late = anew or moment.written_at - quote.changed_at > moment.policy.quote_merge_seconds
    return None if plain and late and not script.priced else quote


def drafted(moment: Moment, base: OpenQuote | None, script: Script) -> Draft:
    """The draft that a message makes of `base`."""
    draft = Draft(moment, base)
    interpreter = Interpreter(moment.catalogue)
    product = moment.inbound.message.product
    if product is not None and product not in moment.catalogue.by_sku and not script.named:
        draft.apply(Missing(product))
        return draft
    if product is not None:
        draft.asked = ((product, 1),) if product in moment.catalogue.by_sku else ()
    read, anew = moment.inbound.quote, draft.view.is_empty
    if read is not None and (anew or script.only_adds):
        draft.unheard, draft.unsure = read.unheard, bool(read.unheard)
    if read is not None and anew and _orders(read):
        script = replace(script, priced=False, offers=False, inquires=False)
    inquires = script.priced or script.offers
    if script.inquires and not inquires:
        only_named = not any(isinstance(step, Bare) or _is_counted(step) for step in script.steps)  # "¿y el pantalón?"
        inquires = only_named or bool(draft.asked or draft.offered)
    inquires = inquires or _asks_on(draft, script)
    if inquires and (asked := interpreter.asked_about(script.steps, draft.view)) is not None:
        draft.apply(asked)
        return draft
    if script.priced and product is not None and draft.asked:
        draft.apply(AskPrice(draft.asked))
        return draft
    _fold(draft, interpreter, replace(script, steps=as_read(script, read, draft.view)))
    if base is not None and script.edits and not draft.spoke:
        draft.unsure = True
        draft.apply(Unresolved(""))
    if draft.spoke:
        return draft
    if product is not None:  # "ask about this product": one of it, unless the message says otherwise
        draft.apply(Take())
    elif asked := interpreter.asked_about([Named(Does.ORDER, mention) for mention in script.asked], draft.view):
        draft.apply(asked)
    return draft


def _asks_on(draft: Draft, script: Script) -> bool:
    """ "¿A cuánto las botas?" "y las sandalias": another price question."""
    further = all(
        isinstance(step, Named) and step.does is Does.ADD and step.mention.definite and step.mention.amount is None
        for step in script.steps
    )
    return bool(draft.asked or draft.offered) and bool(script.steps) and further and not script.agrees


def _orders(read: Quote) -> bool:
    """Whether the reader hears an order and has no question: "3 toallas y 1 bata, ¿me dice el total?"."""
    return read.intent is Intent.ORDER and bool(read.items) and not read.asks


def _fold(draft: Draft, interpreter: Interpreter, script: Script) -> None:
    """Applies the steps, one after the other; those of a question only if they contain a quantity."""
    steps: Sequence[Step] = script.steps
    if script.priced or script.offers:
        steps = [step for step in steps if isinstance(step, Spoken) or (not script.priced and _is_counted(step))]
    at = 0
    while at < len(steps):
        step, view, begins = steps[at], draft.view, at
        acts, at = interpreter.acts(steps, at, view)
        if _says_it_again(step, acts, view):
            continue
        if isinstance(step, Bare):
            acts = _of_bare(draft, step, acts, script)
        draft.read += [part.text for part in steps[begins + 1 : at] if isinstance(part, Bare)]
        draft.unsure = draft.unsure or _is_unsure(step, acts, view)
        for act in acts:
            draft.apply(act)


def _of_bare(draft: Draft, step: Bare, acts: list[Act], script: Script) -> list[Act]:
    """The acts of a step that names no product; its product may be unknown to recado."""
    alone = step.amount is not None and not (step.words or step.foreign or step.steered)
    if acts and alone and draft.lost:
        draft.unsure = True
        return [Unresolved(draft.lost[-1])]  # "de los fritos también 10": the product is unknown
    if acts:
        draft.read.append(step.text)
    elif not script.tells.isdisjoint(step.places):
        draft.lose(step)
    return acts


def _says_it_again(step: Step, acts: Sequence[Act], view: View) -> bool:
    """ "12 de tomate y huevo": the second word of the same name adds nothing."""
    if isinstance(step, Named):
        again = not step.mention.skus and step.mention.amount is None
    else:
        again = isinstance(step, Bare) and step.amount is None and not step.steered
    match acts if again else ():
        case [Add(sku, 1)]:
            return view.topic[-1:] == (sku,)
    return False


def _is_counted(step: Step) -> bool:
    """Whether a thing or a quality has a number: "¿tienen gorras? 2 de ésas" is an order, "¿tienen gorras?" is not."""
    return (isinstance(step, Bare) and step.amount is not None) or (
        isinstance(step, Named) and step.mention.amount is not None
    )


def _is_unsure(step: Step, acts: Sequence[Act], view: View) -> bool:
    """Whether a step wants to change something unknown; a change of a known product that is not in the quote does not
    count."""
    if not any(isinstance(act, _UNCLEAR) for act in acts):
        return False
    if isinstance(step, Named):
        here = any(sku in step.mention.skus for sku, _ in view.lines)  # several of them: "de los jabones quita uno"
        return step.does not in (Does.ORDER, Does.ADD) and (here or not step.mention.skus)
    if isinstance(step, Spoken):
        return step.does in (Does.PUT, Does.SWAP, Does.EVERYTHING, Does.BOTH, Does.THREE, Does.FOUR)
    return isinstance(step, Replaced | Scaled) or (
        isinstance(step, Bare) and bool(step.words or step.amount or step.steered)
    )


# -- the turn from a draft -----------------------------------------------------------------------------------------


def changed(moment: Moment, base: OpenQuote | None, draft: Draft, *, agrees: bool = False) -> Turn:
    """The turn for a draft with other lines than `base`; a yes confirms it if no line has more."""
    talk = draft.talk(moment.session.talk)
    talk = replace(talk, unsure=draft.unsure) if agrees else talk  # the next yes is to what is shown now
    notes = _notes(moment, draft, talk)
    if not draft.lines:
        return emptied(moment, talk, notes)
    shown = base.lines if base is not None else ()
    sure = not (notes or moment.session.talk.unsure)
    if agrees and sure and base is not None and moment.is_meant(base) and not is_more(draft.lines, shown):
        return confirm(moment, base, draft.lines, talk)
    lines, gone = moment.at_todays_prices(draft.lines)
    told = [*draft.told, *([texts.no_longer_sold(gone)] if gone else [])]
    opens = moment.new_quote(lines)
    text = texts.quote_text(lines, opens.currency, lead=_lead(moment, base), notes=texts.short([*told, *notes]))
    choices = choices_for(moment, opens, talk)
    return moment.say(ReplyKind.QUOTE, text, asks=bool(notes), talk=talk, opens=opens, choices=choices)


def _lead(moment: Moment, base: OpenQuote | None) -> str:
    if base is not None:
        return texts.expired(base.expires_at) if moment.is_over(base) else texts.edited()
    return texts.in_place_of_the_former() if moment.open_quote is not None else texts.generated()


def asked_back(moment: Moment, base: OpenQuote | None, draft: Draft, talk: Talk) -> Turn:
    """The turn for a draft with unchanged lines, and something to ask or to tell."""
    if moment.confirmed is not None and draft.unresolved and not draft.missing:
        return moment.say(ReplyKind.ASK_STAFF, texts.ask_staff(moment.number(moment.confirmed)), asks=True, talk=talk)
    notes = _notes(moment, draft, talk)
    if (quote := moment.open_quote or base) is not None:
        return show(moment, quote, texts.open_quote(), notes, talk=talk)
    text = texts.question(texts.short(notes), moment.catalogue, teach=not talk.questions)
    kind = ReplyKind.QUESTION if talk.questions else ReplyKind.NOT_UNDERSTOOD
    return moment.say(kind, text, asks=True, talk=talk, choices=choices_for(moment, None, talk))


def _dropped(moment: Moment, base: OpenQuote | None, talk: Talk, *, agrees: bool) -> Turn:
    """The turn if a question was dropped and nothing else changed."""
    if base is None:
        return moment.say(ReplyKind.EMPTIED, texts.emptied(), talk=talk)
    if agrees and not talk.questions and moment.is_meant(base):
        return confirm(moment, base, base.lines, talk)
    return show(moment, base, texts.edited(), talk=talk)


def _priced(moment: Moment, draft: Draft, talk: Talk) -> Turn:
    lines = [draft.line(sku, quantity) for sku, quantity in talk.asked]
    lines += [draft.line(sku, 1) for sku in (talk.offered.candidates if talk.offered is not None else ())]
    text = texts.prices(lines, moment.catalogue.currency, texts.short(_notes(moment, draft, Talk())))
    return moment.say(ReplyKind.PRICES, text, talk=talk)


def _notes(moment: Moment, draft: Draft, talk: Talk) -> list[str]:
    """All questions and notes of this reply."""
    quote = moment.inbound.quote
    near = {entry.text: entry for entry in quote.unmatched} if quote is not None else {}
    reasons = {question.name: question.reason for question in quote.questions} if quote is not None else {}
    notes = question_notes(talk.questions, moment.catalogue, reasons)
    notes += [texts.missing(near.get(entry.text, entry)) for entry in draft.missing]
    notes += [texts.too_much(one.name, one.quantity) for one in draft.too_much]
    notes += [texts.no_room(draft.left_out)] if draft.left_out else []
    if draft.unresolved and len(draft.lines) > 1 and not any(draft.unresolved):
        notes.append(texts.which_line(names(draft.lines)))
    else:
        notes += [texts.unclear(text) for text in draft.unresolved]
    unclear = (*(quote.unclear if quote is not None else ()), *draft.unheard)
    return notes + [texts.unclear(words) for words in unclear if not any(words in text for text in draft.read)]


def _called_off(moment: Moment) -> Turn:
    if moment.session.quote is not None and moment.session.quote.state is QuoteState.OPEN:
        return reject(moment, moment.session.quote)
    if moment.session.talk.questions:
        return reject(moment, None)
    if (order := moment.confirmed) is not None:
        number = moment.number(order)
        turn = moment.say(ReplyKind.ASK_STAFF, texts.ask_staff(number), asks=True)
        return replace(turn, facts=(OrderCancelRequested(number=number, state=order.state, reason="customer"),))
    return moment.say(ReplyKind.NO_OPEN_QUOTE, texts.no_open_quote())


# -- a message without steps, by its intent ------------------------------------------------------------------------


def _yes(moment: Moment) -> Turn:
    """A bare yes: to the quote whose message is quoted, otherwise to the newest one that the customer has seen."""
    talk = moment.session.talk
    quote = moment.session.referred or moment.session.quote
    if quote is not None and quote.state is QuoteState.OPEN:
        if talk.questions:
            return show(moment, quote, texts.before_confirming())
        if talk.unsure or moment.is_over(quote):
            return show(moment, quote, texts.check_first(), talk=replace(talk, unsure=False))
        if not moment.has_seen(quote):
            return show(moment, quote, texts.open_quote())
        return confirm(moment, quote, quote.lines, talk)
    if talk.questions and moment.undecided is None:
        return _ask_again(moment)
    return not_open(moment, quote)


def _ask_again(moment: Moment) -> Turn:
    """Repeats the open questions, with the quote if there is one."""
    if moment.open_quote is not None:
        return show(moment, moment.open_quote, texts.open_quote())
    talk = moment.session.talk
    notes = texts.short(question_notes(talk.questions, moment.catalogue))
    text, choices = texts.question(notes, moment.catalogue, teach=False), choices_for(moment, None, talk)
    return moment.say(ReplyKind.QUESTION, text, asks=True, choices=choices)


def not_open(moment: Moment, quote: OpenQuote | None, *, refused: bool = False) -> Turn:
    """A yes to a quote that is already decided. refused: a no to it."""
    order, newest = moment.session.order, moment.open_quote
    if quote is not None and quote.state is QuoteState.CONFIRMED and order is not None and order.quote == quote.token:
        return moment.say(ReplyKind.ALREADY_CONFIRMED, texts.already_confirmed(moment.number(order)))
    if newest is not None:
        return show(moment, newest, texts.changed_since())
    if quote is not None and quote.state is QuoteState.EXPIRED and not refused:
        return quote_again(moment, quote)
    return moment.say(ReplyKind.NO_OPEN_QUOTE, texts.no_open_quote(), asks=not refused)


def _no(moment: Moment) -> Turn:
    """A bare no: to the quote whose message is quoted, otherwise to the newest one that the customer has seen."""
    quote = moment.session.referred or moment.session.quote
    if quote is not None and quote.state is QuoteState.OPEN:
        return reject(moment, quote) if moment.has_seen(quote) else show(moment, quote, texts.open_quote())
    if moment.open_quote is not None:
        return not_open(moment, quote)
    if moment.session.talk.questions:
        return reject(moment, None)
    if moment.confirmed is not None:
        return moment.thank()
    return moment.say(ReplyKind.NO_OPEN_QUOTE, texts.no_open_quote())


def _help(moment: Moment) -> Turn:
    text = texts.help_text(moment.catalogue, moment.catalogue.heads(_MANY_HEADS))
    return moment.say(ReplyKind.INSTRUCTIONS, text)


def _not_understood(moment: Moment, quote: Quote) -> Turn:
    notes = [texts.missing(entry) for entry in quote.unmatched if not entry.ambiguous]
    notes += [texts.unclear(words) for words in quote.unclear]
    text = texts.question(texts.short(notes), moment.catalogue, teach=True)
    return moment.say(ReplyKind.NOT_UNDERSTOOD, text, asks=quote.intent is Intent.ORDER or bool(notes))


def _other(moment: Moment, quote: Quote) -> Turn:
    if quote.asks:
        return _not_understood(moment, quote)
    return _ask_again(moment) if moment.session.talk.questions else moment.thank()


_BY_INTENT: Final[dict[Intent, Callable[[Moment, Quote], Turn]]] = {
    Intent.ORDER: _not_understood,
    Intent.PRICE_QUESTION: _not_understood,
    Intent.CONFIRM: lambda moment, _: _yes(moment),
    Intent.REJECT: lambda moment, _: _no(moment),
    Intent.GREETING: lambda moment, _: moment.say(ReplyKind.INSTRUCTIONS, texts.greeting(moment.catalogue)),
    Intent.HELP: lambda moment, _: _help(moment),
    Intent.OTHER: _other,
    Intent.TOO_LONG: lambda moment, _: moment.say(ReplyKind.TOO_LONG, texts.too_long()),
}
