"""Which variant of a product is meant, how much of it, and when recado asks."""

from decimal import Decimal

import pytest

from recado.quotes import Catalogue, QuoteService
from recado.quotes.catalogue.product import Product
from recado.quotes.language.numbers import Unusable

GOODS = [
    ("SUN", "Protector solar FPS 50", "protector solar", None),
    ("PIPE1", 'Tubo PVC 1/2" x 5 m', "tubo de 1/2", None),
    ("PIPE2", 'Tubo PVC 3/4" x 5 m', "tubo de 3/4", None),
    ("GREY", "Cemento gris 50 kg", "cemento", None),
    ("WHITE", "Cemento blanco 25 kg", "", None),
    ("BRUSH2", 'Brocha 2"', "brocha", None),
    ("BRUSH4", 'Brocha 4"', "", None),
    ("RICE", "Arroz 1 kg", "", None),
    ("CHEESE", "Queso fresco", "queso", "kg"),
    ("CABLE", "Cable 12 (metro)", "", "m"),
    ("TACO1", "Taco al pastor", "tacos al pastor", None),
    ("TACO2", "Taco de asada", "", None),
    ("JUICE1", "Jugo de mora", "", None),
    ("JUICE2", "Jugo de mango", "", None),
    ("BELT", "Cinturón de cuero", "", None),
    ("SOAP", "Jabón", "", None),
    ("PAPER", "Lija No. 220", "lija 220", None),
    ("THIN", "Thinner 1 L", "", None),
    ("CLOTH", "Microfibra chica", "microfibra", None),
]
CATALOGUE = Catalogue(
    tuple(
        Product(sku, name, tuple(a for a in [aliases] if a), Decimal(2), False, unit)
        for sku, name, aliases, unit in GOODS
    ),
    "USD",
)
SERVICE = QuoteService(lambda: CATALOGUE)


def lines(text: str) -> dict[str, float]:
    return {item.sku: float(item.quantity) for item in SERVICE.quote(text).items}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 tubos de media y 1 de 3/4", {"PIPE1": 2, "PIPE2": 1}),
        ("3 brochas", {"BRUSH2": 3}),
        ("3 brochas de 4 pulgadas", {"BRUSH4": 3}),
        ("lija 220 x 5", {"PAPER": 5}),
        ("2 jugos de mora y uno de mango", {"JUICE1": 2, "JUICE2": 1}),
        ("5 tacos al pastor, 3 de asada", {"TACO1": 5, "TACO2": 3}),
        ("3 kg de arroz", {"RICE": 3}),
        ("2 litros de thinner", {"THIN": 2}),
        ("kilo y medio de queso", {"CHEESE": 1.5}),
        ("un cuarto de queso y 200 gramos de queso", {"CHEESE": 0.45}),
        ("cable 12: 20 m", {"CABLE": 20}),
        ("queso 1/2 kg\ncemento 10", {"CHEESE": 0.5, "GREY": 10}),
        ("3 microfibras pequeñas y 2 jabones grandes", {"CLOTH": 3, "SOAP": 2}),
    ],
)
def test_a_size_a_kind_and_a_measure_are_understood_without_a_question(text: str, expected: dict[str, float]) -> None:
    assert lines(text) == expected
    assert not SERVICE.quote(text).asks


@pytest.mark.parametrize(
    "text",
    [
        "3 brochas de 3 pulgadas", "1 cemento de 25 kg", "un jugo de piña", "2 tacos de lengua", "2 jugos",
        "un protector solar fps 70", "tubo de 1 pulgada", "un hámster",
    ],
)  # fmt: skip
def test_another_size_or_kind_than_is_sold_is_asked_back(text: str) -> None:
    """recado does not quote another size or flavour instead."""
    quote = SERVICE.quote(text)
    assert quote.items == ()
    assert quote.unmatched


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("4 o 5 jabones", Unusable.RANGE),
        ("12 a 15 jabones", Unusable.RANGE),
        ("10 soles de jabón", Unusable.WORTH),
        ("unas cuantas brochas", Unusable.VAGUE),
        ("medio jabón", Unusable.FRACTION),
        ("3 litros de arroz", Unusable.UNIT),
        ("2 metros de queso", Unusable.UNIT),
    ],
)
def test_an_amount_that_does_not_say_how_many_is_asked_back(text: str, reason: Unusable) -> None:
    quote = SERVICE.quote(text)
    assert [question.reason for question in quote.questions] == [reason]
    assert quote.items == ()


@pytest.mark.parametrize(
    "text",
    [
        "2 cinturones", "una caja de jabones", "2 jabones deportivos", "quiero un queso de mano",
        "3 microfibras grandes", "una microfibra mediana",
    ],
)  # fmt: skip
def test_a_line_that_may_be_another_thing_is_marked(text: str) -> None:
    """The only product with that head word although the customer said more; a box of something sold by the piece; a
    kind or a size that is not sold."""
    quote = SERVICE.quote(text)
    assert quote.asks
    assert all(item.doubtful for item in quote.items)


@pytest.mark.parametrize(
    "text",
    ["20 jabones y 10 gamuzas", "20 jabones y un par de gamuzas", "20 jabones, una gamuza"],
)
def test_a_material_that_is_counted_is_a_thing_of_its_own(text: str) -> None:
    """Its amount is not added to the thing before it."""
    quote = SERVICE.quote(text)
    assert lines(text) == {"SOAP": 20}
    assert len(quote.unmatched) == 1


def test_money_of_a_measure_is_exact() -> None:
    (line,) = SERVICE.quote("kilo y cuarto de queso").items
    assert (line.quantity, line.unit, line.line_total) == (Decimal("1.25"), "kg", Decimal("2.50"))
