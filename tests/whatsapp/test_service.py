"""WhatsAppService with a fake Graph API: the requests that it sends, and the error for each failure."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from recado.outcome import Outcome
from recado.whatsapp.content import Button, Buttons, Text
from recado.whatsapp.errors import (
    AuthenticationError,
    ConnectTimeoutError,
    GraphError,
    InvalidRequestError,
    NoResponseError,
    NotSentError,
    PoolExhaustedError,
    ResponseTimeoutError,
    UnreadableResponseError,
)
from recado.whatsapp.inbound import Customer
from recado.whatsapp.service import Health, WhatsAppService
from recado.whatsapp.signature import HandshakeError

ANA = Customer(phone="+15550100001", user_id="US.ABC123")
NUMBER = "700000000000001"
TOKEN = "EAAG-test-token"
TOO_DEEP = b'{"deep":' + b"[" * 50_000 + b"]" * 50_000 + b',"messages":[{"id":"wamid.OUT1"}]}'


def accepted(wamid: str = "wamid.OUT1") -> httpx.Response:
    return httpx.Response(200, json={"messaging_product": "whatsapp", "messages": [{"id": wamid}]})


def refused(code: int, status: int = 400) -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": f"(#{code}) no", "code": code}})


class Graph:
    """Responds to each call with the next of `responses`, and keeps the requests."""

    def __init__(self, *responses: httpx.Response | Exception) -> None:
        self.responses = list(responses)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        response = self.responses.pop(0)
        if isinstance(response, Exception):
            raise response
        return response

    @property
    def sent(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.requests]


def service(graph: Callable[[httpx.Request], httpx.Response]) -> WhatsAppService:
    ticks = iter(range(100))
    return WhatsAppService(
        httpx.MockTransport(graph),
        access_token=TOKEN,
        verify_token="verify-me",
        api_url="https://graph.example/",
        api_version="v26.0",
        timer=lambda: next(ticks),
    )


async def send(graph: Graph, to: Customer = ANA, **more: Any) -> Any:
    return await service(graph).send_message(to, Text("hola"), phone_number_id=NUMBER, attempt_id="a-1", **more)


async def test_a_message_goes_out_as_the_reference_says() -> None:
    """The whole request: URL, token in the header only, time-outs, and each field of the body."""
    graph = Graph(accepted())
    sent = await send(graph)
    assert (sent.wamid, sent.seconds) == ("wamid.OUT1", 1.0)
    [request] = graph.requests
    assert str(request.url) == f"https://graph.example/v26.0/{NUMBER}/messages"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert request.extensions["timeout"] == {"connect": 5.0, "pool": 5.0, "write": 5.0, "read": 15.0}
    assert graph.sent == [
        {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": "+15550100001",
            "biz_opaque_callback_data": "a-1",
            "type": "text",
            "text": {"preview_url": False, "body": "hola"},
        }
    ]


async def test_a_customer_without_phone_is_written_to_by_user_id() -> None:
    """The BSUID is in `recipient`, and there is no `to`."""
    graph = Graph(accepted())
    await send(graph, Customer(user_id="US.ABC123"))
    assert graph.sent[0]["recipient"] == "US.ABC123"
    assert "to" not in graph.sent[0]


async def test_nobody_cannot_be_written_to() -> None:
    """A customer with neither is a bug of the caller; nothing is sent."""
    with pytest.raises(ValueError, match="without phone"):
        await send(Graph(), Customer())


async def test_a_quote_quotes_the_message_it_answers() -> None:
    """send_quote_message is send_message with a text."""
    graph = Graph(accepted())
    sent = await service(graph).send_quote_message(
        ANA, "✅ *Cotización*", phone_number_id=NUMBER, attempt_id="a-1", quoting="wamid.T1"
    )
    assert sent.wamid == "wamid.OUT1"
    assert graph.sent[0]["context"] == {"message_id": "wamid.T1"}
    assert graph.sent[0]["text"]["body"] == "✅ *Cotización*"


async def test_a_quoted_message_that_meta_forgot_is_left_out_once() -> None:
    """After 131009 with a context, the message is sent once more without it, and not a third time."""
    graph = Graph(refused(131009), accepted("wamid.OUT2"))
    assert (await send(graph, quoting="wamid.T1")).wamid == "wamid.OUT2"
    assert "context" not in graph.sent[1]
    graph = Graph(refused(131009), refused(131009))
    with pytest.raises(InvalidRequestError):
        await send(graph, quoting="wamid.T1")
    assert len(graph.requests) == 2


async def test_buttons_are_not_sent_twice_for_a_quoted_message() -> None:
    """131009 may be about the buttons, so the queue sends plain text next."""
    graph = Graph(refused(131009), accepted())
    content = Buttons("¿Confirmas?", (Button("q:7K:confirm", "Sí"),))
    with pytest.raises(InvalidRequestError):
        await service(graph).send_message(ANA, content, phone_number_id=NUMBER, attempt_id="a-1", quoting="wamid.T1")
    assert [sent["type"] for sent in graph.sent] == ["interactive"]


@pytest.mark.parametrize(("code", "quoting"), [(131009, None), (131008, "wamid.T1")])
async def test_nothing_else_is_sent_twice(code: int, quoting: str | None) -> None:
    """Without a context, or with another code, the first refusal is final."""
    graph = Graph(refused(code))
    with pytest.raises(InvalidRequestError):
        await send(graph, quoting=quoting)


@pytest.mark.parametrize(
    ("failure", "error", "retry"),
    [
        (httpx.ConnectError("x"), NotSentError, Outcome.RETRYABLE),
        (httpx.ConnectTimeout("x"), ConnectTimeoutError, Outcome.RETRYABLE),
        (httpx.PoolTimeout("x"), PoolExhaustedError, Outcome.THROTTLED),
        (httpx.WriteError("x"), NotSentError, Outcome.RETRYABLE),
        (httpx.WriteTimeout("x"), NotSentError, Outcome.RETRYABLE),
        (httpx.LocalProtocolError("x"), NotSentError, Outcome.RETRYABLE),
        (httpx.UnsupportedProtocol("x"), NotSentError, Outcome.RETRYABLE),
        (httpx.ReadTimeout("x"), ResponseTimeoutError, Outcome.UNKNOWN),
        (httpx.ReadError("x"), NoResponseError, Outcome.UNKNOWN),
        (httpx.RemoteProtocolError("x"), NoResponseError, Outcome.UNKNOWN),
        (httpx.CloseError("x"), NoResponseError, Outcome.UNKNOWN),
        (httpx.DecodingError("x"), UnreadableResponseError, Outcome.UNKNOWN),
        (httpx.TooManyRedirects("x"), NoResponseError, Outcome.UNKNOWN),
    ],
)
async def test_a_transport_failure_says_whether_the_message_may_have_been_sent(
    failure: Exception, error: type[GraphError], retry: Outcome
) -> None:
    """The reference's table of httpx's exceptions."""
    with pytest.raises(GraphError) as raised:
        await send(Graph(failure))
    assert type(raised.value) is error
    assert raised.value.outcome is retry
    assert raised.value.seconds == 1.0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{}",
        b'{"messages":[]}',
        b'{"messages":[{}]}',
        b'{"messages":[{"id":7}]}',
        b"[]",
        b"\xff",
        TOO_DEEP,
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
async def test_200_without_a_message_id_is_unknown(body: bytes) -> None:
    """Meta has probably sent the message, so it is neither delivered nor retried at once."""
    with pytest.raises(UnreadableResponseError) as raised:
        await send(Graph(httpx.Response(200, content=body)))
    assert raised.value.outcome is Outcome.UNKNOWN
    assert raised.value.response_class == "2xx"


async def test_a_response_that_cannot_be_decoded_is_unknown() -> None:
    """For a broken gzip body httpx raises an exception; the message may have been sent."""

    def broken(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-encoding": "gzip"}, content=b"not gzip")

    with pytest.raises(UnreadableResponseError):
        await service(broken).send_message(ANA, Text("hola"), phone_number_id=NUMBER, attempt_id="a-1")


async def test_an_error_inside_a_200_is_an_error() -> None:
    """Graph's error object counts, whatever the status is."""
    with pytest.raises(AuthenticationError):
        await send(Graph(refused(190, status=200)))


