"""Faults of a PostgreSQL server that three web processes and two drains use while customers converse."""

import asyncio
import itertools
import random
import time
from pathlib import Path

from loadtests.chaos import crash
from loadtests.chaos.installation import Installation, installation
from loadtests.chaos.result import FaultResult
from loadtests.chaos.standby import Pair, started_pair

from recado.simulator import Simulator

CONVERSATIONS_PER_SECOND = 6.0
MESSAGES_PER_SECOND = 40.0
FAILOVERS = 2
LOAD_SECONDS = 2.0
#: How far the asynchronous standby is behind when the primary is lost.
BEHIND_SECONDS = 1.0
SEED = 1


async def failover(folder: Path) -> FaultResult:
    """Loses the server's machine twice; each time its synchronous standby takes over and gets a new standby."""
    with started_pair() as pair:
        place = crash.on_server(pair.create("recado"), lambda chance: None)
        settings = crash.talk_settings(place)
        async with installation(folder, settings, web=place.web, drains=place.drains) as shop:
            return await fail_over(shop, pair, FAILOVERS)


async def fail_over(shop: Installation, pair: Pair, times: int) -> FaultResult:
    """Fails over several times in an installation. No message is lost, replies keep their order, and each yes is one
    order."""

    async def harm(shop: Installation) -> None:
        for n in range(times):
            if n:
                await asyncio.to_thread(pair.rejoin)
            await asyncio.sleep(LOAD_SECONDS)
            await asyncio.to_thread(pair.fail_over)
            await _until_acknowledged(shop.simulator)

    came, file = await crash.converse(shop, harm, per_second=CONVERSATIONS_PER_SECOND, chance=random.Random(SEED))
    row = FaultResult(fault="PostgreSQL: failover", injected=f"{times} times, synchronous standby")
    summary, counts = shop.simulator.ledger.summary(), shop.simulator.sender.counts
    row.messages, row.acknowledged, row.lost = summary.inbound, summary.acknowledged, came.lost
    row.doubled = came.doubled + came.repeated
    row.refused = sum(count for answer, count in counts.items() if answer.isdigit() and answer != "200")
    row.recovery_seconds = _longest_silence(shop.simulator)
    row.note = f"{came.said_yes} orders; {came.repeated} replies sent again before Meta's status was recorded"
    row.require(came.good, f"{came}")
    row.require(came.said_yes > 0, "orders")
    row.require(file == "ok", file)
    return row


async def asynchronous_failover(folder: Path) -> FaultResult:
    """Loses the server's machine while its asynchronous standby is a second behind and Meta is down: recado loses only
    the replies that it acknowledged in this second."""
    row = FaultResult(fault="PostgreSQL: failover", injected=f"asynchronous standby, {BEHIND_SECONDS:.0f} s behind")
    with started_pair(synchronous=False) as pair:
        place = crash.on_server(pair.create("recado"), lambda chance: None)
        async with installation(folder, place.settings, web=place.web, drains=place.drains) as shop:
            traffic = shop.simulator.begin_traffic(1_000_000, MESSAGES_PER_SECOND)
            await asyncio.sleep(LOAD_SECONDS)
            # Nothing is sent meanwhile: a reply that was sent would not be lost.
            shop.simulator.faults.change({"outages": [{"fault": "server_error"}]}, shop.simulator.clock())
            behind, lost_at = await asyncio.to_thread(_lose_behind, pair)
            await _until_acknowledged(shop.simulator)
            shop.simulator.faults.change({"outages": []}, shop.simulator.clock())
            await asyncio.sleep(LOAD_SECONDS)
            traffic.cancel()
            await shop.emptied(40)
            ledger = shop.simulator.ledger
    summary, verdict = ledger.summary(), ledger.verify()
    row.messages, row.acknowledged, row.doubled = summary.inbound, summary.acknowledged, summary.doubled
    row.lost = summary.lost + summary.unanswered
    acknowledged = [ledger[wamid].acknowledged_at for wamid in verdict.lost]
    early = [at for at in acknowledged if at is None or at < behind]
    row.recovery_seconds = _longest_silence(shop.simulator)
    row.note = f"lost what was acknowledged within {lost_at - behind:.1f} s"
    row.require(not early, f"only what the standby had not received, {len(early)} are older")
    row.require(bool(acknowledged), "something lost: the standby was not behind")
    row.require(not summary.unanswered, "what was not acknowledged comes again")
    return row


def _lose_behind(pair: Pair) -> tuple[float, float]:
    """Loses the primary after its standby has fallen behind; returns until when the standby has data, and when the
    primary was lost."""
    pair.primary.stop_sending()
    time.sleep(BEHIND_SECONDS)
    behind, lost_at = pair.received_until(), time.time()
    pair.fail_over()
    return behind, lost_at


async def _until_acknowledged(simulator: Simulator) -> None:
    """Waits until a further webhook is acknowledged."""
    before = simulator.ledger.summary().acknowledged
    while simulator.ledger.summary().acknowledged == before:  # noqa: ASYNC110 - the ledger offers no event for it
        await asyncio.sleep(0.05)


def _longest_silence(simulator: Simulator) -> float:
    """The longest time in which no message was acknowledged, in seconds."""
    moments = sorted(message.acknowledged_at for message in simulator.ledger if message.acknowledged_at)
    return max((later - earlier for earlier, later in itertools.pairwise(moments)), default=0.0)
