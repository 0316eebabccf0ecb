"""RetryQueue on PostgreSQL: many pods on many nodes.

connection.py   a connection that never waits for a server that is gone
connections.py  the two of a store; transactions, also those whose end is in doubt
migrations.py   the schema in steps
sql/            these steps, and every statement by name
"""

from recado.queue.postgres.store import PostgresRetryQueue

__all__ = ["PostgresRetryQueue"]
