"""The shapes of Meta's webhook JSON, with only the fields that recado uses. Every field may be missing."""

from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType, field

#: The longest id that is taken.
MOST_ID: Final = 256


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
ABOUT_CUSTOMERS = frozenset({MESSAGES, ECHOES, PREFERENCES})
_OF_CUSTOMERS = {"metadata", "contacts", "messages", "statuses", "errors", "message_echoes", "user_preferences"}
ABOUT_THE_ACCOUNT = frozenset(Value.__struct_fields__) - _OF_CUSTOMERS


class Change(Struct, gc=False):
    field: str = ""
    value: Value | None = None


class Entry(Struct, gc=False):
    changes: list[Change] | None = None


class Webhook(Struct, gc=False):
    entry: list[Entry] | UnsetType = UNSET
