"""Reads the steps of a message against the open lines and the pending questions.

The steps say what is done to which thing as far as the message alone tells. Here things become skus: "el azul" is the
answer to a question or a line, "2 más" is of the product spoken of last, and what stays open is asked back.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

import msgspec

from recado.quotes.acts import (
    Act,
    Add,
    Answer,
    AskBack,
    AskPerson,
    AskTotal,
    CancelAll,
    Close,
    Confirm,
    DropQuestion,
    KeepOnly,
    Missing,
    Narrow,
    Pending,
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
from recado.quotes.catalogue import Catalogue
from recado.quotes.clauses import Bare, Kept, Mention, Named, Replaced, Scaled, Spoken, Step
from recado.quotes.constructions import Does
from recado.quotes.service import as_sold
from recado.quotes.sizes import Size

_ORDINALS: Final = {
    "primero": 1, "primera": 1, "primer": 1, "1ro": 1, "1ra": 1, "1era": 1, "1er": 1, "segundo": 2, "segunda": 2,
    "2do": 2, "2da": 2, "tercero": 3, "tercera": 3, "tercer": 3, "3ro": 3, "3ra": 3, "cuarta": 4, "quinto": 5,
    "quinta": 5, "ultimo": 0, "ultima": 0,
}  # fmt: skip
_PLAIN: Final = frozenset(
    [
        "normal",
        "normales",
        "sencillo",
        "sencilla",
        "simple",
        "comun",
        "comunes",
        "basico",
        "basica",
        "regular",
        "tradicional",
    ]
)
_CHEAP: Final = frozenset(
    ["barato", "barata", "economico", "economica", "baratos", "baratas", "economicos", "economicas"]
)
_DEAR: Final = frozenset(["caro", "cara", "caros", "caras"])
_REST: Final = frozenset(["resto", "demas"])


class Interpreter:
    """Reads the steps of one message against a catalogue, one step after the other: an act may change the view."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._matcher = catalogue.matcher()
        self._matcher.begin()
        self._numbers = catalogue.places

    def acts(self, steps: Sequence[Step], at: int, view: View) -> tuple[list[Act], int]:
        """The acts of the step at `at`, and the place of the next one: an answer may take several steps."""
        answer = self._answer(steps, at, view)
        if answer is not None:
            return answer
        step = steps[at]
        match step:
            case Named():
                return self._named(step, view), at + 1
            case Bare():
                return self._bare(step, view), at + 1
            case Kept(mentions):
                return self._kept(mentions, view), at + 1
            case Replaced(goes, comes):
                return self._replaced(goes, comes, view), at + 1
            case Scaled(factor):
                return self._scaled(factor, view), at + 1
            case Spoken(does):
                return _SPOKEN[does](view), at + 1

    # answers to a question -----------------------------------------------------------------------------------

    def _answer(self, steps: Sequence[Step], at: int, view: View) -> tuple[list[Act], int] | None:
        """The steps from `at` that choose among the candidates of one question, the last one first."""
        for index in reversed(range(len(view.pending))):
            question = view.pending[index]
            if len(question.candidates) < 2:
                continue
            picks: list[tuple[str, Quantity | None]] = []
            end = at
            rest = None
            while end < len(steps) and (chosen := self._chosen(steps[end], question)) is not None:
                step = steps[end]
                skus, amount = chosen
                if len(skus) != 1:
                    if picks:
                        break
                    waits = question.quantity if amount is None else amount
                    return [Narrow(index, skus, waits)], end + 1
                if isinstance(step, Bare) and _REST.intersection(step.words):
                    rest = len(picks)
                picks.append((skus[0], amount))
                end += 1
            if picks:
                return [Answer(index, _shared(picks, rest, question.quantity))], end
        return None

    def _chosen(self, step: Step, question: Pending) -> tuple[tuple[str, ...], Quantity | None] | None:
        """The candidates that a step names, with its own quantity; None where it is about something else."""
        if isinstance(step, Named) and not step.mention.skus:
            step = _as_bare(step)  # "2 plazas"
        if isinstance(step, Named):
            if step.does is Does.REMOVE:
                return None
            skus = self._skus(step.mention)
            inside = tuple(sku for sku in question.candidates if sku in skus)
            if not inside or len(inside) < len(skus):
                return None
            return inside, _quantity(step.mention.amount)
        if not isinstance(step, Bare) or step.does is Does.REMOVE or step.foreign or step.each:
            return None
        amount = _quantity(step.amount)
        if not step.words and not step.sizes:
            ordinal = step.plural is False and isinstance(amount, int) and 1 <= amount <= len(question.candidates)
            return ((question.candidates[int(amount or 1) - 1],), None) if ordinal else None
        chosen = self._described(question.candidates, step)
        named = self._described(question.candidates, _with_number(step, amount)) if amount is not None else ()
        if len(chosen) != 1 and len(named) == 1:
            return named, None  # "de 2 plazas"
        return (chosen, amount) if chosen else None

    def _described(self, skus: Sequence[str], bare: Bare) -> tuple[str, ...]:
        """Which of several products words and sizes mean; none where they tell nothing of them."""
        left = list(skus)
        told = False
        for word in bare.words:
            ordinal = _ORDINALS.get(word)
            if ordinal is not None and ordinal <= len(skus):
                return (skus[ordinal - 1],)
            if word in _CHEAP or word in _DEAR:
                prices = [self._catalogue.by_sku[sku].unit_price for sku in left]
                wanted = min(prices) if word in _CHEAP else max(prices)
                left = [sku for sku, price in zip(left, prices, strict=True) if price == wanted]
                told = True
                continue
            fits = [sku for sku in skus if self._has(sku, word)]
            if not fits and word in _PLAIN and len(skus) > 1:
                fits = [min(skus, key=lambda sku: len(self._catalogue.by_sku[sku].name))]
            if fits:
                told = True
                left = [sku for sku in left if sku in fits]
        for size in bare.sizes:
            fits = [
                sku for sku in skus if self._numbers[sku] in self._matcher.with_head(self._numbers[sku], [], [size])
            ]
            if fits:
                told = True
                left = [sku for sku in left if sku in fits]
        return tuple(left) if told else ()

    def _has(self, sku: str, word: str) -> bool:
        """Whether a word or a number is part of a product's name."""
        return self._numbers[sku] in self._matcher.with_head(self._numbers[sku], [word]) or self._is_called(sku, word)

    def _has_size(self, sku: str, size: Size) -> bool:
        return self._numbers[sku] in self._matcher.with_head(self._numbers[sku], [], [size])

    def _is_called(self, sku: str, number: str) -> bool:
        """Whether a number is part of a product's name: "el 501", "de 2 plazas"."""
        product = self._numbers[sku]
        return number.isdigit() and any(
            number in form.words or any(size.values == (int(number),) for size in form.sizes)
            for family in self._matcher.families_of(product)
            for form in family.forms[product]
        )

    # things that are named -----------------------------------------------------------------------------------

    def _named(self, step: Named, view: View) -> list[Act]:
        if step.does is Does.REMOVE:
            return self._removed(step.mention, view)
        mention = step.mention
        skus = self._skus(mention)
        if not skus:
            told = self._qualities(_as_bare(step), view)
            return told if told and not isinstance(told[0], Unresolved) else [Missing(mention.text)]
        quantity = _quantity(mention.amount)
        here = [sku for sku in skus if sku in dict(view.lines)]
        if len(skus) > 1:
            for index, pending in enumerate(view.pending):
                if set(pending.candidates) == set(skus):
                    return [Narrow(index, pending.candidates, quantity if quantity is not None else pending.quantity)]
            if len(here) != 1 or step.does is Does.ORDER:
                return [AskBack(mention.text, skus, quantity)]
            skus = (here[0],)
        (sku,) = skus
        if mention.unusable is not None:
            return [AskBack(mention.text, (sku,), None)]
        return self._asked_for(step.does, sku, quantity, mention.confidence, view)

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

    def _alike_to(self, sku: str) -> list[str]:
        """The products that share a head word with one."""
        families = self._matcher.families_of(self._numbers[sku])
        return [self._catalogue.products[n].sku for n in {n: None for family in families for n in family.products}]

    def _removed(self, mention: Mention, view: View) -> list[Act]:
        skus = self._skus(mention)
        for index, pending in enumerate(view.pending):
            if (skus and set(skus) <= set(pending.candidates) and len(skus) > 1) or _alike(mention.text, pending.text):
                return [DropQuestion(index)]
        found = self._lines_of(mention, view)
        if not found:
            return [Unresolved(mention.text)]
        quantity = _quantity(mention.amount)
        if quantity is None:
            return [Remove(sku) for sku in found]
        if len(found) > 1:
            return [Unresolved(mention.text)]
        return [Subtract(found[0], quantity)]

    def _lines_of(self, mention: Mention, view: View) -> list[str]:
        """The lines that a thing may be: those of its products, else the only one with its head or qualities."""
        lines = [sku for sku, _ in view.lines]
        skus = self._skus(mention)
        found = [sku for sku in lines if sku in skus]
        if found:
            plural = mention.words[:1] and mention.words[0].endswith("s")
            return found if len(found) == 1 or plural else []
        if len(skus) == 1:
            alike = [sku for sku in lines if self._is_alike(sku, skus[0])]
            return alike if len(alike) == 1 else []
        if skus:
            return []
        described = self._described(lines, Bare(does=Does.REMOVE, words=mention.words))
        return list(described) if len(described) == 1 else []

    def _kept(self, mentions: Sequence[Mention], view: View) -> list[Act]:
        if not view.lines:
            return [act for mention in mentions for act in self._named(Named(Does.ORDER, mention), view)]
        kept: list[tuple[str, Quantity | None]] = []
        for mention in mentions:
            found = self._lines_of(mention, view)
            if not found:
                return [Unresolved(mention.text)]
            kept += [(sku, _quantity(mention.amount)) for sku in found]
        return [KeepOnly(tuple(kept))]

    def _replaced(self, goes: Mention | Bare, comes: Mention | Bare | None, view: View) -> list[Act]:
        if isinstance(goes, Mention):
            found, taken, text = self._lines_of(goes, view), _quantity(goes.amount), goes.text
        elif goes.pointing:
            target = _target(view)
            found, taken, text = [] if target is None else [target], None, goes.text
        else:
            found = list(self._described([sku for sku, _ in view.lines], goes))
            taken, text = _quantity(goes.amount), goes.text
        if len(found) != 1 or comes is None:
            return [Unresolved(text)]
        quantity = _quantity(comes.amount)
        if isinstance(comes, Mention):
            skus = self._skus(comes)
            if not skus:
                return [Missing(comes.text)]
        else:
            if not comes.words and not comes.sizes:
                named = [
                    sku
                    for sku in self._numbers
                    if self._is_alike(found[0], sku) and self._is_called(sku, str(quantity))
                ]
                if len(named) != 1:
                    return [SetQuantity(found[0], quantity)]  # "cambia las 2 camisas por 3"
                return [Replace(found[0], named[0], None, taken)]  # "por el 501"
            numbers = self._matcher.with_head(self._numbers[found[0]], list(comes.words), comes.sizes)
            skus = tuple(self._catalogue.products[n].sku for n in numbers)
        if len(skus) != 1:
            lost = dict(view.lines)[found[0]] if taken is None else taken
            return [Remove(found[0]), AskBack(comes.text, skus, quantity or lost)] if skus else [Unresolved(comes.text)]
        if skus[0] == found[0]:
            return [SetQuantity(found[0], quantity)]
        return [Replace(found[0], skus[0], quantity, taken)]

    # numbers and qualities alone -----------------------------------------------------------------------------

    def _bare(self, step: Bare, view: View) -> list[Act]:
        if step.foreign:
            return []
        if step.pointing:
            return self._pointed(step, view)
        if step.each:
            return self._each(step, view)
        if step.words or step.sizes:
            return self._qualities(step, view)
        quantity = _quantity(step.amount)
        return [] if quantity is None else self._counted(step, quantity, view)

    def _pointed(self, step: Bare, view: View) -> list[Act]:
        if step.does is Does.ORDER:
            return [Take()] if view.asked else [Unresolved("")]  # "quiero": what?
        if step.does is not Does.REMOVE:
            return []
        target = _target(view)
        return [Unresolved("")] if target is None else [Remove(target)]

    def _each(self, step: Bare, view: View) -> list[Act]:
        quantity = _quantity(step.amount) or 1
        for index in reversed(range(len(view.pending))):
            if len(view.pending[index].candidates) > 1:
                return [Answer(index, tuple((sku, quantity) for sku in view.pending[index].candidates))]
        if not view.lines:
            return [Unresolved(step.text)]
        if step.does is Does.ADD:
            return [Add(sku, quantity) for sku, _ in view.lines]
        return [SetQuantity(sku, quantity) for sku, _ in view.lines]

    def _counted(self, step: Bare, quantity: Quantity, view: View) -> list[Act]:
        """A number alone."""
        for index, pending in enumerate(view.pending):
            if len(pending.candidates) == 1 and step.does is not Does.REMOVE:
                return [Answer(index, ((pending.candidates[0], quantity),))]
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
        if step.pairs and not self._catalogue.by_sku[target].pair:
            quantity *= 2
        match step.does:
            case Does.REMOVE | Does.LOWER:
                return [Subtract(target, quantity)]
            case Does.ADD | Does.RAISE:
                return [Add(target, quantity)]
            case _:
                return [SetQuantity(target, quantity)]

    def _qualities(self, step: Bare, view: View) -> list[Act]:
        """ "mejor negros", "quita el azul", "2 más de los azules": a line, or another kind of what was spoken of."""
        lines = [sku for sku, _ in view.lines]
        quantity = _quantity(step.amount)
        described = self._described(lines, step) if lines else ()
        if step.does is Does.REMOVE:
            return self._removed_by_quality(step, described, quantity, view)
        if len(described) == 1 and (quantity is not None or step.does is Does.ADD):
            return self._asked_for(step.does, described[0], quantity, 1.0, view)
        target = _target(view) or next((sku for sku in reversed(view.topic) if sku in lines), None)
        if target is not None and len(described) != 1:
            numbers = self._matcher.with_head(self._numbers[target], list(step.words), step.sizes)
            others = [sku for n in numbers if (sku := self._catalogue.products[n].sku) != target]
            if len(others) == 1:
                if step.does is Does.ADD or (step.does is Does.ORDER and quantity is not None):
                    return [Add(others[0], quantity if quantity is not None else 1)]
                return [Replace(target, others[0], quantity)]
            if others:
                return [AskBack(step.text, tuple(others), quantity)]
        return [Unresolved(step.text)] if step.describes and not described else []

    def _removed_by_quality(
        self, step: Bare, described: tuple[str, ...], quantity: Quantity | None, view: View
    ) -> list[Act]:
        for index, pending in enumerate(view.pending):
            if _alike(step.text, pending.text):
                return [DropQuestion(index)]
        if len(described) == 1 and len(view.lines) > 1:
            return [Remove(described[0])] if quantity is None else [Subtract(described[0], quantity)]
        if len(described) == 1 and step.describes:
            return [Remove(described[0])] if quantity is None else [Subtract(described[0], quantity)]
        return [Unresolved(step.text)] if step.describes or quantity is not None else []

    def _scaled(self, factor: Fraction, view: View) -> list[Act]:
        return [Scale(factor)] if view.lines else [Unresolved("")]

    def _skus(self, mention: Mention) -> tuple[str, ...]:
        return tuple(sku for sku in mention.skus if sku in self._numbers)


