"""Meta's webhook JSON -> typed events.

One POST holds entries x changes x (messages + statuses + errors), up to 1,000 of them. The whole body is
decoded at once against the shapes below. When that fails, because anything in it has another shape, the body
is decoded piece by piece: what is readable is kept and the rest is counted in `Batch.ignored`, so one bad
message never hurts another.
"""

import json
import math
from enum import StrEnum
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from recado.whatsapp.customer import Customer, identify
from recado.whatsapp.errors import code_in


class PayloadError(ValueError):
    """The body is not a webhook of Meta's at all."""


class MessageType(StrEnum):
    """What customers send; anything Meta invents later is `unknown`."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACTS = "contacts"
    REACTION = "reaction"
    INTERACTIVE = "interactive"
    BUTTON = "button"
    ORDER = "order"
    SYSTEM = "system"
    UNSUPPORTED = "unsupported"
    EDIT = "edit"
    REVOKE = "revoke"
    REQUEST_WELCOME = "request_welcome"
    UNKNOWN = "unknown"


class StatusKind(StrEnum):
    """How far a message of ours got; anything Meta invents later is `other`."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"
    FAILED = "failed"
    OTHER = "other"


class ErrorDetail(Struct, frozen=True):
    """One of the errors that Meta attaches to a status or to the account.

    code: None where it is no code of Meta's. detail: Meta's text.
    """

    code: int | None
    detail: str = ""


class InboundMessage(Struct, frozen=True):
    """A message that a customer wrote.

    text: what it says (body, caption, or the title of the button that was tapped), None if it has no words.
    sender: None when it can be neither called nor addressed. phone_number_id: the business number written to,
    "" where Meta left it out. sent_at: None where Meta's timestamp is unreadable; then the time of arrival
    must do.
    """

    wamid: str
    type: MessageType
    text: str | None
    sender: Customer | None
    phone_number_id: str
    sent_at: float | None
    is_group: bool = False


class Status(Struct, frozen=True):
    """What became of a message that we sent; `callback` is the attempt id that the send carried."""

    status: StatusKind
    wamid: str
    callback: str | None
    phone_number_id: str
    at: float | None
    errors: tuple[ErrorDetail, ...] = ()


class Batch(Struct):
    """All events of one POST, in Meta's order; `ignored` holds bounded reasons, for counters."""

    messages: list[InboundMessage] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    errors: list[ErrorDetail] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


# The shapes on the wire, with only what is used; every field may be missing.


class _Text(Struct):
    body: str | None = None


class _Captioned(Struct):
    caption: str | None = None


class _Titled(Struct):
    title: str | None = None


class _Interactive(Struct):
    button_reply: _Titled | None = None
    list_reply: _Titled | None = None


class _Button(Struct):
    text: str | None = None


class _Error(Struct):
    code: Any = None
    title: str | None = None
    message: str | None = None
    error_data: Any = None


class _Message(Struct):
    id: str = ""
    type: str = ""
    timestamp: str | float | None = None
    from_: str | None = field(name="from", default=None)
    from_user_id: str | None = None
    group_id: Any = None
    text: _Text | None = None
    image: _Captioned | None = None
    video: _Captioned | None = None
    document: _Captioned | None = None
    interactive: _Interactive | None = None
    button: _Button | None = None
    order: _Button | None = None


class _Status(Struct):
    id: str = ""
    status: str = ""
    timestamp: str | float | None = None
    biz_opaque_callback_data: str | None = None
    errors: list[_Error] | None = None


class _Contact(Struct):
    wa_id: str | None = None
    user_id: str | None = None


class _Metadata(Struct):
    phone_number_id: str = ""


class _Value(Struct):
    metadata: _Metadata | None = None
    contacts: list[_Contact] | None = None
    messages: list[_Message] | None = None
    statuses: list[_Status] | None = None
    errors: list[_Error] | None = None


class _Change(Struct):
    field: str = ""
    value: _Value | None = None


class _Entry(Struct):
    changes: list[_Change] | None = None


class _Webhook(Struct):
    entry: list[_Entry] | UnsetType = UNSET


_Piece = TypeVar("_Piece", bound=Struct)

_decode = msgspec.json.Decoder(_Webhook).decode
_TYPES = {str(kind): kind for kind in MessageType}
_STATUSES = {str(kind): kind for kind in StatusKind}
#: Fields that share the URL with `messages`; all others are counted as `field:other`, to bound the label.
_OTHER_FIELDS = frozenset(
    {
        "account_alerts",
        "account_review_update",
        "account_settings_update",
        "account_update",
        "automatic_events",
        "business_capability_update",
        "business_username_update",
        "business_username_updates",
        "calls",
        "flows",
        "group_lifecycle_update",
        "group_participants_update",
        "group_settings_update",
        "group_status_update",
        "history",
        "message_template_components_update",
        "message_template_quality_update",
        "message_template_status_update",
        "partner_solutions",
        "payment_configuration_update",
        "phone_number_name_update",
        "phone_number_quality_update",
        "security",
        "smb_app_state_sync",
        "smb_message_echoes",
        "standby",
        "template_category_update",
        "template_correct_category_detection",
        "tracking_events",
        "user_id_update",
        "user_preferences",
    }
)


