"""Replies to customers, through Meta's Graph API."""

from typing import TYPE_CHECKING, Protocol

from recado.events.event import Event
from recado.notices.notice import Notice
from recado.outcome import Outcome, Scope
from recado.queue.model import REPLIES, AttemptResult, LeasedReply, StatusUpdate, VoiceNote
from recado.queue.policy import Limits
from recado.settings import Settings
from recado.telemetry import conventions, tracing
from recado.whatsapp.content import Content, as_text
from recado.whatsapp.errors import GraphError, UnknownCodeError, error_from_status
from recado.whatsapp.inbound import Customer, Status, StatusKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    # it imports httpx, which a drain does not need before its first claim
    from recado.whatsapp.service import Sent
    from recado.whatsapp.templates import Approved


NAME = REPLIES


def limits(settings: Settings) -> Limits:
    """Meta's limits for a business number and for one customer, and the waits before further attempts."""
    return Limits(
        per_second=settings.messages_per_second,
        in_order=True,
        key_interval_seconds=settings.customer_interval_seconds,
        lease_seconds=settings.lease_seconds,
        backoff_seconds=settings.backoff_seconds,
    )


def deadline(settings: Settings, written_at: float) -> float:
    """Until when Meta accepts a reply to a message that was written at `written_at`."""
    return written_at + settings.reply_window_seconds - settings.reply_window_margin_seconds


class MessageClient(Protocol):
    """Sends and probes: WhatsAppService."""

    async def send_message(
        self, to: Customer, content: Content, *, phone_number_id: str, attempt_id: str, quoting: str | None = None
    ) -> "Sent": ...

    async def reachable(self, phone_number_id: str) -> bool: ...

    async def templates(self, account_id: str) -> "Sequence[Approved]": ...


class WhatsAppChannel:
    """The channel `whatsapp`; its lanes are business numbers."""

    name = NAME

    def __init__(self, client: MessageClient, *, send_seconds: float, buttons: bool) -> None:
        """`buttons`: whether buttons and lists are sent, or the plain text in their place."""
        self._client = client
        self._buttons = buttons
        self.send_seconds = send_seconds

    async def send(self, message: LeasedReply, attempt: tracing.NoSpan) -> AttemptResult:
        """Sends a reply; quotes the customer's message if the entry asks for it."""
        assert not isinstance(message.content, Event | Notice | VoiceNote), "these leave by channels of their own"
        with tracing.graph_call(attempt, resend_count=message.attempt - 1) as span:
            try:
                sent = await self._client.send_message(
                    Customer(message.phone, message.user_id),
                    message.content if self._buttons else as_text(message.content),
                    phone_number_id=message.lane.name,
                    attempt_id=message.attempt_id,
                    quoting=message.wamid if message.quoting else None,
                )
            except GraphError as error:
                span.set(conventions.HTTP_STATUS, error.http_status)
                span.fail(error.error_class)
                attempt.set(conventions.ERROR_TYPE, error.error_class)
                return failure(error)
            span.set(conventions.HTTP_STATUS, 200)
            return AttemptResult(outcome=Outcome.DELIVERED, sent_wamid=sent.wamid, seconds=sent.seconds)

    async def aclose(self) -> None:
        """Does nothing: the code that made the client closes it."""

    async def probe(self, lane: str) -> bool:
        """Whether Graph responds for a business number."""
        return await self._client.reachable(lane)


def status_update(status: Status) -> StatusUpdate | None:
    """A status in the form that settles attempts in the queue; None if it settles nothing."""
    if status.status is StatusKind.OTHER:
        return None
    failed = None
    if status.status is StatusKind.FAILED:
        first = status.errors[0] if status.errors else None
        failed = failure(error_from_status(first.code, first.detail) if first else UnknownCodeError())
    return StatusUpdate(
        attempt_id=status.callback or "", status=status.status.value, sent_wamid=status.wamid, failure=failed
    )


def failure(error: GraphError) -> AttemptResult:
    """A Graph error in the form that the queue records."""
    first, second = error.wait_seconds(0), error.wait_seconds(1)
    # A throttle of the whole number or customer is never this message's fault, however short the wait.
    throttled = error.outcome is Outcome.RETRYABLE and error.scope is not Scope.MESSAGE
    return AttemptResult(
        outcome=Outcome.THROTTLED if throttled else error.outcome,
        error_class=error.error_class,
        error_code=error.code,
        detail=error.detail,
        wait_seconds=first,
        wait_growth=second / first if first and second else 1.0,
        scope=error.scope,
        outage=error.outage,
        form_refused=error.form_refused,
        max_attempts=error.max_attempts,
        seconds=error.seconds or 0.0,
        code_class=error.response_class,
    )
