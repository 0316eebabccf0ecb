"""Amounts for each of several people, rooms or pieces: they are multiplied once, by the number given anywhere in the
message."""

from decimal import Decimal

import pytest

from recado.quotes.language.numbers import Unusable
from tests.quotes.shops import quote

Lines = dict[str, int | Decimal]


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("musica", "somos 6 alumnos y cada uno necesita un afinador y una correa", {"ACC-02": 6, "ACC-04": 6}),
        ("pintureria", "son 3 cuartos, para cada uno 1 rodillo y 2 brochas de 3", {"RO1": 3, "BR3": 6}),
        ("restaurante2", "cada niño se come 2 tacos de suadero, son 9 niños", {"TAC-02": 18}),
        ("restaurante2", "somos 4: cada quien 3 tacos de suadero y una coca", {"TAC-02": 12, "REF-02": 4}),
        ("restaurante2", "somos 4, cada uno con una coca", {"REF-02": 4}),
        ("telas", "son 8 vestidos y cada uno lleva 2 metros de tul y un cierre de 20", {"T-TUL": 16, "C-20": 8}),
        ("telas", "quiero hacer 3 cojines, cada uno lleva medio metro de lino", {"T-LIN": Decimal("1.5")}),
        ("telas", "un cierre de 20 para cada vestido, son 8", {"C-20": 8}),
        ("telas", "2 metros de lino para cada mantel, son 3 manteles", {"T-LIN": 6}),
        ("gimnasio", "para 5 salas, en cada sala 2 toallas", {"TO1": 10}),
        ("reposteria", "somos 6, dos cupcakes de chocolate para cada uno y un flan por persona", {"CU2": 12, "FL1": 6}),
    ],
)
def test_what_each_one_gets_is_multiplied_once(shop: str, text: str, expected: Lines) -> None:
    """The amount and the number may come before or after "cada uno"."""
    read = quote(shop, text)
    assert {item.sku: item.quantity for item in read.items} == expected
    assert not read.asks


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("restaurante2", "somos 5, cada uno quiere 2 tacos de suadero. Y una coca grande", {"TAC-02": 10, "REF-03": 1}),
        ("restaurante2", "somos 5, cada uno quiere una coca, y mándame 2 flanes", {"REF-02": 5, "POS-01": 2}),
        ("telas", "2 metros de cada una: lino, tul", {"T-LIN": 2, "T-TUL": 2}),
    ],
)
def test_what_is_for_all_is_not_multiplied(shop: str, text: str, expected: Lines) -> None:
    assert {item.sku: item.quantity for item in quote(shop, text).items} == expected


def test_without_their_number_it_is_asked_how_many_there_are() -> None:
    read = quote("reposteria", "cada invitado come dos flanes")
    assert not read.items
    assert [question.reason for question in read.questions] == [Unusable.VAGUE]
