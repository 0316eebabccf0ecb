"""What every RetryQueue must do for operators: retry, discard and erase replies, delete old rows, and count."""

from recado.queue.store import StoredQueue
from recado.telemetry import metrics
from recado.telemetry.totals import Totals
from tests.clock import FakeClock
from tests.queue.replies import DELIVERED, REJECTED, SERVER_ERROR, UNKNOWN, UNLIMITED, add_leased, claim_one, new_reply
from tests.queue.stores import OpenQueue


class OperatorConformance:
    """Operators' commands, retention, totals."""

    async def test_an_operator_can_retry_a_failed_message(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """It is due at once, with a full set of attempts; outside its window it stays failed."""
        queue = open_queue()
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, REJECTED)
        retried = await queue.retry([message.id])
        clock.advance(7)
        again = await claim_one(queue)
        await queue.update_message_attempt(again, REJECTED)
        clock.advance(86400)

        assert retried == 1
        assert again.id == message.id
        assert await queue.retry([message.id]) == 0

    async def test_discarded_is_not_sent_and_not_in_the_queue(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Discarding gives a waiting message up; a message that is being sent cannot be discarded."""
        queue = open_queue(**UNLIMITED)
        waiting = await queue.add_message(new_reply(1, clock), lease=False)
        under_way = await add_leased(queue, new_reply(2, clock))
        assert waiting.id is not None
        discarded = await queue.discard([waiting.id, under_way.id])

        assert discarded == 1
        assert (await queue.get_messages_to_retry(10)).messages == ()
        assert (await queue.status()).queue_size == 1

    async def test_remove_and_clear_erase_what_was_given_up(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Messages that still wait cannot be erased."""
        queue = open_queue(**UNLIMITED)
        messages = [await add_leased(queue, new_reply(n, clock)) for n in range(3)]
        for message in messages:
            await queue.update_message_attempt(message, REJECTED)
        waiting = await queue.add_message(new_reply(9, clock), lease=False)
        assert waiting.id is not None
        removed = await queue.remove([messages[0].id, waiting.id])
        cleared = await queue.clear()

        assert (removed, cleared) == (1, 2)
        assert await queue.show(messages[0].id) is None
        assert await queue.show(waiting.id) is not None

    async def test_failed_messages_come_in_pages(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Each page continues after the last id of the previous one; recipients are masked."""
        queue = open_queue(**UNLIMITED)
        for n in range(5):
            await queue.update_message_attempt(await add_leased(queue, new_reply(n, clock)), REJECTED)
        first = await queue.get_failed_messages(limit=3)
        rest = await queue.get_failed_messages(after=first[-1].id, limit=3)

        assert (len(first), len(rest)) == (3, 2)
        assert "+1555" not in first[0].to

    async def test_retention(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Delivered and failed messages are deleted after their retention; waiting ones stay."""
        queue = open_queue(**UNLIMITED, RECADO_DELIVERED_RETENTION_SECONDS="10", RECADO_FAILED_RETENTION_SECONDS="100")
        done = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(done, DELIVERED)
        failed = await add_leased(queue, new_reply(2, clock))
        await queue.update_message_attempt(failed, REJECTED)
        await queue.add_message(new_reply(3, clock), lease=False)
        clock.advance(50)
        await queue.prune()
        after_50 = (await queue.show(done.id), (await queue.status()).failed)
        clock.advance(51)
        pruned = await queue.prune()

        assert after_50 == (None, 1)
        assert pruned.rows["failed"] == 1
        assert (await queue.status()).pending_retry == 1

    async def test_totals_add_up(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Totals of several processes are added up."""
        one, two = open_queue(), open_queue()
        for queue in (one, two, one):
            totals = Totals()
            totals.inc(metrics.DRAIN_RUNS, "ok")
            await queue.record_totals(totals, {"drain_succeeded_at": str(clock())})
        snapshot = two.snapshot()

        assert snapshot.totals[(metrics.DRAIN_RUNS.name, ("ok",))] == 3
        assert snapshot.instants["drain_succeeded_at"] == clock()

    async def test_rows_by_state_are_counted(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """The counts that metrics export agree with the rows, through every change of state."""
        queue = open_queue(**UNLIMITED)
        results = [DELIVERED, SERVER_ERROR, UNKNOWN, REJECTED, None]
        for n, result in enumerate(results):
            message = await add_leased(queue, new_reply(n, clock))
            if result:
                await queue.update_message_attempt(message, result)

        assert queue.snapshot().rows == {
            "delivered": 1,
            "queued": 1,
            "unknown": 1,
            "failed": 1,
            "sending": 1,
            "discarded": 0,
        }

    async def test_any_drain_forgets_old_customers(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A process that drains once and ends looks for them too, an hour after the last one that did."""
        web = open_queue()
        await web.update_message_attempt(await add_leased(web, new_reply(1, clock)), DELIVERED)
        forgotten = []
        for hours in (0, 0.9, 0.2, 26, 0.5):
            clock.advance(hours * 3600)
            forgotten.append((await open_queue().prune()).rows.get("customer", 0))

        assert forgotten == [0, 0, 0, 1, 0]

    async def test_counters_are_compared_with_the_rows(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Once an hour; those that are wrong, as after a change by hand, are set right, and the next time all agree."""
        queue = open_queue()
        assert isinstance(queue, StoredQueue)
        for n in range(3):
            await queue.add_message(new_reply(n, clock), lease=n == 0)
        seen = []
        for spoil in (False, True, False):
            if spoil:
                queue._database.write(lambda found: found.run("drop_counts"))
            clock.advance(3601)
            await open_queue().prune()
            snapshot = queue.snapshot()
            seen.append((snapshot.miscounted_rows, snapshot.rows["queued"], snapshot.rows["sending"]))

        assert seen == [(0, 2, 1), (3, 2, 1), (0, 2, 1)]

    async def test_logs_name_a_message_by_the_stores_key(self, open_queue: OpenQueue) -> None:
        """Every process of a store has the same reference for a wamid; it does not contain the wamid."""
        one, other = open_queue(), open_queue()
        for queue in (one, other):
            await queue.check_writable()
        reference = one.message_reference("wamid.HBgN")

        assert reference == other.message_reference("wamid.HBgN")
        assert "HBgN" not in reference
