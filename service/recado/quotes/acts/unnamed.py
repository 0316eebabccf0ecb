"""Numbers and qualities alone, read against the lines: "2 más", "mejor negros", "quita el azul", "de cada uno"."""

from collections.abc import Sequence

from recado.quotes.acts.acts import (
    Act,
    Add,
    Answer,
    AskBack,
    DropQuestion,
    KeepOnly,
    Narrow,
    Remove,
    Replace,
    SetQuantity,
    Subtract,
    Unresolved,
    View,
)  # fmt: skip
from recado.quotes.acts.answers import Answers, as_size, quantity_of
from recado.quotes.acts.asked import PriceQuestions, every_asked, put
from recado.quotes.acts.ellipsis import Ellipsis, Meant
from recado.quotes.acts.wanted import MOST_LINES, Wanted
from recado.quotes.catalogue.catalogue import Catalogue
from recado.quotes.language.constructions import Does
from recado.quotes.script.clauses import Bare


class Unnamed:
    """Reads the steps that name nothing."""

    def __init__(
        self, catalogue: Catalogue, ellipsis: Ellipsis, answers: Answers, questions: PriceQuestions, wanted: Wanted
    ) -> None:
        self._catalogue = catalogue
        self._ellipsis = ellipsis
        self._answers = answers
        self._questions = questions
        self._wanted = wanted

    def acts(self, step: Bare, view: View) -> list[Act]:
        """The acts of a step; none if it is about something else."""
        if step.pointing:
            return self._pointed(step, view)
        if step.each:
            return self._each(step, view)
        if step.does in (Does.ORDER, Does.ADD) and (of_asked := self._questions.acts(step, view)):
            return of_asked
        named = step.words or step.foreign or step.fragment or step.plural is False or _counts_none(step, view)
        acts = self.qualities(step, view) if named else []
        how_many = step.describes and any(len(pending.candidates) == 1 for pending in view.pending)
        if how_many and step.amount is not None and all(isinstance(act, Unresolved) for act in acts):
            return self._counted(step, view)  # "entonces una entera", not half of one
        if acts or step.words or step.foreign or step.amount is None:
            return acts
        counted = self._counted(step, view)
        wanted = bool(view.lines) and step.does in (Does.ORDER, Does.ADD)
        if wanted and step.unit is not None and all(isinstance(act, Unresolved | AskBack) for act in counted):
            sized = self.qualities(as_size(step), view)  # "y una L", of shirts
            return sized if any(isinstance(act, Add | SetQuantity) for act in sized) else counted
        return counted

    def _pointed(self, step: Bare, view: View) -> list[Act]:
        if step.does is Does.ORDER:
            return put(view)  # "quiero": what?
        fewer = step.does in (Does.LOWER, Does.FEWER)
        if fewer and view.target is not None:  # "ya no quiero tantas"
            return [AskBack(self._catalogue.by_sku[view.target].name, (view.target,), None, sets=True)]
        if step.does is not Does.REMOVE and not fewer:
            return []
        asked = [sku for sku, _ in view.asked if sku in dict(view.lines)]
        target = asked[0] if len(asked) == 1 else view.target  # "¿cuánto vale la gorra? sácala"
        return [Unresolved("")] if target is None else [Remove(target)]

    def _each(self, step: Bare, view: View) -> list[Act]:
        quantity = quantity_of(step.amount) or 1
        for index in reversed(range(len(view.pending))):
            if len(view.pending[index].candidates) > 1:
                return [Answer(index, tuple((sku, quantity) for sku in view.pending[index].candidates))]
        takes = step.does in (Does.REMOVE, Does.LOWER)
        if not takes and (asked := every_asked(view)):
            return [Add(sku, quantity) for sku in asked]
        if not view.lines or step.fragment:  # "uno de cada color" is of no line
            return [Unresolved(step.text)]
        if takes:
            return [Subtract(sku, quantity) for sku, _ in view.lines]
        if step.does is Does.ADD:
            return [Add(sku, quantity) for sku, _ in view.lines]
        return [SetQuantity(sku, quantity) for sku, _ in view.lines]

    def _counted(self, step: Bare, view: View) -> list[Act]:
        """A number alone."""
        quantity = quantity_of(step.amount) or 0
        for index, pending in enumerate(view.pending):
            if len(pending.candidates) == 1 and step.does not in (Does.REMOVE, Does.LOWER):
                return [Answer(index, ((pending.candidates[0], self._answers.amount(step, pending.candidates[0])),))]
        for index in reversed(range(len(view.pending))):
            candidates = view.pending[index].candidates
            if step.plural and quantity == len(candidates):
                return [Answer(index, tuple((sku, 1) for sku in candidates))]  # "las dos"
        if view.asked and step.does not in (Does.REMOVE, Does.LOWER):
            return [Add(sku, quantity) for sku, _ in view.asked] if len(view.asked) == 1 else [Unresolved(step.text)]
        target = self._target(step, view)
        if view.pending and (target is None or target not in view.topic):
            return [Narrow(len(view.pending) - 1, view.pending[-1].candidates, quantity)]
        by_name = step.does is Does.REMOVE and step.plural is False  # "el 14 ya no", where nothing is called so
        if target is None or quantity <= 0 or by_name:
            return [Unresolved(step.text)]
        amount = self._answers.amount(step, target)
        if amount is None:
            return [AskBack(self._catalogue.by_sku[target].name, (target,), None)]
        match step.does:
            case Does.REMOVE | Does.LOWER:
                return [Subtract(target, amount)]
            case Does.ADD | Does.RAISE:
                return [Add(target, amount)]
            case _:
                return [SetQuantity(target, amount)]

    def _target(self, step: Bare, view: View) -> str | None:
        """The line that a number belongs to: the one whose name begins with what is counted, otherwise the last
        topic."""
        counted = self._ellipsis.counted([sku for sku, _ in view.lines], step.text)
        return counted[0] if len(counted) == 1 else view.target

    def qualities(self, step: Bare, view: View) -> list[Act]:
        """ "mejor negros", "quita el azul", "2 más de los azules": a line, or another kind of the last topic."""
        lines = [sku for sku, _ in view.lines]
        meant = self._ellipsis.lines(lines, step)
        if step.does is Does.REMOVE:
            return self._removed_by_quality(step, meant, view)
        if step.does is Does.KEEP and meant.skus:
            return [KeepOnly(tuple((sku, meant.quantity) for sku in meant.skus))]  # "solo las de 220"
        if len(meant.skus) == 1 and step.does is Does.ADD and (another := self._another_kind(meant.skus[0], step)):
            return [Add(another, 1 if meant.quantity is None else meant.quantity)]
        if len(meant.skus) == 1 and (meant.quantity is not None or step.does is Does.ADD):
            return self._wanted.asked_for(step.does, meant.skus[0], meant.quantity, 1.0, view)
        target = view.target or next((sku for sku in reversed(view.topic) if sku in lines), None)
        if len(meant.skus) != 1 and (kin := self._kin(target, lines, step)):
            goes, other = kin
            skus = other.skus
            if len(skus) > 1 and len(near := self._ellipsis.nearest(goes, skus)) == 1:
                skus = (near[0],)  # "mejor negro", in the size of the one that goes
            if len(skus) > 1:
                return [AskBack(step.text, skus, other.quantity)]
            plain = step.does is Does.ORDER and not step.steered  # "termostato k50 y k59"
            apart = goes in view.named and (plain or other.quantity is not None)  # "2 delanteros y 2 traseros mejor"
            if apart or step.does is Does.ADD or (step.does is Does.ORDER and other.quantity is not None):
                return [Add(skus[0], 1 if other.quantity is None else other.quantity)]
            return [Replace(goes, skus[0], other.quantity)]
        if not lines and step.amount is not None and (again := self._ordered(step, view)) is not None:
            return [again]
        if step.does is Does.ADD and step.describes and step.amount is not None and target is not None:
            return [Add(target, self._answers.amount(step, target) or 1)]  # a colour that tells no two of them apart
        if len(meant.skus) == 1 and step.plural is not None and step.does is Does.ORDER:
            return [SetQuantity(meant.skus[0], None)]  # "la de 100, 3": the line itself
        return [Unresolved(step.text)] if step.describes and not meant.skus else []

    def _another_kind(self, sku: str, step: Bare) -> str | None:
        """ "otro igual pero de luz blanca": where a line has but some of the words, the one like it that has all."""
        if self._ellipsis.by_names([sku], step.words):
            return None
        kin = self._ellipsis.kin(sku, step).skus
        if len(kin) > 1:
            kin = tuple(self._ellipsis.nearest(sku, self._ellipsis.by_names(kin, step.words)))
        return kin[0] if len(kin) == 1 else None

    def _ordered(self, step: Bare, view: View) -> Add | None:
        """ "otros 2 de naranja", after an order of them."""
        meant = self._ellipsis.lines(view.ordered, step)
        return Add(meant.skus[0], meant.quantity or 1) if len(meant.skus) == 1 else None

    def _kin(self, target: str | None, lines: Sequence[str], step: Bare) -> tuple[str, Meant] | None:
        """A line, and the other products of its kind that a step means: of the line that shares words with it,
        otherwise of the last topic, otherwise of the only line that has any."""
        kin = {sku: meant for sku in lines[:MOST_LINES] if (meant := self._ellipsis.kin(sku, step)).skus}
        having = [sku for sku in kin if self._ellipsis.has_any(sku, step)]
        first = having if len(having) == 1 else [target] if target in kin else list(kin)
        return (first[0], kin[first[0]]) if len(first) == 1 and first[0] is not None else None

    def _removed_by_quality(self, step: Bare, meant: Meant, view: View) -> list[Act]:
        for index, pending in enumerate(view.pending):
            if alike(step.text, pending.text):
                return [DropQuestion(index)]
        if len(meant.skus) == 1 and (step.describes or len(view.lines) > 1):
            sku = meant.skus[0]
            return [Remove(sku)] if meant.quantity is None else [Subtract(sku, meant.quantity)]
        counted = step.amount is not None and bool(step.words)
        return [Unresolved(step.text)] if step.describes or counted else []


def _counts_none(step: Bare, view: View) -> bool:
    """ "quita las 120": whether no line has as many as a number after "las", so that it is a part of a name."""
    counts = step.amount is not None and any(quantity >= step.amount for _, quantity in view.lines)
    return step.does is Does.REMOVE and step.plural is True and step.amount is not None and not counts


def alike(one: str, other: str) -> bool:
    """Whether two fragments share a word of some length, apart from its number."""
    words = [{word.rstrip("s") for word in text.lower().split() if len(word) > 3} for text in (one, other)]
    return bool(words[0] & words[1])
