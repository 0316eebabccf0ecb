"""A yes is about what was shown: with anything else that may ask for something, it does not confirm what was not
seen."""

import itertools
from collections.abc import Iterator

import pytest

from recado.conversation.dialogue import Dialogue, Phase
from recado.quotes.language.lexicon import FUNCTION, lexicon
from recado.quotes.language.text import plain
from tests.quotes.shops import catalogue

CATALOGUE = catalogue()
SHOWN = {"CAM-001": 2, "ACC-001": 1}
FRAMES = (
    "sí {}", "sí, {}", "{} sí", "{}, dale", "sí y {}", "ok, y {}", "sí pero {}", "dale {}", "listo. {}", "sí\n{}",
    "perfecto {} gracias", "va {} porfa", "sí, con {}", "sí, de {}", "sí, {} también", "confirmo {}",
    "ok gracias, {}", "mándalo, {}",
)  # fmt: skip
NUMBERS = (
    "1", "3", "5", "12", "100", "uno", "dos", "tres", "media docena", "una docena", "un par", "2 o 3", "10 kilos",
    "2 litros", "2 más", "otra más", "el doble", "una menos", "de cada uno", "la mitad",
)  # fmt: skip
UNKNOWN = (
    "zarape", "huipil", "pupusas", "tirantes", "violín", "martillo", "lechuga", "tornillos", "quesadilla", "jabalí",
    "rehilete", "mantel", "vela", "sombrilla", "ladrillo", "caballo", "xylofono", "un rehilete", "2 pupusas",
)  # fmt: skip
QUESTIONS = (
    "¿tienen bufandas?", "¿hay talla M?", "¿es de algodón?", "¿y la bufanda?", "¿cuándo llega la bufanda?",
    "¿cuánto es?", "¿de qué color?", "¿seguro?", "¿me haces descuento?", "¿y si llevo 3?",
    "cuánto es el envío", "cuánto vale la bufanda",
)  # fmt: skip
REFUSALS = (
    "no", "ya no", "mejor no", "nunca", "tampoco", "todavía no", "ninguna", "no gracias", "no tanto", "no sé",
    "no me convence", "no estoy seguro", "no así", "no la bufanda", "si me haces descuento",
)  # fmt: skip


def after(text: str) -> tuple[Phase, dict[str, object]]:
    """The state of the conversation after this message to a quote of two shirts and a cap."""
    dialogue = Dialogue(CATALOGUE)
    dialogue.say("2 camisas y 1 gorra")
    dialogue.say(text)
    return dialogue.state, {line.sku: line.quantity for line in dialogue.lines}


def names() -> list[str]:
    """The names of products that are not in the quote."""
    sold = (product for product in CATALOGUE.products if product.sku not in SHOWN)
    return sorted({name for product in sold for name in (product.name, *product.aliases)})


def words() -> list[str]:
    """The words of all names that are neither a line of the quote nor function words ("con", "mano": a brother)."""
    shown = {plain(name) for sku in SHOWN for name in (CATALOGUE.by_sku[sku].name, *CATALOGUE.by_sku[sku].aliases)}
    spoken = FUNCTION | {"yes"}
    return sorted(
        {word for name in names() for word in plain(name).split() if word.isalpha() and len(word) > 2}
        - shown
        - {word for name in names() for word in plain(name).split() if lexicon().roles(word) & spoken}
    )


def beside(things: list[str], each: int) -> Iterator[str]:
    """Messages with a yes and each of the things, in `each` frames in turn."""
    frames = itertools.cycle(FRAMES)
    for thing in things:
        for frame in itertools.islice(frames, each):
            yield frame.format(thing)


def confirmed(texts: Iterator[str]) -> list[str]:
    """The messages that place an order."""
    return [text for text in texts if after(text)[0] is Phase.CONFIRMED]


def test_no_product_beside_a_yes_is_confirmed_unseen() -> None:
    """The product is named as in the catalogue."""
    assert confirmed(beside(names(), 2)) == []


def test_no_word_of_the_catalogue_goes_unasked_beside_a_yes() -> None:
    """A colour, a kind, half a name: words that distinguish products."""
    assert confirmed(beside(words(), 2)) == []


@pytest.mark.parametrize("frame", FRAMES)
def test_nothing_else_is_taken_for_part_of_a_yes(frame: str) -> None:
    """Numbers, things that nobody sells, questions, refusals."""
    texts = (frame.format(thing) for thing in (*NUMBERS, *UNKNOWN, *QUESTIONS, *REFUSALS))

    more = [text for text in texts if after(text)[0] is Phase.CONFIRMED and not fewer(after(text)[1])]

    assert more == []


@pytest.mark.parametrize(
    "text",
    [
        "sí, ¿cuándo llega?", "sí, a qué hora llega?", "dale, en cuánto tiempo llega?",
        "sí, y cuánto tardan en llegar?", "listo, cuánto demora el envío a Surco?",
        "sí, ¿en cuánto llega?", "sí, ¿puedo pagar con tarjeta?", "sí, ¿aceptan nequi?", "sí, ¿tienen garantía?",
        "sí, ¿trae bolsa?", "dale, ¿entregan el martes en la calle 20 # 20-20?",
        "sí, eso. ¿me mandas la cuenta para transferir?",
    ],
)  # fmt: skip
def test_a_yes_with_a_question_of_service_confirms(text: str) -> None:
    """When the order comes, how it is paid and what comes with it set no condition."""
    assert after(text) == (Phase.CONFIRMED, SHOWN)


@pytest.mark.parametrize(
    "text",
    [
        "sí, a qué hora llega la bufanda?", "sí pero ¿cuándo llega?", "sí, ¿cuándo llega? ¿tienen bufandas?",
        "¿cuándo llega?", "sí, ¿cuándo llega? y cuánto es?",
        "sí, pero ¿aceptan nequi?", "¿sí aceptan nequi?", "sí aceptan nequi?",
    ],
)  # fmt: skip
def test_a_question_of_more_than_when_the_order_comes_holds_a_yes_back(text: str) -> None:
    """A question about goods or the price, after a "pero", or without a yes."""
    assert after(text) == (Phase.OPEN, SHOWN)


def fewer(lines: dict[str, object]) -> bool:
    """Whether something was removed from the quote; a yes may confirm that at once."""
    return lines != SHOWN and lines.keys() <= SHOWN.keys()


@pytest.mark.parametrize(
    "text", ["sí, para abrigo", "sí, a 3", "sí, y 3", "sí, pago con yape y 3", "sí, ponle", "dale, agrega"]
)
def test_a_yes_is_held_back_by_half_a_wish(text: str) -> None:
    """Also after a preposition, a payment, or a verb without an object."""
    assert after(text) == (Phase.OPEN, SHOWN)


@pytest.mark.parametrize(
    "condition", ["siempre y cuando llegue hoy", "con tal que llegue mañana", "siempre que haya talla M"]
)
def test_a_yes_on_a_condition_confirms_nothing(condition: str) -> None:
    """Somebody has to say whether the condition holds, even if it is only about the delivery."""
    assert after(f"sí, {condition}")[0] is Phase.OPEN
