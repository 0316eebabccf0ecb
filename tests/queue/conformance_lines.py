"""What every RetryQueue must do for one customer: send replies in the order of his messages, and apply statuses by
rank."""

import pytest

from recado.queue.model import AttemptResult, LeasedReply, State, StatusUpdate
from recado.queue.protocol import RetryQueue
from tests.clock import FakeClock
from tests.queue.replies import (
    DELIVERED,
    LANE,
    NO_JITTER,
    REJECTED,
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

NO_INTERVAL = {"RECADO_CUSTOMER_INTERVAL_SECONDS": "0", **NO_JITTER}


async def sent_by_drains(queue: RetryQueue, clock: FakeClock, *, seconds: float) -> list[str]:
    """The texts that drains send, in order, if every send and every probe succeeds."""
    texts = []
    end = clock() + seconds
    while clock() < end:
        claim = await queue.get_messages_to_retry(10)
        for number in claim.probes:
            await queue.record_probe(number, reachable=True)
        for message in claim.messages:
            await queue.update_message_attempt(message, DELIVERED)
            texts.append(text_of(message))
        clock.advance(1)
    return texts


async def state_of(queue: RetryQueue, message: LeasedReply) -> str | None:
    row = await queue.show(message.id)
    return str(row["state"]) if row else None


class LineConformance:
    """The behaviour; `open_queue(**settings)` opens the same store each time within a test."""

    # -- first in, first out

    @pytest.mark.parametrize("result", [SERVER_ERROR, UNKNOWN], ids=["retried", "unknown"])
    async def test_a_later_reply_waits_for_one_that_is_retried(
        self, open_queue: OpenQueue, clock: FakeClock, result: AttemptResult
    ) -> None:
        """A confirmation does not overtake its quote, neither when it is added nor in a drain."""
        queue = open_queue(**NO_INTERVAL)
        await queue.update_message_attempt(await add_leased(queue, new_reply(1, clock, customer=1)), result)
        later = await queue.add_message(new_reply(2, clock, customer=1), lease=True)
        assert later.id is not None
        clock.advance(5)
        by_id = await queue.claim_message(later.id)
        by_drain = await queue.get_messages_to_retry(10)
        texts = await sent_by_drains(queue, clock, seconds=400)

        assert later.message is None
        assert by_id.messages == by_drain.messages == ()
        assert texts == ["reply 1", "reply 2"]

    async def test_a_later_reply_is_told_when_the_first_is_due(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """So that no process checks it again and again during sixteen minutes of backoff."""
        queue = open_queue(**NO_INTERVAL)
        first = await add_leased(queue, new_reply(1, clock, customer=1))
        await queue.update_message_attempt(first, SERVER_ERROR)
        later = await queue.add_message(new_reply(2, clock, customer=1), lease=True)
        assert later.id is not None
        claim = await queue.claim_message(later.id)

        assert later.due_at == claim.next_at == clock() + 120

    @pytest.mark.parametrize("end", ["settled", "failed", "discarded"])
    async def test_the_end_of_the_first_lets_the_next_go(
        self, open_queue: OpenQueue, clock: FakeClock, end: str
    ) -> None:
        """The next reply is due at once, not when the first one would have been."""
        queue = open_queue(**NO_INTERVAL)
        first = await add_leased(queue, new_reply(1, clock, customer=1))
        await queue.update_message_attempt(first, UNKNOWN)
        await queue.add_message(new_reply(2, clock, customer=1), lease=False)
        clock.advance(1)
        if end == "settled":
            await queue.apply_status(status_of(first, "sent"))
        elif end == "failed":
            await queue.apply_status(status_of(first, "failed", REJECTED))
        else:
            await queue.discard([first.id])

        assert text_of(await claim_one(queue)) == "reply 2"

    async def test_the_order_is_that_of_metas_timestamps(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A reply to a late message is sent before replies to messages that were written later, if these were not sent
        yet; then arrival counts."""
        queue = open_queue(**NO_INTERVAL)
        for n, written_at in enumerate((300, 100, 200, 200)):
            message = new_reply(n, clock, customer=1, written_at=clock() - 1000 + written_at)
            await queue.add_message(message, lease=False)

        assert await sent_by_drains(queue, clock, seconds=10) == ["reply 1", "reply 2", "reply 3", "reply 0"]

    async def test_a_late_message_goes_before_one_that_is_retried(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """It was written earlier and has not failed, so it does not wait."""
        queue = open_queue(**NO_INTERVAL)
        await queue.update_message_attempt(await add_leased(queue, new_reply(2, clock, customer=1)), SERVER_ERROR)
        late = await queue.add_message(new_reply(1, clock, customer=1, written_at=clock() - 60), lease=True)

        assert late.message is not None

    async def test_three_quick_messages_are_answered_at_0_6_and_12(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """A claim by id returns when the reply can be sent, until it is its turn."""
        queue = open_queue()
        start = clock()
        first = await add_leased(queue, new_reply(1, clock, customer=1))
        await queue.update_message_attempt(first, DELIVERED)
        looks: dict[int, float] = {}
        for n in (2, 3):
            clock.now = start + (n - 1) * 1.1
            added = await queue.add_message(new_reply(n, clock, customer=1), lease=True)
            assert added.id is not None
            assert added.due_at is not None
            looks[added.id] = added.due_at
        sent = []
        while looks:
            id_, clock.now = min(reversed(looks.items()), key=lambda look: look[1])
            claim = await queue.claim_message(id_)
            del looks[id_]
            for message in claim.messages:
                await queue.update_message_attempt(message, DELIVERED)
                sent.append((text_of(message), message.send_at - start))
            if claim.next_at is not None:
                looks[id_] = claim.next_at

        assert [text for text, _ in sent] == ["reply 2", "reply 3"]
        assert [at for _, at in sent] == pytest.approx([6, 12], abs=0.1)

    async def test_other_customers_do_not_wait(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Each customer has a line of his own."""
        queue = open_queue(**NO_INTERVAL)
        await queue.update_message_attempt(await add_leased(queue, new_reply(1, clock, customer=1)), SERVER_ERROR)

        assert (await queue.add_message(new_reply(2, clock), lease=True)).message is not None

    # -- statuses by rank and attempt

    @pytest.mark.parametrize("failure", [SERVER_ERROR, REJECTED], ids=["retried", "given up"])
    async def test_a_late_sent_lifts_no_failure(
        self, open_queue: OpenQueue, clock: FakeClock, failure: AttemptResult
    ) -> None:
        """`sent` after `failed` of the same attempt changes nothing; `delivered` means that the customer has the
        reply."""
        queue = open_queue(**UNLIMITED)
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, DELIVERED)
        await queue.apply_status(status_of(message, "failed", failure))
        before = await state_of(queue, message)
        late = await queue.apply_status(status_of(message, "sent"))
        after = await state_of(queue, message)
        reached = await queue.apply_status(status_of(message, "delivered"))

        assert not late
        assert before == after
        assert reached
        assert (await queue.status()).queue_size == 0

    async def test_a_late_sent_does_not_stop_the_retry(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Nor does a late `sent` of an attempt before the one that is under way."""
        queue = open_queue(**UNLIMITED)
        first = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(first, DELIVERED)
        await queue.apply_status(status_of(first, "failed", SERVER_ERROR))
        clock.advance(150)
        second = await claim_one(queue)
        late = await queue.apply_status(status_of(first, "sent"))
        decision = await queue.update_message_attempt(second, SERVER_ERROR)

        assert not late
        assert decision is not None
        assert decision.state is State.QUEUED

    async def test_the_failure_of_another_attempt_stands(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A status of the first attempt does not change a reply that was given up after its second attempt."""
        queue = open_queue(**UNLIMITED)
        first = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(first, UNKNOWN)
        clock.advance(200)
        await queue.record_probe(LANE, reachable=True)
        second = await claim_one(queue)
        await queue.update_message_attempt(second, REJECTED)

        assert not await queue.apply_status(status_of(first, "delivered"))
        assert (await queue.status()).failed == 1

    async def test_a_failure_counts_for_the_attempt_that_was_accepted(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """While the second attempt was under way, a status reported that the first one was accepted: a failure of the
        second has no effect."""
        queue = open_queue(**UNLIMITED)
        first = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(first, UNKNOWN)
        clock.advance(200)
        await queue.record_probe(LANE, reachable=True)
        second = await claim_one(queue)
        await queue.apply_status(status_of(first, "sent"))
        of_second = await queue.apply_status(status_of(second, "failed", REJECTED))
        of_first = await queue.apply_status(status_of(first, "failed", REJECTED))

        assert (of_second, of_first) == (False, True)
        assert (await queue.status()).failed == 1

    async def test_a_status_without_our_id_is_matched_by_metas(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A `failed` without an attempt id fails the reply; a later `delivered` without one outranks it."""
        queue = open_queue()
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, DELIVERED)
        bare = StatusUpdate(attempt_id="", status="failed", sent_wamid="wamid.OUT", failure=REJECTED)
        failed = await queue.apply_status(bare)
        again = await queue.apply_status(bare)
        failures = (await queue.status()).failed
        reached = await queue.apply_status(StatusUpdate(attempt_id="", status="read", sent_wamid="wamid.OUT"))

        assert (failed, again, reached) == (True, False, True)
        assert failures == 1
        assert (await queue.status()).failed == 0
