"""An order for the shop's staff, and the changes of its state."""

from enum import StrEnum
from typing import Final

import msgspec

from recado.orders.order import Order, OrderState
from recado.whatsapp.content import Outside, Text

#: The staff's possible changes of an order's state.
MOVES: Final = {
    OrderState.PLACED: frozenset({OrderState.ACCEPTED, OrderState.CANCELLED}),
    OrderState.ACCEPTED: frozenset({OrderState.COMPLETED, OrderState.CANCELLED}),
    OrderState.COMPLETED: frozenset(),
    OrderState.CANCELLED: frozenset(),
}


class OrderStep(msgspec.Struct, frozen=True):
    """A change of state: the new state, its time (Unix seconds), and the key of its request, if it had one."""

    state: OrderState
    at: float
    key: str | None = None


class ShopOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order, its business number and its customer. steps: the changes of its state, in order. traceparent: that of
    the message that placed it, if its trace was sampled."""

    order: Order
    phone_number_id: str
    phone: str | None
    user_id: str | None
    steps: tuple[OrderStep, ...] = ()
    traceparent: str | None = None


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A request of the staff to change an order's state. key: identifies repetitions of the same request.

    notice: the text for the customer, if he wrote within the last `window_seconds`. outside: what he gets otherwise.
    """

    number: int
    state: OrderState
    key: str | None = None
    notice: Text
    outside: Outside | None = None
    window_seconds: float


class MoveOutcome(StrEnum):
    """The result of a request."""

    DONE = "done"
    REPEATED = "repeated"
    """The request was made before, or the order already has the state; nothing changes, and no second notice is
    sent."""
    REFUSED = "refused"
    """The order cannot reach that state from its present one."""
    KEY_REUSED = "key_reused"
    """The key belongs to another request."""
    UNKNOWN = "unknown"
    """There is no such order."""


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a request, and the present order. told: the id of the customer's notice in the queue."""

    outcome: MoveOutcome
    order: ShopOrder | None = None
    told: int | None = None


def outcome_of(order: ShopOrder, move: Move) -> MoveOutcome:
    """Decides the result of a request for an order in its present state."""
    used = [step.state for step in order.steps if move.key is not None and step.key == move.key]
    if used:
        return MoveOutcome.REPEATED if move.state in used else MoveOutcome.KEY_REUSED
    if order.order.state is move.state:
        return MoveOutcome.REPEATED
    return MoveOutcome.DONE if move.state in MOVES[order.order.state] else MoveOutcome.REFUSED
