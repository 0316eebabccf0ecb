"""Corrections, measures and counters that stand behind what they belong to."""

from decimal import Decimal

import pytest

from tests.quotes.shops import quote

Lines = dict[str, int | Decimal]


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("motos", "4 motul 10w40\nah no\n6 mejor\ny un pito", {"ACE-002": 6, "ELE-008": 1}),
        ("motos", "4 motul 10w40, 6 mejor y un pito", {"ACE-002": 6, "ELE-008": 1}),
        ("motos", "4 pulpos, no, 6 pulpos mejor, y un pito", {"ACC-013": 6, "ELE-008": 1}),
        ("motos", "4 motul 10w40\nah no\n6 mobil mejor\ny un pito", {"ACE-004": 6, "ELE-008": 1}),
        ("motos", "un impermeable M\nno\nel L mejor\ny un pito", {"ACC-003": 1, "ELE-008": 1}),
        ("motos", "4 pulpos\n6 perdón\ny un pito", {"ACC-013": 6, "ELE-008": 1}),
        ("motos", "4 pulpos y un pito perdón, 2 pitos", {"ACC-013": 4, "ELE-008": 2}),
    ],
)
def test_a_correction_behind_a_number_says_nothing_of_what_follows(shop: str, text: str, expected: Lines) -> None:
    read = quote(shop, text)
    assert {item.sku: item.quantity for item in read.items} == expected
    assert not read.asks


@pytest.mark.parametrize(
    "text", ["4 pulpos, no 6, y un pito", "4 pulpos\nno 6\ny un pito", "4 pulpos\nno\n6\ny un pito"]
)
def test_a_number_behind_no_and_a_mark_is_no_size(text: str) -> None:
    assert {item.sku: item.quantity for item in quote("motos", text).items} == {"ACC-013": 6, "ELE-008": 1}


def test_a_number_behind_no_is_wrong_if_the_one_before_is_a_correction() -> None:
    assert {item.quantity for item in quote("motos", "eran 3 pulpos, no 2").items} == {3}


def test_a_letter_behind_en_is_a_form() -> None:
    """The "U" of "Candado en U" distinguishes it from other locks; "Coliflor u" is only sold by the piece."""
    assert [fragment.text for fragment in quote("motos", "2 candados").unmatched] == ["candados"]
    assert {item.sku for item in quote("motos", "2 candados en u").items} == {"ACC-007"}


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("congelados", "arbejas 3 espinaca 2 frutiyas 1", {"VER-003": 3, "VER-001": 2, "VER-004": 1}),
        ("congelados", "hola quiero espinaca 2 hielo 3", {"VER-001": 2, "VAR-001": 3}),
        ("congelados", "3 rabas 2 hielo 3", {"PES-002": 3, "VAR-001": 2}),
        ("congelados", "un asado 2 hielo 3", {"VAC-001": 1, "VAR-001": 2}),
    ],
)
def test_numbers_belong_to_the_things_before_if_a_thing_opens_the_clause(shop: str, text: str, expected: Lines) -> None:
    """The 3 of "2 hielo 3" is the size of the ice if the 2 counts it."""
    assert {item.sku: item.quantity for item in quote(shop, text).items} == expected


@pytest.mark.parametrize(
    ("text", "sku", "amount"),
    [
        ("queso semi 0,5 kg en cuñas", "LAC-009", "0.5"),
        ("chorizo 300 g en lonchas", "EMB-003", "0.3"),
        ("chorizo 2 kg entero", "EMB-003", "2"),
        ("queso semi medio kilo cortado", "LAC-009", "0.5"),
        ("pan 2 en rebanadas", "PAN-001", "2"),
        ("agua, 4 garrafas", "BEB-002", "4"),
        ("patatas: 2 sacos", "FRU-004", "2"),
        ("leche entera 2 cajas", "LAC-004", "2"),
        ("mahou, 3 latas", "BEB-008", "3"),
        ("ah y el pan, 4 barras", "PAN-001", "4"),
    ],
)
def test_what_follows_an_amount_says_how_or_in_what(text: str, sku: str, amount: str) -> None:
    """A container of which another product of the same name is made means that product."""
    read = quote("ultramarinos", text)
    assert {item.sku: item.quantity for item in read.items} == {sku: Decimal(amount)}
    assert not read.asks


