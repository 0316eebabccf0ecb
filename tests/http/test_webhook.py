"""POST /api/v1/webhook: replies, responses, and messages without a reply."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from recado.queue.errors import StoreUnavailable
from recado.queue.model import Added, NewReply
from recado.telemetry import metrics
from tests.clock import FakeClock
from tests.http.conftest import StartPod
from tests.http.test_talk import ORDER
from tests.meta import NUMBER, text_message, webhook
from tests.waiting import until

#: A second business number of the pod.
OTHER = "800000000000001"


class TestQuotes:
    """A message becomes a quote."""

    async def test_an_order_is_quoted_and_sent(self, start_pod: StartPod, clock: FakeClock) -> None:
        """The response contains the quote with money as decimal strings; the customer gets the text."""
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
            ({"from": None, "from_user_id": None}, "unusable_address"),
        ],
    )
    async def test_some_messages_get_no_reply(
        self, start_pod: StartPod, clock: FakeClock, changes: dict[str, Any], reason: str
    ) -> None:
        """They are acknowledged and counted; nothing is sent or queued."""
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
        """An app may get webhooks of numbers that are not configured here; recado logs that once for each webhook."""
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
        """SÍ confirms the open quote once; without one the reply says so, or names the order."""
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
        """Otherwise a batch of them would take one commit after the other; each is handled before any is on disk."""
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
        """All of them see an open quote; one decides it, and the replies to the others say that none is open."""
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
        """The second yes finds the decision of the first, which is on disk by then."""
        async with start_pod(RECADO_CUSTOMER_INTERVAL_SECONDS="0") as pod:
            await pod.receive(text_message(0, ORDER, sent_at=clock(), customer=1))
            clock.advance(10)
            await pod.receive(*(text_message(n, "SÍ", sent_at=clock(), customer=1) for n in (1, 2)))

        assert pod.count("recado_replies_total", kind="confirmed") == 1
        assert pod.count("recado_replies_total", kind="already_confirmed") == 1

    async def test_what_meta_brings_again_does_not_use_up_a_customers_minute(
        self, start_pod: StartPod, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Three messages, with a limit of three, are refused twice because the store fails: the third time all get
        replies."""
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
        """With the typing indicator; off by default, because it doubles the calls."""
        async with start_pod(RECADO_MARK_AS_READ="true") as pod:
            await pod.receive(text_message(1, ORDER, sent_at=clock()))
            await until(lambda: pod.graph.read)

        assert [r["message_id"] for r in pod.graph.read] == ["wamid.IN1"]
        assert pod.graph.read[0]["typing_indicator"] == {"type": "text"}
