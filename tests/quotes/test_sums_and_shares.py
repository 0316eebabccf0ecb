"""Numbers that say again how many there are, that count with "por", or are for each of several; joined words."""

import pytest

from tests.quotes.shops import quote, small_shop, sure_lines


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("chifa", "1 chaufa\n1 chaufa\n1 siu mai\nson 2 chaufas en total ojo", {"ARR-01": 2, "WAN-05": 1}),
        ("chifa", "1 chaufa de carne y 1 chaufa de pollo, son 2 chaufas en total", {"ARR-01": 1, "ARR-02": 1}),
        ("chifa", "2 siu mai, 1 min pao, 1 siu mai, en total 3 siu mai", {"WAN-05": 3, "WAN-04": 1}),
        ("chifa", "2 siu mai, 1 siu mai. Serían 3 siu mai", {"WAN-05": 3}),
        ("chifa", "2 tallarines de pollo y 1 de carne, son 3 tallarines en total", {"TAL-01": 2, "TAL-02": 1}),
        ("chifa", "2 siu mai, 1 min pao, o sea 3 en total", {"WAN-05": 2, "WAN-04": 1}),
        ("chifa", "4 siu mai en total", {"WAN-05": 4}),
        ("chifa", "2 siu mai para mi y 3 para mi mama, en total 5", {"WAN-05": 5}),
        ("chifa", "2 siu mai para mi y 3 para mi mama, 5 en total", {"WAN-05": 5}),
    ],
)
def test_a_sum_of_what_was_asked_for_adds_nothing(shop: str, text: str, expected: dict[str, int]) -> None:
    """It may name the thing, or its head."""
    assert sure_lines(shop, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "1 chaufa de carne\n2 chaufa de pollo\n5 chaufas en total",
        "un siu mai y después 3 siu mai en total",
        "2 siu mai, 1 min pao, son 4",
        "2 siu mai por 20",
        "siu mai por 10",
        "siu mai por 2 y min pao por 3, son 5 en total",
        "siu mai por docena",
    ],
)
def test_a_sum_or_price_that_does_not_agree_is_asked_about(text: str) -> None:
    """Every number of a message is accounted for."""
    assert quote("chifa", text).asks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Combo 2 por 4 y agrega una jarra de chicha", {"COM-02": 4, "BEB-07": 1}),
        ("combo 3 por dos", {"COM-03": 2}),
        ("siu mai por 4, chaufa por 3", {"WAN-05": 4, "ARR-01": 3}),
        ("2 siu mai por 22", {"WAN-05": 2}),
    ],
)
def test_por_counts_the_thing_before_it(text: str, expected: dict[str, int]) -> None:
    """Like "x"; behind a counted thing it tells what the things cost."""
    assert sure_lines("chifa", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("somos 5, un combo familiar y una galleta de la fortuna para cada uno", {"COM-04": 1, "EXT-03": 5}),
        ("somos 5, una jarra de chicha y un siu mai para cada uno", {"BEB-07": 1, "WAN-05": 5}),
        ("somos 5, un combo familiar para cada uno", {"COM-04": 5}),
        ("somos 5, un siu mai y una galleta de la fortuna para cada uno", {"WAN-05": 5, "EXT-03": 5}),
    ],
)
def test_what_several_people_share_is_not_for_each(text: str, expected: dict[str, int]) -> None:
    """A family size before the thing that each one gets is ordered once."""
    assert sure_lines("chifa", text) == expected


def test_a_name_may_begin_with_a_unit_of_time() -> None:
    """ "1 min pao" counts a product, and "en 1 min" tells a time."""
    shop = small_shop([("P", "Min pao de chancho", "min pao"), ("S", "Siu mai", "")])
    read = shop.quote("2 siu mai y 1 min pao, paso en 10 min")
    assert {item.sku: item.quantity for item in read.items} == {"S": 2, "P": 1}
    assert not read.asks


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("chifa", "3 chaufa d chancho\n1 cocacola grande", {"ARR-03": 3, "BEB-04": 1}),
        ("chifa", "2 wantanfrito y 2 cocacolas grandes", {"WAN-01": 2, "BEB-04": 2}),
        ("vinos", "3 papasfritas", {"PIC-04": 3}),
    ],
)
def test_two_words_of_a_name_may_be_written_together(shop: str, text: str, expected: dict[str, int]) -> None:
    """Those that begin it."""
    assert sure_lines(shop, text) == expected
