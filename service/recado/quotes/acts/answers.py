"""Finds which candidates an answer chooses, and how many: "el azul", "2 del negro y 1 del azul", "las dos"."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from recado.quotes.acts.acts import Act, Add, Answer, Narrow, Pending, Quantity, View
from recado.quotes.acts.ellipsis import Ellipsis, Meant
from recado.quotes.catalogue.catalogue import Catalogue
from recado.quotes.catalogue.matcher import Matcher
from recado.quotes.catalogue.measures import amount_of
from recado.quotes.catalogue.product import Product
from recado.quotes.language.constructions import Does
from recado.quotes.language.numbers import Unusable
from recado.quotes.language.text import key, plain, tokenise
from recado.quotes.script.clauses import Bare, Mention, Named, Replaced, Step
from recado.quotes.service import as_sold

_REST: Final = frozenset(["resto", "demas"])


class Answers:
    """Reads steps against the open questions."""

    def __init__(self, catalogue: Catalogue, matcher: Matcher, ellipsis: Ellipsis) -> None:
        self._catalogue = catalogue
        self._matcher = matcher
        self._ellipsis = ellipsis

    def answer(self, steps: Sequence[Step], at: int, view: View) -> tuple[list[Act], int] | None:
        """The steps from `at` on that choose among the candidates of one question; the last question comes first."""
        for index in reversed(range(len(view.pending))):
            question = view.pending[index]
            if len(question.candidates) < 2:
                continue
            picks: list[tuple[str, Quantity | None]] = []
            end = at
            rest = None
            while end < len(steps) and (chosen := self._chosen(steps[end], question)) is not None:
                step = steps[end]
                if isinstance(step, Named) and step.mention.each:  # "uno de cada uno de los cepillos"
                    picks += [(sku, 1 if chosen.quantity is None else chosen.quantity) for sku in chosen.skus]
                    end += 1
                    continue
                if len(chosen.skus) != 1:
                    if picks:
                        break
                    waits = question.quantity if chosen.quantity is None else chosen.quantity
                    return [Narrow(index, chosen.skus, waits)], end + 1
                if picks and picks[-1] == (chosen.skus[0], None):
                    picks.pop()  # "de jamón y queso, 12": two words of one name
                if isinstance(step, Bare) and _REST.intersection(step.words):
                    rest = len(picks)
                picks.append((chosen.skus[0], chosen.quantity))
                end += 1
                if end < len(steps) and chosen.quantity is None and _is_number(steps[end]):
                    picks[-1] = (chosen.skus[0], self.amount(steps[end], chosen.skus[0]))  # "las de lluvia, 2"
                    end += 1
            if picks:
                return [Answer(index, _shared(picks, rest, question.quantity))], end
        return None

    def instead(self, steps: Sequence[Step], at: int, named: Pending) -> tuple[list[Act], int] | None:
        """The steps from `at` on that choose among what recado named in place of a thing that is not sold."""
        match self.answer(steps, at, View(pending=(named,))):
            case [Answer(picks=picks)], end:
                return [Add(sku, quantity or named.quantity or 1) for sku, quantity in picks], end
        return None

    def _chosen(self, step: Step, question: Pending) -> Meant | None:
        """The candidates that a step names, with its own quantity; None if it is about something else."""
        if isinstance(step, Replaced):
            step = self._told(step, question) or step
        if isinstance(step, Named) and not step.mention.skus:
            step = as_bare(step)  # "2 plazas"
        if isinstance(step, Named):
            if step.does is Does.REMOVE:
                return None
            if step.mention.headless:  # "la de almohada": the cover
                meant = self._ellipsis.chosen(question.candidates, question.text, kind_of(step))
                if meant.skus:
                    return meant
            skus = skus_of(step.mention, self._catalogue)
            inside = tuple(sku for sku in question.candidates if sku in skus)
            tells = len(inside) == len(skus) or len(inside) < len(question.candidates)  # "la mediana"
            return Meant(inside, quantity_of(step.mention.amount)) if inside and tells else None
        if not isinstance(step, Bare) or step.does is Does.REMOVE or step.each:
            return None
        amount = quantity_of(step.amount)
        if (
            step.plural is False
            and not (step.words or step.foreign)
            and isinstance(amount, int)
            and 1 <= amount <= len(question.candidates)
        ):
            return Meant((question.candidates[amount - 1],))  # "la 2"
        meant = self._ellipsis.chosen(question.candidates, question.text, step)
        if not meant.skus and step.unit is not None:  # "20 M y 10 L", of shirts
            meant = self._ellipsis.chosen(question.candidates, question.text, as_size(step))
        return meant if meant.skus else None

    def _told(self, step: Replaced, question: Pending) -> Step | None:
        """What says which of the things of a question is meant: "el jean que sea el negro"; None if it is about
        something else."""
        goes, comes = step.goes, step.comes
        if not isinstance(goes, Mention) or set(skus_of(goes, self._catalogue)) != set(question.candidates):
            return None
        if isinstance(comes, Bare):
            return replace(comes, plural=None)  # "el jean que sean 3" is no "el 3"
        return None if comes is None else Named(Does.ORDER, comes)

    def amount(self, step: Step, sku: str) -> Quantity | None:
        """A bare number in the unit of a product; None if the product is not sold in it, or if it is not a number."""
        if not isinstance(step, Bare) or step.amount is None:
            return None
        number, product = self._catalogue.places[sku], self._catalogue.by_sku[sku]
        value = step.amount * 2 if step.pairs and not product.pair else step.amount
        if sold := self._collective(step.text, product):
            value = Fraction(value, sold)
        amount = amount_of(self._matcher, number, value, step.unit)
        return None if isinstance(amount, Unusable) else as_sold(amount)

    def _collective(self, said: str, product: Product) -> int | None:
        """How many pieces a collective noun means: "2 docenas", for "huevos docena"."""
        named = {key(word) for name in (product.name, *product.aliases) for word in plain(name).split()}
        words = [token.norm for token in tokenise(said) if key(token.norm) in named]
        return next((many for word in words if (many := self._matcher.lexicon.collective(word))), None)


def skus_of(mention: Mention, catalogue: Catalogue) -> tuple[str, ...]:
    """The skus of a thing that are sold."""
    return tuple(sku for sku in mention.skus if sku in catalogue.places)


def quantity_of(amount: int | Fraction | None) -> Quantity | None:
    """An amount in the unit of a line; None if there is none."""
    return None if amount is None else as_sold(amount)


def as_bare(step: Named) -> Bare:
    """A thing that is not sold, as words that may distinguish products."""
    mention = step.mention
    return Bare(
        does=step.does, amount=mention.amount, words=mention.words, text=mention.written, fragment=mention.text
    )  # fmt: skip


def as_size(step: Bare) -> Bare:
    """A number with a unit, as a number of things of that size: "una L"."""
    size = step.text.split()[-1]
    return replace(step, unit=None, words=(size.lower(),), fragment=size)


def kind_of(step: Named) -> Bare:
    """A thing after "de", as words that may distinguish products."""
    text = f"de {step.mention.text}"
    return Bare(does=step.does, amount=step.mention.amount, words=step.mention.words, text=text, fragment=text)


def _is_number(step: Step) -> bool:
    """Whether a step is only a number."""
    return isinstance(step, Bare) and step.amount is not None and not (step.words or step.each or step.foreign)


def _shared(
    picks: list[tuple[str, Quantity | None]], rest: int | None, waits: Quantity | None
) -> tuple[tuple[str, Quantity | None], ...]:
    """The picks; those without a number share the quantity of the question."""
    if rest is not None and waits is not None:
        left = waits - sum(quantity or 0 for n, (_, quantity) in enumerate(picks) if n != rest)
        picks[rest] = (picks[rest][0], max(left, 1))
    if len(picks) == 1:
        return tuple(picks)
    return tuple((sku, 1 if quantity is None else quantity) for sku, quantity in picks)
