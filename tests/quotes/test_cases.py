"""The labelled messages: what the parser reads right must not become less."""

import pytest

from tests.quotes.scoring import score


@pytest.mark.parametrize(
    ("name", "exact", "intent", "unmatched"),
    [
        ("cases-dev.jsonl", 0.99, 0.99, 0.99),
        ("bodega-dev.jsonl", 0.92, 0.99, 0.95),
        ("cases-held.jsonl", 0.95, 0.98, 0.98),
        ("bodega-held.jsonl", 0.94, 0.98, 0.94),
    ],
)
def test_read_at_least_as_much_as_before(name: str, exact: float, intent: float, unmatched: float) -> None:
    """Shares of exact quotes, intents and unmatched fragments stay above their floors, held-back cases included."""
    result = score(name)
    assert (result.exact >= exact, result.intent >= intent, result.unmatched >= unmatched) == (True, True, True), result
