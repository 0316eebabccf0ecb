"""Webhook bodies as Meta writes them, byte by byte: compact JSON, `\\uXXXX` in lower case, `\\/`."""

import itertools
import json
import time
from collections.abc import Iterable
from typing import Any

import msgspec

from recado.simulator.graph import Accepted, title
from recado.whatsapp.signature import signature

ACCOUNT = "100000000000001"
DISPLAY_NUMBER = "15550100000"

Event = dict[str, Any]


class Person(msgspec.Struct, frozen=True):
    """A customer at Meta. `hidden`: the business does not see the phone number."""

    phone: str
    user_id: str
    name: str = "Ana"
    hidden: bool = False

    @property
    def addresses(self) -> list[str]:
        """The addresses that a reply may be sent to."""
        return [self.user_id] if self.hidden else [self.phone, self.user_id]


class People:
    """Makes new customers; their numbers begin with 1 555, which nobody has."""

    def __init__(self, first: int = 0) -> None:
        self._numbers = itertools.count(first)

    def new(self, *, hidden: bool = False) -> Person:
        number = next(self._numbers) % 10_000_000
        return Person(f"+1555{number:07d}", f"US.{900_000_000_000 + number}", hidden=hidden)


def message(person: Person, wamid: str, sent_at: float, kind: str, content: Any, context: Event | None = None) -> Event:
    """An entry of `value.messages`. `context`: the message that it refers to."""
    sender = {} if person.hidden else {"from": person.phone[1:]}
    return {
        **sender,
        "from_user_id": person.user_id,
        "id": wamid,
        "timestamp": str(int(sent_at)),
        "type": kind,
        kind: content,
        **({"context": context} if context else {}),
    }


def words_of(content: Any) -> str:
    """The words of a message: its text, the title that was tapped, or the text after an edit."""
    if not isinstance(content, dict):
        return ""
    inner = content.get("button_reply") or content.get("list_reply") or (content.get("message") or {}).get("text")
    found = (inner or content).get("title") or (inner or content).get("body") or content.get("text")
    return found if isinstance(found, str) else ""


def contact(person: Person) -> Event:
    """An entry of `value.contacts`."""
    phone = {} if person.hidden else {"wa_id": person.phone[1:]}
    return {"profile": {"name": person.name}, **phone, "user_id": person.user_id}


def status(accepted: Accepted, kind: str, at: float, person: Person | None) -> Event:
    """An entry of `value.statuses`, about a message of the business. `person` is the recipient, None if unknown."""
    event: Event = {"id": accepted.wamid, "status": kind, "timestamp": str(int(at))}
    by_phone = accepted.customer.startswith("+")
    if by_phone or (person and not person.hidden):
        event["recipient_id"] = (person.phone if person else accepted.customer)[1:]
    if not by_phone or (person and kind != "failed"):
        event["recipient_user_id"] = person.user_id if person else accepted.customer
    if accepted.callback is not None:
        event["biz_opaque_callback_data"] = accepted.callback
    if kind == "failed":
        name = title(accepted.failure)
        details = {"details": f"Simulated failure {accepted.failure}."}
        event["errors"] = [{"code": accepted.failure, "title": name, "message": name, "error_data": details}]
    elif kind in ("sent", "delivered"):
        event["pricing"] = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "service"}
    return event


def status_value(statuses: list[Event], people: Iterable[Person]) -> Event:
    """A change's value; Meta includes the contacts of statuses, except for failed ones."""
    contacts = [contact(person) for person in people]
    return {"contacts": contacts, "statuses": statuses} if contacts else {"statuses": statuses}


def body(phone_number_id: str, values: list[Event]) -> bytes:
    """A POST's body: one change for each value, which contains contacts, messages or statuses."""
    metadata = {"display_phone_number": DISPLAY_NUMBER, "phone_number_id": phone_number_id}
    return _post(
        [
            {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
            for value in values
        ]
    )


def notice(field: str, value: Event) -> bytes:
    """A POST's body with a notice about the account, a number or a template."""
    return _post([{"field": field, "value": value}])


def _post(changes: list[Event]) -> bytes:
    webhook = {"object": "whatsapp_business_account", "entry": [{"id": ACCOUNT, "changes": changes}]}
    # A slash can only be inside a string.
    return json.dumps(webhook, separators=(",", ":")).replace("/", "\\/").encode()


def signed(secret: str, content: bytes) -> tuple[bytes, bytes]:
    """The header that signs a body."""
    return b"X-Hub-Signature-256", signature(secret.encode(), content)


class Wamids:
    """Message ids in Meta's form, never the same twice, in no run."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._run = f"{time.time_ns() // 1_000_000:X}"

    def new(self) -> str:
        return f"wamid.IN{self._run}{next(self._numbers):08X}"
