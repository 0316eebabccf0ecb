"""Counts the instructions of a whole message: python -m loadtests.bench.instructions (needs valgrind; some minutes).

The web pod runs in one process with its real store, under callgrind, and a Graph API that accepts at once. Unlike CPU
time, the count depends neither on the machine nor on its load, so two commits can be compared on a shared machine. It
counts only user mode, without sockets, system calls and waits for the disk. It excludes the reading of orders, because
each text is read only once, and the client, because the webhooks are made and signed before. `--which reading` counts
the reading alone, of first orders or of a `--text`. `--at-once 1` counts messages that come one by one, each with two
commits of its own.
"""

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import uvloop
from loadtests.bench import bodies
from loadtests.bench.machine import ROOT

from recado.http import app as web_app
from recado.http.app import App
from recado.http.server import calm_collector
from recado.quotes import Catalogue, QuoteService
from recado.quotes.catalogue.catalogue import DEFAULT_PATH
from recado.runtime import make_web
from recado.settings import load
from recado.telemetry import logging
from recado.telemetry.web_metrics import WebMetrics
from recado.whatsapp.connection import RawResponse
from recado.whatsapp.transport import GraphTransport, RequestHead, Timeouts

ROUND = 200
#: The difference of two runs excludes the start.
FEW, MANY = 1, 3
THREADS = {"01": "event loop", "02": "writer"}
SETTINGS = {
    "WHATSAPP_VERIFY_TOKEN": "bench-verify-token",
    "WHATSAPP_APP_SECRET": bodies.SECRET,
    "WHATSAPP_ACCESS_TOKEN": "bench-access-token",
    "WHATSAPP_PHONE_NUMBER_ID": bodies.PHONE_NUMBER_ID,
    "RECADO_MESSAGES_PER_SECOND": "0",
    "RECADO_ACK_BUDGET_SECONDS": "0",
    "RECADO_CUSTOMER_INTERVAL_SECONDS": "0",
}
Request = tuple[dict[str, Any], bytes]
#: The text of a customer who already has a quote.
CHANGE = "agrega 1 camisa"
_HELP = "a first order, a change of it, or only the reading of first orders"


class AcceptingGraph(GraphTransport):
    """Accepts every reply without a connection; `full` is set after each `at_once` replies."""

    sent = 0

    def __init__(self, at_once: int) -> None:
        super().__init__()
        self.at_once = at_once
        self.full = asyncio.Event()

    async def exchange(
        self, head: RequestHead, body: bytes, timeouts: Timeouts, *, header: tuple[bytes, bytes] | None = None
    ) -> RawResponse:
        self.sent += 1
        if self.sent % self.at_once == 0:
            self.full.set()
        await asyncio.sleep(0)
        return RawResponse(200, [], b'{"messages":[{"id":"wamid.OUT%d"}]}' % self.sent)


def _request(post: bytes) -> Request:
    """A POST as an ASGI scope and a body."""
    head, _, body = post.partition(b"\r\n\r\n")
    lines = [line.split(b": ", 1) for line in head.split(b"\r\n")[1:]]
    headers = [(name.lower(), value) for name, value in lines]
    scope = {"type": "http", "method": "POST", "path": bodies.PATH, "headers": headers, "client": ("127.0.0.1", 1)}
    return scope, body


async def _post(app: App, scope: dict[str, Any], body: bytes) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        assert message.get("status", 200) == 200

    await app(scope, receive, send)


def _requests(known: bool) -> tuple[list[Request], list[Request]]:
    """The requests before the count, and the counted ones: first orders, or the customers' next messages."""
    orders = [bodies.text() for _ in range(MANY * ROUND)]
    first = [_request(post) for _, post in orders]
    if not known:
        return [], first
    return first, [_request(bodies.text(number, CHANGE)[1]) for number, _ in orders]


async def run(rounds: int, database: Path, *, known: bool, at_once: int) -> None:
    """Handles `rounds` rounds of messages, each until its reply is accepted."""
    QuoteService.understand = lru_cache(QuoteService.understand)  # type: ignore[method-assign]  # each text once
    web_app.BETWEEN_NAMES_SECONDS = 3600.0  # the catalogue's names are not read meanwhile
    graph = AcceptingGraph(at_once)
    settings = load({**SETTINGS, "RECADO_DATABASE": str(database)})
    app = App(make_web(settings, metrics=WebMetrics(), transport=graph))
    calm_collector()
    async with app.api.router.lifespan_context(app.api):
        before, counted = _requests(known)
        requests = before + counted[: rounds * ROUND]
        for start in range(0, len(requests), at_once):
            graph.full.clear()
            await asyncio.gather(*(_post(app, *request) for request in requests[start : start + at_once]))
            await graph.full.wait()


def read(rounds: int, text: str) -> None:
    """Reads `rounds` rounds of a text, or of first orders, without anything else of a message."""
    catalogue = Catalogue.from_csv(DEFAULT_PATH)
    service = QuoteService(lambda: catalogue)
    calm_collector()
    texts = [text] if text else bodies.ORDERS
    for number in range(rounds * ROUND):
        service.understand(texts[number % len(texts)])


def count(rounds: int, which: str, at_once: int, text: str, folder: Path) -> dict[str, int]:
    """The instructions of a run by thread."""
    out = folder / f"out{which}{rounds}"
    argv = ["valgrind", "--tool=callgrind", "--separate-threads=yes", f"--callgrind-out-file={out}"]
    argv += [
        sys.executable,
        "-m",
        "loadtests.bench.instructions",
        "--child",
        str(rounds),
        which,
        str(at_once),
        f"{out}.db",
        text,
    ]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    subprocess.run(argv, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = {}
    for thread in _threads(which):
        total = re.search(r"^(?:totals|summary): (\d+)", Path(f"{out}-{thread}").read_text(errors="replace"), re.M)
        assert total
        found[thread] = int(total[1])
    return found


def _threads(which: str) -> list[str]:
    return ["01"] if which == "reading" else list(THREADS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--which", choices=("first", "known", "reading"), default="first", help=_HELP)
    parser.add_argument("--at-once", type=int, default=40, help="how many messages are handled at the same time")
    parser.add_argument("--text", default="", help="what is read instead of first orders, with --which reading")
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child and args.child[1] == "reading":
        read(int(args.child[0]), args.child[4])
        return
    if args.child:
        with Path(os.devnull).open("w") as nowhere, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            logging.configure("info", nowhere, ["a secret of a length"])
            rounds, which, at_once, database, _ = args.child
            runner.run(run(int(rounds), Path(database), known=which == "known", at_once=int(at_once)))
        return
    with tempfile.TemporaryDirectory() as folder:
        few, many = (count(rounds, args.which, args.at_once, args.text, Path(folder)) for rounds in (FEW, MANY))
    for thread in few:
        each = (many[thread] - few[thread]) / ((MANY - FEW) * ROUND)
        print(f"{THREADS[thread]:10} {each / 1e3:8.1f} thousand instructions a message")


if __name__ == "__main__":
    main()
