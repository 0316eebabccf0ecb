"""The lines that the reader makes of an order, as steps of a conversation."""

from collections.abc import Sequence, Set
from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from recado.quotes.acts.acts import View
from recado.quotes.language.constructions import Does
from recado.quotes.reading.intent import Intent
from recado.quotes.script.clauses import Bare, Mention, Named, Script, Spoken, Step
from recado.quotes.service import Quote, QuoteLine

_FEWER: Final = frozenset([Does.LOWER, Does.FEWER])
_ADDS: Final = frozenset([Does.ORDER, Does.ADD])


def as_read(script: Script, quote: Quote | None, view: View) -> Sequence[Step]:
    """The reader's lines, if it accounts for all of an order; otherwise the script's steps. Only the reader knows that
    "2 camisas M y 1 camisa L" are 3, and that a number is a size, a phone number or a share."""
    if quote is None or quote.intent is not Intent.ORDER or quote.asks or quote.too_many:
        return script.steps
    if script.priced or script.offers or view.pending or view.asked or view.offered:
        return script.steps
    does = {step.does for step in script.steps if isinstance(step, Named | Bare)}
    if script.says_no_more or (does and does <= _FEWER):
        return script.steps
    return _anew(script, quote) if view.is_empty else _changed(script, quote, view)


def _anew(script: Script, quote: Quote) -> Sequence[Step]:
    """The reader's lines, and the steps about the order as a whole; the reader has already made the other changes."""
    steps = script.steps
    first = next(at for at, step in enumerate(steps) if not isinstance(step, Spoken))
    spoken = [step for step in steps[first:] if isinstance(step, Spoken)]
    return [*steps[:first], *_lines(quote, [step for step in steps if isinstance(step, Named)]), *spoken]


def _changed(script: Script, quote: Quote, view: View) -> Sequence[Step]:
    """The reader's lines, if the steps only add to a quote."""
    named = [step for step in script.steps if isinstance(step, Named)]
    closing = [step for step in script.steps if isinstance(step, Spoken) and step.does is Does.CLOSE]
    bare = [step for step in script.steps if isinstance(step, Bare)]
    if len(named) + len(closing) + len(bare) < len(script.steps) or not named or any(map(_tells_apart, bare)):
        return script.steps
    if (view.lines or view.ordered) and not _ADDS.issuperset(
        [*(step.does for step in named), *(step.does for step in bare)]
    ):
        return script.steps
    if view.lines and (
        _drops(named, quote, view)
        or any(_adds_to_line(step, view) or _counts_otherwise(step, quote, view) for step in named)
    ):
        return script.steps
    if script.agrees and _loses(script, quote, named, bare):
        return script.steps
    if any(step.mention.headless for step in named) and any(step.mention.amount is None for step in named):
        return script.steps  # "lijas, 5 de 100 y 5 de 220"
    return [*_lines(quote, named), *closing]


def _lines(quote: Quote, named: Sequence[Named]) -> list[Named]:
    """The reader's lines as steps."""
    counted = {sku for step in named if step.mention.amount is not None for sku in step.mention.skus}
    adds = {sku for step in named if step.does is Does.ADD for sku in step.mention.skus}
    said = {sku: step.mention for step in named for sku in step.mention.skus}
    return [_line(item, counted, adds, said.get(item.sku)) for item in quote.items]


def _adds_to_line(step: Named, view: View) -> bool:
    """ "de la gorra échale otra más": whether a number behind its verb is added to a line, or to an unknown thing."""
    mention = step.mention
    if step.does is not Does.ADD or not mention.definite or mention.amount is None:
        return False
    return not mention.skus or any(sku in mention.skus for sku, _ in view.lines)


def _counts_otherwise(step: Named, quote: Quote, view: View) -> bool:
    """ "deja el cable 12 en 15 metros", "mejor 2 camisas y que sean 3 gorras": whether a number, which the reader gives
    to no thing, is the new quantity of a line."""
    ones = {item.sku for item in quote.items if item.quantity == 1}
    return (
        step.mention.amount not in (None, 1)
        and not ones.isdisjoint(step.mention.skus)
        and not ones.isdisjoint(sku for sku, _ in view.lines)
    )


def _drops(named: Sequence[Named], quote: Quote, view: View) -> bool:
    """Whether the reader has taken back a line that a step changes."""
    lines, kept = {sku for sku, _ in view.lines}, {item.sku for item in quote.items}
    return any(lines.intersection(step.mention.skus) and kept.isdisjoint(step.mention.skus) for step in named)


def _loses(script: Script, quote: Quote, named: Sequence[Named], bare: Sequence[Bare]) -> bool:
    """Whether something beside a yes has no part in the reader's lines."""
    lines = {item.sku for item in quote.items}
    return any(lines.isdisjoint(step.mention.skus) for step in named) or any(
        not script.tells.isdisjoint(step.places) for step in bare
    )


def _line(item: QuoteLine, counted: Set[str], adds: Set[str], said: Mention | None) -> Named:
    """A line of the reader as a step, without a number if the customer gave none."""
    amount: int | Fraction | None = item.quantity if isinstance(item.quantity, int) else Fraction(item.quantity)
    if amount == 1 and item.sku not in counted:
        amount = None
    mention = Mention(text=item.name, skus=(item.sku,), amount=amount, confidence=item.confidence)
    if said is not None:
        mention = replace(mention, words=said.words, definite=said.definite)
    return Named(Does.ADD if item.sku in adds else Does.ORDER, mention)


def _tells_apart(step: Bare) -> bool:
    """Whether a step has words that may name another thing: "un kilo de helado y conos"."""
    return any(len(word) > 2 for word in step.words) and not (step.describes or step.foreign)
