"""One fault's row in the table, and how a run under it is measured."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import msgspec
from loadtests.chaos.installation import Installation

SETTLE_SECONDS = 60.0


class FaultResult(msgspec.Struct, kw_only=True):
    """The result of a fault. `refused`: responses other than 200; `cut`: connections that ended without a response.

    `recovery_seconds`: from the end of the fault until every message had its reply and the queue was empty.
    """

    fault: str
    injected: str = ""
    messages: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    refused: int = 0
    cut: int = 0
    recovery_seconds: float = 0.0
    note: str = ""
    good: bool = True

    def require(self, holds: bool, what: str) -> None:
        """Marks the row as bad, with the reason, unless the condition holds."""
        if not holds:
            self.good = False
            self.note = f"{self.note}; NOT: {what}".lstrip("; ")


class NotHereError(Exception):
    """The fault cannot be injected on this machine; the message says what is missing."""


@contextlib.asynccontextmanager
async def load(row: FaultResult, shop: Installation, per_second: float) -> AsyncIterator[None]:
    """Customers write while the fault lasts; afterwards the row has the results."""
    traffic = shop.simulator.begin_traffic(1_000_000, per_second)
    yield
    traffic.cancel()
    await judge(row, shop)


async def judge(row: FaultResult, shop: Installation) -> None:
    """Waits until everything is settled, then reads ledger and database."""
    started = time.monotonic()
    await shop.settled(SETTLE_SECONDS)
    row.recovery_seconds = round(time.monotonic() - started, 2)
    summary, counts = shop.simulator.ledger.summary(), shop.simulator.sender.counts
    row.messages, row.acknowledged = summary.inbound, summary.acknowledged
    row.lost, row.doubled = summary.lost + summary.unanswered, summary.doubled
    row.refused = sum(count for answer, count in counts.items() if answer.isdigit() and answer != "200")
    row.cut = sum(count for answer, count in counts.items() if not answer.isdigit() and answer != "ConnectError")
    await asyncio.sleep(0)
    file, rows = shop.inspect()
    row.require(file == "ok", f"the file: {file}")
    row.require(not row.lost, "nobody lost")
    row.require(not rows.get("failed"), f"{rows.get('failed')} given up")


def table(rows: list[FaultResult]) -> str:
    """Markdown."""
    head = [
        "| fault | injected | messages | lost | doubled | non-200 | cut | recovery | |",
        "|---|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    lines = [
        f"| {r.fault} | {r.injected} | {r.messages} | {r.lost} | {r.doubled} | {r.refused} | {r.cut} |"
        f" {r.recovery_seconds:.1f} s | {r.note} |"
        for r in rows
    ]
    return "\n".join([*head, *lines])
