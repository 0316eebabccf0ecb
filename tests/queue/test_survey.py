"""The survey in the web pod: what it must not do to the event loop."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from recado.queue.statements import Row
from recado.queue.survey import ROWS_A_TURN, read_survey


class ManyTotals:
    """Statements of a store where no two quotes have the same total."""

    now = 0.0

    def run(self, query: str, *bindings: Any) -> list[Row]:
        if query == "survey_quotes":
            return [(1, "open", True, "USD", f"{n}.50") for n in range(10 * ROWS_A_TURN)]
        return [(0,)] if query == "survey_messages" else []

    def ask(self, query: str, *bindings: Any) -> Callable[[], list[Row]]:
        return lambda: self.run(query, *bindings)

    def records(self, query: str, *bindings: Any) -> list[dict[str, Any]]:
        return []

    def changes(self) -> int:
        return 0


def test_the_interpreter_is_free_after_every_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that works on rows keeps the event loop waiting for 5 ms each time."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    survey = read_survey(ManyTotals(), [0.0, 1.0], min_customers=3)

    assert pauses == [0] * 10
    assert survey.quotes["open"].count == 10 * ROWS_A_TURN
