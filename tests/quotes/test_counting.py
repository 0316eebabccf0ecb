"""How much of what is wanted, in the small shops of this folder: measures, kinds, and references to earlier words."""

from decimal import Decimal

import pytest

from recado.quotes import Catalogue, QuoteService
from recado.quotes.language.numbers import Unusable
from recado.quotes.reading.intent import Intent
from tests.quotes.scoring import HERE
from tests.quotes.shops import quote


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("mariscos", "2 kg de mojarra y medio de camarón seco", {"PES-04": "2", "CAM-04": "0.5"}),
        ("mariscos", "2 1/4 de camarón seco", {"CAM-04": "2.25"}),
        ("mariscos", "tres kilos del camarón grande", {"CAM-03": "3"}),
        ("mariscos", "sin cabeza 3 kilos de camarón grande", {"CAM-03": "3"}),
        ("mariscos", "la mojarra la quiero limpia, 2 kg", {"PES-04": "2"}),
        ("telas", "60 cm de lino y tul 90 cm", {"T-LIN": "0.6", "T-TUL": "0.9"}),
        ("telas", "2 m de gabardina negra y 3 m beige", {"T-GAB-N": "2", "T-GAB-B": "3"}),
        ("telas", "elástico fino 3 m, ancho 2 m", {"E-10": "3", "E-40": "2"}),
        ("telas", "una cinta raso roja de 3 cm, 5 metros", {"CI-R3": "5"}),
        ("telas", "3 metros de cada uno: lino, tul", {"T-LIN": "3", "T-TUL": "3"}),
        ("telas", "un cierre de 15 y tres desmontables de 50", {"C-15": "1", "C-50": "3"}),
        ("suplementos", "1 shaker", {"SHA1": "1"}),
        ("suplementos", "un gel sin cafeína y dos con", {"GEL2": "1", "GEL1": "2"}),
        ("suplementos", "el boom cola, dos, y la de frutos rojos otra", {"PRE2": "2", "PRE1": "1"}),
        ("cafeteria", "2 kilos de café en grano", {"CG02": "2"}),
        ("pinturas", "galón de vinilo hueso", {"VH-G": "1"}),
        ("pinturas", "2 litros de tiner", {"TH-L": "2"}),
        ("pinturas", "1/8 de esmalte negro", {"ES-N-O": "1"}),
        ("pinturas", "un cuarto de esmalte rojo", {"ES-R-Q": "1"}),
        ("electronica", "2 pilas botón y una 9v", {"PIL-B": "2", "PIL-9": "1"}),
        ("electronica", "cable de red 10 metros 3, 5 metros 1", {"CAB-R10": "3", "CAB-R5": "1"}),
        ("queseria", "cambie la leche deslactosada por entera, 4 bolsas", {"L01": "4"}),
        ("queseria", "tienen cuajada? si tienen, 2 kilos", {"Q09": "2"}),
        ("queseria", "no quiero mantequilla con sal, solo sin sal 2", {"M02": "2"}),
        ("queseria", "2 yogurt griegos, uno con miel y uno natural", {"Y04": "1", "Y05": "1"}),
        ("queseria", "un kilo del doble crema", {"Q03": "1"}),
        ("mariscos", "cuajada no, pulpo 1.5, jaiba 2", {"PUL-01": "1.5", "JAI-01": "2"}),
        ("mariscos", "ese pulpo es fresco? deme 2 kilos", {"PUL-01": "2"}),
        ("mariscos", "quiero filete, un kilo de robalo y dos de tilapia", {"PES-02": "1", "PES-01": "2"}),
        ("bebe", "3 conjuntos, 2 de niña y 1 de niño", {"CO-S": "2", "CO-N": "1"}),
        ("cafeteria", "un brownie sin gluten y dos normales", {"DU04": "1", "DU03": "2"}),
        ("cafeteria", "dos de cada jugo", {"CA18": "2", "CA19": "2"}),
        ("cafeteria", "dos cafés americanos grandes", {"CA04": "2"}),
        ("licoreria", "vino gato negro blanco 3", {"VIN-02": "3"}),  # the head, and an alias
        ("telas", "2 m de polar liso azul y 1 m de polar liso rojo", {"T-POL": "3"}),
        ("bebe", "una docena de mordedores y media de sonajeros", {"MB-1": "12", "SO-1": "6"}),
        ("pasteleria", "media docena de medialunas de grasa y media de manteca", {"MED-GR": "6", "MED-MA": "6"}),
        (
            "pasteleria",
            "una docena de triples de jamón y queso y media de jamón y huevo",
            {"MIG-JQ": "12", "MIG-JH": "6"},
        ),
        ("pasteleria", "un brownie y un café con leche", {"BRO-01": "1"}),
        ("uniformes", "2 camisas t.14 y 1 chompa t. 14", {"CAM-14": "2", "CHO-14": "1"}),
        ("uniformes", "un par de zapatos talla treinta y cinco", {"ZAP-35": "1"}),
        ("uniformes", "overoles: 2 M, 3 L, 1 XXL", {"OVE-M": "2", "OVE-L": "3"}),
        ("uniformes", "overoles, 2 M y 1 XS", {"OVE-M": "2"}),
        (
            "uniformes",
            "2 camisas blancas 10, 2 camisas blancas 12, las de 10 que sean 3",
            {"CAM-10": "3", "CAM-12": "2"},
        ),
        (
            "uniformes",
            "2 camisas blancas 10 y 2 camisas blancas 12, las de talla 10 mejor 3",
            {"CAM-10": "3", "CAM-12": "2"},
        ),
        ("uniformes", "2 polos azules M, 2 polos blancos M, los azules que sean 5", {"POA-M": "5", "POB-M": "2"}),
        ("bebidas", "póngame 6 quatro", {"QUA-15": "6"}),
        ("bebidas", "media dosena de poni malta", {"PON-330": "6"}),
        ("dulceria", "3 cajas de mazapán y 2 de pulparindo picoso", {"MAZ-02": "3", "PUL-02": "2"}),
        ("dulceria", "3 cajas de mazapán y 2 de pulparindo", {"MAZ-02": "3", "PUL-01": "2"}),
        ("plomeria", "3 reducidores de 4 a 2 y 2 codos", {"RED-42": "3"}),
        ("plomeria", "3 reducidores de 2 a 1", {}),
        ("plomeria", "Q50 de manguera transparente", {}),
        ("plomeria", "2 inodoros que vi a Q450", {"INO-01": "2"}),
        ("abarrotes2", "un kilo más de manzana", {"FRU-MA": "1"}),
        ("abarrotes2", "1. Maseca 2\n2. Salvo 1", {"HAR-01": "2", "SLV-01": "1"}),
        ("botica", "plenitud g tres paquetes para mi abuelita, y un hipoglos", {"BEB-007": "3", "BEB-011": "1"}),
        ("botica", "ibuprofeno 400 y naproxeno, 2 cajas de cada uno", {"MED-005": "2", "MED-021": "2"}),
        ("botica", "curitas y gasas, 2 cajas c/u", {"MED-045": "2", "MED-044": "2"}),
        ("botica", "nan 1, dos latas para el bebe", {"BEB-009": "2"}),
        ("botica", "enalapril 10 mg 4 blisters y del de 20 2 blisters", {"MED-014": "4", "MED-015": "2"}),
        ("botica", "jeringa de 5 3 unidades y de la de 10 dos", {"MED-049": "3", "MED-050": "2"}),
        ("vivero2", "manguera 1/2 10 metros y de la de 3/4 5 metros", {"HE-05": "10", "HE-06": "5"}),
        ("hamburguesas", "boneless bbq 2 ordenes, bufalo 1 orden", {"BO01": "2", "BO02": "1"}),
        ("hamburguesas", "2 dedos de queso 5pz", {"EN02": "2"}),
        ("hamburguesas", "pizza de 4 quesos, son 2", {"PZ09": "2"}),
        ("hamburguesas", "nuggets, son 2 ordenes", {"EN03": "2"}),
        ("hamburguesas", "nuggets, son 69 verdad?", {"EN03": "1"}),
        ("hamburguesas", "nuggets, son 8 piezas?", {"EN03": "1"}),
        ("frutas", "jitomate, son 2 kg", {"FRU-001": "2"}),
        ("frutas", "elotes, uno para cada uno, somos 8. y 1 kg de limon", {"FRU-041": "8", "FRU-016": "1"}),
        ("frutas", "somos 8, 2 kg de limon y elotes, uno para cada uno", {"FRU-016": "2", "FRU-041": "8"}),
        ("frutas", "elotes: uno cada uno, somos 8", {"FRU-041": "8"}),
        ("frutas", "jitomate, medio para cada uno somos 6", {"FRU-001": "3"}),
        ("hamburguesas", "hot dogs, uno por niño, son 12 niños", {"HD01": "12"}),
        ("hamburguesas", "hot dogs y sprites uno de cada uno, somos 3", {"HD01": "1", "BE05": "1"}),
        ("hamburguesas", "combo 2 x3", {"CO02": "3"}),
        ("vivero2", "triple 15 x2", {"FE-01": "2"}),
        ("frutas", "chile medio kilo, del jalapeño", {"FRU-011": "0.5"}),
        ("frutas", "chile medio kilo del jalapeño", {"FRU-011": "0.5"}),
        ("frutas", "chile 1 kg (serrano)", {"FRU-010": "1"}),
        ("frutas", "papa 2 kilos, de la cambray", {"FRU-006": "2"}),
        ("hamburguesas", "3 cervezas, de la modelo", {"BE14": "3"}),
        ("hamburguesas", "hamburguesa 2 de la de arrachera", {"HB08": "2"}),
        ("hamburguesas", "2 hamburguesas y de la de arrachera 1", {"HB01": "2", "HB08": "1"}),
        ("frutas", "atun 4 latas para hoy", {"ABA-019": "4"}),
        ("frutas", "arroz, 2 bolsas para basura", {"ABA-003": "1"}),
    ],
)
def test_amounts_are_read(shop: str, text: str, expected: dict[str, str]) -> None:
    quoted = {item.sku: Decimal(item.quantity) for item in quote(shop, text).items}
    assert quoted == {sku: Decimal(amount) for sku, amount in expected.items()}


