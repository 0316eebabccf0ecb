"""Phrases of other trades: codes, weights, kinds, packs, abbreviations."""

from decimal import Decimal

import pytest

from recado.quotes import Catalogue, QuoteService
from recado.quotes.catalogue.product import Product
from recado.quotes.language.numbers import Unusable
from recado.quotes.reading.intent import Intent

GOODS = [
    ("TAC-01", "Taco al pastor", "", None),
    ("TAC-02", "Taco de suadero", "", None),
    ("HAM-01", "Hamb. sencilla", "hamburguesa", None),
    ("XTR-01", "Extra queso", "queso extra", None),
    ("10054", "Gasa estéril", "gasa", None),
    ("BRD", "Pan francés kg", "pan", "kg"),
    ("BRI", "Pan integral kg", "pan integral", "kg"),
    ("CAK", "Torta cumpleaños x kg", "torta de cumpleaños", "kg"),
    ("RGL", "Torta rogel 10 porc.", "torta rogel", None),
    ("CRO1", "Medialuna manteca", "medialuna", None),
    ("CRO2", "Medialuna grasa", "medialuna de grasa", None),
    ("PAST", "Facturas x6", "media docena de facturas", None),
    ("EMP1", "Empanada de jamón y queso", "", None),
    ("EMP2", "Empanada de carne", "", None),
    ("SYR", "Jeringa 10 ml", "jeringa 10", None),
    ("DIA3", "Pañales etapa 3", "", None),
    ("DIA4", "Pañales etapa 4", "", None),
    ("MILK", "Leche entera 1 L", "leche", None),
    ("SCK", "Medias deportivas", "", None),
    ("HAT", "Gorro", "", None),
    ("MESH", "Malla electrosoldada 2x5 m", "", None),
    ("CHI1", "Chile serrano kg", "serrano", "kg"),
    ("CHI2", "Chile poblano kg", "poblano", "kg"),
    ("MRK1", "Plumones delgados x12", "", None),
    ("MRK2", "Plumones gruesos x10", "", None),
    ("ENV4", "Sobre manila A4", "", None),
    ("ENV5", "Sobre manila oficio", "", None),
    ("PEN2", "Lápiz Mongol 2B", "lápiz", None),
    ("BALL", "Bolígrafo azul x50", "caja de bolígrafos azules", None),
    ("LOS50", "Losartán 50 mg caja x 30 tab", "caja de losartán 50", None),
    ("LOS100", "Losartán 100 mg caja x 30 tab", "caja de losartán 100", None),
    ("DIAP", "Pañal suelto", "paquete de pañales chicos", None),
    ("NB-LI", "Cuaderno rayado 92 hj", "cuaderno rayado", None),
    ("NB-SQ", "Cuaderno cuadriculado 92 hj", "cuaderno cuadriculado", None),
    ("NB-3", "Cuaderno triple renglón", "cuaderno 3 renglones", None),
    ("EMP3", "Empanada de pollo", "", None),
    ("CRM", "Crema No. 4 60 g", "crema número 4", None),
    ("JN-38", "Jean mom T.38", "jean mom talle 38", None),
    ("JN-40", "Jean mom T.40", "jean mom talle 40", None),
    ("JN-1", "Jean recto hombre", "jean recto", None),
    ("BX-M", "Boxer algodón M", "boxer talle M", None),
    ("BX-L", "Boxer algodón L", "boxer talle L", None),
    ("OIL1", "Aceite Castrol 20W50 1 L", "castrol 20w50 litro", None),
    ("OIL4", "Aceite Castrol 20W50 4 L", "castrol 20w50 galón", None),
    ("ICE", "Bolsa de hielo 3 kg", "hielo|hielo 3 kilos", None),
    ("WHI7", "Whisky Parr 750 ml", "parr", None),
    ("LIP1", "Labial rojo", "", None),
    ("LIP2", "Labial vino", "", None),
    ("MIC", "Agua micelar Garnier 400 ml", "agua micelar", None),
    ("SUN1", "Protector solar FPS50 50 ml", "protector solar 50 ml", None),
    ("SUN2", "Protector solar FPS50 200 ml", "protector solar 200 ml", None),
    ("ROSE", "Rosa roja", "", None),
    ("BUN", "Ramo x12 rosas rojas", "ramo de 12 rosas rojas", None),
    ("PIZ1", "Pizza Margarita mediana", "margarita mediana", None),
    ("PIZ2", "Pizza 4 quesos familiar", "4 quesos|cuatro quesos", None),
    ("SOIL", "Compost a granel", "compost", "l"),
    ("EGG", "Huevos plancha x30", "huevos", None),
    ("LEV50", "Levotiroxina 50 mcg caja x 50 tab", "caja de levotiroxina 50", None),
]
CATALOGUE = Catalogue(
    tuple(
        Product(sku, name, tuple(filter(None, alias.split("|"))), Decimal(2), False, unit)
        for sku, name, alias, unit in GOODS
    ),
    "USD",
)
SERVICE = QuoteService(lambda: CATALOGUE)


