"""A size that is said once for several things, and the kinds that a list has below its head."""

import pytest

from tests.quotes.shops import quote, sure_lines


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("plomeria", "De 3/4: codos 10, tees 5", {"COD-034": 10, "TEE-034": 5}),
        ("plomeria", "en 1/2: codos 10, tees 5", {"COD-012": 10, "TEE-012": 5}),
        ("plomeria", "todo de media: diez codos y cinco tees", {"COD-012": 10, "TEE-012": 5}),
        (
            "plomeria",
            "De 3/4 necesito lo siguiente, todo pvc:\ncodos 10\ntees 5\ntapones 2",
            {"COD-034": 10, "TEE-034": 5, "TAP-034": 2},
        ),
        ("uniformes", "Para niña talla 10: falda gris, blusa, chompa", {"FAG-10": 1, "BLU-10": 1, "CHO-10": 1}),
        ("uniformes", "de la talla 14 necesito 2 blusas y una chompa", {"BLU-14": 2, "CHO-14": 1}),
        ("uniformes", "hola, en talla M: 2 polos azules y 3 polos blancos", {"POA-M": 2, "POB-M": 3}),
        ("bebidas", "en 400: 3 coca y 2 manzana", {"CC-400": 3, "MAN-400": 2}),
    ],
)
def test_a_size_before_things_is_of_all_of_them(shop: str, text: str, expected: dict[str, int]) -> None:
    assert sure_lines(shop, text) == expected


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        (
            "uniformes",
            "En talla 10: 2 blusas y 1 chompa. En talla 12: 1 buzo",
            {"BLU-10": 2, "CHO-10": 1, "BUZ-12": 1},
        ),
        ("uniformes", "Talla 10\n2 blusas\n3 chompas\nTalla 12\n1 buzo", {"BLU-10": 2, "CHO-10": 3, "BUZ-12": 1}),
    ],
)
def test_a_size_is_of_the_things_up_to_the_next_one(shop: str, text: str, expected: dict[str, int]) -> None:
    assert sure_lines(shop, text) == expected


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("plomeria", "10 codos y 5 tees, todo de 3/4", {"COD-034": 10, "TEE-034": 5}),
        ("plomeria", "10 codos, 5 tees\ntodo de media", {"COD-012": 10, "TEE-012": 5}),
        ("uniformes", "2 polos azules y 3 polos blancos, todo en M", {"POA-M": 2, "POB-M": 3}),
        ("uniformes", "2 blusas y 1 chompa, todas de la 10", {"BLU-10": 2, "CHO-10": 1}),
        ("uniformes", "2 blusas y 1 chompa. Todas talla 10", {"BLU-10": 2, "CHO-10": 1}),
    ],
)
def test_a_size_behind_all_is_of_all_of_them(shop: str, text: str, expected: dict[str, int]) -> None:
    assert sure_lines(shop, text) == expected


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        (
            "bebidas",
            "20 gaseosas de 400: 10 coca, 6 manzana y 4 uva",
            {"CC-400": 10, "MAN-400": 6, "UVA-400": 4},
        ),
        ("plomeria", "codos y tees de 3/4, 12 de cada uno", {"COD-034": 12, "TEE-034": 12}),
    ],
)
def test_the_size_of_a_whole_or_of_the_last_is_of_the_others(shop: str, text: str, expected: dict[str, int]) -> None:
    assert sure_lines(shop, text) == expected


@pytest.mark.parametrize(
    ("shop", "text"),
    [
        ("plomeria", "para el 3/4 necesito 10 codos"),  # the third of April
        ("plomeria", "Tubos pvc:\n3/4: 10\n5 codos"),  # the size of the tubes
        ("uniformes", "En talla 10: 2 blusas. Y 1 buzo"),
        ("uniformes", "en talla 40: 2 blusas y 1 chompa"),  # which nobody sells
    ],
)
def test_what_is_no_size_of_all_leaves_them_open(shop: str, text: str) -> None:
    assert quote(shop, text).asks


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("uniformes", "Necesito 15 polos azules: 5 en S, 5 en M y 5 en L", {"POA-S": 5, "POA-M": 5, "POA-L": 5}),
        ("uniformes", "polos azules\n5 en talla S\n2 en talla M", {"POA-S": 5, "POA-M": 2}),
        (
            "plomeria",
            "20 codos: 12 de media, 5 de tres cuartos y 3 de una pulgada",
            {"COD-012": 12, "COD-034": 5, "COD-100": 3},
        ),
        ("dulceria", "globos rojos del 9 dos bolsas y del 12 una", {"GL9-RO": 2, "GL12-RO": 1}),
        ("dulceria", "2 globos rojos del 9 y tres del 12", {"GL9-RO": 2, "GL12-RO": 3}),
        ("uniformes", "Zapatos: 34, 36 y 38, un par de cada uno", {"ZAP-34": 1, "ZAP-36": 1, "ZAP-38": 1}),
        ("uniformes", "blusas: 8, 10 y 12, dos de cada una", {"BLU-08": 2, "BLU-10": 2, "BLU-12": 2}),
        ("cosmetica", "bloqueador 200 ml y otro de 50", {"CRE-46": 1, "CRE-45": 1}),
    ],
)
def test_the_sizes_of_one_thing_have_their_own_amounts(shop: str, text: str, expected: dict[str, int]) -> None:
    assert sure_lines(shop, text) == expected


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("abarrotes", "2 jugos uno de manzana y otro de durazno", {"A50": 1, "A51": 1}),
        ("musica", "3 guitarras clásicas, no perdón, son 4, 4 guitarras clásicas", {"GUI-01": 4}),
        ("musica", "3 guitarras clásicas, no perdón, son 4, y 2 guitarras clásicas", {"GUI-01": 6}),
        ("pasteleria", "12 facturas surtidas y necesito factura A a nombre de Estudio Paz", {"FAC-SU": 12}),
        ("pasteleria", "6 medialunas de manteca, con factura", {"MED-MA": 6}),
    ],
)
def test_nothing_is_counted_twice(shop: str, text: str, expected: dict[str, int]) -> None:
    assert sure_lines(shop, text) == expected
