"""Voice notes through a web pod, with a simulated Meta and transcriber: what the customer reads."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from recado.delivery.channels import media
from recado.delivery.channels.media import PATIENCE_SECONDS
from recado.http.app import App
from recado.orders import QuoteSource
from recado.runtime import make_drain, make_web
from recado.settings import load
from recado.simulator import Simulator
from recado.simulator.graph import Accepted
from recado.simulator.media import voice
from recado.simulator.server import Request, Response
from recado.simulator.transcriber import Transcriber
from recado.telemetry import metrics
from recado.telemetry.web_metrics import WebMetrics
from recado.whatsapp.from_settings import make_whatsapp
from tests import waiting
from tests.clock import FakeClock
from tests.http.conftest import Pod
from tests.http.test_talk import message
from tests.meta import ENVIRONMENT, FakeGraph, text_message
from tests.waiting import until

SAID = "quiero dos zapatos y una camisa"
ASKED = "No logré entender el audio"


class Shop:
    """A web pod with a simulated Meta and transcriber; the ledger has the replies."""

    def __init__(self, meta: Simulator, pod: Pod, clock: FakeClock) -> None:
        self.meta, self.pod, self.clock = meta, pod, clock

    async def speak(self, n: int, said: str, *, customer: int = 1, **more: Any) -> dict[str, Any]:
        """Sends voice note number n."""
        content = self.meta.media.put(voice(said), "audio/ogg; codecs=opus") | {"voice": True}
        return await self.pod.receive(message(n, self.clock, "audio", content, customer=customer, **more))

    def replies(self, customer: int = 1) -> list[Accepted]:
        return self.meta.ledger.sent_to([f"+1555010{customer:04d}"])

    async def read(self, count: int = 1, customer: int = 1) -> list[str]:
        """The texts that a customer reads, after he has `count` replies."""
        await until(lambda: len(self.replies(customer)) >= count)
        return [one.text for one in self.replies(customer)]

    async def read_in_time(self) -> str:
        """What customer 1 reads, while the clock runs."""
        async with asyncio.timeout(waiting.PATIENCE_SECONDS):
            while not self.replies():
                self.clock.advance(0.05)
                await asyncio.sleep(0.02)
        (read,) = await self.read()
        return read

    def count(self, outcome: str) -> float:
        return self.pod.queue.snapshot().totals.get((metrics.VOICE_NOTES.name, (outcome,)), 0)

    @property
    def attempts(self) -> float:
        """How many attempts to transcribe a voice note are recorded."""
        totals = self.pod.queue.snapshot().totals
        return sum(count for (name, _), count in totals.items() if name == metrics.VOICE_ATTEMPTS.name)


Open = Callable[..., Any]


@pytest.fixture
def open_shop(tmp_path: Path, clock: FakeClock) -> Open:
    @asynccontextmanager
    async def open_(**settings: str) -> AsyncIterator[Shop]:
        async with Simulator(clock=clock) as meta:
            environment = {
                **ENVIRONMENT,
                "RECADO_DATABASE": str(tmp_path / "recado.db"),
                "RECADO_CUSTOMER_INTERVAL_SECONDS": "0",
                "RECADO_TRANSCRIBE_URL": meta.transcribe_url,
                "RECADO_BACKOFF_JITTER": "0",
                "RECADO_ACK_BUDGET_SECONDS": str(waiting.PATIENCE_SECONDS),
                "WHATSAPP_API_URL": meta.base_url,
                **settings,
            }
            metrics_ = WebMetrics()
            app = App(make_web(load(environment), metrics=metrics_, clock=clock))
            async with app.api.router.lifespan_context(app.api):
                transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # httpx knows a scope as any mapping, not a dict
                async with httpx.AsyncClient(transport=transport, base_url="http://recado") as client:
                    yield Shop(meta, Pod(app, client, FakeGraph(), metrics_), clock)

    return open_


async def test_a_voice_note_is_answered_by_a_quote(open_shop: Open) -> None:
    """At once, with the transcript first, one reply, one read receipt, and the shop's words as a prompt."""
    async with open_shop() as shop:
        answer = await shop.speak(1, SAID)
        (read,) = await shop.read()
        receipts = shop.meta.graph.counts["read_receipts"]
        (asked,) = shop.meta.transcriber.asked
        heard = shop.count("heard")
        replied = shop.pod.count("recado_replies_total", kind="quote")

    assert answer["status"] == "ok"
    assert read.startswith(f"🎤 Entendí: «{SAID}»\n\n✅ *Cotización")
    assert "*Total: $117.48*" in read
    assert (receipts, heard, replied) == (1, 1, 1)
    assert (asked["model"], asked["language"], asked["response_format"], asked["temperature"]) == (
        "whisper-1", "es", "json", "0",
    )  # fmt: skip
    assert asked["prompt"].startswith("Pedido: ")
    assert "Camisa" in asked["prompt"]


