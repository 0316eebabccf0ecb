"""Whether the shop may write to a customer on its own initiative. recado replies to his messages in any case."""

from enum import StrEnum

import msgspec


class OptedBy(StrEnum):
    """How a customer opted out or in."""

    MESSAGE = "message"
    """In a message."""
    PREFERENCES = "preferences"
    """In the settings of his WhatsApp."""
    REFUSED = "refused"
    """Meta refused a message for him because he has stopped such messages."""


class Permission(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """opted_out: whether he has opted out. changed_at: when he last opted out or in (Unix seconds); an earlier change
    that arrives later has no effect."""

    opted_out: bool = False
    changed_at: float = 0.0

    def after(self, opted_out: bool, at: float) -> "Permission":
        """The permission after a change at an instant. Meta's seconds are whole, rounded down."""
        if opted_out == self.opted_out or at < int(self.changed_at):
            return self
        return Permission(opted_out=opted_out, changed_at=at)


class PermissionChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change in a customer's WhatsApp settings. key, aliases: his names. at: when he made it."""

    key: str
    aliases: tuple[str, ...] = ()
    opted_out: bool
    at: float
