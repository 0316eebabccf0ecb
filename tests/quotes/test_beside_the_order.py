"""What stands beside an order and is none: classes of a school, complaints, reasons."""

from decimal import Decimal

import pytest

from recado.quotes import Catalogue, QuoteService
from recado.quotes.catalogue import Product
from tests.quotes.shops import quote


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("musica", "25 flautas dulces para el colegio San José, grado 4B", {"VIE-01": 25}),
        ("musica", "30 flautas, grupo 2C, colegio Santa Ana", {"VIE-01": 30}),
        ("musica", "25 flautas dulces para el salón 3A", {"VIE-01": 25}),
        ("musica", "20 flautas para 5to B", {"VIE-01": 20}),
        ("papeleria2", "12 lápices 2B, grado 4B", {"LPZ-2B": 12}),
        ("papeleria2", "12 lápices, aula 5, sección B", {"LPZ-2B": 12}),
        ("papeleria2", "10 lápices para el salón 12, 2do piso", {"LPZ-2B": 10}),
        ("gimnasio", "25 gorras para 5to B, salón 12", {"RO9": 25}),
    ],
)
def test_a_class_of_a_school_is_no_thing(shop: str, text: str, expected: dict[str, int]) -> None:
    read = quote(shop, text)
    assert {item.sku: item.quantity for item in read.items} == expected
    assert not read.asks


def test_the_word_of_a_class_may_belong_to_a_name() -> None:
    goods = (("24", "Batería grupo 24"), ("65", "Batería grupo 65"))
    products = tuple(Product(sku, name, (), Decimal(90), False, None) for sku, name in goods)
    catalogue = Catalogue(products, "USD")
    read = QuoteService(lambda: catalogue).quote("2 baterías, grupo 65")
    assert [(item.sku, item.quantity) for item in read.items] == [("65", 2)]


def test_a_name_may_begin_with_a_word_for_money() -> None:
    read = quote("limpieza", "3 lana de acero y 2 fibras")
    assert {item.sku: item.quantity for item in read.items} == {"FIB-04": 3, "FIB-01": 2}
