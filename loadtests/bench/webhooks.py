"""Webhooks: throughput and latency of recado and of minimal services, and recado's capacity, memory and start."""

import contextlib
import json
import shutil
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from loadtests.bench import bodies
from loadtests.bench.machine import (
    OTHER_CORE,
    ROOT,
    SERVER_CORE,
    Foreign,
    cpu_seconds,
    get,
    percentile,
    pinned,
    resident_mib,
)
from loadtests.bench.tables import Cell, ratio, table

from recado.simulator.installation import Installation, Process, free_port

GRAPH_LATENCY_MS = 50.0
#: The limit for the capacity: p99 of the time from when a webhook was due until Meta had the reply.
IN_TIME_MS = 300.0
SETTLE_SECONDS = 8.0
#: The rate at which the quotes for a yes are made: slow enough for any machine.
QUOTED_A_SECOND = 320.0
#: A search for the capacity begins with this rate, and halves the last interval this often.
FIRST_RATE, HALVINGS = 600.0, 2


class Scenario(msgspec.Struct, frozen=True):
    """A load, as options of the generator, with the share of Graph calls that fail.

    quoted: how many customers have a quote before the load; every second message is the yes of one of them.
    """

    name: str
    options: tuple[str, ...]
    faults: float = 0.0
    budget: float = 0.0
    quoted: int = 0


SCENARIOS = (
    Scenario("closed", ("--mode", "closed")),
    Scenario("mixed 1:3", ("--mode", "closed", "--statuses", "3")),
    Scenario("open 320/s", ("--mode", "open", "--rate", "320")),
    Scenario("open 320/s, budget 0.2 s", ("--mode", "open", "--rate", "320"), budget=0.2),
    Scenario("open 1000/s", ("--mode", "open", "--rate", "1000")),
    Scenario("faults 20 %, 100/s", ("--mode", "open", "--rate", "100"), faults=0.2),
)
TARGETS = ("plain", "durable", "recado")


class RunResult(msgspec.Struct, kw_only=True):
    """One measurement. `missing`: acknowledged with 200, but without a reply; `twice`: with more than one."""

    requests: int
    ok: int
    per_second: float
    latency_ms: dict[str, float]
    generator_busy: float
    cpu_us: float
    resident_mib: float = 0.0
    foreign: float = 0.0
    missing: int = 0
    twice: int = 0
    replies_per_second: float = 0.0
    reply_ms: dict[str, float] = {}


