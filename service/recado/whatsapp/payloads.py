"""Meta's webhook JSON -> typed events.

One POST contains entries x changes x (messages + statuses + errors), up to 1,000 of them. Unreadable parts are counted
in `Batch.ignored`; the shapes are in wire.py.
"""

import math
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct, field

from recado.whatsapp import notices, wire
from recado.whatsapp.attached import CartLine as CartLine
from recado.whatsapp.attached import Location as Location
from recado.whatsapp.attached import Media as Media
from recado.whatsapp.attached import cart_of, given_phone, location_of, voice_of
from recado.whatsapp.customer import Customer, identify
from recado.whatsapp.errors import code_in
from recado.whatsapp.notices import AccountNotice
from recado.whatsapp.wire import PayloadError as PayloadError
from recado.whatsapp.wire import id_in, id_of


class MessageType(StrEnum):
    """The types of customers' messages; types that Meta adds later are `unknown`."""

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
    """The progress of a message of ours; kinds that Meta adds later are `other`."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"
    FAILED = "failed"
    OTHER = "other"


class ErrorDetail(Struct, frozen=True):
    """One of the errors that Meta attaches to a status or to the account.

    code: None if it is not a code of Meta. detail: Meta's text.
    """

    code: int | None
    detail: str = ""


class InboundMessage(Struct, frozen=True, gc=False):
    """A message that a customer wrote.

    text: what it says (body, caption, title of the tapped button, text after an edit); None if it has no words.
    customer: None if he has neither a phone number nor a user id.
    phone_number_id: the business number that he wrote to; "" if Meta left it out.
    sent_at: None if Meta's timestamp is unreadable; the time of arrival is used then.
    cart: the lines of an order from Meta's catalogue.
    tapped: the id that recado gave to the button or list row that was tapped.
    quoted: the wamid of the message that this one refers to.
    product: the SKU of the product of Meta's catalogue that it asks about.
    location: the place that it shares.
    original: the wamid of the message that it edits or takes back.
    voice: the recording of a voice note.
    gives_phone: the message gives the customer's phone number, which is in `customer`.
    """

    wamid: str
    type: MessageType
    text: str | None
    customer: Customer | None
    phone_number_id: str
    sent_at: float | None
    is_group: bool = False
    cart: tuple[CartLine, ...] = ()
    tapped: str | None = None
    quoted: str | None = None
    product: str | None = None
    location: Location | None = None
    original: str | None = None
    voice: Media | None = None
    gives_phone: bool = False

    @property
    def customer_names(self) -> tuple[str, ...]:
        """The names of its customer; empty if there is neither a phone number nor a user id."""
        return self.customer.names_at(self.phone_number_id) if self.customer else ()

    @property
    def says_something(self) -> bool:
        """Whether it has words, or a cart."""
        return bool(self.cart) or bool(self.text and self.text.strip())

    def written_at(self, now: float) -> float:
        """When it was written, in Unix seconds; never later than now, even if Meta's clock is ahead."""
        return min(self.sent_at or now, now)


class Renamed(Struct, frozen=True):
    """A customer of a business number has a new phone number, a new user id, or both."""

    phone_number_id: str
    before: Customer
    after: Customer


class Status(Struct, frozen=True):
    """The status of a message that was sent; `callback` is the attempt id that the send carried. recipient: the
    customer, if the send carried no attempt id."""

    status: StatusKind
    wamid: str
    callback: str | None
    phone_number_id: str
    at: float | None
    errors: tuple[ErrorDetail, ...] = ()
    recipient: Customer | None = None


class Echo(Struct, frozen=True):
    """A message that the shop wrote to a customer from its own phone. returns: it gives the conversation back to
    recado. Its text is not kept."""

    wamid: str
    customer: Customer
    phone_number_id: str
    sent_at: float | None
    returns: bool

    def written_at(self, now: float) -> float:
        """When it was written, in Unix seconds; a clock of Meta's that runs ahead of ours does not count."""
        return min(self.sent_at or now, now)


class Preference(Struct, frozen=True):
    """A customer's setting in WhatsApp: whether the shop may write to him on its own initiative."""

    customer: Customer
    phone_number_id: str
    opted_out: bool
    set_at: float | None


class Batch(Struct, gc=False):
    """All events of one POST, in Meta's order; `ignored` contains bounded reasons, for counters."""

    messages: list[InboundMessage] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    errors: list[ErrorDetail] = field(default_factory=list)
    echoes: list[Echo] = field(default_factory=list)
    preferences: list[Preference] = field(default_factory=list)
    renamed: list[Renamed] = field(default_factory=list)
    notices: list[AccountNotice] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    @property
    def has_updates(self) -> bool:
        """Whether it contains anything besides messages."""
        parts = (self.statuses, self.errors, self.echoes, self.preferences, self.renamed, self.notices, self.ignored)
        return any(parts)


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


def parse(body: bytes) -> Batch:
    """Every event of one webhook. Raises PayloadError, and nothing else, for a body that is not one."""
    batch = Batch()
    entries = wire.read(body, batch.ignored)
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
