"""What every RetryQueue must do with quotes that customers do not answer."""

import pytest
from msgspec.structs import replace

from recado.orders import Changes, Closing, Handoff, HandoffChange, HandoffReason, QuoteState, Session
from recado.queue.model import Audience, LeasedReply, Reminding
from recado.queue.protocol import RetryQueue
from recado.telemetry import metrics
from recado.whatsapp.content import Text
from tests.clock import FakeClock
from tests.queue.conformance_permissions import preference
from tests.queue.replies import DELIVERED, NUMBER, UNLIMITED, new_reply
from tests.queue.sessions import quoted, session_of
from tests.queue.stores import OpenQueue

HOUR, DAY = 3600.0, 86400.0
WINDOW = DAY - 300
AUDIENCE = Audience(
    reminding=Reminding(seconds=HOUR, window_seconds=WINDOW, says=lambda quote: Text(f"remember {quote.token}"))
)
#: Midnight of a day by UTC.
MIDNIGHT = 1_790_035_200.0


async def reminded(queue: RetryQueue) -> list[LeasedReply]:
    """The reminders that a drain sends now."""
    await queue.expire()
    claim = await queue.get_messages_to_retry(100)
    for message in claim.messages:
        assert isinstance(message.content, Text)
        assert message.content.body.startswith("remember")
    return list(claim.messages)


async def answers(queue: RetryQueue, clock: FakeClock, session: Session, **changes: object) -> None:
    """Customer 1 writes, and his reply is sent."""
    message = new_reply(500, clock, customer=1, changes=Changes(version=session.version, **changes))  # type: ignore[arg-type]  # fields by name
    added = await queue.add_message(message, lease=True)
    assert added.message
    await queue.update_message_attempt(added.message, DELIVERED)


class ReminderConformance:
    """The behaviour; `open_queue(audience, **settings)` opens the same store each time within a test."""

    @pytest.fixture
    def clock(self) -> FakeClock:
        clock = FakeClock()
        clock.advance(MIDNIGHT + 12 * HOUR - clock())
        return clock

    async def test_a_quote_is_reminded_of_once(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """An hour after it was sent, at the same address; not again for a day, even for other quotes."""
        queue = open_queue(AUDIENCE, **UNLIMITED)
        await quoted(queue, clock)
        clock.advance(HOUR - 1)
        early = await reminded(queue)
        clock.advance(1)
        (message,) = await reminded(queue)
        await queue.update_message_attempt(message, DELIVERED)
        clock.advance(HOUR)
        again = await reminded(queue)
        await quoted(queue, clock, "BBBB")
        clock.advance(2 * HOUR)
        other = await reminded(queue)

        assert early == again == other == []
        assert message.content == Text("remember AAAA")
        assert (message.wamid, message.lane.name, message.user_id) == (None, NUMBER, "US.1")
        assert queue.snapshot().totals[metrics.REMINDERS.name, ()] == 1

    async def test_nobody_is_reminded_unless_it_is_set(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        queue = open_queue(**UNLIMITED)
        await quoted(queue, clock)
        clock.advance(3 * HOUR)

        assert await reminded(queue) == []

    @pytest.mark.parametrize("how", ["rejected", "wrote", "opted out", "held", "not delivered", "window", "over"])
    async def test_nobody_is_reminded_who_should_not_be(
        self, open_queue: OpenQueue, clock: FakeClock, how: str
    ) -> None:
        """A customer gets none if he has answered, opted out, is talking to a person or has not seen the quote, or if
        the window or the quote's time is over."""
        queue = open_queue(AUDIENCE, **UNLIMITED)
        if how == "not delivered":
            message = new_reply(1, clock, customer=1)
            await queue.add_message(message, lease=False)
        else:
            await quoted(queue, clock)
        await self._until(queue, clock, how)
        await queue.expire()
        claim = await queue.get_messages_to_retry(100)

        assert [message for message in claim.messages if message.wamid is None] == []

    async def _until(self, queue: RetryQueue, clock: FakeClock, how: str) -> None:
        session = await session_of(queue, clock)
        clock.advance(60)
        match how:
            case "rejected":
                await answers(queue, clock, session, closes=Closing(token="AAAA", state=QuoteState.REJECTED))
            case "wrote":
                await answers(queue, clock, session)
            case "opted out":
                await queue.change_permission(preference(clock))
            case "held":
                hold = HandoffChange(key=f"{NUMBER}:US.1", why=HandoffReason.STAFF, at=clock(), until=clock() + DAY)
                await queue.change_handoff(hold)
        clock.advance({"window": WINDOW, "over": DAY}.get(how, 2 * HOUR))

    @pytest.mark.parametrize(
        ("hour", "reminds"), [(8.5, False), (9.0, True), (19.9, True), (20.0, False), (3.0, False)]
    )
    async def test_nobody_is_reminded_at_night(
        self, open_queue: OpenQueue, clock: FakeClock, hour: float, reminds: bool
    ) -> None:
        """Night is by the shop's time zone."""
        bogota = replace(AUDIENCE.reminding, timezone="America/Bogota")  # 5 hours behind UTC, all year
        queue = open_queue(replace(AUDIENCE, reminding=bogota), **UNLIMITED)
        clock.advance((hour + 5 - 12 + 24) % 24 * HOUR - HOUR)
        await quoted(queue, clock)
        clock.advance(HOUR)

        assert len(await reminded(queue)) == reminds

    @pytest.mark.parametrize("how", ["wrote", "opted out", "held"])
    async def test_a_reminder_that_waits_is_not_sent_after_an_answer(
        self, open_queue: OpenQueue, clock: FakeClock, how: str
    ) -> None:
        """The reminder waited during an outage; meanwhile the customer wrote, or a person took over."""
        queue = open_queue(AUDIENCE, **UNLIMITED)
        await quoted(queue, clock)
        clock.advance(HOUR)
        await queue.expire()
        session = await session_of(queue, clock)
        clock.advance(1)
        match how:
            case "wrote":
                message = new_reply(500, clock, customer=1, changes=Changes(version=session.version))
                await queue.add_message(message, lease=False)
            case "opted out":
                await queue.change_permission(preference(clock))
            case "held":
                talk = replace(session.talk, handoff=Handoff(until=clock() + DAY, changed_at=clock()))
                message = new_reply(500, clock, customer=1, changes=Changes(version=session.version, talk=talk))
                await queue.add_message(message, lease=False)
        clock.advance(5)
        sent = [message.wamid for message in (await queue.get_messages_to_retry(10)).messages]
        clock.advance(5)
        sent += [message.wamid for message in (await queue.get_messages_to_retry(10)).messages]

        assert sent == ([] if how == "opted out" else ["wamid.IN500"])