def _as_bare(step: Named) -> Bare:
    """A thing that is not sold, as words that may tell products apart."""
    mention = step.mention
    return Bare(does=step.does, amount=mention.amount, words=mention.words, text=mention.text)


def _with_number(step: Bare, amount: Quantity) -> Bare:
    """The step with its number as part of a name."""
    return msgspec.structs.replace(step, words=(*step.words, str(amount)))


def _target(view: View) -> str | None:
    """The product that a bare number is of: that of the last order or change, or the only line."""
    lines = [sku for sku, _ in view.lines]
    if len(view.topic) == 1 and view.topic[0] in lines:
        return view.topic[0]
    return lines[0] if len(lines) == 1 else None


def _shared(
    picks: list[tuple[str, Quantity | None]], rest: int | None, waits: Quantity | None
) -> tuple[tuple[str, Quantity | None], ...]:
    """The picks, what waits shared among several that have no number of their own."""
    if rest is not None and waits is not None:
        left = waits - sum(quantity or 0 for n, (_, quantity) in enumerate(picks) if n != rest)
        picks[rest] = (picks[rest][0], max(left, 1))
    if len(picks) == 1:
        return tuple(picks)
    return tuple((sku, 1 if quantity is None else quantity) for sku, quantity in picks)


def _alike(one: str, other: str) -> bool:
    """Whether two fragments share a word of some length, but for its number."""
    words = [{word.rstrip("s") for word in text.lower().split() if len(word) > 3} for text in (one, other)]
    return bool(words[0] & words[1])


def _quantity(amount: int | Fraction | None) -> Quantity | None:
    return None if amount is None else as_sold(amount)


def _dropped(view: View) -> list[Act]:
    return [DropQuestion(0)] * len(view.pending) if view.pending else [Unresolved("")]


def _everything(view: View) -> list[Act]:
    """ "los dos", "todas": one of each option."""
    for index in reversed(range(len(view.pending))):
        candidates = view.pending[index].candidates
        if len(candidates) > 1:
            return [Answer(index, tuple((sku, 1) for sku in candidates))]
    return []


_SPOKEN: Final[dict[Does, Callable[[View], list[Act]]]] = {
    Does.REPEAT: lambda _: [Repeat()],
    Does.TOTAL: lambda _: [AskTotal()],
    Does.CLOSE: lambda _: [Close()],
    Does.START_OVER: lambda _: [StartOver()],
    Does.PERSON: lambda _: [AskPerson()],
    Does.REST: lambda _: [Confirm()],
    Does.DROP: _dropped,
    Does.TAKE: lambda _: [Take()],
    Does.CANCEL: lambda _: [CancelAll()],
    Does.EVERYTHING: _everything,
}
