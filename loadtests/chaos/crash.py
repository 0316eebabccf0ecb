"""kill -9 at random moments under load: `python -m loadtests.chaos.crash --kills 200` (`make crash`).

A web process and a drain share a database and are killed again and again, also while they start. Afterwards every
acknowledged message must have a reply. It may have two only if a kill came between Meta's acceptance and the record of
it, and no status of Meta arrived.

With `--store postgres` three web processes and two drains share a server, which crashes and freezes, too. With `--store
standby` a synchronous standby takes over whenever that server is lost. With `--talks` the customers converse, on two
web processes or more, and each confirmed quote must be one order.
"""

import argparse
import asyncio
import contextlib
import functools
import random
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import msgspec
from loadtests.chaos import talks
from loadtests.chaos.doubles import Kill, is_allowed
from loadtests.chaos.installation import GRACE_SECONDS, LEASE_SECONDS, Installation, installation
from loadtests.chaos.standby import Pair, started_pair

from recado.queue.postgres.connection import DEADLINE_SECONDS
from recado.queue.postgres.migrations import migrate
from recado.simulator.postgres import PostgresServer, started_server
from recado.telemetry.metrics import RESCUES

#: With statuses: long enough for Meta to deliver them again to a process that has to start first.
PATIENT_GRACE_SECONDS = 8.0
#: Longer, because a status cannot be written while the server is frozen, and until its pod has reconnected or started.
FROZEN_GRACE_SECONDS = 25.0
#: Longer, because two web processes that start at once on a busy machine are slow.
TALKS_GRACE_SECONDS = 20.0
#: The share of kills that do not wait until the victim has started.
EARLY = 0.2
#: The share of kills that hit the database's server instead, and the share of these that freeze it.
SERVER, FROZEN = 0.05, 0.3


