"""What every RetryQueue must do. A store's tests subclass `RetryQueueConformance`, and the classes of the modules
conformance_*.py, and provide `open_queue`."""

import asyncio
from collections.abc import Callable

import pytest

from recado.delivery.channels.whatsapp import NAME
from recado.outcome import Outcome, Scope
from recado.queue.model import Added, AttemptResult, Lane, LeasedReply, NewReply, StatusUpdate
from recado.queue.policy import USED_RATE
from recado.queue.protocol import RetryQueue
from recado.telemetry import metrics
from recado.telemetry.totals import Totals
from recado.whatsapp.content import Text
from tests.clock import FakeClock

OpenQueue = Callable[..., RetryQueue]

DELIVERED = AttemptResult(outcome=Outcome.DELIVERED, sent_wamid="wamid.OUT", seconds=0.05)
SERVER_ERROR = AttemptResult(outcome=Outcome.RETRYABLE, error_class="server", error_code=131000, code_class="5xx")
OUTAGE = AttemptResult(outcome=Outcome.RETRYABLE, error_class="transport", outage=True, code_class="transport")
UNKNOWN = AttemptResult(outcome=Outcome.UNKNOWN, error_class="timeout", outage=True, code_class="timeout")
REJECTED = AttemptResult(outcome=Outcome.PERMANENT, error_class="invalid", error_code=131009, code_class="4xx")
EXPIRED_TOKEN = AttemptResult(
    outcome=Outcome.OPERATOR, error_class="auth", error_code=190, scope=Scope.NUMBER, code_class="4xx"
)
PAIR_LIMIT = AttemptResult(
    outcome=Outcome.THROTTLED,
    error_class="pair_limit",
    error_code=131056,
    wait_seconds=1,
    wait_growth=4,
    scope=Scope.CUSTOMER,
    code_class="4xx",
)
THROTTLED = AttemptResult(
    outcome=Outcome.THROTTLED, error_class="throttled", error_code=80007, wait_seconds=900, scope=Scope.NUMBER
)

NUMBER = "700000000000001"
LANE = Lane(NAME, NUMBER)
UNLIMITED = {
    "RECADO_MESSAGES_PER_SECOND": "0",
    "RECADO_CUSTOMER_INTERVAL_SECONDS": "0",
    "RECADO_CUSTOMER_MESSAGES_PER_MINUTE": "0",
}
NO_JITTER = {"RECADO_BACKOFF_JITTER": "0"}


def new_reply(n: int, clock: FakeClock, *, customer: int | None = None, **changes: object) -> NewReply:
    """LeasedReply number n, from a customer of its own unless told otherwise."""
    who = n if customer is None else customer
    fields: dict[str, object] = {
        "wamid": f"wamid.IN{n}",
        "lane": LANE,
        "key": f"{NUMBER}:US.{who}",
        "phone": f"+1555010{who:04d}",
        "user_id": None,
        "content": Text(f"reply {n}"),
        "written_at": clock(),
        "received_at": clock(),
        "deadline_at": clock() + 86100,
    }
    return NewReply(**{**fields, **changes})  # type: ignore[arg-type]  # fields by name


def status_of(message: LeasedReply, status: str, failure: AttemptResult | None = None) -> StatusUpdate:
    return StatusUpdate(attempt_id=message.attempt_id, status=status, sent_wamid="wamid.OUT", failure=failure)


async def add_leased(queue: RetryQueue, message: NewReply) -> LeasedReply:
    added = await queue.add_message(message, lease=True)
    assert added.message is not None
    return added.message


def text_of(message: LeasedReply) -> str:
    assert isinstance(message.content, Text)
    return message.content.body


async def claim_one(queue: RetryQueue) -> LeasedReply:
    claim = await queue.get_messages_to_retry(10)
    assert len(claim.messages) == 1
    return claim.messages[0]


