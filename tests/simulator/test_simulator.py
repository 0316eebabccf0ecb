"""The simulator as a whole: a small shop replies to it, faithfully or not, and the ledger has to notice."""

import asyncio
import json

import httpx
import pytest

from recado.outcome import Outcome
from recado.simulator import FaultPlan, Simulator
from recado.whatsapp.content import Text
from recado.whatsapp.inbound import Customer, StatusKind
from recado.whatsapp.notices import AccountEvent
from tests.simulator.shop import open_shop
from tests.waiting import PATIENCE_SECONDS, until


async def test_an_order_is_brought_answered_and_followed_by_its_statuses() -> None:
    """One message is acknowledged and gets one reply; then come the statuses sent, delivered and read with the
    attempt's id."""
    async with open_shop() as (meta, shop):
        inbound = await meta.send_text("mañana 1/2 👍")
        assert await meta.settled(PATIENCE_SECONDS, statuses=True)
        assert (inbound.tries, len(inbound.replies), inbound.replies[0].text) == (1, 1, "re: mañana 1/2 👍")
        assert inbound.acknowledged_at is not None
        attempt = f"{inbound.wamid}/0"
        assert shop.statuses == [
            (StatusKind.SENT, attempt, []),
            (StatusKind.DELIVERED, attempt, []),
            (StatusKind.READ, attempt, []),
        ]
        assert meta.ledger.verify().clean


async def test_bodies_are_metas_byte_by_byte() -> None:
    r"""ASCII only: lower-case `\uXXXX`, surrogate pairs, `\/`; no spaces."""
    async with open_shop() as (meta, shop):
        await meta.send_text("ñ 1/2 👍")
        assert rb'"text":{"body":"\u00f1 1\/2 \ud83d\udc4d"}' in shop.bodies[0]
        assert shop.bodies[0].isascii()
        assert b'"object":"whatsapp_business_account","entry":[' in shop.bodies[0]


async def test_statuses_name_their_recipient_as_meta_does() -> None:
    """With contacts and the user id, except in `failed`; without the phone number of a customer who hides it."""
    async with open_shop(statuses=("sent",)) as (meta, shop):
        open_person, hidden = meta.new_person(), meta.new_person(hidden=True)
        for person in (open_person, hidden):
            await meta.send_text("hola", sender=person)
        meta.faults.change({"script": ["failed:131026"]}, meta.clock())
        await meta.send_text("hola", sender=open_person)
        await until(lambda: not meta.bringing)
        values = [json.loads(body)["entry"][0]["changes"][0]["value"] for body in shop.bodies]
        seen = {
            (status["status"], status.get("recipient_id"), status.get("recipient_user_id"), "contacts" in value)
            for value in values
            for status in value.get("statuses", ())
        }
        phone = open_person.phone[1:]
        assert seen == {
            ("sent", phone, open_person.user_id, True),
            ("sent", None, hidden.user_id, True),
            ("failed", phone, None, False),
        }


async def test_meta_tells_about_the_account() -> None:
    """Over HTTP or from Python."""
    async with open_shop() as (meta, shop), httpx.AsyncClient(base_url=meta.base_url) as client:
        await meta.notify("account_update", {"event": "ACCOUNT_VIOLATION"})
        told = {"field": "phone_number_quality_update", "value": {"event": "FLAGGED"}}
        answer = await client.post("/_simulator/notices", json=told)
    events = [notice.event for batch in shop.batches for notice in batch.notices]
    assert answer.status_code == 200
    assert events == [AccountEvent.ACCOUNT_VIOLATION, AccountEvent.QUALITY_FLAGGED]


async def test_without_a_webhook_url_nobody_can_write() -> None:
    """An error says so, in the process and over HTTP."""
    async with Simulator() as meta, httpx.AsyncClient(base_url=meta.base_url) as http:
        with pytest.raises(ValueError, match="no webhook URL"):
            await meta.send_text("hola")
        assert (await http.post("/_simulator/messages", json={"texts": ["hola"]})).status_code == 400


