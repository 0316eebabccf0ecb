"""A person handles the conversation, and recado gets it back."""

import pytest

from recado.conversation import Policy, ReplyKind, Silence
from recado.conversation.dialogue import Dialogue, Phase
from recado.conversation.moment import MISSED_IN_A_ROW
from recado.hours import parse
from recado.orders import Handoff
from recado.whatsapp.content import Buttons, List, Text
from tests.conversation.replies import kind
from tests.quotes.shops import catalogue

CATALOGUE = catalogue()
NONSENSE = ("quiero 3 heladeras", "quiero 2 televisores", "quiero 4 lavadoras")


@pytest.fixture
def dialogue() -> Dialogue:
    return Dialogue(CATALOGUE, Policy())


def buttons(dialogue: Dialogue) -> list[str]:
    """The ids of the last reply's buttons."""
    assert dialogue.turn.reply
    content = dialogue.turn.reply.content
    return [button.id for button in content.buttons] if isinstance(content, Buttons) else []


@pytest.mark.parametrize("back", ["bot", "Bot", " BOT! ", "«bot»"])
def test_bot_alone_ends_a_hold(dialogue: Dialogue, back: str) -> None:
    """The conversation continues where it was."""
    dialogue.say("2 camisas")
    dialogue.say("un asesor por favor")
    dialogue.say(back)

    assert (kind(dialogue), dialogue.state) == (ReplyKind.GIVEN_BACK, Phase.OPEN)
    assert dialogue.session.talk.handoff == Handoff(changed_at=dialogue.now)


@pytest.mark.parametrize("words", ["el bot no sirve", "bote", "no quiero bot", "bot 2 camisas"])
def test_bot_beside_other_words_does_not(dialogue: Dialogue, words: str) -> None:
    """The message may be for the person."""
    dialogue.say("un asesor por favor")
    assert dialogue.say(words).silence is Silence.HUMAN
    assert dialogue.state is Phase.HUMAN


def test_the_hand_over_offers_the_way_back_by_a_tap(dialogue: Dialogue) -> None:
    """During the hold, a tap for a person gets no reply, because a person already handles the conversation."""
    dialogue.say("un asesor por favor")
    offered = buttons(dialogue)
    again = dialogue.tap("h:person")
    dialogue.tap(offered[0])

    assert offered == ["h:assistant"]
    assert again.silence is Silence.HUMAN
    assert (kind(dialogue), dialogue.state) == (ReplyKind.GIVEN_BACK, Phase.NONE)


def test_a_person_is_offered_after_messages_that_were_not_understood(dialogue: Dialogue) -> None:
    """The hold begins only when the customer accepts the offer."""
    offers = []
    for words in NONSENSE:
        dialogue.say(words)
        offers.append((kind(dialogue), buttons(dialogue), dialogue.state))
    dialogue.tap("h:person")

    assert len(NONSENSE) == MISSED_IN_A_ROW
    missed: tuple[ReplyKind, list[str], Phase] = (ReplyKind.NOT_UNDERSTOOD, [], Phase.NONE)
    assert offers == [missed, missed, (ReplyKind.NOT_UNDERSTOOD, ["h:person"], Phase.NONE)]
    assert (kind(dialogue), dialogue.state) == (ReplyKind.HANDED_OVER, Phase.HUMAN)


def test_messages_that_are_understood_begin_the_count_anew(dialogue: Dialogue) -> None:
    """recado offers a person only after several misses in a row."""
    for words in (*NONSENSE[:2], "hola", *NONSENSE[:2]):
        dialogue.say(words)
        assert dialogue.turn.reply
        assert isinstance(dialogue.turn.reply.content, Text)


def test_a_customer_who_asks_out_of_hours_reads_when_somebody_comes() -> None:
    """By the shop's clock. recado is silent during the hold in any case."""
    policy = Policy(business_hours=parse("mon-fri 9-18"), timezone="America/Bogota")
    texts = []
    for hour in (15, 3):  # 10:00 and 22:00 in Bogota
        dialogue = Dialogue(CATALOGUE, policy, now=1_795_392_000.0 + hour * 3600)  # a Monday
        turn = dialogue.say("un asesor por favor")
        assert turn.reply
        assert isinstance(turn.reply.content, Buttons)
        texts.append(turn.reply.content.body)
        assert dialogue.state is Phase.HUMAN

    assert "en un momento" in texts[0]
    assert "Atendemos de lunes a viernes de 9 a 18 h" in texts[1]


@pytest.mark.parametrize(("limit", "offers"), [(0.0, False), (1000.0, False), (20.0, True)])
def test_a_large_quote_offers_a_person(limit: float, offers: bool) -> None:
    """In addition to the other choices. The hold begins only when the customer accepts the offer."""
    dialogue = Dialogue(CATALOGUE, Policy(handoff_total=limit))
    turn = dialogue.say("2 camisas")
    assert turn.reply
    content = turn.reply.content
    ids = [row.id for row in content.rows] if isinstance(content, List) else buttons(dialogue)

    assert ("h:person" in ids) is offers
    assert any(id_.endswith(":confirm") for id_ in ids)
    assert dialogue.state is Phase.OPEN
