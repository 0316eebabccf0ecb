"""Reads error responses of the Graph API."""

import time
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

import msgspec

from recado.waits import retry_after
from recado.whatsapp.errors import (
    EdgeFailureError,
    EdgeRefusalError,
    GraphError,
    ThrottledError,
    UnknownCodeError,
    UnreadableResponseError,
    code_in,
    owner_of,
)

#: Graph's subcode for an object that does not exist, or not for this token.
_OBJECT_UNKNOWN = 33

#: The longest wait that is accepted: after a day no reply may be sent.
MAX_WAIT_SECONDS = 86400.0
#: What msgspec raises for JSON that is invalid, has another shape, or is nested too deeply.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def error_from_response(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    seconds: float | None = None,
    clock: Callable[[], float] = time.time,
) -> GraphError:
    """The error that a response describes, whatever its status and body.

    `headers` must be case-insensitive or have names in lower case. `clock` (Unix seconds) interprets a `Retry-After`
    that is a date.
    """
    error = _error_object(body)
    retry_after = _retry_after(headers, clock)
    about: dict[str, Any] = {"http_status": status, "retry_after": retry_after, "seconds": seconds}
    if error is None:
        return _edge_error(status, about)
    code = code_in(error.get("code"))
    trace = error.get("fbtrace_id")
    about |= {"code": code, "fbtrace_id": trace[:64] if isinstance(trace, str) else None}
    text = _text(error)
    if owner := owner_of(code, _subcode(error)):
        return owner(text, **about)
    if status == 429:
        return ThrottledError(text, **about)
    if status < 300:
        return UnreadableResponseError(text, **about)
    return UnknownCodeError(text, transient=error.get("is_transient") is True, **about)


def _edge_error(status: int, about: dict[str, Any]) -> GraphError:
    if status >= 500:
        return EdgeFailureError("the response is not from the Graph API", **about)
    if status == 429:
        return ThrottledError("too many requests", **about)
    if status >= 300:
        return EdgeRefusalError("the response is not from the Graph API", **about)
    return UnreadableResponseError("no message id in the response", **about)


def _error_object(body: bytes) -> dict[str, Any] | None:
    try:
        decoded = msgspec.json.decode(body)
    except UNREADABLE:
        return None
    error = decoded.get("error") if isinstance(decoded, dict) else None
    return error if isinstance(error, dict) else None


def _subcode(error: dict[str, Any]) -> int | None:
    """Meta's subcode, which distinguishes faults with the same code; later versions of Graph only have the type."""
    if error.get("type") == "GraphMethodException":
        return _OBJECT_UNKNOWN
    return code_in(error.get("error_subcode"))


def _text(error: dict[str, Any]) -> str:
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else data
    parts: Iterable[object] = (error.get("message"), details)
    return ": ".join(dict.fromkeys(part for part in parts if isinstance(part, str) and part))


def _retry_after(headers: Mapping[str, str], clock: Callable[[], float]) -> float | None:
    """Seconds that Meta asks for, by `Retry-After` (seconds or a date) or by its usage headers (minutes)."""
    asked = headers.get("retry-after")
    if asked is not None and (seconds := retry_after(asked, clock())) is not None:
        return _bounded(seconds)
    usage = headers.get("x-business-use-case-usage")
    if usage is None:
        return None
    try:
        business = msgspec.json.decode(usage, type=dict[str, list[_Usage]])
    except UNREADABLE:
        return None
    minutes = max((u.estimated_time_to_regain_access for u in chain(*business.values())), default=0)
    return _bounded(minutes * 60.0) if minutes > 0 else None


def _bounded(seconds: float) -> float:
    return min(seconds, MAX_WAIT_SECONDS)


class _Usage(msgspec.Struct):
    estimated_time_to_regain_access: float = 0
