"""Everything that knows Meta's WhatsApp Cloud API: its signatures, payloads, errors and HTTP interface."""
