"""Refused webhooks: those that are not from Meta, and those above a limit."""

import asyncio
import json
import logging
import string
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recado.http import body as request_body
from tests.clock import FakeClock
from tests.http.conftest import StartPod
from tests.http.test_talk import ORDER
from tests.meta import APP_SECRET, NUMBER, PATH, signed, text_message, webhook
from tests.waiting import PATIENCE_SECONDS, until


class TestRefusals:
    """Signatures and limits."""

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"X-Hub-Signature-256": ""},
            {"X-Hub-Signature-256": "sha256=" + "0" * 64},
            {"X-Hub-Signature-256": "sha1=abc"},
            {"X-Hub-Signature-256": "sha256=" + "é" * 64},
        ],
    )
    async def test_a_wrong_signature_is_refused(
        self, start_pod: StartPod, clock: FakeClock, headers: dict[str, str]
    ) -> None:
        """It gets 401 and has no effect."""
        raw = {name.encode(): value.encode() for name, value in headers.items()}
        async with start_pod() as pod:
            response = await pod.client.post(
                "/api/v1/webhook", content=webhook(text_message(1, ORDER, sent_at=clock())), headers=raw
            )
            size = (await pod.queue.status()).queue_size

        assert response.status_code == 401
        assert response.json()["status"] == "error"
        assert (size, pod.graph.sent) == (0, [])

    async def test_two_signatures_are_none(self, start_pod: StartPod, clock: FakeClock) -> None:
        """Otherwise a proxy could check one signature, and recado the other."""
        body = webhook(text_message(1, ORDER, sent_at=clock()))
        name, right, wrong = "X-Hub-Signature-256", signed(body)["X-Hub-Signature-256"], "sha256=" + "0" * 64
        async with start_pod() as pod:
            for pair in ((right, wrong), (wrong, right), (right, right)):
                response = await pod.client.post(PATH, content=body, headers=[(name, value) for value in pair])
                assert response.status_code == 401
                assert "malformed" in response.json()["error"]["message"]
            assert (await pod.queue.status()).queue_size == 0
            assert pod.count("recado_signature_failures_total", reason="malformed") == 3

    async def test_two_secrets_are_valid_during_rotation(self, start_pod: StartPod, clock: FakeClock) -> None:
        """The previous one is valid as long as it is configured."""
        body = webhook(text_message(1, ORDER, sent_at=clock()))
        fresh = "a-new-app-secret-of-32-characters"
        async with start_pod(WHATSAPP_APP_SECRET=fresh, WHATSAPP_APP_SECRET_PREVIOUS=APP_SECRET) as pod:
            old, new, other = [(await pod.post(body, signed(body, s))).status_code for s in (APP_SECRET, fresh, "x")]

        assert (old, new, other) == (200, 200, 401)

    async def test_an_address_that_keeps_failing_gets_429(self, start_pod: StartPod, clock: FakeClock) -> None:
        """But a valid signature is never refused for its address."""
        body = webhook(text_message(1, ORDER, sent_at=clock()))
        async with start_pod(RECADO_BAD_SIGNATURES_PER_MINUTE="3") as pod:
            codes = [(await pod.post(body, signed(body, "wrong"))).status_code for _ in range(5)]
            valid = await pod.post(body)

        assert codes == [401, 401, 401, 429, 429]
        assert valid.status_code == 200

    @pytest.mark.parametrize("attack", ["unsigned", "wrong", "large", "gone"])
    async def test_a_stranger_fills_no_log(
        self, start_pod: StartPod, clock: FakeClock, caplog: pytest.LogCaptureFixture, attack: str
    ) -> None:
        """Beyond the limit recado logs one line a minute for an address; it counts all refusals."""
        caplog.set_level(logging.INFO)
        body = webhook(text_message(1, ORDER, sent_at=clock()))
        headers = {"unsigned": {}, "wrong": signed(body, "wrong"), "large": {"content-length": "99999999"}, "gone": {}}
        scope = {
            "type": "http",
            "method": "POST",
            "path": PATH,
            "client": ("192.0.2.1", 1),
            "headers": [
                (name.lower().encode(), value.encode())
                for name, value in (signed(body) if attack == "gone" else headers[attack]).items()
            ],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.disconnect"} if attack == "gone" else {"type": "http.request", "body": body}

        async def send(message: dict[str, Any]) -> None:
            pass

        async with start_pod(RECADO_BAD_SIGNATURES_PER_MINUTE="3") as pod:
            for _ in range(50):
                await pod.app(scope, receive, send)
            counted = sum(
                sample.value
                for family in pod.metrics.registry.collect()
                for sample in family.samples
                if sample.name == "recado_webhook_duration_seconds_count"
            )
            await pod.receive(text_message(2, ORDER, sent_at=clock()))

        lines = [r.__dict__["outcome"] for r in caplog.records if r.__dict__.get("action") == "webhook.handled"]
        assert counted == 50
        assert len(lines) == 5
        assert lines[-1] == "accepted"

    @pytest.mark.parametrize("chunked", [False, True])
    async def test_a_large_body_is_refused(self, start_pod: StartPod, chunked: bool) -> None:
        """413, with and without a Content-Length."""
        body = b'{"entry": []}' + b" " * 1000

        async def chunks() -> Any:
            for start in range(0, len(body), 100):
                yield body[start : start + 100]

        async with start_pod(RECADO_MAX_BODY_BYTES="500") as pod:
            content = chunks() if chunked else body
            response = await pod.client.post("/api/v1/webhook", content=content, headers=signed(body))

        assert response.status_code == 413

    async def test_a_body_that_does_not_come_is_given_up(
        self, start_pod: StartPod, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It gets 408, and uses no place of other webhooks."""
        monkeypatch.setattr(request_body, "READ_SECONDS", 0.05)

        async def drip() -> Any:
            yield b'{"entry":'
            await asyncio.Event().wait()

        async with start_pod() as pod:
            response = await pod.client.post("/api/v1/webhook", content=drip(), headers=signed(b""))

        assert response.status_code == 408

    async def test_all_that_is_being_received_is_bounded_together(
        self, start_pod: StartPod, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Many large bodies at once cannot exhaust the pod's memory."""
        monkeypatch.setattr(request_body, "MAX_UNFINISHED_BYTES", 1000)

        async def slow() -> Any:
            for _ in range(3):
                yield b"x" * 300
                await asyncio.sleep(0.02)

        async with start_pod() as pod:
            posts = (pod.client.post("/api/v1/webhook", content=slow(), headers=signed(b"")) for _ in range(5))
            codes = [response.status_code for response in await asyncio.gather(*posts)]
            after = await pod.client.post("/api/v1/webhook", content=slow(), headers=signed(b"x" * 900))

        assert 503 in codes
        assert after.status_code == 400

    async def test_too_many_webhooks_at_once_are_shed(self, start_pod: StartPod, clock: FakeClock) -> None:
        """They get 503 with Retry-After, so that Meta delivers them again."""
        async with start_pod(RECADO_MAX_CONCURRENT_WEBHOOKS="1") as pod:
            bodies = [webhook(text_message(n, ORDER, sent_at=clock())) for n in range(5)]
            responses = await asyncio.gather(*(pod.post(body) for body in bodies))

        codes = sorted(response.status_code for response in responses)
        assert codes[0] == 200
        assert codes[-1] == 503

    async def test_a_batch_keeps_the_limit_of_concurrent_sends(
        self, start_pod: StartPod, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With twenty messages in one POST and two slots, at most two are sent at once, and all are sent in the end."""
        under_way = [0, 0]
        unpaced = {"RECADO_MAX_CONCURRENT_SENDS": "2", "RECADO_MESSAGES_PER_SECOND": "0"}
        async with start_pod(**unpaced) as pod:
            accept = pod.graph.handle_async_request

            async def slowly(request: httpx.Request) -> httpx.Response:
                under_way[0] += 1
                under_way[1] = max(under_way)
                await asyncio.sleep(0.005)
                under_way[0] -= 1
                return await accept(request)

            monkeypatch.setattr(pod.graph, "handle_async_request", slowly)
            await pod.receive(*(text_message(n, ORDER, sent_at=clock()) for n in range(20)))
            await until(lambda: len(pod.graph.sent) == 20)

        assert under_way[1] == 2

    async def test_a_customer_over_his_limit_is_told_once(self, start_pod: StartPod, clock: FakeClock) -> None:
        """His messages are acknowledged and counted; one reply asks for patience, further ones are not sent."""
        async with start_pod(RECADO_CUSTOMER_MESSAGES_PER_MINUTE="2", RECADO_CUSTOMER_INTERVAL_SECONDS="0") as pod:
            answers = []
            for n in range(5):
                answers.append(await pod.receive(text_message(n, ORDER, sent_at=clock(), customer=1)))
                clock.advance(2)

        assert [a["result"].get("ignored") for a in answers] == [None, None, None, "too_many", "too_many"]
        assert len(pod.graph.sent) == 3

    @pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b"{}", b'{"entry": 1}', b"\xff\xfe", b"1e999"])
    async def test_signed_nonsense_is_a_clear_400(self, start_pod: StartPod, body: bytes) -> None:
        """Never a 500."""
        async with start_pod() as pod:
            response = await pod.post(body)

        assert response.status_code == 400
        assert response.json()["error"]["code"] == "bad_request"

    async def test_any_signed_json_is_200_or_a_clear_4xx(self, start_pod: StartPod) -> None:
        """Any content of a signed JSON is handled."""
        scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(string.printable, max_size=20)
        keys = st.sampled_from(
            [
                *("entry", "changes", "value", "field", "messages", "statuses", "id", "text", "body", "from", "type"),
                *("metadata", "phone_number_id", "timestamp", "errors", "code", "biz_opaque_callback_data"),
            ]
        )
        documents = st.recursive(
            scalars | st.just("messages") | st.just(NUMBER),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6),
            max_leaves=30,
        )
        async with start_pod() as pod:
            loop = asyncio.get_running_loop()

            @given(documents)
            @settings(max_examples=150, suppress_health_check=list(HealthCheck))
            def check(document: Any) -> None:
                wrapped = {"entry": [{"changes": [{"field": "messages", "value": document}]}]}
                for candidate in (document, wrapped):
                    body = json.dumps(candidate).encode()
                    response = asyncio.run_coroutine_threadsafe(pod.post(body), loop).result(PATIENCE_SECONDS)
                    assert response.status_code in (200, 400)

            await asyncio.to_thread(check)
