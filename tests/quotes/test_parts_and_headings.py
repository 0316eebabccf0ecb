"""Wholes that others make up, whatever the parts are called by, and headings over lines of variants."""

from decimal import Decimal

import pytest

from tests.quotes.shops import quote

Lines = dict[str, int | Decimal]


def lines(shop: str, text: str) -> Lines:
    return {item.sku: item.quantity for item in quote(shop, text).items}


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("taqueria", "20 tacos: 8 pastor, 6 bistec, 6 carnitas", {"TAC-001": 8, "TAC-002": 6, "TAC-005": 6}),
        ("taqueria", "quiero 20 tacos 12 de pastor y 8 de bistec", {"TAC-001": 12, "TAC-002": 8}),
        ("taqueria", "10 tacos, todos de pastor", {"TAC-001": 10}),
        ("taqueria", "3 de pastor y lo mismo de carnitas", {"TAC-001": 3, "TAC-005": 3}),
        ("taqueria", "10 tacos, 5 de pastor y los demás de bistec", {"TAC-001": 5, "TAC-002": 5}),
        ("taqueria", "10 tacos: 5 pastor y el resto bistec", {"TAC-001": 5, "TAC-002": 5}),
        ("taqueria", "dos tacos, uno de chorizo, uno de pollo", {"TAC-004": 1, "TAC-006": 1}),
        ("taqueria", "12 tacos: 6 bistec, 6 pollo", {"TAC-002": 6, "TAC-006": 6}),
        ("recado", "que sean 4 gorras en total, 2 rojas", {"ACC-001": 4}),
        ("recado", "4 gorras, 2 de ellas rojas", {"ACC-001": 4}),
        ("recado", "4 gorras, otras 2 rojas", {"ACC-001": 6}),
        ("recado", "6 camisas en total, 4 manga larga", {"CAM-001": 2, "CAM-002": 4}),
        ("recado", "6 camisas, todas manga larga", {"CAM-002": 6}),
        ("recado", "6 jeans, todos azules", {"PAN-004": 6}),
        ("panaderia2", "una docena de empanadas, todas de carne", {"EM01": 12}),
        ("pasteleria", "3 docenas de facturas: mitad vigilantes y mitad cañoncitos", {"FAC-VI": 18, "FAC-CA": 18}),
        ("pasteleria", "12 alfajores: 8 de chocolate y 4 santafesinos", {"ALF-CH": 8, "ALF-SA": 4}),
    ],
)
def test_parts_take_the_place_of_their_whole(shop: str, text: str, expected: Lines) -> None:
    assert lines(shop, text) == expected
    assert not quote(shop, text).asks


@pytest.mark.parametrize(
    ("shop", "text"),
    [
        ("taqueria", "20 tacos: 8 pastor, 6 bistec, 4 carnitas"),
        ("taqueria", "10 tacos, 6 de pastor"),
        ("recado", "6 camisas: 4 manga larga y 1 manga corta"),
        ("recado", "10 camisas, 4 manga larga y 3 manga corta"),
        ("recado", "4 gorras, 2 rojas"),
        ("recado", "4 gorras: 3 rojas y 2 azules"),
    ],
)
def test_parts_that_do_not_add_up_are_asked_about(shop: str, text: str) -> None:
    assert quote(shop, text).asks


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("taqueria", "Tacos\n4 pastor\n3 bistec", {"TAC-001": 4, "TAC-002": 3}),
        ("taqueria", "tacos\npastor: 4\nbistec: 3", {"TAC-001": 4, "TAC-002": 3}),
        (
            "taqueria",
            "Quesadillas\n2 champiñones\n1 pollo\nBebidas\n2 coca",
            {"QUE-003": 2, "QUE-002": 1, "BEB-002": 2},
        ),
        ("electrica", "Cables\n12: 100 m\n14: 50 m", {"CAB-002": 100, "CAB-001": 50}),
        ("electrica", "Cables:\n12 - 100 m\n10 - 30 m", {"CAB-002": 100, "CAB-003": 30}),
        ("electrica", "Breakers\n20A: 4\n32A: 2", {"BRK-002": 4, "BRK-003": 2}),
        ("electrica", "cable 12: 100 m, 14: 50 m", {"CAB-002": 100, "CAB-001": 50}),
        ("telas", "Cierres:\n15 cm - 10\n20 cm - 5", {"C-15": 10, "C-20": 5}),
        ("ferreteria", 'clavos\n2": 3 kg\n3": 1 kg', {"CLA-001": 3, "CLA-002": 1}),
        ("recado", "camisas:\n2 M\n3 L", {"CAM-001": 5}),
        ("recado", "camisas\nM: 2\nL: 3", {"CAM-001": 5}),
        ("pasteleria", "FACTURAS\nvigilantes 6\nsacramentos 6", {"FAC-VI": 6, "FAC-SA": 6}),
        ("uniformes", "POLOS PIQUE BLANCO\nS - 4\nM - 6\nL - 3", {"POB-S": 4, "POB-M": 6, "POB-L": 3}),
    ],
)
def test_a_heading_is_of_the_lines_below_it(shop: str, text: str, expected: Lines) -> None:
    assert lines(shop, text) == expected
    assert not quote(shop, text).asks


def test_a_product_over_other_lines_is_one_of_a_list() -> None:
    assert lines("recado", "Gorras\n2 camisas") == {"ACC-001": 1, "CAM-001": 2}
    assert lines("recado", "camisa: 3\ngorra: 2\nfalda: 1") == {"CAM-001": 3, "ACC-001": 2, "PAN-009": 1}
    assert quote("taqueria", "2 bebidas\n3 tacos de pastor").asks
