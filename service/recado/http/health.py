"""The probes. Alive: the process and its event loop answer. Ready: a webhook could be accepted, so the queue can be
written; whether Meta can be reached is not this pod's readiness."""

import time

from fastapi import APIRouter, Response

from recado.queue.errors import StoreUnavailable
from recado.queue.protocol import RetryQueue

#: A probe's answer about the store is good for so long: probes must not become load.
CHECK_SECONDS = 2.0


def health_router(queue: RetryQueue) -> APIRouter:
    router = APIRouter(tags=["probes"])
    checked_at, problem = float("-inf"), ""

    @router.get("/livez", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def alive() -> Response:
        """Touches nothing but the event loop."""
        return Response("ok", media_type="text/plain")

    @router.get("/readyz", response_class=Response, responses={503: {"description": "the queue cannot be written"}})
    async def ready() -> Response:
        """200 when the queue can be written, 503 when it cannot."""
        nonlocal checked_at, problem
        if time.monotonic() - checked_at > CHECK_SECONDS:
            try:
                await queue.ping()
                problem = ""
            except StoreUnavailable:
                problem = "the queue cannot be written"
            checked_at = time.monotonic()
        return Response(problem or "ok", status_code=503 if problem else 200, media_type="text/plain")

    return router
