"""What a yes depends on, what puts it off, and numbers beside it that are prices, hours and sizes."""

import pytest

from recado.conversation.dialogue import Dialogue, Phase
from tests.conversation.replies import after
from tests.quotes.shops import catalogue

CATALOGUE = catalogue()


@pytest.mark.parametrize(
    "text",
    [
        "si me las ponen en la casa hoy mismo, sí",
        "si llega antes de las 8 las pido",
        "si llegan hoy, dale",
        "si lo traen hoy, mándalas",
        "si me las dejas a 12 mil las llevo",
        "si me las dejan en 12, listo",
        "si, si me las pueden traer hoy",
        "dale, si las pueden traer hoy",
        "si, si puede ser para hoy",
        "sí, si se puede pagar con tarjeta",
    ],
)
def test_a_yes_that_depends_on_something_confirms_nothing(text: str) -> None:
    """This also holds for conditions of delivery; an offered price is no quantity."""
    assert after(CATALOGUE, "4 camisas", text) == (Phase.OPEN, {"CAM-001": 4})


@pytest.mark.parametrize(
    "text",
    ["si me las llevan a la calle 20", "si es para mañana, gracias", "si la calle 20 # 30-40, dale", "si las quiero"],
)
def test_an_unaccented_yes_with_its_delivery_confirms(text: str) -> None:
    """Nothing else agrees, so "si" is the yes."""
    assert after(CATALOGUE, "4 camisas", text) == (Phase.CONFIRMED, {"CAM-001": 4})


@pytest.mark.parametrize(
    "text",
    [
        "mañana paso y le confirmo",
        "hablo con mi esposa y te confirmo",
        "ok, hablo con mi esposa y te confirmo",
        "espérate, mi esposa quiere ver el menú antes de confirmar",
        "sí, mañana paso y le confirmo",
        "listo, déjeme medir bien y le aviso",
        "dale, déjame revisar las tallas y te aviso",
        "si pero le confirmo el lunes",
        "le confirmo el viernes",
    ],
)
def test_a_yes_that_comes_later_confirms_nothing(text: str) -> None:
    """And nothing is asked about."""
    dialogue = Dialogue(CATALOGUE)
    dialogue.say("4 camisas")
    dialogue.say(text)

    assert (dialogue.state, dialogue.asks) == (Phase.OPEN, False)


@pytest.mark.parametrize(
    "text",
    ["sí, te confirmo", "te confirmo el pedido", "confirmo, luego te aviso la dirección", "confirmo, el lunes paso"],
)
def test_a_yes_that_is_announced_confirms(text: str) -> None:
    """The word for it is the yes itself."""
    assert after(CATALOGUE, "4 camisas", text) == (Phase.CONFIRMED, {"CAM-001": 4})


@pytest.mark.parametrize("text", ["sí, para las 7", "dale, para las 7 y media porfa", "sí, pa las 3 de la tarde"])
def test_an_hour_beside_a_yes_is_no_quantity(text: str) -> None:
    """A product behind the number is."""
    assert after(CATALOGUE, "4 camisas", text) == (Phase.CONFIRMED, {"CAM-001": 4})
    assert after(CATALOGUE, "4 camisas", "sí, para las 7 gorras") == (Phase.OPEN, {"CAM-001": 4, "ACC-001": 7})


@pytest.mark.parametrize(
    ("text", "shirts"),
    [("¿me las deja en 55?", 4), ("¿me las dejas a 3?", 4), ("déjamelas en 5", 5), ("me las deja en 5", 5)],
)
def test_a_price_that_is_asked_for_is_no_quantity(text: str, shirts: int) -> None:
    """The same number without a question is one."""
    assert after(CATALOGUE, "4 camisas", text) == (Phase.OPEN, {"CAM-001": shirts})


def test_the_size_of_somebody_is_no_garment() -> None:
    """ "Calza 42": what he wears; "una calza" is a garment."""
    assert after(CATALOGUE, "unas botas para mi esposo, calza 42", "las de cuero") == (
        Phase.OPEN,
        {"CAL-010": 1},
    )
    assert after(CATALOGUE, "una calza 42") == (Phase.OPEN, {"PAN-007": 1})


@pytest.mark.parametrize("text", ["sí, para hoy si se puede", "sí, si es tan amable", "sí, si lo quiero"])
def test_a_courtesy_beside_a_yes_is_no_condition(text: str) -> None:
    assert after(CATALOGUE, "4 camisas", text) == (Phase.CONFIRMED, {"CAM-001": 4})


@pytest.mark.parametrize("text", ["ah no, entonces no", "no, muy caras"])
def test_a_no_behind_an_exclamation_or_before_its_reason_rejects(text: str) -> None:
    """ "caras" resembles "cajas", but is no product."""
    shop = catalogue("ferreteria")
    dialogue = Dialogue(shop)
    dialogue.say("5 palas")
    dialogue.say(text)

    assert (dialogue.state, dialogue.asks) == (Phase.REJECTED, False)
