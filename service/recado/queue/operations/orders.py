"""Orders: what the shop's staff reads and changes."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from recado.events.facts import OrderCancelled, OrderUpdated
from recado.orders import OrderState
from recado.orders.shop import Move, Moved, MoveOutcome, OrderStep, ShopOrder, outcome_of
from recado.queue.model import Lane, NewRow, State, as_json
from recado.queue.operations.customers import read_customers, read_order, talk_of
from recado.queue.operations.outside import add_outside, row_outside
from recado.queue.operations.transaction import Transaction
from recado.telemetry import metrics
from recado.whatsapp.content import Windowed

_steps = msgspec.json.Decoder(tuple[OrderStep, ...]).decode


def move_orders(transaction: Transaction, moves: Sequence[Move]) -> list[Moved]:
    """Moves orders, and queues a notice to each customer who may be written to."""
    return [_move(transaction, move) for move in moves]


def _move(transaction: Transaction, move: Move) -> Moved:
    for row in transaction.run("shop_order", move.number):
        before = shop_order(row)
        outcome = outcome_of(before, move)
        if outcome is not MoveOutcome.DONE:
            return Moved(outcome=outcome, order=before)
        steps = (*before.steps, OrderStep(move.state, transaction.now, move.key))
        transaction.run("move_order", move.number, move.state, transaction.now, as_json(steps))
        transaction.totals.inc(metrics.ORDERS, move.state, before.order.source)
        order = replace(before.order, state=move.state, changed_at=transaction.now)
        *_, key, channel, wrote_at = row
        transaction.run("new_versions", as_json([key]))
        changed = OrderCancelled if move.state is OrderState.CANCELLED else OrderUpdated
        number = f"{transaction.audience.order_prefix}{move.number}"
        fact = changed(number=number, state=move.state.value, reason="staff")
        transaction.tell(key, fact, before.phone, before.user_id, before.traceparent)
        told = _tell(transaction, before, move, key, Lane(channel, before.phone_number_id), wrote_at)
        return Moved(outcome=outcome, order=replace(before, order=order, steps=steps), told=told)
    return Moved(outcome=MoveOutcome.UNKNOWN)


def _tell(transaction: Transaction, order: ShopOrder, move: Move, key: str, lane: Lane, wrote_at: float) -> int | None:
    """Queues the notice: itself inside the customer's window; outside it, its replacement, if there is one."""
    now = transaction.now
    deadline_at = wrote_at + move.window_seconds
    if talk_of(read_customers(transaction, [key])[key].talk).permission.opted_out:
        return None
    if deadline_at <= now:
        if move.outside is None or (order.phone is None and order.user_id is None):  # the customer was erased
            return None
        row = row_outside(
            transaction, lane.name, key, order.phone, order.user_id, move.outside, None, order.traceparent
        )
        return add_outside(transaction, [row])[0]
    row = NewRow(
        id=transaction.take_ids(1),
        state=State.QUEUED,
        channel=lane.channel,
        lane=lane.name,
        key=key,
        phone=order.phone,
        user_id=order.user_id,
        wamid=None,
        answers=None,
        content=move.notice if move.outside is None else Windowed(move.notice, move.outside),
        written_at=now,
        received_at=now,
        deadline_at=deadline_at,
        traceparent=order.traceparent,
        due_at=now,
    )
    transaction.run("add", as_json([row]))
    transaction.totals.inc(metrics.QUEUED)
    transaction.lanes.of(lane)
    return row.id


def shop_order(row: Sequence[Any]) -> ShopOrder:
    """An order from a row of the statements `shop_order`, `orders` and `orders_in`."""
    *order, phone, user_id, lane, steps, traceparent, _, _, _ = row
    return ShopOrder(
        order=read_order(order),
        phone_number_id=lane,
        phone=phone,
        user_id=user_id,
        steps=_steps(steps),
        traceparent=traceparent,
    )
