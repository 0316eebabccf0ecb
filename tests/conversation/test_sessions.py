"""How a session changes what a message means: what the customer has seen, what comes late, what is no longer sold."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from recado.conversation import Policy, ReplyKind, Silence
from recado.conversation.dialogue import Dialogue, Phase
from recado.orders import QuoteState
from recado.quotes import Catalogue
from recado.quotes.catalogue.product import Product
from recado.whatsapp.content import MOST_BUTTONS_BODY, MOST_TEXT, Buttons
from recado.whatsapp.inbound import CartLine, MessageType
from tests.conversation.replies import body, quantities
from tests.quotes.shops import catalogue

CATALOGUE = catalogue()
LATE = Policy().quote_merge_seconds + 1


@pytest.fixture
def dialogue() -> Dialogue:
    return Dialogue(CATALOGUE, Policy())


def unseen(dialogue: Dialogue) -> None:
    """Makes the newest quote one that still waits in the queue."""
    assert dialogue.session.quote
    dialogue.session = replace(dialogue.session, quote=replace(dialogue.session.quote, accepted_at=None))


@pytest.mark.parametrize("text", ["sí", "sí pero sin la gorra", "no"])
def test_nobody_decides_what_he_has_not_seen(dialogue: Dialogue, text: str) -> None:
    """The reply shows the quote, with the changes of the message."""
    dialogue.say("2 camisas y 1 gorra")
    unseen(dialogue)
    dialogue.say(text)

    assert (dialogue.state, dialogue.session.order) == (Phase.OPEN, None)
    assert "2 × $25.50" in body(dialogue)


def test_a_yes_to_a_message_that_is_quoted_means_that_quote(dialogue: Dialogue) -> None:
    """If that quote was replaced, it is not confirmed, and the reply shows the newest."""
    dialogue.say("2 camisas")
    dialogue.say("y una gorra")
    dialogue.hear(replace(dialogue.message("sí"), quoted="T1"))
    assert body(dialogue).startswith("Esa cotización cambió. La última es esta:")
    dialogue.hear(replace(dialogue.message("sí"), quoted="T2"))
    assert dialogue.state is Phase.CONFIRMED


@pytest.mark.parametrize("text", ["sí pero sin la gorra", "no quiero la gorra, lo demás sí", "no"])
def test_what_is_said_to_an_older_quote_decides_on_no_other(dialogue: Dialogue, text: str) -> None:
    """The newest quote contains things that the older one did not, so the reply shows it, with the changes of the
    message."""
    dialogue.say("2 camisas y 1 gorra")
    dialogue.say("y 2 zapatos")
    dialogue.hear(replace(dialogue.message(text), quoted="T1"))

    assert (dialogue.state, dialogue.session.order) == (Phase.OPEN, None)
    assert "2 × $45.99" in body(dialogue)


@pytest.mark.parametrize(
    ("after", "text", "lines"),
    [
        (1.0, "una gorra", {"CAM-001": 2, "ACC-001": 1}),
        (LATE, "una gorra", {"ACC-001": 1}),
        (LATE, "agrega una gorra", {"CAM-001": 2, "ACC-001": 1}),
        (LATE, "y una gorra", {"CAM-001": 2, "ACC-001": 1}),
        (LATE, "quita una camisa", {"CAM-001": 1}),
    ],
)
def test_an_order_adds_to_a_quote_for_a_while(
    dialogue: Dialogue, after: float, text: str, lines: dict[str, int]
) -> None:
    """Later, a plain order opens a new quote, and the reply says so. An order that says how it changes the quote
    still changes it."""
    dialogue.say("2 camisas")
    dialogue.now += after
    dialogue.say(text)

    assert quantities(dialogue) == lines
    assert body(dialogue).startswith("Preparé una cotización nueva") == ("CAM-001" not in lines)


def test_what_is_no_longer_sold_is_not_confirmed() -> None:
    """The rest is quoted again, and the customer has to confirm it."""
    shirt, cap = (Product(sku, name, (), Decimal(10), pair=False) for sku, name in (("A", "Camisa"), ("B", "Gorra")))
    dialogue = Dialogue(Catalogue((shirt, cap), "USD"))
    dialogue.say("2 camisas y 1 gorra")
    dialogue.sell(Catalogue((shirt,), "USD"))
    dialogue.say("sí")

    assert (dialogue.state, quantities(dialogue)) == (Phase.OPEN, {"A": 2})
    assert "Ya no tenemos: Gorra." in body(dialogue)
    dialogue.say("sí")
    assert dialogue.state is Phase.CONFIRMED


@pytest.mark.parametrize(
    "before", ["2 brochas de 4 y 1 martillo", "2 brochas", "2 brochas de 3 pulgadas", "precio de la brocha de 4?"]
)
@pytest.mark.parametrize(
    "text",
    [
        "la de 4", "la primera", "uno de cada una", "2", "mejor 3", "quita la brocha", "solo la brocha", "otra igual",
        "cambia la brocha por un rodillo", "me lo llevo", "bájale 1 a las brochas", "sí pero sin la brocha", "gracias",
    ],
)  # fmt: skip
def test_every_message_is_read_after_its_products_are_gone(before: str, text: str) -> None:
    """The catalogue changes while a quote, a question or a price is about what the shop no longer sells."""
    sold = catalogue("ferreteria")
    dialogue = Dialogue(sold)
    dialogue.say(before)
    dialogue.sell(Catalogue(tuple(p for p in sold.products if not p.name.startswith("Brocha")), sold.currency))
    dialogue.say(text)

    assert dialogue.turn.reply


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [("kg", None, "Arroz por kg"), (None, "kg", "Arroz por unidad"), ("kg", "g", "Arroz por kg")],
)
@pytest.mark.parametrize("text", ["sí", "agrega 1 gorra"])
def test_a_quantity_is_of_the_unit_that_it_was_asked_in(
    before: str | None, now: str | None, told: str, text: str
) -> None:
    """If the catalogue changes, 2 kilos become neither 2 grams nor 2 pieces, in the quote or in the next order."""
    rice, by_other = (Product("A", "Arroz", (), Decimal(10), pair=False, unit=unit) for unit in (before, now))
    cap = Product("B", "Gorra", (), Decimal(5), pair=False)
    dialogue = Dialogue(Catalogue((rice, cap), "USD"))
    dialogue.say("2 kg de arroz y 1 gorra" if before else "2 arroz y 1 gorra")
    dialogue.sell(Catalogue((by_other, cap), "USD"))
    dialogue.say(text)

    assert (dialogue.state, set(quantities(dialogue))) == (Phase.OPEN, {"B"})
    assert f"Ya no tenemos: {told}." in body(dialogue)

    dialogue.sell(Catalogue((rice, cap), "USD"))
    dialogue.say("2 kg de arroz" if before else "2 arroz")
    dialogue.say("sí")
    assert quantities(dialogue)["A"] == 2
    dialogue.sell(Catalogue((by_other, cap), "USD"))
    dialogue.say("lo mismo otra vez")
    assert quantities(dialogue).keys() == {"B"}


def test_prices_of_a_quote_hold_until_it_is_changed() -> None:
    """A yes orders at the prices that were shown; a change shows today's prices."""
    cheap, dear = (Product("A", "Camisa", (), Decimal(price), pair=False) for price in (10, 12))
    dialogue = Dialogue(Catalogue((cheap,), "USD"))
    dialogue.say("2 camisas")
    dialogue.sell(Catalogue((dear,), "USD"))
    dialogue.say("sí, mejor 1")
    assert dialogue.session.order
    assert dialogue.session.order.total == 10

    dialogue.say("2 camisas")
    dialogue.sell(Catalogue((cheap,), "USD"))
    dialogue.say("que sean 3")
    assert "3 × $10.00" in body(dialogue)


