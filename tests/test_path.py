"""The way of one message through the code: how many files a reader has to open to follow it.

`python -m tests.test_path` prints the files of both ways.
"""

import asyncio
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

import recado
from recado.http.app import App
from recado.runtime import make_web
from recado.settings import load
from recado.telemetry.exposition import WebMetrics
from tests.clock import FakeClock
from tests.meta import ENVIRONMENT, PATH, FakeGraph, graph_error, signed, text_message, webhook

PACKAGE = Path(recado.__file__).parent
#: Files outside quotes/ that an order passes until Meta has its reply.
DELIVERED_LIMIT = 48
#: The same for an order whose reply fails once and is delivered by a drain.
RETRIED_LIMIT = 54


class Trace:
    """Remembers every file of recado's in which a function is called, in any thread."""

    def __init__(self) -> None:
        self.files: set[str] = set()

    def __enter__(self) -> "Trace":
        threading.setprofile(self._called)
        sys.setprofile(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _called(self, frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            self.files.add(frame.f_code.co_filename)

    def outside_quotes(self) -> list[str]:
        """The files, relative to the package, without those that read orders."""
        ours = [Path(file).relative_to(PACKAGE) for file in self.files if Path(file).is_relative_to(PACKAGE)]
        return sorted(str(path) for path in ours if path.parts[0] != "quotes")


@asynccontextmanager
async def traced(folder: Path, graph: FakeGraph) -> AsyncIterator[tuple[App, FakeClock, Callable[[], Any]]]:
    """A pod whose store's threads are traced as well, and what posts one order to it."""
    clock = FakeClock()
    settings = load({**ENVIRONMENT, "RECADO_DATABASE": str(folder / "recado.db")})
    app = App(make_web(settings, metrics=WebMetrics(), transport=graph, clock=clock))
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # httpx knows a scope as any mapping, not a dict
    async with (
        app.api.router.lifespan_context(app.api),
        httpx.AsyncClient(transport=transport, base_url="http://recado") as client,
    ):

        async def post() -> httpx.Response:
            body = webhook(text_message(1, "Quiero 2 zapatos y 1 camisa", sent_at=clock()))
            return await client.post(PATH, content=body, headers=signed(body))

        yield app, clock, post


async def delivered(folder: Path) -> list[str]:
    """The files of an order that is answered at once."""
    graph, trace = FakeGraph(), Trace()
    with trace:
        async with traced(folder, graph) as (_, _, post):
            trace.files.clear()
            response = await post()
            async with asyncio.timeout(10):
                while not graph.sent:
                    await asyncio.sleep(0.001)
            files = trace.outside_quotes()
    assert response.status_code == 200
    return files


async def retried(folder: Path) -> list[str]:
    """The files of an order whose reply Meta refuses once, and takes from the drain."""
    graph, trace = FakeGraph(), Trace()
    graph.answer = lambda: graph_error(500, 131000)
    with trace:
        async with traced(folder, graph) as (app, clock, post):
            trace.files.clear()
            await post()
            async with asyncio.timeout(10):
                while not graph.sent:
                    await asyncio.sleep(0.001)
            await asyncio.sleep(0.05)
            graph.answer = None
            clock.advance(200)
            report = await app.web.drain.run()
            files = trace.outside_quotes()
    assert report.successful == 1
    return files


async def test_an_order_passes_few_files(tmp_path: Path) -> None:
    """From Meta's POST to Meta's acceptance of the reply."""
    files = await delivered(tmp_path)

    assert "inbox.py" in files
    assert len(files) <= DELIVERED_LIMIT, files


async def test_a_retried_order_passes_few_files_more(tmp_path: Path) -> None:
    """The same with a failed attempt and a drain in between."""
    files = await retried(tmp_path)

    assert "delivery/drain.py" in files
    assert len(files) <= RETRIED_LIMIT, files


if __name__ == "__main__":
    for way in (delivered, retried):
        with tempfile.TemporaryDirectory() as scratch:
            found = asyncio.run(way(Path(scratch)))
        print(f"{way.__name__}: {len(found)} files", *found, sep="\n  ")
