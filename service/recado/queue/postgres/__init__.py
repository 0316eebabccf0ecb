"""RetryQueue on PostgreSQL: many pods on many nodes."""
