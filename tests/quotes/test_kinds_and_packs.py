"""Kinds, numbers of names, packs and refusals, as customers of bakeries, clothes, party and packaging shops write
them."""

from decimal import Decimal

import pytest

from recado.quotes.reading.intent import Intent
from tests.quotes.shops import quote


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("ropa", "2 faldas y 3 blusas de tiras, la blusa de seda no que está muy cara", {"FAL-001": 2, "BLU-002": 3}),
        ("ropa", "los leggings no que no me quedan, 2 gorras", {"ACC-002": 2}),
        ("ropa", "2 faldas no que 3", {"FAL-001": 3}),
        ("ropa", "una falda no que un brasier", {"INT-003": 1}),
        ("organico", "tomates 2 kg y apio... ah no el apio no que me queda", {"VER-001": 2}),
        ("polleria", "seríamos unos 10 entre primos y tíos, mándame 3 pollos enteros", {"POL-001": 3}),
        ("panes", "cuánto cuesta el pan de muerto grande y cuánto el chico", {"DUL-016": 1, "DUL-015": 1}),
        ("panes", "12 cupcakes, mitad vainilla y mitad chocolate", {"PAS-012": 6, "PAS-013": 6}),
        ("panes", "cupcakes: 6 chocolate, 6 vainilla", {"PAS-013": 6, "PAS-012": 6}),
        ("panes", "2 conchas, una vainilla y una chocolate", {"DUL-001": 1, "DUL-002": 1}),
        ("fiesta", "la vela 5 y la vela del 3", {"VEL-006": 1, "VEL-005": 1}),
        ("fiesta", "velas 8", {"VEL-001": 8}),
        ("fiesta", "12 gorros", {"DEC-004": 12}),
        ("fiesta", "20 globos rojos y 10 globos dorados", {"GLO-001": 20, "GLO-005": 10}),
        ("desechables", "10 paquetes bolsa de basura 90 litros", {"BOL-005": 10}),
        ("desechables", "2 cajas pizza 30 cm", {"ENV-007": 2}),
        ("desechables", "vasos d 7 onzas d plastico el paquete d 100, kiero 4", {"VAS-003": 4}),
        ("desechables", "servilletas paquete de 500, 2", {"SER-002": 2}),
        ("desechables", "bandejas de aluminio de 2 litros, 4 paquetes, y de 1 litro, 2", {"ENV-006": 4, "ENV-005": 2}),
        ("desechables", "baso plastico 16 onsas 2 pakete", {"VAS-005": 2}),
        ("ropa", "media docena de panties y un jean negro tala 32", {"INT-004": 6, "JEA-006": 1}),
        ("ropa", "Jean azul 89.000\nBufanda 29.000\n\nhola vi esto, mándame 2 pijamas", {"PIJ-001": 2}),
        ("organico", "2 kilos de avena, cambia la avena x 1 kilo de linaza", {"GRA-011": 1}),
        ("organico", "avena 2 kg y linaza 1 kg, cambia la avena x tomate", {"GRA-011": 1, "VER-001": 2}),
        ("polleria", "Av. Los Incas 345 dpto 202, 1 parrillada para 4", {"PAR-010": 1}),
        ("polleria", "dos churrascos uno término medio y el otro bien cocido", {"PAR-001": 2}),
        ("panes", "mande 2 baguettes a Privada Lirio #14, casa color verde, timbre 3", {"PAN-004": 2}),
        ("panes", "2 pasteles, uno de chocolate y otro de zanahoria, los dos enteros", {"PAS-003": 1, "PAS-005": 1}),
        ("uniformes", "cuánto la camisa talla 14 y cuánto la 16", {"CAM-14": 1, "CAM-16": 1}),
        ("uniformes", "cuánto la camisa talla 14 y cuánto la de 16", {"CAM-14": 1, "CAM-16": 1}),
        ("desechables", "5 paquetes bolsa ziploc chica, no espera, mejor de la grande, 5", {"BOL-010": 5}),
    ],
)
def test_it_is_quoted_without_a_question(shop: str, text: str, expected: dict[str, int]) -> None:
    """A refusal with its reason, kinds of what is divided, a colour that tells the product, packs without "de"."""
    read = quote(shop, text)
    assert {item.sku: Decimal(item.quantity) for item in read.items} == expected
    assert not read.asks


@pytest.mark.parametrize(
    ("shop", "text", "asked"),
    [
        ("fiesta", "vela del 8 por favor", "vela del 8"),
        ("fiesta", "la vela 8", "vela 8"),
        ("fiesta", "5 globos verdes", "globos verdes"),
        ("desechables", "10 paquetes bolsa de basura 200 litros", "bolsa de basura 200 litros"),
        ("desechables", "plato plastico 22 cm paquete de 100, quiero 1", "plato plastico 22 cm paquete de 100"),
        ("ropa", "Medias, 3 pares", "Medias"),
    ],
)
def test_a_number_or_kind_that_is_not_sold_is_asked_for(shop: str, text: str, asked: str) -> None:
    """No plain candle, and no globe or bag of another kind, is sold in its place."""
    read = quote(shop, text)
    assert [entry.text for entry in read.unmatched] == [asked]
    assert not read.items


@pytest.mark.parametrize("text", ["dos pollos, uno bien dorado, otro normal", "dos pollos, uno bien dorado y otro más"])
def test_another_than_those_that_were_counted_is_asked_about(text: str) -> None:
    """It may be one of the two, or a third."""
    assert quote("polleria", text).unclear == ("uno",)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("muchas gracias estuvo riquísimo el pollo de ayer", Intent.OTHER),
        ("gracias, muy rico el pollo de ayer", Intent.OTHER),
        ("el pollo de ayer estuvo buenazo", Intent.OTHER),
        ("pásame la carta porfa", Intent.HELP),
    ],
)
def test_praise_and_the_list_of_dishes_are_no_order(text: str, intent: Intent) -> None:
    """Nothing is asked or quoted."""
    read = quote("polleria", text)
    assert (read.intent, read.items, read.asks) == (intent, (), False)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("un croissant y cuánto le debo?", Intent.ORDER),
        ("cuánto sería un croissant y 2 donas de chocolate? mándamelo a la misma dirección", Intent.ORDER),
        ("precio de un croissant y cuánto es el envío", Intent.PRICE_QUESTION),
    ],
)
def test_a_price_question_with_a_request_is_an_order(text: str, intent: Intent) -> None:
    """Who asks what he owes, or tells the shop to send it, orders; who asks two prices does not."""
    assert quote("panes", text).intent is intent
