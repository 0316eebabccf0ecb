"""How much is wanted of what, in the small shops beside this file: measures, kinds, what was said before."""

from decimal import Decimal
from functools import cache

import pytest

from recado.quotes import Catalogue, Quote, QuoteService
from recado.quotes.numbers import Unusable
from tests.quotes.scoring import HERE


@cache
def service(shop: str) -> QuoteService:
    catalogue = Catalogue.from_csv(HERE / f"{shop}.csv")
    return QuoteService(lambda: catalogue)


def quote(shop: str, text: str) -> Quote:
    return service(shop).quote(text)


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("mariscos", "2 kg de mojarra y medio de camarón seco", {"PES-04": "2", "CAM-04": "0.5"}),
        ("mariscos", "2 1/4 de camarón seco", {"CAM-04": "2.25"}),
        ("mariscos", "tres kilos del camarón grande", {"CAM-03": "3"}),
        ("mariscos", "sin cabeza 3 kilos de camarón grande", {"CAM-03": "3"}),
        ("mariscos", "la mojarra la quiero limpia, 2 kg", {"PES-04": "2"}),
        ("telas", "60 cm de lino y tul 90 cm", {"T-LIN": "0.6", "T-TUL": "0.9"}),
        ("telas", "2 m de gabardina negra y 3 m beige", {"T-GAB-N": "2", "T-GAB-B": "3"}),
        ("telas", "elástico fino 3 m, ancho 2 m", {"E-10": "3", "E-40": "2"}),
        ("telas", "una cinta raso roja de 3 cm, 5 metros", {"CI-R3": "5"}),
        ("telas", "3 metros de cada uno: lino, tul", {"T-LIN": "3", "T-TUL": "3"}),
        ("telas", "un cierre de 15 y tres desmontables de 50", {"C-15": "1", "C-50": "3"}),
        ("suplementos", "1 shaker", {"SHA1": "1"}),
        ("suplementos", "un gel sin cafeína y dos con", {"GEL2": "1", "GEL1": "2"}),
        ("suplementos", "el boom cola, dos, y la de frutos rojos otra", {"PRE2": "2", "PRE1": "1"}),
        ("bebe", "una docena de mordedores y media de sonajeros", {"MB-1": "12", "SO-1": "6"}),
    ],
)
def test_amounts_are_read(shop: str, text: str, expected: dict[str, str]) -> None:
    quoted = {item.sku: Decimal(item.quantity) for item in quote(shop, text).items}
    assert quoted == {sku: Decimal(amount) for sku, amount in expected.items()}


@pytest.mark.parametrize(
    ("shop", "text", "reason"),
    [("telas", "unos metros de lino", Unusable.VAGUE), ("mariscos", "unos kilos de pulpo", Unusable.VAGUE)],
)
def test_a_few_of_a_unit_are_asked_back(shop: str, text: str, reason: Unusable) -> None:
    assert [question.reason for question in quote(shop, text).questions] == [reason]


@pytest.mark.parametrize(("shop", "text"), [("telas", "un cierre de 20 y dos desmontables")])
def test_a_kind_of_several_products_is_asked_back(shop: str, text: str) -> None:
    quoted = quote(shop, text)
    assert [entry.ambiguous for entry in quoted.unmatched] == [True]
    assert [(item.sku, item.quantity) for item in quoted.items] == [("C-20", 1)]
