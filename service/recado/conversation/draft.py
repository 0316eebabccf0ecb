"""The draft of a quote: its lines and questions, to which the acts of a message are applied one after the other."""

from collections.abc import Callable, Container
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from recado.conversation.moment import Moment
from recado.orders import Line, OpenQuote, Question, Talk
from recado.orders.quote import (
    Lines,
    PiecesError,
    Quantity,
    add_line,
    keep_only,
    line_of,
    remove_line,
    replace_line,
    scale,
    set_quantity,
    subtract,
)
from recado.quotes.acts import acts
from recado.quotes.acts.acts import Act, Pending, View
from recado.quotes.language.constructions import Does
from recado.quotes.script.clauses import Bare
from recado.quotes.service import Unmatched

MOST_LINES: Final = 500
MOST_QUESTIONS: Final = 10
MOST_ASKED_BEFORE: Final = 4


class TooMuch(msgspec.Struct, frozen=True):
    """A quantity above the limit."""

    name: str
    quantity: Quantity


class Draft:
    """`apply` changes it. `lines` and `talk` are stored; everything else is only for this reply.

    changed: whether lines were changed. missing, unresolved: the customer's words that the reply asks about once. told:
    notes that ask nothing. lost: the customer's words that had no effect; read: those that had one. unsure: a change
    was not understood. unheard: refusals that had no effect. said: the kinds of the acts about the whole order.
    left_out: names of products that do not fit into the quote.
    """

    def __init__(self, moment: Moment, base: OpenQuote | None) -> None:
        """Begins with the lines of `base`, or empty."""
        talk, order, confirmed = moment.session.talk, moment.session.order, moment.confirmed
        self.lines = self._before = base.lines if base is not None else ()
        sold = moment.catalogue.by_sku
        self.questions = [left for one in talk.questions if (left := _still_sold(one, sold)) is not None]
        self.topic = tuple([sku for sku in talk.topic if sku in sold])
        self.asked = tuple([one for one in talk.asked if one[0] in sold])
        self.asked_before = tuple([one for one in talk.asked_before if one[0] in sold])
        self.offered = _still_sold(talk.offered, sold)
        self.instead: Question | None = None
        before = _still_sold(talk.instead, sold)
        self._instead = None if before is None else Pending(before.text, before.candidates, before.quantity)
        self.unsure = False
        self.changed = False
        self.spoke = False
        self.asked_back = False
        self.missing: list[Unmatched] = []
        self.unresolved: list[str] = []
        self.too_much: list[TooMuch] = []
        self.left_out: list[str] = []
        self.told: list[str] = []
        self.lost: list[str] = []
        self.read: list[str] = []
        self.unheard: tuple[str, ...] = ()
        self.said: set[type[Act]] = set()
        self._last_order = order.lines if order is not None else ()
        self._ordered = tuple([line.sku for line in (confirmed.lines if confirmed else ()) if line.sku in sold])
        self._catalogue = moment.catalogue
        self._policy = moment.policy
        self._confidence = moment.confidence
        self._named: tuple[str, ...] = ()

    @property
    def view(self) -> View:
        """The present state, which the next step is interpreted against."""
        return View(
            lines=tuple([(line.sku, line.quantity) for line in self.lines if line.sku in self._catalogue.by_sku]),
            pending=tuple([Pending(q.text, q.candidates, q.quantity) for q in self.questions]),
            topic=self._named or self.topic,
            asked=self.asked,
            asked_before=self.asked_before,
            offered=None if self.offered is None else Pending(self.offered.text, self.offered.candidates),
            instead=self._instead,
            ordered=self._ordered,
            named=self._named,
        )

    def apply(self, act: Act) -> None:
        """Applies an act."""
        self.spoke = True
        handler = _HANDLERS.get(type(act))
        if handler is None:
            self.said.add(type(act))
        else:
            handler(self, act)

    def lose(self, step: Bare) -> None:
        """Records that a step had no effect; if it wanted a change, the reply asks about it."""
        self.lost.append(step.text)
        points = step.does is Does.REMOVE and step.plural is not None  # "ya no quiero las chelas"
        if points or (step.steered and step.does is not Does.ORDER):
            self.unsure = True
            self.unresolved.append(step.text)

    def talk(self, before: Talk) -> Talk:
        """The part that the session stores."""
        topic = self._named or (before.topic if not self.changed else ())
        untouched = bool(self._before) and all(line in self.lines for line in self._before)
        return replace(
            before,
            questions=tuple(self.questions),
            topic=topic,
            asked=self.asked,
            asked_before=self.asked_before,
            offered=self.offered,
            instead=self.instead,
            unsure=self.unsure or (before.unsure and untouched),  # it may be a change of those
        )

    # what acts do --------------------------------------------------------------------------------------------

    def line(self, sku: str, quantity: Quantity, confidence: float = 1.0) -> Line:
        """A line of the catalogue's product."""
        product = self._catalogue.by_sku[sku]
        doubtful = confidence * self._confidence < self._policy.confidence_threshold
        return Line(
            sku=sku, name=product.name, quantity=quantity, unit_price=product.unit_price, unit=product.unit,
            doubtful=doubtful,
        )  # fmt: skip

    def _becomes(self, lines: Lines, *named: str) -> None:
        """Changes the lines, unless a quantity would exceed the limit."""
        for line in lines:
            if line.quantity > self._policy.max_quantity:
                self.too_much.append(TooMuch(line.name, line.quantity))
                return
        self.lines = lines[:MOST_LINES]
        if len(lines) > MOST_LINES:
            self.left_out += [line.name for line in lines[MOST_LINES:]]
        self.changed = True
        self.asked, self.asked_before, self.offered = (), (), None
        if self.questions:
            gone = {q.candidates[0] for q in self.questions if q.sets and not line_of(self.lines, q.candidates[0])}
            settled = gone.union(named)
            self.questions = [q for q in self.questions if len(q.candidates) > 1 or q.candidates[0] not in settled]
        self._named = tuple(dict.fromkeys((*self._named, *named)))

    def _add(self, act: acts.Add) -> None:
        self._becomes(add_line(self.lines, self.line(act.sku, act.quantity, act.confidence)), act.sku)

    def _set(self, act: acts.SetQuantity) -> None:
        lines = self.lines if act.quantity is None else set_quantity(self.lines, act.sku, act.quantity)
        self._becomes(lines, act.sku)

    def _remove(self, act: acts.Remove) -> None:
        self._becomes(remove_line(self.lines, act.sku))

    def _subtract(self, act: acts.Subtract) -> None:
        self._becomes(subtract(self.lines, act.sku, act.quantity), act.sku)

    def _keep(self, act: acts.KeepOnly) -> None:
        lines = keep_only(self.lines, frozenset(sku for sku, _ in act.lines))
        for sku, quantity in act.lines:
            lines = lines if quantity is None else set_quantity(lines, sku, quantity)
        self.questions.clear()
        self._becomes(lines, *(sku for sku, _ in act.lines))

    def _replace(self, act: acts.Replace) -> None:
        here = line_of(self.lines, act.goes)
        assert here is not None, "only a line is replaced"
        goes = here.quantity if act.taken is None else min(act.taken, here.quantity)
        comes = self.line(act.comes, goes if act.quantity is None else act.quantity)
        if goes < here.quantity:
            lines = add_line(subtract(self.lines, act.goes, goes), comes)
        else:
            lines = replace_line(self.lines, act.goes, comes)
        self._becomes(lines, act.comes)

    def _scale(self, act: acts.Scale) -> None:
        try:
            self._becomes(scale(self.lines, act.factor))
        except PiecesError:
            self.unsure = True
            self.unresolved.append("")

    def _repeat(self, _: acts.Repeat) -> None:
        products = self._catalogue.by_sku
        sold = [line for line in self._last_order if line.sku in products and products[line.sku].unit == line.unit]
        if not sold:
            self.unresolved.append("")
            return
        self.questions.clear()
        self._becomes(tuple(self.line(line.sku, line.quantity) for line in sold))

    def _ask_back(self, act: acts.AskBack) -> None:
        question = Question(text=act.text, candidates=act.candidates, quantity=act.quantity, sets=act.sets)
        self.questions.append(question)
        del self.questions[:-MOST_QUESTIONS]
        self.asked_back = True

    def _answer(self, act: acts.Answer) -> None:
        question = self.questions.pop(act.question)
        for sku, quantity in act.picks:
            waits = 1 if question.quantity is None else question.quantity
            wanted = waits if quantity is None else quantity
            if question.sets:
                self._set(acts.SetQuantity(sku, wanted))
            else:
                self._add(acts.Add(sku, wanted))

    def _narrow(self, act: acts.Narrow) -> None:
        question = self.questions[act.question]
        self.questions[act.question] = replace(question, candidates=act.candidates, quantity=act.quantity)
        self.asked_back = True

    def _drop(self, act: acts.DropQuestion) -> None:
        del self.questions[act.question]

    def _missing(self, act: acts.Missing) -> None:
        self.missing.append(Unmatched(act.text, tuple(self._catalogue.by_sku[sku].name for sku in act.like)))
        if len(act.like) > 1:
            self.instead = Question(text=act.text, candidates=act.like, quantity=act.quantity)

    def _unresolved(self, act: acts.Unresolved) -> None:
        self.unresolved.append(act.text)

    def _price(self, act: acts.AskPrice) -> None:
        self.asked_before = (*self.asked_before, *self.asked)[-MOST_ASKED_BEFORE:]
        self.asked, self.offered = act.lines, None
        if act.offered is not None:
            self.offered = Question(text=act.offered.text, candidates=act.offered.candidates)
        self.said.add(acts.AskPrice)

    def _take(self, _: acts.Take) -> None:
        if not self.asked:
            self.said.add(acts.Take)
        for sku, quantity in self.asked:
            self._add(acts.Add(sku, quantity))

    def _drop_all(self, act: acts.CancelAll | acts.StartOver) -> None:
        """Discards the order so far; the rest of the message is a new order."""
        self.lines, self.asked, self.asked_before, self.offered, self._named = (), (), (), None, ()
        self.questions.clear()
        self.said.add(type(act))


def _still_sold(question: Question | None, sold: Container[str]) -> Question | None:
    """A question with those of its candidates that the catalogue still has; None if there are none."""
    if question is None or all(sku in sold for sku in question.candidates):
        return question
    candidates = tuple([sku for sku in question.candidates if sku in sold])
    return replace(question, candidates=candidates) if candidates else None


_HANDLERS: Final[dict[type, Callable[[Draft, Any], None]]] = {
    acts.Add: Draft._add,
    acts.SetQuantity: Draft._set,
    acts.Remove: Draft._remove,
    acts.Subtract: Draft._subtract,
    acts.KeepOnly: Draft._keep,
    acts.Replace: Draft._replace,
    acts.Scale: Draft._scale,
    acts.Repeat: Draft._repeat,
    acts.AskBack: Draft._ask_back,
    acts.Answer: Draft._answer,
    acts.Narrow: Draft._narrow,
    acts.DropQuestion: Draft._drop,
    acts.Missing: Draft._missing,
    acts.Unresolved: Draft._unresolved,
    acts.AskPrice: Draft._price,
    acts.Take: Draft._take,
    acts.CancelAll: Draft._drop_all,
    acts.StartOver: Draft._drop_all,
}
