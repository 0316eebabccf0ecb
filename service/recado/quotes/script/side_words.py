"""Words beside a change: its reason, references back to it; and whether a message changes anything at all."""

from collections.abc import Set as AbstractSet
from typing import Final

from recado.quotes.language import role
from recado.quotes.language.constructions import Found
from recado.quotes.language.text import NUMBER, WORD
from recado.quotes.reading.reading import Reading
from recado.quotes.scan.elements import THINGS, Element
from recado.quotes.script.mentions import Mentions

_EDITS: Final = frozenset([role.REMOVE, role.CHANGE, role.INSTEAD])
_DEFINITE: Final = frozenset([role.DEFINITE])
_POINTING: Final = frozenset([role.DEFINITE, role.YES])
_BEFORE_KINDS: Final = frozenset([role.OF, role.TO, role.DEFINITE])
_AROUND_A_NO: Final = frozenset([
    role.COMMA, role.STOP, role.LINE, role.NEGATION, role.NOPE, role.COURTESY, role.THANKS, role.GREETING, role.ONLY,
])  # fmt: skip
_PERSONS: Final = frozenset([role.PEOPLE, role.NAME])
_FEW: Final = 4
"""Elements of a message that is nothing but an answer."""
CERTAIN: Final = 0.95
"""Below this likeness to a name, a word only resembles it."""


class Asides:
    """Looks at the elements of one message."""

    def __init__(self, reading: Reading, mentions: Mentions) -> None:
        self._elements = reading.elements
        self._kinds = reading.kinds
        self._tokens = reading.scanner.tokens
        self._context = reading.context
        self._mentions = mentions

    def is_reason(self, reason: Found, goes: AbstractSet[str], *, changes: bool) -> bool:
        """Whether words give the reason for the change before them, or for a no: they name only the thing that is
        removed."""
        within = [e for e in self._elements if reason.start <= e.start < reason.end]
        named = [e for e in within if e.match is not None and e.match.score >= CERTAIN]
        if any(goes.isdisjoint(self._mentions.plain(element).skus) for element in named):
            return False
        return changes or self._is_bare_no(reason)

    def leads_to_removal(self, reason: Found) -> bool:
        """ "ya tengo lechuga, quita la ensalada": whether the change stands behind its reason."""
        behind = [e.kind for e in self._elements if e.start >= reason.end][:2]
        return behind == [role.COMMA, role.REMOVE]

    def _is_bare_no(self, reason: Found) -> bool:
        """Whether the message is only a no and the reason for it."""
        around = [e for e in self._elements if not reason.start <= e.start < reason.end]
        quiet = all(e.kind in _AROUND_A_NO or role.VACUOUS in e.roles for e in around)
        return quiet and any(e.kind in (role.NEGATION, role.NOPE) and e.end <= reason.start for e in around)

    def is_pointed_at(self, element: Element) -> bool:
        """ "quise decir la manta, esa quítala": the next clause refers to the thing that is removed, which has no
        quantity."""
        i = element.index + 1
        if element.q is not None or self._context.kind(i) not in (role.COMMA, role.STOP):
            return False
        i = self._context.next(i, _POINTING)
        return self._context.kind(i) is role.REMOVE and self._context.closes(i + 1)

    def is_of_somebody(self, element: Element) -> bool:
        """ "unas blancas para mi hijo", "dijo mi jefe que 25": whether a word is somebody whom the order is of."""
        if not element.roles & _PERSONS:
            return False
        of_mine = self._context.kind(element.index - 1) is role.POSSESSIVE
        return of_mine or (element.kind is role.NOISE and self._context.is_for(element.index - 1))

    def closes(self, token: int) -> bool:
        """Whether a clause ends at a token."""
        tokens = self._tokens
        return token >= len(tokens) or tokens[token].kind not in (WORD, NUMBER) or tokens[token].norm == "y"

    def is_kind(self, token: int) -> bool:
        """Whether the name of a kind is at a token: "rosa", "en L", "de 5 años"."""
        after = next((e for e in self._elements if e.start >= token and e.kind not in _BEFORE_KINDS), None)
        return after is not None and after.kind is role.QUALITY and self._mentions.wish(after) is not None

    def answers(self, element: Element) -> bool:
        """Whether a word is all that a message says, and of a name: "chicos", of nachos."""
        if element.kind is not role.COURTESY or not self._mentions.knows(element):
            return False
        return len(self._elements) <= _FEW and all(e.kind in _AROUND_A_NO for e in self._elements)

    def edit(self) -> bool:
        """Whether a word removes or changes something: "sin las chelas", unlike "sin cebolla"."""
        if not self._kinds.isdisjoint(_EDITS):
            return True
        sin = (e for e in self._elements if e.kind is role.WITHOUT)
        return role.WITHOUT in self._kinds and any(map(self._is_without, sin))

    def _is_without(self, element: Element) -> bool:
        """Whether "sin" precedes a thing that can be removed."""
        i = self._context.next(element.index, _DEFINITE)
        known = self._context.kind(i) in (role.PRODUCT, role.SEVERAL)
        return known or (self._context.kind(i) in THINGS and i > element.index + 1)
