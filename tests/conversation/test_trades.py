"""The meaning depends on how a shop calls its goods: kinds, parts of names and price questions in several trades."""

import functools

import pytest

from recado.conversation.dialogue import Dialogue, Phase
from recado.quotes import Catalogue
from recado.quotes.catalogue.catalogue import DEFAULT_PATH
from tests.conversation.scoring import SHOPS


@functools.cache
def catalogue(shop: str) -> Catalogue:
    """A shop's catalogue."""
    return Catalogue.from_csv(DEFAULT_PATH if shop == "ropa" else SHOPS / f"{shop}.csv")


def quoted(shop: str, *texts: str) -> dict[str, str]:
    """The lines after these messages, by SKU."""
    dialogue = Dialogue(catalogue(shop))
    for text in texts:
        dialogue.say(text)
    return {line.sku: str(line.quantity) for line in dialogue.lines}


@pytest.mark.parametrize(
    ("shop", "texts", "lines"),
    [
        # the size stays if only the colour changes
        ("pintureria", ("un galón de esmalte blanco", "sí pero mejor negro"), {"ES4": "1"}),
        # the answer is a word of a name, or also names other things
        ("pizzeria", ("quiero una margarita", "la mediana"), {"PZ-MAR-M": "1"}),
        ("licoreria", ("un ron medellin", "la botella"), {"RON-01": "1"}),
        # one of the products that the reply names in place of what is not sold
        ("ferreteria", ("2 brochas de 3 pulgadas", "la de 4"), {"PIN-006": "2"}),
        ("ferreteria", ("3 brochas de 3 pulgadas y un martillo", "la primera"), {"HER-001": "1", "PIN-005": "3"}),
        ("ferreteria", ("2 brochas de 3 pulgadas y un martillo", "me lo llevo"), {"HER-001": "1"}),
        # a letter that is a size, or a word for sizes
        ("deportes2", ("30 camisetas blancas", "20 M y 10 L"), {"D04": "20", "D05": "10"}),
        ("deportes2", ("3 camisetas dry fit negras L", "mejor talla M"), {"D02": "3"}),
        # what is sold in pairs, and no kind of what was said before
        ("deportes2", ("2 pantalonetas negras", "y 3 pares de medias", "blancas"), {"D07": "2", "D17": "3"}),
        # nothing that a shop sells, in a measure
        ("pasteles", ("6 orejas y un litro de leche", "dale"), {"P29": "6"}),
        # a line whose head has many products, and a kind with a letter and a number
        ("fundas", ("funda s23 ultra y dos cristales s23", "sin la funda"), {"CR-S23": "2"}),
        ("comida", ("6 empanadas de carne y 4 empanadas de pollo", "déjeme solo las de pollo"), {"E12": "4"}),
        ("comida", ("un churrasco", "mi esposo dice que mejor trucha en vez del churrasco"), {"P07": "1"}),
        ("botica", ("2 cajas de mascarillas", "cámbiame las mascarillas por kn95"), {"MED-046": "2"}),
        (
            "hamburguesas",
            ("2 aguas frescas y una ensalada", "ninguna de esas, mejor una coca zero"),
            {"EN04": "1", "BE04": "1"},
        ),
        (
            "frutas",
            ("media sandia y 2 kilos de naranja pa jugo", "bueno entonces una entera"),
            {"FRU-017": "2", "FRU-027": "1"},
        ),
        ("tornillos", ("3 kg de clavo", "2 del de 2 pulgadas y 1 del de 3 pulgadas"), {"CLV-2": "2", "CLV-3": "1"}),
        # another variant, named by a word of its name
        ("pizzeria", ("una margarita mediana", "mejor familiar"), {"PZ-MAR-F": "1"}),
        ("licoreria", ("media de guaro azul", "que sea botella"), {"AGU-01": "1"}),
        ("licoreria", ("botella de antioqueño azul", "otra media aparte"), {"AGU-01": "1", "AGU-02": "1"}),
        ("ferreteria", ("cable del 12, 20 metros", "mejor el rollo"), {"ELE-003": "20"}),
        ("farmacia2", ("pañales etapa 3, 2 paquetes", "son etapa 4, me equivoqué"), {"10062": "2"}),
        # a line, named by half of its name
        ("zapateria", ("un pack de soquetes y 3 medias 3/4", "mejor 2 packs"), {"ME-903": "2", "ME-901": "3"}),
        ("ferreteria", ("lijas 5 de 100 y 5 de 220", "solo las de 220"), {"PIN-010": "5"}),
        ("celulares", ("3 chips telcel y un nokia", "uno menos de telcel"), {"CHI-TEL": "2", "NOK-105": "1"}),
        ("cosmetica", ("tintura rubio ceniza y oxigenada 30", "mejor 20 vol"), {"CAB-55": "1", "CAB-56": "1"}),
        ("ropa", ("2 sabanas de 1 plaza", "y de 2 plazas 1"), {"HOG-003": "2", "HOG-004": "1"}),
        ("ropa", ("3 medias y 1 gorra", "las medias que sean deportivas"), {"MED-003": "3", "ACC-001": "1"}),
        ("ropa", ("5 medias deportivas y 3 tobilleras", "baja a 4 las deportivas"), {"MED-003": "4", "MED-005": "3"}),
        ("restaurante2", ("una hawaiana", "pizza grande"), {"PIZ-04": "1"}),
        ("panaderia2", ("sandwich de miga", "de jamon y queso, 12"), {"SA01": "12"}),
        ("panaderia2", ("12 triple de jamón y queso", "y 6 de tomate y huevo"), {"SA01": "12", "SA02": "6"}),
        ("celulares", ("mica iphone 15 y un cargador turbo", "2 micas"), {"MIC-15": "2", "CAR-45W": "1"}),
        (
            "ferreteria",
            ("2 pintura blanca y un rodillo", "la cubeta de pintura cuánto?", "mejor esa"),
            {"PIN-002": "2", "PIN-007": "1"},
        ),
        ("ropa", ("1 saco de vestir y 2 blusas", "el saco en cuánto está?", "uy no, quítelo"), {"CAM-011": "2"}),
        ("ropa", ("2 jean 501", "no mejor uno y un cinturon"), {"PAN-006": "1", "ACC-004": "1"}),
        ("ropa", ("2 perfumes y una gorra", "cambia el perfume por el 212"), {"PER-002": "2", "ACC-001": "1"}),
        # a time is not an answer
        ("celulares", ("una mica", "paso a las 3"), {}),
        # several of a kind in a row, and one that is removed again
        ("papeleria2", ("plumon de pizarra azul, negro y rojo",), {"PIZ-AZ": "1", "PIZ-NE": "1", "PIZ-RO": "1"}),
        ("cosmetica", ("esmalte rojo y esmalte negro", "el negro no"), {"UNA-60": "1"}),
        ("panaderia2", ("1 pastafrola de membrillo y 1 de batata", "ninguna de batata"), {"PF01": "1"}),
        ("papeleria2", ("1 cartulina celeste y 1 negra", "en vez de la negra otra celeste"), {"CAR-CE": "2"}),
        ("zapateria", ("un jean mom talle 38 y otro 42",), {"JE-801": "1", "JE-803": "1"}),
        ("farmacia2", ("2 vitamina c naranja", "sí", "otros 3 de naranja"), {"10056": "3"}),
        # a number after a thing counts once
        ("pizzeria", ("papas fritas 2 raciones",), {"ENT-07": "2"}),
        ("ropa", ("brasier y calzon, 3 de cada uno",), {"INT-004": "3", "INT-003": "3"}),
        ("ferreteria", ("2 brochas", "y lijas, 4"), {"PIN-005": "2", "PIN-009": "4"}),
        # the person that it is for does not say which product it is
        ("zapateria", ("1 topper negras", "y unas blancas para mi hijo"), {"ZT-101": "1", "ZT-102": "1"}),
        # "siempre no" means that the customer no longer wants it
        ("verduleria", ("medio kilo de jalapeño y 3 elotes", "siempre no quiero jalapeños"), {"V026": "3"}),
    ],
)
def test_words_of_names_tell(shop: str, texts: tuple[str, ...], lines: dict[str, str]) -> None:
    """The words are each shop's own."""
    assert quoted(shop, *texts) == lines


