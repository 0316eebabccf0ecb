"""The things that a message names, as the reader found them."""

from collections.abc import Iterable
from typing import Final

from recado.quotes.catalogue.matcher import How, Matcher
from recado.quotes.language import role
from recado.quotes.language.numbers import Unusable
from recado.quotes.reading.confidence import LIKELY, line_confidence
from recado.quotes.reading.packs import settled
from recado.quotes.reading.reading import Reading
from recado.quotes.reading.wishes import Stance, Wish
from recado.quotes.scan.elements import Element
from recado.quotes.script.clauses import Mention

_SURE: Final = 0.9
"""recado asks about a misspelled name that is less certain: "arepera" is not "remera"."""


class Mentions:
    """The wishes of one reading by their elements. last: the thing that was named last."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.last: Element | None = None
        self._wishes: dict[int, list[Wish]] = {}
        for wish in reading.wishes:
            self._wishes.setdefault(wish.element.index, []).append(wish)
        self._owners = {e.q.index: e for e in reversed(reading.elements) if e.q is not None}

    @property
    def matcher(self) -> Matcher:
        """The names of the catalogue."""
        return self._reading.matcher

    def wish(self, element: Element, *, told: bool = False) -> Wish | None:
        """The wish for an element; with `told`, also if it is only mentioned."""
        return next((w for w in self._wishes.get(element.index, ()) if told or w.state is not Stance.MENTIONED), None)

    def is_taken_back(self, element: Element) -> bool:
        """Whether an element names a thing that the message itself has asked for before."""
        return element.kind in (role.PRODUCT, role.SEVERAL) and element.index not in self._wishes

    def has_mended(self) -> bool:
        """Whether the message counts a thing that another one in it replaces."""
        return any(
            e.q is not None and e.kind in (role.PRODUCT, role.SEVERAL) and self._is_refused(e)
            for e in self._reading.elements
        )

    def _is_refused(self, element: Element) -> bool:
        return all(wish.state is Stance.REFUSED for wish in self._wishes.get(element.index, ()))

    def owner(self, number: Element) -> Element | None:
        """The thing that a number belongs to; None for the number of a bare quality, which is about something said
        before."""
        owner = self._owners.get(number.index)
        if owner is not None and self.only_counts(owner):
            return None
        if owner is None or owner.kind in (role.PRODUCT, role.SEVERAL):
            return owner
        return owner if owner.kind is role.UNKNOWN and owner.index in self._wishes else None

    def only_counts(self, element: Element) -> bool:
        """ "2 paquetes", where none is sold, or "una caja de cada talla": a noun that counts something said before."""
        noun = self._reading.scanner.norms[element.start]
        if element.q is None or element.end > element.start + 1 or not self._reading.scanner.lexicon.counts(noun):
            return False
        after = element.index + 1
        of_each = self._reading.context.kind(after) is role.EACH or role.EACH_KIND in self._reading.context.roles(after)
        return of_each or (element.kind is role.UNKNOWN and not self.knows(element))

    def knows(self, element: Element) -> bool:
        """Whether a word is of the catalogue's names."""
        return self._reading.matcher.knows(self._reading.scanner.norms[element.start])

    def told(self) -> tuple[Mention, ...]:
        """The things that are only mentioned."""
        return tuple(self.of(wish) for wish in self._reading.wishes if wish.state is Stance.MENTIONED)

    def of(self, wish: Wish) -> Mention:
        """A wish as a mention."""
        matcher = self._reading.matcher
        words = self.norms(wish.element)
        said = wish.amount is not None or bool(wish.parts)
        if wish.product is None:
            match = wish.element.match
            pairs = any(matcher.products[number].pair for number in wish.choices)
            amount = wish.total(pairs) if said else None
            choices = self._skus(wish.choices)
            # "licuado de durazno", where there is one of banana
            other = len(choices) == 1 or (match is not None and match.how is How.OTHER)
            return Mention(
                text=wish.text,
                skus=() if other else choices,
                like=choices if other else (),
                amount=amount,
                pairs=wish.pairs and not pairs,
                unusable=wish.unusable,
                words=words,
                written=self._written(wish.element),
            )
        product = matcher.products[wish.product]
        value = settled(self._reading, wish)
        unusable_for = value if isinstance(value, Unusable) else None
        confidence = line_confidence(wish)
        misspelled = wish.element.match is not None and wish.element.match.how is How.MISSPELLED
        guessed = confidence < (_SURE if misspelled else LIKELY)
        return Mention(
            text=wish.text,
            skus=() if guessed else (product.sku,),
            like=(product.sku,) if guessed else (),
            amount=value if said and not isinstance(value, Unusable) else None,
            unusable=unusable_for,
            confidence=confidence,
            words=words,
            definite=not self._reading.requested and self._follows_article(wish.element),
        )

    def _follows_article(self, element: Element) -> bool:
        first = min(element.index, element.q.index) if element.q is not None else element.index
        return self._reading.context.kind(first - 1) is role.DEFINITE

    def plain(self, element: Element) -> Mention:
        """An element as a mention, without a wish."""
        q = element.q.quantity if element.q is not None else None
        skus = self._skus(element.match.products if element.match is not None else ())
        return Mention(
            text=element.text, skus=skus, amount=q.value if q is not None else None, words=self.norms(element)
        )

    def norms(self, element: Element) -> tuple[str, ...]:
        """The plain words of an element."""
        return tuple(self._reading.scanner.norms[element.start : element.end])

    def _written(self, element: Element) -> str:
        """An element with its number, as written."""
        start = min(element.start, element.q.start) if element.q is not None else element.start
        return self._reading.scanner.written(start, element.end)

    def _skus(self, products: Iterable[int]) -> tuple[str, ...]:
        return tuple(self._reading.matcher.products[number].sku for number in products)
