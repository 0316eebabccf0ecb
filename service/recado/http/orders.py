"""The orders in the admin API: list, show, and change their states."""

import logging
from typing import Annotated

from fastapi import Header, HTTPException, Path, Query, Response

from recado.conversation import staff
from recado.delivery.slots import SendSlots
from recado.http.bodies import OrderResponse, OrdersResponse, json_response
from recado.orders import OrderState
from recado.orders.shop import Moved, MoveOutcome
from recado.orders.view import number_in, view
from recado.queue.errors import StoreUnavailable
from recado.queue.protocol import OrderBook
from recado.settings import Settings
from recado.telemetry import tracing

log = logging.getLogger(__name__)

PAGE = 100

Number = Annotated[str, Path(description="The order's number, as `P-1042` or `1042`.", max_length=64)]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Names the request: when it comes again with the same key, nothing happens twice.",
        min_length=1,
        max_length=255,
    ),
]


class Orders:
    """The routes for the staff."""

    def __init__(self, book: OrderBook, slots: SendSlots, settings: Settings) -> None:
        self._book = book
        self._slots = slots
        self._settings = settings
        self._prefix = settings.order_prefix

    async def listing(
        self,
        after: Annotated[
            int, Query(ge=0, lt=2**63, description="Orders placed after the one with this number, without prefix.")
        ] = 0,
        state: Annotated[OrderState | None, Query(description="Only orders in this state.")] = None,
        limit: Annotated[int, Query(ge=1, le=1000, description="Orders on a page.")] = PAGE,
    ) -> Response:
        """A page of orders, in the sequence in which they were placed."""
        try:
            orders = await self._book.list_orders(after=after, state=state, limit=limit)
        except StoreUnavailable as error:
            raise HTTPException(503, "the orders cannot be read") from error
        next_after = orders[-1].order.number if len(orders) == limit else None
        return json_response(OrdersResponse([view(order, self._prefix) for order in orders], next_after))

    async def show(self, number: Number) -> Response:
        """One order."""
        try:
            order = await self._book.get_order(self._known(number))
        except StoreUnavailable as error:
            raise HTTPException(503, "the orders cannot be read") from error
        if order is None:
            raise _no_order(number)
        return json_response(OrderResponse(view(order, self._prefix)))

    async def accept(self, number: Number, key: Key = None) -> Response:
        """Accepts an order that was placed, and tells its customer inside Meta's window."""
        return await self._move(number, OrderState.ACCEPTED, key)

    async def complete(self, number: Number, key: Key = None) -> Response:
        """Completes an order that was accepted, and tells its customer inside Meta's window."""
        return await self._move(number, OrderState.COMPLETED, key)

    async def cancel(self, number: Number, key: Key = None) -> Response:
        """Cancels an order that is not completed, and tells its customer inside Meta's window."""
        return await self._move(number, OrderState.CANCELLED, key)

    async def _move(self, number: str, state: OrderState, key: str | None) -> Response:
        try:
            moved = await self._book.move_order(staff.move(self._settings, self._known(number), state, key))
        except StoreUnavailable as error:
            raise HTTPException(503, "the order cannot be changed") from error
        if moved.order is None:
            raise _no_order(number)
        if moved.outcome is MoveOutcome.REFUSED:
            raise HTTPException(409, f"an order that is {moved.order.order.state} cannot become {state}")
        if moved.outcome is MoveOutcome.KEY_REUSED:
            raise HTTPException(422, "this Idempotency-Key was used for another request")
        self._follow(moved)
        return json_response(OrderResponse(view(moved.order, self._prefix)))

    def _follow(self, moved: Moved) -> None:
        assert moved.order
        order = moved.order.order
        with tracing.moved(moved.order.traceparent, order.number, order.state.value, moved.outcome.value):
            log.info(
                "order moved",
                extra={
                    "action": "order.moved",
                    "order": order.number,
                    "state": order.state.value,
                    "outcome": moved.outcome.value,
                    "told": moved.told is not None,
                },
            )
            if moved.told is not None:
                self._slots.follow_up(moved.told, order.changed_at)

    def _known(self, number: str) -> int:
        found = number_in(number, self._prefix)
        if found is None:
            raise _no_order(number)
        return found


def _no_order(number: str) -> HTTPException:
    return HTTPException(404, f"there is no order {number}")
