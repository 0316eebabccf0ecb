"""An installation to break: real `recado serve` and `recado drain --loop` processes, and Meta simulated beside them.

Time-outs and leases are as short as the settings allow, so that what takes minutes in a shop takes seconds here.
"""

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import apsw
import httpx

from recado.demo import free_port
from recado.queue.sqlite import SqliteRetryQueue
from recado.runtime import retry_policy
from recado.settings import Settings
from recado.simulator import FaultPlan, Simulator

SECRETS = {
    "WHATSAPP_VERIFY_TOKEN": "chaos-verify-token",
    "WHATSAPP_APP_SECRET": "chaos-app-secret-of-32-characters",
    "WHATSAPP_ACCESS_TOKEN": "chaos-access-token",
    "RECADO_ADMIN_TOKEN": "chaos-admin-token",
}
#: A lease must outlast a send by more than 5 s; after it and the grace period a message is looked after again.
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
#: Meta waits minutes before it brings a webhook again; so many are too many for one run.
REDELIVERY_SECONDS = (0.1, 0.3, 0.6)
START_SECONDS = 30.0
GRAPH_LATENCY_SECONDS = 0.02


class Process:
    """One command of recado's, started again and again on the same ports; its output is added to one log."""

    def __init__(self, command: str, environment: Mapping[str, str], log: Path) -> None:
        self.command = command.split()
        self.port = int(environment["RECADO_PORT"])
        self.metrics_port = int(environment["RECADO_METRICS_PORT"])
        self._environment, self._log = dict(environment), log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def serving(self) -> bool:
        return self.command[0] == "serve"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "recado", *self.command, env=self._environment, stdout=log, stderr=log
            )

    async def ready(self) -> None:
        """Until a serving process takes webhooks; the others are at once. Raises RuntimeError when it has ended."""
        if not self.serving:
            return
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as client,
            asyncio.timeout(START_SECONDS),
        ):
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get("/readyz")).status_code == 200:
                        return
                if self._process is not None and self._process.returncode is not None:
                    raise RuntimeError(f"{self.command} has ended: {self._log.read_text()[-500:]}")
                await asyncio.sleep(0.02)

    async def end(self, how: signal.Signals) -> int:
        """Ends it by a signal, unless it has ended; its exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(how)
        return await self._process.wait()


class Installation:
    """Processes on one database, and the simulator with its ledger, which knows who was answered how often."""

    def __init__(self, folder: Path, simulator: Simulator, processes: list[Process], log: Path) -> None:
        self.folder, self.simulator, self.processes, self.log = folder, simulator, processes, log

    @property
    def database(self) -> Path:
        return self.folder / "recado.db"

    @property
    def web(self) -> list[Process]:
        return [process for process in self.processes if process.serving]

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.web[0].port}{path}"

    async def status(self) -> dict[str, Any]:
        """The answer of the admin API."""
        headers = {"Authorization": f"Bearer {SECRETS['RECADO_ADMIN_TOKEN']}"}
        async with httpx.AsyncClient() as client:
            answer: dict[str, Any] = (
                await client.get(self.url("/api/v1/webhook/queue-status"), headers=headers)
            ).json()
            return answer

    async def retry_given_up(self) -> int:
        """What an operator does with messages that were given up: `recado queue retry`; how many."""
        queue = SqliteRetryQueue(self.database, retry_policy(Settings()))
        try:
            return await queue.retry([message.id for message in await queue.get_failed_messages(limit=1000)])
        finally:
            await queue.close()

    async def settled(self, seconds: float) -> float:
        """Until everybody is answered and the queue is empty, or `seconds` are over; how long that took."""
        started = time.monotonic()
        await self.simulator.settled(seconds, statuses=True)
        while time.monotonic() - started < seconds:
            with contextlib.suppress(httpx.TransportError, KeyError):
                if not (await self.status())["queue_size"]:
                    break
            await asyncio.sleep(0.05)
        return time.monotonic() - started


@contextlib.asynccontextmanager
async def installation(
    folder: Path,
    *,
    web: int = 1,
    drains: int = 1,
    statuses: bool = True,
    faults: FaultPlan | None = None,
    api_url: str = "",
    log: Path | None = None,
    **settings: str,
) -> AsyncIterator[Installation]:
    """Starts everything on `folder`; webhooks are brought to all web processes in turn."""
    log = log or folder / "recado.log"
    simulator = Simulator(
        app_secret=SECRETS["WHATSAPP_APP_SECRET"],
        access_token=SECRETS["WHATSAPP_ACCESS_TOKEN"],
        faults=faults or FaultPlan(latency_seconds=GRAPH_LATENCY_SECONDS),
        statuses=("sent", "delivered") if statuses else (),
        redelivery_seconds=REDELIVERY_SECONDS,
        duplicates=0.05,
    )
    async with simulator:
        environment = {
            **os.environ,
            **SECRETS,
            **SHORTENED,
            "WHATSAPP_API_URL": api_url or simulator.base_url,
            "WHATSAPP_PHONE_NUMBER_ID": simulator.phone_number_id,
            "RECADO_DATABASE": str(folder / "recado.db"),
            **settings,
        }
        commands = ["serve"] * web + ["drain --loop"] * drains
        processes = [
            Process(
                command, environment | {"RECADO_PORT": str(free_port()), "RECADO_METRICS_PORT": str(free_port())}, log
            )
            for command in commands
        ]
        shop = Installation(folder, simulator, processes, log)
        simulator.webhook_url = shop.url("/api/v1/webhook")
        turns = asyncio.create_task(_take_turns(shop)) if web > 1 else None
        try:
            for process in processes:
                await process.start()
            for process in processes:
                await process.ready()
            yield shop
        finally:
            if turns:
                turns.cancel()
            for process in processes:
                await process.end(signal.SIGKILL)


async def _take_turns(shop: Installation) -> None:
    """The ingress before several web processes: each gets its share."""
    chance = random.Random(1)
    while True:
        shop.simulator.webhook_url = f"http://127.0.0.1:{chance.choice(shop.web).port}/api/v1/webhook"
        await asyncio.sleep(0.01)


def inspect(database: Path) -> tuple[str, dict[str, int]]:
    """SQLite's own check of a file ("ok"), and its rows by state, counted and compared with the counters."""
    connection = apsw.Connection(str(database))
    try:
        verdict = str(connection.execute("PRAGMA integrity_check").get)
        counted = dict(connection.execute("SELECT state, count(*) FROM entry GROUP BY state").fetchall())
        counters = dict(connection.execute("SELECT state, rows FROM state_count WHERE rows > 0").fetchall())
        return (verdict if counted == counters else f"{counted} counted as {counters}"), counted
    finally:
        connection.close()
