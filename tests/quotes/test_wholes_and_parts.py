"""Amounts that refer to another amount: halves, the same number, of each, the amounts of a list, and of a question
before."""

from decimal import Decimal

import pytest

from recado.quotes.language.numbers import Unusable
from recado.quotes.reading.intent import Intent
from tests.quotes.shops import quote

Lines = dict[str, int | Decimal]
HALF = Decimal("0.5")


def lines(shop: str, text: str) -> Lines:
    return {item.sku: item.quantity for item in quote(shop, text).items}


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("musica", "6 púas, mitad duras mitad blandas", {"PUA-03": 3, "PUA-01": 3}),
        ("musica", "6 púas, la mitad duras y la otra mitad blandas", {"PUA-03": 3, "PUA-01": 3}),
        ("limpieza", "10 guantes de hule, la mitad medianos y la mitad grandes", {"GUA-01": 5, "GUA-02": 5}),
        ("panaderia2", "una docena de empanadas, mitad carne, mitad pollo", {"EM01": 6, "EM03": 6}),
        ("floristeria", "12 rosas, mitad rojas y mitad blancas", {"ROS-ROJ": 6, "ROS-BLA": 6}),
        (
            "limpieza",
            "3 litros de cera líquida, mitad roja y mitad neutra",
            {"GRA-19": Decimal("1.5"), "GRA-20": Decimal("1.5")},
        ),
        ("musica", "10 púas, 3 duras y el resto blandas", {"PUA-03": 3, "PUA-01": 7}),
        ("floristeria", "12 rosas: 5 rojas, 4 blancas y las demás rosadas", {"ROS-ROJ": 5, "ROS-BLA": 4, "ROS-ROS": 3}),
        ("gimnasio", "2 gorras y el resto otro día", {"RO9": 2}),
    ],
)
def test_a_number_is_divided_in_halves(shop: str, text: str, expected: Lines) -> None:
    assert lines(shop, text) == expected
    assert not quote(shop, text).asks


def test_what_cannot_be_divided_in_halves_is_asked_back() -> None:
    read = quote("musica", "7 púas, mitad duras mitad blandas")
    assert not read.items
    assert [question.reason for question in read.questions] == [Unusable.FRACTION, Unusable.FRACTION]
    assert quote("musica", "6 púas mitad y mitad").asks
    assert quote("licoreria", "10 coronas, la mitad coronitas").asks
    assert quote("pizzeria", "2 pizzas familiares mitad hawaiana mitad pepperoni").asks


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("musica", "3 guitarras clásicas y lo mismo de correas y afinadores", {"GUI-01": 3, "ACC-04": 3, "ACC-02": 3}),
        ("gimnasio", "5 gorras, el doble de toallas, y un short", {"RO9": 5, "TO1": 10, "RO3": 1}),
        ("gimnasio", "5 gorras, el doble de toallas y shorts", {"RO9": 5, "TO1": 10, "RO3": 10}),
        ("gimnasio", "5 gorras y lo mismo de toallas y 2 shorts", {"RO9": 5, "TO1": 5, "RO3": 2}),
        ("limpieza", "500 ml de cloro y lo mismo de pino y gel", {"GRA-01": HALF, "GRA-04": HALF, "GRA-15": HALF}),
    ],
)
def test_as_many_are_asked_for_of_all_that_follow(shop: str, text: str, expected: Lines) -> None:
    assert lines(shop, text) == expected


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("limpieza", "cloro y pino 4 litros de cada uno", {"GRA-01": 4, "GRA-04": 4}),
        ("limpieza", "escobas y trapeadores 3 de cada uno", {"ESC-01": 3, "ESC-03": 3}),
        ("limpieza", "cloro, pino y gel 2 litros c/u", {"GRA-01": 2, "GRA-04": 2, "GRA-15": 2}),
        ("licoreria", "jugo y soda 3 de c/u", {"BAJ-07": 3, "BAJ-04": 3}),
        ("limpieza", "cera roja y neutra 4 litros de cada una", {"GRA-19": 4, "GRA-20": 4}),
        ("limpieza", "1 balde, cloro y pino, 4 litros de cada uno", {"CUB-01": 1, "GRA-01": 4, "GRA-04": 4}),
    ],
)
def test_a_number_behind_the_last_is_for_each(shop: str, text: str, expected: Lines) -> None:
    assert lines(shop, text) == expected


