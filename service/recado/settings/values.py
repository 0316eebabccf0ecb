"""The values that settings take: their bounds, and their names."""

import re
from enum import StrEnum

from msgspec import Meta

#: About 30 years in seconds. Larger values are typing errors, and adding them to a timestamp loses precision.
MAX_NUMBER = 1_000_000_000
Positive = Meta(gt=0, le=MAX_NUMBER)
NotNegative = Meta(ge=0, le=MAX_NUMBER)
#: The smallest rate other than 0: one reply in 1,000 seconds.
MIN_PER_SECOND = 0.001
PORT = Meta(ge=1, le=65535)
#: Meta's ids begin at 10^14; telephone numbers and numbers such as 1.06e+14 are invalid.
NUMBER_ID = re.compile("[1-9][0-9]{14,19}")
#: A name with at least one dot behind the star, so that no `*.com` is trusted by a slip.
MEDIA_HOST = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+")


class UnknownPolicy(StrEnum):
    """What to do with an attempt whose outcome is still unknown after the grace period."""

    RETRY = "retry"
    FAIL = "fail"


class AfterWindow(StrEnum):
    """What recado sends if Meta's window has closed before a quote or an order notice."""

    NONE = "none"
    TEMPLATE = "template"
    DIRECT_SEND = "direct_send"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def about(text: str) -> Meta:
    return Meta(description=text)
