"""Meta's webhook JSON -> typed values.

One POST contains entries x changes x (messages + statuses + errors), up to 1,000 of them. Unreadable parts are counted
in `Batch.ignored`. The shapes are in wire.py, the values in inbound.py.
"""

import json
import math
import re
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from recado.whatsapp import notices, wire
from recado.whatsapp.attached import cart_of, given_phone, location_of, voice_of
from recado.whatsapp.errors import code_in
from recado.whatsapp.inbound import (
    Batch,
    Echo,
    ErrorDetail,
    InboundMessage,
    MessageType,
    Preference,
    Renamed,
    Status,
    StatusKind,
    identify,
)

#: The text that the shop writes from its phone to give a conversation back.
GIVE_BACK = "#bot"

#: The values of a customer's setting in WhatsApp.
_OPTS_OUT = {"stop": True, "resume": False}

_TYPES = {str(kind): kind for kind in MessageType}
_STATUSES = {str(kind): kind for kind in StatusKind}
#: Fields that arrive at the same URL as `messages`; all others are counted as `field:other`, to bound the label.
_OTHER_FIELDS = frozenset(
    {
        "account_settings_update",
        "automatic_events",
        "business_username_update",
        "business_username_updates",
        "calls",
        "flows",
        "group_lifecycle_update",
        "group_participants_update",
        "group_settings_update",
        "group_status_update",
        "history",
        "partner_solutions",
        "payment_configuration_update",
        "smb_app_state_sync",
        "template_correct_category_detection",
        "tracking_events",
        "user_id_update",
    }
)
#: Fields of customers' messages that Meta gives to another agent, and of changes of the agent.
_OTHERS_TALK = frozenset({"standby", "messaging_handovers"})

Piece = TypeVar("Piece", bound=Struct)

_decode = msgspec.json.Decoder(wire.Webhook).decode
#: An escaped NUL, after any number of escaped backslashes.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


class PayloadError(ValueError):
    """The body is not a webhook of Meta's."""


def parse(body: bytes) -> Batch:
    """Every event of one webhook. Raises PayloadError, and nothing else, for a body that is not one."""
    batch = Batch()
    entries = _entries(body, batch.ignored)
    for entry in entries:
        for change in entry.changes or ():
            if change.field == wire.MESSAGES:
                if change.value is not None:
                    _read(change.value, batch)
            elif change.field == wire.ECHOES:
                if change.value is not None:
                    _read_echoes(change.value, batch)
            elif change.field == wire.PREFERENCES:
                if change.value is not None:
                    _read_preferences(change.value, batch)
            elif notice := notices.read(change.field, change.value or wire.Value()):
                batch.notices.append(notice)
            elif change.field in _OTHERS_TALK:
                batch.ignored.append(f"standby:{change.field}")
            else:
                known = change.field if change.field in _OTHER_FIELDS else "other"
                batch.ignored.append(f"field:{known}")
    return batch


def _read(value: wire.Value, batch: Batch) -> None:
    phone_number_id = value.metadata.phone_number_id if value.metadata else ""
    contacts = (value.contacts or [])[::-1]  # if two have the same id, the first counts
    by_wa_id, by_user_id = {c.wa_id: c for c in contacts}, {c.user_id: c for c in contacts}
    for message in value.messages or ():
        if message.id:
            batch.messages.append(_message(message, by_wa_id, by_user_id, phone_number_id))
            if message.system and (renamed := _renamed(message, message.system, phone_number_id)):
                batch.renamed.append(renamed)
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
                    recipient=None
                    if status.biz_opaque_callback_data
                    else identify(status.recipient_id, status.recipient_user_id),
                )
            )
        else:
            batch.ignored.append("status:no_id")
    for error in value.errors or ():
        batch.errors.append(_detail(error))


def _read_echoes(value: wire.Value, batch: Batch) -> None:
    phone_number_id = value.metadata.phone_number_id if value.metadata else ""
    for echo in value.message_echoes or ():
        to = identify(echo.to, echo.to_user_id)
        if not echo.id or to is None:
            batch.ignored.append("echo:no_id" if not echo.id else "echo:no_customer")
            continue
        body = echo.text.get("body") if isinstance(echo.text, dict) else None
        returns = body == GIVE_BACK
        batch.echoes.append(Echo(echo.id, to, phone_number_id, _seconds(echo.timestamp), returns))


def _read_preferences(value: wire.Value, batch: Batch) -> None:
    phone_number_id = value.metadata.phone_number_id if value.metadata else ""
    for one in value.user_preferences or ():
        customer, opted_out = identify(one.wa_id, one.user_id), _OPTS_OUT.get(one.value)
        if customer is None or opted_out is None:
            batch.ignored.append("preference:no_customer" if customer is None else "preference:other")
        else:
            batch.preferences.append(Preference(customer, phone_number_id, opted_out, _seconds(one.timestamp)))


