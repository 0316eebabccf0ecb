"""A message taken apart into steps: what is said of which thing, as far as the message alone tells.

The reader says what is named, how many, and what was refused or taken back within the message; the constructions say
what that does to an order. Which line or which question is meant, only the conversation knows: see acts.py.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

import msgspec

from recado.quotes.confidence import line_confidence
from recado.quotes.constructions import Does, Found, constructions
from recado.quotes.elements import (
    COMMA, LINE, LINK, MASK, NOISE, PRODUCT, QUALITY, QUANTITY, QUESTION, SEVERAL, STOP, UNKNOWN, Element,
)  # fmt: skip
from recado.quotes.matcher import How
from recado.quotes.measures import amount_of
from recado.quotes.numbers import Unusable
from recado.quotes.reading import Reading
from recado.quotes.sizes import Size
from recado.quotes.text import NEWLINE, NUMBER, WORD
from recado.quotes.wishes import Wish

_STEERS: Final = frozenset(
    [Does.ADD, Does.SET, Does.KEEP, Does.CHANGE, Does.REMOVE, Does.RAISE, Does.LOWER]
)
_WEAK_YES: Final = frozenset(["bueno", "bien", "ya", "bn", "muy bien", "super", "ya pues", "yap", "me gusta", "todo bien"])
"""Words of a yes that open any sentence."""
_BEFORE_YES: Final = frozenset([COMMA, STOP, LINE, "greeting", "courtesy", "thanks", "yes"])
_OPEN: Final = frozenset([QUESTION, "but", "available", "price", "ask"])
"""With one of these a yes beside other words is not a plain one."""
_PARTS: Final = frozenset([COMMA, STOP, LINE, QUESTION, LINK, "and", "but"])
_ENDS: Final = frozenset([STOP, QUESTION, "but"])
_SILENT: Final = frozenset(
    ["request", "add", "remove", "change", "more", "only", "correction", "definite", "courtesy", "thanks", "greeting",
     "yes", "negation", "nope", "of", "each", "that", "without", "another", "to", "copula", "for", "possessive", "by"]
)  # fmt: skip
"""Kinds of elements that may stand beside a bare number without making it one of something else."""
_QUIET_WORDS: Final = frozenset(
    """total todo bueno pues entonces ah oh uy ay ahora mejor solo en a de del el la los las lo me le les nomas nada mas
    ya si no ok unidades piezas cada uno una por favor porfa y o pero ahi ese esa esos esas eso esto este mismo misma
    mismos mismas cantidad asi quede como tipo color en nada opcion numero la que sea gracias jaja""".split()
)


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A thing that is named.

    skus: one where it is known, several where it could be any of them, none where it is not sold. amount: in what the
    product is sold by; None where none was said. words: as they stand, plain.
    """

    text: str
    skus: tuple[str, ...] = ()
    amount: int | Fraction | None = None
    unusable: Unusable | None = None
    confidence: float = 1.0
    words: tuple[str, ...] = ()


class Named(msgspec.Struct, frozen=True):
    """Something is done to a thing."""

    does: Does
    mention: Mention


class Bare(msgspec.Struct, frozen=True, kw_only=True):
    """A number, or words that only tell products apart, of something said before.

    plural: whether the article before it is ("los 2"); None without one. foreign: it is about something else, such as
    money. describes: a colour, a size or a part of a name is among the words. pairs: it is a number of pairs. each: of each. pointing: nothing is said
    but what is to be done.
    """

    does: Does
    amount: int | Fraction | None = None
    words: tuple[str, ...] = ()
    sizes: tuple[Size, ...] = ()
    text: str = ""
    plural: bool | None = None
    foreign: bool = False
    describes: bool = False
    pairs: bool = False
    each: bool = False
    pointing: bool = False


class Kept(msgspec.Struct, frozen=True):
    """All but these go."""

    mentions: tuple[Mention, ...]


class Replaced(msgspec.Struct, frozen=True):
    """One thing goes for another; `comes` is None where the message does not say which."""

    goes: Mention | Bare
    comes: "Mention | Bare | None"


class Scaled(msgspec.Struct, frozen=True):
    """So many times as much of everything, or of the thing spoken of."""

    factor: Fraction


class Spoken(msgspec.Struct, frozen=True):
    """Something is said of the order as a whole."""

    does: Does


