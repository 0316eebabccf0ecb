"""The web pod in the test's process: real store, real ASGI, a fake Graph API and clock."""

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from recado.http.app import App
from recado.queue.protocol import RetryQueue
from recado.runtime import make_web
from recado.settings import load
from recado.telemetry.exposition import WebMetrics
from tests.clock import FakeClock
from tests.meta import ENVIRONMENT, PATH, FakeGraph, signed, webhook


class Pod:
    """A running web pod."""

    def __init__(self, app: App, client: httpx.AsyncClient, graph: FakeGraph, metrics: WebMetrics) -> None:
        self.app = app
        self.client = client
        self.queue: RetryQueue = app.web.queue
        self.graph = graph
        self.metrics = metrics

    async def post(self, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        """Posts a webhook, rightly signed unless other headers are given."""
        return await self.client.post(PATH, content=body, headers=signed(body) if headers is None else headers)

    async def receive(self, *messages: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Posts messages as Meta does; the answer, which must be 200."""
        response = await self.post(webhook(*messages, **more))
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def count(self, metric: str, **labels: str) -> float:
        """A metric's value."""
        return self.metrics.registry.get_sample_value(metric, labels) or 0.0


StartPod = Callable[..., contextlib.AbstractAsyncContextManager[Pod]]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def start_pod(tmp_path: Path, clock: FakeClock) -> StartPod:
    """Starts a pod on the test's database; several share it, as pods of a rolling update do."""

    @contextlib.asynccontextmanager
    async def start(**settings: str) -> AsyncIterator[Pod]:
        environment = {**ENVIRONMENT, "RECADO_DATABASE": str(tmp_path / "recado.db"), **settings}
        graph, metrics = FakeGraph(), WebMetrics()
        app = App(make_web(load(environment), metrics=metrics, transport=graph, clock=clock))
        async with app.api.router.lifespan_context(app.api):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://recado") as client:
                yield Pod(app, client, graph, metrics)

    return start
