"""recado, the simulator and a Prometheus with recado's rules, all on this machine: for tests, drills, previews.

Every process listens on 127.0.0.1 only. Times of service and rules are divided by one factor (`TimeScale`), so that a
drill of an hour takes a minute.
"""

import contextlib
import hashlib
import hmac
import json
import shutil
import signal
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dashboards.alert import TimeScale
from loadtests.chaos.standby import Pair

from dashboards import build
from recado.queue.postgres.migrations import migrate
from recado.simulator.installation import SECRETS, Installation, Process
from recado.simulator.simulator import PHONE_NUMBER_ID
from tests.telemetry.prometheus import Prometheus, fetch
from tests.waiting import PATIENCE_SECONDS

DEFECTIVE = Path(__file__).with_name("defective.py")

SETTINGS = {
    "PYTHONWARNINGS": "error",
    "RECADO_BACKOFF_SECONDS": "1,2,3,4",
    "RECADO_CONNECT_TIMEOUT_SECONDS": "1",
    "RECADO_READ_TIMEOUT_SECONDS": "1",
    "RECADO_LEASE_SECONDS": "8",
    "RECADO_UNKNOWN_GRACE_SECONDS": "2",
    "RECADO_BREAKER_PROBE_SECONDS": "1",
    "RECADO_DELIVERED_RETENTION_SECONDS": "1",
    "RECADO_DRAIN_SECONDS": "10",
    "RECADO_CUSTOMER_INTERVAL_SECONDS": "0.1",
}


class Stack:
    """Starts and stops the processes, and calls them over HTTP.

    `folder` gets the database, the catalogue, Prometheus's data and every process's output (`logs/*.log`). `history` is
    Prometheus's earlier data. `events`: the simulator gets the events. `notices`: the target of notices is a port
    without a listener. `voice`: the simulator transcribes voice notes. `pair`: the store is a database of these
    servers.
    """

    def __init__(
        self,
        folder: Path,
        *,
        pace: TimeScale | None = None,
        settings: dict[str, str] | None = None,
        scrape: str = "500ms",
        latency_seconds: float = 0.02,
        history: str = "",
        events: bool = False,
        notices: bool = False,
        voice: bool = False,
        pair: Pair | None = None,
    ) -> None:
        self.folder = folder
        self.catalogue = folder / "catalogo.csv"
        self.pair = pair
        self._latency = latency_seconds
        self._recado = Installation(
            folder / "store",
            {**SETTINGS, "RECADO_CATALOGUE": str(self.catalogue), **_database(pair), **(settings or {})},
            logs=folder / "logs",
        )
        if events:
            self._recado.receive_events()
        if notices:
            target = {"name": "slack", "format": "slack", "url": "http://127.0.0.1:9", "allow_http": True}
            (folder / "notify.json").write_text(json.dumps([target]))
            self._recado.environment["RECADO_NOTIFY_FILE"] = str((folder / "notify.json").absolute())
        if voice:
            self._recado.environment["RECADO_TRANSCRIBE_URL"] = f"{self._recado.api_url}/v1"
        self._clock = folder / "clock"
        self._clock.write_text("0")
        self._server = self._recado.server(program=[str(DEFECTIVE), str(self._clock)])
        self.database = self._recado.database
        self.web_port = self._server.port
        self.prometheus = Prometheus(
            folder,
            self._server.metrics_port,
            pace=pace or TimeScale(),
            scrape=scrape,
            history=history,
            log=self._recado.log("prometheus"),
        )
        self._processes: dict[str, Process] = {}
        self._drains: Drains | None = None

    @property
    def simulator_url(self) -> str:
        return self._recado.api_url

    @property
    def web_url(self) -> str:
        return self._server.url

    @property
    def metrics_url(self) -> str:
        return f"http://127.0.0.1:{self._server.metrics_port}/metrics"

    # -- processes ---------------------------------------------------------------------------------------------

    def __enter__(self) -> "Stack":
        self.database.parent.mkdir(exist_ok=True)
        shutil.copy(build.ROOT / "service" / "recado" / "quotes" / "data" / "catalogo.csv", self.catalogue)
        try:
            self.start_prometheus()
            self.start_simulator()
            self.start_service()
            assert wait_until(lambda: bool(self.prometheus.query("up == 1"))), f"no scrape; see {self.folder}"
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stops everything that still runs."""
        self.stop_drains()
        for name in list(self._processes):
            self.end(name)

    def start_simulator(self) -> None:
        self.start("simulator", self._recado.simulate("--latency-ms", str(self._latency * 1000), "--no-limits"))

    def start_service(self) -> None:
        self.start("serve", self._server)

    def restart_service(self, *, ahead_seconds: float) -> None:
        """Restarts the service, with a clock that is `ahead` seconds ahead."""
        self._clock.write_text(str(ahead_seconds))
        self.end("serve")
        self.start_service()

    def start_prometheus(self) -> None:
        self.start("prometheus", self.prometheus.process())

    def start(self, name: str, process: Process) -> None:
        """Starts a process under a name, and waits until it is ready."""
        self._processes[name] = process
        process.start()
        process.ready()

    def start_victim(self) -> None:
        """A `recado drain` under the name "victim"."""
        self.start("victim", self._recado.command("drain", name="victim"))

    def end(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        """Stops a process that `start` began."""
        self._processes.pop(name).stop(how)

    def log(self, name: str) -> str:
        """The output of a process or command so far."""
        path = self._recado.log(name)
        assert path
        return path.read_text()

    def drain(self) -> int:
        """Runs `recado drain` to its end; returns the exit code."""
        return self._recado.run("drain", seconds=120)

    def accept_order(self, number: str) -> None:
        """The shop's staff accepts an order."""
        code = self._recado.run("orders", "accept", number, seconds=120)
        assert code == 0, f"{number} could not be accepted; see {self.folder}"

    def backup(self) -> None:
        """Runs `recado backup`, and then its drill."""
        copies = str(self.folder / "copies")
        for command in (("backup", copies), ("restore", copies, "--drill")):
            code = self._recado.run(*command, seconds=120)
            assert code == 0, f"{command} ended with {code}; see {self.folder}"

    def start_drains(self, every_seconds: float) -> None:
        """Drains repeatedly, like a CronJob."""
        self._drains = Drains(self.drain, every_seconds)

    def stop_drains(self) -> None:
        if self._drains:
            self._drains.stop()
            self._drains = None

    # -- the simulator -----------------------------------------------------------------------------------------

    def simulator(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the simulator's control API."""
        return json.loads(fetch(f"{self.simulator_url}/_simulator/{path}", method=method, body=body))

    def faults(self, **changes: Any) -> None:
        """Changes parts of the simulator's fault plan."""
        self.simulator("POST", "faults", changes)

    def receiver(self, **changes: Any) -> None:
        """Changes parts of the plan of the receiver of events."""
        self.simulator("POST", "receiver", changes)

    def template(self, name: str, status: str) -> None:
        """Meta changes the status of a template, and sends its webhook."""
        self.simulator("POST", "templates", {"name": name, "status": status})

    def orders(self, count: int, per_second: float = 50.0) -> None:
        """Lets customers order; returns at once."""
        self.simulator("POST", "messages", {"count": count, "per_second": per_second})

    # -- the service -------------------------------------------------------------------------------------------

    def post(
        self,
        webhook: dict[str, Any],
        *,
        secret: str = SECRETS["WHATSAPP_APP_SECRET"],
        headers: dict[str, str] | None = None,
    ) -> int:
        """Sends a webhook as Meta does; returns the response's status."""
        body = json.dumps(webhook).encode()
        signed = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return self.status(
            f"{self.web_url}/api/v1/webhook",
            method="POST",
            body=body,
            headers={"X-Hub-Signature-256": signed, **(headers or {})},
        )

    def exposition(self) -> str:
        """The metrics port's response, as OpenMetrics."""
        return fetch(self.metrics_url, headers={"Accept": "application/openmetrics-text"}).decode()

    @staticmethod
    def status(url: str, **request: Any) -> int:
        """The status of a request; 0 without a response."""
        try:
            fetch(url, **request)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except OSError:
            return 0
        return 200


class Drains:
    """A thread that drains at intervals, like a CronJob that forbids overlaps."""

    def __init__(self, drain: Callable[[], int], every_seconds: float) -> None:
        self._drain = drain
        self._every = every_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="drains")
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            self._drain()
            self._stopping.wait(max(0.0, began + self._every - time.monotonic()))


