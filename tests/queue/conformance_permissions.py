"""What every RetryQueue must do with customers who opt out."""

import pytest
from msgspec.structs import replace

from recado.orders import Changes, Permission, PermissionChange, Talk
from recado.outcome import Outcome
from recado.queue.model import AttemptResult, State
from recado.queue.protocol import RetryQueue
from recado.telemetry import metrics
from tests.clock import FakeClock
from tests.queue.conformance_orders import ACCEPTED, COMPLETED, moving, notices, ordered
from tests.queue.events import CRM, kinds
from tests.queue.replies import DELIVERED, NUMBER, UNLIMITED, new_reply, status_of
from tests.queue.sessions import session_by, session_of
from tests.queue.stores import OpenQueue

YEAR = 365 * 86400.0
FAILED = AttemptResult(outcome=Outcome.RETRYABLE, error_class="server", error_code=131000, code_class="5xx")
REFUSED = AttemptResult(outcome=Outcome.PERMANENT, error_class="undeliverable", error_code=131026, code_class="4xx")


def preference(
    clock: FakeClock, *, opted_out: bool = True, at: float | None = None, name: str = "US.1"
) -> PermissionChange:
    """A customer's setting in WhatsApp."""
    return PermissionChange(key=f"{NUMBER}:{name}", opted_out=opted_out, at=clock() if at is None else at)


async def permission_of(queue: RetryQueue, clock: FakeClock) -> Permission:
    return (await session_of(queue, clock)).talk.permission


async def opts_out(queue: RetryQueue, clock: FakeClock, n: int = 900) -> None:
    """Customer 1 opts out in a message."""
    session = await session_of(queue, clock)
    talk = replace(session.talk, permission=Permission(opted_out=True, changed_at=clock()))
    message = new_reply(n, clock, customer=1, changes=Changes(version=session.version, talk=talk))
    await queue.add_message(message, lease=False)