async def test_a_webhook_comes_again_until_it_is_answered_200() -> None:
    """Refused three times, so there are four tries and one reply; the ledger has the refusals."""
    async with open_shop() as (meta, shop):
        shop.refuse = lambda number: number <= 3
        inbound = await meta.send_text("hola")
        assert await meta.settled(PATIENCE_SECONDS)
        assert (inbound.tries, inbound.refusals, len(inbound.replies)) == (4, {"503": 3}, 1)
        assert meta.ledger.summary().redeliveries == 3


async def test_a_shop_that_is_not_there_is_tried_again_too() -> None:
    """A refused connection counts as a try, under the name of the error."""
    async with open_shop() as (meta, shop):
        port = shop.server.port
        await shop.server.stop()
        inbound = await meta.send_text("hola")
        assert inbound.refusals["ConnectError"] >= 1
        shop.server.port = port
        await shop.server.start()
        assert await meta.settled(PATIENCE_SECONDS)


async def test_duplicates_come_though_the_first_was_answered() -> None:
    """With a share of 1 every webhook comes twice; a shop that remembers messages replies once."""
    async with open_shop(duplicates=1.0, statuses=()) as (meta, shop):
        await meta.traffic(20, 1000)
        assert await meta.settled(PATIENCE_SECONDS, statuses=True)
        assert len(shop.bodies) == 40
        assert meta.ledger.verify().clean


async def test_many_messages_in_one_post() -> None:
    """A batch of 50 customers is one POST, and each gets a reply."""
    async with open_shop(statuses=()) as (meta, shop):
        written = await meta.send_batch([f"pedido {number}" for number in range(50)])
        assert await meta.settled(PATIENCE_SECONDS)
        assert len(shop.bodies) == 1
        assert [inbound.replies[0].text for inbound in written] == [f"re: pedido {n}" for n in range(50)]


async def test_statuses_in_batches_and_out_of_order() -> None:
    """They come in few POSTs; all of them arrive, in any order."""
    async with open_shop(batch=10, batch_seconds=0.05, shuffle_statuses=True) as (meta, shop):
        await meta.traffic(10, 1000)
        assert await meta.settled(PATIENCE_SECONDS, statuses=True)
        assert sorted(kind for kind, _, _ in shop.statuses) == sorted(["sent", "delivered", "read"] * 10)
        assert len(shop.bodies) < 10 + 30
        first_of_each: dict[str | None, StatusKind] = {}
        for kind, attempt, _ in shop.statuses:
            first_of_each.setdefault(attempt, kind)
        assert set(first_of_each.values()) != {StatusKind.SENT}


async def test_the_ledger_sees_what_is_lost_doubled_and_silent() -> None:
    """A shop that replies twice, one that acknowledges without a reply, one that does not acknowledge."""
    async with open_shop(statuses=()) as (meta, shop):
        shop.replies = 2
        doubled = await meta.send_text("dos")
        shop.replies = 0
        lost = await meta.send_text("nada")
        shop.refuse = lambda number: True
        unanswered = await meta.send_text("nunca")
        assert not await meta.settled(0.05)
        verdict = meta.ledger.verify()
        assert (verdict.lost, verdict.doubled, verdict.unanswered) == (
            [lost.wamid],
            [doubled.wamid],
            [unanswered.wamid],
        )
        assert not verdict.clean


async def test_a_message_that_needs_no_reply_is_not_missed() -> None:
    """A reaction needs no reply, so none is missing; a reply to it counts as unwanted."""
    async with open_shop(statuses=()) as (meta, shop):
        shop.replies = 0
        reaction = {"message_id": "wamid.X", "emoji": "👍"}
        await meta.send(meta.new_person(), "reaction", reaction, expects_reply=False)
        assert await meta.settled(0)
        assert meta.ledger.verify().clean
        shop.replies = 1
        await meta.send(meta.new_person(), "reaction", reaction, expects_reply=False)
        assert meta.ledger.summary().unwanted == 1


async def test_a_customer_without_phone_number_is_answered() -> None:
    """`from` and `wa_id` are missing, and the reply goes to the user id."""
    async with open_shop(statuses=()) as (meta, shop):
        person = meta.new_person(hidden=True)
        inbound = await meta.send_text("hola", sender=person)
        assert b'"from"' not in shop.bodies[0]
        assert b"wa_id" not in shop.bodies[0]
        assert len(inbound.replies) == 1
        assert meta.ledger.verify().clean