def lines(text: str) -> dict[str, float]:
    return {item.sku: float(item.quantity) for item in SERVICE.quote(text).items}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TAC-01 x5, tac-02 x2", {"TAC-01": 5, "TAC-02": 2}),
        ("3 del 10054", {"10054": 3}),
        ("cod. 10054 x 2", {"10054": 2}),
        ("10 pares med. deportivas", {"SCK": 20}),
        ("2 más de gasa", {"10054": 2}),
        ("dos kilos de pan un kilo de chile serrano", {"BRD": 2, "CHI1": 1}),
        ("3 kilos d pan", {"BRD": 3}),
        ("un par de kilos de pan", {"BRD": 2}),
        ("cuarto y mitad de pan", {"BRD": 0.375}),
        ("2k de pan", {"BRD": 2}),
        ("2 kg de pan y otro kilo de pan", {"BRD": 3}),
        ("1 kg de pan perdon 2 kg", {"BRD": 2}),
        ("hay pan? mándame medio kilo", {"BRD": 0.5}),
        ("una torta de cumpleaños de tres kilos", {"CAK": 3}),
        ("2 tacos al pastor y 3 de suadero", {"TAC-01": 2, "TAC-02": 3}),
        ("5 tacos al pastor, perdón, de suadero", {"TAC-02": 5}),
        ("una docena de medialunas de manteca y media docena de medialunas de grasa", {"CRO1": 12, "CRO2": 6}),
        ("6 medialunas de manteca y una docena de grasa", {"CRO1": 6, "CRO2": 12}),
        ("una docena de medialunas, no, pará, una sola docena", {"CRO1": 12}),
        ("2 DOC. MEDIALUNAS", {"CRO1": 24}),
        ("6 empanadas de carne, 6 de jamón y queso", {"EMP2": 6, "EMP1": 6}),
        ("hamburguesa con queso extra", {"HAM-01": 1, "XTR-01": 1}),
        ("para 6 personas un taco de suadero cada uno", {"TAC-02": 6}),
        ("somos 4, una hamburguesa para cada uno", {"HAM-01": 4}),
        ("jeringa 10 ml x 10 unidades", {"SYR": 10}),
        ("2 pañales etapa 4", {"DIA4": 2}),
        ("malla electrosoldada 2x5 x 3", {"MESH": 3}),
        ("plumones delgados 1 estuche, gruesos 2 estuches", {"MRK1": 1, "MRK2": 2}),
        ("gasa 3 sobres porfa", {"10054": 3}),
        ("Empanadas\ncarne 12\npollo 6", {"EMP2": 12, "EMP3": 6}),
        ("Empanadas:\n3 carne\n1 pollo\nBebidas:\n2 leches", {"EMP2": 3, "EMP3": 1, "MILK": 2}),
        ("6 empanadas (4 carne, 2 pollo)", {"EMP2": 4, "EMP3": 2}),
        ("2 docenas de empanadas, una de carne y una de pollo", {"EMP2": 12, "EMP3": 12}),
        ("4 tacos al pastor y 2 de suadero, mejor quita los de suadero", {"TAC-01": 4}),
        ("no quiero cuaderno rayado sino cuadriculado, 2", {"NB-SQ": 2}),
        ("cuaderno rayado 2, cuadriculado 3", {"NB-LI": 2, "NB-SQ": 3}),
        ("somos 5, una gasa y una hamburguesa para cada uno", {"10054": 5, "HAM-01": 5}),
        ("2 paquetes de pañales etapa 4", {"DIA4": 2}),
        ("10 paq. gasa", {"10054": 10}),
        ("PROMO Leche $2\nGorro $5\nHamburguesa $9\n\nquiero el gorro", {"HAT": 1}),
        ("jean mom 38 x2, talle 40 x1", {"JN-38": 2, "JN-40": 1}),
        ("2 jean recto talle 44", {"JN-1": 2}),
        ("cuatro boxer talle eme", {"BX-M": 4}),
        ("2,5 kg de pan y 10 L de compost", {"BRD": 2.5, "SOIL": 10}),
        ("2 castrol 20w50 de litro", {"OIL1": 2}),
        ("hielo - 3 bolsas", {"ICE": 3}),
        ("labial rojo 2... mejor dame vino los 2", {"LIP2": 2}),
        ("agua micelar 400 y 2 gasas", {"MIC": 1, "10054": 2}),
        ("si tienen gorros mándame 2", {"HAT": 2}),
        ("unas gasas, como 3", {"10054": 3}),
        ("un kilo de pan, pero que sean blanditos, y otro de chile serrano", {"BRD": 1, "CHI1": 1}),
        ("4 sobres manila oficio y 6 A4", {"ENV5": 4, "ENV4": 6}),
        ("caja de losartán 100, no mentiras, es de 50", {"LOS50": 1}),
        ("torta de cumpleaños de 2 kg y medio", {"CAK": 2.5}),
        ("2 k d pan", {"BRD": 2}),
        ("Promo!! 2 leches x $3 solo hoy. Reenviado\nhola vi esto, mandame 2 leches", {"MILK": 2}),
        ("labial rojo y vino, uno de cada uno", {"LIP1": 1, "LIP2": 1}),
        ("quiero 10 tacos al pastor, 4 de los tacos de suadero", {"TAC-01": 6, "TAC-02": 4}),
        ("precio de labial rojo y vino", {"LIP1": 1, "LIP2": 1}),
        ("medio kilo de pan a cuanto sale", {"BRD": 0.5}),
        ("1 1/2 k de pan", {"BRD": 1.5}),
        ("queria para el sabado la torta rogel y una leche", {"RGL": 1, "MILK": 1}),
        ("quiero para el 14 cien gasas", {"10054": 100}),
        ("3 tacos al pastor y 1 de suadero, ay no perdón 2 de pastor y 1 de suadero", {"TAC-01": 2, "TAC-02": 1}),
    ],
)
def test_ways_to_order_are_understood_without_a_question(text: str, expected: dict[str, float]) -> None:
    assert lines(text) == expected
    assert not SERVICE.quote(text).asks


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("3 piezas de pan", Unusable.UNIT),
        ("dos manojos de chile serrano", Unusable.UNIT),
        ("$3000 de pan", Unusable.WORTH),
        ("entre 10 y 15 gasas", Unusable.RANGE),
        ("10.000 pesos en gasas", Unusable.WORTH),
        ("un cuarto de gasa", Unusable.FRACTION),
        ("media jean recto", Unusable.FRACTION),
        ("gasas varias", Unusable.VAGUE),
    ],
)
def test_an_amount_in_no_unit_of_the_product_is_asked_back(text: str, reason: Unusable) -> None:
    quote = SERVICE.quote(text)
    assert [question.reason for question in quote.questions] == [reason]
    assert quote.items == ()


