"""What every RetryQueue must do if a process dies, if it is opened again, or if a clock is wrong."""

from recado.delivery.channels.whatsapp import NAME
from recado.queue.model import Lane
from recado.telemetry import metrics
from tests.clock import FakeClock
from tests.queue.replies import (
    DELIVERED,
    LANE,
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


class CrashConformance:
    """Leases that ran out, restarts, clocks."""

    async def test_a_lease_that_ran_out_is_rescued(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """The message of a dead process becomes unknown and is then retried; the rescue is counted."""
        queue = open_queue()
        await add_leased(queue, new_reply(1, clock))
        clock.advance(61)
        at_once = (await open_queue().get_messages_to_retry(10)).messages
        unknown = (await queue.status()).unknown
        clock.advance(180)
        rescued = await claim_one(queue)

        assert at_once == ()
        assert unknown == 1
        assert (rescued.attempt, rescued.quoting) == (2, True)
        assert queue.snapshot().totals[(metrics.RESCUES.name, ())] == 1

    async def test_a_rescue_after_an_outage_waits_for_statuses(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """During an outage of the store recado could not record statuses, so the grace period begins after it."""
        queue = open_queue()
        message = await add_leased(queue, new_reply(1, clock))
        clock.advance(3600)
        after_the_outage = (await queue.get_messages_to_retry(10)).messages
        clock.advance(179)
        later = (await queue.get_messages_to_retry(10)).messages
        settled = await queue.apply_status(status_of(message, "sent"))

        assert after_the_outage == later == ()
        assert settled
        assert (await queue.status()).queue_size == 0

    async def test_all_leases_of_a_dead_process_are_rescued_together(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """Even a claim of one message takes back all leases of the dead process."""
        queue = open_queue(**UNLIMITED)
        for n in range(30):
            await add_leased(queue, new_reply(n, clock))
        clock.advance(61)
        await queue.get_messages_to_retry(1)

        assert (await queue.status()).unknown == 30

    async def test_no_number_starves_another(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A claim takes messages of all business numbers with due messages, even if one of them has more or older
        ones."""
        queue = open_queue(**UNLIMITED)
        for n in range(30):
            await queue.add_message(new_reply(n, clock), lease=False)
        clock.advance(1)
        for n in range(30, 32):
            await queue.add_message(new_reply(n, clock, lane=Lane(NAME, "700000000000002")), lease=False)
        claimed = (await queue.get_messages_to_retry(8)).messages
        numbers = [message.lane.name for message in claimed]

        assert len(claimed) >= 6
        assert numbers.count("700000000000002") == 2

    async def test_a_message_outlives_processes_that_die(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Four processes in a row die while they send it, and the fifth delivers it. After five it would be failed."""
        queue = open_queue()
        for n in (1, 2):
            await queue.add_message(new_reply(n, clock), lease=False)
        for _ in range(4):
            assert len((await queue.get_messages_to_retry(10)).messages) == 2
            clock.advance(61)
            await queue.get_messages_to_retry(10)
            clock.advance(181)
        delivered, dies = (await queue.get_messages_to_retry(10)).messages
        await queue.update_message_attempt(delivered, DELIVERED)
        clock.advance(61)
        await queue.get_messages_to_retry(10)
        clock.advance(181)
        claimed = (await queue.get_messages_to_retry(10)).messages
        (failed,) = await queue.get_failed_messages()

        assert claimed == ()
        assert (failed.id, failed.attempts, failed.reason) == (dies.id, 5, "unknown")

    async def test_an_unknown_fifth_attempt_is_the_last(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """It is sent once more after the grace period, but never a sixth time."""
        queue = open_queue()
        message = await add_leased(queue, new_reply(1, clock))
        for result in (SERVER_ERROR, SERVER_ERROR, SERVER_ERROR, SERVER_ERROR):
            await queue.update_message_attempt(message, result)
            clock.advance(1100)
            message = await claim_one(queue)
        await queue.update_message_attempt(message, UNKNOWN)
        clock.advance(181)
        await queue.record_probe(LANE, reachable=True)
        claimed = (await queue.get_messages_to_retry(10)).messages
        (failed,) = await queue.get_failed_messages()

        assert claimed == ()
        assert (failed.attempts, failed.reason) == (5, "unknown")

    async def test_a_rescued_sender_may_still_report(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A process that was only slow records its success, which prevents the retry."""
        queue = open_queue()
        message = await add_leased(queue, new_reply(1, clock))
        clock.advance(61)
        await queue.get_messages_to_retry(10)
        await queue.update_message_attempt(message, DELIVERED)
        clock.advance(86000)

        assert (await queue.get_messages_to_retry(10)).messages == ()
        assert (await queue.status()).queue_size == 0

    async def test_all_survives_a_new_opening(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Messages, totals, limits and breakers are in the store, not in the process."""
        queue = open_queue()
        message = await add_leased(queue, new_reply(1, clock, customer=1))
        await queue.update_message_attempt(message, DELIVERED)
        await queue.add_message(new_reply(2, clock), lease=False)
        await queue.close()
        reopened = open_queue()
        status = await reopened.status()
        same_customer = await reopened.add_message(new_reply(3, clock, customer=1), lease=True)

        assert (status.pending_retry, status.success_rate) == (1, 1.0)
        assert same_customer.message is None

    async def test_a_clock_that_was_ahead_holds_nobody_up(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """After a clock was a day ahead and is set right, messages, leases, limits and breakers of that time continue
        within minutes."""
        queue = open_queue()
        clock.advance(86400)
        leased = await add_leased(queue, new_reply(1, clock, customer=1))
        await queue.add_message(new_reply(2, clock, customer=1), lease=False)
        await queue.update_message_attempt(await add_leased(queue, new_reply(3, clock, customer=3)), SERVER_ERROR)
        clock.advance(-86400)
        await queue.add_message(new_reply(4, clock, customer=3), lease=False)
        sent = set()
        for _ in range(10):
            await queue.expire()
            for message in (await queue.get_messages_to_retry(10)).messages:
                await queue.update_message_attempt(message, DELIVERED)
                sent.add(text_of(message))
            clock.advance(60)

        assert text_of(leased) in sent
        assert sent == {"reply 1", "reply 2", "reply 3", "reply 4"}
