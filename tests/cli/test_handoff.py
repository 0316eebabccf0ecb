"""`recado handoff` and `recado resume`."""

import asyncio
from pathlib import Path

import pytest

from recado.queue.sqlite import SqliteRetryQueue
from recado.runtime import retry_policy
from recado.settings import load
from tests.cli.commands import recado
from tests.clock import FakeClock
from tests.meta import NUMBER


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an empty database."""
    queue = SqliteRetryQueue(tmp_path / "data/recado.db", retry_policy(load({})), clock=FakeClock())
    asyncio.run(queue.close())
    return tmp_path


def test_staff_take_a_conversation_and_give_it_back(folder: Path) -> None:
    one = {"WHATSAPP_PHONE_NUMBER_ID": NUMBER}
    taken = recado("handoff", "+1 555 010-0001", "--hours", "2", folder=folder, **one)
    given = [recado("resume", "15550100001", folder=folder, **one).stdout for _ in range(2)]

    assert taken.stdout == "a person has the conversation for 2 hours\n"
    assert given == ["recado has the conversation again\n", "no person had the conversation\n"]


def test_several_business_numbers_need_a_name(folder: Path) -> None:
    two = {"WHATSAPP_PHONE_NUMBER_ID": f"{NUMBER},700000000000002"}
    unclear = recado("handoff", "US.1", folder=folder, **two)
    other = recado("handoff", "US.1", "--number", "9", folder=folder, **two)
    nobody = recado("handoff", "+12", "--number", NUMBER, folder=folder, **two)

    assert [ended.returncode for ended in (unclear, other, nobody)] == [2, 2, 2]
    assert "there are several business numbers" in unclear.stderr
