"""Buttons and rows to tap: decisions on a quote, candidates of a question. Typed answers work as well."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

from recado.orders import OpenQuote, Question
from recado.quotes import Catalogue
from recado.quotes.language.money import money
from recado.whatsapp.content import MOST_ROWS, Choice, ContentError, Inside, Text, with_choices

_QUOTE_ID: Final = re.compile(r"q:([0-9A-Za-z]{1,64}):(confirm|change|reject|show)")
_HANDOFF_ID: Final = re.compile(r"h:(person|assistant)")
_PRODUCT_ID: Final = re.compile(r"c:([0-9A-Za-z]{1,64}):([0-9]{1,3}):(.+)", re.DOTALL)


class Decision(StrEnum):
    """The meaning of a tapped button or row."""

    CONFIRM = "confirm"
    CHANGE = "change"
    REJECT = "reject"
    SHOW = "show"
    PRODUCT = "product"
    PERSON = "person"
    ASSISTANT = "assistant"


_TITLES: Final = {
    Decision.CONFIRM: "✅ Sí, confirmar",
    Decision.CHANGE: "✏️ Cambiar",
    Decision.REJECT: "❌ No, gracias",
}


#: Buttons that choose who handles the conversation: a person or recado.
TO_A_PERSON: Final = Choice(f"h:{Decision.PERSON}", "Hablar con alguien")
TO_THE_ASSISTANT: Final = Choice(f"h:{Decision.ASSISTANT}", "Seguir con asistente")


class Tap(msgspec.Struct, frozen=True):
    """A tap. token: of the quote, if it is about one. sku: of the product that was chosen."""

    token: str
    decision: Decision
    sku: str = ""


def parsed(tapped: str | None) -> Tap | None:
    """Parses a tap on one of recado's choices; None for any other message."""
    if tapped is None:
        return None
    if of_quote := _QUOTE_ID.fullmatch(tapped):
        return Tap(of_quote[1], Decision(of_quote[2]))
    if of_handoff := _HANDOFF_ID.fullmatch(tapped):
        return Tap("", Decision(of_handoff[1]))
    if of_question := _PRODUCT_ID.fullmatch(tapped):
        return Tap(of_question[1], Decision.PRODUCT, of_question[3])
    return None


def decisions(quote: OpenQuote) -> list[Choice]:
    """The decisions that a customer can make about a quote."""
    return [Choice(f"q:{quote.token}:{decision}", title) for decision, title in _TITLES.items()]


def candidates(questions: Sequence[Question], token: str, catalogue: Catalogue) -> list[Choice]:
    """The products that the last question offers, with their prices; empty if there are more than fit."""
    for number, question in reversed(list(enumerate(questions))):
        products = [catalogue.by_sku[sku] for sku in question.candidates if sku in catalogue.by_sku]
        if 1 < len(products) <= MOST_ROWS:
            return [
                Choice(
                    f"c:{token}:{number}:{one.sku}",
                    one.name,
                    f"{money(one.unit_price, catalogue.currency, exact=True)} {one.name}",
                )
                for one in products
            ]
    return []


def offered(text: str, choices: Sequence[Choice]) -> Inside:
    """The text with its choices; only the text if there are none, or if Meta would refuse them (an id of 300
    letters)."""
    if not choices:
        return Text(text)
    try:
        return with_choices(text, choices)
    except ContentError:
        return Text(text)
