"""RetryQueue: the outbox of replies, and everything else that must survive a pod.

model.py what is stored and reported policy.py what happens after an attempt, and when the next send may go out: pure
decisions protocol.py RetryQueue, what every store offers errors.py when a store cannot be used sqlite/ RetryQueue on
SQLite: one writer thread, group commit
"""
