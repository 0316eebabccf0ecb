"""Failures of a server or the network during a batch: nothing is lost, and no caller gets a wrong result."""

import asyncio
import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import psycopg
import pytest

from recado.queue.errors import StoreUnavailable
from recado.queue.model import NewReply
from recado.queue.postgres import PostgresRetryQueue, connection, connections
from recado.queue.postgres.clock import ServerClock
from recado.queue.postgres.connections import PostgresStatements, Statement
from recado.queue.reach import NOTHING
from recado.queue.statements import Statements
from recado.queue.store import NoObserver
from recado.runtime import retry_policy
from recado.settings import load
from recado.simulator.postgres import PostgresServer
from recado.telemetry.metric import Metric
from recado.telemetry.metrics import STORE_DEADLOCKS, STORE_IN_DOUBT, STORE_RECONNECTS
from tests.clock import FakeClock
from tests.queue.postgres import database_url as database_url
from tests.queue.postgres import postgres as postgres
from tests.queue.proxy import Mode, Proxy
from tests.queue.replies import UNLIMITED, new_reply
from tests.waiting import PATIENCE_SECONDS, until

pytestmark = pytest.mark.xdist_group("postgres")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(time.time())


@pytest.fixture
def proxy(postgres: PostgresServer) -> Iterator[Proxy]:
    """A proxy before the session's server."""
    one = Proxy(postgres.port)
    yield one
    one.close()


class Counted(NoObserver):
    """Remembers the counted events."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, ...]] = Counter()

    def counted(self, metric: Metric, *labels: str) -> None:
        self.counts[metric.name, *labels] += 1

    def doubts(self) -> dict[str, int]:
        """Commits in doubt by outcome."""
        return {labels[0]: n for (name, *labels), n in self.counts.items() if name == STORE_IN_DOUBT.name}


def opened(url: str, observer: NoObserver | None = None) -> PostgresRetryQueue:
    return PostgresRetryQueue(url, retry_policy(load(UNLIMITED)), observer=observer)


def behind(proxy: Proxy, url: str, observer: NoObserver | None = None) -> PostgresRetryQueue:
    """A queue that connects through the proxy."""
    head, _, rest = url.rpartition("@")
    return opened(f"{head}@127.0.0.1:{proxy.port}/{rest.partition('/')[2]}", observer)


def messages(url: str) -> list[str]:
    """The customers' messages whose replies are in the database."""
    with psycopg.connect(url) as server:
        return [wamid for (wamid,) in server.execute("SELECT wamid FROM recado.entry ORDER BY id")]


async def connected(queue: PostgresRetryQueue) -> None:
    """Waits until both connections of a write are open."""
    await queue.check_writable()
    with queue.database._pacing.use():
        pass


def problems(queue: PostgresRetryQueue) -> frozenset[str]:
    """The problems of the server."""
    server = queue.snapshot().sizes.server
    assert server is not None
    return server.problems


async def until_added(queue: PostgresRetryQueue, message: NewReply) -> int:
    """Adds a message as Meta delivers it, again until it is accepted; returns how often it was refused."""
    refused = 0
    while True:
        try:
            await queue.add_message(message, lease=False)
            return refused
        except StoreUnavailable:
            refused += 1
            await asyncio.sleep(0.02)


