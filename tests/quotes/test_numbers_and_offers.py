"""A number is never lost: behind a thing, before a unit, beside a half; and an offer that was seen is no order."""

import pytest

from tests.quotes.shops import quote, small_shop


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("regalos", "sobre manila 20", {"RG-38": 20}),
        ("regalos", "clips 3 cajas\nsobre manila 40\ndiurex 2", {"RG-41": 3, "RG-38": 40, "RG-42": 2}),
        ("cerrajeria", "clavija 25, socket 30", {"CE-32": 25, "CE-28": 30}),
        ("cerrajeria", "alambre 2 kilos y medio kilo de clavo de 3", {"CE-44": 2, "CE-42": 0.5}),
        ("cerrajeria", "alambre 2 kilos y media docena de clavijas", {"CE-44": 2, "CE-32": 6}),
        ("cerrajeria", "alambre 2 kilos y medio", {"CE-44": 2.5}),
        ("cerrajeria", "clavos de 2 pulgadas y medio kilo de clavos de 3 pulgadas", {"CE-41": 1, "CE-42": 0.5}),
        ("cerrajeria", "un kilo de clavo 2 y media docena de taquetes 3/8", {"CE-41": 1, "CE-48": 6}),
        ("regalos", "vi la promo, solo quiero 2 plumones x 12 y un corrector", {"RG-11": 2, "RG-19": 1}),
        ("regalos", "vi su publicación, 2 plumones x 12", {"RG-11": 2}),
        ("regalos", "me llegó su lista, un corrector y 2 reglas", {"RG-19": 1, "RG-23": 2}),
        (
            "cerrajeria",
            "Candado 30 mm $80\nCopia de llave $30\nPrecios sujetos a cambio\n\npido 1 timbre",
            {"CE-64": 1},
        ),
        ("cerrajeria", "2 aflojatodo wd-40 y una kola loca", {"CE-55": 2, "CE-54": 1}),
        ("cerrajeria", "cinta de aislar teipe 3", {"CE-49": 3}),
        ("regalos", "marcatextos amarillo 2, verde 1 y rosa 1", {"RG-14": 2, "RG-15": 1, "RG-16": 1}),
        ("regalos", "un rompecabezas de 1000 piezas y uno de 500 piezas", {"RG-68": 1, "RG-67": 1}),
        ("regalos", "2 pares de aretes y envuélvalos para regalo", {"RG-69": 2}),
        ("vinos", "es el cumple de 40 de mi viejo y necesito 2 hieleras", {"ACC-04": 2}),
    ],
)
def test_each_number_is_of_its_thing(shop: str, text: str, expected: dict[str, float]) -> None:
    """The products and quantities are exact, and nothing is asked."""
    read = quote(shop, text)
    assert {item.sku: item.quantity for item in read.items} == expected
    assert not read.asks


@pytest.mark.parametrize("text", ["clavos 1 kg porfa", "clavos 2 kilos"])
def test_the_number_of_a_unit_is_no_size_of_a_name(text: str) -> None:
    """How many kilos are wanted does not say which nail."""
    read = quote("cerrajeria", text)
    assert not read.items
    assert read.asks


def test_the_word_of_a_name_is_heard_beside_its_number() -> None:
    """ "mirilla", which is also a small "mira", is quoted, and marked, because the name goes on."""
    read = quote("cerrajeria", "timbre 1, mirilla 2")
    assert {item.sku: item.quantity for item in read.items} == {"CE-64": 1, "CE-63": 2}


def test_goods_with_the_ending_of_a_command_are_asked_back() -> None:
    """Petals are no verb, although they end like "envuélvalos"."""
    assert [entry.text for entry in quote("regalos", "una goma y pétalos de rosa").unmatched] == ["pétalos de rosa"]


def test_what_was_seen_is_not_ordered() -> None:
    """A thing that is only told of stays out of the quote."""
    assert not quote("regalos", "vi la taza te quiero y un corrector, están bonitos").items


def test_a_number_behind_clothes_is_their_size() -> None:
    """ "pantalón 34" is one pair of trousers; 34 of them are "pantalones 34"."""
    shop = small_shop([("P", "Pantalón de mezclilla", "pantalón"), ("E", "Escalera de madera", "escalera")])
    assert [int(item.quantity) for item in shop.quote("una escalera y pantalón 34").items] == [1, 1]
    assert [int(item.quantity) for item in shop.quote("escalera 34").items] == [34]
