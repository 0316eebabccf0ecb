"""What a 200 of the webhook guarantees: the reply is on disk once, and is sent."""

import asyncio
from typing import Any

import httpx
import pytest

from recado.conversation import Conversation, Inbound, Turn
from recado.orders import Session
from recado.queue.errors import StoreUnavailable
from recado.telemetry import metrics
from tests.clock import FakeClock
from tests.http.conftest import StartPod
from tests.http.test_talk import ORDER
from tests.meta import graph_error, text_message, webhook
from tests.waiting import until


class TestPromises:
    """200 means durable; one wamid gets one reply."""

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
        """If a part of a POST cannot be stored, it gets 503; the stored reply is sent at once, and only once."""
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
            await until(pod.is_idle)
            sent_at_once = [sent["to"] for sent in pod.graph.sent]
            again = await pod.post(body)
            sent = [sent["to"] for sent in pod.graph.sent]

        assert (refused.status_code, again.status_code) == (503, 200)
        assert "+15550100001" in sent_at_once
        assert sorted(sent) == ["+15550100001", "+15550100002"]

    async def test_a_duplicate_is_acknowledged_and_not_answered(self, start_pod: StartPod, clock: FakeClock) -> None:
        """Redelivered messages are marked as duplicates and counted; their reply is sent once."""
        body = webhook(text_message(1, ORDER, sent_at=clock()))
        async with start_pod() as pod:
            await pod.post(body)
            again = (await pod.post(body)).json()

        assert again["result"]["duplicate"]
        assert len(pod.graph.sent) == 1
        assert pod.count("recado_duplicates_total") == 1
        assert pod.count(metrics.REPLIES.name, kind="quote") == 1

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
            confirmed = pod.count(metrics.REPLIES.name, kind="confirmed")

        assert handled == [0, 1, 2]
        assert confirmed == 1

    async def test_a_customer_who_was_erased_is_a_stranger_again(self, start_pod: StartPod, clock: FakeClock) -> None:
        """Also for a pod that remembers him."""
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
        """After the acknowledgement budget Meta gets its response; the send continues and is recorded."""
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
            await until(pod.is_idle)
            status = await pod.queue.status()

        assert not answer["result"]["sent"]
        assert in_flight == 1
        assert (status.queue_size, status.success_rate) == (0, 1.0)

    async def test_what_cannot_be_sent_waits_in_the_queue(self, start_pod: StartPod, clock: FakeClock) -> None:
        """If the send fails, the message is still acknowledged, and the reply is due again in two minutes."""
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
            await until(lambda: len(pod.graph.sent) == 2)

        assert answer["result"]["success"]

    async def test_a_burst_beyond_the_sends_at_once_follows_by_itself(
        self, start_pod: StartPod, clock: FakeClock
    ) -> None:
        """Replies without a slot are stored, and sent when a slot is free, without waiting for a drain."""
        sending, most = 0, 0
        async with start_pod(RECADO_MAX_CONCURRENT_SENDS="1", RECADO_MESSAGES_PER_SECOND="0") as pod:
            original = pod.graph.handle_async_request

            async def spy(request: httpx.Request) -> httpx.Response:
                nonlocal sending, most
                sending += 1
                most = max(most, sending)
                await asyncio.sleep(0.01)  # further sends would begin meanwhile
                try:
                    return await original(request)
                finally:
                    sending -= 1

            pod.graph.handle_async_request = spy  # type: ignore[method-assign]  # a spy on the fake
            await asyncio.gather(*(pod.receive(text_message(n, ORDER, sent_at=clock())) for n in range(6)))
            await until(lambda: len(pod.graph.sent) == 6)

        assert most == 1

    async def test_a_message_older_than_its_window_is_never_answered(
        self, start_pod: StartPod, clock: FakeClock
    ) -> None:
        """Meta may deliver a message days late: its reply is stored as failed, for an operator."""
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
        """In a response and in a status: the webhook is acknowledged, and the reply has failed."""
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
        """The reply fails for an unknown reason; the number keeps sending."""
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
        """A usage header of 1e308 minutes delays its customer by RECADO_RETRY_AFTER_MAX_SECONDS, not forever."""
        usage = {"x-business-use-case-usage": '{"1":[{"estimated_time_to_regain_access":1e308}]}'}
        async with start_pod() as pod:
            pod.graph.answer = lambda: httpx.Response(400, json={"error": {"code": 131056}}, headers=usage)
            await pod.receive(text_message(1, ORDER, sent_at=clock()))
            waiting = await pod.queue.get_messages_to_retry(1)

        assert waiting.next_at == pytest.approx(clock() + 3600)

    async def test_a_failed_status_is_no_delivery(self, start_pod: StartPod, clock: FakeClock) -> None:
        """A reply that is accepted and later refused by a status counts as failed."""
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
