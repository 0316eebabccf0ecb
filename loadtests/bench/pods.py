"""Several processes on one PostgreSQL: `python -m loadtests.bench.pods`.

Each adds so many leased replies at once and records their results, for a time. Commits can be made longer, as a
synchronous standby in another zone makes them. Printed are the cycles of all processes a second, how they are to those
of one process, and the smallest part of an equal share that a process got.

Then: how long a claim takes while somebody reads from an old snapshot, and dead entries pile up before what is due.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time

import psycopg
from loadtests.bench.machine import ROOT
from loadtests.bench.postgres import DELIVERED, UNLIMITED, message
from loadtests.bench.tables import table

from recado.queue.postgres import PostgresRetryQueue
from recado.queue.postgres.migrations import migrate
from recado.runtime import retry_policy
from recado.settings import load
from recado.simulator.postgres import PostgresServer, started_server

CLAIMED_AT_ONCE = 20
CLAIMS = 20
DEAD = """
UPDATE recado.entry SET state = 'delivered', due_at = NULL, finished_at = 1 WHERE id IN (
  SELECT id FROM recado.entry WHERE due_at IS NOT NULL ORDER BY due_at LIMIT %s)"""


def opened(url: str) -> PostgresRetryQueue:
    return PostgresRetryQueue(url, retry_policy(load(UNLIMITED)))


# -- processes -----------------------------------------------------------------------------------------------------


async def cycles(url: str, number: int, batch: int, seconds: float) -> int:
    """What one process does once all are ready: cycles of so many replies at once for a time; how many."""
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


def together(server: PostgresServer, name: str, processes: int, batch: int, seconds: float) -> list[int]:
    """The cycles of each of so many processes."""
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
    for child in children:
        assert child.stdin
        child.stdin.write("go\n")
        child.stdin.flush()
    return [int(child.communicate(timeout=120)[0]) for child in children]


def slow_commits(server: PostgresServer, milliseconds: float) -> None:
    """Every commit takes so much longer."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET commit_delay = {milliseconds * 1000:.0f}".encode())
        connection.execute(b"ALTER SYSTEM SET commit_siblings = 0")
        connection.execute("SELECT pg_reload_conf()")


def many(server: PostgresServer, counts: list[int], batch: int, seconds: float, commit_ms: float) -> str:
    slow_commits(server, commit_ms)
    rows: list[list[str | float]] = []
    for count in counts:
        done = together(server, f"pods_{count}", count, batch, seconds)
        one = rows[0][1] if rows else sum(done) / seconds
        per_second = sum(done) / seconds
        share = min(done) / sum(done) * count
        rows.append([str(count), round(per_second), round(per_second / float(one), 2), f"{share:.0%}"])
    slow_commits(server, 0)
    return table(["processes", "cycles/s", "x one", "slowest's share"], rows)


# -- an old snapshot -----------------------------------------------------------------------------------------------


async def claims(url: str) -> float:
    """The median time of a claim, in milliseconds. Twice as many go before, since a process has to find its place."""
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


def old_snapshot(server: PostgresServer, dead: int) -> str:
    url = server.create("horizon")
    migrate(url)
    with psycopg.connect(url) as filler:  # the rows themselves are not what is measured
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
    rows: list[list[str | float]] = [
        ["none", round(before, 1), 1.0],
        [f"{dead:,}", round(after, 1), round(after / before, 2)],
    ]
    return table(["dead entries before what is due", f"claim {CLAIMED_AT_ONCE}, ms", "x"], rows)


#: Due before all that there is.
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
            print(many(server, counts, asked.at_once, asked.seconds, asked.commit_ms))
        if asked.dead:
            print(old_snapshot(server, asked.dead))
        print(f"load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
