"""Determines the intent of a message from its reading."""

import itertools
from typing import Final

from recado.quotes.agreement import puts_off
from recado.quotes.elements import COMMA, LINE, LINK, MASK, NOISE, QUANTITY, QUESTION, STOP, THINGS, UNKNOWN, Element
from recado.quotes.reading import Reading

_QUIET: Final = frozenset(
    [
        "greeting",
        "courtesy",
        "thanks",
        COMMA,
        STOP,
        LINE,
        LINK,
        NOISE,
        "definite",
        "of",
        "and",
        "only",
        "another",
        "that",
        "to",
        "by",
        "for",
        "possessive",
        "but",
    ]
)
_CIVIL: Final = frozenset(["greeting", "courtesy", "thanks", COMMA, STOP, LINE])
_OPENERS: Final = frozenset(["negation", COMMA, STOP, LINE])
_CLAUSE: Final = 12
"""Elements of a clause that are looked at."""
_YES_EMOJI: Final = frozenset("👍👌✅🆗✓✔☑💯🤝🙌👏")
_NO_EMOJI: Final = frozenset("👎❌❎✕✖✗✘🚫🙅⛔")


def intent_of(reading: Reading) -> str:
    """The name of the intent, one of `service.Intent`."""
    elements = reading.elements
    wanted = [w for w in reading.wishes if w.state == "wanted"]
    if wanted:
        return _order_or_price(reading)
    roles: set[str] = set()
    for element in elements:
        if "nope" in element.roles and not _refuses(reading, element):
            roles |= element.roles - {"nope"} | ({"unsettled"} if element.kind == "copula" else set())
            roles.add("told" if element.kind == "nope" else element.kind)
        else:
            held = frozenset() if puts_off(element, reading.context) else {"unsettled"}
            roles |= (element.roles - held) | {element.kind}
    mentioned = any(w.state == "mentioned" for w in reading.wishes)
    if not mentioned and reading.requested and any(e.kind == QUANTITY and "bound" in e.flags for e in elements):
        return "order"
    counted = any(e.kind == QUANTITY and e.quantity is not None and not e.quantity.article for e in elements)
    steered = reading.requested or {"correction", "more"} & roles
    if counted and steered and not {"price", "total", "available", "ask"} & roles:
        return "order"  # of what, only an earlier message would tell
    refused = any(w.state == "refused" for w in reading.wishes)
    if mentioned:
        return "other"
    services = any("services" in e.roles and e.kind == NOISE for e in elements)
    kinds = [e.kind for e in elements if e.kind not in _QUIET]
    said = any(e.kind == NOISE and e.roles and not e.roles & {"vacuous", "emoji", "name", "people"} for e in elements)
    content = sum(k == UNKNOWN for k in kinds) + sum(k in ("available", "story", "ask", "aside") for k in kinds)
    if "nope" in roles and "price" in roles and QUESTION not in kinds and content == 0:
        return "reject"  # "no me convence el precio"
    if _asks_what_is_sold(reading):
        return "help"
    if "help" in roles and not (services and "price" in kinds):
        return "help"
    if "price" in roles or "total" in roles:
        return "other" if services and "of" not in kinds else "price_question"
    if refused and reading.refused_all:
        return "reject"
    emoji = {r for e in elements if "emoji" in e.roles for r in e.roles}
    no = "nope" in roles or (kinds[:1] == ["negation"] and content == 0)
    if no and content <= 1 and QUESTION not in kinds:
        return "reject"
    if "yes" in roles and roles & {"unsettled", "coming"} and not roles & {"settled", "taking"}:
        return "other"  # "ok luego te aviso", "ya voy en camino"
    if "yes" in roles and content == 0 and not refused and not (QUESTION in kinds and len(kinds) > 2):
        return "confirm"
    if not kinds:
        if "greeting" in roles and "thanks" not in roles and not said:
            return "greeting"
        if emoji & _YES_EMOJI and not roles & {"thanks"}:
            return "confirm"
        if emoji & _NO_EMOJI:
            return "reject"
        return "other"
    if kinds == [QUESTION] * len(kinds) and "greeting" in roles and not said:
        return "greeting"
    told = {"told", "story", "negation", "possessive", "available", "copula"} & roles
    if reading.requested and not told and not any(k in THINGS for k in kinds) and _wants_to_order(reading):
        return "help"
    return "other"


def _asks_what_is_sold(reading: Reading) -> bool:
    """ "¿qué instrumentos manejan?": of goods that no product is called by."""
    context = reading.context
    return any(
        e.kind == UNKNOWN
        and not e.flags & {"good", "verb"}
        and e.end == e.start + 1  # no "métodos de pago"
        and context.norm(e.index - 1) in ("que", "cuales")
        and context.kind(e.index + 1) == "available"
        and context.closes(e.index + 2)
        for e in reading.elements
    )


def _refuses(reading: Reading, element: Element) -> bool:
    """Whether a word of refusal is one where it stands."""
    i = element.index
    if element.kind == "copula":  # "paso", but not "paso a las 5", "mañana paso"
        beside = reading.elements[max(0, i - _CLAUSE) : i + _CLAUSE]
        return reading.context.kind(i + 1) not in ("to", MASK) and not any("later" in e.roles for e in beside)
    if "not_yet" in element.roles:  # "todavía no", but not "todavía no me llega"
        after = itertools.islice(reading.elements, i + 1, None)
        return all(e.kind in _CIVIL or e.roles & {"vacuous", "emoji", "name"} for e in after)
    if reading.context.norm(i) == "nada":  # but not "no me llegó nada"
        before = reversed(reading.elements[max(0, i - _CLAUSE) : i])
        return next((e.kind for e in before if e.kind in _OPENERS), "") != "negation"
    return True


def _wants_to_order(reading: Reading) -> bool:
    return bool(
        {"pedido", "pedir", "comprar", "compra", "orden", "ordenar", "cotizar", "cotizacion", "encargar", "presupuesto"}
        & set(reading.scanner.norms)
    )


def _order_or_price(reading: Reading) -> str:
    if not reading.priced or reading.requested:
        return "order"
    if reading.totalled:
        first_price = next((i for i, e in enumerate(reading.elements) if e.kind in ("price", "total")), 0)
        before = reading.elements[:first_price]
        counted = any(e.kind in THINGS and e.q is not None for e in before)
        apart = any(e.kind in (COMMA, STOP, LINE, QUESTION) for e in before[-2:])
        if counted and apart:
            return "order"
    return "price_question"
