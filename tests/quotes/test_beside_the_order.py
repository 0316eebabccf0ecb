"""Words in a message that are not part of the order: school classes, complaints, reasons."""

from decimal import Decimal

import pytest

from recado.quotes import Catalogue, QuoteService
from recado.quotes.catalogue.product import Product
from recado.quotes.reading.intent import Intent
from tests.quotes.shops import quote


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("musica", "25 flautas dulces para el colegio San José, grado 4B", {"VIE-01": 25}),
        ("musica", "30 flautas, grupo 2C, colegio Santa Ana", {"VIE-01": 30}),
        ("musica", "25 flautas dulces para el salón 3A", {"VIE-01": 25}),
        ("musica", "20 flautas para 5to B", {"VIE-01": 20}),
        ("papeleria2", "12 lápices 2B, grado 4B", {"LPZ-2B": 12}),
        ("papeleria2", "12 lápices, aula 5, sección B", {"LPZ-2B": 12}),
        ("papeleria2", "10 lápices para el salón 12, 2do piso", {"LPZ-2B": 10}),
        ("gimnasio", "25 gorras para 5to B, salón 12", {"RO9": 25}),
    ],
)
def test_a_class_of_a_school_is_no_thing(shop: str, text: str, expected: dict[str, int]) -> None:
    read = quote(shop, text)
    assert {item.sku: item.quantity for item in read.items} == expected
    assert not read.asks


def test_the_word_of_a_class_may_belong_to_a_name() -> None:
    goods = (("24", "Batería grupo 24"), ("65", "Batería grupo 65"))
    products = tuple(Product(sku, name, (), Decimal(90), False, None) for sku, name in goods)
    catalogue = Catalogue(products, "USD")
    read = QuoteService(lambda: catalogue).quote("2 baterías, grupo 65")
    assert [(item.sku, item.quantity) for item in read.items] == [("65", 2)]


def test_a_name_may_begin_with_a_word_for_money() -> None:
    read = quote("limpieza", "3 lana de acero y 2 fibras")
    assert {item.sku: item.quantity for item in read.items} == {"FIB-04": 3, "FIB-01": 2}


@pytest.mark.parametrize(
    ("shop", "text"),
    [
        ("musica", "la guitarra que compré trae el puente despegado, qué hago?"),
        ("musica", "el teclado que me vendieron no prende"),
        ("gimnasio", "la gorra que llevé me aprieta"),
        ("limpieza", "la escoba que me mandaron vino sin palo, quiero cambiarla"),
    ],
)
def test_a_complaint_is_no_order(shop: str, text: str) -> None:
    read = quote(shop, text)
    assert (read.items, read.unmatched, read.intent) == ((), (), Intent.OTHER)


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("gimnasio", "la gorra que vi en su página", {"RO9": 1}),
        ("gimnasio", "quiero la gorra que lleve broche", {"RO9": 1}),
        ("musica", "se dañó el afinador que compré, mándame otro", {"ACC-02": 1}),
    ],
)
def test_what_was_seen_or_is_wanted_again_is_ordered(shop: str, text: str, expected: dict[str, int]) -> None:
    assert {item.sku: item.quantity for item in quote(shop, text).items} == expected


@pytest.mark.parametrize(
    ("shop", "text", "asked"),
    [
        ("musica", "deme el mismo que llevó mi primo", "el mismo que llevó mi primo"),
        ("gimnasio", "quiero la que llevó mi vecina, porfa", "la que llevó mi vecina"),
        ("limpieza", "dame lo mismo que se llevó mi hermana", "lo mismo que se llevó mi hermana"),
        ("zapateria", "mándame el mismo de la vez pasada", "el mismo de la vez pasada"),
        ("verduleria", "lo mismo que pidió mi mamá ayer", "lo mismo que pidió mi mamá ayer"),
        ("celulares", "quiero el mismo que tiene mi prima", "el mismo que tiene mi prima"),
    ],
)
def test_what_only_somebody_else_could_tell_is_asked_back(shop: str, text: str, asked: str) -> None:
    read = quote(shop, text)
    assert ([entry.text for entry in read.unmatched], read.intent) == ([asked], Intent.ORDER)


@pytest.mark.parametrize(
    ("shop", "text", "intent"),
    [
        ("musica", "qué instrumentos manejan?", Intent.HELP),
        ("verduleria", "qué fruta tenéis?", Intent.HELP),
        ("gimnasio", "qué métodos de pago tienen?", Intent.OTHER),
        ("gimnasio", "qué gorras tienen?", Intent.OTHER),
    ],
)
def test_a_question_of_what_is_sold_is_told_from_others(shop: str, text: str, intent: Intent) -> None:
    assert quote(shop, text).intent is intent


@pytest.mark.parametrize(
    "text",
    [
        "2 gorras, otro día paso por lo demás",
        "2 gorras y otra vez gracias",
        "2 gorras. otra cosa, tienen envíos?",
    ],
)
def test_another_day_is_no_other_thing(text: str) -> None:
    read = quote("gimnasio", text)
    assert {item.sku: item.quantity for item in read.items} == {"RO9": 2}
    assert not read.asks


def test_a_name_may_sound_like_a_verb() -> None:
    read = quote("limpieza", "cera líquida roja 3 litros y cera neutra, 2")
    assert {item.sku: item.quantity for item in read.items} == {"GRA-19": 3, "GRA-20": 2}


def test_what_is_made_of_the_goods_is_no_order() -> None:
    read = quote("telas", "quiero forrar una cuna, dame 3 metros de tul")
    assert [(item.sku, item.quantity) for item in read.items] == [("T-TUL", 3)]
    assert not read.asks
