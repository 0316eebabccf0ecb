"""The shapes of Meta's webhook JSON, and how the readable parts of an invalid body are kept."""

import json
import re
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

#: The longest id that is taken.
MOST_ID: Final = 256


class PayloadError(ValueError):
    """The body is not a webhook of Meta's."""


# The shapes on the wire, with only the fields that recado uses; every field may be missing.


class Text(Struct, gc=False):
    body: str | None = None


class Captioned(Struct):
    caption: str | None = None


class Tapped(Struct):
    id: Any = None
    title: str | None = None


class Interactive(Struct):
    button_reply: Tapped | None = None
    list_reply: Tapped | None = None


class Button(Struct):
    payload: Any = None
    text: str | None = None


class Order(Struct):
    text: str | None = None
    product_items: Any = None


class System(Struct):
    wa_id: str | None = None
    new_wa_id: str | None = None
    user_id: str | None = None
    previous_user_id: str | None = None


class Error(Struct):
    code: Any = None
    title: str | None = None
    message: str | None = None
    error_data: Any = None


class Echo(Struct, gc=False):
    """A message that the shop wrote from its own phone. `text` may be anything: only one text matters."""

    id: str = ""
    timestamp: str | float | None = None
    to: str | None = None
    to_user_id: str | None = None
    text: Any = None


class Message(Struct, gc=False):
    id: str = ""
    type: str = ""
    timestamp: str | float | None = None
    from_: str | None = field(name="from", default=None)
    from_user_id: str | None = None
    group_id: Any = None
    context: Any = None
    text: Text | None = None
    image: Captioned | None = None
    video: Captioned | None = None
    document: Captioned | None = None
    audio: Any = None
    interactive: Interactive | None = None
    button: Button | None = None
    order: Order | None = None
    system: System | None = None
    location: Any = None
    contacts: Any = None
    edit: Any = None
    revoke: Any = None


class Edit(Struct):
    message: Message


class Status(Struct):
    id: str = ""
    status: str = ""
    timestamp: str | float | None = None
    biz_opaque_callback_data: str | None = None
    recipient_id: str | None = None
    recipient_user_id: str | None = None
    errors: list[Error] | None = None


class Preference(Struct, gc=False):
    """What a customer set in his WhatsApp: `stop` or `resume`."""

    wa_id: str | None = None
    user_id: str | None = None
    value: str = ""
    timestamp: str | float | None = None


class Contact(Struct, gc=False):
    wa_id: str | None = None
    user_id: str | None = None


class Metadata(Struct, gc=False):
    phone_number_id: str = ""


class Value(Struct, gc=False):
    """The content of a change. Field `messages` has the first five, field `smb_message_echoes` the sixth, field
    `user_preferences` the seventh; the others belong to the fields about the account, for which Meta promises no
    shapes.
    """

    metadata: Metadata | None = None
    contacts: list[Contact] | None = None
    messages: list[Message] | None = None
    statuses: list[Status] | None = None
    errors: list[Error] | None = None
    message_echoes: list[Echo] | None = None
    user_preferences: list[Preference] | None = None
    event: Any = None
    decision: Any = None
    ban_info: Any = None
    restriction_info: Any = None
    violation_info: Any = None
    alert_info: Any = None
    alert_severity: Any = None
    current_limit: Any = None
    new_quality_score: Any = None
    message_template_name: Any = None
    message_template_language: Any = None
    reason: Any = None


#: The fields of webhooks about single messages and customers.
MESSAGES, ECHOES, PREFERENCES = "messages", "smb_message_echoes", "user_preferences"
_ABOUT_CUSTOMERS = frozenset({MESSAGES, ECHOES, PREFERENCES})
_OF_CUSTOMERS = {"metadata", "contacts", "messages", "statuses", "errors", "message_echoes", "user_preferences"}
_ABOUT_THE_ACCOUNT = frozenset(Value.__struct_fields__) - _OF_CUSTOMERS


class Change(Struct, gc=False):
    field: str = ""
    value: Value | None = None


class Entry(Struct, gc=False):
    changes: list[Change] | None = None


class Webhook(Struct, gc=False):
    entry: list[Entry] | UnsetType = UNSET


Piece = TypeVar("Piece", bound=Struct)

_decode = msgspec.json.Decoder(Webhook).decode
#: An escaped NUL, after any number of escaped backslashes.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


