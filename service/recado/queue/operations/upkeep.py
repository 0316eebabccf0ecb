"""Upkeep: operators' changes to messages, and the changes that fall due with time."""

from collections.abc import Sequence
from typing import Any

import msgspec

from recado.queue.model import Lane, Reason, as_json
from recado.queue.operations.handoffs import end_of_time
from recado.queue.operations.noticing import note_recoveries, note_waiting_orders
from recado.queue.operations.reminding import remind
from recado.queue.operations.transaction import Transaction
from recado.queue.reach import NOTHING, Reach
from recado.telemetry import metrics
from recado.telemetry.totals import Totals

#: How far the newest arrival may be ahead of the clock: small corrections of a clock are normal.
CLOCK_SLACK_SECONDS = 60.0


class PruneRequest(msgspec.Struct, frozen=True):
    """Rows to delete by a statement of queries.sql, counted as `kind`."""

    kind: str
    query: str
    bindings: tuple[Any, ...]
    reach: Reach = NOTHING


class TotalsRecord(msgspec.Struct, frozen=True):
    """Totals to add and named values to set: what a process reports about itself."""

    totals: Totals
    values: dict[str, str]


def retry(transaction: Transaction, batches: Sequence[tuple[int, ...]]) -> list[int]:
    """Makes messages due at once with a full set of attempts, except those that must no longer be sent; returns how
    many of each batch."""
    counts = []
    for ids in batches:
        wanted = sorted(set(ids).difference(transaction.unwanted(ids)))
        counts.append(len(transaction.run("retry", as_json(wanted), transaction.now)))
    return counts


def discard(transaction: Transaction, batches: Sequence[tuple[int, ...]]) -> list[int]:
    """Gives messages up at an operator's request; returns how many of each batch."""
    return [transaction.discard(ids) for ids in batches]


def remove(transaction: Transaction, batches: Sequence[tuple[int, ...]]) -> list[int]:
    """Erases failed and discarded messages and the data of their customers; returns how many of each batch."""
    return [_erase(transaction, "remove", as_json(ids)) for ids in batches]


def clear(transaction: Transaction, requests: Sequence[None]) -> list[int]:
    """Erases all failed and discarded messages and the data of their customers; returns how many."""
    return [_erase(transaction, "clear") for _ in requests]


def _erase(transaction: Transaction, query: str, *bindings: Any) -> int:
    """Deletes messages by a statement, then customers without any other message; returns the number of messages."""
    keys = [key for (key,) in transaction.run(query, *bindings)]
    if keys:
        transaction.run("forget_customers", as_json(sorted(set(keys))))
    return len(keys)


def expire(transaction: Transaction, limits: Sequence[int]) -> list[int]:
    """Gives up waiting messages whose window has closed, up to a limit; returns how many. Also closes expired quotes,
    ends hand-offs, notifies of overdue orders and of problems that are over, and queues reminders."""
    _repair_clock(transaction)
    counts = []
    for limit in limits:
        rows = transaction.run("expired", transaction.now, limit)
        for id_, *lane in rows:
            transaction.fail(id_, Lane(*lane), Reason.WINDOW_CLOSED)
        counts.append(len(rows))
        transaction.quotes_ended(transaction.run("expire_quotes", transaction.now, limit))
        if held := transaction.run("held_until", transaction.now, limit):
            end_of_time(transaction, [key for (key,) in held])
        if transaction.audience.reminding.seconds:
            remind(transaction, limit)
    # Last, because others wait for the notices' lock.
    if transaction.audience.notices and transaction.audience.accept_seconds:
        note_waiting_orders(transaction)
    if transaction.audience.notices:
        note_recoveries(transaction)
    return counts


def _repair_clock(transaction: Transaction) -> None:
    """Corrects times that were written while the clock was ahead: entries of that time must not wait until then.

    The newest id is the microsecond of an arrival, so it shows whether the clock was set back.
    """
    now = transaction.now
    if transaction.run("last_id")[0][0] / 1e6 <= now + CLOCK_SLACK_SECONDS:
        return
    for channel in transaction.policy.limits:
        longest = transaction.policy.longest_wait_seconds(channel) + CLOCK_SLACK_SECONDS
        for statement in ("repair_due", "repair_leases", "repair_keys", "repair_lanes", "repair_turns"):
            transaction.run(statement, now, now + longest, channel)


def prune(transaction: Transaction, requests: Sequence[PruneRequest]) -> list[int]:
    """Deletes rows past their retention; returns how many of each kind."""
    counts = []
    for request in requests:
        transaction.run(request.query, *request.bindings)
        counts.append(transaction.changes())
        if counts[-1]:
            transaction.totals.inc(metrics.PRUNED, request.kind, by=counts[-1])
    return counts


def count_again(transaction: Transaction, requests: Sequence[None]) -> list[None]:
    """Sets the counters of states right."""
    transaction.run("drop_counts")
    transaction.run("put_counts")
    return [None] * len(requests)


def record_totals(transaction: Transaction, records: Sequence[TotalsRecord]) -> list[None]:
    """Adds totals and sets named values."""
    for one in records:
        transaction.totals.merge(one.totals)
        for name, value in one.values.items():
            transaction.run("set_meta", name, value)
    return [None] * len(records)


def check(transaction: Transaction, requests: Sequence[None]) -> list[None]:
    """Writes to the store, to prove that it can be written."""
    transaction.run("check_writable", transaction.now)
    return [None] * len(requests)
