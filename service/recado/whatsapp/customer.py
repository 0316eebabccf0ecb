"""Who wrote to us: since 2026 a phone number, a business-scoped user id (BSUID), or both."""

import msgspec


class Customer(msgspec.Struct, frozen=True, gc=False):
    """A person on WhatsApp; at least one of the two fields is set.

    phone: Meta's digits behind a `+`. user_id: the BSUID, opaque and case-exact.
    """

    phone: str | None = None
    user_id: str | None = None

    def names_at(self, phone_number_id: str) -> tuple[str, ...]:
        """The names of a customer of a business number. The BSUID outlives a hidden phone number, so it comes first."""
        return tuple([f"{phone_number_id}:{name}" for name in (self.user_id, self.phone) if name])


def mask(recipient: str) -> str:
    """A recipient with all but its last two characters hidden."""
    return "•" * 6 + recipient[-2:]
