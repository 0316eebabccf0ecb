"""The elements of a message: quantities, things, words that steer, marks."""

from typing import Final

import msgspec

from recado.quotes.lexicon import NONE
from recado.quotes.matcher import Match
from recado.quotes.numbers import Quantity
from recado.quotes.sizes import Size

# kinds of element; the rest are role names of the lexicon, the first that fits in this order
QUANTITY: Final = "quantity"
PRODUCT: Final = "product"
SEVERAL: Final = "several"
UNKNOWN: Final = "unknown"
QUALITY: Final = "quality"  # a colour, a size, a part of a name: "2 de las azules"
COMMA: Final = "comma"
STOP: Final = "stop"
QUESTION: Final = "question"
LINE: Final = "line"
LINK: Final = "link"
MASK: Final = "mask"
NOISE: Final = "noise"
VERBS: Final = frozenset(["request", "add", "remove", "change"])
THINGS: Final = frozenset([PRODUCT, SEVERAL, UNKNOWN, QUALITY])


class Element(msgspec.Struct, eq=False):
    """One element. `start`, `end` are its first token and the one after its last; `q` the quantity bound to a thing."""

    kind: str
    start: int
    end: int
    roles: frozenset[str] = NONE
    index: int = 0
    text: str = ""
    quantity: Quantity | None = None
    match: Match | None = None
    q: "Element | None" = None
    negative: bool = False
    flags: set[str] = msgspec.field(default_factory=set)
    words: list[str] = msgspec.field(default_factory=list)
    sizes: list[Size] = msgspec.field(default_factory=list)

    def counts_pieces(self) -> bool:
        """Whether a quantity counts pieces or what they come in: "3 piezas", "dos manojos"."""
        return self.quantity is not None and self.quantity.pieces
