"""`recado serve`: the web port and the metrics port, until SIGTERM."""

import gc
import logging
import signal
import socket
import time

from recado.errors import EXIT_FAILED, Expected
from recado.http.app import App
from recado.http.connection import limited_config
from recado.http.metrics_port import serve_metrics
from recado.http.shutdown import GracefulShutdown, Server
from recado.queue.store_metrics import StoreCollector
from recado.runtime import make_web
from recado.settings import API_VERSION_ENDS, DEFAULT_API_VERSION, Settings
from recado.telemetry import tracing
from recado.telemetry.web_metrics import WebMetrics

log = logging.getLogger(__name__)

#: After SIGTERM: how long requests and sends under way may take. A pod's grace period must be longer.
SHUTDOWN_SECONDS = 25
#: After this many new objects the garbage collector looks for cycles. At Python's default of 700 it reads messages that
#: are being handled again and again, which takes a tenth of the event loop's CPU time.
YOUNG_OBJECTS = 10_000


def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT, then finishes requests and sends under way, and flushes telemetry."""
    warn_of_expiry(settings.whatsapp_api_version, time.time())
    log.info("starting", extra={"action": "serve.starting", "settings": settings.public()})
    stop_tracing = tracing.configure("serve")
    metrics = WebMetrics()
    app = App(make_web(settings, metrics=metrics))
    metrics.registry.register(StoreCollector(app.web.queue.snapshot))
    metrics.count_warnings()
    check_port(settings.host, settings.port, "RECADO_PORT")
    check_port(settings.host, settings.metrics_port, "RECADO_METRICS_PORT")
    # uvicorn's own lines have no action, so only its warnings are logged.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    stop_metrics = serve_metrics(settings, metrics.registry)
    shutdown = GracefulShutdown(app, app.leave)
    server = Server(
        limited_config(
            shutdown,
            keep_alive_seconds=settings.keep_alive_seconds,
            host=settings.host,
            port=settings.port,
            forwarded_allow_ips=settings.forwarded_allow_ips,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        ),
        shutdown,
    )
    calm_collector()
    # uvicorn sets its own handlers later and raises the signal again after its shutdown. A signal must not be lost
    # before that, and must not end the process before telemetry is flushed.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: setattr(server, "should_exit", True))
    try:
        server.run()
    finally:
        log.info("stopped", extra={"action": "serve.stopped"})
        stop_metrics()
        stop_tracing()


class PortTaken(Expected):
    """Another process listens on the port."""

    exit_code = EXIT_FAILED


def check_port(host: str, port: int, variable: str) -> None:
    """Raises PortTaken if the port cannot be opened; the message names the variable."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(f"{variable}: cannot listen on {host}:{port}: {error.strerror}") from error


def warn_of_expiry(version: str, now: float) -> None:
    """Warns of a Graph API version that Meta no longer serves."""
    if now >= API_VERSION_ENDS.get(version, now + 1):
        log.warning(
            "WHATSAPP_API_VERSION has expired: Meta silently serves a later version instead",
            extra={"action": "api_version.expired", "version": version, "newest": DEFAULT_API_VERSION},
        )


def calm_collector() -> None:
    """Excludes objects that live as long as the process from garbage collection, and makes the collector check the rest
    rarely."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
