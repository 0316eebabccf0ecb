"""Compares the durable queue with plain SQLite, and measures its growth: `python -m loadtests.bench.queues KIND FOLDER
...` makes one measurement in its own process and prints one JSON object."""

import argparse
import asyncio
import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import uvloop
from loadtests.bench import bodies
from loadtests.bench.fill import fill
from loadtests.bench.machine import OTHER_CORE, ROOT, SERVER_CORE
from loadtests.bench.tables import ratio, table

from recado.delivery.channels.whatsapp import NAME
from recado.outcome import Outcome
from recado.queue.model import AttemptResult, Lane, NewReply
from recado.queue.store import StoredQueue
from recado.queue.store_metrics import StoreCollector
from recado.runtime import open_queue
from recado.settings import Settings
from recado.whatsapp.content import Text

CALLERS = 256
CLAIMS = 40
CLAIMED_AT_ONCE = 20
GROWTH = (1_000, 100_000, 1_000_000)
#: The operations, in the order in which they are measured.
OPERATIONS = {
    "claim": f"claim {CLAIMED_AT_ONCE}",
    "record": f"record {CLAIMED_AT_ONCE}",
    "add": "add 1",
    "status": "queue at a glance",
    "listing": "page of failed messages",
    "scrape": "metrics page",
}
Figures = dict[str, float]
_JOB = "CREATE TABLE job (id INTEGER PRIMARY KEY, body TEXT NOT NULL, state INTEGER NOT NULL)"
_BODY = "y" * 400


def opened(path: Path) -> StoredQueue:
    return open_queue(Settings(database=path, messages_per_second=0, customer_interval_seconds=0))


# -- what one process measures -------------------------------------------------------------------------------------


async def cycles(path: Path, seconds: float, name: str) -> Figures:
    """Full cycles of many callers at once: add a leased reply, send nothing, record it as delivered."""
    queue = opened(path)
    waits: list[float] = []
    end = time.monotonic() + seconds

    async def caller(number: int) -> None:
        count = 0
        while (now := time.monotonic()) < end:
            count += 1
            key = f"{name}-{number}-{count}"
            added = await queue.add_message(_message(key), lease=True)
            assert added.message is not None
            waits.append(time.monotonic() - now)
            result = AttemptResult(outcome=Outcome.DELIVERED, sent_wamid=f"wamid.OUT{key}", seconds=0.05)
            await queue.update_message_attempt(added.message, result)

    cpu, started = time.process_time(), time.monotonic()
    await asyncio.gather(*(caller(number) for number in range(CALLERS)))
    took, cpu = time.monotonic() - started, time.process_time() - cpu
    await queue.close()
    waits.sort()
    return {
        "per_second": len(waits) / took,
        "cpu_us": cpu / len(waits) * 1e6,
        "add_p50_ms": statistics.median(waits) * 1e3,
        "add_p99_ms": waits[int(len(waits) * 0.99)] * 1e3,
    }


def plain(path: Path, seconds: float, batch: int) -> Figures:
    """The same with plain SQLite: one insert and one update for each reply, `batch` of them in a transaction."""
    connection = apsw.Connection(str(path))
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 4000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(_JOB)
    count, started = 0, time.monotonic()
    while time.monotonic() < started + seconds:
        ids = range(count + 1, count + batch + 1)
        with connection:
            connection.executemany("INSERT INTO job VALUES (?, ?, 1)", [(id_, _BODY) for id_ in ids])
        with connection:
            connection.executemany("UPDATE job SET state = 2 WHERE id = ?", [(id_,) for id_ in ids])
        count += batch
    return {"per_second": count / (time.monotonic() - started)}


async def growth(folder: Path, _seconds: float, _name: str) -> dict[str, Figures]:
    """The cost of single operations with `due` due messages: medians in milliseconds, measured in turn."""
    queues = {rows: (path := fill(folder / str(rows) / "queue.db", rows), opened(path)) for rows in GROWTH}
    times: dict[int, dict[str, list[float]]] = {rows: {} for rows in GROWTH}
    for number in range(CLAIMS):
        for rows, (_, queue) in queues.items():
            for name, seconds in (await _operations(queue, number)).items():
                times[rows].setdefault(name, []).append(seconds)
    figures = {}
    for rows, (path, queue) in queues.items():
        figures[str(rows)] = {name: statistics.median(several) * 1e3 for name, several in times[rows].items()}
        figures[str(rows)]["scrape"] = await asyncio.to_thread(_scrape_ms, queue, path)
        await queue.close()
    return figures


async def _operations(queue: StoredQueue, number: int) -> dict[str, float]:
    """Seconds of each operation, once."""
    clock = time.perf_counter
    times = [clock()]
    claim = await queue.get_messages_to_retry(CLAIMED_AT_ONCE)
    times.append(clock())
    result = AttemptResult(outcome=Outcome.DELIVERED, sent_wamid="wamid.OUT", seconds=0.05)
    await asyncio.gather(*(queue.update_message_attempt(message, result) for message in claim.messages))
    times.append(clock())
    await queue.add_message(_message(f"growth-{number}"), lease=True)
    times.append(clock())
    await queue.status()
    times.append(clock())
    await queue.get_failed_messages()
    times.append(clock())
    assert len(claim.messages) == CLAIMED_AT_ONCE
    return dict(zip(OPERATIONS, (b - a for a, b in itertools.pairwise(times)), strict=False))


