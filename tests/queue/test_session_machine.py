"""Conversations under any order of events: a state machine of customers, staff, two processes, Meta and a clock.

Each message is handled as in the inbox: with a session, which may be old, and again with the one that the store
returns. A model beside the store keeps what must be true of quotes and orders.
"""

import asyncio
import itertools
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from recado.orders import Changes, OpenQuote, Order, OrderState, QuoteState, Session
from recado.orders.shop import MOVES, MoveOutcome
from recado.queue.model import AttemptResult, LeasedReply, NewReply
from recado.queue.sqlite import SqliteRetryQueue
from recado.runtime import retry_policy
from recado.settings import load
from tests.clock import FakeClock
from tests.queue.conformance_orders import moving
from tests.queue.replies import DELIVERED, REJECTED, SERVER_ERROR, UNKNOWN, new_reply, status_of
from tests.queue.sessions import deciding, opening

Result = TypeVar("Result")

SETTINGS = load(
    {
        "RECADO_MESSAGES_PER_SECOND": "0",
        "RECADO_CUSTOMER_INTERVAL_SECONDS": "6",
        "RECADO_CUSTOMER_MESSAGES_PER_MINUTE": "0",
    }
)
PROCESSES = st.integers(0, 1)
CUSTOMERS = st.integers(1, 2)
#: The session that a message is first handled with: none, that of the customer's last message, or the present one.
SESSIONS = st.sampled_from(["stranger", "carried", "present"])


class Known(msgspec.Struct):
    """What must be true of one customer. version: the last one that was seen; it never decreases."""

    version: int = 0
    carried: Session = Session()
    quotes: dict[str, QuoteState] = {}
    orders: dict[int, str] = {}


