"""What is refused, what only says how or why, and how words are cut short, in the shops of this folder."""

from decimal import Decimal

import pytest

from recado.quotes.reading.intent import Intent
from tests.quotes.shops import quote


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("frutas", "de cebolla nada hoy, nomas zanahoria 2 kg", {"FRU-007": "2"}),
        ("frutas", "de papa y cebolla nada, zanahoria 2 kg", {"FRU-007": "2"}),
        ("frutas", "cebolla hoy no, zanahoria 2 kg", {"FRU-007": "2"}),
        ("frutas", "hoy de cebolla no quiero nada, zanahoria 2 kg", {"FRU-007": "2"}),
        ("frutas", "3 elotes, nada mas", {"FRU-041": "3"}),
        ("hamburguesas", "esta vez no quiero alitas, nomas 2 hamburguesas de arrachera", {"HB08": "2"}),
        ("hamburguesas", "2 alitas bbq y esta vez no quiero ranch", {"AL01": "2"}),
        ("hamburguesas", "2 hamburguesas dobles, una sin cebolla y la otra sin pepinillos, las 2 frías", {"HB03": "2"}),
        ("hamburguesas", "un batido de chocolate y otro de vainilla sin crema", {"BE10": "1", "BE11": "1"}),
        ("hamburguesas", "2 coca lata y una sin azucar", {"BE01": "2", "BE04": "1"}),
        ("hamburguesas", "una mexicana med y papas gde", {"PZ07": "1", "PA02": "1"}),
        ("vivero2", "1 fertilizante p/ orquideas", {"FE-02": "1"}),
        ("vivero2", "tierra p/ cactus 1", {"TI-04": "1"}),
        ("vivero2", "quiero poner unas plantitas asi que anotame dos malvones", {"PL-10": "2"}),
        ("vivero2", "1 orquidea, Rivadavia 1250 piso 2", {"PL-13": "1"}),
        ("botica", "toallitas humedas 3 x favor", {"BEB-008": "3"}),
        ("electro", "el diferencial no lo ponga, solo deme el breaker riel 16", {"EL-21": "1"}),
        ("electro", "el tecnico dice q compre 1 breaker de 15 y 8 metros de cable 10", {"EL-16": "1", "EL-05": "8"}),
        ("electro", "4 bombillos led de 9w luz cálida y 2 de 12w luz fría", {"EL-26": "4", "EL-27": "2"}),
        ("comida", "mejor no me mande la bandeja, mándeme un ajiaco", {"P11": "1"}),
        ("comida", "un almuerzo del dia sin ensalada y una sopita", {"M01": "1", "M06": "1"}),
        ("minimarket", "un kilo i medio de asucar rubia", {"AZU01": "1.5"}),
        ("minimarket", "dos panes de molde integral un kilo de azúcar rubia", {"PAN03": "2", "AZU01": "1"}),
    ],
)
def test_it_is_ordered_without_a_question(shop: str, text: str, expected: dict[str, str]) -> None:
    quoted = quote(shop, text)
    assert {item.sku: Decimal(item.quantity) for item in quoted.items} == {k: Decimal(v) for k, v in expected.items()}
    assert not quoted.asks


@pytest.mark.parametrize("text", ["jicama 2 kg, pepino 2 kg", "2 kg jicama, pepino 2 kg", "pepino 2 kg y jicama 1 kg"])
def test_a_measured_thing_that_is_not_sold_is_asked_for(text: str) -> None:
    assert [entry.text for entry in quote("frutas", text).unmatched] == ["jicama"]


@pytest.mark.parametrize(
    ("shop", "text", "intent"),
    [
        ("vivero2", "graciasss, hermosas las plantas", Intent.OTHER),
        ("frutas", "que frutas y verduras manejan? me pasa su lista", Intent.HELP),
        ("hamburguesas", "esta vez no quiero nada", Intent.REJECT),
    ],
)
def test_it_is_no_order(shop: str, text: str, intent: Intent) -> None:
    quoted = quote(shop, text)
    assert (quoted.items, quoted.asks, quoted.intent) == ((), False, intent)
