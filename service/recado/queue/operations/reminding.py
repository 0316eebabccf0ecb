"""Reminders: a customer who has not answered an open quote gets one, inside his window and by day."""

import datetime
from collections.abc import Collection

from recado.queue.model import REPLIES, Lane, NewRow, State, as_json
from recado.queue.operations.customers import read_quote
from recado.queue.operations.transaction import Transaction
from recado.telemetry import metrics

#: The hours of the shop's day in which customers are reminded: from the first, before the second.
FROM_HOUR, TO_HOUR = 9, 20
#: A customer is reminded once in this time, however many quotes he has.
ONCE_SECONDS = 86400.0


def remind(transaction: Transaction, limit: int) -> None:
    """Queues the reminders that are due, up to a limit.

    A customer gets none if he has written since or opted out, if he is talking to a person, or if an entry waits for
    him.
    """
    asked, now = transaction.audience.reminding, transaction.now
    if asked.says is None or not _by_day(now, asked.timezone):
        return
    rows = transaction.run(
        "remindable", now, now - asked.seconds, now - asked.window_seconds, int((now - ONCE_SECONDS) * 1e6), limit
    )
    if not rows:
        return
    names = _names(transaction, {row[0] for row in rows})
    first = max(int(transaction.run("last_id")[0][0]) + 1, int(now * 1e6))
    entries: list[NewRow] = []
    tokens: list[tuple[str, int]] = []
    for id_, (key, wrote_at, traceparent, *columns) in enumerate(rows, first):
        quote = read_quote(columns)
        number = key.partition(":")[0]
        entries.append(
            NewRow(
                id=id_,
                state=State.QUEUED,
                channel=REPLIES,
                lane=number,
                key=key,
                phone=names[key].get("phone"),
                user_id=names[key].get("user_id"),
                wamid=None,
                answers=None,
                content=asked.says(quote),
                written_at=now,
                received_at=now,
                deadline_at=min(wrote_at + asked.window_seconds, quote.expires_at),
                traceparent=traceparent,
                due_at=now,
            )
        )
        tokens.append((quote.token, id_))
        transaction.lanes.of(Lane(REPLIES, number))
    transaction.run("add", as_json(entries))
    transaction.run("reminded", as_json(tokens))
    transaction.totals.inc(metrics.QUEUED, by=len(entries))
    transaction.totals.inc(metrics.REMINDERS, by=len(entries))


def drop_stale(transaction: Transaction, ids: Collection[int]) -> set[int]:
    """Discards those reminders whose customer has answered meanwhile or has opted out; returns which."""
    stale = {id_ for (id_,) in transaction.run("stale_reminders", as_json(list(ids)), transaction.now)}
    transaction.discard(sorted(stale))
    return stale


def _by_day(now: float, timezone: str) -> bool:
    from zoneinfo import ZoneInfo  # costs a drain 3 ms, and most shops send no reminders

    return FROM_HOUR <= datetime.datetime.fromtimestamp(now, ZoneInfo(timezone)).hour < TO_HOUR


def _names(transaction: Transaction, keys: Collection[str]) -> dict[str, dict[str, str]]:
    """The phone number and user id of each customer."""
    names: dict[str, dict[str, str]] = {key: {} for key in keys}
    for key, name in transaction.run("names_of", as_json(sorted(keys))):
        of_customer = name.partition(":")[2]
        names[key]["phone" if of_customer.startswith("+") else "user_id"] = of_customer
    return names
