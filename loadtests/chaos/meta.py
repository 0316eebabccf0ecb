"""Lasting faults of Meta: outages of every kind, and customers who write several messages meanwhile."""

import asyncio
import re
from pathlib import Path

from loadtests.chaos.installation import GRAPH_LATENCY_SECONDS, Installation, installation
from loadtests.chaos.result import FaultResult, judge, load

from recado.simulator import FaultPlan

#: The errors of an outage or of a wrong configuration; Meta accepts nothing while it lasts.
LOOKS = ("edge_error", "reset", "timeout", "server_error", "code:131000", "code:1", "code:2", "code:190", "code:100")
OUTAGE_SECONDS = 4.0
CUSTOMERS, MESSAGES = 12, 5


async def outages(folder: Path) -> FaultResult:
    """Outages of several kinds, each longer than all waits of a reply; recado gives no reply up."""
    row = FaultResult(fault="Graph: outages", injected=f"{len(LOOKS)} looks, {OUTAGE_SECONDS:.0f} s each")
    plan = FaultPlan(latency_seconds=GRAPH_LATENCY_SECONDS, hang_seconds=3)
    async with (
        installation(folder, {"RECADO_RETRY_AFTER_MAX_SECONDS": "1"}, faults=plan) as shop,
        load(row, shop, 10),
    ):
        for look in LOOKS:
            shop.simulator.faults.change({"outages": [{"fault": look}]}, shop.simulator.clock())
            await asyncio.sleep(OUTAGE_SECONDS)
            shop.simulator.faults.change({"outages": []}, shop.simulator.clock())
            await asyncio.sleep(1)
    row.require(not row.doubled, "nobody got two replies")
    return row


async def lines(folder: Path) -> FaultResult:
    """Customers write several messages each while a third of all calls fails: replies keep the messages' order."""
    row = FaultResult(fault="several messages a customer", injected=f"{CUSTOMERS} x {MESSAGES}, 30 % server errors")
    plan = FaultPlan(latency_seconds=GRAPH_LATENCY_SECONDS, ratios={"server_error": 0.3})
    waits = ",".join(["0.3"] * 12)
    async with installation(folder, {"RECADO_BACKOFF_SECONDS": waits}, web=2, drains=2, faults=plan) as shop:
        await asyncio.gather(*(_write(shop) for _ in range(CUSTOMERS)))
        await judge(row, shop)
        overtaken = sum(amounts != sorted(amounts) for amounts in _amounts(shop).values())
    row.require(not row.doubled, "nobody got two replies")
    row.require(not overtaken, f"every line in order, {overtaken} are not")
    return row


async def _write(shop: Installation) -> None:
    """One customer's orders, each of one more than the one before."""
    person = shop.simulator.new_person()
    for amount in range(1, MESSAGES + 1):
        await shop.simulator.send_text(f"quiero {amount} gorras", sender=person)


def _amounts(shop: Installation) -> dict[str, list[int]]:
    """The amounts that each customer was quoted, in the order in which the replies left."""
    replies = sorted(
        (reply.at, message.customer, reply.text) for message in shop.simulator.ledger for reply in message.replies
    )
    amounts: dict[str, list[int]] = {}
    for _, customer, text in replies:
        if found := re.search(r"([0-9]+) ×", text):
            amounts.setdefault(customer, []).append(int(found[1]))
    return amounts
