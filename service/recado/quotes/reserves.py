"""What holds a yes back: a no, a condition, a "but" or a quality beside it, of which nothing comes.

An address, a payment, a time and courtesy hold nothing back.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from recado.quotes.agreement import is_if
from recado.quotes.elements import COMMA, LINE, LINK, MASK, PRODUCT, QUALITY, QUESTION, SEVERAL, STOP, UNKNOWN, Element
from recado.quotes.reading import Reading

_MARKS: Final = frozenset([COMMA, STOP, LINE, QUESTION, LINK, "and", "but"])
OF_DELIVERY: Final = frozenset(["address", "later", "weekday", "services", "courtesy", "thanks", "greeting"])
"""Roles of what changes nothing: "pero para mañana", "pero pago con tarjeta", "un abrazo"."""
_REFUSALS: Final = frozenset(["negation", "nope"])
_TAKES_OUT: Final = frozenset(["only", "remove", "without", "negation", "change", "instead"])
_CHECKS: Final = frozenset(["ask", "available"])


def reserves(reading: Reading) -> tuple[str, ...]:
    """What holds a yes back, as it is written."""
    states = {wish.element.index: wish.state for wish in reading.wishes}
    found = (clause for clause in _clauses(reading.elements) if _holds_back(clause, reading, states))
    return tuple(reading.scanner.written(clause[0].start, clause[-1].end) for clause in found)


def _clauses(elements: Sequence[Element]) -> Iterator[list[Element]]:
    """What stands between two marks; a clause behind "pero" begins with it."""
    clause: list[Element] = []
    for element in elements:
        if element.kind in _MARKS:
            if clause and clause[-1].kind != "but":
                yield clause
                clause = []
            if element.kind == "but":
                clause = [element]
        else:
            clause.append(element)
    if clause:
        yield clause


def _holds_back(clause: Sequence[Element], reading: Reading, states: dict[int, str]) -> bool:
    if any(is_if(element, reading.context, reading.scanner) for element in clause):
        return not _is_of_delivery(clause)
    named = any(element.kind in (PRODUCT, SEVERAL, QUALITY) for element in clause)
    no = clause[-1].kind in _REFUSALS and not (len(clause) > 1 and reading.context.norm(clause[-1].index) == "nada")
    if not named and (no or any(element.kind == "same" for element in clause)):
        return True  # "sí, no", "y lo mismo para mi hermano", but not "no falta nada"
    if _is_described(clause, states) or _is_told(clause, states):
        return True
    if clause[0].kind != "but":
        return False
    if any(element.kind in _CHECKS for element in clause):
        return True  # "pero antes dime si la gorra es de lana"
    return not named and not any(e.quantity is not None for e in clause) and not _is_of_delivery(clause)


def _is_described(clause: Sequence[Element], states: dict[int, str]) -> bool:
    """Whether a thing is told apart by what its catalogue does not: "sí, pero azules"."""
    if any(element.kind in _TAKES_OUT for element in clause):
        return False
    if any("qualified" in e.flags and states.get(e.index) == "wanted" for e in clause):
        return True
    return any("colours" in e.roles and e.kind != "yes" for e in clause) and not _is_of_delivery(clause)


def _is_told(clause: Sequence[Element], states: dict[int, str]) -> bool:
    """Whether things are counted and only told of: "sí, te pedí una bufanda"."""
    counted = [element for element in clause if element.q is not None and element.q.index < element.index]
    story = any(element.kind == "story" for element in clause)
    told = any(states.get(e.index) == "mentioned" or (story and e.kind == UNKNOWN) for e in counted)
    return told and not _is_of_delivery(clause)


def _is_of_delivery(clause: Sequence[Element]) -> bool:
    """Whether it speaks of where, when or how it is paid; what is asked of goods does not: "pero quiero ver fotos"."""
    return any(
        element.kind == MASK
        or (not element.roles.isdisjoint(OF_DELIVERY) and "about" not in element.roles)
        or element.kind in OF_DELIVERY
        for element in clause
    )
