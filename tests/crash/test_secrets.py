"""The logs, metrics and responses of a whole run at `debug` hold no secret, no customer and no text."""

import asyncio
import json
import re
from pathlib import Path

import httpx
from loadtests.chaos.installation import Installation, installation

from recado.events import signing
from recado.simulator import FaultPlan
from recado.simulator.installation import EVENTS_SECRET, SECRETS
from recado.simulator.receiver import Failure, Receiver
from recado.simulator.simulator import ORDERS

PASSWORD_LIKE = "a-guess-at-a-token"
HOOK = "secret-of-the-hook"


def test_nothing_that_is_said_names_a_secret_or_a_person(tmp_path: Path) -> None:
    """Logs of web and drain at `debug`, metrics, answers: after orders, failures, wrong tokens and restarts; events
    that an endpoint refuses, and notices that nobody takes."""
    said, people = asyncio.run(_run(tmp_path))

    assert "attempt.finished" in said
    assert "handshake.refused" in said
    for secret in (*SECRETS.values(), EVENTS_SECRET, EVENTS_SECRET.removeprefix(signing.PREFIX), HOOK, PASSWORD_LIKE):
        assert secret not in said
    for wamid, customer, text in people:
        assert wamid not in said
        assert customer.lstrip("+") not in said
        assert text not in said
    assert not re.search(r"\bUS\.\d{6}", said)
    assert "wamid." not in said
    assert "Traceback" not in said


async def _run(folder: Path) -> tuple[str, list[tuple[str, str, str]]]:
    plan = FaultPlan(ratios={"code:131026": 0.2, "server_error": 0.2, "garbage": 0.1, "failed:131026": 0.1})
    hook = {"name": "slack", "format": "slack", "url": f"http://127.0.0.1:9/{HOOK}", "allow_http": True}
    (folder / "notify.json").write_text(json.dumps([hook]))
    settings = {
        "RECADO_LOG_LEVEL": "debug",
        "RECADO_MARK_AS_READ": "true",
        "RECADO_NOTIFY_FILE": str(folder / "notify.json"),
    }
    receiver = Receiver([EVENTS_SECRET])
    receiver.change({"always": Failure.REFUSED})
    async with installation(folder, settings, faults=plan, events=receiver) as shop:
        for order in ORDERS * 4:
            await shop.simulator.send_text(order)
        answers = await _strangers(shop)
        await shop.simulator.settled(3)
        async with asyncio.timeout(60):
            while not all(f'"channel":"{channel}"' in _logs(folder) for channel in ("whatsapp", "http", "notice")):
                await asyncio.sleep(0.1)
        people = [(i.wamid, i.customer, i.text) for i in shop.simulator.ledger]
    return _logs(folder) + answers, people


def _logs(folder: Path) -> str:
    return "".join(path.read_text() for path in (folder / "logs").iterdir())


async def _strangers(shop: Installation) -> str:
    """Wrong tokens in every place that takes one; what was answered, and what the metrics say."""
    url = f"{shop.url}/api/v1/webhook"
    async with httpx.AsyncClient() as client:
        asked = [
            client.get(
                url,
                params={"hub.mode": "subscribe", "hub.verify_token": PASSWORD_LIKE, "hub.challenge": "1"},
            ),
            client.get(f"{url}/queue-status", headers={"Authorization": f"Bearer {PASSWORD_LIKE}"}),
            client.post(url, headers={"X-Hub-Signature-256": f"sha256={PASSWORD_LIKE}"}),
            client.post(url, json={}, headers={"X-Hub-Signature-256": "sha256=" + "0" * 64}),
        ]
        answers = [await one for one in asked]
        metrics = await client.get(f"http://127.0.0.1:{shop.servers[0].metrics_port}/metrics")
    assert [answer.status_code for answer in answers] == [403, 401, 401, 401]
    assert metrics.status_code == 200
    status = await shop.status()
    return "\n".join([*(answer.text for answer in answers), metrics.text, str(status)])
