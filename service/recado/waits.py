"""What `Retry-After` asks for."""

import email.utils
import math


def retry_after(header: str, now: float) -> float | None:
    """Seconds from `now` (Unix seconds) that a `Retry-After` header asks for, as a number or a date, at least 0; None
    if it is neither."""
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(header).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
