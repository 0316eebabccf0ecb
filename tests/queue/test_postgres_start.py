"""A queue whose server is not available or not ready: every process starts, waits, and says why."""

import asyncio
import urllib.error
import urllib.request
from pathlib import Path

import psycopg
import pytest

from recado.queue.errors import StoreError, StoreUnavailable
from recado.queue.postgres import PostgresRetryQueue, connections
from recado.queue.postgres.clock import WINDOW_SECONDS, ServerClock
from recado.queue.postgres.migrations import migrate
from recado.runtime import retry_policy
from recado.settings import load
from recado.simulator.installation import Installation, answers, free_port, started
from recado.simulator.postgres import PostgresServer
from tests.clock import FakeClock
from tests.queue.postgres import database_url as database_url
from tests.queue.postgres import postgres as postgres
from tests.queue.replies import new_reply

pytestmark = pytest.mark.xdist_group("postgres")


def opened(url: str) -> PostgresRetryQueue:
    return PostgresRetryQueue(url, retry_policy(load({})))


@pytest.fixture
def fresh(postgres: PostgresServer) -> str:
    """A database without the schema."""
    return postgres.create(f"fresh_{free_port()}")


async def reason_of(queue: PostgresRetryQueue) -> str:
    with pytest.raises(StoreUnavailable) as caught:
        await queue.check_writable()
    return str(caught.value)


class TestOpening:
    """A store connects when it is first needed."""

    async def test_a_missing_server_is_no_error_until_it_is_needed(self) -> None:
        """Each operation then fails, without waiting for a connection each time."""
        queue = opened(f"postgresql://recado@127.0.0.1:{free_port()}/recado")
        first, second = await reason_of(queue), await reason_of(queue)
        with pytest.raises(StoreUnavailable):
            queue.snapshot()
        with pytest.raises(StoreUnavailable):
            queue.message_reference("wamid.1")
        await queue.close()

        assert "onnection" in first
        assert second == first

    async def test_a_database_without_schema_is_waited_for(self, fresh: str) -> None:
        """The error says what to run, and the queue works after that."""
        queue = opened(fresh)
        told = await reason_of(queue)
        migrate(fresh)
        while True:
            try:
                await queue.check_writable()
                break
            except StoreUnavailable:
                await asyncio.sleep(0.02)
        await queue.close()

        assert "recado migrate" in told

    @pytest.mark.parametrize("setting", ["synchronous_commit"])
    async def test_a_database_that_would_lose_commits_is_refused(
        self, postgres: PostgresServer, database_url: str, setting: str
    ) -> None:
        """200 means durable: recado refuses a role or database with such settings."""
        name = database_url.rpartition("/")[2]
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} SET {setting} = off".encode())
        queue = opened(database_url)
        told = await reason_of(queue)
        await queue.close()

        assert f"{setting} = off" in told

    async def test_a_url_that_libpq_cannot_read_is_not_repeated(self) -> None:
        """libpq's message would contain the password."""
        queue = opened("postgresql://recado:s3cret@db/recado?nonsense=1")
        with pytest.raises(StoreError) as caught:
            await queue.check_writable()
        await queue.close()

        assert "s3cret" not in str(caught.value)

    async def test_a_server_that_became_read_only_cannot_be_written(
        self, postgres: PostgresServer, database_url: str
    ) -> None:
        """Managed servers do that when their disk is full; the check notices it without a write."""
        queue = opened(database_url)
        await queue.check_writable()
        name = database_url.rpartition("/")[2]
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        told = await reason_of(queue)
        await queue.close()

        assert told


async def test_a_check_writes_nothing(database_url: str) -> None:
    """Fifty pods are probed every two seconds: a check leaves no batch number."""
    queue = opened(database_url)
    await queue.check_writable()
    with psycopg.connect(database_url, autocommit=True) as connection:
        checked = connection.execute("SELECT id FROM recado.batch").fetchall()
        await queue.retry([1])
        written = connection.execute("SELECT id FROM recado.batch").fetchall()
    await queue.close()

    assert checked == []
    assert len(written) == 1


