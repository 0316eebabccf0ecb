"""Who has a conversation: recado, or a person of the shop."""

from enum import StrEnum

import msgspec


class Taken(StrEnum):
    """Why a person has the conversation."""

    ASKED = "asked"
    """The customer asked for a person, or took the offer of one."""
    ECHO = "echo"
    """The shop wrote to the customer from its own phone."""
    STAFF = "staff"
    """The staff said so, by a command or the API."""


class Returned(StrEnum):
    """Why recado has the conversation again."""

    TIME = "time"
    CUSTOMER = "customer"
    ECHO = "echo"
    STAFF = "staff"


class Handoff(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who has the conversation. All times are Unix seconds.

    until: a person has it until then; None: recado has it. changed_at: when that was last said; what was said earlier
    and arrives later changes nothing. waiting_since: when the customer asked for a person, while nobody has come.
    """

    until: float | None = None
    changed_at: float = 0.0
    waiting_since: float | None = None

    def holds(self, now: float) -> bool:
        """Whether a person has the conversation."""
        return self.until is not None and now < self.until


class HandoffChange(msgspec.Struct, frozen=True, kw_only=True):
    """What the shop says about who has a conversation.

    key, aliases: the names of the customer. why: Taken with `until`, Returned without. at: when it was said. echo:
    Meta's id of the message that said it; each counts once.
    """

    key: str
    aliases: tuple[str, ...] = ()
    why: Taken | Returned
    at: float
    until: float | None = None
    echo: str | None = None