@pytest.mark.parametrize(
    ("shop", "text"),
    [
        ("limpieza", "unos cuantos litros de cloro"),
        ("limpieza", "varios litros de cloro"),
        ("limpieza", "cloro, unos cuantos litros"),
        ("limpieza", "algunos kilos de bicarbonato"),
        ("telas", "unos cuantos metros de tul"),
        ("licoreria", "unas cuantas cervezas poker"),
    ],
)
def test_some_of_a_unit_are_asked_back(shop: str, text: str) -> None:
    read = quote(shop, text)
    assert not read.items
    assert [question.reason for question in read.questions] == [Unusable.VAGUE]


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("limpieza2", "ESCOBA 2\nCLORO 4\nTRAPEADOR 1", {"ESC-01": 2, "CLO-01": 4, "ESC-04": 1}),
        (
            "electronica",
            "El pedido: - mouse con cable x5 - pilas AAA x4 unidades - cable hdmi 1.5m x1",
            {"MOU-C": 5, "PIL-AAA": 4, "CAB-HD1": 1},
        ),
        ("electronica", "mouse con cable x2, pilas AA x4 y teclado x1", {"MOU-C": 2, "PIL-AA": 4, "TEC-E": 1}),
        ("electronica", "mouse con cable 2, pilas AA x4 unidades y teclado 1", {"MOU-C": 2, "PIL-AA": 4, "TEC-E": 1}),
        ("", "camisas 3 - gorras 2 - pilas AA x4", {"CAM-001": 3, "ACC-001": 2, "HOG-013": 4}),
        ("limpieza2", "Hola, mi pedido:\n- escoba 2\n- cloro 4\ngracias", {"ESC-01": 2, "CLO-01": 4}),
        ("limpieza2", "escoba 2, cloro 4, trapeador 1", {"ESC-01": 2, "CLO-01": 4, "ESC-04": 1}),
        ("ferreteria", "martillo 2\nbrocha 4", {"HER-001": 2, "PIN-005": 4}),
        ("ferreteria", "brocha 4", {"PIN-006": 1}),
        ("ferreteria", "3 martillos\nbrocha 4", {"HER-001": 3, "PIN-006": 1}),
        ("ferreteria", "martillo 200\nbrocha 4", {"HER-001": 200, "PIN-006": 1}),
    ],
)
def test_the_number_of_a_line_is_an_amount_where_those_of_the_others_are(shop: str, text: str, expected: Lines) -> None:
    assert lines(shop, text) == expected


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("restaurante", "alitas bbq x12, coca chica x2, flan x1", {"R20": 1, "R35": 2, "R43": 1}),
        ("verduleria", "huevos x12, piña x2, repollo x3", {"H001": 1, "F014": 2, "V038": 3}),
    ],
)
def test_the_number_of_a_pack_that_tells_packs_apart_is_no_amount(shop: str, text: str, expected: Lines) -> None:
    assert lines(shop, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("camisas 3 - gorras 2 - pantalon", {"CAM-001": 3, "ACC-001": 2, "PAN-001": 1}),
        ("zapatos 2 - jean azul - 3 gorras", {"CAL-001": 2, "PAN-004": 1, "ACC-001": 3}),
        ("2 - camisas, 3 - gorras", {"CAM-001": 2, "ACC-001": 3}),
    ],
)
def test_a_dash_behind_a_counted_thing_parts_it_from_the_next(text: str, expected: Lines) -> None:
    assert lines("", text) == expected


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("musica", "tiene organeta? me separa una con su base de teclado", {"TEC-01": 1, "ACC-09": 1}),
        ("musica", "tiene organeta? me separa una y 2 correas", {"TEC-01": 1, "ACC-04": 2}),
        ("gimnasio", "tienen gorras? quiero 2 con su toalla", {"RO9": 2, "TO1": 1}),
    ],
)
def test_a_number_alone_is_of_what_was_asked_about(shop: str, text: str, expected: Lines) -> None:
    assert lines(shop, text) == expected
    assert not quote(shop, text).asks


