"""What to say to a customer: pure, without I/O."""

from recado.conversation.conversation import Conversation
from recado.conversation.moment import Policy
from recado.conversation.turn import Inbound, Reply, ReplyKind, Silence, Turn

__all__ = ["Conversation", "Inbound", "Policy", "Reply", "ReplyKind", "Silence", "Turn"]
