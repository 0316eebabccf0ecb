"""Everyday phrases for how many and which, and about things that are only mentioned."""

import pytest

from recado.quotes.reading.intent import Intent
from tests.quotes.shops import quote


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("gimnasio", "una gorra para cada uno, somos 8", {"RO9": 8}),
        ("gimnasio", "dos toallas para cada quien, seremos 5", {"TO1": 10}),
        ("jugueteria", "un libro de pintar para cada niño, son 12", {"LC1": 12}),
        ("reposteria", "un cupcake de chocolate por niño, son 25 niños", {"CU2": 25}),
        ("reposteria", "somos 6, un flan por persona", {"FL1": 6}),
        ("gimnasio", "una barra proteica de cada sabor", {"BA1": 1, "BA2": 1, "BA3": 1}),
        ("reposteria", "2 donas de cada sabor", {"DO1": 2, "DO2": 2}),
        ("reposteria", "colorante rojo, azul y verde, uno de cada uno", {"CL1": 1, "CL2": 1, "CL3": 1}),
        ("reposteria", "levadura x10", {"LV1": 10}),
        ("reposteria", "velas x10", {"VE1": 1}),
        ("jugueteria", "3 paquetes de pilas AAA", {"PD2": 3}),
        ("jugueteria", "3 paquetes de pilas", {"PD1": 3}),
        ("pintureria", "4 brochas de 3 y 2 de 4... las de 4 no, mejor solo las de 3", {"BR3": 4}),
        ("reposteria", "una torta de chocolate con poca azúcar", {"TO1": 1}),
        ("reposteria", "una torta de zanahoria con bastante nuez", {"TO5": 1}),
        ("gimnasio", "todo menos la faja: faja, 2 shorts, 1 top", {"RO3": 2, "RO5": 1}),
        ("jugueteria", "quiero ver precios de rompecabezas de 1000 y cómprame uno de 100", {"RC1": 1}),
        ("gimnasio", "dos poleras y un polerón, tenís envío a Ñuñoa?", {"RO1": 2, "RO6": 1}),
    ],
)
def test_it_is_understood_without_a_question(shop: str, text: str, expected: dict[str, int]) -> None:
    """The products and quantities are exact."""
    read = quote(shop, text)
    assert {item.sku: item.quantity for item in read.items} == expected
    assert not read.asks


@pytest.mark.parametrize(
    ("shop", "text"),
    [
        ("gimnasio", "una gorra para cada uno"),
        ("reposteria", "un cupcake de chocolate por niño"),
        ("jugueteria", "el de la foto y una cuerda"),
        ("jugueteria", "una cuerda y lo de la imagen"),
        ("uniformes", "las de siempre pero 4"),
        ("plomeria", "dos de los mismos de ayer"),
        ("plomeria", "3 reducidores de 4 a 2 y uno de una a media"),
    ],
)
def test_what_the_message_does_not_tell_is_asked(shop: str, text: str) -> None:
    """The number of people, the content of a picture, or of an earlier order."""
    assert quote(shop, text).asks


@pytest.mark.parametrize(
    "text",
    ["qué marcas y productos manejan?", "me envías la carta de productos?", "qué otros productos tienen?"],
)
def test_a_question_about_all_that_is_sold_is_for_help(text: str) -> None:
    """Even if one of its words sounds like a product ("tarta")."""
    assert quote("reposteria", text).intent is Intent.HELP


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("telas", "quiero 2 metros de tul blanco... o sea 3 metros de tul blanco", {"T-TUL": 3}),
        ("telas", "dos metros de tul blanco no espera que sea negro dos metros de tul negro", {"T-TUL": 2}),
        (
            "telas",
            "dos metros de poplin blanco no espera que sea estampado dos metros de poplin estampado",
            {"T-POP-E": 2},
        ),
        ("telas", "3 mtros de tul blanco", {"T-TUL": 3}),
        ("telas", "no quiero poplin blanco, quiero 6 metros del estampado", {"T-POP-E": 6}),
        ("telas", "1 metro de poplin blanco y 1 de estampado, ah no, solo el estampado", {"T-POP-E": 1}),
        ("verduleria", "doskilos de papas", {"V005": 2}),
        ("verduleria", "zanahorias un kilo y cebollas otro kilo", {"V011": 1, "V008": 1}),
        ("verduleria", "un kilo de papas para hacer unos fideos", {"V005": 1}),
        ("verduleria", "quería hacer una ensaladilla entonces deme un kilo de papas", {"V005": 1}),
        ("gimnasio", "2 toallas que venimos cinco", {"TO1": 2}),
        ("gimnasio", "dos gorras que eso combina con el uniforme del equipo", {"RO9": 2}),
        ("gimnasio", "una toalla, la gorra esta vez no", {"TO1": 1}),
        ("gimnasio", "una toalla y una gorra, la gorra por ahora no", {"TO1": 1}),
        ("gimnasio", "la gorra que me mandaron ayer olía feo", {}),
    ],
)
def test_talk_around_an_order_changes_nothing(shop: str, text: str, expected: dict[str, int]) -> None:
    """Restatements, repeated corrections, purposes, and clauses after the order."""
    read = quote(shop, text)
    assert {item.sku: item.quantity for item in read.items} == expected
    assert not read.asks


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("restaurante", "pollo y medio", {}),
        ("jugueteria", "una casita de madera y una cuerda", {"CU1": 1}),
        ("gimnasio", "una gorra y me puede hacer una mesa de madera", {"RO9": 1}),
        ("gimnasio", "quiero hacer una mesa", {}),
    ],
)
def test_what_is_asked_for_among_talk_is_asked_back(shop: str, text: str, expected: dict[str, int]) -> None:
    """One and a half of a product that is sold by the piece, and goods that the shop does not sell."""
    read = quote(shop, text)
    assert {item.sku: item.quantity for item in read.items} == expected
    assert read.asks


def test_a_greeting_that_asks_is_no_yes() -> None:
    """ "todo bien" agrees where it stands alone; behind a greeting, or as a question, it asks how we are."""
    assert quote("uniformes", "todo bien").intent is Intent.CONFIRM
    assert quote("uniformes", "Buenas tardes, qué tal? todo bien?").intent is Intent.GREETING
    assert quote("uniformes", "todo bien?").intent is Intent.GREETING