class CrashReport(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a run.

    `unexplained`: doubled replies although the outcome of the first attempt was never unknown to the store, or was
    unknown without a kill that explains it, or the service had acknowledged a status of the first reply. `refused`:
    webhooks with a response other than 200. `file`: the result of the store's own check.
    """

    kills: int
    messages: int
    acknowledged: int
    lost: int
    unanswered: int
    doubled: int
    unexplained: int
    refused: int
    given_up: int
    left: dict[str, int]
    rescued: int
    settle_seconds: float
    seconds: float
    file: str

    @property
    def good(self) -> bool:
        """Whether the run has no error."""
        bad = self.lost or self.unanswered or self.unexplained or self.given_up
        return not bad and self.acknowledged == self.messages and self.file == "ok"


class Place(msgspec.Struct, frozen=True):
    """The store of a run, and how many processes share it. `harm` damages the server.

    `grace`: how long an unknown outcome waits for Meta's statuses, if there are any.
    """

    web: int = 1
    drains: int = 1
    settings: dict[str, str] = {}
    harm: Callable[[random.Random], None] | None = None
    grace: float = PATIENT_GRACE_SECONDS


#: A web process and a drain on a file.
ON_FILE = Place()


def sqlite() -> contextlib.AbstractContextManager[Place]:
    """A file; nothing damages it."""
    return contextlib.nullcontext(ON_FILE)


def on_server(url: str, harm: Callable[[random.Random], None]) -> Place:
    """Three web processes and two drains on a database; creates its schema."""
    migrate(url)
    return Place(web=3, drains=2, settings={"DATABASE_URL": url}, harm=harm, grace=FROZEN_GRACE_SECONDS)


@contextlib.contextmanager
def postgres() -> Iterator[Place]:
    """A PostgreSQL server that crashes, is restarted, and freezes."""
    with started_server() as server:
        yield on_server(server.create("recado"), functools.partial(_harm, server))


@contextlib.contextmanager
def standby() -> Iterator[Place]:
    """A PostgreSQL server that is lost, and a synchronous standby that takes over and gets a new standby."""
    with started_pair() as pair:
        yield on_server(pair.create("recado"), functools.partial(_lose, pair))


STORES: dict[str, Callable[[], contextlib.AbstractContextManager[Place]]] = {
    function.__name__: function for function in (sqlite, postgres, standby)
}


async def run(
    folder: Path, *, kills: int, per_second: float, statuses: bool, seed: int, place: Place = ON_FILE
) -> CrashReport:
    """Kills `kills` times while `per_second` customers write, then waits until everything is settled."""
    started = time.monotonic()
    grace = place.grace if statuses else GRACE_SECONDS
    settings = {"RECADO_LOG_LEVEL": "warning", "RECADO_UNKNOWN_GRACE_SECONDS": str(grace), **place.settings}
    async with installation(folder, settings, web=place.web, drains=place.drains, statuses=statuses) as shop:
        meta = shop.simulator
        traffic = meta.begin_traffic(1_000_000, per_second)
        async with shop.telling():
            killed = await kill(shop, kills, random.Random(seed), place.harm)
        traffic.cancel()
        settle = await shop.settled(3 * (LEASE_SECONDS + grace) + 10)
    file, rows = shop.inspect()
    verdict, summary = meta.ledger.verify(), meta.ledger.summary()
    unexplained = [
        wamid for wamid in verdict.doubled if not is_allowed(meta.ledger, meta.ledger[wamid], shop.in_doubt, killed)
    ]
    return CrashReport(
        kills=len(killed),
        messages=summary.inbound,
        acknowledged=summary.acknowledged,
        lost=summary.lost,
        unanswered=summary.unanswered,
        doubled=summary.doubled,
        unexplained=len(unexplained),
        refused=sum(count for answer, count in meta.sender.counts.items() if answer.isdigit() and answer != "200"),
        given_up=rows.get("failed", 0),
        left={state: count for state, count in rows.items() if state not in ("delivered", "failed")},
        rescued=_rescued(shop),
        settle_seconds=round(settle, 1),
        seconds=round(time.monotonic() - started, 1),
        file=file,
    )


async def run_talks(
    folder: Path, *, kills: int, per_second: float, seed: int, place: Place = ON_FILE
) -> tuple[talks.Talks, str]:
    """Kills `kills` times while `per_second` conversations begin; returns their results, and that of the store's own
    check."""
    chance = random.Random(seed)
    opened = installation(folder, talk_settings(place), web=max(2, place.web), drains=place.drains)

    async def harm(shop: Installation) -> None:
        await kill(shop, kills, chance, place.harm)

    async with opened as shop:
        return await converse(shop, harm, per_second=per_second, chance=chance)


def talk_settings(place: Place) -> dict[str, str]:
    """The settings for customers who converse."""
    return {
        "RECADO_LOG_LEVEL": "warning",
        "RECADO_UNKNOWN_GRACE_SECONDS": str(max(TALKS_GRACE_SECONDS, place.grace)),
        # Without a wait between two replies to a customer none would supersede another.
        "RECADO_CUSTOMER_INTERVAL_SECONDS": "0.5",
        **place.settings,
    }


async def converse(
    shop: Installation, harm: Callable[[Installation], Awaitable[None]], *, per_second: float, chance: random.Random
) -> tuple[talks.Talks, str]:
    """Begins `per_second` conversations until `harm` ends; returns their results, and that of the store's own check."""
    # Keeps the rows of delivered replies, because the rows are evaluated.
    shop.simulator.statuses = ("sent",)
    crowd = talks.Crowd(shop.simulator, per_second, chance)
    async with crowd.conversing(shop):
        await harm(shop)
    async with shop.telling():
        await shop.emptied(3 * (LEASE_SECONDS + TALKS_GRACE_SECONDS) + 10)
    return talks.judge(shop.rows, shop.simulator.ledger, crowd.begun, shop.in_doubt), shop.inspect()[0]


async def kill(
    shop: Installation, kills: int, chance: random.Random, harm: Callable[[random.Random], None] | None = None
) -> list[Kill]:
    """Kills a process; returns from when to when it was down."""
    killed = []
    early = False
    for _ in range(kills):
        if harm and chance.random() < SERVER:
            began = time.time()
            await asyncio.to_thread(harm, chance)
            killed.append(Kill(began, time.time()))
            continue
        victim = chance.choice(shop.processes)
        # Never kills twice in a row before the start: statuses that nobody accepts for long cannot settle anything.
        early = not early and chance.random() < EARLY
        if not early:
            await asyncio.to_thread(victim.ready)
        await asyncio.sleep(chance.uniform(0.02, 0.5))
        began = time.time()
        await asyncio.to_thread(victim.stop, signal.SIGKILL)
        killed.append(Kill(began, time.time()))
        victim.start()
    for process in shop.processes:
        await asyncio.to_thread(process.ready)
    return killed


def _harm(server: PostgresServer, chance: random.Random) -> None:
    """Makes a server crash, restarts it, or freezes it for a time shorter or longer than a deadline."""
    if chance.random() < FROZEN:
        server.freeze()
        try:
            time.sleep(chance.uniform(0.5, 1.5 * DEADLINE_SECONDS))
        finally:
            server.thaw()
    else:
        server.stop(chance.choice(["immediate", "fast"]))
        server.start()


def _lose(pair: Pair, chance: random.Random) -> None:
    """Loses the primary's machine; the new primary gets a standby some time later."""
    pair.fail_over()
    time.sleep(chance.uniform(0, 1))
    pair.rejoin()


def _rescued(shop: Installation) -> int:
    """How many leases outlived their process."""
    ((count,),) = shop.rows(f"SELECT coalesce(sum(value), 0) FROM total WHERE metric = '{RESCUES.name}'")
    return int(count)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--per-second", type=float, default=30.0)
    parser.add_argument("--no-statuses", action="store_true", help="Meta never tells what became of a message")
    parser.add_argument("--talks", action="store_true", help="customers converse, and orders are judged")
    parser.add_argument("--store", choices=STORES, default="sqlite")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    with STORES[asked.store]() as place:
        return _talks(asked, place) if asked.talks else _messages(asked, place)


def _messages(asked: argparse.Namespace, place: Place) -> int:
    with tempfile.TemporaryDirectory(prefix="recado-crash-") as folder:
        report = asyncio.run(
            run(
                Path(folder),
                kills=asked.kills,
                per_second=asked.per_second,
                statuses=not asked.no_statuses,
                seed=asked.seed,
                place=place,
            )
        )
    print(f"seed {asked.seed}, statuses {'never' if asked.no_statuses else 'as Meta sends them'}")
    for name, value in msgspec.structs.asdict(report).items():
        print(f"{name:>15}  {value}")
    return 0 if report.good else 1


def _talks(asked: argparse.Namespace, place: Place) -> int:
    with tempfile.TemporaryDirectory(prefix="recado-crash-") as folder:
        came, file = asyncio.run(
            run_talks(Path(folder), kills=asked.kills, per_second=asked.per_second, seed=asked.seed, place=place)
        )
    print(f"seed {asked.seed}, {asked.kills} kills, file {file}")
    for name, value in msgspec.structs.asdict(came).items():
        print(f"{name:>15}  {value}")
    return 0 if came.good and file == "ok" else 1


if __name__ == "__main__":
    sys.exit(main())
