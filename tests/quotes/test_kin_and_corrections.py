"""References to earlier words of the order: another kind, the same amount of another product, corrections, what
others took."""

from decimal import Decimal

import pytest

from tests.quotes.shops import quote

Lines = dict[str, int | Decimal]


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("telas", "se me acabó el hilo, mándame 6 blancos y 6 negros", {"H-B": 6, "H-N": 6}),
        ("telas", "2 metros de gabardina negra y el doble de beige", {"T-GAB-N": 2, "T-GAB-B": 4}),
        ("floristeria", "6 rosas rojas y el doble de blancas", {"ROS-ROJ": 6, "ROS-BLA": 12}),
        ("restaurante2", "mi hermano llevó ayer un pozole chico, yo quiero 2 flanes", {"POS-01": 2}),
        ("musica", "mis primos llevaron un cajón, yo necesito 2 correas", {"ACC-04": 2}),
        ("pintureria", "2 brochas de 3 y 4 de 4, mejor déjalo en 1 de cada una", {"BR3": 1, "BR4": 1}),
        ("limpieza", "3 escobas y 5 esponjas, mejor 2 de cada una", {"ESC-01": 2, "FIB-03": 2}),
        ("pintureria", "5 lijas 80, 5 de 120 y 1 yeso. La 80 ya no, encontré en la casa", {"LI2": 5, "YE1": 1}),
        ("ferreteria", "30 m de cable 14 y 2 focos. El 14 ya no", {"ELE-007": 2}),
        ("telas", "lino 5 mts (si hay crudo mejor)\nentretela 2 mts", {"T-LIN": 5, "ENT": 2}),
    ],
)
def test_the_message_itself_tells_what_is_meant(shop: str, text: str, expected: Lines) -> None:
    read = quote(shop, text)
    assert {item.sku: item.quantity for item in read.items} == expected
    assert not read.asks


def test_what_somebody_asked_the_customer_for_is_ordered() -> None:
    """Things that somebody else took himself are not."""
    read = quote("restaurante2", "mi jefe me pidió 2 flanes")
    assert {item.sku: item.quantity for item in read.items} == {"POS-01": 2}
