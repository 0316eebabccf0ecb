"""Signatures of events by Standard Webhooks 1.0 (standardwebhooks.com): an HMAC over id, time and body."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
#: The beginning of a secret; base64 follows.
PREFIX = "whsec_"
KEY_BYTES = range(24, 65)
#: How far a receiver's clock may differ from ours, in seconds.
TOLERANCE_SECONDS = 300.0


def key_of(secret: str) -> bytes:
    """The key in a secret. Raises ValueError, which never quotes the secret."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"must begin with {PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"must be base64 after {PREFIX}") from None
    if len(key) not in KEY_BYTES:
        raise ValueError(f"must hold {KEY_BYTES.start} to {KEY_BYTES.stop - 1} bytes in base64 after {PREFIX}")
    return key


def signed_headers(secrets: Sequence[str], id_: str, body: bytes, *, now: float) -> dict[str, str]:
    """The headers of one attempt, with a signature by each secret. `now`: the time of the attempt (Unix seconds)."""
    timestamp = str(int(now))
    signatures = " ".join(_signature(secret, id_, timestamp, body) for secret in secrets)
    return {ID: id_, TIMESTAMP: timestamp, SIGNATURE: signatures}


def verify(secret: str, headers: Mapping[str, str], body: bytes, *, now: float) -> bool:
    """Whether one of the signatures is by `secret` and the attempt's time is within the tolerance."""
    timestamp = headers.get(TIMESTAMP, "")
    if not timestamp.isdecimal() or abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    expected = _signature(secret, headers.get(ID, ""), timestamp, body).encode()
    given = headers.get(SIGNATURE, "").encode().split()
    return any(hmac.compare_digest(expected, one) for one in given)


def _signature(secret: str, id_: str, timestamp: str, body: bytes) -> str:
    signed = b"%s.%s.%s" % (id_.encode(), timestamp.encode(), body)
    return f"v1,{base64.b64encode(hmac.digest(key_of(secret), signed, hashlib.sha256)).decode()}"
