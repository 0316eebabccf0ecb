"""kill -9 at random moments under load: `python -m loadtests.chaos.crash --kills 200` (`make crash`).

A web process and a drain share a database and are killed again and again, also while they start. Afterwards every
acknowledged message must be answered; twice only where a kill fell between Meta's acceptance and the record of it,
and not even there when Meta's statuses come.

With `--talks` the customers converse, on two web processes, and each quote that one of them said yes to must be one
order.
"""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import apsw
import msgspec
from loadtests.chaos import talks
from loadtests.chaos.installation import GRACE_SECONDS, LEASE_SECONDS, Installation, inspect, installation

from recado.telemetry.metrics import RESCUES

#: With statuses: long enough for Meta to bring them again to a process that has to start first.
PATIENT_GRACE_SECONDS = 8.0
#: Two web processes that start at once on a busy machine take their time.
TALKS_GRACE_SECONDS = 20.0
#: A kill of this share does not wait until its victim is up.
EARLY = 0.2


class CrashReport(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run.

    `unexplained`: doubled, although no process died between Meta's acceptance and the record of it. `refused`:
    webhooks that were answered, but not by 200. `file`: SQLite's opinion of the database.
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
    rescued: int
    settle_seconds: float
    seconds: float
    file: str

    @property
    def good(self) -> bool:
        """Whether nothing happened that must not."""
        bad = self.lost or self.unanswered or self.unexplained or self.given_up
        return not bad and self.acknowledged == self.messages and self.file == "ok"


async def run(folder: Path, *, kills: int, per_second: float, statuses: bool, seed: int) -> CrashReport:
    """Kills that often while `per_second` customers write, then waits until all is settled."""
    started = time.monotonic()
    grace = PATIENT_GRACE_SECONDS if statuses else GRACE_SECONDS
    settings = {"RECADO_LOG_LEVEL": "warning", "RECADO_UNKNOWN_GRACE_SECONDS": str(grace)}
    async with installation(folder, settings, statuses=statuses) as shop:
        meta = shop.simulator
        traffic = meta.begin_traffic(1_000_000, per_second)
        moments = await _kill(shop, kills, random.Random(seed))
        traffic.cancel()
        settle = await shop.settled(3 * (LEASE_SECONDS + grace) + 10)
    file, rows = inspect(shop.database)
    rescues, died = _rescues(shop.database)
    verdict, summary = meta.ledger.verify(), meta.ledger.summary()
    first = {wamid: meta.ledger[wamid].arrived[0].at for wamid in verdict.doubled}
    explained = [
        wamid for wamid, at in first.items() if wamid in died and any(0 < m - at < LEASE_SECONDS for m in moments)
    ]
    return CrashReport(
        kills=len(moments),
        messages=summary.inbound,
        acknowledged=summary.acknowledged,
        lost=summary.lost,
        unanswered=summary.unanswered,
        doubled=summary.doubled,
        unexplained=len(first) - len(explained),
        refused=sum(count for answer, count in meta.sender.counts.items() if answer.isdigit() and answer != "200"),
        given_up=rows.get("failed", 0),
        rescued=rescues,
        settle_seconds=round(settle, 1),
        seconds=round(time.monotonic() - started, 1),
        file=file,
    )


async def run_talks(folder: Path, *, kills: int, per_second: float, seed: int) -> tuple[talks.Talks, str]:
    """Kills that often while `per_second` conversations begin; what came of them, and SQLite's opinion of the file."""
    chance = random.Random(seed)
    settings = {
        "RECADO_LOG_LEVEL": "warning",
        "RECADO_UNKNOWN_GRACE_SECONDS": str(TALKS_GRACE_SECONDS),
        # Without a wait between two replies to a customer none would supersede another.
        "RECADO_CUSTOMER_INTERVAL_SECONDS": "0.5",
    }
    async with installation(folder, settings, web=2) as shop:
        # A delivered reply's row is deleted, and the rows are what is judged.
        shop.simulator.statuses = ("sent",)
        crowd = talks.Crowd(shop.simulator, per_second, chance)
        async with crowd.conversing(shop.database):
            await _kill(shop, kills, chance)
        await shop.emptied(3 * (LEASE_SECONDS + TALKS_GRACE_SECONDS) + 10)
    return talks.judge(shop.database, shop.simulator.ledger, crowd.begun), inspect(shop.database)[0]


async def _kill(shop: Installation, kills: int, chance: random.Random) -> list[float]:
    """The moments of the kills."""
    moments = []
    early = False
    for _ in range(kills):
        victim = chance.choice(shop.processes)
        # Never twice in a row before it was up: statuses that nobody takes for long cannot settle anything.
        early = not early and chance.random() < EARLY
        if not early:
            await asyncio.to_thread(victim.ready)
        await asyncio.sleep(chance.uniform(0.02, 0.5))
        moments.append(time.time())
        await asyncio.to_thread(victim.stop, signal.SIGKILL)
        victim.start()
    for process in shop.processes:
        await asyncio.to_thread(process.ready)
    return moments


def _rescues(database: Path) -> tuple[int, set[str]]:
    """How many leases outlived their process, and the messages that are known to have had one."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        count = connection.execute("SELECT coalesce(sum(value), 0) FROM total WHERE metric = ?", (RESCUES.name,)).get
        died = connection.execute("SELECT wamid FROM entry WHERE error_detail = 'lease ran out'")
        return int(count), {str(wamid) for (wamid,) in died}
    finally:
        connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--per-second", type=float, default=30.0)
    parser.add_argument("--no-statuses", action="store_true", help="Meta never tells what became of a message")
    parser.add_argument("--talks", action="store_true", help="customers converse, and orders are judged")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    if asked.talks:
        return _talks(asked)
    with tempfile.TemporaryDirectory(prefix="recado-crash-") as folder:
        report = asyncio.run(
            run(
                Path(folder),
                kills=asked.kills,
                per_second=asked.per_second,
                statuses=not asked.no_statuses,
                seed=asked.seed,
            )
        )
    print(f"seed {asked.seed}, statuses {'never' if asked.no_statuses else 'as Meta sends them'}")
    for name, value in msgspec.structs.asdict(report).items():
        print(f"{name:>15}  {value}")
    return 0 if report.good and not (report.doubled and not asked.no_statuses) else 1


def _talks(asked: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="recado-crash-") as folder:
        came, file = asyncio.run(
            run_talks(Path(folder), kills=asked.kills, per_second=asked.per_second, seed=asked.seed)
        )
    print(f"seed {asked.seed}, {asked.kills} kills, file {file}")
    for name, value in msgspec.structs.asdict(came).items():
        print(f"{name:>15}  {value}")
    return 0 if came.good and file == "ok" else 1


if __name__ == "__main__":
    sys.exit(main())
