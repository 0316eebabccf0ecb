"""What `Retry-After` asks for."""

import email.utils

#: The least wait: what asks for less asks for none.
_LEAST_SECONDS = 1.0


def retry_after(header: str, now: float) -> float | None:
    """Seconds from `now` (Unix seconds) that a `Retry-After` header asks for, as a number or a date; None if it is
    neither, or asks for no wait: a throttle spends no attempt, so what is tried again at once is tried without end."""
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(header).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return seconds if _LEAST_SECONDS <= seconds < float("inf") else None
