"""POST /api/v1/webhook, the hot path. It is plain ASGI, because a FastAPI endpoint costs more than all other work here.

Size and signature: 413, 401, 429. Load: 503. Parsing: 400. The inbox handles the content: 200, or 503 if it cannot be
stored.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from recado.http.bodies import MessageResult, QuoteItem, QuoteView, WebhookResponse, error_body
from recado.http.body import AsgiScope, ClientGone, Receive, Refusal, RequestBody
from recado.inbox import Inbox, Receipt
from recado.queue.errors import StoreUnavailable
from recado.quotes import Quote
from recado.settings import Settings
from recado.telemetry import tracing
from recado.telemetry.logging import wide
from recado.telemetry.web_metrics import WebMetrics
from recado.whatsapp.inbound import Batch
from recado.whatsapp.payloads import PayloadError
from recado.whatsapp.service import WhatsAppService

log = logging.getLogger(__name__)

PATH = "/api/v1/webhook"

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Webhook:
    """The ASGI application of the POST."""

    def __init__(self, settings: Settings, whatsapp: WhatsAppService, inbox: Inbox, metrics: WebMetrics) -> None:
        self._limit = settings.max_concurrent_webhooks
        self._whatsapp = whatsapp
        self._inbox = inbox
        self._metrics = metrics
        self._body = RequestBody(settings, metrics)
        self._in_progress = 0
        metrics.in_progress(lambda: self._in_progress)

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        with tracing.webhook(PATH, scope["headers"]) as span:
            await self._respond_to(scope, receive, send, span)

    async def _respond_to(self, scope: AsgiScope, receive: Receive, send: Send, span: tracing.NoSpan) -> None:
        started = time.perf_counter()
        batch, receipts = Batch(), list[Receipt]()
        retry_after: int | None = None
        logged = True
        try:
            body = await self._body.authentic(scope, receive)
            batch = self._parse(body)
            receipts = await self._receive(batch)
            status, outcome = 200, "accepted"
            results = [_message_result(receipt) for receipt in receipts]
            body = msgspec.json.encode(WebhookResponse(result=results[0] if results else None, results=results))
        except Refusal as refusal:
            status, outcome, retry_after = refusal.status, refusal.outcome, refusal.retry_after
            logged = refusal.logged
            body = error_body(outcome, refusal.message)
        except ClientGone as gone:  # there is nobody to respond to
            self._finished("client_gone", 0, time.perf_counter() - started, batch, receipts, logged=gone.logged)
            return
        except Exception:
            log.exception("a webhook could not be handled", extra={"action": "webhook.error"})
            status, outcome = 500, "error"
            body = error_body(outcome, "the webhook could not be handled")
        await _respond(send, status, body, retry_after)
        self._finished(outcome, status, time.perf_counter() - started, batch, receipts, logged=logged)
        tracing.webhook_finished(span, status, outcome, messages=len(batch.messages), statuses=len(batch.statuses))

    def _parse(self, body: bytes) -> Batch:
        if self._in_progress >= self._limit:
            raise Refusal(503, "shed", "too many webhooks at once", retry_after=1)
        try:
            return self._whatsapp.extract_message_data(body)
        except PayloadError as error:
            raise Refusal(400, "bad_request", str(error)) from error

    async def _receive(self, batch: Batch) -> list[Receipt]:
        self._in_progress += 1
        try:
            return await self._inbox.receive(batch)
        except StoreUnavailable as error:
            log.error("the store is unavailable", extra={"action": "store.unavailable", "error": str(error)})
            raise Refusal(503, "store_unavailable", "the message could not be stored", retry_after=5) from error
        finally:
            self._in_progress -= 1

    def _finished(
        self, outcome: str, status: int, seconds: float, batch: Batch, receipts: list[Receipt], *, logged: bool
    ) -> None:
        self._metrics.webhook_finished(outcome, seconds)
        if not logged:
            return
        fields = {
            "outcome": outcome,
            "status": status,
            "duration_seconds": round(seconds, 6),
            "messages": len(batch.messages),
            "statuses": len(batch.statuses),
            "duplicates": sum([receipt.duplicate for receipt in receipts]),
            "replies": sum([receipt.replied for receipt in receipts]),
            "sent": sum([receipt.sent for receipt in receipts]),
        }
        level = logging.INFO if status == 200 else logging.WARNING
        wide(log, "webhook.handled", "webhook handled", fields, level)


async def _respond(send: Send, status: int, body: bytes, retry_after: int | None) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _message_result(receipt: Receipt) -> MessageResult:
    """A receipt as the API shows it."""
    quote = _quote_view(receipt.quote) if receipt.quote else None
    scores = [item.confidence for item in quote.items] if quote else []
    ignored = receipt.silence.value if receipt.silence else None
    return MessageResult(True, quote, scores, receipt.sent, duplicate=receipt.duplicate, ignored=ignored)


def _quote_view(quote: Quote) -> QuoteView:
    """A quote as the API shows it."""
    return QuoteView(
        items=[
            QuoteItem(
                sku=line.sku,
                name=line.name,
                quantity=line.quantity if isinstance(line.quantity, int) else float(line.quantity),
                unit_price=str(line.unit_price),
                line_total=str(line.line_total),
                confidence=round(line.confidence, 2),
            )
            for line in quote.items
        ],
        unmatched=[fragment.text for fragment in quote.unmatched],
        total=str(quote.total),
        currency=quote.currency,
    )
