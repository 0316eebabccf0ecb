"""Traces of a conversation through a web pod: links lead from an order to each message that led to it."""

import asyncio
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from recado.telemetry import conventions, tracing
from tests.clock import FakeClock
from tests.http.conftest import Pod, StartPod
from tests.http.test_orders import BEARER, ORDERS, QUICK, get
from tests.http.test_voice import Open
from tests.http.test_voice import open_shop as open_shop
from tests.meta import text_message


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    """Tracing on, every trace sampled."""
    exporter = InMemorySpanExporter()
    stop = tracing.configure("test", {}, exporter)
    yield exporter
    stop()


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    """The ended spans of a name, in the order in which they began."""
    assert tracing._tracing
    tracing._tracing._provider.force_flush()
    return sorted((s for s in exporter.get_finished_spans() if s.name == name), key=lambda s: s.start_time or 0)


def trace_of(span: ReadableSpan) -> int:
    assert span.context
    return int(span.context.trace_id)


def linked(span: ReadableSpan) -> list[int]:
    """The ids of the traces that a span is linked to."""
    return [link.context.trace_id for link in span.links]


async def say(pod: Pod, clock: FakeClock, *texts: str) -> None:
    """One customer's messages, each in a webhook of its own."""
    for n, text in enumerate(texts):
        await pod.receive(text_message(10 + n, text, sent_at=clock(), customer=1))
        clock.advance(2)


async def sent(pod: Pod, clock: FakeClock, count: int) -> None:
    async with asyncio.timeout(10):
        while len(pod.graph.sent) < count:
            await asyncio.sleep(0.01)
            clock.advance(0.1)


async def test_an_accepted_order_leads_to_its_messages(
    start_pod: StartPod, clock: FakeClock, exporter: InMemorySpanExporter
) -> None:
    """From the order's number to the yes, from there to the change, and from there to the first message; the staff's
    move, and its notice to the customer, are linked to the yes."""
    async with start_pod(**QUICK) as pod:
        await say(pod, clock, "Quiero 2 zapatos", "agrega 1 camisa", "sí")
        number = (await get(pod))["orders"][0]["number"]
        await sent(pod, clock, 3)
        for _ in range(2):
            await pod.client.post(f"{ORDERS}/{number}/accept", headers={**BEARER, "Idempotency-Key": "a"})
        await sent(pod, clock, 4)
    first, change, yes = named(exporter, "send outbox")
    moves, notice = named(exporter, "move order"), named(exporter, "process outbox")[-1]

    assert [linked(span) for span in (first, change, yes)] == [[], [trace_of(first)], [trace_of(change)]]
    assert len({trace_of(span) for span in (first, change, yes, *moves)}) == 5
    orders = [(span.attributes or {}).get(conventions.ORDER) for span in (first, change, yes)]
    assert orders == [None, None, int(number.removeprefix("P-"))]
    assert [linked(move) for move in moves] == [[trace_of(yes)]] * 2
    assert [dict(move.attributes or {}) for move in moves] == [
        {conventions.ORDER: orders[2], conventions.STATE: "accepted", conventions.OUTCOME: outcome}
        for outcome in ("done", "repeated")
    ]
    assert linked(notice) == [trace_of(yes)]
    assert trace_of(notice) == trace_of(moves[0])


async def test_an_order_of_a_message_that_was_not_sampled_has_no_trace(
    start_pod: StartPod, clock: FakeClock, exporter: InMemorySpanExporter
) -> None:
    """The message's sampling decision counts for everything that its order leads to."""
    async with start_pod(**QUICK) as pod:
        assert tracing._tracing
        tracing._tracing._ratio = 0.0
        await say(pod, clock, "Quiero 2 zapatos", "sí")
        tracing._tracing._ratio = 1.0
        number = (await get(pod))["orders"][0]["number"]
        await pod.client.post(f"{ORDERS}/{number}/accept", headers=BEARER)
        await sent(pod, clock, 3)

    assert [named(exporter, name) for name in ("send outbox", "move order", "process outbox")] == [[], [], []]


async def test_a_spoken_yes_leads_to_the_quote(
    open_shop: Open, clock: FakeClock, exporter: InMemorySpanExporter
) -> None:
    """The attempt to transcribe the note is linked to the note's message, and to the quote's."""
    async with open_shop() as shop:
        await shop.speak(1, "quiero dos zapatos y una camisa")
        await shop.read()
        clock.advance(5)
        await shop.speak(2, "Sí.")
        await shop.read(2)
        (order,) = await shop.pod.queue.list_orders()
    quote, yes = named(exporter, "send outbox")
    (heard,) = [s for s in named(exporter, "process outbox") if conventions.ORDER in (s.attributes or {})]

    assert order.traceparent == f"00-{trace_of(yes):032x}-{yes.context.span_id:016x}-01"
    assert linked(heard) == [trace_of(yes), trace_of(quote)]
