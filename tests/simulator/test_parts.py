"""The simulator's parts: limits, faults, the checks of the Graph API, the command."""

import asyncio
import contextlib
import io
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from recado.simulator import FaultError, FaultPlan, Outage, Simulator
from recado.simulator.faults import Faults
from recado.simulator.installation import free_port
from recado.simulator.limits import PairLimit, Throughput
from recado.simulator.process import SimulateError, run
from recado.simulator.server import Response, Server, _Connection
from recado.whatsapp.responses import error_from_response
from tests.waiting import until

NUMBER = "700000000000001"


async def test_no_connection_outlives_the_server() -> None:
    """Also one that was accepted but not yet set up when the server stopped: `stop` would wait for it forever."""
    loop = asyncio.get_running_loop()
    server = Server(lambda request: Response(), "127.0.0.1", 0)
    await server.start()
    await server.stop()
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        await loop.connect_accepted_socket(lambda: _Connection(server, loop), accepted)
        try:
            await until(lambda: not server.connections)
        finally:
            for connection in list(server.connections):
                connection.drop()


def test_throughput_is_messages_in_any_second() -> None:
    """With a limit of three, the fourth message waits until the first is a second old; 0 means no limit."""
    limit = Throughput(3)
    assert [limit.allows(now) for now in (0.0, 0.25, 0.5, 0.75, 1.0, 1.1, 1.25)] == [
        True, True, True, False, True, False, True,
    ]  # fmt: skip
    assert all(Throughput(0).allows(0.0) for _ in range(1000))


def test_the_pair_limit_lets_a_burst_through_on_credit() -> None:
    """20 at once cost two minutes of silence; one every six seconds is always allowed; other customers are not
    affected."""
    limit = PairLimit(6)
    assert all(limit.allows("ana", 0.0) for _ in range(20))
    assert not limit.allows("ana", 6.0)
    assert not limit.allows("ana", 119.9)
    assert limit.allows("bo", 0.0)
    assert limit.allows("ana", 120.0)
    assert all(limit.allows("bo", now) for now in (6.0, 12.0, 18.0))
    strict = PairLimit(6, burst=1)
    assert [strict.allows("ana", now) for now in (0.0, 5.9, 6.0)] == [True, False, True]
    assert sum(limit.allows("eva", 0.0) for _ in range(60)) == 45


def test_faults_come_by_poison_outage_script_and_ratio_in_this_order() -> None:
    """Each source hides the ones after it."""
    plan = FaultPlan(
        poison={"+1": "code:131026"},
        outages=[Outage("edge_error", since=10, until=20)],
        script=["reset", "ok"],
        ratios={"timeout": 1.0},
    )
    faults = Faults(plan, now=1000.0)
    assert faults.draw("+1", 1015.0).code == 131026
    assert faults.draw("+2", 1015.0).kind == "edge_error"
    assert [faults.draw("+2", now).kind for now in (1009.9, 1020.0, 1021.0)] == ["reset", "ok", "timeout"]


def test_ratios_hold_and_repeat_with_the_seed() -> None:
    """30 % of one fault and 10 % of another, for the same calls in every run."""
    plan = FaultPlan(ratios={"reset": 0.3, "throttled": 0.1}, seed=7)
    one, other = Faults(plan), Faults(plan)
    kinds = [one.draw("+1", 0.0).kind.value for _ in range(5000)]
    assert kinds == [other.draw("+1", 0.0).kind.value for _ in range(5000)]
    assert 0.27 < kinds.count("reset") / 5000 < 0.33
    assert 0.08 < kinds.count("throttled") / 5000 < 0.12


def test_latency_is_a_distribution_around_its_median() -> None:
    """Without spread it is always the median. With spread, half of the calls are slower, and some are much slower."""
    assert Faults(FaultPlan(latency_seconds=0.05)).latency() == 0.05
    faults = Faults(FaultPlan(latency_seconds=0.05, latency_spread=0.5))
    drawn = sorted(faults.latency() for _ in range(2001))
    assert 0.045 < drawn[1000] < 0.055
    assert 0.11 < drawn[1980] < 0.25


