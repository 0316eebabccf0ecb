"""A product that is asked for: added, set, or in place of another; and words that name one only partly."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from recado.quotes.acts.acts import (
    Act,
    Add,
    Answer,
    AskBack,
    Missing,
    Narrow,
    Quantity,
    Replace,
    SetQuantity,
    Subtract,
    Unresolved,
    View,
)  # fmt: skip
from recado.quotes.acts.answers import Answers, as_bare, quantity_of
from recado.quotes.acts.ellipsis import Ellipsis
from recado.quotes.catalogue.catalogue import Catalogue
from recado.quotes.catalogue.matcher import Matcher
from recado.quotes.language.constructions import Does
from recado.quotes.script.clauses import Bare, Mention, Named, Step

MOST_LINES: Final = 12
"""Lines that are looked at for one of a kind that is not named, and products that a question offers."""
_LIKELY: Final = 0.8


class Wanted:
    """Reads what is asked for against the lines."""

    def __init__(self, catalogue: Catalogue, matcher: Matcher, ellipsis: Ellipsis, answers: Answers) -> None:
        self._matcher = matcher
        self._numbers = catalogue.places
        self._ellipsis = ellipsis
        self._answers = answers

    def asked_for(self, does: Does, sku: str, quantity: Quantity | None, confidence: float, view: View) -> list[Act]:
        """The acts for one product that is asked for: added, set, or in place of another."""
        if quantity is not None and quantity <= 0:
            return []
        lines = dict(view.lines)
        if does is Does.LOWER and sku in lines and quantity is not None:
            return [Subtract(sku, quantity)]
        if sku in lines and does not in (Does.ADD, Does.RAISE):
            return [SetQuantity(sku, quantity)]
        if does is Does.SET and sku in view.ordered:
            return [Unresolved("")]
        if does is Does.SET and (goes := self._corrected(sku, view)) is not None:
            return [Replace(goes, sku, quantity)]
        return [Add(sku, quantity if quantity is not None else 1, confidence)]

    def another_kind(self, sku: str, mention: Mention, view: View) -> Act | None:
        """ "las medias que sean deportivas", if shoes have that name: a line, or a kind of the only one that has such
        kinds."""
        lines = [line for line, _ in view.lines[:MOST_LINES]]
        if sku in lines or any(self.is_alike(line, sku) for line in lines):
            return None
        said = as_bare(Named(Does.ORDER, mention))
        described = self._ellipsis.by_names(lines, mention.words)
        if len(described) == 1 and mention.amount is not None:
            return SetQuantity(described[0], quantity_of(mention.amount))  # "baja a 4 las deportivas"
        kin = [(line, found[0]) for line in lines if len(found := self._ellipsis.kin(line, said).skus) == 1]
        return Replace(*kin[0], quantity_of(mention.amount)) if len(kin) == 1 else None

    def _corrected(self, sku: str, view: View) -> str | None:
        """What a product replaces: the only line of its kind, otherwise the last topic; nothing that the message
        itself has named: "2 delanteros y 2 traseros mejor". A line that shares a word with it is of its kind: "mejor la
        caja de tapabocas"."""
        lines = [line for line, _ in view.lines if line not in view.named]
        alike = [line for line in lines if self.is_alike(line, sku)] or self._ellipsis.nearest(sku, lines)
        if len(alike) == 1:
            return alike[0]
        return next((one for one in reversed(view.topic) if one in lines), lines[-1] if lines else None)

    def is_alike(self, one: str, other: str) -> bool:
        """Whether two products share a head word."""
        families = self._matcher.families_of(self._numbers[one])
        return any(family in families for family in self._matcher.families_of(self._numbers[other]))

    def answer(self, skus: Sequence[str], quantity: Quantity | None, view: View) -> list[Act]:
        """What a thing says to an open question about it: how many, or nothing new."""
        for index, pending in enumerate(view.pending):
            if len(pending.candidates) == 1 and pending.candidates[0] in skus and quantity is not None:
                return [Answer(index, ((pending.candidates[0], quantity),))]  # "2 tubos entonces", not 10 metros
            if set(pending.candidates) == set(skus):
                return [Narrow(index, pending.candidates, quantity if quantity is not None else pending.quantity)]
        return []

    def numbered(self, step: Named, view: View) -> list[Act]:
        """ "un koleston 50": the only product with a word and a number, where it is called "tinte koleston 50"."""
        mention = step.mention
        told = any(word.isdecimal() for word in mention.words) and not mention.like
        having = self._ellipsis.having(mention.words) if told else ()
        if len(having) != 1:
            return []
        return self.asked_for(step.does, having[0], quantity_of(mention.amount), _LIKELY, view)

    def unknown(self, mention: Mention, view: View) -> list[Act]:
        """A thing that is not a product by itself may be a word of several names: "una hawaiana"."""
        having = () if mention.like else self._ellipsis.having(mention.words)
        if 1 < len(having) <= MOST_LINES:
            in_pairs = mention.pairs and any(self._matcher.products[self._numbers[sku]].pair for sku in having)
            amount = Fraction(mention.amount or 0, 2) if in_pairs else mention.amount  # "3 pares de medias" are 3
            quantity = quantity_of(amount)
            return self.answer(having, quantity, view) or [AskBack(mention.text, having, quantity)]
        return [Missing(mention.text, mention.like, quantity_of(mention.amount))]

    def head(self, step: Bare, steps: Sequence[Step]) -> list[Act]:
        """ "un kilo de helado y conos": the first word of a name is an order in a list, or after a verb."""
        asked_for = step.leads or any(isinstance(one, Named) and one.does is Does.ORDER for one in steps)
        said = {word for one in steps if isinstance(one, Named) for word in one.mention.words}
        if not asked_for or len(step.words) != 1 or step.foreign or step.does not in (Does.ORDER, Does.ADD):
            return []
        if said.intersection(step.words):
            return []  # "una familiar mitad y mitad"
        having = self._ellipsis.beginning(step.words[0])
        if len(having) > 1:
            return [AskBack(step.text, having[:MOST_LINES], quantity_of(step.amount))]
        return [Add(having[0], self._answers.amount(step, having[0]) or 1, _LIKELY)] if having else []
