"""Whole flows: real `serve` and `drain` processes, Meta simulated with every kind of fault."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from recado.demo import Shop, installation
from recado.queue.sqlite import SqliteRetryQueue
from recado.runtime import retry_policy
from recado.settings import load
from recado.simulator.installation import SECRETS, started

#: Minutes as fractions of a second, so that a flow with retries takes seconds.
QUICK = {
    "RECADO_BACKOFF_SECONDS": "0.3,0.3,0.5,0.5,1,1",
    "RECADO_CONNECT_TIMEOUT_SECONDS": "0.5",
    "RECADO_READ_TIMEOUT_SECONDS": "0.5",
    "RECADO_LEASE_SECONDS": "6.5",
    "RECADO_UNKNOWN_GRACE_SECONDS": "1.5",
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
    assert drain.wait() == 0


async def retry(shop: Shop) -> httpx.Response:
    """Drains in the service, as an operator asks for it; the response may take as long as a drain."""
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
    """Whatever the Graph API does: nobody is left without an answer, nobody gets two where statuses come."""
    async with installation(tmp_path, QUICK) as shop, draining(shop):
        simulator = shop.simulator
        simulator.faults.change({**faults, "hang_seconds": 1.0}, simulator.clock())
        await simulator.traffic(100, 60, hidden=0.3)
        await simulator.settled(20, statuses=True)
        verdict = simulator.ledger.verify()
        status = await shop.recado.status()

    assert (verdict.lost, verdict.doubled, verdict.unanswered) == ([], [], [])
    assert status["failed"] == 0


async def test_an_outage_loses_nothing(tmp_path: Path) -> None:
    """Meta answers nothing but errors for a while, as traffic goes on; then everybody is answered, once."""
    async with installation(tmp_path, QUICK) as shop, draining(shop):
        simulator = shop.simulator
        simulator.faults.change({"outages": [{"fault": "server_error", "until": 3.0}]}, simulator.clock())
        await simulator.traffic(150, 50)
        during = await shop.recado.status()
        answered = await simulator.settled(25)
        verdict = simulator.ledger.verify()
        status = await shop.recado.status()

    assert int(str(during["queue_size"])) > 50
    assert answered
    assert verdict.clean
    assert status["failed"] == 0


async def test_an_expired_token_pauses_and_loses_nothing(tmp_path: Path) -> None:
    """An operator's error holds everything until it is mended; no attempt is spent on it."""
    async with installation(tmp_path, QUICK) as shop, draining(shop):
        simulator = shop.simulator
        simulator.faults.change({"outages": [{"fault": "code:190", "until": 2.0}]}, simulator.clock())
        await simulator.traffic(40, 40)
        answered = await simulator.settled(20)
        status = await shop.recado.status()

    assert answered
    assert simulator.ledger.verify().clean
    assert status["failed"] == 0


async def test_a_service_told_to_stop_ends_the_retry_that_it_was_asked_for(tmp_path: Path) -> None:
    """SIGTERM during a drain in the web pod: it claims no more, tells what it did, and cuts no send."""
    slow = {"RECADO_READ_TIMEOUT_SECONDS": "4", "RECADO_LEASE_SECONDS": "10", "RECADO_MESSAGES_PER_SECOND": "5"}
    async with installation(tmp_path, {**QUICK, **slow}) as shop:
        simulator = shop.simulator
        simulator.faults.change({"outages": [{"fault": "server_error"}]}, simulator.clock())
        await simulator.traffic(150, 100)
        simulator.faults.change({"outages": [], "latency_seconds": 1.5}, simulator.clock())
        retrying = asyncio.create_task(retry(shop))
        async with asyncio.timeout(20):
            while simulator.ledger.summary().answered < 5:
                await asyncio.sleep(0.02)
        code, answer = await asyncio.gather(asyncio.to_thread(shop.recado.servers[0].stop), retrying)
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
    assert 1 <= answer.json()["result"]["successful"] <= answered < 150  # the pod follows up its own replies, too
    assert (status.in_flight, status.unknown, status.pending_retry) == (0, 0, 150 - answered)
    assert [breaker.open_reason for breaker in snapshot.breakers.values()] == [None]
    assert everybody
    assert verdict.clean
