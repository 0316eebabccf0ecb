"""An installation for fault injection: real `recado serve` and `recado drain --loop` processes, and a simulated Meta.

Time-outs and leases are as short as the settings allow, so that what takes minutes in a shop takes seconds here.
"""

import asyncio
import contextlib
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any, cast

import apsw
import httpx
import psycopg
import uvicorn

from recado.http.app import App
from recado.queue.protocol import RetryQueue
from recado.runtime import Web, make_drain, make_web, open_queue
from recado.settings import Settings, load
from recado.simulator import FaultPlan, Simulator
from recado.simulator import installation as harness
from recado.simulator.installation import SECRETS, started
from recado.simulator.receiver import Receiver
from recado.telemetry.web_metrics import WebMetrics
from recado.whatsapp.from_settings import make_whatsapp

#: A lease must be more than 5 s longer than a send; after it and the grace period a message is tried again.
LEASE_SECONDS, GRACE_SECONDS = 7.0, 1.0
SHORTENED = {
    "RECADO_CONNECT_TIMEOUT_SECONDS": "0.3",
    "RECADO_READ_TIMEOUT_SECONDS": "1.5",
    "RECADO_LEASE_SECONDS": str(LEASE_SECONDS),
    "RECADO_UNKNOWN_GRACE_SECONDS": str(GRACE_SECONDS),
    "RECADO_BACKOFF_SECONDS": "0.5,1,2,4",
    "RECADO_BREAKER_PROBE_SECONDS": "0.5",
    "RECADO_MESSAGES_PER_SECOND": "0",
    "RECADO_CUSTOMER_INTERVAL_SECONDS": "0",
}
#: Meta waits minutes before it delivers a webhook again, which is too long for a run.
REDELIVERY_SECONDS = (0.1, 0.3, 0.6)
GRAPH_LATENCY_SECONDS = 0.02
#: Statements for messages whose replies a later one replaced, and for those whose replies may have been sent although
#: no attempt succeeded, with whether a result was recorded; and how often both run.
SUPERSEDED = "SELECT wamid FROM entry WHERE reason = 'superseded'"
IN_DOUBT = """SELECT wamid, coalesce(error_detail, '') = 'lease ran out' FROM entry
WHERE state = 'unknown' OR error_detail = 'lease ran out'"""
TELL_SECONDS = 0.3


