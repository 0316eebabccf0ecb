"""The web pod's application: every route of the API, and the tasks that run as long as the pod does."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from recado import __version__
from recado.cluster import events
from recado.http.admin import Admin
from recado.http.bodies import (
    EventsResponse,
    HandoffResponse,
    OrderResponse,
    OrdersResponse,
    QueueStatusResponse,
    ReportResponse,
    RetryResponse,
    error_body,
)
from recado.http.events import Events
from recado.http.handoffs import Handoffs
from recado.http.handshake import Handshake
from recado.http.health import Probes
from recado.http.openapi import add_descriptions, described, described_probe, described_text
from recado.http.orders import Orders
from recado.http.report import Reports
from recado.http.webhook import PATH, Webhook
from recado.quotes import CatalogueFile
from recado.quotes.probe import sample
from recado.runtime import Web
from recado.telemetry.web_metrics import WebMetrics

log = logging.getLogger(__name__)

#: The pause after each text with a name of the catalogue that is read as an order: with a tenth of it, a busy pod lost
#: 5 % of its capacity while it tried them.
BETWEEN_NAMES_SECONDS = 0.03
#: How often the catalogue's file is checked for a change.
CATALOGUE_SECONDS = 2.0
ORDERS = "/api/v1/orders"
HANDOFF = "/api/v1/handoff"
RESUME = "/api/v1/resume"
EVENTS = "/api/v1/events"
REPORT = "/api/v1/report"

ERROR_CODES = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    422: "bad_request",
    429: "rate_limited",
}


class App:
    """The pod's ASGI application: the webhook's POST goes to `Webhook`, everything else to FastAPI."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.api = FastAPI(
            title="recado",
            version=__version__,
            summary="Answers a shop's WhatsApp customers with a price quote.",
            lifespan=self._lifespan,
            exception_handlers={HTTPException: _http_error, RequestValidationError: _bad_parameter},
        )
        self.api.router.routes.extend(routes(web))
        add_descriptions(self.api)
        self._webhook = Webhook(web.settings, web.whatsapp, web.inbox, web.metrics)

    def leave(self) -> None:
        """Called at shutdown: a drain that an operator started claims no more, so its response can go out."""
        self.web.drain.stop.set()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        hot = scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST"
        await (self._webhook if hot else self.api)(scope, receive, send)

    @contextlib.asynccontextmanager
    async def _lifespan(self, api: FastAPI) -> AsyncIterator[None]:
        web = self.web
        tasks = [
            asyncio.create_task(_reload(web.catalogue, web.metrics)),
            asyncio.create_task(try_names(web.catalogue, web.metrics)),
            asyncio.create_task(web.metrics.sample_loop()),
        ]
        if web.settings.events_deployment:
            tasks.append(asyncio.create_task(events.watch(web.queue.snapshot, web.settings.events_deployment)))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(web.slots.close(), web.drain.close())
            await web.whatsapp.aclose()
            await web.queue.close()


def routes(web: Web) -> list[APIRoute]:
    """Every route except the webhook's POST, which does not use FastAPI."""
    handshake = Handshake(web.whatsapp, web.metrics, guesses_per_minute=web.settings.bad_signatures_per_minute)
    admin = Admin(web.queue, web.drain, web.settings, web.metrics)
    orders = Orders(web.queue, web.slots, web.settings)
    handoffs = Handoffs(web.queue, web.settings)
    probes = Probes(web.queue)
    guarded: dict[str, Any] = {"dependencies": [Depends(admin.check_token)]}
    operator: dict[str, Any] = {"tags": ["admin"], **guarded}
    staff: dict[str, Any] = {"tags": ["orders"], **guarded}
    people: dict[str, Any] = {"tags": ["handoff"], **guarded}
    moves = described(OrderResponse, 401, 404, 409, 422, 429, 503)
    return [
        APIRoute(PATH, handshake.verify, methods=["GET"], tags=["webhook"], **described_text(403, 429)),
        APIRoute(f"{PATH}/retry", admin.retry, methods=["POST"], **operator, **described(RetryResponse, 401, 429, 503)),
        APIRoute(
            f"{PATH}/queue-status",
            admin.queue_status,
            methods=["GET"],
            **operator,
            **described(QueueStatusResponse, 401, 422, 429, 503),
        ),
        APIRoute(ORDERS, orders.listing, methods=["GET"], **staff, **described(OrdersResponse, 401, 422, 429, 503)),
        APIRoute(
            f"{ORDERS}/{{number}}",
            orders.show,
            methods=["GET"],
            **staff,
            **described(OrderResponse, 401, 404, 422, 429, 503),
        ),
        APIRoute(f"{ORDERS}/{{number}}/accept", orders.accept, methods=["POST"], **staff, **moves),
        APIRoute(f"{ORDERS}/{{number}}/complete", orders.complete, methods=["POST"], **staff, **moves),
        APIRoute(f"{ORDERS}/{{number}}/cancel", orders.cancel, methods=["POST"], **staff, **moves),
        APIRoute(HANDOFF, handoffs.take, methods=["POST"], **people, **described(HandoffResponse, 401, 422, 429, 503)),
        APIRoute(
            RESUME, handoffs.give_back, methods=["POST"], **people, **described(HandoffResponse, 401, 422, 429, 503)
        ),
        APIRoute(
            EVENTS,
            Events(web.queue.events).listing,
            methods=["GET"],
            tags=["events"],
            **guarded,
            **described(EventsResponse, 401, 422, 429, 503),
        ),
        APIRoute(
            REPORT,
            Reports(web.queue, web.settings, web.catalogue).show,
            methods=["GET"],
            tags=["report"],
            **guarded,
            **described(ReportResponse, 401, 422, 429, 503),
        ),
        APIRoute("/livez", probes.alive, methods=["GET"], tags=["probes"], **described_probe()),
        APIRoute("/readyz", probes.ready, methods=["GET"], tags=["probes"], **described_probe(503)),
    ]


async def _reload(catalogue: CatalogueFile, metrics: WebMetrics) -> None:
    """Reloads the catalogue's file when it changes; while a new file is invalid, the old catalogue stays in use."""
    while True:
        await asyncio.sleep(CATALOGUE_SECONDS)
        metrics.catalogue_checked(await asyncio.to_thread(catalogue.reload_if_changed))


async def try_names(catalogue: CatalogueFile, metrics: WebMetrics) -> None:
    """Reads the names of each new catalogue as orders, a millisecond at a time, and counts those that are misread."""
    tried = None
    while True:
        if catalogue.current() is not tried:
            tried = catalogue.current()
            misread = []
            for found in sample(tried):
                misread += [found.name] if found is not None else []
                await asyncio.sleep(BETWEEN_NAMES_SECONDS)
            metrics.catalogue_tried(len(misread))
            if misread:
                log.warning(
                    "%d names of the catalogue are not read as their product, such as %s; see `recado catalogue check`",
                    len(misread), ", ".join(map(repr, misread[:5])),
                    extra={"action": "catalogue.misread", "names": len(misread)},
                )  # fmt: skip
        await asyncio.sleep(CATALOGUE_SECONDS)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = ERROR_CODES.get(error.status_code, "unavailable")
    return Response(error_body(code, str(error.detail)), error.status_code, error.headers, "application/json")


async def _bad_parameter(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    return Response(error_body("bad_request", problems), 422, media_type="application/json")
