"""Erasing: deletes everything stored about a customer, except what the shop's books need of an order."""

from collections.abc import Sequence

from recado.events.facts import CustomerErased
from recado.orders import QuoteState
from recado.queue.model import TO_CUSTOMERS, Erased, State, as_json
from recado.queue.operations.telling import Told, write_events
from recado.queue.operations.transaction import Transaction
from recado.queue.people import Traces
from recado.queue.tally import TALLIES

_WAITING = frozenset({State.QUEUED, State.SENDING, State.UNKNOWN})


def erase(transaction: Transaction, customers: Sequence[Traces]) -> list[Erased | None]:
    """Erases customers. The result is None for a customer who has got a new name since the search; search for him
    again.

    Sends to him that are under way continue, but their results are not recorded. His next message counts as a new
    customer's.
    """
    return [None if traces.catch_up(transaction.run) else _erase(transaction, traces) for traces in customers]


def _erase(transaction: Transaction, traces: Traces) -> Erased:
    keys = as_json(sorted(traces.keys))
    transaction.forget(traces.keys)
    orders = transaction.run("erase_orders", keys, as_json(list(traces.rows["shop_order"])))
    quotes = transaction.run("erase_quotes", keys)
    transaction.count_quotes([(QuoteState.WITHDRAWN, *rest) for state, *rest in quotes if state == QuoteState.OPEN])
    transaction.run("erase_customers", keys)
    transaction.run("erase_identities", keys)
    transaction.run("erase_asked", as_json([transaction.reference("asked", key) for key in traces.possible_keys]))
    # Before the events are deleted, because this continues their sequences; after the names are, because this event
    # must not contain them.
    write_events(transaction, [Told(key, CustomerErased(), None, None) for key in sorted(traces.keys)])
    events = transaction.run("erase_events", keys, as_json(list(traces.rows["event"])))
    event_ids = as_json([id_ for (id_,) in events])
    entries = transaction.run("erase_entries", as_json(list(traces.rows["entry"])), event_ids)
    for channel, lane, state in entries:
        if state in _WAITING:
            TALLIES[channel].discarded(transaction.totals, lane)
    return Erased(
        replies=sum(channel in TO_CUSTOMERS for channel, _, _ in entries),
        quotes=len(quotes),
        orders=len(orders),
        events=len(events),
        conversations=len(traces.keys),
    )
