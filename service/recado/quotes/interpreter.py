"""Reads the steps of a message against the open lines and the pending questions.

The steps say what is done to which thing as far as the message alone tells. Here things become skus: "el azul" is the
answer to a question or a line, "2 más" is of the product spoken of last, and what stays open is asked back.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from recado.quotes.acts import (
    Act,
    Add,
    Answer,
    AskBack,
    AskPerson,
    AskPrice,
    AskTotal,
    CancelAll,
    Close,
    Confirm,
    DropQuestion,
    KeepOnly,
    Missing,
    Narrow,
    Quantity,
    Remove,
    Repeat,
    Replace,
    Scale,
    SetQuantity,
    StartOver,
    Subtract,
    Take,
    Unresolved,
    View,
)  # fmt: skip
from recado.quotes.answers import Answers, as_bare, quantity_of, skus_of
from recado.quotes.asked import PriceQuestions, put, swapped, taken
from recado.quotes.catalogue import Catalogue
from recado.quotes.clauses import Bare, Kept, Mention, Named, Replaced, Scaled, Spoken, Step
from recado.quotes.constructions import Does
from recado.quotes.ellipsis import Ellipsis, Meant
from recado.quotes.service import as_sold

_LIKELY: Final = 0.8
_MOST_LINES: Final = 12
"""Lines that are looked at for one of a kind that is not named."""


class Interpreter:
    """Reads the steps of one message against a catalogue, one step after the other: an act may change the view."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._matcher = catalogue.matcher()
        self._matcher.begin()
        self._numbers = catalogue.places
        self._ellipsis = Ellipsis(catalogue)
        self._answers = Answers(catalogue, self._ellipsis)
        self._questions = PriceQuestions(catalogue, self._ellipsis, self._answers)

    def acts(self, steps: Sequence[Step], at: int, view: View) -> tuple[list[Act], int]:
        """The acts of the step at `at`, and the place of the next one: an answer may take several steps."""
        if view.pending and (answer := self._answers.answer(steps, at, view)) is not None:
            return answer
        step = steps[at]
        match step:
            case Named():
                behind = at > 0 and isinstance(before := steps[at - 1], Named) and before.does is Does.REMOVE
                if behind and step.does is Does.SET:  # "quita la bufanda, mejor una toalla": that one goes already
                    step = Named(Does.ORDER, step.mention)
                if at > 0 and (counted := self._counts(step.mention, steps[at - 1])):
                    return counted, at + 1
                return self._named(step, view), at + 1
            case Bare():
                step = _listed(step, steps, at)
                lost: list[Act] = [Unresolved(step.text)] if step.counts else []
                return self._bare(step, view) or lost or self._head(step, steps), at + 1
            case Kept(mentions):
                return self._kept(mentions, view), at + 1
            case Replaced(goes, comes):
                return self._replaced(goes, comes, view), at + 1
            case Scaled(factor, mention):
                return self._scaled(factor, mention, view), at + 1
            case Spoken(does):
                return _SPOKEN[does](view), at + 1

    def asked_about(self, steps: Sequence[Step], view: View) -> AskPrice | None:
        """What a price question is about."""
        return self._questions.about(steps, view)

    # things that are named -----------------------------------------------------------------------------------

    def _named(self, step: Named, view: View) -> list[Act]:
        if step.does is Does.REMOVE:
            return self._removed(step.mention, view)
        mention = step.mention
        skus = skus_of(mention, self._catalogue)
        if not skus and (of_asked := self._questions.unknown(mention, view)):
            return of_asked
        if not skus:
            told = self._qualities(as_bare(step), view)
            return told if told and not isinstance(told[0], Unresolved) else self._unknown(mention)
        quantity = quantity_of(mention.amount)
        if len(skus) > 1 and len(nearest := self._nearest(step.does, skus, view)) == 1:
            skus = (nearest[0],)
        if len(skus) > 1:
            here = [sku for sku in skus if sku in dict(view.lines)]
            for index, pending in enumerate(view.pending):
                if set(pending.candidates) == set(skus):
                    return [Narrow(index, pending.candidates, quantity if quantity is not None else pending.quantity)]
            if len(here) != 1 or step.does is Does.ORDER:
                return [AskBack(mention.text, skus, quantity)]
            skus = (here[0],)
        (sku,) = skus
        if mention.unusable is not None:
            return [AskBack(mention.text, (sku,), None)]
        if step.does is Does.SET and (replaced := self._another_kind(sku, mention, view)) is not None:
            return [replaced]
        return self._asked_for(step.does, sku, quantity, mention.confidence, view)

    def _unknown(self, mention: Mention) -> list[Act]:
        """What is no product by itself may be a word of several names: "una hawaiana"."""
        having = () if mention.like else self._ellipsis.having(mention.words)
        if 1 < len(having) <= _MOST_LINES:
            return [AskBack(mention.text, having, quantity_of(mention.amount))]
        return [Missing(mention.text, mention.like)]

    def _head(self, step: Bare, steps: Sequence[Step]) -> list[Act]:
        """ "un kilo de helado y conos": what a name begins with is asked for in a list, or by a verb."""
        asked_for = step.leads or any(isinstance(one, Named) and one.does is Does.ORDER for one in steps)
        said = {word for one in steps if isinstance(one, Named) for word in one.mention.words}
        if not asked_for or len(step.words) != 1 or step.foreign or step.does not in (Does.ORDER, Does.ADD):
            return []
        if said.intersection(step.words):
            return []  # "una familiar mitad y mitad"
        having = self._ellipsis.beginning(step.words[0])
        if len(having) > 1:
            return [AskBack(step.text, having[:_MOST_LINES], quantity_of(step.amount))]
        return [Add(having[0], self._answers.amount(step, having[0]) or 1, _LIKELY)] if having else []

    def _counts(self, mention: Mention, before: Step) -> list[Act]:
        """ "papas fritas 2 raciones": a word of its name is what a thing is counted in."""
        if not isinstance(before, Named) or before.mention.amount is not None or mention.amount is None:
            return []
        skus = skus_of(before.mention, self._catalogue)
        counted = len(skus) == 1 and len(mention.skus) > 1 and skus[0] in mention.skus
        return [SetQuantity(skus[0], quantity_of(mention.amount))] if counted else []

    def _nearest(self, does: Does, skus: Sequence[str], view: View) -> list[str]:
        """Those of several products that were just asked about, or are the most like what they are to replace."""
        target = _target(view)
        told = self._questions.told(skus, view)
        if told or does is not Does.SET or target is None:
            return told
        return self._ellipsis.nearest(target, skus)  # "mejor familiar": of the same pizza

    def _asked_for(self, does: Does, sku: str, quantity: Quantity | None, confidence: float, view: View) -> list[Act]:
        """One product is asked for: added, set, or instead of another."""
        if quantity is not None and quantity <= 0:
            return []
        lines = dict(view.lines)
        if does is Does.LOWER and sku in lines:
            return [Subtract(sku, quantity if quantity is not None else 1)]
        if sku in lines and does not in (Does.ADD, Does.RAISE):
            return [SetQuantity(sku, quantity)]
        if does is Does.SET and sku in view.ordered:
            return [Unresolved("")]
        if does is Does.SET and (goes := self._corrected(sku, view)) is not None:
            return [Replace(goes, sku, quantity)]
        return [Add(sku, quantity if quantity is not None else 1, confidence)]

    def _another_kind(self, sku: str, mention: Mention, view: View) -> Act | None:
        """ "las medias que sean deportivas", where shoes are called so: a line, or a kind of the only one that has."""
        lines = [line for line, _ in view.lines[:_MOST_LINES]]
        if sku in lines or any(self._is_alike(line, sku) for line in lines):
            return None
        said = as_bare(Named(Does.ORDER, mention))
        described = self._ellipsis.lines(lines, said).skus
        if len(described) == 1 and mention.amount is not None:
            return SetQuantity(described[0], quantity_of(mention.amount))  # "baja a 4 las deportivas"
        kin = [(line, found[0]) for line in lines if len(found := self._ellipsis.kin(line, said).skus) == 1]
        return Replace(*kin[0], quantity_of(mention.amount)) if len(kin) == 1 else None

    def _corrected(self, sku: str, view: View) -> str | None:
        """What a product takes the place of: the only line of its kind, else what was spoken of last."""
        alike = [line for line, _ in view.lines if self._is_alike(line, sku)]
        if len(alike) == 1:
            return alike[0]
        lines = [line for line, _ in view.lines]
        return next((one for one in reversed(view.topic) if one in lines), lines[-1] if lines else None)

    def _is_alike(self, one: str, other: str) -> bool:
        """Whether two products share a head word."""
        families = self._matcher.families_of(self._numbers[one])
        return any(family in families for family in self._matcher.families_of(self._numbers[other]))

    def _removed(self, mention: Mention, view: View) -> list[Act]:
        skus = skus_of(mention, self._catalogue)
        for index, pending in enumerate(view.pending):
            if (skus and set(skus) <= set(pending.candidates) and len(skus) > 1) or _alike(mention.text, pending.text):
                return [DropQuestion(index)]
        found = self._lines_of(mention, view)
        if not found:
            return [Unresolved(mention.text)]
        quantity = quantity_of(mention.amount)
        if quantity is None:
            return [Remove(sku) for sku in found]
        if len(found) > 1:
            return [Unresolved(mention.text)]
        return [Subtract(found[0], quantity)]

    def _lines_of(self, mention: Mention, view: View) -> list[str]:
        """The lines that a thing may be: those of its products, else the only one with its head or qualities."""
        lines = [sku for sku, _ in view.lines]
        skus = skus_of(mention, self._catalogue)
        found = [sku for sku in lines if sku in skus]
        if found:
            plural = mention.words[:1] and mention.words[0].endswith("s")
            return found if len(found) == 1 or plural else []
        if len(skus) == 1:
            said = as_bare(Named(Does.REMOVE, mention))  # "la camisa" is the only "camisa polo"
            alike = [sku for sku in lines if self._is_alike(sku, skus[0]) and self._ellipsis.has_any(sku, said)]
            return alike if len(alike) == 1 else []
        if skus:
            return []
        described = self._ellipsis.lines(lines, as_bare(Named(Does.REMOVE, mention)))
        return list(described.skus) if len(described.skus) == 1 else []

    def _kept(self, mentions: Sequence[Mention], view: View) -> list[Act]:
        if not view.lines:
            return [act for mention in mentions for act in self._named(Named(Does.ORDER, mention), view)]
        kept: list[tuple[str, Quantity | None]] = []
        for mention in mentions:
            found = self._lines_of(mention, view)
            if not found:
                return [Unresolved(mention.text)]
            kept += [(sku, quantity_of(mention.amount)) for sku in found]
        return [KeepOnly(tuple(kept))]

    def _replaced(self, goes: Mention | Bare, comes: Mention | Bare | None, view: View) -> list[Act]:
        if isinstance(goes, Mention):
            found, taken, text = self._lines_of(goes, view), quantity_of(goes.amount), goes.text
        elif not goes.words and not goes.foreign:  # "cámbialas por", "cambia una por", "en vez de los 10"
            found, taken, text = _pointed_at(goes, view), quantity_of(goes.amount), goes.text
            skus = skus_of(comes, self._catalogue) if isinstance(comes, Mention) else ()
            if len(skus) == 1 and skus[0] in dict(view.lines):  # "5 gorras en vez de 3"
                found, taken = list(skus), None
        else:
            meant = self._ellipsis.lines([sku for sku, _ in view.lines], goes)
            found, taken, text = list(meant.skus), meant.quantity, goes.text
        if len(found) != 1 or comes is None:
            corrects = isinstance(goes, Mention) and isinstance(comes, Bare) and comes.does is Does.SET
            return self._named(Named(Does.SET, goes), view) if corrects else [Unresolved(text)]  # type: ignore[arg-type]
        skus, quantity, text = self._comes(found[0], goes, comes)
        if not skus:
            return [Missing(text)] if isinstance(comes, Mention) else [SetQuantity(found[0], quantity)]
        if len(skus) > 1:
            lost = dict(view.lines)[found[0]] if taken is None else taken
            return [Remove(found[0]), AskBack(text, skus, quantity or lost)]
        if skus[0] == found[0]:
            return [SetQuantity(found[0], quantity)]
        return [Replace(found[0], skus[0], quantity, taken)]

    def _comes(
        self, sku: str, goes: Mention | Bare, comes: Mention | Bare
    ) -> tuple[tuple[str, ...], Quantity | None, str]:
        """The products that come for `sku`, how many, and how they were written."""
        if isinstance(comes, Mention):
            skus = skus_of(comes, self._catalogue)
            if len(skus) == 1 and not self._is_alike(sku, skus[0]):
                kin = self._ellipsis.kin(sku, as_bare(Named(Does.ORDER, comes))).skus
                skus = kin if len(kin) == 1 else skus  # "las medias que sean deportivas", where shoes are called so
            return skus, quantity_of(comes.amount), comes.text
        meant = self._ellipsis.kin(sku, comes)
        if len(meant.skus) > 1 and isinstance(goes, Bare):  # "la hawaiana mejor mediana"
            both = replace(comes, fragment=f"{goes.fragment} {comes.fragment}", text=f"{goes.fragment} {comes.text}")
            meant = self._ellipsis.kin(sku, both)
        return meant.skus, meant.quantity if meant.skus else self._answers.amount(comes, sku), comes.text

    # numbers and qualities alone -----------------------------------------------------------------------------

    def _bare(self, step: Bare, view: View) -> list[Act]:
        if step.pointing:
            return self._pointed(step, view)
        if step.does in (Does.ORDER, Does.ADD) and (of_asked := self._questions.acts(step, view)):
            return of_asked
        if step.each:
            return self._each(step, view)
        named = step.words or step.foreign or step.fragment or step.plural is False
        acts = self._qualities(step, view) if named else []
        if acts or step.words or step.foreign or step.amount is None:
            return acts
        return self._counted(step, view)

    def _pointed(self, step: Bare, view: View) -> list[Act]:
        if step.does is Does.ORDER:
            return put(view)  # "quiero": what?
        if step.does is not Does.REMOVE:
            return []
        asked = [sku for sku, _ in view.asked if sku in dict(view.lines)]
        target = asked[0] if len(asked) == 1 else _target(view)  # "¿cuánto vale la gorra? sácala"
        return [Unresolved("")] if target is None else [Remove(target)]

    def _each(self, step: Bare, view: View) -> list[Act]:
        quantity = quantity_of(step.amount) or 1
        for index in reversed(range(len(view.pending))):
            if len(view.pending[index].candidates) > 1:
                return [Answer(index, tuple((sku, quantity) for sku in view.pending[index].candidates))]
        if not view.lines:
            return [Unresolved(step.text)]
        if step.does is Does.ADD:
            return [Add(sku, quantity) for sku, _ in view.lines]
        return [SetQuantity(sku, quantity) for sku, _ in view.lines]

    def _counted(self, step: Bare, view: View) -> list[Act]:
        """A number alone."""
        quantity = quantity_of(step.amount) or 0
        for index, pending in enumerate(view.pending):
            if len(pending.candidates) == 1 and step.does is not Does.REMOVE:
                return [Answer(index, ((pending.candidates[0], self._answers.amount(step, pending.candidates[0])),))]
        for index in reversed(range(len(view.pending))):
            candidates = view.pending[index].candidates
            if step.plural and quantity == len(candidates):
                return [Answer(index, tuple((sku, 1) for sku in candidates))]  # "las dos"
        if view.asked and step.does not in (Does.REMOVE, Does.LOWER):
            return [Add(sku, quantity) for sku, _ in view.asked] if len(view.asked) == 1 else [Unresolved(step.text)]
        target = _target(view)
        if view.pending and (target is None or target not in view.topic):
            return [Narrow(len(view.pending) - 1, view.pending[-1].candidates, quantity)]
        if target is None or quantity <= 0:
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

    def _qualities(self, step: Bare, view: View) -> list[Act]:
        """ "mejor negros", "quita el azul", "2 más de los azules": a line, or another kind of what was spoken of."""
        lines = [sku for sku, _ in view.lines]
        meant = self._ellipsis.lines(lines, step)
        if step.does is Does.REMOVE:
            return self._removed_by_quality(step, meant, view)
        if step.does is Does.KEEP and meant.skus:
            return [KeepOnly(tuple((sku, meant.quantity) for sku in meant.skus))]  # "solo las de 220"
        if len(meant.skus) == 1 and (meant.quantity is not None or step.does is Does.ADD):
            return self._asked_for(step.does, meant.skus[0], meant.quantity, 1.0, view)
        target = _target(view) or next((sku for sku in reversed(view.topic) if sku in lines), None)
        if len(meant.skus) != 1 and (kin := self._kin(target, lines, step)):
            goes, other = kin
            if len(other.skus) > 1:
                return [AskBack(step.text, other.skus, other.quantity)]
            if step.does is Does.ADD or (step.does is Does.ORDER and other.quantity is not None):
                return [Add(other.skus[0], 1 if other.quantity is None else other.quantity)]
            return [Replace(goes, other.skus[0], other.quantity)]
        if not lines and step.amount is not None and (again := self._ordered(step, view)) is not None:
            return [again]
        if step.does is Does.ADD and step.describes and step.amount is not None and target is not None:
            return [Add(target, self._answers.amount(step, target) or 1)]  # a colour that tells no two of them apart
        return [Unresolved(step.text)] if step.describes and not meant.skus else []

    def _ordered(self, step: Bare, view: View) -> Add | None:
        """ "otros 2 de naranja", behind an order of them."""
        meant = self._ellipsis.lines(view.ordered, step)
        return Add(meant.skus[0], meant.quantity or 1) if len(meant.skus) == 1 else None

    def _kin(self, target: str | None, lines: Sequence[str], step: Bare) -> tuple[str, Meant] | None:
        """A line, and what other products of its kind a step means: of the line that has some of its words, or of what
        was spoken of, else of the only line with any."""
        kin = {sku: meant for sku in lines[:_MOST_LINES] if (meant := self._ellipsis.kin(sku, step)).skus}
        having = [sku for sku in kin if self._ellipsis.has_any(sku, step)]
        first = having if len(having) == 1 else [target] if target in kin else list(kin)
        return (first[0], kin[first[0]]) if len(first) == 1 and first[0] is not None else None

    def _removed_by_quality(self, step: Bare, meant: Meant, view: View) -> list[Act]:
        for index, pending in enumerate(view.pending):
            if _alike(step.text, pending.text):
                return [DropQuestion(index)]
        if len(meant.skus) == 1 and (step.describes or len(view.lines) > 1):
            sku = meant.skus[0]
            return [Remove(sku)] if meant.quantity is None else [Subtract(sku, meant.quantity)]
        counted = step.amount is not None and bool(step.words)
        return [Unresolved(step.text)] if step.describes or counted else []

    def _scaled(self, factor: Fraction, mention: Mention | None, view: View) -> list[Act]:
        if mention is None:
            return [Scale(factor)] if view.lines else [Unresolved("")]
        found = self._lines_of(mention, view)
        scaled = Fraction(dict(view.lines)[found[0]]) * factor if len(found) == 1 else None
        if scaled is None or (scaled.denominator != 1 and self._catalogue.by_sku[found[0]].unit is None):
            return [Unresolved(mention.text)]
        return [SetQuantity(found[0], as_sold(scaled))]


