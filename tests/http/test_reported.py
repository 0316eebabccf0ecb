"""Cases from public reports: statuses, quotes, the order of replies, outages."""

import asyncio
import itertools
import time
from typing import Any

import httpx
import pytest

from recado import inbox
from recado.delivery.attempt import Delivery
from recado.queue.model import AttemptResult, LeasedReply
from recado.queue.operations.lanes import OpenReason
from tests.clock import FakeClock
from tests.http.conftest import Pod, StartPod
from tests.meta import ADMIN_TOKEN, graph_error, text_message

ORDER = "quiero 2 gorras"
OTHER_ORDER = "quiero 5 vestidos"
#: A drain that ends soon although a test's clock stands still; on a slow machine it may end before it has sent all.
QUICK = {"RECADO_CUSTOMER_INTERVAL_SECONDS": "0", "RECADO_BACKOFF_JITTER": "0", "RECADO_DRAIN_SECONDS": "0.3"}


async def drain(pod: Pod) -> None:
    """One run of the drain, requested by an operator."""
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    response = await pod.client.post("/api/v1/webhook/retry", headers=headers)
    assert response.status_code == 200, response.text


def status_of(
    sent: dict[str, Any], status: str, *, wamid: str = "wamid.OUT1", code: int | None = None
) -> dict[str, Any]:
    """A status of a message that was sent; with `code` a failure."""
    about: dict[str, Any] = {"id": wamid, "status": status, "timestamp": "1800000000"}
    if callback := sent.get("biz_opaque_callback_data"):
        about["biz_opaque_callback_data"] = callback
    return about | ({"errors": [{"code": code, "title": "x"}]} if code else {})


async def texts(pod: Pod) -> list[str]:
    return [sent["text"]["body"] for sent in pod.graph.sent]


class TestStatuses:
    """Statuses arrive late, twice and out of order."""

    @pytest.mark.parametrize(("code", "sends"), [(131000, 2), (131026, 1)], ids=["curable", "hopeless"])
    async def test_a_late_sent_after_failed(self, start_pod: StartPod, clock: FakeClock, code: int, sends: int) -> None:
        """It neither cancels the retry nor changes the failure to a success."""
        async with start_pod(**QUICK) as pod:
            await pod.receive(text_message(1, ORDER, sent_at=clock()))
            (sent,) = pod.graph.sent
            await pod.receive(statuses=(status_of(sent, "failed", code=code),))
            await pod.receive(statuses=(status_of(sent, "sent"),))
            for _ in range(5):
                clock.advance(150)
                await drain(pod)
            failed = (await pod.queue.status()).failed

        assert (len(pod.graph.sent), failed) == (sends, 2 - sends)

    async def test_a_failure_without_our_id(self, start_pod: StartPod, clock: FakeClock) -> None:
        """Meta returns it only "if set"; recado also identifies the reply by Meta's own id."""
        async with start_pod(**QUICK) as pod:
            await pod.receive(text_message(1, ORDER, sent_at=clock()))
            await pod.receive(statuses=(status_of({}, "failed", code=131026),))
            (failed,) = await pod.queue.get_failed_messages()
            await pod.receive(statuses=(status_of({}, "delivered"),))
            left = (await pod.queue.status()).failed

        assert "131026" in failed.last_error
        assert left == 0


