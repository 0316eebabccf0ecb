"""The round trips of a message on PostgreSQL: each is a wait for the network while the customer is locked."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
import pytest

from recado.queue.postgres import PostgresRetryQueue
from recado.queue.postgres.connections import AT_ONCE, PostgresStatements
from recado.runtime import retry_policy
from recado.settings import load
from tests.clock import FakeClock
from tests.queue.postgres import database_url as database_url
from tests.queue.postgres import postgres as postgres
from tests.queue.replies import DELIVERED, new_reply

pytestmark = pytest.mark.xdist_group("postgres")


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The statements of each round trip, in order: begin, statements with results, commit."""
    made: list[list[str]] = []
    sent: list[str] = []
    ask, sync, leave = PostgresStatements.ask, psycopg.Pipeline.sync, psycopg.Pipeline.__exit__

    def asked(self: PostgresStatements, query: str, *bindings: object) -> Callable[[], list[Any]]:
        (made.append([query]) if query in AT_ONCE else sent.append(query))
        return ask(self, query, *bindings)

    def waited(self: psycopg.Pipeline) -> None:
        made.append(sent.copy() or ["BEGIN"])
        sent.clear()
        sync(self)

    def ended(self: psycopg.Pipeline, *error: Any) -> None:
        made.append([*sent, "COMMIT"])
        sent.clear()
        leave(self, *error)

    monkeypatch.setattr(PostgresStatements, "ask", asked)
    monkeypatch.setattr(psycopg.Pipeline, "sync", waited)
    monkeypatch.setattr(psycopg.Pipeline, "__exit__", ended)
    return made


@pytest.fixture
async def queue(database_url: str) -> AsyncIterator[PostgresRetryQueue]:
    """A queue that has sent a reply: its connections are open, and its lane exists with a recent breaker."""
    one = PostgresRetryQueue(database_url, retry_policy(load({})))
    added = await one.add_message(new_reply(1, FakeClock(one.now())), lease=True)
    assert added.message is not None
    await one.update_message_attempt(added.message, DELIVERED)
    yield one
    await one.close()


async def test_a_message_is_added_and_recorded_in_few_round_trips(
    queue: PostgresRetryQueue, trips: list[list[str]]
) -> None:
    """Ids and turns use a separate connection, which does not wait for the disk."""
    trips.clear()
    added = await queue.add_message(new_reply(2, FakeClock(queue.now())), lease=True)
    assert added.message is not None
    adding = trips.copy()
    trips.clear()
    await queue.update_message_attempt(added.message, DELIVERED)

    assert adding == [
        ["BEGIN"],
        ["take_ids"],
        ["see_wamids", "identities"],
        ["lanes", "customers"],
        ["take_turns"],
        ["add", "put_customers", "add_totals", "COMMIT"],
    ]
    assert trips == [["BEGIN"], ["lanes", "deliver"], ["quotes_accepted", "add_totals", "COMMIT"]]
