"""What every RetryQueue must do before a reply is sent: add it, claim it, and keep Meta's limits."""

import asyncio

import pytest

from recado.queue.model import Added, AttemptResult
from recado.queue.operations.lanes import USED_RATE
from tests.clock import FakeClock
from tests.queue.replies import (
    DELIVERED,
    NO_JITTER,
    SERVER_ERROR,
    UNKNOWN,
    UNLIMITED,
    add_leased,
    claim_one,
    new_reply,
    status_of,
    text_of,
)
from tests.queue.stores import OpenQueue


class SendingConformance:
    """Adding, claiming, the limits."""

    async def test_a_message_is_added_once(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """The second delivery of a wamid is a duplicate and writes nothing."""
        queue = open_queue()
        first = await queue.add_message(new_reply(1, clock), lease=False)
        second = await queue.add_message(new_reply(1, clock), lease=False)

        assert not first.duplicate
        assert Added(id=None, duplicate=True) == second
        assert (await queue.status()).queue_size == 1

    async def test_a_wamid_is_claimed_once_across_processes(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Of fifty deliveries of one wamid at once, in two processes, one is new."""
        one, two = open_queue(), open_queue()
        added = await asyncio.gather(
            *((one, two)[i % 2].add_message(new_reply(1, clock), lease=True) for i in range(50))
        )

        assert sum(not a.duplicate for a in added) == 1
        assert sum(a.message is not None for a in added) == 1

    async def test_a_wamid_is_forgotten_after_the_dedupe_time(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """After eight days the prune deletes it; a day earlier it does not."""
        queue = open_queue()
        await queue.add_message(new_reply(1, clock), lease=False)
        clock.advance(7 * 86400)
        await queue.prune()
        still_known = (await queue.add_message(new_reply(1, clock), lease=False)).duplicate
        clock.advance(86401)
        await queue.prune()

        assert still_known
        assert not (await queue.add_message(new_reply(1, clock), lease=False)).duplicate

    async def test_a_leased_message_is_nobody_elses(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A drain cannot claim a message that was added with a lease."""
        queue = open_queue()
        await add_leased(queue, new_reply(1, clock))

        assert (await open_queue().get_messages_to_retry(10)).messages == ()
        assert (await queue.status()).in_flight == 1

    async def test_a_late_message_is_failed_not_sent(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """If the window has closed before the reply is written, it is stored as failed, so that an operator sees it."""
        queue = open_queue()
        added = await queue.add_message(new_reply(1, clock, deadline_at=clock() - 1), lease=True)
        (failed,) = await queue.get_failed_messages()

        assert added.message is None
        assert failed.reason == "window_closed"

    async def test_one_number_sends_at_its_rate(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """At 10 a second, the turns of replies are a little more than a tenth of a second apart; beyond the horizon
        there are none."""
        queue = open_queue(RECADO_MESSAGES_PER_SECOND="10")
        added = [await queue.add_message(new_reply(n, clock), lease=True) for n in range(20)]
        turns = [a.message.send_at - clock() for a in added if a.message]

        assert turns == pytest.approx([n / 10 / USED_RATE for n in range(5)], abs=1e-4)
        assert all(a.due_at is not None for a in added if not a.message)

    async def test_a_drain_keeps_the_rate_too(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A claim takes the turns of half a second, the next claim the following ones."""
        queue = open_queue(RECADO_MESSAGES_PER_SECOND="10")
        for n in range(20):
            await queue.add_message(new_reply(n, clock), lease=False)
        first = (await queue.get_messages_to_retry(100)).messages
        at_once = (await queue.get_messages_to_retry(100)).messages
        clock.advance(0.5)
        later = (await queue.get_messages_to_retry(100)).messages

        assert len(first) == 5
        assert at_once == ()
        assert len(later) == 5
        assert later[0].send_at == pytest.approx(first[-1].send_at + 0.1 / USED_RATE, abs=1e-4)

    async def test_a_customer_gets_one_message_in_six_seconds(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """The second reply to a customer waits for its turn; replies to other customers do not."""
        queue = open_queue()
        first = await add_leased(queue, new_reply(1, clock, customer=1))
        await queue.update_message_attempt(first, DELIVERED)
        second = await queue.add_message(new_reply(2, clock, customer=1), lease=True)
        other = await queue.add_message(new_reply(3, clock), lease=True)
        clock.advance(5.9)
        early = (await queue.get_messages_to_retry(10)).messages
        clock.advance(0.2)

        assert second.message is None
        assert second.due_at == pytest.approx(first.send_at + 6)
        assert other.message is not None
        assert early == ()
        assert text_of(await claim_one(queue)) == "reply 2"

    @pytest.mark.parametrize("result", [DELIVERED, UNKNOWN], ids=["delivered", "unknown"])
    async def test_a_reply_that_left_late_holds_the_next_one_back(
        self, open_queue: OpenQueue, clock: FakeClock, result: AttemptResult
    ) -> None:
        """The customer's interval begins when Meta has the reply, as far as is known, not at its turn."""
        queue = open_queue()
        first = await add_leased(queue, new_reply(1, clock, customer=1))
        clock.advance(5)
        await queue.update_message_attempt(first, result)
        await queue.apply_status(status_of(first, "sent"))
        second = await queue.add_message(new_reply(2, clock, customer=1), lease=True)
        clock.advance(5.9)
        early = (await queue.get_messages_to_retry(10)).messages
        clock.advance(0.2)

        assert second.message is None
        assert early == ()
        assert text_of(await claim_one(queue)) == "reply 2"

    async def test_never_two_at_once_to_one_customer(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """While a send to a customer is under way, no other reply to him is claimed, however long it takes."""
        queue = open_queue()
        await add_leased(queue, new_reply(1, clock, customer=1))
        await queue.add_message(new_reply(2, clock, customer=1), lease=False)
        clock.advance(30)

        assert (await queue.get_messages_to_retry(10)).messages == ()

    async def test_one_claim_takes_one_message_of_a_customer(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Oldest first, one per customer."""
        queue = open_queue(**UNLIMITED)
        for n in range(6):
            await queue.add_message(new_reply(n, clock, customer=n % 2), lease=False)
            clock.advance(0.001)
        claim = await queue.get_messages_to_retry(10)

        assert [text_of(m) for m in claim.messages] == ["reply 0", "reply 1"]

    async def test_oldest_first(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Messages are claimed in the order in which they became due."""
        queue = open_queue(**UNLIMITED)
        for n in range(5):
            await queue.add_message(new_reply(n, clock), lease=False)
            clock.advance(1)
        claim = await queue.get_messages_to_retry(3)

        assert [text_of(m) for m in claim.messages] == ["reply 0", "reply 1", "reply 2"]

    async def test_two_claims_never_share_a_message(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Two drains that claim at once get different messages, and together all of them."""
        one, two = open_queue(**UNLIMITED), open_queue(**UNLIMITED)
        for n in range(100):
            await one.add_message(new_reply(n, clock), lease=False)
        claims = await asyncio.gather(*((one, two)[i % 2].get_messages_to_retry(7) for i in range(20)))
        ids = [m.id for claim in claims for m in claim.messages]

        assert len(ids) == len(set(ids)) == 100

    async def test_an_empty_claim_says_when_to_come_back(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """`next_at` is when the next message is due; None if there is none."""
        queue = open_queue(**NO_JITTER)
        nothing = await queue.get_messages_to_retry(10)
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, SERVER_ERROR)
        waiting = await queue.get_messages_to_retry(10)

        assert nothing.next_at is None
        assert waiting.next_at == pytest.approx(clock() + 120)

    async def test_a_lease_given_back_costs_nothing(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A released message is due at once, and its next attempt has the same number."""
        queue = open_queue(**UNLIMITED)
        message = await add_leased(queue, new_reply(1, clock))
        await queue.release(message)

        assert (await claim_one(queue)).attempt == 1

    async def test_one_message_can_be_claimed_by_its_id(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """If it is due, and only once."""
        queue = open_queue()
        added = await queue.add_message(new_reply(1, clock), lease=False)
        assert added.id is not None
        first, second = await queue.claim_message(added.id), await queue.claim_message(added.id)

        assert [message.id for message in first.messages] == [added.id]
        assert (second.messages, second.next_at) == ((), None)
