"""Who a customer is, and what he has been told of late.

A person is known by a phone number, a user id, or both, and each may change: `identity` leads from every name to the
one under which the customer is kept.
"""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from recado.queue.model import NewReply, Restraint
from recado.queue.sqlite.transaction import Transaction, as_json
from recado.queue.streak import Streak, follow

_streak = msgspec.json.Decoder(Streak).decode


class Rename(msgspec.Struct, frozen=True):
    """A customer has new names."""

    before: tuple[str, ...]
    after: tuple[str, ...]


def identified(transaction: Transaction, messages: Sequence[NewReply]) -> list[NewReply]:
    """The messages with each customer by the name under which he is kept; what is new of his names is kept too."""
    kept = _kept(transaction, [name for message in messages for name in (message.key, *message.aliases)])
    found: list[NewReply] = []
    news: dict[str, str] = {}
    for message in messages:
        names = (message.key, *message.aliases)
        key = next((kept[name] for name in names if name in kept), message.key)
        changed = {name: key for name in names if kept.get(name) != key}
        news |= changed
        kept |= changed
        found.append(replace(message, key=key))
    _keep(transaction, news)
    return found


def rename(transaction: Transaction, requests: Sequence[Rename]) -> list[None]:
    """Lets the new names of customers who are known lead to them."""
    kept = _kept(transaction, [name for request in requests for name in (*request.before, *request.after)])
    news: dict[str, str] = {}
    for request in requests:
        # A new name that has been written from is the one with the newer quote.
        key = next((kept[name] for name in (*request.after, *request.before) if name in kept), None)
        if key is not None:
            changed = dict.fromkeys((*request.before, *request.after), key)
            news |= changed
            kept |= changed
    _keep(transaction, news)
    return [None] * len(requests)


def restrained(transaction: Transaction, messages: Sequence[NewReply]) -> list[Restraint | None]:
    """Why each message gets no reply; None when it gets one. Every customer's streak goes on."""
    rows = transaction.run("streaks", as_json([message.key for message in messages]))
    streaks: dict[str, Streak | None] = {key: _streak(raw) if raw else None for key, raw in rows}
    found = []
    for message in messages:
        streaks[message.key], restraint = follow(streaks.get(message.key), message)
        found.append(restraint)
    news = [(key, transaction.now, as_json(streak)) for key, streak in streaks.items()]
    transaction.run("put_streaks", as_json(news))
    return found


def _kept(transaction: Transaction, names: Sequence[str]) -> dict[str, str]:
    return dict(transaction.run("identities", as_json(names)))


def _keep(transaction: Transaction, news: dict[str, str]) -> None:
    if news:
        transaction.run("put_identities", as_json(list(news.items())))
