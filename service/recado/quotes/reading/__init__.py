"""The reading of an order: what the customer wants of each thing, and how many."""
