"""`recado erase`: a byte search of the database finds nothing of the customer afterwards."""

import asyncio
import time
from pathlib import Path

import pytest

from recado.queue.sqlite import SqliteRetryQueue
from recado.runtime import retry_policy
from recado.settings import load
from tests.cli.commands import recado
from tests.clock import FakeClock
from tests.queue.conformance_orders import ordered
from tests.queue.events import CRM
from tests.queue.replies import UNLIMITED, new_reply

#: Bytes that name the customer, and bytes that name another one.
HIS, OTHERS = (b"15550100001", b"US.1", b"Calle Falsa"), (b"15550100002", b"US.2")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Makes a database at data/recado.db with orders, events and waiting replies of two customers."""
    path = tmp_path / "data/recado.db"

    async def make() -> None:
        clock = FakeClock(time.time() - 3600)
        queue = SqliteRetryQueue(path, retry_policy(load(UNLIMITED)), clock=clock, audience=CRM)
        for customer in (1, 2):
            await ordered(queue, clock, customer)
        waiting = new_reply(70, clock, customer=1, deadline_at=clock() - 1)
        await queue.add_message(waiting, lease=False)
        await queue.close()

    asyncio.run(make())
    return path


def content(database: Path) -> bytes:
    """Returns the bytes of the database's file and of those that SQLite keeps beside it."""
    return b"".join(path.read_bytes() for path in sorted(database.parent.glob("recado.db*")))


def test_no_byte_is_left(tmp_path: Path, database: Path) -> None:
    before = content(database)
    ended = recado("erase", "--phone", "1 555 010-0001", folder=tmp_path)
    after = content(database)
    again = recado("erase", "--user-id", "US.1", folder=tmp_path)
    orders = recado("orders", "list", folder=tmp_path).stdout

    assert HIS[0] in before
    assert (ended.returncode, ended.stdout[:7]) == (0, "erased:")
    assert "1 orders stay without the customer" in ended.stdout
    assert [word for word in HIS if word in after] == []
    assert all(word in after for word in OTHERS)
    assert (again.returncode, again.stderr) == (2, "recado: recado knows nothing about this customer\n")
    assert orders.count("P-") == 2


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "give either --phone or --user-id"),
        (("--phone", "+15550100001", "--user-id", "US.1"), "give either --phone or --user-id"),
        (("--phone", "call me"), "--phone: must be a phone number"),
        (("--phone", "١٢٣٤٥٦٧"), "--phone: must be a phone number"),
        (("--phone", ""), "--phone: must be a phone number"),
        (("--user-id", "US 1"), "--user-id: must be a user id"),
        (("--user-id", ""), "--user-id: must be a user id"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, database: Path, arguments: tuple[str, ...], problem: str) -> None:
    ended = recado("erase", *arguments, folder=tmp_path)

    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
    assert problem in ended.stderr
