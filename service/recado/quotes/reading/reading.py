"""What one message says: its elements, and what the customer wishes."""

from typing import Final

import msgspec

from recado.quotes.catalogue.matcher import How, Matcher
from recado.quotes.language import role
from recado.quotes.language.role import Role
from recado.quotes.reading.binding import Binder
from recado.quotes.reading.context import Context
from recado.quotes.reading.shared_sizes import share_sizes
from recado.quotes.reading.wishes import Stance, Wish
from recado.quotes.scan.elements import Element
from recado.quotes.scan.scan import Scanner

_PRICES: Final = frozenset([role.PRICE, role.TOTAL])


class Serving(msgspec.Struct, frozen=True):
    """What each one gets: the things of the elements from `start` to `end`. `heads`: the element with their number;
    None if the message has none. `apart`: whether the share of each is apart from its things, which then have no other
    number: "2 kg de limón y elotes, uno para cada uno"."""

    start: int
    end: int
    heads: int | None
    apart: bool = False


class Reading:
    """One message while it is read. walk.py adds the `wishes` in the order of their first mention; the rest determines
    the intent.

    kinds: those of all elements. Code that looks for a rare element asks them first. servings: what each of several
    people or things gets. focus: the wish that was spoken of last.
    """

    def __init__(self, text: str, matcher: Matcher) -> None:
        self.matcher = matcher
        self.scanner = Scanner(text, matcher)
        self.elements = self.scanner.scan()
        self.wishes: list[Wish] = []
        self.requested = False
        self.priced = False
        self.totalled = False
        self.refused_all = False
        self.servings: list[Serving] = []
        self.focus: Wish | None = None
        Binder(self.scanner.tokens, matcher).bind(self.elements)
        self.kinds = frozenset([element.kind for element in self.elements])
        if role.SEVERAL in self.kinds or {role.LINK, role.UNKNOWN} <= self.kinds:
            share_sizes(self.scanner, self.elements)
            self.kinds = frozenset([element.kind for element in self.elements])
        self.asks_price = not self.kinds.isdisjoint(_PRICES)
        self.context = Context(self.elements, self.scanner.norms, self.scanner.roles)

    def is_told(self) -> bool:
        """Whether the last thing is only mentioned."""
        return bool(self.wishes) and self.wishes[-1].state is Stance.MENTIONED

    def known(self, element: Element) -> Wish | None:
        """The wish for the same product; None if there is none."""
        if element.kind is not role.PRODUCT or element.match is None:
            return None
        product = element.match.products[0]
        return next((w for w in self.wishes if w.product == product and w.state is Stance.WANTED), None)

    def known_kind(self, element: Element) -> Wish | None:
        """The only wish of a kind that an element names without telling which: "el jugo" after "un jugo de naranja"."""
        if element.kind is not role.SEVERAL or element.match is None or element.match.how is not How.SEVERAL:
            return None
        found = [w for w in self.wishes if w.product in element.match.products and w.state is Stance.WANTED]
        return found[0] if len(found) == 1 else None

    def around(self, element: Element) -> set[Role]:
        at = element.index
        return {e.kind for e in self.elements[max(0, at - 1) : at]}

    def last(self, states: tuple[Stance, ...]) -> Wish | None:
        if self.focus is not None and self.focus.state in states:
            return self.focus
        return next((w for w in reversed(self.wishes) if w.state in states), None)
