"""Every kind of message, from Meta's JSON to the text that the customer reads."""

from typing import Any

import pytest

from recado.conversation import Conversation, Policy, Silence
from recado.conversation.turn import Turn
from recado.orders import Session
from recado.quotes import QuoteService
from recado.whatsapp.content import Buttons, Text, as_text
from recado.whatsapp.inbound import Customer, InboundMessage
from recado.whatsapp.payloads import parse
from tests.meta import NUMBER, text_message, webhook
from tests.quotes.shops import catalogue

CATALOGUE = catalogue()
NOW = 1_790_000_100.0
ORDER = "Quiero 2 zapatos y 1 camisa"
CARD = {"name": {"formatted_name": "Bo Li"}, "phones": [{"phone": "+1 555 010 0002", "wa_id": "15550100002"}]}


def incoming(kind: str, content: Any, **more: Any) -> InboundMessage:
    raw = text_message(1, "", sent_at=NOW) | {"type": kind, "text": None, kind: content} | more
    (message,) = parse(webhook(raw)).messages
    return message


def turn(message: InboundMessage, *, hears: bool = False) -> Turn:
    quotes = QuoteService(lambda: CATALOGUE, max_quantity=1000, confidence_threshold=0.9)
    conversation = Conversation(quotes, lambda: CATALOGUE, frozenset([NUMBER]), Policy(hears=hears))
    return conversation.handle(conversation.read(message), Session(), NOW)


def reads(said: Turn) -> str:
    """The text that the customer reads; "" if there is no reply."""
    if said.reply is None:
        return ""
    content = as_text(said.reply.content)
    assert isinstance(content, Text)
    return content.body


QUOTE = "*Total: $117.48*"
WRITE = "solo puedo leer texto"


@pytest.mark.parametrize(
    ("kind", "content", "read"),
    [
        ("text", {"body": ORDER}, QUOTE),
        ("image", {"id": "9001", "caption": ORDER}, QUOTE),
        ("image", {"id": "9001"}, WRITE),
        ("image", {"id": "9001", "caption": "   "}, WRITE),
        ("video", {"id": "9002", "caption": ORDER}, QUOTE),
        ("video", {"id": "9002"}, WRITE),
        ("audio", {"id": "9003", "voice": True}, WRITE),
        ("audio", {"id": "9003", "voice": False}, WRITE),
        ("document", {"id": "9004", "filename": "lista.pdf", "caption": ORDER}, QUOTE),
        ("document", {"id": "9004", "filename": "zapatos.pdf"}, "Recibí tu documento"),
        ("location", {"latitude": 52.1, "longitude": 4.3}, WRITE),
        ("contacts", [{**CARD, "origin": "other"}], WRITE),
        ("contacts", [{**CARD, "origin": "contact_request"}], "¡Gracias"),
        ("contacts", [], WRITE),
        ("contacts", "x", WRITE),
        ("sticker", {"id": "9005", "animated": False}, ""),
        ("reaction", {"message_id": "wamid.OUT1", "emoji": "👍"}, ""),
        ("reaction", {"message_id": "wamid.OUT1"}, ""),
        ("system", {"type": "user_changed_number", "wa_id": "15550100009"}, ""),
        ("unsupported", {"type": "poll_creation"}, ""),
        ("request_welcome", {}, ""),
        ("nfc_tap", {"of": "tomorrow"}, ""),
        ("interactive", {"button_reply": {"id": "q:NOBODYS:confirm", "title": "Sí"}}, "No tienes"),
        ("interactive", {"list_reply": {"id": "x", "title": ORDER}}, QUOTE),
        ("interactive", {"nfm_reply": {"response_json": "{}"}}, ""),
        ("button", {"payload": "q:NOBODYS:show", "text": "Ver cotización"}, "No tienes"),
        ("button", {"payload": "x", "text": ORDER}, QUOTE),
        ("order", {"product_items": [{"product_retailer_id": "CAL-001", "quantity": 2}]}, "*Total: $91.98*"),
        ("order", {"product_items": []}, ""),
        ("edit", {"original_message_id": "wamid.T0", "message": {"type": "text", "text": {"body": ORDER}}}, QUOTE),
        ("revoke", {"original_message_id": "wamid.T0"}, ""),
    ],
)  # fmt: skip
def test_what_a_customer_reads(kind: str, content: Any, read: str) -> None:
    """A caption counts as text. Stickers, reactions and the like get no reply; for other messages without words,
    recado asks the customer to write."""
    said = reads(turn(incoming(kind, content)))
    assert (read in said) if read else said == ""


def test_a_product_that_is_asked_about_is_quoted() -> None:
    """It is named by its SKU, and the text has the quantity."""
    context = {"referred_product": {"catalog_id": "5001", "product_retailer_id": "CAL-001"}}
    assert "*Total: $137.97*" in reads(turn(incoming("text", {"body": "quiero 3"}, context=context)))


@pytest.mark.parametrize("kind", ["text", "image", "audio", "document"])
def test_a_group_gets_no_reply(kind: str) -> None:
    assert turn(incoming(kind, {"body": ORDER, "caption": ORDER}, group_id="G1")).silence is Silence.GROUP


def test_a_voice_note_is_proposed_where_it_is_understood() -> None:
    """Only after a picture, which recado cannot read."""
    assert "nota de voz" in reads(turn(incoming("image", {"id": "9001"}), hears=True))
    assert "nota de voz" not in reads(turn(incoming("image", {"id": "9001"})))


def test_a_person_is_offered_for_a_document() -> None:
    """A document is often a shopping list or a proof of payment."""
    said = turn(incoming("document", {"id": "9004"}))
    assert said.reply is not None
    assert isinstance(said.reply.content, Buttons)
    assert [button.id for button in said.reply.content.buttons] == ["h:person"]
    assert said.changes is not None
    assert said.changes.talk is None, "it is an offer: nobody has the conversation yet"


def test_a_phone_number_that_is_given_is_the_customers() -> None:
    """The customer was known only by a user id. A contact card of somebody else changes nothing."""
    nameless = {"from": None, "from_user_id": "US.ABC123"}
    given = incoming("contacts", [{**CARD, "origin": "contact_request"}], **nameless)
    assert given.customer == Customer("+15550100002", "US.ABC123")
    assert given.customer_names == (f"{NUMBER}:US.ABC123", f"{NUMBER}:+15550100002")

    shared = incoming("contacts", [{**CARD, "origin": "other"}], **nameless)
    assert shared.customer == Customer(None, "US.ABC123")
    for cards in ([{"origin": "contact_request"}], [{"origin": "contact_request", "phones": [7, {"wa_id": 7}]}], [7]):
        assert incoming("contacts", cards, **nameless).customer == Customer(None, "US.ABC123")