def test_a_person_takes_over_until_the_hold_ends(dialogue: Dialogue) -> None:
    """After the hold, recado replies again."""
    dialogue.say("2 camisas")
    dialogue.say("quiero hablar con una persona")
    assert dialogue.say("sí").silence is Silence.HUMAN
    dialogue.now += Policy().hold_seconds
    dialogue.say("sí")

    assert dialogue.state is Phase.CONFIRMED


SAID = (
    "2 camisas", "3 jeans y una gorra", "azules", "sí", "no", "sí pero sin la gorra", "quita la camisa", "quítale 1",
    "mejor 3", "2 más", "lo mismo otra vez", "cancela todo", "el primero", "2 o 3 toallas", "un dinosaurio", "hola",
    "cuánto cuesta el termo?", "me lo llevo", "cambia la camisa por una gorra", "el doble", "la mitad", "gracias",
    "déjame solo la gorra", "una de cada una", "ninguna", "medio kilo", "200000 gorras", "👍", "?", "y",
    "agrega 2 gorras",
)  # fmt: skip
TAPS = ("c:T1:0:PAN-004", *(f"q:T{n}:{choice}" for n in (1, 2, 3) for choice in ("confirm", "reject", "show")))


@settings(max_examples=150)
@given(st.lists(st.sampled_from([*SAID, *TAPS]), max_size=12))
def test_any_conversation_leaves_consistent_data(said: list[str]) -> None:
    """A quote makes at most one order, and only of what was shown. No line is empty, and every message has a reply
    or a reason for none."""
    dialogue = Dialogue(CATALOGUE)
    ordered: dict[str, int] = {}
    shown: dict[str, dict[str, object]] = {}
    for one in said:
        before = dialogue.session
        turn = dialogue.tap(one) if one in TAPS else dialogue.say(one)
        assert (turn.reply is None) != (turn.silence is None)
        changes = turn.changes
        if changes and changes.opens:
            shown[changes.opens.token] = {line.sku: line.quantity for line in changes.opens.lines}
            assert changes.opens.lines
        if changes and changes.places:
            order = changes.places
            ordered[order.quote] = ordered.get(order.quote, 0) + 1
            assert before.quote
            assert before.quote.state is QuoteState.OPEN
            assert all(line.quantity <= shown[order.quote].get(line.sku, 0) for line in order.lines)  # type: ignore[operator]  # `shown` has quantities only
        assert all(line.quantity > 0 and isinstance(line.total, Decimal) for line in dialogue.lines)
        assert (dialogue.state is Phase.OPEN) == (bool(dialogue.lines) and dialogue.state is not Phase.CONFIRMED)
    assert set(ordered.values()) <= {1}


