"""What people say every day of how many, of which and of what they only speak of."""

import pytest

from recado.quotes.service import Intent
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
    """Exact products and quantities."""
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
    ],
)
def test_what_the_message_does_not_tell_is_asked(shop: str, text: str) -> None:
    """How many people there are, what a picture shows."""
    assert quote(shop, text).asks


@pytest.mark.parametrize(
    "text",
    ["qué marcas y productos manejan?", "me envías la carta de productos?", "qué otros productos tienen?"],
)
def test_a_question_about_all_that_is_sold_is_for_help(text: str) -> None:
    """Also where a product sounds like a word of it ("tarta")."""
    assert quote("reposteria", text).intent is Intent.HELP
