"""Models and sizes that are said without their thing, or only in part, in a shop of cases, cables and cards."""

import pytest

from tests.quotes.shops import quote, sure_lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cable c a c de 1 metro dos unidades y otro de 2 metros", {"CB-CC1": 2, "CB-CC2": 1}),
        ("un cable tipo c de 1 metro y 2 de 2 metros", {"CB-AC1": 1, "CB-AC2": 2}),
        ("fundas iphone 13: 2, 13 pro: 1, 15: 4", {"FS-IP13": 2, "FS-IP13P": 1, "FS-IP15": 4}),
        ("fundas iphone 13 pro: 2, 14 pro max: 1, 11: 3", {"FS-IP13P": 2, "FS-IP14PM": 1, "FS-IP11": 3}),
        ("un powerbank de 10 mil", {"PB-10": 1}),
    ],
)
def test_another_size_is_of_the_same_name(text: str, expected: dict[str, int]) -> None:
    """Where several products have the size, it is the one whose name differs only by its numbers."""
    assert sure_lines("fundas", text) == expected


@pytest.mark.parametrize(
    "text", ["funda iphone 14 pro", "funda iphone 13 pro max", "funda libro iphone 13 y otra de 14"]
)
def test_a_model_that_is_part_of_another_is_asked_for(text: str) -> None:
    """A 14 Pro is no 14 Pro Max where there is a 13 Pro, and a case of another kind is no other size."""
    assert quote("fundas", text).unmatched


def test_a_kind_behind_another_that_is_not_sold_is_ordered() -> None:
    """A kind belongs to the head before it, also if that thing is not sold in the size that was asked for."""
    read = quote("fundas", "cable de iphone de 3 metros y el auxiliar")
    assert [item.sku for item in read.items] == ["CB-AUX"]
    assert [one.text for one in read.unmatched] == ["cable de iphone de 3 metros"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("la micro sd de 128 sandisk", {"SD-128": 1}),
        ("pendrive 64 kingston 2", {"PD-64": 2}),
        ("el pendrive no que ya encontré el mío, 2 otg", {"AD-OTG": 2}),
        ("envío a c/ Mayor 12, 3 otg", {"AD-OTG": 3}),
        ("para la oficina: somos 8, un powerbank 10000 para cada uno", {"PB-10": 8}),
    ],
)
def test_what_is_beside_a_model_is_no_other_thing(text: str, expected: dict[str, int]) -> None:
    """A brand that stands in the product's name, a refusal with its reason, a street behind "c/"."""
    assert sure_lines("fundas", text) == expected
