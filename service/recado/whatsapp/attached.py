"""What a message contains besides words: carts of Meta's catalogue, places, files. All of it is untrusted input, which
this module limits."""

import math
import re
from decimal import Decimal
from typing import Any, Final

from recado.whatsapp.inbound import CartLine, Location, Media
from recado.whatsapp.wire import MOST_ID

#: Longer numbers are not quantities, and big integers are slow to read.
_MOST_DIGITS: Final = 15
_MOST_NAME: Final = 200
_MOST_ADDRESS: Final = 500
_MOST_PRICE: Final = 10**12
_PRICE: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
#: It becomes a part of a URL.
_MEDIA_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SHA256: Final = re.compile(r"[A-Za-z0-9+/=_-]{43,64}")


def cart_of(items: Any) -> tuple[CartLine, ...]:
    """The lines of an order message's `product_items`."""
    lines = (item for item in items if isinstance(item, dict)) if isinstance(items, list) else ()
    return tuple(
        CartLine(
            sku=str(line.get("product_retailer_id", "")).strip()[:MOST_ID],
            quantity=_quantity(line.get("quantity")),
            item_price=_price(line.get("item_price")),
            currency=_currency(line.get("currency")),
        )
        for line in lines
    )


def location_of(raw: Any) -> Location | None:
    """The place of a location message; None without valid coordinates."""
    if not isinstance(raw, dict):
        return None
    latitude, longitude = _degrees(raw.get("latitude"), 90), _degrees(raw.get("longitude"), 180)
    if latitude is None or longitude is None:
        return None
    name, address = _line(raw.get("name"), _MOST_NAME), _line(raw.get("address"), _MOST_ADDRESS)
    return Location(latitude, longitude, name, address)


def voice_of(raw: Any) -> Media | None:
    """The voice note of an audio message; None if it is another audio file."""
    if not isinstance(raw, dict) or raw.get("voice") is not True:
        return None
    return media_of(raw)


def media_of(raw: Any) -> Media | None:
    """The file that an object names; None if it names none."""
    id_, sha256 = (raw.get("id"), raw.get("sha256")) if isinstance(raw, dict) else (None, None)
    if not isinstance(id_, str) or not _MEDIA_ID.fullmatch(id_):
        return None
    return Media(id_, sha256 if isinstance(sha256, str) and _SHA256.fullmatch(sha256) else None)


def given_phone(contacts: Any) -> str | None:
    """The customer's own phone number in Meta's notation, if he shares it at the shop's request."""
    for contact in contacts if isinstance(contacts, list) else ():
        if isinstance(contact, dict) and contact.get("origin") == "contact_request":
            phones = contact.get("phones")
            for phone in phones if isinstance(phones, list) else ():
                if isinstance(phone, dict) and isinstance(phone.get("wa_id"), str):
                    return str(phone["wa_id"])
    return None


def _quantity(value: Any) -> int:
    """A whole number above 0, as a number or as digits; 0 for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:_MOST_DIGITS])
    whole = (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value == int(value)
    )
    return max(0, int(value)) if whole else 0


def _price(value: Any) -> Decimal | None:
    """A price, exactly as written: Meta's page calls it an integer, its example is 7.99."""
    if isinstance(value, str):
        return Decimal(value) if _PRICE.fullmatch(value) else None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return Decimal(str(value)) if number and 0 <= value < _MOST_PRICE else None


def _currency(value: Any) -> str | None:
    return value if isinstance(value, str) and _CURRENCY.fullmatch(value) else None


def _degrees(value: Any, limit: float) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and abs(value) <= limit else None


def _line(value: Any, limit: int) -> str | None:
    """Text in one line, cut; None if there is none."""
    return (" ".join(value[: limit * 2].split())[:limit] or None) if isinstance(value, str) else None
