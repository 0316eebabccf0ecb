"""One attempt: a leased message is sent, and what came of it recorded. The web pod and the drain both use it."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from recado.queue.errors import StoreUnavailable
from recado.queue.model import AttemptResult, Message, Outcome, Scope
from recado.queue.policy import Decision
from recado.queue.protocol import RetryQueue
from recado.telemetry import conventions, tracing
from recado.telemetry.logging import wide
from recado.whatsapp.customer import Customer
from recado.whatsapp.errors import GraphError, Retry
from recado.whatsapp.errors import Scope as GraphScope

if TYPE_CHECKING:  # it imports httpx, which a drain does not need before its first claim
    from recado.whatsapp.service import Sent

log = logging.getLogger(__name__)

_OUTCOMES = {
    Retry.NOW: Outcome.RETRY,
    Retry.LATER: Outcome.LATER,
    Retry.NEVER: Outcome.NEVER,
    Retry.OPERATOR: Outcome.OPERATOR,
    Retry.UNKNOWN: Outcome.UNKNOWN,
}
#: No lease is given longer before its turn; a longer wait is a clock that was set back.
MOST_WAIT_SECONDS = 1.0
#: Pauses between tries to record a result that the store would not take.
RECORD_PAUSES_SECONDS = (0.05, 0.2, 1.0, 3.0)


def failure(error: GraphError) -> AttemptResult:
    """A Graph error as the queue records it."""
    first, second = error.wait_seconds(0), error.wait_seconds(1)
    # A throttle of the whole number or customer is never this message's fault, however soon it may be sent again.
    throttled = error.retry is Retry.NOW and error.scope is not GraphScope.MESSAGE
    return AttemptResult(
        outcome=Outcome.LATER if throttled else _OUTCOMES[error.retry],
        error_class=error.error_class,
        error_code=error.code,
        detail=error.detail,
        wait_seconds=first,
        wait_growth=second / first if first and second else 1.0,
        scope=Scope(error.scope.value),
        outage=error.outage,
        max_attempts=error.max_attempts,
        seconds=error.seconds or 0.0,
        code_class=error.response_class,
    )


class Sender(Protocol):
    """What sends: WhatsAppService."""

    async def send_message(
        self, to: Customer, text: str, *, phone_number_id: str, attempt_id: str, quoting: str | None = None
    ) -> "Sent": ...


class Delivery:
    """Sends leased messages. `send_seconds` is the longest one send can take: a lease with less left is not used."""

    def __init__(
        self,
        queue: RetryQueue,
        whatsapp: Sender,
        *,
        send_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._queue = queue
        self._whatsapp = whatsapp
        self._send_seconds = send_seconds
        self._clock = clock

    async def attempt(self, message: Message) -> AttemptResult | None:
        """Waits for the message's turn, sends it, records the result; None when the lease was too short to send.

        Never raises for what Meta or the store does: a result that cannot be recorded is settled by Meta's status or,
        when the lease has run out, by the rules for unknown outcomes.
        """
        if (wait := message.send_at - self._clock()) > 0:
            await asyncio.sleep(min(wait, MOST_WAIT_SECONDS))
        if self._clock() + self._send_seconds > message.lease_until:
            await self._give_back(message)
            return None
        with tracing.attempt(message.traceparent, message.id, message.attempt) as span:
            result = await self._send(message, span)
            with tracing.settle(span) as settling:
                decision = await self._record(message, result)
                settling.set(conventions.STATE, decision.state.value if decision else "settled")
            span.set(conventions.OUTCOME, result.outcome.value)
            self._log(message, result, decision)
        return result

    async def _send(self, message: Message, attempt: tracing.NoSpan) -> AttemptResult:
        with tracing.graph_call(attempt, resend_count=message.attempt - 1) as span:
            try:
                sent = await self._whatsapp.send_message(
                    Customer(message.phone, message.user_id),
                    message.text,
                    phone_number_id=message.phone_number_id,
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

    async def _record(self, message: Message, result: AttemptResult) -> Decision | None:
        for pause in (*RECORD_PAUSES_SECONDS, None):
            try:
                return await self._queue.update_message_attempt(message, result)
            except StoreUnavailable as error:
                if pause is None:
                    log.error(
                        "an attempt could not be recorded",
                        extra={"action": "attempt.unrecorded", "message_id": message.id, "error": str(error)},
                    )
                else:
                    await asyncio.sleep(pause)
        return None

    async def _give_back(self, message: Message) -> None:
        try:
            await self._queue.release(message)
        except StoreUnavailable as error:
            log.warning(
                "a lease could not be given back",
                extra={"action": "lease.unreleased", "message_id": message.id, "error": str(error)},
            )

    def _log(self, message: Message, result: AttemptResult, decision: Decision | None) -> None:
        fields = {
            "message_id": message.id,
            "attempt": message.attempt,
            "outcome": result.outcome.value,
            "error_class": result.error_class,
            "error_code": result.error_code,
            "state": decision.state.value if decision else "settled",
            "probe": message.probe,
            "duration_seconds": round(result.seconds, 6),
            "age_seconds": round(self._clock() - message.received_at, 3),
        }
        level = logging.INFO if result.outcome is Outcome.DELIVERED else logging.WARNING
        wide(log, "attempt.finished", "attempt finished", fields, level)
