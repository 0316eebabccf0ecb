"""The RetryQueue under any order of events: a state machine with two processes, a clock, Meta and an operator.

Each step is an action of a process (add, claim, send, record, die) or an event (a status of Meta, time, a changed
clock). A model beside the queue keeps what must be true.
"""

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from recado.outcome import Outcome
from recado.queue.model import TRANSITIONS, AttemptResult, Claim, LeasedReply, State, StatusUpdate
from recado.queue.operations.lanes import is_verdict
from recado.whatsapp.content import Text
from tests.queue.conformance_forms import FORM_REFUSED, TAPS
from tests.queue.replies import (
    DELIVERED,
    EXPIRED_TOKEN,
    LANE,
    NUMBER,
    OUTAGE,
    PAIR_LIMIT,
    REJECTED,
    SERVER_ERROR,
    THROTTLED,
    UNKNOWN,
    new_reply,
)
from tests.queue.watched import SETTINGS, WatchedStore

RESULTS = (DELIVERED, SERVER_ERROR, OUTAGE, UNKNOWN, REJECTED, FORM_REFUSED, EXPIRED_TOKEN, PAIR_LIMIT, THROTTLED)
#: Results after which a message must not be given up.
BLAMELESS = (DELIVERED, EXPIRED_TOKEN, PAIR_LIMIT, THROTTLED)
PROCESSES = st.integers(0, 1)
CUSTOMERS = st.integers(0, 1)
MAX_ATTEMPTS = len(SETTINGS.backoff_seconds) + 1
WAITING = (State.QUEUED, State.SENDING, State.UNKNOWN)


class Known(msgspec.Struct):
    """What must be true of one acknowledged message.

    `delivered`: Meta reported that it has the message, and did not withdraw that. `gone`: its row may have been
    deleted. `lease`: its present lease. `not_before`: an unknown outcome must not be tried again earlier. `failed`: the
    newest attempt that Meta reported as failed; `accepted`: the one that delivered it. `at_fault`: it failed for
    another reason than an outage. `plain`: Meta refused its buttons.
    """

    customer: int
    written_at: float = 0.0
    delivered: bool = False
    failed: int = 0
    accepted: int = 0
    at_fault: bool = False
    plain: bool = False
    gone: bool = False
    operated: bool = False
    lease: LeasedReply | None = None
    not_before: float = 0.0


