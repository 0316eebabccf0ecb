"""Notices: what the shop's operator is told, by chat or mail."""
