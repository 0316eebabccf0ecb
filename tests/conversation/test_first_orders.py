"""The first order of a conversation is quoted as the reader reads it, or recado asks."""

from decimal import Decimal

import pytest

from recado.conversation.dialogue import Dialogue, Phase
from recado.quotes import Catalogue, Intent
from tests.conversation.scoring import SHOPS
from tests.conversation.test_trades import quoted
from tests.quotes import scoring, shops

SETS = sorted(path.name for path in SHOPS.glob("*.jsonl"))


@pytest.mark.parametrize("name", SETS)
def test_the_readers_lines_are_quoted(name: str) -> None:
    """With the messages of all test sets that the reader reads as orders without a question."""
    catalogue = shops.catalogue(name)
    others = []
    for case in scoring.cases(name):
        dialogue = Dialogue(catalogue)
        dialogue.say(case["text"])
        assert dialogue.inbound is not None
        read = dialogue.inbound.quote
        assert read is not None
        lines = {line.sku: Decimal(line.quantity) for line in dialogue.lines}
        orders = read.intent is Intent.ORDER and not read.asks
        if orders and lines != {item.sku: Decimal(item.quantity) for item in read.items}:
            others.append(f"{case['text']}: {lines}")

    assert others == []


@pytest.mark.parametrize(
    ("shop", "texts", "lines"),
    [
        # the same thing twice
        ("ropa", ("2 bóxer M y 2 bóxer L",), {"INT-001": "4"}),
        ("ropa", ("2 camisas azules, 1 gorra y 3 camisas blancas",), {"CAM-001": "5", "ACC-001": "1"}),
        ("ropa", ("una toalla", "2 bóxer M y 2 bóxer L"), {"HOG-001": "1", "INT-001": "4"}),
        # a number that is a size or a phone
        ("ropa", ("unas zapatillas 42 y una camiseta XL",), {"CAL-003": "1", "CAM-005": "1"}),
        ("ropa", ("una gorra", "y unas sandalias 37"), {"ACC-001": "1", "CAL-006": "1"}),
        ("ropa", ("2 chaquetas, mi cel es 300 123 4567",), {"ABR-003": "2"}),
        # the share of one person
        ("ropa", ("3 gorras, una para mi mamá",), {"ACC-001": "3"}),
        ("ropa", ("3 gorras, una es para mi mamá",), {"ACC-001": "3"}),
        ("ropa", ("3 gorras, 1 para mi mamá y 2 para mí",), {"ACC-001": "3"}),
        ("ropa", ("2 gorras y una para mi mamá",), {"ACC-001": "3"}),
        ("ropa", ("2 gorras, 3 para mi hermana",), {"ACC-001": "5"}),
        ("ropa", ("5 camisas", "2 de esas son para mi hermano"), {"CAM-001": "5"}),
        # a phone number changes nothing
        ("ropa", ("2 zapatos", "mi teléfono es 300 123 4567"), {"CAL-001": "2"}),
        ("ropa", ("2 zapatos", "sí, mi celular es 3001234567"), {"CAL-001": "2"}),
        # a correction in the same message, and what follows it
        ("ropa", ("dos camisas no mejor tres y un pantalón",), {"CAM-001": "3", "PAN-001": "1"}),
        ("ropa", ("una gorra", "dos camisas no mejor tres"), {"ACC-001": "1", "CAM-001": "3"}),
        ("ropa", ("una toalla", "dame una maleta, no espera, mejor una mochila"), {"HOG-001": "1", "ACC-012": "1"}),
        ("ropa", ("una toalla", "quiero un gorro, ay perdón, una gorra"), {"HOG-001": "1", "ACC-001": "1"}),
        ("ropa", ("una toalla", "quiero 2 camisas no espera 3 camisas"), {"HOG-001": "1", "CAM-001": "3"}),
        ("ropa", ("una toalla", "perdón, una gorra"), {"ACC-001": "1"}),
        ("restaurante", ("2 lomos saltados perdon 3 y 1 chaufa",), {"R26": "3", "R27": "1"}),
    ],
)
def test_numbers_of_an_order(shop: str, texts: tuple[str, ...], lines: dict[str, str]) -> None:
    """Each number counts once, with its meaning."""
    assert quoted(shop, *texts) == lines


@pytest.mark.parametrize(
    ("shop", "text", "lines"),
    [
        ("heladeria", "licuado de durazno x2", {}),
        ("panaderia", "un pan de ajo y 2 baguettes", {"P05": "2"}),
        ("carniceria", "un kilo de chuleta de ternera", {}),
        ("restaurante2", "2 piezas de barbacoa", {}),
        ("verduleria", "dos manojos de aguacate", {}),
    ],
)
def test_what_may_be_another_thing_is_asked(shop: str, text: str, lines: dict[str, str]) -> None:
    """A product that only resembles what the customer asked for, and pieces of something that is sold by the kilo."""
    catalogue = Catalogue.from_csv(SHOPS / f"{shop}.csv")
    dialogue = Dialogue(catalogue)

    dialogue.say(text)

    assert {line.sku: str(line.quantity) for line in dialogue.lines} == lines
    assert dialogue.asks


def test_only_a_line_of_a_kind_is_taken_out_by_its_head() -> None:
    """ "las medias" means the sports socks if the quote has no other socks."""
    assert quoted("ropa", "2 pantaletas y 3 medias deportivas", "ya no las medias") == {"INT-003": "2"}


def test_a_thing_with_a_question_mark_is_asked_about() -> None:
    """The reply names the price; a number then orders it."""
    assert quoted("ropa", "2 camisas", "¿y el pantalón?") == {"CAM-001": "2"}
    assert quoted("ropa", "2 camisas", "¿y el pantalón?", "dame 1") == {"CAM-001": "2", "PAN-001": "1"}
    assert quoted("ropa", "2 camisas", "¿y un pantalón?") == {"CAM-001": "2", "PAN-001": "1"}


def test_an_order_that_asks_for_its_total_is_quoted() -> None:
    """The reply shows the total, and a yes confirms it."""
    dialogue = Dialogue(shops.catalogue())
    dialogue.say("3 toallas y 1 bata, me dice el total?")
    dialogue.say("sí")
    assert (dialogue.state, len(dialogue.lines)) == (Phase.CONFIRMED, 2)


def test_a_product_with_the_name_of_a_person_is_ordered() -> None:
    """A canteen sells an "ejecutivo"; who asks to speak with one still gets a person."""
    orders, asks = Dialogue(shops.catalogue("fonda.jsonl")), Dialogue(shops.catalogue("fonda.jsonl"))
    orders.say("quiero un ejecutivo")
    asks.say("quiero hablar con un ejecutivo")
    assert (orders.state, asks.state) == (Phase.OPEN, Phase.HUMAN)
