"""Words about the order as a whole: "lo mismo", "dame el total", "cancela todo", "los dos"."""

from collections.abc import Callable
from typing import Final

from recado.quotes.acts.acts import (
    Act,
    Add,
    Answer,
    AskPerson,
    AskTotal,
    CancelAll,
    Close,
    Confirm,
    DropQuestion,
    Repeat,
    StartOver,
    Unresolved,
    View,
)  # fmt: skip
from recado.quotes.acts.asked import put, taken
from recado.quotes.language.constructions import Does


def _dropped(view: View) -> list[Act]:
    return [DropQuestion(0)] * len(view.pending) if view.pending else [Unresolved("")]


def _together(count: int | None = None) -> Callable[[View], list[Act]]:
    """One of each option, or of each thing asked about: "todas", or "los dos" if there are two."""

    def acts(view: View) -> list[Act]:
        for index in reversed(range(len(view.pending))):
            candidates = view.pending[index].candidates
            if len(candidates) > 1:
                every = Answer(index, tuple((sku, 1) for sku in candidates))
                return [every] if count in (None, len(candidates)) else [Unresolved("")]
        both = (*view.asked_before, *view.asked)
        asked = next((lines for lines in (view.asked, both) if count in (None, len(lines))), None)
        if not view.asked:
            return []
        return [Unresolved("")] if asked is None else [Add(sku, quantity) for sku, quantity in asked]

    return acts


def _another(view: View) -> list[Act]:
    if not view.lines:
        return [Repeat()]
    return [Unresolved("") if view.target is None else Add(view.target, 1)]


SPOKEN: Final[dict[Does, Callable[[View], list[Act]]]] = {
    Does.REPEAT: lambda _: [Repeat()],
    Does.ANOTHER: _another,
    Does.TOTAL: lambda _: [AskTotal()],
    Does.CLOSE: lambda _: [Close()],
    Does.START_OVER: lambda _: [StartOver()],
    Does.PERSON: lambda _: [AskPerson()],
    Does.REST: lambda _: [Confirm()],
    Does.DROP: _dropped,
    Does.TAKE: taken,
    Does.PUT: put,
    Does.CANCEL: lambda _: [CancelAll()],
    Does.EVERYTHING: _together(),
    Does.BOTH: _together(2),
    Does.THREE: _together(3),
    Does.FOUR: _together(4),
}
