"""Changes of the open quote: which line a head word names, reasons for a removal, and a yes from a customer on the
way."""

import pytest

from recado.conversation.dialogue import Dialogue, Phase
from tests.conversation.replies import after
from tests.quotes.shops import catalogue

CLOTHES = catalogue()
ELECTRONICS = catalogue("electronica")
HARDWARE = catalogue("ferreteria")
NAILS = {"CLA-002": 3, "HER-013": 2, "TUB-003": 4}
SHOWN = {"CAM-001": 2, "ACC-001": 1}


def in_hardware(text: str) -> tuple[Phase, dict[str, object]]:
    """The quote has nails and tubes of one size; the shop sells other sizes, too."""
    return after(HARDWARE, "3 kilos de clavos de 3, 2 candados y 4 tubos de 4", text)


def in_clothes(text: str) -> tuple[Phase, dict[str, object]]:
    return after(CLOTHES, "2 camisas y 1 gorra", text)


@pytest.mark.parametrize(
    "text",
    [
        "sube los clavos a 2 kilos", "baja los clavos a 2 kilos", "deja los clavos en 2 kilos",
        "pon los clavos en 2 kilos", "deja los clavos en 2", "ponme los clavos en 2 porfa",
        "bájale los clavos a 2 kilos",
        "los clavos a 2 kilos", "los clavos que sean 2 kilos", "que los clavos sean 2 kilos", "los clavos mejor 2",
        "cambia los clavos a 2 kilos", "mejor 2 kilos de clavos", "solo 2 kilos de clavos", "nomás 2 kilos de clavos",
        "quita 1 kilo de clavos", "clavos 2 kilos", "eran 2 kilos de clavos", "reduce los clavos a 2",
    ],
)  # fmt: skip
def test_a_head_word_names_the_only_line_that_has_it(text: str) -> None:
    """With every verb. A number after "a" or "en" is not a size."""
    assert in_hardware(text) == (Phase.OPEN, NAILS | {"CLA-002": 2})


@pytest.mark.parametrize(
    ("text", "blue", "black"),
    [
        ("sube los negros a 3", 2, 3), ("baja los azules a 1", 1, 2), ("deja los negros en 4", 2, 4),
        ("súbele los negros a 3", 2, 3), ("los azules a 5", 5, 2), ("pon los azules en 3", 3, 2),
        ("sube los azules a 3 y los negros a 4", 3, 4),
    ],
)  # fmt: skip
def test_a_quality_gets_the_number_behind_its_preposition(text: str, blue: int, black: int) -> None:
    """Whatever the verb is, the number is the new quantity; nothing is added."""
    said = ("4 jeans", "2 azules y 2 negros", text)

    assert after(CLOTHES, *said) == (Phase.OPEN, {"PAN-004": blue, "PAN-005": black})


@pytest.mark.parametrize(
    "text",
    [
        "sí pero deja las camisas en 1", "sí, baja las camisas a 1", "sí, las camisas mejor 1",
        "ok, que las camisas sean 1",
    ],
)  # fmt: skip
def test_a_yes_with_a_smaller_number_confirms(text: str) -> None:
    """The clause contains nothing but the number."""
    assert in_clothes(text) == (Phase.CONFIRMED, {"CAM-001": 1, "ACC-001": 1})


@pytest.mark.parametrize(
    ("text", "shirts"),
    [("sí pero deja las camisas en 3", 3), ("sí, las camisas mejor 1 lisa", 1), ("sí, baja las camisas a 1 dólar", 2)],
)
def test_a_yes_with_a_larger_number_or_a_wish_does_not(text: str, shirts: int) -> None:
    assert in_clothes(text) == (Phase.OPEN, {"CAM-001": shirts, "ACC-001": 1})


@pytest.mark.parametrize(
    "text", ["quita los tubos", "sin los tubos", "tubos no", "ya no los tubos", "no quiero los tubos"]
)
def test_a_line_goes_by_its_head_word(text: str) -> None:
    """Also if the word is one for containers."""
    assert in_hardware(text) == (Phase.OPEN, {"CLA-002": 3, "HER-013": 2})


@pytest.mark.parametrize("text", ["sube la escalera a 2", "baja la escalera a 1", "sube las lijas", "ya no las lijas"])
def test_no_other_line_is_changed_in_place_of_one_that_is_not_there(text: str) -> None:
    """And the product is not added."""
    assert in_hardware(text) == (Phase.OPEN, NAILS)


