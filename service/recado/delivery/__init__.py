"""Sends what waits in the queue: one attempt, the drain, the web pod's send slots."""
