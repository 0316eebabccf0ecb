"""A size behind an article that stands for a thing said before: "y el de media", "mejor la 12", "y del medio"."""

import pytest

from tests.quotes.shops import quote, sure_lines


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("ferreteria", "el codo de 3/4 y el de media", {"TUB-005": 1, "TUB-004": 1}),
        ("ferreteria", "quiero el codo de 3/4, el de media", {"TUB-005": 1, "TUB-004": 1}),
        ("ferreteria", "precio de la brocha de 2 y de la de 4", {"PIN-005": 1, "PIN-006": 1}),
        ("", "un agua chica y la de litro y medio", {"ALI-001": 1, "ALI-002": 1}),
        ("", "precio de la sabana de una plaza y la de dos plazas", {"HOG-003": 1, "HOG-004": 1}),
        ("verduleria", "precio de la sandía entera y de la media?", {"F015": 1, "F016": 1}),
        ("verduleria", "una sandia entera y una media", {"F015": 1, "F016": 1}),
        ("farmacia2", "una caja de acetaminofen, la de 100", {"10002": 1}),
    ],
)
def test_a_size_behind_an_article_is_that_of_one_more(shop: str, text: str, expected: dict[str, int]) -> None:
    """Behind a comma the size of the thing itself only says which it is."""
    assert sure_lines(shop, text) == expected


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("uniformes", "el buzo talla 10 y el 12", {"BUZ-10": 1, "BUZ-12": 1}),
        ("uniformes", "2 camisas blancas talla 10, mejor la 12", {"CAM-12": 2}),
        ("ferreteria", "la lija 100 y la 220", {"PIN-009": 1, "PIN-010": 1}),
        ("ferreteria", "cable 12, perdon el 14", {"ELE-002": 1}),
        ("uniformes", "un buzo talla 10, lo recojo el 12", {"BUZ-10": 1}),
        ("uniformes", "un buzo talla 10 para el 12", {"BUZ-10": 1}),
    ],
)
def test_a_bare_number_behind_an_article_is_a_size_where_one_may_be(
    shop: str, text: str, expected: dict[str, int]
) -> None:
    """ "el 12" is a date elsewhere."""
    assert sure_lines(shop, text) == expected


@pytest.mark.parametrize(
    ("shop", "text", "unknown"),
    [
        ("restaurante", "un pollo entero y un medio", "medio"),
        ("restaurante", "cuanto el pollo entero y el medio?", "el medio"),
        ("ferreteria", "brocha de 2 y la de 6", "la de 6"),
    ],
)
def test_a_size_that_is_not_sold_is_asked_about(shop: str, text: str, unknown: str) -> None:
    read = quote(shop, text)
    assert [item.quantity for item in read.items] == [1]
    assert [entry.text for entry in read.unmatched] == [unknown]
