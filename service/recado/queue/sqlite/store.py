"""RetryQueue on one SQLite file, which several processes on one host may share."""

import time
from collections.abc import Callable
from pathlib import Path

from recado.queue.model import NOBODY, Audience
from recado.queue.policy import RetryPolicy
from recado.queue.sqlite.connections import SqliteDatabase
from recado.queue.store import StoredQueue
from recado.queue.writer import CommitObserver


class SqliteRetryQueue(StoredQueue):
    """Opening raises StoreError if the file can never work, StoreUnavailable if it cannot work now."""

    def __init__(
        self,
        path: Path,
        policy: RetryPolicy,
        *,
        clock: Callable[[], float] = time.time,
        observer: CommitObserver | None = None,
        audience: Audience = NOBODY,
    ) -> None:
        self.database = SqliteDatabase(path, clock)
        super().__init__(self.database, policy, observer=observer, audience=audience)
