"""Phrases of further trades: numbers in names, lists of sizes, packs by number, the person that an order is for."""

import pytest

from recado.quotes import Quote
from recado.quotes.reading.intent import Intent
from tests.quotes import shops
from tests.quotes.shops import small_shop

GOODS = [
    ("AGE", "Agenda 2026", "agenda"),
    ("COM", "Cómoda 5 cajones", ""),
    ("ZAP", "Zapatera 12 pares", "zapatera"),
    ("BED1", "Colchón 1 plaza", ""),
    ("BED15", "Colchón 1.5 plazas", ""),
    ("BED2", "Colchón 2 plazas", ""),
    ("CAN0", "Vela número 0", ""),
    ("CAN1", "Vela número 1", ""),
    ("CAN5", "Vela número 5", ""),
    ("TUB26", "Cámara 26 válvula americana", ""),
    ("TUB29", "Cámara 29 válvula presta", "cámara 29"),
    ("MAT1", "Matemática 1 secundaria", ""),
    ("MAT2", "Matemática 2 secundaria", ""),
    ("LAM50", "Reflector LED 50W", ""),
    ("LAM100", "Reflector LED 100W", ""),
    ("HEL-M", "Casco MTB talla M", ""),
    ("HEL-L", "Casco MTB talla L", ""),
    ("CUP", "Vaso cartón 9 oz x 12", "vasos"),
    ("MASK", "Antifaz", ""),
    ("TYR13", "Llanta 175/70 R13", "llanta rin 13"),
    ("TYR14", "Llanta 185/65 R14", "llanta rin 14"),
    ("STR20", "Correa de silicona 20 mm", "correa de silicón 20"),
    ("STR22", "Correa de cuero 22 mm", "correa de piel 22"),
    ("LEN10", "Lentes de lectura +1.00", "lentes de lectura 1.00"),
    ("LEN20", "Lentes de lectura +2.00", "lentes de lectura 2.00"),
    ("OIL", "Aceite 10W-30 1 L", "aceite 10w30"),
    ("JACK", "Gato hidráulico", "gato"),
    ("GUI", "Guitarra criolla", "guitarra"),
    ("STK5", "Baquetas 5A", ""),
    ("STK7", "Baquetas 7A", ""),
    ("PIC5", "Púa 0.5 mm", ""),
    ("PIC7", "Púa 0.7 mm", ""),
    ("VES-S", "Chaleco reflectante S", ""),
    ("VES-M", "Chaleco reflectante M", ""),
    ("VES-L", "Chaleco reflectante L", ""),
    ("BOOT40", "Bota trekking 40", ""),
    ("BOOT42", "Bota trekking 42", ""),
    ("INK-N", "Tinta HP 664 negra", ""),
    ("INK-C", "Tinta HP 664 color", ""),
    ("EAR5", "Audífonos JBL Tune 510", ""),
    ("EAR7", "Audífonos JBL Tune 720", ""),
    ("BRK", "Pastillas de freno delanteras", ""),
    ("BRK2", "Pastillas de freno traseras", ""),
]
SERVICE = small_shop(GOODS)


def quote(text: str) -> Quote:
    return SERVICE.quote(text)


