"""Erasing: all that is known of a customer goes; of orders stays what book-keeping needs, without the person."""

from collections.abc import Sequence

from recado.events.facts import CustomerErased
from recado.queue.model import Erased
from recado.queue.operations.transaction import Transaction, as_json


def erase(transaction: Transaction, names: Sequence[str]) -> list[Erased]:
    """Erases the customers of names (a phone number or a user id), with every other name that they had."""
    return [_erase(transaction, name) for name in names]


def _erase(transaction: Transaction, name: str) -> Erased:
    keys = as_json([key for (key,) in transaction.run("keys_of_name", name)])
    told = transaction.run("events_of", keys)
    for (key,) in transaction.run("told_of", keys):
        transaction.tell_of_nobody(key, CustomerErased())
    transaction.run("erase_deliveries", as_json([id_ for (id_,) in told]))
    replies = len(transaction.run("erase_entries", keys, name))
    transaction.run("erase_events", as_json([id_ for (id_,) in told]))
    quotes = len(transaction.run("erase_quotes", keys))
    orders = len(transaction.run("erase_orders", keys, name))
    transaction.run("erase_customers", keys)
    return Erased(replies=replies, quotes=quotes, events=len(told), orders=orders)
