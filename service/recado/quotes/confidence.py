"""How sure a line of the quote is: the chance that product and quantity are what the customer meant.

A logistic model. Its weights (`data/confidence.toml`) are fitted by `tests/quotes/fit_confidence.py` to labelled orders
of many trades, and to the same orders with one of their products taken out of the catalogue.
"""

import math
import tomllib
from functools import cache, lru_cache
from importlib import resources
from typing import Final

from recado.quotes.matcher import How
from recado.quotes.wishes import Wish

LIKELY: Final = 0.5
"""The least confidence with which a line is quoted: one that is less likely is asked for by its name instead."""
_LIKENESS: Final = ((0.68, "hardly alike"), (0.84, "less alike"), (0.93, "one slip"), (0.965, "alike"))
"""How well the name fits, up to which value, and what that is called."""
_HALF: Final = 0.68
"""How well a name fits, up to which too little of it was said."""
_FLAGS: Final = frozenset(["box", "kind", "quantity after"])


def features(wish: Wish) -> frozenset[str]:
    """What speaks for or against a line, by name."""
    element = wish.element
    found = element.flags & _FLAGS
    found.update(wish.doubts)
    match = element.match
    if match is None:
        return frozenset(found)
    if match.how is How.START:
        found.add("start of the name")
    elif match.how is How.PART:
        found.add("half of the name" if match.score <= _HALF else "part of the name")
    elif (likeness := next((name for most, name in _LIKENESS if match.score <= most), None)) is not None:
        found.add(likeness)
    return frozenset(found)


def line_confidence(wish: Wish) -> float:
    """Between 0 and 1, three decimals."""
    return _confidence(features(wish))


@lru_cache(maxsize=4096)
def _confidence(features: frozenset[str]) -> float:
    weights = _weights()
    return round(chance(weights["base"] + sum(map(weights.__getitem__, features))), 3)


def chance(log_odds: float) -> float:
    """The chance that stands behind logarithmic odds."""
    return 1 / (1 + math.exp(-log_odds))


@cache
def _weights() -> dict[str, float]:
    text = resources.files("recado.quotes").joinpath("data/confidence.toml").read_text("utf-8")
    weights: dict[str, float] = tomllib.loads(text)["weights"]
    return weights
