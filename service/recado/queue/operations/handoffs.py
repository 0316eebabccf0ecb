"""Hand-offs: who has a conversation according to the shop, and the events and counts when that changes."""

from collections.abc import Sequence

from msgspec.structs import replace

from recado.events.facts import HandoffEnded, HandoffStarted, instant
from recado.orders import Handoff, HandoffChange, HandoffReason, Returned
from recado.queue.model import as_json
from recado.queue.operations.customers import identified, kept_names, put_customers, read_customers, see_wamids, talk_of
from recado.queue.operations.transaction import ECHO, Transaction
from recado.telemetry import metrics


def change_handoffs(transaction: Transaction, changes: Sequence[HandoffChange]) -> list[bool]:
    """Gives conversations to a person, or back to recado; returns for each whether it changed anything.

    The session gets a new version, so that a message that is handled at the same time is handled again. Replies that
    wait when a person takes over are discarded, but for those that give an order its number. Neither an echo seen
    before nor the echo of a message that recado sent changes anything.
    """
    return [_change(transaction, change) for change in changes]


def _change(transaction: Transaction, change: HandoffChange) -> bool:
    if change.echo is not None and not _is_new(transaction, change.echo):
        return False
    names = (change.key, *change.aliases)
    (key,) = identified(transaction, [names], kept_names(transaction, names)())
    customer = read_customers(transaction, [key])[key]
    talk = talk_of(customer.talk)
    after = _after(talk.handoff, change, transaction.now)
    if after is None:
        return False
    note(transaction, key, talk.handoff, after, change.why)
    if after.since > talk.handoff.since:
        transaction.discard([id_ for (id_,) in transaction.run("waiting_replies", key)])
    customer.talk = as_json(replace(talk, handoff=after, missed=0))
    customer.version += 1
    put_customers(transaction, [customer])
    return True


def _is_new(transaction: Transaction, echo: str) -> bool:
    (id_,) = see_wamids(transaction, [echo], mark=ECHO)()
    return id_ is not None and not transaction.run("sent_by_us", echo)


def _after(before: Handoff, change: HandoffChange, now: float) -> Handoff | None:
    """Who has the conversation afterwards; None if that does not change."""
    if change.at < int(before.changed_at):
        return None
    until = change.until
    if until is None:
        return Handoff(changed_at=change.at) if before.until is not None else None
    if before.until is not None and change.why in (HandoffReason.ECHO, HandoffReason.FOREIGN):
        until = max(until, before.until)
    if until <= now:
        return None
    came_before = before.holds(now) and before.waiting_since is None
    return Handoff(until=until, changed_at=change.at, since=before.since if came_before else change.at)


def end_of_time(transaction: Transaction, keys: Sequence[str]) -> None:
    """Gives conversations back to recado if the person's time is over."""
    ended = []
    for customer in read_customers(transaction, keys).values():
        talk = talk_of(customer.talk)
        if talk.handoff.until is None or talk.handoff.until > transaction.now:
            continue  # it has been changed meanwhile
        ended.append(customer)
        after = Handoff(changed_at=talk.handoff.changed_at)
        note(transaction, customer.key, talk.handoff, after, Returned.TIME)
        customer.talk = as_json(replace(talk, handoff=after))
        customer.version += 1
    put_customers(transaction, ended)


def note(
    transaction: Transaction,
    key: str,
    before: Handoff,
    after: Handoff,
    why: HandoffReason | Returned,
    phone: str | None = None,
    user_id: str | None = None,
) -> None:
    """Counts and reports that a person took over a conversation, or that recado has it again."""
    held = before.until is not None
    if held and not before.holds(transaction.now) and why is not Returned.TIME:
        transaction.tell(key, HandoffEnded(reason=Returned.TIME), phone, user_id)
        held = False
    if after.until is not None and not held:
        transaction.totals.inc(metrics.HANDOFFS, why)
        transaction.run("note_handoff", transaction.now, why)
        transaction.tell(key, HandoffStarted(reason=why, until=instant(after.until)), phone, user_id)
    elif after.until is None and held:
        transaction.tell(key, HandoffEnded(reason=why), phone, user_id)


def note_own(
    transaction: Transaction, key: str, before: Handoff, after: Handoff, phone: str | None, user_id: str | None
) -> None:
    """Counts and reports what a customer's own message changed."""
    why = Returned.CUSTOMER if after.until is None else HandoffReason.ASKED
    note(transaction, key, before, after, why, phone, user_id)
