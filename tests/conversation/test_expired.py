"""Messages after a quote has expired: it is quoted again at today's prices, with the changes of the message."""

import functools
from decimal import Decimal

import pytest
from msgspec.structs import replace

from recado.conversation.dialogue import Dialogue, Phase
from recado.conversation.moment import Policy
from recado.conversation.turn import ReplyKind
from recado.quotes import Catalogue
from tests.conversation.replies import body, kind, quantities
from tests.quotes.shops import catalogue

SHIRT, CAP, SCARF, TOWEL = "CAM-001", "ACC-001", "ACC-006", "HOG-001"
CATALOGUE = catalogue()
HEAD = "Esa cotización venció el 15 de noviembre. Estos son los precios de hoy:"


@functools.cache
def dearer(*gone: str) -> Catalogue:
    """The same shop a day later: everything costs a dollar more, and some products are gone."""
    return Catalogue(
        tuple(replace(one, unit_price=one.unit_price + 1) for one in CATALOGUE.products if one.sku not in gone), "USD"
    )


def expired(*texts: str, noticed: bool, gone: tuple[str, ...] = ()) -> Dialogue:
    """A conversation with an expired quote. noticed: a drain has closed the quote since."""
    dialogue = Dialogue(CATALOGUE)
    for text in texts:
        dialogue.say(text)
    dialogue.now += Policy().quote_valid_seconds
    dialogue.sell(dearer(*gone))
    if noticed:
        dialogue.expire()
    return dialogue


@pytest.mark.parametrize("noticed", [True, False])
@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("sí pero sin la gorra", {SHIRT: 2}),
        ("sí, pero solo las camisas", {SHIRT: 2}),
        ("sí, y agrégale una bufanda", {SHIRT: 2, CAP: 1, SCARF: 1}),
        ("sí, pero que sean 3 camisas", {SHIRT: 3, CAP: 1}),
        ("quita la gorra", {SHIRT: 2}),
        ("agrega 2 bufandas", {SHIRT: 2, CAP: 1, SCARF: 2}),
        ("cambia la gorra por una bufanda", {SHIRT: 2, SCARF: 1}),
        ("dame el total", {SHIRT: 2, CAP: 1}),
        ("sí", {SHIRT: 2, CAP: 1}),
    ],
)
def test_it_is_quoted_again_with_the_change(text: str, lines: dict[str, int], noticed: bool) -> None:
    """The message does not confirm, because the customer has not seen the prices; the next yes confirms today's
    prices."""
    dialogue = expired("2 camisas y 1 gorra", noticed=noticed)
    dialogue.say(text)
    quote = dialogue.session.quote
    first = (dialogue.state, quantities(dialogue), dialogue.session.order, dialogue.asks)
    assert quote
    assert body(dialogue).startswith(HEAD)
    assert first == (Phase.OPEN, lines, None, False)
    assert all(line.unit_price == CATALOGUE.by_sku[line.sku].unit_price + 1 for line in quote.lines)
    dialogue.say("sí")
    assert dialogue.state is Phase.CONFIRMED
    assert dialogue.session.order
    assert dialogue.session.order.total == sum(
        ((CATALOGUE.by_sku[sku].unit_price + 1) * count for sku, count in lines.items()), Decimal(0)
    )


@pytest.mark.parametrize("noticed", [True, False])
def test_a_change_of_what_is_not_in_it_asks(noticed: bool) -> None:
    """The reply shows the quote unchanged, at today's prices."""
    dialogue = expired("2 camisas y 1 gorra", noticed=noticed)
    dialogue.say("sí pero sin la bufanda")

    assert body(dialogue).startswith(HEAD)
    assert (dialogue.state, quantities(dialogue), dialogue.asks) == (Phase.OPEN, {SHIRT: 2, CAP: 1}, True)


@pytest.mark.parametrize("noticed", [True, False])
def test_the_last_line_may_go(noticed: bool) -> None:
    dialogue = expired("1 gorra", noticed=noticed)
    dialogue.say("sí, pero sin la gorra")

    assert (dialogue.state, quantities(dialogue), kind(dialogue)) == (Phase.NONE, {}, ReplyKind.EMPTIED)


@pytest.mark.parametrize("noticed", [True, False])
@pytest.mark.parametrize("text", ["quiero 3 toallas", "¿cuánto cuestan las toallas?", "hola", "2 teléfonos"])
def test_other_messages_begin_anew(text: str, noticed: bool) -> None:
    """An order that does not refer to the quote, a question, a greeting: the customer did not ask for the old quote."""
    dialogue = expired("2 camisas y 1 gorra", noticed=noticed)
    dialogue.say(text)

    assert "venció" not in body(dialogue)
    if "3" in text:
        assert quantities(dialogue) == {TOWEL: 3}


@pytest.mark.parametrize("noticed", [True, False])
@pytest.mark.parametrize("how", ["said", "tapped", "yes", "dropped"])
def test_a_question_that_waits_keeps_the_other_lines(how: str, noticed: bool) -> None:
    """The answer adds to the other lines, by words or by a tap. After a yes, recado asks the question again, with
    today's prices."""
    dialogue = expired("2 camisas y 1 jeans", noticed=noticed)
    assert dialogue.session.talk.questions
    chosen = dialogue.session.talk.questions[0].candidates[0]
    match how:
        case "said":
            dialogue.say("el azul")
        case "tapped":
            dialogue.tap(f"c:T1:0:{chosen}")
        case "yes":
            dialogue.say("sí")
        case "dropped":
            dialogue.say("olvida los jeans")
    quote = dialogue.session.quote

    assert quote
    assert body(dialogue).startswith(HEAD)
    assert quote.lines[0].unit_price == CATALOGUE.by_sku[SHIRT].unit_price + 1
    assert len(quote.lines) == (2 if how in ("said", "tapped") else 1)
    assert dialogue.asks is (how == "yes")


def test_what_is_gone_since_is_named() -> None:
    dialogue = expired("2 camisas y 1 gorra", noticed=True, gone=(CAP,))
    dialogue.say("sí, y agrégale una bufanda")

    assert "Ya no tenemos: Gorra" in body(dialogue)
    assert quantities(dialogue) == {SHIRT: 2, SCARF: 1}


@pytest.mark.parametrize("noticed", [True, False])
@pytest.mark.parametrize("how", ["no", "no, gracias", "cancela todo", "q:T1:reject"])
def test_a_no_makes_no_new_quote(how: str, noticed: bool) -> None:
    """A rejected quote is not offered again."""
    dialogue = expired("2 camisas y 1 gorra", noticed=noticed)
    (dialogue.tap if how.startswith("q:") else dialogue.say)(how)

    assert kind(dialogue) is (ReplyKind.NO_OPEN_QUOTE if noticed else ReplyKind.REJECTED)
    assert quantities(dialogue) == {}
