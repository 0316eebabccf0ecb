"""recado and its simulator as processes on this machine, for the demo, tests, load tests, drills and benches.

Each user brings settings of its own; starting, waiting and stopping are the same for all.
"""

import asyncio
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from recado.errors import EXIT_FAILED, Expected
from recado.simulator.simulator import EVENTS_PATH, PHONE_NUMBER_ID

SECRETS = {
    "WHATSAPP_VERIFY_TOKEN": "demo-verify-token",
    "WHATSAPP_APP_SECRET": "demo-app-secret-of-32-characters",
    "WHATSAPP_ACCESS_TOKEN": "demo-access-token",
    "RECADO_ADMIN_TOKEN": "demo-admin-token",
}
#: The prefixes of recado's settings.
OURS = ("RECADO_", "WHATSAPP_", "DATABASE_")
EVENTS_SECRET = "whsec_ZGVtby1ldmVudHMtc2VjcmV0LW9mLTMyLWJ5dGVzISE="  # noqa: S105 - of the demo
#: The arguments for Python that run recado.
RECADO = ("-m", "recado")
START_SECONDS = 60.0
#: Longer than any graceful shutdown; after that the process is killed.
STOP_SECONDS = 30.0
POLL_SECONDS = 0.01


class NotStartedError(Expected):
    """A process ended or was not ready in time; the message contains the end of its log."""

    exit_code = EXIT_FAILED


class Process:
    """A child process; it can be started again after it ended.

    `ready` returns whether it can be used (without it: at once). Its output is appended to `log` (without it: the
    terminal). `core` is the CPU core that it is pinned to.
    """

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str],
        *,
        ready: Callable[[], bool] | None = None,
        log: Path | None = None,
        folder: Path | None = None,
        core: int | None = None,
    ) -> None:
        self.argv = list(argv) if core is None else ["taskset", "-c", str(core), *argv]
        self.log = log
        self._environment, self._folder = dict(environment), folder
        self._is_ready = ready
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of the process that was started last."""
        assert self._child is not None
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        with contextlib.ExitStack() as stack:
            output = stack.enter_context(self.log.open("ab")) if self.log else None
            self._child = subprocess.Popen(  # noqa: S603 - our own commands
                self.argv,
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def ready(self) -> None:
        """Waits until the process can be used. Raises NotStartedError."""
        end = time.monotonic() + START_SECONDS
        while self._is_ready and not self._is_ready():
            if not self.running or time.monotonic() > end:
                said = self.log.read_text(errors="replace")[-2000:] if self.log else ""
                raise NotStartedError(f"{' '.join(self.argv)} did not start: {said}")
            time.sleep(POLL_SECONDS)

    def wait(self, seconds: float | None = None) -> int:
        """The exit code, once the process has ended. Raises subprocess.TimeoutExpired."""
        assert self._child is not None
        return self._child.wait(seconds)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ends the process unless it has ended, by force if it takes too long; the exit code (0 if never started)."""
        if self._child is None:
            return 0
        if self.running:
            self._child.send_signal(how)
        try:
            return self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            return self._child.wait()

    def __enter__(self) -> Self:
        try:
            self.start()
            self.ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


class Server(Process):
    """`recado serve`, ready when it takes webhooks; its ports are in its environment."""

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        program: Sequence[str],
        log: Path | None = None,
        folder: Path | None = None,
        core: int | None = None,
    ) -> None:
        self.port = int(environment["RECADO_PORT"])
        self.metrics_port = int(environment["RECADO_METRICS_PORT"])
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(
            [sys.executable, *program, "serve"],
            environment,
            ready=lambda: answers(f"{self.url}/readyz"),
            log=log,
            folder=folder,
            core=core,
        )