def read(body: bytes, ignored: list[str]) -> list[Entry]:
    """The entries of a webhook. Raises PayloadError for a body that is not a webhook.

    The body is decoded as a whole. If that fails, because some part has another shape, it is decoded piece by piece:
    readable parts are kept, and the others are counted in `ignored`, so one bad message never affects another.

    The character NUL is replaced by U+FFFD, because PostgreSQL does not accept it in texts.
    """
    if rb"\u0000" in body:
        body = _NUL.sub(rb"\1\\ufffd", body)
    try:
        entries = _decode(body).entry
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        entries = _salvage(body, ignored)
    if entries is UNSET:
        raise PayloadError("the webhook has no `entry`")
    return entries


def id_in(raw: Any, key: str) -> str | None:
    """The id that an object has under a key, as `id_of` takes it."""
    return id_of(raw.get(key)) if isinstance(raw, dict) else None


def id_of(value: Any) -> str | None:
    """An id; None for anything that is not an id of Meta or recado."""
    return value if isinstance(value, str) and 0 < len(value) <= MOST_ID else None


def _salvage(body: bytes, ignored: list[str]) -> list[Entry] | UnsetType:
    webhook = _loosely(body)
    if not isinstance(webhook, dict):
        raise PayloadError("the webhook is not a JSON object")
    if "entry" not in webhook:
        return UNSET
    if not isinstance(webhook["entry"], list):
        raise PayloadError("the webhook's `entry` is not a list")
    entries = []
    for raw_entry in webhook["entry"]:
        changes = []
        for raw in _list(raw_entry, "changes", "entry:unreadable", ignored):
            if not isinstance(raw, dict) or not isinstance(raw.get("field"), str):
                ignored.append("change:unreadable")
                continue
            value = raw.get("value")
            readable = _value(value, ignored) if raw["field"] in _ABOUT_CUSTOMERS else _about_the_account(value)
            changes.append(Change(raw["field"], readable))
        entries.append(Entry(changes))
    return entries


def _value(raw: Any, ignored: list[str]) -> Value | None:
    if not isinstance(raw, dict):
        ignored.append("value:unreadable")
        return None
    metadata = _pieces([raw["metadata"]], Metadata, "metadata", ignored) if "metadata" in raw else []
    return Value(
        metadata=metadata[0] if metadata else None,
        contacts=_pieces(_list(raw, "contacts", "contact:unreadable", ignored), Contact, "contact", ignored),
        messages=_pieces(_list(raw, "messages", "message:unreadable", ignored), Message, "message", ignored),
        statuses=_pieces(_list(raw, "statuses", "status:unreadable", ignored), Status, "status", ignored),
        errors=_pieces(_list(raw, "errors", "error:unreadable", ignored), Error, "error", ignored),
        message_echoes=_pieces(_list(raw, "message_echoes", "echo:unreadable", ignored), Echo, "echo", ignored),
        user_preferences=_pieces(
            _list(raw, "user_preferences", "preference:unreadable", ignored), Preference, "preference", ignored
        ),
    )


def _about_the_account(raw: Any) -> Value:
    return Value(**{name: raw[name] for name in _ABOUT_THE_ACCOUNT & raw.keys()}) if isinstance(raw, dict) else Value()


def _list(parent: Any, key: str, reason: str, ignored: list[str]) -> list[Any]:
    found = parent.get(key) if isinstance(parent, dict) else parent
    if isinstance(found, list):
        return found
    if found is not None or parent is None:
        ignored.append(reason)
    return []


def _pieces(raws: list[Any], kind: type[Piece], name: str, ignored: list[str]) -> list[Piece]:
    pieces = []
    for raw in raws:
        try:
            pieces.append(msgspec.convert(raw, kind))
        except msgspec.ValidationError:
            ignored.append(f"{name}:unreadable")
    return pieces


def _loosely(body: bytes) -> Any:
    """Decodes any JSON. Valid JSON without a Python value is replaced: half of a surrogate pair by a question mark, an
    integer of thousands of digits by infinity."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        value = json.loads(body, parse_int=lambda digits: int(digits) if len(digits) < 400 else float(digits))
        return json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    except (ValueError, RecursionError) as error:
        raise PayloadError("the webhook is not JSON") from error
