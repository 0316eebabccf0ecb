"""The confidence of a line: the chance that product and quantity are what the customer meant.

It is a logistic model. Its weights (`data/confidence.toml`) are fitted by `tests/quotes/fit_confidence.py` to
labelled orders of many trades, and to the same orders with one of their products removed from the catalogue.
"""

import math
import tomllib
from functools import cache, lru_cache
from importlib import resources
from typing import Final

from recado.quotes.catalogue.matcher import How
from recado.quotes.reading.wishes import Doubt, Wish
from recado.quotes.scan.elements import Flag

LIKELY: Final = 0.5
"""The least confidence with which a line is quoted: one that is less likely is asked for by its name instead."""
_LIKENESS: Final = (
    (0.68, Doubt.HARDLY_ALIKE),
    (0.84, Doubt.LESS_ALIKE),
    (0.93, Doubt.ONE_SLIP),
    (0.965, Doubt.ALIKE),
)
"""How well the name fits, up to which value, and the doubt that this is."""
_HALF: Final = 0.68
"""How well a name fits, up to which too little of it was said."""
_FLAGS: Final = {Flag.BOX: Doubt.BOX, Flag.KIND: Doubt.KIND, Flag.QUANTITY_AFTER: Doubt.QUANTITY_AFTER}


def features(wish: Wish) -> frozenset[Doubt]:
    """The doubts about a line."""
    element = wish.element
    found = {*wish.doubts}
    if element.flags:
        found.update([doubt for flag, doubt in _FLAGS.items() if flag in element.flags])
    match = element.match
    if match is None or (wish.product is not None and wish.product not in match.products):
        return frozenset(found)  # of another kind than was named first: "aceitunas negras, mejor rellenas"
    if match.how is How.START:
        found.add(Doubt.START_OF_THE_NAME)
    elif match.how is How.PART:
        found.add(Doubt.HALF_OF_THE_NAME if match.score <= _HALF else Doubt.PART_OF_THE_NAME)
    elif match.score <= _LIKENESS[-1][0]:
        found.add(next(doubt for most, doubt in _LIKENESS if match.score <= most))
    return frozenset(found)


def line_confidence(wish: Wish) -> float:
    """Between 0 and 1, with three decimals."""
    return _confidence(features(wish))


@lru_cache(maxsize=4096)
def _confidence(features: frozenset[Doubt]) -> float:
    weights = _weights()
    return round(chance(weights["base"] + sum(map(weights.__getitem__, features))), 3)


def chance(log_odds: float) -> float:
    """The chance for logarithmic odds."""
    return 1 / (1 + math.exp(-log_odds))


@cache
def _weights() -> dict[str, float]:
    """The weights of the doubts, and of "base". Raises ValueError if the file has other names than the code."""
    text = resources.files("recado.quotes").joinpath("data/confidence.toml").read_text("utf-8")
    weights: dict[str, float] = tomllib.loads(text)["weights"]
    if odd := weights.keys() ^ {"base", *Doubt}:
        raise ValueError(f"confidence.toml: there is no weight, or no doubt, for {', '.join(sorted(odd))}")
    return weights
