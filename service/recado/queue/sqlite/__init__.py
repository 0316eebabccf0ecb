"""RetryQueue on SQLite.

store.py        SqliteRetryQueue: the protocol, on a writer and a reader
database.py     one file: opened safely or not at all, migrated
writer.py       the one writing thread: many callers' work in one commit
transaction.py  what every operation finds inside a write transaction
adding.py  claiming.py  recording.py  upkeep.py
                the operations, each on a batch of many callers' arguments; results in the same order
sql/            the schema by migrations, and every statement by name
"""

from recado.queue.sqlite.store import SqliteRetryQueue

__all__ = ["SqliteRetryQueue"]
