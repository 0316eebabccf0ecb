"""Voice notes: fetches them from Meta, has them transcribed, and replies to the transcript."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Protocol

from recado.outcome import Outcome, Scope
from recado.queue.errors import StoreUnavailable
from recado.queue.model import MEDIA, AttemptResult, Lane, LeasedReply, Listening, VoiceNote
from recado.queue.policy import Limits
from recado.settings import Settings
from recado.telemetry import conventions, tracing
from recado.whatsapp.errors import GraphError
from recado.whatsapp.inbound import InboundMessage, Media
from recado.whatsapp.media import FileType

if TYPE_CHECKING:  # it imports httpcore, which a drain without voice notes does not need
    from recado.delivery.channels.transcriber import Transcriber

NAME = MEDIA
#: The only lane: the transcriber's, with its breaker.
LANE = "transcriber"
#: The waits before each further attempt, in seconds.
BACKOFF_SECONDS = (1.0, 2.0, 4.0, 8.0)
#: The maximum number of concurrent voice notes, in all processes together: each is in memory as a whole.
AT_ONCE = 8
#: How much longer the lease is than the longest attempt. A second attempt must still fit into PATIENCE_SECONDS.
SLACK_SECONDS = 4.0
#: How long after the voice note's arrival the reply that asks to write is due. It should arrive within a minute.
PATIENCE_SECONDS = 55.0

#: Handles the transcript of a voice note. Returns whether it was in time.
HandleTranscript = Callable[[LeasedReply, str], Awaitable[bool]]


def limits(settings: Settings) -> Limits:
    """The limits of the channel. A job sends nothing to a customer, so a second attempt does no harm."""
    return Limits(
        per_second=0.0,
        in_order=False,
        key_interval_seconds=0.0,
        lease_seconds=settings.transcribe_seconds + SLACK_SECONDS,
        backoff_seconds=BACKOFF_SECONDS,
        at_once=AT_ONCE,
        repeatable=True,
    )


def listening(message: InboundMessage, recording: Media, now: float) -> Listening:
    """The job to transcribe a voice note that arrives now."""
    assert message.customer is not None
    note = VoiceNote(
        media=recording,
        customer=message.customer,
        phone_number_id=message.phone_number_id,
        written_at=message.written_at(now),
        quoted=message.quoted,
    )
    return Listening(note, Lane(NAME, LANE), now + PATIENCE_SECONDS)


class MediaSource(Protocol):
    """Fetches files: WhatsAppService."""

    async def get_media(
        self, media: Media, *, phone_number_id: str, max_bytes: int, accepts: Collection[FileType]
    ) -> bytes: ...


class MediaChannel:
    """The channel `media`. If the transcriber was switched off, it gives waiting jobs up: their customers are asked to
    write."""

    name = NAME

    def __init__(
        self,
        source: MediaSource,
        make_transcriber: "Callable[[], Transcriber] | None",
        handle: HandleTranscript,
        settings: Settings,
    ) -> None:
        self._source = source
        self._make_transcriber = make_transcriber
        self._transcriber: Transcriber | None = None
        self._handle = handle
        self._max_bytes = settings.voice_max_bytes
        self.send_seconds = settings.transcribe_seconds

    async def send(self, message: LeasedReply, attempt: tracing.NoSpan) -> AttemptResult:
        """Fetches and transcribes a voice note, and fills its reply. The audio is not stored."""
        assert isinstance(message.content, VoiceNote)
        result = await self._heard(message, message.content)
        if result.outcome is not Outcome.DELIVERED:
            attempt.set(conventions.ERROR_TYPE, result.error_class)
        return result

    async def probe(self, lane: str) -> bool:
        """Whether the transcriber's host accepts connections."""
        transcriber = self._made()
        return transcriber is not None and await transcriber.reachable()

    async def aclose(self) -> None:
        """Closes the connections to the transcriber; the code that made the source closes it."""
        if self._transcriber is not None:
            await self._transcriber.aclose()

    async def _heard(self, message: LeasedReply, note: VoiceNote) -> AttemptResult:
        transcriber = self._made()
        if transcriber is None:
            return not_had("configuration", Outcome.PERMANENT)
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(self.send_seconds):
                content = await self._source.get_media(
                    note.media,
                    phone_number_id=note.phone_number_id,
                    max_bytes=self._max_bytes,
                    accepts=[FileType.OGG],
                )
        except TimeoutError:
            return not_had("media_cut", Outcome.RETRYABLE)
        except GraphError as error:
            final = error.outcome is Outcome.PERMANENT
            return not_had(error.error_class, Outcome.PERMANENT if final else Outcome.RETRYABLE, error.code)
        heard = await transcriber.transcribe(content, seconds=self.send_seconds - (loop.time() - started))
        if isinstance(heard, AttemptResult):
            return heard
        try:
            await self._handle(message, heard)
        except StoreUnavailable:
            return not_had("store", Outcome.RETRYABLE)
        return AttemptResult(outcome=Outcome.DELIVERED, seconds=loop.time() - started)

    def _made(self) -> "Transcriber | None":
        if self._transcriber is None and self._make_transcriber is not None:
            self._transcriber = self._make_transcriber()
        return self._transcriber


def not_had(error_class: str, outcome: Outcome, code: int | None = None) -> AttemptResult:
    """The result if the transcriber was not asked; it does not change the breaker."""
    return AttemptResult(
        outcome=outcome, error_class=error_class, error_code=code, scope=Scope.MESSAGE, code_class="transport"
    )
