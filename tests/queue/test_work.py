"""The statements of one message: each is work for every message of a busy shop."""

from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from recado.queue.sqlite import SqliteRetryQueue
from recado.queue.sqlite.connections import SqliteStatements
from tests.clock import FakeClock
from tests.queue.replies import NUMBER, new_reply
from tests.queue.sessions import opening, quoted, session_of
from tests.queue.test_sqlite import open_queue as open_queue

#: The statements of every transaction with a new message.
ALWAYS = ["take_ids", "see_wamids", "identities", "lanes", "customers"]


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the executed statements, in order."""
    ran: list[str] = []
    run = SqliteStatements.run

    def noted(self: SqliteStatements, query: str, *bindings: object) -> object:
        ran.append(query)
        return run(self, query, *bindings)

    monkeypatch.setattr(SqliteStatements, "run", noted)
    return ran


async def test_an_order_of_a_stranger_is_written_with_few_statements(
    open_queue: Callable[..., SqliteRetryQueue], clock: FakeClock, statements: list[str]
) -> None:
    """A customer's first name is his key and needs no row."""
    queue = open_queue()
    statements.clear()

    await queue.add_message(opening(1, clock, "AAAA"), lease=True)

    assert statements == [*ALWAYS, "add_lane", "take_turns", "add", "open_quotes", "put_customers", "add_totals"]


async def test_a_customer_who_is_known_is_looked_up_once(
    open_queue: Callable[..., SqliteRetryQueue], clock: FakeClock, statements: list[str]
) -> None:
    """The transaction returns his session from the row that it reads anyway."""
    queue = open_queue()
    await quoted(queue, clock)
    statements.clear()

    added = await queue.add_message(opening(2, clock, "BBBB"), lease=True)

    assert added.stale is not None
    assert statements == [*ALWAYS, "unsee_wamids", "session_quotes", "session_orders"]


async def test_asking_for_a_session_claims_no_message(
    open_queue: Callable[..., SqliteRetryQueue], clock: FakeClock, statements: list[str]
) -> None:
    """A pod that knows a customer asks for his session before it handles his message: that only reads."""
    queue = open_queue()
    await quoted(queue, clock)
    statements.clear()

    session = await session_of(queue, clock)

    assert session.quote is not None
    assert statements == ["identities", "customers", "session_quotes", "session_orders"]


@pytest.mark.parametrize(("aliases", "rows"), [((), 0), ((f"{NUMBER}:+15550100001",), 1)])
async def test_only_another_name_of_a_customer_takes_a_row(
    open_queue: Callable[..., SqliteRetryQueue], clock: FakeClock, tmp_path: Path, aliases: tuple[str, ...], rows: int
) -> None:
    """The name under which he is stored needs no row."""
    await open_queue().add_message(new_reply(1, clock, aliases=aliases), lease=True)

    with apsw.Connection(str(tmp_path / "recado.db")) as file:
        assert file.execute("SELECT count(*) FROM identity").get == rows
