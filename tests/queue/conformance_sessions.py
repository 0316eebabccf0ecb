"""What every RetryQueue must do for a conversation: sessions are compared and written with messages, quotes, orders."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import pytest
from msgspec.structs import replace

from recado.orders import (
    Changes,
    Closing,
    Handoff,
    Line,
    Located,
    OpenQuote,
    Order,
    OrderState,
    Question,
    QuoteState,
    Session,
    Source,
    Talk,
)
from recado.queue.model import Added, LeasedReply, NewReply, Reason, Restraint, State
from recado.queue.operations.customers import MAX_ALIKE
from recado.queue.protocol import RetryQueue
from recado.telemetry import metrics
from recado.whatsapp.content import Text
from tests.clock import FakeClock
from tests.queue.replies import (
    DELIVERED,
    NUMBER,
    REJECTED,
    SERVER_ERROR,
    UNKNOWN,
    UNLIMITED,
    add_leased,
    new_reply,
    status_of,
)
from tests.queue.stores import OpenQueue

LINES = (
    Line(sku="CAL-001", name="Zapatos", quantity=2, unit_price=Decimal("45.99")),
    Line(sku="QUE-001", name="Queso", quantity=Decimal("1.5"), unit_price=Decimal("7.85"), unit="kg", doubtful=True),
)
TALK = Talk(
    questions=(Question(text="jeans", candidates=("PAN-001", "PAN-002"), quantity=Decimal("2.5")),),
    topic=("CAL-001",),
    asked=(("CAL-001", 2),),
    handoff=Handoff(until=5.5, changed_at=5.0),
)
PHONE, USER, NEW_USER = (f"{NUMBER}:{name}" for name in ("+1", "US.1", "US.2"))


def quote_named(token: str, clock: FakeClock, lines: Sequence[Line] = LINES) -> OpenQuote:
    return OpenQuote(
        token=token,
        lines=tuple(lines),
        currency="USD",
        source=Source.TEXT,
        opened_at=clock(),
        changed_at=clock() - 1,
        expires_at=clock() + 86400,
    )


def opening(n: int, clock: FakeClock, token: str, *, version: int = 0, customer: int = 1) -> NewReply:
    """Message number n, which opens a quote."""
    changes = Changes(version=version, opens=quote_named(token, clock))
    return new_reply(n, clock, customer=customer, changes=changes)


def deciding(n: int, clock: FakeClock, session: Session, *, customer: int = 1) -> NewReply:
    """Message number n, a yes to the quote of a session."""
    assert session.quote
    assert session.order_number
    order = Order(
        number=session.order_number,
        quote=session.quote.token,
        lines=session.quote.lines,
        currency=session.quote.currency,
        source=session.quote.source,
        placed_at=clock(),
        changed_at=clock(),
        left_out=("jeans",),
    )
    closes = Closing(token=session.quote.token, state=QuoteState.CONFIRMED)
    changes = Changes(version=session.version, closes=closes, places=order)
    return new_reply(n, clock, customer=customer, changes=changes, may_order=True)


async def session_of(
    queue: RetryQueue, clock: FakeClock, customer: int = 1, *, refers: str | None = None, may_order: bool = False
) -> Session:
    """The present session of a customer; asking for it writes nothing."""
    message = new_reply(9999, clock, customer=customer, refers=refers, may_order=may_order)
    return await session_by(queue, message)


async def session_by(queue: RetryQueue, message: NewReply) -> Session:
    added = await queue.add_message(replace(message, changes=Changes(version=-1)), lease=True)
    assert added.stale
    return added.stale


async def quoted(queue: RetryQueue, clock: FakeClock, token: str = "AAAA", *, customer: int = 1) -> LeasedReply:
    """Opens a quote, which Meta accepts."""
    version = (await session_of(queue, clock, customer)).version
    n = 100 * customer + version
    message = await add_leased(queue, opening(n, clock, token, version=version, customer=customer))
    await queue.update_message_attempt(message, replace(DELIVERED, sent_wamid=f"wamid.{token}"))
    return message


def outcomes(queue: RetryQueue) -> dict[str, float]:
    """Quotes by what became of them."""
    totals = queue.snapshot().totals.items()
    return {labels[0]: n for (name, labels), n in totals if name == metrics.QUOTES.name}


class SessionConformance:
    """The behaviour; `open_queue(**settings)` opens the same store each time within a test."""

    # -- the version

    async def test_a_stranger_has_the_empty_session(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """His message is written at once; as long as nothing changes, he counts as new."""
        queue = open_queue(**UNLIMITED)
        first = await queue.add_message(new_reply(1, clock, customer=1), lease=True)
        second = await queue.add_message(new_reply(2, clock, customer=1), lease=False)

        assert first.stale is second.stale is None
        assert await session_of(queue, clock) == Session()

    async def test_what_a_message_changes_is_the_next_ones_session(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """In this process and in another one, with exact money and quantities."""
        queue, other = open_queue(**UNLIMITED), open_queue(**UNLIMITED)
        message = opening(1, clock, "AAAA")
        message = replace(message, changes=replace(message.changes, talk=TALK))
        await queue.add_message(message, lease=False)
        session = await session_of(other, clock)

        assert session == Session(version=1, quote=message.changes.opens, talk=TALK)
        assert session == Session().after(message.changes)
        assert session.quote
        assert session.quote.total == Decimal("103.76")

    async def test_a_message_of_an_older_session_writes_nothing(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """It gets the present session, even if it changes nothing. Handled again with that session, it is not a
        duplicate."""
        queue = open_queue(**UNLIMITED)
        await queue.add_message(opening(1, clock, "AAAA"), lease=False)
        stale = await queue.add_message(new_reply(2, clock, customer=1), lease=True)
        rows = await queue.list_messages(list(State))
        assert stale.stale
        again = await queue.add_message(
            new_reply(2, clock, customer=1, changes=Changes(version=stale.stale.version)), lease=True
        )

        assert stale == Added(id=None, duplicate=False, stale=await session_of(queue, clock))
        assert len(rows) == 1
        assert (again.stale, again.duplicate) == (None, False)

    async def test_a_duplicate_is_one_whatever_its_session(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Meta redelivers it after the conversation has continued."""
        queue = open_queue(**UNLIMITED)
        await quoted(queue, clock)
        (first,) = [opening(100, clock, "BBBB")]

        assert await queue.add_message(first, lease=True) == Added(id=None, duplicate=True)

    async def test_of_two_messages_at_once_one_is_stale(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """In one commit or two, in one process or two, as if they came one after the other."""
        queue, other = open_queue(**UNLIMITED), open_queue(**UNLIMITED)
        both = [queue.add_message(opening(n, clock, f"AAA{n}"), lease=False) for n in (1, 2)]
        third = other.add_message(opening(3, clock, "AAA3"), lease=False)
        added = [await one for one in (*both, third)]
        (kept,) = [n for n, one in enumerate(added, 1) if one.stale is None]
        session = await session_of(queue, clock)

        assert session.version == 1
        assert session.quote
        assert session.quote.token == f"AAA{kept}"
        assert [one.stale for one in added if one.stale] == [session, session]

    async def test_a_silent_message_changes_the_session(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Its wamid is recorded as seen, and there is no reply."""
        queue = open_queue(**UNLIMITED)
        held = Changes(version=0, talk=Talk(handoff=Handoff(until=clock() + 60)))
        added = await queue.add_message(new_reply(1, clock, customer=1, content=None, changes=held), lease=True)
        again = await queue.add_message(new_reply(1, clock, customer=1, content=None, changes=held), lease=True)

        assert (added.message, added.duplicate, added.stale) == (None, False, None)
        assert again.duplicate
        assert (await session_of(queue, clock)).talk == held.talk
        assert (await queue.status()).queue_size == 0

    async def test_what_is_restrained_changes_nothing(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A message that gets no reply because of a limit has no effect."""
        queue = open_queue(**UNLIMITED)
        courtesy = new_reply(0, clock, customer=1, content=Text("hola"), courtesy=True)
        for n in range(MAX_ALIKE):
            await queue.add_message(replace(courtesy, wamid=f"wamid.IN{n}"), lease=False)
        last = replace(courtesy, wamid="wamid.IN90", changes=Changes(version=0, talk=TALK))
        added = await queue.add_message(last, lease=False)

        assert added.restraint is Restraint.REPETITIVE
        assert await session_of(queue, clock) == Session()

    async def test_a_session_outlives_its_process(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """It is in the store."""
        queue = open_queue(**UNLIMITED)
        await quoted(queue, clock)
        session = await session_of(queue, clock)
        await queue.close()

        assert session.version == 1
        assert await session_of(open_queue(**UNLIMITED), clock) == session

    # -- quotes

    async def test_a_quote_is_seen_when_meta_accepted_it(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Not while it waits. A later status changes nothing, and the session keeps its version."""
        queue = open_queue(**UNLIMITED)
        message = await add_leased(queue, opening(1, clock, "AAAA"))
        waiting = await session_of(queue, clock)
        clock.advance(3)
        accepted_at = clock()
        await queue.update_message_attempt(message, DELIVERED)
        clock.advance(3)
        await queue.apply_status(status_of(message, "delivered"))
        seen = await session_of(queue, clock)

        assert waiting.quote
        assert waiting.quote.accepted_at is None
        assert seen == replace(waiting, quote=replace(waiting.quote, accepted_at=accepted_at))

    async def test_a_status_may_be_what_says_that_a_quote_was_accepted(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """The response was lost, and the status settles the attempt."""
        queue = open_queue(**UNLIMITED)
        message = await add_leased(queue, opening(1, clock, "AAAA"))
        await queue.update_message_attempt(message, UNKNOWN)
        unknown = await session_of(queue, clock)
        await queue.apply_status(status_of(message, "sent"))
        known = await session_of(queue, clock, refers="wamid.OUT")

        assert unknown.quote
        assert unknown.quote.accepted_at is None
        assert known.quote
        assert known.quote.accepted_at == clock()
        assert known.referred == known.quote

    @pytest.mark.parametrize("how", ["refused", "failed by status", "discarded", "too late", "window closed"])
    async def test_a_quote_that_was_given_up_is_withdrawn(
        self, open_queue: OpenQueue, clock: FakeClock, how: str
    ) -> None:
        """The customer will not see it, so the session changes."""
        queue = open_queue(**UNLIMITED)
        message = opening(1, clock, "AAAA")
        if how == "too late":
            await queue.add_message(replace(message, deadline_at=clock() - 1), lease=True)
        elif how == "window closed":
            await queue.add_message(replace(message, deadline_at=clock() + 100), lease=False)
            clock.advance(101)
            await queue.expire()
        else:
            leased = await add_leased(queue, message)
            if how == "refused":
                await queue.update_message_attempt(leased, REJECTED)
            elif how == "discarded":
                await queue.update_message_attempt(leased, SERVER_ERROR)
                await queue.discard([leased.id])
            else:
                await queue.update_message_attempt(leased, DELIVERED)
                await queue.apply_status(status_of(leased, "failed", REJECTED))
        session = await session_of(queue, clock)

        assert session.quote
        assert (session.quote.state, session.quote.accepted_at) == (QuoteState.WITHDRAWN, None)
        assert session.version == 2

    async def test_a_newer_quote_replaces_the_open_one(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A message that refers to the older quote finds its state."""
        queue = open_queue(**UNLIMITED)
        await quoted(queue, clock, "AAAA")
        clock.advance(60)
        await queue.add_message(opening(2, clock, "BBBB", version=1), lease=False)
        session = await session_of(queue, clock, refers="AAAA")
        by_message = await session_of(queue, clock, refers="wamid.AAAA")

        assert session.quote
        assert (session.quote.token, session.quote.state) == ("BBBB", QuoteState.OPEN)
        assert session.referred
        assert (session.referred.token, session.referred.state) == ("AAAA", QuoteState.REPLACED)
        assert by_message == session

    async def test_a_quote_is_found_by_the_message_that_it_was_made_from(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """The customer takes that message back, or quotes it; the entry may be deleted by then."""
        queue = open_queue(**UNLIMITED)
        message = await add_leased(queue, opening(1, clock, "AAAA"))
        await queue.update_message_attempt(message, DELIVERED)
        await queue.apply_status(status_of(message, "delivered"))
        session = await session_of(queue, clock, refers="wamid.IN1")

        assert session.referred
        assert session.referred.token == "AAAA"
        assert (await session_of(queue, clock, 2, refers="wamid.IN1")).referred is None

    async def test_another_customers_quote_is_never_found(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Tokens and wamids are untrusted input."""
        queue = open_queue(**UNLIMITED)
        await quoted(queue, clock, "AAAA", customer=1)
        await quoted(queue, clock, "BBBB", customer=2)
        for refers in ("AAAA", "wamid.AAAA", "CCCC"):
            session = await session_of(queue, clock, 2, refers=refers)
            assert session.quote
            assert (session.quote.token, session.referred) == ("BBBB", None)

    @pytest.mark.parametrize("state", [QuoteState.REJECTED, QuoteState.EXPIRED, QuoteState.WITHDRAWN])
    async def test_a_quote_is_closed_without_an_order(
        self, open_queue: OpenQueue, clock: FakeClock, state: QuoteState
    ) -> None:
        """It stays the newest, and is no longer open."""
        queue = open_queue(**UNLIMITED)
        await quoted(queue, clock)
        changes = Changes(version=1, closes=Closing(token="AAAA", state=state))
        await queue.add_message(new_reply(1, clock, customer=1, changes=changes), lease=False)
        session = await session_of(queue, clock, may_order=True)

        assert session.quote
        assert (session.quote.state, session.order, session.order_number) == (state, None, None)

    @pytest.mark.parametrize("token", ["AAAA", "BBBB", "CCCC"])
    async def test_only_an_open_quote_of_the_customer_is_closed(
        self, open_queue: OpenQueue, clock: FakeClock, token: str
    ) -> None:
        """Closing another quote is a bug: only that message fails, and Meta may redeliver it."""
        queue = open_queue(**UNLIMITED)
        await quoted(queue, clock, "AAAA", customer=1)
        await quoted(queue, clock, "BBBB", customer=2)
        rejected = Closing(token="AAAA", state=QuoteState.REJECTED)
        await queue.add_message(
            new_reply(1, clock, customer=1, changes=Changes(version=1, closes=rejected)), lease=False
        )
        bad = Changes(version=2, closes=replace(rejected, token=token))
        results = await asyncio.gather(
            queue.add_message(new_reply(2, clock, customer=1, changes=bad), lease=False),
            queue.add_message(new_reply(3, clock, customer=3), lease=False),
            return_exceptions=True,
        )
        again = await queue.add_message(new_reply(2, clock, customer=1, changes=Changes(version=2)), lease=False)

        assert isinstance(results[0], ValueError)
        assert isinstance(results[1], Added)
        assert not again.duplicate

    # -- orders

    async def test_a_yes_makes_one_order(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """With the lines and the price of the quote, in the transaction of its reply."""
        queue = open_queue(**UNLIMITED)
        await quoted(queue, clock)
        session = await session_of(queue, clock, may_order=True)
        message = deciding(1, clock, session)
        await queue.add_message(message, lease=False)
        after = await session_of(queue, clock)

        assert after.order == message.changes.places
        assert after.order
        assert (after.order.total, after.order.state) == (Decimal("103.76"), OrderState.PLACED)
        assert after.quote
        assert after.quote.state is QuoteState.CONFIRMED
        assert after == session.after(message.changes)
        assert outcomes(queue) == {"opened": 1, "confirmed": 1}
        totals = queue.snapshot().totals
        assert totals[metrics.ORDERS.name, ("placed", "text")] == 1
        assert totals[metrics.ORDER_VALUE.name, ("USD",)] == 103.76
        assert totals[metrics.QUOTE_DECISION.name, ("sum",)] == 0

    async def test_however_often_a_quote_is_confirmed_there_is_one_order(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """Of twenty messages at once, on two pods, one places the order; the others get the session with it."""
        queue, other = open_queue(**UNLIMITED), open_queue(**UNLIMITED)
        await quoted(queue, clock)
        sessions = [await session_of(queue, clock, may_order=True) for _ in range(20)]
        added = await asyncio.gather(
            *(
                (queue, other)[n % 2].add_message(deciding(n, clock, session), lease=False)
                for n, session in enumerate(sessions)
            )
        )
        (placed,) = [session.order_number for session, one in zip(sessions, added, strict=True) if not one.stale]

        assert {one.stale.order.number for one in added if one.stale and one.stale.order} == {placed}
        assert sum(one.stale is not None for one in added) == 19
        assert outcomes(queue) == {"opened": 1, "confirmed": 1}

    async def test_numbers_are_never_given_twice(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """With many customers at once, on two pods, and after a restart. Numbers are only reserved if there is
        something to order."""
        queue, other = open_queue(**UNLIMITED), open_queue(**UNLIMITED)
        for customer in range(1, 6):
            await quoted(queue, clock, f"AAA{customer}", customer=customer)
        await queue.add_message(opening(990, clock, "BBBB", customer=6), lease=False)
        at_once = await asyncio.gather(
            *((queue, other)[n % 2].add_message(
                new_reply(1000 + n, clock, customer=n % 5 + 1, may_order=True), lease=False
            ) for n in range(20))
        )  # fmt: skip
        numbers = [one.stale.order_number for one in at_once if one.stale]
        await queue.close()
        later = await session_of(open_queue(**UNLIMITED), clock, may_order=True)
        nothing = await session_of(other, clock, 7, may_order=True)
        no_yes = await session_of(other, clock, 1)

        assert None not in numbers
        assert len(set(numbers)) == 20
        assert later.order_number is not None
        assert later.order_number > max(n for n in numbers if n)
        assert nothing.order_number is no_yes.order_number is None

    async def test_an_order_learns_where_it_goes(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Only the customer's own order."""
        queue = open_queue(**UNLIMITED)
        for customer in (1, 2):
            await quoted(queue, clock, f"AAA{customer}", customer=customer)
            session = await session_of(queue, clock, customer, may_order=True)
            await queue.add_message(deciding(customer, clock, session, customer=customer), lease=False)
        own, others = [(await session_of(queue, clock, customer)).order for customer in (1, 2)]
        assert own
        assert others
        for n, order in enumerate((own, others)):
            located = Changes(version=2 + n, locates=Located(number=order.number, location="4.6,-74.1"))
            await queue.add_message(new_reply(10 + n, clock, customer=1, changes=located), lease=False)

        assert (await session_of(queue, clock, 1)).order == replace(own, location="4.6,-74.1")
        assert (await session_of(queue, clock, 2)).order == others

    # -- bursts

    async def test_a_newer_quote_supersedes_one_that_waits(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """It answers the messages of earlier quotes; the queue has one reply and counts the others."""
        queue = open_queue()
        await queue.update_message_attempt(await add_leased(queue, new_reply(0, clock, customer=1)), DELIVERED)
        ids = []
        for n in (1, 2, 3):
            added = await queue.add_message(opening(n, clock, f"AAA{n}", version=n - 1), lease=True)
            assert added.message is None
            ids.append(added.id)
        rows = [await queue.show(id_) for id_ in ids if id_]
        clock.advance(7)
        claim = await queue.get_messages_to_retry(10)

        assert [(row["state"], row["reason"]) for row in rows if row] == [
            *[(State.DISCARDED, Reason.SUPERSEDED)] * 2,
            (State.QUEUED, None),
        ]
        assert rows[2]
        assert rows[2]["answers"] == ["wamid.IN1", "wamid.IN2"]
        assert [message.id for message in claim.messages] == ids[2:]
        totals = queue.snapshot().totals
        assert totals[metrics.SUPERSEDED.name, ()] == 2
        assert totals[metrics.FINISHED.name, ("discarded",)] == 2

    @pytest.mark.parametrize(
        "how", ["under way", "attempted", "no quote", "somebody else's", "nothing new", "too late"]
    )
    async def test_nothing_else_is_superseded(self, open_queue: OpenQueue, clock: FakeClock, how: str) -> None:
        """Replies that may have been sent, that contain no quote, or that belong to another customer stay."""
        queue = open_queue(RECADO_CUSTOMER_INTERVAL_SECONDS="0")
        first = opening(1, clock, "AAAA")
        newer = opening(2, clock, "BBBB", version=1)
        if how in ("under way", "attempted"):
            leased = await add_leased(queue, first)
            if how == "attempted":
                await queue.update_message_attempt(leased, SERVER_ERROR)
        elif how == "no quote":
            first = new_reply(1, clock, customer=1)
            newer = opening(2, clock, "BBBB")
            await queue.add_message(first, lease=False)
        else:
            await queue.add_message(first, lease=False)
        if how == "somebody else's":
            newer = opening(2, clock, "BBBB", customer=2)
        elif how == "nothing new":
            newer = new_reply(2, clock, customer=1, changes=Changes(version=1, talk=TALK))
        elif how == "too late":
            newer = replace(newer, deadline_at=clock() - 1)
        added = await queue.add_message(newer, lease=False)
        assert added.stale is None

        assert (metrics.SUPERSEDED.name, ()) not in queue.snapshot().totals
        assert len(await queue.list_messages([State.DISCARDED])) == 0

    async def test_a_superseded_reply_is_never_sent(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Not even if an operator asks for it: its message has a reply."""
        queue = open_queue(**UNLIMITED)
        old = await queue.add_message(opening(1, clock, "AAAA"), lease=False)
        await queue.add_message(opening(2, clock, "BBBB", version=1), lease=False)
        assert old.id

        assert await queue.retry([old.id]) == 0
        assert len((await queue.get_messages_to_retry(10)).messages) == 1

    async def test_a_retried_quote_stays_first(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A retried quote is not superseded, and the newer one waits for it."""
        queue = open_queue(**UNLIMITED)
        await queue.update_message_attempt(await add_leased(queue, opening(1, clock, "AAAA")), SERVER_ERROR)
        newer = await queue.add_message(opening(2, clock, "BBBB", version=1), lease=True)

        assert newer.message is None
        assert (await queue.get_messages_to_retry(10)).messages == ()

    # -- who the customer is

    async def test_a_session_is_found_by_every_name(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """By present and earlier names of the customer, and by no name of another one."""
        queue = open_queue(**UNLIMITED)
        await queue.add_message(replace(new_reply(1, clock), key=PHONE), lease=False)
        await queue.add_message(replace(opening(2, clock, "AAAA"), key=USER, aliases=(PHONE,)), lease=False)
        probe = new_reply(9, clock)

        by_name = [await session_by(queue, replace(probe, key=name)) for name in (PHONE, USER)]
        assert by_name[0] == by_name[1]
        assert by_name[0].quote
        assert await session_by(queue, replace(probe, key=NEW_USER)) == Session()

    async def test_a_renamed_customer_keeps_his_session(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """His quote is open under the new names; renaming an unknown customer has no effect."""
        queue = open_queue(**UNLIMITED)
        await queue.add_message(replace(opening(1, clock, "AAAA"), key=USER, aliases=(PHONE,)), lease=False)
        await queue.rename_customer([USER, PHONE], [NEW_USER])
        await queue.rename_customer([f"{NUMBER}:US.8"], [f"{NUMBER}:US.9"])
        probe = new_reply(9, clock, refers="AAAA")

        session = await session_by(queue, replace(probe, key=NEW_USER))
        assert session.quote
        assert session.referred == session.quote
        assert await session_by(queue, replace(probe, key=f"{NUMBER}:US.9")) == Session()

    # -- how long it is kept

    @pytest.mark.parametrize("everything", [False, True])
    async def test_who_has_no_message_left_is_forgotten(
        self, open_queue: OpenQueue, clock: FakeClock, everything: bool
    ) -> None:
        """With a customer's last message, all his data is deleted, including quotes; not while a quote is open, an
        order is stored, or another message waits."""
        queue = open_queue(**UNLIMITED)
        for customer in (1, 2, 3, 4):
            message = await quoted(queue, clock, f"AAA{customer}", customer=customer)
            await queue.apply_status(status_of(message, "delivered"))
        for customer in (1, 4):
            changes = Changes(version=1, closes=Closing(token=f"AAA{customer}", state=QuoteState.REJECTED))
            await queue.add_message(
                new_reply(10 + customer, clock, customer=customer, content=None, changes=changes), lease=False
            )
        session = await session_of(queue, clock, 3, may_order=True)
        await queue.add_message(replace(deciding(13, clock, session, customer=3), content=None), lease=False)
        failed = []
        for customer in (1, 2, 3, 4):
            version = (await session_of(queue, clock, customer)).version
            changes = Changes(version=version)
            message = await add_leased(queue, new_reply(20 + customer, clock, customer=customer, changes=changes))
            await queue.update_message_attempt(message, REJECTED)
            failed.append(message.id)
        await queue.add_message(new_reply(30, clock, customer=4, changes=Changes(version=2)), lease=False)
        erased = await (queue.clear() if everything else queue.remove(failed))
        versions = [(await session_of(queue, clock, customer)).version for customer in (1, 2, 3, 4)]
        quotes = [(await session_of(queue, clock, customer)).quote for customer in (1, 2, 3, 4)]

        assert erased == 4
        assert versions == [0, 1, 2, 2]
        assert [quote is not None for quote in quotes] == [False, True, True, True]
