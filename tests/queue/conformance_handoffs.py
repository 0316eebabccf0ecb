"""What every RetryQueue must do when a person takes over a conversation, and when recado has it again."""

import pytest
from msgspec.structs import replace

from recado.orders import Changes, Handoff, HandoffChange, HandoffReason, Returned, Talk
from recado.queue.model import State
from recado.queue.protocol import RetryQueue
from recado.telemetry import metrics
from tests.clock import FakeClock
from tests.queue.conformance_permissions import FAILED, REFUSED
from tests.queue.replies import DELIVERED, NUMBER, UNLIMITED, add_leased, new_reply, status_of
from tests.queue.sessions import deciding, opening, quoted, session_of
from tests.queue.stores import OpenQueue

HOLD = 14400.0


def echo(n: int, clock: FakeClock, *, at: float | None = None, customer: int = 1) -> HandoffChange:
    """The shop writes to a customer from its phone."""
    at = clock() if at is None else at
    key = f"{NUMBER}:US.{customer}"
    return HandoffChange(key=key, why=HandoffReason.ECHO, at=at, until=at + HOLD, echo=f"wamid.ECHO{n}")


def returned(n: int, clock: FakeClock, *, at: float | None = None) -> HandoffChange:
    """The shop writes `#bot`."""
    return replace(echo(n, clock, at=at), why=Returned.ECHO, until=None)


async def handoff_of(queue: RetryQueue, clock: FakeClock) -> Handoff:
    return (await session_of(queue, clock)).talk.handoff


