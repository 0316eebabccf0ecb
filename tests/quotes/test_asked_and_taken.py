"""What a message first asks about, refuses or lists, and then wants; and messages without a thing."""

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
        (
            "vinos",
            "un barril de cerveza y dos no perdón tres paquetes de vasos descartables",
            {"CER-11": 1, "ACC-03": 3},
        ),
        ("vinos", "2 barriles de cerveza y 4, no, mejor 5 paquetes de vasos descartables", {"CER-11": 2, "ACC-03": 5}),
        ("vinos", "q hay de bueno? bueno nada mandame un tequila y un ron xfa", {"DES-07": 1, "DES-06": 1}),
        ("autos", "tengo un jetta 2015 y me hace falta un foco de stop", {"FOC-05": 1}),
        ("chifa", "un siu mai y dos min pao, ah y al siu mai ponle 2", {"WAN-05": 2, "WAN-04": 2}),
        ("chifa", "un siu mai y dos min pao, ah y a los min pao ponles 3", {"WAN-05": 1, "WAN-04": 3}),
        ("chifa", "un siu mai y dos min pao, al siu mai agregale 2", {"WAN-05": 3, "WAN-04": 2}),
        ("chifa", "una familia de 6: 6 siu mai y un combo familiar", {"WAN-05": 6, "COM-04": 1}),
        ("vinos", "heineken lata 473 x 24\nimperial roja x 12", {"CER-04": 24, "CER-09": 12}),
        ("chifa", "quiero dos chaufas uno de pollo y otro de carne", {"ARR-01": 1, "ARR-02": 1}),
        ("chifa", "quiero 3 chaufas: 2 de carne y 1 especial", {"ARR-02": 2, "ARR-05": 1}),
        ("chifa", "3 chaufas de pollo y 2 de carne", {"ARR-01": 3, "ARR-02": 2}),
        (
            "zapatos",
            "LISTA ESCOLAR 2024\nMorral 89.000\nLonchera 45.000\n\nde esta lista solo la lonchera, quiero 2",
            {"LON-01": 2},
        ),
        ("zapatos", "Morral 79.000\nLonchera 45.000\nChaqueta 110.000\nbuenas, quiero 2 loncheras", {"LON-01": 2}),
        ("zapatos", "un morral para cada uno de los gemelos, o sea 2, y una lonchera", {"MOR-01": 2, "LON-01": 1}),
    ],
)
def test_the_last_wish_of_a_message_is_ordered(shop: str, text: str, expected: dict[str, int]) -> None:
    """After a question, a refusal, a correction, a whole before its parts or a list with prices."""
    assert sure_lines(shop, text) == expected


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("dale si, cerramos así", Intent.CONFIRM),
        ("como es para encargar bebidas?", Intent.HELP),
        ("me pasas la carta?", Intent.HELP),
        ("buenos días tenga usted", Intent.GREETING),
        ("ya no los quiero, gracias por la cotizacion, esta muy costoso todo", Intent.REJECT),
        ("tenes una heineken lata y mandas a domicilio?", Intent.OTHER),
    ],
)
def test_messages_without_an_order(text: str, intent: Intent) -> None:
    """They have no lines and no question."""
    read = quote("vinos", text)
    assert (read.intent, read.items, read.asks) == (intent, (), False)
