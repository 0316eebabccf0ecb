"""The metrics port: serves only `/metrics`, with the same limits as the web port.

One thread with its own event loop serves all connections: a scrape works while the web port's loop is busy, and a
silent connection blocks no thread.
"""

import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from prometheus_client import CollectorRegistry, exposition
from prometheus_client.openmetrics import exposition as openmetrics
from starlette.responses import PlainTextResponse, Response

from recado.http.connection import limited_config
from recado.settings import Settings

#: How long a running scrape may still take when the process stops.
SHUTDOWN_SECONDS = 1

PLAIN_TEXT = exposition.generate_latest, exposition.CONTENT_TYPE_PLAIN_0_0_4
OPEN_METRICS = openmetrics.generate_latest, openmetrics.CONTENT_TYPE_LATEST


def serve_metrics(settings: Settings, registry: CollectorRegistry) -> Callable[[], None]:
    """Serves until the returned function is called. Clients that request OpenMetrics get it.

    Raises OSError when the port cannot be opened.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.create_server((settings.host, settings.metrics_port), family=family)
    server = uvicorn.Server(
        limited_config(
            _only_metrics(registry),
            keep_alive_seconds=settings.keep_alive_seconds,
            lifespan="off",
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    )
    thread = threading.Thread(target=server.run, args=([listener],), name="metrics", daemon=True)
    thread.start()

    def stop() -> None:
        server.should_exit = True
        thread.join()

    return stop


def _only_metrics(registry: CollectorRegistry) -> Callable[..., Awaitable[None]]:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        response: Response
        if scope["path"] != "/metrics":
            response = PlainTextResponse("not found", 404)
        elif scope["method"] not in ("GET", "HEAD"):
            response = PlainTextResponse("method not allowed", 405, {"allow": "GET, HEAD"})
        else:
            asked = any(
                name == b"accept" and b"application/openmetrics-text" in value for name, value in scope["headers"]
            )
            # The library's own choice between the two fails on versions that are not numbers.
            text, content_type = OPEN_METRICS if asked else PLAIN_TEXT
            response = Response(text(registry), headers={"content-type": content_type})
        await response(scope, receive, send)

    return app
