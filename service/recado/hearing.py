"""Handles the transcript of a voice note as the inbox handles a written message."""

from collections.abc import Callable

from recado.conversation import Conversation, Reply
from recado.inbox import MOST_TRIES, new_reply
from recado.orders import Changes, Session
from recado.queue.errors import StoreUnavailable
from recado.queue.model import LeasedReply, VoiceNote
from recado.queue.protocol import Outbox
from recado.settings import Settings
from recado.telemetry import conventions, tracing
from recado.whatsapp.inbound import InboundMessage, MessageType


class Hearing:
    """Handles transcripts. told: called with each reply that a customer gets."""

    def __init__(
        self,
        settings: Settings,
        queue: Outbox,
        conversation: Conversation,
        told: Callable[[Reply], None],
    ) -> None:
        self._settings = settings
        self._queue = queue
        self._conversation = conversation
        self._told = told

    async def handle(self, job: LeasedReply, text: str) -> bool:
        """Gives the waiting reply to a voice note the content that follows from its transcript; returns whether that
        was in time.

        Raises StoreUnavailable.
        """
        assert isinstance(job.content, VoiceNote)
        inbound = self._conversation.read(_spoken(job.content, text), spoken=True)
        names, session = inbound.message.customer_names, Session()
        for _ in range(MOST_TRIES):
            turn = self._conversation.handle(inbound, session, self._queue.now())
            changes = turn.changes or Changes(version=session.version)
            message = new_reply(
                self._settings, inbound, names, turn, changes, self._queue.now(), traceparent=job.traceparent
            )
            added = await self._queue.reply_to_voice(job, message)
            if added.stale is None:
                span = tracing.current()
                span.link([added.follows])
                if changes.places and added.id is not None:
                    span.set(conventions.ORDER, changes.places.number)
                if turn.reply is not None and added.id is not None:
                    self._told(turn.reply)
                return not added.duplicate
            session = added.stale
        raise StoreUnavailable("the session changed each time that a voice note was handled")


def _spoken(note: VoiceNote, text: str) -> InboundMessage:
    """The message, with the transcript as its text."""
    return InboundMessage(
        wamid="",
        type=MessageType.AUDIO,
        text=text,
        customer=note.customer,
        phone_number_id=note.phone_number_id,
        sent_at=note.written_at,
        quoted=note.quoted,
    )