@pytest.mark.parametrize(
    "plan",
    [
        FaultPlan(ratios={"reset": 0.6, "drip": 0.6}),
        FaultPlan(ratios={"reset": -0.1}),
        FaultPlan(script=["earthquake"]),
        FaultPlan(script=["code"]),
        FaultPlan(script=["reset:5"]),
        FaultPlan(poison={"+1": "code:x"}),
        FaultPlan(outages=[Outage("nothing")]),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_whole(plan: FaultPlan) -> None:
    """The previous faults stay."""
    faults = Faults(FaultPlan(script=["reset"]))
    with pytest.raises(FaultError):
        faults.set(plan, 0.0)
    assert faults.draw("+1", 0.0).kind == "reset"


@pytest.fixture
async def meta() -> AsyncIterator[Simulator]:
    async with Simulator(access_token="good", phone_number_ids=[NUMBER]) as simulator:
        yield simulator


@pytest.fixture
async def http(meta: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{meta.base_url}/v26.0", headers={"Authorization": "Bearer good"}) as http:
        yield http


MESSAGE = {
    "messaging_product": "whatsapp",
    "recipient_type": "individual",
    "to": "+15550100001",
    "type": "text",
    "text": {"body": "hola"},
}


async def test_an_accepted_message_is_answered_as_meta_does(http: httpx.AsyncClient) -> None:
    """A contact by phone has a wa_id, one by user id has a user_id; each message has its own id."""
    by_phone = (await http.post(f"{NUMBER}/messages", json=MESSAGE)).json()
    assert by_phone["contacts"] == [{"input": "+15550100001", "wa_id": "15550100001"}]
    by_id = {**MESSAGE, "recipient": "US.ABC123"}
    del by_id["to"]
    answer = (await http.post(f"{NUMBER}/messages", json=by_id)).json()
    assert answer["contacts"] == [{"input": "US.ABC123", "user_id": "US.ABC123"}]
    assert answer["messages"][0]["id"] != by_phone["messages"][0]["id"]
    both = (await http.post(f"{NUMBER}/messages", json={**MESSAGE, "recipient": "US.ABC123"})).json()
    assert both["contacts"][0]["input"] == "+15550100001"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"messaging_product": "sms"}, 100),
        ({"to": None}, 131008),
        ({"to": "15550100001"}, 131009),
        ({"to": "US.ABC123"}, 131009),
        ({"to": None, "recipient": "+15550100001"}, 131009),
        ({"recipient_type": "group"}, 131009),
        ({"text": None}, 131008),
        ({"text": {"body": " \n"}}, 131008),
        ({"text": {"body": "x" * 4097}}, 100),
        ({"text": "hola"}, 100),
        ({"biz_opaque_callback_data": "x" * 513}, 100),
        ({"context": {"message_id": "nonsense"}}, 131009),
        ({"status": "read", "message_id": "nonsense"}, 131009),
    ],
)
async def test_a_wrong_message_gets_metas_error(http: httpx.AsyncClient, change: dict[str, Any], code: int) -> None:
    """Bare digits, blank or long texts, missing fields: 400 with the error object."""
    message = {key: value for key, value in {**MESSAGE, **change}.items() if value is not None}
    response = await http.post(f"{NUMBER}/messages", json=message)
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["code"], error["type"]) == (code, "OAuthException")
    assert error["fbtrace_id"]


@pytest.mark.parametrize(
    ("authorization", "status", "code"), [("", 400, 104), ("Bearer bad", 401, 190), ("Basic good", 400, 104)]
)
async def test_the_token_is_checked(http: httpx.AsyncClient, authorization: str, status: int, code: int) -> None:
    """A missing token and a wrong token get different errors, on every path."""
    for method, path in (("POST", f"{NUMBER}/messages"), ("GET", f"{NUMBER}?fields=health_status")):
        response = await http.request(method, path, headers={"Authorization": authorization})
        assert (response.status_code, response.json()["error"]["code"]) == (status, code)


async def test_unknown_numbers_and_paths_are_errors(http: httpx.AsyncClient) -> None:
    """A foreign number, a path that does not exist, invalid JSON."""
    assert (await http.post("999/messages", json=MESSAGE)).json()["error"]["code"] == 100
    for hidden in (await http.post("999/messages", json=MESSAGE), await http.get("999?fields=health_status")):
        assert hidden.json()["error"]["error_subcode"] == 33
    assert (await http.post(f"{NUMBER}/nothing", json={})).json()["error"]["code"] == 2500
    assert (await http.post(f"{NUMBER}/messages", content=b"{")).json()["error"]["code"] == 100


