"""The web server: Meta's webhook, the admin API, the probes."""
