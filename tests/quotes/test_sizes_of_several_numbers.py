"""Shops whose names are mostly numbers: fractions, several numbers in one size, amounts beside them."""

import pytest

from tests.quotes.shops import quote

Lines = dict[str, str]


def lines(text: str) -> Lines:
    read = quote("tornillos", text)
    assert not read.asks
    return {item.sku: str(item.quantity) for item in read.items}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15 tornillos de tres octavos por tres pulgadas", {"TOR-383": "15"}),
        ("10 tornillos de media por cuatro", {"TOR-124": "10"}),
        ("diez tornillos de un cuarto por dos", {"TOR-142": "10"}),
        ("8 tornillos de cinco dieciseisavos por dos y media", {"TOR-562": "8"}),
        ("tornillo de cinco dieciseisavos por dos pulgadas y media, 10", {"TOR-562": "10"}),
        ("tornillo 5/16 x 2-1/2, 10", {"TOR-562": "10"}),
        ("2 tornillos 3/8 por 3 pulgadas", {"TOR-383": "2"}),
    ],
)
def test_a_size_may_be_said_in_words(text: str, expected: Lines) -> None:
    """ "Tres octavos" is 3/8, "por" is x, and "y media" adds a half."""
    assert lines(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "20 tornillos de 3/8 x 5",
        "10 tornillos 1/4 x 1 1/2",
        "tornillo 1/4 x 1-1/2 10 piezas",
        "5 kg de clavo 2 1/2",
        "medio kilo de clavo de 2 y media",
    ],
)
def test_a_size_that_begins_like_one_that_is_sold_is_another(text: str) -> None:
    """2 1/2 is not 2, and 3/8 x 5 is not five of 3/8."""
    read = quote("tornillos", text)
    assert not read.items
    assert read.unmatched


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("codo 3/4 x 5", {"CO9-34": "5"}),
        ("tornillo 1/4 x 1 x 50", {"TOR-141": "50"}),
        ("clavo de 2 y medio kilo de clavo de 3", {"CLV-2": "1", "CLV-3": "0.5"}),
        ('3/4 de kilo de clavos de 2"', {"CLV-2": "0.75"}),
        ("tirafondo 10x2 docena y media", {"PIM-102": "18"}),
        ("tuercas de 1/4 también 25", {"TUE-14": "25"}),
        ("codos de media igual 10", {"CO9-12": "10"}),
        ("3 tramos de tubo de 3/4", {"TPV-34": "3"}),
        ("dos cajas de pija tablaroca 6 x 1 5/8", {"PIJ-658": "2"}),
    ],
)
def test_an_amount_beside_a_size_counts(text: str, expected: Lines) -> None:
    """What is no part of a size says how many."""
    assert lines(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quiero una broca de 1/4 pero para concreto", {"BCO-14": "1"}),
        ("una broca de 3/8 pero de metal", {"BME-38": "1"}),
        ("2 brocas de 1/4, pero las de madera", {"BMA-14": "2"}),
    ],
)
def test_a_kind_behind_but_narrows_what_was_said(text: str, expected: Lines) -> None:
    """The size leaves several kinds open, the words after "pero" tell which."""
    assert lines(text) == expected


def test_half_a_piece_is_asked_for() -> None:
    """A fraction of what is sold by the piece is no amount."""
    read = quote("tornillos", "medio tramo de tubo de 3/4")
    assert not read.items
    assert read.asks


def test_a_reason_leaves_the_thing_ordered() -> None:
    """What happened to the customer's own thing is why another is needed."""
    assert lines("una broca metal 1/8 xq se me rompió la que tenía") == {"BME-18": "1"}
    assert lines("2 brocas metal 1/8 por si se me rompe una") == {"BME-18": "2"}
