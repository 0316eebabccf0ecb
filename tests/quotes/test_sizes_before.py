"""Sizes before the thing that they belong to, instead of after it."""

import pytest

from tests.quotes.shops import quote, sure_lines


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("bebe", "2 talla M de pañales", {"PA-M": 2}),
        ("bebe", "talla M de pañales 2 y talla G 1", {"PA-M": 2, "PA-G": 1}),
        ("bebe", "tamaño M de pañales 3", {"PA-M": 3}),
        ("uniformes", "número 38 de zapatos, 2 pares", {"ZAP-38": 2}),
        ("uniformes", "nº 38 zapatos", {"ZAP-38": 1}),
        ("uniformes", "del 38 zapatos 2 pares", {"ZAP-38": 2}),
        ("uniformes", "2 de la talla 12 de chompa", {"CHO-12": 2}),
        ("uniformes", "talla M polo blanco 2", {"POB-M": 2}),
        ("ferreteria", "número 220 de lija, 5", {"PIN-010": 5}),
        ("ferreteria", "calibre 12 de cable, 20 metros", {"ELE-001": 20}),
        ("ferreteria", "tamaño 4 pulgadas de brocha, 2", {"PIN-006": 2}),
        ("", "la grande de agua", {"ALI-002": 1}),
        ("", "2 grandes aguas", {"ALI-002": 2}),
        ("pizzeria2", "una familiar cuatro quesos y una familiar de hawaiana", {"QUE-F": 1, "HAW-F": 1}),
        ("pizzeria2", "tamaño familiar de hawaiana, 1", {"HAW-F": 1}),
    ],
)
def test_a_size_before_its_thing_is_like_one_behind_it(shop: str, text: str, expected: dict[str, int]) -> None:
    """It may be named by a word ("talla", "tamaño", "nº"), by "del", or be an adjective."""
    assert sure_lines(shop, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("talla M de camisas, 2", {"CAM-001": 2}),
        ("talla 38 de zapatos", {"CAL-001": 1}),
        ("nº 38 zapatos", {"CAL-001": 1}),
        ("del 38 zapatos", {"CAL-001": 1}),
        ("pantalon talla 32 camisa talla M", {"PAN-001": 1, "CAM-001": 1}),
        ("zapatos del 38 2 camisas", {"CAL-001": 1, "CAM-001": 2}),
    ],
)
def test_a_size_that_tells_no_products_apart_is_no_amount(text: str, expected: dict[str, int]) -> None:
    assert sure_lines("", text) == expected


@pytest.mark.parametrize(
    ("shop", "text"), [("uniformes", "talla 50 de buzo, 1"), ("", "mediano de agua"), ("ferreteria", "nº 400 de lija")]
)
def test_a_size_before_its_thing_that_is_not_sold_is_asked_back(shop: str, text: str) -> None:
    """Nobody is sold another size."""
    read = quote(shop, text)
    assert not read.items
    assert [entry.text for entry in read.unmatched] == [text.removesuffix(", 1")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("buzo t/12, chompa t/14", {"BUZ-12": 1, "CHO-14": 1}),
        ("zapato t-36", {"ZAP-36": 1}),
        ("polo blanco t/M", {"POB-M": 1}),
        ("2 polos azules t/M y 1 t/L", {"POA-M": 2, "POA-L": 1}),
        ("2 polos azules talla M y 1 talla L", {"POA-M": 2, "POA-L": 1}),
    ],
)
def test_a_letter_for_the_size_may_have_a_mark_behind_it(text: str, expected: dict[str, int]) -> None:
    assert sure_lines("uniformes", text) == expected
