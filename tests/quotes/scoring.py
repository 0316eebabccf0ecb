"""Scores quotes by the rules for labels: exact sets of (sku, quantity), exact intents, and similar unmatched
fragments."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from recado.quotes import Quote, QuoteService
from recado.quotes.language.text import plain
from tests.quotes.shops import catalogue

HERE = Path(__file__).parent
_ARTICLES = {"el", "la", "los", "las", "un", "una", "unos", "unas", "de", "del", "y", "para", "con"}


class Score(NamedTuple):
    """Shares (0..1) of the cases that are right."""

    cases: int
    exact: float
    intent: float
    unmatched: float
    silent: float  # the quote is wrong, and recado asks nothing
    needless: float  # the quote is right, but recado asks something


def cases(name: str) -> list[dict[str, Any]]:
    """The labelled messages of one file."""
    return [json.loads(line) for line in (HERE / name).read_text("utf-8").splitlines()]


def quoted(name: str) -> Iterator[tuple[dict[str, Any], Quote]]:
    """Each case of a file with its quote."""
    shop = catalogue(name)
    service = QuoteService(lambda: shop, max_quantity=10**12)
    for case in cases(name):
        yield case, service.quote(case["text"])


def items_right(case: dict[str, Any], quote: Quote) -> bool:
    """Whether the quote has exactly the labelled products and quantities."""
    labelled: dict[str, Decimal] = {}
    for item in case["items"]:
        labelled[item["sku"]] = labelled.get(item["sku"], Decimal(0)) + Decimal(str(item["qty"]))
    return labelled == {item.sku: item.quantity for item in quote.items}


def unmatched_right(case: dict[str, Any], quote: Quote) -> bool:
    """Whether there are as many fragments as labelled, and each shares a word with its label."""
    left = [_words(entry.text) for entry in quote.unmatched]
    if len(left) != len(case["unmatched"]):
        return False
    for fragment in case["unmatched"]:
        hit = next((words for words in left if words & _words(fragment)), None)
        if hit is None:
            return False
        left.remove(hit)
    return True


def score(name: str) -> Score:
    """The score of one file."""
    rows = list(quoted(name))
    count = len(rows)
    return Score(
        count,
        sum(items_right(case, quote) for case, quote in rows) / count,
        sum(case["intent"] == quote.intent for case, quote in rows) / count,
        sum(unmatched_right(case, quote) for case, quote in rows) / count,
        sum(not items_right(case, quote) and not quote.asks for case, quote in rows) / count,
        sum(items_right(case, quote) and quote.asks and not must_ask(case) for case, quote in rows) / count,
    )


def must_ask(case: dict[str, Any]) -> bool:
    """Whether a careful shop assistant would ask something."""
    return bool(case.get("ask", bool(case["unmatched"])))


def _words(fragment: str) -> set[str]:
    return {w.rstrip("s") for w in plain(fragment).split() if w not in _ARTICLES and not w.isdigit()}
