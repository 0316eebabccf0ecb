"""How what waits in the queue leaves: one attempt, the drain, the web pod's send slots."""
