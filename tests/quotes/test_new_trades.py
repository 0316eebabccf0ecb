"""Kinds that every further trade brings: numbers of names, lists of sizes, packs by number, whom an order is for."""

from decimal import Decimal

import pytest

from recado.quotes import Catalogue, Quote, QuoteService
from recado.quotes.catalogue import Product

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
]
CATALOGUE = Catalogue(
    tuple(
        Product(sku, name, tuple(filter(None, alias.split("|"))), Decimal(2), False, None) for sku, name, alias in GOODS
    ),
    "USD",
)
SERVICE = QuoteService(lambda: CATALOGUE)


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
    ],
)
def test_it_is_read_without_a_question(text: str, expected: dict[str, int]) -> None:
    """Exact products and quantities."""
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
    ],
)
def test_another_number_than_any_product_has_is_asked_about(text: str, expected: dict[str, int]) -> None:
    """Nobody is sold another size, nor as many as the size says."""
    assert lines(text) == expected
    assert quote(text).asks
