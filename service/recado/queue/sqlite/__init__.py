"""RetryQueue on one SQLite file, which web and drain on one node share.

- `database.py`: opens a file safely or not at all, and migrates it
- `connections.py`: a store's two connections; transactions on them
- `backup.py`, `copies.py`: backups while the file is in use, and their restore
- `sql/`: the schema in migrations, and every statement by name
"""

from recado.queue.sqlite.store import SqliteRetryQueue

__all__ = ["SqliteRetryQueue"]