@pytest.mark.parametrize(
    ("shop", "text", "unknown", "expected"),
    [
        ("limpieza", "tienes aspiradoras? necesito una, y 2 escobas", "aspiradoras", {"ESC-01": 2}),
        ("limpieza", "tienes una aspiradora? mándamela", "aspiradora", {}),
        ("cafeteria", "tienen flat white? dame uno", "flat white", {}),
        ("floristeria", "tiene ramo de peonias? quiero uno", "ramo de peonias", {}),
    ],
)
def test_what_is_asked_about_and_wanted_is_unknown(shop: str, text: str, unknown: str, expected: Lines) -> None:
    read = quote(shop, text)
    assert (lines(shop, text), [entry.text for entry in read.unmatched]) == (expected, [unknown])
    assert read.intent is Intent.ORDER


def test_what_a_product_has_is_not_asked_for() -> None:
    read = quote("cafeteria", "el queque de zanahoria tiene nueces? si no tiene quiero 2")
    assert [(item.sku, item.quantity) for item in read.items] == [("DU01", 2)]
    assert not read.asks


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("musica", "mi hijo perdió la flauta, deme otra, y un cuaderno de música", {"VIE-01": 1, "LIB-01": 1}),
        ("limpieza", "se me quebró la escoba, otra por favor", {"ESC-01": 1}),
        ("limpieza", "nos quedamos sin cloro, manda 5 litros", {"GRA-01": 5}),
        ("gimnasio", "mi perro mordió mi gorra, mándame otra", {"RO9": 1}),
        ("gimnasio", "quiero la gorra y otra para mi hijo", {"RO9": 2}),
        ("limpieza", "se acabó el bicarbonato, manda otro kilo", {"GRA-23": 1}),
    ],
)
def test_another_one_takes_the_place_of_the_one_that_is_gone(shop: str, text: str, expected: Lines) -> None:
    assert lines(shop, text) == expected


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("musica", "agrega 2 cables xlr de 10 m y quita el de 5", {"CAB-04": 2}),
        ("ferreteria", "agrega 3 brochas de 4 y quita 2 de 2", {"PIN-006": 3}),
        ("musica", "ponme una púa dura y quita la blanda", {"PUA-03": 1}),
        ("musica", "2 púas duras y 1 blanda, quita la blanda", {"PUA-03": 2}),
    ],
)
def test_what_is_taken_out_is_never_added(shop: str, text: str, expected: Lines) -> None:
    assert lines(shop, text) == expected


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("limpieza", "cuánto sale el kilo de sosa? mándame 2 kilos", {"GRA-22": 2}),
        ("limpieza", "sigue en 14 el litro de limpiapisos floral? apúntame 8 litros", {"GRA-06": 8}),
        ("limpieza", "el litro de gel lo vi en 45, dame 3", {"GRA-15": 3}),
        ("limpieza", "el kilo de bicarbonato sigue a 32? quiero 3", {"GRA-23": 3}),
        ("limpieza", "el litro de cloro a cómo? deme medio", {"GRA-01": HALF}),
        ("telas", "cuánto sale el metro de tul? mandame 3", {"T-TUL": 3}),
        ("limpieza", "dame el litro de cloro", {"GRA-01": 1}),
    ],
)
def test_the_unit_of_a_price_tells_no_amount(shop: str, text: str, expected: Lines) -> None:
    assert lines(shop, text) == expected
    assert not quote(shop, text).asks


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("limpieza2", "medio litro de cloro a granel", {"CLO-03": HALF}),
        ("limpieza2", "5 litros de cloro suelto y 1 balde", {"CLO-03": 5, "ESC-09": 1}),
        ("limpieza2", "2 litros de cloro", {"CLO-01": 2}),
        ("refacciones", "3 litros de aceite suelto", {"ACE-005": 3}),
    ],
)
def test_goods_by_measure_are_told_from_the_bottle(shop: str, text: str, expected: Lines) -> None:
    assert lines(shop, text) == expected
    assert not quote(shop, text).asks


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("limpieza", "Guantes: 3 pares M y 2 pares G", {"GUA-01": 3, "GUA-02": 2}),
        ("limpieza", "guantes de hule: M 3, G 2", {"GUA-01": 3, "GUA-02": 2}),
        ("limpieza", "500 G de bicarbonato y 3 jergas", {"GRA-23": HALF, "FIB-05": 3}),
        ("musica", "cuerdas eléctrica .010 dos y .009 una", {"CUE-04": 2, "CUE-03": 1}),
        ("musica", "dos cuerdas eléctrica .010 y una .009", {"CUE-04": 2, "CUE-03": 1}),
        ("musica", "caña 2 dos y 2.5 una", {"VIE-07": 2, "VIE-08": 1}),
        ("ferreteria", "varilla 3/8 diez y 1/2 cinco", {"VAR-001": 10, "VAR-002": 5}),
        ("ferreteria", "brocha de 2 dos y de 4 una", {"PIN-005": 2, "PIN-006": 1}),
        ("musica", "para Luis unas baquetas 7A, para Caro unas 5A y para mí otras 5A", {"PER-07": 1, "PER-06": 2}),
        ("musica", "2 baquetas 7A y otras 5A", {"PER-07": 2, "PER-06": 1}),
        ("musica", "baquetas 7A y 5A", {"PER-07": 1, "PER-06": 1}),
        ("jugueteria", "para Mateo un carrito, para Sofía un dron y para el bebé otro carrito", {"CA2": 2, "DR1": 1}),
        ("gimnasio", "para Juan una gorra, para Tomás unos shorts y para mí otros", {"RO9": 1, "RO3": 2}),
    ],
)
def test_sizes_stand_for_a_thing_said_before(shop: str, text: str, expected: Lines) -> None:
    assert lines(shop, text) == expected
    assert not quote(shop, text).asks


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        (
            "limpieza",
            "5 litros de suavizante azul y 5 del de bebé, bueno del de bebé nomás 3",
            {"GRA-10": 5, "GRA-11": 3},
        ),
        ("limpieza", "2 escobas y 3 trapeadores, bueno de los trapeadores nomás 1", {"ESC-01": 2, "ESC-03": 1}),
        ("limpieza", "2 escobas y 3 trapeadores, bueno, trapeadores mejor 1", {"ESC-01": 2, "ESC-03": 1}),
        ("gimnasio", "3 gorras y 4 shorts, gorras solo 1 y 2 toallas", {"RO9": 1, "RO3": 4, "TO1": 2}),
        ("gimnasio", "3 gorras y 4 shorts, bueno, gorras 5", {"RO9": 5, "RO3": 4}),
        ("gimnasio", "3 gorras y 4 shorts, bueno 2 gorras más", {"RO9": 5, "RO3": 4}),
        ("gimnasio", "3 gorras, 4 shorts y gorras 2", {"RO9": 5, "RO3": 4}),
        ("verduleria", "2 kilos de papa y 3 de cebolla, bueno cebolla nomás un kilo", {"V005": 2, "V008": 1}),
        ("verduleria", "2 kilos de papa y 3 de cebolla, de la cebolla mejor 1 kilo", {"V005": 2, "V008": 1}),
    ],
)
def test_what_is_said_again_is_counted_anew(shop: str, text: str, expected: Lines) -> None:
    assert lines(shop, text) == expected
    assert not quote(shop, text).asks


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("musica", "quiero una armónica de cada tonalidad", {"VIE-04": 1, "VIE-05": 1}),
        ("musica", "2 cañas de cada número", {"VIE-07": 2, "VIE-08": 2}),
        ("limpieza", "un litro de limpiapisos de cada fragancia", {"GRA-04": 1, "GRA-05": 1, "GRA-06": 1, "GRA-07": 1}),
        ("gimnasio", "una gorra de cada color", {"RO9": 1}),
    ],
)
def test_each_kind_of_a_thing_is_meant(shop: str, text: str, expected: Lines) -> None:
    assert lines(shop, text) == expected
    assert not quote(shop, text).asks


