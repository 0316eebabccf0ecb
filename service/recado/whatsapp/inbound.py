"""What comes in from Meta, as typed values: customers, and what they write, set and receive."""

import re
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, field

from recado.whatsapp.notices import AccountNotice

_PHONE = re.compile(r"[0-9]{5,32}")
#: A phone number as Meta gives it: digits, of any length that a key may have.
_DIGITS = re.compile(r"\+?([0-9]{1,32})")
#: A BSUID as Meta gives it. Meta may change its form; this limits what is stored and sent back.
_USER_ID = re.compile(r"[!-~]{1,256}")


class Customer(Struct, frozen=True, gc=False):
    """A person on WhatsApp; at least one of the two fields is set.

    phone: Meta's digits behind a `+`. user_id: the BSUID, opaque and case-exact.
    """

    phone: str | None = None
    user_id: str | None = None

    def names_at(self, phone_number_id: str) -> tuple[str, ...]:
        """The names of a customer of a business number. The BSUID outlives a hidden phone number, so it comes first."""
        return tuple([f"{phone_number_id}:{name}" for name in (self.user_id, self.phone) if name])


def identify(wa_id: str | None, user_id: str | None) -> Customer | None:
    """The customer behind a webhook's `from` and `from_user_id`, or None if neither can be replied to.

    Both are used as Meta gives them. Numbering plans change, and WhatsApp keeps the earlier numbers: a check against
    today's plans would leave customers in Ivory Coast, Benin or Mexico without a reply.
    """
    digits = _DIGITS.fullmatch(wa_id) if wa_id else None
    phone = f"+{digits[1]}" if digits else None
    if user_id is not None and not _USER_ID.fullmatch(user_id):
        user_id = None
    return Customer(phone, user_id) if phone or user_id else None


def named(text: str) -> Customer:
    """The customer that an operator names, by a phone number with its country code, or a user id.

    Raises ValueError for anything else.
    """
    digits = re.sub(r"[\s().-]", "", text).removeprefix("+")
    if _PHONE.fullmatch(digits):
        return Customer(phone=f"+{digits}")
    if not _USER_ID.fullmatch(text) or text.startswith("+"):
        raise ValueError("must be a phone number with its country code, such as +5215512345678, or a user id of Meta's")
    return Customer(user_id=text)


def mask(recipient: str) -> str:
    """A recipient with all but its last two characters hidden."""
    return "•" * 6 + recipient[-2:]


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


class CartLine(Struct, frozen=True):
    """A product that was put into the cart of Meta's catalogue.

    quantity: 0 if it cannot be read. item_price, currency: what the customer's app showed him, which may be stale or
    forged; None if they cannot be read.
    """

    sku: str
    quantity: int
    item_price: Decimal | None = None
    currency: str | None = None


class Location(Struct, frozen=True):
    """A place that a customer shared, in degrees."""

    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None


class Media(Struct, frozen=True):
    """A file that a customer sent, by Meta's id, which is valid for seven days. sha256: the hash of its content, as
    Meta writes it (base64 or hexadecimal); None if Meta does not give it."""

    id: str
    sha256: str | None = None


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
