"""Several processes on one PostgreSQL: `python -m loadtests.bench.pods`.

Each adds several leased replies at once and records their results, for a time. Commits can be made longer, like those
of a synchronous standby in another zone. It prints the cycles of all processes a second, their ratio to one process,
the smallest part of an equal share that a process got, the CPU of a cycle, and samples of the states of the server's
processes.

Then it prints how long a claim takes under an old snapshot, with dead entries before the due ones.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter

import msgspec
import psycopg
from loadtests.bench.machine import ROOT
from loadtests.bench.postgres import DELIVERED, UNLIMITED, message, server_cpu
from loadtests.bench.tables import table

from recado.queue.postgres.migrations import migrate
from recado.queue.store import StoredQueue
from recado.runtime import open_queue
from recado.settings import load
from recado.simulator.postgres import PostgresServer, started_server

CLAIMED_AT_ONCE = 20
CLAIMS = 20
DEAD = """
UPDATE recado.entry SET state = 'delivered', due_at = NULL, finished_at = 1 WHERE id IN (
  SELECT id FROM recado.entry WHERE due_at IS NOT NULL ORDER BY due_at LIMIT %s)"""


def opened(url: str) -> StoredQueue:
    return open_queue(load({**UNLIMITED, "RECADO_DATABASE_URL": url}))


# -- processes -----------------------------------------------------------------------------------------------------


async def cycles(url: str, number: int, batch: int, seconds: float) -> int:
    """The work of one process after all are ready: cycles for a time; returns how many."""
    queue, done = opened(url), 0
    await queue.check_writable()
    print("ready", flush=True)
    sys.stdin.readline()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        now = queue.now()
        first = number * 10_000_000 + done
        adding = [queue.add_message(message(first + n, now), lease=True) for n in range(batch)]
        leased = [added.message for added in await asyncio.gather(*adding) if added.message]
        await asyncio.gather(*(queue.update_message_attempt(one, DELIVERED) for one in leased))
        done += batch
    await queue.close()
    return done


class Together(msgspec.Struct, frozen=True):
    """The result of several processes. cycles: by process. server_us: the server's CPU of a cycle. states: how often
    the samples found a process of the server in each state."""

    cycles: list[int]
    server_us: float
    states: Counter[str]

    @property
    def share(self) -> float:
        """The smallest part of an equal share that a process got."""
        return min(self.cycles) / sum(self.cycles) * len(self.cycles)


class Sampler:
    """Samples the states of a database's server processes, in a thread, during the block."""

    STATES = """
    SELECT CASE WHEN state = 'active' THEN coalesce(wait_event_type || ' ' || wait_event, 'running')
      ELSE state END FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND (state = 'active' OR xact_start IS NOT NULL)"""

    def __init__(self, url: str, every_seconds: float = 0.02) -> None:
        self.states: Counter[str] = Counter()
        self._url, self._every = url, every_seconds
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def __enter__(self) -> "Sampler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _sample(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._end.wait(self._every):
                self.states.update(state for (state,) in connection.execute(self.STATES))


