"""The locks a transaction takes before it reads, so that no other transaction changes the rows its decision depends on.

Every transaction takes its locks in the same order, so that no two transactions wait for each other:

1. The store: shared for operations on a message's path, exclusive for those whose reach is everything.
2. The names of customers, by which messages call them. Whoever has a name's lock may look up who is meant, and lead the
   name to somebody. They are sorted, as all locks of one kind are.
3. The keys of customers: those that the names lead to, and those of entries that results and statuses are about. The
   key's lock is the mutex of the customer: of his row, his session, his quotes and orders, and of all entries of his
   key with their order. It exists before his row does, which a row lock cannot.
4. Entries that a claim, an expiry or a rescue finds by itself are locked by `SKIP LOCKED`, and their keys' locks are
   only tried: what another transaction holds is skipped. So this step never waits.
5. The rows of lanes whose breaker changes, sorted, once everything else is done, because every send uses a lane.
6. The notices' lock, where notices are written.

Outside of this order are locks that are held for one statement alone, on a connection of its own: turns and ids. What
is only inserted (totals, rows by state) locks nothing. A deadlock is possible after all, such as between two claims
that change the breakers of two open lanes: the server ends one of the two transactions, which is done again.

Advisory locks take room in the server's lock table, so a transaction has `most_in_a_commit` operations at most.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import psycopg

from recado.queue.reach import Reach

#: Waits for all who share the store; who comes later waits behind it.
ALONE: Final = "SELECT pg_advisory_xact_lock(8319384418)"
#: Ends the transaction of a process that stops in the middle of it, as `begin_write` does.
NOT_IDLE: Final = "SET LOCAL idle_in_transaction_session_timeout = '5s'"
BEGIN: Final = b"SELECT recado.begin_write($1, $2, $3, $4, $5)"


def begin(connection: psycopg.Connection[Any], reach: Reach, clock: float | None = None) -> Callable[[], float]:
    """Begins a transaction that locks everything within its reach; what is returned gives its time. One round trip, in
    a pipeline."""
    connection.execute("BEGIN")
    bindings = (reach.everything, _json(reach.names), _json(reach.entries), _json(reach.sent), clock)
    cursor = psycopg.RawCursor(connection).execute(BEGIN, bindings)
    return lambda: float(cursor.fetchall()[0][0])


def _json(values: Sequence[str | int]) -> str:
    return msgspec.json.encode(values).decode()
