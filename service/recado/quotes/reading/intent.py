"""Determines the intent of a message from its reading."""

import itertools
from enum import StrEnum
from typing import Final

from recado.quotes.language import role
from recado.quotes.language.role import Role
from recado.quotes.reading.agreement import puts_off
from recado.quotes.reading.context import Context
from recado.quotes.reading.reading import Reading
from recado.quotes.reading.wishes import Stance
from recado.quotes.scan.elements import THINGS, Element, Flag

_QUIET: Final = frozenset([
    role.GREETING, role.COURTESY, role.THANKS, role.COMMA, role.STOP, role.LINE, role.LINK, role.NOISE, role.DEFINITE,
    role.OF, role.AND, role.ONLY, role.ANOTHER, role.THAT, role.TO, role.BY, role.FOR, role.POSSESSIVE, role.BUT,
])  # fmt: skip
_CIVIL: Final = frozenset([role.GREETING, role.COURTESY, role.THANKS, role.COMMA, role.STOP, role.LINE])
_PARTS: Final = frozenset([role.COMMA, role.STOP, role.LINE, role.AND, role.BUT])
_OPENERS: Final = frozenset([role.NEGATION, role.COMMA, role.STOP, role.LINE])
_CONTENT: Final = frozenset([role.UNKNOWN, role.AVAILABLE, role.STORY, role.ASK, role.ASIDE])
_ORDERING: Final = frozenset(
    ["pedido", "pedir", "comprar", "compra", "orden", "ordenar", "cotizar", "cotizacion", "encargar", "presupuesto"]
)
_QUIET_OF: Final = frozenset([role.OF, role.BY, role.TO, role.DEFINITE])
_LOW_PRICES: Final = frozenset(["mayoreo", "mayorista", "mayor", "distribuidor", "medio mayoreo", "cliente", "amigo"])
"""Words after "precio de" that say at which price the goods are to be."""
_SAYS: Final = frozenset(["dice", "dicen", "dijo", "dijeron", "diciendo"])
_WHICH: Final = frozenset(["que", "q", "ke", "qe", "cuales"])
_CLAUSE: Final = 12
"""Elements of a clause that are looked at."""
_CLAUSE_OF_NO: Final = 3
"""Words of a refusal that is a clause by itself: "ya no quiero"."""
_YES_EMOJI: Final = frozenset("👍👌✅🆗✓✔☑💯🤝🙌👏")
_NO_EMOJI: Final = frozenset("👎❌❎✕✖✗✘🚫🙅⛔")


class Intent(StrEnum):
    """What the customer wants with a message."""

    ORDER = "order"
    PRICE_QUESTION = "price_question"
    CONFIRM = "confirm"
    REJECT = "reject"
    GREETING = "greeting"
    HELP = "help"
    OTHER = "other"
    TOO_LONG = "too_long"
    """Unknown, because the message is too long to be read."""


def intent_of(reading: Reading) -> Intent:
    """The first intent that matches."""
    if any(wish.state is Stance.WANTED for wish in reading.wishes):
        return _order_or_price(reading)
    gist = _Gist(reading)
    return next((intent for fits, intent in _INTENTS if fits(gist)), Intent.OTHER)


