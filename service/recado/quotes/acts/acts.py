"""What a message does to the present order, and what the message is read against. Values only."""

from decimal import Decimal
from fractions import Fraction

import msgspec

Quantity = int | Decimal


class Add(msgspec.Struct, frozen=True, gc=False):
    """Adds a quantity of a sku. confidence: the chance (0..1) that the customer meant this."""

    sku: str
    quantity: Quantity
    confidence: float = 1.0


class SetQuantity(msgspec.Struct, frozen=True):
    """Sets the quantity of a line; None leaves it as it is."""

    sku: str
    quantity: Quantity | None


class Remove(msgspec.Struct, frozen=True):
    """Removes a line."""

    sku: str


class Subtract(msgspec.Struct, frozen=True):
    """Reduces the quantity of a line."""

    sku: str
    quantity: Quantity


class KeepOnly(msgspec.Struct, frozen=True):
    """Removes all other lines. lines: skus, each with a quantity if the customer said one."""

    lines: tuple[tuple[str, Quantity | None], ...]


class Replace(msgspec.Struct, frozen=True):
    """Puts one sku in the place of another. quantity: of the new one; None keeps that of the line.
    taken: how many of the old one are replaced."""

    goes: str
    comes: str
    quantity: Quantity | None = None
    taken: Quantity | None = None


class Scale(msgspec.Struct, frozen=True):
    """Multiplies the quantities of all lines."""

    factor: Fraction


class AskBack(msgspec.Struct, frozen=True):
    """Asks a question that stays open: which of the candidates, or how many of the only one. sets: the answer is the
    new quantity of a line."""

    text: str
    candidates: tuple[str, ...]
    quantity: Quantity | None
    sets: bool = False


class Answer(msgspec.Struct, frozen=True):
    """Answers a question with skus. A quantity of None means the one of the question."""

    question: int
    picks: tuple[tuple[str, Quantity | None], ...]


class Narrow(msgspec.Struct, frozen=True):
    """Asks a question again with fewer candidates, or with another quantity."""

    question: int
    candidates: tuple[str, ...]
    quantity: Quantity | None


class DropQuestion(msgspec.Struct, frozen=True):
    """Drops a question, because the customer no longer wants the thing."""

    question: int


class Missing(msgspec.Struct, frozen=True):
    """The customer asked for something that is not sold; the reply says so once. like: skus of similar products, which
    the next message may choose; quantity: of what was asked for."""

    text: str
    like: tuple[str, ...] = ()
    quantity: Quantity | None = None


class Unresolved(msgspec.Struct, frozen=True):
    """The meaning is unclear; the reply asks once."""

    text: str


class Repeat(msgspec.Struct, frozen=True):
    """Orders the same as in the last order."""


class Pending(msgspec.Struct, frozen=True):
    """An open question; see `AskBack`."""

    text: str
    candidates: tuple[str, ...]
    quantity: Quantity | None = None


class AskPrice(msgspec.Struct, frozen=True):
    """Asks for the prices of products, each with its quantity. offered: products of which any may be meant."""

    lines: tuple[tuple[str, Quantity], ...]
    offered: Pending | None = None


class Take(msgspec.Struct, frozen=True):
    """Orders the things of the last price question; if there was none, it is a yes."""


class Confirm(msgspec.Struct, frozen=True):
    """Says yes to the whole quote."""


class Decline(msgspec.Struct, frozen=True):
    """Says no to the whole quote."""


class CancelAll(msgspec.Struct, frozen=True):
    """Cancels everything, also a confirmed order."""


class AskTotal(msgspec.Struct, frozen=True):
    """Asks to see the open quote again."""


class Close(msgspec.Struct, frozen=True):
    """Says that the list is complete. That is not a yes."""


class StartOver(msgspec.Struct, frozen=True):
    """Drops the open quote and begins again."""


class AskPerson(msgspec.Struct, frozen=True):
    """Asks for a person."""


Edit = Add | SetQuantity | Remove | Subtract | KeepOnly | Replace | Scale | Repeat
Talked = AskBack | Answer | Narrow | DropQuestion | Missing | Unresolved
Act = Edit | Talked | AskPrice | Take | Confirm | Decline | CancelAll | AskTotal | Close | StartOver | AskPerson


class View(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the steps are read against. lines: skus with quantities. topic: skus of the last order or change. asked:
    skus with quantities of the last price question; asked_before: those of the question right before it; offered:
    what else it may have been about. instead: what recado named in place of a thing that is not sold. ordered: skus of
    a confirmed order, which is not changed here. named: skus that the message itself has named so far."""

    lines: tuple[tuple[str, Quantity], ...] = ()
    pending: tuple[Pending, ...] = ()
    topic: tuple[str, ...] = ()
    asked: tuple[tuple[str, Quantity], ...] = ()
    asked_before: tuple[tuple[str, Quantity], ...] = ()
    offered: Pending | None = None
    instead: Pending | None = None
    ordered: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that a message could change, answer or come back to."""
        return not (self.lines or self.pending or self.asked or self.offered or self.instead or self.ordered)

    @property
    def target(self) -> str | None:
        """The product that a bare number refers to: the line that recado asks about, the line of the last order or
        change, or the only line."""
        lines = [sku for sku, _ in self.lines]
        for pending in reversed(self.pending):
            if len(pending.candidates) == 1 and pending.candidates[0] in lines:
                return pending.candidates[0]
        if len(self.topic) == 1 and self.topic[0] in lines:
            return self.topic[0]
        return lines[0] if len(lines) == 1 else None
