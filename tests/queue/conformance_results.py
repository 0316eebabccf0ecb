"""What every RetryQueue must do with the result of an attempt, and with Meta's statuses."""

import pytest

from recado.delivery.channels.whatsapp import NAME
from recado.outcome import Outcome
from recado.queue.model import AttemptResult, Lane, StatusUpdate
from tests.clock import FakeClock
from tests.queue.replies import (
    DELIVERED,
    LANE,
    NO_JITTER,
    PAIR_LIMIT,
    REJECTED,
    SERVER_ERROR,
    THROTTLED,
    UNKNOWN,
    UNLIMITED,
    add_leased,
    claim_one,
    new_reply,
    status_of,
)
from tests.queue.stores import OpenQueue


class ResultConformance:
    """Results, the window, unknown outcomes."""

    async def test_a_delivered_message_leaves_the_queue(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """It is not due again and not part of the queue size; the totals count it."""
        queue = open_queue()
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, DELIVERED)
        clock.advance(86000)
        status = await queue.status()

        assert (await queue.get_messages_to_retry(10)).messages == ()
        assert (status.queue_size, status.success_rate, status.avg_attempts) == (0, 1.0, 1.0)

    async def test_backoff_is_two_four_eight_sixteen_minutes(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """There are five attempts with doubling waits; then the message has failed."""
        queue = open_queue(**NO_JITTER)
        message = await add_leased(queue, new_reply(1, clock))
        waits = []
        for _ in range(4):
            decision = await queue.update_message_attempt(message, SERVER_ERROR)
            assert decision is not None
            assert decision.due_at is not None
            waits.append(decision.due_at - clock())
            clock.advance(waits[-1])
            message = await claim_one(queue)
        await queue.update_message_attempt(message, SERVER_ERROR)
        (failed,) = await queue.get_failed_messages()

        assert waits == [120, 240, 480, 960]
        assert (failed.attempts, failed.reason) == (5, "retries_exhausted")
        assert "131000" in failed.last_error

    async def test_retry_after_is_honoured_and_clamped(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """recado waits as long as Meta asks for, up to the setting's maximum."""
        queue = open_queue(RECADO_RETRY_AFTER_MAX_SECONDS="600", **NO_JITTER)
        due = []
        for n, asked in enumerate((10, 300, 999_999)):
            message = await add_leased(queue, new_reply(n, clock))
            result = AttemptResult(outcome=Outcome.RETRYABLE, error_class="server", wait_seconds=asked)
            decision = await queue.update_message_attempt(message, result)
            assert decision is not None
            due.append((decision.due_at or 0) - clock())

        assert due == [120, 300, 600]

    async def test_what_meta_never_accepts_is_failed_at_once(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """No retry for an error of the class `permanent`."""
        queue = open_queue()
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, REJECTED)
        (failed,) = await queue.get_failed_messages()

        assert (failed.attempts, failed.reason) == (1, "rejected")

    async def test_the_pair_limit_blocks_that_customer_only(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """After 131056, recado waits 1, 4, 16 seconds; it costs no attempt and delays nobody else."""
        queue = open_queue(**UNLIMITED, **NO_JITTER)
        message = await add_leased(queue, new_reply(1, clock, customer=1))
        waits = []
        for _ in range(3):
            decision = await queue.update_message_attempt(message, PAIR_LIMIT)
            assert decision is not None
            waits.append((decision.due_at or 0) - clock())
            blocked = await queue.add_message(new_reply(100 + len(waits), clock, customer=1), lease=True)
            assert blocked.message is None
            assert blocked.id is not None
            await queue.discard([blocked.id])
            other = await queue.add_message(new_reply(200 + len(waits), clock), lease=True)
            assert other.message is not None
            await queue.update_message_attempt(other.message, DELIVERED)
            clock.advance(waits[-1])
            message = await claim_one(queue)

        assert waits == [1, 4, 16]
        assert message.attempt == 4

    async def test_a_throttle_holds_up_the_number(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A rate limit of the app stops everything this number sends, but not another number."""
        queue = open_queue(**UNLIMITED)
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, THROTTLED)
        same = await queue.add_message(new_reply(2, clock), lease=True)
        other = await queue.add_message(new_reply(3, clock, lane=Lane(NAME, "7")), lease=True)

        assert same.message is None
        assert other.message is not None

    async def test_a_result_is_recorded_once(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A second record of the same attempt changes nothing."""
        queue = open_queue()
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, DELIVERED)
        again = await queue.update_message_attempt(message, SERVER_ERROR)

        assert again is None
        assert (await queue.status()).queue_size == 0

    @pytest.mark.parametrize("sweep", ["claim", "expire"])
    async def test_nothing_is_sent_after_its_window(self, open_queue: OpenQueue, clock: FakeClock, sweep: str) -> None:
        """A waiting message whose deadline has passed fails, in a claim or in `expire`."""
        queue = open_queue()
        await queue.add_message(new_reply(1, clock), lease=False)
        clock.advance(86101)
        if sweep == "claim":
            assert (await queue.get_messages_to_retry(1)).messages == ()
        else:
            assert await queue.expire() == 1
        (failed,) = await queue.get_failed_messages()

        assert failed.reason == "window_closed"

    async def test_a_retry_beyond_the_window_is_failed_now(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A message whose next attempt would be too late fails at once."""
        queue = open_queue(**NO_JITTER)
        message = await add_leased(queue, new_reply(1, clock, deadline_at=clock() + 60))
        await queue.update_message_attempt(message, SERVER_ERROR)
        (failed,) = await queue.get_failed_messages()

        assert failed.reason == "window_closed"

    async def test_an_unknown_outcome_waits_for_its_status(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Within the grace period nothing is sent; a status with the attempt's id settles it as delivered."""
        queue = open_queue()
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, UNKNOWN)
        clock.advance(179)
        claimed = (await queue.get_messages_to_retry(10)).messages
        settled = await queue.apply_status(status_of(message, "sent"))
        clock.advance(86000)

        assert claimed == ()
        assert settled
        assert (await queue.status()).queue_size == 0
        assert (await queue.get_messages_to_retry(10)).messages == ()

    async def test_an_unknown_outcome_is_retried_once_quoting(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """After the grace period it is sent once more, quoting the customer's message; if the outcome is unknown again,
        it fails and an operator decides."""
        queue = open_queue()
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, UNKNOWN)
        clock.advance(181)
        await queue.record_probe(LANE, reachable=True)
        second = await claim_one(queue)
        await queue.update_message_attempt(second, UNKNOWN)
        clock.advance(181)
        await queue.record_probe(LANE, reachable=True)
        claimed = (await queue.get_messages_to_retry(10)).messages
        (failed,) = await queue.get_failed_messages()

        assert second.quoting
        assert claimed == ()
        assert failed.reason == "unknown"

    async def test_at_most_once_by_choice(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """With the policy `fail` an unknown outcome is never sent again."""
        queue = open_queue(RECADO_UNKNOWN_POLICY="fail")
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, UNKNOWN)
        clock.advance(181)

        assert (await queue.get_messages_to_retry(10)).messages == ()
        assert [m.reason for m in await queue.get_failed_messages()] == ["unknown"]

    async def test_a_status_before_the_answer(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A status may arrive before the HTTP response: it settles the attempt, and the response changes nothing."""
        queue = open_queue()
        message = await add_leased(queue, new_reply(1, clock))
        settled = await queue.apply_status(status_of(message, "delivered"))
        decision = await queue.update_message_attempt(message, DELIVERED)
        status = await queue.status()

        assert settled
        assert decision is None
        assert (status.queue_size, status.success_rate) == (0, 1.0)

    async def test_a_late_status_corrects_a_failure(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A late status changes a message that failed as unknown to delivered."""
        queue = open_queue(RECADO_UNKNOWN_POLICY="fail")
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, UNKNOWN)
        clock.advance(181)
        await queue.get_messages_to_retry(10)

        assert await queue.apply_status(status_of(message, "read"))
        assert await queue.get_failed_messages() == []

    async def test_a_failed_status_is_a_failed_attempt(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """If Meta accepts a message and later reports a failure, the message fails or is retried, depending on the
        error's class."""
        queue = open_queue(**NO_JITTER)
        hopeless = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(hopeless, DELIVERED)
        await queue.apply_status(status_of(hopeless, "failed", REJECTED))
        curable = await add_leased(queue, new_reply(2, clock))
        await queue.update_message_attempt(curable, DELIVERED)
        await queue.apply_status(status_of(curable, "failed", SERVER_ERROR))
        status = await queue.status()

        assert (status.failed, status.pending_retry) == (1, 1)

    async def test_delivered_wins_over_failed(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """With several devices both may arrive; a `failed` after a `delivered` changes nothing."""
        queue = open_queue()
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, DELIVERED)
        await queue.apply_status(status_of(message, "delivered"))
        changed = await queue.apply_status(status_of(message, "failed", REJECTED))

        assert not changed
        assert (await queue.status()).failed == 0

    @pytest.mark.parametrize("attempt_id", ["", "x", "a.b.c", "00000000.1.1", "1.2.3.4", "é.١.١", f"a.{'9' * 40}.1"])
    async def test_foreign_statuses_change_nothing(self, open_queue: OpenQueue, attempt_id: str) -> None:
        """Statuses of messages that another system sent have no effect."""
        queue = open_queue()

        assert not await queue.apply_status(StatusUpdate(attempt_id=attempt_id, status="sent", sent_wamid="w"))
