"""Conversations through the real pod, counted in three ways: from what the customers read, by the metrics, and by the
report.

    python -m tests.report.agreement 10000
"""

import asyncio
import json
import random
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import msgspec

from recado.http.app import App
from recado.report import Report, report
from recado.runtime import make_web
from recado.settings import load
from recado.telemetry import metrics
from recado.telemetry.metric import Metric
from recado.telemetry.web_metrics import WebMetrics
from tests.clock import FakeClock
from tests.meta import ADMIN_TOKEN, ENVIRONMENT, PATH, FakeGraph, graph_error, signed, text_message, webhook

DAYS = 7
ZONE = "America/Lima"
SETTINGS = {
    "RECADO_DRAIN_SECONDS": "1",  # a drain waits, by the real clock, for replies that fall due within its time
    **ENVIRONMENT,
    # Otherwise a send could continue after the response, while the next step advances the clock.
    "RECADO_ACK_BUDGET_SECONDS": "60",
    "RECADO_BUTTONS": "false",
    "RECADO_CUSTOMER_INTERVAL_SECONDS": "0",
    "RECADO_MESSAGES_PER_SECOND": "0",
    "RECADO_MAX_CONCURRENT_SENDS": "1000",
    "RECADO_BREAKER_FAILURES": "1000000",
    "RECADO_TIMEZONE": ZONE,
}
BEARER = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
#: The number of customers who write at the same time, in one webhook.
TOGETHER = 20
ORDERS = ("Quiero 2 zapatos y 1 camisa", "3 gorras por favor", "necesito 1 camisa y 4 gorras", "Quiero 1 zapatos")
#: A customer's messages, one after the other.
SCRIPTS: tuple[tuple[str, ...], ...] = (
    ("ORDER", "sí"),
    ("ORDER", "sí"),
    ("hola", "ORDER", "sí", "gracias"),
    ("ORDER", "agrega 1 gorra", "sí"),
    ("ORDER", "agrega 2 camisas"),
    ("ORDER", "no"),
    ("ORDER",),
    ("ORDER", "quiero hablar con una persona"),
    ("2 teléfonos",),
    ("hola",),
)
MOVES: tuple[tuple[str, ...], ...] = ((), ("accept",), ("accept", "complete"), ("cancel",), ("accept", "cancel"))
STATES = {"accept": "accepted", "complete": "completed", "cancel": "cancelled"}
_TOTAL = re.compile(r"Total: \$([\d,]+\.\d\d)")
_LINE = re.compile(r"^\d+\. (.+?)(?: ❓)?\n   Cantidad: (\d+) ×", re.MULTILINE)
_NUMBER = re.compile(r"P-\d+")


class Seen(msgspec.Struct):
    """A quote that was sent to a customer: when, its total, its products, and its state."""

    at: float
    total: Decimal
    lines: dict[str, int]
    state: str