Step = Named | Bare | Kept | Replaced | Scaled | Spoken


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """The steps of a message in order.

    agrees: it holds a yes. accepts: it opens with one or settles it, and asks or puts off nothing. priced: it asks what
    things cost and orders nothing. asked: what it asks for without ordering it ("¿tienen gorras?").
    """

    steps: tuple[Step, ...]
    agrees: bool = False
    accepts: bool = False
    priced: bool = False
    asked: tuple[Mention, ...] = ()


class _Chunk:
    """What stands between two marks."""

    def __init__(self, does: Does) -> None:
        self.does = does
        self.mentions: list[tuple[Mention, bool]] = []  # with whether it was refused
        self.amount: int | Fraction | None = None
        self.words: list[str] = []
        self.sizes: list[Size] = []
        self.text: list[str] = []
        self.plural: bool | None = None
        self.foreign = self.each = self.steered = self.more = self.describes = self.leads = self.pairs = False

    def is_empty(self) -> bool:
        return not (self.mentions or self.amount is not None or self.words or self.sizes or self.each)


class _Walk:
    """Walks over the elements of one message."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.context = reading.context
        self.steps: list[Step] = []
        self.removing = False
        self.goes: Mention | Bare | None = None
        self.going = False
        self.instead = False
        self.instead_step: int | None = None
        self.agrees = self.accepts = False
        self.opened = False  # something was said beyond yes, no and greetings
        self.chunk = _Chunk(Does.ORDER)
        self.wishes: dict[int, list[Wish]] = {}
        for wish in reading.wishes:
            self.wishes.setdefault(id(wish.element), []).append(wish)

    def walk(self) -> Script:
        tokens = self.reading.scanner.tokens
        text = self.reading.scanner.text
        norms = [
            "." if t.kind == NEWLINE else "*" if text[t.start] == "*" else t.norm.replace(" ", "_") or "_" for t in tokens
        ]
        found = {one.start: one for one in constructions(norms)}
        past = 0
        for element in self.reading.elements:
            for at in range(element.start, element.end):
                one = found.get(at)
                if one is not None and at >= past and self._counts(one, element):
                    past = one.end
                    self._construction(one)
            if element.start >= past or element.kind in (PRODUCT, SEVERAL):
                self._element(element)
            elif element.end > past:
                self._element(element)
            if element.kind == "yes" and element.start >= past:
                self._yes(element)
        leads_in = not self.steps and self.chunk.is_empty() and self.chunk.leads and not self.agrees
        self._flush()
        if self.goes is not None:
            self._unpaired()
        if leads_in and not self.steps:
            self.steps.append(Bare(does=Does.ORDER, pointing=True))
        offered = any(e.kind in ("available", "price", "total") for e in self.reading.elements)
        asked = [self._mention(w) for w in self.reading.wishes if offered and w.state == "mentioned"]
        return Script(
            steps=tuple(_together(self.steps)),
            agrees=self.agrees,
            accepts=self.accepts and not any(e.kind in _OPEN or "unsettled" in e.roles for e in self.reading.elements),
            priced=self._is_priced(),
            asked=tuple(asked),
        )

    def _yes(self, element: Element) -> None:
        i = element.index
        if self.context.norm(i) in _WEAK_YES or self.context.kind(i - 1) == "negation":
            return  # "no vale, mejor 2"
        self.agrees = True
        opens = all(e.kind in _BEFORE_YES or e.kind == NOISE and e.roles & {"filler", "emoji"} for e in self.reading.elements[:i])
        self.accepts = self.accepts or opens or "settled" in element.roles

    def _is_priced(self) -> bool:
        return self.reading.priced and not self.reading.requested

    def _counts(self, one: Found, element: Element) -> bool:
        """Whether a construction stands where the reader sees no name of a product."""
        return element.kind not in (PRODUCT, SEVERAL) or one.start < element.start

    # constructions -------------------------------------------------------------------------------------------

    def _construction(self, one: Found) -> None:
        does = one.does
        if does not in _STEERS:
            self._flush()
            self.steps.append(Spoken(does))
            self.opened = True
            return
        trailing = does in (Does.ADD, Does.KEEP) and not self.chunk.is_empty() and bool(self.chunk.mentions or self.chunk.amount)
        if trailing and self._closes(one.end):
            self.chunk.does = does
            return
        if does is Does.SET:
            self._mended()
        else:
            self._steer(does)

    def _mended(self) -> None:
        """A correction is about what stands before it ("las camisas que sean 3"), or else what comes."""
        if self.chunk.is_empty():
            self._steer(Does.SET)
        else:
            self.chunk.does, self.chunk.more = Does.SET, False

    def _closes(self, token: int) -> bool:
        tokens = self.reading.scanner.tokens
        return token >= len(tokens) or tokens[token].kind not in (WORD, NUMBER) or tokens[token].norm == "y"

    def _steer(self, does: Does) -> None:
        if not self.chunk.is_empty():
            self._flush()
        self.chunk.does = does
        self.chunk.steered = True
        self.removing = does in (Does.REMOVE, Does.LOWER)
        if does in (Does.ADD, Does.SET, Does.KEEP) and not self.going:
            self.removing = False

    # elements ------------------------------------------------------------------------------------------------

    def _element(self, element: Element) -> None:
        kind = element.kind
        if kind in _PARTS:
            self._part(element)
        elif kind in (PRODUCT, SEVERAL, UNKNOWN, QUALITY):
            self._thing(element)
        elif kind == QUANTITY:
            self._quantity(element)
        elif kind in ("double", "triple", "half_of"):
            self._flush()
            self.steps.append(Scaled({"double": Fraction(2), "triple": Fraction(3)}.get(kind, Fraction(1, 2))))
        elif kind == "each":
            self.chunk.each = True
        elif kind == "more":
            self.chunk.more = True
        elif kind == "add":
            self._steer(Does.ADD)
        elif kind == "remove" and self.chunk.mentions and self.chunk.mentions[-1][1]:
            pass  # "la gorra quítala"
        elif kind in ("remove", "without"):
            self._steer(Does.REMOVE)
        elif kind in ("negation", "nope"):
            self.removing = True
        elif kind == "change":
            self._steer(Does.CHANGE)
            self.going = True
        elif kind == "instead":
            self._flush()
            self.going = self.instead = True
            self.chunk.steered = True
        elif kind == "by" and self.going and self.goes is None:
            if self.chunk.is_empty():
                self.goes, self.going = Bare(does=Does.CHANGE, pointing=True), False  # "cámbialas por"
            else:
                self._flush()
        elif kind == "correction":
            self._mended()
        elif kind == "request":
            if self.chunk.does in (Does.ORDER, Does.REMOVE) and not self.removing:
                self._steer(Does.ORDER)
            self.chunk.steered = self.chunk.leads = True
            self.opened = True
        elif kind == "definite":
            self.chunk.plural = self.context.norm(element.index) in ("los", "las")
            self.chunk.text.append(self.reading.scanner.written(element.start, element.end))
        elif kind == MASK:
            self._mask(element)
        elif kind not in _SILENT:
            self._words(element)

    def _part(self, element: Element) -> None:
        kind = element.kind
        does = self.chunk.does
        if kind == LINK and self.chunk.is_empty() and not self.chunk.steered and self.steps:
            return
        self._flush()
        if kind in _ENDS or (kind == LINE and does is not Does.ADD):
            does, self.removing = Does.ORDER, False
            if self.goes is None:
                self.going = self.instead = False
        goes_on = kind == COMMA or self.context.list_goes_on(element.index)
        if does in (Does.REMOVE, Does.CHANGE, Does.RAISE, Does.LOWER) and not goes_on:
            does = Does.ORDER
        if does is Does.SET and self.steps and isinstance(self.steps[-1], Named):
            does = Does.ORDER  # one thing takes another's place, the next ones are added
        if kind == "and" and (not self.opened or len(self.context.norm(element.index)) > 1):
            does = Does.ADD
        self.chunk = _Chunk(does)

    def _thing(self, element: Element) -> None:
        wishes = self.wishes.get(id(element), [])
        adding = self.chunk.steered and self.chunk.does is Does.ADD  # "me faltó una gorra"
        wish = next((w for w in wishes if adding or w.state != "mentioned"), None)
        if element.kind == QUALITY and (wish is None or wish.product is None):
            self._split(element)
            self._words(element)
            return
        if element.kind == UNKNOWN and wish is None:
            self._words(element)
            return
        if wish is None:
            if element.kind in (PRODUCT, SEVERAL) and (self.going or self.removing) and not wishes:
                skus = self._skus(element.match.products if element.match else ())
                amount = element.q.quantity.value if element.q and element.q.quantity else None
                mention = Mention(text=element.text, skus=skus, amount=amount, words=self._norms(element))
                self._mentioned(mention, element, refused=True)
            return
        refused = wish.state == "refused"
        following = self.context.kind(element.index + 1)
        if refused and following == "and" and self.chunk.does is Does.SET and not self.going:
            refused = False  # "sube a 12 los lápices y baja a 5 los lapiceros": one correction does not undo the other
        elif refused and not (self.removing or self.going or self._is_taken_out(element.index)):
            return  # taken back within the message
        self._mentioned(self._mention(wish), element, refused=refused)

    def _is_taken_out(self, i: int) -> bool:
        """ "la gorra no", "la gorra quítala"."""
        return self.context.post_negated(i) or self.context.kind(i + 1) == "remove"

    def _mentioned(self, mention: Mention, element: Element, *, refused: bool) -> None:
        self.opened = True
        q = element.q
        if self.going and refused:
            self._flush()
            self.goes, self.going = mention, False
            if self.instead:
                self.instead_step = len(self.steps)
            self.chunk = _Chunk(Does.ORDER)
            return
        if self.goes is not None and not refused:
            self.steps.append(Replaced(self.goes, mention))
            self.goes, self.instead = None, False
            self.chunk = _Chunk(Does.ORDER)
            return
        if q is not None and "another" in q.flags and not refused:
            self.chunk.more = True
        self.chunk.mentions.append((mention, refused))

    def _mention(self, wish: Wish) -> Mention:
        matcher = self.reading.matcher
        words = self._norms(wish.element)
        said = wish.amount is not None or bool(wish.parts)
        if wish.product is None:
            match = wish.element.match
            choices = () if match is not None and match.how is How.OTHER else wish.choices
            return Mention(text=wish.text, skus=self._skus(choices), amount=wish.total(False) if said else None,
                           unusable=wish.unusable, words=words)  # fmt: skip
        product, families = matcher.products[wish.product], matcher.families_of(wish.product)
        amount: int | Fraction | Unusable | None = wish.unusable
        if amount is None:
            amount = amount_of(product, families, wish.product, wish.total(product.pair), wish.unit, matcher.lexicon)
        unusable = amount if isinstance(amount, Unusable) else None
        return Mention(
            text=wish.text, skus=(product.sku,), unusable=unusable,
            amount=amount if said and not isinstance(amount, Unusable) else None,
            confidence=line_confidence(wish), words=words,
        )  # fmt: skip

    def _skus(self, products: Iterable[int]) -> tuple[str, ...]:
        return tuple(self.reading.matcher.products[number].sku for number in products)

    def _norms(self, element: Element) -> tuple[str, ...]:
        return tuple(self.reading.scanner.norms[element.start : element.end])

    def _quantity(self, element: Element) -> None:
        q = element.quantity
        if q is None or "bound" in element.flags and self._bound_to_thing(element):
            return
        self._split(element)
        more = "more" in element.flags or "another" in element.flags
        if "another" in element.flags and self.context.kind(element.index - 1) == "definite":
            return  # "¿y la otra?"
        self.chunk.more = self.chunk.more or more
        if q.unusable is not None or "size" in element.flags:
            self.chunk.foreign = True
            return
        if q.article and not more and self.context.kind(element.index + 1) not in ("each", "more", ""):
            return self._article(element)
        self.chunk.amount, self.chunk.pairs = q.value, q.pairs
        self.chunk.text.append(self.reading.scanner.written(element.start, element.end))

    def _article(self, element: Element) -> None:
        """ "una azul", "uno de esos": one, where it stands before what tells products apart."""
        self.chunk.amount = 1 if self.reading.scanner.norms[element.start] not in ("unos", "unas") else None

    def _bound_to_thing(self, element: Element) -> bool:
        """Whether a number belongs to a product; one of a bare quality is of something said before."""
        owner = next((e for e in self.reading.elements if e.q is element), None)
        return owner is not None and (owner.kind in (PRODUCT, SEVERAL) or bool(self.wishes.get(id(owner))) and owner.kind == UNKNOWN)

    def _split(self, element: Element) -> None:
        """Begin another chunk where a number follows one that is complete: "2 azules 1 negro"."""
        if element.kind == QUANTITY and self.chunk.amount is not None and (self.chunk.words or self.chunk.sizes):
            does = self.chunk.does
            self._flush()
            self.chunk = _Chunk(does)

    def _mask(self, element: Element) -> None:
        """ "a 3" behind a change of quantity is no price."""
        tokens = self.reading.scanner.tokens[element.start : element.end]
        changing = self.chunk.does in (Does.CHANGE, Does.RAISE, Does.LOWER, Does.SET) or self.goes is not None
        if changing and len(tokens) == 2 and tokens[0].norm == "a" and tokens[1].kind == NUMBER and tokens[1].value is not None:
            if self.goes is not None:
                goes, self.goes, self.going = self.goes, None, False
                if isinstance(goes, Mention):
                    self.steps.append(Named(Does.SET, msgspec.structs.replace(goes, amount=tokens[1].value)))
                return
            self.chunk.does = Does.SET
            if self.chunk.mentions:
                mention, _ = self.chunk.mentions.pop()
                self.chunk.mentions.append((msgspec.structs.replace(mention, amount=tokens[1].value), False))
            else:
                self.chunk.amount = tokens[1].value
        else:
            self.chunk.foreign = True

    def _words(self, element: Element) -> None:
        norms = [n for n in self._norms(element) if n not in _QUIET_WORDS]
        self.chunk.describes = self.chunk.describes or element.kind == QUALITY
        if self.chunk.plural is None and self.context.norm(element.index) in ("opcion", "numero"):
            self.chunk.plural = False  # "opción 2", as "la 2"
        if element.kind == NOISE and "emoji" in element.roles:
            return
        if "another" in element.flags:
            self.chunk.more = True
            return
        self.chunk.words += norms
        self.chunk.sizes += element.sizes
        self.chunk.text.append(self.reading.scanner.written(element.start, element.end))

    # the end of a chunk --------------------------------------------------------------------------------------

    def _flush(self) -> None:
        chunk, self.chunk = self.chunk, _Chunk(self.chunk.does)
        does = chunk.does
        self.opened = self.opened or not chunk.is_empty()
        if chunk.mentions:
            if chunk.more and does in (Does.ORDER, Does.SET):
                does = Does.ADD
            if does is Does.CHANGE and self.goes is None:
                does = Does.ORDER
            mention, refused = chunk.mentions[0]
            if does is Does.SET and chunk.words and not refused and mention.amount is None and chunk.amount is None:
                comes = Bare(does=Does.SET, words=tuple(chunk.words), text=" ".join(chunk.text))
                self.steps.append(Replaced(mention, comes))  # "el vestido mejor de fiesta"
                return
            for mention, refused in chunk.mentions:
                if chunk.amount is not None and mention.amount is None and len(chunk.mentions) == 1:
                    mention = msgspec.structs.replace(mention, amount=chunk.amount)
                self.steps.append(Named(Does.REMOVE if refused else Does.ORDER if does is Does.REMOVE else does, mention))
            return
        if chunk.is_empty() and not (chunk.steered and does is Does.REMOVE) and not chunk.more:
            return
        bare = Bare(
            does=Does.ADD if chunk.more and does is not Does.REMOVE else does, amount=chunk.amount, words=tuple(chunk.words), sizes=tuple(chunk.sizes),
            text=" ".join(chunk.text), plural=chunk.plural, foreign=chunk.foreign, describes=chunk.describes,
            pairs=chunk.pairs, each=chunk.each,
            pointing=chunk.is_empty(),
        )  # fmt: skip
        if self.going and (bare.words or bare.sizes):
            self.goes, self.going = bare, False
            if self.instead:
                self.instead_step = len(self.steps)
        elif self.goes is not None and (bare.words or bare.sizes or bare.amount is not None):
            self.steps.append(Replaced(self.goes, bare))
            self.goes, self.instead = None, False
        else:
            self.steps.append(bare)

    def _unpaired(self) -> None:
        """ "una gorra en vez de la camisa": what comes stands before what goes."""
        assert self.goes is not None
        at = self.instead_step
        if at and isinstance(last := self.steps[at - 1], Named) and last.does in (Does.ORDER, Does.SET, Does.ADD):
            self.steps[at - 1] = Replaced(self.goes, last.mention)
        elif at and isinstance(last, Bare):
            self.steps[at - 1] = Replaced(self.goes, last)
        else:
            self.steps.append(Replaced(self.goes, None))


def _together(steps: list[Step]) -> list[Step]:
    """The steps with those that keep something as one: it is all of them that stay."""
    joined: list[Step] = []
    for step in steps:
        if isinstance(step, Named) and step.does is Does.KEEP:
            before = joined.pop().mentions if joined and isinstance(joined[-1], Kept) else ()
            joined.append(Kept((*before, step.mention)))
        else:
            joined.append(step)
    return joined


def script(reading: Reading) -> Script:
    """The steps of a message."""
    return _Walk(reading).walk()
