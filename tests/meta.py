"""Meta for tests: signed webhooks, and a Graph API with configurable responses."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import httpx

APP_SECRET = "test-app-secret-of-32-characters"
VERIFY_TOKEN = "test-verify-token"
ADMIN_TOKEN = "test-admin-token"
NUMBER = "700000000000001"
PATH = "/api/v1/webhook"

ENVIRONMENT = {
    "WHATSAPP_VERIFY_TOKEN": VERIFY_TOKEN,
    "WHATSAPP_APP_SECRET": APP_SECRET,
    "WHATSAPP_ACCESS_TOKEN": "test-access-token",
    "WHATSAPP_PHONE_NUMBER_ID": NUMBER,
    "RECADO_ADMIN_TOKEN": ADMIN_TOKEN,
}


def text_message(n: int, text: str, *, sent_at: float, customer: int | None = None, **more: Any) -> dict[str, Any]:
    """Message number n in Meta's form, by default from a new customer."""
    who = n if customer is None else customer
    return {
        "from": f"1555010{who:04d}",
        "from_user_id": f"US.{who:06d}",
        "id": f"wamid.IN{n}",
        "timestamp": str(int(sent_at)),
        "type": "text",
        "text": {"body": text},
        **more,
    }


def webhook(*messages: dict[str, Any], statuses: tuple[dict[str, Any], ...] = (), number: str = NUMBER) -> bytes:
    """One POST with these messages and statuses."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550100000", "phone_number_id": number},
        "messages": list(messages),
        "statuses": list(statuses),
    }
    change = {"field": "messages", "value": value}
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}).encode()


def signed(body: bytes, secret: str = APP_SECRET) -> dict[str, str]:
    """The headers of a webhook."""
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"}


def graph_error(status: int, code: int) -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": "no", "type": "OAuthException", "code": code}})


class FakeGraph(httpx.AsyncBaseTransport):
    """Accepts every message, unless `answer` returns another response; `sent` has the messages, `sent_at` the Unix time
    of each; `probes` counts calls without a message."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.sent: list[dict[str, Any]] = []
        self.sent_at: list[float] = []
        self.read: list[dict[str, Any]] = []
        self.probes = 0
        self.answer: Callable[[], httpx.Response] | None = None
        #: The account's templates, as Graph lists them.
        self.templates: list[dict[str, Any]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            if request.url.path.endswith("/message_templates"):
                return httpx.Response(200, json={"data": self.templates})
            self.probes += 1
            return self.answer() if self.answer else httpx.Response(200, json={"id": NUMBER})
        payload = json.loads(request.content)
        if payload.get("status") == "read":
            self.read.append(payload)
            return httpx.Response(200, json={"success": True})
        self.sent.append(payload)
        self.sent_at.append(self.clock())
        if self.answer:
            return self.answer()
        return httpx.Response(200, json={"messages": [{"id": f"wamid.OUT{len(self.sent)}"}]})