@pytest.mark.parametrize(
    "text",
    [
        "una cuatro quesos mediana",
        "un ramo de rosas rojas",
        "2 leches sin lactosa",
        "3 empanadas de carne y una de queso",
        "2 gorritas",
        "una caja de gasas",
    ],
)
def test_what_may_be_another_kind_is_marked(text: str) -> None:
    """A kind that is not part of a name, one of two things in a name, or the other gender."""
    assert any(item.doubtful for item in SERVICE.quote(text).items)


@pytest.mark.parametrize(
    "text",
    [
        "torta rogel de 20 porciones",
        "lo de la vez pasada",
        "otra igual porfa",
        "lápiz 6B 2",
        "caja de bolígrafos rojos",
        "1 crema nivea",
        "parr de litro, 1 botella",
        "protector solar fps50, uno",
        "2 gasas, mejor marmoladas",
        "pinza de cejas y una gasa",
        "chamarrin talle 12, 2 unidades",
        "dos JN-90",
        "precio de la granada?",
        "bisté 1 kilo y compost 2 litros",
        "que precio tienen las mochilas?",
    ],
)
def test_what_is_not_sold_or_not_said_is_asked_back(text: str) -> None:
    assert SERVICE.quote(text).asks


def test_what_a_thing_needs_is_no_order() -> None:
    quote = SERVICE.quote("el gorro necesita mucho sol?")
    assert (quote.items, quote.intent) == ((), Intent.OTHER)


def test_the_price_of_two_kinds_is_told() -> None:
    quote = SERVICE.quote("qué precio tienen los tacos al pastor y los de suadero")
    assert quote.intent is Intent.PRICE_QUESTION
    assert [item.sku for item in quote.items] == ["TAC-01", "TAC-02"]


def test_a_refusal_before_a_closing_bracket_holds() -> None:
    quote = SERVICE.quote("2 gasas (tobilleras no)")
    assert [item.sku for item in quote.items] == ["10054"]
    assert not quote.unmatched
