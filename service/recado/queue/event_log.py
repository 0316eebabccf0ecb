"""The stored events and their endpoints, for operators and for systems that poll."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

import msgspec

from recado.events.event import Event
from recado.queue.model import EVENTS, Lane, State, as_json
from recado.queue.operations import telling
from recado.queue.operations.lanes import Breaker, LaneState
from recado.queue.operations.transaction import Transaction
from recado.queue.protocol import EndpointReading, EventDelivery
from recado.queue.statements import Database, Row, Statements
from recado.queue.writer import Writer

_WAITING = frozenset({State.QUEUED, State.SENDING, State.UNKNOWN})

_event = msgspec.json.Decoder(Event).decode


class StoredEvents:
    """EventLog on the database of a store."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database, self._writer = database, writer

    async def after(self, id_: int, *, limit: int, types: Collection[str] = ()) -> list[Event]:
        def read(found: Statements) -> list[Row]:
            return found.run("events_after", id_, as_json(sorted(types)), limit)

        rows = await asyncio.to_thread(self._database.read, read, settled=True)
        return [_event(content) for (content,) in rows]

    async def deliveries(self, id_: int) -> list[EventDelivery]:
        return [_delivery(row) for row in await self._run("deliveries_of", id_)]

    async def replay(self, endpoints: Sequence[str], *, ids: Sequence[int] = (), since: float = 0.0) -> int:
        request = telling.Replay(endpoints=tuple(endpoints), ids=tuple(ids), since=since)
        total = 0
        after: int | None = 0
        while after is not None:
            count, after = await self._writer.submit(telling.replay, msgspec.structs.replace(request, after=after))
            total += count
        return total

    async def resume(self, endpoint: str) -> bool:
        return await self._writer.submit(resume, endpoint)

    async def _run(self, query: str, *bindings: object) -> list[Row]:
        return await asyncio.to_thread(self._database.read, lambda found: found.run(query, *bindings))


def resume(transaction: Transaction, endpoints: Sequence[str]) -> list[bool]:
    """Closes the breakers of endpoints, so their waiting events become due; returns for each whether it was open."""
    found = []
    for endpoint in endpoints:
        lane = Lane(EVENTS, endpoint)
        found.append(lane in transaction.lanes.all() and transaction.lanes.of(lane).breaker.open)
        if found[-1]:
            transaction.lanes.change_breaker(lane, lambda _: Breaker(good_at=transaction.now))
    return found


def endpoint_readings(
    found: Statements, lanes: Mapping[Lane, LaneState], counts: Mapping[tuple[str, str, str], int]
) -> dict[str, EndpointReading]:
    """The state of each endpoint that ever got an event; `counts` are entries by channel, lane and state."""
    readings = {}
    for lane, state in lanes.items():
        if lane.channel == EVENTS:
            oldest = found.run("oldest_waiting", lane.name)
            readings[lane.name] = EndpointReading(
                breaker=state.breaker,
                waiting=sum(counts.get((*lane, waiting), 0) for waiting in _WAITING),
                oldest_seconds=max(0.0, found.now - oldest[0][0]) if oldest else 0.0,
            )
    return readings


def _delivery(row: Row) -> EventDelivery:
    endpoint, state, attempts, due_at, error_class, error_code, detail, reason = row
    return EventDelivery(
        endpoint=endpoint,
        state=State(state),
        attempts=attempts,
        due_at=due_at,
        last_error=": ".join(str(part) for part in (error_class, error_code, detail) if part),
        reason=reason or "",
    )
