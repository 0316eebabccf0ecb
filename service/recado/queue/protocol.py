"""RetryQueue: what every store offers. tests/queue/test_conformance.py tests it.

Every method that changes something returns when its change is durable, or raises StoreUnavailable if nothing was
recorded. The methods that handle a message begin when they are called, whether they are awaited or not.
"""

from collections.abc import Awaitable, Collection, Sequence
from typing import Any, Protocol

import msgspec

from recado.events.event import Event
from recado.orders import HandoffChange, OrderState, PermissionChange
from recado.orders.shop import Move, Moved, ShopOrder
from recado.queue.model import (
    Added,
    AttemptResult,
    Claim,
    Erased,
    Lane,
    LeasedReply,
    NewReply,
    QueueEntry,
    QueueStatus,
    State,
    StatusUpdate,
)
from recado.queue.operations.lanes import Breaker
from recado.queue.policy import Transition
from recado.queue.statements import StoreSizes
from recado.queue.survey import Survey
from recado.telemetry.totals import Totals
from recado.whatsapp.notices import TemplateChange


class EndpointReading(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an endpoint: the deliveries that wait for it or are under way, and the age of the oldest."""

    breaker: Breaker
    waiting: int
    oldest_seconds: float


class EventDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """The delivery of an event to one endpoint."""

    endpoint: str
    state: State
    attempts: int
    due_at: float | None
    last_error: str
    reason: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What the metrics port exports of the store: durable totals by (metric, label values), and the present. `rows` and
    `breakers` are those of replies and business numbers, `targets` those that ever had a notice. `miscounted_rows`: how
    many rows the counters of states were wrong by at the last recount, which set them right."""

    totals: dict[tuple[str, tuple[str, ...]], float]
    rows: dict[str, int]
    oldest_due_seconds: float
    oldest_placed_seconds: float
    breakers: dict[str, Breaker]
    instants: dict[str, float]
    sizes: StoreSizes
    endpoints: dict[str, EndpointReading] = {}
    targets: tuple[str, ...] = ()
    paused_templates: dict[str, bool] = {}
    waiting_for_a_person: int = 0
    waiting_for_a_person_seconds: float = 0.0
    miscounted_rows: float = 0.0


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that a prune deleted, by kind; `more` when there is more to do."""

    rows: dict[str, int]
    more: bool


class Outbox(Protocol):
    """What the inbox, the attempts and the drain use to store and send replies."""

    def now(self) -> float:
        """The time by the store's clock, in Unix seconds: the same for all who share the store."""
        ...

    def add_message(self, message: NewReply, *, lease: bool) -> Awaitable[Added]:
        """Claims the wamid and writes the reply and the changes of the session, atomically; the reply is leased to the
        caller if it may be sent at once. Nothing is written if the session has another version by now."""
        ...

    async def get_messages_to_retry(self, limit: int) -> Claim:
        """Leases up to `limit` due messages, oldest first, and for each customer only the first one, as the limits and
        the breaker allow."""
        ...

    def reply_to_voice(self, job: LeasedReply, message: NewReply) -> Awaitable[Added]:
        """Ends a job that heard a voice note, and replaces the content of the waiting reply, together with the changes
        of the session, atomically. If it came too late, the result is a duplicate and nothing was written. `stale` is
        as in `add_message`.
        """
        ...

    async def claim_message(self, id_: int) -> Claim:
        """Leases one message if it is due and may be sent now; otherwise returns when it could be."""
        ...

    def update_message_attempt(self, message: LeasedReply, result: AttemptResult) -> Awaitable[Transition | None]:
        """Records a finished attempt. Returns the decision, or None if a status had settled the attempt before."""
        ...

    async def release(self, message: LeasedReply) -> None:
        """Gives a lease back unused."""
        ...

    async def record_probe(self, lane: Lane, reachable: bool) -> None:
        """Records whether the receiver responded to a probe of the lane."""
        ...

    def apply_status(self, update: StatusUpdate) -> Awaitable[bool]:
        """Settles an attempt by one of Meta's statuses; returns whether that changed anything."""
        ...

    async def expire(self) -> int:
        """Gives up the waiting messages whose window has closed; returns how many."""
        ...

    async def prune(self) -> Pruned:
        """Deletes a bounded number of rows that are past their retention."""
        ...

    async def record_totals(self, totals: Totals, values: dict[str, str]) -> None:
        """Adds totals and sets named values."""
        ...

    def rename_customer(self, before: Sequence[str], after: Sequence[str]) -> Awaitable[None]:
        """Makes a customer's new names lead to what is stored under the earlier ones."""
        ...

    def change_handoff(self, change: HandoffChange) -> Awaitable[bool]:
        """Gives a conversation to a person, or back to recado; returns whether that changed anything. When a person
        takes over, waiting replies are discarded."""
        ...

    def change_permission(self, change: PermissionChange) -> Awaitable[bool]:
        """Records that a customer opted out or in again; returns whether that changed anything. Waiting messages to him
        that are not replies are discarded."""
        ...

    def change_template(self, change: TemplateChange) -> Awaitable[None]:
        """Records what Meta has done to a template; holds its lanes if it can no longer be sent."""
        ...

    def message_reference(self, wamid: str) -> str:
        """The keyed hash that identifies a customer's message in logs, the same in every process of this store."""
        ...


class QueueAdmin(Protocol):
    """What an operator does with the queue."""

    async def retry(self, ids: Sequence[int]) -> int:
        """Makes messages due at once, with a full set of attempts; returns how many could be."""
        ...

    async def discard(self, ids: Sequence[int]) -> int:
        """Gives messages up at an operator's request; returns how many."""
        ...

    async def remove(self, ids: Sequence[int]) -> int:
        """Erases failed and discarded messages, and customers without any other message; returns how many messages."""
        ...

    async def clear(self) -> int:
        """Erases all failed and discarded messages, as `remove` does; returns how many."""
        ...

    async def erase_customer(self, name: str) -> Erased:
        """Erases everything that is stored about the customer with a phone number (`+` and digits) or user id, under
        all of his names, at every business number. His orders stay without his data. If he writes again, he counts as a
        new customer."""
        ...

    async def get_failed_messages(self, *, after: int = 0, limit: int = 100) -> list[QueueEntry]:
        """Failed messages in order of id, from the one after `after`."""
        ...

    async def list_messages(self, states: Sequence[State], *, after: int = 0, limit: int = 100) -> list[QueueEntry]:
        """Messages in the states given, in order of id, from the one after `after`."""
        ...

    async def show(self, id_: int) -> dict[str, Any] | None:
        """Everything about one message, for its operator."""
        ...

    async def status(self) -> QueueStatus:
        """The queue at a glance."""
        ...


class OrderBook(Protocol):
    """What the shop's staff does with orders."""

    async def list_orders(
        self, *, after: int = 0, state: OrderState | None = None, limit: int = 100
    ) -> list[ShopOrder]:
        """Orders in the sequence in which they were placed, after number `after`; all, or those in one state."""
        ...

    async def get_order(self, number: int) -> ShopOrder | None:
        """One order; None where there is none."""
        ...

    async def move_order(self, move: Move) -> Moved:
        """Brings an order into another state and tells its customer, in one transaction."""
        ...


class QueueReadings(Protocol):
    """What metrics and probes read."""

    def snapshot(self) -> Snapshot:
        """The totals and gauges in one reading; for the metrics thread."""
        ...

    async def check_writable(self) -> None:
        """Checks that the store can be written; raises StoreUnavailable otherwise."""
        ...


class Surveying(Protocol):
    """What the report reads."""

    async def survey(self, days: Sequence[float]) -> Survey:
        """Counts what happened between the first instant (Unix seconds) and the last, in one step from each instant to
        the next. It reads one snapshot of the store and blocks no writer. Raises StoreUnavailable, also after a minute.
        """
        ...


class EventLog(Protocol):
    """The events of the last weeks, and their endpoints."""

    async def after(self, id_: int, *, limit: int, types: Collection[str] = ()) -> list[Event]:
        """Events in order, from the one after an id, of all types or of some."""
        ...

    async def deliveries(self, id_: int) -> list[EventDelivery]:
        """The deliveries of an event, as far as they are still known."""
        ...

    async def replay(self, endpoints: Sequence[str], *, ids: Sequence[int] = (), since: float = 0.0) -> int:
        """Sends events once more, by their ids or all since an instant; returns how many. An event that still waits for
        an endpoint is sent there only once."""
        ...

    async def resume(self, endpoint: str) -> bool:
        """Resumes an endpoint whose breaker is open; returns whether it was open."""
        ...


class RetryQueue(Outbox, QueueAdmin, OrderBook, QueueReadings, Surveying, Protocol):
    """Everything that a store offers: entries with their leases, limits, breakers and totals."""

    @property
    def events(self) -> EventLog:
        """The events that were written."""
        ...

    async def close(self) -> None:
        """Commits what waits and closes the store."""
        ...
