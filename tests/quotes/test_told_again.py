"""What a later clause says of a thing that was asked for, names without what all products of their kind have, and
messages that only bless or ask for the menu."""

import pytest

from recado.quotes.reading.intent import Intent
from tests.quotes.shops import quote, sure_lines


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("fonda", "un jugo de zanahoria pero el jugo sin azúcar", {"FO-59": 1}),
        ("fonda", "2 cafés de olla y un flan, el flan con cajeta", {"FO-57": 2, "FO-60": 1}),
        ("fonda", "dos enchiladas verdes y una limonada. las enchiladas sin cebolla", {"FO-15": 2, "FO-52": 1}),
        ("fonda", "un jugo de zanahoria y una torta cubana, que el jugo sea bien frío", {"FO-59": 1, "FO-37": 1}),
        ("chifa", "2 chaufas de pollo, el chaufa sin cebollita", {"ARR-01": 2}),
        ("fonda", "me mandas 2 órdenes de enmoladas", {"FO-17": 2}),
        ("motos", "2 pitos, toca cambiar el pulpo, un pito", {"ELE-008": 3}),
        ("motos", "toca cambiarle el pulpo, 2 pitos", {"ELE-008": 2}),
        ("farmacia4", "3 sueros de coco, 2 de uva", {"FA-13": 3, "FA-15": 2}),
        ("farmacia4", "3 labiales rosas y uno rojo", {"FA-68": 3, "FA-67": 1}),
        ("farmacia4", "aspirinas 500 x2, ibuprofeno 600 x1", {"FA-06": 2, "FA-04": 1}),
    ],
)
def test_a_line_is_sure(shop: str, text: str, expected: dict[str, int]) -> None:
    """recado quotes the message and asks nothing."""
    assert sure_lines(shop, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "un jugo de zanahoria y un jugo de naranja pero el jugo sin azúcar",
        "un jugo de zanahoria, el jugo verde sin azúcar",
        "un jugo de zanahoria y el jugo sin azúcar",
    ],
)
def test_another_one_of_the_kind_may_be_meant(text: str) -> None:
    """recado asks which juice is meant if two were named, or if the words may ask for another one."""
    assert quote("fonda", text).asks


@pytest.mark.parametrize("text", ["aspirinas 500", "2 jeringas 20"])
def test_a_number_behind_a_plural_may_be_the_amount(text: str) -> None:
    """Without an amount behind it, recado does not take the number for a size."""
    assert quote("farmacia4", text).asks


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("mil gracias, que dios la bendiga", Intent.OTHER),
        ("dios me los cuide", Intent.OTHER),
        ("me pasas la carta con los platillos?", Intent.HELP),
        ("me mandas el catálogo con los combos", Intent.HELP),
    ],
)
def test_nothing_is_asked_for(text: str, intent: Intent) -> None:
    """A blessing is no misspelled "venda", and what the menu lists is not ordered."""
    for shop in ("farmacia4", "fonda"):
        read = quote(shop, text)
        assert not read.asks
        assert not read.items
        assert read.intent is intent


@pytest.mark.parametrize(
    ("shop", "text"),
    [
        ("ropa", "3 gorras no 4"),
        ("ropa", "una bufanda y 3 gorras no 4, gracias"),
        ("carniceria", "2 carne molida 3 kg"),
        ("carniceria", "5 carne molida premium 2 kilos"),
    ],
)
def test_two_numbers_for_one_thing_are_asked_about(shop: str, text: str) -> None:
    """Either number may be the amount: the one that is corrected, or the pieces of what is sold by the kilo."""
    assert quote(shop, text).asks


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("ropa", "eran 3 gorras no 2", {"ACC-002": 3}),
        ("ropa", "3 gorras, no 4", {"ACC-002": 4}),
        ("ropa", "2 faldas no 38", {"FAL-001": 2}),
        ("carniceria", "una carne molida 3 kg", {"RES-008": 3}),
        ("carniceria", "2 pollos y carne molida 3 kg", {"POL-001": 2, "RES-008": 3}),
    ],
)
def test_one_of_two_numbers_is_the_amount(shop: str, text: str, expected: dict[str, int]) -> None:
    """The other one is a size, is corrected, or belongs to another thing."""
    assert sure_lines(shop, text) == expected


def test_an_order_of_what_is_sold_by_the_piece_is_asked_about() -> None:
    """An order may be several pieces, unless the name of one product is of several."""
    assert quote("fonda", "2 órdenes de milanesa de res").asks
