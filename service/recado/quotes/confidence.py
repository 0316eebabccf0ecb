"""How sure a line of the quote is: the chance that product and quantity are what the customer meant.

The factors are set so that what they multiply to agrees with the held-back cases (tests/quotes/reliability.py).
"""

from typing import Final

from recado.quotes.matcher import How
from recado.quotes.wishes import Wish

_BASE: Final = 0.985
_DOUBTS: Final = {
    "computed": 0.9,
    "corrected": 0.94,
    "head left out": 0.88,
    "in parts": 0.92,
    "in turn": 0.85,
    "quality or thing": 0.65,
    "quantity apart": 0.95,
}


def line_confidence(wish: Wish) -> float:
    """Between 0 and 1, two decimals."""
    sure = _BASE
    match = wish.element.match
    if match is not None:
        sure *= match.score
    for doubt in set(wish.doubts):
        sure *= _DOUBTS[doubt]
    element = wish.element
    if match is not None and match.how is How.START:
        sure *= 0.7
    if "box" in element.flags:
        sure *= 0.65
    if "kind" in element.flags:
        sure *= 0.65
    if "quantity after" in element.flags:
        sure *= 0.97
    return round(sure, 2)
