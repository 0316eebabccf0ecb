"""What recado does when a shop stops selling a product: it asks, and sells nothing else instead."""

from functools import cache

import pytest

from recado.quotes import Catalogue, Quote, QuoteService
from tests.quotes.shops import catalogue


@cache
def _without(shop: str, sku: str) -> QuoteService:
    full = catalogue(shop)
    less = Catalogue(tuple(product for product in full.products if product.sku != sku), full.currency)
    return QuoteService(lambda: less)


def quote(shop: str, sku: str, text: str) -> Quote:
    """The quote of a shop that does not sell one of its products."""
    return _without(shop, sku).quote(text)


def lines(read: Quote) -> dict[str, float]:
    return {item.sku: float(item.quantity) for item in read.items}


@pytest.mark.parametrize(
    ("shop", "sku", "text", "rest"),
    [
        ("electronica", "ZAP-6", "un alargue de 4 tomas y una zapatilla de 6", {"ZAP-4": 1}),
        ("papeleria2", "REG-30", "regla de 20 y regla de 30, una de cada una", {"REG-20": 1}),
        ("musica", "PER-07", "5baquetas 5a y 2baquetas 7a", {"PER-06": 5}),
        ("jugueteria", "PL1", "2 balones número 5 y 1 número 3", {"PL2": 2}),
        ("zapateria", "JE-802", "jean mom 38 x2, talle 40 x1", {"JE-801": 2}),
        ("uniformes", "CHO-12", "4 chompas azules T10 y 4 T12", {"CHO-10": 4}),
        ("uniformes", "POB-L", "POLOS PIQUE BLANCO\nS - 4\nM - 6\nL - 3", {"POB-S": 4, "POB-M": 6}),
    ],
)
def test_a_size_that_is_not_sold_is_not_counted_as_another(
    shop: str, sku: str, text: str, rest: dict[str, float]
) -> None:
    """Neither as the one size that is left, nor as a part of it, nor as that size of another kind than the heading."""
    read = quote(shop, sku, text)
    assert lines(read) == rest
    assert read.asks


@pytest.mark.parametrize(
    ("shop", "sku", "text"),
    [
        ("", "CAM-002", "camisas: 2 de manga larga y 3 de manga corta"),
        ("", "CAM-002", "2 camisas y 2 de manga larga"),
        ("abarrotes", "A32", "3 atunes en agua, 2 en aceite"),
        ("", "ACC-005", "cinturón de lona y cinturón de piel"),
    ],
)
def test_half_of_another_name_or_another_material_is_asked_for(shop: str, sku: str, text: str) -> None:
    """ "Manga larga" where there is "manga corta"; "en aceite", which is no bottle of oil; canvas where the one belt is
    of leather."""
    assert quote(shop, sku, text).asks


def test_the_colour_of_leather_is_no_material() -> None:
    """ "Color piel" for tights of nylon."""
    assert not quote("", "", "Me da dos medias veladas color piel").asks


@pytest.mark.parametrize(
    ("shop", "sku", "text"),
    [
        ("gimnasio", "BA2", "ponme 4 barras de chocolate... no espera, que sean de coco"),
        ("repuestos", "BUJ-021", "4 bujias bkr6e... mejor que sean iridium"),
        ("repuestos", "FOC-061", "2 focos h4, perdon, h7 son"),
        ("", "CAM-003", "2 camisas manga larga, mejor que sean manga corta"),
        ("", "CAL-006", "cambia las zapatillas por sandalias, 2 pares"),
        ("", "VES-002", "cambia el vestido por uno de fiesta"),
        ("queseria", "L02", "cambie la leche entera por deslactosada, 6 bolsas"),
    ],
)
def test_a_correction_to_what_is_not_sold_is_asked_about(shop: str, sku: str, text: str) -> None:
    """The thing before it is not ordered in silence."""
    assert quote(shop, sku, text).asks


@pytest.mark.parametrize(
    "text",
    ["3 gorras que sean de las negras", "quiero 3 camisas y que sean blancas", "2 camisas, mejor que sean suavecitas"],
)
def test_a_colour_or_an_adjective_behind_a_correction_says_how(text: str) -> None:
    assert not quote("", "", text).asks


@pytest.mark.parametrize(
    ("shop", "sku", "text"),
    [
        ("carniceria", "RES-009", "500 gr de carne molida especial"),
        ("cafeteria", "CA02", "un espreso doble"),
        ("bodega", "AB-04", "2 kg de azúcar blanca"),
        ("limpieza", "GRA-11", "2lts de suavizante de bebe"),
        ("panaderia2", "PN08", "pan para hamburguesa x 4"),
        ("optica", "ACC-002", "1 estuche para pupilentes"),
        ("vivero", "SUS-003", "tierra para cactus"),
        ("", "MED-005", "2 medias tobilleras"),
        ("reposteria", "AZ1", "una azúcar flor"),
        ("", "PAN-008", "un pantalon deportibo"),
        ("", "CAM-007", "dos camisetas sin mangas"),
        ("verduleria", "V014", "1 malla de ajos"),
        ("suplementos", "GUA3", "con la M me quedan pequeños, mandame guantes L"),
    ],
)
def test_another_sort_than_the_one_left_is_asked_for(shop: str, sku: str, text: str) -> None:
    """A quality or a purpose beside a name that tells another one, an unknown word right behind a head, a net of
    what is sold by the piece."""
    read = quote(shop, sku, text)
    assert read.asks
    assert all(item.doubtful for item in read.items)


@pytest.mark.parametrize("text", ["cordones para zapatos", "una falda corta negra", "un balón para jugar fútbol"])
def test_what_tells_no_two_products_apart_is_ignored_beside_a_plain_name(text: str) -> None:
    assert not quote("", "", text).asks


@pytest.mark.parametrize(
    ("shop", "sku", "text"),
    [
        ("refacciones", "FOC-003", "un par de focos led h4"),
        ("repuestos", "FIL-012", "1 filtro de aire yaris"),
        ("fiesta", "GLO-001", "20 globos rojos"),
        ("uniformes", "CAM-14", "2 camisas talla 14"),
        ("polleria", "POL-007", "alitas bbq x 12 x 3"),
    ],
)
def test_a_word_that_one_other_product_has_does_not_make_it_the_one(shop: str, sku: str, text: str) -> None:
    """A plain bulb is no LED, an oil filter no air filter, and a colour, size or pack that is gone is asked for."""
    assert quote(shop, sku, text).asks
