"""Who wrote to us: since 2026 a phone number, a business-scoped user id (BSUID), or both."""

import re

import msgspec

_PHONE = re.compile(r"[0-9]{5,32}")
#: A phone number as Meta gives it: digits, of any length that a key may have.
_DIGITS = re.compile(r"\+?([0-9]{1,32})")
#: A BSUID as Meta gives it. Meta may change its form; this limits what is stored and sent back.
_USER_ID = re.compile(r"[!-~]{1,256}")


class Customer(msgspec.Struct, frozen=True, gc=False):
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
