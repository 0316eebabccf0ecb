"""What every operation of a write transaction shares: statements, lanes, totals, changes of entries.

Facts are counted in the transaction that records them, so a crash never makes a total wrong.
"""

import hashlib
from collections.abc import Collection, Hashable, Sequence

import msgspec

from recado.events.facts import ENDS, Fact, ReplyFailed
from recado.notices.notice import NoticeKind
from recado.orders import QuoteState
from recado.queue.model import (
    MEDIA,
    NOBODY,
    REPLIES,
    TO_CUSTOMERS,
    AttemptResult,
    Audience,
    Lane,
    Reason,
    State,
    as_json,
)
from recado.queue.operations.lanes import Lanes
from recado.queue.operations.noticing import Noted, await_recoveries, notices_of, write_notices
from recado.queue.operations.outside import send_outside
from recado.queue.operations.telling import Told, write_events
from recado.queue.policy import RetryPolicy, Transition
from recado.queue.statements import Row, Statements
from recado.queue.tally import TALLIES
from recado.telemetry import metrics
from recado.telemetry.totals import Totals

#: The prefix of the keys of echoes' wamids. All other keys are hexadecimal hashes, so they sort before it.
ECHO = "x"
#: When a message is checked again that waits for something of unknown duration.
MIN_WAIT_SECONDS = 1.0
#: A search begins this long before the oldest entry that was found, because clocks and transactions are late.
FLOOR_SLACK_SECONDS = 10.0
#: An entry that unexpectedly becomes due before the floor is found after this time.
FLOOR_SECONDS = 60.0


class _Floor(msgspec.Struct):
    after: float = 0.0
    since: float = 0.0


class Floors:
    """Where searches for due entries begin: for each kind of search, the time of the oldest entry that this process
    knows of.

    Every entry that was due and has been sent leaves a dead entry in PostgreSQL's index. No vacuum can remove it while
    an old snapshot exists (a dump, a report, a replication slot). With 200,000 of them a search from the beginning
    takes 35 ms instead of 2. So a process remembers the oldest entry that it found.
    """

    def __init__(self) -> None:
        self._floors: dict[Hashable, _Floor] = {}

    def after(self, question: Hashable, now: float) -> float:
        """The floor; 0, which is below everything, at least once a minute."""
        floor = self._floors.setdefault(question, _Floor())
        if not 0 <= now - floor.since < FLOOR_SECONDS:
            floor.after, floor.since = 0.0, now
        return floor.after

    def found(self, question: Hashable, now: float, oldest: float | None) -> None:
        """Learns the oldest time that a search found. A search from the beginning that found nothing shows that nothing
        is due before now."""
        floor = self._floors.setdefault(question, _Floor(since=now))
        if oldest is not None:
            floor.after = oldest - FLOOR_SLACK_SECONDS
        elif not floor.after:
            floor.after = now - FLOOR_SLACK_SECONDS


