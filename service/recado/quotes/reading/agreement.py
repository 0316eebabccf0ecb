"""Whether a message contains a yes, and whether it is only a yes with noise around it."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from recado.quotes.language import role
from recado.quotes.reading.context import Context
from recado.quotes.scan.elements import THINGS, Element
from recado.quotes.scan.scan import Scanner

_WEAK: Final = frozenset([
    "bueno", "bien", "ya", "bn", "muy bien", "super", "ta", "ya esta", "ya ta", "ya estuvo", "ya pues", "yap",
    "me gusta", "todo bien",
])  # fmt: skip
"""Words of a yes that may open any other sentence, too."""
_BEFORE: Final = frozenset([role.COMMA, role.STOP, role.LINE, role.GREETING, role.COURTESY, role.THANKS, role.YES])
_BEHIND_IF: Final = frozenset([
    "me", "te", "le", "les", "nos", "se", "hay", "tienen", "tiene", "tienes", "es", "son", "puede", "pueden", "fuera",
    "pago", "llega", "llegan", "llegara", "alcanza", "alcanzan", "trae", "traen", "manda", "mandan", "deja", "dejan",
    "dejas", "hace", "hacen", "queda", "quedan", "sale", "viene", "vienen", "esta", "estan", "aceptan",
])  # fmt: skip
_IF_POSSIBLE: Final = frozenset(["si puede ser", "si se puede", "si es posible"])
"""Courtesies that set a condition at the beginning of a clause."""
_BRINGS: Final = frozenset([role.REQUEST, role.AVAILABLE, role.UNKNOWN, role.COURTESY])
_BEHIND_A_CALL: Final = frozenset([
    role.OUTSIDE, role.COMMA, role.STOP, role.LINE, role.COURTESY, role.THANKS, role.YES, role.BUT, role.AND,
])  # fmt: skip
"""What follows a yes to somebody: "si mi amor, ..."."""
_BEFORE_PLAIN: Final = _BEFORE | {role.AND}
_TELLERS: Final = frozenset([role.ASK, role.POSSESSIVE, role.DEFINITE, role.THAT])
_OF_TELLERS: Final = frozenset([role.PEOPLE, role.NAME])
_OPEN: Final = frozenset([role.QUESTION, role.BUT, role.AVAILABLE, role.PRICE, role.ASK])
"""With one of these words, a yes beside other words is not a plain yes."""


PAYING: Final = frozenset([
    "pago", "pagar", "pagare", "pagaria", "pagamos", "cancelo", "abono", "transfiero", "deposito", "yapeo", "billete",
    "transferi", "deposite", "pague",
])  # fmt: skip
"""Words about paying."""
_TO_WHOM: Final = frozenset(["te", "le", "les", "lo", "la", "los", "las", "se"])
_TO_CONFIRM: Final = frozenset(["confirmo", "confirmar", "confirmamos", "confirme"])


_DAYS: Final = frozenset([role.LATER, role.WEEKDAY])
"""The time that a confirmation is put off to: "le confirmo luego", "le confirmo el lunes"."""


class Agreement:
    """Hears the words of a yes in one message, one after the other. agrees: there is a yes, and it is not put off.
    accepts: it opens the message, or settles it whatever else the message contains."""

    def __init__(self, elements: Sequence[Element], scanner: Scanner, context: Context) -> None:
        self.agrees = self.accepts = False
        self._elements = elements
        self._scanner = scanner
        self._context = context
        self._closed = False

    def closes_list(self) -> None:
        """The message says that the list is complete: "ya, es todo" is not a yes."""
        self._closed = True

    def hear(self, element: Element) -> None:
        """Counts a word as a yes if it is one at its place."""
        i = element.index
        verb = i - (self._context.kind(i - 1) is role.DEFINITE)
        refused = self._context.kind(verb - 1) is role.NEGATION  # "no vale, mejor 2", "no lo confirme todavía"
        later = puts_off(element, self._context)
        if refused or later or is_if(element, self._context, self._scanner):
            return
        before = self._elements[:i]
        apart = not before and not self._closed and self._context.kind(i + 1) in (role.COMMA, role.STOP, role.BUT)
        norm = self._context.norm(i)
        strong = (norm == "ya" and apart) or self._context.kind(i + 1) is role.BUT  # "ya, ...", "todo bien pero ..."
        if norm in _WEAK and not strong:
            return
        opens = all(e.kind in _BEFORE or self._is_aside(e) or self._passes_on(e) for e in before)
        self.agrees = True
        self.accepts = self.accepts or opens or role.SETTLED in element.roles

    def settle(self, spoken: AbstractSet[int]) -> None:
        """Takes the yes back if the message puts it off; the elements in `spoken` do not matter."""
        if self.agrees and any(puts_off(e, self._context) for e in self._elements if e.index not in spoken):
            self.agrees = self.accepts = False

    def accepts_all(self, asides: AbstractSet[int]) -> bool:
        """Whether it accepts and asks for nothing else, apart from the elements in `asides`: "¿a qué hora llega?"."""
        return self.accepts and not any(
            e.kind in _OPEN and role.VISIT not in e.roles and e.index not in asides and not self._passes_on(e)
            for e in self._elements
        )

    def _is_aside(self, element: Element) -> bool:
        return element.kind is role.NOISE and bool(element.roles & {role.FILLER, role.EMOJI})

    def _passes_on(self, element: Element) -> bool:
        """ "dice mi mamá que sí": whether a word belongs to somebody else's yes."""
        i = element.index
        while self._context.kind(i) in _TELLERS or _OF_TELLERS & self._context.roles(i):
            i += 1
        return i > element.index and self._context.kind(i) is role.YES