async def test_the_quote_is_confirmed_by_a_spoken_yes(open_shop: Open, clock: FakeClock) -> None:
    async with open_shop() as shop:
        await shop.speak(1, SAID)
        await shop.read()
        clock.advance(5)
        await shop.speak(2, "Sí.")
        *_, read = await shop.read(2)
        (order,) = await shop.pod.queue.list_orders()

    assert "¡Pedido P-1001 confirmado!" in read
    assert order.order.source is QuoteSource.VOICE


async def test_without_a_transcriber_the_customer_is_asked_to_write(open_shop: Open) -> None:
    """At once; nothing is fetched."""
    async with open_shop(RECADO_TRANSCRIBE_URL="") as shop:
        await shop.speak(1, SAID)
        (read,) = await shop.read()

    assert "solo puedo leer texto" in read
    assert shop.meta.transcriber.asked == []


@pytest.mark.parametrize("fault", ["wrong_hash", "expired", "closed", "server_error", "reset"])
async def test_what_may_pass_is_tried_again(open_shop: Open, fault: str) -> None:
    """By the pod itself, a second later."""
    async with open_shop() as shop:
        shop.meta.media.mishaps.change({"script": [fault]})
        await shop.speak(1, SAID)
        read = await shop.read_in_time()

    assert "*Total: $117.48*" in read


@pytest.mark.parametrize("fault", ["wrong_type", "oversized", "endless", "gone", "foreign_url", "redirect"])
async def test_what_is_wrong_for_good_is_asked_for_at_once(open_shop: Open, fault: str) -> None:
    """recado does not wait."""
    async with open_shop() as shop:
        if fault == "wrong_type":
            content = shop.meta.media.put(b"MZ", "audio/ogg") | {"voice": True}
            await shop.pod.receive(message(1, shop.clock, "audio", content, customer=1))
        else:
            shop.meta.media.mishaps.change({"always": fault})
            await shop.speak(1, SAID)
        (read,) = await shop.read()
        asked = shop.count("asked")

    assert ASKED in read
    assert asked == 1
    assert shop.meta.transcriber.asked == []


@pytest.mark.parametrize(
    ("fault", "read"),
    [("empty", ASKED), ("refused", ASKED), ("wrong_words", "🎤 Entendí: «que o no se ha pato»")],
)
async def test_what_the_transcriber_makes_of_it(open_shop: Open, fault: str, read: str) -> None:
    """For silence and refused files recado asks the customer to write; it shows misheard words."""
    async with open_shop() as shop:
        shop.meta.transcriber.mishaps.change({"always": fault})
        await shop.speak(1, SAID)
        (got,) = await shop.read()

    assert read in got


async def test_what_cannot_be_printed_is_not_heard(open_shop: Open) -> None:
    """PostgreSQL would refuse the reply, and some characters reverse the text."""
    async with open_shop() as shop:
        await shop.speak(1, "quiero \x00dos\u202e\x07 zapatos\u2028y una camisa")
        (read,) = await shop.read()

    assert f"«{SAID}»" in read
    assert "*Total: $117.48*" in read


@pytest.mark.parametrize("part", [slice(None), slice(0, 3), slice(1, 5)])
async def test_the_prompt_is_no_order(open_shop: Open, part: slice) -> None:
    """Models return the prompt, or a part of it, for a note without words."""
    async with open_shop() as shop:
        await shop.speak(1, SAID)
        await shop.read()
        words = shop.meta.transcriber.asked[0]["prompt"].split()
        await shop.speak(2, " ".join(words[part]).upper().rstrip(",") + ".", customer=2)
        (read,) = await shop.read(customer=2)

    assert ASKED in read


async def test_words_of_the_prompt_are_an_order(open_shop: Open) -> None:
    """Customers say these words, too."""
    async with open_shop() as shop:
        await shop.speak(1, SAID)
        await shop.read()
        words = shop.meta.transcriber.asked[0]["prompt"].split()
        await shop.speak(2, f"{words[2]} {words[1]}", customer=2)
        (read,) = await shop.read(customer=2)

    assert "Cotización" in read


@pytest.mark.parametrize("fault", ["server_error", "unreadable", "endless", "reset", "too_many"])
async def test_a_transcriber_that_stumbles_is_asked_again(open_shop: Open, fault: str) -> None:
    async with open_shop() as shop:
        shop.meta.transcriber.mishaps.change({"script": [fault]})
        await shop.speak(1, SAID)
        read = await shop.read_in_time()

    assert "*Total: $117.48*" in read


