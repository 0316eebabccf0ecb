"""How many people a thing is for: "somos 6, un almuerzo para cada uno", "un libro para cada niño, son 12"."""

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from recado.quotes.context import WE_ARE
from recado.quotes.elements import COMMA, LINE, QUANTITY, STOP, THINGS
from recado.quotes.numbers import Unusable

if TYPE_CHECKING:
    from recado.quotes.reading import Reading
    from recado.quotes.wishes import Wish

_AHEAD: Final = 40
"""Elements looked at around the present one: more than any sentence has."""
_PARTS: Final = frozenset([COMMA, STOP, LINE])


def serves_each(reading: "Reading", i: int) -> bool:
    """Whether "each" at `i` is of people, and the things before it were multiplied; without a count of people it is
    asked how many."""
    person = "person" in reading.elements[i].flags
    if not (person or reading.context.kind(i - 1) in ("for", *THINGS)):
        return False
    if (told := _heads(reading, max(0, i - _AHEAD), i)) is not None:
        since, heads = told
        served = [w for w in reading.wishes if w.element.index > since]
    elif (told := _heads(reading, i + 1, i + _AHEAD)) is not None:
        _, heads = told
        served = _beside(reading, i)
    elif person or reading.context.kind(i - 1) == "for":
        for wish in _beside(reading, i):
            wish.unusable = Unusable.VAGUE
        return True
    else:
        return False
    for wish in served:
        if wish.state == "wanted":
            wish.amount = (wish.amount or 1) * heads
            wish.doubts.append("computed")
    return True


def _beside(reading: "Reading", i: int) -> list["Wish"]:
    """What is wished in the part of the sentence that ends at `i`."""
    start = next((e.index for e in reversed(reading.elements[:i]) if e.kind in _PARTS), -1)
    return [w for w in reading.wishes if w.element.index > start]


def _heads(reading: "Reading", start: int, end: int) -> tuple[int, int | Fraction] | None:
    """Where it is told how many people there are, and how many; of several the last."""
    for element in reversed(reading.elements[start:end]):
        q = element.quantity
        if element.kind == QUANTITY and q is not None and not q.article and _counts_heads(reading, element.index):
            return element.index, q.value
    return None


def _counts_heads(reading: "Reading", i: int) -> bool:
    """ "somos 6", "para 6 personas", "25 niños"."""
    if reading.context.norm(i - 1) in WE_ARE:
        return True
    if "bound" in reading.elements[i].flags:
        return False
    return reading.context.kind(i - 1) == "copula" or "people" in reading.context.roles(i + 1)
