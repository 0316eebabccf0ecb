"""Assembles the parts that understand customers: the catalogue, the conversation and voice notes.

A process imports only what it uses: a drain starts a thousand times a day and seldom hears a voice note.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from recado.hours import parse as parse_hours
from recado.queue.model import LeasedReply
from recado.queue.protocol import Outbox
from recado.settings import Settings

if TYPE_CHECKING:
    from recado.conversation import Conversation, Reply
    from recado.delivery.channels.transcriber import Transcriber
    from recado.hearing import Hearing
    from recado.quotes import CatalogueFile


class VoiceNotes:
    """Replies to voice notes; creates its parts at the first one. make_catalogue: makes the catalogue for the replies.
    told: called with each reply to a voice note."""

    #: The number of words in the prompt: the transcriber reads about 200 tokens of it.
    HEADS = 40

    def __init__(
        self,
        settings: Settings,
        queue: Outbox,
        make_catalogue: "Callable[[], CatalogueFile]",
        told: "Callable[[Reply], None]" = lambda reply: None,
    ) -> None:
        self._settings, self._queue = settings, queue
        self._make_catalogue, self._told = make_catalogue, told
        self._catalogue: CatalogueFile | None = None
        self._hearing: Hearing | None = None

    @property
    def enabled(self) -> bool:
        """Whether voice notes are transcribed."""
        return bool(self._settings.transcribe_url)

    def transcriber(self) -> "Transcriber":
        """The transcriber's client."""
        from recado.delivery.channels.transcriber import Transcriber

        return Transcriber(
            url=self._settings.transcribe_url,
            token=self._settings.transcribe_token,
            model=self._settings.transcribe_model,
            prompt=lambda: f"Pedido: {', '.join(self._known().current().heads(self.HEADS))}",
            clock=self._queue.now,
        )

    async def handle(self, job: LeasedReply, text: str) -> bool:
        """Handles a transcript; see Hearing."""
        if self._hearing is None:
            from recado.hearing import Hearing

            conversation = make_conversation(self._settings, self._known())
            self._hearing = Hearing(self._settings, self._queue, conversation, self._told)
        return await self._hearing.handle(job, text)

    def _known(self) -> "CatalogueFile":
        if self._catalogue is None:
            self._catalogue = self._make_catalogue()
        return self._catalogue


def make_catalogue(settings: Settings) -> "CatalogueFile":
    """The shop's catalogue. Raises CatalogueError."""
    from recado.quotes import CatalogueFile
    from recado.quotes.catalogue.catalogue import DEFAULT_PATH

    return CatalogueFile(settings.catalogue or DEFAULT_PATH, settings.language)


def make_conversation(settings: Settings, catalogue: "CatalogueFile") -> "Conversation":
    """The conversation with customers."""
    from recado.conversation import Conversation, Policy
    from recado.quotes import QuoteService

    quotes = QuoteService(
        catalogue.current,
        max_quantity=settings.max_quantity,
        confidence_threshold=settings.confidence_threshold,
    )
    policy = Policy(
        quote_valid_seconds=settings.quote_valid_seconds,
        quote_merge_seconds=settings.quote_merge_seconds,
        hold_seconds=settings.hold_seconds,
        order_prefix=settings.order_prefix,
        max_quantity=settings.max_quantity,
        confidence_threshold=settings.confidence_threshold,
        hears=bool(settings.transcribe_url),
        business_hours=parse_hours(settings.business_hours),
        timezone=settings.timezone,
        handoff_total=settings.handoff_total,
    )
    return Conversation(quotes, catalogue.current, frozenset(settings.whatsapp_phone_number_id), policy)
