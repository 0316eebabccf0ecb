"""Whole flows: real `serve` and `drain` processes, and a simulated Meta with every kind of fault."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import apsw
import httpx
import pytest

from recado.demo import Shop, installation
from recado.queue.sqlite import SqliteRetryQueue
from recado.runtime import retry_policy
from recado.settings import load
from recado.simulator.chat import Chat, Place, Step
from recado.simulator.installation import SECRETS, started
from tests.waiting import PATIENCE_SECONDS, until

#: Fractions of a second in place of minutes, so that a flow with retries takes seconds.
QUICK = {
    "RECADO_BACKOFF_SECONDS": "0.3,0.3,0.5,0.5,1,1",
    "RECADO_CONNECT_TIMEOUT_SECONDS": "0.5",
    "RECADO_READ_TIMEOUT_SECONDS": "0.5",
    "RECADO_LEASE_SECONDS": "6.5",
    "RECADO_UNKNOWN_GRACE_SECONDS": "8",  # a status that came later would be too late for its reply
    "RECADO_BREAKER_PROBE_SECONDS": "0.2",
    "RECADO_MESSAGES_PER_SECOND": "0",
    "RECADO_CUSTOMER_INTERVAL_SECONDS": "0.1",
}


@contextlib.asynccontextmanager
async def draining(shop: Shop) -> AsyncIterator[None]:
    """`recado drain --loop` beside the service."""
    drain = shop.recado.drain()
    async with started([drain]):
        yield
    assert drain.wait() in (0, 128 + signal.SIGTERM)  # on a busy machine, the flow ends before the drain has started


async def retry(shop: Shop) -> httpx.Response:
    """Drains in the service, as an operator requests; the response may take as long as a drain."""
    headers = {"Authorization": f"Bearer {SECRETS['RECADO_ADMIN_TOKEN']}"}
    async with httpx.AsyncClient(headers=headers, timeout=None) as client:
        return await client.post(f"{shop.recado.url}/api/v1/webhook/retry")


@pytest.mark.parametrize(
    "faults",
    [
        {"ratios": {"server_error": 0.15, "code:131056": 0.05, "reset": 0.02}, "script": ["throttled", "code:130429"]},
        {"ratios": {"timeout_after": 0.1, "reset_after": 0.1, "edge_error_after": 0.1, "drip": 0.05}},
        {"ratios": {"garbage": 0.1, "failed:131000": 0.05}, "script": ["timeout", "edge_error"] * 4},
    ],
    ids=["refused", "accepted without an answer", "nonsense and silence"],
)
async def test_every_answer_arrives_once_through_faults(tmp_path: Path, faults: dict[str, object]) -> None:
    """With any fault of the Graph API, every message gets a reply, and none gets two if statuses arrive."""
    async with installation(tmp_path, QUICK) as shop, draining(shop):
        simulator = shop.simulator
        simulator.faults.change({**faults, "hang_seconds": 1.0}, simulator.clock())
        await simulator.traffic(100, 60, hidden=0.3)
        await simulator.settled(PATIENCE_SECONDS, statuses=True)
        verdict = simulator.ledger.verify()
        status = await shop.recado.status()

    assert (verdict.lost, verdict.doubled, verdict.unanswered) == ([], [], [])
    assert status["failed"] == 0


async def test_an_outage_loses_nothing(tmp_path: Path) -> None:
    """Meta returns only errors for a while; afterwards every message gets exactly one reply."""
    async with installation(tmp_path, QUICK) as shop, draining(shop):
        simulator = shop.simulator
        simulator.faults.change({"outages": [{"fault": "server_error"}]}, simulator.clock())
        await simulator.traffic(150, 100)
        await until(lambda: not simulator.bringing)
        during = await shop.recado.status()
        simulator.faults.change({"outages": []}, simulator.clock())
        answered = await simulator.settled(PATIENCE_SECONDS)
        verdict = simulator.ledger.verify()
        status = await shop.recado.status()

    assert during["queue_size"] == 150
    assert answered
    assert verdict.clean
    assert status["failed"] == 0


async def test_an_expired_token_pauses_and_loses_nothing(tmp_path: Path) -> None:
    """An error for an operator holds all replies until it is fixed, and costs no attempts."""
    async with installation(tmp_path, QUICK) as shop, draining(shop):
        simulator = shop.simulator
        simulator.faults.change({"outages": [{"fault": "code:190"}]}, simulator.clock())
        await simulator.traffic(40, 40)
        await until(lambda: not simulator.bringing)
        during = await shop.recado.status()
        simulator.faults.change({"outages": []}, simulator.clock())
        answered = await simulator.settled(PATIENCE_SECONDS)
        status = await shop.recado.status()

    assert (during["queue_size"], during["failed"]) == (40, 0)
    assert answered
    assert simulator.ledger.verify().clean
    assert status["failed"] == 0


async def test_a_service_told_to_stop_ends_the_retry_that_it_was_asked_for(tmp_path: Path) -> None:
    """After SIGTERM during a drain in the web pod, it claims no more, reports its result, and cuts no send."""
    slow = {"RECADO_READ_TIMEOUT_SECONDS": "4", "RECADO_LEASE_SECONDS": "10", "RECADO_MESSAGES_PER_SECOND": "5"}
    async with installation(tmp_path, {**QUICK, **slow}) as shop:
        simulator = shop.simulator
        simulator.faults.change({"outages": [{"fault": "server_error"}]}, simulator.clock())
        await simulator.traffic(150, 100)
        server = shop.recado.servers[0]
        await asyncio.to_thread(server.stop)  # a new pod follows up none of these replies, so the drain sends them all
        server.start()
        await asyncio.to_thread(server.ready)
        simulator.faults.change({"outages": [], "latency_seconds": 1.5}, simulator.clock())
        retrying = asyncio.create_task(retry(shop))
        async with asyncio.timeout(20):
            while simulator.ledger.summary().answered < 5:
                await asyncio.sleep(0.02)
        code, answer = await asyncio.gather(asyncio.to_thread(server.stop), retrying)
        answered = simulator.ledger.summary().answered
        environment = shop.recado.environment
        queue = SqliteRetryQueue(shop.recado.database, retry_policy(load(environment)))
        status, snapshot = await queue.status(), queue.snapshot()
        await queue.close()
        simulator.faults.change({"latency_seconds": 0.0}, simulator.clock())
        environment["RECADO_MESSAGES_PER_SECOND"] = "0"
        async with draining(shop):
            everybody = await simulator.settled(20)
        verdict = simulator.ledger.verify()

    assert code == 0
    assert answer.status_code == 200
    assert answer.json()["result"]["successful"] == answered < 150
    assert (status.in_flight, status.unknown, status.pending_retry) == (0, 0, 150 - answered)
    assert [breaker.open_reason for breaker in snapshot.breakers.values()] == [None]
    assert everybody
    assert verdict.clean


async def test_a_conversation_becomes_one_order(tmp_path: Path) -> None:
    """A quote is changed, tapped twice at once and confirmed again: the shop has one order with the last quote."""
    async with installation(tmp_path, QUICK) as shop:
        chat = Chat(shop.simulator)
        await chat.play(
            [
                Step(say="Quiero 2 zapatos y 1 camisa"),
                Step(say="quita la camisa y agrega 2 gorras"),
                Step(tap="confirm", times=2),
                Step(say="sí"),
            ]
        )
        replies = chat.replies
        orders = await shop.orders()
        verdict = shop.simulator.ledger.verify(order["quote"] for order in orders)

    assert verdict.clean
    (order,) = orders
    assert [(line["sku"], line["quantity"]) for line in order["lines"]] == [("CAL-001", 2), ("ACC-001", 2)]
    assert (order["total"], order["state"]) == ("117.98", "placed")
    assert [reply.kind for reply in replies] == ["button", "button", "text", "text", "text"]
    assert [order["number"] in reply.text for reply in replies] == [False, False, True, True, True]


@pytest.mark.parametrize(
    ("fault", "drains"),
    [("code:131009", contextlib.nullcontext), ("code:100", contextlib.nullcontext), ("failed:131051", draining)],
)
async def test_refused_buttons_go_out_once_more_as_text(
    tmp_path: Path, fault: str, drains: Callable[[Shop], contextlib.AbstractAsyncContextManager[None]]
) -> None:
    """Meta refuses them at once or by a status; the customer reads the whole quote, and his typed yes is an order."""
    async with installation(tmp_path, QUICK) as shop, drains(shop):
        shop.simulator.faults.change({"interactive": fault}, shop.simulator.clock())
        chat = Chat(shop.simulator)
        await chat.say("Quiero 2 zapatos")
        (quote,) = await chat.read()
        await asyncio.sleep(1.1)  # Meta's timestamps are whole seconds
        await chat.say("sí")
        _, placed = await chat.read()
        sent = [accepted.kind for accepted in shop.simulator.ledger.all_sent()]
        counts = shop.simulator.graph.counts
        orders = await shop.orders()

    assert quote.kind == "text"
    assert "Total: $91.98" in quote.text
    assert len(orders) == 1
    assert orders[0]["number"] in placed.text
    # The buttons were posted once, accepted or not.
    assert sent.count("button") + counts["fault:code"] == 1


async def test_buttons_can_be_turned_off(tmp_path: Path) -> None:
    """Nothing interactive is sent, and the conversation is the same."""
    async with installation(tmp_path, {**QUICK, "RECADO_BUTTONS": "false"}) as shop:
        chat = Chat(shop.simulator)
        await chat.say("Quiero 2 zapatos")
        (quote,) = await chat.read()

    assert (quote.kind, quote.choices) == ("text", ())
    assert "Responde *SÍ* o *NO*" in quote.text


def superseded(shop: Shop) -> list[str]:
    """The messages that the reply to a later message answers."""
    connection = apsw.Connection(str(shop.recado.database), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return [wamid for (wamid,) in connection.execute("SELECT wamid FROM entry WHERE reason = 'superseded'")]
    finally:
        connection.close()


async def test_one_reply_answers_a_burst(tmp_path: Path) -> None:
    """Messages that arrive while the last reply waits for its turn get one reply, with everything that they order."""
    slow = {"RECADO_CUSTOMER_INTERVAL_SECONDS": "4"}
    async with installation(tmp_path, {**QUICK, **slow}) as shop:
        simulator, chat = shop.simulator, Chat(shop.simulator)
        for text in ("quiero 2 gorras", "agrega 1 camisa", "agrega 1 bufanda"):
            await chat.say(text)
        simulator.ledger.superseded(superseded(shop))
        _, last = await chat.read()
        await chat.tap("confirm")
        await chat.read()
        orders = await shop.orders()
        verdict = simulator.ledger.verify(order["quote"] for order in orders)

    assert simulator.ledger.summary().superseded == 1
    assert verdict.clean
    assert [line["sku"] for line in orders[0]["lines"]] == ["ACC-001", "CAM-001", "ACC-006"]
    assert "Bufanda" in last.text


async def test_a_cart_a_place_and_a_message_taken_back(tmp_path: Path) -> None:
    """A cart is quoted at the shop's prices, a location belongs to the order, and a revoked order's quote cannot be
    tapped."""
    async with installation(tmp_path, QUICK) as shop:
        chat = Chat(shop.simulator)
        await chat.fill_cart({"CAM-001": 2}, prices={"CAM-001": 1.0})
        (cart,) = await chat.read()
        await chat.tap("confirm")
        await chat.read()
        await chat.share(Place(4.65, -74.1, name="La tienda", address="Calle 1"))
        await chat.read()
        (order,) = await shop.orders()

        second = Chat(shop.simulator)
        written = await second.say("Quiero 2 zapatos")
        await second.read()
        await second.revoke(message=written)
        await second.tap("confirm", yes=False)
        *_, withdrawn = await second.read()
        orders = await shop.orders()
        verdict = shop.simulator.ledger.verify(order["quote"] for order in orders)

    assert "$51.00" in cart.text
    assert order["source"] == "cart"
    assert "Calle 1" in (order["location"] or "")
    assert len(orders) == 1
    assert "P-" not in withdrawn.text
    assert verdict.clean
