"""Bodies of webhooks with the messages of Meta's documentation."""

import json
from typing import Any

NUMBER = "700000000000001"
ANA = {"profile": {"name": "Ana"}, "wa_id": "15550100001", "user_id": "US.ABC123"}
TEXT = {
    "from": "15550100001",
    "from_user_id": "US.ABC123",
    "id": "wamid.T1",
    "timestamp": "1790000001",
    "type": "text",
    "text": {"body": "hola"},
}


def webhook(**value: Any) -> bytes:
    """A POST with one change of field `messages`."""
    full = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": NUMBER}, "contacts": [ANA], **value}
    return body([{"id": "1", "changes": [{"field": "messages", "value": full}]}])


def body(entry: Any) -> bytes:
    return json.dumps({"object": "whatsapp_business_account", "entry": entry}).encode()
