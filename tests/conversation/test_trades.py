"""What is meant is told by how a shop calls its goods: kinds, parts of names and price questions of several trades."""

import functools

import pytest

from recado.conversation.dialogue import Dialogue, State
from recado.quotes import Catalogue
from tests.conversation.scoring import SHOPS


@functools.cache
def catalogue(shop: str) -> Catalogue:
    """The goods of a shop."""
    return Catalogue.from_csv(SHOPS / f"{shop}.csv")


def quoted(shop: str, *texts: str) -> dict[str, str]:
    """The lines after these messages, by sku."""
    dialogue = Dialogue(catalogue(shop))
    for text in texts:
        dialogue.say(text)
    return {line.sku: str(line.quantity) for line in dialogue.lines}


@pytest.mark.parametrize(
    ("shop", "texts", "lines"),
    [
        # the answer is a word of a name, or names other things, too
        ("pizzeria", ("quiero una margarita", "la mediana"), {"PZ-MAR-M": "1"}),
        ("licoreria", ("un ron medellin", "la botella"), {"RON-01": "1"}),
        # another of the same, told by a word of its name
        ("pizzeria", ("una margarita mediana", "mejor familiar"), {"PZ-MAR-F": "1"}),
        ("licoreria", ("media de guaro azul", "que sea botella"), {"AGU-01": "1"}),
        ("licoreria", ("botella de antioqueño azul", "otra media aparte"), {"AGU-01": "1", "AGU-02": "1"}),
        ("ferreteria", ("cable del 12, 20 metros", "mejor el rollo"), {"ELE-003": "20"}),
        ("farmacia2", ("pañales etapa 3, 2 paquetes", "son etapa 4, me equivoqué"), {"10062": "2"}),
        # a line, told by half of its name
        ("zapateria", ("un pack de soquetes y 3 medias 3/4", "mejor 2 packs"), {"ME-903": "2", "ME-901": "3"}),
        ("ferreteria", ("lijas 5 de 100 y 5 de 220", "solo las de 220"), {"PIN-010": "5"}),
        ("celulares", ("3 chips telcel y un nokia", "uno menos de telcel"), {"CHI-TEL": "2", "NOK-105": "1"}),
        # a number behind a thing counts once
        ("ferreteria", ("2 brochas", "y lijas, 4"), {"PIN-005": "2", "PIN-009": "4"}),
        # who it is for tells nothing of what it is
        ("zapateria", ("1 topper negras", "y unas blancas para mi hijo"), {"ZT-101": "1", "ZT-102": "1"}),
        # nothing is taken out, and then it is told
        ("verduleria", ("medio kilo de jalapeño y 3 elotes", "siempre no quiero jalapeños"), {"V026": "3"}),
    ],
)
def test_words_of_names_tell(shop: str, texts: tuple[str, ...], lines: dict[str, str]) -> None:
    """Each shop's own."""
    assert quoted(shop, *texts) == lines


@pytest.mark.parametrize(
    ("shop", "texts", "lines"),
    [
        ("zapateria", ("los borcegos que precio tienen?", "los marrones"), {}),
        ("zapateria", ("los borcegos que precio tienen?", "dame los negros"), {"BO-201": "1"}),
        ("zapateria", ("los borcegos que precio tienen?", "los marrones", "dame los negros"), {"BO-201": "1"}),
        ("zapateria", ("alpargatas tenes?", "dame 1 azul y 1 negra"), {"AL-502": "1", "AL-501": "1"}),
        (
            "zapateria",
            ("1 cinto marrón", "y los cordones? cuanto?", "los blancos", "dame 2"),
            {"AC-951": "1", "AC-957": "2"},
        ),
        ("zapateria", ("1 campera inflable", "rompeviento cuanto sale", "mejor esa"), {"CM-751": "1"}),
        ("farmacia2", ("tiene losartan?", "de 50", "deme 2 cajas"), {"10011": "2"}),
        ("pizzeria", ("cuanto cuesta el combo duo", "y el 3?", "dame el 3"), {"COM-03": "1"}),
        ("licoreria", ("red label o black label cual es mas barato?", "el red entonces"), {"WHI-04": "1"}),
        ("ferreteria", ("una pala y un balde", "el balde cuanto sale?", "uy no, sácalo"), {"HER-007": "1"}),
        # which of them, nobody knows
        ("zapateria", ("los borcegos que precio tienen?", "me los llevo"), {}),
    ],
)
def test_a_price_question_is_remembered(shop: str, texts: tuple[str, ...], lines: dict[str, str]) -> None:
    """Also where it was about several products, and where the next message asks about another."""
    assert quoted(shop, *texts) == lines


@pytest.mark.parametrize(
    ("shop", "texts"),
    [
        ("licoreria", ("3 heineken y 1 marlboro", "quita las heineken y los cigarros")),
        ("zapateria", ("1 zapato de vestir y un cinto negro", "el cinto no", "bueno ponelo")),
        ("licoreria", ("2 heineken", "que sean de las heladitas")),
    ],
)
def test_a_yes_behind_a_change_that_was_not_understood_is_asked_again(shop: str, texts: tuple[str, ...]) -> None:
    """The first yes may be to what was not done; the second one is to what is shown."""
    dialogue = Dialogue(catalogue(shop))
    for text in texts:
        dialogue.say(text)

    dialogue.say("sí")
    before = dialogue.state
    dialogue.say("sí")

    assert (before, dialogue.state) == (State.OPEN, State.CONFIRMED)