def lines(text: str) -> dict[str, float]:
    return {item.sku: float(item.quantity) for item in quote(text).items}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("agenda 2026 x 3", {"AGE": 3}),
        ("2 cómodas", {"COM": 2}),
        ("colchón de 1 plaza y media", {"BED15": 1}),
        ("vela 1 y 5", {"CAN1": 1, "CAN5": 1}),
        ("vela 1, 5 y 0", {"CAN1": 1, "CAN5": 1, "CAN0": 1}),
        ("2 velas 1 y 3 velas 5", {"CAN1": 2, "CAN5": 3}),
        ("2 matemática 1 y 3 matemática 2", {"MAT1": 2, "MAT2": 3}),
        ("dos reflectores de 50", {"LAM50": 2}),
        ("casco M", {"HEL-M": 1}),
        ("2 paquetes de 12 vasos", {"CUP": 2}),
        ("2 vasos para 24 niños", {"CUP": 2}),
        ("tengo 10 invitados, un antifaz para cada invitado", {"MASK": 10}),
        ("tengo 20 invitados, dos antifaces para cada uno", {"MASK": 40}),
        ("vienen 8 amigos, un antifaz por cabeza", {"MASK": 8}),
        ("tengo un cumple el sábado, 2 agendas", {"AGE": 2}),
        ("2 llantas rin 13 y 3 rin 14", {"TYR13": 2, "TYR14": 3}),
        ("1 correa de piel 22mm y 1 de silicón 20mm", {"STR22": 1, "STR20": 1}),
        ("3 lentes de lectura: 2 de +1.00 y 1 de +2.00", {"LEN10": 2, "LEN20": 1}),
        ("4aceites 10w30,2gatos y 1agenda", {"OIL": 4, "JACK": 2, "AGE": 1}),
        ("2 agendas, factura RFC TGU991231AB1", {"AGE": 2}),
        ("2 agendas, te lo agradezco, le escribo luego", {"AGE": 2}),
        ("un reflector de 50, te doy 800", {"LAM50": 1}),
        ("mi talla es -2.50, 2 agendas", {"AGE": 2}),
        ("el domingo corro un maratón y quiero una agenda", {"AGE": 1}),
        ("agenda 4 unidades por favor", {"AGE": 4}),
        ("mándame 2 llantas rin 14, no perdón son rin 13", {"TYR13": 2}),
        ("púa 0.5 x 3 y 0.7 x 2", {"PIC5": 3, "PIC7": 2}),
        ("chalecos: 2 S, 3 M y 1 L", {"VES-S": 2, "VES-M": 3, "VES-L": 1}),
        ("chalecos M 4, L 2", {"VES-M": 4, "VES-L": 2}),
        ("3 botas 40 y un par de 42", {"BOOT40": 3, "BOOT42": 2}),
        ("un par de botas 40", {"BOOT40": 2}),
        ("tinta 664 negra y color", {"INK-N": 1, "INK-C": 1}),
        ("tintas hp 664, 2 negras y 1 color", {"INK-N": 2, "INK-C": 1}),
        ("2 audífonos jbl 510 y 1 720", {"EAR5": 2, "EAR7": 1}),
    ],
)
def test_it_is_read_without_a_question(text: str, expected: dict[str, int]) -> None:
    """The products and quantities are exact."""
    assert lines(text) == expected
    assert not quote(text).asks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("agenda 2025", {}),
        ("cómoda 4 cajones", {}),
        ("zapatera para 20 pares", {}),
        ("colchón de 2 plazas y media", {}),
        ("vela 1 y 7", {"CAN1": 1}),
        ("vela 3", {}),
        ("baquetas 5B", {}),
        ("2 llantas rin 13 y 3 rin 15", {"TYR13": 2}),
        ("1 correa de piel 22mm y 1 de silicón 24mm", {"STR22": 1}),
        ("unos lentes de lectura de uno cincuenta y una agenda", {"AGE": 1}),
    ],
)
def test_another_number_than_any_product_has_is_asked_about(text: str, expected: dict[str, int]) -> None:
    """recado neither quotes another size nor takes the size for a quantity."""
    assert lines(text) == expected
    assert quote(text).asks


@pytest.mark.parametrize(
    "text", ["¿afinan guitarras?", "las pastillas que me vendieron rechinan", "ustedes instalan pastillas de freno?"]
)
def test_what_a_shop_does_or_did_is_no_order(text: str) -> None:
    """A thing that is only mentioned is neither quoted nor asked about."""
    read = quote(text)
    assert (read.items, read.unmatched, read.asks) == ((), (), False)
    assert read.intent is Intent.OTHER


def test_an_unknown_thing_alone_is_asked_for() -> None:
    """Two words without another role are a thing that the shop may have under another name."""
    read = quote("nintendo switch")
    assert [entry.text for entry in read.unmatched] == ["nintendo switch"]
    assert read.intent is Intent.ORDER


def test_a_bad_misspelling_behind_an_unknown_thing_is_part_of_it() -> None:
    """ "voladores" resembles "bañador", but no swimsuit is quoted."""
    read = shops.quote("", "3 unicornios voladores")
    assert read.items == ()
    assert [entry.text for entry in read.unmatched] == ["unicornios voladores"]
