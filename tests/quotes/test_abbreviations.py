"""Names with words that are cut short: "Funda silic. iPhone 13", "Tornillo hex", "Past. freno del. Yaris"."""

import pytest

from tests.quotes.shops import quote


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("fundas", "funda silicona iphone 13", {"FS-IP13": 1}),
        ("fundas", "cristal templado iphone 15 2 uds", {"CR-IP15": 2}),
        ("fundas", "auriculares inalámbricos", {"AU-I12": 1}),
        ("fundas", "cargador coche 2 usb", {"CG-CO": 1}),
        ("fundas", "1 adaptador c a jack", {"AD-JCK": 1}),
        ("fundas", "2 fundas libro iphone 13 y una de silicona", {"FL-IP13": 2, "FS-IP13": 1}),
        ("fundas", "funda libro iphone 13 no mejor la de silicona del 13", {"FS-IP13": 1}),
        ("telas", "cinta raso blanca de 3 cm 5 m y la misma cantidad de roja", {"CI-B3": 5, "CI-R3": 5}),
        ("tornillos", "tres tornillos hexagonales de 5/16 por 2 1/2", {"TOR-562": 3}),
        ("tornillos", "reducción de 3/4 a 1/2", {"RED-34": 1}),
        ("tornillos", "codo sanitario de 4", {"CSA-4": 1}),
        ("pizzeria", "1 rac tequeños de 12", {"ENT-03": 1}),
        ("repuestos", "past. freno del. yaris", {"FRE-040": 1}),
        ("repuestos", "past freno delanteras yaris", {"FRE-040": 1}),
    ],
)
def test_a_word_is_found_by_its_abbreviation(shop: str, text: str, expected: dict[str, int]) -> None:
    """Whether names or the message have the whole word, and whether it is the head or not."""
    read = quote(shop, text)
    assert {item.sku: int(item.quantity) for item in read.items} == expected
    assert not read.asks


def test_an_abbreviation_that_is_also_a_function_word_distinguishes() -> None:
    """ "Del." in a name is "delanteras", and no "del" that says nothing."""
    read = quote("repuestos", "pastillas de freno para yaris 2015")
    assert not read.items
    assert read.asks


def test_a_size_of_another_kind_is_not_sold_instead() -> None:
    """Without a plastic anchor of 3/8, "y 2 de 3/8" does not mean the expansion anchor."""
    read = quote("tornillos", "2 varillas roscadas 3/8 y 2 de 1/4")
    assert [item.sku for item in read.items] == ["VRO-38"]
    assert read.asks