async def test_replies_are_matched_by_quote_customer_or_order_and_say_so() -> None:
    """A reply that quotes a message is matched exactly, so is the only message of a customer; with several messages
    it is a guess, and a reply to a stranger is unmatched."""
    async with open_shop(statuses=()) as (meta, shop):
        alone = await meta.send_text("una")
        person = meta.new_person()
        first, second = [await meta.send_text(text, sender=person) for text in ("dos", "tres")]
        shop.quoting = True
        quoted = await meta.send_text("cuatro", sender=person)
        assert [i.replies[0].matched_by for i in (alone, first, second, quoted)] == [
            "customer",
            "customer",
            "order",
            "quote",
        ]
        assert [i.replies[0].text for i in (first, second, quoted)] == ["re: dos", "re: tres", "re: cuatro"]
        stranger = meta.new_person()
        customer = Customer(phone=stranger.phone, user_id=stranger.user_id)
        await shop.whatsapp.send_message(customer, Text("hola"), phone_number_id="1", attempt_id="a")
        summary = meta.ledger.summary()
        assert (summary.ambiguous, summary.unmatched, summary.replies) == (1, 1, 4)


@pytest.mark.parametrize(
    ("fault", "retry", "arrives"),
    [
        ("server_error", Outcome.RETRYABLE, False),
        ("edge_error", Outcome.UNKNOWN, False),
        ("edge_error_after", Outcome.UNKNOWN, True),
        ("throttled", Outcome.THROTTLED, False),
        ("timeout", Outcome.UNKNOWN, False),
        ("timeout_after", Outcome.UNKNOWN, True),
        ("reset", Outcome.UNKNOWN, False),
        ("reset_after", Outcome.UNKNOWN, True),
        ("drip", Outcome.UNKNOWN, True),
        ("garbage", Outcome.UNKNOWN, True),
        ("code:131026", Outcome.PERMANENT, False),
        ("code:190", Outcome.OPERATOR, False),
        ("code:131056", Outcome.THROTTLED, False),
    ],
)
async def test_every_fault_looks_to_the_client_as_it_does_at_meta(fault: str, retry: Outcome, arrives: bool) -> None:
    """What the client gets, and whether the customer gets the message all the same; statuses follow if so."""
    read_timeout = 1.0 if fault in ("timeout", "timeout_after", "drip") else PATIENCE_SECONDS
    opened = open_shop(faults=FaultPlan(script=[fault]), statuses=("sent",), read_timeout=read_timeout)
    async with opened as (meta, shop):
        inbound = await meta.send_text("hola")
        await until(lambda: not meta.bringing)
        [error] = shop.errors
        assert error.outcome is retry
        assert len(inbound.arrived) == arrives
        assert shop.statuses == ([(StatusKind.SENT, f"{inbound.wamid}/0", [])] if arrives else [])
        assert (await meta.send_text("otra vez")).replies  # the script is over


async def test_a_message_can_fail_after_it_was_accepted() -> None:
    """With `failed:131047` the call succeeds, a `failed` status follows, and the reply does not count as arrived."""
    async with open_shop(faults=FaultPlan(script=["failed:131047"])) as (meta, shop):
        inbound = await meta.send_text("hola")
        await until(lambda: not meta.bringing)
        assert shop.errors == []
        assert shop.statuses == [(StatusKind.FAILED, f"{inbound.wamid}/0", [131047])]
        assert meta.ledger.verify().lost == [inbound.wamid]
        assert meta.ledger.summary().failed == 1


async def test_limits_refuse_with_metas_codes() -> None:
    """130429 beyond the throughput, 131056 beyond the pair limit."""
    async with open_shop(messages_per_second=3, statuses=()) as (meta, shop):
        await meta.send_batch(["hola"] * 5)
        assert [error.code for error in shop.errors] == [130429, 130429]
    async with open_shop(pair_interval=6, pair_burst=2, statuses=()) as (meta, shop):
        person = meta.new_person()
        for text in ("a", "b", "c"):
            await meta.send_text(text, sender=person)
        assert [error.code for error in shop.errors] == [131056]


