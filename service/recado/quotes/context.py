"""What stands around an element: the questions that the reading asks of the neighbourhood."""

from typing import Final

from recado.quotes.elements import (
    COMMA,
    LINE,
    LINK,
    NOISE,
    PRODUCT,
    QUALITY,
    QUANTITY,
    QUESTION,
    SEVERAL,
    STOP,
    THINGS,
    UNKNOWN,
    VERBS,
    Element,
    Flag,
)  # fmt: skip
from recado.quotes.numbers import Quantity
from recado.quotes.tails import INFINITIVES
from recado.quotes.wishes import Stance, State

WE_ARE: Final = frozenset(["somos", "seremos", "venimos", "vendremos"])
"""A number behind these is of people."""
_PARTING: Final = frozenset([COMMA, LINE, LINK, STOP, "and", "but"])
_BESIDE_PERSONS: Final = frozenset([NOISE, "courtesy", "possessive", "definite", "for", *VERBS])
_CLAUSE: Final = 12
"""Elements of a clause that are looked at: more than one with a person and a number has."""
_IN_A_CLAUSE: Final = frozenset([NOISE, "definite", "con", "to", "copula"])
"""What a clause behind "que" has before its last noun."""
_TOLD: Final = frozenset(["copula", "negation", "nope", "story"])
_PERSONS: Final = frozenset(["people", "name", "person"])
_SAME: Final = frozenset(["mismo", "misma", "mismos", "mismas"])
_ABOUT: Final = frozenset(["copula", "for", "to", "that", "story", "possessive"])
"""Before a number of what is not asked for."""
_GOES_ON: Final = frozenset([COMMA, "and", LINE, LINK, "more", "con"])
"""Before what is asked for besides the thing before."""
_BEFORE_GOODS: Final = frozenset([*_GOES_ON, "", STOP, QUESTION, "greeting", "yes", "correction"])
_ENDS: Final = frozenset(["", COMMA, "and", LINE, STOP, QUESTION, LINK, "courtesy", "thanks", "more", QUANTITY])
"""Behind the last word of a thing."""
QUIET: Final = frozenset(["definite", NOISE, "of", "courtesy", LINK, "only", "possessive"])


_NOT_IT: Final = frozenset([
    "ya no", "mejor no", "siempre no", "no gracias", "no va", "para nada", "no lo quiero", "no la quiero",
    "no los quiero", "no las quiero", "ya no lo quiero", "ya no la quiero", "ya no los quiero", "ya no las quiero",
    "no lo llevo", "no los llevo", "esta vez no", "por ahora no",
    "de momento no", "por el momento no", "olvidalo", "olvidelo", "cancelalo", "cancelala", "anulalo",
])  # fmt: skip
"""Refusals of the thing before them: "los aros no los quiero"."""


