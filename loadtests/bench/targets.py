"""Measures the targets of the PostgreSQL store in one run: `python -m loadtests.bench.targets` (four minutes).

cycles      replies added leased and recorded, 100 at once: CPU of client and server, beside the least that the promises
            cost (floor.sql: one function an operation, binary parameters, no sessions, quotes, breakers or order)
growth      claim 20, record 20, add 1: with 1,000,000 due replies, beside 1,000
processes   cycles a second of eight processes beside one, 5 replies at once, commits 10 ms longer
snapshot    claim 20 while an old snapshot is held, with 200,000 dead entries before what is due, beside none

Values that are compared are measured in turn. Other load on the machine affects only `processes`: eight processes need
its cores.
"""

import argparse
import asyncio
import itertools
import json
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import psycopg
import uvloop
from loadtests.bench import pods
from loadtests.bench.machine import versions
from loadtests.bench.postgres import DELIVERED, NUMBERS, UNLIMITED, cycle, message, server_cpu
from loadtests.bench.tables import Cell, table

from recado.queue.postgres.migrations import migrate
from recado.queue.store import StoredQueue
from recado.runtime import open_queue
from recado.settings import load
from recado.simulator.postgres import PostgresServer, started_server

AT_ONCE = 100
CLAIMED = 20
OPERATIONS = ("claim 20", "record 20", "add 1")
#: Totals that a transaction adds to.
COUNTS = json.dumps({f"recado_something_{n}_total": 1.0 for n in range(12)})
ADD = """SELECT new_id FROM floor.add_v1(%b::uuid[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
  %b::float8[], %b::float8[], 'bench', 60.0, 6.0, 1, %b::jsonb)"""
DELIVER = "SELECT done FROM floor.deliver_v1(%b::bigint[], %b::int[], %b::text[], %b::jsonb)"
LANES = "INSERT INTO recado.lane (channel, name) VALUES ('whatsapp', '106540352242922')"


class Target(msgspec.Struct, frozen=True):
    """A ratio and its limit; `least`: the ratio must not be lower."""

    name: str
    detail: str
    ratio: float
    limit: float
    least: bool = False

    @property
    def row(self) -> list[Cell]:
        reached = self.ratio >= self.limit if self.least else self.ratio <= self.limit
        limit = f"at {'least' if self.least else 'most'} {self.limit}"
        return [self.name, self.detail, round(self.ratio, 2), limit, "yes" if reached else "no"]


def opened(url: str) -> StoredQueue:
    return open_queue(load({**UNLIMITED, "RECADO_DATABASE_URL": url}))


# -- cycles --------------------------------------------------------------------------------------------------------


class Spent(msgspec.Struct):
    """Microseconds of CPU of a cycle, in several measurements."""

    client: list[float] = []
    server: list[float] = []

    @property
    def total(self) -> float:
        return statistics.median(self.client) + statistics.median(self.server)

    def __str__(self) -> str:
        return f"{statistics.median(self.client):.0f} + {statistics.median(self.server):.0f}"


async def spend(into: Spent, server: PostgresServer, work: Callable[[], Awaitable[int]], seconds: float) -> None:
    """Does the work for a time, and records its CPU."""
    await work()
    done, end = 0, time.perf_counter() + seconds
    client, served = time.process_time(), server_cpu(server)
    while time.perf_counter() < end:
        done += await work()
    into.client.append((time.process_time() - client) / done * 1e6)
    into.server.append((server_cpu(server) - served) / done * 1e6)


async def least_cycle(connection: psycopg.AsyncConnection) -> int:
    """Runs several replies through the functions of floor.sql."""
    now = time.time()
    news = [message(next(NUMBERS), now) for _ in range(AT_ONCE)]
    columns = [
        [uuid.uuid4().hex for _ in news],
        [new.lane.name for new in news],
        [new.key for new in news],
        [new.phone for new in news],
        [new.wamid for new in news],
        ['{"type":"text","body":"Total: $117.48"}' for _ in news],
        [new.deadline_at for new in news],
        [now for _ in news],
    ]
    added = await connection.execute(ADD, (*columns, COUNTS))
    ids = [id_ for (id_,) in await added.fetchall()]
    await connection.execute(DELIVER, (ids, [1] * len(ids), [DELIVERED.sent_wamid] * len(ids), COUNTS))
    return len(ids)


