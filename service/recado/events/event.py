"""An event in the store, and the body that an endpoint gets."""

from typing import Any

import msgspec

from recado.events.endpoints import Endpoint, Shown, ShownText
from recado.events.facts import Fact, instant
from recado.whatsapp.inbound import mask

#: The field with the customer's words, at any place in an event.
_WRITTEN = "text"

_encode = msgspec.json.Encoder().encode


class EventCustomer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A customer. `ref` identifies him in all events. It is a keyed hash, which reveals nothing without the key."""

    ref: str
    phone: str | None = None
    user_id: str | None = None


#: Stands for the customer in events of the account.
NOBODY = EventCustomer(ref="")


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="type", tag="event"):
    """A fact with its customer. `sequence` counts the events of a conversation; `at` is in Unix seconds.

    An event of the account has the conversation "" and the customer NOBODY.
    """

    id: int
    kind: str
    at: float
    sequence: int
    conversation: str
    customer: EventCustomer
    data: dict[str, Any]

    @property
    def public_id(self) -> str:
        """The id that receivers see, the same at all attempts."""
        return f"evt_{self.id}"


def data_of(fact: Fact) -> dict[str, Any]:
    """The fields of a fact."""
    fields: dict[str, Any] = msgspec.to_builtins(fact)
    del fields["type"]
    return fields


def shown(event: Event, customer: Shown, text: ShownText) -> dict[str, Any]:
    """The event for a receiver that may see this much of the customer."""
    data = event.data if text is ShownText.FULL else _without_words(event.data)
    return {
        "type": event.kind,
        "timestamp": instant(event.at),
        "id": event.public_id,
        "sequence": event.sequence,
        "data": {**_whom(event, customer), **data},
    }


def body(event: Event, endpoint: Endpoint) -> bytes:
    """The body that an endpoint gets: the same bytes at every attempt."""
    return _encode(shown(event, endpoint.customer, endpoint.text))


def _whom(event: Event, how: Shown) -> dict[str, Any]:
    if not event.conversation:
        return {}
    return {"conversation": event.conversation, "customer": _person(event.customer, how)}


def _person(person: EventCustomer, how: Shown) -> EventCustomer:
    match how:
        case Shown.FULL:
            return person
        case Shown.MASKED:
            return EventCustomer(ref=person.ref, phone=person.phone and mask(person.phone))
        case Shown.NONE:
            return EventCustomer(ref=person.ref)


def _without_words(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_words(part) for name, part in value.items() if name != _WRITTEN}
    if isinstance(value, list | tuple):
        return [_without_words(part) for part in value]
    return value
