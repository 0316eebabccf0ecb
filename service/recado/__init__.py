"""recado: answers a shop's WhatsApp customers with a price quote, and never loses an answer."""

__version__ = "0.1.0"
