"""What is only advertised before an order, and what the customer buys another time."""

import pytest

from recado.quotes.reading.intent import Intent
from tests.quotes.shops import quote


@pytest.mark.parametrize(
    "advertisement",
    [
        "Reenviado muchas veces\n🔥 ROPA EL PAISA 🔥\nCamisa $15\nZapatos $20",
        "🔥OFERTA DEL MES🔥\nZapatos 2x1\nCamisas 3x2\n",
        "Promoción de la semana: lleva 2 zapatos y paga 1.",
        "OFERTA DEL MES 🔥 Lleve 3 camisetas y pague 2 🔥\n",
        "OFERTA DEL MES\n- 2 camisas x $30\n- 1 pantalón + 1 gorra x $25\n",
        "Gran venta de zapatos\n50% de descuento en camisas\n",
    ],
)
def test_an_advertisement_is_no_order(advertisement: str) -> None:
    read = quote("recado", f"{advertisement}\nHola, quiero 3 gorras")
    assert {item.sku: item.quantity for item in read.items} == {"ACC-001": 3}
    assert not read.asks


def test_counted_lines_below_an_advertisement_are_an_order() -> None:
    read = quote("recado", "OFERTA DEL MES vi en su página\n3 camisas\n2 zapatos\nquiero que lleguen el lunes")
    assert {item.sku: item.quantity for item in read.items} == {"CAM-001": 3, "CAL-001": 2}


@pytest.mark.parametrize(
    "later",
    [
        "otro día compro la camisa",
        "otro día compro 3 camisas y los zapatos",
        "la próxima semana compro la camisa",
        "los zapatos los compro otro día",
        "la camisa para otro día",
    ],
)
def test_what_is_for_another_time_is_no_order(later: str) -> None:
    read = quote("recado", f"2 gorras, {later}")
    assert read.intent is Intent.ORDER
    assert {item.sku: item.quantity for item in read.items} == {"ACC-001": 2}
    assert not read.asks


@pytest.mark.parametrize("text", ["para la próxima semana quiero 2 gorras", "2 gorras, las llevo la próxima semana"])
def test_a_day_of_delivery_is_no_other_time(text: str) -> None:
    assert {item.sku: item.quantity for item in quote("recado", text).items} == {"ACC-001": 2}


@pytest.mark.parametrize(
    "text", ["mil disculpas la tardanza, quiero 2 gorras", "perdón la tardanza, 2 gorras", "2 gorras perdón la demora"]
)
def test_an_apology_is_neither_a_good_nor_a_correction(text: str) -> None:
    read = quote("recado", text)
    assert {item.sku: item.quantity for item in read.items} == {"ACC-001": 2}
    assert not read.asks
