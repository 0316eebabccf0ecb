"""Metrics, logs and traces; none of them ever carries a person, a text or a secret."""
