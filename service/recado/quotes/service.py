"""QuoteService: a customer's text in, a priced quote out."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

import msgspec

from recado.quotes.catalogue.budget import Steps, TooLongError
from recado.quotes.catalogue.catalogue import Catalogue
from recado.quotes.catalogue.matcher import How
from recado.quotes.language.numbers import Unusable
from recado.quotes.language.text import plain
from recado.quotes.reading.accounts import Accounts
from recado.quotes.reading.confidence import LIKELY, line_confidence
from recado.quotes.reading.intent import Intent, intent_of
from recado.quotes.reading.packs import counts_boxes, counts_what_is_packed, settled
from recado.quotes.reading.reading import Reading
from recado.quotes.reading.unheard import unheard
from recado.quotes.reading.walk import walk
from recado.quotes.reading.wishes import Stance
from recado.quotes.scan.elements import Flag
from recado.quotes.script.clauses import Script
from recado.quotes.script.script import script

_TOLD_APART: Final = 100
"""Letters by which things that were asked for are distinguished: more than are echoed."""
_CENT: Final = Decimal("0.01")
_GRAM: Final = Decimal("0.001")


class QuoteLine(msgspec.Struct, frozen=True, gc=False):
    """One product of a quote.

    `confidence` is the chance (0..1) that product and quantity are what was meant; below the threshold the line is
    `doubtful`, and recado asks. `quantity` counts pieces, or `unit` (kg, g, l, ml, m, m2, m3), then with decimals.
    """

    sku: str
    name: str
    quantity: int | Decimal
    unit_price: Decimal
    line_total: Decimal
    confidence: float
    doubtful: bool
    unit: str | None = None


class Unmatched(msgspec.Struct, frozen=True, gc=False):
    """A thing that the customer asked for and that is not on the quote, as he wrote it. `candidates`: names of
    products that it could be (`ambiguous`), or of the most similar ones, if any."""

    text: str
    candidates: tuple[str, ...] = ()
    ambiguous: bool = False


class TooMany(msgspec.Struct, frozen=True):
    """A line left out because its quantity is above the limit."""

    sku: str
    name: str
    quantity: int


class AmountQuestion(msgspec.Struct, frozen=True, gc=False):
    """A product with an amount that cannot be quoted; it is sold by `unit`, or by the piece."""

    name: str
    reason: Unusable
    unit: str | None = None


class Quote(msgspec.Struct, frozen=True, gc=False):
    """How one message was read. `total` is the sum of `items`, in `currency` (ISO 4217). `unheard`: clauses with a
    refusal that changes nothing of this message's order; it may be about an open quote."""

    intent: Intent
    items: tuple[QuoteLine, ...]
    unmatched: tuple[Unmatched, ...]
    total: Decimal
    currency: str
    too_many: tuple[TooMany, ...] = ()
    questions: tuple[AmountQuestion, ...] = ()
    unclear: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether recado asks the customer something about what he wants; for an order without products, what it is."""
        if (
            self.unmatched
            or self.questions
            or self.unclear
            or self.unheard
            or any(item.doubtful for item in self.items)
        ):
            return True
        return self.intent is Intent.ORDER and not (self.items or self.too_many)


class QuoteService:
    """Reads orders against the catalogue that `catalogue()` returns at the time."""

    def __init__(
        self, catalogue: Callable[[], Catalogue], *, max_quantity: int = 100_000, confidence_threshold: float = 0.9
    ) -> None:
        self._catalogue = catalogue
        self._max_quantity = max_quantity
        self._threshold = confidence_threshold

    def quote(self, text: str) -> Quote:
        """The quote for one message; an empty one with the intent `TOO_LONG` if reading it costs more than an order
        does."""
        return self.understand(text)[0]

    def understand(self, text: str) -> tuple[Quote, Script]:
        """The message as an order of its own, and its steps in a conversation, from one reading."""
        catalogue = self._catalogue()
        try:
            reading = read(text, catalogue)
            quote = self._priced(reading, catalogue)
            if quote.items and not quote.asks and (refusals := unheard(reading)):
                quote = msgspec.structs.replace(quote, unheard=refusals)
            return quote, script(reading)
        except TooLongError:
            return Quote(Intent.TOO_LONG, (), (), Decimal(0), catalogue.currency), Script(steps=())

    def _priced(self, reading: Reading, catalogue: Catalogue) -> Quote:
        matcher = reading.matcher
        lines: dict[str, tuple[int | Fraction, float]] = {}
        unmatched: dict[str, Unmatched] = {}
        questions: dict[str, AmountQuestion] = {}
        for wish in reading.wishes:
            if wish.state is not Stance.WANTED:
                continue
            number = wish.product
            product = catalogue.products[number] if number is not None else None
            amount = settled(reading, wish) if product is not None else wish.total(pair_goods=False)
            if isinstance(amount, Unusable):
                assert product is not None
                questions.setdefault(product.sku, AmountQuestion(product.name, amount, product.unit))
                continue
            if amount <= 0:
                continue
            if product is None:
                candidates = tuple(catalogue.products[n].name for n in wish.choices)
                match = wish.element.match
                ambiguous = bool(candidates) and not (match is not None and match.how is How.OTHER)
                entry = Unmatched(wish.text, candidates or matcher.nearest(wish.text), ambiguous)
                unmatched.setdefault(plain(wish.text[:_TOLD_APART]), entry)
                continue
            if counts_boxes(reading, wish) or counts_what_is_packed(reading, wish):
                wish.element.flags.add(Flag.BOX)
            confidence = line_confidence(wish)
            if confidence < LIKELY and Flag.BOX in wish.element.flags:
                questions.setdefault(product.sku, AmountQuestion(product.name, Unusable.UNIT, product.unit))
                continue
            if confidence < LIKELY:
                unmatched.setdefault(plain(wish.text[:_TOLD_APART]), Unmatched(wish.text, (product.name,)))
                continue
            before = lines.get(product.sku, (0, 1.0))
            lines[product.sku] = (before[0] + amount, min(before[1], confidence))
        return self._totalled(
            intent_of(reading),
            lines,
            tuple(unmatched.values()),
            catalogue,
            questions=tuple(question for sku, question in questions.items() if sku not in lines),
            unclear=Accounts(reading).unowned(),
        )

    def cart(self, goods: Sequence[tuple[str, int]], note: str = "") -> Quote:
        """The quote for a cart of skus and quantities, at the catalogue's own prices.

        Skus that are not sold, and products without a quantity, are unmatched. `note` is what the customer wrote
        with the cart: it may ask for more, but changes nothing in the cart; what it leaves open is unclear.
        """
        catalogue = self._catalogue()
        noted = self.quote(note)
        lines = {item.sku: (Fraction(item.quantity), item.confidence) for item in noted.items}
        unmatched: dict[str, Unmatched] = {}
        counts: dict[str, int] = {}
        for sku, quantity in goods:
            product = catalogue.by_sku.get(sku)
            if product is None or quantity < 1:
                unmatched.setdefault(sku, Unmatched(product.name if product else sku))
            else:
                counts[sku] = counts.get(sku, 0) + quantity
        lines |= {sku: (Fraction(count), 1.0) for sku, count in counts.items()}
        unread = (note,) if noted.intent is Intent.TOO_LONG else (*noted.unclear, *noted.unheard)
        unclear = (*unread, *(question.name for question in noted.questions))
        quote = self._totalled(Intent.ORDER, lines, (*unmatched.values(), *noted.unmatched), catalogue, unclear=unclear)
        return msgspec.structs.replace(quote, too_many=(*quote.too_many, *noted.too_many))

    def _totalled(
        self,
        intent: Intent,
        lines: Mapping[str, tuple[int | Fraction, float]],
        unmatched: tuple[Unmatched, ...],
        catalogue: Catalogue,
        *,
        questions: tuple[AmountQuestion, ...] = (),
        unclear: tuple[str, ...] = (),
    ) -> Quote:
        """The quote for counts and confidences by sku."""
        items = []
        too_many = []
        for sku, (count, confidence) in lines.items():
            product = catalogue.by_sku[sku]
            if count > self._max_quantity:
                too_many.append(TooMany(sku, product.name, int(count)))
                continue
            quantity = as_sold(count)
            line_total = (
                (product.unit_price * quantity).quantize(_CENT) if product.unit else product.unit_price * quantity
            )
            items.append(
                QuoteLine(
                    sku,
                    product.name,
                    quantity,
                    product.unit_price,
                    line_total,
                    confidence,
                    confidence < self._threshold,
                    product.unit,
                )
            )
        total = sum([item.line_total for item in items], Decimal(0))
        return Quote(intent, tuple(items), unmatched, total, catalogue.currency, tuple(too_many), questions, unclear)


def as_sold(count: int | Fraction) -> int | Decimal:
    """A whole number, or a number with at most three decimals."""
    if isinstance(count, int):
        return count
    if count.denominator == 1:
        return count.numerator
    return (Decimal(count.numerator) / Decimal(count.denominator)).quantize(_GRAM).normalize()


def read(text: str, catalogue: Catalogue) -> Reading:
    """The reading that a quote is made from. Raises TooLongError."""
    reading = Reading(text, catalogue.matcher(Steps()))
    walk(reading)
    return reading
