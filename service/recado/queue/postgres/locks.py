"""The locks that a transaction takes before it reads, so that no other transaction changes the rows that its decision
depends on.

Every transaction takes its locks in the same order, so that no two transactions wait for each other:

1. The store: shared for operations on a message's path, exclusive for those whose reach is everything. 2. The names of
customers, as messages contain them. The holder of a name's lock may look up the customer, and map the name to a
customer. They are sorted, as all locks of one kind are. 3. The keys of customers: those that the names are mapped to,
and those of entries that results and statuses are about. The key's lock protects the customer's row, session, quotes
and orders, and all entries of the key with their order. It can be taken before the row exists; a row lock cannot. 4.
Entries that a claim, an expiry or a rescue finds by itself are locked with `SKIP LOCKED`, and their keys' locks are
only tried: it skips what another transaction holds. So this step never waits. 5. The rows of lanes whose breaker
changes, sorted, at the end, because every send uses a lane. 6. The notices' lock, if notices are written.

Turns and ids are not part of this order: they are locked only for one statement, on a separate connection. Inserts
(totals, rows by state) lock nothing. A deadlock is still possible, for example between two claims that change the
breakers of two open lanes: the server ends one of the two transactions, and recado repeats it.

Advisory locks need space in the server's lock table, so a transaction has at most `most_in_a_commit` operations.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import psycopg

from recado.queue.reach import Reach

#: Waits for all transactions that share the store; later ones wait for it.
ALONE: Final = "SELECT pg_advisory_xact_lock(8319384418)"
#: The server ends the transaction of a process that stops in the middle of it, as with `begin_write`.
NOT_IDLE: Final = "SET LOCAL idle_in_transaction_session_timeout = '5s'"
BEGIN: Final = b"SELECT recado.begin_write($1, $2, $3, $4, $5)"


def begin(connection: psycopg.Connection[Any], reach: Reach, clock: float | None = None) -> Callable[[], float]:
    """Begins a transaction that locks everything within its reach; call the result to get its time. One round trip, in
    a pipeline."""
    connection.execute("BEGIN")
    bindings = (reach.everything, _json(reach.names), _json(reach.entries), _json(reach.sent), clock)
    cursor = psycopg.RawCursor(connection).execute(BEGIN, bindings)
    return lambda: float(cursor.fetchall()[0][0])


def _json(values: Sequence[str | int]) -> str:
    return msgspec.json.encode(values).decode()
