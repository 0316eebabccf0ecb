"""From a reading to its steps.

The reader says what is named, how many, and what was refused or taken back within the message; the constructions say
what that does to an order.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from recado.quotes.agreement import Agreement
from recado.quotes.chunks import Chunk, Exchange
from recado.quotes.clauses import Bare, Kept, Mention, Named, Replaced, Scaled, Script, Spoken, Step
from recado.quotes.constructions import Does, Found, constructions
from recado.quotes.elements import (
    COMMA,
    LINE,
    LINK,
    MASK,
    NOISE,
    PRODUCT,
    QUALITY,
    QUANTITY,
    QUESTION,
    SEVERAL,
    STOP,
    UNKNOWN,
    VERBS,
    Element,
)  # fmt: skip
from recado.quotes.measures import measure
from recado.quotes.mentions import Mentions
from recado.quotes.numbers import Unusable
from recado.quotes.reading import Reading
from recado.quotes.reserves import OF_DELIVERY, PAYING, Reserves
from recado.quotes.text import NUMBER, WORD

_STEERS: Final = frozenset([Does.ADD, Does.SET, Does.KEEP, Does.REMOVE, Does.RAISE, Does.LOWER])
_ENDS: Final = frozenset([STOP, QUESTION, LINK, "but"])
_SILENT: Final = frozenset([
    "courtesy", "thanks", "greeting", "yes", "of", "that", "only", "another", "to", "copula", "for",
    "possessive", "by", "price", "available", "total",
])  # fmt: skip
"""Kinds of elements that say nothing of what is done to which thing."""
_INSIDE: Final = frozenset(["of", "to", "for"])
"""Those of them that stand inside names."""
_QUIET_WORDS: Final = frozenset([
    "total", "todo", "bueno", "pues", "entonces", "ah", "oh", "uy", "ay", "ahora", "mejor", "solo", "en", "a",
    "de", "del", "el", "la", "los", "las", "lo", "me", "le", "les", "nomas", "nada", "mas", "ya", "si", "no",
    "ok", "unidades", "piezas", "cada", "uno", "una", "por", "favor", "porfa", "y", "o", "pero", "ahi", "ese",
    "esa", "esos", "esas", "eso", "esto", "este", "mismo", "misma", "mismos", "mismas", "cantidad", "asi",
    "quede", "como", "tipo", "color", "opcion", "numero", "que", "sea", "gracias", "jaja",
])  # fmt: skip
_PERSONS: Final = frozenset(["people", "name"])
_CERTAIN: Final = 0.95
"""A likeness to a name below which a word is only like it."""
_FACTORS: Final = {"double": Fraction(2), "triple": Fraction(3), "half_of": Fraction(1, 2)}


def script(reading: Reading) -> Script:
    """The steps of a message."""
    return _Walk(reading).walk()


class _Walk:
    """Walks over the elements of one message."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._context = reading.context
        self._mentions = Mentions(reading)
        self._steps: list[Step] = []
        self._chunk = Chunk(Does.ORDER)
        self._exchange = Exchange()
        self._removing = False
        self._opened = False  # something was said beyond yes, no and greetings
        self._wants = False
        self._agreement = Agreement(reading.elements, reading.scanner, self._context)
        self._covered: set[int] = set()  # elements inside constructions
        self._heard: set[int] = set()  # elements that are part of a step
        self._spoken: set[int] = set()  # elements of constructions that speak of the order as a whole
        self._steering: set[int] = set()  # elements of constructions that only say what is done to the next thing
        self._taking = False  # a construction says that things go
        self._late: int | Fraction | None = None  # an amount that a thing has from a number behind it
        self._quitting = False  # a verb does
        self._asks = any(element.kind == QUESTION for element in reading.elements)

    def walk(self) -> Script:
        scanner = self._reading.scanner
        found = {one.start: one for one in constructions(scanner.text, scanner.tokens)}
        if any(one.does is Does.CLOSE for one in found.values()):
            self._agreement.closes_list()
        past, steers = 0, False
        for element in self._reading.elements:
            for at in range(element.start, element.end):
                one = found.get(at)
                named = element.kind in (PRODUCT, SEVERAL) and at == element.start
                denied = element.kind in ("negation", "nope") and at > element.start  # "no son 3", "no los quiero"
                denied = denied or (element.kind == "nope" and bool(self._chunk.mentions))  # "la gorra ya no la quiero"
                if one is not None and at >= past and not named and not denied:
                    past = one.end
                    steers = one.does in _STEERS and one.does is not Does.KEEP  # "mándalo nomás"
                    self._construction(one)
            if element.start >= past and (end := self._measured(element)):
                past = end
                self._chunk.places.append(element.index)
            elif element.end <= past or (element.kind == UNKNOWN and element.start < past):
                self._covered.add(element.index)
                (self._steering if steers else self._spoken).add(element.index)
            else:
                _KINDS.get(element.kind, _Walk._words)(self, element)
                self._chunk.places.append(element.index)
            if element.kind == "yes" and element.start >= past:
                self._agreement.hear(element)
        leads_in = not self._steps and self._chunk.is_empty() and self._chunk.leads and not self._agreement.agrees
        changes = self._exchange.expects and self._chunk.steered and self._chunk.is_empty()
        self._flush()
        self._exchange.settle(self._steps)
        if changes:
            self._steps.append(Replaced(Bare(does=Does.CHANGE, pointing=True), None))  # "cámbiala"
        if leads_in and not self._steps:
            self._steps.append(Bare(does=Does.ORDER, pointing=True))  # "quiero"
        elements = self._reading.elements
        offered = any(e.kind in ("available", "price", "total") or (e.kind == "or" and self._asks) for e in elements)
        spoken = any(isinstance(step, Spoken) for step in self._steps)
        bare = any(isinstance(step, Bare) for step in self._steps)
        agreeing = spoken or bare or any(e.kind == "yes" or "emoji" in e.roles for e in elements)
        held = self._reserves() if agreeing else None  # nothing else can be held back
        return Script(
            steps=tuple(_together(self._steps)),
            agrees=self._agreement.agrees,
            accepts=self._agreement.accepts_all(),
            reserves=held.left() if held is not None else (),
            tells=held.tells if held is not None else frozenset(),
            priced=self._reading.priced and not self._reading.requested,
            inquires=self._asks and not self._reading.requested,
            offers=self._asks and not self._reading.requested and any(e.kind == "available" for e in elements),
            asked=self._mentions.told() if offered else (),
        )

    def _reserves(self) -> Reserves:
        heard = self._heard.union(*(step.places for step in self._steps if isinstance(step, Bare)))
        return Reserves(self._reading, heard, self._spoken, self._steering)

    # what steers ---------------------------------------------------------------------------------------------

    def _construction(self, one: Found) -> None:
        if one.does is Does.DOUBLE:
            self._flush()
            self._steps.append(Scaled(Fraction(2)))
        elif one.does not in _STEERS:
            self._flush()
            self._steps.append(Spoken(one.does))
            self._opened = True
        elif one.does is Does.SET:
            self._mend()
        elif one.does is Does.ADD and self._chunk.does is Does.REMOVE and self._chunk.is_empty():
            return  # "quita también 2 gorras"
        elif one.does in (Does.ADD, Does.KEEP) and self._closes(one.end) and self._has_something():
            self._chunk.does = one.does  # "2 gorras también"
        else:
            self._steer(one.does)
            self._taking = one.does is Does.REMOVE

    def _has_something(self) -> bool:
        return bool(self._chunk.mentions or self._chunk.amount)

    def _mend(self, element: Element | None = None) -> None:
        """A correction is about what stands before it ("las camisas que sean 3"), or else what comes."""
        chunk = self._chunk
        if chunk.is_empty():
            self._steer(Does.SET)
            return
        if chunk.words and not chunk.mentions and chunk.amount is None and self._exchange.goes is None:
            described = chunk.bare()
            points = described is not None and (described.describes or described.plural is not None)
            if described is not None and points and not self._is_last(element):
                self._exchange.takes(described, self._steps)  # "los azules que sean negros"
                self._chunk = Chunk(Does.SET)
                return
        chunk.does, chunk.more = Does.SET, False

    def _is_last(self, element: Element | None) -> bool:
        """Whether nothing stands behind a correction: "los azules mejor"."""
        return element is not None and self._closes(element.end)

    def _closes(self, token: int) -> bool:
        tokens = self._reading.scanner.tokens
        return token >= len(tokens) or tokens[token].kind not in (WORD, NUMBER) or tokens[token].norm == "y"

    def _steer(self, does: Does) -> None:
        if not self._chunk.is_empty():
            self._flush()
        self._chunk.does = does
        self._chunk.steered = True
        self._taking = self._quitting = False
        self._removing = does in (Does.REMOVE, Does.LOWER)

    def _add(self, _: Element) -> None:
        self._steer(Does.ADD)

    def _remove(self, element: Element) -> None:
        mentions = self._chunk.mentions
        last = self._steps[-1] if self._steps and self._chunk.is_empty() else None
        taken = isinstance(last, Named) and last.does is Does.REMOVE
        if (mentions and mentions[-1][1]) or (taken and self._closes(element.end)):
            return  # "la gorra quítala", "la gorra no, quítala"
        if mentions and element.kind == "without" and self._closes(element.end):
            mentions[-1] = (mentions[-1][0], True)  # "una camisa menos"
            return
        if self._context.norm(element.index) == "menos" and self._chunk.amount is not None and not self._chunk.words:
            self._chunk.does = Does.REMOVE  # "una menos de mango"
            return
        self._steer(Does.REMOVE)
        self._chunk.steered = self._quitting = element.kind == "remove"

    def _refuse(self, element: Element) -> None:
        chunk = self._chunk
        if chunk.describes and chunk.plural is not None and not chunk.mentions and self._closes(element.end):
            chunk.does = Does.REMOVE  # "el negro no"
            return
        self._removing = True

    def _change(self, _: Element) -> None:
        mentions = self._chunk.mentions
        if mentions and not self._chunk.steered:  # "las zapatillas cámbialas por botines"
            goes = mentions.pop()[0]
            self._steer(Does.CHANGE)
            self._exchange.opens()
            self._exchange.takes(goes, self._steps)
            return
        self._steer(Does.CHANGE)
        self._exchange.opens()

    def _instead(self, _: Element) -> None:
        self._flush()
        self._exchange.opens(instead=True)
        self._chunk.steered = True

    def _by(self, element: Element) -> None:
        mentions = self._chunk.mentions
        if not self._exchange.expects and len(mentions) == 1 and not mentions[0][1] and self._names_two(element):
            self._exchange.takes(mentions[0][0], self._steps)  # "la gorra por un sombrero"
            self._chunk = Chunk(Does.ORDER)
            return
        if not self._exchange.expects:
            return
        if self._chunk.is_empty():  # "cámbialas por"
            self._exchange.takes(Bare(does=Does.CHANGE, pointing=True), self._steps)
        else:
            self._flush()

    def _names_two(self, element: Element) -> bool:
        """Whether a thing that is known stands before "por", and another one behind it."""
        i = element.index
        behind = self._context.kind(i + 1 + (self._context.kind(i + 1) in (QUANTITY, "definite")))
        return behind in (PRODUCT, SEVERAL) and self._context.kind(i - 2) == "definite"

    def _request(self, element: Element) -> None:
        if self._context.kind(element.index - 1) in ("definite", "possessive"):
            return  # "el pedido"
        self._wants = True
        if self._chunk.does in (Does.ORDER, Does.REMOVE) and not self._removing:
            self._steer(Does.ORDER)
        self._chunk.steered = self._chunk.leads = True
        self._opened = True

    def _scale(self, element: Element) -> None:
        self._flush()
        self._steps.append(Scaled(_FACTORS[element.kind]))

    def _part(self, element: Element) -> None:
        """A mark, "y" or "pero"; what is done may go on behind it."""
        kind, does = element.kind, self._chunk.does
        if kind == "and" and does is Does.REMOVE and self._chunk.steered and self._chunk.is_empty():
            return  # "quita también 2 gorras"
        if kind == LINK and self._chunk.is_empty() and not self._chunk.steered and self._steps:
            return
        paying = kind == "and" and (self._chunk.pays or self._is_of_payment())
        self._flush()
        if kind in _ENDS and not (kind == LINK and does is Does.ADD):
            does, self._removing = Does.ORDER, False
            self._exchange.ends()
        if does in (Does.REMOVE, Does.CHANGE, Does.RAISE, Does.LOWER):
            does = does if kind == COMMA or self._context.list_goes_on(element.index) else Does.ORDER
        if does is Does.SET and self._steps and isinstance(self._steps[-1], Named | Bare):
            does = Does.ORDER  # one thing takes another's place, the next ones are added
        if kind == "and" and (not self._opened or len(self._context.norm(element.index)) > 1):
            does = Does.ADD
        self._chunk = Chunk(does, pays=paying)
        self._chunk.steered = self._taking and does is Does.REMOVE  # "sácame las gorras y la bufanda"
        self._chunk.listed = self._quitting and does is Does.REMOVE

    # what is named -------------------------------------------------------------------------------------------

    def _thing(self, element: Element) -> None:
        adding = self._chunk.steered and self._chunk.does is Does.ADD  # "me faltó una gorra"
        wish = self._mentions.wish(element, told=adding)
        if element.kind in (QUALITY, UNKNOWN) and (wish is None or (element.kind == QUALITY and wish.product is None)):
            self._words(element)
            return
        if wish is None:
            if (self._exchange.expects or self._removing) and self._mentions.is_taken_back(element):
                self._mentioned(self._mentions.plain(element), element, refused=True)
            return
        if wish.unusable is Unusable.VAGUE and self._asks:
            return  # "¿cuántas camisas puse?"
        if self._is_of_payment() or self._is_guess(element) or self._is_beside_a_yes(element):
            self._chunk.foreign = True
            self._written(element)
            return
        apart = adding or self._is_mended_apart(element) or self._comes_with(element)  # "se me olvidó la gorra"
        own = element.q.quantity if element.q is not None else None
        self._late = wish.amount if own is None or own.value != wish.amount else None  # "lápices, 4"
        refused = wish.state == "refused" and not apart
        taken = self._removing or self._exchange.expects or self._chunk.does is Does.KEEP
        if refused and not (taken or self._is_taken_out(element.index)):
            return  # taken back within the message
        mention = self._mentions.of(wish)
        if self._exchange.expects and own is None and wish.amount is not None:  # "cambia el perfume por el 212"
            mention, self._late, refused = replace(mention, amount=None), None, True
        self._mentioned(mention, element, refused=refused)

    def _comes_with(self, element: Element) -> bool:
        """ "reemplaza la bufanda con una toalla"."""
        before = element.q.index if element.q is not None else element.index
        return self._exchange.goes is not None and self._context.kind(before - 1) == "con"

    def _is_beside_a_yes(self, element: Element) -> bool:
        """ "dale, a Rivadavia 4520 3B": what nobody sells and nothing asks for, unlike "dale, y un zarape"."""
        unknown = element.kind == UNKNOWN and "good" not in element.flags
        counted = element.q is not None and element.q.index < element.index and self._begins(element.q.index)
        return unknown and self._agreement.accepts and not self._chunk.steered and not counted

    def _is_of_payment(self) -> bool:
        """ "pago con un billete de 500"."""
        return not PAYING.isdisjoint(self._chunk.words)

    def _is_guess(self, element: Element) -> bool:
        """ "¿hacen delivery a Surco?", "disculpe la demora": what only looks like a product is none where nothing is
        counted or asked for."""
        match = element.match
        counted = element.q is not None or self._chunk.steered
        if match is None or match.score >= _CERTAIN or counted:
            return False
        told = self._asks or bool(self._chunk.words) or self._context.kind(element.index - 1) == "definite"
        return told and not self._wants

    def _is_mended_apart(self, element: Element) -> bool:
        """ "sube a 12 los lápices y baja a 5 los lapiceros", "suma 1 camiseta, cambia la gorra por": what is mended in
        another clause is not this."""
        if self._exchange.expects or self._removing:
            return False
        i = element.index + 1
        verb = self._context.kind(i + 1) in VERBS
        return self._context.kind(i) == "and" or (self._context.kind(i) in (COMMA, STOP) and verb)

    def _is_taken_out(self, i: int) -> bool:
        """ "la gorra no", "la gorra quítala", "la gorra cámbiala por"."""
        return self._context.post_negated(i) or self._context.kind(i + 1) in ("remove", "change")

    def _mentioned(self, mention: Mention, element: Element, *, refused: bool) -> None:
        self._opened = True
        self._heard |= {element.index, element.q.index if element.q is not None else element.index}
        if self._exchange.expects and refused:
            self._flush()
            self._exchange.takes(mention, self._steps)
            self._chunk = Chunk(Does.ORDER)
        elif self._exchange.goes is not None and not refused:
            self._steps.append(Replaced(self._exchange.closes(), mention))
            self._chunk = Chunk(Does.ORDER)
        else:
            if element.q is not None and "another" in element.q.flags and not refused:
                self._chunk.more = True
            if self._is_headless(element):
                q = element.q.quantity if element.q is not None else None
                mention = replace(mention, headless=True, amount=mention.amount if q is None else q.value)
            self._chunk.mentions.append((mention, refused))

    def _is_headless(self, element: Element) -> bool:
        """ "la de almohada", "4 de almohada", "de boxers"."""
        i = element.index - 1
        return self._context.kind(i) == "of" and (self._context.kind(i - 1) in ("definite", QUANTITY) or self._opens(i))

    def _quantity(self, element: Element) -> None:
        q = element.quantity
        owner = self._mentions.owner(element) if "bound" in element.flags else None
        if q is None or (owner is not None and owner.index not in self._covered):
            return
        if self._context.kind(element.index + 1) == "thanks":
            return  # "mil gracias"
        if self._is_of_a_name(element):
            self._chunk.words.append(self._reading.scanner.written(element.start, element.end))
            self._written(element)
            return
        late = self._late is not None and q.value == self._late and not self._chunk.mentions
        if late and self._context.kind(element.index + 1) != "each":
            self._late = None
            self._heard.add(element.index)
            return
        if self._chunk.pays:
            return  # "con un billete de 50 y 3 de 10"
        if self._exchange.expects and self._chunk.words:
            self._flush()  # "en vez de la negra otra azul"
        if self._is_named_by(element):
            self._chunk.words.append(self._reading.scanner.written(element.start, element.end))
            self._written(element)
            if self._context.kind(element.index - 1) != "by":
                self._chunk.amount = 1
            return
        self._split()
        self._chunk.counts = self._chunk.counts or self._begins(element.index)
        another = "another" in element.flags
        if another and self._context.kind(element.index - 1) == "definite":
            return  # "¿y la otra?"
        more = another or "more" in element.flags
        self._chunk.more = self._chunk.more or more
        if q.unusable is not None or "size" in element.flags:
            self._chunk.foreign = True
            self._written(element)
        elif q.article and not more and self._context.kind(element.index + 1) not in ("each", "more", ""):
            one = self._reading.scanner.norms[element.start] not in ("unos", "unas")
            self._chunk.amount = 1 if one else None  # "una azul"
            self._written(element, is_amount=True)
        else:
            self._chunk.amount, self._chunk.pairs = q.value, q.pairs
            self._written(element, is_amount=True)

    def _is_named_by(self, element: Element) -> bool:
        """ "y otro 42", "por el 212": what is one thing has its number in its name."""
        one = self._context.norm(element.index - 1) in ("otro", "otra", "por el", "por la")
        written = self._reading.scanner.tokens[element.start : element.end]
        return one and [token.kind for token in written] == [NUMBER] and written[0].norm != "1"

    def _measured(self, element: Element) -> int:
        """Past an amount in a unit that is of something said before: "medio kilo más"; 0 if there is none."""
        scanner = self._reading.scanner
        if element.kind in (PRODUCT, SEVERAL, MASK) or (element.quantity is not None and element.quantity.unit):
            return 0
        found = measure(scanner.tokens, scanner.roles, element.start, scanner.lexicon)
        if found is None or found.unit is None:
            return 0
        written = scanner.written(element.start, found.end)
        if self._is_of_a_name(element):
            self._chunk.words.append(written)
            self._chunk.written.append((written, False))
            return found.end
        self._split()
        self._chunk.amount, self._chunk.unit = found.value, found.unit
        self._chunk.written.append((written, True))
        return found.end

    def _is_of_a_name(self, element: Element) -> bool:
        """Whether a number is part of a name whose head is left out: "5 de 10", "la de 100"."""
        named = self._chunk.amount is not None or self._context.kind(element.index - 2) == "definite"
        return self._context.kind(element.index - 1) == "of" and (named or self._opens(element.index - 1))

    def _opens(self, i: int) -> bool:
        """Whether nothing but a mark stands before an element."""
        return self._context.kind(i - 1) in ("", COMMA, STOP, LINE, "and", "correction")

    def _begins(self, i: int) -> bool:
        """Whether an element begins a clause, also with "otro" or "la" before it."""
        return self._opens(i - (self._context.kind(i - 1) == "definite"))

    def _split(self) -> None:
        """A number begins another chunk where one is complete: "2 azules 1 negro"."""
        if self._chunk.amount is not None and self._chunk.words:
            does = self._chunk.does
            self._flush()
            self._chunk = Chunk(does)

    def _mask(self, element: Element) -> None:
        """ "a 3" behind a change of a quantity is no price."""
        tokens = self._reading.scanner.tokens[element.start : element.end]
        changing = self._chunk.does in (Does.CHANGE, Does.RAISE, Does.LOWER, Does.SET)
        changing = changing or self._goes_on_setting()
        to = len(tokens) == 2 and tokens[0].norm == "a" and tokens[1].kind == NUMBER
        amount = tokens[-1].value
        if not to or amount is None or not (changing or self._exchange.goes is not None):
            self._chunk.foreign = True
            self._written(element)
        elif isinstance(self._exchange.goes, Mention):
            mention = self._exchange.closes()
            assert isinstance(mention, Mention)
            self._steps.append(Named(Does.SET, replace(mention, amount=amount)))
        else:
            self._chunk.set_last(amount)

    def _goes_on_setting(self) -> bool:
        """ "sube las gorras a 5 y las camisas a 3"."""
        last = self._steps[-1] if self._steps else None
        return isinstance(last, Named) and last.does is Does.SET and self._chunk.does is Does.ORDER

    def _to(self, element: Element) -> None:
        """ "sube el azúcar a 2 kilos"."""
        after = self._context.kind(element.index + 1)
        if self._chunk.does in (Does.RAISE, Does.LOWER) and after == QUANTITY:
            self._chunk.does = Does.SET
        self._words(element)

    def _more(self, _: Element) -> None:
        self._chunk.more = True

    def _each(self, _: Element) -> None:
        self._chunk.each = True

    def _definite(self, element: Element) -> None:
        self._chunk.plural = self._context.norm(element.index) in ("los", "las")

    def _words(self, element: Element) -> None:
        if element.kind in _SILENT or (element.kind == NOISE and "emoji" in element.roles):
            if element.kind in _INSIDE:
                self._written(element)
            return
        if "another" in element.flags:  # "otro par"
            self._chunk.more = True
            return
        if element.kind == NOISE and element.roles & _PERSONS and self._is_for(element.index - 1):
            return  # "unas blancas para mi hijo"
        if self._is_half(element):
            self._chunk.amount = Fraction(1, 2)
            self._written(element, is_amount=True)
            return
        self._chunk.counts = self._chunk.counts and not element.roles & OF_DELIVERY
        self._chunk.describes = self._chunk.describes or element.kind == QUALITY
        if self._chunk.plural is None and self._context.norm(element.index) in ("opcion", "numero"):
            self._chunk.plural = False  # "opción 2", as "la 2"
        self._chunk.words += [norm for norm in self._mentions.norms(element) if norm not in _QUIET_WORDS]
        self._written(element)

    def _is_half(self, element: Element) -> bool:
        """ "dame medio", of what is sold by measure."""
        half = self._context.norm(element.index) in ("medio", "media")
        return half and self._chunk.steered and self._chunk.is_empty() and self._closes(element.end)

    def _is_for(self, i: int) -> bool:
        """Whether somebody comes whom something is for."""
        return self._context.kind(i - (self._context.kind(i) in ("possessive", "definite"))) == "for"

    def _written(self, element: Element, *, is_amount: bool = False) -> None:
        self._chunk.written.append((self._reading.scanner.written(element.start, element.end), is_amount))

    # the end of a chunk --------------------------------------------------------------------------------------

    def _flush(self) -> None:
        chunk, self._chunk = self._chunk, Chunk(self._chunk.does)
        self._opened = self._opened or not chunk.is_empty()
        if chunk.mentions:
            last = self._steps[-1] if self._steps else None
            if isinstance(last, Scaled) and last.mention is None and chunk.does is Does.ORDER and not chunk.steered:
                self._steps[-1] = replace(last, mention=chunk.mentions[0][0])  # "el doble de gorras"
            else:
                self._steps += chunk.named()
            return
        bare = chunk.bare()
        if bare is None:
            return
        described = bool(bare.words) or bare.foreign
        if self._is_denied(bare):
            denied = self._steps.pop()
            assert isinstance(denied, Named)
            self._steps.append(Named(Does.SET, replace(denied.mention, amount=bare.amount)))
        elif self._exchange.expects:
            self._exchange.takes(bare, self._steps)
        elif self._exchange.goes is not None and (described or bare.amount is not None):
            self._steps.append(Replaced(self._exchange.closes(), bare))
        else:
            self._steps.append(bare)

    def _is_denied(self, bare: Bare) -> bool:
        """ "no son 3 gorras, son 5": the number behind it is what there is to be of the last thing."""
        last = self._steps[-1] if self._steps else None
        counted = isinstance(last, Named) and last.does is Does.REMOVE and last.mention.amount is not None
        return counted and bare.does in (Does.ORDER, Does.SET) and bare.amount is not None and not bare.words


