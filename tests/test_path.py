"""Counts the files that a message passes, which a reader has to open to follow it.

`python -m tests.test_path` prints the files of both ways.
"""

import asyncio
import dis
import re
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import httpx

import recado
from recado.http.app import App
from recado.runtime import make_web
from recado.settings import load
from recado.telemetry.web_metrics import WebMetrics
from recado.whatsapp.content import titles
from tests.clock import FakeClock
from tests.meta import ENVIRONMENT, PATH, FakeGraph, graph_error, signed, text_message, webhook
from tests.waiting import PATIENCE_SECONDS

PACKAGE = Path(recado.__file__).parent
ARCHITECTURE = PACKAGE.parent.parent / "docs" / "architecture.md"
#: Files outside quotes/ that an order passes until Meta has its reply.
DELIVERED_LIMIT = 35
#: The same for an order whose reply fails once and is delivered by a drain.
RETRIED_LIMIT = 41


class Trace:
    """Records the files of recado in which a function is called, in any thread, in the order of the first calls; and
    those in which a function with a condition is called."""

    def __init__(self) -> None:
        self.files: dict[str, None] = {}
        self.deciding: dict[str, None] = {}

    def __enter__(self) -> "Trace":
        threading.setprofile(self._called)
        sys.setprofile(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _called(self, frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            self.files[frame.f_code.co_filename] = None
            if decides(frame.f_code):
                self.deciding[frame.f_code.co_filename] = None

    def clear(self) -> None:
        """Deletes the calls so far."""
        self.files.clear()
        self.deciding.clear()

    def way(self) -> "Way":
        """The files, relative to the package, without `quotes/`."""
        return Way(_outside(self.files, "quotes"), _outside(self.deciding, "quotes", "telemetry"))


class Way(NamedTuple):
    """The files that a message passes, in order. deciding: those with a condition, without telemetry/."""

    files: list[str]
    deciding: list[str]


def _outside(files: Iterable[str], *parts: str) -> list[str]:
    ours = [Path(file).relative_to(PACKAGE) for file in list(files) if Path(file).is_relative_to(PACKAGE)]
    return [str(path) for path in ours if path.parts[0] not in parts]


@cache
def decides(code: CodeType) -> bool:
    """Whether there is a condition in a function."""
    return any("JUMP" in step.opname and "IF" in step.opname for step in dis.get_instructions(code))


@asynccontextmanager
async def traced(folder: Path, graph: FakeGraph) -> AsyncIterator[tuple[App, FakeClock, Callable[[], Any]]]:
    """A pod whose store's threads are traced, too, and a function that posts an order to it."""
    titles.cache_clear()  # with cached titles, whatsapp/content.py would do less
    clock = FakeClock()
    place = {"RECADO_DATABASE": str(folder / "recado.db"), "RECADO_ACK_BUDGET_SECONDS": str(PATIENCE_SECONDS)}
    settings = load({**ENVIRONMENT, **place})
    app = App(make_web(settings, metrics=WebMetrics(), transport=graph, clock=clock))
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # httpx knows a scope as any mapping, not a dict
    async with (
        app.api.router.lifespan_context(app.api),
        httpx.AsyncClient(transport=transport, base_url="http://recado") as client,
    ):

        async def post() -> httpx.Response:
            """The response to an order; it comes after the attempt to send the reply."""
            body = webhook(text_message(1, "Quiero 2 zapatos y 1 camisa", sent_at=clock()))
            return await client.post(PATH, content=body, headers=signed(body))

        yield app, clock, post


async def delivered(folder: Path) -> Way:
    """The files of an order whose reply is sent at once."""
    graph, trace = FakeGraph(), Trace()
    with trace:
        async with traced(folder, graph) as (_, _, post):
            trace.clear()
            response = await post()
            way = trace.way()
    assert response.status_code == 200
    return way


async def retried(folder: Path) -> Way:
    """The files of an order whose reply Meta refuses once, and accepts from the drain."""
    graph, trace = FakeGraph(), Trace()
    graph.answer = lambda: graph_error(500, 131000)
    with trace:
        async with traced(folder, graph) as (app, clock, post):
            trace.clear()
            await post()
            graph.answer = None
            clock.advance(200)
            report = await app.web.drain.run()
            way = trace.way()
    assert report.successful == 1
    return way


def documented(part: str) -> list[str]:
    """The files that a part of docs/architecture.md names, in order."""
    text = ARCHITECTURE.read_text()
    section = text.partition(f"<!-- {part}: begin -->")[2].partition(f"<!-- {part}: end -->")[0]
    return re.findall(r"`([a-z_/]+\.py)`", section)


async def test_an_order_passes_few_files(tmp_path: Path) -> None:
    """From Meta's POST to Meta's acceptance of the reply; docs/architecture.md lists the deciding files in order."""
    way = await delivered(tmp_path)

    assert len(way.files) <= DELIVERED_LIMIT, way.files
    assert documented("way") == way.deciding


async def test_a_retried_order_passes_few_files_more(tmp_path: Path) -> None:
    """The same with a failed attempt and a drain in between."""
    way = await retried(tmp_path)
    more = [file for file in way.deciding if file not in documented("way")]

    assert len(way.files) <= RETRIED_LIMIT, way.files
    assert sorted(documented("retry")) == sorted(more)


if __name__ == "__main__":
    for name, passed in (("delivered", delivered), ("retried", retried)):
        with tempfile.TemporaryDirectory() as scratch:
            found = asyncio.run(passed(Path(scratch)))
        print(f"{name}: {len(found.files)} files, {len(found.deciding)} of them decide (*)")
        print(*(f"  {'*' if file in found.deciding else ' '} {file}" for file in found.files), sep="\n")
