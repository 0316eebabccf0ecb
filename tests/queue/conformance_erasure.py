"""What every RetryQueue must do when a customer is erased."""

from typing import Any

import pytest
from msgspec.structs import replace

from recado.events.facts import USUAL_TYPES, MessageReceived
from recado.orders import Changes, HandoffChange, HandoffReason, Located, OrderState, Session
from recado.queue.model import Audience, Lane, LeasedReply, NewReply, State
from recado.queue.protocol import RetryQueue
from recado.telemetry import metrics
from recado.whatsapp.content import Text
from tests.clock import FakeClock
from tests.queue.conformance_orders import moving, ordered
from tests.queue.events import CRM, TOOK, TWO, asking, claimed, event_in, kinds
from tests.queue.replies import DELIVERED, LANE, NUMBER, REJECTED, UNLIMITED, add_leased, new_reply
from tests.queue.sessions import deciding, opening, quote_named, session_by, session_of
from tests.queue.stores import Kept, OpenQueue

ALL = replace(CRM, wants={"crm": USUAL_TYPES | {"message.received"}})
OTHER = "700000000000002"
PHONE, OLD_PHONE, USER, OLD_USER = "+5215559876543", "+5215551112223", "US.8876501234", "US.1199887766"
#: What must not be on disk afterwards: his names, his words, the replies to him, his address.
HIS = (PHONE[1:], OLD_PHONE[1:], USER, OLD_USER, "Maravillas", "wamid.IN4", "jeans")


def written(n: int, clock: FakeClock, *names: str, number: str = NUMBER, **changes: Any) -> NewReply:
    """Message number n of the customer with these names, to a business number."""
    key, *aliases = [f"{number}:{name}" for name in names]
    return new_reply(
        n,
        clock,
        wamid=f"wamid.IN4{n}",
        lane=Lane(LANE.channel, number),
        key=key,
        aliases=tuple(aliases),
        phone=next((name for name in names if name.startswith("+")), None),
        user_id=next((name for name in names if not name.startswith("+")), None),
        facts=(MessageReceived(kind="text", text=f"Maravillas {n}"),),
        **{"content": Text(f"Maravillas {n}"), **changes},
    )


async def session(queue: RetryQueue, clock: FakeClock, *names: str, **more: Any) -> Session:
    return await session_by(queue, written(9999, clock, *names, **more))


async def lived(queue: RetryQueue, clock: FakeClock) -> tuple[int, LeasedReply]:
    """Creates a customer with earlier names, an order with a location, an open quote, failed, waiting and sending
    replies, events for an endpoint, and a conversation with the other business number. Returns the number of his order,
    and the reply that is being sent."""
    opens = Changes(version=0, opens=quote_named("HISA", clock))
    await queue.update_message_attempt(await add_leased(queue, written(1, clock, OLD_PHONE, changes=opens)), DELIVERED)
    present = await session(queue, clock, OLD_USER, OLD_PHONE, may_order=True)
    changes = deciding(2, clock, present).changes
    await queue.add_message(written(2, clock, OLD_USER, OLD_PHONE, changes=changes), lease=False)
    order = (await session(queue, clock, OLD_USER)).order
    assert order
    await queue.rename_customer([f"{NUMBER}:{OLD_USER}"], [f"{NUMBER}:{USER}"])
    version = (await session(queue, clock, USER)).version
    located = Changes(version=version, locates=Located(number=order.number, location="Maravillas 7"))
    await queue.add_message(written(3, clock, USER, PHONE, changes=located), lease=False)
    opens = Changes(version=version + 1, opens=quote_named("HISB", clock))
    await queue.add_message(written(4, clock, USER, changes=opens), lease=False)
    elsewhere = await add_leased(queue, written(5, clock, PHONE, number=OTHER))
    await queue.update_message_attempt(elsewhere, REJECTED)
    sending = await add_leased(queue, written(6, clock, PHONE, number=OTHER))
    events = await claimed(queue)
    await queue.update_message_attempt(events[0], TOOK)
    return order.number, sending


