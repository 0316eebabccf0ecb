"""The elements of a message: quantities, things, steering words, marks."""

from enum import IntEnum, auto
from typing import Final

import msgspec

from recado.quotes.catalogue.matcher import Match
from recado.quotes.language import role
from recado.quotes.language.lexicon import NONE
from recado.quotes.language.numbers import Quantity
from recado.quotes.language.role import Role, Roles
from recado.quotes.language.sizes import Size

VERBS: Final = frozenset([role.REQUEST, role.ADD, role.REMOVE, role.CHANGE])
THINGS: Final = frozenset([role.PRODUCT, role.SEVERAL, role.UNKNOWN, role.QUALITY])
ALL: Final = frozenset(["todo", "todos", "todas"])
"""Words for everything that was named."""

CLITICS: Final = frozenset(["me", "te", "le", "les", "se", "nos"])
"""Pronouns that only a verb follows: "le ofrezco"."""


class Flag(IntEnum):
    """What was found out about an element. An integer, because its hash is fast."""

    ANOTHER = auto()
    """A number that means one more: "otra"."""
    BOUND = auto()
    """A number that a thing has taken."""
    BOX = auto()
    CONTAINER = auto()
    """A thing that is named with what holds it."""
    GOOD = auto()
    """An unknown word that means something to buy."""
    KIND = auto()
    """A thing with a quality that the catalogue may lack."""
    LOST = auto()
    MENDED = auto()
    """A quality that corrected the preceding thing."""
    MORE = auto()
    OPEN = auto()
    """A mark that opens a bracket."""
    OTHER = auto()
    """A thing with a quality that the catalogue lacks."""
    PERSON = auto()
    PLACED = auto()
    """A number that found its thing without being bound to it."""
    QUALIFIED = auto()
    """A thing that is described after its name."""
    QUANTITY_AFTER = auto()
    SHARE = auto()
    SIZE = auto()
    """A number that is a size, or an element that has one."""
    VERB = auto()
    """An unknown word that looks like a verb."""
    X = auto()
    """A mark that multiplies."""


class Element(msgspec.Struct, eq=False):
    """One element. `start`, `end`: its first token and the one after its last; `q`: the quantity of a thing."""

    kind: Role
    start: int
    end: int
    roles: Roles = NONE
    index: int = 0
    text: str = ""
    quantity: Quantity | None = None
    match: Match | None = None
    q: "Element | None" = None
    negative: bool = False
    flags: set[Flag] = msgspec.field(default_factory=set)
    words: list[str] = msgspec.field(default_factory=list)
    sizes: list[Size] = msgspec.field(default_factory=list)

    def counts_pieces(self) -> bool:
        """Whether a quantity counts pieces or their containers: "3 piezas", "dos manojos"."""
        return self.quantity is not None and self.quantity.pieces
