"""What every RetryQueue must do for quotes: open, close, replace and supersede them."""

import asyncio

import pytest
from msgspec.structs import replace

from recado.orders import (
    Changes,
    Closing,
    QuoteState,
)
from recado.queue.model import Added, Reason, State
from recado.telemetry import metrics
from tests.clock import FakeClock
from tests.queue.replies import (
    DELIVERED,
    REJECTED,
    SERVER_ERROR,
    UNKNOWN,
    UNLIMITED,
    add_leased,
    new_reply,
    status_of,
)
from tests.queue.sessions import (
    TALK,
    opening,
    quoted,
    session_of,
)
from tests.queue.stores import OpenQueue


class QuoteConformance:
    """The behaviour; `open_queue(**settings)` opens the same store each time within a test."""

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
