"""The admin API: for operators with the bearer token, on a path that the ingress does not expose."""

import hmac
from typing import Annotated

from fastapi import Header, HTTPException, Query, Request, Response

from recado.delivery.drain import Drain
from recado.http.bodies import QueueEntryView, QueueStatusResponse, RetryResponse, RetryResult, json_response
from recado.http.limits import Guesses
from recado.queue.errors import StoreUnavailable
from recado.queue.protocol import RetryQueue
from recado.settings import Settings
from recado.telemetry.web_metrics import WebMetrics

PAGE = 100


class Admin:
    """The routes for operators."""

    def __init__(self, queue: RetryQueue, drain: Drain, settings: Settings, metrics: WebMetrics) -> None:
        self._queue = queue
        self._drain = drain
        self._token = settings.admin_token
        self._guesses = Guesses(settings.bad_signatures_per_minute, metrics)
        self._metrics = metrics

    def check_token(self, request: Request, authorization: Annotated[str, Header()] = "") -> None:
        """Refuses requests without the token; without a configured token, all of them."""
        self._guesses.refuse_too_many(request)
        scheme, _, token = authorization.partition(" ")
        known = hmac.compare_digest(token.encode("utf-8", "surrogatepass"), self._token.encode())
        if not self._token or scheme.lower() != "bearer" or not known:
            self._metrics.admin_refused()
            self._guesses.wrong(request)
            raise HTTPException(401, "a valid bearer token is required", {"WWW-Authenticate": "Bearer"})

    async def retry(self) -> Response:
        """Drains the queue now, as the CronJob would; a second request waits for the first.

        If the pod has to stop meanwhile, it sends no more and responds with what it has done so far.
        """
        try:
            report = await self._drain.run()
        except StoreUnavailable as error:
            raise HTTPException(503, "the queue cannot be worked on") from error
        result = RetryResult(messages_retried=report.retried, successful=report.successful, failed=report.failed)
        return json_response(RetryResponse(result))

    async def queue_status(
        self,
        after: Annotated[int, Query(ge=0, lt=2**63, description="Failed messages after this id.")] = 0,
        limit: Annotated[int, Query(ge=1, le=1000, description="Failed messages on a page.")] = PAGE,
    ) -> Response:
        """The queue at a glance, with a page of failed messages; recipients are masked."""
        try:
            status = await self._queue.status()
            failed = await self._queue.get_failed_messages(after=after, limit=limit)
        except StoreUnavailable as error:
            raise HTTPException(503, "the queue cannot be read") from error
        return json_response(
            QueueStatusResponse(
                queue_size=status.queue_size,
                pending_retry=status.pending_retry,
                in_flight=status.in_flight,
                unknown=status.unknown,
                failed=status.failed,
                failed_messages=[
                    QueueEntryView(id=m.id, to=m.to, attempts=m.attempts, last_error=m.last_error) for m in failed
                ],
                next_after=failed[-1].id if len(failed) == limit else None,
                success_rate=status.success_rate,
                avg_attempts=status.avg_attempts,
                oldest_due_seconds=status.oldest_due_seconds,
            )
        )
