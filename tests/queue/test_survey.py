"""The survey in the web pod must not delay the event loop."""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recado.queue import store
from recado.queue.errors import StoreUnavailable
from recado.queue.leisure import ITEMS_A_TURN, STEPS, at_leisure
from recado.queue.sqlite import SqliteRetryQueue
from recado.queue.statements import Row
from recado.queue.survey import read_survey
from recado.quotes import Catalogue
from recado.quotes.catalogue.catalogue import DEFAULT_PATH
from recado.report import from_store
from recado.report.report import make_report
from recado.runtime import retry_policy
from recado.settings import load
from tests.clock import FakeClock


class ManyTotals:
    """Statements of a store where no two quotes have the same total."""

    now = 0.0

    def run(self, query: str, *bindings: Any) -> list[Row]:
        if query == "survey_quotes":
            return [(1, "open", True, "USD", f"{n}.50") for n in range(10 * ITEMS_A_TURN)]
        return [(0,)] if query == "survey_messages" else []

    def ask(self, query: str, *bindings: Any) -> Callable[[], list[Row]]:
        return lambda: self.run(query, *bindings)

    def records(self, query: str, *bindings: Any) -> list[dict[str, Any]]:
        return []

    def changes(self) -> int:
        return 0


async def test_long_work_gives_way_to_every_other_thread() -> None:
    """Its thread has a lower priority; the threads that others use, before and after it, keep theirs."""

    def priority() -> tuple[int, int]:
        return threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    usual = priority()
    thread, lower = await at_leisure(priority)
    shared = await asyncio.to_thread(priority)

    assert thread != usual[0]
    assert (lower, shared[1], priority()) == (min(19, usual[1] + STEPS), usual[1], usual)


async def test_an_error_of_long_work_is_the_callers() -> None:
    def fail() -> None:
        raise StoreUnavailable("gone")

    with pytest.raises(StoreUnavailable, match="gone"):
        await at_leisure(fail)


def test_the_interpreter_is_free_after_every_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that works on rows keeps the event loop waiting for 5 ms each time."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    survey = read_survey(ManyTotals(), [0.0, 1.0], min_customers=3)

    assert pauses == [0] * 10
    assert survey.quotes["open"].count == 10 * ITEMS_A_TURN


async def test_a_report_leaves_the_event_loop_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read and made on threads that give way: the figures of a year would hold the loop up for 90 ms."""
    priorities: dict[str, int] = {}

    def noting(work: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **more: Any) -> Any:
            priorities[work.__name__] = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
            return work(*args, **more)

        return noted

    monkeypatch.setattr(store, "read_survey", noting(read_survey))
    monkeypatch.setattr(from_store, "make_report", noting(make_report))
    queue = SqliteRetryQueue(tmp_path / "recado.db", retry_policy(load({})), clock=FakeClock())
    made = await from_store.report(queue, load({}), Catalogue.from_csv(DEFAULT_PATH), 400)
    await queue.close()

    lower = min(19, os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) + STEPS)
    assert (priorities, made.days) == ({"read_survey": lower, "make_report": lower}, 400)
