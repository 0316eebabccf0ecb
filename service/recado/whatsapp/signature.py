"""Checks that a request comes from Meta: the webhook's signature and the GET handshake.

Both fail closed. There is no verifier without a secret, and an empty verify token refuses every handshake.
"""

import hmac
import re
from collections.abc import Sequence
from enum import StrEnum

_HEADER = re.compile(rb"sha256=[0-9a-f]{64}")


class SignatureProblem(StrEnum):
    """Why a webhook's signature is refused."""

    MISSING = "missing"
    MALFORMED = "malformed"
    MISMATCH = "mismatch"


class HandshakeError(Exception):
    """The GET handshake does not carry our verify token; the message never contains what was sent."""


def malformed(header: bytes | None) -> SignatureProblem | None:
    """The problem with the form of an `X-Hub-Signature-256`, which can be checked before the body is read."""
    if header is None:
        return SignatureProblem.MISSING
    return None if _HEADER.fullmatch(header) else SignatureProblem.MALFORMED


class SignatureVerifier:
    """Checks `X-Hub-Signature-256` against one app secret, or against two while a secret is being rotated."""

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets or not all(secrets):
            raise ValueError("a signature cannot be checked without an app secret")
        self._keys = tuple(secret.encode() for secret in secrets)

    def reason_to_refuse(self, header: bytes | None, body: bytes) -> SignatureProblem | None:
        """None if `header` signs exactly the bytes of `body`; never raises."""
        problem = malformed(header)
        if problem is not None or header is None:
            return problem
        for key in self._keys:
            if hmac.compare_digest(header, signature(key, body)):
                return None
        return SignatureProblem.MISMATCH


def signature(key: bytes, body: bytes) -> bytes:
    """The `X-Hub-Signature-256` of a body, as Meta writes it."""
    return b"sha256=" + hmac.digest(key, body, "sha256").hex().encode()


def verify_challenge(token: str, *, mode: str | None, verify_token: str | None, challenge: str | None) -> str:
    """The challenge that recado returns for the GET handshake.

    `token` is ours; the rest are `hub.mode`, `hub.verify_token` and `hub.challenge`. Raises HandshakeError.
    """
    if not token:
        raise HandshakeError("no verify token is configured")
    # surrogatepass: a hostile query string may decode to text that UTF-8 cannot encode.
    sent = (verify_token or "").encode("utf-8", "surrogatepass")
    if not hmac.compare_digest(sent, token.encode("utf-8", "surrogatepass")):
        raise HandshakeError("the verify token differs from ours")
    if mode != "subscribe":
        raise HandshakeError("hub.mode is not `subscribe`")
    if not challenge:
        raise HandshakeError("hub.challenge is missing")
    return challenge
