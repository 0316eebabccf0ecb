"""`recado events`: what the shop's systems are told, on a terminal."""

import asyncio
import json
import time
from pathlib import Path

import pytest

from recado.queue.model import EVENTS
from recado.queue.sqlite import SqliteRetryQueue
from recado.runtime import retry_policy
from recado.settings import load
from tests.cli.commands import recado
from tests.clock import FakeClock
from tests.events.test_endpoints import CRM
from tests.queue.conformance_orders import ordered
from tests.queue.events import CRM as AUDIENCE
from tests.queue.events import GONE, claimed
from tests.queue.replies import UNLIMITED


@pytest.fixture
def ids(tmp_path: Path) -> list[str]:
    """Makes an order's events at data/recado.db, which the endpoint refused with 410, and returns their ids."""
    (tmp_path / "events.json").write_text(json.dumps([CRM]))
    (tmp_path / ".env").write_text("RECADO_EVENTS_FILE=events.json\n")

    async def make() -> list[str]:
        clock = FakeClock(time.time() - 3600)
        policy = retry_policy(load(UNLIMITED))
        queue = SqliteRetryQueue(tmp_path / "data/recado.db", policy, clock=clock, audience=AUDIENCE)
        await ordered(queue, clock)
        messages = await claimed(queue)
        assert {message.lane.channel for message in messages} == {EVENTS}
        await queue.update_message_attempt(messages[0], GONE)
        await queue.release(messages[1])
        made = [event.public_id for event in await queue.events.after(0, limit=10)]
        await queue.close()
        return made

    return asyncio.run(make())


def test_events_are_listed_and_shown(tmp_path: Path, ids: list[str]) -> None:
    """The list masks the customer; one event shows him, and its deliveries."""
    listed = recado("events", "list", folder=tmp_path).stdout
    orders = json.loads(recado("events", "list", "--type", "order.created", "--json", folder=tmp_path).stdout)
    paged = recado("events", "list", "--limit", "1", folder=tmp_path).stdout
    shown = recado("events", "show", ids[1], folder=tmp_path).stdout
    as_json = json.loads(recado("events", "show", ids[0], "--json", folder=tmp_path).stdout)

    assert all(id_ in listed for id_ in ids)
    assert "15550100001" not in listed
    assert [event["type"] for event in orders] == ["order.created"]
    assert "jeans" not in json.dumps(orders)
    assert f"more: recado events list --after {ids[0]}" in paged
    assert "+15550100001" in shown
    assert as_json["event"]["type"] == "quote.created"
    assert as_json["deliveries"][0]["last_error"] == "gone: 410"


def test_an_endpoint_is_resumed_and_events_replayed(tmp_path: Path, ids: list[str]) -> None:
    def endpoint() -> tuple[str, int]:
        (found,) = json.loads(recado("events", "endpoints", "--json", folder=tmp_path).stdout)
        return found["state"], found["waiting"]

    ended = endpoint()
    early = recado("events", "replay", "--id", ids[0], folder=tmp_path)
    resumed = recado("events", "resume", "crm", folder=tmp_path).stdout
    again = recado("events", "resume", "crm", folder=tmp_path).stdout
    replayed = recado("events", "replay", "--id", ids[0], folder=tmp_path).stdout
    everything = recado("events", "replay", "--since", "2020-01-01", "--endpoint", "crm", folder=tmp_path).stdout

    assert ended == ("ended by a 410", 2)
    assert early.returncode == 2
    assert "crm responded with 410 and gets nothing: run `recado events resume` first" in early.stderr
    assert resumed == "crm gets events again, with the next drain\n"
    assert again == "crm is not held\n"
    assert replayed == "1 events go to crm once more, with the next drain\n"
    assert everything == "2 events go to crm once more, with the next drain\n"
    assert endpoint() == ("ok", 2)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("list", "--type", "order.made"), "there is no order.made"),
        (("list", "--after", "x"), "not the id of an event"),
        (("show", "evt_1"), "there is no event evt_1"),
        (("show", "evt_" + "9" * 30), "not the id of an event"),
        (("show", "evt_" + "9" * 5000), "not the id of an event"),
        (("replay",), "give either --id or --since"),
        (("replay", "--since", "yesterday"), "must be a time"),
        (("replay", "--since", "2026-01-01", "--endpoint", "erp"), "there is no erp; there are crm"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, ids: list[str], arguments: tuple[str, ...], problem: str) -> None:
    ended = recado("events", *arguments, folder=tmp_path)

    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
    assert problem in ended.stderr


def test_a_wrong_file_is_named_at_start(tmp_path: Path, ids: list[str]) -> None:
    """Each problem has a line, and no line holds a secret."""
    (tmp_path / "events.json").write_text(json.dumps([{**CRM, "secret": "whsec_hunter2", "url": "http://crm.example"}]))
    ended = recado("events", "endpoints", folder=tmp_path)

    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 2
    assert "hunter2" not in ended.stderr
