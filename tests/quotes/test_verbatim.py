"""A product's name is read if it appears word for word, whatever its words mean elsewhere."""

from decimal import Decimal

import pytest

from recado.quotes import Catalogue, QuoteService
from recado.quotes.catalogue.product import Product

NAMES = [
    "Ord. tortillas",
    "Combo 2 (hamb. + papas + refresco)", "Quesadilla c/carne", "Sobre manila oficio",
    "Losartán 50 mg caja x 30 tab",
    "Pan p/hamburguesa x6", "Juego geométrico", "Media docena de facturas", "Dulce de leche pote 400 g",
    "Torta tres leches", "Torta rogel 10 porc.",
]  # fmt: skip
CATALOGUE = Catalogue(tuple(Product(f"P{n}", name, (), Decimal(1), False, None) for n, name in enumerate(NAMES)), "USD")
SERVICE = QuoteService(lambda: CATALOGUE)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("frame", "count"), [("{}", 1), ("quiero 3 {} porfa", 3)])
def test_a_name_is_its_product(name: str, frame: str, count: int) -> None:
    quote = SERVICE.quote(frame.format(name.lower()))
    assert [(item.name, item.quantity) for item in quote.items] == [(name, count)]


def test_a_number_is_a_head_only_next_to_its_word() -> None:
    """ "3 dulce de leche" are three pieces, not a "tres leches"."""
    quote = SERVICE.quote("3 dulce de leche")
    assert "Torta tres leches" not in [item.name for item in quote.items]


def test_another_size_behind_a_name_is_asked_back() -> None:
    assert not SERVICE.quote("torta rogel de 20 porciones").items
