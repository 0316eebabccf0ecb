"""What a message says, taken apart into steps, as far as the message alone tells.

Only the conversation knows which line or question is meant: see interpreter.py.
"""

from fractions import Fraction

import msgspec

from recado.quotes.constructions import Does
from recado.quotes.lexicon import Unit
from recado.quotes.numbers import Unusable


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A thing that is named.

    skus: one where it is known, several where it could be any of them, none where it is not sold. amount: in what the
    product is sold by; None where none was said. words: as they stand, plain. written: with its number. headless: it
    stands behind "la de", so that it may be a kind of what was said before. like: names that it may be meant for.
    """

    text: str
    skus: tuple[str, ...] = ()
    amount: int | Fraction | None = None
    unusable: Unusable | None = None
    confidence: float = 1.0
    words: tuple[str, ...] = ()
    written: str = ""
    headless: bool = False
    like: tuple[str, ...] = ()


class Named(msgspec.Struct, frozen=True):
    """Something is done to a thing."""

    does: Does
    mention: Mention


class Bare(msgspec.Struct, frozen=True, kw_only=True):
    """A number, or words that only tell products apart, of something said before.

    text: as it is written. fragment: without its amount. unit: that of the amount. plural: whether the article before
    it is ("los 2"); None without one. foreign: it is about something else, such as money. describes: a colour, a size
    or a part of a name is among the words. pairs: it is a number of pairs. each: of each. counts: a number
    begins it, so that it is a wish. leads: it asks for something ("dame los negros"). steered: a
    verb says what is done. pointing: nothing is said but what is to be done. places: indexes of its elements.
    """

    does: Does
    amount: int | Fraction | None = None
    words: tuple[str, ...] = ()
    text: str = ""
    fragment: str = ""
    unit: Unit | None = None
    plural: bool | None = None
    foreign: bool = False
    describes: bool = False
    pairs: bool = False
    each: bool = False
    counts: bool = False
    leads: bool = False
    steered: bool = False
    pointing: bool = False
    places: tuple[int, ...] = ()


class Kept(msgspec.Struct, frozen=True):
    """All but these go."""

    mentions: tuple[Mention, ...]


class Replaced(msgspec.Struct, frozen=True):
    """One thing goes for another; `comes` is None where the message does not say which."""

    goes: Mention | Bare
    comes: "Mention | Bare | None"


class Scaled(msgspec.Struct, frozen=True):
    """So many times as much of everything, or of one thing."""

    factor: Fraction
    mention: Mention | None = None


class Spoken(msgspec.Struct, frozen=True):
    """Something is said of the order as a whole."""

    does: Does


Step = Named | Bare | Kept | Replaced | Scaled | Spoken


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """The steps of a message in order.

    agrees: it holds a yes. accepts: it opens with one or settles it, and asks or puts off nothing. reserves: what holds
    a yes back, as it is written. tells: indexes of elements that have to lead to a change beside a yes. priced: it asks
    what things cost and orders nothing. inquires: it is a question, and asks for nothing to be ordered;
    offers: of what the shop has.
    asked: what it asks for without ordering it ("¿tienen gorras?").
    """

    steps: tuple[Step, ...]
    agrees: bool = False
    accepts: bool = False
    reserves: tuple[str, ...] = ()
    tells: frozenset[int] = frozenset()
    priced: bool = False
    inquires: bool = False
    offers: bool = False
    asked: tuple[Mention, ...] = ()

    @property
    def says_no_more(self) -> bool:
        """Whether nothing is named beside what is said of the whole. What was heard and not said may hide there."""
        return all(isinstance(step, Spoken) for step in self.steps)

    @property
    def named(self) -> tuple[Mention, ...]:
        """The things that something is done to."""
        return tuple(step.mention for step in self.steps if isinstance(step, Named))
