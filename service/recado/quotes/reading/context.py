"""What is around an element: questions about its neighbours."""

from collections.abc import Callable
from typing import Final

from recado.quotes.language import role
from recado.quotes.language.numbers import Quantity
from recado.quotes.language.role import Role, Roles
from recado.quotes.reading.wishes import ReadingState, Stance
from recado.quotes.scan.descriptions import INFINITIVES
from recado.quotes.scan.elements import THINGS, VERBS, Element, Flag

WE_ARE: Final = frozenset(["somos", "seremos", "seriamos", "venimos", "vendremos"])
"""A number after one of these counts people."""
_PARTING: Final = frozenset([role.COMMA, role.LINE, role.LINK, role.STOP, role.AND, role.BUT])
_BESIDE_PERSONS: Final = frozenset([role.NOISE, role.COURTESY, role.POSSESSIVE, role.DEFINITE, role.FOR, *VERBS])
_CLAUSE: Final = 12
"""Elements of a clause that are looked at: more than one with a person and a number has."""
_IN_A_CLAUSE: Final = frozenset([role.NOISE, role.DEFINITE, role.CON, role.TO, role.COPULA])
"""What a clause after "que" has before its last noun."""
_TOLD: Final = frozenset([role.COPULA, role.NEGATION, role.NOPE, role.STORY])
_ASIDE: Final = frozenset([role.NOISE, role.TO])
_PERSONS: Final = frozenset([role.PEOPLE, role.NAME, role.PERSON])
_SAME: Final = frozenset(["mismo", "misma", "mismos", "mismas"])
_ABOUT: Final = frozenset([role.COPULA, role.FOR, role.TO, role.THAT, role.STORY, role.POSSESSIVE])
"""Precede a number that belongs to something that is not asked for."""
_GOES_ON: Final = frozenset([role.COMMA, role.AND, role.LINE, role.LINK, role.MORE, role.CON])
"""Precede what is asked for in addition to the preceding thing."""
_BEFORE_GOODS: Final = frozenset([
    *_GOES_ON, role.OUTSIDE, role.STOP, role.QUESTION, role.GREETING, role.YES, role.CORRECTION,
])  # fmt: skip
_ENDS: Final = frozenset([
    role.OUTSIDE, role.COMMA, role.AND, role.LINE, role.STOP, role.QUESTION, role.LINK, role.COURTESY, role.THANKS,
    role.MORE, role.QUANTITY,
])  # fmt: skip
"""Follow the last word of a thing."""
QUIET: Final = frozenset([role.DEFINITE, role.NOISE, role.OF, role.COURTESY, role.LINK, role.ONLY, role.POSSESSIVE])
_SECTIONS: Final = frozenset([
    "bebidas", "postres", "comida", "entradas", "extras", "varios", "otros", "adicionales", "abarrotes", "verduras",
    "frutas", "carnes", "lacteos", "limpieza", "aseo", "papeleria", "accesorios", "ferreteria", "plomeria", "dulces",
])  # fmt: skip
"""Words above a part of a list, which nobody orders by themselves."""
_NOT_IT: Final = frozenset([
    "ya no", "mejor no", "siempre no", "no gracias", "no va", "no van", "ya no va", "ya no van", "para nada",
    "no lo quiero", "no la quiero", "no los quiero", "no las quiero", "ya no lo quiero", "ya no la quiero",
    "ya no los quiero", "ya no las quiero", "no lo llevo", "no los llevo", "no hace falta", "no hacen falta",
    "ya no hace falta", "ya no hacen falta", "lo dejamos fuera", "la dejamos fuera", "los dejamos fuera",
    "las dejamos fuera", "esta vez no", "hoy no", "por ahora no", "de momento no", "por el momento no", "olvidalo",
    "olvidelo", "cancelalo", "cancelala", "anulalo", "no me gusta", "no me gustan", "no me gusto", "no me gustaron",
    "no me sirve", "no me sirven", "no me convence", "no me convencen", "no me convencio", "no me interesa",
    "no me interesan",
])  # fmt: skip
"""Refusals of the thing before them: "los aros no los quiero"."""
_NONE: Final = frozenset(["ninguno", "ninguna", "ningunos", "ningunas"])
"""How many of the thing before them are wanted: "agitador 1, transmisión ninguna"."""


