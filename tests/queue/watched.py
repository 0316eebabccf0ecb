"""A store under a state machine: it is looked at from outside, and its changes of states are recorded."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import apsw
from hypothesis.stateful import RuleBasedStateMachine

from recado.queue.model import State
from recado.queue.sqlite import SqliteRetryQueue
from recado.queue.store import StoredQueue
from recado.runtime import retry_policy
from recado.settings import load
from tests.clock import FakeClock

Result = TypeVar("Result")
SETTINGS = load(
    {
        "RECADO_MESSAGES_PER_SECOND": "10",
        "RECADO_CUSTOMER_INTERVAL_SECONDS": "6",
        "RECADO_CUSTOMER_MESSAGES_PER_MINUTE": "0",
        "RECADO_DELIVERED_RETENTION_SECONDS": "600",
        "RECADO_FAILED_RETENTION_SECONDS": "7200",
    }
)
#: Triggers in the database record every change of a state by any process.
WATCH = """
CREATE TABLE moved (before TEXT NOT NULL, after TEXT NOT NULL, PRIMARY KEY (before, after));
CREATE TRIGGER watch_insert AFTER INSERT ON entry BEGIN INSERT OR IGNORE INTO moved VALUES ('', new.state); END;
CREATE TRIGGER watch_delete AFTER DELETE ON entry BEGIN INSERT OR IGNORE INTO moved VALUES (old.state, ''); END;
CREATE TRIGGER watch_update AFTER UPDATE OF state ON entry WHEN old.state <> new.state
BEGIN INSERT OR IGNORE INTO moved VALUES (old.state, new.state); END;
"""


class WatchedStore(RuleBasedStateMachine):
    """A store whose changes of states are recorded: a SQLite file; a subclass may take another one."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self._make_database()
        self.clock = FakeClock()

    def _close(self, queues: Iterable[StoredQueue]) -> None:
        """Closes the queues, and drops the database."""
        for queue in queues:
            self._run(queue.close)
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        self._drop_database()

    def _row(self, id_: int) -> tuple[str]:
        return next(iter(self._look("SELECT state FROM entry WHERE id = ?", id_)), ("",))

    def _state(self, id_: int) -> State | None:
        (state,) = self._row(id_)
        return State(state) if state else None

    # -- the store: a file

    def _make_database(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._path = Path(self._folder.name) / "recado.db"

    def _open(self) -> StoredQueue:
        return SqliteRetryQueue(self._path, retry_policy(SETTINGS, chance=lambda: 0.5), clock=self.clock)

    def _watch(self) -> None:
        self._connection = apsw.Connection(str(self._path))
        self._connection.execute(WATCH)

    def _look(self, query: str, *bindings: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, bindings).fetchall()

    def _drop_database(self) -> None:
        self._connection.close()
        self._folder.cleanup()

    def _run(self, begin: Callable[..., Awaitable[Result]], *arguments: object, **named: object) -> Result:
        async def wait() -> Result:
            return await begin(*arguments, **named)

        return self.loop.run_until_complete(wait())