def test_a_word_for_containers_names_the_line_that_has_it() -> None:
    """With a number, and with a removal that can be made."""
    text = "sí, pero 3 tubos y sin los candados"

    assert in_hardware(text) == (Phase.CONFIRMED, {"CLA-002": 3, "TUB-003": 3})


@pytest.mark.parametrize(
    "text",
    [
        "sí porfa pero sin la gorra, ya le compré otra", "sí, pero quita la gorra porque ya tengo una",
        "dale pero sin la gorra, está muy cara", "listo, sin gorra. la compro después en otro lado",
        "sí, quítale la gorra que me queda chica", "sí quita la gorra, es que ya tengo una. gracias",
        "sin la gorra que ya me regalaron una, lo demás sí",
    ],
)  # fmt: skip
def test_the_reason_for_a_removal_keeps_no_yes_from_confirming(text: str) -> None:
    """Whatever the reason is about, unless it names another product."""
    assert in_clothes(text) == (Phase.CONFIRMED, {"CAM-001": 2})


@pytest.mark.parametrize(
    "text",
    [
        "no, se sale de mi presupuesto", "uff no, se sale de mi presupuesto", "no, mi vecino me presta la suya",
        "no gracias, ya compré en otro lado", "no gracias, encontré más barato", "no, porque está muy caro",
        "ya no, me lo regalaron", "no, es mucho",
    ],
)  # fmt: skip
def test_a_no_with_its_reason_rejects_the_quote(text: str) -> None:
    """The reason contains nothing that could be a change."""
    assert in_clothes(text) == (Phase.REJECTED, {})


@pytest.mark.parametrize(
    "text", ["sí, ya compré gorra", "sí, pero ya tengo gorra", "sí, mi vecino me presta la suya", "sí, no la necesito"]
)
def test_a_reason_without_its_change_keeps_a_yes_from_confirming(text: str) -> None:
    """The customer may want to remove something."""
    assert in_clothes(text) == (Phase.OPEN, SHOWN)


def test_a_reason_leaves_the_next_yes_as_it_is() -> None:
    """ "me presta" does not ask for anything here, and no question stays open."""
    removed = ("2 camisas y 1 gorra", "quita eso, mi vecino me presta la suya")

    assert after(CLOTHES, "2 camisas", "y 1 gorra", removed[1]) == (Phase.OPEN, {"CAM-001": 2})
    assert after(CLOTHES, "2 camisas", "y 1 gorra", removed[1], "listo") == (Phase.CONFIRMED, {"CAM-001": 2})


def test_a_request_behind_a_removal_asks_for_its_thing() -> None:
    """It does not remove the thing."""
    assert in_clothes("quita la gorra, dame una bufanda") == (Phase.OPEN, {"CAM-001": 2, "ACC-006": 1})


@pytest.mark.parametrize(
    "text", ["quise decir la gorra, esa quítala", "la gorra, quítala", "era la gorra, esa quítala"]
)
def test_what_a_removal_points_back_at_goes(text: str) -> None:
    """And nothing else is removed."""
    assert after(CLOTHES, "2 camisas y 1 gorra", "quita la bufanda", text) == (Phase.OPEN, {"CAM-001": 2})


@pytest.mark.parametrize(
    "text", ["no quiero la gorra", "ya no la gorra", "no me mandes la gorra", "déjame sin la gorra"]
)
def test_a_line_that_is_not_wanted_goes(text: str) -> None:
    assert in_clothes(text) == (Phase.OPEN, {"CAM-001": 2})


@pytest.mark.parametrize(
    "text",
    [
        "listo, voy saliendo", "sí, ya voy para allá", "ok, estoy cerca", "dale, paso en la tarde", "dale, ahí voy",
        "sí, ahorita te deposito", "listo, ya voy en camino", "perfecto, estoy afuera", "sí, después te pago",
        "sí, pero después de las 6", "sí, pero que llegue antes de las 6 que después no hay nadie",
        "sí, avísame cuando salga",
    ],
)  # fmt: skip
def test_a_yes_on_the_way_confirms(text: str) -> None:
    """The customer says that he is coming, when he comes, or that he pays later."""
    assert in_clothes(text) == (Phase.CONFIRMED, SHOWN)


