"""What a message does to the order at hand, and what that is read against: values only."""

from decimal import Decimal
from fractions import Fraction

import msgspec

Quantity = int | Decimal


class Add(msgspec.Struct, frozen=True, gc=False):
    """So many more of a sku. confidence: the chance (0..1) that it is what was meant."""

    sku: str
    quantity: Quantity
    confidence: float = 1.0


class SetQuantity(msgspec.Struct, frozen=True):
    """The quantity of a line; None leaves it as it is."""

    sku: str
    quantity: Quantity | None


class Remove(msgspec.Struct, frozen=True):
    """A line goes."""

    sku: str


class Subtract(msgspec.Struct, frozen=True):
    """So many fewer."""

    sku: str
    quantity: Quantity


class KeepOnly(msgspec.Struct, frozen=True):
    """All other lines go; a quantity where one was said."""

    lines: tuple[tuple[str, Quantity | None], ...]


class Replace(msgspec.Struct, frozen=True):
    """One sku takes another's place. quantity: its own; None takes that of the line. taken: how many of it go."""

    goes: str
    comes: str
    quantity: Quantity | None = None
    taken: Quantity | None = None


class Scale(msgspec.Struct, frozen=True):
    """So many times as much of all lines."""

    factor: Fraction


class AskBack(msgspec.Struct, frozen=True):
    """A question that stays: which of the candidates, or how many of the only one."""

    text: str
    candidates: tuple[str, ...]
    quantity: Quantity | None


class Answer(msgspec.Struct, frozen=True):
    """A question is answered by skus; a quantity of None takes what waits."""

    question: int
    picks: tuple[tuple[str, Quantity | None], ...]


class Narrow(msgspec.Struct, frozen=True):
    """A question is asked again with fewer candidates, or with another quantity."""

    question: int
    candidates: tuple[str, ...]
    quantity: Quantity | None


class DropQuestion(msgspec.Struct, frozen=True):
    """The customer no longer wants what a question is about."""

    question: int


class Missing(msgspec.Struct, frozen=True):
    """Something that is not sold was asked for; told once. like: names of products that it may be meant for."""

    text: str
    like: tuple[str, ...] = ()


class Unresolved(msgspec.Struct, frozen=True):
    """The meaning is unclear; asked once."""

    text: str


class Repeat(msgspec.Struct, frozen=True):
    """The same as in the last order."""


class Pending(msgspec.Struct, frozen=True):
    """A question that waits: see `AskBack`."""

    text: str
    candidates: tuple[str, ...]
    quantity: Quantity | None = None


class AskPrice(msgspec.Struct, frozen=True):
    """What these cost; the quantity that was asked about. offered: products of which any may be meant."""

    lines: tuple[tuple[str, Quantity], ...]
    offered: Pending | None = None


class Take(msgspec.Struct, frozen=True):
    """What was asked about is ordered; where nothing was, it is a yes."""


class Confirm(msgspec.Struct, frozen=True):
    """A yes to the whole."""


class Decline(msgspec.Struct, frozen=True):
    """A no to the whole."""


class CancelAll(msgspec.Struct, frozen=True):
    """The whole is called off, also where it is confirmed."""


class AskTotal(msgspec.Struct, frozen=True):
    """The open quote is to be shown again."""


class Close(msgspec.Struct, frozen=True):
    """The list is complete. That is no yes."""


class StartOver(msgspec.Struct, frozen=True):
    """The open quote is dropped."""


class AskPerson(msgspec.Struct, frozen=True):
    """The customer asks for a person."""


Edit = Add | SetQuantity | Remove | Subtract | KeepOnly | Replace | Scale | Repeat
Talked = AskBack | Answer | Narrow | DropQuestion | Missing | Unresolved
Act = Edit | Talked | AskPrice | Take | Confirm | Decline | CancelAll | AskTotal | Close | StartOver | AskPerson


class View(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the steps are read against.

    lines: skus with quantities. topic: skus of the last order or change. asked: skus with quantities of the last price
    question; offered: what else it may have been about. ordered: skus of a confirmed order, which is not changed here.
    """

    lines: tuple[tuple[str, Quantity], ...] = ()
    pending: tuple[Pending, ...] = ()
    topic: tuple[str, ...] = ()
    asked: tuple[tuple[str, Quantity], ...] = ()
    offered: Pending | None = None
    ordered: tuple[str, ...] = ()

    @property
    def target(self) -> str | None:
        """The product that a bare number is of: that of the last order or change, or the only line."""
        lines = [sku for sku, _ in self.lines]
        if len(self.topic) == 1 and self.topic[0] in lines:
            return self.topic[0]
        return lines[0] if len(lines) == 1 else None
