"""The web pod: wires, decides nothing."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from recado import __version__
from recado.cluster import events
from recado.conversation import Conversation
from recado.delivery import Delivery
from recado.drain import Drain
from recado.http import webhook
from recado.http.admin import admin_router
from recado.http.answers import error_body
from recado.http.handshake import handshake_router
from recado.http.health import health_router
from recado.http.openapi import add_descriptions
from recado.http.webhook import Webhook
from recado.outgoing import Outgoing
from recado.queue.policy import RetryPolicy
from recado.queue.protocol import RetryQueue
from recado.queue.sqlite import SqliteRetryQueue
from recado.quotes import CatalogueFile, QuoteService
from recado.quotes.catalogue import DEFAULT_PATH
from recado.settings import Settings
from recado.telemetry.exposition import WebMetrics
from recado.whatsapp.client import make_whatsapp

log = logging.getLogger(__name__)

#: How often the catalogue's file is looked at.
CATALOGUE_SECONDS = 2.0

ERROR_CODES = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    422: "bad_request",
}


class App:
    """The pod's ASGI application: the webhook's POST goes straight to its own, everything else to FastAPI."""

    def __init__(self, api: FastAPI, webhook: Webhook, queue: RetryQueue, drain: Drain) -> None:
        self.api = api
        self.queue = queue
        self._webhook = webhook
        self._drain = drain

    def leave(self) -> None:
        """The pod has been told to stop: a drain that was asked for claims no more, so that it can be answered."""
        self._drain.stop.set()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        hot = scope["type"] == "http" and scope["path"] == webhook.PATH and scope["method"] == "POST"
        await (self._webhook if hot else self.api)(scope, receive, send)


def create_app(
    settings: Settings,
    *,
    metrics: WebMetrics,
    queue: RetryQueue | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    clock: Callable[[], float] = time.time,
) -> App:
    """The web pod's application. `queue` and `transport` stand in for the store and the way to Meta in tests.

    Raises StoreError, StoreUnavailable or CatalogueError when it could not work.
    """
    catalogue = CatalogueFile(settings.catalogue or DEFAULT_PATH)
    if queue is None:
        queue = SqliteRetryQueue(settings.database, RetryPolicy(settings), clock=clock, observer=metrics)
    whatsapp = make_whatsapp(settings, transport)
    quotes = QuoteService(
        lambda: catalogue.current,
        max_quantity=settings.max_quantity,
        confidence_threshold=settings.confidence_threshold,
    )
    conversation = Conversation(quotes, lambda: catalogue.current)
    delivery = Delivery(queue, whatsapp, send_seconds=settings.send_seconds, clock=clock)
    outgoing = Outgoing(queue, delivery, whatsapp, most=settings.max_concurrent_sends, clock=clock)
    drain = Drain(queue, delivery, settings, clock=clock)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(_reload(catalogue, metrics)), asyncio.create_task(metrics.sample_loop())]
        if settings.events_deployment:
            tasks.append(asyncio.create_task(events.watch(queue.snapshot, settings.events_deployment)))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(outgoing.close(), drain.close())
            await whatsapp.aclose()
            await queue.close()

    api = FastAPI(
        title="recado",
        version=__version__,
        summary="Answers a shop's WhatsApp customers with a price quote.",
        lifespan=lifespan,
        exception_handlers={HTTPException: _http_error, RequestValidationError: _bad_parameter},
    )
    api.include_router(handshake_router(whatsapp, metrics))
    api.include_router(admin_router(queue, drain, settings.admin_token, metrics))
    api.include_router(health_router(queue))
    add_descriptions(api)
    hot = Webhook(settings, queue, whatsapp, conversation, outgoing, metrics, clock=clock)
    return App(api, hot, queue, drain)


async def _reload(catalogue: CatalogueFile, metrics: WebMetrics) -> None:
    """Looks at the catalogue's file for as long as the pod lives; a bad new file leaves the old one serving."""
    while True:
        await asyncio.sleep(CATALOGUE_SECONDS)
        metrics.catalogue_checked(await asyncio.to_thread(catalogue.reload_if_changed))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = ERROR_CODES.get(error.status_code, "unavailable")
    return Response(error_body(code, str(error.detail)), error.status_code, error.headers, "application/json")


async def _bad_parameter(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    return Response(error_body("bad_request", problems), 422, media_type="application/json")