def _listed(step: Bare, steps: Sequence[Step], at: int) -> Bare:
    """ "esmalte rojo, negro y nude": a quality within a list is another of the same."""
    before = steps[at - 1] if at else None
    listed = isinstance(before, Named) and before.does is Does.ORDER and len(before.mention.skus) == 1
    goes_on = at + 1 < len(steps) and isinstance(steps[at + 1], Named | Bare)
    alone = step.describes and step.amount is None and step.does is Does.ORDER
    return replace(step, does=Does.ADD) if listed and goes_on and alone else step


def _pointed_at(goes: Bare, view: View) -> list[str]:
    """What a number alone says of what goes: the only line of so many, else so many of what was spoken of."""
    counted = [sku for sku, quantity in view.lines if goes.plural is not None and quantity == goes.amount]
    target = _target(view)
    return counted if len(counted) == 1 else [] if target is None else [target]


def _target(view: View) -> str | None:
    """The product that a bare number is of: that of the last order or change, or the only line."""
    lines = [sku for sku, _ in view.lines]
    if len(view.topic) == 1 and view.topic[0] in lines:
        return view.topic[0]
    return lines[0] if len(lines) == 1 else None


def _alike(one: str, other: str) -> bool:
    """Whether two fragments share a word of some length, but for its number."""
    words = [{word.rstrip("s") for word in text.lower().split() if len(word) > 3} for text in (one, other)]
    return bool(words[0] & words[1])


def _dropped(view: View) -> list[Act]:
    return [DropQuestion(0)] * len(view.pending) if view.pending else [Unresolved("")]


def _everything(view: View) -> list[Act]:
    """ "los dos", "todas": one of each option."""
    for index in reversed(range(len(view.pending))):
        candidates = view.pending[index].candidates
        if len(candidates) > 1:
            return [Answer(index, tuple((sku, 1) for sku in candidates))]
    return [Take()] if view.asked else []


_SPOKEN: Final[dict[Does, Callable[[View], list[Act]]]] = {
    Does.REPEAT: lambda _: [Repeat()],
    Does.TOTAL: lambda _: [AskTotal()],
    Does.CLOSE: lambda _: [Close()],
    Does.START_OVER: lambda _: [StartOver()],
    Does.PERSON: lambda _: [AskPerson()],
    Does.REST: lambda _: [Confirm()],
    Does.DROP: _dropped,
    Does.TAKE: taken,
    Does.PUT: put,
    Does.SWAP: lambda view: swapped(view, _target(view)),
    Does.CANCEL: lambda _: [CancelAll()],
    Does.EVERYTHING: _everything,
}
