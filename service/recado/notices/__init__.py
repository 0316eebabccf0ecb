"""Notices: what the shop's operator is told, on Slack or by mail."""