_KINDS: Final[dict[str, Callable[[_Walk, Element], None]]] = {
    **dict.fromkeys((COMMA, STOP, LINE, QUESTION, LINK, "and", "but"), _Walk._part),
    **dict.fromkeys((PRODUCT, SEVERAL, UNKNOWN, QUALITY), _Walk._thing),
    **dict.fromkeys(_FACTORS, _Walk._scale),
    **dict.fromkeys(("remove", "without"), _Walk._remove),
    **dict.fromkeys(("negation", "nope"), _Walk._refuse),
    QUANTITY: _Walk._quantity,
    MASK: _Walk._mask,
    "each": _Walk._each,
    "more": _Walk._more,
    "add": _Walk._add,
    "change": _Walk._change,
    "instead": _Walk._instead,
    "by": _Walk._by,
    "correction": _Walk._mend,
    "request": _Walk._request,
    "to": _Walk._to,
    "definite": _Walk._definite,
}


def _together(steps: list[Step]) -> list[Step]:
    """The steps with those that keep something as one: it is all of them that stay."""
    joined: list[Step] = []
    for step in steps:
        if isinstance(step, Named) and step.does is Does.KEEP:
            last = joined[-1] if joined else None
            kept = joined.pop().mentions if isinstance(last, Kept) else ()  # type: ignore[union-attr]
            joined.append(Kept((*kept, step.mention)))
        else:
            joined.append(step)
    return joined
