"""Finds refusals that change nothing: "el diferencial no lo ponga", where the words behind "no" are in no table.

A refusal beside a wanted thing is understood only if the message reads otherwise without it. So the message is read
once more; that happens to few messages, because most refusals have their effect on the thing or are courtesy.
"""

from typing import Final

from recado.quotes.language import role
from recado.quotes.reading.reading import Reading
from recado.quotes.reading.walk import walk
from recado.quotes.reading.wishes import Stance
from recado.quotes.scan.elements import Element, Flag

_REFUSALS: Final = frozenset([role.NEGATION, role.NOPE, role.CORRECTION])
_STEERING: Final = _REFUSALS | {role.INSTEAD, role.EACH, role.ONLY, role.REMOVE, role.CHANGE, role.BY, role.WITHOUT}
"""Kinds that are left out together, as two of them may say the same: "no el castrol, solo el mobil"."""
_BORDERS: Final = frozenset([
    role.OUTSIDE, role.COMMA, role.STOP, role.LINE, role.QUESTION, role.LINK, role.AND, role.BUT,
])  # fmt: skip
_NO: Final = frozenset(["no", "nada", "ni", "tampoco"])
_NEAR: Final = 5
"""How many elements a thing may be away: "mi marido no tiene qué ponerse así que necesito un ambo" refuses nothing."""
_OPENS: Final = frozenset(["si", "que", "q"])
"""Words before a "no" that is a condition ("si no tienes") or tells a kind ("que no sean blancas")."""


def unheard(reading: Reading) -> tuple[str, ...]:
    """The clauses with a refusal beside a wanted thing, as written, if the message reads the same without refusals. The
    second reading uses up the same steps as the first. Raises TooLongError."""
    if _REFUSALS.isdisjoint(reading.kinds):
        return ()
    wanted = {wish.element.index for wish in reading.wishes if wish.state is Stance.WANTED}
    refusals = [element for element in reading.elements if _refuses(reading, element)]
    clauses = [clause for one in refusals if not wanted.isdisjoint(clause := _clause(reading, one))]
    if not clauses:
        return ()
    without = Reading(_without(reading), reading.matcher)
    walk(without)
    if _wanted(without) != _wanted(reading):
        return ()
    written, elements = reading.scanner.written, reading.elements
    texts = [written(elements[clause[0]].start, elements[clause[-1]].end) for clause in _joined(clauses)]
    return tuple(dict.fromkeys(texts))


def _refuses(reading: Reading, element: Element) -> bool:
    """Whether an element says no to something, unlike that of "sirve para la tos, ¿no?"."""
    context, i = reading.context, element.index
    if element.kind not in _REFUSALS or context.norm(i - 1) in _OPENS or context.kind(i + 1) is role.QUESTION:
        return False
    if Flag.MENDED in element.flags or (context.norm(i) == "nada" and context.kind(i + 1) is role.REQUEST):
        return False  # "dos, no perdón, tres paquetes", "hola, nada, mándame un ron"
    return not _NO.isdisjoint(reading.scanner.norms[element.start : element.end])


def _clause(reading: Reading, element: Element) -> range:
    """The elements near an element and in the same clause."""
    kind, first, last = reading.context.kind, element.index, element.index
    while kind(first - 1) not in _BORDERS and element.index - first < _NEAR:
        first -= 1
    while kind(last + 1) not in _BORDERS and last - element.index < _NEAR:
        last += 1
    return range(first, last + 1)


def _joined(clauses: list[range]) -> list[range]:
    """The clauses in order; those that overlap, as they have several refusals, are one."""
    joined: list[range] = []
    for clause in clauses:
        if joined and clause.start < joined[-1].stop:
            joined[-1] = range(joined[-1].start, max(clause.stop, joined[-1].stop))
        else:
            joined.append(clause)
    return joined


def _without(reading: Reading) -> str:
    """The text without the words that steer an order."""
    text, scanner = reading.scanner.text, reading.scanner
    for element in reversed(reading.elements):
        if element.kind in _STEERING:
            start, end = scanner.tokens[element.start].start, scanner.tokens[element.end - 1].end
            text = text[:start] + text[end:]
    return text


def _wanted(reading: Reading) -> list[tuple[int | None, str]]:
    return [(wish.product, str(wish.total(False))) for wish in reading.wishes if wish.state is Stance.WANTED]