class Installation:
    """Commands of recado on one database, a file in `folder` unless `settings` have a DATABASE_URL.

    They call the Graph API at `api_url`; by default at a free port where `simulate` listens. Each command's output is
    appended to `COMMAND.log` in the folder `logs`, or goes to the terminal. Settings in the caller's environment have
    no effect.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, str] = {}, *, api_url: str = "", logs: Path | None = None
    ) -> None:
        self.folder, self.logs = folder, logs
        if logs:
            logs.mkdir(parents=True, exist_ok=True)
        self.database = folder / "recado.db"
        self.api_url = api_url or f"http://127.0.0.1:{free_port()}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(OURS)},
            **SECRETS,
            "WHATSAPP_API_URL": self.api_url,
            "WHATSAPP_PHONE_NUMBER_ID": PHONE_NUMBER_ID,
            **({} if "DATABASE_URL" in settings else {"RECADO_DATABASE": str(self.database)}),
            **settings,
        }
        self.servers: list[Server] = []
        self.drains: list[Process] = []

    @property
    def processes(self) -> list[Process]:
        """The processes that `server` and `drain` made, running or not."""
        return [*self.servers, *self.drains]

    @property
    def url(self) -> str:
        """The address of the first server."""
        return self.servers[0].url

    def server(
        self,
        *,
        port: int = 0,
        metrics_port: int = 0,
        program: Sequence[str] = ("-m", "recado"),
        core: int | None = None,
    ) -> Server:
        """A `recado serve`, not started yet; on free ports unless told otherwise."""
        ports = {"RECADO_PORT": str(port or free_port()), "RECADO_METRICS_PORT": str(metrics_port or free_port())}
        server = Server(self.environment | ports, program=program, log=self.log("serve"), folder=self.folder, core=core)
        self.servers.append(server)
        return server

    def drain(self) -> Process:
        """A `recado drain --loop`, not started yet."""
        drain = self.command("drain", "--loop")
        self.drains.append(drain)
        return drain

    def receive_events(self) -> None:
        """Makes the simulator an endpoint of all events, named `crm`. Call it before anything is started."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "events.json"
        endpoint = {"name": "crm", "url": f"{self.api_url}{EVENTS_PATH}", "secret": EVENTS_SECRET, "allow_http": True}
        path.write_bytes(msgspec.json.encode([endpoint]))
        self.environment["RECADO_EVENTS_FILE"] = str(path.absolute())

    def simulate(self, *options: str) -> Process:
        """A `recado simulate` for the first server, not started yet; ready when it accepts calls."""
        port = self.api_url.rpartition(":")[2]
        argv = ["simulate", "--port", port, "--webhook", f"{self.url}/api/v1/webhook", *options]
        return self.command(*argv, ready=lambda: answers(f"{self.api_url}/_simulator/"))

    def command(
        self, *arguments: str, ready: Callable[[], bool] | None = None, name: str = "", core: int | None = None
    ) -> Process:
        """Any command, not started yet; its log has its `name`, or that of the command."""
        return Process(
            [sys.executable, *RECADO, *arguments],
            self.environment | {"RECADO_METRICS_PORT": str(free_port())},
            ready=ready,
            log=self.log(name or arguments[0]),
            folder=self.folder,
            core=core,
        )

    def run(self, *arguments: str, seconds: float | None = None) -> int:
        """Runs a command to its end; returns the exit code. Raises subprocess.TimeoutExpired."""
        with self.command(*arguments) as process:
            return process.wait(seconds)

    def log(self, name: str) -> Path | None:
        return self.logs / f"{name}.log" if self.logs else None

    async def status(self) -> dict[str, Any]:
        """The queue's status, from the admin API."""
        return await self.admin("/api/v1/webhook/queue-status")

    async def admin(self, path: str) -> dict[str, Any]:
        """The response of the first server's admin API to a GET."""
        headers = {"Authorization": f"Bearer {SECRETS['RECADO_ADMIN_TOKEN']}"}
        async with httpx.AsyncClient(headers=headers) as client:
            response: dict[str, Any] = (await client.get(f"{self.url}{path}")).json()
            return response


@contextlib.asynccontextmanager
async def started(processes: Sequence[Process], how: signal.Signals = signal.SIGTERM) -> AsyncIterator[None]:
    """Starts processes; none outlives the block.

    It waits in threads, because the processes may call a simulator in this event loop.
    """
    try:
        for process in processes:
            process.start()
        for process in processes:
            await asyncio.to_thread(process.ready)
        yield
    finally:
        for process in processes:
            await asyncio.to_thread(process.stop, how)


def answers(url: str) -> bool:
    """Whether a GET succeeds."""
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own http:// addresses
            return True
    except OSError:
        return False


def listens(port: int) -> bool:
    """Whether something accepts connections on a port of 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    """A port that nobody listens on now, below those that the kernel gives to connections: otherwise a connection could
    take it before the server does."""
    while True:
        port = random.randrange(10_240, 32_768)  # noqa: S311 - so that two callers get different ports
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
