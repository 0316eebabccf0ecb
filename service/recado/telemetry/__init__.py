"""Metrics, logs and traces; none of them ever contains personal data, a text or a secret."""