@pytest.mark.parametrize(
    ("shop", "text", "reason"),
    [("telas", "unos metros de lino", Unusable.VAGUE), ("mariscos", "unos kilos de pulpo", Unusable.VAGUE)],
)
def test_a_few_of_a_unit_are_asked_back(shop: str, text: str, reason: Unusable) -> None:
    assert [question.reason for question in quote(shop, text).questions] == [reason]


@pytest.mark.parametrize(("shop", "text"), [("telas", "un cierre de 20 y dos desmontables")])
def test_a_kind_of_several_products_is_asked_back(shop: str, text: str) -> None:
    quoted = quote(shop, text)
    assert [entry.ambiguous for entry in quoted.unmatched] == [True]
    assert [(item.sku, item.quantity) for item in quoted.items] == [("C-20", 1)]


@pytest.mark.parametrize(
    ("shop", "text"),
    [
        ("mariscos", "un kilo de camarón grande con cabeza"),
        ("mariscos", "un kilo de camarón grande, con cabeza"),
        ("queseria", "crema de leche de litro 1 y pequeñas 3"),
        ("queseria", "5 litros de leche"),
    ],
)
def test_what_a_name_does_not_have_is_asked_back(shop: str, text: str) -> None:
    assert quote(shop, text).asks


@pytest.mark.parametrize(
    ("shop", "gone", "text"),
    [
        ("mariscos", "CEV-04", "1 litro de ceviche de camarón"),
        ("mariscos", "CEV-03", "un ceviche de pescado de litro"),
        ("bebe", "BO-L3", "3 body manga larga 3-6 meses"),
        ("bebe", "BO-L3", "un body manga larga de 3 a 6"),
        ("repuestos", "BUJ-020", "4 bujias bkr6e"),
        ("electronica", "CAB-UC", "un cable usb-c de 1 metro"),
        ("telas", "C-70", "un cierre de 20 y dos desmontables de 70"),
        ("telas", "T-LIN", "2 m de lycra y 1 de lino"),
        ("vivero", "SUS-006", "2,5 kg de humus y 10 L de compost"),
        ("vivero", "PLA-021", "menta 2, romero 1"),
        ("suplementos", "MAN1", "crema de cacahuete x2 de 500"),
        ("papeleria2", "LAP-NE", "2 lapiceros azules, perdón, negros"),
        ("cafeteria", "CA05", "un capuchino grande, perdón, chico"),
    ],
)
def test_what_is_no_longer_sold_is_asked_for(shop: str, gone: str, text: str) -> None:
    whole = Catalogue.from_csv(HERE / f"{shop}.csv")
    assert gone in whole.by_sku
    left = Catalogue(tuple(product for product in whole.products if product.sku != gone), whole.currency)
    assert QuoteService(lambda: left).quote(text).asks


@pytest.mark.parametrize(
    ("shop", "text"),
    [
        ("cafeteria", "qué trae el sándwich veggie?"),
        ("queseria", "el doble crema viene tajado?"),
        ("cafeteria", "el latte vainilla lleva azúcar?"),
    ],
)
def test_a_question_about_a_product_is_no_order(shop: str, text: str) -> None:
    assert (quote(shop, text).items, quote(shop, text).intent) == ((), Intent.OTHER)
