"""Things that are first asked about or refused, and then wanted; and messages without a thing."""

import pytest

from recado.quotes.reading.intent import Intent
from tests.quotes.shops import quote, sure_lines


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("vinos", "che tenes para traerme 4 latas de quilmes a Rivadavia 2340 2do B", {"CER-01": 4}),
        ("vinos", "tienen para traernos 4 latas de quilmes", {"CER-01": 4}),
        ("vinos", "hay chance de que me traigan 4 latas de quilmes?", {"CER-01": 4}),
        ("vinos", "tenes 4 latas de quilmes y una bolsa de hielo para traerme a Luro 230", {"CER-01": 4, "HIE-01": 1}),
        ("vinos", "tenes 4 latas de quilmes y una bolsa de hielo? me las guardas?", {"CER-01": 4, "HIE-01": 1}),
        ("vinos", "tenes 4 latas de quilmes y una bolsa de hielo? las quiero", {"CER-01": 4, "HIE-01": 1}),
        ("vinos", "tenes una heineken lata? mandame 4 latas de quilmes", {"CER-01": 4}),
        ("autos", "medio extintor jaja no, uno entero porfa", {"ACC-03": 1}),
        ("zapatos", "un morral para cada uno de los gemelos, o sea 2, y una lonchera", {"MOR-01": 2, "LON-01": 1}),
    ],
)
def test_what_is_asked_about_and_then_taken_is_ordered(shop: str, text: str, expected: dict[str, int]) -> None:
    """All things of the question, if several are taken."""
    assert sure_lines(shop, text) == expected


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("dale si, cerramos así", Intent.CONFIRM),
        ("como es para encargar bebidas?", Intent.HELP),
        ("me pasas la carta?", Intent.HELP),
        ("buenos días tenga usted", Intent.GREETING),
        ("tenes una heineken lata y mandas a domicilio?", Intent.OTHER),
    ],
)
def test_messages_without_an_order(text: str, intent: Intent) -> None:
    """They have no lines and no question."""
    read = quote("vinos", text)
    assert (read.intent, read.items, read.asks) == (intent, (), False)
