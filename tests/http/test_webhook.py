"""POST /api/v1/webhook: what Meta is answered, and what that answer promises."""

import asyncio
import json
import logging
import string
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recado.conversation import Conversation, Inbound, Turn
from recado.http import body as request_body
from recado.orders import Session
from recado.queue.errors import StoreUnavailable
from recado.queue.model import Added, NewReply
from recado.telemetry import metrics
from tests.clock import FakeClock
from tests.http.conftest import StartPod
from tests.meta import APP_SECRET, NUMBER, PATH, graph_error, signed, text_message, webhook

#: A second business number of the pod's.
OTHER = "800000000000001"
ORDER = "Quiero 2 zapatos y 1 camisa"


class TestQuotes:
    """A message becomes a quote."""

    async def test_an_order_is_quoted_and_sent(self, start_pod: StartPod, clock: FakeClock) -> None:
        """The answer carries the quote, money as decimal strings; the customer gets the text."""
        async with start_pod() as pod:
            answer = await pod.receive(text_message(1, ORDER, sent_at=clock()))
            (sent,) = pod.graph.sent

        quote = answer["result"]["quote"]
        assert answer["status"] == "ok"
        assert answer["result"]["success"]
        assert answer["result"]["sent"]
        assert [(i["sku"], i["quantity"], i["unit_price"], i["line_total"]) for i in quote["items"]] == [
            ("CAL-001", 2, "45.99", "91.98"),
            ("CAM-001", 1, "25.50", "25.50"),
        ]
        assert (quote["total"], quote["currency"], quote["unmatched"]) == ("117.48", "USD", [])
        assert len(answer["result"]["confidence_scores"]) == 2
        assert answer["results"] == [answer["result"]]
        assert sent["to"] == "+15550100001"
        assert sent["text"]["body"] == (
            "✅ *Cotización Generada*\n\n📦 *Productos:*\n"
            "1. Zapatos\n   Cantidad: 2 × $45.99 = $91.98\n"
            "2. Camisa\n   Cantidad: 1 × $25.50 = $25.50\n\n"
            "💰 *Total: $117.48*\n\n¿Deseas confirmar esta cotización? Responde *SÍ* o *NO*"
        )

    async def test_every_message_of_a_batch_is_answered(self, start_pod: StartPod, clock: FakeClock) -> None:
        """Entries x changes x messages, in order; one result each."""
        one, two = webhook(text_message(1, ORDER, sent_at=clock())), webhook(text_message(2, "hola", sent_at=clock()))
        batch = json.loads(one)
        batch["entry"][0]["changes"] += json.loads(two)["entry"][0]["changes"]
        batch["entry"] += json.loads(webhook(text_message(3, ORDER, sent_at=clock())))["entry"]
        async with start_pod() as pod:
            response = await pod.post(json.dumps(batch).encode())

        assert [bool(r["quote"]) for r in response.json()["results"]] == [True, False, True]
        assert len(pod.graph.sent) == 3

    async def test_without_a_message_there_is_no_result(self, start_pod: StartPod) -> None:
        """A POST of statuses only: result is null."""
        async with start_pod() as pod:
            answer = await pod.receive()

        assert answer == {"status": "ok", "result": None, "results": []}

    async def test_nothing_recognised_gets_instructions(
        self, start_pod: StartPod, clock: FakeClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        """In Spanish, with an example, and a warning in the log."""
        async with start_pod() as pod:
            answer = await pod.receive(text_message(1, "quiero tres dinosaurios", sent_at=clock()))
            (sent,) = pod.graph.sent

        assert answer["result"]["quote"]["items"] == []
        assert "2 zapatos" in sent["text"]["body"]
        assert "quote.nothing_recognised" in [getattr(r, "action", "") for r in caplog.records]

    @pytest.mark.parametrize("kind", ["audio", "image", "video", "location", "contacts"])
    async def test_a_message_without_words_is_asked_to_be_written(
        self, start_pod: StartPod, clock: FakeClock, kind: str
    ) -> None:
        """Friendly, in Spanish."""
        message = text_message(1, "", sent_at=clock()) | {"type": kind, kind: [] if kind == "contacts" else {}}
        del message["text"]
        async with start_pod() as pod:
            await pod.receive(message)
            (sent,) = pod.graph.sent

        assert "escri" in sent["text"]["body"].lower()

    async def test_a_caption_is_read_as_an_order(self, start_pod: StartPod, clock: FakeClock) -> None:
        """A price question can sit under a picture."""
        message = text_message(1, "", sent_at=clock()) | {"type": "image", "image": {"id": "9", "caption": ORDER}}
        del message["text"]
        async with start_pod() as pod:
            answer = await pod.receive(message)

        assert answer["result"]["quote"]["total"] == "117.48"

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"type": "reaction", "reaction": {"message_id": "x", "emoji": "👍"}}, "type"),
            ({"type": "unsupported"}, "type"),
            ({"type": "system", "system": {}}, "type"),
            ({"type": "request_welcome"}, "type"),
            ({"type": "something_new"}, "type"),
            ({"group_id": "g"}, "group"),
            ({"from": None, "from_user_id": None}, "unusable_sender"),
        ],
    )
    async def test_some_messages_get_no_reply(
        self, start_pod: StartPod, clock: FakeClock, changes: dict[str, Any], reason: str
    ) -> None:
        """Acknowledged and counted; nothing is sent, nothing queued."""
        async with start_pod() as pod:
            answer = await pod.receive(text_message(1, ORDER, sent_at=clock()) | changes)
            size = (await pod.queue.status()).queue_size

        assert answer["result"]["ignored"] == reason
        assert pod.graph.sent == []
        assert size == 0
        assert pod.count("recado_messages_unanswered_total", reason=reason) == 1

    async def test_another_number_is_none_of_ours(
        self, start_pod: StartPod, clock: FakeClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        """One app may get the webhooks of numbers that are not configured here; that is said, once for a webhook."""
        async with start_pod() as pod:
            messages = [text_message(n, ORDER, sent_at=clock()) for n in range(3)]
            answer = await pod.receive(*messages, number="799")

        assert answer["result"]["ignored"] == "other_number"
        (line,) = (record for record in caplog.records if record.__dict__.get("action") == "messages.other_number")
        assert (line.levelname, line.__dict__["phone_number_ids"]) == ("WARNING", ["799"])

    async def test_the_reply_comes_from_the_number_written_to(self, start_pod: StartPod, clock: FakeClock) -> None:
        """With several configured."""
        async with start_pod(WHATSAPP_PHONE_NUMBER_ID=f"{NUMBER},{OTHER}") as pod:
            requests: list[str] = []
            original = pod.graph.handle_async_request

            async def spy(request: httpx.Request) -> httpx.Response:
                requests.append(request.url.path)
                return await original(request)

            pod.graph.handle_async_request = spy  # type: ignore[method-assign]  # a spy on the fake
            await pod.receive(text_message(1, ORDER, sent_at=clock()), number=OTHER)

        assert requests == [f"/v26.0/{OTHER}/messages"]

    async def test_a_customer_without_phone_is_answered_by_bsuid(self, start_pod: StartPod, clock: FakeClock) -> None:
        """Since 2026 `from` may be absent."""
        message = text_message(1, ORDER, sent_at=clock())
        del message["from"]
        async with start_pod() as pod:
            await pod.receive(message)
            (sent,) = pod.graph.sent

        assert sent["recipient"] == "US.000001"
        assert "to" not in sent

    async def test_yes_needs_an_open_quote(self, start_pod: StartPod, clock: FakeClock) -> None:
        """SÍ confirms the open quote, once; without one the customer is told so, and then his order's number."""
        async with start_pod(RECADO_CUSTOMER_INTERVAL_SECONDS="0") as pod:
            for n, text in enumerate(("sí", ORDER, "SÍ", "si")):
                await pod.receive(text_message(n, text, sent_at=clock(), customer=1))
                clock.advance(10)
            bodies = [sent["text"]["body"] for sent in pod.graph.sent]

        assert len(set(bodies)) == 4
        assert "¡Pedido P-1001 confirmado!" in bodies[2]
        assert "Tu pedido *P-1001* ya está confirmado" in bodies[3]

    async def test_a_yes_waits_for_no_other_customers_reply(
        self, start_pod: StartPod, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A batch of them is as many commits otherwise, one after the other: each is handled before any is on disk."""
        async with start_pod() as pod:
            add, begun, all_begun = pod.queue.add_message, [], asyncio.Event()

            async def added(message: NewReply, *, lease: bool) -> Added:
                begun.append(message)
                if len(begun) == 5:
                    all_begun.set()
                await all_begun.wait()
                return await add(message, lease=lease)

            monkeypatch.setattr(pod.queue, "add_message", added)
            async with asyncio.timeout(10):
                answer = await pod.receive(*(text_message(n, "sí", sent_at=clock()) for n in range(5)))
        assert len(answer["results"]) == len(pod.graph.sent) == 5

    async def test_a_quote_is_settled_once_by_webhooks_at_once(self, start_pod: StartPod, clock: FakeClock) -> None:
        """All of them read the quote as open; one settles it, the others are told that there is none."""
        async with start_pod(RECADO_CUSTOMER_INTERVAL_SECONDS="0") as pod, start_pod() as other:
            await pod.receive(text_message(0, ORDER, sent_at=clock(), customer=1))
            clock.advance(10)
            answers = await asyncio.gather(
                *(
                    (pod, other)[n % 2].receive(text_message(n, ("SÍ", "no")[n % 3 == 0], sent_at=clock(), customer=1))
                    for n in range(1, 9)
                )
            )
            totals = pod.queue.snapshot().totals

        assert all(answer["result"]["success"] for answer in answers)
        decided = {("confirmed", "text"), ("rejected", "text")}
        assert sum(n for (name, of), n in totals.items() if name == metrics.QUOTES.name and of in decided) == 1

    async def test_a_quote_is_settled_once_in_a_batch(self, start_pod: StartPod, clock: FakeClock) -> None:
        """The second yes finds it settled by the first, which is on disk by then."""
        async with start_pod(RECADO_CUSTOMER_INTERVAL_SECONDS="0") as pod:
            await pod.receive(text_message(0, ORDER, sent_at=clock(), customer=1))
            clock.advance(10)
            await pod.receive(*(text_message(n, "SÍ", sent_at=clock(), customer=1) for n in (1, 2)))

        assert pod.count("recado_replies_total", kind="confirmed") == 1
        assert pod.count("recado_replies_total", kind="already_confirmed") == 1

    async def test_what_meta_brings_again_does_not_use_up_a_customers_minute(
        self, start_pod: StartPod, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Three messages of the three allowed, refused twice for the store's sake: the third time all are answered."""
        body = webhook(*(text_message(n, ORDER, sent_at=clock(), customer=1) for n in range(3)))
        async with start_pod(RECADO_CUSTOMER_MESSAGES_PER_MINUTE="3") as pod:

            async def full(*args: Any, **kwargs: Any) -> None:
                raise StoreUnavailable("database is locked")

            with monkeypatch.context() as patched:
                patched.setattr(pod.queue, "add_message", full)
                refused = [(await pod.post(body)).status_code for _ in range(2)]
            answer = (await pod.post(body)).json()

        assert refused == [503, 503]
        assert [result["quote"]["total"] for result in answer["results"]] == ["117.48"] * 3

    async def test_messages_are_marked_as_read_if_wanted(self, start_pod: StartPod, clock: FakeClock) -> None:
        """With the typing indicator; by default not, since it doubles the calls."""
        async with start_pod(RECADO_MARK_AS_READ="true") as pod:
            await pod.receive(text_message(1, ORDER, sent_at=clock()))
            await asyncio.sleep(0)

        assert [r["message_id"] for r in pod.graph.read] == ["wamid.IN1"]
        assert pod.graph.read[0]["typing_indicator"] == {"type": "text"}


class TestPromises:
    """200 means durable; one wamid, one answer."""

    async def test_no_200_before_the_commit(
        self, start_pod: StartPod, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A store that cannot be written is a 503 with Retry-After, and nothing is sent."""
        async with start_pod() as pod:

            async def full(*args: Any, **kwargs: Any) -> None:
                raise StoreUnavailable("database or disk is full")

            monkeypatch.setattr(pod.queue, "add_message", full)
            response = await pod.post(webhook(text_message(1, ORDER, sent_at=clock())))

        assert response.status_code == 503
        assert response.headers["retry-after"] == "5"
        assert response.json()["error"]["code"] == "store_unavailable"
        assert pod.graph.sent == []

    @pytest.mark.parametrize("operation", ["apply_status", "add_message"])
    async def test_what_is_on_disk_is_sent_although_its_webhook_failed(
        self, start_pod: StartPod, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, operation: str
    ) -> None:
        """A part of a POST cannot be stored: 503. The reply that was stored goes out at once, and only once."""
        body = webhook(
            text_message(1, ORDER, sent_at=clock(), customer=1),
            text_message(2, "sí", sent_at=clock(), customer=2),
            statuses=({"id": "wamid.OUT1", "status": "sent", "biz_opaque_callback_data": "0badcafe.1.1"},),
        )
        async with start_pod() as pod:
            original = getattr(pod.queue, operation)

            def failing(*args: Any, **kwargs: Any) -> Any:
                async def fail() -> None:
                    raise StoreUnavailable("disk I/O error")

                first = operation == "add_message" and args[0].wamid == "wamid.IN1"
                return original(*args, **kwargs) if first else fail()

            monkeypatch.setattr(pod.queue, operation, failing)
            refused = await pod.post(body)
            monkeypatch.setattr(pod.queue, operation, original)
            async with asyncio.timeout(10):
                while (await pod.queue.status()).in_flight:
                    await asyncio.sleep(0.01)
            sent_at_once = [sent["to"] for sent in pod.graph.sent]
            again = await pod.post(body)
            sent = [sent["to"] for sent in pod.graph.sent]

        assert (refused.status_code, again.status_code) == (503, 200)
        assert "+15550100001" in sent_at_once
        assert sorted(sent) == ["+15550100001", "+15550100002"]

    async def test_a_duplicate_is_acknowledged_and_not_answered(self, start_pod: StartPod, clock: FakeClock) -> None:
        """Meta brings messages again; they are marked, counted, and sent once."""
        body = webhook(text_message(1, ORDER, sent_at=clock()))
        async with start_pod() as pod:
            await pod.post(body)
            again = (await pod.post(body)).json()

        assert again["result"]["duplicate"]
        assert len(pod.graph.sent) == 1
        assert pod.count("recado_duplicates_total") == 1
        assert pod.count(metrics.ANSWERS.name, kind="quote") == 1

    async def test_a_known_customer_is_answered_once_and_with_his_session(
        self, start_pod: StartPod, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The pod that knows him waits for his session instead of handling the message without it first."""
        handled = []
        handle = Conversation.handle

        def counted(conversation: Conversation, inbound: Inbound, session: Session, now: float) -> Turn:
            handled.append(session.version)
            return handle(conversation, inbound, session, now)

        monkeypatch.setattr(Conversation, "handle", counted)
        async with start_pod(RECADO_CUSTOMER_INTERVAL_SECONDS="0") as pod:
            for n, words in enumerate((ORDER, "agrega 1 camisa", "sí")):
                clock.advance(10)
                await pod.receive(text_message(n, words, sent_at=clock(), customer=1))
            confirmed = pod.count(metrics.ANSWERS.name, kind="confirmed")

        assert handled == [0, 1, 2]
        assert confirmed == 1

    async def test_a_customer_who_was_erased_is_a_stranger_again(self, start_pod: StartPod, clock: FakeClock) -> None:
        """Also for the pod that knew him."""
        async with start_pod(RECADO_CUSTOMER_INTERVAL_SECONDS="0") as pod:
            await pod.receive(text_message(1, ORDER, sent_at=clock(), customer=1))
            await pod.queue.erase_customer(pod.graph.sent[0]["to"])
            clock.advance(10)
            await pod.receive(text_message(2, ORDER, sent_at=clock(), customer=1))

        first, second = [sent["text"]["body"] for sent in pod.graph.sent]
        assert first == second

    async def test_fifty_deliveries_to_two_pods_are_one_reply(self, start_pod: StartPod, clock: FakeClock) -> None:
        """At once, over one database."""
        body = webhook(text_message(1, ORDER, sent_at=clock()))
        unlimited = {"RECADO_CUSTOMER_MESSAGES_PER_MINUTE": "0"}
        async with start_pod(**unlimited) as one, start_pod(**unlimited) as two:
            responses = await asyncio.gather(*((one, two)[n % 2].post(body) for n in range(50)))

        assert {response.status_code for response in responses} == {200}
        assert sum(not response.json()["result"].get("duplicate", False) for response in responses) == 1
        assert len(one.graph.sent) + len(two.graph.sent) == 1

    async def test_a_slow_graph_does_not_hold_up_the_answer(self, start_pod: StartPod, clock: FakeClock) -> None:
        """After the acknowledgement budget Meta is answered; the send goes on and is recorded."""
        release = asyncio.Event()
        async with start_pod(RECADO_ACK_BUDGET_SECONDS="0.05") as pod:
            original = pod.graph.handle_async_request

            async def slow(request: httpx.Request) -> httpx.Response:
                await release.wait()
                return await original(request)

            pod.graph.handle_async_request = slow  # type: ignore[method-assign]  # a slower fake
            answer = await pod.receive(text_message(1, ORDER, sent_at=clock()))
            in_flight = (await pod.queue.status()).in_flight
            release.set()
            while (await pod.queue.status()).in_flight:
                await asyncio.sleep(0.01)
            status = await pod.queue.status()

        assert not answer["result"]["sent"]
        assert in_flight == 1
        assert (status.queue_size, status.success_rate) == (0, 1.0)

    async def test_what_cannot_be_sent_waits_in_the_queue(self, start_pod: StartPod, clock: FakeClock) -> None:
        """A failed send is acknowledged all the same, and due again in two minutes."""
        async with start_pod(RECADO_BACKOFF_JITTER="0") as pod:
            pod.graph.answer = lambda: graph_error(503, 131016)
            answer = await pod.receive(text_message(1, ORDER, sent_at=clock()))
            status = await pod.queue.status()
            waiting = await pod.queue.get_messages_to_retry(1)

        assert not answer["result"]["sent"]
        assert status.pending_retry == 1
        assert waiting.next_at == pytest.approx(clock() + 120)

    async def test_a_second_message_of_a_customer_follows_by_itself(
        self, start_pod: StartPod, clock: FakeClock
    ) -> None:
        """The pod sends it when its turn comes, without waiting for a drain."""
        async with start_pod(RECADO_CUSTOMER_INTERVAL_SECONDS="0.1") as pod:
            await pod.receive(text_message(1, ORDER, sent_at=clock(), customer=1))
            clock.now += 0.05
            answer = await pod.receive(text_message(2, ORDER, sent_at=clock(), customer=1))
            clock.advance(1)
            for _ in range(100):
                if len(pod.graph.sent) == 2:
                    break
                await asyncio.sleep(0.02)

        assert answer["result"]["success"]
        assert len(pod.graph.sent) == 2

    async def test_a_burst_beyond_the_sends_at_once_follows_by_itself(
        self, start_pod: StartPod, clock: FakeClock
    ) -> None:
        """What finds no room is written down, and sent when there is some, without waiting for a drain."""
        sending, most = 0, 0
        async with start_pod(RECADO_MAX_CONCURRENT_SENDS="1", RECADO_MESSAGES_PER_SECOND="0") as pod:
            original = pod.graph.handle_async_request

            async def spy(request: httpx.Request) -> httpx.Response:
                nonlocal sending, most
                sending += 1
                most = max(most, sending)
                await asyncio.sleep(0.01)  # others would begin meanwhile
                try:
                    return await original(request)
                finally:
                    sending -= 1

            pod.graph.handle_async_request = spy  # type: ignore[method-assign]  # a spy on the fake
            await asyncio.gather(*(pod.receive(text_message(n, ORDER, sent_at=clock())) for n in range(6)))
            for _ in range(200):
                if len(pod.graph.sent) == 6:
                    break
                await asyncio.sleep(0.02)

        assert (len(pod.graph.sent), most) == (6, 1)

    async def test_a_message_older_than_its_window_is_never_answered(
        self, start_pod: StartPod, clock: FakeClock
    ) -> None:
        """Meta may bring a message days late: its reply is kept as failed, for an operator."""
        async with start_pod() as pod:
            await pod.receive(text_message(1, ORDER, sent_at=clock() - 86400))
            failed = await pod.queue.get_failed_messages()

        assert pod.graph.sent == []
        assert [m.reason for m in failed] == ["window_closed"]

    async def test_statuses_settle_attempts(self, start_pod: StartPod, clock: FakeClock) -> None:
        """A read time-out leaves an attempt unknown; the status that carries its id settles it."""
        async with start_pod() as pod:

            def time_out() -> httpx.Response:
                raise httpx.ReadTimeout("too slow")

            pod.graph.answer = time_out
            await pod.receive(text_message(1, ORDER, sent_at=clock()))
            attempt_id = pod.graph.sent[0]["biz_opaque_callback_data"]
            unknown = (await pod.queue.status()).unknown
            status = {"id": "wamid.OUT1", "status": "sent", "timestamp": "1", "biz_opaque_callback_data": attempt_id}
            await pod.receive(statuses=(status,))
            after = await pod.queue.status()

        assert unknown == 1
        assert (after.queue_size, after.success_rate) == (0, 1.0)

    @pytest.mark.parametrize("code", [2**63, 10**30])
    async def test_a_code_that_no_store_holds_settles_all_the_same(
        self, start_pod: StartPod, clock: FakeClock, code: int
    ) -> None:
        """In an answer of Meta's and in a status: acknowledged, and the reply has failed, none is under way."""
        async with start_pod(RECADO_CUSTOMER_INTERVAL_SECONDS="0") as pod:
            await pod.receive(text_message(1, ORDER, sent_at=clock()))
            status = {
                "id": "wamid.OUT1",
                "status": "failed",
                "biz_opaque_callback_data": pod.graph.sent[0]["biz_opaque_callback_data"],
                "errors": [{"code": code, "title": "?"}],
            }
            await pod.receive(statuses=(status,))
            pod.graph.answer = lambda: graph_error(400, code)
            await pod.receive(text_message(2, ORDER, sent_at=clock()))
            failed = await pod.queue.get_failed_messages()
            in_flight = (await pod.queue.status()).in_flight

        assert [message.last_error for message in failed] == ["unknown_code: ?", "unknown_code: no"]
        assert in_flight == 0

    @pytest.mark.parametrize("errors", [[{"title": "?"}], [{}], [], [{"code": None}]])
    async def test_a_failed_status_without_a_code_stops_nobody_else(
        self, start_pod: StartPod, clock: FakeClock, errors: list[dict[str, object]]
    ) -> None:
        """The reply has failed for a reason unknown; the number goes on sending."""
        async with start_pod() as pod:
            await pod.receive(text_message(1, ORDER, sent_at=clock()))
            attempt_id = pod.graph.sent[0]["biz_opaque_callback_data"]
            status = {"id": "wamid.OUT1", "status": "failed", "biz_opaque_callback_data": attempt_id, "errors": errors}
            await pod.receive(statuses=(status,))
            answer = await pod.receive(text_message(2, ORDER, sent_at=clock()))
            failed = await pod.queue.get_failed_messages()

        assert [message.last_error.partition(":")[0] for message in failed] == ["unknown_code"]
        assert answer["result"]["sent"]

    async def test_an_endless_wait_is_bounded(self, start_pod: StartPod, clock: FakeClock) -> None:
        """A usage header of 1e308 minutes holds its customer up for RECADO_RETRY_AFTER_MAX_SECONDS, not for ever."""
        usage = {"x-business-use-case-usage": '{"1":[{"estimated_time_to_regain_access":1e308}]}'}
        async with start_pod() as pod:
            pod.graph.answer = lambda: httpx.Response(400, json={"error": {"code": 131056}}, headers=usage)
            await pod.receive(text_message(1, ORDER, sent_at=clock()))
            waiting = await pod.queue.get_messages_to_retry(1)

        assert waiting.next_at == pytest.approx(clock() + 3600)

    async def test_a_failed_status_is_no_delivery(self, start_pod: StartPod, clock: FakeClock) -> None:
        """Accepted by HTTP, refused by status: the operator sees it."""
        async with start_pod() as pod:
            await pod.receive(text_message(1, ORDER, sent_at=clock()))
            attempt_id = pod.graph.sent[0]["biz_opaque_callback_data"]
            status = {
                "id": "wamid.OUT1",
                "status": "failed",
                "biz_opaque_callback_data": attempt_id,
                "errors": [{"code": 131026, "title": "Message undeliverable"}],
            }
            await pod.receive(statuses=(status,))
            (failed,) = await pod.queue.get_failed_messages()

        assert "131026" in failed.last_error


class TestRefusals:
    """Who is not Meta, and what is too much."""

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
        """401, and nothing happens."""
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
        """Whoever passes the webhook on could have checked the one, and we the other."""
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
        """The previous one too, as long as it is configured."""
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
        """Beyond the limit one line of an address in a minute, whatever is refused; all are counted."""
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
        """408, and it took no place from anybody."""
        monkeypatch.setattr(request_body, "READ_SECONDS", 0.05)

        async def drip() -> Any:
            yield b'{"entry":'
            await asyncio.sleep(1)

        async with start_pod() as pod:
            response = await pod.client.post("/api/v1/webhook", content=drip(), headers=signed(b""))

        assert response.status_code == 408

    async def test_all_that_is_being_received_is_bounded_together(
        self, start_pod: StartPod, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Many large bodies at once cannot take the pod's memory."""
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
        """503 with Retry-After, for Meta to bring them again."""
        async with start_pod(RECADO_MAX_CONCURRENT_WEBHOOKS="1") as pod:
            bodies = [webhook(text_message(n, ORDER, sent_at=clock())) for n in range(5)]
            responses = await asyncio.gather(*(pod.post(body) for body in bodies))

        codes = sorted(response.status_code for response in responses)
        assert codes[0] == 200
        assert codes[-1] == 503

    async def test_a_batch_keeps_the_limit_of_concurrent_sends(
        self, start_pod: StartPod, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Twenty messages in one POST with two slots: two are sent at once, never more, and all in the end."""
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
            async with asyncio.timeout(30):
                while len(pod.graph.sent) < 20:
                    await asyncio.sleep(0.01)

        assert under_way[1] == 2

    async def test_a_customer_over_his_limit_is_told_once(self, start_pod: StartPod, clock: FakeClock) -> None:
        """Acknowledged and counted; one reply asks for patience, then there is silence."""
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
        """Whatever it holds."""
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
                    response = asyncio.run_coroutine_threadsafe(pod.post(body), loop).result(10)
                    assert response.status_code in (200, 400)

            await asyncio.to_thread(check)
