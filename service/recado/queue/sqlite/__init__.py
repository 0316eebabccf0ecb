"""RetryQueue on one SQLite file: web and drain on one node share it.

database.py     one file: opened safely or not at all, migrated; transactions on it
backup.py  copies.py
                copies while it is in use, and restoring them
sql/            the schema by migrations, and every statement by name
"""

from recado.queue.sqlite.store import SqliteRetryQueue

__all__ = ["SqliteRetryQueue"]