class Bench:
    """Folders and length of the measurements; `program` is recado, as Python's arguments."""

    def __init__(self, folder: Path, seconds: float, rounds: int, *, program: Sequence[str] = ("-m", "recado")) -> None:
        self.folder, self.seconds, self.rounds, self.program = folder, seconds, rounds, program

    @contextlib.contextmanager
    def graph(self, faults: float = 0.0) -> Iterator[int]:
        """Starts the simulated Meta; returns its port."""
        port = free_port()
        argv = [sys.executable, "-m", "loadtests.bench.graph", str(port), "--latency-ms", str(GRAPH_LATENCY_MS)]
        argv += ["--faults", str(faults)]
        with pinned(argv, core=OTHER_CORE, log=self.folder / "graph.log", port=port):
            yield port

    @contextlib.contextmanager
    def server(self, target: str, graph_port: int, **settings: str) -> Iterator[tuple[Process, int]]:
        """A fresh server with an empty data folder, and its port."""
        data = self.folder / target
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True)
        if target == "recado":
            server = recado(data, graph_port, settings).server(program=self.program, core=SERVER_CORE)
            with server:
                yield server, server.port
            return
        port = free_port()
        argv = [sys.executable, "-m", "loadtests.bench.floors", str(port), target, str(data / "floor.db")]
        with pinned(argv, core=SERVER_CORE, log=self.folder / f"{target}.log", port=port) as floor:
            yield floor, port

    def measure(self, target: str, scenario: Scenario, **settings: str) -> RunResult:
        """One scenario against a fresh server."""
        settings |= {"RECADO_ACK_BUDGET_SECONDS": str(scenario.budget)}
        with self.graph(scenario.faults) as graph_port, self.server(target, graph_port, **settings) as (server, port):
            options = scenario.options
            if scenario.quoted:
                options += ("--known", str(self._quote(port, graph_port, scenario.quoted)))
            foreign, cpu = Foreign(), cpu_seconds(server)
            result, due = self.load([port], self.seconds, *options)
            arrivals = self.arrivals(graph_port, len(due)) if target == "recado" else []
            cpu = cpu_seconds(server) - cpu
            outcome = RunResult(
                requests=result["requests"],
                ok=result["ok"],
                per_second=result["per_second"],
                latency_ms=result["latency_ms"],
                generator_busy=result["generator_busy"],
                cpu_us=cpu / max(result["ok"], 1) * 1e6,
                resident_mib=resident_mib(server),
                foreign=foreign.share(cpu),
            )
            return with_replies(outcome, due, arrivals) if target == "recado" else outcome

    def load(self, ports: Sequence[int], seconds: float, *options: str) -> tuple[dict[str, Any], dict[int, float]]:
        """The generator's output, and when the acknowledged message of each customer was due."""
        times = self.folder / "times.bin"
        argv = [sys.executable, "-m", "loadtests.bench.generator", *map(str, ports), *options]
        argv += ["--seconds", str(seconds), "--times", str(times)]
        out = subprocess.run(
            ["taskset", "-c", str(OTHER_CORE), *argv], cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=120
        )
        return json.loads(out.stdout), dict(struct.iter_unpack("<Qd", times.read_bytes()))

    def _quote(self, port: int, graph_port: int, customers: int) -> int:
        """Gives customers a quote; returns the number of the first."""
        options = ("--mode", "open", "--rate", str(QUOTED_A_SECOND))
        _, due = self.load([port], customers / QUOTED_A_SECOND, *options)
        self.arrivals(graph_port, len(due))
        get(f"http://127.0.0.1:{graph_port}/reset", data=b"")
        return min(due)

    def arrivals(self, graph_port: int, expected: int) -> list[tuple[int, float]]:
        """The arrivals at the simulated Graph API, after all have arrived or nothing has arrived for a while."""
        count, since = -1, time.monotonic()
        while True:
            arrivals = list(struct.iter_unpack("<Qd", get(f"http://127.0.0.1:{graph_port}/arrivals")))
            if len(arrivals) != count:
                count, since = len(arrivals), time.monotonic()
            if len({to for to, _ in arrivals}) >= expected or time.monotonic() > since + SETTLE_SECONDS:
                time.sleep(0.3)
                return list(struct.iter_unpack("<Qd", get(f"http://127.0.0.1:{graph_port}/arrivals")))
            time.sleep(0.2)


def recado(data: Path, graph_port: int, settings: Mapping[str, str] = {}) -> Installation:
    """An installation in the folder `data` with the settings of recado-target.json and `settings`."""
    target = json.loads((ROOT / "loadtests/recado-target.json").read_text())
    graph = f"http://127.0.0.1:{graph_port}"
    words = {"port": "", "graph": graph, "data": data, "secret": bodies.SECRET, "phone": bodies.PHONE_NUMBER_ID}
    usual = {name: str(value).format(**words) for name, value in target["env"].items()}
    return Installation(data, {**usual, **settings}, api_url=graph, logs=data)


def with_replies(outcome: RunResult, due: dict[int, float], arrivals: list[tuple[int, float]]) -> RunResult:
    due = {int(bodies.customer_of(number)): at for number, at in due.items()}
    first: dict[int, float] = {}
    twice = 0
    for to, at in arrivals:
        twice += to in first
        first.setdefault(to, at)
    waits = sorted((at - due[to]) * 1e3 for to, at in first.items() if to in due)
    outcome.missing, outcome.twice = len(due) - len(waits), twice
    outcome.reply_ms = {"p50": percentile(waits, 0.5), "p99": percentile(waits, 0.99)}
    if first:
        outcome.replies_per_second = len(waits) / max(max(first.values()) - min(due.values()), 1e-9)
    return outcome


def side_by_side(bench: Bench) -> tuple[str, list[dict[str, object]]]:
    """Measures every scenario with the minimal services and recado in turn; returns a table of medians."""
    parts, raw = [], []
    for scenario in SCENARIOS:
        floors = not (scenario.faults or scenario.budget)
        targets = TARGETS if floors else ("recado",)
        outcomes: dict[str, list[RunResult]] = {target: [] for target in targets}
        for _ in range(bench.rounds):
            for target in targets:
                outcomes[target].append(one := bench.measure(target, scenario))
                raw.append({"scenario": scenario.name, "target": target, **msgspec.to_builtins(one)})
                say(f"{scenario.name:26} {target:8} {one.per_second:8.0f}/s  p99 {one.latency_ms['p99']:.1f} ms")
        head = ["target", "webhooks/s", "x plain", "p50 ms", "p99 ms", "max ms", "CPU us", "x plain", "not 200"]
        head += ["replies/s", "missing", "twice", "reply p50 ms", "p99 ms", "MiB", "core lost to others"]
        rows = [_row(target, rows, outcomes.get("plain")) for target, rows in outcomes.items()]
        parts.append(f"### {scenario.name}\n\n{table(head, rows)}")
    return "\n\n".join(parts), raw


