"""The API's description: what FastAPI sees of its routes, completed by msgspec's schemas and the webhook's POST."""

from typing import Any

import msgspec
from fastapi import FastAPI, Response

from recado.http import webhook
from recado.http.bodies import (
    ErrorResponse,
    EventsResponse,
    HandoffResponse,
    OrderResponse,
    OrdersResponse,
    QueueStatusResponse,
    ReportResponse,
    RetryResponse,
    WebhookResponse,
)

REFUSALS = {
    400: "signed, but not a webhook of Meta's",
    401: "the signature or token is missing or wrong",
    403: "the handshake does not carry our verify token",
    404: "no such path, or no such order",
    405: "no such method on this path",
    408: "the body was not complete in time",
    409: "the order cannot get there from its state",
    413: "the body is too large",
    422: "a parameter is out of bounds, or a key was used for another request",
    429: "too many refused requests from this address",
    500: "a mistake of ours; Meta brings the webhook again",
    503: "too busy, or the store cannot be written; come back later",
}
_REF = "#/components/schemas/{name}"


def described(body: type[msgspec.Struct], *refusals: int) -> dict[str, Any]:
    """Route arguments that describe a JSON response and its refusals."""
    return {
        "response_class": Response,
        "responses": {
            200: _content(body, "done"),
            **{code: _content(ErrorResponse, REFUSALS[code]) for code in refusals},
        },
    }


def described_text(*refusals: int) -> dict[str, Any]:
    """Route arguments that describe a plain-text response and its refusals."""
    text = {"description": "the challenge, bare", "content": {"text/plain": {"schema": {"type": "string"}}}}
    return {
        "response_class": Response,
        "responses": {200: text, **{code: _content(ErrorResponse, REFUSALS[code]) for code in refusals}},
    }


def described_probe(*refusals: int) -> dict[str, Any]:
    """Route arguments that describe a probe."""
    return {
        "response_class": Response,
        "responses": {
            200: {"description": "yes", "content": {"text/plain": {}}},
            **{code: {"description": "the queue cannot be written"} for code in refusals},
        },
    }


def add_descriptions(app: FastAPI) -> None:
    """Makes `app.openapi()` describe the whole API."""
    from_routes = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = from_routes()
            kinds = [
                *(WebhookResponse, RetryResponse, QueueStatusResponse, OrderResponse, OrdersResponse, HandoffResponse),
                *(EventsResponse, ReportResponse, ErrorResponse),
            ]
            _, components = msgspec.json.schema_components(kinds, ref_template=_REF)
            schema.setdefault("components", {}).setdefault("schemas", {}).update(components)
            schema["paths"].setdefault(webhook.PATH, {})["post"] = _webhook_operation()
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the schema


def _webhook_operation() -> dict[str, Any]:
    refusals = (400, 401, 408, 413, 429, 500, 503)
    return {
        "tags": ["webhook"],
        "summary": "Receive Meta's webhook",
        "description": "Handles every entry, change, message and status. 200: all replies are stored durably.",
        "operationId": "receive_webhook",
        "parameters": [
            {
                "name": "X-Hub-Signature-256",
                "in": "header",
                "required": True,
                "description": "`sha256=` and the hex HMAC-SHA256 of the raw body, keyed with the app secret.",
                "schema": {"type": "string", "pattern": "^sha256=[0-9a-f]{64}$"},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["entry"],
                        "properties": {
                            "object": {"type": "string"},
                            "entry": {"type": "array", "items": {"type": "object"}},
                        },
                    }
                }
            },
        },
        "responses": {
            "200": _content(WebhookResponse, "stored durably; sent where that was quick"),
            **{str(code): _content(ErrorResponse, REFUSALS[code]) for code in refusals},
        },
    }


def _content(kind: type[msgspec.Struct], description: str) -> dict[str, Any]:
    schema = {"$ref": _REF.format(name=kind.__name__)}
    return {"description": description, "content": {"application/json": {"schema": schema}}}
