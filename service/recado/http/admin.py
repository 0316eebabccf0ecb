"""The admin API: for operators with the bearer token, on a path that the ingress does not expose."""

import hmac
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Header, HTTPException, Query, Response

from recado.drain import Drain
from recado.http.answers import FailedMessageView, QueueStatusAnswer, RetryAnswer, RetryResult
from recado.http.openapi import described
from recado.queue.errors import StoreUnavailable
from recado.queue.protocol import RetryQueue
from recado.telemetry.exposition import WebMetrics

PAGE = 100


def bearer_check(admin_token: str, metrics: WebMetrics) -> Callable[..., None]:
    """A dependency that refuses whoever does not carry the token; without a configured token, everyone."""

    def check(authorization: Annotated[str, Header()] = "") -> None:
        scheme, _, token = authorization.partition(" ")
        known = hmac.compare_digest(token.encode("utf-8", "surrogatepass"), admin_token.encode())
        if not admin_token or scheme.lower() != "bearer" or not known:
            metrics.admin_refused()
            raise HTTPException(401, "a valid bearer token is required", {"WWW-Authenticate": "Bearer"})

    return check


def admin_router(queue: RetryQueue, drain: Drain, admin_token: str, metrics: WebMetrics) -> APIRouter:
    router = APIRouter(
        prefix="/api/v1/webhook", tags=["admin"], dependencies=[Depends(bearer_check(admin_token, metrics))]
    )

    @router.post("/retry", **described(RetryAnswer, 401, 503))
    async def retry() -> Response:
        """Drains the queue now, as the CronJob would; a second request waits for the first.

        A pod that is told to stop meanwhile sends no more, and answers with what was done until then.
        """
        try:
            report = await drain.run()
        except StoreUnavailable as error:
            raise HTTPException(503, "the queue cannot be worked on") from error
        result = RetryResult(messages_retried=report.retried, successful=report.successful, failed=report.failed)
        return _json(RetryAnswer(result))

    @router.get("/queue-status", **described(QueueStatusAnswer, 401, 422, 503))
    async def queue_status(
        after: Annotated[int, Query(ge=0, lt=2**63, description="Failed messages after this id.")] = 0,
        limit: Annotated[int, Query(ge=1, le=1000, description="Failed messages on a page.")] = PAGE,
    ) -> Response:
        """The queue at a glance, with a page of failed messages; recipients are masked."""
        try:
            status = await queue.status()
            failed = await queue.get_failed_messages(after=after, limit=limit)
        except StoreUnavailable as error:
            raise HTTPException(503, "the queue cannot be read") from error
        return _json(
            QueueStatusAnswer(
                queue_size=status.queue_size,
                pending_retry=status.pending_retry,
                in_flight=status.in_flight,
                unknown=status.unknown,
                failed=status.failed,
                failed_messages=[
                    FailedMessageView(id=m.id, to=m.to, attempts=m.attempts, last_error=m.last_error) for m in failed
                ],
                next_after=failed[-1].id if len(failed) == limit else None,
                success_rate=status.success_rate,
                avg_attempts=status.avg_attempts,
                oldest_due_seconds=status.oldest_due_seconds,
            )
        )

    return router


def _json(answer: Any) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")
