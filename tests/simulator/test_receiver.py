"""The simulator's receiver of events, as its users reach it: over HTTP."""

import time

import httpx

from recado.events import signing
from recado.simulator import Simulator
from tests.events.test_signing import make_secret

SECRET = make_secret()


async def post(meta: Simulator, id_: str, *, secret: str = SECRET) -> int:
    body = b'{"type":"order.created"}'
    headers = signing.signed_headers([secret], id_, body, now=time.time())
    async with httpx.AsyncClient() as client:
        return (await client.post(meta.events_url, content=body, headers=headers)).status_code


async def test_it_counts_what_came_and_fails_by_plan() -> None:
    async with Simulator(event_secrets=[SECRET]) as meta, httpx.AsyncClient(base_url=meta.base_url) as client:
        changed = await client.post("/_simulator/receiver", json={"script": ["server_error"], "always": "none"})
        statuses = [await post(meta, id_) for id_ in ("evt_1", "evt_1", "evt_1", "evt_2")]
        wrong = await post(meta, "evt_3", secret=make_secret())
        summary = (await client.get("/_simulator/events")).json()
        refused = await client.post("/_simulator/receiver", json={"always": "explode"})
        await client.post("/_simulator/reset")

        assert changed.status_code == 200
        assert (statuses, wrong, refused.status_code) == ([500, 204, 204, 204], 401, 400)
        assert summary == {
            "attempts": 4,
            "unverified": 1,
            "accepted": 2,
            "repeated": 1,
            "types": {"order.created": 2},
        }
        assert (await client.get("/_simulator/events")).json()["attempts"] == 0