class TestQuotes:
    """A yes or no counts for the time at which it was written."""

    @pytest.mark.parametrize("word", ["sí", "no"])
    async def test_a_late_answer_does_not_settle_a_newer_quote(
        self, start_pod: StartPod, clock: FakeClock, word: str
    ) -> None:
        """It was written before that quote; a later answer decides it."""
        async with start_pod(**QUICK) as pod:
            await pod.receive(text_message(1, ORDER, sent_at=clock() - 3600, customer=1))
            await pod.receive(text_message(2, OTHER_ORDER, sent_at=clock() - 60, customer=1))
            await pod.receive(text_message(3, word, sent_at=clock() - 3300, customer=1))
            late = {kind: pod.count("recado_replies_total", kind=kind) for kind in ("confirmed", "rejected")}
            clock.advance(5)
            await pod.receive(text_message(4, "sí", sent_at=clock(), customer=1))

        assert late == {"confirmed": 0, "rejected": 0}
        assert pod.count("recado_replies_total", kind="confirmed") == 1

    async def test_an_answer_in_the_second_of_the_quote_counts(self, start_pod: StartPod, clock: FakeClock) -> None:
        """Meta's timestamps are whole seconds."""
        clock.now += 0.9
        async with start_pod(**QUICK) as pod:
            await pod.receive(text_message(1, ORDER, sent_at=clock(), customer=1))
            clock.now += 0.05
            await pod.receive(text_message(2, "sí", sent_at=clock(), customer=1))

        assert pod.count("recado_replies_total", kind="confirmed") == 1

    @pytest.mark.parametrize("how", ["refused", "failed by status", "waiting"])
    async def test_a_quote_that_did_not_arrive_is_not_confirmed(
        self, start_pod: StartPod, clock: FakeClock, how: str
    ) -> None:
        """The customer has not seen it. A quote that is being sent is shown again."""
        async with start_pod(**QUICK) as pod:
            answers = {"refused": graph_error(400, 131026), "waiting": graph_error(500, 131016)}
            if how in answers:
                pod.graph.answer = lambda: answers[how]
            await pod.receive(text_message(1, ORDER, sent_at=clock(), customer=1))
            if how == "failed by status":
                await pod.receive(statuses=(status_of(pod.graph.sent[0], "failed", code=131026),))
            pod.graph.answer = None
            clock.advance(5)
            await pod.receive(text_message(2, "si", sent_at=clock(), customer=1))

        counts = {
            kind: pod.count("recado_replies_total", kind=kind) for kind in ("quote", "no_open_quote", "confirmed")
        }
        assert counts == {"quote": 1 + (how == "waiting"), "no_open_quote": how != "waiting", "confirmed": 0}

    async def test_a_batch_is_answered_in_the_order_it_was_written(
        self, start_pod: StartPod, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After a downtime Meta delivers messages in any order; the results are in Meta's order."""
        monkeypatch.setattr(inbox, "LETTERS_A_TURN", 1)
        async with start_pod(RECADO_CUSTOMER_INTERVAL_SECONDS="0", RECADO_ACK_BUDGET_SECONDS="0") as pod:
            messages = [
                text_message(n, text, sent_at=clock() - ago, customer=1)
                for n, (text, ago) in enumerate(((OTHER_ORDER, 10), (ORDER, 20)))
            ]
            answer = await pod.receive(*messages)
            async with asyncio.timeout(20):
                while len(pod.graph.sent) < 2:
                    clock.advance(1)
                    await asyncio.sleep(0.02)

        assert [result["quote"]["items"][0]["quantity"] for result in answer["results"]] == [5, 2]
        assert ["5 ×" in text for text in await texts(pod)] == [False, True]


class TestOrder:
    """Replies are sent in the order of the customer's messages."""

    async def test_a_confirmation_does_not_overtake(self, start_pod: StartPod, clock: FakeClock) -> None:
        """A retried reply is sent before later ones."""
        async with start_pod(**QUICK) as pod:
            pod.graph.answer = lambda: graph_error(500, 131016)
            await pod.receive(text_message(1, ORDER, sent_at=clock(), customer=1))
            pod.graph.answer = None
            tried = len(pod.graph.sent)
            clock.advance(5)
            await pod.receive(text_message(2, "hola", sent_at=clock(), customer=1))
            at_once = len(pod.graph.sent) - tried
            for _ in range(5):
                clock.advance(60)
                await drain(pod)
            sent = (await texts(pod))[tried:]

        assert at_once == 0
        assert ["2 ×" in text for text in sent] == [True, False]


class TestFollowUps:
    """With a clock that goes."""

    @pytest.fixture
    def clock(self) -> FakeClock:
        class Going(FakeClock):
            def __call__(self) -> float:
                return self.now + time.monotonic()

        return Going()

    async def test_three_quick_messages_need_no_drain(
        self, start_pod: StartPod, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nor do eight: each reply has its turn one customer interval after the previous one."""
        turns: list[float] = []
        attempt = Delivery.attempt

        async def spy(delivery: Delivery, message: LeasedReply) -> AttemptResult | None:
            turns.append(message.send_at)
            return await attempt(delivery, message)

        monkeypatch.setattr(Delivery, "attempt", spy)
        wanted = ["astrolabios", "brújulas", "catalejos", "dragones", "elefantes", "fagotes", "gaviotas", "helechos"]
        async with start_pod(RECADO_CUSTOMER_INTERVAL_SECONDS="0.2", RECADO_ACK_BUDGET_SECONDS="0") as pod:
            for n, word in enumerate(wanted):
                await pod.receive(text_message(n, f"quiero 2 {word}", sent_at=clock(), customer=1))
            async with asyncio.timeout(60):
                while len(pod.graph.sent) < 8:
                    await asyncio.sleep(0.02)
            sent = await texts(pod)

        assert [word in text for word, text in zip(wanted, sent, strict=True)] == [True] * 8
        assert min(after - before for before, after in itertools.pairwise(turns)) > 0.199

    async def test_the_web_pod_probes_for_its_own_reply(self, start_pod: StartPod, clock: FakeClock) -> None:
        """A message that arrives after Meta's recovery gets its reply at once, without a drain."""
        async with start_pod(RECADO_BREAKER_FAILURES="1") as pod:
            pod.graph.answer = lambda: graph_error(500, 131016)
            await pod.receive(text_message(1, ORDER, sent_at=clock()))
            pod.graph.answer = None
            clock.advance(31)
            await pod.receive(text_message(2, OTHER_ORDER, sent_at=clock()))
            async with asyncio.timeout(20):
                while len(pod.graph.sent) < 2:
                    await asyncio.sleep(0.02)

        assert "5 ×" in (await texts(pod))[1]
        assert pod.graph.probes == 1


class TestFaultsOfTheConfiguration:
    """Errors that no message causes."""

    async def test_a_number_that_the_token_lost(self, start_pod: StartPod, clock: FakeClock) -> None:
        """Code 100 with subcode 33: all replies wait, the operator is told, and they are sent after the fix."""
        error = {
            "message": "Unsupported post request. Object with ID '1' does not exist, cannot be loaded due to missing "
            "permissions, or does not support this operation.",
            "type": "GraphMethodException",
            "code": 100,
            "error_subcode": 33,
            "fbtrace_id": "A",
        }
        async with start_pod(**QUICK) as pod:
            pod.graph.answer = lambda: httpx.Response(400, json={"error": error})
            for n in range(8):
                await pod.receive(text_message(n, ORDER, sent_at=clock()))
            (breaker,) = pod.queue.snapshot().breakers.values()
            during = await pod.queue.status()
            pod.graph.answer = None
            tried = len(pod.graph.sent)
            for _ in range(5):
                clock.advance(60)
                await drain(pod)
            after = await pod.queue.status()

        assert (during.failed, during.pending_retry) == (0, 8)
        assert breaker.open_reason is OpenReason.OPERATOR
        assert (after.queue_size, len(pod.graph.sent) - tried) == (0, 8)


class TestOutages:
    """No kind of outage costs a reply."""

    @pytest.mark.parametrize(
        "answer",
        [
            lambda: httpx.Response(502, html="<html>Sorry, something went wrong.</html>"),
            lambda: httpx.Response(503, html="<html>"),
            lambda: httpx.Response(504, html="<html>"),
            lambda: httpx.Response(200, html="<html>We will be back soon</html>"),
            lambda: httpx.Response(403, html="<html>Forbidden by a proxy"),
            lambda: graph_error(500, 131000),
            lambda: graph_error(400, 1),
            lambda: graph_error(503, 2),
            lambda: graph_error(500, 424242),
            httpx.ReadError,
            httpx.RemoteProtocolError,
            httpx.ReadTimeout,
            httpx.ConnectTimeout,
            httpx.WriteTimeout,
            httpx.ConnectError,
            httpx.PoolTimeout,
        ],
        ids=[
            *("502", "503", "504", "200", "403", "131000", "1", "2", "5xx"),
            *("reset", "closed", "timeout", "connect", "write", "dns or tls", "pool"),
        ],
    )
    async def test_an_hour(self, start_pod: StartPod, clock: FakeClock, answer: Any) -> None:
        """Nothing fails meanwhile, with few customers or many, and afterwards every message gets its reply."""

        def fail() -> httpx.Response:
            made = answer() if not isinstance(answer, type) else answer("no")
            if isinstance(made, Exception):
                raise made
            return made  # type: ignore[no-any-return]  # an answer or an exception

        async with start_pod(**QUICK) as pod:
            pod.graph.answer = fail
            for minute in range(60):
                if minute < 20 and minute % 4 == 0:
                    await pod.receive(text_message(minute, ORDER, sent_at=clock()))
                await drain(pod)
                clock.advance(60)
            during = await pod.queue.status()
            pod.graph.answer = None
            for _ in range(40):
                await drain(pod)
                clock.advance(60)
            after = await pod.queue.status()

        assert (during.failed, during.queue_size) == (0, 5)
        assert (after.failed, after.queue_size) == (0, 0)