class Ledger(FakeGraph):
    """Meta, as customers see it: it reads every reply, and refuses those to customers in `unreachable`."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self.unreachable: set[str] = set()
        self.open: dict[str, Seen] = {}
        self.quotes: list[Seen] = []
        self.orders: dict[str, Seen] = {}
        self.decided: list[float] = []
        self.moves: Counter[str] = Counter()
        self.handoffs: Counter[str] = Counter()
        self.lost = self.edits = self.not_understood = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        payload = json.loads(request.content) if request.content else {}
        if "text" not in payload:
            return await super().handle_async_request(request)
        to, text = payload["to"], payload["text"]["body"]
        reached = to not in self.unreachable
        self.lost += not reached
        self._read(to, text, reached=reached)
        return await super().handle_async_request(request) if reached else graph_error(400, 131026)

    def _read(self, to: str, text: str, *, reached: bool) -> None:
        if "¿Deseas confirmar" in text:
            if to in self.open:
                self.open[to].state = "replaced"
            quote = _seen(self.clock(), text, "open" if reached else "withdrawn")
            self.quotes.append(quote)
            if reached:
                self.open[to] = quote
        elif "¡Pedido" in text:
            self._decide(to, "confirmed")
            (number,) = _NUMBER.findall(text)
            self.orders[number] = _seen(self.clock(), text, "placed")
        elif text.startswith("De acuerdo"):
            self._decide(to, "rejected")
        self.handoffs["asked"] += text.startswith("Te paso con una persona")
        self.edits += text.startswith("Actualicé tu cotización")
        self.not_understood += "No encontré «" in text and "Total:" not in text

    def _decide(self, to: str, state: str) -> None:
        quote = self.open.pop(to)
        quote.state = state
        self.decided.append(self.clock() - quote.at)


def _seen(at: float, text: str, state: str) -> Seen:
    (total,) = _TOTAL.findall(text)
    lines = {name: int(quantity) for name, quantity in _LINE.findall(text)}
    return Seen(at, Decimal(total.replace(",", "")), lines, state)


class Conversed(msgspec.Struct):
    """The three counts of the same conversations."""

    ledger: Ledger
    messages: int
    report: Report
    totals: dict[tuple[str, tuple[str, ...]], float]
    pod: WebMetrics

    def total(self, metric: Metric, *labels: str) -> float:
        """A total of the store."""
        return self.totals.get((metric.name, labels), 0)

    def counted(self, metric: Metric, value: str = "") -> float:
        """The pod's count for this value of the metric's label, or for all values."""
        (family,) = (one for one in self.pod.registry.collect() if f"{one.name}_total" == metric.name)
        return sum(
            one.value
            for one in family.samples
            if one.name == metric.name and (not value or value in one.labels.values())
        )


async def conversed(folder: Path, conversations: int, seed: int = 7) -> Conversed:
    """Lets this many customers converse, within some days of a simulated clock."""
    clock, chance = FakeClock(), random.Random(seed)
    settings = load({**SETTINGS, "RECADO_DATABASE": str(folder / "recado.db")})
    ledger, pod = Ledger(clock), WebMetrics()
    app = App(make_web(settings, metrics=pod, transport=ledger, clock=clock))
    messages, began = 0, clock()
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # httpx knows a scope as any mapping, not a dict
    async with (
        app.api.router.lifespan_context(app.api),
        httpx.AsyncClient(transport=transport, base_url="http://recado") as client,
    ):
        for first in range(1, conversations + 1, TOGETHER):
            customers = range(first, min(first + TOGETHER, conversations + 1))
            messages += await _talk(client, ledger, customers, chance, clock)
            await app.web.drain.run()  # sends the notices about orders whose state the staff has changed
            clock.advance(max(0.0, first / conversations * (DAYS - 2) * 86400 - (clock() - began)))
        queue = app.web.queue
        await queue.expire()
        clock.advance(1)
        for quote in ledger.open.values():
            if quote.at + settings.quote_valid_seconds <= clock():
                quote.state = "expired"
        return Conversed(
            ledger,
            messages,
            await report(queue, settings, app.web.catalogue.current(), DAYS),
            queue.snapshot().totals,
            pod,
        )


async def _talk(
    client: httpx.AsyncClient, ledger: Ledger, customers: Sequence[int], chance: random.Random, clock: FakeClock
) -> int:
    """Lets some customers converse at the same time; the staff changes the states of their orders and takes over
    some conversations. Returns the number of messages."""
    scripts = {who: chance.choice(SCRIPTS) for who in customers}
    orders = {who: chance.choice(ORDERS) for who in customers}
    before, count = set(ledger.orders), 0
    for step in range(max(map(len, scripts.values()))):
        messages = [
            text_message(
                10 * who + step, orders[who] if script[step] == "ORDER" else script[step], sent_at=clock(), customer=who
            )
            for who, script in scripts.items()
            if step < len(script)
        ]
        if step == 0:
            ledger.unreachable = {f"+{m['from']}" for m in messages if chance.random() < 0.05}
            for who in [who for who in customers if f"+1555010{who:04d}" in ledger.unreachable]:
                scripts[who] = scripts[who][:1]
        count += len(messages)
        for _ in range(2 if chance.random() < 0.1 else 1):  # Meta delivers some webhooks twice
            body = webhook(*messages)
            assert (await client.post(PATH, content=body, headers=signed(body))).status_code == 200
        clock.advance(chance.randrange(3, 240))
    for number in sorted(ledger.orders.keys() - before):
        for move in chance.choice(MOVES):
            moved = await client.post(f"/api/v1/orders/{number}/{move}", headers=BEARER)
            assert moved.status_code == 200, moved.text
            ledger.orders[number].state = STATES[move]
            ledger.moves[STATES[move]] += 1
    for who in customers:
        if "persona" not in scripts[who][-1] and chance.random() < 0.05:
            taken = await client.post("/api/v1/handoff", json={"customer": f"+1555010{who:04d}"}, headers=BEARER)
            assert taken.json()["changed"], taken.text
            ledger.handoffs["staff"] += 1
    return count


def compare(outcome: Conversed) -> None:
    """Compares the three counts, to the last message and the last cent."""
    ledger, made, total = outcome.ledger, outcome.report, outcome.total
    funnel = {one.name: (one.count, one.value) for one in made.funnel}
    standing = [one for one in ledger.quotes if one.state != "replaced"]
    seen = [one for one in standing if one.state != "withdrawn"]
    orders = list(ledger.orders.values())

    assert funnel["messages"] == (outcome.messages, {})
    assert total(metrics.HANDLED) == outcome.messages
    assert funnel["quoted"] == _worth(standing)
    assert funnel["seen"] == _worth(seen)
    assert funnel["confirmed"] == _worth(orders)
    assert funnel["accepted"][0] == total(metrics.ORDERS, "accepted", "text") == ledger.moves["accepted"]
    for state in ("completed", "cancelled"):
        assert funnel[state] == _worth([one for one in orders if one.state == state])
        assert total(metrics.ORDERS, state, "text") == ledger.moves[state]
    for state, count in made.quotes.items():
        these = [one for one in ledger.quotes if one.state == state]
        assert count == len(these)
        if state != "open":
            assert total(metrics.QUOTES, state, "text") == count
            assert _cents(total(metrics.QUOTE_VALUE, state, "USD")) == sum(one.total for one in these)
    assert total(metrics.QUOTES, "opened", "text") == len(ledger.quotes)
    assert _cents(total(metrics.QUOTE_VALUE, "opened", "USD")) == sum(one.total for one in ledger.quotes)
    assert total(metrics.ORDERS, "placed", "text") == len(orders)
    assert _cents(total(metrics.ORDER_VALUE, "USD")) == sum(one.total for one in orders)
    assert made.replies_lost == {"rejected": ledger.lost}
    assert total(metrics.FAILED_REASONS, "rejected") == ledger.lost
    assert made.handoffs == ledger.handoffs
    assert {why: total(metrics.HANDOFFS, why) for why in made.handoffs} == ledger.handoffs
    assert outcome.counted(metrics.REPLIES) == outcome.messages
    assert outcome.counted(metrics.EDITS) == ledger.edits
    assert outcome.counted(metrics.READINGS, "none") == ledger.not_understood
    _compare_times(outcome, standing, orders)


def _compare_times(outcome: Conversed, standing: Sequence[Seen], orders: Sequence[Seen]) -> None:
    ledger, made = outcome.ledger, outcome.report
    decided = sorted(ledger.decided)
    assert made.decisions.count == len(decided)
    assert made.decisions.median_seconds == statistics.median_low(decided)
    assert sum(outcome.total(metrics.QUOTE_DECISION, edge) for edge in metrics.QUOTE_DECISION.edges) == len(decided)
    assert outcome.total(metrics.QUOTE_DECISION, "sum") == sum(decided)
    assert {one.name: (one.quotes, one.orders) for one in made.hours if one.quotes or one.orders} == {
        hour: (quotes, _hours(orders)[hour]) for hour, quotes in _hours(ledger.quotes).items()
    }
    assert {one.name: (int(one.quoted), int(one.ordered)) for one in made.products} == {
        name: (quoted, _quantities(orders)[name]) for name, quoted in _quantities(standing).items()
    }


def _worth(these: Sequence[Seen]) -> tuple[int, dict[str, Decimal]]:
    return len(these), {"USD": sum((one.total for one in these), Decimal(0))} if these else {}


def _cents(value: float) -> Decimal:
    return Decimal(value).quantize(Decimal("0.01"))


def _hours(these: Sequence[Seen]) -> Counter[str]:
    return Counter(f"{datetime.fromtimestamp(one.at, ZoneInfo(ZONE)).hour:02}" for one in these)


def _quantities(these: Sequence[Seen]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for one in these:
        counted.update(one.lines)
    return counted


def main() -> None:
    conversations, began = int(sys.argv[1]), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="recado-agreement-") as folder:
        outcome = asyncio.run(conversed(Path(folder), conversations))
    compare(outcome)
    print(f"{conversations} conversations in {time.monotonic() - began:.0f} s: report, metrics and ledger agree")
    for stage in outcome.report.funnel:
        print(f"{stage.name:>10} {stage.count:>7} {', '.join(f'{v} {c}' for c, v in stage.value.items())}")


if __name__ == "__main__":
    main()
