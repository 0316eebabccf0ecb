"""Scores dialogues: the quote, the state of the conversation and its questions after each message."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from recado.conversation.dialogue import Dialogue
from recado.quotes import Catalogue
from tests.quotes.shops import catalogue

HERE = Path(__file__).parent
SHOPS = HERE.parent / "quotes"


class Result(msgspec.Struct):
    """Shares of 1. wrong: the turns whose quote or state differs from the label, as text."""

    dialogues: float
    turns: float
    asks: float
    wrong_confirmations: int
    wrong: list[str]


def score(name: str, shop: str = "") -> Result:
    """Runs a file of dialogues with the default catalogue, with a shop's catalogue, or with the shop that each
    dialogue names."""
    cases = [json.loads(line) for line in (HERE / name).read_text("utf-8").splitlines()]
    right_turns = right_asks = right_dialogues = turns = confirmations = 0
    wrong: list[str] = []
    for case in cases:
        before = len(wrong)
        for label, dialogue in _played(case, catalogue(case.get("shop", shop))):
            turns += 1
            right = _is_right(label, dialogue)
            right_turns += right
            right_asks += label["ask"] == dialogue.asks
            confirmations += not right and dialogue.state == "confirmed"
            if not right:
                wrong.append(f"{case['id']}: {label['text']}: {dialogue.state} {_quantities(dialogue)}")
        right_dialogues += len(wrong) == before
    return Result(right_dialogues / len(cases), right_turns / turns, right_asks / turns, confirmations, wrong)


def _played(case: dict[str, Any], catalogue: Catalogue) -> Iterator[tuple[dict[str, Any], Dialogue]]:
    dialogue = Dialogue(catalogue)
    for label in case["turns"]:
        dialogue.say(label["text"])
        yield label, dialogue


def _is_right(label: dict[str, Any], dialogue: Dialogue) -> bool:
    quote = {line["sku"]: Decimal(str(line["qty"])) for line in label["quote"]}
    return quote == _quantities(dialogue) and label["state"] == dialogue.state


def _quantities(dialogue: Dialogue) -> dict[str, Decimal]:
    return {line.sku: Decimal(line.quantity) for line in dialogue.lines}
