"""RetryQueue on a database: one thread writes in group commits; reads use a separate connection."""

import asyncio
import hashlib
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from recado.orders import HandoffChange, OrderState, PermissionChange
from recado.orders.shop import Move, Moved, ShopOrder
from recado.queue import hourly, people
from recado.queue.event_log import StoredEvents, endpoint_readings
from recado.queue.leisure import at_leisure
from recado.queue.model import (
    NOBODY,
    NOTICES,
    REPLIES,
    TEMPLATES,
    Added,
    AttemptResult,
    Audience,
    Claim,
    Erased,
    Lane,
    LeasedReply,
    NewReply,
    QueueEntry,
    QueueStatus,
    State,
    StatusUpdate,
    as_json,
)
from recado.queue.operations import (
    adding,
    claiming,
    customers,
    erasing,
    handoffs,
    hearing,
    orders,
    outside,
    permissions,
    recording,
    upkeep,
)
from recado.queue.operations.lanes import HORIZON_SECONDS, LaneState, OpenReason, lanes_of
from recado.queue.operations.transaction import MIN_WAIT_SECONDS, Floors, Transaction
from recado.queue.operations.upkeep import PruneRequest
from recado.queue.policy import RetryPolicy, Transition
from recado.queue.protocol import Pruned, Snapshot
from recado.queue.reach import EVERYTHING, NOTHING, Reach
from recado.queue.statements import Database, Row, Statements
from recado.queue.survey import DAY_SECONDS, Survey, read_survey
from recado.queue.views import failed_entry, queue_status
from recado.queue.writer import CommitObserver, Writer
from recado.telemetry.metric import Metric
from recado.telemetry.totals import Totals
from recado.whatsapp.notices import TemplateChange
from recado.whatsapp.outside import template_in

#: The maximum number of rows that one prune or expiry changes, so that nobody waits long for the lock.
PRUNE_ROWS = 500
#: A customer without anything due is forgotten after this time. The search for such customers runs at the same
#: interval.
CUSTOMER_RETENTION_SECONDS = 86400.0
CUSTOMER_PRUNE_SECONDS = 3600.0

Result = TypeVar("Result")


class NoObserver:
    """A commit observer that does nothing."""

    def committed(self, seconds: float, operations: int) -> None:
        pass

    def failed(self, error: str) -> None:
        pass

    def counted(self, metric: Metric, *labels: str) -> None:
        pass