class _Gist:
    """A message that wishes for nothing in the catalogue: the roles of its words, and `kinds` of those that count.
    `content`: how many of them are about something else than the order. `said`: whether noise has a meaning."""

    def __init__(self, reading: Reading) -> None:
        elements = reading.elements
        self.reading = reading
        self.roles = _roles(reading)
        self.states = {wish.state for wish in reading.wishes}
        self.kinds = [e.kind for e in elements if e.kind not in _QUIET]
        self.content = sum(kind in _CONTENT for kind in self.kinds)
        noise = [e.roles for e in elements if e.kind is role.NOISE]
        self.services = any(role.SERVICES in roles for roles in noise)
        self.said = any(roles and not roles & {role.VACUOUS, role.EMOJI, role.NAME, role.PEOPLE} for roles in noise)

    def orders(self) -> bool:
        """It asks for a quantity; only an earlier message would show of what."""
        numbers = [e for e in self.reading.elements if e.kind is role.QUANTITY]
        if (
            Stance.MENTIONED not in self.states
            and self.reading.requested
            and any(Flag.BOUND in e.flags for e in numbers)
        ):
            return True
        counted = any(e.quantity is not None and not e.quantity.article for e in numbers)
        steered = self.reading.requested or self.roles & {role.CORRECTION, role.MORE}
        return counted and bool(steered) and not self.roles & {role.PRICE, role.TOTAL, role.AVAILABLE, role.ASK}

    def mentions(self) -> bool:
        return Stance.MENTIONED in self.states

    def dislikes_price(self) -> bool:
        """ "no me convence el precio"."""
        return {role.NOPE, role.PRICE} <= self.roles and role.QUESTION not in self.kinds and self.content == 0

    def asks_for_help(self) -> bool:
        if _asks_what_is_sold(self.reading):
            return True
        return role.HELP in self.roles and not (self.services and role.PRICE in self.kinds)

    def asks_price_of_service(self) -> bool:
        return self.asks_price() and self.services and role.OF not in self.kinds

    def asks_price(self) -> bool:
        return bool(self.roles & {role.PRICE, role.TOTAL})

    def refuses(self) -> bool:
        if Stance.REFUSED in self.states and self.reading.refused_all:
            return True
        kinds = [kind for kind in self.kinds if kind is not role.CORRECTION]  # "ah no, entonces no"
        no = role.NOPE in self.roles or (kinds[:1] == [role.NEGATION] and self.content == 0)
        told = (no and self.content <= 1) or _begins_with_no(self.reading) or _ends_with_no(self.reading)
        return told and role.QUESTION not in self.kinds

    def puts_off(self) -> bool:
        """ "ok luego te aviso", "ya voy en camino"."""
        unsettled = role.YES in self.roles and self.roles & {role.UNSETTLED, role.COMING}
        return bool(unsettled) and not self.roles & {role.SETTLED, role.TAKING}

    def agrees(self) -> bool:
        asks = role.QUESTION in self.kinds and (len(self.kinds) > 2 or role.GREETING in self.roles)  # "¿todo bien?"
        return role.YES in self.roles and self.content == 0 and Stance.REFUSED not in self.states and not asks

    def greets(self) -> bool:
        thanked = role.THANKS in self.roles and not self.kinds
        return role.GREETING in self.roles and {*self.kinds} <= {role.QUESTION} and not (self.said or thanked)

    def shows_yes(self) -> bool:
        return self._shows(_YES_EMOJI) and role.THANKS not in self.roles

    def shows_no(self) -> bool:
        return self._shows(_NO_EMOJI)

    def _shows(self, emoji: frozenset[str]) -> bool:
        """Whether only an emoji counts, one of these."""
        norms = self.reading.scanner.norms
        return not self.kinds and any(role.EMOJI in e.roles and norms[e.start] in emoji for e in self.reading.elements)

    def wants_to_order(self) -> bool:
        """ "quiero hacer un pedido", without a product yet."""
        told = self.roles & {role.TOLD, role.STORY, role.NEGATION, role.POSSESSIVE, role.AVAILABLE, role.COPULA}
        if not self.reading.requested or told or not self.kinds or not THINGS.isdisjoint(self.kinds):
            return False
        return not _ORDERING.isdisjoint(self.reading.scanner.norms)


_INTENTS: Final = (
    (_Gist.orders, Intent.ORDER),
    (_Gist.mentions, Intent.OTHER),
    (_Gist.dislikes_price, Intent.REJECT),
    (_Gist.asks_for_help, Intent.HELP),
    (_Gist.asks_price_of_service, Intent.OTHER),
    (_Gist.asks_price, Intent.PRICE_QUESTION),
    (_Gist.refuses, Intent.REJECT),
    (_Gist.puts_off, Intent.OTHER),
    (_Gist.agrees, Intent.CONFIRM),
    (_Gist.greets, Intent.GREETING),
    (_Gist.shows_yes, Intent.CONFIRM),
    (_Gist.shows_no, Intent.REJECT),
    (_Gist.wants_to_order, Intent.HELP),
)
"""What a message contains, and what the customer then wants."""


def _begins_with_no(reading: Reading) -> bool:
    """ "ya no los quiero, gracias por la cotización, está muy costoso todo": whatever is told after it."""
    first = next((e for e in reading.elements if e.kind not in _CIVIL), None)
    if first is None or first.kind is not role.NOPE or first.end - first.start < _CLAUSE_OF_NO:
        return False
    return reading.context.kind(first.index + 1) in _PARTS


