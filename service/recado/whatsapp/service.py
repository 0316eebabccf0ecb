"""WhatsAppService: calls the Graph API and reads Meta's webhooks.

Requests go directly to a transport (`recado.whatsapp.transport.GraphTransport` in production, httpx's MockTransport in
tests): it follows no redirects and retries nothing, and the token is only in one header. Every failure is a GraphError
that tells whether the message may have been sent.
"""

import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import msgspec

from recado.whatsapp.connection import RawResponse
from recado.whatsapp.content import Content, Text, rendered
from recado.whatsapp.errors import (
    ConfigurationError,
    ConnectTimeoutError,
    GraphError,
    InvalidRequestError,
    NoResponseError,
    NotSentError,
    PoolExhaustedError,
    ResponseTimeoutError,
    UnreadableResponseError,
)
from recado.whatsapp.inbound import Batch, Customer, Media
from recado.whatsapp.media import Described, FileType, MediaError, MediaProblem, check_upload
from recado.whatsapp.payloads import parse
from recado.whatsapp.responses import UNREADABLE, error_from_response
from recado.whatsapp.signature import verify_challenge
from recado.whatsapp.templates import FIELDS, Approved
from recado.whatsapp.templates import page as template_page
from recado.whatsapp.transport import GraphTransport, RequestHead, Timeouts

if TYPE_CHECKING:  # it imports httpcore, which nothing else here needs
    from recado.whatsapp.download import Downloader

#: Meta: parameter value invalid. It also means that the quoted message is unknown.
_BAD_PARAMETER = 131009

#: Templates per page, and the maximum number of pages: an account has up to 250 templates, or 6,000.
_A_PAGE, _MOST_PAGES = 200, 30

#: The meaning of httpx's exceptions; the first that fits counts. Unless it is certain that the request was not sent, it
#: counts as a request without a response.
_TRANSPORT_ERRORS: tuple[tuple[type[httpx.RequestError], type[GraphError]], ...] = (
    (httpx.ConnectTimeout, ConnectTimeoutError),
    (httpx.PoolTimeout, PoolExhaustedError),
    (httpx.ConnectError, NotSentError),
    (httpx.ProxyError, NotSentError),
    (httpx.WriteTimeout, NotSentError),
    (httpx.WriteError, NotSentError),
    (httpx.LocalProtocolError, NotSentError),
    (httpx.UnsupportedProtocol, NotSentError),
    (httpx.TimeoutException, ResponseTimeoutError),
    (httpx.DecodingError, UnreadableResponseError),
    (httpx.RequestError, NoResponseError),
)


class Sent(msgspec.Struct, frozen=True, gc=False):
    """A message that Meta accepted: its id and how long the call took."""

    wamid: str
    seconds: float


class Health(msgspec.Struct, frozen=True):
    """Whether Meta says that a number can send (AVAILABLE, LIMITED or BLOCKED), and the problems that it lists."""

    can_send: str
    problems: tuple[str, ...] = ()


class _MessageId(msgspec.Struct, gc=False):
    id: str = ""


class _Accepted(msgspec.Struct, gc=False):
    messages: list[_MessageId]


class _HealthError(msgspec.Struct):
    error_code: int = 0
    error_description: str = ""
    possible_solution: str = ""


class _HealthEntity(msgspec.Struct):
    entity_type: str = ""
    can_send_message: str = ""
    errors: list[_HealthError] = msgspec.field(default_factory=list)


class _HealthStatus(msgspec.Struct):
    can_send_message: str
    entities: list[_HealthEntity] = msgspec.field(default_factory=list)


class _HealthResponse(msgspec.Struct):
    health_status: _HealthStatus


_accepted = msgspec.json.Decoder(_Accepted).decode
_message_id = msgspec.json.Decoder(_MessageId).decode
_described = msgspec.json.Decoder(Described, strict=False).decode  # Graph writes some numbers as text
_health = msgspec.json.Decoder(_HealthResponse).decode
_encode = msgspec.json.Encoder().encode


