"""Messages by an id, a SKU or a place: taps, carts, questions about products, edits, revocations, locations."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from recado.conversation import Policy, ReplyKind, Silence
from recado.conversation.dialogue import Dialogue, Phase
from recado.orders import QuoteState
from recado.quotes import Catalogue
from recado.quotes.catalogue.product import Product
from recado.whatsapp.content import Buttons, List, Text
from recado.whatsapp.inbound import CartLine, Location, MessageType
from tests.conversation.replies import body, kind, quantities
from tests.quotes.shops import catalogue

CATALOGUE = catalogue()


@pytest.fixture
def dialogue() -> Dialogue:
    return Dialogue(CATALOGUE, Policy())


def token(dialogue: Dialogue) -> str:
    """The token of the newest quote."""
    assert dialogue.session.quote
    return dialogue.session.quote.token


class TestChoices:
    """The choices that a reply offers."""

    def test_a_quote_can_be_confirmed_changed_and_refused(self, dialogue: Dialogue) -> None:
        """With buttons that contain the quote's token; for a long quote, with a list of the same choices."""
        content = [dialogue.say(text).reply.content for text in ("2 camisas", _everything())]  # type: ignore[union-attr]  # None fails
        assert isinstance(content[0], Buttons)
        assert [button.id for button in content[0].buttons] == ["q:T1:confirm", "q:T1:change", "q:T1:reject"]
        assert isinstance(content[1], List)
        assert [row.id for row in content[1].rows] == ["q:T2:confirm", "q:T2:change", "q:T2:reject"]

    def test_a_question_offers_its_products_with_prices(self, dialogue: Dialogue) -> None:
        """A tap on one of them answers the question, and the quantity is kept."""
        turn = dialogue.say("2 jeans")
        assert turn.reply
        assert isinstance(turn.reply.content, Buttons | List)
        dialogue.tap("c:T1:0:PAN-005")

        assert (quantities(dialogue), dialogue.state) == ({"PAN-005": 2}, Phase.OPEN)

    def test_an_id_that_meta_would_refuse_leaves_a_text(self) -> None:
        """A SKU of 300 letters does not make the reply fail."""
        jeans = (Product(kind * 300, f"Jean {kind}", (), Decimal(10), pair=False) for kind in ("azul", "negro"))
        catalogue = Catalogue(tuple(jeans), "USD")
        turn = Dialogue(catalogue).say("2 jeans")

        assert turn.reply
        assert isinstance(turn.reply.content, Text)