class HandoffConformance:
    """The behaviour; `open_queue(**settings)` opens the same store each time within a test."""

    async def test_an_echo_starts_a_hold_and_the_next_lengthens_it(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """Also for a new customer; a redelivered echo changes nothing."""
        queue = open_queue(**UNLIMITED)
        begin = clock()
        first = await queue.change_handoff(echo(1, clock))
        clock.advance(60)
        again = await queue.change_handoff(echo(1, clock))
        after_again = await handoff_of(queue, clock)
        second = await queue.change_handoff(echo(2, clock))
        after_second = await handoff_of(queue, clock)

        assert (first, again, second) == (True, False, True)
        assert after_again == Handoff(until=begin + HOLD, changed_at=begin, since=begin)
        assert after_second == Handoff(until=begin + 60 + HOLD, changed_at=begin + 60, since=begin)
        assert queue.snapshot().totals[metrics.HANDOFFS.name, ("echo",)] == 1

    async def test_what_was_said_earlier_changes_nothing(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Meta delivers echoes in any order; an echo that is too old starts no hold."""
        queue = open_queue(**UNLIMITED)
        await queue.change_handoff(echo(1, clock))
        clock.advance(60)
        ended = await queue.change_handoff(returned(2, clock))
        late = await queue.change_handoff(echo(3, clock, at=clock() - 30))
        after = await handoff_of(queue, clock)
        much_later = await queue.change_handoff(echo(4, clock, at=clock() - HOLD, customer=2))

        assert (ended, late, much_later) == (True, False, False)
        assert after == Handoff(changed_at=clock())

    async def test_an_echo_of_what_recado_sent_starts_nothing(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Meta does not echo messages of the API; if it did, recado would silence itself."""
        queue = open_queue(**UNLIMITED)
        message = await add_leased(queue, new_reply(1, clock, customer=1))
        await queue.update_message_attempt(message, DELIVERED)
        ours = replace(echo(1, clock), echo=DELIVERED.sent_wamid)

        assert not await queue.change_handoff(ours)
        assert (await handoff_of(queue, clock)).until is None

    async def test_replies_that_wait_are_discarded_when_a_person_takes_over(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """Otherwise a drain would interrupt the person. The unseen quote is withdrawn; other customers' replies are
        sent."""
        queue = open_queue(**UNLIMITED)
        await queue.add_message(opening(1, clock, "AAAA"), lease=False)
        await queue.add_message(new_reply(2, clock, customer=2), lease=False)
        await queue.change_handoff(echo(1, clock))
        claim = await queue.get_messages_to_retry(10)
        discarded = await queue.list_messages([State.DISCARDED])

        assert [message.wamid for message in claim.messages] == ["wamid.IN2"]
        assert len(discarded) == 1
        assert queue.snapshot().totals[metrics.QUOTES.name, ("withdrawn", "text")] == 1

    @pytest.mark.parametrize("how", ["fails", "released", "failed by status", "lease over", "retried"])
    @pytest.mark.parametrize("asked", [False, True])
    async def test_what_was_under_way_when_a_person_came_is_not_sent_again(
        self, open_queue: OpenQueue, clock: FakeClock, how: str, asked: bool
    ) -> None:
        """Also if the customer had asked for the person. Replies to taps during the hold are tried again."""
        queue = open_queue(**UNLIMITED, RECADO_UNKNOWN_GRACE_SECONDS="60")
        session = await session_of(queue, clock)
        changes = Changes(version=session.version)
        if asked:
            waits = Handoff(until=clock() + HOLD, changed_at=clock(), waiting_since=clock())
            changes = replace(changes, talk=Talk(handoff=waits))
        before = await add_leased(queue, new_reply(1, clock, customer=1, changes=changes))
        if how == "failed by status":
            await queue.update_message_attempt(before, DELIVERED)
        if how == "retried":
            await queue.update_message_attempt(before, REFUSED)
        clock.advance(2)
        await queue.change_handoff(echo(1, clock))
        match how:
            case "fails":
                await queue.update_message_attempt(before, FAILED)
            case "released":
                await queue.release(before)
            case "failed by status":
                await queue.apply_status(status_of(before, "failed", FAILED))
            case "retried":
                assert await queue.retry([before.id]) == 0
        sent: list[str | None] = []
        for n in range(2, 6):
            clock.advance(200)
            sent += [message.wamid for message in (await queue.get_messages_to_retry(10)).messages]
            await queue.change_handoff(echo(n, clock))
        version = (await session_of(queue, clock)).version
        tapped = new_reply(2, clock, customer=1, changes=Changes(version=version))
        await queue.update_message_attempt(await add_leased(queue, tapped), FAILED)
        clock.advance(1)
        await queue.change_handoff(echo(6, clock))
        clock.advance(200)
        again = [message.wamid for message in (await queue.get_messages_to_retry(10)).messages]

        assert sent == []
        assert again == ["wamid.IN2"]

    @pytest.mark.parametrize("how", ["waits", "fails", "failed by status", "retried"])
    async def test_a_customer_whose_yes_became_an_order_is_told_its_number(
        self, open_queue: OpenQueue, clock: FakeClock, how: str
    ) -> None:
        """Even if the shop writes before the reply is sent, because the order is placed. His other messages get no
        reply."""
        queue = open_queue(**UNLIMITED)
        await quoted(queue, clock)
        yes = deciding(7, clock, await session_of(queue, clock, may_order=True))
        if how == "waits":
            await queue.add_message(yes, lease=False)
        else:
            leased = await add_leased(queue, yes)
        if how == "failed by status":
            await queue.update_message_attempt(leased, DELIVERED)
        if how == "retried":
            await queue.update_message_attempt(leased, REFUSED)
        clock.advance(2)
        await queue.change_handoff(echo(1, clock))
        match how:
            case "fails":
                await queue.update_message_attempt(leased, FAILED)
            case "failed by status":
                await queue.apply_status(status_of(leased, "failed", FAILED))
            case "retried":
                assert await queue.retry([leased.id]) == 1
        clock.advance(200)
        sent = (await queue.get_messages_to_retry(10)).messages

        assert [message.wamid for message in sent] == [yes.wamid]

    async def test_a_message_that_is_handled_meanwhile_is_handled_again(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """The hold gives the session a new version."""
        queue = open_queue(**UNLIMITED)
        session = await session_of(queue, clock)
        await queue.change_handoff(echo(1, clock))
        added = await queue.add_message(
            new_reply(1, clock, customer=1, changes=Changes(version=session.version)), lease=True
        )

        assert added.stale
        assert added.stale.talk.handoff.until == clock() + HOLD

    async def test_a_hold_ends_by_its_time_and_is_kept_until_then(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """A customer who is idle for days is deleted, but not while a person has the conversation."""
        queue = open_queue(**UNLIMITED)
        change = HandoffChange(key=f"{NUMBER}:US.1", why=HandoffReason.STAFF, at=clock(), until=clock() + 200_000)
        await queue.change_handoff(change)
        await queue.prune()
        clock.advance(190_000)
        await queue.prune()
        await queue.expire()
        held = await handoff_of(queue, clock)
        clock.advance(10_001)
        await queue.expire()
        over = await handoff_of(queue, clock)

        assert held.until == change.until
        assert over.until is None

    async def test_customers_who_wait_for_a_person_are_counted(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """They count from the request until somebody writes to them."""
        queue = open_queue(**UNLIMITED)
        asked = Handoff(until=clock() + HOLD, changed_at=clock(), waiting_since=clock())
        for n in (1, 2):
            changes = Changes(version=0, talk=Talk(handoff=asked))
            await queue.add_message(new_reply(n, clock, changes=changes), lease=True)
        clock.advance(30)
        both = queue.snapshot()
        await queue.change_handoff(echo(1, clock, customer=1))
        one = queue.snapshot()
        await queue.change_handoff(echo(2, clock, customer=2))
        none = queue.snapshot()

        counts = [(s.waiting_for_a_person, s.waiting_for_a_person_seconds) for s in (both, one, none)]
        assert counts == [(2, 30.0), (1, 30.0), (0, 0.0)]
        assert none.totals[metrics.HANDOFFS.name, ("asked",)] == 2