class RetryQueueMachine(WatchedStore):
    """Two processes on one store; `held`: the leases of live processes."""

    def __init__(self) -> None:
        super().__init__()
        self.latest = self.clock()
        self.processes = [self._open(), self._open()]
        self._watch()
        self.known: dict[int, Known] = {}
        self.wamids: dict[int, bool] = {}
        self.held: list[tuple[int, LeasedReply]] = []
        self.attempts: list[LeasedReply] = []
        self.pace: dict[str, float] = {}
        self.outage = False

    def teardown(self) -> None:
        """After all faults are over, every acknowledged message is finished."""
        try:
            self._everything_ends()
            self.agrees_with_the_rows()
        finally:
            self._close(self.processes)

    # -- what processes do

    @initialize(customers=st.lists(CUSTOMERS, min_size=2, max_size=6))
    def begin(self, customers: list[int]) -> None:
        """Begins with a message in the queue."""
        for number, customer in enumerate(customers):
            self.add(0, customer, lease=number < 2, late=False, age=0.0)

    @rule(
        process=PROCESSES,
        customer=CUSTOMERS,
        lease=st.booleans(),
        late=st.booleans(),
        age=st.sampled_from([0.0, 0.0, 30.0, 2000.0]),
    )
    def add(self, process: int, customer: int, lease: bool, late: bool, age: float) -> None:
        """Meta delivers a message that was written now or some time ago."""
        number = len(self.wamids)
        message = new_reply(number, self.clock, customer=customer, written_at=self.clock() - age)
        if customer:  # one of them gets buttons
            content = msgspec.structs.replace(TAPS, body=f"reply {number}")
            message = msgspec.structs.replace(message, content=content)
        if late:
            message = msgspec.structs.replace(message, deadline_at=self.clock() + 300)
        added = self._run(self.processes[process].add_message, message, lease=lease)
        assert not added.duplicate
        assert added.id is not None
        assert added.id not in self.known
        self.wamids[number] = True
        self.known[added.id] = Known(customer=customer, written_at=message.written_at)
        if added.message:
            self._leased(process, added.message)

    @precondition(lambda self: self.wamids)
    @rule(process=PROCESSES, data=st.data())
    def add_again(self, process: int, data: st.DataObject) -> None:
        """A redelivered message is a duplicate in every process."""
        number = data.draw(st.sampled_from(sorted(self.wamids)))
        message = new_reply(number, self.clock, customer=number % 2)
        assert self._run(self.processes[process].add_message, message, lease=True).duplicate

    @rule(process=PROCESSES, limit=st.sampled_from([1, 2, 50]))
    def claim(self, process: int, limit: int) -> None:
        claim = self._run(self.processes[process].get_messages_to_retry, limit)
        assert len(claim.messages) <= limit
        self._probe(process, claim)
        for message in claim.messages:
            self._leased(process, message)

    @precondition(lambda self: self.known)
    @rule(process=PROCESSES, data=st.data())
    def claim_by_id(self, process: int, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(sorted(self.known)))
        claim = self._run(self.processes[process].claim_message, id_)
        self._probe(process, claim)
        for message in claim.messages:
            assert message.id == id_
            self._leased(process, message)

    def _probe(self, process: int, claim: Claim) -> None:
        """Probes as a claim asks; in an outage Graph does not respond."""
        for number in claim.probes:
            self._run(self.processes[process].record_probe, number, not self.outage)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), result=st.sampled_from(RESULTS))
    def record(self, data: st.DataObject, result: AttemptResult) -> None:
        """A process records its attempt: at once, or long after another process has taken over its message."""
        if self.outage:
            result = data.draw(st.sampled_from([OUTAGE, UNKNOWN]))
        self._record(*self._drawn_lease(data), result)

    def _record(self, process: int, message: LeasedReply, result: AttemptResult) -> None:
        decision = self._run(self.processes[process].update_message_attempt, message, result)
        if decision is None:
            return
        known = self.known[message.id]
        assert not known.delivered
        assert message.attempt == self._last_attempt(message.id)
        known.lease = None
        known.delivered = result.outcome is Outcome.DELIVERED
        known.accepted = message.attempt if known.delivered else known.accepted
        known.failed = message.attempt if is_verdict(result) and not known.delivered else known.failed
        known.at_fault |= result not in BLAMELESS and not self.outage
        known.plain |= result.form_refused
        assert (decision.state is State.DELIVERED) == known.delivered
        known.not_before = (decision.due_at or 0.0) if decision.state is State.UNKNOWN else 0.0

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        process, message = self._drawn_lease(data)
        self._run(self.processes[process].release, message)
        known = self.known[message.id]
        if known.lease == message and self._row(message.id)[0] == State.QUEUED:
            known.lease = None
            self.attempts.remove(message)

    @rule(process=PROCESSES, results=st.lists(st.sampled_from([SERVER_ERROR, UNKNOWN, None]), max_size=7))
    def bad_day(self, process: int, results: list[AttemptResult | None]) -> None:
        """One attempt after the other, as in a drain; None: its process dies."""
        for result in results:
            self.time_passes(1000)
            self.claim(process, 1)
            while self.held and self.held[-1][0] == process:
                _, message = self.held.pop()
                if result is not None:
                    self._record(process, message, OUTAGE if self.outage else result)

    @rule(process=PROCESSES)
    def crash(self, process: int) -> None:
        """kill -9: its leases have no process; its writes stay."""
        self._run(self.processes[process].close)
        self.processes[process] = self._open()
        self.held = [(holder, message) for holder, message in self.held if holder != process]

    # -- what happens to them

    @precondition(lambda self: self.attempts)
    @rule(
        process=PROCESSES,
        status=st.sampled_from(["sent", "delivered", "read", "failed"]),
        failure=st.sampled_from([REJECTED, FORM_REFUSED, SERVER_ERROR]),
        data=st.data(),
    )
    def status(self, process: int, status: str, failure: AttemptResult, data: st.DataObject) -> None:
        """Meta reports the status of an attempt, at any time and in any order."""
        message = data.draw(st.sampled_from(self.attempts))
        update = StatusUpdate(
            attempt_id=message.attempt_id,
            status=status,
            sent_wamid="wamid.OUT",
            failure=failure if status == "failed" else None,
        )
        before = self._state(message.id)
        changed = self._run(self.processes[process].apply_status, update)
        known, last = self.known[message.id], self._last_attempt(message.id)
        if status == "failed":
            if changed:
                assert message.attempt == (known.accepted if before is State.DELIVERED else last)
                known.delivered, known.lease, known.not_before = False, None, 0.0
                known.failed, known.at_fault = max(known.failed, message.attempt), True
                known.plain |= failure.form_refused
            return
        outranked = status == "sent" and message.attempt <= known.failed
        superseded = before is State.FAILED and message.attempt != last
        if outranked or superseded:
            assert not changed, "a failure was lifted by what does not outrank it"
            assert self._state(message.id) in (before, None)
        else:
            # It left the queue, unless an operator has given it up.
            assert self._state(message.id) in (None, State.DELIVERED, State.DISCARDED)
        if changed:
            known.delivered, known.lease, known.accepted = True, None, message.attempt
        known.gone = known.gone or self._state(message.id) is None

    @precondition(lambda self: not self.outage)
    @rule()
    def outage_begins(self) -> None:
        """Graph stops responding; the clock moves, so that earlier events can be distinguished."""
        self.time_passes(1)
        self.outage = True

    @precondition(lambda self: self.outage)
    @rule(process=PROCESSES)
    def outage_ends(self, process: int) -> None:
        """A probe has noticed it; otherwise it does not count as an outage."""
        self._run(self.processes[process].record_probe, LANE, False)
        self.time_passes(1)
        self.outage = False

    @rule(seconds=st.sampled_from([0.05, 1, 7, 20, 61, 200, 1000, 7300]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.latest = max(self.latest, self.clock())

    @rule(seconds=st.sampled_from([1, 10]))
    def clock_is_set_back(self, seconds: float) -> None:
        self.clock.advance(-seconds)

    @rule(process=PROCESSES)
    def upkeep(self, process: int) -> None:
        """The upkeep of a drain: it deletes only finished messages, and not before their time."""
        before: dict[int, str] = dict(self._look("SELECT id, state FROM entry"))
        self._run(self.processes[process].expire)
        self._run(self.processes[process].prune)
        kept = {row[0] for row in self._look("SELECT id FROM entry")}
        for id_ in before.keys() - kept:
            assert before[id_] not in WAITING, "what was still to be sent was pruned"
            assert id_ / 1e6 <= self.latest - SETTINGS.delivered_retention_seconds, "a row was pruned before its time"
            self.known[id_].gone = True

    # -- what operators do

    @precondition(lambda self: self.known)
    @rule(act=st.sampled_from(["retry", "discard", "remove"]), data=st.data())
    def operate(self, act: str, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(sorted(self.known)))
        before = self._state(id_)
        if self._run(getattr(self.processes[0], act), [id_]):
            assert before is not State.SENDING
            assert before is not State.DELIVERED
            known = self.known[id_]
            known.operated, known.not_before = True, 0.0
            known.gone = known.gone or act == "remove"

    # -- what is always true

    @invariant()
    def agrees_with_the_rows(self) -> None:
        """The counts agree with the rows, and no acknowledged message is missing."""
        rows: dict[str, int] = dict(self._look("SELECT state, count(*) FROM entry GROUP BY state"))
        counted = self.processes[0].snapshot().rows
        assert counted == {state.value: rows.get(state.value, 0) for state in State}
        stored = {row[0] for row in self._look("SELECT id FROM entry")}
        assert stored >= {id_ for id_, known in self.known.items() if not known.gone}

    @invariant()
    def states_change_as_documented(self) -> None:
        """Every change of a state is in the transition table."""
        moved = {
            (State(before) if before else None, State(after) if after else None)
            for before, after in self._look("SELECT before, after FROM moved")
        }
        assert moved <= TRANSITIONS.keys()

    @invariant()
    def one_send_at_a_time(self) -> None:
        """A customer never has two leases, and the lease is in the message's row."""
        query = "SELECT key FROM entry WHERE lease_until IS NOT NULL GROUP BY key HAVING count(*) > 1"
        assert self._look(query) == []

    @invariant()
    def a_lease_holds(self) -> None:
        """No process takes over a message whose lease has not run out."""
        for id_, known in self.known.items():
            if known.lease is not None and known.lease.lease_until > self.latest:
                assert self._state(id_) is State.SENDING

    @invariant()
    def attempts_are_bounded(self) -> None:
        """No message has more attempts than the settings allow, whatever crashes."""
        query = "SELECT id, spent FROM entry WHERE spent > ?"
        assert self._look(query, MAX_ATTEMPTS) == []

    @invariant()
    def outages_cost_nothing(self) -> None:
        """A message that failed only because of outages is not given up before its window closes."""
        query = "SELECT id, reason FROM entry WHERE state = 'failed' AND reason <> 'window_closed'"
        for id_, reason in self._look(query):
            assert self.known[id_].at_fault, f"an outage has cost a reply: {reason}"

    # -- helpers

    def _leased(self, process: int, message: LeasedReply) -> None:
        """Checks a new lease, and remembers it."""
        known = self.known[message.id]
        assert not known.delivered, "a delivered message was taken to be sent again"
        assert known.lease is None or known.lease.lease_until <= self.clock(), "two leases on one message"
        query = "SELECT id FROM entry WHERE key = ? AND finished_at IS NULL"
        waiting = [row[0] for row in self._look(query, f"{NUMBER}:US.{known.customer}")]
        first = min(waiting, key=lambda id_: (self.known[id_].written_at, id_))
        assert message.id == first, "a reply overtook an earlier one to the same customer"
        if known.lease is not None:
            known.at_fault = True
            known.not_before = known.lease.lease_until + SETTINGS.unknown_grace_seconds
        if not known.operated:
            assert self.clock() >= known.not_before, "an unknown outcome was tried again before its grace was over"
        assert message.deadline_at > self.clock()
        assert isinstance(message.content, Text) or not known.plain, "refused buttons were sent again"
        assert message.send_at >= self.pace.get("number", 0.0) - 1e-6, "the number's rate was exceeded"
        customer = f"customer {known.customer}"
        assert message.send_at >= self.pace.get(customer, 0.0) - 1e-6, "the customer's interval was cut short"
        self.pace["number"] = message.send_at + 1 / SETTINGS.messages_per_second
        self.pace[customer] = message.send_at + SETTINGS.customer_interval_seconds
        known.lease, known.not_before, known.operated = message, 0.0, False
        self.held.append((process, message))
        self.attempts.append(message)

    def _everything_ends(self) -> None:
        if self.outage:
            self.outage_ends(0)
        self.clock.now = max(self.latest, self.clock())
        for _ in range(400):
            claim = self._run(self.processes[0].get_messages_to_retry, 50)
            self._probe(0, claim)
            for message in claim.messages:
                self._leased(0, message)
                self._run(self.processes[0].update_message_attempt, message, DELIVERED)
                self.known[message.id].lease = None
                self.known[message.id].delivered = True
            status = self._run(self.processes[1].status)
            if status.queue_size == status.failed:
                break
            self.clock.advance(61)
        assert status.queue_size == status.failed, f"these never ended: {status}"
        ends: dict[int, str] = dict(self._look("SELECT id, state FROM entry"))
        for id_, known in self.known.items():
            if not known.gone and not known.delivered:
                assert ends[id_] in (State.FAILED, State.DISCARDED)

    def _drawn_lease(self, data: st.DataObject) -> tuple[int, LeasedReply]:
        return self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))

    def _last_attempt(self, id_: int) -> int:
        return max(message.attempt for message in self.attempts if message.id == id_)


TestRetryQueueMachine = RetryQueueMachine.TestCase
TestRetryQueueMachine.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