@pytest.mark.parametrize(
    ("shop", "text"),
    [
        ("musica", "un cable de cada largo"),  # it is not clear of which thing
        ("pintureria", "un esmalte de cada tono"),  # it is not clear of which size
        ("ferreteria", "una brocha de cada medida"),  # it is the name of a single product
        ("musica", "2 púas de cada grosor"),
    ],
)
def test_each_kind_of_what_may_be_more_things_is_asked_back(shop: str, text: str) -> None:
    assert quote(shop, text).asks


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("gimnasio", "5 gorras menos 2", {"RO9": 3}),
        ("gimnasio", "4 gorras y quítale una", {"RO9": 3}),
        ("gimnasio", "pon 3 gorras, quita 1 y agrega 2 toallas", {"RO9": 2, "TO1": 2}),
        ("gimnasio", "4 gorras y 2 toallas, quítale una a las gorras", {"RO9": 3, "TO1": 2}),
        ("limpieza", "5 litros de cloro menos 1 litro", {"GRA-01": 4}),
        ("gimnasio", "3 gorras, 2 para mi esposo y la otra para mí", {"RO9": 3}),
        ("panaderia", "2 docenas de medialunas, una para hoy y otra para mañana", {"P06": 24}),
        ("gimnasio", "una gorra para hoy y otra para mañana", {"RO9": 2}),
        ("musica", "20 flautas... no, somos 22, entonces 22", {"VIE-01": 22}),
    ],
)
def test_some_are_taken_off_or_are_a_share(shop: str, text: str, expected: Lines) -> None:
    assert lines(shop, text) == expected
    assert not quote(shop, text).asks


