"""The drain: how fast it sends due messages, whether it keeps the limit, and how soon it begins."""

import bisect
import statistics
import struct
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import apsw
from loadtests.bench.fill import fill
from loadtests.bench.machine import SERVER_CORE, cpu_seconds, get, resident_mib
from loadtests.bench.tables import Cell, table
from loadtests.bench.webhooks import Bench, recado

from recado.simulator.installation import Process

DUE = 10_000
LIMITED_SECONDS = 8
STARTS = 5


def drains(bench: Bench) -> tuple[str, list[dict[str, object]]]:
    """Measures 10,000 due messages without limits, then at 80/s, then the time to the first claim."""
    unlimited = {"RECADO_MESSAGES_PER_SECOND": "0", "RECADO_DRAIN_SECONDS": "50"}
    limited = {"RECADO_MESSAGES_PER_SECOND": "80", "RECADO_DRAIN_SECONDS": str(LIMITED_SECONDS)}
    kinds = (
        ("without limits", DUE, unlimited),
        ("without limits, 256 at once", DUE, unlimited | {"RECADO_DRAIN_CONCURRENCY": "256"}),
        ("at 80/s", 2000, limited),
    )
    raw: list[dict[str, object]] = []
    rows: list[list[Cell]] = []
    for name, due, settings in kinds:
        figures = _drain(bench, due, settings)
        raw.append({"drain": name, **figures})
        rows.append([name, *figures.values()])
        print(f"drain {name}: {figures['per_second']:.0f}/s", file=sys.stderr, flush=True)
    first = [_first_claim(bench) for _ in range(STARTS)]
    raw.append({"drain": "first claim", "seconds": first})
    head = ["drain", "messages/s", "most in any second", "sent", "twice", "CPU us a message", "MiB"]
    return (
        f"{table(head, rows)}\n\nFrom its start to its first claim: {statistics.median(first):.3f} s "
        f"(median of {STARTS}, {min(first):.3f} to {max(first):.3f}).",
        raw,
    )


def _drain(bench: Bench, due: int, settings: dict[str, str]) -> dict[str, Cell]:
    """Measures one `recado drain` by the arrivals at the simulated Graph API."""
    database = fill(bench.folder / "drain/recado.db", due)
    with bench.graph() as graph_port:
        child = _start(database.parent, graph_port, settings)
        cpu = resident = 0.0
        while child.running:
            try:
                cpu, resident = cpu_seconds(child), max(resident, resident_mib(child))
            except (OSError, StopIteration):
                break  # it ended between two checks
            time.sleep(0.05)
        if child.wait(10):
            raise RuntimeError(f"recado drain failed: see {child.log}")
        arrivals = list(struct.iter_unpack("<Qd", get(f"http://127.0.0.1:{graph_port}/arrivals")))
    times = [at for _, at in arrivals]
    recipients = {to for to, _ in arrivals}
    return {
        "per_second": (len(times) - 1) / (max(times) - min(times)),
        "most_in_a_second": _most_in_a_second(sorted(times)),
        "sent": len(recipients),
        "twice": len(arrivals) - len(recipients),
        "cpu_us": cpu / len(times) * 1e6,
        "resident_mib": resident,
    }


def _most_in_a_second(times: list[float]) -> int:
    """The maximum number of arrivals in any second, as Meta counts them."""
    return max(bisect.bisect_left(times, at + 1) - index for index, at in enumerate(times))


def _first_claim(bench: Bench) -> float:
    """Seconds from the start of `recado drain` until its first lease is in the file."""
    database = fill(bench.folder / "drain/recado.db", 1)
    with bench.graph() as graph_port:
        reader = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
        started = time.monotonic()
        child = _start(database.parent, graph_port)
        while not reader.execute("SELECT count(*) FROM entry WHERE attempts > 1").get:
            if time.monotonic() > started + 10:
                raise RuntimeError(f"recado drain claimed nothing: see {child.log}")
            time.sleep(0.002)
        took = time.monotonic() - started
        child.wait(60)
        reader.close()
    return took


def _start(data: Path, graph_port: int, settings: Mapping[str, str] = {}) -> Process:
    child = recado(data, graph_port, settings).command("drain", core=SERVER_CORE)
    child.start()
    return child
