"""The report in the admin API."""

import asyncio
from typing import Annotated

from fastapi import HTTPException, Query, Response

from recado.http.bodies import ReportResponse, json_response
from recado.queue.errors import StoreUnavailable
from recado.queue.protocol import RetryQueue
from recado.quotes import CatalogueFile
from recado.report import MAX_DAYS, report
from recado.settings import Settings


class Reports:
    """Makes one report at a time: each reads all rows of its days."""

    def __init__(self, queue: RetryQueue, settings: Settings, catalogue: CatalogueFile) -> None:
        self._queue = queue
        self._settings = settings
        self._catalogue = catalogue
        self._one = asyncio.Lock()

    async def show(
        self, days: Annotated[int, Query(ge=1, le=MAX_DAYS, description="The last so many days, today included.")] = 30
    ) -> Response:
        """The report of the last days, in the shop's time zone."""
        try:
            async with self._one:
                made = await report(self._queue, self._settings, self._catalogue.current(), days)
        except StoreUnavailable as error:
            raise HTTPException(503, "the report cannot be made") from error
        return json_response(ReportResponse(made))
