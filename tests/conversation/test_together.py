"""Several at once: one of each option, both of one kind, both that were asked about, half of a line."""

import pytest

from recado.conversation.dialogue import Dialogue, Phase
from recado.quotes import Catalogue

SHOP = """sku,name,aliases,unit_price,currency,unit
P4,Pincel No. 4,,2.60,USD,
P8,Pincel No. 8,,3.30,USD,
BA,Bolígrafo azul,,1.00,USD,
BN,Bolígrafo negro,,1.00,USD,
BR,Bolígrafo rojo,,1.00,USD,
C1,Cerveza,,2.00,USD,
PA,Papas,,2.80,USD,
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """A few kinds of few things."""
    path = tmp_path_factory.mktemp("shop") / "shop.csv"
    path.write_text(SHOP, "utf-8")
    return Catalogue.from_csv(path)


def said(shop: Catalogue, *texts: str) -> Dialogue:
    """The conversation once these were written."""
    dialogue = Dialogue(shop)
    for text in texts:
        dialogue.say(text)
    return dialogue


@pytest.mark.parametrize(
    ("texts", "lines"),
    [
        (("bolígrafos", "uno de cada color"), {"BA": 1, "BN": 1, "BR": 1}),
        (("bolígrafos", "2 de cada color", "quita el rojo"), {"BA": 2, "BN": 2}),
        (("2 pinceles", "los dos"), {"P4": 1, "P8": 1}),
        (("2 pinceles", "los dos del número 8"), {"P8": 2}),
        (("3 bolígrafos", "los tres negros"), {"BN": 3}),
        (("cuánto cuesta la cerveza?", "y las papas?", "dame las dos"), {"C1": 1, "PA": 1}),
        (("cuánto cuesta la cerveza?", "cuánto cuestan las papas?", "dame 2"), {"PA": 2}),
        (("cuánto cuesta la cerveza?", "una cerveza", "cuánto cuestan las papas?", "dame las dos"), {"C1": 1}),
        (("6 cervezas y unas papas", "mejor la mitad de las cervezas"), {"C1": 3, "PA": 1}),
    ],
)
def test_how_many_of_which(shop: Catalogue, texts: tuple[str, ...], lines: dict[str, object]) -> None:
    """A description behind "los dos" says of what both are."""
    assert {line.sku: line.quantity for line in said(shop, *texts).lines} == lines


def test_a_half_that_cannot_be_is_asked_about_until_a_yes(shop: Catalogue) -> None:
    """Half of 5 pieces: a yes with a change is not yet one to the rest."""
    dialogue = said(shop, "5 cervezas y unas papas", "mejor la mitad")
    assert dialogue.asks

    dialogue.say("sí, pero sin las papas")

    assert dialogue.state is Phase.OPEN
