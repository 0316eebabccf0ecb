"""What listens: Meta's webhook, the admin API, the probes."""
