"""What pods on one PostgreSQL add up and number together: totals and ids."""

import asyncio

import psycopg
import pytest

from recado.queue.errors import StoreUnavailable
from recado.queue.postgres import PostgresRetryQueue, connections
from recado.queue.reach import Reach
from recado.queue.statements import Statements
from recado.runtime import retry_policy
from recado.settings import load
from recado.simulator.postgres import PostgresServer
from tests.clock import FakeClock
from tests.queue.events import CRM, asking
from tests.queue.pods import Held, Open, rows
from tests.queue.pods import open_pod as open_pod
from tests.queue.postgres import database_url as database_url
from tests.queue.postgres import postgres as postgres
from tests.queue.replies import UNLIMITED, add_leased, new_reply

pytestmark = pytest.mark.xdist_group("postgres")


class TestLog:
    """Readers of events and orders continue after the last one that they have seen."""

    async def test_no_event_is_passed_over(self, open_pod: Open, clock: FakeClock) -> None:
        """A transaction that got its ids first may commit last: the reader waits for it."""
        holder, pod = open_pod(CRM, **UNLIMITED), open_pod(CRM, **UNLIMITED)

        ids: list[int] = []

        def take_id(found: Statements) -> None:
            ids.append(found.run("take_ids", int(clock() * 1e6), 1)[0][0])

        with Held(holder, Reach(names=("k",)), take_id) as held:
            await pod.add_message(asking(1, clock), lease=False)
            reading = asyncio.ensure_future(pod.events.after(0, limit=10))
            await asyncio.wait({reading}, timeout=0.2)
            waited = not reading.done()
            held.end()
            events = await reading

        assert waited
        assert [event.id > ids[0] for event in events] == [True]


class TestTotals:
    """Each transaction inserts totals, and one process adds them up."""

    async def test_adding_up_changes_nothing(
        self, open_pod: Open, clock: FakeClock, database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A reader sees the same before and after; then there is nothing left to add up."""
        monkeypatch.setattr(connections, "FOLD_SECONDS", 1e9)
        pod = open_pod(**UNLIMITED)
        for n in range(5):
            await add_leased(pod, new_reply(n, clock))
        before, apart = pod.snapshot(), rows(database_url, "SELECT count(*) > 0 FROM delta")
        with psycopg.connect(database_url) as server:
            server.execute(connections.FOLD)
        after = pod.snapshot()

        assert apart == [(True,)]
        assert (before.totals, before.rows) == (after.totals, after.rows)
        assert rows(database_url, "SELECT (SELECT count(*) FROM delta), (SELECT count(*) FROM state_delta)") == [(0, 0)]

    async def test_who_writes_adds_up_now_and_then(
        self, open_pod: Open, clock: FakeClock, database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A process that writes adds the totals up, so few rows remain."""
        monkeypatch.setattr(connections, "FOLD_SECONDS", 0.0)
        pod = open_pod(**UNLIMITED)
        for n in range(5):
            await add_leased(pod, new_reply(n, clock))

        assert rows(database_url, "SELECT count(*) <= 2 FROM delta") == [(True,)]


async def test_a_crash_gives_no_id_twice(database_url: str, postgres: PostgresServer, clock: FakeClock) -> None:
    """The next id is in a table that a crash empties; the next connection derives it from the rows."""
    pod = PostgresRetryQueue(database_url, retry_policy(load(UNLIMITED)), clock=clock)
    for n in range(3):
        await add_leased(pod, new_reply(n, clock))
    before = rows(database_url, "SELECT max(id) FROM entry")[0][0]
    postgres.stop("immediate")
    postgres.start()
    clock.advance(-3600)
    async with asyncio.timeout(30):
        while True:
            try:
                added = await pod.add_message(new_reply(10, clock), lease=False)
                break
            except StoreUnavailable:
                await asyncio.sleep(0.05)
    await pod.close()

    assert added.id is not None
    assert added.id > before
