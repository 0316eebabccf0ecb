"""Fixtures for tests of commands."""

import asyncio
import time
from pathlib import Path

import pytest

from recado.queue.sqlite import SqliteRetryQueue
from recado.runtime import retry_policy
from recado.settings import load
from tests.clock import FakeClock
from tests.queue.replies import REJECTED, UNLIMITED, add_leased, new_reply


@pytest.fixture
def failed_message(tmp_path: Path) -> int:
    """Makes a queue at data/recado.db with one failed message, and returns its id."""

    async def make() -> int:
        clock = FakeClock(time.time())
        queue = SqliteRetryQueue(tmp_path / "data/recado.db", retry_policy(load(UNLIMITED)), clock=clock)
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, REJECTED)
        await queue.close()
        return message.id

    return asyncio.run(make())