def test_more_than_there_are_cannot_be_taken_off() -> None:
    assert quote("gimnasio", "4 gorras y quítale 6").unclear == ("6",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("las 2 piñatas, la de unicornio y la de dinosaurio", {"PIN-03": 1, "PIN-04": 1}),
        ("2 piñatas, la de unicornio y 1 de dinosaurio", {"PIN-03": 1, "PIN-04": 1}),
        ("3 piñatas, la de unicornio y 2 de dinosaurio", {"PIN-03": 1, "PIN-04": 2}),
        ("3 piñatas, 2 de unicornio y la de dinosaurio", {"PIN-03": 2, "PIN-04": 1}),
        ("2 piñatas, la de unicornio", {"PIN-03": 2}),
    ],
)
def test_a_number_is_that_of_all_kinds_that_follow(text: str, expected: Lines) -> None:
    """The first of several kinds is not the whole number."""
    assert lines("dulceria", text) == expected
    assert not quote("dulceria", text).asks


def test_kinds_that_do_not_make_up_the_number_are_asked_back() -> None:
    assert quote("dulceria", "3 piñatas, la de unicornio y la de dinosaurio").asks


@pytest.mark.parametrize("text", ["vasos", "vasos y palos", "palos, vasos", "quiero vasos", "hola, vasos"])
def test_a_container_that_is_sold_empty_is_asked_back(text: str) -> None:
    """ "vaso" holds things elsewhere, but here it is what products are called by."""
    assert [entry.text for entry in quote("dulceria", text).unmatched] == ["vasos"]


def test_a_container_behind_a_thing_is_how_it_is_sold() -> None:
    assert not quote("dulceria", "2 cocadas en vaso").asks
