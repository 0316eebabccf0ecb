"""The admin API, the handshake, the probes and the API's description."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from recado.queue.errors import StoreUnavailable
from tests.clock import FakeClock
from tests.http.conftest import Pod, StartPod
from tests.meta import ADMIN_TOKEN, VERIFY_TOKEN, graph_error, text_message

ORDER = "Quiero 2 zapatos y 1 camisa"
BEARER = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
STATUS = "/api/v1/webhook/queue-status"
RETRY = "/api/v1/webhook/retry"


async def fail_one(pod: Pod, n: int, clock: FakeClock) -> None:
    """A message whose reply Meta refuses permanently."""
    pod.graph.answer = lambda: graph_error(400, 131026)
    await pod.receive(text_message(n, ORDER, sent_at=clock()))
    pod.graph.answer = None


async def fail_for_now(pod: Pod, count: int, clock: FakeClock) -> None:
    """Messages that could not be sent, and are due again."""
    pod.graph.answer = lambda: graph_error(500, 131000)
    for n in range(count):
        await pod.receive(text_message(n, ORDER, sent_at=clock()))
    pod.graph.answer = None
    clock.advance(121)


class TestHandshake:
    """GET /api/v1/webhook."""

    async def get(self, pod: Pod, **query: str) -> Any:
        return await pod.client.get("/api/v1/webhook", params={f"hub.{k}": v for k, v in query.items()})

    async def test_the_bare_challenge_is_answered(self, start_pod: StartPod) -> None:
        """200, text/plain, nothing around it."""
        async with start_pod() as pod:
            response = await self.get(pod, mode="subscribe", verify_token=VERIFY_TOKEN, challenge="1158201444")

        assert (response.status_code, response.text) == (200, "1158201444")
        assert response.headers["content-type"].startswith("text/plain")

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"mode": "subscribe", "verify_token": "wrong-token-value", "challenge": "1"},
            {"mode": "unsubscribe", "verify_token": VERIFY_TOKEN, "challenge": "1"},
            {"mode": "subscribe", "verify_token": VERIFY_TOKEN},
            {"mode": "subscribe", "verify_token": "ñ\ud83d".encode("utf-8", "replace").decode(), "challenge": "1"},
        ],
    )
    async def test_anything_else_is_403_and_logged_without_the_token(
        self, start_pod: StartPod, query: dict[str, str], caplog: pytest.LogCaptureFixture
    ) -> None:
        """The log contains neither the guess nor the token."""
        async with start_pod() as pod:
            response = await self.get(pod, **query)
        logged = " ".join(str(vars(record)) for record in caplog.records if record.name.startswith("recado"))

        assert response.status_code == 403
        assert "handshake.refused" in logged
        assert VERIFY_TOKEN not in logged
        assert "wrong-token-value" not in logged

    async def test_guesses_are_limited_by_address(self, start_pod: StartPod, caplog: pytest.LogCaptureFixture) -> None:
        """Beyond the limit recado compares no token and logs nothing more."""
        async with start_pod(RECADO_BAD_SIGNATURES_PER_MINUTE="3") as pod:
            codes = [
                (await self.get(pod, mode="subscribe", verify_token=token, challenge="1")).status_code
                for token in (*["wrong"] * 20, VERIFY_TOKEN)
            ]

        assert codes == [403] * 3 + [429] * 18
        assert sum(record.__dict__.get("action") == "handshake.refused" for record in caplog.records) == 3


class TestAdmin:
    """The bearer token, the queue's status, and a drain on request."""

    @pytest.mark.parametrize(("method", "path"), [("GET", STATUS), ("POST", RETRY)])
    @pytest.mark.parametrize(
        "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {ADMIN_TOKEN}"}]
    )
    async def test_without_the_token_nothing(
        self, start_pod: StartPod, method: str, path: str, headers: dict[str, str]
    ) -> None:
        """401 with the usual error shape."""
        async with start_pod() as pod:
            response = await pod.client.request(method, path, headers=headers)

        assert response.status_code == 401
        assert response.json()["error"]["code"] == "unauthorized"

    async def test_guesses_are_limited_by_address(self, start_pod: StartPod) -> None:
        """Beyond the limit recado compares no token of that address, not even the right one."""
        async with start_pod(RECADO_BAD_SIGNATURES_PER_MINUTE="3") as pod:
            guesses = [(await pod.client.get(STATUS, headers={"Authorization": "Bearer no"})) for _ in range(5)]
            right = await pod.client.get(STATUS, headers=BEARER)
            handshake = await pod.client.get(
                "/api/v1/webhook",
                params={"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1"},
            )

        assert [guess.status_code for guess in guesses] == [401, 401, 401, 429, 429]
        assert guesses[-1].json()["error"]["code"] == "rate_limited"
        assert guesses[-1].headers["retry-after"] == "60"
        assert right.status_code == 429
        assert handshake.status_code == 200
        assert pod.count("recado_admin_refusals_total") == 3
        assert pod.count("recado_rate_limited_total", kind="address") == 3

    async def test_right_tokens_are_no_guesses(self, start_pod: StartPod) -> None:
        """Any number of requests with the right token is allowed."""
        async with start_pod(RECADO_BAD_SIGNATURES_PER_MINUTE="1") as pod:
            codes = {(await pod.client.get(STATUS, headers=BEARER)).status_code for _ in range(5)}
        assert codes == {200}

    async def test_without_a_configured_token_everyone_is_refused(self, start_pod: StartPod) -> None:
        """An empty token is no password."""
        async with start_pod(RECADO_ADMIN_TOKEN="") as pod:
            for header in ("Bearer ", "Bearer", ""):
                response = await pod.client.get(STATUS, headers={"Authorization": header})
                assert response.status_code == 401

    async def test_the_queue_at_a_glance(self, start_pod: StartPod, clock: FakeClock) -> None:
        """The sizes add up; recipients are masked; the last error is included."""
        async with start_pod() as pod:
            await pod.receive(text_message(1, ORDER, sent_at=clock()))
            await fail_one(pod, 2, clock)
            pod.graph.answer = lambda: graph_error(503, 131016)
            await pod.receive(text_message(3, ORDER, sent_at=clock()))
            clock.advance(200)
            response = await pod.client.get(STATUS, headers=BEARER)
        status = response.json()

        assert status["queue_size"] == 2
        parts = ("pending_retry", "in_flight", "unknown", "failed")
        assert [status[k] for k in parts] == [1, 0, 0, 1]
        assert (status["success_rate"], status["avg_attempts"]) == (0.5, 1.0)
        assert 50 < status["oldest_due_seconds"] < 100
        (failed,) = status["failed_messages"]
        assert set(failed) == {"id", "to", "attempts", "last_error"}
        assert "131026" in failed["last_error"]
        assert "1555" not in response.text

    async def test_long_lists_come_in_pages(self, start_pod: StartPod, clock: FakeClock) -> None:
        """`next_after` leads to the next page, and is null on the last."""
        async with start_pod() as pod:
            for n in range(3):
                await fail_one(pod, n, clock)
                clock.advance(1)
            first = (await pod.client.get(STATUS, headers=BEARER, params={"limit": 2})).json()
            query = {"limit": 2, "after": first["next_after"]}
            second = (await pod.client.get(STATUS, headers=BEARER, params=query)).json()

        assert (len(first["failed_messages"]), len(second["failed_messages"])) == (2, 1)
        assert second["next_after"] is None

    async def test_a_bad_parameter_is_422(self, start_pod: StartPod) -> None:
        """In the usual error shape."""
        async with start_pod() as pod:
            response = await pod.client.get(STATUS, headers=BEARER, params={"limit": "many"})

        assert response.status_code == 422
        assert response.json()["status"] == "error"

    async def test_retry_drains_now(self, start_pod: StartPod, clock: FakeClock) -> None:
        """Due replies are sent; the response counts them."""
        async with start_pod(RECADO_BACKOFF_JITTER="0") as pod:
            await fail_for_now(pod, 3, clock)
            answer = (await pod.client.post(RETRY, headers=BEARER)).json()
            size = (await pod.queue.status()).queue_size

        assert answer == {"status": "ok", "result": {"messages_retried": 3, "successful": 3, "failed": 0}}
        assert size == 0

    async def test_a_pod_that_ends_finishes_the_sends_of_a_retry(
        self, start_pod: StartPod, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Also those of a request that was cut off because it took too long."""
        async with start_pod(RECADO_BACKOFF_JITTER="0") as pod:
            await fail_for_now(pod, 3, clock)
            accept, begun = pod.graph.handle_async_request, asyncio.Event()

            async def slowly(request: httpx.Request) -> httpx.Response:
                begun.set()
                await asyncio.sleep(0.3)
                return await accept(request)

            monkeypatch.setattr(pod.graph, "handle_async_request", slowly)
            retrying = asyncio.create_task(pod.client.post(RETRY, headers=BEARER))
            await begun.wait()
            retrying.cancel()
        async with start_pod() as later:
            status = await later.queue.status()

        assert status.queue_size == 3 - len(pod.graph.sent[3:])
        assert status.in_flight == 0
        with contextlib.suppress(asyncio.CancelledError):
            await retrying

    async def test_a_retry_of_a_pod_that_leaves_begins_nothing(self, start_pod: StartPod, clock: FakeClock) -> None:
        """The response says so; due replies are left to other processes."""
        async with start_pod(RECADO_BACKOFF_JITTER="0") as pod:
            await fail_for_now(pod, 3, clock)
            pod.app.leave()
            answer = (await pod.client.post(RETRY, headers=BEARER)).json()
            size = (await pod.queue.status()).queue_size

        assert answer == {"status": "ok", "result": {"messages_retried": 0, "successful": 0, "failed": 0}}
        assert size == 3


class TestProbes:
    """/livez and /readyz."""

    async def test_alive_touches_nothing_ready_writes(
        self, start_pod: StartPod, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """If the store cannot be written, the pod is alive but not ready; the response and one log line say why."""
        caplog.set_level("INFO", "recado.http.health")
        monkeypatch.setattr("recado.http.health.CHECK_SECONDS", -1)
        async with start_pod() as pod:
            before = (await pod.client.get("/livez")).status_code

            async def full() -> None:
                raise StoreUnavailable("full")

            monkeypatch.setattr(pod.queue, "check_writable", full)
            alive, ready = await pod.client.get("/livez"), await pod.client.get("/readyz")
            await pod.client.get("/readyz")
            monkeypatch.undo()
            monkeypatch.setattr("recado.http.health.CHECK_SECONDS", -1)
            await pod.client.get("/readyz")

        assert (before, alive.status_code, ready.status_code) == (200, 200, 503)
        assert ready.text == "the queue cannot be written: full"
        told = [record for record in caplog.records if record.name == "recado.http.health"]
        assert [(r.levelname, getattr(r, "action", "")) for r in told] == [
            ("ERROR", "web.not_ready"),
            ("INFO", "web.ready"),
        ]

    async def test_ready(self, start_pod: StartPod) -> None:
        """A pod whose queue can be written is ready."""
        async with start_pod() as pod:
            assert (await pod.client.get("/readyz")).status_code == 200


class TestDescription:
    """OpenAPI describes all routes."""

    async def test_every_path_is_described(self, start_pod: StartPod) -> None:
        """Including the webhook's POST, which FastAPI never sees."""
        async with start_pod() as pod:
            document = (await pod.client.get("/openapi.json")).json()
            docs = await pod.client.get("/docs")

        assert docs.status_code == 200
        moves = {f"/api/v1/orders/{{number}}/{move}" for move in ("accept", "complete", "cancel")}
        staff = {"/api/v1/orders", "/api/v1/orders/{number}", *moves, "/api/v1/handoff", "/api/v1/resume"}
        told = {"/api/v1/events", "/api/v1/report"}
        assert set(document["paths"]) == {"/api/v1/webhook", RETRY, STATUS, "/livez", "/readyz", *staff, *told}
        assert set(document["paths"]["/api/v1/webhook"]) == {"get", "post"}
        schemas = document["components"]["schemas"]
        assert {"WebhookResponse", "MessageResult", "QuoteView", "QueueStatusResponse", "ErrorResponse"} <= set(schemas)

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [("GET", "/nothing", 404), ("DELETE", "/api/v1/webhook", 405), ("PUT", STATUS, 405), ("POST", "/livez", 405)],
    )
    async def test_errors_have_one_shape(self, start_pod: StartPod, method: str, path: str, status: int) -> None:
        """Including those of the framework."""
        async with start_pod() as pod:
            response = await pod.client.request(method, path)

        assert response.status_code == status
        assert response.json()["status"] == "error"


async def test_a_bad_catalogue_prevents_the_start(start_pod: StartPod, tmp_path: Path) -> None:
    """A pod that could only quote wrong prices must not start."""
    bad = tmp_path / "catalogo.csv"
    bad.write_text("sku,name,aliases,unit_price,currency\nA,Zapatos,,gratis,USD\n")
    with pytest.raises(ValueError, match="line 2"):
        async with start_pod(RECADO_CATALOGUE=str(bad)):
            pass