async def test_redirects_are_not_followed() -> None:
    """A redirect could lead the token to another host. So it is an error after one request."""
    graph = Graph(httpx.Response(307, headers={"location": "https://elsewhere.example/"}))
    with pytest.raises(GraphError):
        await send(graph)
    assert len(graph.requests) == 1


async def test_a_read_receipt_with_the_typing_indicator() -> None:
    """mark_message_as_read sends the receipt, by default with the typing indicator."""
    graph = Graph(httpx.Response(200, json={"success": True}), httpx.Response(200, json={"success": True}))
    await service(graph).mark_message_as_read("wamid.T1", phone_number_id=NUMBER)
    await service(graph).mark_message_as_read("wamid.T1", phone_number_id=NUMBER, typing=False)
    receipt = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.T1"}
    assert graph.sent == [{**receipt, "typing_indicator": {"type": "text"}}, receipt]


async def test_health_tells_what_is_in_the_way() -> None:
    """can_send_message of the number, and each error of an entity on one line."""
    response = {
        "health_status": {
            "can_send_message": "BLOCKED",
            "entities": [
                {"entity_type": "PHONE_NUMBER", "id": "1", "can_send_message": "AVAILABLE"},
                {
                    "entity_type": "WABA",
                    "id": "2",
                    "can_send_message": "BLOCKED",
                    "errors": [{"error_code": 141006, "error_description": "No payment."}],
                },
            ],
        }
    }
    unreadable = (httpx.Response(200, json={}), httpx.Response(200, content=TOO_DEEP))
    graph = Graph(httpx.Response(200, json=response), *unreadable)
    assert await service(graph).health(NUMBER) == Health("BLOCKED", ("WABA BLOCKED: 141006 No payment.",))
    assert graph.requests[0].url.query == b"fields=health_status"
    for _ in unreadable:
        with pytest.raises(UnreadableResponseError):
            await service(graph).health(NUMBER)