@pytest.mark.parametrize("text", ["limones 2 kg zanahorias", "limones 2 kg yucas"])
def test_an_unknown_thing_behind_a_measure_is_asked_about(text: str) -> None:
    assert quote("ultramarinos", text).asks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pa la boxer ct100: bandas, kit de arrastre. todo de a 2", {"FRE-004": 2, "TRA-001": 2}),
        ("para la boxer ct 100: filtro de aire", {"FIL-001": 1}),
        ("pulsar ns 200: pastillas de freno y kit de arrastre x 2", {"FRE-001": 1, "TRA-002": 2}),
        ("para la boxer ct 100: un pito y bandas", {"ELE-008": 1, "FRE-004": 1}),
        ("ct 100: pito", {"ELE-008": 1}),
    ],
)
def test_a_model_with_a_colon_tells_which_of_each_thing(text: str, expected: Lines) -> None:
    """The number of the model counts nothing."""
    read = quote("motos", text)
    assert {item.sku: item.quantity for item in read.items} == expected
    assert not read.asks


@pytest.mark.parametrize("each", [". todo de a 2", ", todo de a dos", " de a 2 cada uno"])
def test_so_many_of_all_is_so_many_of_each(each: str) -> None:
    assert {item.sku: item.quantity for item in quote("motos", f"pitos y pulpos{each}").items} == {
        "ELE-008": 2,
        "ACC-013": 2,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("me toca cambiarle la guaya del acelerador, regáleme una y un pito", {"GUA-003": 1, "ELE-008": 1}),
        ("hay que cambiarle la pacha, me da dos", {"TRA-006": 2}),
        ("2 pitos y un pulpo, quiero cambiar el pulpo por una pacha", {"ELE-008": 2, "TRA-006": 1}),
    ],
)
def test_what_must_be_changed_is_ordered_when_it_is_asked_for(text: str, expected: Lines) -> None:
    """Without "por" nothing is exchanged."""
    read = quote("motos", text)
    assert {item.sku: item.quantity for item in read.items} == expected
    assert not read.asks


def test_an_amount_may_be_about_right() -> None:
    assert {item.quantity for item in quote("congelados", "unos 3 kilos más o menos de suprema").items} == {3}


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("ultramarinos", "2 aceitunas negras", {"CON-009": 2}),
        ("ultramarinos", "2 de aceitunas negras, bueno mejor rellenas", {"CON-008": 2}),
        ("ultramarinos", "2 macarrones, cuánto quedaría?", {"DES-001": 2}),
        ("motos", "un neumático 2.75-18", {"NEU-001": 1}),
        ("motos", "soy Jairo del taller La 33, 10 castrol", {"ACE-003": 10}),
        ("llantera", "toca cambiarle la cámara, es rin 17, deme una cámara rin 17", {"CAM-17": 1}),
    ],
)
def test_what_goes_without_saying_is_not_asked_about(shop: str, text: str, expected: Lines) -> None:
    """A name may lack what the product is in, or a word beside a size of several numbers."""
    read = quote(shop, text)
    assert {item.sku: item.quantity for item in read.items} == expected
    assert not read.asks


@pytest.mark.parametrize(("text", "sku"), [("patatas un saco", "FRU-004"), ("mahou, un pack", "BEB-009")])
def test_one_container_behind_a_thing_means_that_product(text: str, sku: str) -> None:
    assert {item.sku: item.quantity for item in quote("ultramarinos", text).items} == {sku: 1}


def test_numbers_between_things_at_both_ends_are_asked_about() -> None:
    """They may count the thing before or the one behind."""
    assert quote("ultramarinos", "azúcar 2 arroz 1 macarrones").asks
    assert not quote("ultramarinos", "azúcar, 2 arroz, 1 macarrones").asks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pollo 2 asado 3 kg", {"POL-001": 2, "VAC-001": 3}),
        ("pizza 2 rabas 1 kg chorizo 2 kg", {"PAS-006": 2, "PES-002": 1, "EMB-001": 2}),
        ("un asado 3 kg y una bondiola 2 kg", {"VAC-001": 3, "CER-001": 2}),
    ],
)
def test_a_measure_behind_what_is_sold_by_it_is_its_amount(text: str, expected: Lines) -> None:
    assert {item.sku: item.quantity for item in quote("congelados", text).items} == expected
