"""Which reply a message gets, without I/O."""

from collections import Counter

import pytest
from msgspec.structs import replace

from recado.conversation import Conversation, Policy, ReplyKind, Silence, Turn
from recado.conversation.conversation import NAME_LETTERS, random_token
from recado.orders import QuoteState, Session
from recado.quotes import Catalogue, QuoteService
from recado.quotes.catalogue.catalogue import DEFAULT_PATH
from recado.whatsapp.inbound import Customer, InboundMessage, MessageType
from tests.work import lines_run

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
        "customer": Customer("+15550100001", "US.1"),
        "phone_number_id": "1",
        "sent_at": NOW,
    }
    return InboundMessage(**{**fields, **changes})  # type: ignore[arg-type]  # fields by name


def quoted(conversation: Conversation, *, accepted_at: float | None) -> Session:
    """The session of a customer who asked for a quote, which Meta accepted at that time."""
    turn = conversation.handle(conversation.read(message("2 zapatos")), Session(), NOW - 60)
    assert turn.changes
    assert turn.changes.opens
    quote = replace(turn.changes.opens, accepted_at=accepted_at)
    return Session(version=1, quote=quote, order_number=1042)


def what_becomes(turn: Turn) -> QuoteState | None:
    """The state of the quote that a turn opens or closes."""
    changes = turn.changes
    if changes is None or (changes.closes is None and changes.opens is None):
        return None
    return changes.closes.state if changes.closes else QuoteState.OPEN


@pytest.mark.parametrize(
    ("text", "open_quote", "kind", "state"),
    [
        ("Quiero 2 zapatos y 1 camisa", False, ReplyKind.QUOTE, QuoteState.OPEN),
        ("cuánto cuesta la camisa?", False, ReplyKind.PRICES, None),
        ("hola buenas tardes", False, ReplyKind.INSTRUCTIONS, None),
        ("qué venden?", False, ReplyKind.INSTRUCTIONS, None),
        ("muchas gracias", False, ReplyKind.THANKS, None),
        ("sí, confirmo", True, ReplyKind.CONFIRMED, QuoteState.CONFIRMED),
        ("sí, confirmo", False, ReplyKind.NO_OPEN_QUOTE, None),
        ("no, gracias", True, ReplyKind.REJECTED, QuoteState.REJECTED),
        ("NO", False, ReplyKind.NO_OPEN_QUOTE, None),
        ("quiero 3 dinosaurios", False, ReplyKind.NOT_UNDERSTOOD, None),
        ("   ", False, ReplyKind.PLEASE_WRITE, None),
        (None, False, ReplyKind.PLEASE_WRITE, None),
    ],
)
def test_every_intent_has_its_reply(
    conversation: Conversation, text: str | None, open_quote: bool, kind: ReplyKind, state: QuoteState | None
) -> None:
    """It depends on what the customer wants, and on whether he has an open quote."""
    session = quoted(conversation, accepted_at=NOW - 60) if open_quote else Session()
    turn = conversation.handle(conversation.read(message(text)), session, NOW)

    assert turn.reply
    assert (turn.reply.kind, what_becomes(turn)) == (kind, state)
    assert 0 < len(turn.reply.content.body) <= 4096


def test_an_old_quote_is_no_longer_open(conversation: Conversation) -> None:
    """After a day, a yes gets a quote with today's prices; a second before, it confirms."""
    inbound = conversation.read(message("sí"))
    session = quoted(conversation, accepted_at=NOW - 60)
    valid = Policy().quote_valid_seconds
    turns = [conversation.handle(inbound, session, NOW - 60 + age) for age in (valid - 1, valid)]

    assert [turn.reply.kind for turn in turns if turn.reply] == [ReplyKind.CONFIRMED, ReplyKind.QUOTE]
    assert turns[1].changes
    assert turns[1].changes.places is None
    assert turns[1].changes.opens


def test_an_order_is_the_quote_that_was_confirmed(conversation: Conversation) -> None:
    """The same lines at the same prices, with the reserved number."""
    session = quoted(conversation, accepted_at=NOW - 60)
    changes = conversation.handle(conversation.read(message("sí")), session, NOW).changes
    assert changes
    assert changes.places
    assert session.quote

    assert (changes.places.number, changes.places.quote) == (1042, session.quote.token)
    assert (changes.places.lines, changes.places.total) == (session.quote.lines, session.quote.total)


@pytest.mark.parametrize(
    ("sent_at", "settles"),
    [(NOW - 60, False), (NOW - 1, False), (NOW, True), (NOW + 5, True), (NOW + 9e9, True), (None, True)],
)
@pytest.mark.parametrize("text", ["sí", "no"])
def test_an_answer_counts_for_when_it_was_written(
    conversation: Conversation, text: str, sent_at: float | None, settles: bool
) -> None:
    """A message that is older than the quote does not decide on it. Meta's timestamps are whole seconds, and a time
    in the future counts."""
    inbound = conversation.read(message(text, sent_at=sent_at))
    turn = conversation.handle(inbound, quoted(conversation, accepted_at=NOW + 0.9), NOW + 10)

    assert (what_becomes(turn) is not None) == settles


@pytest.mark.parametrize(
    ("changes", "silence"),
    [
        ({}, None),
        ({"phone_number_id": "2"}, Silence.OTHER_NUMBER),
        ({"is_group": True}, Silence.GROUP),
        ({"type_": MessageType.REACTION}, Silence.TYPE),
        ({"type_": MessageType.UNSUPPORTED}, Silence.TYPE),
        ({"customer": None}, Silence.UNUSABLE_ADDRESS),
        ({"type_": MessageType.AUDIO, "text": None}, None),
    ],
)
def test_who_gets_no_reply(conversation: Conversation, changes: dict[str, object], silence: Silence | None) -> None:
    """Messages to another business number, in groups, reactions and system messages, and customers without an
    address."""
    turn = conversation.handle(conversation.read(message(**changes)), Session(), NOW)  # type: ignore[arg-type]  # fields by name

    assert turn.silence is silence
    assert (turn.reply is None) == (silence is not None)


def test_a_quote_s_name_is_drawn_at_once_from_all_letters() -> None:
    """All letters are equally likely; one draw makes all twelve."""
    names = [random_token() for _ in range(2000)]
    counts = Counter("".join(names))

    assert {len(name) for name in names} == {12}
    assert set(counts) == set(NAME_LETTERS)
    assert max(counts.values()) < 1.5 * min(counts.values())
    assert lines_run(random_token) < 15
