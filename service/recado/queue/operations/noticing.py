"""Noticing: turns facts into notices to the operator, in the transaction of the fact. The first of a kind is sent at
once, further ones together once a period."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from recado.events.facts import Fact, HandoffRequested, OrderCancelRequested, OrderCreated, ReplyFailed
from recado.notices.notice import Notice, NoticeKind
from recado.queue.model import NOTICES, TO_CUSTOMERS, Lane, as_json
from recado.queue.operations.lanes import Breaker
from recado.queue.operations.writing import Writing

#: How many orders of a period get a notice each; further ones share one.
ORDERS_ONE_BY_ONE = 10
_META = "notice."
_CHECKED = "notice_orders"
_AWAITED = "notice_recoveries"


class Noted(NamedTuple):
    """Something to notify the operator of, with its reason, order or lane."""

    kind: NoticeKind
    what: str


class Period(msgspec.Struct):
    """The present period of a kind: its end, how many notices were sent at once in it, the notice that is sent at its
    end, and that notice's entries."""

    until: float = 0.0
    told: int = 0
    digest: Notice | None = None
    entries: list[int] = []


class Recovery(msgspec.Struct):
    """A lane that sends again, whose breaker was open from `since` to `until`. Not everything that waited then is sent
    yet. told: the operator was notified of the problem."""

    channel: str
    name: str
    since: float
    until: float
    told: bool

    @property
    def lane(self) -> Lane:
        return Lane(self.channel, self.name)


_period = msgspec.json.Decoder(Period).decode
_recoveries = msgspec.json.Decoder(list[Recovery]).decode


def notices_of(facts: Iterable[Fact]) -> Iterator[Noted]:
    """The notices that follow from facts."""
    for fact in facts:
        match fact:
            case ReplyFailed():
                yield Noted(
                    NoticeKind.REPLY_LOST, f"{fact.reason} ({fact.error_class})" if fact.error_class else fact.reason
                )
            case OrderCreated():
                order = fact.order
                yield Noted(NoticeKind.ORDER_PLACED, f"{order.number}: {order.total} {order.currency}")
            case OrderCancelRequested():
                yield Noted(NoticeKind.CANCEL_REQUESTED, fact.number)
            case HandoffRequested():
                yield Noted(NoticeKind.HANDOFF, fact.reason)


def write_notices(transaction: Writing, noted: Sequence[Noted]) -> None:
    """Queues notices for every target, or adds to those that are sent at the end of the period."""
    transaction.run("lock_notices")
    meta: dict[str, str] = dict(transaction.run("get_meta"))
    for kind in dict.fromkeys(one.kind for one in noted):
        stored = meta.get(_META + kind)
        period = _present(_period(stored) if stored else Period(), kind, transaction)
        notices = [
            Notice(kind=kind, count=1, since=transaction.now, whats={one.what: 1}) for one in noted if one.kind is kind
        ]
        if kind is not NoticeKind.ORDER_PLACED:  # failures that happen together are one notice
            notices = [_together(notices)]
        left = max(0, _at_once(kind) - period.told)
        for notice in notices[:left]:
            _queue(transaction, notice, transaction.now)
            period.told += 1
        if later := notices[left:]:
            _put_off(transaction, period, _together(later))
        transaction.run("set_meta", _META + kind, as_json(period))


def note_waiting_orders(transaction: Writing) -> None:
    """Notifies of orders that have become overdue since the last call."""
    transaction.run("lock_notices")
    meta: dict[str, str] = dict(transaction.run("get_meta"))
    checked = float(meta.get(_CHECKED, 0.0))
    due = transaction.now - transaction.audience.accept_seconds
    for (number,) in transaction.run("placed_between", checked, due):
        transaction.note(NoticeKind.ORDER_WAITING, f"{transaction.audience.order_prefix}{number}")
    transaction.run("set_meta", _CHECKED, str(max(checked, due)))


def await_recoveries(transaction: Writing, closed: Sequence[tuple[Lane, Breaker]]) -> None:
    """Remembers lanes whose breakers closed, until all that waited for them has been sent."""
    transaction.run("lock_notices")
    awaited = _awaited(transaction)
    for lane, before in closed:
        assert before.opened_at is not None
        old = awaited.get(lane)
        awaited[lane] = Recovery(
            *lane,
            since=min(before.opened_at, old.since) if old else before.opened_at,
            until=transaction.now,
            told=before.needs_operator or (old is not None and old.told),
        )
    transaction.run("set_meta", _AWAITED, as_json(list(awaited.values())))


def note_recoveries(transaction: Writing) -> None:
    """Notifies of lanes that have sent everything that waited while they had a problem, if the operator was told of the
    problem: he was needed, or customers' replies were lost."""
    if not _awaited(transaction):  # nearly always: no lock then
        return
    transaction.run("lock_notices")
    awaited = _awaited(transaction)
    over = [lane for lane, one in awaited.items() if not transaction.run("waiting_since", *lane, one.until)]
    for lane in over:
        one = awaited.pop(lane)
        ((lost,),) = transaction.run("lost_since", *lane, one.since)
        if one.told or (lost and lane.channel in TO_CUSTOMERS):
            came = f"{lost} no llegaron" if lost else "todo llegó"
            transaction.note(NoticeKind.RECOVERED, f"{lane.channel} {lane.name}: {came}")
    if over:
        transaction.run("set_meta", _AWAITED, as_json(list(awaited.values())))


def _awaited(transaction: Writing) -> dict[Lane, Recovery]:
    meta: dict[str, str] = dict(transaction.run("get_meta"))
    return {one.lane: one for one in _recoveries(meta.get(_AWAITED, "[]"))}


def _at_once(kind: NoticeKind) -> int:
    return ORDERS_ONE_BY_ONE if kind is NoticeKind.ORDER_PLACED else 1


def _present(period: Period, kind: NoticeKind, transaction: Writing) -> Period:
    """The current period. After a period that ended with a notice, the next one sends nothing at once."""
    seconds = transaction.audience.notice_seconds
    if transaction.now < period.until:
        # A clock that was set back must not put a notice off for longer than a period.
        period.until = min(period.until, transaction.now + seconds)
        return period
    if period.digest and transaction.now < period.until + seconds:
        return Period(until=period.until + seconds, told=_at_once(kind))
    return Period(until=transaction.now + seconds)


def _put_off(transaction: Writing, period: Period, notice: Notice) -> None:
    if period.digest:
        period.digest = period.digest.with_more(notice)
        transaction.run("put_content", as_json([(id_, period.digest) for id_ in period.entries]))
    else:
        period.digest, period.entries = notice, _queue(transaction, notice, period.until)


def _queue(transaction: Writing, notice: Notice, due_at: float) -> list[int]:
    """Queues a notice for every target; the ids of the entries."""
    first = transaction.take_ids(len(transaction.audience.notices))
    rows = []
    for id_, target in enumerate(transaction.audience.notices, first):
        transaction.lanes.of(Lane(NOTICES, target))
        rows.append((id_, NOTICES, target, f"notice/{id_}", notice, None, transaction.now, None))
    transaction.run("address_events", as_json(rows), due_at, due_at + transaction.audience.notice_deadline_seconds)
    return [row[0] for row in rows]


def _together(notices: Sequence[Notice]) -> Notice:
    total = notices[0]
    for notice in notices[1:]:
        total = total.with_more(notice)
    return total
