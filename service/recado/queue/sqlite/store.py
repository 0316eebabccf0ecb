"""RetryQueue on SQLite: writes by one thread in group commits, reads beside them on a connection of their own."""

import asyncio
import hashlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import apsw
import msgspec
from msgspec.structs import replace

from recado.queue.errors import StoreUnavailable
from recado.queue.model import (
    Added,
    AttemptResult,
    Claim,
    Lane,
    LeasedReply,
    NewReply,
    QueueEntry,
    QueueStatus,
    State,
    StatusUpdate,
    mask,
)
from recado.queue.policy import Decision, RetryPolicy
from recado.queue.protocol import Pruned, Snapshot
from recado.queue.sqlite import adding, claiming, customers, recording, upkeep
from recado.queue.sqlite.database import UNAVAILABLE, empty_log, load_queries, open_database
from recado.queue.sqlite.transaction import HORIZON_SECONDS, LaneState, Transaction, as_json, lanes_of
from recado.queue.sqlite.upkeep import PruneRequest
from recado.queue.sqlite.writer import CommitObserver, Writer
from recado.telemetry import metrics
from recado.telemetry.totals import Totals

#: Rows that one prune or expiry touches at most, so that nobody waits long for the lock.
PRUNE_ROWS = 500
#: A customer of whom nothing is due any more is forgotten after this time; the search for them is this rare too.
CUSTOMER_RETENTION_SECONDS = 86400.0
CUSTOMER_PRUNE_SECONDS = 3600.0

Argument = TypeVar("Argument")
Result = TypeVar("Result")
#: An operation on a batch of callers' arguments; see writer.py.
Kind = Callable[[Transaction, Sequence[Argument]], Sequence[Result]]


class NoObserver:
    """A commit observer that does not look."""

    def committed(self, seconds: float, operations: int) -> None:
        pass

    def failed(self, error: str) -> None:
        pass


