"""Who wrote to us: since 2026 a phone number, a business-scoped user id (BSUID), or both."""

import re

import msgspec

#: A phone number as Meta gives it: digits, of any length that a key may have.
_DIGITS = re.compile(r"\+?([0-9]{1,32})")
#: A BSUID as Meta gives it. Its form is Meta's to choose; this bounds what is stored and sent back.
_USER_ID = re.compile(r"[!-~]{1,256}")


class Customer(msgspec.Struct, frozen=True):
    """A person on WhatsApp; at least one of the two fields is set.

    phone: Meta's digits behind a `+`. user_id: the BSUID, opaque and case-exact.
    """

    phone: str | None = None
    user_id: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What the customer is known by: the BSUID outlives a hidden phone number, so it comes first."""
        return tuple(name for name in (self.user_id, self.phone) if name)


def identify(wa_id: str | None, user_id: str | None) -> Customer | None:
    """The customer behind a webhook's `from` and `from_user_id`, or None if neither can be replied to.

    Both are taken as Meta gave them. Numbering plans change, and WhatsApp keeps the numbers of before: whoever judges
    the digits by today's plan has no reply for customers in Ivory Coast, Benin or Mexico.
    """
    digits = _DIGITS.fullmatch(wa_id) if wa_id else None
    phone = f"+{digits[1]}" if digits else None
    if user_id is not None and not _USER_ID.fullmatch(user_id):
        user_id = None
    return Customer(phone, user_id) if phone or user_id else None
