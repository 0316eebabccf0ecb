"""RetryQueue on PostgreSQL, which the pods of many nodes share."""

from collections.abc import Callable

from recado.queue.model import NOBODY, Audience
from recado.queue.policy import RetryPolicy
from recado.queue.postgres.connections import PostgresDatabase
from recado.queue.store import NoObserver, StoredQueue
from recado.queue.writer import CommitObserver


class PostgresRetryQueue(StoredQueue):
    """Opening raises StoreUnavailable if the server cannot be used now. `clock` replaces its clock in tests."""

    def __init__(
        self,
        url: str,
        policy: RetryPolicy,
        *,
        clock: Callable[[], float] | None = None,
        observer: CommitObserver | None = None,
        audience: Audience = NOBODY,
    ) -> None:
        observer = observer or NoObserver()
        self.database = PostgresDatabase(url, clock, observer.counted)
        super().__init__(self.database, policy, observer=observer, audience=audience)