class SqliteRetryQueue:
    """RetryQueue on one SQLite file, which may be shared by several processes on one host.

    Opening raises StoreError where the file can never work, StoreUnavailable where it cannot now.
    """

    def __init__(
        self,
        path: Path,
        policy: RetryPolicy,
        *,
        clock: Callable[[], float] = time.time,
        observer: CommitObserver | None = None,
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._queries = load_queries()
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        connection = open_database(path)
        self._store_key = self._make_store_key(connection)
        self._reader = open_database(path, read_only=True)
        self._path = path
        self._identity = _identity(path)
        self._reading = threading.Lock()
        self._writer = Writer(connection, self._begin, observer or NoObserver())
        self._customers_pruned_at = clock()

    def _begin(self, connection: apsw.Connection) -> Transaction:
        self._refuse_another_file()
        return Transaction(
            connection,
            self._queries,
            self._policy,
            owner=self._owner,
            store_key=self._store_key,
            now=self._clock(),
        )

    def _make_store_key(self, connection: apsw.Connection) -> str:
        try:
            connection.execute(self._queries["init_meta"], ("store_key", secrets.token_hex(16)))
            connection.execute(self._queries["init_meta"], ("created_at", str(self._clock())))
            rows: list[tuple[Any, ...]] = connection.execute(self._queries["get_meta"]).fetchall()
            return str(dict(rows)["store_key"])
        except UNAVAILABLE as error:
            raise StoreUnavailable(str(error)) from error

    # -- the way of a message ----------------------------------------------------------------------------------

    def add_message(self, message: NewReply, *, lease: bool) -> Awaitable[Added]:
        return self._write(adding.add, adding.AddRequest(message=message, lease=lease))

    async def get_messages_to_retry(self, limit: int) -> Claim:
        claim = await self._write(claiming.claim, claiming.ClaimRequest(limit=limit))
        return claim if claim.messages else replace(claim, next_at=await self._read(self._next_at))

    async def claim_message(self, id_: int) -> Claim:
        claim = await self._write(claiming.claim, claiming.ClaimRequest(limit=1, ids=(id_,)))
        return claim if claim.messages else replace(claim, next_at=await self._read(lambda: self._next_at_of(id_)))

    def update_message_attempt(self, message: LeasedReply, result: AttemptResult) -> Awaitable[Decision | None]:
        return self._write(recording.record, recording.ResultRequest(message=message, result=result))

    async def release(self, message: LeasedReply) -> None:
        await self._write(recording.release, message)

    async def record_probe(self, lane: Lane, reachable: bool) -> None:
        await self._write(claiming.record_probe, (lane, reachable))

    def apply_status(self, update: StatusUpdate) -> Awaitable[bool]:
        return self._write(recording.apply_statuses, update)

    def rename_customer(self, before: Sequence[str], after: Sequence[str]) -> Awaitable[None]:
        return self._write(customers.rename, customers.Rename(tuple(before), tuple(after)))

    # -- upkeep ------------------------------------------------------------------------------------------------

    async def expire(self) -> int:
        return await self._write(upkeep.expire, PRUNE_ROWS)

    async def prune(self) -> Pruned:
        config, now = self._policy.config, self._clock()
        delivered_at, failed_at = now - config.delivered_retention_seconds, now - config.failed_retention_seconds
        requests = [
            PruneRequest("delivered", "prune_finished", (State.DELIVERED, delivered_at, PRUNE_ROWS)),
            PruneRequest("failed", "prune_finished", (State.FAILED, failed_at, PRUNE_ROWS)),
            PruneRequest("discarded", "prune_finished", (State.DISCARDED, failed_at, PRUNE_ROWS)),
            PruneRequest("dedupe", "prune_seen", (int((now - config.dedupe_seconds) * 1e6), PRUNE_ROWS)),
            *await self._stale_customers(now),
        ]
        counts = await asyncio.gather(*(self._write(upkeep.prune, request) for request in requests))
        rows: dict[str, int] = {}
        for request, count in zip(requests, counts, strict=True):
            rows[request.kind] = rows.get(request.kind, 0) + count
        return Pruned(rows=rows, more=max(counts) >= PRUNE_ROWS)

    async def _stale_customers(self, now: float) -> list[PruneRequest]:
        """Customers to forget, looked for once an hour, since it takes a walk through all of them."""
        if now < self._customers_pruned_at + CUSTOMER_PRUNE_SECONDS:
            return []
        self._customers_pruned_at = now
        before = now - CUSTOMER_RETENTION_SECONDS
        stale = [row[0] for row in await self._read(lambda: self._select("stale_customers", before))]
        return [
            PruneRequest("customer", "prune_customers", (as_json(stale[start : start + PRUNE_ROWS]), before))
            for start in range(0, len(stale), PRUNE_ROWS)
        ]

    async def record_totals(self, totals: Totals, values: dict[str, str]) -> None:
        await self._write(upkeep.record_totals, upkeep.TotalsRecord(totals, values))

    async def check_writable(self) -> None:
        await self._write(upkeep.record_totals, upkeep.TotalsRecord(Totals(), {"checked_at": str(self._clock())}))

    # -- operators ---------------------------------------------------------------------------------------------

    async def retry(self, ids: Sequence[int]) -> int:
        return await self._write(upkeep.retry, tuple(ids))

    async def discard(self, ids: Sequence[int]) -> int:
        return await self._write(upkeep.discard, tuple(ids))

    async def remove(self, ids: Sequence[int]) -> int:
        return await self._erase(self._write(upkeep.remove, tuple(ids)))

    async def clear(self) -> int:
        return await self._erase(self._write(upkeep.clear, None))

    async def _erase(self, erasing: Awaitable[int]) -> int:
        """Until a checkpoint the write-ahead log still has what was erased from the file."""
        count = await erasing
        await asyncio.to_thread(empty_log, self._path)
        return count

    async def get_failed_messages(self, *, after: int = 0, limit: int = 100) -> list[QueueEntry]:
        return [_as_failed(row) for row in await self._read(lambda: self._select("failed", after, limit))]

    async def list_messages(self, states: Sequence[State], *, after: int = 0, limit: int = 100) -> list[QueueEntry]:
        rows = await self._read(lambda: self._select("listing", as_json(states), after, limit))
        return [_as_failed(row) for row in rows]

    async def show(self, id_: int) -> dict[str, Any] | None:
        def read() -> dict[str, Any] | None:
            cursor = self._reader.execute(self._queries["show"], (id_,))
            for row in cursor:
                fields = dict(zip([column[0] for column in cursor.get_description()], row, strict=True))
                return fields | {
                    name: msgspec.json.decode(fields[name]) for name in ("content", "answers") if fields[name]
                }
            return None

        return await self._read(read)

    async def status(self) -> QueueStatus:
        return _as_status(await asyncio.to_thread(self.snapshot))

    # -- the metrics thread and logs ---------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        return self._read_now(self._snapshot)

    def _snapshot(self) -> Snapshot:
        lanes = self._lanes()
        meta = dict(self._select("get_meta"))
        due = [at for lane in lanes if (at := self._select("next_due", *lane)[0][0]) is not None]
        return Snapshot(
            totals={
                (metric, tuple(msgspec.json.decode(labels))): value for metric, labels, value in self._select("totals")
            },
            rows=dict(self._select("state_counts")),
            oldest_due_seconds=max(0.0, self._clock() - min(due)) if due else 0.0,
            breakers={lane.name: state.breaker for lane, state in lanes.items()},
            instants={name: float(value) for name, value in meta.items() if name.endswith("_at")},
        )

    def message_reference(self, wamid: str) -> str:
        return hashlib.blake2b(wamid.encode(), digest_size=8, key=f"log:{self._store_key}".encode()).hexdigest()

    async def close(self) -> None:
        await asyncio.to_thread(self._writer.close)
        with self._reading:
            self._reader.close()

    # -- reading and writing -----------------------------------------------------------------------------------

    def _write(self, kind: Kind[Argument, Result], argument: Argument) -> "asyncio.Future[Result]":
        return self._writer.submit(kind, argument)

    async def _read(self, read: Callable[[], Result]) -> Result:
        return await asyncio.to_thread(self._read_now, read)

    def _read_now(self, read: Callable[[], Result]) -> Result:
        try:
            self._refuse_another_file()
            with self._reading:
                self._reader.execute("BEGIN")  # one view of the store for all that is read
                try:
                    return read()
                finally:
                    self._reader.execute("COMMIT")
        except (*UNAVAILABLE, apsw.ConnectionClosedError) as error:
            raise StoreUnavailable(str(error)) from error

    def _refuse_another_file(self) -> None:
        """SQLite goes on writing to a file that was deleted or replaced: nobody would find what is written there."""
        if _identity(self._path) != self._identity:
            raise apsw.CantOpenError(f"{self._path} was deleted or replaced while it was in use")

    def _select(self, query: str, *bindings: Any) -> list[tuple[Any, ...]]:
        return self._reader.execute(self._queries[query], bindings).fetchall()

    def _lanes(self) -> dict[Lane, LaneState]:
        return lanes_of(self._policy, self._select("lanes"))

    def _next_at(self) -> float | None:
        """When the next entry can be claimed, as far as its due time and its lane's turn and breaker tell."""
        due = [(state, self._select("next_due", *lane)[0][0]) for lane, state in self._lanes().items()]
        return min((_claimable_at(state, due_at) for state, due_at in due if due_at is not None), default=None)

    def _next_at_of(self, id_: int) -> float | None:
        """The same of one message; None when it does not wait."""
        for due_at, *lane in self._select("due_of", id_):
            return _claimable_at(self._lanes()[Lane(*lane)], due_at)
        return None


def _claimable_at(lane: LaneState, due_at: float) -> float:
    # Half of the horizon, so that a drain under the rate claims several turns at once.
    return max(due_at, lane.pace.next_at - HORIZON_SECONDS / 2, lane.breaker.probe_at)


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one of the same name; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _as_failed(row: tuple[Any, ...]) -> QueueEntry:
    id_, to, state, attempts, error_class, error_code, detail, reason, received_at, due_at = row
    parts = [str(part) for part in (error_class, error_code, detail) if part not in (None, "")]
    return QueueEntry(
        id=id_,
        to=mask(to),
        state=State(state),
        attempts=attempts,
        last_error=": ".join(parts),
        reason=reason,
        received_at=received_at,
        due_at=due_at,
    )


def _as_status(snapshot: Snapshot) -> QueueStatus:
    def total(name: str, *labels: str) -> float:
        return snapshot.totals.get((name, labels), 0.0)

    delivered = total(metrics.FINISHED.name, State.DELIVERED)
    finished = delivered + total(metrics.FINISHED.name, State.FAILED)
    attempts = total(metrics.DELIVERED_ATTEMPTS.name, "sum")
    return QueueStatus(
        pending_retry=snapshot.rows[State.QUEUED],
        in_flight=snapshot.rows[State.SENDING],
        unknown=snapshot.rows[State.UNKNOWN],
        failed=snapshot.rows[State.FAILED],
        success_rate=round(delivered / finished, 6) if finished else None,
        avg_attempts=round(attempts / delivered, 3) if delivered else None,
        oldest_due_seconds=round(snapshot.oldest_due_seconds, 3),
    )
