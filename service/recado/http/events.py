"""The events in the admin API: for systems that poll, and for those that have missed events."""

from typing import Annotated

from fastapi import HTTPException, Query, Response

from recado.events.endpoints import Shown, ShownText
from recado.events.event import shown
from recado.events.facts import TYPES
from recado.http.bodies import EventsResponse, json_response
from recado.queue.errors import StoreUnavailable
from recado.queue.protocol import EventLog

PAGE = 100


class Events:
    """The routes for systems with the bearer token."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def listing(
        self,
        after: Annotated[
            str,
            Query(pattern="^(evt_)?[0-9]{1,18}$", description="Events after this id, such as evt_1795689845120001."),
        ] = "0",
        limit: Annotated[int, Query(ge=1, le=1000, description="Events on a page.")] = PAGE,
        type_: Annotated[str, Query(alias="type", description="Only events of this type.")] = "",
    ) -> Response:
        """A page of events in order, as endpoints with `customer` and `text` set to `full` get them."""
        if type_ and type_ not in TYPES:
            raise HTTPException(422, f"there is no type {type_}; there are {', '.join(sorted(TYPES))}")
        try:
            events = await self._log.after(int(after.removeprefix("evt_")), limit=limit, types=[type_] if type_ else [])
        except StoreUnavailable as error:
            raise HTTPException(503, "the events cannot be read") from error
        page = EventsResponse(
            events=[shown(event, Shown.FULL, ShownText.FULL) for event in events],
            next_after=events[-1].public_id if len(events) == limit else None,
        )
        return json_response(page)
