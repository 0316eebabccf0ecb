"""An endpoint of events that fails: `python -m loadtests.chaos.endpoint --kills 30` (`make crash`).

While web and drain are killed at random moments, the endpoint returns 500, hangs and resets in turn. Afterwards every
event must have arrived at least once under one id, signed as an independent library signs, and the sequence of every
conversation must be complete.

With `--beside` two shops get the same traffic at the same time, and the endpoint of one of them hangs: how soon do
their customers have their replies?
"""

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import apsw
import msgspec
from loadtests.chaos import talks
from loadtests.chaos.crash import TALKS_GRACE_SECONDS, kill
from loadtests.chaos.installation import Installation, installation
from standardwebhooks import Webhook, WebhookVerificationError

from recado.simulator.installation import EVENTS_SECRET
from recado.simulator.receiver import Failure, Receiver

#: The endpoint's behaviour, in periods of random length; sometimes it accepts.
TURNS = (Failure.SERVER_ERROR, Failure.HANG, Failure.RESET, Failure.NONE)
TURN_SECONDS = (0.3, 1.5)
HANG_SECONDS = 20.0
#: Longer than the time for a run's backlog.
PATIENCE_SECONDS = 120.0
BESIDE_SECONDS = 60.0


class Arrivals(msgspec.Struct, frozen=True, kw_only=True):
    """The result for the events of a run; the last four must be 0.

    again: attempts beyond the first that the endpoint accepted. incomplete: conversations whose sequence has a gap.
    """

    kills: int
    events: int
    conversations: int
    attempts: int
    again: int
    missing: int
    unknown: int
    unverified: int
    incomplete: int

    @property
    def good(self) -> bool:
        return self.events > 0 and not (self.missing or self.unknown or self.unverified or self.incomplete)


def independent(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether the independent library accepts the signature."""
    try:
        Webhook(EVENTS_SECRET).verify(body.decode(), dict(headers))
    except WebhookVerificationError:
        return False
    return True


async def run(folder: Path, *, kills: int, per_second: float, seed: int) -> Arrivals:
    """Kills `kills` times while `per_second` customers begin to converse and the endpoint fails; then the endpoint
    recovers."""
    chance = random.Random(seed)
    receiver = Receiver([EVENTS_SECRET], verify=independent)
    settings = {"RECADO_LOG_LEVEL": "warning", "RECADO_UNKNOWN_GRACE_SECONDS": str(TALKS_GRACE_SECONDS)}
    async with installation(folder, settings, web=2, events=receiver) as shop:
        failing = asyncio.create_task(_fail(receiver, chance))
        async with talks.Crowd(shop.simulator, per_second, chance).conversing(shop):
            killed = await kill(shop, kills, chance)
        failing.cancel()
        receiver.change({"always": Failure.NONE})
        await shop.settled(PATIENCE_SECONDS)
        await _delivered(shop)
        return judge(shop, receiver, len(killed))


async def _fail(receiver: Receiver, chance: random.Random) -> None:
    while True:
        receiver.change({"always": chance.choice(TURNS), "seconds": HANG_SECONDS})
        await asyncio.sleep(chance.uniform(*TURN_SECONDS))


async def _delivered(shop: Installation) -> None:
    """Waits until no event waits. It shortens the waits between attempts, which are hours."""
    end = time.monotonic() + PATIENCE_SECONDS
    waiting = "SELECT count(*) FROM entry WHERE channel = 'http' AND finished_at IS NULL"
    with contextlib.closing(apsw.Connection(str(shop.database))) as file:
        file.set_busy_timeout(5000)
        while time.monotonic() < end and shop.rows(waiting) != [(0,)]:
            file.execute("UPDATE entry SET due_at = ? WHERE channel = 'http' AND state = 'queued'", [time.time()])
            await asyncio.sleep(1.0)


def judge(shop: Installation, receiver: Receiver, kills: int) -> Arrivals:
    """Compares the store's events with the arrivals."""
    written: dict[str, Any] = {f"evt_{id_}": key for id_, key in shop.rows("SELECT id, key FROM event")}
    sequences: dict[str, list[int]] = defaultdict(list)
    for event in receiver.accepted.values():
        sequences[event["data"]["conversation"]].append(event["sequence"])
    return Arrivals(
        kills=kills,
        events=len(written),
        conversations=len(set(written.values())),
        attempts=receiver.seen.total(),
        again=receiver.repeated,
        missing=len(written.keys() - receiver.accepted.keys()),
        unknown=len(receiver.accepted.keys() - written.keys()),
        unverified=receiver.unverified,
        incomplete=sum(sorted(found) != list(range(1, len(found) + 1)) for found in sequences.values()),
    )


async def beside(folder: Path, *, per_second: float, seconds: float) -> dict[str, list[float]]:
    """Runs two shops under the same traffic at the same time. Returns for each behaviour of an endpoint the sorted
    seconds from each message to Meta's acceptance of its reply. Each shop is first once, because the second one is a
    little slower.
    """
    found: dict[str, list[float]] = {"accepts": [], "hangs": []}
    for round_, names in enumerate((list(found), list(found)[::-1])):
        for name, more in (await _round(folder / str(round_), names, per_second, seconds / 2)).items():
            found[name] += more
    return {name: sorted(values) for name, values in found.items()}


async def _round(folder: Path, names: Sequence[str], per_second: float, seconds: float) -> dict[str, list[float]]:
    settings = {"RECADO_LOG_LEVEL": "warning"}
    receivers = [Receiver([EVENTS_SECRET]) for _ in names]
    receivers[names.index("hangs")].change({"always": Failure.HANG, "seconds": HANG_SECONDS})
    async with (
        installation(folder / names[0], settings, events=receivers[0]) as first,
        installation(folder / names[1], settings, events=receivers[1]) as second,
    ):
        shops = [shop.simulator for shop in (first, second)]
        await asyncio.gather(*(meta.begin_traffic(round(per_second * seconds), per_second) for meta in shops))
        await asyncio.gather(*(meta.settled(PATIENCE_SECONDS) for meta in shops))
    assert all(receiver.seen for receiver in receivers), "an endpoint was asked nothing"
    return {
        name: [message.arrived[0].at - message.sent_at for message in meta.ledger if message.arrived]
        for name, meta in zip(names, shops, strict=True)
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--per-second", type=float, default=8.0)
    parser.add_argument("--beside", action="store_true", help="no kills: compare the replies of two shops")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="recado-endpoint-") as folder:
        if asked.beside:
            found = asyncio.run(beside(Path(folder), per_second=asked.per_second, seconds=BESIDE_SECONDS))
            for name, seconds in found.items():
                shown = (f"p{share} {1000 * seconds[len(seconds) * share // 100]:.0f} ms" for share in (50, 95, 99))
                print(f"the endpoint {name:>7}: {len(seconds)} replies, {', '.join(shown)}")
            return 0
        came = asyncio.run(run(Path(folder), kills=asked.kills, per_second=asked.per_second, seed=asked.seed))
    print(f"seed {asked.seed}")
    for name, value in msgspec.structs.asdict(came).items():
        print(f"{name:>15}  {value}")
    return 0 if came.good else 1


if __name__ == "__main__":
    sys.exit(main())