class StoredQueue:
    """RetryQueue on an open database, which other processes may share. Raises StoreUnavailable."""

    def __init__(
        self,
        database: Database,
        policy: RetryPolicy,
        *,
        observer: CommitObserver | None = None,
        audience: Audience = NOBODY,
    ) -> None:
        self._database = database
        self._policy = policy
        self._audience = audience
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._writer = Writer(database, self._begin, observer or NoObserver())
        self._write = self._writer.submit
        self._walk_at = 0.0
        self._floors = Floors()
        self.now = database.now
        self.events = StoredEvents(database, self._writer)

    def _begin(self, statements: Statements) -> Transaction:
        return Transaction(
            statements,
            self._policy,
            owner=self._owner,
            store_key=self._database.store_key,
            audience=self._audience,
            floors=self._floors,
        )

    # -- the way of a message ----------------------------------------------------------------------------------

    def add_message(self, message: NewReply, *, lease: bool) -> Awaitable[Added]:
        request = adding.AddRequest(message=message, lease=lease)
        return self._write(adding.add, request, Reach(names=(message.key, *message.aliases)))

    async def get_messages_to_retry(self, limit: int) -> Claim:
        claim = await self._write(claiming.claim, claiming.ClaimRequest(limit=limit), NOTHING)
        return claim if claim.messages else replace(claim, next_at=await self._read(self._next_at))

    def reply_to_voice(self, job: LeasedReply, message: NewReply) -> Awaitable[Added]:
        return self._write(hearing.hear, hearing.HeardRequest(job, message))

    async def claim_message(self, id_: int) -> Claim:
        claim = await self._write(claiming.claim, claiming.ClaimRequest(limit=1, ids=(id_,)), Reach(entries=(id_,)))
        return (
            claim
            if claim.messages
            else replace(claim, next_at=await self._read(lambda found: self._next_at_of(found, id_)))
        )

    def update_message_attempt(self, message: LeasedReply, result: AttemptResult) -> Awaitable[Transition | None]:
        request = recording.ResultRequest(message=message, result=result)
        return self._write(recording.record, request, Reach(entries=(message.id,)))

    async def release(self, message: LeasedReply) -> None:
        await self._write(recording.release, message, Reach(entries=(message.id,)))

    async def record_probe(self, lane: Lane, reachable: bool) -> None:
        await self._write(claiming.record_probe, (lane, reachable), NOTHING)

    def apply_status(self, update: StatusUpdate) -> Awaitable[bool]:
        return self._write(recording.apply_statuses, update, recording.reach_of(update))

    def rename_customer(self, before: Sequence[str], after: Sequence[str]) -> Awaitable[None]:
        request = customers.Rename(tuple(before), tuple(after))
        return self._write(customers.rename, request, Reach(names=(*before, *after)))

    def change_handoff(self, change: HandoffChange) -> Awaitable[bool]:
        return self._write(handoffs.change_handoffs, change, Reach(names=(change.key, *change.aliases)))

    def change_permission(self, change: PermissionChange) -> Awaitable[bool]:
        return self._write(permissions.change_permissions, change, Reach(names=(change.key, *change.aliases)))

    def change_template(self, change: TemplateChange) -> Awaitable[None]:
        return self._write(outside.change_templates, change)

    # -- upkeep ------------------------------------------------------------------------------------------------

    async def expire(self) -> int:
        return await self._write(upkeep.expire, PRUNE_ROWS, NOTHING)

    async def prune(self) -> Pruned:
        config, now = self._policy.config, self._database.now()
        delivered_at, failed_at = now - config.delivered_retention_seconds, now - config.failed_retention_seconds
        requests = [
            PruneRequest("delivered", "prune_finished", (State.DELIVERED, delivered_at, PRUNE_ROWS)),
            PruneRequest("failed", "prune_finished", (State.FAILED, failed_at, PRUNE_ROWS)),
            PruneRequest("discarded", "prune_finished", (State.DISCARDED, failed_at, PRUNE_ROWS)),
            PruneRequest("event", "prune_events", (int((now - config.events_retention_seconds) * 1e6), PRUNE_ROWS)),
            PruneRequest("quote", "prune_quotes", (int((now - config.quote_retention_seconds) * 1e6), PRUNE_ROWS)),
            PruneRequest("order", "prune_orders", (now - config.order_retention_seconds, PRUNE_ROWS)),
            PruneRequest("handoff", "prune_handoffs", (now - config.order_retention_seconds, PRUNE_ROWS)),
            PruneRequest(
                "asked", "prune_asked", (int((now - config.asked_retention_seconds) // DAY_SECONDS), PRUNE_ROWS)
            ),
            PruneRequest("dedupe", "prune_seen", (int((now - config.dedupe_seconds) * 1e6), PRUNE_ROWS)),
            *await self._walk(now),
        ]
        counts = await asyncio.gather(*(self._write(upkeep.prune, request, request.reach) for request in requests))
        rows: dict[str, int] = {}
        for request, count in zip(requests, counts, strict=True):
            rows[request.kind] = rows.get(request.kind, 0) + count
        return Pruned(rows=rows, more=max(counts) >= PRUNE_ROWS)

    async def _walk(self, now: float) -> list[PruneRequest]:
        """Customers to forget. They are looked for once an hour, by whichever process comes first, and the rows counted
        again: both take a walk through all rows."""
        if now < self._walk_at:
            return []
        meta: dict[str, str] = dict(await self._read(lambda found: found.run("get_meta")))
        self._walk_at = float(meta.get(hourly.WALKED_AT, meta["created_at"])) + hourly.SECONDS
        if now < self._walk_at:
            return []
        await self.record_totals(Totals(), {hourly.WALKED_AT: str(now)})
        before = now - CUSTOMER_RETENTION_SECONDS
        walk = await asyncio.to_thread(self._database.survey, lambda found: hourly.walk(found, before))
        if walk.miscounted:
            await self._write(upkeep.count_again, None)
        await self.record_totals(Totals(), {hourly.MISCOUNTED: str(walk.miscounted)})
        return [
            PruneRequest("customer", "prune_customers", (as_json(page), before), EVERYTHING)
            for page in hourly.pages(walk.stale, PRUNE_ROWS)
        ]

    async def record_totals(self, totals: Totals, values: dict[str, str]) -> None:
        await self._write(upkeep.record_totals, upkeep.TotalsRecord(totals, values), NOTHING)

    async def check_writable(self) -> None:
        await self._write(upkeep.check, None, NOTHING)

    # -- operators ---------------------------------------------------------------------------------------------

    async def retry(self, ids: Sequence[int]) -> int:
        return await self._write(upkeep.retry, tuple(ids))

    async def discard(self, ids: Sequence[int]) -> int:
        return await self._write(upkeep.discard, tuple(ids))

    async def remove(self, ids: Sequence[int]) -> int:
        return await self._scrubbed(self._write(upkeep.remove, tuple(ids)))

    async def clear(self) -> int:
        return await self._scrubbed(self._write(upkeep.clear, None))

    async def erase_customer(self, name: str) -> Erased:
        return await self._scrubbed(self._search_and_erase(name))

    async def _search_and_erase(self, name: str) -> Erased:
        while True:
            traces = await asyncio.to_thread(people.find, self._database, name)
            if erased := await self._write(erasing.erase, traces):
                return erased

    async def _scrubbed(self, deletion: Awaitable[Result]) -> Result:
        deleted = await deletion
        await asyncio.to_thread(self._database.scrub)
        return deleted

    async def get_failed_messages(self, *, after: int = 0, limit: int = 100) -> list[QueueEntry]:
        return [failed_entry(row) for row in await self._read(lambda found: found.run("failed", after, limit))]

    async def list_messages(self, states: Sequence[State], *, after: int = 0, limit: int = 100) -> list[QueueEntry]:
        rows = await self._read(lambda found: found.run("listing", as_json(states), after, limit))
        return [failed_entry(row) for row in rows]

    async def show(self, id_: int) -> dict[str, Any] | None:
        for record in await self._read(lambda found: found.records("show", id_)):
            return record | {name: msgspec.json.decode(record[name]) for name in ("content", "answers") if record[name]}
        return None

    async def status(self) -> QueueStatus:
        return queue_status(await asyncio.to_thread(self.snapshot))

    # -- orders ------------------------------------------------------------------------------------------------

    async def list_orders(
        self, *, after: int = 0, state: OrderState | None = None, limit: int = 100
    ) -> list[ShopOrder]:
        def read(found: Statements) -> list[Row]:
            return found.run("orders", after, limit) if state is None else found.run("orders_in", state, after, limit)

        return [orders.shop_order(row) for row in await self._read(read, settled=True)]

    async def get_order(self, number: int) -> ShopOrder | None:
        rows = await self._read(lambda found: found.run("shop_order", number))
        return orders.shop_order(rows[0]) if rows else None

    async def move_order(self, move: Move) -> Moved:
        return await self._write(orders.move_orders, move)

    async def survey(self, days: Sequence[float]) -> Survey:
        least = self._policy.config.report_min_customers
        return await at_leisure(
            lambda: self._database.survey(lambda found: read_survey(found, days, min_customers=least))
        )

    # -- the metrics thread and logs ---------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        return self._database.read(self._snapshot)

    def _snapshot(self, found: Statements) -> Snapshot:
        lanes = self._lanes(found)
        meta: dict[str, str] = dict(found.run("get_meta"))
        counts = {(channel, lane, state): rows for channel, lane, state, rows in found.run("state_counts")}
        replies = [lane for lane in lanes if lane.channel == REPLIES]
        waiting, waiting_since = found.run("waiting_for_a_person", found.now)[0]
        due = [at for lane in replies if (at := found.run("next_due", *lane, 0.0)[0][0]) is not None]
        return Snapshot(
            totals={
                (metric, tuple(msgspec.json.decode(labels))): value for metric, labels, value in found.run("totals")
            },
            rows={state: sum(counts.get((*lane, state), 0) for lane in replies) for state in State},
            oldest_due_seconds=max(0.0, found.now - min(due)) if due else 0.0,
            breakers={lane.name: lanes[lane].breaker for lane in replies},
            endpoints=endpoint_readings(found, lanes, counts),
            paused_templates=self._paused_templates(lanes),
            targets=tuple(lane.name for lane in lanes if lane.channel == NOTICES),
            oldest_placed_seconds=max((found.now - at for (at,) in found.run("oldest_placed")), default=0.0),
            waiting_for_a_person=waiting,
            waiting_for_a_person_seconds=max(0.0, found.now - waiting_since) if waiting else 0.0,
            miscounted_rows=float(meta.get(hourly.MISCOUNTED, 0)),
            instants={name: float(value) for name, value in meta.items() if name.endswith("_at")},
            sizes=self._database.sizes(found),
        )

    @staticmethod
    def _paused_templates(lanes: dict[Lane, LaneState]) -> dict[str, bool]:
        paused: dict[str, bool] = {}
        for lane, state in lanes.items():
            if lane.channel == TEMPLATES:
                name = template_in(lane.name)
                paused[name] = paused.get(name, False) or state.breaker.open_reason is OpenReason.OPERATOR
        return paused

    def message_reference(self, wamid: str) -> str:
        return hashlib.blake2b(
            wamid.encode(), digest_size=8, key=f"log:{self._database.store_key}".encode()
        ).hexdigest()

    async def close(self) -> None:
        await asyncio.to_thread(self._writer.close)
        await asyncio.to_thread(self._database.close)

    # -- reading -----------------------------------------------------------------------------------

    async def _read(self, read: Callable[[Statements], Result], *, settled: bool = False) -> Result:
        return await asyncio.to_thread(self._database.read, read, settled=settled)

    def _lanes(self, found: Statements) -> dict[Lane, LaneState]:
        return lanes_of(self._policy, found.run("lanes"))

    def _next_at(self, found: Statements) -> float | None:
        """When the next entry can be claimed, according to its due time and its lane's turn and breaker."""
        waits = []
        for lane, state in self._lanes(found).items():
            if (due_at := found.run("next_due", *lane, self._floors.after(lane, found.now))[0][0]) is not None:
                waits.append(self._claimable_at(found, lane, state, due_at))
        return min(waits, default=None)

    def _next_at_of(self, found: Statements, id_: int) -> float | None:
        """The same for one message; None if it does not wait."""
        for due_at, *lane in found.run("due_of", id_):
            return self._claimable_at(found, Lane(*lane), self._lanes(found)[Lane(*lane)], due_at)
        return None

    def _claimable_at(self, found: Statements, lane: Lane, state: LaneState, due_at: float) -> float:
        """When an entry can be claimed, according to its due time and its lane's turn, breaker and free capacity."""
        at_once = self._policy.limits[lane.channel].at_once
        full = at_once and found.run("under_way", *lane)[0][0] >= at_once
        return max(_claimable_at(state, due_at), found.now + MIN_WAIT_SECONDS if full else 0.0)


def _claimable_at(lane: LaneState, due_at: float) -> float:
    # Half of the horizon, so that a drain under the rate claims several turns at once.
    return max(due_at, lane.pace.next_at - HORIZON_SECONDS / 2, lane.breaker.probe_at)