@pytest.mark.parametrize(
    ("shop", "texts", "lines"),
    [
        ("zapateria", ("los borcegos que precio tienen?", "los marrones"), {}),
        ("zapateria", ("los borcegos que precio tienen?", "dame los negros"), {"BO-201": "1"}),
        ("zapateria", ("los borcegos que precio tienen?", "los marrones", "dame los negros"), {"BO-201": "1"}),
        ("zapateria", ("alpargatas tenes?", "dame 1 azul y 1 negra"), {"AL-502": "1", "AL-501": "1"}),
        (
            "zapateria",
            ("1 cinto marrón", "y los cordones? cuanto?", "los blancos", "dame 2"),
            {"AC-951": "1", "AC-957": "2"},
        ),
        ("zapateria", ("1 campera inflable", "rompeviento cuanto sale", "mejor esa"), {"CM-751": "1"}),
        ("farmacia2", ("tiene losartan?", "de 50", "deme 2 cajas"), {"10011": "2"}),
        ("pizzeria", ("cuanto cuesta el combo duo", "y el 3?", "dame el 3"), {"COM-03": "1"}),
        ("licoreria", ("red label o black label cual es mas barato?", "el red entonces"), {"WHI-04": "1"}),
        ("ferreteria", ("una pala y un balde", "el balde cuanto sale?", "uy no, sácalo"), {"HER-007": "1"}),
        ("panaderia2", ("cuánto está el kilo de masas finas?", "dame medio"), {"MA01": "0.5"}),
        ("ropa", ("una chaqueta", "de cuero? cuánto", "mejor esa"), {"ABR-004": "1"}),
        ("celulares", ("cuanto el iphone 13 negro?", "y el 15 azul?"), {}),
        # a question changes nothing
        ("ropa", ("5 medias", "tienen tobilleras?"), {"MED-001": "5"}),
        ("ropa", ("5 medias", "tienen tobilleras?", "dame 3 de esas"), {"MED-001": "5", "MED-005": "3"}),
        ("ropa", ("1 jean negro", "hay azul?"), {"PAN-005": "1"}),
        # it is not clear which of them
        ("zapateria", ("los borcegos que precio tienen?", "me los llevo"), {}),
    ],
)
def test_a_price_question_is_remembered(shop: str, texts: tuple[str, ...], lines: dict[str, str]) -> None:
    """Also if it was about several products, and if the next message asks about another one."""
    assert quoted(shop, *texts) == lines


@pytest.mark.parametrize(
    ("shop", "texts"),
    [
        ("licoreria", ("3 heineken y 1 marlboro", "quita las heineken y los cigarros")),
        ("zapateria", ("1 zapato de vestir y un cinto negro", "el cinto no", "bueno ponelo")),
        ("licoreria", ("2 heineken", "que sean de las heladitas")),
        ("papeleria2", ("1 silicona líquida", "y azul tmb 10")),
        ("ropa", ("2 camisas y 3 gorras", "mejor dos")),
        ("ropa", ("2 camisas y 3 gorras", "la mitad de las gorras")),
    ],
)
def test_a_yes_behind_a_change_that_was_not_understood_is_asked_again(shop: str, texts: tuple[str, ...]) -> None:
    """The first yes may be about a change that was not made; the second one is about what is shown."""
    dialogue = Dialogue(catalogue(shop))
    for text in texts:
        dialogue.say(text)

    dialogue.say("sí")
    before = dialogue.state
    dialogue.say("sí")

    assert (before, dialogue.state) == (Phase.OPEN, Phase.CONFIRMED)
