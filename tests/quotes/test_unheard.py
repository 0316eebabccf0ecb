"""A refusal that changes nothing of the order is asked about."""

import pytest

from recado.conversation.dialogue import Dialogue, Phase
from tests.quotes.shops import catalogue, quote


@pytest.mark.parametrize(
    ("shop", "text", "clauses"),
    [
        ("", "2 camisas y la gorra no la apuntes", ("la gorra no la apuntes",)),
        ("", "3 gorras, la bufanda no la eches, y un cinturón", ("la bufanda no la eches",)),
        ("", "2 camisas, a la gorra no le ponga nada", ("a la gorra no le ponga nada",)),
    ],
)
def test_a_refusal_without_effect_asks(shop: str, text: str, clauses: tuple[str, ...]) -> None:
    """Where the words behind "no" are in no phrase, the thing may be unwanted."""
    assert quote(shop, text).unheard == clauses


@pytest.mark.parametrize(
    "text",
    [
        "2 camisas, la gorra no",
        "no quiero camisas, solo 2 gorras",
        "3 blusas que no pasen de $20",
        "camisas que no sean blancas, 2",
        "si no tienes camisas dame 2 camisetas",
        "las gorras son de algodón, no? dame 2",
        "no necesito factura, 2 mochilas",
        "hola, no sé si me puedes ayudar, necesito 2 gorras",
    ],
)
def test_a_refusal_that_is_understood_does_not(text: str) -> None:
    """It takes a thing back, is a condition, ends a question, or is about something else."""
    assert quote("", text).unheard == ()


@pytest.mark.parametrize(
    "text",
    [
        "la gorra no la meta",
        "sí pero la gorra no la meta",
        "la gorra no la apuntes, sí",
        "confirmo, nomás la gorra no la eche",
        "sí, pero la gorra no la meta, ponme un jean 501",
    ],
)
def test_a_refusal_after_the_quote_asks_and_confirms_nothing(text: str) -> None:
    """It may be about a line of the quote, so neither the yes beside it nor the next one is taken at once."""
    dialogue = Dialogue(catalogue())
    dialogue.say("2 camisas y 1 gorra")
    reply = dialogue.say(text).reply
    assert reply is not None
    assert "¿A qué te refieres con «" in str(reply.content)
    dialogue.say("sí")
    assert dialogue.state is Phase.OPEN


@pytest.mark.parametrize("text", ["no eran 2 sino 3 camisas", "sí, pero sin la gorra", "la gorra no, sí"])
def test_a_refusal_after_the_quote_that_is_understood_does_not(text: str) -> None:
    """The change is made, and a yes beside it or after it confirms."""
    dialogue = Dialogue(catalogue())
    dialogue.say("2 camisas y 1 gorra")
    dialogue.say(text)
    dialogue.say("sí")
    assert dialogue.state is Phase.CONFIRMED


def test_the_next_yes_is_not_taken_at_once() -> None:
    """The customer may think that the thing was taken out."""
    dialogue = Dialogue(catalogue())
    dialogue.say("2 camisas y la gorra no la apuntes")
    dialogue.say("sí")
    first = dialogue.state
    dialogue.say("sí")
    assert (first, dialogue.state) == (Phase.OPEN, Phase.CONFIRMED)
