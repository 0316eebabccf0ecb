"""A defect that one message triggers affects only that message; limits of a webhook's log lines and work."""

import asyncio
import json
import logging
from collections import Counter
from typing import Any

import pytest

from recado import inbox
from recado.conversation import Conversation, Inbound
from recado.conversation.texts import instructions, too_long
from recado.quotes import QuoteService
from recado.quotes.catalogue.catalogue import DEFAULT_PATH, Catalogue
from recado.telemetry import metrics
from recado.updates import MAX_ERRORS_LOGGED, MAX_NOTICES_LOGGED
from recado.whatsapp.inbound import InboundMessage
from recado.whatsapp.payloads import parse
from tests.clock import FakeClock
from tests.http.conftest import StartPod
from tests.meta import NUMBER, text_message
from tests.work import lines_run

SECRET_WORDS = "Calle Falsa 123"


class Defect:
    """Makes a method raise for the messages or texts that `marked` names, with their words in the exception."""

    def __init__(self, patch: pytest.MonkeyPatch, owner: Any, method: str, marked: str) -> None:
        whole = getattr(owner, method)

        def broken(this: Any, *arguments: Any, **named: Any) -> Any:
            if any(marked in repr(argument) for argument in arguments):
                raise RuntimeError(f"cannot do it: {SECRET_WORDS}")
            return whole(this, *arguments, **named)

        patch.setattr(owner, method, broken)


def told(caplog: pytest.LogCaptureFixture, action: str) -> list[dict[str, Any]]:
    return [vars(record) for record in caplog.records if getattr(record, "action", "") == action]


async def test_two_words_that_raised_are_read(start_pod: StartPod, clock: FakeClock) -> None:
    """A preposition at the very end of what a thing is called."""
    async with start_pod() as pod:
        answer = await pod.receive(
            text_message(1, "et d pa", sent_at=clock()), text_message(2, "Quiero 2 zapatos", sent_at=clock())
        )
        assert [result["sent"] for result in answer["results"]] == [True, True]
        assert pod.count(metrics.MESSAGE_ERRORS.name, stage="read") == 0


