"""Models and measures of several numbers, as customers say them: without marks, in words, without letters."""

import pytest

from recado.quotes import Quote
from tests.quotes.shops import small_shop

GOODS = [
    ("T13", "Llanta Toyo 175/70 R13", "llanta 175 70 13"),
    ("T14", "Llanta Toyo 185/65 R14", "goma 185/65r14"),
    ("T16", "Llanta Dunlop 205/55 R16", ""),
    ("M18", "Llanta moto 2.75-18", "llanta 275-18"),
    ("M17", "Llanta moto 100/90-17", ""),
    ("OIL50", "Aceite Gulf 20W50 litro", "gulf 20w50"),
    ("OIL30", "Aceite Gulf 10W30 litro", "gulf 10w30"),
    ("CT", "Kit arrastre Boxer CT100", "kit de arrastre boxer"),
    ("NS", "Kit arrastre Pulsar NS200", "kit de arrastre pulsar"),
    ("FIL", "Filtro aceite Fram PH3614", ""),
    ("FIL2", "Filtro aceite Fram PH6607", ""),
    ("GAS", "Filtro gasolina universal", "filtro de gasolina"),
    ("CASE14", "Funda iPhone 14", "case iphone 14"),
    ("CASE13", "Funda iPhone 13", "case iphone 13"),
    ("AA", "Pilas AA", "pilas"),
    ("USB32", "Memoria USB 32GB", ""),
    ("USB128", "Memoria USB 128GB", ""),
    ("F15", "Fusible uña 15A", "fusible de 15"),
    ("F20", "Fusible uña 20A", "fusible de 20"),
    ("B1157", "Bombillo 1157 dos contactos", "1157|foco de stop"),
    ("B1156", "Bombillo 1156 un contacto", "1156|foco de direccional"),
    ("MOUSE", "Mouse gamer Redragon", "mouse gamer"),
    ("HEAR", "Audífonos gamer Redragon", "audífonos gamer"),
    ("SSD1", "Disco SSD 1TB", ""),
    ("PB10", "Power bank 10000 mAh", "power bank 10000"),
    ("PB20", "Power bank 20000 mAh", "power bank 20000"),
]
SERVICE = small_shop(GOODS)


def quote(text: str) -> Quote:
    return SERVICE.quote(text)


def lines(text: str) -> dict[str, int]:
    return {item.sku: int(item.quantity) for item in quote(text).items}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("llanta 205 55 16 x 4", {"T16": 4}),
        ("4 llantas 205-55-16", {"T16": 4}),
        ("4 llantas 205/55r16", {"T16": 4}),
        ("gomas 185 65 14 2", {"T14": 2}),
        ("llanta r13 175/70, las cuatro", {"T13": 4}),
        ("4 llantas rin 13 175/70", {"T13": 4}),
        ("una llanta 175/70 aro 13", {"T13": 1}),
        ("dos llantas ciento ochenta y cinco sesenta y cinco catorce", {"T14": 2}),
        ("llanta 2.75-18 una, llanta 100 90 17 otra", {"M18": 1, "M17": 1}),
        ("2 gulf diez w treinta", {"OIL30": 2}),
        ("gulf 20 50, 3 litros", {"OIL50": 3}),
        ("dos gulf veinte cincuenta y dos filtros de gasolina", {"OIL50": 2, "GAS": 2}),
    ],
)
def test_a_measure_of_several_numbers_is_found_without_its_marks(text: str, expected: dict[str, int]) -> None:
    assert lines(text) == expected
    assert not quote(text).asks


@pytest.mark.parametrize("text", ["2 llantas 205 55 17", "2 llantas 195 65 15", "llantas 90/90-17, 2", "2 gulf 5w30"])
def test_a_measure_that_no_product_has_is_asked_for(text: str) -> None:
    assert lines(text) == {}
    assert quote(text).asks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kit arrastre boxer ct 100", {"CT": 1}),
        ("kit arrastre pulsar 200 y 2 filtros de gasolina", {"NS": 1, "GAS": 2}),
        ("kit arrastre boxer 100 2", {"CT": 2}),
        ("3 filtros fram 3614", {"FIL": 3}),
        ("filtro fram 6607 2", {"FIL2": 2}),
    ],
)
def test_the_number_of_a_model_is_no_amount(text: str, expected: dict[str, int]) -> None:
    assert lines(text) == expected
    assert not quote(text).unclear


def test_numbers_that_are_no_measure_count() -> None:
    assert lines("kit arrastre boxer 12") == {"CT": 12}
    assert lines("20 filtros de gasolina y 50 kit arrastre boxer") == {"GAS": 20, "CT": 50}


@pytest.mark.parametrize(
    "text",
    [
        "2 fundas iphone 14 pro max",
        "funda iphone 14 pro, 2",
        "un case iphone 13 plus",
        "pilas AAA 2 paquetes",
        "2 pilas aaa",
    ],
)
def test_a_model_that_no_product_has_is_asked_for(text: str) -> None:
    assert lines(text) == {}
    assert quote(text).asks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("memoria usb de treinta y dos gigas", {"USB32": 1}),
        ("2 memorias usb de ciento veintiocho gigas", {"USB128": 2}),
        ("treinta y dos memorias usb de 128", {"USB128": 32}),
        ("un disco solido de 1 tera", {"SSD1": 1}),
        ("dos power bank de veinte mil", {"PB20": 2}),
    ],
)
def test_sizes_in_words_end_with_their_unit(text: str, expected: dict[str, int]) -> None:
    assert lines(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("las fundas iphone 14 esas q valen 3 dolares y 2 pilas", {"CASE14": 1, "AA": 2}),
        ("instalan las llantas alla mismo?", {}),
        ("ustedes montan llantas ahi?", {}),
        ("a mi esposa se le rompió la funda iphone 13, mándame 2 fundas iphone 13", {"CASE13": 2}),
    ],
)
def test_what_is_told_of_a_thing_orders_nothing(text: str, expected: dict[str, int]) -> None:
    assert lines(text) == expected
    assert not quote(text).asks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1157 media docena y 1156 una docena", {"B1157": 6, "B1156": 12}),
        ("10 1157 y 5 1156", {"B1157": 10, "B1156": 5}),
        ("1157 x 10", {"B1157": 10}),
        ("20 de 1157", {"B1157": 20}),
        ("1157 fusibles de 15", {"F15": 1157}),
    ],
)
def test_a_number_that_is_a_name_is_a_thing_beside_an_amount(text: str, expected: dict[str, int]) -> None:
    assert lines(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fusibles de 15 x 10 y de 20 x 5", {"F15": 10, "F20": 5}),
        ("un mouse gamer y unos audífonos gamer que sean redragon los dos", {"MOUSE": 1, "HEAR": 1}),
        ("mouse gamer, los dos", {"MOUSE": 2}),
    ],
)
def test_a_number_behind_a_size_counts_and_one_for_all_does_not(text: str, expected: dict[str, int]) -> None:
    assert lines(text) == expected
    assert not quote(text).asks