def _ends_with_no(reading: Reading) -> bool:
    """ "lo hablé con mi señora y dice que no", "ya conseguí en otro lado, olvídalo": whatever was told before."""
    context = reading.context
    last = next((e.index for e in reversed(reading.elements) if e.kind not in _CIVIL), -1)
    if context.kind(last) is role.NOPE:
        return context.kind(last - 1) in _PARTS and _refuses(reading, reading.elements[last])
    return (
        context.kind(last) is role.NEGATION and context.kind(last - 1) is role.THAT and context.norm(last - 2) in _SAYS
    )


def _roles(reading: Reading) -> set[Role]:
    """The roles and kinds of all elements, without words of refusal that are none, and without what is not put off."""
    roles: set[Role] = set()
    for element in reading.elements:
        if role.NOPE in element.roles and not _refuses(reading, element):
            roles |= element.roles - {role.NOPE} | ({role.UNSETTLED} if element.kind is role.COPULA else set())
            roles.add(role.TOLD if element.kind is role.NOPE else element.kind)
        else:
            put_off = puts_off(element, reading.context)
            roles |= (element.roles - {role.SETTLED if put_off else role.UNSETTLED}) | {element.kind}
            roles |= {role.UNSETTLED} if put_off else set()
    return roles


def _asks_what_is_sold(reading: Reading) -> bool:
    """ "¿qué instrumentos manejan?": about goods that no product is named by."""
    context = reading.context
    return any(
        e.kind is role.UNKNOWN
        and not e.flags & {Flag.GOOD, Flag.VERB}
        and e.end == e.start + 1  # no "métodos de pago"
        and context.norm(e.index - 1 - 2 * _is_second(context, e.index)) in _WHICH
        and context.kind(e.index + 1) is role.AVAILABLE
        and context.closes(e.index + 2)
        for e in reading.elements
    )


def _is_second(context: Context, i: int) -> bool:
    """ "qué frutas y verduras": the second of two kinds of goods."""
    return context.kind(i - 1) is role.AND and context.kind(i - 2) is role.UNKNOWN


def _refuses(reading: Reading, element: Element) -> bool:
    """Whether a word of refusal is one at its place."""
    i = element.index
    if element.kind is role.COPULA:  # "paso", but not "paso a las 5", "mañana paso"
        beside = reading.elements[max(0, i - _CLAUSE) : i + _CLAUSE]
        return reading.context.kind(i + 1) not in (role.TO, role.MASK) and not any(
            role.LATER in e.roles for e in beside
        )
    if role.NOT_YET in element.roles:  # "todavía no", but not "todavía no me llega"
        after = itertools.islice(reading.elements, i + 1, None)
        return all(e.kind in _CIVIL or e.roles & {role.VACUOUS, role.EMOJI, role.NAME} for e in after)
    if reading.context.norm(i) == "nada":  # but not "no me llegó nada"
        before = reversed(reading.elements[max(0, i - _CLAUSE) : i])
        return next((e.kind for e in before if e.kind in _OPENERS), None) is not role.NEGATION
    return True


def _asks_for_a_low_price(reading: Reading) -> bool:
    """ "10 kilos de maíz, precio de mayoreo si se puede": which price is to be, and not what the price is."""
    context = reading.context
    priced = (e.index for e in reading.elements if e.kind is role.PRICE)
    low = any(context.norm(context.next(i, _QUIET_OF)) in _LOW_PRICES for i in priced)
    return low and role.QUESTION not in reading.kinds


def _order_or_price(reading: Reading) -> Intent:
    if not reading.priced or reading.requested:
        return Intent.ORDER
    if reading.totalled or _asks_for_a_low_price(reading):
        first_price = next((i for i, e in enumerate(reading.elements) if e.kind in (role.PRICE, role.TOTAL)), 0)
        before = reading.elements[:first_price]
        counted = any(e.kind in THINGS and e.q is not None for e in before)
        apart = any(e.kind in (role.COMMA, role.STOP, role.LINE, role.QUESTION) for e in before[-2:])
        joined = bool(before) and before[-1].kind is role.AND  # "un croissant y cuánto le debo?"
        if counted and (apart or joined):
            return Intent.ORDER
    return Intent.PRICE_QUESTION
