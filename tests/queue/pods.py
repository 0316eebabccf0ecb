"""Pods that write to one PostgreSQL at once, for tests."""

import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from recado.queue.model import NOBODY, Audience
from recado.queue.postgres import PostgresRetryQueue
from recado.queue.reach import Reach
from recado.queue.statements import Statements
from recado.runtime import retry_policy
from recado.settings import load
from tests.clock import FakeClock
from tests.queue.postgres import database_url as database_url
from tests.queue.postgres import postgres as postgres

Open = Callable[..., PostgresRetryQueue]


@pytest.fixture
async def open_pod(database_url: str, clock: FakeClock) -> AsyncIterator[Open]:
    """Opens the test's database once more."""
    opened: list[PostgresRetryQueue] = []

    def open_(audience: Audience = NOBODY, **settings: str) -> PostgresRetryQueue:
        policy = retry_policy(load(settings), chance=lambda: 0.5)
        opened.append(PostgresRetryQueue(database_url, policy, clock=clock, audience=audience))
        return opened[-1]

    yield open_
    for pod in opened:
        await pod.close()


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, options="-c search_path=recado") as server:
        return server.execute(query.encode()).fetchall()


class Held:
    """A transaction that a pod keeps open until it is told to end it."""

    def __init__(self, pod: PostgresRetryQueue, reach: Reach, work: Callable[[Statements], object]) -> None:
        self._go_on, self._began = threading.Event(), threading.Event()

        def hold(found: Statements) -> None:
            work(found)
            self._began.set()
            assert self._go_on.wait(20)

        self._pool = ThreadPoolExecutor(1)
        self._done = self._pool.submit(pod.database.write, hold, reach)

    def __enter__(self) -> "Held":
        assert self._began.wait(20)
        return self

    def end(self) -> None:
        """Lets the transaction commit."""
        self._go_on.set()
        self._done.result(20)

    def __exit__(self, *_: object) -> None:
        self.end()
        self._pool.shutdown()