class ErasureConformance:
    """Erasing a customer; `open_queue(audience, **settings)` opens the same store each time within a test."""

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock(1795000000.0)

    @pytest.mark.parametrize("name", [PHONE, OLD_PHONE, USER, OLD_USER])
    async def test_nothing_of_him_is_left(self, open_queue: OpenQueue, clock: FakeClock, kept: Kept, name: str) -> None:
        """Under any of his names, at every business number. The order and other customers stay."""
        queue = open_queue(ALL, **UNLIMITED)
        for other in range(40):
            await queue.add_message(opening(100 + other, clock, f"OTHR{other}", customer=10 + other), lease=False)
        number, _ = await lived(queue, clock)
        taken = HandoffChange(key=f"{NUMBER}:{USER}", why=HandoffReason.STAFF, at=clock(), until=clock() + 60)
        await queue.change_handoff(taken)
        assert all(word.encode() in kept() for word in HIS)
        erased = await queue.erase_customer(name)
        left = kept()

        assert [word for word in HIS if word.encode() in left] == []
        assert (erased.orders, erased.quotes, erased.conversations) == (1, 2, 2)
        assert erased.replies >= 5
        order = await queue.get_order(number)
        assert order
        assert (order.phone, order.user_id, order.order.location, order.order.left_out) == (None, None, None, ())
        assert (str(order.order.total), order.order.placed_at) == ("103.76", clock())
        assert b"OTHR39" in left
        assert b"+15550100049" in left

    async def test_his_next_message_is_a_strangers(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """This includes a message that was handled with his session during the erasure. The result of the send under
        way is not recorded."""
        queue = open_queue(ALL, **UNLIMITED)
        _, sending = await lived(queue, clock)
        version = (await session(queue, clock, USER)).version
        await queue.erase_customer(USER)
        late = await queue.add_message(written(8, clock, USER, PHONE, changes=Changes(version=version)), lease=False)
        assert late.stale == Session()
        fresh = await queue.add_message(written(8, clock, USER, PHONE), lease=True)

        assert fresh.message
        assert await queue.update_message_attempt(sending, DELIVERED) is None
        assert [entry.id for entry in await queue.list_messages(list(State))] == [fresh.message.id]

    async def test_the_shops_systems_are_told(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Each of his conversations gets one event with references only, the last of its sequence; so does a later
        conversation."""
        queue = open_queue(ALL, **UNLIMITED)
        await lived(queue, clock)
        before = await queue.events.after(0, limit=100)
        await queue.erase_customer(PHONE)
        events = await queue.events.after(0, limit=100)

        assert [event.kind for event in events] == ["customer.erased", "customer.erased"]
        for event in events:
            assert (event.customer.phone, event.customer.user_id, event.data) == (None, None, {})
            ours = [one for one in before if one.conversation == event.conversation]
            assert event.sequence == max(one.sequence for one in ours) + 1
        sent = await claimed(queue)
        assert {event_in(message).id for message in sent} == {event.id for event in events}
        await queue.add_message(written(8, clock, OLD_PHONE), lease=False)
        back = (await queue.events.after(events[-1].id, limit=100))[0]
        assert [back.sequence - 1] == [one.sequence for one in events if one.conversation == back.conversation]

    async def test_what_was_kept_without_a_session_goes_too(
        self, open_queue: OpenQueue, clock: FakeClock, kept: Kept
    ) -> None:
        """Failed replies and events are kept longer than the names of a customer."""
        queue = open_queue(ALL, **UNLIMITED)
        await queue.update_message_attempt(await add_leased(queue, written(1, clock, USER, PHONE)), REJECTED)
        await queue.prune()
        clock.advance(2 * 86400)
        await queue.prune()
        assert (await session(queue, clock, PHONE)).version == 0
        assert PHONE[1:].encode() in kept()
        erased = await queue.erase_customer(PHONE)

        assert erased.replies == 1
        assert PHONE[1:].encode() not in kept()
        assert USER.encode() not in kept()

    async def test_somebody_unknown(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Erasing an unknown customer changes nothing and writes no event."""
        queue = open_queue(ALL, **UNLIMITED)
        await queue.add_message(opening(1, clock, "AAAA"), lease=False)
        erased = await queue.erase_customer("+15550109999")

        assert erased.conversations == erased.replies == 0
        assert "customer.erased" not in [event.kind for event in await queue.events.after(0, limit=100)]

    async def test_an_order_without_its_customer_is_moved(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Only the shop's systems are told, without the customer."""
        queue = open_queue(ALL, **UNLIMITED)
        number, _ = await lived(queue, clock)
        await queue.erase_customer(PHONE)
        moved = await queue.move_order(moving(number, OrderState.ACCEPTED))
        last = (await queue.events.after(0, limit=100))[-1]

        assert moved.told is None
        assert (last.kind, last.customer.phone, last.customer.user_id) == ("order.updated", None, None)

    async def test_the_totals_add_up(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Waiting replies count as discarded and an open quote as withdrawn, so that nothing seems to wait forever."""
        queue = open_queue(Audience(), **UNLIMITED)
        opens = Changes(version=0, opens=quote_named("HISA", clock))
        await queue.add_message(written(1, clock, PHONE, changes=opens), lease=False)
        await queue.erase_customer(PHONE)
        totals = queue.snapshot().totals

        assert totals[metrics.QUEUED.name, ()] == 1
        assert totals[metrics.FINISHED.name, ("discarded",)] == 1
        assert totals[metrics.QUOTES.name, ("withdrawn", "text")] == 1
        assert sum(queue.snapshot().rows.values()) == 0

    @pytest.mark.parametrize("name", ["+15550100001", "US.1"])
    async def test_nothing_is_left_but_the_order(self, open_queue: OpenQueue, clock: FakeClock, name: str) -> None:
        """Under any of his names. The order stays, and the CRM gets events with references only."""
        queue = open_queue(TWO, **UNLIMITED)
        order = await ordered(queue, clock, 1)
        other = await ordered(queue, clock, 2)
        current = Changes(version=(await session_of(queue, clock, 1)).version)
        await queue.add_message(replace(asking(3, clock, customer=1), changes=current), lease=False)
        before = await queue.events.after(0, limit=100)
        erased = await queue.erase_customer(name)
        events = await queue.events.after(0, limit=100)
        last, (kept, *_) = events[-1], await queue.list_orders()

        assert (erased.quotes, erased.orders, erased.events) == (1, 1, 3)
        assert (kept.order.number, kept.order.total, kept.order.lines) == (order.number, order.total, order.lines)
        assert (kept.phone, kept.user_id, kept.order.left_out) == (None, None, ())
        assert last.kind == "customer.erased"
        assert (last.customer.phone, last.customer.user_id) == (None, None)
        assert (last.conversation, last.customer.ref) == (before[0].conversation, before[0].customer.ref)
        assert {event.conversation for event in events[:-1]} == {before[2].conversation}
        assert (await session_of(queue, clock, 1)).version == 0
        assert (await session_of(queue, clock, 2)).order == other
        assert "customer.erased" in [event_in(message).kind for message in await claimed(queue)]

    async def test_who_comes_back_is_a_stranger(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """He can be erased again; for an unknown customer there is nothing to erase."""
        queue = open_queue(CRM, **UNLIMITED)
        for n in (1, 2):
            added = await queue.add_message(opening(n, clock, f"AAA{n}", customer=1), lease=False)
            assert added.stale is None
            assert (await queue.erase_customer("US.1")).found
        assert not (await queue.erase_customer("US.1")).found
        assert (await kinds(queue)).count("customer.erased") == 2
