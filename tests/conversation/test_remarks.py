"""What stands beside a yes and asks for nothing: how it is brought or made, and what does not matter."""

import pytest

from recado.conversation.dialogue import Dialogue, Phase
from tests.quotes.shops import catalogue

CATALOGUE = catalogue("pizzeria")
SHOWN = {"PZ-HAW-M": 1}


def after(text: str) -> tuple[Phase, dict[str, object]]:
    """Where the conversation stands once this was written to a quote of a pizza."""
    dialogue = Dialogue(CATALOGUE)
    dialogue.say("una hawaiana mediana")
    dialogue.say(text)
    return dialogue.state, {line.sku: line.quantity for line in dialogue.lines}


@pytest.mark.parametrize(
    "text",
    [
        "sí, sin sal", "sí, sin cebolla", "sí pero sin cebolla ni tomate por favor",
        "sí, y que venga bien caliente",
        "dale, y me tocan fuerte que no sirve el timbre", "sí, el timbre no sirve, me llaman",
        "sí, dejarlo con el portero", "sí, no toquen que el bebé duerme", "dale, mi jefa autorizó",
        "sí, envíala, y no me la doblen porfa", "no hay problema con el precio, dale", "mándala al precio que está",
        "no importa la demora, mándala", "bueno, así como sea, mándela todo", "no, nada más, mándela así",
        "ah, no la había pedido. sí, confirmo", "autorizado, dale", "ya medí y está bien, confirmado",
        "ahora sí está completo, mándala", "ah ya. sí, confirme el pedido",
    ],
)  # fmt: skip
def test_a_remark_leaves_a_yes_a_yes(text: str) -> None:
    """It names no product of the shop, and nothing to be more or less of."""
    assert after(text) == (Phase.CONFIRMED, SHOWN)


@pytest.mark.parametrize(
    "text",
    [
        "sí, sin picante", "sí, sin las papas", "sí, sin borde de queso", "sí, no me manden la pizza",
        "sí, no me convence",
        "no, dale otra",
        "sí, no", "sí, si llega caliente", "no hay problema, una mediana también", "sí, no importa si es familiar",
        "si no importa, una vegetariana familiar", "sí, y cebolla", "sí, con cebolla", "si no llega hoy no",
    ],
)  # fmt: skip
def test_what_may_be_a_wish_holds_it_back(text: str) -> None:
    """A thing of the shop, a refusal, a condition, or something that may be ordered."""
    assert after(text)[0] is not Phase.CONFIRMED
