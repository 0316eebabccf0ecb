"""The meaning of messages that leave the head word out."""

import pytest

from recado.conversation.dialogue import Dialogue
from recado.quotes import Catalogue, service
from recado.quotes.acts import ellipsis
from recado.quotes.reading.reading import Reading
from tests.quotes.shops import catalogue

CATALOGUE = catalogue()


@pytest.mark.parametrize("text", ["2 turquesas, " * 200, "la de 5 y " * 250, "los raros que sean finos y " * 110])
def test_a_message_costs_a_bounded_number_of_readings(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """However many things it leaves open, and however many lines they may refer to."""
    dialogue = Dialogue(CATALOGUE)
    dialogue.say("\n".join(f"2 {product.name}" for product in CATALOGUE.products[::6]))
    count, original = 0, service.read

    def counted(name: str, catalogue: Catalogue) -> Reading:
        nonlocal count
        count += 1
        return original(name, catalogue)

    monkeypatch.setattr(ellipsis, "read", counted)
    assert dialogue.say(text[:4000]).reply
    assert 0 < count <= ellipsis.MOST_READINGS
