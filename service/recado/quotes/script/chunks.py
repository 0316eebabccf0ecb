"""The part of a message between two marks, and the exchange of one thing for another, which may span several parts."""

from fractions import Fraction
from typing import Final

import msgspec
from msgspec.structs import replace

from recado.quotes.language.constructions import Does
from recado.quotes.language.lexicon import Unit
from recado.quotes.script.clauses import Bare, Mention, Named, Replaced, Step

_TAKE: Final = frozenset([Does.REMOVE, Does.LOWER, Does.FEWER])
"""What can be done to the last mentioned thing if a message names nothing."""


class Chunk(msgspec.Struct, eq=False):
    """Collects what a message says between two marks; `does` is what it wants done.

    mentions: the named things, each with whether it was refused. steered: a verb says what to do; listed: a verb in an
    earlier part does. denied: "no quiero" opens it. leads: it asks for something. more: in addition. pays: it goes on
    to say how the customer pays. quits: it follows what a verb removes. written: its words, each with whether
    it is the amount. For the rest see `Bare`.
    """

    does: Does
    pays: bool = False
    mentions: list[tuple[Mention, bool]] = []
    amount: int | Fraction | None = None
    words: list[str] = []
    unit: Unit | None = None
    written: list[tuple[str, bool]] = []
    places: list[int] = []
    plural: bool | None = None
    foreign: bool = False
    each: bool = False
    steered: bool = False
    more: bool = False
    describes: bool = False
    leads: bool = False
    pairs: bool = False
    counts: bool = False
    listed: bool = False
    denied: bool = False
    quits: bool = False

    def is_empty(self) -> bool:
        """Whether it contains nothing that a step could change."""
        return not (self.mentions or self.amount is not None or self.words or self.each)

    def names_one(self) -> bool:
        """Whether it only names one thing, or a kind of one: "a las camisas", "de los vasos"."""
        if self.steered or self.amount is not None:
            return False
        return not self.mentions[0][1] if len(self.mentions) == 1 else bool(self.words) and self.plural is not None

    def is_another(self) -> bool:
        """Whether it is one more of something said before: "y uno del 7 oz"."""
        more = self.more or self.does is Does.ADD
        return more and self.amount is not None and not self.mentions

    def sets(self) -> None:
        """ "sube el azúcar a 2 kilos", "bájale los clavos a 2": so many there are to be, and nothing goes."""
        if self.does in (Does.RAISE, Does.LOWER):
            self.does = Does.SET
            self.mentions = [(mention, False) for mention, _ in self.mentions]

    def set_last(self, amount: int | Fraction) -> None:
        """A number after "a" is the new quantity of the last thing, or of the present topic: "las gorras a 1"."""
        counts = self.does in (Does.RAISE, Does.LOWER)
        self.does = Does.SET
        if counts and len(self.mentions) == 1:
            self.amount = amount
            self.written.append((str(amount), True))
        elif self.mentions:
            self.mentions[-1] = (replace(self.mentions[-1][0], amount=amount), False)
        else:
            self.amount = amount

    def named(self) -> list[Step]:
        """Its named things as steps."""
        goes_on = not self.steered and self.does in (Does.LOWER, Does.RAISE)  # "bájale 1 a las camisas, 2 gorras más"
        does = Does.ADD if self.more and (self.does in (Does.ORDER, Does.SET) or goes_on) else self.does
        if does is Does.REMOVE and self.steered:  # "quita también 2 gorras"
            self.mentions = [(mention, True) for mention, _ in self.mentions]
        only, refused = self.mentions[0]
        if does is Does.SET and not refused and only.amount in (None, self.amount) and self.text():
            return [Replaced(only, self._as_bare(Does.SET))]  # "el vestido mejor de fiesta", "las camisas que sean 3"
        if len(self.mentions) == 1 and only.amount is None:
            self.mentions = [(replace(only, amount=self.amount), refused)]
        elif len(self.mentions) == 1 and self.amount is not None and not only.skus:  # "3 de las de dos plazas"
            self.mentions = [(replace(only, amount=self.amount, text=only.written), refused)]
        elif len(self.mentions) == 1 and self.foreign and not only.skus and self.text().isdecimal():
            text = f"{only.text} {self.text()}"  # "un koleston 50"
            self.mentions = [(replace(only, text=text, words=(*only.words, self.text())), refused)]
        plain = Does.ADD if self.more else Does.ORDER  # "sin las camisas, otras 2 gorras"
        if self.each and len(self.mentions) == 1:
            self.mentions = [(replace(self.mentions[0][0], each=True), refused)]
        wanted = plain if does in (Does.REMOVE, Does.CHANGE) else does
        kept = does in (Does.KEEP, Does.FEWER)  # "quita todo menos la gorra", "no quiero tantas gorras"
        return [
            Named(Does.REMOVE if refused and not kept else wanted, mention, self.quits)
            for mention, refused in self.mentions
        ]

    def bare(self) -> Bare | None:
        """What it contains besides named things, as a step; None if there is nothing."""
        if self.is_empty() and not self.more and not self.foreign and not (self.steered and self.does in _TAKE):
            return None
        if self.denied and self.does is Does.ORDER and self.words and self.plural is not None:
            return self._as_bare(Does.REMOVE)  # "no quiero el azul"
        return self._as_bare(Does.ADD if self.more and self.does is not Does.REMOVE else self.does)

    def text(self, *, amount: bool = True) -> str:
        """Its words besides the named things, as the customer wrote them."""
        return " ".join(written for written, is_amount in self.written if amount or not is_amount)

    def _as_bare(self, does: Does) -> Bare:
        return Bare(
            does=does,
            amount=self.amount,
            words=tuple(self.words),
            text=self.text(),
            fragment=self.text(amount=False),
            unit=self.unit,
            plural=self.plural,
            foreign=self.foreign,
            describes=self.describes,
            pairs=self.pairs,
            each=self.each,
            counts=self.counts,
            leads=self.leads,
            steered=self.steered or self.listed,
            pointing=self.is_empty() and not self.foreign,
            places=tuple(self.places),
        )


class Exchange:
    """An exchange of one thing for another. The old one is named first, except in "una gorra en vez de la camisa"."""

    def __init__(self) -> None:
        self.expects = False  # the next thing is the old one
        self.goes: Mention | Bare | None = None
        self.is_instead = False
        self._at: int | None = None  # where the new thing stands, if it was named before

    def opens(self, *, instead: bool = False) -> None:
        """The old thing is named next. instead: the new thing may have been named before."""
        self.expects, self.goes, self.is_instead = True, None, instead

    def ends(self) -> None:
        """A sentence ended without the old thing."""
        if self.goes is None:
            self.expects = False

    def takes(self, goes: Mention | Bare, steps: list[Step]) -> None:
        """Sets the old thing."""
        self.goes, self.expects = goes, False
        self._at = len(steps) if self.is_instead else None

    def closes(self) -> Mention | Bare:
        """The old thing, once the new one is known."""
        assert self.goes is not None
        goes, self.goes = self.goes, None
        return goes

    def settle(self, steps: list[Step]) -> None:
        """Ends the exchange with the message: the new thing was named before, or not at all."""
        if self.goes is None:
            return
        last = steps[self._at - 1] if self._at else None
        if self._at and isinstance(last, Named) and last.does in (Does.ORDER, Does.SET, Does.ADD):
            steps[self._at - 1] = Replaced(self.closes(), last.mention)
        elif self._at and isinstance(last, Bare):
            steps[self._at - 1] = Replaced(self.closes(), last)
        else:
            steps.append(Replaced(self.closes(), None))
