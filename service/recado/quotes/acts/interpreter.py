"""Reads the steps of a message against the open lines and the open questions.

The steps say what is done to which thing, as far as the message alone shows. Here things become skus: "el azul"
answers a question or names a line, "2 más" is about the product that was spoken of last, and recado asks about what
stays open.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import Final

from msgspec.structs import replace

from recado.quotes.acts.acts import (
    Act,
    Add,
    AskBack,
    AskPrice,
    DropQuestion,
    KeepOnly,
    Missing,
    Quantity,
    Remove,
    Replace,
    Scale,
    SetQuantity,
    Subtract,
    Unresolved,
    View,
)  # fmt: skip
from recado.quotes.acts.answers import Answers, as_bare, kind_of, quantity_of, skus_of
from recado.quotes.acts.asked import PriceQuestions, swapped
from recado.quotes.acts.ellipsis import Ellipsis
from recado.quotes.acts.spoken import SPOKEN
from recado.quotes.acts.unnamed import Unnamed, alike
from recado.quotes.acts.wanted import Wanted
from recado.quotes.catalogue.budget import Steps
from recado.quotes.catalogue.catalogue import Catalogue
from recado.quotes.language.constructions import Does
from recado.quotes.language.text import plain
from recado.quotes.script.clauses import Bare, Kept, Mention, Named, Replaced, Scaled, Spoken, Step
from recado.quotes.service import as_sold

_TOGETHER: Final = {Does.BOTH: 2, Does.THREE: 3, Does.FOUR: 4}


class Interpreter:
    """Reads the steps of one message against a catalogue, one after the other: an act may change the view."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        matcher = catalogue.matcher(Steps())
        self._measures = matcher.lexicon.measures
        self._ellipsis = Ellipsis(catalogue, matcher)
        self._answers = Answers(catalogue, matcher, self._ellipsis)
        self._questions = PriceQuestions(catalogue, self._ellipsis, self._answers)
        self._wanted = Wanted(catalogue, matcher, self._ellipsis, self._answers)

    @cached_property
    def _unnamed(self) -> Unnamed:
        return Unnamed(self._catalogue, self._ellipsis, self._answers, self._questions, self._wanted)

    def acts(self, steps: Sequence[Step], at: int, view: View) -> tuple[list[Act], int]:
        """The acts of the step at `at`, and the place of the next step: an answer may take several steps."""
        if (answer := self._answered(steps, at, view)) is not None:
            return answer
        step = steps[at]
        if at + 1 < len(steps) and (joined := self._joined(steps, at, view)) is not None:
            return joined, at + 2
        match step:
            case Named():
                return self._named_after(steps[at - 1] if at else None, step, view), at + 1
            case Bare():
                step = _listed(step, steps, at)
                lost: list[Act] = [Unresolved(step.text)] if step.counts else []
                return self._unnamed.acts(step, view) or lost or self._wanted.head(step, steps), at + 1
            case Kept(mentions):
                return self._kept(mentions, view), at + 1
            case Replaced(goes, comes):
                return self._replaced(goes, comes, view), at + 1
            case Scaled(factor, mention):
                return self._scaled(factor, mention, view), at + 1
            case Spoken(Does.SWAP):
                return swapped(view, view.target or self._like_asked(view)), at + 1
            case Spoken(does):
                return SPOKEN[does](view), at + 1

    def _named_after(self, before: Step | None, step: Named, view: View) -> list[Act]:
        gone = isinstance(before, Named) and before.does is Does.REMOVE
        if gone and step.does is Does.SET:  # "quita la bufanda, mejor una toalla": that one goes already
            step = Named(Does.ORDER, step.mention)
        if step.quits and step.does is Does.ORDER and self._has_as_many(step.mention, view):
            step = Named(Does.REMOVE, step.mention)
        counted = self._counts(step.mention, before) if before is not None else []
        return counted or self._named(step, view)

    def _has_as_many(self, mention: Mention, view: View) -> bool:
        """ "quita el infantil y una coca", of 3: whether the quote has as many of a thing as are counted."""
        found, lines = self._lines_of(mention, view), dict(view.lines)
        return len(found) == 1 and mention.amount is not None and 0 < mention.amount <= lines[found[0]]

    def _answered(self, steps: Sequence[Step], at: int, view: View) -> tuple[list[Act], int] | None:
        """What the steps choose among the candidates of an open question, or among similar products."""
        answer = self._answers.answer(steps, at, view) if view.pending else None
        if answer is None and view.instead is not None:
            return self._answers.instead(steps, at, view.instead)
        return answer

    def _like_asked(self, view: View) -> str | None:
        """The only line that shares words with the name of the thing asked about."""
        alike = self._ellipsis.nearest(view.asked[-1][0], [sku for sku, _ in view.lines]) if view.asked else []
        return alike[0] if len(alike) == 1 else None

    def asked_about(self, steps: Sequence[Step], view: View) -> AskPrice | None:
        """The products of a price question."""
        return self._questions.about(steps, view)

    def _named(self, step: Named, view: View) -> list[Act]:
        if step.does is Does.REMOVE:
            return self._removed(step.mention, view)
        if step.does in (Does.LOWER, Does.FEWER):
            return self._lowered(step, view)
        mention = step.mention
        if mention.headless and (kind := self._of_a_kind(step, view)) is not None:
            return [kind]
        skus = skus_of(mention, self._catalogue)
        if not skus and (of_asked := self._questions.unknown(mention, view)):
            return of_asked
        if not skus:
            if numbered := self._wanted.numbered(step, view):
                return numbered
            told = self._unnamed.qualities(as_bare(step), view)
            return told if told and not isinstance(told[0], Unresolved) else self._wanted.unknown(mention, view)
        quantity = quantity_of(mention.amount)
        if len(skus) > 1 and len(nearest := self._nearest(step.does, skus, view)) == 1:
            skus = (nearest[0],)
        if len(skus) > 1:
            here = [sku for sku in skus if sku in dict(view.lines)] or self._lines_of(mention, view)
            if answer := self._wanted.answer(skus, quantity, view):
                return answer
            restated = [*view.lines] == [(sku, quantity) for sku in here]  # "sí, 5 varillas está bien"
            set_anew = restated or (quantity is not None and len(view.lines) > 1)
            if len(here) != 1 or (step.does is Does.ORDER and not set_anew):
                return [AskBack(mention.text, skus, quantity)]
            skus = (here[0],)
        (sku,) = skus
        if mention.unusable is not None:
            sets = step.does not in (Does.ADD, Does.RAISE) and sku in dict(view.lines)
            return [AskBack(mention.text, (sku,), None, sets)]
        return [*_settles(mention, sku, view), *self._asked_for(step, sku, view)]

    def _asked_for(self, step: Named, sku: str, view: View) -> list[Act]:
        """The acts for one known product."""
        mention = step.mention
        of_line = step.does is Does.ORDER or (step.does is Does.ADD and mention.amount is not None)
        if mention.definite and of_line and sku not in (*dict(view.lines), *dict(view.asked)):
            found = self._lines_of(mention, view)  # "a las camisas súmales 2", where a "camisa de cuadros" is quoted
            sku = found[0] if len(found) == 1 else sku
        if step.does is Does.SET and (replaced := self._wanted.another_kind(sku, mention, view)) is not None:
            return [replaced]
        if step.does is Does.RAISE and view.lines and sku not in dict(view.lines):
            found = self._lines_of(mention, view)
            if len(found) != 1:
                return [Unresolved(mention.text)]
            (sku,) = found
        return self._wanted.asked_for(step.does, sku, quantity_of(mention.amount), mention.confidence, view)

    def _of_a_kind(self, step: Named, view: View) -> Act | None:
        """ "mejor el de 24 rosas": another kind of a line, with the number in its name."""
        fragment = f"de {step.mention.written}"
        bare = replace(as_bare(step), text=fragment, fragment=fragment, amount=None, describes=True)
        told = self._unnamed.qualities(bare, view) if step.mention.amount not in (None, 1) and view.lines else []
        kind = told[0] if len(told) == 1 else None
        return kind if isinstance(kind, Replace) and kind.comes not in step.mention.skus else None

    def _counts(self, mention: Mention, before: Step) -> list[Act]:
        """ "papas fritas 2 raciones": a word of its name is the unit in which a thing is counted."""
        if not isinstance(before, Named) or before.mention.amount is not None or mention.amount is None:
            return []
        skus = skus_of(before.mention, self._catalogue)
        counted = len(skus) == 1 and len(mention.skus) > 1 and skus[0] in mention.skus
        return [SetQuantity(skus[0], quantity_of(mention.amount))] if counted else []

    def _nearest(self, does: Does, skus: Sequence[str], view: View) -> list[str]:
        """Those of several products that the customer just asked about, or that are most similar to what they
        replace."""
        target = view.target
        told = self._questions.told(skus, view)
        if told or does is not Does.SET or target is None:
            return told
        return self._ellipsis.nearest(target, skus)  # "mejor familiar": of the same pizza

    def _removed(self, mention: Mention, view: View) -> list[Act]:
        skus = skus_of(mention, self._catalogue)
        lines = dict(view.lines)
        for index, pending in enumerate(view.pending):
            if len(pending.candidates) == 1 and pending.candidates[0] in lines:
                continue  # how many of a line: it goes with the line
            if (skus and set(skus) <= set(pending.candidates) and len(skus) > 1) or alike(mention.text, pending.text):
                return [DropQuestion(index)]
        found = self._lines_of(mention, view)
        if not found:
            return [Unresolved(mention.text)]
        quantity = quantity_of(mention.amount)
        if mention.unusable is not None and len(found) == 1:  # "quita algunas gorras"
            return [AskBack(mention.text, (found[0],), None, sets=True)]
        if quantity is None:
            return [Remove(sku) for sku in found]
        if len(found) > 1:
            return [Unresolved(mention.text)]
        return [Subtract(found[0], quantity)]

    def _joined(self, steps: Sequence[Step], at: int, view: View) -> list[Act] | None:
        """Two steps as one: "otro igual pero chico" is one more of another kind, and in "camisas no, camisetas" what is
        asked for without a number, behind a line that goes, takes its place."""
        match steps[at:]:
            case [Spoken(Does.DROP), Named(Does.SET, comes), *_] if view.pending:  # "ninguna de esas, mejor una coca"
                return [*SPOKEN[Does.DROP](view), *self._named(Named(Does.ORDER, comes), view)]
            case [Spoken(does), Bare(amount=None, describes=True) as kind, *_] if does in _TOGETHER:
                both = replace(kind, amount=_TOGETHER[does], plural=True)  # "los dos azules"
                chosen = self._answers.answer([both], 0, view)
                return chosen[0] if chosen is not None else self._unnamed.acts(both, view)
            case [Spoken(Does.ANOTHER), Bare(words=words) as kind, *_] if words and view.lines:
                return self._unnamed.acts(replace(kind, does=Does.ADD), view) or [Unresolved(kind.text)]
            case [Named(Does.ORDER | Does.ADD, Mention(skus=()) as said), Bare(amount=None, plural=bool()) as kind, *_]:
                return self._measured(said, kind, view)
            case [Named(Does.REMOVE, goes), Named(Does.ORDER | Does.SET, comes)]:
                counted = any(mention.amount is not None or mention.unusable for mention in (goes, comes))
                skus, lines = skus_of(comes, self._catalogue), dict(view.lines)
                if not counted and skus and lines.keys().isdisjoint(skus) and len(self._lines_of(goes, view)) == 1:
                    return self._replaced(goes, comes, view)
        return None

    def _measured(self, said: Mention, kind: Bare, view: View) -> list[Act] | None:
        """ "3 metros del angostito, el de 1 cm": so much of the kind that is named more clearly behind it."""
        if said.amount is None or not view.lines or said.words[0] not in self._measures:
            return None
        told = self._unnamed.qualities(replace(kind, does=Does.ADD, amount=said.amount), view)
        return told if len(told) == 1 and isinstance(told[0], Add) else None

    def _lowered(self, step: Named, view: View) -> list[Act]:
        """ "bájale 2 a las gorras", "ya no quiero tantas gorras, solo 2"; without a number recado asks how many."""
        found = self._lines_of(step.mention, view)
        quantity = quantity_of(step.mention.amount)
        if len(found) != 1:
            return [Unresolved(step.mention.text)]
        if quantity is None:
            return [AskBack(step.mention.text, (found[0],), None, sets=True)]
        return [Subtract(found[0], quantity) if step.does is Does.LOWER else SetQuantity(found[0], quantity)]

    def _lines_of(self, mention: Mention, view: View) -> list[str]:
        """The lines that a thing may be: those of its products, otherwise the only one with its head or qualities."""
        lines = [sku for sku, _ in view.lines]
        if mention.headless:  # "déjeme solo las de pollo"
            meant = self._ellipsis.lines(lines, kind_of(Named(Does.KEEP, mention))).skus
            if len(meant) == 1:
                return list(meant)
        skus = skus_of(mention, self._catalogue)
        found = [sku for sku in lines if sku in skus]
        if found:
            plural = mention.words[:1] and mention.words[0].endswith("s")
            return found if len(found) == 1 or plural else []
        if len(skus) == 1:
            said = as_bare(Named(Does.REMOVE, mention))  # "la camisa" is the only "camisa polo"
            kin = [sku for sku in lines if self._wanted.is_alike(sku, skus[0])]
            alike = [s for s in kin if self._ellipsis.has_any(s, said) or self._ellipsis.by_names([s], mention.words)]
            sizes = [word for word in mention.words if not word.isalpha()]  # "el foco 12V" is not the "foco LED"
            alike = list(self._ellipsis.by_names(alike, sizes)) if sizes else alike
            return alike if len(alike) == 1 else []
        if skus:  # "la funda", of which the shop has more than a question may name
            alike = [sku for sku in lines if self._wanted.is_alike(sku, skus[0])] if len(mention.words) == 1 else []
            return alike if len(alike) == 1 else []
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
            if isinstance(goes, Mention) and isinstance(comes, Bare) and comes.mends:
                counts = comes.amount is not None and not comes.words and len(skus_of(goes, self._catalogue)) == 1
                does = Does.ORDER if counts else Does.SET
                return self._named(Named(does, goes), view)
            return [Unresolved(text)]
        if isinstance(goes, Mention) and isinstance(comes, Bare) and comes.recounts(goes):
            amount = self._answers.amount(comes, found[0])
            sets = SetQuantity(found[0], amount) if amount is not None else None
            return [sets or AskBack(goes.text, tuple(found), None, sets=True)]
        skus, quantity, text = self._comes(found[0], goes, comes)
        if not skus:
            counted = SetQuantity(found[0], quantity) if quantity is not None else Unresolved(text)
            return [Missing(text) if isinstance(comes, Mention) else counted]
        if len(skus) > 1:
            lost = dict(view.lines)[found[0]] if taken is None else taken
            return [Remove(found[0]), AskBack(text, skus, quantity or lost)]
        if skus[0] == found[0]:
            return [SetQuantity(found[0], quantity)]
        return [Replace(found[0], skus[0], quantity, taken)]

    def _comes(
        self, sku: str, goes: Mention | Bare, comes: Mention | Bare
    ) -> tuple[tuple[str, ...], Quantity | None, str]:
        """The products that replace `sku`, how many, and how the customer wrote them."""
        if isinstance(comes, Mention):
            skus = skus_of(comes, self._catalogue)
            if len(skus) == 1 and not self._wanted.is_alike(sku, skus[0]):
                kin = self._ellipsis.kin(sku, as_bare(Named(Does.ORDER, comes))).skus
                skus = kin if len(kin) == 1 else skus  # "las medias que sean deportivas", where shoes are called so
            return skus, quantity_of(comes.amount), comes.text
        meant = self._ellipsis.kin(sku, comes)
        if len(meant.skus) > 1 and isinstance(goes, Bare):  # "la hawaiana mejor mediana"
            both = replace(comes, fragment=f"{goes.fragment} {comes.fragment}", text=f"{goes.fragment} {comes.text}")
            meant = self._ellipsis.kin(sku, both)
        if len(meant.skus) > 1 and len(nearest := self._ellipsis.nearest(sku, meant.skus)) == 1:
            meant = replace(meant, skus=tuple(nearest))  # "la cubeta mejor hueso", of which there are gallons, too
        return meant.skus, meant.quantity if meant.skus else self._answers.amount(comes, sku), comes.text

    def _scaled(self, factor: Fraction, mention: Mention | None, view: View) -> list[Act]:
        if mention is None:
            return [Scale(factor)] if view.lines else [Unresolved("")]
        found = self._lines_of(mention, view)
        scaled = Fraction(dict(view.lines)[found[0]]) * factor if len(found) == 1 else None
        if scaled is None or (scaled.denominator != 1 and self._catalogue.by_sku[found[0]].unit is None):
            return [Unresolved(mention.text)]
        return [SetQuantity(found[0], as_sold(scaled))]


def _settles(mention: Mention, sku: str, view: View) -> list[Act]:
    """Drops the question "¿Cuál «hawaiana»?" after "la hamburguesa hawaiana", although it was about pizzas."""
    for index, pending in enumerate(view.pending):
        if sku not in pending.candidates and set(plain(pending.text).split()) <= set(mention.words):
            return [DropQuestion(index)]
    return []


def _listed(step: Bare, steps: Sequence[Step], at: int) -> Bare:
    """ "esmalte rojo, negro y nude": a quality in a list is another one of the same."""
    before = steps[at - 1] if at else None
    listed = isinstance(before, Named) and before.does is Does.ORDER and len(before.mention.skus) == 1
    goes_on = at + 1 < len(steps) and isinstance(steps[at + 1], Named | Bare)
    alone = step.describes and step.amount is None and step.does is Does.ORDER
    return replace(step, does=Does.ADD) if listed and goes_on and alone else step


def _pointed_at(goes: Bare, view: View) -> list[str]:
    """The lines that a number alone removes from: the only line with that quantity, otherwise the last topic."""
    counted = [sku for sku, quantity in view.lines if goes.plural is not None and quantity == goes.amount]
    target = view.target
    return counted if len(counted) == 1 else [] if target is None else [target]
