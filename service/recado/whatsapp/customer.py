"""Who wrote to us: since 2026 a phone number, a business-scoped user id (BSUID), or both."""

import re
from functools import cache

import msgspec

_USER_ID = re.compile(r"[A-Z]{2}(\.ENT)?\.[A-Za-z0-9]{1,128}")
#: Mexican mobiles that joined before 2019 keep the old `1` in their wa_id, which numbering plans no longer
#: know.
_OLD_MEXICAN = re.compile(r"521[0-9]{10}")


class Customer(msgspec.Struct, frozen=True):
    """A person on WhatsApp; at least one of the two fields is set.

    phone: E.164 with its `+`. user_id: the BSUID, opaque and case-exact.
    """

    phone: str | None = None
    user_id: str | None = None

    @property
    def key(self) -> str:
        """What the customer is known by: the BSUID outlives a hidden phone number, so it comes first."""
        return self.user_id or self.phone or ""


def identify(wa_id: str | None, user_id: str | None) -> Customer | None:
    """The customer behind a webhook's `from` and `from_user_id`, or None if neither can be replied to."""
    phone = phone_of(wa_id) if wa_id else None
    if user_id is not None and not _USER_ID.fullmatch(user_id):
        user_id = None
    return Customer(phone, user_id) if phone or user_id else None


def phone_of(wa_id: str) -> str | None:
    """E.164 of a `wa_id` (digits without `+`), or None where no numbering plan has such a number.

    The digits are kept as Meta gave them, since a reply to anything else can reach a stranger.
    """
    if not (wa_id.isascii() and wa_id.isdigit() and 5 <= len(wa_id) <= 15):
        return None
    for digits in (2, 1, 3):
        lengths = _national_lengths(wa_id[:digits])
        if lengths is not None:
            if len(wa_id) - digits in lengths or _OLD_MEXICAN.fullmatch(wa_id):
                return f"+{wa_id}"
            return None
    return None


@cache
def _national_lengths(calling_code: str) -> frozenset[int] | None:
    """Lengths that numbers of a country can have, or None if there is no such calling code; at most 1,110
    entries.

    phonenumbers' own parse() takes 24 us a number, a look into its tables one; and its import takes 50 ms,
    which processes that only send need not pay.
    """
    import phonenumbers

    if calling_code.startswith("0"):
        return None
    code = int(calling_code)
    region = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, (None,))[0]
    if region is None:
        return None
    metadata = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    description = metadata and metadata.general_desc
    return frozenset(description.possible_length) if description else None
