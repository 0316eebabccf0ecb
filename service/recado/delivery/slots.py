"""The web pod's sends under way: limited in number, followed up when their turn comes, finished at shutdown."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from recado.delivery.attempt import Delivery
from recado.outcome import Outcome
from recado.queue.errors import StoreUnavailable
from recado.queue.model import AttemptResult, Claim, LeasedReply, VoiceNote
from recado.queue.protocol import Outbox
from recado.whatsapp.errors import GraphError
from recado.whatsapp.service import WhatsAppService

log = logging.getLogger(__name__)

#: The drain sends replies that have to wait longer than this for their turn.
FOLLOW_UP_SECONDS = 15.0
#: The maximum number of follow-ups that wait at once; the drain sends further ones.
FOLLOW_UP_LIMIT = 10_000
#: When a reply is tried again for which no slot was free.
RETRY_SLOT_SECONDS = 0.1


class SendSlots:
    """At most `limit` sends at once. A slot is reserved before a reply is leased, so no batch exceeds the limit."""

    def __init__(
        self,
        queue: Outbox,
        delivery: Delivery,
        whatsapp: WhatsAppService,
        *,
        limit: int,
    ) -> None:
        self._queue = queue
        self._delivery = delivery
        self._whatsapp = whatsapp
        self._limit = limit
        self._clock = queue.now
        self._reserved = 0
        self._tasks: set[asyncio.Task[AttemptResult | None]] = set()
        self._marks: set[asyncio.Task[None]] = set()
        self._follow_ups: dict[int, asyncio.TimerHandle] = {}
        self._closing = False
        #: The waiting reply of each job that will be tried again.
        self._held: dict[int, int] = {}

    def reserve(self) -> bool:
        """Reserves a slot if one is free. The caller must send with it or give it back."""
        if self._reserved >= self._limit:
            return False
        self._reserved += 1
        return True

    def give_back(self) -> None:
        """Frees a reserved slot that was not used."""
        self._reserved -= 1

    def send(self, message: LeasedReply) -> asyncio.Task[AttemptResult | None]:
        """Starts the delivery of a leased message in a slot that the caller has reserved."""
        return self._start(self._attempt(message))

    def follow_up(self, id_: int, due_at: float, *, within: float | None = None) -> None:
        """Sends a queued reply once it is due and a slot is free; if this pod ends before that, the drain sends it.

        The drain sends replies that are due later than in `within` seconds (by default 15). A call replaces an earlier
        one for the same reply.
        """
        if (armed := self._follow_ups.pop(id_, None)) is not None:
            armed.cancel()
        accepts = not self._closing and len(self._follow_ups) < FOLLOW_UP_LIMIT
        if accepts and due_at - self._clock() <= (FOLLOW_UP_SECONDS if within is None else within):
            self._follow_up_in(max(due_at - self._clock(), 0.0) + 0.01, id_, due_at + FOLLOW_UP_SECONDS)

    def mark_as_read(self, wamid: str, phone_number_id: str) -> None:
        """Marks a customer's message as read, in the background; a failure is only logged."""
        task = asyncio.get_running_loop().create_task(self._mark_as_read(wamid, phone_number_id))
        self._marks.add(task)
        task.add_done_callback(self._marks.discard)

    async def close(self) -> None:
        """Lets the sends under way finish and starts no others; the rest stays in the queue."""
        self._closing = True
        for timer in self._follow_ups.values():
            timer.cancel()
        for task in self._marks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _start(self, sending: Coroutine[Any, Any, AttemptResult | None]) -> asyncio.Task[AttemptResult | None]:
        task = asyncio.get_running_loop().create_task(sending)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[AttemptResult | None]) -> None:
        self._tasks.discard(task)
        self.give_back()

    def _follow_up_in(self, seconds: float, id_: int, until: float) -> None:
        loop = asyncio.get_running_loop()
        self._follow_ups[id_] = loop.call_later(seconds, self._begin_follow_up, id_, until)

    def _begin_follow_up(self, id_: int, until: float) -> None:
        del self._follow_ups[id_]
        if self.reserve():
            self._start(self._follow_up(id_))
        elif self._clock() < until:
            self._follow_up_in(RETRY_SLOT_SECONDS, id_, until)

    async def _attempt(self, message: LeasedReply) -> AttemptResult | None:
        result = await self._delivery.attempt(message)
        if result and result.form_refused:  # as plain text it is due at once
            self.follow_up(message.id, self._clock())
        if result and isinstance(message.content, VoiceNote):
            self._go_on(message.id, message.content, result)
        return result

    def _go_on(self, job: int, note: VoiceNote, result: AttemptResult) -> None:
        """Follows up an attempt to transcribe a voice note: its reply is due now, or the job will be soon."""
        if result.outcome in (Outcome.DELIVERED, Outcome.PERMANENT):
            self.follow_up(note.reply, self._clock())
        else:
            self._held[job] = note.reply
            self.follow_up(job, self._clock())

    async def _follow_up(self, id_: int) -> AttemptResult | None:
        try:
            claim = await self._claim(id_)
        except StoreUnavailable as error:
            log.warning("a follow-up has to wait", extra={"action": "follow_up.put_off", "error": str(error)})
            return None
        if claim.next_at is not None and not claim.messages:  # earlier replies to the customer go first
            self.follow_up(id_, claim.next_at)
            return None
        reply = self._held.pop(id_, None)
        for message in claim.messages:
            return await self._attempt(message)
        if reply is not None:  # that was the job's last attempt
            self.follow_up(reply, self._clock())
        return None

    async def _claim(self, id_: int) -> Claim:
        """Claims an entry, after a probe of its lane if one is due."""
        claim = await self._queue.claim_message(id_)
        for lane in claim.probes:
            await self._delivery.probe(lane)
        return await self._queue.claim_message(id_) if claim.probes else claim

    async def _mark_as_read(self, wamid: str, phone_number_id: str) -> None:
        try:
            await self._whatsapp.mark_message_as_read(wamid, phone_number_id=phone_number_id)
        except GraphError as error:
            log.info(
                "a message could not be marked as read",
                extra={"action": "mark_as_read.failed", "error_class": error.error_class},
            )