async def test_read_receipts_health_and_subscriptions(meta: Simulator, http: httpx.AsyncClient) -> None:
    """These calls succeed, do not count as messages, and fail during an outage."""
    receipt = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.T1"}
    assert (await http.post(f"{NUMBER}/messages", json=receipt)).json() == {"success": True}
    health = (await http.get(f"{NUMBER}?fields=health_status")).json()
    assert health["health_status"]["can_send_message"] == "AVAILABLE"
    assert (await http.post("100/subscribed_apps")).json() == {"success": True}
    assert (await http.get("100/subscribed_apps")).json() == {"data": []}
    assert meta.graph.counts["accepted"] == 0
    meta.faults.change({"outages": [Outage()]}, meta.clock())
    assert (await http.post(f"{NUMBER}/messages", json=receipt)).status_code == 500
    assert (await http.get(f"{NUMBER}?fields=health_status")).status_code == 500


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"outages": [Outage("edge_error")]}, 502),
        ({"outages": [Outage("code:190")]}, 401),
        ({"ratios": {"edge_error_after": 1.0}}, 504),
        ({"script": ["edge_error"]}, 200),
    ],
)
async def test_health_suffers_what_everybody_suffers(
    meta: Simulator, http: httpx.AsyncClient, changes: dict[str, Any], status: int
) -> None:
    """It fails in an outage and by the ratios for all calls, but not by the script for messages."""
    meta.faults.change(changes, meta.clock())
    assert (await http.get(f"{NUMBER}?fields=health_status")).status_code == status


@pytest.mark.parametrize("changes", [{"outages": [Outage("code:100")]}, {"script": ["code:100/33"]}])
async def test_a_number_can_be_hidden(meta: Simulator, http: httpx.AsyncClient, changes: dict[str, Any]) -> None:
    """100/33, as Graph responds if the token has no access to the number."""
    meta.faults.change(changes, meta.clock())
    error = (await http.post(f"{NUMBER}/messages", json=MESSAGE)).json()["error"]
    assert (error["code"], error["error_subcode"], error["type"]) == (100, 33, "GraphMethodException")


async def test_media_go_up_and_down(meta: Simulator, http: httpx.AsyncClient) -> None:
    """Upload, look-up, download with the token, deletion."""
    files = {"file": ("foto.jpg", b"\xff\xd8jpeg", "image/jpeg")}
    uploaded = await http.post(f"{NUMBER}/media", data={"messaging_product": "whatsapp"}, files=files)
    id_ = uploaded.json()["id"]
    about = (await http.get(id_)).json()
    assert about["file_size"] == 6
    assert (await http.get(about["url"])).content == b"\xff\xd8jpeg"
    assert (await http.delete(id_)).json() == {"success": True}
    assert (await http.get(about["url"])).status_code == 404
    assert (await http.post(f"{NUMBER}/media", json={})).status_code == 400


@pytest.mark.parametrize("code", [2, 3, 10, 100, 190, 368, 131016, 131047, 131056, 133004])
async def test_any_code_can_be_had_with_its_status(meta: Simulator, http: httpx.AsyncClient, code: int) -> None:
    """The client reads `code:N` as N."""
    meta.faults.change({"script": [f"code:{code}"]}, meta.clock())
    response = await http.post(f"{NUMBER}/messages", json=MESSAGE)
    error = error_from_response(response.status_code, response.headers, response.content)
    assert error.code == code
    assert (response.status_code >= 500) == (code in (2, 3, 131016, 133004))


def test_the_command_reports_and_fails_when_something_is_missing() -> None:
    """If the shop does not run, the exit code is 1, and a line says what is missing."""
    out = io.StringIO()
    with contextlib.redirect_stderr(out):
        code = run(
            port=free_port(),
            webhook_url=f"http://127.0.0.1:{free_port()}/",
            app_secret="s",
            count=3,
            per_second=100,
            settle_seconds=0.05,
        )
    assert code == 1
    assert "3 messages, 0 acknowledged, 0 answered, 0 lost, 0 doubled, 3 unanswered" in out.getvalue()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fault": ["earthquake=0.1"]}, "no such fault"),
        ({"fault": ["reset"]}, "NAME=RATIO"),
        ({"fault": ["reset=often"]}, "NAME=RATIO"),
        ({"fault": ["reset=2"]}, "between 0 and 1"),
        ({"fault_file": Path("/nonexistent.json")}, "No such file"),
        ({"count": 1}, "webhook's URL"),
        ({"host": "203.0.113.1"}, "cannot listen"),
    ],
)
def test_the_command_says_what_is_wrong(options: dict[str, Any], words: str) -> None:
    """One line for each mistake, before anything starts."""
    with pytest.raises(SimulateError, match=words):
        run(**{"port": free_port(), **options})


def test_the_command_reads_a_plan_from_a_file(tmp_path: Path) -> None:
    """JSON as documented for the fault plan; the error names an unknown field."""
    path = tmp_path / "faults.json"
    path.write_text(json.dumps({"ratio": {"reset": 0.1}}))
    with pytest.raises(SimulateError, match="ratio"):
        run(port=free_port(), fault_file=path)
    path.write_text("{")
    with pytest.raises(SimulateError, match=r"faults\.json"):
        run(port=free_port(), fault_file=path)
