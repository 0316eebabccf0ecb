"""Durable cycles on PostgreSQL: `python -m loadtests.bench.postgres`. A cycle is a reply added leased, and its result.

It prints cycles a second, and the CPU of a cycle in this process and in the server's processes. The first depends
mainly on the disk and on other load; compare the other two.
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import time
from pathlib import Path

import msgspec
from loadtests.bench.tables import table

from recado.outcome import Outcome
from recado.queue.model import AttemptResult, Lane, NewReply
from recado.queue.postgres.migrations import migrate
from recado.queue.store import StoredQueue
from recado.runtime import open_queue
from recado.settings import load
from recado.simulator.postgres import PostgresServer, started_server
from recado.whatsapp.content import Text

UNLIMITED = {"RECADO_MESSAGES_PER_SECOND": "0", "RECADO_CUSTOMER_INTERVAL_SECONDS": "0"}
LANE = Lane("whatsapp", "106540352242922")
DELIVERED = AttemptResult(outcome=Outcome.DELIVERED, sent_wamid="wamid.OUT")
BATCHES = (1, 10, 100)


class Cycles(msgspec.Struct, frozen=True):
    """Cycles a second, and microseconds of CPU for each."""

    per_second: float
    client_us: float
    server_us: float


def message(number: int, now: float) -> NewReply:
    """A reply to a new customer."""
    who = f"+1555{number:07}"
    return NewReply(
        wamid=f"wamid.{number}",
        lane=LANE,
        key=f"{LANE.name}:{who}",
        aliases=(),
        phone=who,
        user_id=None,
        content=Text("Total: $117.48"),
        written_at=now,
        received_at=now,
        deadline_at=now + 86400,
    )


NUMBERS = itertools.count(1)


async def cycle(queue: StoredQueue, batch: int) -> int:
    """Adds and records several replies at once; returns how many."""
    now = queue.now()
    adding = [queue.add_message(message(next(NUMBERS), now), lease=True) for _ in range(batch)]
    leased = [added.message for added in await asyncio.gather(*adding) if added.message]
    await asyncio.gather(*(queue.update_message_attempt(one, DELIVERED) for one in leased))
    return len(leased)


async def measure(queue: StoredQueue, server: PostgresServer, batch: int, seconds: float) -> Cycles:
    """Measures cycles for a time."""
    done = 0
    started, client, served = time.perf_counter(), time.process_time(), server_cpu(server)
    while time.perf_counter() - started < seconds:
        done += await cycle(queue, batch)
    wall = time.perf_counter() - started
    spent = (time.process_time() - client, server_cpu(server) - served)
    return Cycles(done / wall, spent[0] / done * 1e6, spent[1] / done * 1e6)


def server_cpu(server: PostgresServer) -> float:
    """Seconds of CPU of the server's processes, including those that have ended."""
    postmaster = int((server.data / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    ticks = sum(map(int, _stat(postmaster)[11:15]))
    for child in children:
        with contextlib.suppress(OSError):  # it has just ended
            ticks += sum(map(int, _stat(int(child))[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """The fields of a process after its name: state, parent, ..."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


async def _run(server: PostgresServer, url: str, rounds: int, seconds: float) -> None:
    queue = open_queue(load({**UNLIMITED, "RECADO_DATABASE_URL": url}))
    await queue.check_writable()
    rows: list[list[str | float]] = []
    for batch in BATCHES * rounds:
        found = await measure(queue, server, batch, seconds)
        rows.append([str(batch), round(found.per_second), round(found.client_us), round(found.server_us)])
    await queue.close()
    print(table(["at once", "cycles/s", "client CPU us", "server CPU us"], rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=4.0)
    asked = parser.parse_args()
    with started_server() as server:
        url = server.create("bench")
        migrate(url)
        asyncio.run(_run(server, url, asked.rounds, asked.seconds))
        print(f"load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