async def test_a_message_that_cannot_be_read_is_answered_and_the_batch_goes_on(
    start_pod: StartPod, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The webhook gets 200, that message "not understood", the others a quote; the log has the place, without the
    customer's words."""
    Defect(monkeypatch, QuoteService, "understand", "tropiezo")
    async with start_pod() as pod:
        texts = ("Quiero 2 zapatos", "tropiezo", "1 camisa")
        answer = await pod.receive(*(text_message(n, text, sent_at=clock()) for n, text in enumerate(texts)))

        assert [bool(result["quote"]) for result in answer["results"]] == [True, False, True]
        bodies = [sent["text"]["body"] for sent in pod.graph.sent]
        assert instructions(Catalogue.from_csv(DEFAULT_PATH)) in bodies
        assert len(bodies) == 3
        assert pod.count(metrics.MESSAGE_ERRORS.name, stage="read") == 1
        assert pod.count(metrics.REPLIES.name, kind="not_understood") == 1
    (line,) = told(caplog, "message.error")
    assert line["error_class"] == "RuntimeError"
    assert "in broken" in line["exception"]
    assert SECRET_WORDS not in str(line["exception"]) + line["msg"]


async def test_a_reply_that_cannot_be_made_is_replaced(
    start_pod: StartPod, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    Defect(monkeypatch, Conversation, "handle", "CAL-001")
    async with start_pod() as pod:
        answer = await pod.receive(
            text_message(1, "Quiero 2 zapatos", sent_at=clock()), text_message(2, "1 camisa", sent_at=clock())
        )
        assert [bool(result["quote"]) for result in answer["results"]] == [False, True]
        assert len(pod.graph.sent) == 2
        assert pod.count(metrics.MESSAGE_ERRORS.name, stage="reply") == 1


async def test_a_reply_that_cannot_be_recorded_is_left_out(
    start_pod: StartPod, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is acknowledged without a reply; the others get theirs."""
    Defect(monkeypatch, inbox, "new_reply", "wamid.IN1'")
    async with start_pod() as pod:
        answer = await pod.receive(*(text_message(n, "2 zapatos", sent_at=clock()) for n in range(3)))
        assert [result.get("ignored") for result in answer["results"]] == [None, "error", None]
        assert len(pod.graph.sent) == 2
        assert pod.count(metrics.UNANSWERED.name, reason="error") == 1
        assert pod.count(metrics.MESSAGE_ERRORS.name, stage="record") == 1


async def test_a_status_that_cannot_be_read_stops_nothing(
    start_pod: StartPod, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(status: Any) -> None:
        raise RuntimeError(status)

    monkeypatch.setattr("recado.updates.status_update", broken)
    async with start_pod() as pod:
        status = {"id": "wamid.X", "status": "read", "biz_opaque_callback_data": "1"}
        answer = await pod.receive(text_message(1, "2 zapatos", sent_at=clock()), statuses=(status, status))
        assert answer["result"]["sent"]
        assert pod.count(metrics.MESSAGE_ERRORS.name, stage="status") == 2


async def test_a_message_that_is_too_long_is_asked_for_shorter(start_pod: StartPod, clock: FakeClock) -> None:
    async with start_pod() as pod:
        await pod.receive(text_message(1, "½" * 4096, sent_at=clock()))
        assert [sent["text"]["body"] for sent in pod.graph.sent] == [too_long()]
        assert pod.count(metrics.REPLIES.name, kind="too_long") == 1


@pytest.mark.parametrize(("text", "in_a_turn"), [("a" * 4096, 1), ("1 té", 16)])
async def test_long_messages_give_the_loop_its_turn(
    text: str, in_a_turn: int, start_pod: StartPod, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two turns of the event loop recado reads one of the longest messages, or sixteen short ones."""
    turns = 0
    read_in: list[int] = []
    read = Conversation.read

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def noted(this: Conversation, message: InboundMessage) -> Inbound:
        read_in.append(turns)
        return read(this, message)

    monkeypatch.setattr(Conversation, "read", noted)
    async with start_pod() as pod:
        counting = asyncio.ensure_future(count_turns())
        await pod.receive(*(text_message(n, text, sent_at=clock()) for n in range(48)))
        counting.cancel()
    assert max(Counter(read_in).values()) == in_a_turn


async def test_errors_of_the_account_are_counted_all_and_told_few(
    start_pod: StartPod, caplog: pytest.LogCaptureFixture
) -> None:
    errors = [{"code": 131000 + n, "title": "no"} for n in range(20_000)]
    value = {"metadata": {"phone_number_id": NUMBER}, "errors": errors}
    body = json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]}).encode()
    caplog.set_level(logging.INFO)
    async with start_pod() as pod:
        before = len(caplog.records)
        assert (await pod.post(body)).status_code == 200
        assert pod.count(metrics.ACCOUNT_ERRORS.name) == 20_000
        assert len(caplog.records) - before <= MAX_ERRORS_LOGGED + 3
    assert [line["error_code"] for line in told(caplog, "account.error")] == list(range(131000, 131005))
    assert [line["omitted"] for line in told(caplog, "account.errors")] == [20_000 - MAX_ERRORS_LOGGED]


async def test_notices_are_counted_all_and_told_few_the_grave_ones_first(
    start_pod: StartPod, caplog: pytest.LogCaptureFixture
) -> None:
    events = [*["DISABLED_UPDATE"] * 2, *["PARTNER_ADDED"] * 5_000, "ACCOUNT_DELETED"]
    changes = [{"field": "account_update", "value": {"event": event}} for event in events]
    caplog.set_level(logging.INFO)
    async with start_pod() as pod:
        before = len(caplog.records)
        assert (await pod.post(json.dumps({"entry": [{"changes": changes}]}).encode())).status_code == 200
        assert len(caplog.records) - before <= MAX_NOTICES_LOGGED + 3
        counted = pod.queue.snapshot().totals
    assert [line["detail"] for line in told(caplog, "account.notice")[:3]] == [
        *["DISABLED_UPDATE"] * 2,
        "ACCOUNT_DELETED",
    ]
    assert [line["omitted"] for line in told(caplog, "account.notices")] == [len(events) - MAX_NOTICES_LOGGED]
    assert counted[metrics.ACCOUNT_NOTICES.name, ("account_other",)] == 5_000


@pytest.mark.parametrize("known", ["from", "from_user_id"])
def test_contacts_times_messages_are_not_quadratic(known: str) -> None:
    """Ten times as many take ten times the work."""

    def work(count: int) -> int:
        contacts = [{"wa_id": f"1555{n:07d}", "user_id": f"US.{n}"} for n in range(count)]
        ids = {"from": "wa_id", "from_user_id": "user_id"}
        messages = [{"id": f"wamid.{n}", known: contacts[n][ids[known]], "type": "text"} for n in range(count)]
        value = {"contacts": contacts, "messages": messages}
        body = json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]}).encode()
        batch = parse(body)
        assert batch.messages[-1].customer is not None
        assert batch.messages[-1].customer.user_id == contacts[-1]["user_id"]
        return lines_run(lambda: parse(body))

    assert work(500) < 12 * work(50)
