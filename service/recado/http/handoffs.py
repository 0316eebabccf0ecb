"""Hand-offs in the admin API: another inbox takes a conversation, and gives it back."""

import logging
from collections.abc import Callable
from typing import Annotated

from fastapi import Body, HTTPException, Response

from recado.conversation import staff
from recado.http.bodies import HandoffResponse, json_response
from recado.orders import HandoffChange
from recado.queue.errors import StoreUnavailable
from recado.queue.protocol import Outbox
from recado.settings import Settings

log = logging.getLogger(__name__)

SECONDS_AN_HOUR = 3600

Customer = Annotated[
    str, Body(embed=True, description="A phone number with country code, or a user id.", min_length=1, max_length=256)
]
Number = Annotated[
    str | None,
    Body(embed=True, description="The id of the business number; not needed where there is one.", max_length=64),
]
Hours = Annotated[
    float | None, Body(embed=True, gt=0, le=720, description="For how long; default: RECADO_HOLD_SECONDS.")
]


class Handoffs:
    """The routes for systems with the bearer token."""

    def __init__(self, queue: Outbox, settings: Settings) -> None:
        self._queue = queue
        self._settings = settings

    async def take(self, customer: Customer, phone_number_id: Number = None, hours: Hours = None) -> Response:
        """Gives the conversation with a customer to a person: recado then replies only to taps on a quote."""
        seconds = None if hours is None else hours * SECONDS_AN_HOUR
        now = self._queue.now()
        return await self._change(lambda: staff.handoff(self._settings, customer, phone_number_id, now, seconds))

    async def give_back(self, customer: Customer, phone_number_id: Number = None) -> Response:
        """Gives the conversation with a customer back to recado."""
        now = self._queue.now()
        return await self._change(lambda: staff.resume(self._settings, customer, phone_number_id, now))

    async def _change(self, asked: Callable[[], HandoffChange]) -> Response:
        try:
            change = asked()
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        try:
            changed = await self._queue.change_handoff(change)
        except StoreUnavailable as error:
            raise HTTPException(503, "the conversation cannot be changed") from error
        log.info(
            "a conversation was given to a person or back",
            extra={"action": "handoff.changed", "held": change.until is not None, "changed": changed},
        )
        return json_response(HandoffResponse(changed))
