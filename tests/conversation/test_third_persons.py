"""A yes and a change that another person said, conditions on one, and refusals behind a thing."""

import pytest

from recado.conversation.dialogue import Dialogue, Phase
from recado.quotes import Catalogue
from recado.quotes.catalogue.catalogue import DEFAULT_PATH
from tests.conversation.replies import after
from tests.conversation.scoring import SHOPS

CATALOGUE = Catalogue.from_csv(DEFAULT_PATH)
HARDWARE = Catalogue.from_csv(SHOPS / "ferreteria.csv")
BASE = "2 gorras y 3 camisas"
QUOTED = {"ACC-001": 2, "CAM-001": 3}


@pytest.mark.parametrize(
    "text",
    [
        "sí, pero nomás si me las deja en 10",
        "dale, pero si me las dejan en 10",
        "sí, solo si hay negras",
        "listo, pero solo si los trae hoy",
        "si mi tío deposita hoy, me los manda mañana?",
        "si mi hermana puede pagar, sí",
        "si la gorra es de las buenas, sí",
        "si las camisas vienen planchadas, mándelas",
    ],
)
def test_a_yes_under_a_condition_confirms_nothing(text: str) -> None:
    """Whoever or whatever it depends on."""
    assert after(CATALOGUE, BASE, text) == (Phase.OPEN, QUOTED)


@pytest.mark.parametrize(
    "text",
    [
        "si mi amor, mandalas", "si mi reina porfa", "si la gorra está bien", "dice mi mamá que sí, mándalos",
        "ya hablé con ella, dice que sí, mándalos", "mi mami dice que está bien, mándelo pe",
        "dice que bueno, que los mande", "quedó bien, despáchelo", "ya, quedo conforme, envíelo", "eso, así",
        "ahora ya no le muevas nada, así mándalo", "ok, así ya no le mueva", "sí, no le cambies nada",
        "va, ¿cuándo me las traen?", "sí, avísame cuando esté listo", "ya, dice que si. confirmado",
        "dice que sí, que ya lo manden", "dice mi mamá que sí", "dice que va, dale", "dice que ya quedó, que sí",
        "ora sí, listo", "ok aki te espero, si mándala", "eso, mándalo con el chavo de la moto",
        "va, mándelo a juarez 45 entre morelos e hidalgo, pago con billete de 500",
        "va, mándelo a Juárez 45 entre la 5 y la 6",
    ],
)  # fmt: skip
def test_a_yes_with_talk_around_it_confirms(text: str) -> None:
    """Also what another person says, and that nothing is to change any more."""
    assert after(CATALOGUE, BASE, text) == (Phase.CONFIRMED, QUOTED)


@pytest.mark.parametrize(
    "text", ["dice el maestro que mejor 8", "el maestro dice que 8", "dijo mi jefe que 8", "creo que 8 nomás"]
)
def test_a_number_that_somebody_said_is_set(text: str) -> None:
    """For the only line."""
    assert after(HARDWARE, "6 focos", text) == (Phase.OPEN, {"ELE-007": 8})


def test_a_number_that_somebody_said_is_asked_about_where_it_may_be_of_several() -> None:
    """And a yes behind it confirms nothing."""
    dialogue = Dialogue(CATALOGUE)
    dialogue.say(BASE)
    dialogue.say("dijo mi jefe que 25")
    assert dialogue.asks
    dialogue.say("dale")
    assert dialogue.state is Phase.OPEN


@pytest.mark.parametrize(
    ("text", "state"),
    [("sí, 5 varillas está bien", Phase.CONFIRMED), ("5 varillas", Phase.OPEN), ("sí, 6 varillas", Phase.OPEN)],
)
def test_the_quoted_line_said_again_asks_nothing(text: str, state: Phase) -> None:
    """If the number is the same."""
    assert after(HARDWARE, "5 varillas de 5/8", text) == (state, {"VAR-003": 5})


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("la gorra no hace falta, confirmá las camisas", Phase.CONFIRMED),
        ("las gorras ya no van", Phase.OPEN),
        ("ya no hacen falta las gorras", Phase.OPEN),
        ("y las gorras las dejamos fuera", Phase.OPEN),
    ],
)
def test_what_is_not_needed_goes(text: str, state: Phase) -> None:
    """Before the refusal or behind it."""
    assert after(CATALOGUE, BASE, text) == (state, {"CAM-001": 3})


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("una menos de gorras, y camisas mejor 5", {"ACC-001": 1, "CAM-001": 5}),
        ("agrega 2 tazas, gorras solo 1", {"ACC-001": 1, "CAM-001": 3, "HOG-010": 2}),
        ("agrega 2 tazas, y solo 1 gorra", {"ACC-001": 1, "CAM-001": 3, "HOG-010": 2}),
        ("ponle solo 2 gorras más", {"ACC-001": 4, "CAM-001": 3}),
        ("las gorras en 42", QUOTED),
        ("¿las gorras en 5?", QUOTED),
    ],
)
def test_a_number_beside_another_change(text: str, quoted: dict[str, object]) -> None:
    """ "Solo" ends an addition; a size and a question set nothing."""
    assert after(CATALOGUE, BASE, text) == (Phase.OPEN, quoted)