# -- webhooks ----------------------------------------------------------------------------------------------------------


def message(wamid: str, text: str = "Quiero 2 zapatos", *, phone: str = "15550001234", **fields: Any) -> dict[str, Any]:
    """A customer's message; `fields` replace or add."""
    now = str(int(time.time()))
    return {"from": phone, "id": wamid, "timestamp": now, "type": "text", "text": {"body": text}, **fields}


def webhook(*messages: dict[str, Any], field: str = "messages", **value: Any) -> dict[str, Any]:
    """A webhook with messages of customers, or with other parts of a value."""
    metadata = {"display_phone_number": "15550100000", "phone_number_id": PHONE_NUMBER_ID}
    body = {"messaging_product": "whatsapp", "metadata": metadata, **value}
    if messages:
        body["messages"] = list(messages)
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": field, "value": body}]}],
    }


def _database(pair: Pair | None) -> dict[str, str]:
    """The settings of a database with the schema, if there are servers for it."""
    if pair is None:
        return {}
    url = pair.create("recado")
    migrate(url)
    return {"DATABASE_URL": url}


# -- small tools -------------------------------------------------------------------------------------------------------


def wait_until(true: Callable[[], bool], seconds: float = PATIENCE_SECONDS, every: float = 0.1) -> bool:
    """Waits for a condition; returns whether it became true within `seconds`."""
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end:
        time.sleep(every)
    return found


@contextlib.contextmanager
def repeated(work: Callable[[], object], *, per_second: float) -> Iterator[None]:
    """Repeats an action in a thread during the block."""
    stopping = threading.Event()

    def loop() -> None:
        while not stopping.wait(1 / per_second):
            work()

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
