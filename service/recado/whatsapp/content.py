"""What a reply says: typed, stored as JSON in the queue, rendered as Meta's JSON when it is sent.

A new kind of content is a tagged struct, a member of the union `Content`, and a case of `rendered`.
"""

from typing import Any, TypeAlias

import msgspec


class Text(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="text"):
    """Plain text of at most 4,096 characters, with WhatsApp's marks."""

    body: str


Content: TypeAlias = Text

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Content).decode


def rendered(content: Content) -> dict[str, Any]:
    """The fields of Meta's message that depend on what it says."""
    match content:
        case Text(body):
            return {"type": "text", "text": {"preview_url": False, "body": body}}
