"""Whether the shop may write to a customer on its own initiative. recado replies to his messages in any case."""

from enum import StrEnum

import msgspec


class Said(StrEnum):
    """How a customer said whether he may be written to."""

    MESSAGE = "message"
    """He wrote it."""
    PREFERENCES = "preferences"
    """In the settings of his WhatsApp."""
    REFUSED = "refused"
    """Meta refused a message for him because he has stopped such messages."""


class Permission(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """opted_out: he does not want to be written to. changed_at: when he last said so, or the contrary (Unix seconds);
    what he said earlier and arrives later changes nothing."""

    opted_out: bool = False
    changed_at: float = 0.0

    def after(self, opted_out: bool, at: float) -> "Permission":
        """Once he has said something at an instant. Meta's seconds are whole, rounded down."""
        if opted_out == self.opted_out or at < int(self.changed_at):
            return self
        return Permission(opted_out=opted_out, changed_at=at)


class PermissionChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer said in his WhatsApp's settings. key, aliases: his names. at: when he said it."""

    key: str
    aliases: tuple[str, ...] = ()
    opted_out: bool
    at: float
