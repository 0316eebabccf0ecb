"""Hearing: a voice note leads to a reply that waits, and to a job that may replace the reply's content.

The reply asks the customer to write. It is stored with the message and becomes due when the job's time is over. The end
of the job and the new content of the reply are one transaction. So the customer gets exactly one reply even if a
process dies in between, and replies keep their order.
"""

from collections.abc import Mapping, Sequence

import msgspec

from recado.queue.model import Added, LeasedReply, NewReply, VoiceNote, as_json
from recado.queue.operations.adding import note_asked, note_talk, supersede
from recado.queue.operations.customers import (
    change_quotes,
    identified,
    kept_names,
    put_customers,
    read_customers,
    read_sessions,
    talk_of,
)
from recado.queue.operations.transaction import Transaction


class HeardRequest(msgspec.Struct, frozen=True, gc=False):
    """A job that is under way, and the message that was heard, with its reply and changes."""

    job: LeasedReply
    message: NewReply


def hear(transaction: Transaction, requests: Sequence[HeardRequest]) -> list[Added]:
    """Ends jobs and replaces the content of the replies that wait for them.

    A late result is a duplicate: another process did the job, or the customer was asked to write. A message that was
    handled with an older session gets the present one, and nothing of it is written.
    """
    return [_hear(transaction, request.job, request.message) for request in requests]


def _hear(transaction: Transaction, job: LeasedReply, message: NewReply) -> Added:
    assert isinstance(job.content, VoiceNote)
    reply = job.content.reply
    if not transaction.run("unheard", job.id, job.attempt, reply):
        return Added(id=None, duplicate=True)
    names = message.names
    (key,) = identified(transaction, [names], kept_names(transaction, names)())
    message = msgspec.structs.replace(message, key=key)
    customers = read_customers(transaction, [key])
    customer = customers[key]
    if customer.is_ahead_of(message):
        (session,) = read_sessions(transaction, {reply: message}, customers).values()
        return Added(id=None, duplicate=False, stale=session)
    restraint = customer.restrain(message)
    if restraint is None:
        if (after := message.changes.talk) is not None:
            note_talk(transaction, message, talk_of(customer.talk), after)
        customer.follow(message)
    current: Mapping[int, NewReply] = {} if restraint else {reply: message}
    answers = supersede(transaction, current, customers)
    follows = change_quotes(transaction, current).get(reply)
    note_asked(transaction, current.values())
    put_customers(transaction, [customer])
    transaction.delivered(transaction.run("deliver", as_json([(job.id, job.attempt, None)]), transaction.now))
    if restraint or message.content is None:
        transaction.discard([reply])
        return Added(id=None if restraint else reply, duplicate=False, restraint=restraint, follows=follows)
    filled = (reply, msgspec.json.encode(message.content).decode(), answers.get(reply), transaction.now)
    transaction.run("fill", as_json([filled]))
    return Added(id=reply, duplicate=False, due_at=transaction.now, follows=follows)
