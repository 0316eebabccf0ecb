"""Spare parts, farm supplies, building materials, linen, jewellery and medicines, in the shops of this folder."""

from decimal import Decimal

import pytest

from recado.quotes.reading.intent import Intent
from tests.quotes.shops import quote


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("linea_blanca", "2 compresores de 1/5 hp y 1 de 1/4", {"REF-003": "2", "REF-004": "1"}),
        ("linea_blanca", "15 termostatos k59 y 10 k50", {"REF-002": "15", "REF-001": "10"}),
        ("linea_blanca", "agitador 2, transmision ninguna y perilla", {"LAV-012": "2", "EST-001": "1"}),
        ("agro", "10 kls d ponedora y 4 kls de engorda", {"ALI-002": "10", "ALI-004": "4"}),
        ("agro", "2 y medio kg de semilla de frijol", {"SEM-002": "2.5"}),
        ("agro", "deme dos y medio metros de malla", {"HER-007": "2.5"}),
        ("agro", "maiz 2 y medio kilo de sorgo", {"ALI-012": "2", "ALI-018": "0.5"}),
        ("agro", "un bulto de croquetas para perro adulto", {"ALI-009": "1"}),
        ("materiales", "10 bultos de mortero", {"CEM-03": "10"}),
        ("farmacia3", "2 cajas de paracetamol", {"MED-01": "2"}),
        ("farmacia3", "amoxicilina de 500 y diclofenaco tabletas", {"MED-06": "1", "MED-18": "1"}),
        ("farmacia3", "2 amoxicilinas en capsulas", {"MED-06": "2"}),
        ("bisuteria", "2 anillos de plata talla 7", {"ANI-04": "2"}),
        ("bisuteria", "el collar de perlas, el de inicial no me gusta, el choker", {"COL-01": "1", "COL-04": "1"}),
        ("blancos", "3 toallas de baño azules, cámbialas por grises", {"TOA-003": "3"}),
        ("blancos", "la almohada cervical ya no, cambiala por la king", {"ALM-002": "1"}),
        ("blancos", "3 sábanas queen y una bata chica, cambia las sábanas por king", {"SAB-004": "3", "BAT-001": "1"}),
        ("blancos", "precio de 3 pantuflas? las quiero ya", {"PAN-001": "3"}),
        ("blancos", "tengo 2 baños, una jabonera para cada uno", {"BAN-001": "2"}),
        ("agro", "tengo 4 perros, deme un collar antipulgas para cada uno", {"MED-010": "4"}),
        ("agro", "tengo 40 becerros y 3 vacas, necesito 3 triple bovina", {"VAC-003": "3"}),
        ("agro", "se me murieron 3 pollos, deme 2 oxitetraciclina", {"MED-003": "2"}),
        ("agro", "5 kg de maiz, me lo llevan al corral?", {"ALI-012": "5"}),
        ("agro", "no me mande la pala redonda, mande la cuadrada", {"HER-002": "1"}),
        ("agro", "la vacuna newcastle de 100 ya no, cambiela por la de 500", {"VAC-002": "1"}),
        ("agro", "2 vacunas newcastle de 100, cambielas por 500", {"VAC-002": "2"}),
        ("agro", "2 jeringas de 10, cambielas por 3", {"MED-007": "3"}),
        ("linea_blanca", "el modulo de 4 no me sirve, deme el de 6", {"EST-007": "1"}),
        ("linea_blanca", "la banda mabe no me sirve, mándeme la whirlpool", {"LAV-005": "1"}),
        ("linea_blanca", "la tarjeta lg mejor no. 2 relay", {"REF-008": "2"}),
        ("linea_blanca", "una tarjeta lg, mejor no. Dame 2 relay", {"REF-008": "2"}),
        ("agro", "no quiero ivermectina de 50, deme la de 500", {"MED-002": "1"}),
        ("blancos", "no quiero fundas de almohada grises. mándame las beige, 3", {"FUN-003": "3"}),
        ("bisuteria", "no quiero 3 argollas doradas, dame 2 plateadas", {"ARE-03": "2"}),
        ("materiales", "lamina galvanizada de 10 pies 6 hojas", {"LAM-01": "6"}),
        ("materiales", "6 placas de tablaroca y 2 hojas de triplay de 6", {"TAB-01": "6", "TAB-02": "2"}),
        ("linea_blanca", "soy el tecnico Ramiro, 5 filtros secadores", {"REF-014": "5"}),
        ("linea_blanca", "una resistencia de deshielo de nevera mabe", {"REF-016": "1"}),
        ("linea_blanca", "un filtro de agua de la nevera lg", {"REF-021": "1"}),
    ],
)
def test_it_is_ordered_without_a_question(shop: str, text: str, expected: dict[str, str]) -> None:
    quoted = quote(shop, text)
    assert {item.sku: Decimal(item.quantity) for item in quoted.items} == {k: Decimal(v) for k, v in expected.items()}
    assert not quoted.asks


@pytest.mark.parametrize(
    ("shop", "text"),
    [
        ("farmacia3", "una caja de alcohol de litro"),
        ("materiales", "una caja de pegamento de pvc"),
        ("materiales", "arena 2 viajes"),
        ("materiales", "2 viajes de arena"),
        ("materiales", "2 hojas de cal"),
    ],
)
def test_a_box_or_a_load_of_what_is_sold_otherwise_is_asked_about(shop: str, text: str) -> None:
    assert quote(shop, text).asks


@pytest.mark.parametrize(
    ("shop", "text"),
    [
        ("linea_blanca", "una resistencia de deshielo para nevera whirlpool"),
        ("linea_blanca", "termostato k61"),
        ("blancos", "una cobija king"),
        ("blancos", "edredon queen"),
        ("bisuteria", "un anillo de plata 950"),
    ],
)
def test_what_no_product_has_is_asked_about(shop: str, text: str) -> None:
    assert (quote(shop, text).items, quote(shop, text).asks) == ((), True)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("holaaa buenos diass", Intent.GREETING),
        ("que materiales manejan?", Intent.HELP),
        ("ya lo hable con mi esposo y dijo que no", Intent.REJECT),
        ("ya conseguí en otro lado, olvídalo", Intent.REJECT),
        ("mejor asi lo dejamos", Intent.REJECT),
        ("ok perfecto, asi lo dejamos", Intent.CONFIRM),
        ("me lo mandan al kiosco?", Intent.OTHER),
        ("3 fundas de almohada grises, precio de mayoreo", Intent.ORDER),
        ("3 fundas de almohada grises, precio de mayoreo?", Intent.PRICE_QUESTION),
        ("precio de las pantuflas? mándamelas", Intent.ORDER),
    ],
)
def test_what_it_is_about(text: str, intent: Intent) -> None:
    assert quote("blancos", text).intent is intent
