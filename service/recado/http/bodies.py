"""The bodies of the HTTP API's responses: msgspec encodes them, and the OpenAPI schemas are generated from them."""

from typing import Any, Literal

import msgspec
from fastapi import Response

from recado.orders.view import OrderView
from recado.report import Report


class QuoteItem(msgspec.Struct, frozen=True, gc=False):
    """One line of a quote; money is a decimal string."""

    sku: str
    name: str
    quantity: int | float
    unit_price: str
    line_total: str
    confidence: float


class QuoteView(msgspec.Struct, frozen=True, gc=False):
    """A quote; `unmatched` contains the customer's words for which no product was found."""

    items: list[QuoteItem]
    unmatched: list[str]
    total: str
    currency: str


class MessageResult(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The result of one message. `sent`: whether Meta has already accepted the reply.

    `duplicate`: it was handled before. `ignored`: why it gets no reply.
    """

    success: bool
    quote: QuoteView | None
    confidence_scores: list[float]
    sent: bool
    duplicate: bool = False
    ignored: str | None = None


class WebhookResponse(msgspec.Struct, frozen=True, gc=False):
    """The response to Meta: one result per message, `result` being the first's."""

    result: MessageResult | None
    results: list[MessageResult]
    status: Literal["ok"] = "ok"


class RetryResult(msgspec.Struct, frozen=True):
    messages_retried: int
    successful: int
    failed: int


class RetryResponse(msgspec.Struct, frozen=True):
    result: RetryResult
    status: Literal["ok"] = "ok"


class QueueEntryView(msgspec.Struct, frozen=True):
    """A failed reply; `to` is masked."""

    id: int
    to: str
    attempts: int
    last_error: str


class QueueStatusResponse(msgspec.Struct, frozen=True):
    """The queue at a glance; queue_size = pending_retry + in_flight + unknown + failed.

    `failed_messages` is one page; `next_after`, if present, is the `after` of the next.
    """

    queue_size: int
    pending_retry: int
    in_flight: int
    unknown: int
    failed: int
    failed_messages: list[QueueEntryView]
    next_after: int | None
    success_rate: float | None
    avg_attempts: float | None
    oldest_due_seconds: float


class OrderResponse(msgspec.Struct, frozen=True):
    """One order."""

    order: OrderView
    status: Literal["ok"] = "ok"


class OrdersResponse(msgspec.Struct, frozen=True):
    """A page of orders; `next_after`, if present, is the `after` of the next."""

    orders: list[OrderView]
    next_after: int | None
    status: Literal["ok"] = "ok"


class HandoffResponse(msgspec.Struct, frozen=True):
    """Whether the request changed who has the conversation."""

    changed: bool
    status: Literal["ok"] = "ok"


class EventsResponse(msgspec.Struct, frozen=True):
    """A page of events, each as docs/events.md describes its type; `next_after`, if present, is the `after` of the
    next."""

    events: list[dict[str, Any]]
    next_after: str | None
    status: Literal["ok"] = "ok"


class ReportResponse(msgspec.Struct, frozen=True):
    """The report of the last days."""

    report: Report
    status: Literal["ok"] = "ok"


class Problem(msgspec.Struct, frozen=True):
    code: str
    message: str


class ErrorResponse(msgspec.Struct, frozen=True):
    """An error response."""

    error: Problem
    status: Literal["error"] = "error"


def error_body(code: str, message: str) -> bytes:
    return msgspec.json.encode(ErrorResponse(Problem(code, message)))


def json_response(body: msgspec.Struct) -> Response:
    """A response with one of these bodies."""
    return Response(msgspec.json.encode(body), media_type="application/json")
