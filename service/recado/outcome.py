"""How an attempt ended, and whom its result holds up: the words that every channel and the queue share."""

from enum import StrEnum


class Outcome(StrEnum):
    """How an attempt ended, and so when the same reply may be sent again."""

    DELIVERED = "delivered"
    RETRYABLE = "retryable"  # after the backoff
    THROTTLED = "throttled"  # not before the wait that the other side asks for; costs no attempt
    PERMANENT = "permanent"  # never
    OPERATOR = "operator"  # when a person has put it right; until then every reply meets the same error
    ENDED = "ended"  # the other side wants nothing more: the lane is held until an operator resumes it
    UNKNOWN = "unknown"  # it may have been sent: only a status can tell


class Scope(StrEnum):
    """What an error holds for, and so what has to wait."""

    MESSAGE = "message"
    CUSTOMER = "customer"
    NUMBER = "number"