HOSTILE = Catalogue(
    tuple(
        Product(f"S{n}", f"Producto {'👩‍🚀' * 20} {'largo ' * 25}{n}", (f"cosa {n}",), Decimal("0.01"), pair=False)
        for n in range(500)
    ),
    "USD",
)


@pytest.mark.parametrize(
    "texts",
    [
        ["\n".join(f"2 cosa {n}" for n in range(150)), "sí", "sí"],
        ["cosa", "la primera", "sí"],
        ["una cosa 1 y 2 cosa 2", "quita la cosa 1", "cuánto cuesta la cosa 3?", "lo mismo"],
        ["2 o 3 cosa 1, 2 o 3 cosa 2, unas cuantas cosa 4", "hola", "sí"],
    ],
)
def test_no_reply_is_longer_than_meta_allows(texts: list[str]) -> None:
    """With 500 products whose names have 200 letters and emoji of several code points."""
    dialogue = Dialogue(HOSTILE)
    for text in texts:
        turn = dialogue.say(text)
        assert turn.reply
        content = turn.reply.content
        assert 0 < len(content.body) <= (MOST_BUTTONS_BODY if isinstance(content, Buttons) else MOST_TEXT)
        assert turn.reply.kind in ReplyKind


def test_a_text_that_costs_too_much_beside_a_long_quote_is_too_long() -> None:
    """Each of its words would be compared with every line. The quote stays as it is."""
    sizes = [
        Product(f"S{n}", f"{'🧵' * 30} cosa{n}", (f"cosa {n}", f"pieza modelo {n}"), Decimal(1), pair=False)
        for n in range(500)
    ]
    dialogue = Dialogue(Catalogue(tuple(sizes), "USD"))
    goods = tuple(CartLine(f"S{n}", 1) for n in range(500))
    dialogue.hear(replace(dialogue.message(), type=MessageType.ORDER, cart=goods))
    turn = dialogue.say(", ".join(f"1 piesa modelo {n}" for n in range(30)))

    assert turn.reply
    assert turn.reply.kind is ReplyKind.TOO_LONG
    assert len(dialogue.lines) == 500


def test_products_for_which_a_quote_has_no_room_are_named() -> None:
    """The reply names the products that do not fit."""
    many = [Product(f"S{n}", f"Cosa {n}", (f"cosa {n}",), Decimal(1), pair=False) for n in range(520)]
    dialogue = Dialogue(Catalogue(tuple(many), "USD"))
    goods = tuple(CartLine(f"S{n}", 1) for n in range(502))

    turn = dialogue.hear(replace(dialogue.message(), type=MessageType.ORDER, cart=goods))

    assert len(dialogue.lines) == 500
    assert turn.reply
    assert "Quedó fuera: Cosa 500, Cosa 501." in turn.reply.content.body
    assert dialogue.asks
    added = dialogue.say("agrega 2 cosa 510")
    assert added.reply
    assert "Quedó fuera: Cosa 510." in added.reply.content.body
    assert {"S510"}.isdisjoint(line.sku for line in dialogue.lines)