class Installation(harness.Installation):
    """Processes on one database, and the simulator with its ledger of replies.

    in_doubt: by wamid, the messages whose replies' outcomes were unknown to the store at some time, and whether the
    reason was only a missing record.
    """

    def __init__(
        self,
        folder: Path,
        simulator: Simulator,
        settings: Mapping[str, str] = {},
        *,
        api_url: str = "",
        logs: Path | None = None,
    ) -> None:
        super().__init__(
            folder, {**SHORTENED, **settings}, api_url=api_url or simulator.base_url, logs=logs or folder / "logs"
        )
        self.simulator = simulator
        self.in_doubt: dict[str, bool] = {}

    async def retry_given_up(self) -> int:
        """Retries replies that were given up, as an operator does with `recado queue retry`; returns how many."""
        queue = open_queue(load(self.environment))
        try:
            return await queue.retry([message.id for message in await queue.get_failed_messages(limit=1000)])
        finally:
            await queue.close()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query on tables that both stores have. Raises apsw.Error or psycopg.Error."""
        if url := self.environment.get("DATABASE_URL"):
            with psycopg.connect(url, options="-c search_path=recado", target_session_attrs="read-write") as server:
                return server.execute(sql.encode()).fetchall()
        connection = apsw.Connection(str(self.database), flags=apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(5000)
        try:
            return list(connection.execute(sql))
        finally:
            connection.close()

    def inspect(self) -> tuple[str, dict[str, int]]:
        """The result of the store's own check ("ok"), and its rows by state, compared with the counters."""
        server = "DATABASE_URL" in self.environment
        verdict = "ok" if server else str(self.rows("PRAGMA integrity_check")[0][0])
        counted: dict[str, int] = dict(self.rows("SELECT state, count(*) FROM entry GROUP BY state"))
        counters: Counter[str] = Counter()
        for table in ("state_count", "state_delta") if server else ("state_count",):
            counters.update(dict(self.rows(f"SELECT state, CAST(sum(rows) AS integer) FROM {table} GROUP BY state")))
        counts = {state: count for state, count in counters.items() if count}
        return (verdict if counted == counts else f"{counted} counted as {counts}"), counted

    async def settled(self, seconds: float) -> float:
        """Waits until every message has its reply and the queue is empty, or for `seconds`; returns how long that
        took."""
        started = time.monotonic()
        async with self.telling():
            await self.simulator.settled(seconds, statuses=True)
            await self.emptied(seconds - (time.monotonic() - started))
        return time.monotonic() - started

    @contextlib.asynccontextmanager
    async def telling(self) -> AsyncIterator[None]:
        """Repeatedly tells the ledger which messages are answered by the reply to a later one, and records which
        outcomes are unknown."""
        telling = asyncio.create_task(self._tell())
        try:
            yield
        finally:
            telling.cancel()

    async def _tell(self) -> None:
        told: set[str] = set()
        while True:
            superseded: set[str] = set()
            with contextlib.suppress(apsw.Error, psycopg.Error):  # the database may be down
                superseded = {wamid for (wamid,) in await asyncio.to_thread(self.rows, SUPERSEDED)}
                for wamid, unrecorded in await asyncio.to_thread(self.rows, IN_DOUBT):
                    self.in_doubt[wamid] = bool(unrecorded) and self.in_doubt.get(wamid, True)
            self.simulator.ledger.superseded(superseded - told)
            told |= superseded
            await asyncio.sleep(TELL_SECONDS)

    async def emptied(self, seconds: float) -> None:
        """Waits until the queue is empty and no webhook is under way, or for `seconds`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(httpx.TransportError, KeyError):
                if not (await self.status())["queue_size"] and not self.simulator.bringing:
                    break
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def installation(
    folder: Path,
    settings: Mapping[str, str] = {},
    *,
    web: int = 1,
    drains: int = 1,
    statuses: bool = True,
    faults: FaultPlan | None = None,
    events: Receiver | None = None,
    api_url: str = "",
    logs: Path | None = None,
) -> AsyncIterator[Installation]:
    """Starts everything in `folder`; webhooks go to all web processes in turn, `events` to the receiver."""
    async with _simulator(faults, statuses=statuses) as simulator:
        shop = Installation(folder, simulator, settings, api_url=api_url, logs=logs)
        if events:
            simulator.receiver = events
            shop.receive_events()
        for _ in range(web):
            shop.server()
        for _ in range(drains):
            shop.drain()
        simulator.webhook_urls = [f"{server.url}/api/v1/webhook" for server in shop.servers]
        async with started(shop.processes, signal.SIGKILL):
            yield shop


@contextlib.asynccontextmanager
async def in_process(
    folder: Path,
    settings: Mapping[str, str] = {},
    *,
    web: int = 1,
    drains: int = 1,
    clock: Callable[[], float] | None = None,
) -> AsyncIterator[Installation]:
    """The same in this process, which starts at once; with `clock`, if given."""
    async with _simulator(None) as simulator, contextlib.AsyncExitStack() as stack:
        shop = Installation(folder, simulator, settings)
        loaded = load(shop.environment)
        pods = [make_web(loaded, metrics=WebMetrics(), clock=clock) for _ in range(web)]
        ports = [await stack.enter_async_context(_served(pod)) for pod in pods]
        simulator.webhook_urls = [f"{shop.server(port=port).url}/api/v1/webhook" for port in ports]
        for _ in range(drains):
            queue = open_queue(loaded, clock=clock)
            stack.push_async_callback(queue.close)
            await stack.enter_async_context(_draining(loaded, queue))
        yield shop


def _simulator(faults: FaultPlan | None, *, statuses: bool = True) -> Simulator:
    return Simulator(
        app_secret=SECRETS["WHATSAPP_APP_SECRET"],
        access_token=SECRETS["WHATSAPP_ACCESS_TOKEN"],
        faults=faults or FaultPlan(latency_seconds=GRAPH_LATENCY_SECONDS),
        statuses=("sent", "delivered") if statuses else (),
        redelivery_seconds=REDELIVERY_SECONDS,
        duplicates=0.05,
    )


@contextlib.asynccontextmanager
async def _served(web: Web) -> AsyncIterator[int]:
    """A web pod's port."""
    app = cast("uvicorn._types.ASGIApplication", App(web))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=5))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event for it
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving


@contextlib.asynccontextmanager
async def _draining(settings: Settings, queue: RetryQueue) -> AsyncIterator[None]:
    whatsapp = make_whatsapp(settings, None)
    drain = make_drain(settings, queue, whatsapp)
    draining = asyncio.create_task(drain.loop())
    try:
        yield
    finally:
        drain.stop.set()
        await draining
        await whatsapp.aclose()
