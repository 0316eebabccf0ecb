"""The boards' uids, so that boards can point at each other. They never change."""

OVERVIEW = "recado-overview"
QUEUE = "recado-queue"
GRAPH = "recado-graph"
QUOTES = "recado-quotes"
SHOP = "recado-shop"
EVENTS = "recado-events"
RUNTIME = "recado-runtime"