class TestTaps:
    """A tap names a quote, which may no longer be open."""

    def test_confirm_places_one_order(self, dialogue: Dialogue) -> None:
        """After that, another tap and a yes get a reply with the order's number."""
        dialogue.say("2 camisas")
        dialogue.tap("q:T1:confirm")
        placed = dialogue.session.order
        assert (kind(dialogue), dialogue.state) == (ReplyKind.CONFIRMED, Phase.CONFIRMED)
        for again in (dialogue.tap, dialogue.say):
            again("q:T1:confirm" if again == dialogue.tap else "sí")
            assert kind(dialogue) is ReplyKind.ALREADY_CONFIRMED
            assert "P-1001" in body(dialogue)
        assert dialogue.session.order == placed

    def test_an_old_quote_is_not_confirmed(self, dialogue: Dialogue) -> None:
        """The reply shows the newest quote instead."""
        dialogue.say("2 camisas")
        dialogue.say("y una gorra")
        dialogue.tap("q:T1:confirm")

        assert body(dialogue).startswith("Esa cotización cambió. La última es esta:")
        assert (dialogue.state, quantities(dialogue)) == (Phase.OPEN, {"CAM-001": 2, "ACC-001": 1})

    def test_an_expired_quote_is_made_again(self, dialogue: Dialogue) -> None:
        """At today's prices; the customer has to confirm it."""
        dialogue.say("2 camisas")
        dialogue.now += Policy().quote_valid_seconds
        dialogue.tap("q:T1:confirm")

        assert "venció el 15 de noviembre. Estos son los precios de hoy:" in body(dialogue)
        assert (dialogue.state, dialogue.session.order) == (Phase.OPEN, None)
        dialogue.tap(f"q:{token(dialogue)}:confirm")
        assert dialogue.state is Phase.CONFIRMED

    @pytest.mark.parametrize("id_", ["q:UNKNOWN99999:confirm", "q:UNKNOWN99999:reject", "q:UNKNOWN99999:show"])
    def test_somebody_elses_quote_is_none(self, dialogue: Dialogue, id_: str) -> None:
        """The store returns only the customer's own quotes."""
        dialogue.tap(id_)
        assert kind(dialogue) is ReplyKind.NO_OPEN_QUOTE

    @pytest.mark.parametrize("id_", ["q::confirm", "q:T1:pay", "c:T1:x:SKU", "campaign-7", "q:T1:confirm "])
    def test_a_tap_with_a_foreign_id_is_read_by_its_title(self, dialogue: Dialogue, id_: str) -> None:
        """The button of a template means what its title says."""
        dialogue.hear(replace(dialogue.message("2 camisas"), type=MessageType.BUTTON, tapped=id_))
        assert quantities(dialogue) == {"CAM-001": 2}

    def test_the_other_choices(self, dialogue: Dialogue) -> None:
        """ "Change" explains how, "show" shows the quote, "reject" ends it."""
        dialogue.say("2 camisas")
        kinds = []
        for choice in ("change", "show", "reject", "confirm"):
            dialogue.tap(f"q:T1:{choice}")
            kinds.append(kind(dialogue))

        assert kinds == [ReplyKind.HOW_TO_CHANGE, ReplyKind.QUOTE, ReplyKind.REJECTED, ReplyKind.NO_OPEN_QUOTE]
        assert dialogue.state is Phase.REJECTED

    def test_a_tap_works_while_a_person_has_the_conversation(self, dialogue: Dialogue) -> None:
        """It orders the lines with a price. The reply names what is left out because of an open question."""
        dialogue.say("2 camisas y 3 jeans")
        dialogue.say("un asesor por favor")
        assert dialogue.say("sí").silence is Silence.HUMAN
        dialogue.tap("q:T1:confirm")

        assert dialogue.session.order
        assert dialogue.session.order.left_out == ("jeans",)
        assert "Quedó fuera: jeans." in body(dialogue)
        assert dialogue.state is Phase.HUMAN

    def test_a_question_that_is_answered_is_not_answered_twice(self, dialogue: Dialogue) -> None:
        """The second tap leaves the quote as it is."""
        dialogue.say("2 jeans")
        dialogue.tap("c:T1:0:PAN-005")
        dialogue.tap("c:T1:0:PAN-004")
        assert quantities(dialogue) == {"PAN-005": 2}


class TestCarts:
    """Carts of Meta's catalogue, and questions about its products."""

    def test_a_cart_is_quoted_at_our_prices(self, dialogue: Dialogue) -> None:
        """The reply names prices that differ, and asks about products that are not sold."""
        goods = (
            CartLine("CAM-001", 2, Decimal("19.00"), "USD"),
            CartLine("ACC-001", 1, Decimal("13.00"), "USD"),
            CartLine("XXX", 1),
        )
        dialogue.hear(replace(dialogue.message(), type=MessageType.ORDER, cart=goods))

        assert quantities(dialogue) == {"CAM-001": 2, "ACC-001": 1}
        assert "Camisa cuesta $25.50 (en tu carrito decía $19.00)" in body(dialogue)
        assert body(dialogue).count("en tu carrito") == 1
        assert "No encontré «XXX»" in body(dialogue)

    @pytest.mark.parametrize(
        ("note", "more", "told"),
        [
            (None, CartLine("ACC-001", 200_000), "200000 unidades de Gorra son más"),
            ("y 200000 gorras", None, "200000 unidades de Gorra son más"),
            ("y 2 o 3 gorras", None, "¿A qué te refieres con «Gorra»?"),
            ("camisa " * 1_000, None, "¿A qué te refieres con «camisa"),
        ],
    )
    def test_nothing_of_a_cart_and_its_note_is_left_out_silently(
        self, dialogue: Dialogue, note: str | None, more: CartLine | None, told: str
    ) -> None:
        """The reply also names what cannot be quoted."""
        goods = (CartLine("CAM-001", 2), *([more] if more else []))
        dialogue.hear(replace(dialogue.message(note), type=MessageType.ORDER, cart=goods))

        assert quantities(dialogue) == {"CAM-001": 2}
        assert told in body(dialogue)
        assert dialogue.asks

    def test_a_cart_of_what_is_not_sold_leaves_the_quote(self, dialogue: Dialogue) -> None:
        """The reply says so, and the quote keeps its lines."""
        dialogue.say("2 zapatos")

        dialogue.hear(replace(dialogue.message(), type=MessageType.ORDER, cart=(CartLine("X-1", 2, None, None),)))

        assert (kind(dialogue), dialogue.state, dialogue.asks) == (ReplyKind.QUESTION, Phase.OPEN, True)
        assert quantities(dialogue) == {"CAL-001": 2}
        assert "X-1" in body(dialogue)

    def test_another_currency_is_for_a_person(self, dialogue: Dialogue) -> None:
        goods = (CartLine("CAM-001", 2, Decimal("90000"), "COP"),)
        dialogue.hear(replace(dialogue.message(), type=MessageType.ORDER, cart=goods))
        assert (dialogue.state, dialogue.lines) == (Phase.HUMAN, ())

    @pytest.mark.parametrize(
        ("text", "lines", "reply"),
        [
            ("Hola, me interesa", {"ACC-001": 1}, ReplyKind.QUOTE),
            ("dame 3", {"ACC-001": 3}, ReplyKind.QUOTE),
            ("cuánto cuesta?", {}, ReplyKind.PRICES),
            ("2 camisas", {"CAM-001": 2}, ReplyKind.QUOTE),
        ],
    )
    def test_a_product_that_is_asked_about(
        self, dialogue: Dialogue, text: str, lines: dict[str, int], reply: ReplyKind
    ) -> None:
        """One piece of it, unless the message says something else."""
        dialogue.hear(replace(dialogue.message(text), product="ACC-001"))
        assert (quantities(dialogue), kind(dialogue)) == (lines, reply)

    def test_a_product_that_is_not_sold_here(self, dialogue: Dialogue) -> None:
        dialogue.hear(replace(dialogue.message("me interesa"), product="XXX"))
        assert "No encontré «XXX»" in body(dialogue)