def parse(body: bytes) -> Batch:
    """Every event of one webhook. Raises PayloadError, and nothing else, for a body that is not one."""
    batch = Batch()
    try:
        entries = _decode(body).entry
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        entries = _salvage(body, batch.ignored)
    if entries is UNSET:
        raise PayloadError("the webhook has no `entry`")
    for entry in entries:
        for change in entry.changes or ():
            if change.field != "messages":
                known = change.field if change.field in _OTHER_FIELDS else "other"
                batch.ignored.append(f"field:{known}")
            elif change.value is not None:
                _read(change.value, batch)
    return batch


def _read(value: _Value, batch: Batch) -> None:
    phone_number_id = value.metadata.phone_number_id if value.metadata else ""
    contacts = (value.contacts or [])[::-1]  # where two have the same id, the first counts
    by_wa_id, by_user_id = {c.wa_id: c for c in contacts}, {c.user_id: c for c in contacts}
    for message in value.messages or ():
        if message.id:
            batch.messages.append(_message(message, by_wa_id, by_user_id, phone_number_id))
        else:
            batch.ignored.append("message:no_id")
    for status in value.statuses or ():
        if status.id or status.biz_opaque_callback_data:
            batch.statuses.append(
                Status(
                    status=_STATUSES.get(status.status, StatusKind.OTHER),
                    wamid=status.id,
                    callback=status.biz_opaque_callback_data,
                    phone_number_id=phone_number_id,
                    at=_seconds(status.timestamp),
                    errors=tuple(_detail(error) for error in status.errors) if status.errors else (),
                )
            )
        else:
            batch.ignored.append("status:no_id")
    for error in value.errors or ():
        batch.errors.append(_detail(error))


def _message(
    message: _Message,
    by_wa_id: dict[str | None, _Contact],
    by_user_id: dict[str | None, _Contact],
    phone_number_id: str,
) -> InboundMessage:
    wa_id, user_id = message.from_, message.from_user_id
    if (wa_id is None) != (user_id is None):
        contact = by_user_id.get(user_id) if wa_id is None else by_wa_id.get(wa_id)
        if contact:
            wa_id, user_id = wa_id or contact.wa_id, user_id or contact.user_id
    kind = _TYPES.get(message.type, MessageType.UNKNOWN)
    return InboundMessage(
        wamid=message.id,
        type=kind,
        text=message.text.body if message.text else _other_words(message),
        sender=identify(wa_id, user_id),
        phone_number_id=phone_number_id,
        sent_at=_seconds(message.timestamp),
        is_group=message.group_id is not None,
    )


def _other_words(message: _Message) -> str | None:
    """What a message without a text body says."""
    if captioned := message.image or message.video or message.document:
        return captioned.caption
    if message.interactive:
        tapped = message.interactive.button_reply or message.interactive.list_reply
        return tapped.title if tapped else None
    if written := message.button or message.order:
        return written.text
    return None


def _detail(error: _Error) -> ErrorDetail:
    data = error.error_data
    details = data.get("details") if isinstance(data, dict) else data
    text = details if isinstance(details, str) else error.message or error.title or ""
    return ErrorDetail(code_in(error.code), text)


def _seconds(timestamp: str | float | None) -> float | None:
    """Unix seconds of Meta's timestamp, a string of digits; None for anything that is no moment after 1970."""
    if timestamp is None:
        return None
    try:
        seconds = float(timestamp)
    except ValueError:
        return None
    # The bound keeps milliseconds, infinities and not-a-number out of later arithmetic.
    return seconds if math.isfinite(seconds) and 0 < seconds < 1e11 else None


def _salvage(body: bytes, ignored: list[str]) -> list[_Entry] | UnsetType:
    """The readable part of a body that does not fit the shapes; what is not readable goes to `ignored`."""
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
            value = _value(raw.get("value"), ignored) if raw["field"] == "messages" else None
            changes.append(_Change(raw["field"], value))
        entries.append(_Entry(changes))
    return entries


def _value(raw: Any, ignored: list[str]) -> _Value | None:
    if not isinstance(raw, dict):
        ignored.append("value:unreadable")
        return None
    metadata = _pieces([raw["metadata"]], _Metadata, "metadata", ignored) if "metadata" in raw else []
    return _Value(
        metadata=metadata[0] if metadata else None,
        contacts=_pieces(_list(raw, "contacts", "contact:unreadable", ignored), _Contact, "contact", ignored),
        messages=_pieces(_list(raw, "messages", "message:unreadable", ignored), _Message, "message", ignored),
        statuses=_pieces(_list(raw, "statuses", "status:unreadable", ignored), _Status, "status", ignored),
        errors=_pieces(_list(raw, "errors", "error:unreadable", ignored), _Error, "error", ignored),
    )


def _list(parent: Any, key: str, reason: str, ignored: list[str]) -> list[Any]:
    found = parent.get(key) if isinstance(parent, dict) else parent
    if isinstance(found, list):
        return found
    if found is not None or parent is None:
        ignored.append(reason)
    return []


def _pieces(raws: list[Any], kind: type[_Piece], name: str, ignored: list[str]) -> list[_Piece]:
    pieces = []
    for raw in raws:
        try:
            pieces.append(msgspec.convert(raw, kind))
        except msgspec.ValidationError:
            ignored.append(f"{name}:unreadable")
    return pieces


def _loosely(body: bytes) -> Any:
    """Any JSON value; half of a surrogate pair, which is valid JSON but not text, becomes a question mark."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return json.loads(json.dumps(json.loads(body), ensure_ascii=False).encode(errors="replace"))
    except (ValueError, RecursionError) as error:
        raise PayloadError("the webhook is not JSON") from error
