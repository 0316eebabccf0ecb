"""A thing that is named once, above its sizes with their numbers."""

import pytest

from tests.quotes.shops import quote

Lines = dict[str, int]


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("plomeria", "Teflón:\n1/2 - 3\n3/4 - 2", {"TEF-012": 3, "TEF-034": 2}),
        ("plomeria", "Teflón\n3/4 - 2", {"TEF-034": 2}),
        ("ferreteria", "Tubos pvc:\n- 1/2 (10)\n- 3/4 (5)", {"TUB-001": 10, "TUB-002": 5}),
        ("ferreteria", "Codos: 1/2 - 10, 3/4 - 5", {"TUB-004": 10, "TUB-005": 5}),
        ("ferreteria", "Codos: 1/2 x 10, 3/4 x 5", {"TUB-004": 10, "TUB-005": 5}),
        ("ferreteria", "Brocha:\n2 - 3\n4 - 1", {"PIN-005": 3, "PIN-006": 1}),
        ("ferreteria", 'Brochas: 4" - 3', {"PIN-006": 3}),
        ("uniformes", "Buzo: 10 - 2, 12 - 3", {"BUZ-10": 2, "BUZ-12": 3}),
        ("", "Agua:\n600 - 3\n1.5 L - 2", {"ALI-001": 3, "ALI-002": 2}),
    ],
)
def test_only_the_sizes_are_counted(shop: str, text: str, expected: Lines) -> None:
    read = quote(shop, text)
    assert {item.sku: item.quantity for item in read.items} == expected
    assert not read.asks


def test_the_number_of_a_thing_below_the_sizes_is_its_amount() -> None:
    """ "codos 4" are four here, and it is asked which; not one of 4 inches."""
    read = quote("plomeria", "Tubos pvc:\n1/2 - 10\n3/4 - 5\ncodos 4")
    assert {item.sku: item.quantity for item in read.items} == {"TPV-012": 10, "TPV-034": 5}
    assert [entry.text for entry in read.unmatched] == ["codos"]