async def test_a_reply_outside_the_window_is_refused() -> None:
    """131047, 24 hours after the customer's last message."""
    now = [1_790_000_000.0]
    async with open_shop(enforce_window=True, clock=lambda: now[0], statuses=()) as (meta, shop):
        inbound = await meta.send_text("hola")
        assert inbound.replies
        now[0] += 86_401
        [message] = shop.batches[0].messages
        await shop.answer(message)
        assert [error.code for error in shop.errors] == [131047]


async def test_control_over_http() -> None:
    """Faults, messages, ledger, health and reset are available over HTTP. Invalid input gets 400 with the reason."""
    async with open_shop(statuses=()) as (meta, shop), httpx.AsyncClient(base_url=meta.base_url) as http:
        sent = (await http.post("/_simulator/messages", json={"texts": ["Quiero 2 zapatos"]})).json()
        assert sent[0]["replies"][0]["text"] == "re: Quiero 2 zapatos"
        assert (await meta.order()).acknowledged_at
        assert (await http.post("/_simulator/messages", json={"count": 5, "per_second": 0})).status_code == 400
        await http.post("/_simulator/messages", json={"count": 5, "per_second": 1000})
        await until(lambda: meta.ledger.summary().answered == 7)
        summary = (await http.get("/_simulator/ledger")).json()
        assert (summary["inbound"], summary["lost"], summary["doubled"]) == (7, 0, 0)
        assert len((await http.get("/_simulator/ledger/full?after=2&limit=3")).json()) == 3
        assert (await http.get("/_simulator/ledger/verify")).json() == {"lost": [], "doubled": [], "unanswered": []}

        changed = await http.post("/_simulator/faults", json={"poison": {"+15550000001": "code:131026"}})
        assert changed.status_code == 200
        outage = await http.post("/_simulator/faults", json={"outages": [{"fault": "server_error"}]})
        assert outage.json()["poison"] == {"+15550000001": "code:131026"}
        await meta.send_text("hola")
        assert shop.errors[-1].outage
        await http.post("/_simulator/faults", json={"outages": []})
        unknown: list[object] = [{"ratios": {"earthquake": 1}}, {"nonsense": 1}, {"script": ["code"]}]
        for bad in [*unknown, {"ratios": {"reset": 2}}, []]:
            refused = await http.post("/_simulator/faults", json=bad)
            assert refused.status_code == 400
            assert refused.json()["error"]

        await http.post("/_simulator/health", json={"can_send_message": "BLOCKED"})
        assert (await shop.whatsapp.health("1")).can_send == "BLOCKED"
        state = (await http.get("/_simulator")).json()
        assert state["graph"]["accepted"] == 7
        await http.post("/_simulator/reset")
        assert (await http.get("/_simulator/ledger")).json()["inbound"] == 0
        assert (await http.get("/_simulator/nothing")).status_code == 404
        assert (await http.get("/_simulator/ledger/full?after=x")).status_code == 400


async def test_stopping_ends_everything() -> None:
    """A shop that never acknowledges, hanging calls, statuses to come: everything ends with the simulator."""
    silent = FaultPlan(ratios={"timeout_after": 1.0})
    async with open_shop(faults=silent, redelivery_seconds=(60.0,), read_timeout=0.1) as (meta, shop):
        shop.refuse = lambda number: number > 1
        await meta.send_text("hola")
        meta.begin_traffic(1000, 10)
        await asyncio.sleep(0.01)
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    await until(lambda: all(task.done() for task in others))


async def test_traffic_keeps_its_pace() -> None:
    """60 orders at 300 a second come no faster, and they come even if no reply is accepted."""
    async with open_shop(faults=FaultPlan(latency_seconds=3600), statuses=()) as (meta, shop):
        loop = asyncio.get_running_loop()
        started = loop.time()
        await meta.traffic(60, 300, hidden=0.5)
        assert loop.time() - started > 58 / 300
        await until(lambda: len(shop.bodies) == 60)
        bodies = [json.loads(body) for body in shop.bodies]
        hidden = sum("wa_id" not in json.dumps(body) for body in bodies)
        assert 15 < hidden < 45
