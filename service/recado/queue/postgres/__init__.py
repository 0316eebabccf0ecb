"""RetryQueue on PostgreSQL: many pods on many nodes.

- `connection.py`: a connection with deadlines
- `connections.py`: a store's connections; transactions, including those whose commit is in doubt
- `locks.py`, `clock.py`: the locks of a transaction; the database's clock
- `migrations.py`: the schema, in steps
- `sql/`: the steps, and every statement by name
"""

from recado.queue.postgres.store import PostgresRetryQueue

__all__ = ["PostgresRetryQueue"]
