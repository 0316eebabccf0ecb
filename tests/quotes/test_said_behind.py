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