async def test_processes_start_before_their_database(fresh: str, tmp_path: Path) -> None:
    """Web and drain are alive but not ready, and refuse webhooks, until the schema is migrated; then they work."""
    shop = Installation(tmp_path, {"DATABASE_URL": fresh}, logs=tmp_path)
    web, drain = shop.server(), shop.drain()
    web._is_ready = lambda: answers(f"{web.url}/livez")
    async with started([web, drain]):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{web.url}/readyz", timeout=5)
        told = caught.value.read().decode()
        assert shop.run("migrate") == 0
        async with asyncio.timeout(30):
            while not answers(f"{web.url}/readyz"):
                await asyncio.sleep(0.05)
        ran = web.running, drain.running
        statuses = await shop.status()

    assert (caught.value.code, "recado migrate" in told) == (503, True)
    assert ran == (True, True)
    assert statuses["queue_size"] == 0
    assert "recado migrate" in (tmp_path / "drain.log").read_text()


class TestClock:
    """The server's clock between its responses."""

    def test_the_quickest_answer_counts(self) -> None:
        """Responses arrive late, never early."""
        ours = FakeClock(0.0)
        clock = ServerClock(ours, wall=lambda: 600.0)
        first = clock.now()
        for late in (0.3, 0.01, 0.2):
            ours.advance(1.0)
            clock.learn(1000.0 + ours() - late)

        assert first == 600.0
        assert clock.now() == pytest.approx(1000.0 + ours() - 0.01)

    def test_a_clock_that_was_set_is_followed(self) -> None:
        """After two periods, the earlier time has no effect."""
        ours = FakeClock(0.0)
        clock = ServerClock(ours, wall=lambda: 0.0)
        clock.learn(1000.0)
        for _ in range(2):
            ours.advance(WINDOW_SECONDS + 1)
            clock.learn(500.0 + ours())

        assert clock.now() == pytest.approx(500.0 + ours())


async def test_a_pods_clock_that_is_wrong_changes_nothing(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All pods use the server's clock."""
    monkeypatch.setattr("time.time", lambda: 0.0)
    monkeypatch.setattr(connections, "ServerClock", lambda: ServerClock(wall=lambda: 0.0))
    queue = opened(database_url)
    await queue.check_writable()
    with psycopg.connect(database_url) as connection:
        (server,) = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone() or (0.0,)
    ours = queue.now()
    clock = FakeClock(server)
    added = await queue.add_message(new_reply(1, clock), lease=True)
    await queue.close()

    assert ours == pytest.approx(server, abs=5.0)
    assert added.message is not None
    assert added.message.send_at == pytest.approx(server, abs=5.0)


def test_commands_work_on_it(fresh: str, tmp_path: Path) -> None:
    """Operators' commands work as with a file; backups are refused."""
    shop = Installation(tmp_path, {"DATABASE_URL": fresh}, logs=tmp_path)
    codes = {
        "before": shop.run("queue", "status"),
        "migrate": shop.run("migrate"),
        "again": shop.run("migrate"),
        "status": shop.run("queue", "status"),
        "backup": shop.run("backup", str(tmp_path / "copies")),
        "restore": shop.run("restore", str(tmp_path / "copies")),
    }

    assert codes == {"before": 1, "migrate": 0, "again": 0, "status": 0, "backup": 2, "restore": 2}
    assert "run `recado migrate`" in (tmp_path / "queue.log").read_text()
    assert "the schema is up to date" in (tmp_path / "migrate.log").read_text()
    assert "CloudNativePG" in (tmp_path / "backup.log").read_text()


def test_a_file_needs_no_migration(tmp_path: Path) -> None:
    """The process that opens a file migrates it."""
    shop = Installation(tmp_path, logs=tmp_path)

    assert shop.run("migrate") == 2
    assert "DATABASE_URL is not set" in (tmp_path / "migrate.log").read_text()