class Context:
    """The elements of one message, and the plain words they stand for."""

    def __init__(self, elements: list[Element], norms: list[str], word_roles: list[frozenset[str]]) -> None:
        self.elements = elements
        self.norms = norms
        self.word_roles = word_roles
        self._kinds = {element.index: element.kind for element in elements}

    def kind(self, i: int) -> str:
        return self._kinds.get(i, "")

    def roles(self, i: int) -> frozenset[str]:
        """What the words of an element can do besides."""
        if not 0 <= i < len(self.elements):
            return frozenset()
        return self.elements[i].roles | self.word_roles[self.elements[i].start]

    def closes(self, i: int) -> bool:
        return self.kind(i) in ("", COMMA, STOP, LINE, QUESTION, "and", "courtesy", "thanks")

    def next(self, i: int, skip: frozenset[str]) -> int:
        """The next element after `i` that is none of `skip`; the count of elements if there is none."""
        j = i + 1
        while j < len(self.elements) and self.elements[j].kind in skip:
            j += 1
        return j

    def is_listed(self, i: int) -> bool:
        """Whether a quality ends a list, or goes on with one: "colorante rojo, azul y verde"."""
        if self.kind(i - 1) == "and":
            return self.closes(i + 1) or (self.kind(i + 1) == QUANTITY and self.kind(i + 2) == "each")
        return self.kind(i - 1) == COMMA and self.kind(i + 1) in (COMMA, "and") and self.kind(i + 2) == QUALITY

    def tells_each_kind(self, i: int) -> bool:
        """ "una barra de cada sabor", "una armónica de cada tonalidad": whether each kind of a thing is meant."""
        if "each_kind" in self.roles(i + 1):
            return True
        if self.norm(i + 1) != "de cada":
            return False
        return self.kind(i + 2) == UNKNOWN or (self.kind(i + 2) == NOISE and not self._is_person(i + 2))

    def follows(self, i: int, thing: Element) -> bool:
        """Whether an element goes on with a list behind a thing: "correas y afinadores"."""
        between = self.elements[thing.index + 1 : i]
        return any(e.kind in ("and", COMMA) for e in between) and all(e.kind in ("and", COMMA, "of") for e in between)

    def is_good_asked_about(self, i: int) -> bool:
        """ "tienes aspiradoras?", "hay un flat white?", but not "el queque tiene nueces?"."""
        i -= 1 + (self.kind(i - 1) in (QUANTITY, "definite"))
        return self.kind(i) == "available" and self.kind(i - 1) not in THINGS

    def is_of_reason(self, thing: Element) -> bool:
        """ "mi hijo perdió la flauta": what a verb that asks for nothing is about."""
        i = thing.index - 1
        return self.kind(i) in ("definite", "possessive") and self.kind(i - 1) == UNKNOWN

    def elsewhere(self, i: int) -> int | None:
        """Where a thing begins that only somebody else could tell, with its "que" or "de" at `i`: "la que tiene ella",
        "el mismo que llevó mi primo"; None if no such thing is asked for here."""
        that = self.norm(i).startswith("que")
        same = self.kind(i - 1) == "same" or self.norm(i - 1) in _SAME
        first = i - 1 - (same and self.kind(i - 2) == "definite")
        pointed = that and self.kind(first) == "definite" and self.norm(first) != "lo"
        wanted = self.kind(first - 1) == "request" or (same and self.opens(first))
        return first if (same or pointed) and wanted else None

    def clause_end(self, i: int) -> int:
        """Past the last token of the clause that the element at `i` is in."""
        while self.kind(i + 1) not in ("", COMMA, STOP, LINE, QUESTION):
            i += 1
        return self.elements[i].end

    def list_goes_on(self, i: int) -> bool:
        """Whether a list of refused things goes on: a thing without a quantity comes next."""
        j = self.next(i, QUIET)
        if self.kind(j) == "without":
            return True
        goods = self.kind(j) in (PRODUCT, SEVERAL) or (self.kind(j) == UNKNOWN and Flag.GOOD in self.elements[j].flags)
        return goods and self.elements[j].q is None

    def post_negated(self, i: int) -> bool:
        """ "la falda no", "camisas ya no": the refusal stands behind the thing."""
        j = i + 1
        while self.kind(j) in ("only", NOISE) and "emoji" not in self.elements[j].roles and self.norm(j) != ")":
            j += 1
        kind = self.kind(j)
        if kind == "correction":
            return self.norm(j) == "no que" and self.kind(j + 1) in _TOLD  # "los tacones no que están caros"
        if kind not in ("negation", "nope") or Flag.QUANTITY_AFTER in self.elements[i].flags:
            return False
        if kind == "nope" and not self.elements[j].roles & {"negation"} and "remove" not in self.elements[j].roles:
            return self.norm(j) in _NOT_IT
        after = self.kind(j + 1)
        if after == COMMA and self.kind(j + 2) == QUANTITY and Flag.BOUND not in self.elements[j + 2].flags:
            return False  # "3 camisas no, 2"
        if "reason" in self.roles(j + 1) or (after == "that" and self.kind(j + 2) in _TOLD):
            return True  # "la bufanda ya no porque no me alcanza"
        ends = after in ("", COMMA, STOP, LINE, LINK, "and", "but", "courtesy", "thanks")
        return ends or "emoji" in self.roles(j + 1) or self.norm(j + 1) == ")"

    def norm(self, i: int) -> str:
        """The plain words of an element; none where there is none."""
        if not 0 <= i < len(self.elements):
            return ""
        element = self.elements[i]
        return " ".join(self.norms[element.start : element.end])

    def incidental(self, i: int, element: Element, priced: bool) -> bool:
        """Named only beside the matter: "mi camisa", "algo para zapatos"."""
        j = i - 1
        while (
            self.kind(j) == "definite" or (self.kind(j) == NOISE and "weekday" not in self.roles(j))
        ) or (  # in "para el sábado la torta" the day is what it is for
            self.kind(j) == QUANTITY
            and self.elements[j] is element.q
            and element.q is not None
            and element.q.quantity is not None
            and element.q.quantity.article
        ):
            j -= 1
        before = self.kind(j)
        if element.kind == UNKNOWN and self.is_circumstance(i, element):
            return True
        if before == "of" and "about" in self.roles(j - 1):
            return True  # "fotos de los vestidos"
        with_it = self.kind(j - 1) == "con" or (self.kind(j - 1) == "and" and self.norm(j) in ("su", "sus"))
        if before == "possessive" and not with_it:  # "con su orden de tortillas", "y su mica" are asked for
            return j == i - 1 and (element.q is None or element.q.quantity is None or element.q.quantity.article)
        if before == "for":
            person = any(self._is_person(k) for k in range(j + 1, i))
            named = person and self.kind(i - 1) in (QUANTITY, "definite")  # "para Luis unas baquetas"
            return not named and (
                element.q is None or element.q.quantity is None or element.q.quantity.article or element.kind == UNKNOWN
            )
        return (
            element.kind == UNKNOWN
            and before in ("to", "copula", "by", "story", "of")
            and not (before == "of" and element.q is not None and element.q.start < self.elements[j].start)
            and not (before == "by" and priced)
            and not (before == "of" and self.kind(j - 1) in ("price", "total"))
        )

    def is_circumstance(self, i: int, element: Element) -> bool:
        """Whether a word that is no product says what an order is for, or goes on about what was ordered.

        "Para hacer unos fideos", "hilo rojo, que eso combina con el traje". It is not counted, and no product is.
        """
        q = element.q.quantity if element.q is not None else None
        if q is not None and not q.article:
            return False
        start = min(element.start, element.q.start if element.q is not None else element.start)
        planned = start > 1 and bool(self.word_roles[start - 2] & {"for", "request", "definite", "copula"})
        if planned and self._is_making(i, start - 1):
            return any(e.match is not None for e in self.elements)
        if Flag.GOOD in element.flags and self.kind(i - 1) != "definite":
            return False
        j = i - 1
        while self.kind(j) in _IN_A_CLAUSE or (self.kind(j) == QUANTITY and self.elements[j] is element.q):
            j -= 1
        return self.kind(j) == "that" and self.kind(j - 1) in THINGS and self.kind(i - 1) != "that"

    def _is_making(self, i: int, verb: int) -> bool:
        """ "preparar unos fideos"; any verb, where a request follows: "quiero tejer una cobija, dame 3 estambres"."""
        if "making" in self.word_roles[verb]:
            return True
        infinitive = self.norms[verb].endswith(INFINITIVES) and not self.word_roles[verb]
        return infinitive and any(e.kind in VERBS for e in self.elements[i + 1 : i + _CLAUSE])

    def is_share(self, i: int) -> bool:
        """Whether a number is what a person gets of the thing before: "y yo 3", "y 3 para mi hermana"."""
        if self.person_before(i):
            return self.closes(i + 1)
        j = i + 2
        while self.kind(j) in ("possessive", "definite"):
            j += 1
        if self.kind(i + 1) != "for" or not (self._is_person(j) or self._is_me(j - 1)):
            return False
        if self.kind(i - 1) in THINGS:  # "3 camisetas una para mí y dos para mi hijo"
            return any(self.kind(k) == QUANTITY and self.kind(k + 1) == "for" for k in range(i + 1, i + _CLAUSE))
        return self.kind(i - 1) in _PARTING

    def person_before(self, i: int) -> bool:
        """Whether nothing but a person stands in the clause before a number: "mi hermana quiere", "y para mí"."""
        person = False
        for j in range(i - 1, i - _CLAUSE, -1):
            if self.kind(j) not in _BESIDE_PERSONS:
                return person and self.kind(j) in ("", *_PARTING)
            person = person or self._is_person(j) or self._is_me(j)
        return False

    def _is_person(self, i: int) -> bool:
        addressed = self.kind(i) == "courtesy" and self.kind(i - 1) != "possessive"  # "amigo", not "mi amigo"
        return self.kind(i) in (NOISE, "courtesy") and not addressed and bool(self.roles(i) & _PERSONS)

    def _is_me(self, i: int) -> bool:
        """ "para mí": a possessive that nothing is added to."""
        return self.kind(i) == "possessive" and self.kind(i - 1) == "for" and not self._is_person(i + 1)

    def price_asked(self, i: int) -> bool:
        """Whether a verb only serves a price question: "a cuánto me las dejas", "cuánto me cobras por"."""
        j = i - 1
        while self.kind(j) in ("definite", NOISE, "to", "by", "yes", "that"):
            j -= 1
        return self.kind(j) == "price"

    def asked(self, i: int, element: Element, state: State, priced: bool) -> bool:
        """Whether a word that is no product of the catalogue stands for a thing the customer asks for."""
        if state.mode is Stance.MENTIONED or (Flag.VERB in element.flags and element.q is None):
            return False
        if element.q is None and self.kind(i + 1) == LINK and self.kind(i + 2) == LINE:
            return False  # "Bebidas:" over a list
        j = i - 1
        while self.kind(j) in ("definite", "courtesy") or self._is_filler(j):
            j -= 1
        before = self.kind(j)
        opens = before == "" and self.kind(i + 1) == "and" and self.kind(i + 2) in (QUANTITY, PRODUCT, SEVERAL)
        if (opens and not self._is_short(element)) or self._is_all(element):
            return True  # "pinza de cejas y un gel de cejas", "nintendo switch"
        if element.q is not None and element.q.quantity is not None:
            return self._is_counted_good(element.q.index, element.q.quantity, Flag.GOOD in element.flags, priced)
        return self._is_good_behind(j, element, state)

    def _is_filler(self, i: int) -> bool:
        if self.kind(i) != NOISE:
            return False
        roles = self.elements[i].roles
        return bool(roles & {"filler", "modifier"}) and "noun" not in roles

    def _is_counted_good(self, i: int, q: Quantity, good: bool, priced: bool) -> bool:
        """Whether what the quantity at `i` counts is asked for, by what stands before it."""
        i -= 1
        while self.kind(i) in (NOISE, "courtesy", LINK):
            i -= 1
        if self._is_of_no_order(i, q, good):
            return False
        opener = self.kind(i)
        if opener == "by":
            return priced
        return opener not in _ABOUT or (good and opener == "copula")

    def _is_good_behind(self, j: int, element: Element, state: State) -> bool:
        """Whether a word without a quantity is asked for, by what stands before it, at `j`."""
        before, good = self.kind(j), Flag.GOOD in element.flags
        if before in ("same", "double", "triple", "half_of"):
            return True
        if before in ("request", "add"):
            return not self._is_short(element)
        if (
            before in ("price", "total")
            or (before == "available" and state.mode is Stance.PRICED)
            or (before == "of" and self.kind(j - 1) in ("price", "total"))
        ):
            return good or len(element.text) > 3
        if good:
            return before in _BEFORE_GOODS
        listed = before == "and" or (before in _GOES_ON and self.norms[element.start].endswith("s"))
        ends = self.kind(element.index + 1) in _ENDS
        return state.wish_before and listed and ends and element.end - element.start <= 3

    def _is_all(self, element: Element) -> bool:
        """Whether two words or more of no part to play are the whole message."""
        return element.end - element.start == len(self.norms) > 1

    def _is_of_no_order(self, i: int, q: Quantity, good: bool) -> bool:
        """ "somos 6 adultos", "el domingo corro un maratón": what stands at `i` makes no order of what it counts."""
        if self.kind(i) == "copula":
            return self.norm(i) in WE_ARE
        return self.kind(i) == UNKNOWN and q.article and not good

    def _is_short(self, element: Element) -> bool:
        return Flag.GOOD not in element.flags and len(self.norms[element.start]) < 3

    def names_two(self, element: Element) -> bool:
        """Whether a thing that is known stands before "por", and another one behind it."""
        i = element.index
        behind = self.kind(i + 1 + (self.kind(i + 1) in (QUANTITY, "definite")))
        return behind in (PRODUCT, SEVERAL) and self.kind(i - 2) == "definite"

    def opens(self, i: int) -> bool:
        """Whether nothing but a mark stands before an element."""
        return self.kind(i - 1) in ("", COMMA, STOP, LINE, "and", "correction")

    def begins(self, i: int) -> bool:
        """Whether an element begins a clause, also with "otro" or "la" before it."""
        return self.opens(i - (self.kind(i - 1) == "definite"))

    def is_headless(self, element: Element) -> bool:
        """ "la de almohada", "4 de almohada", "de boxers", "el de 24 rosas"."""
        i = element.index - 1
        if element.q is not None and element.q.index == i and self.kind(i - 2) == "definite":
            i -= 1
        return self.kind(i) == "of" and (self.kind(i - 1) in ("definite", QUANTITY) or self.opens(i))

    def is_for(self, i: int) -> bool:
        """Whether somebody comes whom something is for."""
        return self.kind(i - (self.kind(i) in ("possessive", "definite"))) == "for"

    def is_taken_out(self, i: int) -> bool:
        """ "la gorra no", "la gorra quítala", "la gorra cámbiala por"."""
        return self.post_negated(i) or self.kind(i + 1) in ("remove", "change")