def _message(
    message: wire.Message,
    by_wa_id: dict[str | None, wire.Contact],
    by_user_id: dict[str | None, wire.Contact],
    phone_number_id: str,
) -> InboundMessage:
    wa_id, user_id = message.from_, message.from_user_id
    if (wa_id is None) != (user_id is None):
        contact = by_user_id.get(user_id) if wa_id is None else by_wa_id.get(wa_id)
        if contact:
            wa_id, user_id = wa_id or contact.wa_id, user_id or contact.user_id
    given = given_phone(message.contacts) if message.contacts else None
    kind = _TYPES.get(message.type, MessageType.UNKNOWN)
    context = message.context if isinstance(message.context, dict) else {}
    return InboundMessage(
        wamid=message.id,
        type=kind,
        text=_edited(message.edit) if message.edit else _words(message),
        customer=identify(wa_id or given, user_id),
        phone_number_id=phone_number_id,
        sent_at=_seconds(message.timestamp),
        is_group=message.group_id is not None,
        cart=cart_of(message.order.product_items) if message.order else (),
        tapped=_tapped(message),
        quoted=id_in(context, "id"),
        product=id_in(context.get("referred_product"), "product_retailer_id"),
        location=location_of(message.location) if message.location else None,
        original=id_in(message.edit or message.revoke, "original_message_id"),
        voice=voice_of(message.audio) if message.audio else None,
        gives_phone=given is not None,
    )


def _renamed(message: wire.Message, system: wire.System, phone_number_id: str) -> Renamed | None:
    """The new names of a customer in a system message; None if the customer is missing."""
    before = identify(message.from_, system.previous_user_id)
    after = identify(system.wa_id or system.new_wa_id, system.user_id)
    return Renamed(phone_number_id, before, after) if before and after else None


def _tapped(message: wire.Message) -> str | None:
    """The id of the button or list row that was tapped."""
    if message.interactive:
        tapped = message.interactive.button_reply or message.interactive.list_reply
        return id_of(tapped.id) if tapped else None
    return id_of(message.button.payload) if message.button else None


def _words(message: wire.Message) -> str | None:
    """What a message says."""
    if message.text:
        return message.text.body
    if captioned := message.image or message.video or message.document:
        return captioned.caption
    if message.interactive:
        tapped = message.interactive.button_reply or message.interactive.list_reply
        return tapped.title if tapped else None
    if written := message.button or message.order:
        return written.text
    return None


def _edited(edit: Any) -> str | None:
    """What an edit makes a message say."""
    try:
        return _words(msgspec.convert(edit, wire.Edit).message)
    except msgspec.ValidationError:
        return None


def _detail(error: wire.Error) -> ErrorDetail:
    data = error.error_data
    details = data.get("details") if isinstance(data, dict) else data
    text = details if isinstance(details, str) else error.message or error.title or ""
    return ErrorDetail(code_in(error.code), text)


def _seconds(timestamp: str | float | None) -> float | None:
    """Unix seconds of Meta's timestamp, a string of digits; None for anything that is not a time after 1970."""
    if timestamp is None:
        return None
    try:
        seconds = float(timestamp)
    except ValueError:
        return None
    # The bound keeps milliseconds, infinities and not-a-number out of later arithmetic.
    return seconds if math.isfinite(seconds) and 0 < seconds < 1e11 else None


# -- how the readable parts of an invalid body are kept


def _entries(body: bytes, ignored: list[str]) -> list[wire.Entry]:
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


def _salvage(body: bytes, ignored: list[str]) -> list[wire.Entry] | UnsetType:
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
            readable = _value(value, ignored) if raw["field"] in wire.ABOUT_CUSTOMERS else _about_the_account(value)
            changes.append(wire.Change(raw["field"], readable))
        entries.append(wire.Entry(changes))
    return entries


def _value(raw: Any, ignored: list[str]) -> wire.Value | None:
    if not isinstance(raw, dict):
        ignored.append("value:unreadable")
        return None
    metadata = _pieces([raw["metadata"]], wire.Metadata, "metadata", ignored) if "metadata" in raw else []
    return wire.Value(
        metadata=metadata[0] if metadata else None,
        contacts=_pieces(_list(raw, "contacts", "contact:unreadable", ignored), wire.Contact, "contact", ignored),
        messages=_pieces(_list(raw, "messages", "message:unreadable", ignored), wire.Message, "message", ignored),
        statuses=_pieces(_list(raw, "statuses", "status:unreadable", ignored), wire.Status, "status", ignored),
        errors=_pieces(_list(raw, "errors", "error:unreadable", ignored), wire.Error, "error", ignored),
        message_echoes=_pieces(_list(raw, "message_echoes", "echo:unreadable", ignored), wire.Echo, "echo", ignored),
        user_preferences=_pieces(
            _list(raw, "user_preferences", "preference:unreadable", ignored), wire.Preference, "preference", ignored
        ),
    )


def _about_the_account(raw: Any) -> wire.Value:
    known = wire.ABOUT_THE_ACCOUNT & raw.keys() if isinstance(raw, dict) else ()
    return wire.Value(**{name: raw[name] for name in known})


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


def id_in(raw: Any, key: str) -> str | None:
    """The id that an object has under a key, as `id_of` takes it."""
    return id_of(raw.get(key)) if isinstance(raw, dict) else None


def id_of(value: Any) -> str | None:
    """An id; None for anything that is not an id of Meta or recado."""
    return value if isinstance(value, str) and 0 < len(value) <= wire.MOST_ID else None
