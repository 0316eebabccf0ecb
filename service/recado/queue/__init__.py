"""RetryQueue: the outbox of replies, and all that must survive a pod.

model.py     what is stored and what is said about it
policy.py    what becomes of an attempt, and when a number or a customer may be written to: pure decisions
protocol.py  RetryQueue, what every store offers
errors.py    when a store cannot be used
sqlite/      RetryQueue on SQLite: one writer thread, group commit
"""
