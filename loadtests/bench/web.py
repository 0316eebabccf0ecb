"""Web processes on SQLite and on PostgreSQL, side by side: `python -m loadtests.bench.web`.

One process on SQLite, then 1, 2 and 4 on PostgreSQL, in turn in each round: at full speed, and at steady rates. The
table has medians, and sums of missing and doubled replies and of responses other than 200. CPU is that of a message, in
the web processes and in PostgreSQL's; a second of messages before the measurement does not count. Only the generator
and the simulated Meta are pinned; they share the last core with the others.

`full` says what was nearest to its limit: a web process can use one core, because its threads share the interpreter's
lock; the machine can use all its cores.
"""

import argparse
import contextlib
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from loadtests.bench.machine import ROOT, cpu_seconds, get, versions
from loadtests.bench.postgres import server_cpu
from loadtests.bench.tables import Cell, table
from loadtests.bench.webhooks import Bench, RunResult, Scenario, recado, with_replies

from recado.queue.postgres.migrations import migrate
from recado.simulator.installation import Server
from recado.simulator.postgres import PostgresServer, started_server

SCENARIOS = {
    "full speed": Scenario("full speed", ("--mode", "closed")),
    "320/s": Scenario("320/s", ("--mode", "open", "--rate", "320")),
    "1,000/s": Scenario("1,000/s", ("--mode", "open", "--rate", "1000")),
}
#: Messages before the measurement, with which new processes fill their caches.
WARM_UP_SECONDS = 1.0
SQLITE, POSTGRES = "SQLite", "PostgreSQL"
CORES = os.cpu_count() or 1


class LoadResult(msgspec.Struct, frozen=True):
    """The result of a measurement. server_us: PostgreSQL's CPU of a message; busiest: the share of a core that the
    busiest web process used; machine: the used share of all cores."""

    outcome: RunResult
    server_us: float
    busiest: float
    machine: float

    @property
    def full(self) -> str:
        """What was nearest to its limit."""
        shares = {"a web process": self.busiest, "the machine": self.machine}
        most = max(shares, key=shares.__getitem__)
        return f"{most}, {min(1.0, shares[most]):.0%}"


@contextlib.contextmanager
def pods(folder: Path, graph_port: int, processes: int, settings: Mapping[str, str]) -> Iterator[list[Server]]:
    """Web processes of one installation."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    installation = recado(folder, graph_port, settings)
    if "DATABASE_URL" in settings:
        del installation.environment["RECADO_DATABASE"]
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(installation.server()) for _ in range(processes)]


def measure(bench: Bench, server: PostgresServer, store: str, processes: int, scenario: Scenario) -> LoadResult:
    """One scenario against fresh processes and an empty database."""
    settings = {"RECADO_ACK_BUDGET_SECONDS": "0"}
    if store == POSTGRES:
        settings["DATABASE_URL"] = server.create(f"web_{time.monotonic_ns()}")
        migrate(settings["DATABASE_URL"])
    with bench.graph() as graph_port, pods(bench.folder / "web", graph_port, processes, settings) as web:
        ports = [pod.port for pod in web]
        bench.load(ports, WARM_UP_SECONDS, "--mode", "open", "--rate", "100")
        bench.arrivals(graph_port, int(WARM_UP_SECONDS * 100))
        get(f"http://127.0.0.1:{graph_port}/reset", data=b"")
        before, served = [cpu_seconds(pod) for pod in web], server_cpu(server)
        result, due = bench.load(ports, bench.seconds, *scenario.options)
        arrivals = bench.arrivals(graph_port, len(due))
        spent = [cpu_seconds(pod) - then for pod, then in zip(web, before, strict=True)]
        served = server_cpu(server) - served
    messages = max(result["ok"], 1)
    outcome = RunResult(
        requests=result["requests"],
        ok=result["ok"],
        per_second=result["per_second"],
        latency_ms=result["latency_ms"],
        generator_busy=result["generator_busy"],
        cpu_us=sum(spent) / messages * 1e6,
    )
    outcome = with_replies(outcome, due, arrivals)
    return LoadResult(outcome, served / messages * 1e6, max(spent) / bench.seconds, result["cores_busy"] / CORES)


def row(store: str, processes: int, loads: list[LoadResult]) -> list[Cell]:
    """The medians of several measurements, and the sums of errors."""
    outcomes = [load.outcome for load in loads]

    def middle(values: Iterator[float]) -> float:
        return float(statistics.median(values))

    return [
        store,
        processes,
        middle(one.per_second for one in outcomes),
        middle(one.cpu_us for one in outcomes),
        middle(load.server_us for load in loads) if store == POSTGRES else None,
        middle(one.latency_ms["p50"] for one in outcomes),
        middle(one.latency_ms["p99"] for one in outcomes),
        middle(one.reply_ms["p50"] for one in outcomes),
        middle(one.reply_ms["p99"] for one in outcomes),
        sum(one.requests - one.ok for one in outcomes),
        sum(one.missing for one in outcomes),
        sum(one.twice for one in outcomes),
        max(loads, key=lambda load: load.outcome.per_second).full,
    ]


HEAD = ["store", "processes", "messages/s", "CPU us in pods", "in PostgreSQL", "response p50 ms", "p99 ms"]
HEAD += ["reply p50 ms", "p99 ms", "not 200", "missing", "twice", "full"]


def side_by_side(bench: Bench, server: PostgresServer, processes: list[int], names: list[str]) -> str:
    """Measures every scenario on SQLite, then on PostgreSQL with several numbers of processes, in turn; returns a table
    for each."""
    variants = [(SQLITE, 1), *((POSTGRES, count) for count in processes)]
    parts = []
    for name in names:
        loads: dict[tuple[str, int], list[LoadResult]] = {variant: [] for variant in variants}
        for _ in range(bench.rounds):
            for variant in variants:
                loads[variant].append(measure(bench, server, *variant, SCENARIOS[name]))
        rows = [row(*variant, several) for variant, several in loads.items()]
        parts.append(f"### {name}\n\n{table(HEAD, rows)}")
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--loads", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5.0)
    asked = parser.parse_args()
    (ROOT / "data").mkdir(exist_ok=True)
    with started_server() as server, tempfile.TemporaryDirectory(dir=ROOT / "data") as folder:
        bench = Bench(Path(folder), asked.seconds, asked.rounds)
        print(side_by_side(bench, server, asked.processes, asked.loads))
    print(f"\n{versions()}\nload of the machine at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
