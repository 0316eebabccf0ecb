"""Telling: turns facts into events, and each event into an entry for every endpoint that subscribes to it, in the
transaction of the fact."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from recado.events.event import NOBODY, Event, EventCustomer, data_of
from recado.events.facts import (
    ENDS,
    CustomerErased,
    Fact,
    OrderCreated,
    OrderUpdated,
    QuoteCreated,
    QuoteReplaced,
    order_data,
    quote_data,
)
from recado.queue.model import EVENTS, Lane, NewReply, as_json
from recado.queue.operations.writing import Writing
from recado.telemetry import metrics

#: The key of events that concern no customer.
ACCOUNT = "account"


class Told(msgspec.Struct, frozen=True):
    """A fact about the customer of a key, with his names. traceparent: that of the message that led to it."""

    key: str
    fact: Fact
    phone: str | None
    user_id: str | None
    traceparent: str | None = None

    @property
    def type(self) -> str:
        return str(self.fact.__struct_config__.tag)


class Changed(msgspec.Struct):
    """The effects of one transaction, by the customer's key: the age (in seconds) of the closed quotes, and the tokens
    of the replaced quotes. states: of orders that changed, by number. made_by: the traceparents of the messages that
    made the quotes which were closed or replaced, by the customer's key."""

    ages: dict[str, float] = {}
    replaced: dict[str, str] = {}
    states: dict[int, str] = {}
    made_by: dict[str, str | None] = {}


class Replay(msgspec.Struct, frozen=True):
    """Events to send once more to some endpoints: those of `ids`, or up to `limit` with ids after `after` that are not
    older than `since` (Unix seconds)."""

    endpoints: tuple[str, ...]
    ids: tuple[int, ...] = ()
    since: float = 0.0
    after: int = 0
    limit: int = 500


def tell_changes(transaction: Writing, messages: Iterable[NewReply], changed: Changed) -> None:
    """Writes events about what messages changed."""
    for message in messages:
        for fact in (*message.facts, *_facts(message, changed, transaction.audience.order_prefix)):
            transaction.tell(message.key, fact, message.phone, message.user_id, message.traceparent)


def _facts(message: NewReply, changed: Changed, order_prefix: str) -> Iterator[Fact]:
    changes = message.changes
    if (closes := changes.closes) and closes.state in ENDS:
        yield ENDS[closes.state](token=closes.token, age_seconds=round(changed.ages[message.key]))
    if changes.opens:
        quote = quote_data(changes.opens)
        replaces = changed.replaced.get(message.key)
        yield QuoteReplaced(quote=quote, replaces=replaces) if replaces else QuoteCreated(quote=quote)
    if changes.places:
        yield OrderCreated(order=order_data(changes.places, f"{order_prefix}{changes.places.number}"))
    if (located := changes.locates) and (state := changed.states.get(located.number)):
        yield OrderUpdated(number=f"{order_prefix}{located.number}", state=state, reason="location")


def write_events(transaction: Writing, told: Sequence[Told]) -> None:
    """Writes events in the order in which they happened. It writes no types that no endpoint subscribes to."""
    audience = transaction.audience
    wanted = [one for one in told if audience.endpoints_for(one.type)]
    if not wanted:
        return
    wanted = _named(transaction, wanted)
    conversations = {one.key: transaction.reference("cv", one.key) for one in wanted}
    # The sequence of a customer who was erased and came back continues after the event of his erasure.
    last: dict[str, int] = dict(transaction.run("last_sequences", as_json([*conversations, *conversations.values()])))
    sequences = {key: max(last.get(key, 0), last.get(name, 0)) for key, name in conversations.items()}
    first = transaction.take_ids(len(wanted))
    events: list[tuple[Event, str, str | None]] = []
    for id_, one in enumerate(wanted, first):
        sequences[one.key] += 1
        event = Event(
            id=id_,
            kind=one.type,
            at=transaction.now,
            sequence=sequences[one.key],
            conversation=conversations[one.key] if one.fact.of_customer else "",
            customer=_person(transaction, one),
            data=data_of(one.fact),
        )
        # Events that outlive their customer are kept under a name that does not identify him.
        kept_under = event.conversation if isinstance(one.fact, CustomerErased) else one.key
        events.append((event, kept_under, one.traceparent))
        transaction.totals.inc(metrics.EVENTS, one.type)
    transaction.run("add_events", as_json([(e.id, e.kind, key, e.sequence, e.at, e) for e, key, _ in events]))
    _address(transaction, [(event, audience.endpoints_for(event.kind), made_by) for event, _, made_by in events])


def _person(transaction: Writing, told: Told) -> EventCustomer:
    if not told.fact.of_customer:
        return NOBODY
    ref = transaction.reference("cu", told.key.partition(":")[2])
    return EventCustomer(ref=ref, phone=told.phone, user_id=told.user_id)


def _named(transaction: Writing, told: list[Told]) -> list[Told]:
    """The facts with the names of their customers."""
    nameless = sorted({one.key for one in told if one.phone is None and one.user_id is None})
    if not nameless:
        return told
    names: dict[str, dict[str, str]] = {}
    for key, name in transaction.run("names_of", as_json(nameless)):
        of_customer = name.partition(":")[2]
        kind = "phone" if of_customer.startswith("+") else "user_id"
        names.setdefault(key, {})[kind] = of_customer
    return [msgspec.structs.replace(one, **names[one.key]) if one.key in names else one for one in told]


def _address(transaction: Writing, events: Sequence[tuple[Event, Sequence[str], str | None]]) -> int:
    """Queues events, each with its endpoints and a traceparent, except for endpoints that have ended their
    subscription; returns the number of entries."""
    audience = transaction.audience
    deliveries = [
        (event, endpoint, traceparent)
        for event, endpoints, traceparent in events
        for endpoint in endpoints
        if not transaction.lanes.ended(Lane(EVENTS, endpoint))
    ]
    if deliveries:
        first = transaction.take_ids(len(deliveries))
        rows = [
            (id_, EVENTS, endpoint, f"{event.public_id}/{endpoint}", event, event.id, event.at, traceparent)
            for id_, (event, endpoint, traceparent) in enumerate(deliveries, first)
        ]
        transaction.run("address_events", as_json(rows), transaction.now, transaction.now + audience.deadline_seconds)
    return len(deliveries)


def replay(transaction: Writing, requests: Sequence[Replay]) -> list[tuple[int, int | None]]:
    """Queues events once more, including types that an endpoint does not subscribe to. Returns for each request the
    number of events, and the id to continue after (None: no more). Events that still wait for an endpoint are not
    queued twice.
    """
    return [_replay(transaction, request) for request in requests]


def _replay(transaction: Writing, request: Replay) -> tuple[int, int | None]:
    if request.ids:
        rows = transaction.run("events_by_id", as_json(request.ids))
    else:
        rows = transaction.run("events_since", request.after, request.since, request.limit)
    events = [_event(row[0]) for row in rows]
    waiting = {tuple(row) for row in transaction.run("waiting_events", as_json([event.id for event in events]))}
    _address(
        transaction,
        [(event, [name for name in request.endpoints if (event.id, name) not in waiting], None) for event in events],
    )
    more = not request.ids and len(events) == request.limit
    return len(events), events[-1].id if more else None


_event = msgspec.json.Decoder(Event).decode
