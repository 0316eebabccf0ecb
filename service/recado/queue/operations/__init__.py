"""What a store does inside a transaction, the same for SQLite and PostgreSQL.

transaction.py what every operation shares: statements, lanes, totals, changes of entries
adding.py  customers.py  claiming.py  recording.py  upkeep.py
                the operations, each on a batch of many callers' arguments; results in the same order
"""
