"""Web pods in the test's process (real store, real ASGI, a fake Graph API and clock), and in a separate process."""

import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvloop
from loadtests.chaos import crowds

from recado.http.app import App
from recado.queue.protocol import RetryQueue
from recado.runtime import make_web
from recado.settings import load
from recado.simulator.installation import RECADO, Server, free_port
from recado.telemetry.web_metrics import WebMetrics
from tests.clock import FakeClock
from tests.meta import ENVIRONMENT, PATH, FakeGraph, signed, webhook
from tests.queue.postgres import database_url as database_url
from tests.queue.postgres import postgres as postgres
from tests.waiting import PATIENCE_SECONDS

#: How many times as far random walks go as in `make test`; `make walks` sets it.
LENGTH = int(os.environ.get("RECADO_TEST_LENGTH", "1"))


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[[], Any]]:
    """Servers run on the event loop that `recado serve` uses."""
    return {"uvloop": uvloop.new_event_loop}


class Pod:
    """A running web pod."""

    def __init__(self, app: App, client: httpx.AsyncClient, graph: FakeGraph, metrics: WebMetrics) -> None:
        self.app = app
        self.client = client
        self.queue: RetryQueue = app.web.queue
        self.graph = graph
        self.metrics = metrics

    async def post(self, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        """Posts a webhook, by default with the right signature."""
        return await self.client.post(PATH, content=body, headers=signed(body) if headers is None else headers)

    async def receive(self, *messages: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Posts messages as Meta does; returns the response, which must be 200."""
        response = await self.post(webhook(*messages, **more))
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def is_idle(self) -> bool:
        """Whether no send is under way, and the result of each is recorded."""
        return not (await self.queue.status()).in_flight

    def count(self, metric: str, **labels: str) -> float:
        """A metric's value."""
        return self.metrics.registry.get_sample_value(metric, labels) or 0.0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[crowds.WebProcess]:
    """A separate process without a Graph API; it limits no address, so that it handles every request."""
    folder = tmp_path_factory.mktemp("abuse")
    environment = {
        **os.environ,
        **ENVIRONMENT,
        "WHATSAPP_API_URL": "http://127.0.0.1:9",
        "RECADO_DATABASE": str(folder / "recado.db"),
        "RECADO_PORT": str(free_port()),
        "RECADO_METRICS_PORT": str(free_port()),
        "RECADO_BAD_SIGNATURES_PER_MINUTE": "1000000",
        "RECADO_DRAIN_SECONDS": "0.05",
        "RECADO_LOG_LEVEL": "error",
    }
    log = folder / "log"
    with Server(environment, program=RECADO, log=log, folder=folder) as server:
        target = crowds.WebProcess(server.port, server.pid, ENVIRONMENT["WHATSAPP_APP_SECRET"])
        with contextlib.closing(target.client):
            yield target
        assert server.running, "the service died"
        server.stop(signal.SIGKILL)
    assert "Traceback" not in log.read_text()


StartPod = Callable[..., contextlib.AbstractAsyncContextManager[Pod]]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def start_pod(tmp_path: Path, clock: FakeClock) -> StartPod:
    """Starts a pod on the test's database; several share it, as pods of a rolling update do."""

    @contextlib.asynccontextmanager
    async def start(**settings: str) -> AsyncIterator[Pod]:
        defaults = {
            "RECADO_DATABASE": str(tmp_path / "recado.db"),
            "RECADO_BUTTONS": "false",  # texts are compared
            # A response comes after the sends, however slow they are.
            "RECADO_ACK_BUDGET_SECONDS": str(PATIENCE_SECONDS),
        }
        environment = {**ENVIRONMENT, **defaults, **settings}
        graph, metrics = FakeGraph(clock), WebMetrics()
        app = App(make_web(load(environment), metrics=metrics, transport=graph, clock=clock))
        async with app.api.router.lifespan_context(app.api):
            transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # httpx knows a scope as any mapping, not a dict
            async with httpx.AsyncClient(transport=transport, base_url="http://recado") as client:
                yield Pod(app, client, graph, metrics)

    return start


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))])
def place(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings that put a pod's queue on each store in turn."""
    if request.param == "sqlite":
        return {}
    return {"DATABASE_URL": request.getfixturevalue("database_url"), "RECADO_DATABASE": ""}
