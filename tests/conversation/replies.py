"""The state of a dialogue after its last message, for tests that check it."""

from recado.conversation import ReplyKind
from recado.conversation.dialogue import Dialogue, Phase
from recado.quotes import Catalogue


def after(catalogue: Catalogue, *texts: str) -> tuple[Phase, dict[str, object]]:
    """The state of a conversation and the quantities of its quote, after these messages."""
    dialogue = Dialogue(catalogue)
    for text in texts:
        dialogue.say(text)
    return dialogue.state, quantities(dialogue)


def kind(dialogue: Dialogue) -> ReplyKind | None:
    """The kind of the last reply; None if the last message got none."""
    return dialogue.turn.reply.kind if dialogue.turn.reply else None


def body(dialogue: Dialogue) -> str:
    """The text of the last reply."""
    assert dialogue.turn.reply
    return dialogue.turn.reply.content.body


def quantities(dialogue: Dialogue) -> dict[str, object]:
    """The open quote: quantities by sku."""
    return {line.sku: line.quantity for line in dialogue.lines}
