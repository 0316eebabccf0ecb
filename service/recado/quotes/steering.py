"""What verbs, refusals and questions do to the things that follow them."""

from typing import TYPE_CHECKING, Final

from recado.quotes.context import QUIET
from recado.quotes.elements import COMMA, LINE, NOISE, QUANTITY, STOP, THINGS, Element
from recado.quotes.told import CLAUSE_ENDS, drop_advertised, drop_offers
from recado.quotes.wishes import State

if TYPE_CHECKING:
    from recado.quotes.reading import Reading

_PRONOUNS: Final = frozenset(["definite", NOISE, "only", "that", "courtesy"])


def negation(reading: "Reading", i: int, state: State) -> None:
    j = reading.context.next(i, _PRONOUNS)
    kind = reading.context.kind(j)
    if kind in ("request", "add"):
        state.refuse = state.refuse_list = True
        state.subtract = False
        state.negated_verb = j
        reading.refused_all = True
    elif kind in THINGS or (kind == QUANTITY and "bound" in reading.elements[j].flags) or kind == "without":
        if reading.context.kind(i - 1) in (COMMA, STOP) and kind == QUANTITY and reading.last(("wanted",)) is not None:
            state.corrected = True
        else:
            state.refuse = state.refuse_list = True
            state.subtract = False
    elif kind == QUANTITY:
        if reading.context.kind(i - 1) in (COMMA, STOP, LINE, "") or reading.context.kind(j + 1) == "":
            if reading.context.kind(i - 1) in (COMMA, STOP, LINE):
                state.corrected = True
            else:
                state.negated_number = j
        else:
            state.negated_number = j
            state.corrected = False
    elif kind in (COMMA, STOP, "correction") and reading.wishes:
        state.corrected = True
        state.sticky = True


def request(reading: "Reading", i: int, kind: str, state: State) -> None:
    if reading.context.price_asked(i):
        return
    conditional = (
        reading.context.kind(i - 1) == "yes"
        and reading.scanner.norms[reading.elements[i - 1].start] == "si"
        and reading.context.kind(i - 2) in ("", COMMA, STOP, LINE, "greeting", "price", "and")
    )
    offered = reading.last(("mentioned",)) if reading.context.closes(reading.context.next(i, QUIET)) else None
    if offered is not None and offered.element.q is not None:
        offered.state = "wanted"  # "¿tienen 3 chalecos? me los aparta"
    asked = reading.last(("mentioned",))
    if asked is not None and asked.element.q is not None and asked.element.q.index > i:
        asked.state = "wanted"  # "si tienen bufandas mándame 2"
    drop_offers(reading)
    drop_advertised(reading, i)
    if not (conditional and reading.asks_price):
        state.request_at = i
        reading.requested = True
    state.mode = "wanted"
    state.refuse = state.instead = False
    if kind == "add":
        state.corrected = False


def remove(reading: "Reading", i: int, state: State) -> None:
    j = reading.context.next(i, QUIET)
    if reading.context.kind(j) in THINGS or reading.context.kind(j) in (QUANTITY, "possessive"):
        state.refuse = state.refuse_list = state.subtract = True
        state.restating = state.restating or state.corrected  # "mejor quita los de tripa y pon 6 de suadero"
        state.corrected = False
        reading.refused_all = True
        return
    last = reading.last(("wanted",))
    pronoun = reading.context.norm(i).endswith(("lo", "la", "los", "las"))
    if last is not None and pronoun:
        last.state = "refused"


def price(reading: "Reading", i: int, element: Element, state: State) -> None:
    reading.priced = True
    between = reading.elements[state.request_at + 1 : i] if state.request_at >= 0 else []
    if state.request_at >= 0 and not any(e.kind in THINGS or e.kind in CLAUSE_ENDS for e in between):
        reading.requested = any(w.state == "wanted" for w in reading.wishes)
        state.mode = "priced"
    elif "total" in element.roles:
        reading.totalled = True
    elif state.mode != "wanted":
        state.mode = "priced"
    state.refuse = False
