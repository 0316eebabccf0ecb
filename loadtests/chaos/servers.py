"""Faults of a PostgreSQL server: three web processes and two drains lose it while customers converse."""

import asyncio
import bisect
import itertools
import random
import time
from collections import defaultdict
from pathlib import Path

from loadtests.chaos import crash
from loadtests.chaos.installation import Installation, installation
from loadtests.chaos.row import Row
from loadtests.chaos.standby import Pair, started_pair

from recado.simulator import Simulator
from recado.simulator.postgres import started_server

CONVERSATIONS_PER_SECOND = 6.0
MESSAGES_PER_SECOND = 40.0
FAILOVERS = 2
LOAD_SECONDS = 2.0
#: So long the asynchronous standby has received nothing when the primary is lost.
BEHIND_SECONDS = 1.0
SEED = 1
#: More than a number may send, for so long; what one customer writes in this time.
RUSH_PER_SECOND, RUSH_SECONDS = 120.0, 8.0
TALKER_MESSAGES = 30
#: A send that takes longer than the next one comes so much closer to it.
JITTER_SECONDS = 1.0


async def failover(folder: Path) -> Row:
    """The server's machine is lost, twice; each time its synchronous standby takes over, and gets a new standby."""
    with started_pair() as pair:
        place = crash.on_server(pair.create("recado"), lambda chance: None)
        settings = crash.talk_settings(place)
        async with installation(folder, settings, web=place.web, drains=place.drains) as shop:
            return await fail_over(shop, pair, FAILOVERS)


async def fail_over(shop: Installation, pair: Pair, times: int) -> Row:
    """The same in an installation, so often. Nobody is lost, replies keep their order, and each yes is one order."""

    async def harm(shop: Installation) -> None:
        for n in range(times):
            if n:
                await asyncio.to_thread(pair.rejoin)
            await asyncio.sleep(LOAD_SECONDS)
            await asyncio.to_thread(pair.fail_over)
            await _until_acknowledged(shop.simulator)

    came, file = await crash.converse(shop, harm, per_second=CONVERSATIONS_PER_SECOND, chance=random.Random(SEED))
    row = Row(fault="PostgreSQL: failover", injected=f"{times} times, synchronous standby")
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


async def asynchronous_failover(folder: Path) -> Row:
    """The server's machine is lost, and its asynchronous standby had received nothing for a second, in which Meta was
    down: the replies that were acknowledged in this second are lost, and nothing else."""
    row = Row(fault="PostgreSQL: failover", injected=f"asynchronous standby, {BEHIND_SECONDS:.0f} s behind")
    with started_pair(synchronous=False) as pair:
        place = crash.on_server(pair.create("recado"), lambda chance: None)
        async with installation(folder, place.settings, web=place.web, drains=place.drains) as shop:
            traffic = shop.simulator.begin_traffic(1_000_000, MESSAGES_PER_SECOND)
            await asyncio.sleep(LOAD_SECONDS)
            # Nothing is sent meanwhile: a reply that had left would not be lost.
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
    """Loses the primary after its standby has fallen behind; what the standby has, and when the primary was lost."""
    pair.primary.stop_sending()
    time.sleep(BEHIND_SECONDS)
    behind, lost_at = pair.received_until(), time.time()
    pair.fail_over()
    return behind, lost_at


async def _until_acknowledged(simulator: Simulator) -> None:
    """Until a webhook is acknowledged that was not yet."""
    before = simulator.ledger.summary().acknowledged
    while simulator.ledger.summary().acknowledged == before:  # noqa: ASYNC110 - the ledger offers no event for it
        await asyncio.sleep(0.05)


def _longest_silence(simulator: Simulator) -> float:
    """The longest time in which no message was acknowledged, in seconds."""
    moments = sorted(message.acknowledged_at for message in simulator.ledger if message.acknowledged_at)
    return max((later - earlier for earlier, later in itertools.pairwise(moments)), default=0.0)


async def limits(folder: Path) -> Row:
    """Four web pods and two drains share what one business number may send, with more to send than that; some customers
    write again within 6 seconds, and one writes 30 times in a minute."""
    row = Row(fault="PostgreSQL: shared limits", injected=f"4 web, 2 drains, {RUSH_PER_SECOND:.0f}/s")
    with started_server() as server:
        settings = {
            **crash.on_server(server.create("recado"), lambda chance: None).settings,
            "RECADO_MESSAGES_PER_SECOND": "80",
            "RECADO_CUSTOMER_INTERVAL_SECONDS": "6",
            "RECADO_CUSTOMER_MESSAGES_PER_MINUTE": "20",
        }
        async with installation(folder, settings, web=4, drains=2) as shop:
            meta = shop.simulator
            meta.statuses = ("sent",)  # a delivered reply's row is deleted, and the rows are counted
            await asyncio.sleep(60 - time.time() % 60)  # the talker's messages are of one minute
            talker = meta.new_person()
            patient = [meta.new_person() for _ in range(10)]
            traffic = meta.begin_traffic(int(RUSH_SECONDS * RUSH_PER_SECOND), RUSH_PER_SECOND)
            writers = [*[talker] * TALKER_MESSAGES, *patient * 3]
            await asyncio.gather(
                *(
                    meta.send(one, "text", {"body": f"quiero {n} gorras"}, expects_reply=False)
                    for n, one in enumerate(writers, 1)
                )
            )
            await traffic
            await shop.emptied(60)
            answered = shop.rows(f"SELECT count(*) FROM entry WHERE wamid IN ({_wamids(meta, talker.phone)})")
            sent = sorted(accepted.at for accepted in meta.ledger.all_sent())
    by_customer: dict[str, list[float]] = defaultdict(list)
    for accepted in meta.ledger.all_sent():
        by_customer[accepted.customer].append(accepted.at)
    gaps = [later - earlier for times in by_customer.values() for earlier, later in itertools.pairwise(sorted(times))]
    busiest, soonest = _most_in_a_second(sent), min(gaps, default=0.0)
    # On a busy machine replies leave late, and then close together; none may leave before its turn.
    early = max(sent[0] + n / 80 - at for n, at in enumerate(sent))
    row.messages, row.acknowledged = meta.ledger.summary().inbound, meta.ledger.summary().acknowledged
    row.note = (
        f"{len(sent) / (sent[-1] - sent[0]):.1f}/s, none more than {early:.2f} s early, {busiest} in the busiest"
        f" second, {soonest:.2f} s between two to a customer, {answered[0][0]} to the talker"
    )
    row.require(early <= JITTER_SECONDS, "no reply before its turn")
    row.require(bool(gaps) and soonest >= 6 - JITTER_SECONDS, "6 s between two replies to a customer")
    row.require(answered == [(21,)], "20 replies to the talker in his minute, and one that asks for patience")
    return row


def _wamids(meta: Simulator, customer: str) -> str:
    return ", ".join(f"'{message.wamid}'" for message in meta.ledger if message.customer == customer)


def _most_in_a_second(times: list[float]) -> int:
    """The most of sorted moments that are within one second."""
    return max((bisect.bisect_left(times, at + 1) - n for n, at in enumerate(times)), default=0)
