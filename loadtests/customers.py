"""Webhooks as Meta writes and signs them, with customers who never wrote before.

It uses no code of recado: the tested code must not write its own test, and it runs on a machine that has only locust.
"""

import hashlib
import hmac
import itertools
import json
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ORDERS = tuple((Path(__file__).parent / "orders.txt").read_text(encoding="utf-8").splitlines())
#: The share of customers whose phone number the business does not see.
HIDDEN_SHARE = 0.1
#: The share of customers who come back to their quote, and what they write then. They type, because only the simulator
#: knows what they could tap.
AGAIN_SHARE = 0.2
ANSWERS = ("sí", "sí", "sí, por favor", "no", "agrega 1 gorra", "quiero 2 zapatos")
#: They come back after the reply has had its time. Otherwise one reply might answer two messages, and messages and
#: replies could not be compared.
AGAIN_SECONDS = 8.0

Event = dict[str, Any]


@dataclass(frozen=True)
class Customer:
    """`address`: where replies go, the phone number or, if it is hidden, the user id."""

    phone: str
    user_id: str
    hidden: bool

    @property
    def address(self) -> str:
        return self.user_id if self.hidden else f"+{self.phone}"


class Crowd:
    """Makes customers and message ids that no other process or run makes."""

    def __init__(self, seed: int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._random = random.Random(seed)
        self._run = self._random.randrange(100_000)
        self._numbers = itertools.count()
        self._wamids = itertools.count()
        self._started = f"{time.time_ns() // 1_000_000:X}{self._run:05d}"
        self._coming_back: deque[tuple[float, Customer]] = deque(maxlen=100_000)

    def customer(self) -> Customer:
        """A new customer."""
        number = f"49{self._run:05d}{next(self._numbers) % 10_000_000:07d}"
        return Customer(number, f"US.{number}", self._random.random() < HIDDEN_SHARE)

    def writes(self) -> tuple[Customer, str]:
        """A customer and a text: a new customer's order, or an answer to a quote."""
        now = self._clock()
        if self._coming_back and self._coming_back[0][0] <= now:
            return self._coming_back.popleft()[1], self._random.choice(ANSWERS)
        customer = self.customer()
        if self._random.random() < AGAIN_SHARE:
            self._coming_back.append((now + AGAIN_SECONDS, customer))
        return customer, self.order()

    def wamid(self) -> str:
        return f"wamid.LOAD{self._started}{next(self._wamids):08X}"

    def order(self) -> str:
        return self._random.choice(ORDERS)


@dataclass(frozen=True)
class Shop:
    """The business number of the webhooks, and the app secret that signs them."""

    phone_number_id: str
    app_secret: str

    def messages(self, written: list[tuple[Customer, str, str]], written_at: float) -> bytes:
        """One POST with messages: (customer, wamid, text)."""
        events = [
            {
                **({} if customer.hidden else {"from": customer.phone}),
                "from_user_id": customer.user_id,
                "id": wamid,
                "timestamp": str(int(written_at)),
                "type": "text",
                "text": {"body": text},
            }
            for customer, wamid, text in written
        ]
        contacts = [
            {
                "profile": {"name": "Ana"},
                **({} if customer.hidden else {"wa_id": customer.phone}),
                "user_id": customer.user_id,
            }
            for customer, _, _ in written
        ]
        return self._body({"contacts": contacts, "messages": events})

    def statuses(self, customers: list[Customer], wamids: list[str], at: float) -> bytes:
        """One POST with `sent`, `delivered`, `read` of another program's messages."""
        kinds = itertools.cycle(("sent", "delivered", "read"))
        events = [
            {"id": wamid, "status": kind, "timestamp": str(int(at)), "recipient_id": customer.phone}
            for customer, wamid, kind in zip(customers, wamids, kinds, strict=False)
        ]
        return self._body({"statuses": events})

    def headers(self, body: bytes) -> dict[str, str]:
        """The headers of a POST, signed."""
        signature = hmac.new(self.app_secret.encode(), body, hashlib.sha256).hexdigest()
        return {**UNSIGNED, "X-Hub-Signature-256": f"sha256={signature}"}

    def _body(self, value: Event) -> bytes:
        metadata = {"display_phone_number": "15550100000", "phone_number_id": self.phone_number_id}
        change = {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
        webhook = {"object": "whatsapp_business_account", "entry": [{"id": "100000000000001", "changes": [change]}]}
        # Meta escapes slashes and writes everything in ASCII; a slash can only be inside a string.
        return json.dumps(webhook, separators=(",", ":")).replace("/", "\\/").encode()


UNSIGNED = {"Content-Type": "application/json", "User-Agent": "facebookexternalua"}