def test_the_handshake_and_the_payloads_are_part_of_the_service() -> None:
    """By the names that the client gave: verify_webhook and extract_message_data."""
    whatsapp = service(Graph())
    assert whatsapp.verify_webhook("subscribe", "verify-me", "1158201444") == "1158201444"
    with pytest.raises(HandshakeError):
        whatsapp.verify_webhook("subscribe", "something else", "1158201444")
    assert whatsapp.extract_message_data(b'{"entry":[]}').messages == []


async def test_the_token_is_nowhere_but_in_the_header() -> None:
    """It is neither in the URL nor in an error, even if Meta repeats it."""
    long_token = "EAAG" + "x" * 60
    graph = Graph(httpx.Response(401, json={"error": {"message": f"Malformed token {long_token}", "code": 190}}))
    with pytest.raises(AuthenticationError) as raised:
        await send(graph)
    assert long_token not in f"{raised.value}{raised.value!r}{raised.value.detail}"
    assert TOKEN not in str(graph.requests[0].url)


@pytest.mark.parametrize("body", [TOO_DEEP, b"<html>", b"\xff", b"[]"], ids=["deep", "html", "bytes", "list"])
async def test_what_cannot_be_read_is_no_sign_of_graph(body: bytes) -> None:
    """The probe returns False and raises nothing."""
    assert not await service(Graph(httpx.Response(200, content=body))).reachable(NUMBER)
