"""Sizes and colours that the customer weighs up first, and then chooses or changes."""

import pytest

from tests.quotes.shops import quote


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("uniformes", "overol M o L? es para mi papá, mándeme el L", {"OVE-L": 1}),
        ("uniformes", "2 overoles M o L? mándeme los L", {"OVE-L": 2}),
        ("uniformes", "polo azul S o M? talla M", {"POA-M": 1}),
        ("uniformes", "mandil negro o blanco? el blanco", {"MAN-BL": 1}),
        ("uniformes", "tienen overol M? mándeme el L", {"OVE-L": 1}),
        ("mascotas", "collar pequeño o mediano? deme el mediano", {"M10": 1}),
    ],
)
def test_a_kind_that_is_chosen_after_a_question_is_the_one_ordered(
    shop: str, text: str, expected: dict[str, int]
) -> None:
    read = quote(shop, text)
    assert {item.sku: item.quantity for item in read.items} == expected
    assert not read.asks


@pytest.mark.parametrize("text", ["overol M o L?", "2 mandiles negros o blancos", "quiero un polo azul S o M"])
def test_a_choice_between_two_kinds_that_stays_open_is_asked_about(text: str) -> None:
    read = quote("uniformes", text)
    assert read.items == ()
    assert [len(unmatched.candidates) for unmatched in read.unmatched] == [2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("primero le había dicho overol M pero le queda chico, mejor el overol L porfa", {"OVE-L": 1}),
        ("le había dicho pantalón gris talla 10 pero me queda chico, mejor pantalón gris talla 12", {"PAN-12": 1}),
        ("un overol M, ah no le queda, mejor el overol L", {"OVE-L": 1}),
        ("antes pedí overol M, mejor overol L", {"OVE-L": 1}),
    ],
)
def test_what_is_said_to_be_better_is_ordered_after_a_story(text: str, expected: dict[str, int]) -> None:
    read = quote("uniformes", text)
    assert {item.sku: item.quantity for item in read.items} == expected
    assert not read.asks


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("uniformes", "no la blusa talla 10, la de 8, y 1 correa", {"BLU-08": 1, "CRR-01": 1}),
        ("uniformes", "la blusa talla 10 no, la de 8", {"BLU-08": 1}),
        ("uniformes", "no la blusa talla 10, la talla 8, y 1 correa", {"BLU-08": 1, "CRR-01": 1}),
        ("uniformes", "no la blusa talla 10, mejor la de 8", {"BLU-08": 1}),
        ("uniformes", "1 correa, y no el overol M, el L", {"CRR-01": 1, "OVE-L": 1}),
        ("uniformes", "no el mandil blanco, el negro", {"MAN-NE": 1}),
        ("uniformes", "1 mandil blanco y 1 mandil negro. quita el blanco, el negro sí", {"MAN-NE": 1}),
    ],
)
def test_the_kind_behind_a_refused_one_is_ordered(shop: str, text: str, expected: dict[str, int]) -> None:
    read = quote(shop, text)
    assert {item.sku: item.quantity for item in read.items} == expected
    assert not read.asks
