"""The elements of a message: quantities, things, words that steer, marks."""

from typing import Final

from recado.quotes.lexicon import NONE
from recado.quotes.matcher import Match
from recado.quotes.numbers import Quantity

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


class Element:
    """One element. `start`, `end` are its first token and the one after its last; `q` the quantity bound to a thing."""

    __slots__ = (
        "end",
        "flags",
        "index",
        "kind",
        "match",
        "negative",
        "q",
        "quantity",
        "roles",
        "start",
        "text",
        "words",
    )

    def __init__(self, kind: str, start: int, end: int, roles: frozenset[str] = NONE) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.roles = roles
        self.quantity: Quantity | None = None
        self.match: Match | None = None
        self.q: Element | None = None
        self.negative = False
        self.flags: set[str] = set()
        self.index = 0
        self.text = ""
        self.words: list[str] = []

    def __repr__(self) -> str:
        return f"<{self.kind} {self.start}-{self.end} {self.quantity.value if self.quantity else ''}{self.text}>"
