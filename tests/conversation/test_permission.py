"""A customer opts out of messages, or opts in again."""

import pytest

from recado.conversation import Policy, ReplyKind, Silence
from recado.conversation.dialogue import Dialogue, Phase
from recado.conversation.permission import said_in
from recado.orders import Permission, Talk
from tests.conversation.replies import kind
from tests.quotes.shops import catalogue

CATALOGUE = catalogue()


@pytest.fixture
def dialogue() -> Dialogue:
    return Dialogue(CATALOGUE, Policy())


OUT = [
    *("baja", "Baja por favor", "STOP", "stop!", "Quiero darme de baja", "denme de baja porfa"),
    *(
        "no me escriban más",
        "No me escriban",
        "por favor ya no me escriban mas",
        "no me vuelvan a escribir",
        "no me contacten",
    ),
    *("no me molesten mas", "dejen de escribirme", "deja de mandarme mensajes", "no me manden mensajes"),
    *("no me envíen más publicidad", "no quiero recibir más mensajes", "ya no quiero recibir promociones"),
    *("no quiero que me escriban", "cancelar suscripción", "unsubscribe", "desuscribirme", "bórrenme de su lista"),
    *("borren mi número", "quítenme de la lista", "no quiero más mensajes"),
]
IN = ["alta", "Alta por favor", "START", "quiero darme de alta", "pueden volver a escribirme", "ya pueden escribirme"]
NEITHER = [
    *(
        "no me escribieron ayer",
        "nunca me contactaron",
        "no me manden todavía",
        "baja la cantidad",
        "dame de baja en grasa",
    ),
    *(
        "sí",
        "no",
        "no gracias",
        "cancelar",
        "cancela mi pedido",
        "hola",
        "¿me pueden escribir mañana?",
        "no me mandes eso",
    ),
    *("bajas?", "no me molesta", "quiero recibir mi pedido", "paren todo", "borra todo", "quítame eso", ""),
]


@pytest.mark.parametrize("text", OUT)
def test_words_that_opt_out(dialogue: Dialogue, text: str) -> None:
    """recado records and confirms it, also for a new customer."""
    dialogue.say(text)

    assert kind(dialogue) is ReplyKind.OPTED_OUT
    assert dialogue.session.talk.permission == Permission(opted_out=True, changed_at=dialogue.now)


@pytest.mark.parametrize("text", IN)
def test_words_that_opt_in_again(dialogue: Dialogue, text: str) -> None:
    """Only after an opt-out; otherwise they are ordinary words."""
    before = dialogue.say(text).reply
    dialogue.say("stop")
    dialogue.say(text)

    assert before is not None
    assert before.kind is not ReplyKind.OPTED_IN
    assert kind(dialogue) is ReplyKind.OPTED_IN
    assert not dialogue.session.talk.permission.opted_out


@pytest.mark.parametrize("text", NEITHER)
def test_words_that_resemble_them(text: str) -> None:
    """They mean something else."""
    assert said_in(text, asked=False) is None


def test_it_is_confirmed_once(dialogue: Dialogue) -> None:
    """Otherwise two bots would reply to each other without end."""
    dialogue.say("stop")
    since = dialogue.session.talk.permission
    again = dialogue.say("no me escriban más")

    assert again.silence is Silence.OPTED_OUT
    assert dialogue.session.talk.permission == since


def test_what_he_writes_later_is_replied_to(dialogue: Dialogue) -> None:
    """He can order, and stays opted out whether he confirms or rejects."""
    dialogue.say("stop")
    for words in ("2 camisas", "sí", "1 gorra", "no"):
        assert dialogue.say(words).reply is not None
        assert dialogue.session.talk.permission.opted_out


def test_the_open_quote_stays(dialogue: Dialogue) -> None:
    """The opt-out is about messages, not about the order."""
    dialogue.say("2 camisas")
    dialogue.say("no me escriban más")

    before = dialogue.state
    dialogue.say("sí")

    assert (before, dialogue.state) == (Phase.OPEN, Phase.CONFIRMED)


def test_it_is_noted_without_a_word_while_a_person_has_the_conversation(dialogue: Dialogue) -> None:
    """The person replies."""
    dialogue.say("un asesor")
    during = dialogue.say("no me escriban más")

    assert during.silence is Silence.HUMAN
    assert dialogue.session.talk.permission.opted_out
    assert dialogue.state is Phase.HUMAN


def test_beside_a_question_baja_is_its_answer() -> None:
    """«baja» answers the question "alta o baja?" of a boot."""
    assert (said_in("baja", asked=True), said_in("alta", asked=True)) == (None, None)
    assert said_in("no me escriban", asked=True) is False


def test_an_order_is_an_order(dialogue: Dialogue) -> None:
    """Even if it also contains the word."""
    dialogue.say("2 camisas y 1 gorra, stop")
    assert dialogue.state is Phase.OPEN


def test_a_decision_leaves_who_has_the_conversation_and_may_write() -> None:
    """Everything about the quote is dropped."""
    talk = Talk(topic=("A",), missed=2, permission=Permission(opted_out=True, changed_at=5.0))
    assert talk.decided == Talk(permission=Permission(opted_out=True, changed_at=5.0))