@pytest.mark.parametrize(
    "text", ["ya voy", "ya voy saliendo", "sí, luego", "ok, te aviso", "sí, luego te aviso", "sí, pero luego"]
)
def test_what_puts_the_answer_off_confirms_nothing(text: str) -> None:
    """A message which says only that the customer is coming does not confirm either."""
    assert in_clothes(text) == (Phase.OPEN, SHOWN)


@pytest.mark.parametrize("text", ["los tres", "las 3", "todos", "dame los tres"])
def test_every_option_is_taken_where_there_are_so_many(text: str) -> None:
    """There are three kinds of jeans."""
    jeans = {product.sku: 1 for product in CLOTHES.products if product.name.startswith("Jean")}
    assert after(CLOTHES, "quiero un jean", text) == (Phase.OPEN, jeans)


@pytest.mark.parametrize("text", ["los dos", "ambos", "los cuatro", "dame los dos"])
def test_another_number_than_that_of_the_options_asks(text: str) -> None:
    """It is not clear which two of the three are meant."""
    assert after(CLOTHES, "quiero un jean", text) == (Phase.NONE, {})


@pytest.mark.parametrize(
    "text", ["20 más por si acaso", "20 más por si las dudas", "y 20 más por las dudas", "por si acaso 20 más"]
)
def test_what_is_added_just_in_case_is_added(text: str) -> None:
    """The reason names no product."""
    assert after(HARDWARE, "80 bloques de 20", text) == (Phase.OPEN, {"FER-010": 100})


@pytest.mark.parametrize(
    "text", ["lo mismo pero con 15", "lo mismo con 15", "lo mismo pero 15", "lo mismo, que sean 15"]
)
def test_the_last_order_comes_again_with_another_number(text: str) -> None:
    """The number is for its only line."""
    assert after(CLOTHES, "10 camisas", "sí, dale", text) == (Phase.OPEN, {"CAM-001": 15})


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("otro igual", {"PAN-004": 2}), ("otro igual pero negro", {"PAN-004": 1, "PAN-005": 1}),
        ("y otro igual pero en negro", {"PAN-004": 1, "PAN-005": 1}),
        ("sí, y otro igual pero negro", {"PAN-004": 1, "PAN-005": 1}),
    ],
)  # fmt: skip
def test_another_like_it_is_one_more(text: str, lines: dict[str, object]) -> None:
    """Of the same product or of another variant. Nothing is removed, and a yes in the same message does not confirm."""
    assert after(CLOTHES, "un jean azul", text) == (Phase.OPEN, lines)


def test_another_like_it_of_an_unknown_kind_changes_nothing() -> None:
    assert after(CLOTHES, "un jean azul", "otro igual pero lila") == (Phase.OPEN, {"PAN-004": 1})


def test_another_like_it_after_a_confirmation_is_the_last_order() -> None:
    assert after(CLOTHES, "2 camisas", "sí", "otra igual") == (Phase.OPEN, {"CAM-001": 2})


@pytest.mark.parametrize("text", ["mejor frías", "mejor frías, son para la cocina", "mejor que sean frías"])
def test_another_variant_has_the_size_of_the_one_that_goes(text: str) -> None:
    """Also if the number and its unit are one word, "9W": the shop also has cold ones of 12W."""
    assert after(ELECTRONICS, "6 lámparas led 9w cálidas", text) == (Phase.OPEN, {"LAM-9": 6})


def test_a_kind_that_is_written_like_a_verb_answers() -> None:
    """ "Paso" also means "I pass"."""
    assert after(HARDWARE, "2 llaves", "de paso") == (Phase.OPEN, {"TUB-010": 2})
    assert after(HARDWARE, "2 llaves", "de paso", "nel, mejor una", "sí") == (Phase.CONFIRMED, {"TUB-010": 1})


@pytest.mark.parametrize("text", ["bájale 1 a las camisas", "quítale 1 a las camisas", "menos 1 camisa"])
def test_a_few_taken_off_leave_no_question(text: str) -> None:
    """The number belongs to the change of the open quote."""
    dialogue = Dialogue(CLOTHES)
    dialogue.say("2 camisas y 1 gorra")
    dialogue.say(text)
    assert {line.sku: line.quantity for line in dialogue.lines} == SHOWN | {"CAM-001": 1}
    assert not dialogue.asks