class TestSecondThoughts:
    """Edited and revoked messages."""

    def test_an_edited_order_is_read_anew(self, dialogue: Dialogue) -> None:
        """It replaces the quote that it made before."""
        dialogue.say("2 camisas y 1 gorra")
        dialogue.hear(replace(dialogue.message("3 camisas"), type=MessageType.EDIT))
        assert quantities(dialogue) == {"CAM-001": 3}

    def test_an_edited_addition_is_not_added_twice(self, dialogue: Dialogue) -> None:
        dialogue.say("2 camisas")
        dialogue.say("agrega 2 gorras")
        dialogue.hear(replace(dialogue.message("agrega 3 gorras"), type=MessageType.EDIT))
        assert quantities(dialogue) == {"CAM-001": 2, "ACC-001": 3}

    def test_a_quote_goes_with_the_message_that_made_it(self, dialogue: Dialogue) -> None:
        """Without a reply."""
        dialogue.say("2 camisas")
        turn = dialogue.hear(replace(dialogue.message(), type=MessageType.REVOKE, original="T1"))

        assert (turn.reply, turn.silence) == (None, Silence.REVOKED)
        assert dialogue.session.quote
        assert dialogue.session.quote.state is QuoteState.WITHDRAWN

    def test_any_other_message_that_is_taken_back_changes_nothing(self, dialogue: Dialogue) -> None:
        dialogue.say("2 camisas")
        dialogue.hear(replace(dialogue.message(), type=MessageType.REVOKE, original="wamid.hello"))
        assert dialogue.state is Phase.OPEN


def test_a_location_after_an_order_is_where_it_goes(dialogue: Dialogue) -> None:
    """For a day. Otherwise recado asks the customer to write."""
    place = Location(4.65, -74.05, "Casa", "Cra 7 # 45-10")

    def share() -> None:
        dialogue.hear(replace(dialogue.message(), type=MessageType.LOCATION, location=place))

    share()
    assert kind(dialogue) is ReplyKind.PLEASE_WRITE
    dialogue.say("2 camisas")
    dialogue.say("sí")
    share()
    assert kind(dialogue) is ReplyKind.LOCATED
    assert dialogue.session.order
    assert dialogue.session.order.location == "4.650000 -74.050000, Casa, Cra 7 # 45-10"
    dialogue.now += 86_400
    share()
    assert kind(dialogue) is ReplyKind.PLEASE_WRITE


def _everything() -> str:
    return "\n".join(f"2 {product.name}" for product in CATALOGUE.products[:40])
