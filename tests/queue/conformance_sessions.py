"""What every RetryQueue must do for sessions: compare and write them with messages, keep and forget them."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from recado.orders import (
    Changes,
    Closing,
    Handoff,
    QuoteState,
    Session,
    Talk,
)
from recado.queue.model import Added, Restraint, State
from recado.queue.operations.customers import MAX_ALIKE
from recado.whatsapp.content import Text
from tests.clock import FakeClock
from tests.queue.replies import (
    NUMBER,
    REJECTED,
    UNLIMITED,
    add_leased,
    new_reply,
    status_of,
)
from tests.queue.sessions import NEW_USER, PHONE, TALK, USER, deciding, opening, quoted, session_by, session_of
from tests.queue.stores import OpenQueue


class SessionConformance:
    """The behaviour; `open_queue(**settings)` opens the same store each time within a test."""

    # -- the version

    async def test_a_stranger_has_the_empty_session(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """His message is written at once; as long as nothing changes, he counts as new."""
        queue = open_queue(**UNLIMITED)
        first = await queue.add_message(new_reply(1, clock, customer=1), lease=True)
        second = await queue.add_message(new_reply(2, clock, customer=1), lease=False)

        assert first.stale is second.stale is None
        assert await session_of(queue, clock) == Session()

    async def test_what_a_message_changes_is_the_next_ones_session(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """In this process and in another one, with exact money and quantities."""
        queue, other = open_queue(**UNLIMITED), open_queue(**UNLIMITED)
        message = opening(1, clock, "AAAA")
        message = replace(message, changes=replace(message.changes, talk=TALK))
        await queue.add_message(message, lease=False)
        session = await session_of(other, clock)

        assert session == Session(version=1, quote=message.changes.opens, talk=TALK)
        assert session == Session().after(message.changes)
        assert session.quote
        assert session.quote.total == Decimal("103.76")

    async def test_a_message_of_an_older_session_writes_nothing(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """It gets the present session, even if it changes nothing. Handled again with that session, it is not a
        duplicate."""
        queue = open_queue(**UNLIMITED)
        await queue.add_message(opening(1, clock, "AAAA"), lease=False)
        stale = await queue.add_message(new_reply(2, clock, customer=1), lease=True)
        rows = await queue.list_messages(list(State))
        assert stale.stale
        again = await queue.add_message(
            new_reply(2, clock, customer=1, changes=Changes(version=stale.stale.version)), lease=True
        )

        assert stale == Added(id=None, duplicate=False, stale=await session_of(queue, clock))
        assert len(rows) == 1
        assert (again.stale, again.duplicate) == (None, False)

    async def test_a_duplicate_is_one_whatever_its_session(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Meta redelivers it after the conversation has continued."""
        queue = open_queue(**UNLIMITED)
        await quoted(queue, clock)
        (first,) = [opening(100, clock, "BBBB")]

        assert await queue.add_message(first, lease=True) == Added(id=None, duplicate=True)

    async def test_of_two_messages_at_once_one_is_stale(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """In one commit or two, in one process or two, as if they came one after the other."""
        queue, other = open_queue(**UNLIMITED), open_queue(**UNLIMITED)
        both = [queue.add_message(opening(n, clock, f"AAA{n}"), lease=False) for n in (1, 2)]
        third = other.add_message(opening(3, clock, "AAA3"), lease=False)
        added = [await one for one in (*both, third)]
        (kept,) = [n for n, one in enumerate(added, 1) if one.stale is None]
        session = await session_of(queue, clock)

        assert session.version == 1
        assert session.quote
        assert session.quote.token == f"AAA{kept}"
        assert [one.stale for one in added if one.stale] == [session, session]

    async def test_a_silent_message_changes_the_session(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Its wamid is recorded as seen, and there is no reply."""
        queue = open_queue(**UNLIMITED)
        held = Changes(version=0, talk=Talk(handoff=Handoff(until=clock() + 60)))
        added = await queue.add_message(new_reply(1, clock, customer=1, content=None, changes=held), lease=True)
        again = await queue.add_message(new_reply(1, clock, customer=1, content=None, changes=held), lease=True)

        assert (added.message, added.duplicate, added.stale) == (None, False, None)
        assert again.duplicate
        assert (await session_of(queue, clock)).talk == held.talk
        assert (await queue.status()).queue_size == 0

    async def test_what_is_restrained_changes_nothing(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A message that gets no reply because of a limit has no effect."""
        queue = open_queue(**UNLIMITED)
        courtesy = new_reply(0, clock, customer=1, content=Text("hola"), courtesy=True)
        for n in range(MAX_ALIKE):
            await queue.add_message(replace(courtesy, wamid=f"wamid.IN{n}"), lease=False)
        last = replace(courtesy, wamid="wamid.IN90", changes=Changes(version=0, talk=TALK))
        added = await queue.add_message(last, lease=False)

        assert added.restraint is Restraint.REPETITIVE
        assert await session_of(queue, clock) == Session()

    async def test_a_session_outlives_its_process(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """It is in the store."""
        queue = open_queue(**UNLIMITED)
        await quoted(queue, clock)
        session = await session_of(queue, clock)
        await queue.close()

        assert session.version == 1
        assert await session_of(open_queue(**UNLIMITED), clock) == session

    # -- who the customer is

    async def test_a_session_is_found_by_every_name(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """By present and earlier names of the customer, and by no name of another one."""
        queue = open_queue(**UNLIMITED)
        await queue.add_message(replace(new_reply(1, clock), key=PHONE), lease=False)
        await queue.add_message(replace(opening(2, clock, "AAAA"), key=USER, aliases=(PHONE,)), lease=False)
        probe = new_reply(9, clock)

        by_name = [await session_by(queue, replace(probe, key=name)) for name in (PHONE, USER)]
        assert by_name[0] == by_name[1]
        assert by_name[0].quote
        assert await session_by(queue, replace(probe, key=NEW_USER)) == Session()

    async def test_a_renamed_customer_keeps_his_session(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """His quote is open under the new names; renaming an unknown customer has no effect."""
        queue = open_queue(**UNLIMITED)
        await queue.add_message(replace(opening(1, clock, "AAAA"), key=USER, aliases=(PHONE,)), lease=False)
        await queue.rename_customer([USER, PHONE], [NEW_USER])
        await queue.rename_customer([f"{NUMBER}:US.8"], [f"{NUMBER}:US.9"])
        probe = new_reply(9, clock, refers="AAAA")

        session = await session_by(queue, replace(probe, key=NEW_USER))
        assert session.quote
        assert session.referred == session.quote
        assert await session_by(queue, replace(probe, key=f"{NUMBER}:US.9")) == Session()

    # -- how long it is kept

    @pytest.mark.parametrize("everything", [False, True])
    async def test_who_has_no_message_left_is_forgotten(
        self, open_queue: OpenQueue, clock: FakeClock, everything: bool
    ) -> None:
        """With a customer's last message, all his data is deleted, including quotes; not while a quote is open, an
        order is stored, or another message waits."""
        queue = open_queue(**UNLIMITED)
        for customer in (1, 2, 3, 4):
            message = await quoted(queue, clock, f"AAA{customer}", customer=customer)
            await queue.apply_status(status_of(message, "delivered"))
        for customer in (1, 4):
            changes = Changes(version=1, closes=Closing(token=f"AAA{customer}", state=QuoteState.REJECTED))
            await queue.add_message(
                new_reply(10 + customer, clock, customer=customer, content=None, changes=changes), lease=False
            )
        session = await session_of(queue, clock, 3, may_order=True)
        await queue.add_message(replace(deciding(13, clock, session, customer=3), content=None), lease=False)
        failed = []
        for customer in (1, 2, 3, 4):
            version = (await session_of(queue, clock, customer)).version
            changes = Changes(version=version)
            message = await add_leased(queue, new_reply(20 + customer, clock, customer=customer, changes=changes))
            await queue.update_message_attempt(message, REJECTED)
            failed.append(message.id)
        await queue.add_message(new_reply(30, clock, customer=4, changes=Changes(version=2)), lease=False)
        erased = await (queue.clear() if everything else queue.remove(failed))
        versions = [(await session_of(queue, clock, customer)).version for customer in (1, 2, 3, 4)]
        quotes = [(await session_of(queue, clock, customer)).quote for customer in (1, 2, 3, 4)]

        assert erased == 4
        assert versions == [0, 1, 2, 2]
        assert [quote is not None for quote in quotes] == [False, True, True, True]
