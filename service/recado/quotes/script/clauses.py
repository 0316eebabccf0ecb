"""The steps of a message, as far as the message alone determines them.

Only the conversation knows which line or question is meant: see interpreter.py.
"""

from fractions import Fraction

import msgspec

from recado.quotes.language.constructions import Does
from recado.quotes.language.lexicon import Unit
from recado.quotes.language.numbers import Unusable


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A thing that the message names.

    skus: one if the product is known, several if it could be any of them, none if it is not sold. amount: in the unit
    that the product is sold by; None if the customer gave none. pairs: the amount of a thing that is not known counts
    both pieces of each pair. words: in plain letters. written: the words with their number. headless: it follows "la
    de", so it may be a kind of something said before. definite: it follows an article, and nothing is asked for, so it
    may be a line. like: skus of similar products. each: the amount is of each of its kinds.
    """

    text: str
    skus: tuple[str, ...] = ()
    amount: int | Fraction | None = None
    pairs: bool = False
    unusable: Unusable | None = None
    confidence: float = 1.0
    words: tuple[str, ...] = ()
    written: str = ""
    headless: bool = False
    definite: bool = False
    like: tuple[str, ...] = ()
    each: bool = False


class Named(msgspec.Struct, frozen=True):
    """Does something to a named thing. quits: it follows what a verb removes, and may be removed as well."""

    does: Does
    mention: Mention
    quits: bool = False


class Bare(msgspec.Struct, frozen=True, kw_only=True):
    """A number or a quality of something said before, such as "3" or "los negros".

    text: as the customer wrote it. fragment: the text without its amount. unit: of the amount. plural: whether the
    article before it is plural ("los 2"); None without an article. foreign: it is about something else, such as money.
    describes: its words include a colour, a size or a part of a name. pairs: it is a number of pairs. each: it is a
    number of each. counts: it begins with a number, so it is a wish. leads: it asks for something ("dame los negros").
    steered: a verb says what to do. pointing: it says what to do, and nothing else. places: indexes of its elements.
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

    @property
    def mends(self) -> bool:
        """ "2 kilos, perdón, 1", but not a verb that gives a line its new quantity: "sube la escalera a 2"."""
        return self.does is Does.SET and not (self.steered and self.amount is not None)

    def recounts(self, goes: Mention) -> bool:
        """Whether a number alone is the new quantity: "los clavos mejor 2", unlike "la lija mejor 220"."""
        alone = self.does is Does.SET and self.amount is not None and not (self.words or self.foreign)
        many = bool(goes.words) and goes.words[0].endswith("s")
        return alone and (many or self.steered or self.unit is not None) and goes.amount in (None, self.amount)


class Kept(msgspec.Struct, frozen=True):
    """Removes everything except these."""

    mentions: tuple[Mention, ...]


class Replaced(msgspec.Struct, frozen=True):
    """Replaces one thing by another; `comes` is None if the message does not say which."""

    goes: Mention | Bare
    comes: "Mention | Bare | None"


class Scaled(msgspec.Struct, frozen=True):
    """Multiplies everything, or one thing."""

    factor: Fraction
    mention: Mention | None = None


class Spoken(msgspec.Struct, frozen=True):
    """Says something about the order as a whole."""

    does: Does


Step = Named | Bare | Kept | Replaced | Scaled | Spoken


def unnamed(step: Step) -> tuple[int, ...]:
    """The elements of a part that names nothing; in an exchange only those of a number, which is the new quantity."""
    if isinstance(step, Replaced) and isinstance(step.goes, Mention) and isinstance(step.comes, Bare):
        counts = step.comes.amount is not None and not (step.comes.words or step.comes.foreign)
        return step.comes.places if counts else ()
    return step.places if isinstance(step, Bare) else ()


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """The steps of a message in order.

    agrees: it contains a yes. accepts: it begins with a yes or settles the order, and asks or postpones nothing.
    reserves: the words that prevent a yes from counting, as the customer wrote them. tells: indexes of elements that
    must lead to a change if the message also says yes. priced: it asks for prices and orders nothing. inquires: it is a
    question and orders nothing; offers: it asks what the shop has. asked: what it asks for without ordering it
    ("¿tienen gorras?"). edits: it says that something goes or changes.
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
    edits: bool = False

    @property
    def says_no_more(self) -> bool:
        """Whether it is only about the order as a whole: then it contains no misheard name."""
        return all(isinstance(step, Spoken) for step in self.steps)

    @property
    def named(self) -> tuple[Mention, ...]:
        """The things that the steps change."""
        return tuple(step.mention for step in self.steps if isinstance(step, Named))

    @property
    def only_adds(self) -> bool:
        """Whether no step replaces what is quoted, sets its quantity, or takes it away by name."""
        steps = (step for step in self.steps if not isinstance(step, Spoken | Kept))
        return all(isinstance(step, Named | Bare) and step.does in (Does.ORDER, Does.ADD) for step in steps)