async def cycles(server: PostgresServer, rounds: int, seconds: float) -> Target:
    url = server.create("cycles")
    migrate(url)
    with psycopg.connect(url) as other:
        other.execute((Path(__file__).parent / "floor.sql").read_bytes())
    queue, ours, least = opened(url), Spent(), Spent()
    async with await psycopg.AsyncConnection.connect(url, autocommit=True, prepare_threshold=0) as connection:
        for _ in range(rounds):
            await spend(least, server, lambda: least_cycle(connection), seconds)
            await spend(ours, server, lambda: cycle(queue, AT_ONCE), seconds)
    await queue.close()
    detail = f"CPU us of client + server: {ours}, beside {least}"
    return Target("cycles", detail, ours.total / least.total, 1.5)


# -- growth --------------------------------------------------------------------------------------------------------


async def grown(server: PostgresServer, few: int, many: int, times: int) -> list[Target]:
    queues = {}
    for rows in (few, many):
        url = server.create(f"due_{rows}")
        migrate(url)
        with psycopg.connect(url, autocommit=True) as filler:
            filler.execute(LANES)
            filler.execute(pods.COPIES, (rows,))
            filler.execute("VACUUM ANALYZE")
            filler.execute("CHECKPOINT")
        queues[rows] = opened(url)
    found: dict[int, list[list[float]]] = {rows: [] for rows in queues}
    for _ in range(times):
        for rows, queue in queues.items():
            found[rows].append(await _operations(queue))
    for queue in queues.values():
        await queue.close()
    medians = {
        rows: [statistics.median(one) * 1e3 for one in zip(*several, strict=True)] for rows, several in found.items()
    }
    return [
        Target(f"growth: {name}", f"{much:.1f} ms with {many:,} due, beside {little:.1f}", much / little, 2.0)
        for name, little, much in zip(OPERATIONS, medians[few], medians[many], strict=True)
    ]


async def _operations(queue: StoredQueue) -> list[float]:
    """Seconds of each operation, once."""
    at = [time.perf_counter()]
    claim = await queue.get_messages_to_retry(CLAIMED)
    at.append(time.perf_counter())
    assert len(claim.messages) == CLAIMED
    await asyncio.gather(*(queue.update_message_attempt(one, DELIVERED) for one in claim.messages))
    at.append(time.perf_counter())
    await queue.add_message(message(next(NUMBERS), queue.now()), lease=True)
    at.append(time.perf_counter())
    return [after - before for before, after in itertools.pairwise(at)]


# -- all -----------------------------------------------------------------------------------------------------------


def processes(server: PostgresServer, count: int, seconds: float) -> tuple[Target, str]:
    """The target, and what the processes waited for."""
    one, several = found = pods.many(server, [1, count], 5, seconds, 10.0)
    rates = [sum(each.cycles) / seconds for each in found]
    detail = f"{rates[1]:.0f} cycles/s by {count}, beside {rates[0]:.0f} by one"
    target = Target("processes", detail, sum(several.cycles) / sum(one.cycles), 4.0, least=True)
    return target, pods.tables_of(found, seconds)


def snapshot(server: PostgresServer, dead: int) -> Target:
    before, after = pods.old_snapshot(server, dead)
    return Target("snapshot", f"{after:.1f} ms with {dead:,} dead, beside {before:.1f}", after / before, 2.0)


def disk(folder: Path) -> str:
    """How long the disk takes for a commit's sync."""
    times = []
    with (folder / "disk").open("wb", buffering=0) as file:
        for _ in range(200):
            file.write(bytes(8192))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - began) * 1e3)
    return f"fdatasync {statistics.median(times):.2f} ms (p99 {sorted(times)[-2]:.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="of the cycles")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    parser.add_argument("--due", type=int, default=1_000_000)
    parser.add_argument("--dead", type=int, default=200_000)
    parser.add_argument("--processes", type=int, default=8)
    asked = parser.parse_args()
    with started_server() as server, tempfile.TemporaryDirectory() as folder:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            targets = [runner.run(cycles(server, asked.rounds, asked.seconds))]
            targets += runner.run(grown(server, 1000, asked.due, 20))
        together, waits = processes(server, asked.processes, asked.seconds)
        targets += [together, snapshot(server, asked.dead)]
        print(table(["target", "measured", "ratio", "limit", "reached"], [target.row for target in targets]))
        print(f"\n{waits}\n\n{versions()}\n{disk(Path(folder))}, load of the machine {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