def _scrape_ms(queue: StoredQueue, path: Path) -> float:
    """The median time to make one scrape's page."""
    from prometheus_client import generate_latest

    from recado.telemetry.web_metrics import WebMetrics

    metrics = WebMetrics()
    metrics.registry.register(StoreCollector(queue.snapshot))
    times = []
    for _ in range(10):
        started = time.perf_counter()
        generate_latest(metrics.registry)
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1e3


def _message(key: str) -> NewReply:
    now = time.time()
    return NewReply(
        wamid=f"wamid.IN{key}",
        lane=Lane(NAME, bodies.PHONE_NUMBER_ID),
        key=f"{bodies.PHONE_NUMBER_ID}:{key}",
        phone="+15550100001",
        user_id=None,
        content=Text(_BODY),
        written_at=now,
        received_at=now,
        deadline_at=now + 80_000,
    )


# -- side by side --------------------------------------------------------------------------------------------------


def side_by_side(folder: Path, seconds: float, rounds: int) -> tuple[str, list[dict[str, object]]]:
    """Cycles of the queue and of plain SQLite, alone and as two processes on one file."""
    raw: list[dict[str, object]] = []
    kinds: dict[str, Callable[[int], list[str]]] = {
        "SQLite, one a transaction": lambda _: ["plain", "1"],
        "SQLite, 100 a transaction": lambda _: ["plain", "100"],
        "recado": lambda n: ["cycles", str(n)],
    }
    rows = []
    floor = 0.0
    for name, kind in kinds.items():
        figures = []
        for number in range(rounds):
            path = _fresh(folder / f"queue-{number}.db")
            figures.append(_Child(kind(number), path, seconds).result())
            raw.append({"queue": name, **figures[-1]})
        per_second = statistics.median(one["per_second"] for one in figures)
        floor = floor or per_second
        rows.append([name, per_second, per_second / floor, *(_middle(figures, f) for f in ("cpu_us", "add_p99_ms"))])
        print(f"queue {name}: {per_second:.0f} cycles/s", file=sys.stderr, flush=True)
    path = _fresh(folder / "queue-both.db")
    both = [_Child(["cycles", str(n)], path, seconds, core) for n, core in enumerate((SERVER_CORE, OTHER_CORE))]
    two = [one.result()["per_second"] for one in both]
    raw.append({"queue": "two processes", "per_second": two})
    rows.append(["recado, two processes", sum(two), sum(two) / floor, None, None])
    head = ["queue", "cycles/s", "x one a transaction", "CPU us", "add p99 ms"]
    share = min(two) / sum(two)
    return f"{table(head, rows)}\n\nThe slower of the two processes did {share:.0%} of the work.", raw


def grow(folder: Path) -> tuple[str, list[dict[str, object]]]:
    """Single operations with 1 thousand, 100 thousand and 1 million messages due."""
    raw = _Child(["growth", "-"], folder, 0.0).result()
    by_rows = [raw[str(rows)] for rows in GROWTH]
    lines = [
        [title, *(figures[name] for figures in by_rows), ratio(by_rows[-1][name], by_rows[0][name])]
        for name, title in OPERATIONS.items()
    ]
    head = ["operation, ms", *(f"{rows:,} due" for rows in GROWTH), "1 M / 1 k"]
    return table(head, lines), [raw]


class _Child:
    """A measurement in a separate process."""

    def __init__(self, kind: list[str], path: Path, seconds: float, core: int = SERVER_CORE) -> None:
        argv = [sys.executable, "-m", "loadtests.bench.queues", str(path), str(seconds), *kind]
        self._process = subprocess.Popen(["taskset", "-c", str(core), *argv], cwd=ROOT, stdout=subprocess.PIPE)

    def result(self) -> Any:
        out, _ = self._process.communicate(timeout=300)
        if self._process.returncode:
            raise RuntimeError(f"a measurement ended with {self._process.returncode}")
        return json.loads(out)


def _fresh(path: Path) -> Path:
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    return path


def _middle(figures: list[Figures], name: str) -> float | None:
    return statistics.median(one[name] for one in figures) if name in figures[0] else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("seconds", type=float)
    parser.add_argument("kind", choices=("cycles", "plain", "growth"))
    parser.add_argument("argument")
    args = parser.parse_args()
    if args.kind == "plain":
        print(json.dumps(plain(args.path, args.seconds, int(args.argument))))
        return
    measure = cycles if args.kind == "cycles" else growth
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(measure(args.path, args.seconds, args.argument))))


if __name__ == "__main__":
    main()
