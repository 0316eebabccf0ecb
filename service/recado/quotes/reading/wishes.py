"""What the customer wants of each thing, and the state of the reading of his message."""

from enum import Enum, StrEnum
from fractions import Fraction

import msgspec

from recado.quotes.language.lexicon import Unit
from recado.quotes.language.numbers import Quantity, Unusable
from recado.quotes.scan.elements import Element


class Stance(Enum):
    """The customer's stance on a thing."""

    WANTED = "wanted"
    MENTIONED = "mentioned"
    REFUSED = "refused"
    PRICED = "priced"
    """Only of what steers: the next thing is wanted if it is counted; otherwise its price is asked."""


class Doubt(StrEnum):
    """A doubt about a line of the quote, by its name in `data/confidence.toml`."""

    ALIKE = "alike"
    BOX = "box"
    COMPUTED = "computed"
    CORRECTED = "corrected"
    HALF_OF_THE_NAME = "half of the name"
    HARDLY_ALIKE = "hardly alike"
    HEAD_LEFT_OUT = "head left out"
    IN_PARTS = "in parts"
    IN_TURN = "in turn"
    KIND = "kind"
    LESS_ALIKE = "less alike"
    ONE_SLIP = "one slip"
    PART_OF_THE_NAME = "part of the name"
    QUALITY_OR_THING = "quality or thing"
    QUANTITY_AFTER = "quantity after"
    QUANTITY_APART = "quantity apart"
    START_OF_THE_NAME = "start of the name"


class Wish(msgspec.Struct):
    """A thing that was asked for, priced, refused or only mentioned, and how many."""

    element: Element
    product: int | None  # None: the catalogue lacks it, or it could be several
    text: str = ""
    amount: int | Fraction | None = None  # None: not said
    pairs: bool = False
    unit: Unit | None = None
    held_by: int | None = None  # the token of what holds the pieces: "agua, 4 *garrafas*"
    unusable: Unusable | None = None
    state: Stance = Stance.WANTED
    parts: list[int | Fraction] = msgspec.field(default_factory=list)
    kinds: list["Wish"] = msgspec.field(default_factory=list)
    whole: "Wish | None" = None  # what this is a kind of
    divisible: bool = False  # the parts and kinds may say how the amount is made up instead of adding to it
    divided: bool = False  # a mark before them says so
    shared: bool = False  # the parts are what persons get
    specific: bool = False  # named by more than its head: it has kinds only beside parts of its own
    doubts: list[Doubt] = msgspec.field(default_factory=list)
    choices: tuple[int, ...] = ()  # products that it could be
    settled: int | Fraction | Unusable | None = None  # how much is wanted of the product, once the message is read

    def set_amount(self, q: Quantity) -> None:
        """Sets the amount to a quantity."""
        self.amount, self.pairs, self.unit, self.unusable = q.value, q.pairs, q.unit, q.unusable
        self.held_by = q.end - 1 if q.pieces else None

    def set_multiple(self, other: "Wish", factor: int | Fraction) -> None:
        """Sets the amount to `factor` times the amount of another wish."""
        self.amount, self.pairs, self.unit = (other.amount or 1) * factor, other.pairs, other.unit
        self.doubts.append(Doubt.COMPUTED)

    def leave_open(self, other: int, text: str) -> None:
        """Leaves it open whether this product or another one is meant; `text` names both."""
        assert self.product is not None
        self.choices, self.product, self.text = (self.product, other), None, text

    def total(self, pair_goods: bool) -> int | Fraction:
        """How many pieces; the parts ("una azul y otra roja") count unless they only divide the amount."""
        amount: int | Fraction = 1 if self.amount is None else self.amount
        if self.parts and not (self.shared and self.divided and sum(self.parts) < amount):  # "3, una para mi mamá"
            sum_of_parts = sum(self.parts)
            divided = self.amount is None or (self._is_divided() and sum_of_parts == amount)
            amount = sum_of_parts if divided else amount + sum_of_parts
        return amount * 2 if self.pairs and not pair_goods else amount

    def settle(self) -> None:
        """Leaves a word that could be several products to its kinds, if these make up its amount.

        Ones of dozens are dozens: "2 docenas de empanadas, una de carne y una de pollo".
        """
        told = sum(kind.amount or 1 for kind in self.kinds)
        q = self.element.q.quantity if self.element.q is not None else None
        if q is not None and q.collective and self.amount is not None and self.amount == told * q.collective:
            for kind in self.kinds:
                kind.amount = (kind.amount or 1) * q.collective
            told = told * q.collective
        if self.amount is None or self.amount == told:
            self.state = Stance.REFUSED

    def divide(self, *, is_total: bool) -> None:
        """Keep of a whole only what its kinds do not name: nothing of "3 camisas: 2 manga larga y 1 manga corta".

        recado asks about parts that do not make it up, unless the customer gave a total: "4 gorras en total, 2 rojas".
        """
        if self.shared or not self._is_divided():
            return
        of_its_own = self.parts or any(kind.product == self.product for kind in self.kinds)
        if self.specific and not of_its_own:
            return
        rest = sum(self.parts)
        told = rest + sum(kind.amount or 1 for kind in self.kinds)
        if self.kinds and self.amount in (None, told):
            self.amount, self.parts = rest, []
        elif self.amount is not None and self.amount != told and (is_total or self._falls_short(told)):
            self.amount, self.parts = self.amount - (told - rest) * is_total, []
            self.doubts = [] if is_total else [Doubt.QUALITY_OR_THING]

    def _falls_short(self, told: int | Fraction) -> bool:
        """Whether parts leave some of the amount, or two of them are more than it."""
        return self.amount is not None and (self.amount > told or len(self.parts) + len(self.kinds) > 1)

    def _is_divided(self) -> bool:
        """Two parts or more that add up to the amount make it up, whatever precedes them; one part, after a mark."""
        return self.divided or (self.divisible and len(self.parts) + len(self.kinds) > 1)


class ReadingState(msgspec.Struct, eq=False):
    """Where the reader is: what the last steering words do to the next thing."""

    mode: Stance | None = None
    corrected: bool = False  # the next thing or number corrects the one before
    instead: bool = False  # the next thing is what is not wanted
    changing: bool = False  # after "cambia": likewise, until "por"
    heir: Wish | None = None  # what was refused, whose amount its substitute takes
    replacing: bool = False
    restating: bool = False  # after a correction, things are said again
    refuse: bool = False
    refuse_list: bool = False
    subtract: bool = False
    negated_verb: int = -1
    negated_number: int = -1
    request_at: int = -1
    only: bool = False
    line: int = -1  # the element of the last line break
    sticky: bool = False  # "no" with a comma: stays over it
    pending: int | Fraction | None = None  # a number before its thing was named
    company: bool = False  # whom the order is for or what was seen is told, up to the next mark
    later: bool = False  # what follows is for another time, up to the next mark
    factor: Fraction | None = None
    multiple: Wish | None = None  # the thing of which as many are asked for, "lo mismo de"
    each: Quantity | None = None
    wish_before: bool = False

    def end_sentence(self) -> None:
        self.mode = None
        self.later = False
        self.refuse = self.instead = self.changing = self.only = False
        self.corrected = self.sticky
        self.sticky = False
        self.request_at = -1

    def end_line(self) -> None:
        """The end of a line ends its refusals and mentions."""
        self.refuse = self.instead = self.later = False
        if self.mode is Stance.MENTIONED:
            self.mode = None

    def end_clause(self, list_goes_on: bool) -> None:
        if not list_goes_on:
            self.refuse = False
        self.sticky = self.later = False
        if self.company:
            self.mode, self.company = None, False
