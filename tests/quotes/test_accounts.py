"""recado asks about a word or number that no part of the reading accounts for."""

import pytest

from tests.quotes.shops import quote, service

SHOP = service("")
PHONES = service("celulares")


@pytest.mark.parametrize(
    ("text", "unclear"),
    [
        ("2 camisas y 3", ("3",)),
        ("3 gorras y 7, por favor", ("7",)),
        ("camisas 3, mejor marmoladas", ("marmoladas",)),
        ("ya no quiero la camisa, y 7", ("7",)),
    ],
)
def test_what_nothing_owns_is_asked_about(text: str, unclear: tuple[str, ...]) -> None:
    assert SHOP.quote(text).unclear == unclear


@pytest.mark.parametrize(
    "text",
    [
        "2 camisas, mi cel es 987 654 321",
        "mándame 2 camisas a Hidalgo 45 por favor",
        "2 camisas antes del 12/05",
        "para el 24/12 necesito 2 camisas",
        "6 uniformes escolares, niños de 7, 9 y 10 años",
        "2 mochilas, entre 2 y 3 de la tarde paso",
        "somos 4 adultos y 2 niños, necesitamos 4 toallas",
        "quiero 3 medias, pago con 20",
        "2 camisas. Mil gracias",
        "5 camisetas: S 2, M 3",
        "ponle 4 en vez de 2 camisas",
        "2 camisas, no, mejor 3",
        "un pantalón negro talla treinta y dos para el viernes",
        "zapatos n° 38",
        "me interesa el reloj y la billetera, ¿cuánto sería por los dos?",
    ],
)
def test_what_is_owned_is_not(text: str) -> None:
    assert SHOP.quote(text).unclear == ()


def test_a_kind_that_led_to_nothing_is_asked_about() -> None:
    """Otherwise only the small one would be quoted, without a question."""
    quote = PHONES.quote("mándame una bocina chica, y grande ya tengo")
    assert "grande" in quote.unclear


def test_an_order_of_nothing_asks() -> None:
    assert SHOP.quote("me das un par").asks


@pytest.mark.parametrize(
    "text",
    [
        "2 camisas y 1 pantalón, total 85 verdad?",
        "llévame a la casa 2 cafés y 1 agua, la casa es la 15 del pasaje 4",
        "2 camisas, es la 12 de la calle 8",
    ],
)
def test_a_total_that_is_right_and_the_number_of_a_house_are_explained(text: str) -> None:
    assert not SHOP.quote(text).asks


def test_a_total_that_is_not_right_is_asked_back() -> None:
    assert SHOP.quote("2 camisas y 1 pantalón, total 80 verdad?").asks
    assert SHOP.quote("4 camisas y 102").asks  # what they cost, but as one more number


def test_a_container_in_the_place_of_a_thing_is_asked_about() -> None:
    """The shop has "conos x10", and a name beside it is understood."""
    assert quote("heladeria", "un kilo de helado y conos").unclear == ("conos",)