@pytest.mark.parametrize("text", ["no, al final no voy a comprar nada", "cancele eso mejor, ya conseguí una"])
def test_no_purchase_rejects(text: str) -> None:
    """Whatever the verb."""
    assert after(CATALOGUE, BASE, text) == (Phase.REJECTED, {})


def test_what_takes_the_place_of_a_line_shares_a_word_with_it() -> None:
    """And not only a head: the last line stays."""
    assert after(CATALOGUE, "5 tapabocas y 1 jabón", "mejor la caja de tapabocas") == (
        Phase.OPEN,
        {"ACC-026": 5, "HOG-014": 1},
    )


@pytest.mark.parametrize("text", ["¿aceptan tarjeta? si sí, los llevo", "te confirmo en la tarde", "confirmo mañana"])
def test_a_yes_that_waits_confirms_nothing(text: str) -> None:
    """For an answer, or for another time."""
    assert after(CATALOGUE, BASE, text) == (Phase.OPEN, QUOTED)


@pytest.mark.parametrize("text", ["si si, mandalas", "confirmo, en la tarde las recojo", "confirmo para mañana"])
def test_a_time_of_delivery_does_not_put_a_yes_off(text: str) -> None:
    """Nor does a yes said twice."""
    assert after(CATALOGUE, BASE, text) == (Phase.CONFIRMED, QUOTED)


@pytest.mark.parametrize(
    ("text", "phase", "shirts"),
    [
        ("la camisa es para regalo", Phase.OPEN, 2),
        ("las 2 camisas van juntas", Phase.OPEN, 2),
        ("las camisas en talla M", Phase.OPEN, 2),
        ("las camisas son para mi papá, confirmo", Phase.CONFIRMED, 2),
        ("las 3 camisas", Phase.OPEN, 3),
    ],
)
def test_a_head_with_an_article_is_the_line_of_that_kind(text: str, phase: Phase, shirts: int) -> None:
    """Where nothing is asked for: "camisa" is also a product of its own."""
    texts = ("2 camisas de cuadros y una gorra", text)
    assert after(CATALOGUE, *texts) == (phase, {"CAM-004": shirts, "ACC-001": 1})


@pytest.mark.parametrize("text", ["quiero la camisa", "agrega la camisa", "también la camisa", "una camisa"])
def test_a_head_that_is_asked_for_is_a_product(text: str) -> None:
    """Beside the line of another kind."""
    texts = ("2 camisas de cuadros y una gorra", text)
    assert after(CATALOGUE, *texts) == (Phase.OPEN, {"CAM-004": 2, "ACC-001": 1, "CAM-001": 1})


@pytest.mark.parametrize(
    "text",
    [
        "sí está bien mándelo por favor a la carrera quince número veintidós cuarenta",
        "dale, avenida siete con calle ocho",
    ],
)
def test_the_numbers_of_an_address_may_be_words(text: str) -> None:
    """They count nothing."""
    assert after(CATALOGUE, BASE, text) == (Phase.CONFIRMED, QUOTED)


@pytest.mark.parametrize(
    "text", ["a la calle juárez dos tazas", "calle diez, y dos tazas", "a la calle diez dos docenas de tazas"]
)
def test_a_number_behind_an_address_that_counts_goods_is_of_them(text: str) -> None:
    """As with digits."""
    tazas = 24 if "docenas" in text else 2
    assert after(CATALOGUE, BASE, text) == (Phase.OPEN, QUOTED | {"HOG-010": tazas})
