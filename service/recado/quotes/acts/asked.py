"""What a price question was about, and what the next message makes of it: "dame 2", "el azul", "mejor esa"."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from recado.quotes.acts.acts import Act, Add, AskBack, AskPrice, Pending, Quantity, Replace, Take, Unresolved, View
from recado.quotes.acts.answers import Answers, as_bare, quantity_of, skus_of
from recado.quotes.acts.ellipsis import Ellipsis
from recado.quotes.catalogue.catalogue import Catalogue
from recado.quotes.language.constructions import Does
from recado.quotes.script.clauses import Bare, Mention, Named, Step

_MOST_OFFERED: Final = 12
"""Products that one question may be about."""


class PriceQuestions:
    """Reads steps against the last price question."""

    def __init__(self, catalogue: Catalogue, ellipsis: Ellipsis, answers: Answers) -> None:
        self._catalogue = catalogue
        self._ellipsis = ellipsis
        self._answers = answers

    def about(self, steps: Sequence[Step], view: View) -> AskPrice | None:
        """The products of a price question, also of one that follows another: "¿y el de chocolate?", "¿y la gorra?"."""
        lines: list[tuple[str, Quantity]] = []
        offered: Pending | None = None
        for step in steps:
            skus, amount, text = self._asked(step, view)
            if len(skus) == 1:
                lines.append((skus[0], amount))
            elif skus:
                offered = Pending(text, skus[:_MOST_OFFERED])
        return AskPrice(tuple(lines), offered) if lines or offered else None

    def _asked(self, step: Step, view: View) -> tuple[tuple[str, ...], Quantity, str]:
        """The products that a step may ask about, how many, and how the customer wrote them."""
        if isinstance(step, Named):
            amount = step.mention.amount
            skus = skus_of(step.mention, self._catalogue) or self._among(as_bare(step), view)
            lines = [sku for sku, _ in view.lines]
            if len(skus) == 1 and skus[0] not in lines:  # "¿el saco cuánto cuesta?", where a "saco de vestir" is quoted
                here = self._ellipsis.by_names(lines, step.mention.words)
                skus = here if len(here) == 1 else skus
            asked = quantity_of(amount) if amount is not None and amount > 0 else None
            return skus, asked or 1, step.mention.text
        if isinstance(step, Bare) and (step.amount is None or step.plural is not None):  # "¿y el 15 azul?"
            return self._among(step, view), 1, step.text
        return (), 1, ""

    def _among(self, step: Bare, view: View) -> tuple[str, ...]:
        """The products of the last question that a step means, or others of their kind."""
        if view.offered is not None:
            chosen = self._ellipsis.chosen(view.offered.candidates, view.offered.text, step).skus
            return chosen or self._ellipsis.kin(view.offered.candidates[0], step).skus  # "¿y el azul?", after red ones
        spoken = view.asked[-1][0] if view.asked else view.topic[-1] if view.topic else None
        if spoken not in self._catalogue.by_sku:
            return ()
        kin = self._ellipsis.kin(spoken, step).skus
        nearest = self._ellipsis.nearest(spoken, kin) if view.asked and len(kin) > 1 else []
        return tuple(nearest) if len(nearest) == 1 else kin  # "¿y de 12?", of the same cups

    def told(self, skus: Sequence[str], view: View) -> list[str]:
        """The skus that the last question was about."""
        asked = {*(view.offered.candidates if view.offered is not None else ()), *(sku for sku, _ in view.asked)}
        return [sku for sku in skus if sku in asked]

    def unknown(self, mention: Mention, view: View) -> list[Act]:
        """For a thing that is not a product but may be one of those: "deme 2 cajas"; or that is most like one."""
        asked = {sku for sku, _ in (*view.asked_before, *view.asked)}
        if len(like := asked.intersection(mention.like)) == 1:
            return [Add(like.pop(), quantity_of(mention.amount) or 1)]
        return self.acts(replace(as_bare(Named(Does.ORDER, mention)), leads=True), view)

    def acts(self, step: Bare, view: View) -> list[Act]:
        """ "los marrones" says which is meant, "dame los negros" orders them; none if it is about something else."""
        if not (view.asked or view.offered):
            return []
        if not (step.words or step.foreign):
            offered = view.offered if not view.asked and step.amount is not None else None
            return [] if offered is None else [AskBack(offered.text, offered.candidates, quantity_of(step.amount))]
        meant = self._ellipsis.lines([sku for sku, _ in view.asked], step)
        skus = meant.skus if len(meant.skus) == 1 else self._among(step, view)
        if len(skus) != 1 and step.describes and not step.foreign and step.leads:
            skus = tuple(sku for sku, _ in view.asked)  # "dame 2 negros", of what has no colours
        if len(skus) != 1:
            return []
        if step.leads or step.amount is not None:
            return [Add(skus[0], self._answers.amount(step, skus[0]) or 1)]
        return [] if view.lines and view.offered is None else [AskPrice(((skus[0], 1),), view.offered)]


def every_asked(view: View) -> tuple[str, ...]:
    """ "2 de cada uno": the things that the last price question was about, or the last questions; none if it is one."""
    asked = view.asked if len(view.asked) > 1 or not view.asked else (*view.asked_before, *view.asked)
    skus = tuple(dict.fromkeys(sku for sku, _ in asked))
    if not skus and view.offered is not None and not view.asked_before:
        skus = view.offered.candidates
    return skus if len(skus) > 1 else ()


def taken(view: View) -> list[Act]:
    """ "me lo llevo": orders the thing of the question once it is clear which; without a question it is a yes."""
    if view.offered is not None and not view.asked:
        return [AskBack(view.offered.text, view.offered.candidates, None)]
    return [Take()]


def put(view: View) -> list[Act]:
    """ "ponlo", "quiero": orders the thing of the question; without a question it is unclear."""
    return taken(view) if view.asked or view.offered is not None else [Unresolved("")]


def swapped(view: View, target: str | None) -> list[Act]:
    """ "mejor esa": the thing of the question replaces `target`."""
    if len(view.asked) != 1 or target is None or target == view.asked[0][0]:
        return put(view)
    return [Replace(target, view.asked[0][0])]