class PermissionConformance:
    """The behaviour; `open_queue(audience, **settings)` opens the same store each time within a test."""

    async def test_the_last_word_counts(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Meta delivers the settings in any order. An unknown customer's counts, too. Each change has one event and is
        counted once."""
        queue = open_queue(CRM, **UNLIMITED)
        said = [
            await queue.change_permission(preference(clock)),
            await queue.change_permission(preference(clock)),
            await queue.change_permission(preference(clock, opted_out=False, at=clock() - 60)),
        ]
        out = await permission_of(queue, clock)
        clock.advance(60)
        said.append(await queue.change_permission(preference(clock, opted_out=False)))
        back = await permission_of(queue, clock)
        totals = queue.snapshot().totals

        assert said == [True, False, False, True]
        assert (out, back) == (Permission(opted_out=True, changed_at=clock() - 60), Permission(changed_at=clock()))
        assert await kinds(queue) == ["customer.opted_out", "customer.opted_in"]
        assert [totals[metrics.PERMISSIONS.name, (change, "preferences")] for change in ("out", "in")] == [1, 1]

    async def test_no_order_is_told_of_to_one_who_has_opted_out(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A waiting notice is discarded; replies to his own messages are sent."""
        queue = open_queue(CRM, **UNLIMITED)
        order = await ordered(queue, clock)
        await queue.move_order(moving(order.number, ACCEPTED))
        await opts_out(queue, clock)
        moved = await queue.move_order(moving(order.number, COMPLETED))
        clock.advance(2)
        claim = await queue.get_messages_to_retry(100)
        replies = [message.wamid for message in claim.messages if message.lane.name == NUMBER]

        assert moved.told is None
        assert replies == ["wamid.IN900"]
        assert len(await queue.list_messages([State.DISCARDED])) == 1
        assert queue.snapshot().totals[metrics.PERMISSIONS.name, ("out", "message")] == 1
        assert "customer.opted_out" in await kinds(queue)

    @pytest.mark.parametrize("how", ["fails", "released", "failed by status", "lease over", "retried"])
    async def test_what_was_under_way_at_an_opt_out_is_not_sent_again(
        self, open_queue: OpenQueue, clock: FakeClock, how: str
    ) -> None:
        """Regardless of the attempt's outcome, and of who asks for another one."""
        queue = open_queue(**UNLIMITED, RECADO_UNKNOWN_GRACE_SECONDS="60")
        order = await ordered(queue, clock)
        await queue.move_order(moving(order.number, ACCEPTED))
        (notice,) = (await queue.get_messages_to_retry(10)).messages
        if how == "failed by status":
            await queue.update_message_attempt(notice, DELIVERED)
        if how == "retried":
            await queue.update_message_attempt(notice, REFUSED)
        clock.advance(1)
        await queue.change_permission(preference(clock))
        match how:
            case "fails":
                await queue.update_message_attempt(notice, FAILED)
            case "released":
                await queue.release(notice)
            case "failed by status":
                await queue.apply_status(status_of(notice, "failed", FAILED))
            case "retried":
                assert await queue.retry([notice.id]) == 0
        sent: list[str | None] = []
        for _ in range(4):
            clock.advance(200)
            sent += [message.wamid for message in (await queue.get_messages_to_retry(10)).messages]

        assert sent == []
        assert await queue.list_messages([State.QUEUED, State.SENDING, State.UNKNOWN]) == []

    async def test_who_opts_in_again_is_told_again(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        queue = open_queue(**UNLIMITED)
        order = await ordered(queue, clock)
        await queue.change_permission(preference(clock))
        await queue.move_order(moving(order.number, ACCEPTED))
        clock.advance(1)
        await queue.change_permission(preference(clock, opted_out=False))
        await queue.move_order(moving(order.number, COMPLETED))

        assert await notices(queue) == ["now completed"]

    async def test_it_outlives_everything_else_that_is_known(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """An idle customer is deleted after a day, but his opt-out stays."""
        queue = open_queue(**UNLIMITED)
        await queue.change_permission(preference(clock))
        await queue.change_permission(preference(clock, opted_out=False, name="US.2"))
        for _ in range(3):
            clock.advance(YEAR)
            await queue.prune()
        other = (await session_of(queue, clock, 2)).version

        assert (await permission_of(queue, clock)).opted_out
        assert other == 0

    async def test_it_follows_a_customer_to_his_new_names(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Also if he was stored under two names until now."""
        queue = open_queue(**UNLIMITED)
        old, new = f"{NUMBER}:US.OLD", f"{NUMBER}:US.NEW"
        await queue.change_permission(preference(clock, name="US.OLD"))
        clock.advance(1)
        await queue.change_permission(preference(clock, opted_out=True, name="US.NEW"))
        clock.advance(1)
        await queue.change_permission(preference(clock, opted_out=False, name="US.NEW"))
        clock.advance(1)
        await queue.change_permission(preference(clock, opted_out=False, name="US.OLD"))
        clock.advance(1)
        await queue.change_permission(preference(clock, name="US.OLD"))
        await queue.rename_customer([old], [new])
        after = await session_by(queue, new_reply(1, clock, key=new))

        assert after.talk == Talk(permission=Permission(opted_out=True, changed_at=clock()))

    async def test_names_that_come_together_share_it(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """If a user writes with a phone number that had opted out, he has opted out."""
        queue = open_queue(**UNLIMITED)
        phone, user = f"{NUMBER}:+15550100001", f"{NUMBER}:US.1"
        await queue.add_message(
            new_reply(1, clock, customer=1, changes=Changes(version=0, talk=Talk(missed=1))), lease=False
        )
        await queue.change_permission(preference(clock, name="+15550100001"))
        await queue.add_message(new_reply(2, clock, key=user, aliases=(phone,)), lease=False)

        assert (await permission_of(queue, clock)).opted_out

    async def test_a_message_that_is_handled_meanwhile_is_handled_again(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """The opt-out gives the session a new version."""
        queue = open_queue(**UNLIMITED)
        await queue.change_permission(preference(clock))
        added = await queue.add_message(new_reply(1, clock, customer=1), lease=True)

        assert added.stale
        assert added.stale.talk.permission.opted_out

    async def test_erasing_leaves_nothing_of_it(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """An erasure deletes the opt-out."""
        queue = open_queue(**UNLIMITED)
        order = await ordered(queue, clock)
        await queue.change_permission(preference(clock))
        await queue.erase_customer("US.1")
        moved = await queue.move_order(moving(order.number, ACCEPTED))

        assert await permission_of(queue, clock) == Permission()
        assert moved.told is None
