"""Measures of two parts, "3 metros 20", and parts of a unit that opens a name, "un cuarto de kilo de carnitas"."""

from decimal import Decimal

import pytest

from tests.quotes.shops import quote


@pytest.mark.parametrize(
    ("shop", "text", "sku", "amount"),
    [
        ("telas", "3 metros 20 de lino", "T-LIN", "3.2"),
        ("telas", "lino 3 metros 20", "T-LIN", "3.2"),
        ("telas", "3 m 50 de lino", "T-LIN", "3.5"),
        ("telas", "un metro ochenta de lino", "T-LIN", "1.8"),
        ("telas", "2 m 30 cm de lino", "T-LIN", "2.3"),
        ("telas", "3 metros con 20 de lino", "T-LIN", "3.2"),
        ("telas", "uno y medio de lino", "T-LIN", "1.5"),
        ("telas", "1 y medio de lino", "T-LIN", "1.5"),
        ("taqueria", "2 kilos 300 gramos de barbacoa", "KIL-002", "2.3"),
        ("taqueria", "1 kilo 250 de barbacoa", "KIL-002", "1.25"),
        ("taqueria", "kilo y 300 de barbacoa", "KIL-002", "1.3"),
        ("taqueria", "un cuarto de kilo de carnitas", "KIL-001", "0.25"),
        ("taqueria", "un cuarto de carnitas", "KIL-001", "0.25"),
    ],
)
def test_an_amount_is_read_with_its_smaller_part(shop: str, text: str, sku: str, amount: str) -> None:
    read = quote(shop, text)
    assert {item.sku: item.quantity for item in read.items} == {sku: Decimal(amount)}
    assert not read.asks


@pytest.mark.parametrize("text", ["3 metros de lino 20 botones de saco", "lino 3 metros, 20 botones de saco"])
def test_what_counts_another_thing_is_no_smaller_part(text: str) -> None:
    read = quote("telas", text)
    assert {item.sku: item.quantity for item in read.items} == {"T-LIN": 3, "B-SAC": 20}


def test_kinds_of_a_thing_that_is_left_open_have_their_own_units() -> None:
    read = quote("telas", "gabardina: 50 cm negra, 2 m beige")
    assert {item.sku: item.quantity for item in read.items} == {"T-GAB-N": Decimal("0.5"), "T-GAB-B": 2}
