"""What to say to a customer: pure, without I/O."""

from recado.conversation.conversation import QUOTE_VALID_SECONDS, Conversation
from recado.conversation.turn import Inbound, Reply, ReplyKind, Silence, Turn

__all__ = ["QUOTE_VALID_SECONDS", "Conversation", "Inbound", "Reply", "ReplyKind", "Silence", "Turn"]
