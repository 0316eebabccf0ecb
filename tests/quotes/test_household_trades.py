"""Spare parts, farm supplies, building materials, linen, jewellery and medicines, in the shops of this folder."""

from decimal import Decimal

import pytest

from tests.quotes.shops import quote


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("linea_blanca", "2 compresores de 1/5 hp y 1 de 1/4", {"REF-003": "2", "REF-004": "1"}),
        ("linea_blanca", "15 termostatos k59 y 10 k50", {"REF-002": "15", "REF-001": "10"}),
        ("linea_blanca", "agitador 2, transmision ninguna y perilla", {"LAV-012": "2", "EST-001": "1"}),
        ("agro", "10 kls d ponedora y 4 kls de engorda", {"ALI-002": "10", "ALI-004": "4"}),
        ("agro", "2 y medio kg de semilla de frijol", {"SEM-002": "2.5"}),
        ("agro", "deme dos y medio metros de malla", {"HER-007": "2.5"}),
        ("agro", "maiz 2 y medio kilo de sorgo", {"ALI-012": "2", "ALI-018": "0.5"}),
        ("agro", "un bulto de croquetas para perro adulto", {"ALI-009": "1"}),
        ("materiales", "10 bultos de mortero", {"CEM-03": "10"}),
        ("farmacia3", "2 cajas de paracetamol", {"MED-01": "2"}),
        ("bisuteria", "el collar de perlas, el de inicial no me gusta, el choker", {"COL-01": "1", "COL-04": "1"}),
    ],
)
def test_it_is_ordered_without_a_question(shop: str, text: str, expected: dict[str, str]) -> None:
    quoted = quote(shop, text)
    assert {item.sku: Decimal(item.quantity) for item in quoted.items} == {k: Decimal(v) for k, v in expected.items()}
    assert not quoted.asks


@pytest.mark.parametrize(
    ("shop", "text"),
    [
        ("farmacia3", "una caja de alcohol de litro"),
        ("materiales", "una caja de pegamento de pvc"),
    ],
)
def test_a_box_of_what_is_sold_by_the_piece_is_asked_about(shop: str, text: str) -> None:
    assert quote(shop, text).asks
