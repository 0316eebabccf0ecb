"""Names that tell the unit in which a thing is sold, "café por kilo", beside the thing itself."""

from decimal import Decimal

import pytest

from recado.quotes import Catalogue, Quote, QuoteService
from recado.quotes.catalogue.product import Product

CUP = Product("CUP", "Café", (), Decimal(10), pair=False)
AMERICAN = Product("AME", "Café americano", (), Decimal(10), pair=False)
MILK = Product("MIL", "Café con leche", (), Decimal(12), pair=False)
BEANS = Product("BEA", "Café en grano", ("café por kilo",), Decimal(200), pair=False, unit="kg")


def quote(goods: tuple[Product, ...], text: str) -> Quote:
    catalogue = Catalogue(goods, "MXN")
    return QuoteService(lambda: catalogue).quote(text)


def lines(read: Quote) -> dict[str, str]:
    return {item.sku: str(item.quantity) for item in read.items}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 cafés", {"CUP": "2"}),
        ("2 kilos de café", {"BEA": "2"}),
        ("medio kilo de café", {"BEA": "0.5"}),
        ("500 g de café", {"BEA": "0.5"}),
        ("1/4 de café", {"BEA": "0.25"}),
        ("2 cafés por kilo", {"BEA": "2"}),
    ],
)
def test_what_is_counted_is_not_the_product_that_is_called_by_its_kilo(text: str, expected: dict[str, str]) -> None:
    read = quote((CUP, BEANS), text)
    assert lines(read) == expected
    assert not read.asks


def test_without_a_plain_product_it_is_asked_about() -> None:
    """Two cups are not two kilos."""
    assert quote((BEANS,), "2 cafés").asks
    several = quote((AMERICAN, MILK, BEANS), "2 cafés")
    assert not several.items
    assert several.asks
    assert lines(quote((AMERICAN, MILK, BEANS), "1 kilo de café")) == {"BEA": "1"}
