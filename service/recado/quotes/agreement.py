"""Whether a message holds a yes, and whether it is nothing but one, with noise around it."""

from collections.abc import Sequence
from typing import Final

from recado.quotes.context import Context
from recado.quotes.elements import COMMA, LINE, MASK, NOISE, QUESTION, STOP, Element
from recado.quotes.scan import Scanner

_WEAK: Final = frozenset([
    "bueno", "bien", "ya", "bn", "muy bien", "super", "ta", "ya esta", "ya ta", "ya estuvo", "ya pues", "yap",
    "me gusta", "todo bien",
])  # fmt: skip
"""Words of a yes that open any sentence."""
_BEFORE: Final = frozenset([COMMA, STOP, LINE, "greeting", "courtesy", "thanks", "yes"])
_BEHIND_IF: Final = frozenset([
    "me", "te", "le", "les", "nos", "se", "hay", "tienen", "tiene", "tienes", "es", "son", "puede", "pueden", "fuera",
    "pago", "llega", "llegan", "alcanza",
])  # fmt: skip
_OPEN: Final = frozenset([QUESTION, "but", "available", "price", "ask"])
"""With one of these a yes beside other words is not a plain one."""


PAYING: Final = frozenset([
    "pago", "pagar", "pagare", "pagaria", "pagamos", "cancelo", "abono", "transfiero", "deposito", "yapeo", "billete",
    "transferi", "deposite", "pague",
])  # fmt: skip
"""Words of a payment."""
_TO_WHOM: Final = frozenset(["te", "le", "les", "lo", "la", "los", "las", "se"])


class Agreement:
    """Hears the words of a yes of one message, one after the other.

    agrees: there is one. accepts: it opens the message, or settles it whatever stands beside it.
    """

    def __init__(self, elements: Sequence[Element], scanner: Scanner, context: Context) -> None:
        self.agrees = self.accepts = False
        self._elements = elements
        self._scanner = scanner
        self._context = context
        self._closed = False

    def closes_list(self) -> None:
        """The message says that the list is complete: "ya, es todo" is no yes."""
        self._closed = True

    def hear(self, element: Element) -> None:
        """Take a word of a yes for one, where it stands as one."""
        i = element.index
        if self._context.kind(i - 1) == "negation" or is_if(element, self._context, self._scanner):
            return  # "no vale, mejor 2"
        before = self._elements[:i]
        apart = not before and not self._closed and self._context.kind(i + 1) in (COMMA, STOP, "but")
        norm = self._context.norm(i)
        strong = (norm == "ya" and apart) or self._context.kind(i + 1) == "but"  # "ya, ...", "todo bien pero ..."
        if norm in _WEAK and not strong:
            return
        opens = all(e.kind in _BEFORE or (e.kind == NOISE and e.roles & {"filler", "emoji"}) for e in before)
        self.agrees = True
        self.accepts = self.accepts or opens or "settled" in element.roles

    def accepts_all(self) -> bool:
        """Whether it accepts, and nothing is asked or put off beside it."""
        of_when = any("when" in e.roles for e in self._elements)  # "sí, ¿a qué hora llega?"
        return self.accepts and not any(
            (e.kind in _OPEN and "visit" not in e.roles and not (of_when and e.kind == QUESTION))
            or puts_off(e, self._context)
            for e in self._elements
        )


def puts_off(element: Element, context: Context) -> bool:
    """Whether a word puts the answer off: "luego", "te aviso"; but not "luego te pago", "que después no hay nadie"."""
    if "unsettled" not in element.roles or "later" not in element.roles:
        return "unsettled" in element.roles
    i = element.index + 1
    while context.norm(i) in _TO_WHOM:
        i += 1
    timed = context.kind(i) == "of" or context.kind(i) == MASK  # "después de las 6"
    return not (timed or context.kind(element.index - 1) == "that" or context.norm(i) in PAYING)


def is_if(element: Element, context: Context, scanner: Scanner) -> bool:
    """ "si me las dejas a 10": no yes, unlike "si me las llevo", where a word of a yes follows."""
    after = context.kind(element.index + 1)
    words = context.norm(element.index + 1).split() if after else []
    written = scanner.written(element.start, element.end).lower()
    return written == "si" and after != "yes" and not _BEHIND_IF.isdisjoint(words[:1])