def _row(target: str, outcomes: list[RunResult], floor: list[RunResult] | None) -> list[Cell]:
    def middle(name: str, of: list[RunResult] | None = None) -> float:
        return float(statistics.median(getattr(one, name) for one in of or outcomes))

    def latency(name: str, field: str = "latency_ms") -> float:
        return float(statistics.median(getattr(one, field)[name] for one in outcomes))

    replies: list[Cell] = [None] * 5
    if target == "recado":
        missing, twice = sum(one.missing for one in outcomes), sum(one.twice for one in outcomes)
        times = [latency("p50", "reply_ms"), latency("p99", "reply_ms")]
        replies = [middle("replies_per_second"), missing, twice, *times]
    return [
        target,
        middle("per_second"),
        ratio(middle("per_second"), middle("per_second", floor) if floor else None),
        *(latency(name) for name in ("p50", "p99", "max")),
        middle("cpu_us"),
        ratio(middle("cpu_us"), middle("cpu_us", floor) if floor else None),
        sum(one.requests - one.ok for one in outcomes),
        *replies,
        middle("resident_mib"),
        f"{max(one.foreign for one in outcomes):.0%}",
    ]


def rates() -> Generator[float, bool, tuple[float, float]]:
    """The rates that a search for the capacity tries. The caller sends whether each is sustained. Returns the highest
    sustained rate, and one that is not."""
    low, high = 0.0, FIRST_RATE
    while (yield high):
        low, high = high, high * 1.4
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if (yield middle) else (low, middle)
    return low, high


def steady(rate: float, *, quoted: int = 0) -> Scenario:
    """Messages at a rate, regardless of the server."""
    options = ("--mode", "open", "--rate", str(rate), "--connections", "256")
    return Scenario(f"{rate:.0f}/s", options, quoted=quoted)


def holds(one: RunResult) -> bool:
    """Whether every message was acknowledged and every reply was sent in time."""
    return one.ok == one.requests and not one.missing and not one.twice and one.reply_ms["p99"] < IN_TIME_MS


def capacity(bench: Bench) -> tuple[str, list[dict[str, object]]]:
    """The highest steady rate, from a cold start, at which every message is acknowledged and every reply is sent in
    time."""
    raw: list[dict[str, object]] = []
    search = rates()
    rate = next(search)
    while True:
        one = bench.measure("recado", steady(rate))
        good = holds(one)
        raw.append({"rate": rate, "holds": good, **msgspec.to_builtins(one)})
        say(
            f"capacity {rate:6.0f}/s {'holds' if good else 'fails'}  reply p99 {one.reply_ms['p99']:.0f} ms"
            f"  {one.cpu_us:.0f} us  missing {one.missing}  not 200 {one.requests - one.ok}"
        )
        try:
            rate = search.send(good)
        except StopIteration as found:
            low, high = found.value
            break
    costs = (one["cpu_us"] for one in reversed(raw) if one["rate"] == low)
    row: list[Cell] = [low, high, next((float(str(cost)) for cost in costs), None)]
    return table(["holds, messages/s", "fails at", "CPU us a message"], [row]), raw


def memory_and_starts(bench: Bench) -> tuple[str, list[dict[str, object]]]:
    """Resident memory when idle and under Meta's top tier, and how long processes take to be ready."""
    top = Scenario("top tier", ("--mode", "open", "--rate", "4000", "--statuses", "3"))
    with bench.graph() as graph_port:
        started = time.monotonic()
        with bench.server("recado", graph_port) as (server, _):
            ready = time.monotonic() - started
            time.sleep(2.0)
            idle = resident_mib(server)
    loaded = bench.measure("recado", top)
    rows: list[list[Cell]] = [
        ["serve: ready to answer", f"{ready:.2f} s"],
        ["serve: resident, idle", f"{idle:.0f} MiB"],
        [
            "serve: resident, 4,000 webhooks/s 1:3",
            f"{loaded.resident_mib:.0f} MiB ({loaded.per_second:.0f}/s answered, p99 {loaded.latency_ms['p99']:.0f} ms,"
            f" {loaded.requests - loaded.ok} not 200, {loaded.missing} replies missing)",
        ],
    ]
    raw: list[dict[str, object]] = [{"ready": ready, "idle_mib": idle, "top": msgspec.to_builtins(loaded)}]
    return table(["what", "measured"], rows), raw


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
