"""Measures the cost of telemetry: `python -m loadtests.bench.telemetry [--seconds 4] [--rounds 5]`.

It puts the same load on recado as it is, without metrics, and with traces of 1 % and 100 % sent to a collector. The
variants take turns within one run. It compares the server's CPU time for one webhook, which other load affects least,
and the throughput.
"""

import argparse
import asyncio
import contextlib
import http.server
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec
from loadtests.bench.fill import fill
from loadtests.bench.machine import OTHER_CORE, ROOT, SERVER_CORE, Foreign, cpu_seconds, get, pinned
from loadtests.bench.tables import Cell, table
from loadtests.bench.webhooks import Bench, recado
from prometheus_client.openmetrics.exposition import generate_latest

from recado.queue.store_metrics import StoreCollector
from recado.runtime import open_queue
from recado.settings import load
from recado.simulator.installation import free_port
from recado.telemetry.web_metrics import WebMetrics

#: Meta's mix, one message to three statuses, at a rate that one core sustains in all variants.
LOAD = ("--mode", "open", "--rate", "900", "--statuses", "3")
CLOSED = ("--mode", "closed", "--statuses", "3")
SCRAPE_SECONDS = 1.0

BASE = "as it is"
VARIANTS: dict[str, dict[str, str]] = {
    BASE: {},
    "without metrics": {},
    "traces 1 %": {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.01"},
    "traces 100 %": {"OTEL_TRACES_SAMPLER": "always_on"},
}


class Cost(msgspec.Struct, frozen=True):
    """One measurement."""

    cpu_us: float
    per_second: float
    foreign: float


def measure(bench: Bench, variant: str, load: tuple[str, ...], collector: int) -> Cost:
    """One variant under one load, against a fresh server; a scrape a second reads its metrics."""
    data = Path(tempfile.mkdtemp(dir=bench.folder))
    module = "loadtests.bench.unmetered" if variant == "without metrics" else "recado"
    with bench.graph() as graph_port:
        settings = dict(VARIANTS[variant]) | {"PYTHONPATH": str(ROOT)}
        if variant.startswith("traces"):
            settings["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{collector}"
        with recado(data, graph_port, settings).server(program=["-m", module], core=SERVER_CORE) as server:
            generator = [sys.executable, "-m", "loadtests.bench.generator", str(server.port), *load]
            generator += ["--seconds", str(bench.seconds)]
            foreign, cpu = Foreign(), cpu_seconds(server)
            process = subprocess.Popen(
                ["taskset", "-c", str(OTHER_CORE), *generator], cwd=ROOT, stdout=subprocess.PIPE, text=True
            )
            metrics = f"http://127.0.0.1:{server.metrics_port}/metrics"
            while process.poll() is None:
                get(metrics)
                time.sleep(SCRAPE_SECONDS)
            result = json.loads(process.communicate()[0])
            time.sleep(1.0)  # the cost includes the replies that are still being sent
            cpu = cpu_seconds(server) - cpu
    return Cost(cpu_us=cpu / result["ok"] * 1e6, per_second=result["per_second"], foreign=foreign.share(cpu))


@contextlib.contextmanager
def collector() -> Iterator[int]:
    """A process that accepts spans and drops them; returns its port."""
    port = free_port()
    argv = [sys.executable, "-m", "loadtests.bench.telemetry", "--collect", str(port)]
    with (
        tempfile.TemporaryDirectory() as folder,
        pinned(argv, core=OTHER_CORE, log=Path(folder) / "collector.log", port=port),
    ):
        yield port


def collect(port: int) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def scrapes(folder: Path) -> str:
    """The CPU time of one scrape with few and with a million waiting messages."""
    rows: list[list[Cell]] = []
    for count in (1_000, 1_000_000):
        path = fill(folder / "scraped" / "recado.db", count)
        queue = open_queue(load({"RECADO_DATABASE": str(path)}))
        metrics = WebMetrics()
        metrics.registry.register(StoreCollector(queue.snapshot))
        rows.append([f"{count:,}", _cpu_ms(queue.snapshot), _cpu_ms(partial(generate_latest, metrics.registry))])
        asyncio.run(queue.close())
    return table(["messages that wait", "reading the store, ms", "whole scrape (OpenMetrics), ms"], rows)


def _cpu_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(50):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times) * 1e3


def compare(bench: Bench) -> str:
    """A table of the best round of each variant, which other load disturbed least, and its ratio to recado as it is."""
    parts = []
    with collector() as port:
        for name, load in (("900 webhooks/s, 1:3", LOAD), ("as fast as it goes, 1:3", CLOSED)):
            costs: dict[str, list[Cost]] = {variant: [] for variant in VARIANTS}
            for _ in range(bench.rounds):
                for variant, found in costs.items():
                    found.append(one := measure(bench, variant, load, port))
                    print(f"{name}: {variant}: {one}", file=sys.stderr, flush=True)
            base = _best(costs[BASE])
            rows: list[list[Cell]] = []
            for variant, found in costs.items():
                cpu, speed = _best(found)
                lost = f"{max(one.foreign for one in found):.0%}"
                rows.append([variant, cpu, f"{cpu / base[0] - 1:+.1%}", speed, f"{speed / base[1] - 1:+.1%}", lost])
            head = ["variant", "CPU us a webhook", "against base", "webhooks/s", "against base", "core lost to others"]
            parts.append(f"### {name}\n\n{table(head, rows)}")
    return "\n\n".join(parts)


def _best(costs: list[Cost]) -> tuple[float, float]:
    return min(one.cpu_us for one in costs), max(one.per_second for one in costs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--collect", type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.collect:
        collect(args.collect)
        return
    (ROOT / "data/bench").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "data/bench") as folder:
        print(compare(Bench(Path(folder), args.seconds, args.rounds)))
        print(f"\n### One scrape, CPU time\n\n{scrapes(Path(folder))}")


if __name__ == "__main__":
    main()
