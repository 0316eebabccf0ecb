"""What a store does inside a transaction, the same for SQLite and PostgreSQL.

- `transaction.py`, `lanes.py`: what the operations share: statements, turns and breakers, totals, changes of entries
- the other modules: the operations. Each takes a batch of many callers' arguments and returns results in the same order
"""
