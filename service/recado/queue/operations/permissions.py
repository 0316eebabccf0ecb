"""Permissions: which customers opted out, and the events, counts and discarded entries when that changes."""

from collections.abc import Sequence

from msgspec.structs import replace

from recado.events.facts import CustomerOptedIn, CustomerOptedOut
from recado.orders import OptedBy, Permission, PermissionChange
from recado.queue.model import as_json
from recado.queue.operations.customers import identified, kept_names, put_customers, read_customers, talk_of
from recado.queue.operations.transaction import Transaction
from recado.telemetry import metrics


def change_permissions(transaction: Transaction, changes: Sequence[PermissionChange]) -> list[bool]:
    """Records what customers, including unknown ones, set in their WhatsApp; returns for each whether it changed
    anything.

    The session gets a new version, so that a message that is handled at the same time is handled again.
    """
    return [_change(transaction, change) for change in changes]


def stop(transaction: Transaction, key: str) -> None:
    """Records that Meta no longer delivers messages to a customer that the shop sends on its own initiative."""
    _set(transaction, key, True, transaction.now, OptedBy.REFUSED)


def _change(transaction: Transaction, change: PermissionChange) -> bool:
    names = (change.key, *change.aliases)
    (key,) = identified(transaction, [names], kept_names(transaction, names)())
    return _set(transaction, key, change.opted_out, change.at, OptedBy.PREFERENCES)


def _set(transaction: Transaction, key: str, opted_out: bool, at: float, said: OptedBy) -> bool:
    customer = read_customers(transaction, [key])[key]
    talk = talk_of(customer.talk)
    after = talk.permission.after(opted_out, at)
    if after == talk.permission:
        return False
    customer.talk = as_json(replace(talk, permission=after))
    customer.version += 1
    put_customers(transaction, [customer])
    note(transaction, key, after, said)
    return True


def note(
    transaction: Transaction,
    key: str,
    after: Permission,
    said: OptedBy,
    phone: str | None = None,
    user_id: str | None = None,
) -> None:
    """Counts and reports a customer's choice; discards what waits for a customer who has opted out."""
    fact = CustomerOptedOut(reason=said) if after.opted_out else CustomerOptedIn(reason=said)
    transaction.totals.inc(metrics.PERMISSIONS, "out" if after.opted_out else "in", said)
    transaction.tell(key, fact, phone, user_id)
    if after.opted_out:
        transaction.discard([id_ for (id_,) in transaction.run("waiting_without_a_message", key)])
