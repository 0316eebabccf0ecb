"""Changes in one message: each is made, and none in silence left out."""

import itertools

import pytest

from recado.conversation.dialogue import Dialogue, Phase
from recado.quotes import Catalogue
from tests.conversation.scoring import SHOPS
from tests.quotes.shops import catalogue

CATALOGUE = catalogue()
LINES = {"CAM-001": 4, "ACC-001": 3}
CHANGES: dict[str, int | str] = {
    "deja las {}s en 2": 2, "deja {}s en 2": 2, "pon las {}s en 2": 2, "las {}s que sean 2": 2, "{}s mejor 2": 2,
    "baja las {}s a 2": 2, "baja a 2 las {}s": 2, "sube las {}s a 6": 6, "súbele 1 a las {}s": "+1",
    "bájale 1 a las {}s": "-1", "quita 1 {}": "-1", "quítale 1 a las {}s": "-1", "quita las {}s": 0, "sin las {}s": 0,
    "las {}s en 2": 2, "1 {} menos": "-1", "las {}s no hacen falta": 0,
    "las {}s las dejamos fuera": 0, "{}s solo 2": 2, "solo 2 {}s": 2,
    "ya no quiero las {}s": 0, "las {}s no": 0, "agrega 2 {}s": "+2", "2 {}s más": "+2", "otras 2 {}s": "+2",
}  # fmt: skip
"""A change, and how many there are behind it, or how many more or fewer."""
THINGS = {"camisa": "CAM-001", "gorra": "ACC-001"}


def after(text: str, *, base: str = "4 camisas y 3 gorras", catalogue: Catalogue = CATALOGUE) -> Dialogue:
    """The conversation once this was written to a quote."""
    dialogue = Dialogue(catalogue)
    dialogue.say(base)
    dialogue.say(text)
    return dialogue


def lines(dialogue: Dialogue) -> dict[str, object]:
    return {line.sku: line.quantity for line in dialogue.lines}


def changed(before: int, change: int | str) -> int:
    """How many there are behind a change."""
    return change if isinstance(change, int) else before + int(change)


@pytest.mark.parametrize("joint", [" y ", ", ", "\n"])
@pytest.mark.parametrize(("first", "second"), [("camisa", "gorra"), ("gorra", "camisa")])
def test_each_of_two_changes_is_made(first: str, second: str, joint: str) -> None:
    """Whatever they are."""
    wrong = []
    for one, other in itertools.product(CHANGES, CHANGES):
        text = f"{one.format(first)}{joint}{other.format(second)}"
        sku, other_sku = THINGS[first], THINGS[second]
        want = LINES | {
            sku: changed(LINES[sku], CHANGES[one]), other_sku: changed(LINES[other_sku], CHANGES[other]),
        }  # fmt: skip
        if lines(after(text)) != {sku: quantity for sku, quantity in want.items() if quantity}:
            wrong.append(text)

    assert wrong == []


@pytest.mark.parametrize(
    ("text", "state", "shirts", "caps"),
    [
        ("sí, bájale 1 a las camisas", Phase.CONFIRMED, 3, 3),
        ("sí, pero deja las camisas en 1 y las gorras en 2", Phase.CONFIRMED, 1, 2),
        ("sí, súbele 1 a las gorras", Phase.OPEN, 4, 4),
        ("mejor 2 camisas y que sean 2 gorras", Phase.OPEN, 2, 2),
    ],
)
def test_a_yes_with_fewer_confirms(text: str, state: Phase, shirts: int, caps: int) -> None:
    """The number beside the verb is heard."""
    dialogue = after(text)
    assert (dialogue.state, lines(dialogue)) == (state, {"CAM-001": shirts, "ACC-001": caps})


def test_less_of_nothing_is_asked_about() -> None:
    """ "Bájale 2 a las camisas" orders none."""
    dialogue = Dialogue(CATALOGUE)
    dialogue.say("bájale 2 a las camisas")
    assert (dialogue.state, dialogue.asks) == (Phase.NONE, True)


@pytest.mark.parametrize(
    ("base", "text", "quoted"),
    [
        ("2 camisas y una gorra", "no camisas, camisetas", {"CAM-005": 2, "ACC-001": 1}),
        ("un traje de baño", "de dos piezas", {"INT-008": 1}),
    ],
)
def test_what_comes_takes_the_place(base: str, text: str, quoted: dict[str, object]) -> None:
    """Of what a "no" names, or of the line that the words complete."""
    assert lines(after(text, base=base)) == quoted


def test_a_number_of_a_name_counts_nothing() -> None:
    """ "Una familiar de cuatro quesos" is one."""
    pizzeria = Catalogue.from_csv(SHOPS / "pizzeria2.csv")
    assert lines(after("y una familiar de cuatro quesos", base="6 cervezas", catalogue=pizzeria)) == {
        "CER-1": 6, "QUE-F": 1,
    }  # fmt: skip


def test_a_change_that_was_not_understood_is_asked_about_until_a_yes() -> None:
    """Also where something else is added in between."""
    dialogue = after("la docena mejor", base="4 camisas y 3 gorras")
    assert dialogue.asks
    dialogue.say("y un sombrero")
    dialogue.say("sí")
    first = dialogue.state
    dialogue.say("sí")

    assert (first, dialogue.state) == (Phase.OPEN, Phase.CONFIRMED)