class TestInDoubt:
    """The connection is lost while a COMMIT is under way."""

    async def test_what_was_committed_is_told_as_done(self, proxy: Proxy, database_url: str, clock: FakeClock) -> None:
        """The caller gets the result of the transaction, with its lease; nothing is written twice."""
        seen = Counted()
        queue = behind(proxy, database_url, seen)
        await connected(queue)
        proxy.mode = Mode.LOSE_RESPONSE
        added = await queue.add_message(new_reply(1, clock), lease=True)
        again = await queue.add_message(new_reply(1, clock), lease=True)
        await queue.close()

        assert proxy.lost == 1
        assert not added.duplicate
        assert added.message is not None
        assert again.duplicate
        assert len(messages(database_url)) == 1
        assert seen.doubts() == {"committed": 1}
        assert seen.counts[STORE_RECONNECTS.name,] == 1

    async def test_what_was_not_committed_is_told_as_not_recorded(
        self, proxy: Proxy, database_url: str, clock: FakeClock
    ) -> None:
        """Meta delivers it again, and it is not a duplicate."""
        seen = Counted()
        queue = behind(proxy, database_url, seen)
        await connected(queue)
        proxy.mode = Mode.LOSE_COMMIT
        with pytest.raises(StoreUnavailable):
            await queue.add_message(new_reply(1, clock), lease=True)
        before = messages(database_url)
        again = await queue.add_message(new_reply(1, clock), lease=True)
        await queue.close()

        assert before == []
        assert not again.duplicate
        assert seen.doubts() == {"not_committed": 1}

    async def test_when_nobody_can_tell_it_says_so(
        self, proxy: Proxy, database_url: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The server is down for longer than recado asks."""
        monkeypatch.setattr(connections, "IN_DOUBT_SECONDS", 0.1)
        seen = Counted()
        queue = behind(proxy, database_url, seen)
        await connected(queue)
        proxy.mode = Mode.LOSE_RESPONSE
        proxy.stop()
        with pytest.raises(StoreUnavailable, match="not known whether"):
            await queue.add_message(new_reply(1, clock), lease=True)
        await queue.close()

        assert len(messages(database_url)) == 1
        assert seen.doubts() == {"unresolved": 1}

    async def test_a_process_leaves_one_number(self, database_url: str, clock: FakeClock) -> None:
        """Regardless of the number of batches. Numbers of processes that ended a day ago are deleted when the next
        process connects."""
        queue = opened(database_url)
        for n in range(3):
            await queue.add_message(new_reply(n, clock), lease=False)
        await queue.close()
        with psycopg.connect(database_url, autocommit=True) as server:
            left = server.execute("SELECT count(*) FROM recado.batch").fetchone()
            server.execute("UPDATE recado.batch SET committed_at = committed_at - 100000")
        other = opened(database_url)
        await other.check_writable()
        await other.close()
        with psycopg.connect(database_url) as server:
            after = server.execute("SELECT count(*) FROM recado.batch").fetchone()

        assert left == (1,)
        assert after == (0,)


class TestServer:
    """The server freezes, or its processes end."""

    async def test_a_frozen_server_costs_the_deadline(
        self, postgres: PostgresServer, database_url: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Writes and reads fail instead of waiting forever, and work when the server responds again."""
        queue = opened(database_url)
        await queue.status()
        await queue.check_writable()
        monkeypatch.setattr(connection, "DEADLINE_SECONDS", 0.3)
        monkeypatch.setattr(connections, "IN_DOUBT_SECONDS", 0.3)
        monkeypatch.setitem(connection.DEFAULTS, "connect_timeout", "2")
        postgres.freeze()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                refused = await asyncio.gather(
                    queue.add_message(new_reply(1, clock), lease=False), queue.status(), return_exceptions=True
                )
        finally:
            postgres.thaw()
        await until_added(queue, new_reply(1, clock))
        await queue.close()

        assert [type(one) for one in refused] == [StoreUnavailable, StoreUnavailable]
        assert len(messages(database_url)) == 1

    async def test_ended_connections_are_made_again(self, database_url: str, clock: FakeClock) -> None:
        """After a failover, or by an administrator: one batch may fail, the next succeeds."""
        queue = opened(database_url)
        await queue.add_message(new_reply(1, clock), lease=False)
        with psycopg.connect(database_url, autocommit=True) as server:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        refused = await until_added(queue, new_reply(2, clock))
        await queue.close()

        assert refused >= 1
        assert len(messages(database_url)) == 2

    async def test_ids_go_on_after_a_crash_that_no_connection_saw(self, database_url: str, clock: FakeClock) -> None:
        """A crash empties unlogged tables; behind a pooler recado's connections survive it."""
        queue = opened(database_url)
        ahead = time.time() + 3600
        await queue.add_message(new_reply(1, clock), lease=False)
        with psycopg.connect(database_url, autocommit=True) as server:
            server.execute("UPDATE recado.entry SET id = %s", (int(ahead * 1e6),))
            server.execute("TRUNCATE recado.next_id, recado.pace")
        await queue.expire()
        await queue.add_message(new_reply(2, clock), lease=False)
        with psycopg.connect(database_url) as server:
            first, second = server.execute("SELECT id FROM recado.entry ORDER BY written_at, id").fetchall()
        await queue.close()

        assert messages(database_url) == ["wamid.IN1", "wamid.IN2"]
        assert second > first

    @pytest.mark.parametrize("how", ["write", "read"])
    def test_a_process_that_stops_in_its_transaction_does_not_hold_up_the_others(
        self, database_url: str, how: str
    ) -> None:
        """Its node may be lost while the network keeps the connection: the server ends an idle transaction."""
        other, holder = (PostgresRetryQueue(database_url, retry_policy(load({}))).database for _ in range(2))
        limits: list[str] = []
        stopped, others_went_on = threading.Event(), threading.Event()

        def stop(found: Statements) -> None:
            assert isinstance(found, PostgresStatements)
            ours = found._connection
            limits.extend(limit for (limit,) in ours.execute("SHOW idle_in_transaction_session_timeout"))
            ours.execute("SET LOCAL idle_in_transaction_session_timeout = '200ms'")
            found.run("get_meta")
            stopped.set()
            others_went_on.wait(PATIENCE_SECONDS)

        def hold() -> None:
            with contextlib.suppress(StoreUnavailable):
                holder.write(stop) if how == "write" else holder.read(stop, settled=True)

        thread = threading.Thread(target=hold)
        thread.start()
        assert stopped.wait(PATIENCE_SECONDS)
        waiting = threading.Thread(target=other.write, args=(lambda found: None,))
        waiting.start()
        waiting.join(connection.DEADLINE_SECONDS - 1)  # then the holder would end it, which does run
        went_on = not waiting.is_alive()
        others_went_on.set()
        for ending in (thread, waiting):
            ending.join()
        for one in (other, holder):
            one.close()

        assert went_on
        assert limits == ["5s"]


class TestObserved:
    """The metrics about a server and the connections to it."""

    def test_a_deadlock_is_counted_and_done_again(self, database_url: str) -> None:
        """The server ends one of two transactions that wait for each other; both are recorded."""
        seen = Counted()
        both = threading.Barrier(2)
        tried: list[int] = []

        def crossed(first: int, second: int) -> Callable[[Statements], None]:
            def work(found: Statements) -> None:
                tried.append(first)
                found.run("lock", first)
                if len(tried) <= 2:
                    both.wait(PATIENCE_SECONDS)
                found.run("lock", second)

            return work

        pods = [opened(database_url, seen).database for _ in range(2)]
        for pod in pods:
            pod._queries["lock"] = Statement(b"SELECT pg_advisory_xact_lock($1)", writes=False, returns=True)
        threads = [
            threading.Thread(target=pod.write, args=(crossed(*order), NOTHING))
            for pod, order in zip(pods, ((1, 2), (2, 1)), strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
        for pod in pods:
            pod.close()

        assert len(tried) == 3
        assert seen.counts == {(STORE_DEADLOCKS.name,): 1}

    async def test_a_pods_clock_is_compared_with_the_servers(
        self, database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A pod whose clock is ten minutes ahead reports that."""
        monkeypatch.setattr(connections, "ServerClock", lambda: ServerClock(wall=lambda: time.time() + 600))
        queue = opened(database_url)
        await queue.check_writable()
        server = queue.snapshot().sizes.server
        await queue.close()

        assert server is not None
        assert server.clock_offset_seconds == pytest.approx(600, abs=5)

    async def test_what_is_wrong_with_a_server_is_told(self, postgres: PostgresServer, database_url: str) -> None:
        """Each problem is caused, seen, and removed; a healthy server has none."""
        queue = opened(database_url)
        before = problems(queue)
        with psycopg.connect(database_url, autocommit=True) as server:
            server.execute("ALTER SYSTEM SET full_page_writes = off")
            server.execute("ALTER SYSTEM SET autovacuum = off")
            server.execute("SELECT pg_reload_conf()")
            server.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'recado.entry_pkey'::regclass")
            try:
                await until(lambda: len(problems(queue)) == 3)
                found = problems(queue)
            finally:
                server.execute("ALTER SYSTEM RESET ALL")
                server.execute("SELECT pg_reload_conf()")
        await queue.close()

        assert before == frozenset()
        assert found == {"full_page_writes_off", "tables_not_vacuumed", "index_invalid"}

    async def test_a_pooler_is_told(self, postgres: PostgresServer, database_url: str) -> None:
        """A pooler is a problem because statements cost more behind it."""
        proxy = Proxy(postgres.port, pooler=True)
        queue = behind(proxy, database_url)
        found = problems(queue)
        await queue.close()
        proxy.close()

        assert found == {"pooler_between"}

    async def test_totals_that_wait_to_be_added_up_are_counted(self, database_url: str, clock: FakeClock) -> None:
        """Each transaction leaves one row until a process folds them."""
        queue = opened(database_url)
        queue.database._folded_at = float("inf")
        for n in range(3):
            await queue.add_message(new_reply(n, clock), lease=False)
        before = queue.snapshot().sizes.server
        queue.database._folded_at = float("-inf")
        await queue.add_message(new_reply(3, clock), lease=False)
        after = queue.snapshot().sizes.server
        await queue.close()

        assert before is not None
        assert after is not None
        assert (before.delta_rows, after.delta_rows) == (3, 0)
