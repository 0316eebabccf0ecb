"""Finds what prevents a yes from confirming: any part of the message that is neither harmless nor part of a change.

Harmless are the words of a yes, courtesy, and what says where, when or how it is paid. All else has to lead to a change
of the quote, or it is asked about: a yes is to what the customer saw.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from recado.quotes.language import role
from recado.quotes.reading.agreement import PAYING, is_if, limits
from recado.quotes.reading.reading import Reading
from recado.quotes.reading.remarks import Remarks
from recado.quotes.reading.wishes import Stance
from recado.quotes.scan.elements import Element, Flag

_MARKS: Final = frozenset([role.COMMA, role.STOP, role.LINE, role.QUESTION, role.LINK, role.AND, role.BUT])
_ENDS: Final = frozenset([role.STOP, role.LINE, role.QUESTION, role.BUT])
_HARMLESS: Final = frozenset([
    *_MARKS, role.MASK, role.YES, role.COURTESY, role.THANKS, role.GREETING, role.DEFINITE, role.OF, role.TO,
    role.FOR, role.BY, role.THAT, role.POSSESSIVE, role.CON, role.COPULA, role.REQUEST, role.ONLY, role.CORRECTION,
])  # fmt: skip
"""Kinds of elements that ask for nothing by themselves."""
_HARMLESS_NOISE: Final = frozenset([
    role.FILLER, role.VACUOUS, role.EMOJI, role.SERVICES, role.PEOPLE, role.OCCASIONS, role.NAME, role.LATER,
    role.WEEKDAY, role.ADDRESS, role.TAKING, role.SECOND_THOUGHT, role.SETTLED, role.REASON, role.LIMIT, role.COMING,
    role.NOTICE, role.WHEN,
])  # fmt: skip
_OF_TRIPS: Final = frozenset([role.VISIT, role.COMING, role.NOTICE, role.WHEN])
_SPEAKS_OF_GOODS: Final = frozenset([role.MODIFIER, role.ABOUT])
OF_DELIVERY: Final = frozenset([role.ADDRESS, role.LATER, role.WEEKDAY, role.SERVICES])
"""Roles of words that change nothing: "pero para mañana", "pero pago con tarjeta"."""
_ANCHORS: Final = OF_DELIVERY | {role.NAME, role.PEOPLE, role.OCCASIONS}
_STEERING: Final = frozenset([
    role.ADD, role.REMOVE, role.CHANGE, role.WITHOUT, role.INSTEAD, role.NEGATION, role.NOPE, role.SAME, role.EACH,
    role.ANOTHER, role.MORE, role.DOUBLE, role.TRIPLE, role.HALF_OF, role.OR,
])  # fmt: skip
"""Kinds that say or ask something of goods, also beside an address."""
_NAMING: Final = frozenset([role.PEOPLE, role.OCCASIONS, role.SERVICES, role.ADDRESS])
_SENDING: Final = frozenset(["envio", "envios"])
_POINTING: Final = frozenset(["ese", "esa", "esos", "esas", "eso", "este", "esta"])
_PRONOUNS: Final = frozenset(["me", "te", "se", "le", "les", "nos", "lo"])
_VERBAL: Final = ("ando", "iendo", "yendo", "mente", "amos", "emos", "imos")
_ASKING: Final = frozenset([role.PRICE, role.TOTAL, role.AVAILABLE, role.ASIDE])
_TELLING: Final = frozenset([role.ASK, role.STORY])
_REFUSALS: Final = frozenset([role.NEGATION, role.NOPE])
_TAKES_OUT: Final = frozenset([role.ONLY, role.REMOVE, role.WITHOUT, role.NEGATION, role.CHANGE, role.INSTEAD])


class Reserves:
    """What a message contains beside a yes. heard: indexes of the elements that are part of a step; spoken: of those
    that are about the order as a whole; steering: of those that only say what is done to another; tells: of those
    that must have an effect; asides: of those that ask for something which changes nothing."""

    def __init__(
        self, reading: Reading, heard: AbstractSet[int], spoken: AbstractSet[int], steering: AbstractSet[int]
    ) -> None:
        self._reading = reading
        self._context = reading.context
        self._states = {wish.element.index: wish.state for wish in reading.wishes}
        self._heard, self._spoken, self._steering = heard, spoken, steering
        self._remarks = Remarks(reading.context, reading.matcher)
        self._clauses = [(clause, of_delivery) for clause, of_delivery in self._delivered()]
        self._leads = [
            any(e.index in heard and e.kind not in _STEERING and not self._is_harmless(e) for e in clause)
            for clause, _ in self._clauses
        ]
        self.tells = frozenset(
            element.index
            for clause, of_delivery in self._clauses
            if not (self._remarks.waives(clause) or self._asks_of_service(clause))
            for element in clause
            if not (self._is_harmless(element) or element.kind in _REFUSALS)
            and not (of_delivery and element.kind not in _STEERING)
        )
        self.asides = frozenset(self._beside())

    def left(self) -> tuple[str, ...]:
        """What prevents the yes from confirming, as the customer wrote it."""
        return tuple(
            self._reading.scanner.written(clause[0].start, clause[-1].end)
            for n, (clause, of_delivery) in enumerate(self._clauses)
            if self._holds_back(n, clause, of_delivery=of_delivery)
        )

    def _beside(self) -> Iterator[int]:
        """The places of clauses that ask when or how, and of "pero" before those that hold nothing back."""
        for clause, _ in self._clauses:
            aside, harmless = self._asks_aside(clause), all(map(self._is_harmless, clause))
            for element in self._reading.elements[clause[0].index : clause[-1].index + 2]:
                if aside or (harmless and element.kind is role.BUT):
                    yield element.index

    def _delivered(self) -> Iterator[tuple[list[Element], bool]]:
        """The clauses, with whether they are about delivery or payment; that continues over commas."""
        goes_on = False
        for clause, ends in _clauses(self._reading.elements):
            begins = clause[0].kind is role.QUANTITY and not goes_on  # "y una para mi mamá"
            of_delivery = (self._is_of_delivery(clause) and not begins) or (goes_on and self._adds_nothing(clause))
            yield clause, of_delivery
            goes_on = of_delivery and (not ends or role.ADDRESS in self._context.roles(clause[-1].index))

    def _adds_nothing(self, clause: Sequence[Element]) -> bool:
        """Whether a clause after an address or a payment only continues it: "y 3 de 10", "entre Morelos e Hidalgo", but
        not "y 3"."""
        i = clause[0].index - 1
        between = "entre" in (self._context.norm(i - 2), self._context.norm(i - 3))
        joined = self._context.kind(i) is role.AND
        return not joined or between or any(element.kind is role.OF for element in clause)

    def _holds_back(self, n: int, clause: Sequence[Element], *, of_delivery: bool) -> bool:
        if self._remarks.waives(clause):
            return False
        if any(role.CONDITION in element.roles for element in clause):
            return True
        condition = next((e for e in clause if is_if(e, self._context, self._reading.scanner)), None)
        if condition is not None:
            return not of_delivery or limits(condition, self._context) or self._agrees_beside(condition)
        leads = any(self._leads[max(0, n - 1) : n + 2])
        if any(self._is_left(element, leads=leads) for element in clause) or self._asks(clause):
            return True
        if self._is_refused(clause) or self._is_described(clause, of_delivery=of_delivery):
            return True
        return clause[0].kind is role.BUT and not (of_delivery or any(e.index in self._heard for e in clause))

    def _agrees_beside(self, condition: Element) -> bool:
        """ "sí, si llega hoy", "si llega hoy los pido": whether a yes depends on a condition."""
        elements, i = self._reading.elements, condition.index
        behind = any(e.kind is role.YES or role.TAKING in e.roles or e.index in self._spoken for e in elements[i + 1 :])
        return behind or any(e.kind is role.YES for e in elements[:i])

    def _is_harmless(self, element: Element) -> bool:
        norm = self._context.norm(element.index)
        if element.kind is role.NOISE:
            roles = element.roles or self._context.roles(element.index)
            return self._remarks.tells(element) or (bool(roles & _HARMLESS_NOISE) and not self._is_of_goods(element))
        if element.kind is role.UNKNOWN:
            return self._is_talk(element)
        if element.kind in _STEERING:
            i = element.index
            return self._remarks.denies(i) or self._remarks.leaves_out(i) or self._only_closes(i)
        if element.kind in _TELLING and self._context.kind(element.index + 1) in (role.THAT, role.YES):
            return True  # "dice que sí", "quedó bien"
        if element.kind is role.MASK and role.PRICE in element.roles:
            return not norm.startswith(("a ", "de "))  # "sí, a 3" is a wish, if not for so many then for so much
        if element.kind is role.QUANTITY:
            return (
                norm in ("mil", "un", "una") and self._context.kind(element.index + 1) is role.THANKS
            )  # "mil gracias"
        return element.kind in _HARMLESS or norm in _POINTING or bool(element.roles & _OF_TRIPS)

    def _only_closes(self, i: int) -> bool:
        """Whether a "no" at `i` answers "¿algo más?": "no, nada más"."""
        return (
            i == 0
            and self._context.kind(0) is role.NEGATION
            and self._context.kind(1) is role.COMMA
            and 2 in self._spoken
        )

    def _is_of_goods(self, element: Element) -> bool:
        """Whether a word distinguishes goods: "mujer", or "lluvia" if boots are sold for it; but not "para mi
        mujer"."""
        before, norm = self._context.kind(element.index - 1), self._context.norm(element.index)
        if norm in _SENDING or before is role.POSSESSIVE:
            return False
        somebody = role.PEOPLE in element.roles and before is role.DEFINITE  # "el bebé duerme"
        if element.roles & _SPEAKS_OF_GOODS and not somebody:
            return True
        named = bool(element.roles & _NAMING) and self._reading.matcher.knows(norm)
        return named and before not in (role.FOR, role.TO, role.DEFINITE, role.BY)

    def _is_talk(self, element: Element) -> bool:
        """Whether an unknown word is a verb by its form or its place: goods are named by nouns."""
        if element.q is not None:
            return False
        if self._remarks.tells(element):
            return True
        if Flag.GOOD in element.flags:
            return False
        word, before = self._reading.scanner.norms[element.start], self._context.norm(element.index - 1)
        return word.endswith(_VERBAL) or before in _PRONOUNS or before.endswith((" me", " te", " se", " lo", "cuando"))

    def _is_left(self, element: Element, *, leads: bool) -> bool:
        """Whether an element has no effect. leads: whether something beside it has one, for a verb, a no or "otro"."""
        if element.index in self._spoken:
            return False
        if element.kind in _STEERING or element.index in self._steering:
            harmless = element.kind in _STEERING and self._is_harmless(element)
            return not (leads or harmless or role.YES in element.roles)  # "déjalo así y confirma"
        return element.index in self.tells and element.index not in self._heard

    def _asks_aside(self, clause: Sequence[Element]) -> bool:
        """Whether it asks when the order comes, or how it is paid or delivered: that sets no condition."""
        if any(role.WHEN in e.roles for e in clause):
            return clause[0].kind is not role.BUT
        return self._asks_of_service(clause)

    def _asks_of_service(self, clause: Sequence[Element]) -> bool:
        if self._context.kind(clause[-1].index + 1) is not role.QUESTION:
            return False
        norms = [norm for e in clause for norm in self._context.norm(e.index).split()]
        return self._remarks.is_about_service(clause, norms)

    def _asks(self, clause: Sequence[Element]) -> bool:
        """Whether it is a question about goods or prices, with or without its mark; "¿sí?" is none."""
        if self._asks_aside(clause):
            return False
        marked = self._context.kind(clause[-1].index + 1) is role.QUESTION and any(
            e.kind is not role.YES for e in clause
        )
        return marked or any(
            e.kind in _ASKING and role.VISIT not in e.roles and e.index not in self._spoken for e in clause
        )

    def _is_refused(self, clause: Sequence[Element]) -> bool:
        """ "sí, no", but not "no falta nada"."""
        named = any(
            element.kind in (role.PRODUCT, role.SEVERAL, role.QUALITY)
            or (element.kind is role.UNKNOWN and element.index in self._heard)
            for element in clause
        )
        no = (
            not self._only_closes(clause[-1].index)
            and clause[-1].kind in _REFUSALS
            and clause[-1].index not in self._spoken
            and role.YES not in clause[-1].roles
            and not (len(clause) > 1 and self._context.norm(clause[-1].index) == "nada")
        )
        return no and not named

    def _is_described(self, clause: Sequence[Element], *, of_delivery: bool) -> bool:
        """Whether a thing is described by something that the catalogue does not distinguish: "sí, pero azules"."""
        if any(element.kind in _TAKES_OUT for element in clause):
            return False
        if any(Flag.QUALIFIED in e.flags and self._states.get(e.index) is Stance.WANTED for e in clause):
            return True
        return any(role.COLOURS in e.roles and e.kind is not role.YES for e in clause) and not of_delivery

    def _is_of_delivery(self, clause: Sequence[Element]) -> bool:
        """Whether it is about delivery or payment; a question about goods is not: "quiero ver fotos"."""
        return any(
            (element.kind is role.MASK and self._is_harmless(element))
            or (element.kind is role.NOISE and bool(element.roles & _ANCHORS) and not self._is_of_goods(element))
            or not PAYING.isdisjoint(self._context.norm(element.index).split())
            or self._is_place(element)
            for element in clause
        )

    def _is_place(self, element: Element) -> bool:
        """ "mándalo a Rivadavia 4520"."""
        i = element.index
        counted = self._context.kind(i + 1) is role.QUANTITY and Flag.QUANTITY_AFTER in element.flags
        sent = role.TAKING in self._context.roles(i - 2) or self._context.kind(i - 2) is role.REQUEST
        return element.kind is role.UNKNOWN and self._context.norm(i - 1) in ("a", "hasta") and (counted or sent)


def _clauses(elements: Sequence[Element]) -> Iterator[tuple[list[Element], bool]]:
    """The parts between two marks, with whether a sentence ends there; a clause after "pero" begins with it."""
    clause: list[Element] = []
    for element in elements:
        if element.kind in _MARKS:
            if clause and clause[-1].kind is not role.BUT:
                yield clause, element.kind in _ENDS
                clause = []
            if element.kind is role.BUT:
                clause = [element]
        else:
            clause.append(element)
    if clause:
        yield clause, True