def together(server: PostgresServer, name: str, processes: int, batch: int, seconds: float) -> Together:
    """Runs several processes at once on a new database."""
    url = server.create(name)
    migrate(url)
    program = [sys.executable, "-m", "loadtests.bench.pods", "--one"]
    children = [
        subprocess.Popen(
            [*program, str(n), url, str(batch), str(seconds)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(1, processes + 1)
    ]
    for child in children:
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
    cpu = server_cpu(server)
    with Sampler(url) as sampler:
        for child in children:
            assert child.stdin
            child.stdin.write("go\n")
            child.stdin.flush()
        cycles = [int(child.communicate(timeout=120)[0]) for child in children]
    return Together(cycles, (server_cpu(server) - cpu) / sum(cycles) * 1e6, sampler.states)


def slow_commits(server: PostgresServer, milliseconds: float) -> None:
    """Makes every commit take longer."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET commit_delay = {milliseconds * 1000:.0f}".encode())
        connection.execute(b"ALTER SYSTEM SET commit_siblings = 0")
        connection.execute("SELECT pg_reload_conf()")


def many(server: PostgresServer, counts: list[int], batch: int, seconds: float, commit_ms: float) -> list[Together]:
    """Runs several numbers of processes, in turn."""
    slow_commits(server, commit_ms)
    found = [together(server, f"pods_{count}", count, batch, seconds) for count in counts]
    slow_commits(server, 0)
    return found


def tables_of(found: list[Together], seconds: float) -> str:
    first = sum(found[0].cycles)
    rows: list[list[str | float]] = []
    states: list[list[str | float]] = []
    for one in found:
        count, cycles, samples = len(one.cycles), sum(one.cycles), one.states.total()
        rows.append([str(count), cycles / seconds, cycles / first, f"{one.share:.0%}", round(one.server_us)])
        most = ", ".join(f"{state} {times / samples:.0%}" for state, times in one.states.most_common(5))
        states.append([str(count), most])
    head = ["processes", "cycles/s", "x one", "slowest's share", "server CPU us"]
    return f"{table(head, rows)}\n\n{table(['processes', 'in a transaction or a statement'], states)}"


# -- an old snapshot -----------------------------------------------------------------------------------------------


async def claims(url: str) -> float:
    """The median time of a claim, in milliseconds, after twice as many claims to warm up."""
    queue, times = opened(url), []
    for number in range(CLAIMS * 2):
        began = time.perf_counter()
        claim = await queue.get_messages_to_retry(CLAIMED_AT_ONCE)
        if number >= CLAIMS:
            times.append((time.perf_counter() - began) * 1e3)
        await asyncio.gather(*(queue.update_message_attempt(one, DELIVERED) for one in claim.messages))
    await queue.close()
    return statistics.median(times)


async def fill(url: str, count: int) -> None:
    queue = opened(url)
    for first in range(0, count, 1000):
        now = queue.now()
        await asyncio.gather(*(queue.add_message(message(first + n, now), lease=False) for n in range(1000)))
    await queue.close()


def old_snapshot(server: PostgresServer, dead: int) -> tuple[float, float]:
    """How long a claim takes under an old snapshot, in milliseconds: before and after `dead` entries died."""
    url = server.create("horizon")
    migrate(url)
    with psycopg.connect(url) as filler:  # the rows themselves are not measured
        asyncio.run(fill(url, 2000))
        filler.execute(COPIES, (dead,))
    with psycopg.connect(url) as old:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT count(*) FROM recado.lane")
        before = asyncio.run(claims(url))
        with psycopg.connect(url, autocommit=True) as server_:
            server_.execute(DEAD, (dead,))
            server_.execute("VACUUM recado.entry")
        after = asyncio.run(claims(url))
    return before, after


#: Due before all other entries.
COPIES = """
INSERT INTO recado.entry (id, state, channel, lane, key, phone, content, written_at, received_at, deadline_at, due_at)
SELECT n, 'queued', 'whatsapp', '106540352242922', '106540352242922:c' || n, '+1', '{"type":"text","body":"-"}', n, n,
  1e10, extract(epoch FROM clock_timestamp()) - 3600 + n / 1e6
FROM generate_series(1, %s) n"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", default="1,2,4,8")
    parser.add_argument("--at-once", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--commit-ms", type=float, default=10.0)
    parser.add_argument("--dead", type=int, default=200_000)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        number, url, batch, seconds = asked.one
        print(asyncio.run(cycles(url, int(number), int(batch), float(seconds))))
        return
    with started_server() as server:
        if asked.processes:
            counts = [int(count) for count in asked.processes.split(",")]
            found = many(server, counts, asked.at_once, asked.seconds, asked.commit_ms)
            print(tables_of(found, asked.seconds))
        if asked.dead:
            before, after = old_snapshot(server, asked.dead)
            rows: list[list[str | float]] = [["none", before, 1.0], [f"{asked.dead:,}", after, after / before]]
            print(table(["dead entries before what is due", f"claim {CLAIMED_AT_ONCE}, ms", "x"], rows))
        print(f"load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
