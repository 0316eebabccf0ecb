"""Signed webhooks for the generator: every message is an order of a new customer."""

import hashlib
import hmac
import itertools
import json
import time

SECRET = "bench-app-secret-of-32-characters"
PHONE_NUMBER_ID = "106540352242922"
PATH = "/api/v1/webhook"
ORDERS = (
    "Quiero 2 zapatos y 1 camisa",
    "Hola! Me cotiza tres pares de sandalias por favor?",
    "buenas, necesito 5 camisas y dos pantuflas",
    "una camisa y zapatillas, gracias",
    "Buenos días, ¿cuánto salen 10 zapatos escolares?",
)
#: Customers' numbers begin with the time of the start, so that no two runs share a customer.
_numbers = itertools.count(time.time_ns() // 1_000_000 % 1_000_000 * 1_000_000)


def text(known: int | None = None, words: str | None = None) -> tuple[int, bytes]:
    """A customer's number and the POST with his words: a new one's order, or what a `known` one writes."""
    number = next(_numbers)
    customer = customer_of(number if known is None else known)
    event = {
        "from": customer,
        "from_user_id": f"US.{customer}",
        "id": f"wamid.BENCH{number:014d}",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": words or ORDERS[number % len(ORDERS)]},
    }
    contact = {"profile": {"name": "Ana"}, "wa_id": customer, "user_id": f"US.{customer}"}
    return number, _post({"contacts": [contact], "messages": [event]})


def status() -> bytes:
    """The POST with a status of a message that recado never sent: recado only looks it up."""
    number = next(_numbers)
    event = {
        "id": f"wamid.BENCHOUT{number:014d}",
        "status": ("sent", "delivered", "read")[number % 3],
        "timestamp": str(int(time.time())),
        "recipient_id": customer_of(number),
        "biz_opaque_callback_data": f"0badcafe.{number}.1",
        "pricing": {"billable": False, "pricing_model": "PMP", "category": "service", "type": "free_customer_service"},
    }
    return _post({"statuses": [event]})


def customer_of(number: int) -> str:
    return f"49{number:012d}"


def _post(value: dict[str, object]) -> bytes:
    metadata = {"display_phone_number": "15550100000", "phone_number_id": PHONE_NUMBER_ID}
    change = {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
    webhook = {"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [change]}]}
    body = json.dumps(webhook, separators=(",", ":")).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: facebookexternalua\r\nContent-Type: application/json"
        f"\r\nX-Hub-Signature-256: sha256={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