class _Kinds(dict[int, Role]):
    """The kinds of elements by their places."""

    def __missing__(self, _: int) -> Role:
        return role.OUTSIDE


class Context:
    """The elements of one message, and their plain words."""

    def __init__(self, elements: list[Element], norms: list[str], word_roles: list[Roles]) -> None:
        self.elements = elements
        self.norms = norms
        self.word_roles = word_roles
        kinds = _Kinds([(element.index, element.kind) for element in elements])
        self.kind: Callable[[int], Role] = kinds.__getitem__
        """The kind of the element at a place."""

    def roles(self, i: int) -> Roles:
        """The other roles that the words of an element can have."""
        if not 0 <= i < len(self.elements):
            return frozenset()
        return self.elements[i].roles | self.word_roles[self.elements[i].start]

    def closes(self, i: int) -> bool:
        return self.kind(i) in (
            role.OUTSIDE,
            role.COMMA,
            role.STOP,
            role.LINE,
            role.QUESTION,
            role.AND,
            role.COURTESY,
            role.THANKS,
        )

    def next(self, i: int, skip: Roles) -> int:
        """The next element after `i` that is none of `skip`; the number of elements if there is none."""
        j = i + 1
        while j < len(self.elements) and self.elements[j].kind in skip:
            j += 1
        return j

    def is_listed(self, i: int) -> bool:
        """Whether a quality ends a list, or continues one: "colorante rojo, azul y verde"."""
        if self.kind(i - 1) is role.AND:
            return self.closes(i + 1) or (self.kind(i + 1) is role.QUANTITY and self.kind(i + 2) is role.EACH)
        return (
            self.kind(i - 1) is role.COMMA
            and self.kind(i + 1) in (role.COMMA, role.AND)
            and self.kind(i + 2) is role.QUALITY
        )

    def tells_each_kind(self, i: int) -> bool:
        """ "una barra de cada sabor", "una armónica de cada tonalidad": whether each kind of a thing is meant."""
        if self.kind(i + 1) is role.OUTSIDE:
            return False
        if role.EACH_KIND in self.roles(i + 1):
            return True
        if self.norm(i + 1) != "de cada":
            return False
        return self.kind(i + 2) is role.UNKNOWN or (self.kind(i + 2) is role.NOISE and not self._is_person(i + 2))

    def follows(self, i: int, thing: Element) -> bool:
        """Whether an element continues a list after a thing: "correas y afinadores"."""
        between = self.elements[thing.index + 1 : i]
        return any(e.kind in (role.AND, role.COMMA) for e in between) and all(
            e.kind in (role.AND, role.COMMA, role.OF) for e in between
        )

    def is_good_asked_about(self, i: int) -> bool:
        """ "tienes aspiradoras?", "hay un flat white?", but not "el queque tiene nueces?"."""
        i -= 1 + (self.kind(i - 1) in (role.QUANTITY, role.DEFINITE))
        return self.kind(i) is role.AVAILABLE and self.kind(i - 1) not in THINGS

    def is_of_reason(self, thing: Element) -> bool:
        """ "mi hijo perdió la flauta": the object of a verb that asks for nothing."""
        i = thing.index - 1
        return self.kind(i) in (role.DEFINITE, role.POSSESSIVE) and self.kind(i - 1) is role.UNKNOWN

    def elsewhere(self, i: int) -> int | None:
        """The start of a thing that only somebody else could identify, with its "que" or "de" at `i`: "la que tiene
        ella", "el mismo que llevó mi primo"; None if no such thing is asked for here."""
        that = self.norm(i).startswith("que")
        same = self.kind(i - 1) is role.SAME or self.norm(i - 1) in _SAME
        first = i - 1 - (same and self.kind(i - 2) is role.DEFINITE)
        pointed = that and self.kind(first) is role.DEFINITE and self.norm(first) != "lo"
        wanted = self.kind(first - 1) is role.REQUEST or (same and self.opens(first))
        return first if (same or pointed) and wanted else None

    def clause_end(self, i: int) -> int:
        """The token after the clause that contains the element at `i`."""
        while self.kind(i + 1) not in (role.OUTSIDE, role.COMMA, role.STOP, role.LINE, role.QUESTION):
            i += 1
        return self.elements[i].end

    def list_goes_on(self, i: int) -> bool:
        """Whether a list of refused things continues: the next thing has no quantity."""
        j = self.next(i, QUIET)
        if self.kind(j) is role.WITHOUT:
            return True
        goods = self.kind(j) in (role.PRODUCT, role.SEVERAL) or (
            self.kind(j) is role.UNKNOWN and Flag.GOOD in self.elements[j].flags
        )
        return goods and self.elements[j].q is None

    def post_negated(self, i: int) -> bool:
        """ "la falda no", "camisas ya no": the refusal follows the thing."""
        j = i + 1
        listed = self.kind(j) is role.AND and self.kind(j + 1) in (role.PRODUCT, role.SEVERAL)
        if listed and self.kind(i - 1) is role.OF and self.opens(i - 1):
            return self.post_negated(j + 1)  # "de papa y cebolla nada"
        while (
            self.kind(j) in (role.ONLY, role.NOISE) and role.EMOJI not in self.elements[j].roles and self.norm(j) != ")"
        ):
            j += 1
        kind = self.kind(j)
        if self.norm(j) in _NONE and self.elements[i].q is None:
            return self.closes(j + 1) or role.REASON in self.roles(j + 1)
        if kind is role.CORRECTION:
            return self.norm(j) == "no que" and self._says_why(j + 1)  # "los tacones no que están caros"
        if kind not in (role.NEGATION, role.NOPE) or Flag.QUANTITY_AFTER in self.elements[i].flags:
            return False
        if kind is role.NOPE and not self.elements[j].roles & {role.NEGATION, role.REMOVE}:
            of_it = self.kind(i - 1) is role.OF or (self.closes(j + 1) and self.elements[i].q is None)
            return (of_it and self.norm(j).endswith("nada")) or self.norm(j) in _NOT_IT  # "de cebolla nada hoy"
        after = self.kind(j + 1)
        if after is role.COMMA and self._counts_again(j + 2):
            return False  # "3 camisas no, 2"
        that = after is role.THAT or self.norm(j + 1).startswith("que ")  # "ya no que sí tengo"
        if role.REASON in self.roles(j + 1) or (that and self.kind(j + 2) in _TOLD):
            return True  # "la bufanda ya no porque no me alcanza"
        if after is role.ONLY and self._is_named_again(i):
            return True  # "una falda y dos blusas, no, la falda no solo las blusas"
        ends = after in (
            role.OUTSIDE,
            role.COMMA,
            role.STOP,
            role.LINE,
            role.LINK,
            role.AND,
            role.BUT,
            role.COURTESY,
            role.THANKS,
        )
        return ends or role.EMOJI in self.roles(j + 1) or self.norm(j + 1) == ")"

    def _counts_again(self, i: int) -> bool:
        """Whether a number at `i` is of a thing before it: "2", "uno entero"."""
        counted = self.kind(i) is role.QUANTITY
        return counted and (Flag.BOUND not in self.elements[i].flags or self.kind(i + 1) is role.QUALITY)

    def _says_why(self, i: int) -> bool:
        """Whether what follows "no que" says why and is no other thing or number: "no que está muy cara", "no que me
        queda"."""
        if self.norm(i) == "ya" or (self.norm(i) == "esta" and self.kind(i + 1) not in THINGS):
            return True
        return self.kind(i) in _TOLD or self.kind(self.next(i - 1, _ASIDE)) in (role.AVAILABLE, *_TOLD)

    def _is_named_again(self, i: int) -> bool:
        """Whether a thing behind an article was named before in the message."""
        match = self.elements[i].match
        before = (e.match for e in self.elements[:i] if e.match is not None)
        return (
            match is not None
            and self.kind(i - 1) is role.DEFINITE
            and any(match.products == one.products for one in before)
        )

    def norm(self, i: int) -> str:
        """The plain words of an element; empty if there is none."""
        if not 0 <= i < len(self.elements):
            return ""
        element = self.elements[i]
        if element.end == element.start + 1:
            return self.norms[element.start]
        return " ".join(self.norms[element.start : element.end])

    def incidental(self, i: int, element: Element, priced: bool) -> bool:
        """Whether something is only mentioned in passing: "mi camisa", "algo para zapatos"."""
        j = i - 1
        while (
            self.kind(j) is role.DEFINITE or (self.kind(j) is role.NOISE and role.WEEKDAY not in self.roles(j))
        ) or (  # in "para el sábado la torta" the day is what it is for
            self.kind(j) is role.QUANTITY
            and self.elements[j] is element.q
            and element.q is not None
            and element.q.quantity is not None
            and element.q.quantity.article
        ):
            j -= 1
        before = self.kind(j)
        if element.kind is role.UNKNOWN and self.is_circumstance(i, element):
            return True
        if before is role.OF and role.ABOUT in self.roles(j - 1):
            return True  # "fotos de los vestidos"
        with_it = self.kind(j - 1) is role.CON or (self.kind(j - 1) is role.AND and self.norm(j) in ("su", "sus"))
        if before is role.POSSESSIVE and not with_it:  # "con su orden de tortillas", "y su mica" are asked for
            return j == i - 1 and (element.q is None or element.q.quantity is None or element.q.quantity.article)
        if before is role.FOR:
            person = any(self._is_person(k) for k in range(j + 1, i))
            named = person and self.kind(i - 1) in (role.QUANTITY, role.DEFINITE)  # "para Luis unas baquetas"
            return not named and (
                element.q is None
                or element.q.quantity is None
                or element.q.quantity.article
                or element.kind is role.UNKNOWN
            )
        if element.kind is role.UNKNOWN and element.q is None and self.norm(i - 1) == "al":
            return True  # "me lo llevan al rancho?"
        return (
            element.kind is role.UNKNOWN
            and before in (role.TO, role.COPULA, role.BY, role.STORY, role.OF)
            and not (before is role.OF and element.q is not None and element.q.start < self.elements[j].start)
            and not (before is role.BY and priced)
            and not (before is role.OF and self.kind(j - 1) in (role.PRICE, role.TOTAL))
        )

    def is_circumstance(self, i: int, element: Element) -> bool:
        """Whether a word that is not a product says what an order is for, or continues the description of the order:
        "Para hacer unos fideos", "hilo rojo, que eso combina con el traje". It has no quantity and is not a product."""
        q = element.q.quantity if element.q is not None else None
        if q is not None and not q.article:
            return False
        start = min(element.start, element.q.start if element.q is not None else element.start)
        planned = start > 1 and bool(self.word_roles[start - 2] & {role.FOR, role.REQUEST, role.DEFINITE, role.COPULA})
        if planned and self._is_making(i, start - 1):
            return any(e.match is not None for e in self.elements)
        if Flag.GOOD in element.flags and self.kind(i - 1) is not role.DEFINITE:
            return False
        j = i - 1
        while self.kind(j) in _IN_A_CLAUSE or (self.kind(j) is role.QUANTITY and self.elements[j] is element.q):
            j -= 1
        return self.kind(j) is role.THAT and self.kind(j - 1) in THINGS and self.kind(i - 1) is not role.THAT

    def _is_making(self, i: int, verb: int) -> bool:
        """ "preparar unos fideos"; any verb if a request follows: "quiero tejer una cobija, dame 3 estambres"."""
        if role.MAKING in self.word_roles[verb]:
            return True
        infinitive = self.norms[verb].endswith(INFINITIVES) and not self.word_roles[verb]
        return infinitive and any(e.kind in VERBS for e in self.elements[i + 1 : i + _CLAUSE])

    def is_share(self, i: int) -> bool:
        """Whether a number is a person's share of the thing before: "y yo 3", "y 3 para mi hermana"."""
        if self.person_before(i):
            return self.closes(i + 1)
        j = i + 2
        while self.kind(j) in (role.POSSESSIVE, role.DEFINITE):
            j += 1
        if self.kind(i + 1) is not role.FOR or not (self._is_person(j) or self._is_me(j - 1)):
            return False
        if self.kind(i - 1) in THINGS:  # "3 camisetas una para mí y dos para mi hijo"
            return any(
                self.kind(k) is role.QUANTITY and self.kind(k + 1) is role.FOR for k in range(i + 1, i + _CLAUSE)
            )
        return self.kind(i - 1) in _PARTING

    def person_before(self, i: int) -> bool:
        """Whether the clause before a number contains only a person: "mi hermana quiere", "y para mí"."""
        person = False
        for j in range(i - 1, i - _CLAUSE, -1):
            if self.kind(j) not in _BESIDE_PERSONS:
                return person and self.kind(j) in (role.OUTSIDE, *_PARTING)
            person = person or self._is_person(j) or self._is_me(j)
        return False

    def _is_person(self, i: int) -> bool:
        addressed = self.kind(i) is role.COURTESY and self.kind(i - 1) is not role.POSSESSIVE  # "amigo", not "mi amigo"
        return self.kind(i) in (role.NOISE, role.COURTESY) and not addressed and bool(self.roles(i) & _PERSONS)

    def _is_me(self, i: int) -> bool:
        """ "para mí": a possessive without a noun."""
        return self.kind(i) is role.POSSESSIVE and self.kind(i - 1) is role.FOR and not self._is_person(i + 1)

    def price_asked(self, i: int) -> bool:
        """Whether a verb is only part of a price question: "a cuánto me las dejas", "cuánto me cobras por"."""
        j = i - 1
        while self.kind(j) in (role.DEFINITE, role.NOISE, role.TO, role.BY, role.YES, role.THAT):
            j -= 1
        return self.kind(j) is role.PRICE

    def asked(self, i: int, element: Element, state: ReadingState, priced: bool) -> bool:
        """Whether a word that is not a product of the catalogue is a thing that the customer asks for."""
        if state.mode is Stance.MENTIONED or (Flag.VERB in element.flags and element.q is None):
            return False
        if element.q is None and self._is_section(i):
            return False
        j = i - 1
        while self.kind(j) in (role.DEFINITE, role.COURTESY) or self._is_filler(j):
            j -= 1
        before = self.kind(j)
        if element.q is None and before is role.CON and self.kind(j - 1) is role.HELP:
            return False  # "me pasas la carta con los platillos?"
        opens = (
            before is role.OUTSIDE
            and self.kind(i + 1) is role.AND
            and self.kind(i + 2) in (role.QUANTITY, role.PRODUCT, role.SEVERAL)
        )
        if (opens and not self._is_short(element)) or self._is_all(element):
            return True  # "pinza de cejas y un gel de cejas", "nintendo switch"
        if element.q is not None and element.q.quantity is not None:
            return self._is_counted_good(element.q.index, element.q.quantity, Flag.GOOD in element.flags, priced)
        return self._is_good_behind(j, element, state)

    def _is_section(self, i: int) -> bool:
        """ "Compras:" or "Bebidas" above a list."""
        if self.kind(i + 1) is role.LINK:
            return self.kind(i + 2) is role.LINE
        alone = self.kind(i - 1) in (role.OUTSIDE, role.LINE) and self.kind(i + 1) is role.LINE
        return alone and self.norm(i) in _SECTIONS

    def _is_filler(self, i: int) -> bool:
        if self.kind(i) is not role.NOISE:
            return False
        roles = self.elements[i].roles
        return bool(roles & {role.FILLER, role.MODIFIER}) and role.NOUN not in roles

    def _is_counted_good(self, i: int, q: Quantity, good: bool, priced: bool) -> bool:
        """Whether the customer asks for what the quantity at `i` counts, judged by the words before it."""
        i -= 1
        while self.kind(i) in (role.NOISE, role.COURTESY, role.LINK):
            i -= 1
        if self._is_of_no_order(i, q, good):
            return False
        opener = self.kind(i)
        if opener is role.BY:
            return priced
        return opener not in _ABOUT or (good and opener is role.COPULA)

    def _is_good_behind(self, j: int, element: Element, state: ReadingState) -> bool:
        """Whether the customer asks for a word without a quantity, judged by the words before it, at `j`."""
        before, good = self.kind(j), Flag.GOOD in element.flags
        if before in (role.SAME, role.DOUBLE, role.TRIPLE, role.HALF_OF):
            return True
        if before in (role.REQUEST, role.ADD):
            return not self._is_short(element)
        if (
            before in (role.PRICE, role.TOTAL)
            or (before is role.AVAILABLE and state.mode is Stance.PRICED)
            or (before is role.OF and self.kind(j - 1) in (role.PRICE, role.TOTAL))
        ):
            return good or len(element.text) > 3
        if good:
            return before in _BEFORE_GOODS
        listed = before is role.AND or (before in _GOES_ON and self.norms[element.start].endswith("s"))
        ends = self.kind(element.index + 1) in _ENDS
        return state.wish_before and listed and ends and element.end - element.start <= 3

    def _is_all(self, element: Element) -> bool:
        """Whether the whole message is two or more words without a role."""
        return element.end - element.start == len(self.norms) > 1

    def _is_of_no_order(self, i: int, q: Quantity, good: bool) -> bool:
        """ "somos 6 adultos", "el domingo corro un maratón": whether the words at `i` show that a counted thing is
        not ordered."""
        if self.kind(i) is role.COPULA:
            return self.norm(i) in WE_ARE
        return self.kind(i) is role.UNKNOWN and q.article and not good

    def _is_short(self, element: Element) -> bool:
        return Flag.GOOD not in element.flags and len(self.norms[element.start]) < 3

    def names_two(self, element: Element) -> bool:
        """Whether there is a known thing before "por", and another one after it."""
        i = element.index
        behind = self.kind(i + 1 + (self.kind(i + 1) in (role.QUANTITY, role.DEFINITE)))
        return behind in (role.PRODUCT, role.SEVERAL) and self.kind(i - 2) is role.DEFINITE

    def opens(self, i: int) -> bool:
        """Whether there is only a mark before an element."""
        return self.kind(i - 1) in (role.OUTSIDE, role.COMMA, role.STOP, role.LINE, role.AND, role.CORRECTION)

    def begins(self, i: int) -> bool:
        """Whether an element begins a clause, also with "otro" or "la" before it."""
        return self.opens(i - (self.kind(i - 1) is role.DEFINITE))

    def is_headless(self, element: Element) -> bool:
        """ "la de almohada", "4 de almohada", "de boxers", "el de 24 rosas"."""
        i = element.index - 1
        if element.q is not None and element.q.index == i and self.kind(i - 2) is role.DEFINITE:
            i -= 1
        return self.kind(i) is role.OF and (self.kind(i - 1) in (role.DEFINITE, role.QUANTITY) or self.opens(i))

    def is_but_of(self, i: int) -> bool:
        """ "y otra pero de pollo": whether what is at `i` is a kind of what was said before."""
        return self.kind(i - 1) is role.OF and self.kind(i - 2) is role.BUT

    def is_for(self, i: int) -> bool:
        """Whether "para" is at `i`, or before a possessive or an article there."""
        return self.kind(i - (self.kind(i) in (role.POSSESSIVE, role.DEFINITE))) is role.FOR

    def is_taken_out(self, i: int) -> bool:
        """ "la gorra no", "la gorra quítala", "la gorra cámbiala por"."""
        return self.post_negated(i) or self.kind(i + 1) in (role.REMOVE, role.CHANGE)