class RetryQueueConformance:
    """The behaviour; `open_queue(**settings)` opens the same store each time within a test."""

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    # -- adding

    async def test_a_message_is_added_once(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """The second delivery of a wamid is a duplicate and writes nothing."""
        queue = open_queue()
        first = await queue.add_message(new_reply(1, clock), lease=False)
        second = await queue.add_message(new_reply(1, clock), lease=False)

        assert not first.duplicate
        assert Added(id=None, duplicate=True) == second
        assert (await queue.status()).queue_size == 1

    async def test_a_wamid_is_claimed_once_across_processes(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Fifty deliveries of one wamid, at once, over two openings of the store: one is new."""
        one, two = open_queue(), open_queue()
        added = await asyncio.gather(
            *((one, two)[i % 2].add_message(new_reply(1, clock), lease=True) for i in range(50))
        )

        assert sum(not a.duplicate for a in added) == 1
        assert sum(a.message is not None for a in added) == 1

    async def test_a_wamid_is_forgotten_after_the_dedupe_time(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Eight days later the prune has let go of it; a day earlier it has not."""
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
        """What was added with a lease cannot be claimed by a drain."""
        queue = open_queue()
        await add_leased(queue, new_reply(1, clock))

        assert (await open_queue().get_messages_to_retry(10)).messages == ()
        assert (await queue.status()).in_flight == 1

    async def test_a_late_message_is_failed_not_sent(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A reply whose window has closed before it was written is kept as failed, for an operator to see."""
        queue = open_queue()
        added = await queue.add_message(new_reply(1, clock, deadline_at=clock() - 1), lease=True)
        (failed,) = await queue.get_failed_messages()

        assert added.message is None
        assert failed.reason == "window_closed"

    # -- the limits

    async def test_one_number_sends_at_its_rate(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """At 10 a second, replies get turns a little more than a tenth of a second apart; beyond the horizon none."""
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
        """The second reply to a customer waits for its turn; replies to others do not."""
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
        """While a send to a customer is under way no other is claimed, however long it takes."""
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

    # -- claiming

    async def test_oldest_first(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Messages are claimed in the order in which they became due."""
        queue = open_queue(**UNLIMITED)
        for n in range(5):
            await queue.add_message(new_reply(n, clock), lease=False)
            clock.advance(1)
        claim = await queue.get_messages_to_retry(3)

        assert [text_of(m) for m in claim.messages] == ["reply 0", "reply 1", "reply 2"]

    async def test_two_claims_never_share_a_message(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Two drains that claim at once get different messages, and together all."""
        one, two = open_queue(**UNLIMITED), open_queue(**UNLIMITED)
        for n in range(100):
            await one.add_message(new_reply(n, clock), lease=False)
        claims = await asyncio.gather(*((one, two)[i % 2].get_messages_to_retry(7) for i in range(20)))
        ids = [m.id for claim in claims for m in claim.messages]

        assert len(ids) == len(set(ids)) == 100

    async def test_an_empty_claim_says_when_to_come_back(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """`next_at` is when the next message falls due; None when there is none."""
        queue = open_queue(**NO_JITTER)
        nothing = await queue.get_messages_to_retry(10)
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, SERVER_ERROR)
        waiting = await queue.get_messages_to_retry(10)

        assert nothing.next_at is None
        assert waiting.next_at == pytest.approx(clock() + 120)

    async def test_a_lease_given_back_costs_nothing(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A released message is due at once and its next attempt is the first again."""
        queue = open_queue(**UNLIMITED)
        message = await add_leased(queue, new_reply(1, clock))
        await queue.release(message)

        assert (await claim_one(queue)).attempt == 1

    async def test_one_message_can_be_claimed_by_its_id(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """When it is due, and only once."""
        queue = open_queue()
        added = await queue.add_message(new_reply(1, clock), lease=False)
        assert added.id is not None
        first, second = await queue.claim_message(added.id), await queue.claim_message(added.id)

        assert [message.id for message in first.messages] == [added.id]
        assert (second.messages, second.next_at) == ((), None)

    # -- recording

    async def test_a_delivered_message_leaves_the_queue(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """It is not due again and not counted in the queue's size; the totals know it."""
        queue = open_queue()
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, DELIVERED)
        clock.advance(86000)
        status = await queue.status()

        assert (await queue.get_messages_to_retry(10)).messages == ()
        assert (status.queue_size, status.success_rate, status.avg_attempts) == (0, 1.0, 1.0)

    async def test_backoff_is_two_four_eight_sixteen_minutes(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Five attempts, the waits between them doubling; then the message is failed."""
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
        """A longer wait that Meta asks for counts, up to the setting's maximum."""
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
        """131056 waits 1, 4, 16 seconds, spends no attempt, and holds up nobody else."""
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

    # -- the window

    @pytest.mark.parametrize("sweep", ["claim", "expire"])
    async def test_nothing_is_sent_after_its_window(self, open_queue: OpenQueue, clock: FakeClock, sweep: str) -> None:
        """A waiting message whose deadline has passed is failed, whether it is claimed or swept up."""
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
        """There is no point in waiting for a turn that will not be taken."""
        queue = open_queue(**NO_JITTER)
        message = await add_leased(queue, new_reply(1, clock, deadline_at=clock() + 60))
        await queue.update_message_attempt(message, SERVER_ERROR)
        (failed,) = await queue.get_failed_messages()

        assert failed.reason == "window_closed"

    # -- unknown outcomes

    async def test_an_unknown_outcome_waits_for_its_status(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Within the grace period nothing is sent; a status that carries the attempt settles it as delivered."""
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
        """After the grace period once more, quoting the customer's message; unknown again, an operator decides."""
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
        """A status may overtake the HTTP answer: it settles the attempt, the answer changes nothing more."""
        queue = open_queue()
        message = await add_leased(queue, new_reply(1, clock))
        settled = await queue.apply_status(status_of(message, "delivered"))
        decision = await queue.update_message_attempt(message, DELIVERED)
        status = await queue.status()

        assert settled
        assert decision is None
        assert (status.queue_size, status.success_rate) == (0, 1.0)

    async def test_a_late_status_corrects_a_failure(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A message failed as unknown was delivered after all, if Meta says so."""
        queue = open_queue(RECADO_UNKNOWN_POLICY="fail")
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, UNKNOWN)
        clock.advance(181)
        await queue.get_messages_to_retry(10)

        assert await queue.apply_status(status_of(message, "read"))
        assert await queue.get_failed_messages() == []

    async def test_a_failed_status_is_a_failed_attempt(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Accepted by HTTP, failed by status: the message fails, or is retried, by the error's class."""
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
        """With several devices both may come; a `failed` after a `delivered` changes nothing."""
        queue = open_queue()
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, DELIVERED)
        await queue.apply_status(status_of(message, "delivered"))
        changed = await queue.apply_status(status_of(message, "failed", REJECTED))

        assert not changed
        assert (await queue.status()).failed == 0

    @pytest.mark.parametrize("attempt_id", ["", "x", "a.b.c", "00000000.1.1", "1.2.3.4", "é.١.١", f"a.{'9' * 40}.1"])
    async def test_foreign_statuses_change_nothing(self, open_queue: OpenQueue, attempt_id: str) -> None:
        """Statuses of messages that somebody else sent are none of ours."""
        queue = open_queue()

        assert not await queue.apply_status(StatusUpdate(attempt_id=attempt_id, status="sent", sent_wamid="w"))

    # -- crashes

    async def test_a_lease_that_ran_out_is_rescued(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A dead process's message becomes unknown, then is retried; the rescue is counted."""
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
        """While nobody could take leases back, nobody could take statuses either: the grace period begins after it."""
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
        """A claim of one message takes back all that its process left, not one."""
        queue = open_queue(**UNLIMITED)
        for n in range(30):
            await add_leased(queue, new_reply(n, clock))
        clock.advance(61)
        await queue.get_messages_to_retry(1)

        assert (await queue.status()).unknown == 30

    async def test_no_number_starves_another(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A claim is shared by the business numbers that have something due, whichever has more or older messages."""
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
        """Four processes in a row die with it, the fifth delivers; were it five, it would be an operator's."""
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
        """Once more after the grace period, but never a sixth time."""
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
        """A process that was only slow records its success in time to prevent the retry."""
        queue = open_queue()
        message = await add_leased(queue, new_reply(1, clock))
        clock.advance(61)
        await queue.get_messages_to_retry(10)
        await queue.update_message_attempt(message, DELIVERED)
        clock.advance(86000)

        assert (await queue.get_messages_to_retry(10)).messages == ()
        assert (await queue.status()).queue_size == 0

    async def test_all_survives_a_new_opening(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Messages, totals, limits and breaker are the store's, not the process's."""
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
        """A day later set right: what was queued, leased, limited and paused in the future goes on in minutes."""
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

    # -- operators

    async def test_an_operator_can_retry_a_failed_message(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """It is due at once, with all its attempts; outside its window it stays failed."""
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
        """Discarding gives a waiting message up; one under way cannot be discarded."""
        queue = open_queue(**UNLIMITED)
        waiting = await queue.add_message(new_reply(1, clock), lease=False)
        under_way = await add_leased(queue, new_reply(2, clock))
        assert waiting.id is not None
        discarded = await queue.discard([waiting.id, under_way.id])

        assert discarded == 1
        assert (await queue.get_messages_to_retry(10)).messages == ()
        assert (await queue.status()).queue_size == 1

    async def test_remove_and_clear_erase_what_was_given_up(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Nothing that is still to be sent can be erased."""
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
        """Each page goes on after the last id of the one before; recipients are masked."""
        queue = open_queue(**UNLIMITED)
        for n in range(5):
            await queue.update_message_attempt(await add_leased(queue, new_reply(n, clock)), REJECTED)
        first = await queue.get_failed_messages(limit=3)
        rest = await queue.get_failed_messages(after=first[-1].id, limit=3)

        assert (len(first), len(rest)) == (3, 2)
        assert "+1555" not in first[0].to

    async def test_retention(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Delivered and failed messages go when their time is over, waiting ones stay."""
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

    # -- quotes and totals

    async def test_totals_add_up(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Totals noted by several processes are sums."""
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

    async def test_logs_name_a_message_by_the_stores_key(self, open_queue: OpenQueue) -> None:
        """Every process of a store has the same reference for a wamid, and it does not contain it."""
        one, other = open_queue(), open_queue()
        for queue in (one, other):
            await queue.check_writable()
        reference = one.message_reference("wamid.HBgN")

        assert reference == other.message_reference("wamid.HBgN")
        assert "HBgN" not in reference
