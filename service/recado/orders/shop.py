"""An order as the shop's staff sees it, and the changes of its state."""

from enum import StrEnum
from typing import Final

import msgspec

from recado.orders.order import Order, OrderState
from recado.whatsapp.content import Outside, Text

#: Every move of the staff.
MOVES: Final = {
    OrderState.PLACED: frozenset({OrderState.ACCEPTED, OrderState.CANCELLED}),
    OrderState.ACCEPTED: frozenset({OrderState.COMPLETED, OrderState.CANCELLED}),
    OrderState.COMPLETED: frozenset(),
    OrderState.CANCELLED: frozenset(),
}


class Step(msgspec.Struct, frozen=True):
    """A move that was made: to which state, when (Unix seconds), and the key of the request for it, if it had one."""

    state: OrderState
    at: float
    key: str | None = None


class ShopOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order, the business number that it was placed at, and who placed it. steps: the moves since, in order.
    traceparent: of the message that placed it, if its trace was sampled."""

    order: Order
    phone_number_id: str
    phone: str | None
    user_id: str | None
    steps: tuple[Step, ...] = ()
    traceparent: str | None = None


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A request of the staff's. key: the same request comes again with the same one.

    notice: what the customer is told, if he wrote within the last `window_seconds`. outside: what he is told
    otherwise.
    """

    number: int
    state: OrderState
    key: str | None = None
    notice: Text
    outside: Outside | None = None
    window_seconds: float


class MoveOutcome(StrEnum):
    """What became of a move."""

    DONE = "done"
    REPEATED = "repeated"
    """It was made before; nothing changes, and no second notice is sent."""
    REFUSED = "refused"
    """The order cannot move there from its present state."""
    KEY_REUSED = "key_reused"
    """The key belongs to another move."""
    UNKNOWN = "unknown"
    """There is no such order."""


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a move, and the order as it is now. told: the id of the customer's notice in the queue."""

    outcome: MoveOutcome
    order: ShopOrder | None = None
    told: int | None = None


def outcome_of(order: ShopOrder, move: Move) -> MoveOutcome:
    """Decides the result of a move for an order in its present state."""
    used = [step.state for step in order.steps if move.key is not None and step.key == move.key]
    if used:
        return MoveOutcome.REPEATED if move.state in used else MoveOutcome.KEY_REUSED
    if order.order.state is move.state:
        return MoveOutcome.REPEATED
    return MoveOutcome.DONE if move.state in MOVES[order.order.state] else MoveOutcome.REFUSED
