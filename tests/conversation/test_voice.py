"""Voice notes in a conversation: the reply shows the transcript, marks more lines as doubtful, and only a bare yes
confirms."""

import pytest
from msgspec.structs import replace

from recado.conversation import Policy, ReplyKind
from recado.conversation.dialogue import Dialogue, Phase
from recado.conversation.turn import Turn
from recado.orders import QuoteSource
from recado.whatsapp.content import Buttons, Text, as_text
from recado.whatsapp.inbound import Media, MessageType
from tests.quotes.shops import catalogue

CATALOGUE = catalogue()
HEARS = Policy(hears=True)


def said(turn: Turn) -> str:
    assert turn.reply is not None
    content = as_text(turn.reply.content)
    assert isinstance(content, Text)
    return content.body


def test_a_voice_note_is_listened_to_where_somebody_hears() -> None:
    """Its reply is for the case that nothing is heard. recado does not listen to audio files."""
    dialogue = Dialogue(CATALOGUE, HEARS)
    note = replace(dialogue.message(), type=MessageType.AUDIO, voice=Media("9003"))
    turn = dialogue.hear(note)

    assert turn.listens == Media("9003")
    assert "No logré entender el audio" in said(turn)
    assert dialogue.hear(replace(note, voice=None)).listens is None
    assert Dialogue(CATALOGUE).hear(note).listens is None


def test_nobody_listens_while_a_person_has_the_conversation() -> None:
    dialogue = Dialogue(CATALOGUE, HEARS)
    dialogue.say("quiero hablar con un asesor")
    turn = dialogue.hear(replace(dialogue.message(), type=MessageType.AUDIO, voice=Media("9003")))

    assert (turn.reply, turn.listens) == (None, None)


def test_the_customer_reads_what_was_heard() -> None:
    """The transcript comes first, so that the customer can check it; then the quote with its buttons."""
    dialogue = Dialogue(CATALOGUE)
    turn = dialogue.speak("quiero *dos* zapatos\ny una camisa")

    assert said(turn).startswith("🎤 Entendí: «quiero dos zapatos y una camisa»\n\n✅ *Cotización")
    assert "*Total: $117.48*" in said(turn)
    assert turn.reply is not None
    assert isinstance(turn.reply.content, Buttons)
    assert dialogue.session.quote is not None
    assert dialogue.session.quote.source is QuoteSource.VOICE


@pytest.mark.parametrize("heard", ["", "   "])
def test_nothing_heard_is_asked_to_be_written(heard: str) -> None:
    turn = Dialogue(CATALOGUE, HEARS).speak(heard)

    assert said(turn) == "No logré entender el audio 🙈. ¿Me lo escribes, por favor?"
    assert turn.reply is not None
    assert turn.reply.kind is ReplyKind.PLEASE_WRITE


def test_what_was_heard_is_shown_for_a_long_talk_too() -> None:
    """It is cut; the question at the end of the reply never is."""
    turn = Dialogue(CATALOGUE).speak("quiero dos zapatos " + "y pues mira " * 100)

    assert len(said(turn).splitlines()[0]) < 330
    assert said(turn).endswith("Responde *SÍ* o *NO*")


def test_heard_words_are_doubted_more() -> None:
    """The same words, written and spoken: only the quote of the spoken ones asks the customer to check it."""
    written, heard = Dialogue(CATALOGUE), Dialogue(CATALOGUE)
    written.say("quiero 2 zapatos")
    heard.speak("quiero 2 zapatos")

    assert [line.doubtful for line in written.lines] == [False]
    assert [line.doubtful for line in heard.lines] == [True]


@pytest.mark.parametrize("yes", ["sí", "Sí.", "Sí, gracias.", "dale", "claro que sí", "Sí, perfecto. Lo confirmo."])
def test_a_spoken_yes_confirms(yes: str) -> None:
    dialogue = Dialogue(CATALOGUE)
    dialogue.say("quiero 2 zapatos")
    dialogue.speak(yes)

    assert dialogue.state is Phase.CONFIRMED


@pytest.mark.parametrize(
    "more",
    [
        "sí, mándalo a la calle 5 número 20",
        "sí, pago con tarjeta",
        "sí a las cinco",
        "ok a nombre de Juan",
        "sí los dos zapatos",
        "sí pero solo un zapato",
    ],
)
def test_a_spoken_yes_with_anything_beside_it_asks(more: str) -> None:
    """The transcript may be wrong, so the reply shows the quote, and nothing is ordered."""
    dialogue = Dialogue(CATALOGUE)
    dialogue.say("quiero 2 zapatos")
    turn = dialogue.speak(more)

    assert dialogue.state is Phase.OPEN
    assert dialogue.session.order is None
    assert "Responde *SÍ* o *NO*" in said(turn)


def test_the_same_yes_in_writing_confirms() -> None:
    """A written yes may contain an address; the stricter rule is only for transcripts."""
    dialogue = Dialogue(CATALOGUE)
    dialogue.say("quiero 2 zapatos")
    dialogue.say("sí, mándalo a la calle 5 número 20")

    assert dialogue.state is Phase.CONFIRMED