class SessionMachine(RuleBasedStateMachine):
    """Two processes on one file."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = FakeClock()
        self.processes = [self._open(), self._open()]
        self.numbers = itertools.count()
        self.known = {1: Known(), 2: Known()}
        self.held: list[tuple[int, LeasedReply]] = []
        self.given: set[int] = set()

    def teardown(self) -> None:
        for queue in self.processes:
            self._run(queue.close)
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        self.folder.cleanup()

    # -- customers

    @rule(process=PROCESSES, customer=CUSTOMERS, begins=SESSIONS, lease=st.booleans())
    def asks(self, process: int, customer: int, begins: str, lease: bool) -> None:
        """A message that gets a quote."""
        n = next(self.numbers)

        def answer(session: Session) -> NewReply:
            return opening(n, self.clock, f"TOKEN{n}", version=session.version, customer=customer)

        message = self._handle(process, customer, begins, answer, lease=lease)
        known = self.known[customer]
        for token, state in known.quotes.items():
            known.quotes[token] = QuoteState.REPLACED if state is QuoteState.OPEN else state
        known.quotes[f"TOKEN{n}"] = QuoteState.OPEN
        assert message.changes.opens

    @rule(process=PROCESSES, customer=CUSTOMERS, begins=SESSIONS, data=st.data())
    def says_yes(self, process: int, customer: int, begins: str, data: st.DataObject) -> None:
        """A yes to the newest quote, or to a tapped one: his own, another customer's, an old one."""
        tokens = [token for known in self.known.values() for token in known.quotes]
        refers = data.draw(st.sampled_from([None, *tokens]))
        message = self._handle(process, customer, begins, self._yes(customer, refers), lease=False)
        self._ordered(customer, message)

    @rule(customer=CUSTOMERS, taps=st.integers(2, 4))
    def taps_at_once(self, customer: int, taps: int) -> None:
        """Several yeses to one quote at the same time, on both processes: each was handled with the same session."""
        session = self._present(0, customer, may_order=True)
        answers = [self._yes(customer, None) for _ in range(taps)]

        async def at_once() -> list[tuple[NewReply, bool]]:
            messages = [answer(session) for answer in answers]
            added = await asyncio.gather(
                *(self.processes[n % 2].add_message(message, lease=False) for n, message in enumerate(messages))
            )
            return [(message, one.stale is None) for message, one in zip(messages, added, strict=True)]

        written = [message for message, done in self.loop.run_until_complete(at_once()) if done]
        assert sum(message.changes.places is not None for message in written) <= 1
        for message in written:
            self._ordered(customer, message)

    def _yes(self, customer: int, refers: str | None) -> Callable[[Session], NewReply]:
        n = next(self.numbers)

        def answer(session: Session) -> NewReply:
            quote = session.referred if refers else session.quote
            if refers and quote:
                assert quote.token == refers
                assert refers in self.known[customer].quotes, "another customer's quote was found"
            if quote is None or not self._may_be_confirmed(quote):
                changes = Changes(version=session.version)
                return new_reply(n, self.clock, customer=customer, changes=changes, refers=refers, may_order=True)
            assert session.order_number is not None
            assert session.order_number not in self.given, "a number was given twice"
            message = deciding(n, self.clock, msgspec.structs.replace(session, quote=quote), customer=customer)
            return msgspec.structs.replace(message, refers=refers)

        return answer

    def _may_be_confirmed(self, quote: OpenQuote) -> bool:
        return quote.state is QuoteState.OPEN and quote.accepted_at is not None

    def _ordered(self, customer: int, message: NewReply) -> None:
        order = message.changes.places
        if order is None:
            return
        known = self.known[customer]
        assert known.quotes[order.quote] is QuoteState.OPEN, "a quote that is not open was confirmed"
        assert order.quote not in known.orders.values(), "a quote made two orders"
        known.quotes[order.quote] = QuoteState.CONFIRMED
        known.orders[order.number] = order.quote
        self.given.add(order.number)

    def _handle(
        self, process: int, customer: int, begins: str, answer: Callable[[Session], NewReply], *, lease: bool
    ) -> NewReply:
        """Handles a message as the inbox does; returns what was written."""
        known = self.known[customer]
        first = {"stranger": Session(), "carried": known.carried}.get(begins)
        session = self._present(process, customer) if first is None else first
        if answer(Session()).may_order:
            session = Session()
        for _ in range(3):
            message = answer(session)
            added = self._run(self.processes[process].add_message, message, lease=lease)
            if added.stale is None:
                break
            session = added.stale
        assert added.stale is None, "a message was handled with the present session and was stale"
        assert not added.duplicate
        assert session.version >= known.version
        known.carried = session.after(message.changes)
        if added.message:
            self.held.append((process, added.message))
        assert self._run(self.processes[1 - process].add_message, message, lease=True).duplicate
        return message

    # -- processes, Meta, the staff, time

    @precondition(lambda self: self.held)
    @rule(data=st.data(), result=st.sampled_from([DELIVERED, DELIVERED, SERVER_ERROR, UNKNOWN, REJECTED]))
    def record(self, data: st.DataObject, result: AttemptResult) -> None:
        process, message = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        self._run(self.processes[process].update_message_attempt, message, result)
        if result is UNKNOWN and data.draw(st.booleans()):
            self._run(self.processes[1 - process].apply_status, status_of(message, "sent"))

    @rule(process=PROCESSES)
    def drain(self, process: int) -> None:
        claim = self._run(self.processes[process].get_messages_to_retry, 10)
        for lane in claim.probes:
            self._run(self.processes[process].record_probe, lane, True)
        self.held += [(process, message) for message in claim.messages]

    @rule(process=PROCESSES, customer=CUSTOMERS)
    def buys(self, process: int, customer: int) -> None:
        """A plain order: a quote that arrives, and a yes."""
        self.asks(process, customer, "carried", lease=True)
        for _ in range(3):
            self.clock.advance(7)
            self.drain(process)
            while self.held:
                holder, reply = self.held.pop()
                self._run(self.processes[holder].update_message_attempt, reply, DELIVERED)
        self._ordered(customer, self._handle(process, customer, "present", self._yes(customer, None), lease=False))

    @precondition(lambda self: any(known.orders for known in self.known.values()))
    @rule(process=PROCESSES, data=st.data(), state=st.sampled_from([*OrderState][1:]))
    def staff_moves(self, process: int, data: st.DataObject, state: OrderState) -> None:
        number = data.draw(st.sampled_from([n for known in self.known.values() for n in known.orders]))
        before = self._order(number).state
        moved = self._run(self.processes[process].move_order, moving(number, state))
        assert (moved.outcome is MoveOutcome.DONE) == (state in MOVES[before])

    @rule(process=PROCESSES)
    def crash(self, process: int) -> None:
        self._run(self.processes[process].close)
        self.processes[process] = self._open()
        self.held = [(holder, message) for holder, message in self.held if holder != process]

    @rule(seconds=st.sampled_from([0.05, 1, 7, 61, 1000, 90_000]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(process=PROCESSES)
    def upkeep(self, process: int) -> None:
        self._run(self.processes[process].expire)
        self._run(self.processes[process].prune)

    # -- what is always true

    @invariant()
    def the_sessions_are_those_of_the_model(self) -> None:
        """The newest quote, the orders, and a version that never decreases."""
        for customer, known in self.known.items():
            session = self._present(0, customer)
            assert session == self._present(1, customer)
            assert session.version >= known.version
            known.version = session.version
            if known.quotes:
                newest = [*known.quotes][-1]
                assert session.quote
                assert session.quote.token == newest
                self._follow(known, session.quote)
            assert (session.order.number if session.order else None) == max(known.orders, default=None)

    @staticmethod
    def _follow(known: Known, quote: OpenQuote) -> None:
        """An open quote may end without a message: its reply is given up, or it expires."""
        before = known.quotes[quote.token]
        if before is QuoteState.OPEN and quote.state in (QuoteState.WITHDRAWN, QuoteState.EXPIRED):
            known.quotes[quote.token] = quote.state
        assert quote.state is known.quotes[quote.token]

    @invariant()
    def there_is_an_order_for_each_confirmed_quote(self) -> None:
        """There is no other order."""
        orders = self._run(self.processes[0].list_orders)
        made = {order.order.number: order.order.quote for order in orders}
        assert made == {number: quote for known in self.known.values() for number, quote in known.orders.items()}

    # -- helpers

    def _order(self, number: int) -> Order:
        found = self._run(self.processes[0].get_order, number)
        assert found
        return found.order

    def _present(self, process: int, customer: int, *, may_order: bool = False) -> Session:
        message = new_reply(999_999, self.clock, customer=customer, may_order=may_order, changes=Changes(version=-1))
        added = self._run(self.processes[process].add_message, message, lease=False)
        assert added.stale
        return added.stale

    def _open(self) -> SqliteRetryQueue:
        path = Path(self.folder.name) / "recado.db"
        return SqliteRetryQueue(path, retry_policy(SETTINGS, chance=lambda: 0.5), clock=self.clock)

    def _run(self, begin: Callable[..., Awaitable[Result]], *arguments: object, **named: object) -> Result:
        async def wait() -> Result:
            return await begin(*arguments, **named)

        return self.loop.run_until_complete(wait())


TestSessionMachine = SessionMachine.TestCase
TestSessionMachine.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
