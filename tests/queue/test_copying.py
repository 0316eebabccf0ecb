"""A queue moves from a SQLite file to PostgreSQL with all its guarantees."""

import time
from pathlib import Path

import psycopg
import pytest

from recado.queue import copying
from recado.queue.errors import StoreError
from recado.queue.model import StatusUpdate
from recado.queue.postgres import PostgresRetryQueue
from recado.queue.sqlite import SqliteRetryQueue
from recado.runtime import retry_policy
from recado.settings import load
from recado.simulator.installation import Installation
from recado.simulator.postgres import PostgresServer
from tests.clock import FakeClock
from tests.queue.conformance_traces import add, trace
from tests.queue.postgres import database_url as database_url
from tests.queue.postgres import postgres as postgres
from tests.queue.replies import DELIVERED, REJECTED, UNLIMITED, add_leased, new_reply
from tests.queue.sessions import deciding, opening, session_of

pytestmark = pytest.mark.xdist_group("postgres")
POLICY = retry_policy(load(UNLIMITED))


async def test_everything_goes_along(tmp_path: Path, database_url: str) -> None:
    """Waiting replies are sent, seen messages are duplicates, a late status finds its attempt, and totals continue."""
    path, clock = tmp_path / "recado.db", FakeClock(time.time())
    file = SqliteRetryQueue(path, POLICY, clock=clock)
    waiting = new_reply(1, clock)
    await file.add_message(waiting, lease=False)
    sent = await add_leased(file, new_reply(2, clock))
    await file.update_message_attempt(sent, DELIVERED)
    failed = await add_leased(file, new_reply(3, clock))
    await file.update_message_attempt(failed, REJECTED)
    before = file.snapshot()
    reference = file.message_reference("wamid.1")
    await file.close()

    counts = copying.copy(path, database_url)
    server = PostgresRetryQueue(database_url, POLICY, clock=clock)
    await server.check_writable()
    after = server.snapshot()
    again = await server.add_message(waiting, lease=False)
    await server.apply_status(
        StatusUpdate(attempt_id=sent.attempt_id, status="delivered", sent_wamid="wamid.OUT", failure=None)
    )
    settled = await server.show(sent.id) is None
    clock.advance(10)
    claimed = (await server.get_messages_to_retry(10)).messages
    same = server.message_reference("wamid.1")
    await server.close()

    assert counts["entry"] == 3
    assert (after.rows, after.totals, after.instants) == (before.rows, before.totals, before.instants | after.instants)
    assert again.duplicate
    assert settled
    assert [message.wamid for message in claimed] == [waiting.wamid]
    assert same == reference


async def test_traces_lead_back_after_a_copy(tmp_path: Path, database_url: str) -> None:
    """A yes to a quote from the file links to the message of the quote."""
    path, clock = tmp_path / "recado.db", FakeClock(time.time())
    file = SqliteRetryQueue(path, POLICY, clock=clock)
    await add(file, opening(101, clock, "AAAA"), 1)
    await file.close()

    copying.copy(path, database_url)
    server = PostgresRetryQueue(database_url, POLICY, clock=clock)
    session = await session_of(server, clock, may_order=True)
    yes = await add(server, deciding(102, clock, session), 2)
    await server.close()

    assert yes.follows == trace(1)


async def test_a_file_in_use_is_not_copied(tmp_path: Path, database_url: str) -> None:
    """Messages that a web pod adds meanwhile would be lost."""
    path = tmp_path / "recado.db"
    file = SqliteRetryQueue(path, POLICY)
    with pytest.raises(StoreError, match="is in use"):
        copying.copy(path, database_url)
    await file.close()

    assert copying.copy(path, database_url)["entry"] == 0


async def test_only_an_empty_database_is_copied_into(
    tmp_path: Path, postgres: PostgresServer, database_url: str
) -> None:
    """Otherwise two queues would mix, with ambiguous ids. A database without the schema gets it first."""
    path, clock = tmp_path / "recado.db", FakeClock(time.time())
    file = SqliteRetryQueue(path, POLICY, clock=clock)
    await file.add_message(new_reply(1, clock), lease=False)
    await file.close()
    copying.copy(path, database_url)
    with pytest.raises(StoreError, match="already has messages"):
        copying.copy(path, database_url)
    assert copying.copy(path, postgres.create("empty_one"))["entry"] == 1
    with psycopg.connect(database_url) as server:
        assert server.execute("SELECT count(*) FROM recado.entry").fetchone() == (1,)


def test_the_command(tmp_path: Path, database_url: str) -> None:
    """Prints what it copied, or one sentence that says why it did not."""
    shop = Installation(tmp_path, logs=tmp_path)
    missing = shop.run("queue", "copy", "--to", database_url)
    SqliteRetryQueue(shop.database, POLICY).database.close()
    wrong = shop.run("queue", "copy", "--to", "mysql://db/recado")
    done = shop.run("queue", "copy", "--to", database_url)

    assert (missing, wrong, done) == (2, 2, 0)
    assert "meta" in (tmp_path / "queue.log").read_text()
