"""POST /api/v1/webhook: the one hot path, as plain ASGI ahead of FastAPI (whose endpoint machinery would cost more
than everything else here together).

1 size, signature      413, 401, 429     4 conversation -> replies
2 load                 503               5 one durable transaction    503 if it cannot be: Meta brings it again
3 parse                400               6 send within the budget, answer 200
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from recado.conversation import Answer, AnswerKind, Conversation, Silence
from recado.delivery import failure
from recado.http.answers import MessageResult, WebhookAnswer, error_body, quote_view
from recado.http.gate import ClientGone, Gate, Receive, Refusal, Scope
from recado.http.ratelimit import Allowance, MinuteLimit
from recado.outgoing import Outgoing
from recado.queue.errors import StoreUnavailable
from recado.queue.model import Added, AttemptResult, NewMessage, Outcome, StatusUpdate
from recado.queue.protocol import RetryQueue
from recado.settings import Settings
from recado.telemetry import tracing
from recado.telemetry.exposition import WebMetrics
from recado.telemetry.logging import wide
from recado.whatsapp.errors import UnknownCodeError, error_from_status, harmless
from recado.whatsapp.payloads import Batch, InboundMessage, PayloadError, Status, StatusKind
from recado.whatsapp.service import WhatsAppService

log = logging.getLogger(__name__)

PATH = "/api/v1/webhook"

#: A batch may hold 1,000 messages: after so many the event loop gets a turn.
MESSAGES_A_TURN = 16
#: An open quote can be confirmed or rejected for this long.
QUOTE_VALID_SECONDS = 86400.0

Send = Callable[[dict[str, Any]], Awaitable[None]]
#: A message's place in its batch, its answer, itself, and the reply on its way to disk.
Adding = tuple[int, Answer, InboundMessage, "asyncio.Future[Added]"]


class Handled(msgspec.Struct):
    """What one POST was about, for its log line."""

    messages: int = 0
    statuses: int = 0
    duplicates: int = 0
    replies: int = 0
    sent: int = 0


class Webhook:
    """The ASGI application of the POST."""

    def __init__(
        self,
        settings: Settings,
        queue: RetryQueue,
        whatsapp: WhatsAppService,
        conversation: Conversation,
        outgoing: Outgoing,
        metrics: WebMetrics,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._queue = queue
        self._whatsapp = whatsapp
        self._conversation = conversation
        self._outgoing = outgoing
        self._metrics = metrics
        self._clock = clock
        self._gate = Gate(settings, metrics)
        self._numbers = frozenset(settings.whatsapp_phone_number_id)
        self._customers = MinuteLimit(settings.customer_messages_per_minute)
        self._in_progress = 0
        metrics.in_progress(lambda: self._in_progress)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with tracing.webhook(PATH, scope["headers"]) as span:
            await self._respond_to(scope, receive, send, span)

    async def _respond_to(self, scope: Scope, receive: Receive, send: Send, span: tracing.NoSpan) -> None:
        started = time.perf_counter()
        handled = Handled()
        retry_after: int | None = None
        try:
            status, outcome, body = 200, "accepted", await self._handle(scope, receive, handled)
        except Refusal as refusal:
            status, outcome, retry_after = refusal.status, refusal.outcome, refusal.retry_after
            body = error_body(outcome, refusal.message)
        except ClientGone:  # nobody is left to be answered
            self._finished("client_gone", 0, time.perf_counter() - started, handled)
            return
        except Exception:
            log.exception("a webhook could not be handled", extra={"action": "webhook.error"})
            status, outcome = 500, "error"
            body = error_body(outcome, "the webhook could not be handled")
        await _respond(send, status, body, retry_after)
        self._finished(outcome, status, time.perf_counter() - started, handled)
        tracing.webhook_answered(span, status, outcome, messages=handled.messages, statuses=handled.statuses)

    async def _handle(self, scope: Scope, receive: Receive, handled: Handled) -> bytes:
        body = await self._gate.authentic_body(scope, receive)
        if self._in_progress >= self._settings.max_concurrent_webhooks:
            raise Refusal(503, "shed", "too many webhooks at once", retry_after=1)
        self._in_progress += 1
        try:
            return await self._answer_all(body, handled)
        finally:
            self._in_progress -= 1

    async def _answer_all(self, body: bytes, handled: Handled) -> bytes:
        try:
            batch = self._whatsapp.extract_message_data(body)
        except PayloadError as error:
            raise Refusal(400, "bad_request", str(error)) from error
        self._count(batch)
        handled.messages, handled.statuses = len(batch.messages), len(batch.statuses)
        try:
            results = await self._durably(batch, handled)
        except StoreUnavailable as error:
            log.error("the store is unavailable", extra={"action": "store.unavailable", "error": str(error)})
            raise Refusal(503, "store_unavailable", "the message could not be stored", retry_after=5) from error
        return msgspec.json.encode(WebhookAnswer(result=results[0] if results else None, results=results))

    # -- what is answered --------------------------------------------------------------------------------------

    async def _durably(self, batch: Batch, handled: Handled) -> list[MessageResult]:
        """Answers and records all of a batch; returns when it is on disk and the budget for sending is over."""
        settling = [self._queue.settle(update) for status in batch.statuses if (update := _update(status))]
        results: list[MessageResult | None] = [None] * len(batch.messages)
        adding: list[Adding] = []
        try:
            for index, message in enumerate(batch.messages):
                if index % MESSAGES_A_TURN == MESSAGES_A_TURN - 1:
                    await asyncio.sleep(0)
                answer = await self._answer(message, adding)
                if isinstance(answer, Silence):
                    self._metrics.unanswered(answer.value)
                    results[index] = self._unanswered(answer, message)
                else:
                    adding.append((index, answer, message, asyncio.ensure_future(self._add(message, answer))))
            added = await _all([waiting for *_, waiting in adding])
            await _all(settling)
        except Exception:
            await asyncio.gather(*settling, return_exceptions=True)
            await self._send_what_was_added(adding, handled)
            raise
        sending = self._send(list(zip(adding, added, strict=True)), handled)
        sent = await self._within_budget(sending)
        for (index, answer, _, _), one in zip(adding, added, strict=True):
            results[index] = _result(answer, one, sent=index in sent)
        handled.replies, handled.sent = len(sending), len(sent)
        return [result for result in results if result is not None]

    async def _send_what_was_added(self, adding: list[Adding], handled: Handled) -> None:
        """A webhook that fails is brought again, and its messages that are on disk are duplicates then: their replies
        go now, or they would wait for their lease to run out."""
        added = await asyncio.gather(*(waiting for *_, waiting in adding), return_exceptions=True)
        pairs = zip(adding, added, strict=True)
        handled.replies = len(self._send([(one, done) for one, done in pairs if isinstance(done, Added)], handled))

    async def _answer(self, message: InboundMessage, before: Sequence[Adding]) -> Answer | Silence:
        """The reply to one message, or why it gets none; `before` are the replies to those before it in its batch."""
        if silence := self._conversation.silence(message, self._numbers):
            return silence
        customer = self._customer_key(message)
        allowance = self._customers.count(customer, message.wamid)
        if allowance is not Allowance.WITHIN:
            self._metrics.rate_limited("customer")
            if allowance is not Allowance.JUST_OVER:
                return Silence.TOO_MANY
            answer = self._conversation.slow_down()
            self._metrics.answered(answer)
            return answer
        quote = self._conversation.read(message)
        open_quote = False
        if self._conversation.asks_for_open_quote(quote):
            await _all([waiting for *_, waiting in before])  # the quote may have been given in the same batch
            quoted_at = await self._queue.open_quote_at(customer)
            open_quote = quoted_at is not None and self._clock() - quoted_at < QUOTE_VALID_SECONDS
        answer = self._conversation.answer(quote, open_quote=open_quote)
        self._metrics.answered(answer)
        if answer.kind is AnswerKind.NOT_UNDERSTOOD:
            log.warning(
                "no product recognised",
                extra={
                    "action": "quote.nothing_recognised",
                    "message_ref": self._queue.message_reference(message.wamid),
                    "unmatched": len(answer.quote.unmatched) if answer.quote else 0,
                },
            )
        return answer

    def _unanswered(self, silence: Silence, message: InboundMessage) -> MessageResult:
        """Where only the sender is unusable the order is read all the same: `recado selftest` lives on it."""
        quote = self._conversation.read(message) if silence is Silence.UNUSABLE_SENDER else None
        view = quote_view(quote) if quote else None
        scores = [item.confidence for item in view.items] if view else []
        return MessageResult(True, view, scores, False, ignored=silence.value)

    def _add(self, message: InboundMessage, answer: Answer) -> Awaitable[Added]:
        """Begins to write the reply down; it is durable when the awaitable is done."""
        now = self._clock()
        # A clock of Meta's that runs ahead of ours must not lengthen the window.
        written_at = min(message.sent_at or now, now)
        window = self._settings.reply_window_seconds - self._settings.reply_window_margin_seconds
        sender = message.sender
        span = tracing.enqueue()
        new = NewMessage(
            wamid=message.wamid,
            phone_number_id=message.phone_number_id,
            customer=self._customer_key(message),
            phone=sender.phone if sender else None,
            user_id=sender.user_id if sender else None,
            text=answer.text,
            received_at=now,
            deadline_at=written_at + window,
            quote=answer.mark,
            traceparent=span.traceparent,
        )
        adding = self._queue.add_message(new, lease=self._outgoing.room)
        span.end_with(adding)
        return adding

    @staticmethod
    def _customer_key(message: InboundMessage) -> str:
        return f"{message.phone_number_id}:{message.sender.key if message.sender else ''}"

    # -- sending -----------------------------------------------------------------------------------------------

    def _send(
        self,
        added: list[tuple[Adding, Added]],
        handled: Handled,
    ) -> dict[asyncio.Task[AttemptResult | None], int]:
        """Starts the sends whose turn has come and looks after those whose turn comes soon."""
        sending = {}
        for (index, _, message, _), one in added:
            if one.duplicate:
                handled.duplicates += 1
                self._metrics.duplicate()
            elif one.message:
                sending[self._outgoing.send(one.message)] = index
            elif one.id is not None and one.due_at is not None:
                self._outgoing.follow_up(one.id, one.due_at)
            if self._settings.mark_as_read and not one.duplicate:
                self._outgoing.mark_as_read(message.wamid, message.phone_number_id)
        return sending

    async def _within_budget(self, sending: dict[asyncio.Task[AttemptResult | None], int]) -> set[int]:
        """The messages whose reply Meta accepted within the acknowledgement budget."""
        if not sending or not self._settings.ack_budget_seconds:
            return set()
        done, _ = await asyncio.wait(sending, timeout=self._settings.ack_budget_seconds)
        return {
            sending[task]
            for task in done
            if not task.cancelled() and (result := task.result()) and result.outcome is Outcome.DELIVERED
        }

    # -- telling -----------------------------------------------------------------------------------------------

    def _count(self, batch: Batch) -> None:
        for message in batch.messages:
            self._metrics.message(message.type.value)
        for status in batch.statuses:
            self._metrics.status(status.status.value)
        for reason in batch.ignored:
            self._metrics.ignored(reason)
        for error in batch.errors:
            self._metrics.account_error()
            log.warning(
                "Meta reports an error of the account",
                extra={"action": "account.error", "error_code": error.code, "detail": harmless(error.detail)},
            )

    def _finished(self, outcome: str, status: int, seconds: float, handled: Handled) -> None:
        self._metrics.webhook_answered(outcome, seconds)
        fields = {
            "outcome": outcome,
            "status": status,
            "duration_seconds": round(seconds, 6),
            "messages": handled.messages,
            "statuses": handled.statuses,
            "duplicates": handled.duplicates,
            "replies": handled.replies,
            "sent": handled.sent,
        }
        level = logging.INFO if status == 200 else logging.WARNING
        wide(log, "webhook.handled", "webhook handled", fields, level)


def _update(status: Status) -> StatusUpdate | None:
    """A status as the queue settles attempts by it; None when it carries no attempt of ours or settles nothing."""
    if not status.callback or status.status is StatusKind.OTHER:
        return None
    failed = None
    if status.status is StatusKind.FAILED:
        first = status.errors[0] if status.errors else None
        failed = failure(error_from_status(first.code, first.detail) if first else UnknownCodeError())
    return StatusUpdate(attempt_id=status.callback, status=status.status.value, sent_wamid=status.wamid, failure=failed)


def _result(answer: Answer, added: Added, *, sent: bool) -> MessageResult:
    quote = quote_view(answer.quote) if answer.quote and not added.duplicate else None
    scores = [item.confidence for item in quote.items] if quote else []
    return MessageResult(True, quote, scores, sent, duplicate=added.duplicate)


async def _all(waiting: Sequence[Awaitable[Any]]) -> list[Any]:
    """The results of all; if some fail the first failure is raised, once none is still under way."""
    if len(waiting) < 2:
        return [await one for one in waiting]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


async def _respond(send: Send, status: int, body: bytes, retry_after: int | None) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
