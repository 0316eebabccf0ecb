"""What is replied to what, without any I/O."""

import pytest

from recado.conversation import QUOTE_VALID_SECONDS, Conversation, ReplyKind, Session, Silence
from recado.conversation.conversation import needs_session
from recado.queue.model import QuoteMark
from recado.quotes import Catalogue, QuoteService
from recado.quotes.catalogue import DEFAULT_PATH
from recado.whatsapp.customer import Customer
from recado.whatsapp.payloads import InboundMessage, MessageType

NUMBERS = frozenset({"1"})
NOW = 1_000_000.0


@pytest.fixture(scope="module")
def conversation() -> Conversation:
    catalogue = Catalogue.from_csv(DEFAULT_PATH)
    return Conversation(QuoteService(lambda: catalogue), lambda: catalogue, NUMBERS)


def message(text: str | None = "hola", type_: MessageType = MessageType.TEXT, **changes: object) -> InboundMessage:
    fields: dict[str, object] = {
        "wamid": "w",
        "type": type_,
        "text": text,
        "sender": Customer("+15550100001", "US.1"),
        "phone_number_id": "1",
        "sent_at": NOW,
    }
    return InboundMessage(**{**fields, **changes})  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    ("text", "open_quote", "kind", "mark"),
    [
        ("Quiero 2 zapatos y 1 camisa", False, ReplyKind.QUOTE, QuoteMark.OPENS),
        ("cuánto cuesta la camisa?", False, ReplyKind.QUOTE, QuoteMark.OPENS),
        ("hola buenas tardes", False, ReplyKind.INSTRUCTIONS, QuoteMark.NONE),
        ("qué venden?", False, ReplyKind.INSTRUCTIONS, QuoteMark.NONE),
        ("muchas gracias", False, ReplyKind.THANKS, QuoteMark.NONE),
        ("sí, confirmo", True, ReplyKind.CONFIRMED, QuoteMark.CONFIRMS),
        ("sí, confirmo", False, ReplyKind.NO_OPEN_QUOTE, QuoteMark.NONE),
        ("no, gracias", True, ReplyKind.REJECTED, QuoteMark.REJECTS),
        ("NO", False, ReplyKind.NO_OPEN_QUOTE, QuoteMark.NONE),
        ("quiero 3 dinosaurios", False, ReplyKind.NOT_UNDERSTOOD, QuoteMark.NONE),
        ("   ", False, ReplyKind.PLEASE_WRITE, QuoteMark.NONE),
        (None, False, ReplyKind.PLEASE_WRITE, QuoteMark.NONE),
    ],
)
def test_every_intent_has_its_reply(
    conversation: Conversation, text: str | None, open_quote: bool, kind: ReplyKind, mark: QuoteMark
) -> None:
    """By what the customer wants, and whether a quote of his is open."""
    session = Session(quoted_at=NOW - 60 if open_quote else None)
    turn = conversation.handle(conversation.read(message(text)), session, NOW)

    assert turn.reply
    assert (turn.reply.kind, turn.open_quote) == (kind, mark)
    assert 0 < len(turn.reply.content.body) <= 4096


def test_an_old_quote_is_no_longer_open(conversation: Conversation) -> None:
    """After a day a yes confirms nothing; a second before it does."""
    inbound = conversation.read(message("sí"))
    kinds = [
        turn.reply.kind
        for age in (QUOTE_VALID_SECONDS - 1, QUOTE_VALID_SECONDS)
        if (turn := conversation.handle(inbound, Session(quoted_at=NOW - age), NOW)).reply
    ]

    assert kinds == [ReplyKind.CONFIRMED, ReplyKind.NO_OPEN_QUOTE]


@pytest.mark.parametrize(
    ("sent_at", "settles"),
    [(NOW - 60, False), (NOW - 1, False), (NOW, True), (NOW + 5, True), (NOW + 9e9, True), (None, True)],
)
@pytest.mark.parametrize("text", ["sí", "no"])
def test_an_answer_counts_for_when_it_was_written(
    conversation: Conversation, text: str, sent_at: float | None, settles: bool
) -> None:
    """One that is older than the quote does not mean it; Meta's seconds are whole, and a clock ahead is no reason."""
    inbound = conversation.read(message(text, sent_at=sent_at))
    turn = conversation.handle(inbound, Session(quoted_at=NOW + 0.9), NOW + 10)

    assert (turn.open_quote is not QuoteMark.NONE) == settles


@pytest.mark.parametrize("text", ["sí", "no", "dale", "confirmo"])
def test_only_a_yes_or_no_needs_the_session(conversation: Conversation, text: str) -> None:
    """All other messages are handled without a read of the store."""
    assert needs_session(conversation.read(message(text)))
    assert not needs_session(conversation.read(message("2 camisas")))
    assert not needs_session(conversation.read(message(None)))


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
    turn = conversation.handle(conversation.read(message(**changes)), Session(), NOW)  # type: ignore[arg-type]

    assert turn.silence is silence
    assert (turn.reply is None) == (silence is not None)
