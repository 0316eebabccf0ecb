"""Reads the body of a webhook and checks its signature.

Until the signature is checked, a body is limited in size and time, and all unfinished bodies together are limited in
size. So unsigned requests that are slow or large exhaust neither the memory nor the capacity for Meta's webhooks.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from recado.http.limits import limit_key
from recado.ratelimit import Allowance, MinuteLimit
from recado.settings import Settings
from recado.telemetry.web_metrics import WebMetrics
from recado.whatsapp.signature import SignatureVerifier, malformed

#: The maximum time from the first part of a body to the last; Meta's bodies take milliseconds.
READ_SECONDS = 10.0
#: The maximum size of all unfinished bodies together.
MAX_UNFINISHED_BYTES = 64 * 1024 * 1024

AsgiScope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Refusal(Exception):  # noqa: N818 - it is a response, not an error
    """A request that gets a response without being handled."""

    def __init__(self, status: int, outcome: str, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.outcome = outcome
        self.message = message
        self.retry_after = retry_after
        self.logged = True


class BadSignature(Refusal):
    """A request without Meta's signature."""


class ClientGone(Exception):  # noqa: N818 - there is nobody to respond to
    """The client closed the connection before its request was complete."""

    logged = True


class RequestBody:
    """Reads the bodies of webhooks and checks their signatures."""

    def __init__(self, settings: Settings, metrics: WebMetrics) -> None:
        self._max_bytes = settings.max_body_bytes
        self._metrics = metrics
        self._verifier = SignatureVerifier(settings.app_secrets)
        self._addresses = MinuteLimit(settings.bad_signatures_per_minute)
        self._unfinished_bytes = 0

    async def authentic(self, scope: AsgiScope, receive: Receive) -> bytes:
        """The body, after its signature was checked. Raises Refusal or ClientGone.

        Only failures count against an address, so a valid signature is never refused because of its address. Over the
        limit an address gets 429, and only one more refusal is logged in that minute.
        """
        try:
            return await self._authentic(scope, receive)
        except (Refusal, ClientGone) as refused:
            allowance = self._addresses.count(limit_key(scope))
            refused.logged = allowance is not Allowance.OVER
            if allowance is Allowance.WITHIN or not isinstance(refused, BadSignature):
                raise
            self._metrics.rate_limited("address")
            limited = Refusal(429, "rate_limited", "too many refused requests", retry_after=60)
            limited.logged = refused.logged
            raise limited from None

    async def _authentic(self, scope: AsgiScope, receive: Receive) -> bytes:
        signature: bytes | None = None
        length = 0
        for name, value in scope["headers"]:
            if name == b"x-hub-signature-256":
                # Two headers are joined as in RFC 9110; the result is a malformed signature.
                signature = value if signature is None else signature + b", " + value
            elif name == b"content-length" and value.isdigit():
                length = int(value[:18])
        if length > self._max_bytes:
            raise self._too_large()
        problem = malformed(signature)
        body = b""
        if problem is None:
            body = await self._body(receive)
            problem = self._verifier.reason_to_refuse(signature, body)
        if problem is None:
            self._metrics.payload_received(len(body))
            return body
        self._metrics.signature_failed(problem.value)
        raise BadSignature(401, "bad_signature", f"X-Hub-Signature-256: {problem.value}")

    async def _body(self, receive: Receive) -> bytes:
        # Until the first part comes, nothing is held in memory and the connection's time limit applies.
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            whole: bytes = message["body"]
            if len(whole) > self._max_bytes:
                raise self._too_large()
            return whole
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await self._rest(message, receive)
        except TimeoutError as error:
            raise Refusal(408, "bad_request", f"the body did not arrive in {READ_SECONDS:g} s") from error

    async def _rest(self, message: dict[str, Any], receive: Receive) -> bytes:
        """The body from its first part on."""
        chunks: list[bytes] = []
        size = 0
        try:
            while message["type"] == "http.request":
                chunk = message.get("body", b"")
                chunks.append(chunk)
                size += len(chunk)
                self._unfinished_bytes += len(chunk)
                if size > self._max_bytes:
                    raise self._too_large()
                if self._unfinished_bytes > MAX_UNFINISHED_BYTES:
                    raise Refusal(503, "shed", "too much is being received at once", retry_after=1)
                if not message.get("more_body"):
                    return b"".join(chunks)
                message = await receive()
            raise ClientGone
        finally:
            self._unfinished_bytes -= size

    def _too_large(self) -> Refusal:
        return Refusal(413, "too_large", f"the body exceeds {self._max_bytes} bytes")
