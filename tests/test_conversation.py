"""What is answered to what, without any I/O."""

import pytest

from recado.conversation import AnswerKind, Conversation, Silence
from recado.queue.model import QuoteMark
from recado.quotes import Catalogue, QuoteService
from recado.quotes.catalogue import DEFAULT_PATH
from recado.whatsapp.customer import Customer
from recado.whatsapp.payloads import InboundMessage, MessageType

NUMBERS = frozenset({"1"})


@pytest.fixture(scope="module")
def conversation() -> Conversation:
    catalogue = Catalogue.from_csv(DEFAULT_PATH)
    return Conversation(QuoteService(lambda: catalogue), lambda: catalogue)


def message(text: str | None = "hola", type_: MessageType = MessageType.TEXT, **changes: object) -> InboundMessage:
    fields: dict[str, object] = {
        "wamid": "w",
        "type": type_,
        "text": text,
        "sender": Customer("+15550100001", "US.1"),
        "phone_number_id": "1",
        "sent_at": 1.0,
    }
    return InboundMessage(**{**fields, **changes})  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    ("text", "open_quote", "kind", "mark"),
    [
        ("Quiero 2 zapatos y 1 camisa", False, AnswerKind.QUOTE, QuoteMark.OPENS),
        ("cuánto cuesta la camisa?", False, AnswerKind.QUOTE, QuoteMark.OPENS),
        ("hola buenas tardes", False, AnswerKind.INSTRUCTIONS, QuoteMark.NONE),
        ("qué venden?", False, AnswerKind.INSTRUCTIONS, QuoteMark.NONE),
        ("muchas gracias", False, AnswerKind.THANKS, QuoteMark.NONE),
        ("sí, confirmo", True, AnswerKind.CONFIRMED, QuoteMark.CONFIRMS),
        ("sí, confirmo", False, AnswerKind.NO_OPEN_QUOTE, QuoteMark.NONE),
        ("no, gracias", True, AnswerKind.REJECTED, QuoteMark.REJECTS),
        ("NO", False, AnswerKind.NO_OPEN_QUOTE, QuoteMark.NONE),
        ("quiero 3 dinosaurios", False, AnswerKind.NOT_UNDERSTOOD, QuoteMark.NONE),
        ("   ", False, AnswerKind.PLEASE_WRITE, QuoteMark.NONE),
        (None, False, AnswerKind.PLEASE_WRITE, QuoteMark.NONE),
    ],
)
def test_every_intent_has_its_answer(
    conversation: Conversation, text: str | None, open_quote: bool, kind: AnswerKind, mark: QuoteMark
) -> None:
    """By what the customer wants, and whether a quote of his is open."""
    answer = conversation.answer(conversation.read(message(text)), open_quote=open_quote)

    assert (answer.kind, answer.mark) == (kind, mark)
    assert 0 < len(answer.text) <= 4096


@pytest.mark.parametrize("text", ["sí", "no", "dale", "confirmo"])
def test_only_a_yes_or_no_looks_for_an_open_quote(conversation: Conversation, text: str) -> None:
    """All other messages are answered without a look into the store."""
    assert conversation.asks_for_open_quote(conversation.read(message(text)))
    assert not conversation.asks_for_open_quote(conversation.read(message("2 camisas")))
    assert not conversation.asks_for_open_quote(None)


@pytest.mark.parametrize(
    ("changes", "silence"),
    [
        ({}, None),
        ({"phone_number_id": "2"}, Silence.OTHER_NUMBER),
        ({"is_group": True}, Silence.GROUP),
        ({"type_": MessageType.REACTION}, Silence.TYPE),
        ({"type_": MessageType.UNSUPPORTED}, Silence.TYPE),
        ({"sender": None}, Silence.UNUSABLE_SENDER),
        ({"type_": MessageType.AUDIO, "text": None}, None),
    ],
)
def test_who_gets_no_reply(conversation: Conversation, changes: dict[str, object], silence: Silence | None) -> None:
    """Another business number, groups, reactions and system messages, senders who cannot be reached."""
    assert conversation.silence(message(**changes), NUMBERS) is silence  # type: ignore[arg-type]  # fields by name
