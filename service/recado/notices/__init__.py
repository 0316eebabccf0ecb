"""Notices to the shop's operator, by chat or mail."""
