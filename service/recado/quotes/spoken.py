"""What is said of the order as a whole: "lo mismo", "dame el total", "cancela todo", "los dos"."""

from collections.abc import Callable
from typing import Final

from recado.quotes.acts import (
    Act,
    Answer,
    AskPerson,
    AskTotal,
    CancelAll,
    Close,
    Confirm,
    DropQuestion,
    Repeat,
    StartOver,
    Take,
    Unresolved,
    View,
)  # fmt: skip
from recado.quotes.asked import put, taken
from recado.quotes.constructions import Does


def _dropped(view: View) -> list[Act]:
    return [DropQuestion(0)] * len(view.pending) if view.pending else [Unresolved("")]


def _everything(view: View) -> list[Act]:
    """ "los dos", "todas": one of each option."""
    for index in reversed(range(len(view.pending))):
        candidates = view.pending[index].candidates
        if len(candidates) > 1:
            return [Answer(index, tuple((sku, 1) for sku in candidates))]
    if len(view.asked) == 1:
        return [Unresolved("")]  # "dame los dos": the other one was asked about before
    return [Take()] if view.asked else []


SPOKEN: Final[dict[Does, Callable[[View], list[Act]]]] = {
    Does.REPEAT: lambda _: [Repeat()],
    Does.TOTAL: lambda _: [AskTotal()],
    Does.CLOSE: lambda _: [Close()],
    Does.START_OVER: lambda _: [StartOver()],
    Does.PERSON: lambda _: [AskPerson()],
    Does.REST: lambda _: [Confirm()],
    Does.DROP: _dropped,
    Does.TAKE: taken,
    Does.PUT: put,
    Does.CANCEL: lambda _: [CancelAll()],
    Does.EVERYTHING: _everything,
}
