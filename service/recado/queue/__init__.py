"""RetryQueue: the outbox of replies, and everything else that must survive a pod.

- `model.py`: what is stored and reported
- `policy.py`: pure decisions: what happens after an attempt
- `protocol.py`: `RetryQueue`, what every store offers
- `operations/`: the work of a transaction, the same for every store; `lanes.py` has the rules of turns and breakers
- `store.py`, `writer.py`: `RetryQueue` on a database; one thread writes, in group commits
- `sqlite/`, `postgres/`: the two databases, with their SQL
"""