async def test_what_fails_each_time_is_asked_for_at_its_last_failure(
    open_shop: Open, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pod sends the reply itself, without a drain."""
    monkeypatch.setattr(media, "BACKOFF_SECONDS", (0.1, 0.1))
    began = clock()
    async with open_shop() as shop:
        shop.meta.media.mishaps.change({"always": "server_error"})
        await shop.speak(1, SAID)
        async with asyncio.timeout(20):
            while not shop.replies():
                clock.advance(0.02)
                await asyncio.sleep(0.02)
        (read,) = await shop.read()

    assert ASKED in read
    assert clock() - began < PATIENCE_SECONDS / 2


async def test_a_transcriber_that_hangs_is_given_up(open_shop: Open) -> None:
    """It costs an attempt; the next one succeeds."""
    async with open_shop(RECADO_TRANSCRIBE_SECONDS="0.5") as shop:
        shop.meta.transcriber.mishaps.change({"script": ["hang"], "seconds": 30.0})
        await shop.speak(1, SAID)
        read = await shop.read_in_time()

    assert "*Total: $117.48*" in read


async def test_a_wrong_key_is_an_operators_matter(open_shop: Open, clock: FakeClock) -> None:
    """The breaker opens. The customer is asked to write within the minute, the next one at once."""
    async with open_shop() as shop:
        shop.meta.transcriber.mishaps.change({"always": "unauthorized"})
        await shop.speak(1, SAID)
        await until(lambda: shop.attempts)  # recorded, with the breaker that it opened
        await shop.speak(2, SAID, customer=2)
        (second,) = await shop.read(customer=2)
        assert shop.replies(1) == []
        clock.advance(PATIENCE_SECONDS)
        drain = shop.pod.app.web.drain
        await drain.run()
        (first,) = await shop.read(customer=1)

    assert ASKED in first
    assert ASKED in second


@asynccontextmanager
async def held(transcriber: Transcriber) -> AsyncIterator[None]:
    """The transcriber responds once the block has ended."""
    respond, ended = transcriber.handle, asyncio.Event()

    async def late(request: Request) -> Response:
        await ended.wait()
        return respond(request)

    transcriber.handle = late  # type: ignore[assignment, method-assign]  # its server awaits coroutines
    yield
    ended.set()


async def test_what_is_written_meanwhile_is_answered_after_it(open_shop: Open, clock: FakeClock) -> None:
    """In the order of the messages."""
    async with open_shop() as shop:
        async with held(shop.meta.transcriber):
            await shop.speak(1, SAID)
            await shop.pod.receive(text_message(2, "gracias", sent_at=clock() + 1, customer=1))
        read = await shop.read(2)

    assert "*Total: $117.48*" in read[0]
    assert "Gracias" in read[1]


async def test_what_is_ordered_meanwhile_is_one_quote_with_it(open_shop: Open, clock: FakeClock) -> None:
    """One reply answers both."""
    async with open_shop() as shop:
        async with held(shop.meta.transcriber):
            await shop.speak(1, "quiero dos zapatos")
            await shop.pod.receive(text_message(2, "y una camisa", sent_at=clock() + 1, customer=1))
        (read,) = await shop.read()
        await asyncio.sleep(0.1)

    assert "*Total: $117.48*" in read
    assert len(shop.replies()) == 1


async def test_a_drain_hears_what_a_pod_left(open_shop: Open, clock: FakeClock, tmp_path: Path) -> None:
    """The pod dies after the 200, and a drain handles the note."""
    async with open_shop() as shop:
        shop.pod.app.web.slots._closing = True  # as if the process had died: it follows up nothing
        await shop.speak(1, SAID)
        settings = shop.pod.app.web.settings
        client = make_whatsapp(settings)
        drain = make_drain(settings, shop.pod.queue, client)
        await drain.run()
        (read,) = await shop.read()
        await drain.close()
        await client.aclose()

    assert "*Total: $117.48*" in read


async def test_of_the_sound_nothing_is_kept(open_shop: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the audio nor its URL is on disk or in a log, even if the file is refused."""
    caplog.set_level(logging.DEBUG)
    async with open_shop() as shop:
        shop.meta.media.mishaps.change({"script": ["none", "gone"]})
        await shop.speak(1, SAID)
        await shop.speak(2, SAID, customer=2)
        await shop.read()
        await shop.read(customer=2)
        shown = shop.pod.metrics
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    logged = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records if "recado" in record.name)

    assert b"OggS" not in kept
    assert b"simulated-voice" not in kept
    assert "OggS" not in logged
    assert "_media" not in logged
    assert SAID not in logged
    assert shown is not None