class WhatsAppService:
    """The Cloud API of one app. Close it with `aclose()`; it owns its transport."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        *,
        access_token: str,
        api_url: str,
        api_version: str,
        verify_token: str = "",
        connect_timeout: float = 5.0,
        read_timeout: float = 15.0,
        media_hosts: Sequence[str] = (),
        downloader: "Downloader | None" = None,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`api_url` has no version; time-outs are in seconds; `media_hosts` are the hosts of files; `downloader`
        replaces the client for files in tests; `timer` measures the calls."""
        self._transport = transport
        self._exchange = transport.exchange if isinstance(transport, GraphTransport) else _over_httpx(transport)
        self._base = f"{api_url.rstrip('/')}/{api_version}"
        self._verify_token = verify_token
        self._heads: dict[tuple[str, str], RequestHead] = {}
        self._headers = httpx.Headers(
            {
                "Authorization": f"Bearer {access_token}",
                "Content-Type": "application/json",
                "Accept-Encoding": "identity",
            }
        )
        self._timeouts = {
            "connect": connect_timeout,
            "pool": connect_timeout,
            "write": connect_timeout,
            "read": read_timeout,
        }
        self._timer = timer
        self._downloader = downloader
        self._access_token, self._api_url, self._media_hosts = access_token, api_url, media_hosts

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._transport.aclose()
        if self._downloader is not None:
            await self._downloader.aclose()

    def verify_webhook(self, mode: str | None, token: str | None, challenge: str | None) -> str:
        """The challenge that recado returns for Meta's GET handshake. Raises HandshakeError."""
        return verify_challenge(self._verify_token, mode=mode, verify_token=token, challenge=challenge)

    def extract_message_data(self, body: bytes) -> Batch:
        """Every event of a webhook's body. Raises PayloadError if it is not a webhook."""
        return parse(body)

    async def send_message(
        self, to: Customer, content: Content, *, phone_number_id: str, attempt_id: str, quoting: str | None = None
    ) -> Sent:
        """Send a message from a business number. Raises GraphError.

        Every status of this message returns `attempt_id`. `quoting` is the wamid of the message that this one replies
        to; if Meta no longer accepts that, a text is sent without it. For buttons and lists the refusal is raised,
        because it may be about them.
        """
        message: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            **_address(to),
            "biz_opaque_callback_data": attempt_id,
            **rendered(content),
        }
        if quoting is None:
            return await self._send(phone_number_id, message)
        try:
            return await self._send(phone_number_id, {**message, "context": {"message_id": quoting}})
        except InvalidRequestError as error:
            if error.code != _BAD_PARAMETER or not isinstance(content, Text):
                raise
        return await self._send(phone_number_id, message)

    async def send_quote_message(
        self,
        to: Customer,
        quote_text: str,
        *,
        phone_number_id: str,
        attempt_id: str,
        quoting: str | None = None,
    ) -> Sent:
        """Send a quote's text, as `send_message` does."""
        return await self.send_message(
            to, Text(quote_text), phone_number_id=phone_number_id, attempt_id=attempt_id, quoting=quoting
        )

    async def mark_message_as_read(self, wamid: str, *, phone_number_id: str, typing: bool = True) -> None:
        """Show the blue ticks and, if `typing`, the typing indicator. Best effort: a GraphError is not
        retried.
        """
        receipt: dict[str, Any] = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
        if typing:
            receipt["typing_indicator"] = {"type": "text"}
        await self._request("POST", f"{phone_number_id}/messages", receipt)

    async def health(self, phone_number_id: str) -> Health:
        """Whether Meta says that this number can send. Raises GraphError."""
        response, seconds = await self._request("GET", f"{phone_number_id}?fields=health_status")
        try:
            status = _health(response.body).health_status
        except UNREADABLE as error:
            raise UnreadableResponseError("no health_status in the response", seconds=seconds) from error
        return Health(
            can_send=status.can_send_message,
            problems=tuple(
                f"{entity.entity_type} {entity.can_send_message}: {problem.error_code}"
                f" {problem.error_description} {problem.possible_solution}".strip()
                for entity in status.entities
                for problem in entity.errors
            ),
        )

    async def templates(self, account_id: str) -> list[Approved]:
        """The templates of a WhatsApp Business Account. Raises GraphError."""
        found: list[Approved] = []
        after = ""
        for _ in range(_MOST_PAGES):
            path = f"{account_id}/message_templates?fields={FIELDS}&limit={_A_PAGE}"
            response, seconds = await self._request("GET", f"{path}&after={after}" if after else path)
            try:
                page = template_page(response.body)
            except UNREADABLE as error:
                raise UnreadableResponseError("no templates in the response", seconds=seconds) from error
            found += page.templates
            after = quote(page.after)
            if not after:
                break
        return found

    async def reachable(self, phone_number_id: str) -> bool:
        """Whether Graph itself responds for a business number, whatever the response.

        The call carries no reply, so a probe during an outage never sends a reply twice.
        """
        try:
            response, _ = await self._request("GET", f"{phone_number_id}?fields=health_status")
            return isinstance(msgspec.json.decode(response.body), dict)
        except GraphError as error:
            return error.http_status is not None and not error.outage
        except UNREADABLE:
            return False

    async def get_media(
        self, media: Media, *, phone_number_id: str, max_bytes: int, accepts: Collection[FileType]
    ) -> bytes:
        """The content of a file that a customer sent to a business number, after checks of size, hash and type; only in
        memory.

        Raises MediaError if the file is unusable, GraphError if Graph returns no URL for it.
        """

        async def look_up() -> Described:
            return await self._describe(media.id, phone_number_id)

        if self._downloader is None:
            from recado.whatsapp.download import Downloader

            self._downloader = Downloader(
                access_token=self._access_token, graph_url=self._api_url, hosts=self._media_hosts
            )
        return await self._downloader.fetch(media, look_up, max_bytes=max_bytes, accepts=accepts)

    async def upload_media(self, content: bytes, *, phone_number_id: str) -> str:
        """Uploads a file for messages of a business number; returns its id, which is valid for 30 days.

        Raises GraphError, or MediaError for files that Meta does not accept.
        """
        kind = check_upload(content)
        form = httpx.Request(
            "POST",
            f"{self._base}/{phone_number_id}/media",
            data={"messaging_product": "whatsapp", "type": kind.value},
            files={"file": ("file", content, kind.value)},
        )
        headers = self._headers.copy()
        headers["Content-Type"] = form.headers["Content-Type"]
        response, seconds = await self._call(RequestHead("POST", form.url, headers), form.read())
        try:
            id_ = _message_id(response.body).id
        except UNREADABLE:
            id_ = ""
        if not id_:
            raise _error(response, seconds)
        return id_

    async def _describe(self, media_id: str, phone_number_id: str) -> Described:
        """The URL of a file. The head is not cached, because there is one for each file."""
        url = httpx.URL(f"{self._base}/{media_id}", params={"phone_number_id": phone_number_id})
        try:
            response, seconds = await self._call(RequestHead("GET", url, self._headers), b"")
        except ConfigurationError as error:  # 100/33 is about the object in the path: here, the file
            raise MediaError(MediaProblem.GONE, error.detail, code=error.code, http_status=error.http_status) from error
        try:
            return _described(response.body)
        except UNREADABLE as error:
            raise UnreadableResponseError("no url in the response", seconds=seconds) from error

    async def _send(self, phone_number_id: str, message: dict[str, Any]) -> Sent:
        response, seconds = await self._request("POST", f"{phone_number_id}/messages", message)
        try:
            messages = _accepted(response.body).messages
        except UNREADABLE:
            messages = []
        if not messages or not messages[0].id:
            raise _error(response, seconds)
        return Sent(messages[0].id, seconds)

    def _request(
        self, method: str, path: str, payload: dict[str, Any] | None = None
    ) -> Coroutine[Any, Any, tuple[RawResponse, float]]:
        """One call, once. Returns a 2xx response and its seconds; anything else is raised as GraphError."""
        head = self._heads.get((method, path))
        if head is None:
            head = RequestHead(method, httpx.URL(f"{self._base}/{path}"), self._headers)
            self._heads[method, path] = head
        return self._call(head, b"" if payload is None else _encode(payload))

    async def _call(self, head: RequestHead, body: bytes) -> tuple[RawResponse, float]:
        started = self._timer()
        try:
            response = await self._exchange(head, body, self._timeouts)
        except httpx.RequestError as error:
            seconds = self._timer() - started
            kind = next(kind for cause, kind in _TRANSPORT_ERRORS if isinstance(error, cause))
            raise kind(f"{type(error).__name__}: {error}", seconds=seconds) from error
        seconds = self._timer() - started
        if not 200 <= response.status < 300:
            raise _error(response, seconds)
        return response, seconds


def _error(response: RawResponse, seconds: float) -> GraphError:
    return error_from_response(response.status, httpx.Headers(response.headers), response.body, seconds=seconds)


def _over_httpx(
    transport: httpx.AsyncBaseTransport,
) -> Callable[[RequestHead, bytes, Timeouts], Awaitable[RawResponse]]:
    """GraphTransport.exchange for any other transport of httpx's."""

    async def exchange(head: RequestHead, body: bytes, timeouts: Timeouts) -> RawResponse:
        request = httpx.Request(
            head.method,
            head.url,
            headers=head.headers,
            content=body,
            extensions={"timeout": dict(timeouts)},
        )
        response = await transport.handle_async_request(request)
        return RawResponse(response.status_code, response.headers.raw, await response.aread())

    return exchange


def _address(to: Customer) -> dict[str, str]:
    """The recipient: the phone number if it is known, because Meta keeps sharing a number that is written to; otherwise
    the BSUID."""
    if to.phone:
        return {"to": to.phone}
    if to.user_id:
        return {"recipient": to.user_id}
    raise ValueError("a customer without phone and user id cannot be written to")
