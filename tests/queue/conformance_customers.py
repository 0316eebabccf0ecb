"""What every RetryQueue must know about its customers: all their names, and the recent replies to them."""

from typing import Any

import pytest
from msgspec.structs import replace

from recado.queue.model import Added, NewReply, Restraint
from recado.queue.operations.customers import FORGOTTEN_SECONDS, MAX_ALIKE
from recado.whatsapp.content import Text
from tests.clock import FakeClock
from tests.queue.replies import NUMBER, UNLIMITED, new_reply
from tests.queue.sessions import opening, session_of
from tests.queue.stores import OpenQueue

PHONE, USER = f"{NUMBER}:+1", f"{NUMBER}:US.1"
NEW_USER = f"{NUMBER}:US.2"


class CustomerConformance:
    """One customer under several names."""

    @pytest.mark.parametrize(
        "known_by",
        [
            [(PHONE,), (USER, PHONE), (USER,)],
            [(USER, PHONE), (USER,), (PHONE,)],
            [(USER, PHONE), (NEW_USER, PHONE), (NEW_USER,)],
        ],
    )
    async def test_names_that_came_together_are_one_customer(
        self, open_queue: OpenQueue, clock: FakeClock, known_by: list[tuple[str, ...]]
    ) -> None:
        """The customer gets one reply at a time, whether the messages arrive one after the other or in one batch."""
        queue = open_queue()
        adding = [queue.add_message(named(n, clock, *names), lease=True) for n, names in enumerate(known_by)]
        together = [await one for one in adding]
        clock.advance(6)
        later = await queue.add_message(named(9, clock, *known_by[0]), lease=True)

        assert [one.message is not None for one in (*together, later)] == [True, False, False, False]

    async def test_the_same_courtesy_is_silenced_in_the_transaction(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """The message is recorded as seen, but no reply is written; other customers get their replies."""
        queue = open_queue(**UNLIMITED)
        courtesy: dict[str, Any] = {"content": Text("hola"), "courtesy": True}
        added = [
            await queue.add_message(new_reply(n, clock, customer=1, **courtesy), lease=False)
            for n in range(MAX_ALIKE + 1)
        ]
        again = await queue.add_message(new_reply(MAX_ALIKE, clock, customer=1, **courtesy), lease=False)
        other = await queue.add_message(new_reply(90, clock, **courtesy), lease=False)

        assert [one.restraint for one in added] == [None] * MAX_ALIKE + [Restraint.REPETITIVE]
        assert added[-1].id is None
        assert again == Added(id=None, duplicate=True)
        assert other.restraint is None
        assert (await queue.status()).pending_retry == MAX_ALIKE + 1

    async def test_all_pods_count_a_customers_messages_together(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """They count by the minute, under any of his names; redelivered messages do not count. The first one over the
        limit gets another reply, the next ones none."""
        pods = [open_queue(**{**UNLIMITED, "RECADO_CUSTOMER_MESSAGES_PER_MINUTE": "4"}) for _ in range(2)]
        names = [(PHONE, USER), (USER,), (PHONE,)]
        added, again = [], []
        for n in range(7):
            message = named(n, clock, *names[n % 3], patience=Text("wait"))
            added.append(await pods[n % 2].add_message(message, lease=False))
            again.append(await pods[1 - n % 2].add_message(message, lease=False))
        other = await pods[0].add_message(new_reply(90, clock), lease=False)
        clock.advance(60)
        later = await pods[0].add_message(named(91, clock, USER), lease=False)
        shown = await pods[0].show(added[4].id or 0)

        assert [one.patience for one in added] == [False] * 4 + [True] + [False] * 2
        assert [one.restraint for one in added] == [None] * 5 + [Restraint.TOO_MANY] * 2
        assert shown is not None
        assert shown["content"]["body"] == "wait"
        assert all(one.duplicate for one in again)
        assert [(one.patience, one.restraint) for one in (other, later)] == [(False, None)] * 2

    async def test_what_is_over_the_limit_changes_nothing(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """The customer's session stays as it is, and no quote is opened."""
        queue = open_queue(**{**UNLIMITED, "RECADO_CUSTOMER_MESSAGES_PER_MINUTE": "1"})
        await queue.add_message(new_reply(1, clock, customer=1), lease=False)
        added = await queue.add_message(replace(opening(2, clock, "AAAA"), patience=Text("wait")), lease=False)
        session = await session_of(queue, clock)

        assert added.patience
        assert (session.version, session.quote) == (0, None)

    async def test_what_was_told_is_forgotten_in_time(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A customer who comes back later gets the courtesy again."""
        queue = open_queue(**UNLIMITED)
        for n in range(3 * MAX_ALIKE):
            clock.advance(FORGOTTEN_SECONDS + 1)
            message = new_reply(n, clock, customer=1, content=Text("hola"), courtesy=True)
            assert (await queue.add_message(message, lease=False)).restraint is None


def named(n: int, clock: FakeClock, key: str, *aliases: str, **changes: Any) -> NewReply:
    """Message number n of a customer with these names."""
    return replace(new_reply(n, clock, **changes), key=key, aliases=aliases)