def puts_off(element: Element, context: Context) -> bool:
    """Whether a word puts the answer off: "luego", "te aviso"; but not "luego te pago", "que después no hay nadie"."""
    if context.norm(element.index) in _TO_CONFIRM:
        at = element.index + 1 + (context.kind(element.index + 1) is role.DEFINITE)
        return bool(_DAYS & context.roles(at)) or _comes_later(element.index, context)
    if role.UNSETTLED not in element.roles or role.LATER not in element.roles:
        return role.UNSETTLED in element.roles
    i = element.index + 1
    while context.norm(i) in _TO_WHOM:
        i += 1
    timed = context.kind(i) is role.OF or context.kind(i) is role.MASK  # "después de las 6"
    return not (timed or context.kind(element.index - 1) is role.THAT or context.norm(i) in PAYING)


def _comes_later(i: int, context: Context) -> bool:
    """ "paso mañana y le confirmo", "antes de confirmar", but not "sí, te confirmo", "y te confirmo el pedido"."""
    if context.kind(i - 1) in (role.OF, role.FOR, role.TO, role.BY):
        return True
    if context.norm(i - 1) not in ("te", "le", "les") or context.kind(i + 1) is role.DEFINITE:
        return False
    return any(context.kind(j) not in _BEFORE_PLAIN for j in range(i - 1))


def is_if(element: Element, context: Context, scanner: Scanner) -> bool:
    """ "si me las dejas a 10" is not a yes; "si me las llevo" is, because a word of a yes follows."""
    i = element.index
    if context.norm(i) in _IF_POSSIBLE:
        return context.kind(i - 1) in _BEFORE and context.kind(i + 1) not in _BEHIND_A_CALL
    if scanner.written(element.start, element.end).lower() != "si":
        return False
    after = context.kind(i + 1)
    words = context.norm(i + 1).split() if after else []
    brings = after is role.DEFINITE and context.kind(i + 2) in _BRINGS
    return (
        after is role.NEGATION
        or brings
        or (after is not role.YES and not _BEHIND_IF.isdisjoint(words[:1]))  # "si lo traen hoy"
        or _tells_of(i, context)
        or (context.norm(i + 1) == "si" and _is_asked(i, context, scanner))
        or (context.kind(i - 1) is role.ONLY and after not in _BEHIND_A_CALL)  # "nomás si hay"
    )


def _is_asked(i: int, context: Context, scanner: Scanner) -> bool:
    """ "¿aceptan tarjeta? si sí, los llevo": whether the second word is the answer that the first waits for."""
    answer = context.elements[i + 1]
    return context.kind(i - 1) is role.QUESTION or scanner.written(answer.start, answer.end).lower() == "sí"


def _tells_of(i: int, context: Context) -> bool:
    """ "si mi tío deposita", "si la gorra es buena", but not "si mi amor, ...", "si la gorra está bien"."""
    if context.kind(i + 1) is role.POSSESSIVE:
        does = not _BEHIND_IF.isdisjoint(context.norm(i + 3).split()[:1])  # "si mi hermana puede"
        return role.PEOPLE in context.roles(i + 2) and (does or context.kind(i + 3) not in _BEHIND_A_CALL)
    told = context.kind(i + 1) is role.DEFINITE and context.kind(i + 2) in THINGS
    return told and context.kind(i + 3) in (role.COPULA, role.AVAILABLE) and context.kind(i + 4) is not role.YES


def limits(element: Element, context: Context) -> bool:
    """ "pero si", "solo si": whether what is agreed to before it depends on the condition."""
    return context.kind(element.index - 1) in (role.BUT, role.ONLY)