class Transaction:
    """One write transaction. `owner` holds the leases that are taken; `store_key` makes attempt ids and wamid keys."""

    def __init__(
        self,
        statements: Statements,
        policy: RetryPolicy,
        *,
        owner: str,
        store_key: str,
        floors: Floors,
        audience: Audience = NOBODY,
    ) -> None:
        self.run = statements.run
        self.ask = statements.ask
        self.changes = statements.changes
        self.now = statements.now
        self._store_key = store_key
        self.policy = policy
        self.owner = owner
        self.audience = audience
        self.floors = floors
        self.totals = Totals()
        self.lanes = Lanes(statements, policy, self.totals, self.note)
        self._given_up: list[int] = []
        self._failed: list[int] = []
        self._due_again: list[int] = []
        self._closed: list[tuple[int, Lane]] = []
        self._unheard: list[int] = []
        self._told: list[Told] = []
        self._noted: list[Noted] = []

    def finish(self) -> None:
        """Discards unwanted entries, queues templates for closed windows, withdraws the quotes of replies that were
        given up, releases replies whose job has failed; changes breakers; writes events, notices and totals."""
        self.drop_unwanted()
        if self._closed:
            self._leave_outside()
        if self._unheard:
            self.run("ask_to_write", as_json(self._unheard), self.now)
        if self._given_up:
            self.quotes_ended(self.run("withdraw_quotes", as_json(self._given_up), self.now))
        self.lanes.change_breakers()
        self._tell()
        if changed := self.lanes.changed_rows():
            self.run("put_lanes", as_json(changed))
        if totals := self.totals.items():
            self.run("add_totals", as_json([(name, as_json(labels), value) for name, labels, value in totals]))

    def take_ids(self, count: int) -> int:
        """The first of `count` new consecutive ids: they begin at the present microsecond, or after the last id that
        was given."""
        return int(self.run("take_ids", int(self.now * 1e6), count)[0][0])

    # -- keys

    def interval(self, lane: Lane) -> float:
        """The minimum time between two entries of one key."""
        return self.policy.limits[lane.channel].key_interval_seconds

    def after_the_first(self, due_at: float | None) -> float:
        """When to check an entry again that waits for an earlier one, which is due at `due_at` or being sent (None)."""
        return max(due_at or 0.0, self.now + MIN_WAIT_SECONDS)

    # -- ends of entries

    def decide(
        self, id_: int, lane: Lane, decision: Transition, result: AttemptResult | None, *, failed_attempt: int = 0
    ) -> None:
        """Writes a decision to its row; without a result the decision is about a rescued entry. `failed_attempt`: Meta
        reported that the attempt failed."""
        error = (result.error_class, result.error_code, result.detail) if result else ("unknown", None, "lease ran out")
        finished_at = self.now if decision.state is State.FAILED else None
        suspect_at = self.now if decision.suspect and finished_at is None else None
        row = (id_, decision.state, decision.due_at, decision.reason, decision.spent, decision.throttles)
        rest = (decision.unknowns, *error, finished_at, suspect_at, decision.hopeless, failed_attempt)
        self.run("decide", as_json([(*row, *rest)]))
        if finished_at is None and lane.channel in TO_CUSTOMERS:
            self.due_again([id_])
        if decision.reason:
            self.count_failed(id_, lane, decision.reason)

    def fail(self, id_: int, lane: Lane, reason: Reason) -> None:
        """Marks a waiting entry as failed."""
        self.run("fail", id_, reason.value, self.now)
        self.count_failed(id_, lane, reason)

    def give_up(self, ids: Sequence[int]) -> None:
        """Records entries that will not be sent: the customer has not seen their quotes."""
        self._given_up += ids

    def due_again(self, ids: Sequence[int]) -> None:
        """Records entries to customers that were being sent and wait again; some may be unwanted by now."""
        self._due_again += ids

    def drop_unwanted(self) -> None:
        """Discards those of the entries that are unwanted by now."""
        self.discard(self.unwanted(self._due_again))
        self._due_again = []

    def unwanted(self, ids: Sequence[int]) -> list[int]:
        """The entries that must no longer be sent: their customer has opted out and did not ask for them, or a person
        has taken over his conversation since. The reply with an order's number is sent in any case."""
        return [id_ for (id_,) in self.run("unwanted", as_json(ids), self.now)] if ids else []

    def discard(self, ids: Sequence[int]) -> int:
        """Gives up waiting entries; returns how many."""
        rows = self.run("discard", as_json(ids), self.now) if ids else []
        for id_, channel, lane in rows:
            TALLIES[channel].discarded(self.totals, lane)
            self.give_up([id_])
        return len(rows)

    def count_failed(self, id_: int, lane: Lane, reason: Reason) -> None:
        """Counts an entry that failed, unless it will be sent outside the window."""
        if reason is Reason.WINDOW_CLOSED and lane.channel == REPLIES and self.audience.outside.used:
            self._closed.append((id_, lane))
        else:
            self._count_failed(id_, lane, reason)

    def _leave_outside(self) -> None:
        """Queues templates in place of replies and notices that could not be sent in time; the others fail."""
        gone = send_outside(self, [id_ for id_, _ in self._closed])
        for id_, lane in self._closed:
            if id_ not in gone:
                self._count_failed(id_, lane, Reason.WINDOW_CLOSED)

    def _count_failed(self, id_: int, lane: Lane, reason: Reason) -> None:
        TALLIES[lane.channel].failed(self.totals, lane.name, reason)
        if lane.channel in TO_CUSTOMERS:
            self.give_up([id_])
            self._failed.append(id_)
        elif lane.channel == MEDIA:
            self._unheard.append(id_)

    def delivered(self, messages: Sequence[tuple[int, str, str, float, int]]) -> None:
        """Counts entries that were accepted, each as (id, channel, lane, received_at, attempts); their quotes count as
        sent."""
        for _, channel, lane, received_at, attempts in messages:
            age = max(0.0, self.now - received_at)
            TALLIES[channel].delivered(self.totals, lane, age=age, attempts=attempts)
        if messages:
            self.run("quotes_accepted", as_json([id_ for id_, *_ in messages]), self.now)

    # -- quotes

    def quotes_ended(self, closed: Sequence[Row]) -> None:
        """Counts quotes that ended without a message, writes their events, and gives their sessions new versions. Each
        is (state, source, currency, total, accepted_at, key, token, opened_at, phone, user_id)."""
        self.count_quotes([row[:5] for row in closed])
        if closed:
            self.run("new_versions", as_json([row[5] for row in closed]))
        for state, *_, key, token, opened_at, phone, user_id in closed:
            fact = ENDS[QuoteState(state)](token=token, age_seconds=round(self.now - opened_at))
            self.tell(key, fact, phone, user_id)

    # -- events

    def tell(
        self,
        key: str,
        fact: Fact,
        phone: str | None = None,
        user_id: str | None = None,
        traceparent: str | None = None,
    ) -> None:
        """Records a fact about the customer of a key, for the shop's systems; by default with the stored names."""
        if self.audience.listens:
            self._told.append(Told(key, fact, phone, user_id, traceparent))

    def note(self, kind: NoticeKind, what: str) -> None:
        """Records a fact for the operator."""
        self._noted.append(Noted(kind, what))

    def forget(self, keys: Collection[str]) -> None:
        """Drops the facts about the customers of these keys that are not written yet."""
        self._told = [one for one in self._told if one.key not in keys]

    def _tell(self) -> None:
        if self._failed and self.audience.listens:
            for id_, key, phone, user_id, reason, error_class, error_code in self.run(
                "failed_replies", as_json(self._failed)
            ):
                fact = ReplyFailed(message=id_, reason=reason, error_class=error_class, error_code=error_code)
                self.tell(key, fact, phone, user_id)
        if self._told:
            write_events(self, self._told)
        if self.audience.notices and self.lanes.closed:
            await_recoveries(self, self.lanes.closed)
        if self.audience.notices and (noted := [*notices_of(one.fact for one in self._told), *self._noted]):
            write_notices(self, noted)

    def count_quotes(self, closed: Sequence[Row]) -> None:
        """Counts quotes that were closed, each as (state, source, currency, total, accepted_at)."""
        for state, source, currency, total, accepted_at in closed:
            self.totals.inc(metrics.QUOTES, state, source)
            self.totals.inc(metrics.QUOTE_VALUE, state, currency, by=float(total))
            if state in (QuoteState.CONFIRMED, QuoteState.REJECTED) and accepted_at is not None:
                self.totals.observe(metrics.QUOTE_DECISION, max(0.0, self.now - accepted_at))

    # -- names that only this store can make

    def attempt_id(self, id_: int, attempt: int) -> str:
        """The id that a send carries so that a status can settle it: it names store, message and attempt."""
        return f"{self._store_key[:8]}.{id_}.{attempt}"

    def attempt_of(self, attempt_id: str) -> tuple[int, int] | None:
        """The message and attempt number in an attempt id of this store; None for anything else."""
        match attempt_id.split("."):
            case [store, id_, attempt] if store == self._store_key[:8] and (id_ + attempt).isdecimal():
                return int(id_[:18] or 0), int(attempt[:9] or 0)
        return None

    def reference(self, prefix: str, name: str) -> str:
        """What events call a customer or a conversation: a keyed hash of its name."""
        key = f"{prefix}:{self._store_key}".encode()
        return f"{prefix}_{hashlib.blake2b(name.encode(), digest_size=9, key=key).hexdigest()}"

    def wamid_key(self, wamid: str) -> str:
        """A keyed hash of a wamid, which holds a phone number."""
        return hashlib.blake2b(wamid.encode(), digest_size=16, key=self._store_key.encode()).hexdigest()
